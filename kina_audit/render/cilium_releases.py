"""Every known Cilium release on one kernel: which mode it gets, what stops it, and which one to take."""

from collections.abc import Sequence

from kina_audit.base.json_text import indented
from kina_audit.cilium.model import LADDER, Advice, Mode
from kina_audit.kernel.provenance import Kernel
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.table_style import Style


def as_text(kernel: Kernel, rows: Sequence[Advice], best: Advice | None, width: int, colour: bool) -> str:
    """A grid of releases against modes, best mode first."""
    style = Style(RenderOptions(width=width, color=colour))
    modes = [*LADDER, Mode.UNKNOWN]
    lines = [style.bold(f"{one_line(kernel.provenance.source)}: Linux {kernel.config.target or 'of unknown version'}")]
    lines.append(f"{'release':<10}" + "".join(f"{m:<13}" for m in modes).rstrip())
    lines += [
        (f"{row.release:<10}" + "".join(f"{'x' if row.mode is m else '.':<13}" for m in modes)).rstrip()
        + ("  untested" if row.untested else "")
        for row in rows
    ]
    if best is None:
        lines += ["", "No release does what is asked."]
        lines += style.wrap(rows[-1].summary)
        lines += [x for w in rows[-1].wishes if not w.granted for x in style.wrap(f"{w.feature}: {w.because}")]
    else:
        lines += ["", *style.wrap(f"Take {best.release}: {best.reaches}. {best.summary}", 0)]
    return "\n".join(lines) + "\n"


def as_json(rows: Sequence[Advice], best: Advice | None) -> str:
    """The same as data."""
    document = {
        "releases": [
            {
                "cilium_release": row.release,
                "mode": str(row.mode),
                "untested": row.untested,
                "fulfilled": row.fulfilled,
                "summary": row.summary,
                "unlock": list(row.unlock.symbols) if row.unlock else [],
            }
            for row in rows
        ],
        "best": best.release if best else None,
    }
    return indented(document)
