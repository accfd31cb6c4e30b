"""Helm values that help where a rebuild is not wanted: tried one after the other, and told where the mode gets better.

The ``instead`` rows of ``data/cilium-releases.toml`` say which values may stand in for what a kernel lacks; whether they
do is decided by asking for them and looking again, as `--want` and `--avoid` would.
"""

from collections.abc import Callable, Iterable
from typing import Any

from kina_audit.base.datatype import replace
from kina_audit.cilium.model import LADDER, Instead, Mode
from kina_audit.cilium.reading import Results, finding
from kina_audit.cilium.release import Release
from kina_audit.cilium.request import Request
from kina_audit.cilium.values import settings
from kina_audit.engine.finding import MET

Stand = Callable[[Request], tuple[Mode, bool]]
"""(the mode with other wishes, whether all of them are granted)."""


def instead(
    results: Results, release: Release, request: Request, mode: Mode, look: Stand, *, untested: bool = False
) -> tuple[Instead, ...]:
    """Values by which this kernel carries a better mode as it is; better modes first, fewer losses first of equals.

    Args:
        results: every profile tagged ``cilium``, by id.
        release: the Cilium release.
        request: what the user wants already.
        mode: the mode without further values.
        look: advises again with other wishes.
        untested: whether nobody is known to have tried the agent on such a kernel, whatever its values.
    """
    found = []
    for row in release.facts("instead"):
        if not any(_lacks(results, name) for name in row["lacks"]):
            continue
        want = [n for n in row.get("want", ()) if n not in request.want]
        avoid = [n for n in row.get("avoid", ()) if n not in request.avoid]
        if not (want or avoid) or {*want} & request.avoid or {*avoid} & {*request.want}:
            continue
        asked = replace(request, want=(*request.want, *want), avoid=request.avoid | {*avoid}, least=None)
        reached, granted = look(asked)
        better = _rank(reached) > _rank(mode) or (row.get("equal", False) and reached is mode)
        if granted and better and reached not in (Mode.UNKNOWN, Mode.UNSUPPORTED):
            options = (*(w for n in want for w in ("--want", n)), *(w for n in avoid for w in ("--avoid", n)))
            found.append(Instead(reached, _values(release, want, avoid), row["why"], untested, options))
    return tuple(sorted(found, key=lambda i: -_rank(i.mode)))


def _lacks(results: Results, name: str) -> bool:
    profile, _, requirement = name.partition("/")
    return finding(results, profile, requirement).status not in MET


def _rank(mode: Mode) -> int:
    """Higher is better; what nobody knows is no better than nothing."""
    return -LADDER.index(mode) if mode in LADDER else -len(LADDER)


def _values(release: Release, want: Iterable[str], avoid: Iterable[str]) -> tuple[str, ...]:
    """The chart's values for wishes, as ``--set`` takes them."""
    values, _ = settings((), release, want, avoid)
    values |= settings((), release, (), (), [f"{name}/off" for name in avoid])[0]
    return tuple(_flat(values))


def _flat(values: dict[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif not str(value).startswith("REPLACE"):
            yield f"{prefix}{key}={str(value).lower() if isinstance(value, bool) else value}"
