"""A better mode without a rebuild: this kernel with another Cilium release, or another kernel with the same one."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from kina_audit.base.later import Later
from kina_audit.cilium.capabilities import agent_state
from kina_audit.cilium.ladder import above, reaches
from kina_audit.cilium.model import LADDER, Elsewhere, Mode, State
from kina_audit.cilium.on_demand import Asked, OnDemand
from kina_audit.cilium.reading import Readings
from kina_audit.cilium.release import Release, newest_releases
from kina_audit.cilium.request import Request
from kina_audit.engine.evaluate import Evaluator
from kina_audit.kconfig.carry import carry
from kina_audit.kernel.config import KernelConfig
from kina_audit.profiles.model import Profile

Kernels = Callable[[Release, Mode], tuple[Elsewhere, ...]]
"""Other kernels with a better mode than one, with a release."""


def elsewhere(
    readings: Readings, release: Release, request: Request, mode: Mode, kernels: Kernels | None
) -> Later[Elsewhere]:
    """The newest of the releases that reach the best mode, where that is better than ``mode``; then other kernels.

    Somebody with wishes is not told to take another release by its mode alone: `advise_every_release` answers that.
    """
    return Later(partial(_elsewhere, readings, release, request, mode, kernels))


def _elsewhere(
    readings: Readings, release: Release, request: Request, mode: Mode, kernels: Kernels | None
) -> tuple[Elsewhere, ...]:
    plain = not (request.want or request.avoid)
    better = above(mode if mode in LADDER else Mode.UNSUPPORTED)
    rows = [stands(readings, r, better) for r in newest_releases() if plain and r != release]
    found = [e for e in rows if e is not None]
    best = max(found, key=lambda e: (not e.untested, -LADDER.index(e.mode), found.index(e)), default=None)
    others = kernels(release, mode) if kernels is not None and mode in LADDER else ()
    return (*([best] if best else ()), *others)


def stands(
    readings: Readings,
    release: Release,
    better: Collection[Mode],
    kernel: str = "",
    booted_by: str = "",
) -> Elsewhere | None:
    """The mode of a kernel with a release, without any wishes; None: it is none of the better ones."""
    mode = reaches(readings, release, better)
    if mode is None:
        return None
    untested = agent_state(readings, release) is State.UNVERIFIED
    return Elsewhere(str(release), kernel, booted_by, mode, untested)


def better_kernels(
    profiles: Sequence[Profile],
    booted: Callable[[], Iterable[tuple[str, str, KernelConfig]]],
    release: Release,
    mode: Mode,
) -> tuple[Elsewhere, ...]:
    """The kernels that carry a better mode than one, best first.

    Args:
        profiles: every profile tagged ``cilium``.
        booted: gives (source, releases of Apple ``container`` that boot it, config) of each kernel.
        release: the Cilium release.
        mode: the mode to better.
    """
    found, asked = [], Asked(profiles)
    for name, boots, config in booted():
        evaluator = Evaluator(carry(config), terse=True)
        readings = Readings(OnDemand(asked, evaluator), evaluator.kernel)
        if one := stands(readings, release, above(mode), name, boots):
            found.append(one)
    return tuple(sorted(found, key=lambda e: LADDER.index(e.mode)))
