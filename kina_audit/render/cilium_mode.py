"""What a Cilium mode rests on, fact by fact."""

from collections.abc import Sequence

from kina_audit.cilium.model import Rest
from kina_audit.render import RenderOptions
from kina_audit.render.table_style import Style


def as_text(facts: Sequence[Rest], mode: str, width: int) -> str:
    """The facts by how well they are known, best first, with where each is from."""
    style = Style(RenderOptions(width=width))
    lines = [f"{mode} rests on {len(facts)} facts"]
    for kind in dict.fromkeys(("observed", "source", *(f.evidence for f in facts))):
        rows = [f for f in facts if f.evidence == kind]
        if rows:
            lines += ["", f"{kind} ({len(rows)})"]
        for fact in rows:
            lines += style.wrap(f"{fact.feature}: {fact.fact}")
            places = [
                *([f"seen in {', '.join(fact.observed)}"] if fact.observed else []),
                *([fact.link] if fact.link else []),
            ]
            lines += [line for place in places for line in style.wrap(place, 4)]
    return "\n".join(line.rstrip() for line in lines) + "\n"
