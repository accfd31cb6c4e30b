"""What the commands that a report prints have to mend: profiles, as options of `kina-audit fix`."""

from collections.abc import Iterator
from pathlib import Path

from kina_audit.base.datatype import datatype
from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.cilium.model import Unlock
from kina_audit.engine.finding import Finding, ProfileResult
from kina_audit.kernel.setting import setting
from kina_audit.profiles.model import Level
from kina_audit.report.decision import Kind
from kina_audit.report.model import Report

_MOST = 8


@datatype
class Lacking:
    """The profiles that `fix` is to make pass.

    Attributes:
        names: their ids; at most `_MOST`.
        more: how many there are beyond those.
        recommended: whether one of them fails by what it recommends.
        options: words for `fix`; own profiles are given by their files' names.
    """

    names: tuple[str, ...] = ()
    more: int = 0
    recommended: bool = False
    options: tuple[str, ...] = ()

    @property
    def partly(self) -> str:
        """What is to be said where the command does not name them all; else empty."""
        return f", {len(self.names)} of the {len(self.names) + self.more} that fail" if self.more else ""


def lacking(report: Report, rung: Unlock | None) -> Lacking:
    """The features that keep a report from passing, those that were lost, and those that were wanted and refused.

    Cilium's own profile is among them only where it was lost by an agent that starts: what keeps one from starting, a mode
    asks for. One that fails by what is optional alone is none, for `fix` does not look at that.

    Args:
        report: the report.
        rung: the mode that `fix` is told, too, which brings some of them.
    """
    if report.kernel.config.target is None or report.kernel.config.arch is None:
        return Lacking()
    pairs = [(r, f) for r in report.results for f in r.findings if _mended(report, r, f)]
    mended = {s.name for _, f in pairs for s in f.symbols}
    mended |= {setting(line)[0] for line in rung.symbols} if rung else set()
    names = list(dict.fromkeys(r.profile.id for r, _ in pairs))
    names += [c for c, unlock in _capabilities(report) if not unlock <= mended and c not in names]
    recommended = any(f.level is Level.RECOMMENDED for _, f in pairs)
    paths = {Path(words[1]).stem: words[1] for words in report.options if words[0] == "--profile" and len(words) > 1}
    words = [word for name in names[:_MOST] for word in ("-p", paths.get(name, name))]
    words += ["--recommended"] if recommended else []
    return Lacking(tuple(names[:_MOST]), max(0, len(names) - _MOST), recommended, tuple(words))


def _mended(report: Report, result: ProfileResult, finding: Finding) -> bool:
    advice = report.advice
    own = result.profile.id == PROFILE and advice is not None and (report.baseline is None or advice.starts is not True)
    return bool(finding.symbols) and finding.level is not Level.OPTIONAL and not own and report.decides(result, finding)


def _capabilities(report: Report) -> Iterator[tuple[str, set[str]]]:
    """Cilium's features that were lost, or wanted and refused, with the symbols that turn each of them on."""
    if report.advice is None:
        return
    lost = {item.name.partition("/")[0] for item in report.gate if item.kind is Kind.CAPABILITY}
    refused = {wish.feature for wish in report.advice.wishes if not wish.granted}
    for row in report.advice.capabilities:
        if (row.id in lost or row.feature in refused) and row.unlock:
            yield row.id, {setting(line)[0] for line in row.unlock}
