"""What watching a source gives: news, and a count of what was compared and is still true."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import wrap

from kina_audit.render import one_line
from kina_audit.render.markdown_text import code, escape

WIDTH = 110


class Kind(StrEnum):
    """How a thing that was found stands to what the project says."""

    CONTRADICTS = "contradicts"
    NEWER = "newer"
    OPEN = "open"
    """Nobody verified it: the source could decide. No news, so it does not fail the run."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that the project does not know, knows otherwise, or has not verified.

    Attributes:
        kind: which of these.
        text: what the source says, and what the project says instead.
        place: where the source says it: commit, file and line.
        file: the project's file to change, relative to the checkout; empty: none holds it yet.
    """

    kind: Kind
    text: str
    place: str = ""
    file: str = ""


@dataclass(slots=True)
class Watched:
    """One source after it was read.

    Attributes:
        name: what it is called on the command line.
        state: what was read: the commit, its day, the newest tag.
        news: what was found.
        checked: what was compared, with how often; a source of which nothing was compared was not watched.
    """

    name: str
    state: str
    news: list[News] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    def compared(self, what: str, count: int = 1) -> None:
        """Count comparisons of one sort."""
        self.checked[what] = self.checked.get(what, 0) + count

    def newer(self, text: str, place: str = "", file: str = "") -> None:
        """The source has something that the project has not seen."""
        self.news.append(News(Kind.NEWER, text, place, file))

    def contradicts(self, text: str, place: str = "", file: str = "") -> None:
        """The source says otherwise than the project."""
        self.news.append(News(Kind.CONTRADICTS, text, place, file))

    def open(self, text: str, place: str = "", file: str = "") -> None:
        """Nobody verified it; the place could decide."""
        self.news.append(News(Kind.OPEN, text, place, file))

    def sorted_news(self) -> list[News]:
        """Contradictions first."""
        return sorted(self.news, key=lambda n: list(Kind).index(n.kind))


def exit_status(watched: Sequence[Watched]) -> int:
    """0: nothing new; 1: something is newer or contradicts; 3: nothing was compared."""
    if any(n.kind is not Kind.OPEN for w in watched for n in w.news):
        return 1
    return 0 if any(w.checked for w in watched) else 3


def _summary(watched: Sequence[Watched]) -> str:
    found = [n.kind for w in watched for n in w.news]
    counted = ", ".join(f"{found.count(kind)} {kind}" for kind in Kind)
    return f"{counted}; {sum(sum(w.checked.values()) for w in watched)} comparisons"


def _checked(watched: Watched) -> str:
    return ", ".join(f"{count} {what}" for what, count in watched.checked.items()) or "nothing"


def as_text(watched: Sequence[Watched], unwatched: Sequence[str]) -> str:
    """The report for a terminal."""
    return "\n".join(_text_lines(watched, unwatched)) + "\n"


def _text_lines(watched: Sequence[Watched], unwatched: Sequence[str]) -> Iterator[str]:
    for source in watched:
        yield one_line(f"{source.name}: {source.state}")
        for news in source.sorted_news():
            yield from wrap(
                one_line(news.text), WIDTH, initial_indent=f"  {news.kind:<12}", subsequent_indent=" " * 14,
                break_long_words=False,
            )  # fmt: skip
            yield from (
                f"              {label} {one_line(v)}" for label, v in (("says", news.place), ("in", news.file)) if v
            )
        yield f"  compared    {_checked(source)}"
        yield ""
    if unwatched:
        yield f"not watched: {', '.join(unwatched)}"
    yield _summary(watched)


def as_markdown(watched: Sequence[Watched], unwatched: Sequence[str]) -> str:
    """The report as the body of an issue."""
    lines = [f"{_summary(watched)}.", ""]
    for source in watched:
        lines += [f"## {escape(source.name)}", "", f"{escape(source.state)}. Compared: {escape(_checked(source))}.", ""]
        for news in source.sorted_news():
            more = "".join(
                f"; {label} {code(value)}" for label, value in (("says", news.place), ("in", news.file)) if value
            )
            lines.append(f"- **{news.kind}** {escape(news.text)}{more}")
        lines += [""] if source.news else []
    if unwatched:
        lines += [f"Not watched: {', '.join(map(escape, unwatched))}.", ""]
    return "\n".join(lines)
