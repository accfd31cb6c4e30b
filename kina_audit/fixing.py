"""Fragments that make a profile pass or a Cilium mode possible, in the library.

::

    from kina_audit import load_kernel, load_profiles
    from kina_audit.fixing import fix_profiles
    from kina_audit.trees import open_kernel_tree

    found = fix_profiles(load_kernel("apple"), open_kernel_tree("6.18.5"), load_profiles(["vxlan"]))
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.kernel.config import TOOLS_DECIDE, KernelConfig, Origin
from kina_audit.kernel.provenance import Kernel
from kina_audit.trees import aimed, start_of

if TYPE_CHECKING:
    from kina_audit.cilium.model import Mode
    from kina_audit.kconfig.fix import Fix, Goal
    from kina_audit.kconfig.loaded import KernelTree
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kconfig.sensitive import Assumption
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.profiles.model import Profile


def profile_goals(
    profiles: Sequence["Profile"],
    resolution: "Resolution",
    *,
    recommended: bool = False,
    target: "KernelVersion | None" = None,
    start: KernelConfig | None = None,
) -> "list[Goal]":
    """What profiles ask of a kernel's version and architecture, as goals for `find_fix`.

    Args:
        profiles: what has to hold.
        resolution: the state that the search starts from.
        recommended: recommended requirements, too.
        target: the kernel's version; None: that of the tree.
        start: the kernel as it is audited; a goal that no assignment reaches there says why.
    """
    from kina_audit.cilium.unlock_on_lines import stuck
    from kina_audit.engine.evaluate import Evaluator
    from kina_audit.engine.finding import Status
    from kina_audit.kconfig.fix import Goal
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.model import Level

    version = target or KernelVersion.parse(resolution.tree.model.version)
    levels = {Level.REQUIRED, Level.RECOMMENDED} if recommended else {Level.REQUIRED}
    evaluator = Evaluator(start) if start is not None else None
    goals: dict[tuple[str, int], Goal] = {}
    for profile in profiles:
        for row in profile.requirements:
            applies = row.condition(version, resolution.tree.model.arch) if row.level in levels else None
            if applies is None:
                continue
            wanted, why_not = 1 if row.module else 2, ""
            if evaluator is not None and start is not None:
                finding = evaluator.requirement(row)
                why_not = stuck(finding)
                if finding.status is Status.UNKNOWN and start.origin is Origin.INPUT and start.is_vendors:
                    why_not = finding.reason
            goals.setdefault(
                (applies[0].text, wanted),
                Goal(f"{row.profile or profile.id}/{row.id}", applies[0], wanted, row.why, why_not),
            )
    return list(goals.values())


def fix_profiles(
    kernel: Kernel,
    tree: "KernelTree",
    profiles: Sequence["Profile"],
    *,
    recommended: bool = False,
    fragments: Sequence[tuple[str, str]] = (),
    also: Sequence["KernelTree"] = (),
    follow: bool = False,
) -> "Fix":
    """The smallest fragment under which every required requirement of the profiles holds, proven by an audit.

    Args:
        kernel: what to mend.
        tree: what it is resolved on.
        profiles: what has to hold.
        recommended: recommended requirements, too.
        fragments: (name, text) of each, merged first.
        also: trees on which it has to hold as well.
        follow: as for `start_of`; the kernel keeps its own version, too.
    """
    from kina_audit.kconfig.between import fix_on_all

    starts = [start_of(kernel, one, fragments, follow=follow) for one in (*also, tree)]
    asked = kernel.config if follow else aimed(kernel.config, tree)
    goals = profile_goals(
        profiles, starts[-1], recommended=recommended, target=asked.target,
        start=asked if follow and not fragments else None,
    )  # fmt: skip
    holds = _passing(kernel, asked, profiles, recommended=recommended)
    return fix_on_all(starts, lambda _: goals, holds)


def _passing(
    kernel: Kernel, asked: KernelConfig, profiles: Sequence["Profile"], *, recommended: bool
) -> "Callable[[Resolution], bool]":
    """Whether the kernel's config, in another state, passes profiles."""
    from kina_audit.api import audit
    from kina_audit.kconfig.state import on_state

    # What a running kernel shows of itself is no matter of its config.
    provenance = replace(kernel.provenance, observed=None)

    def holds(state: "Resolution") -> bool:
        report = audit(
            Kernel(on_state(replace(asked, arch=state.tree.model.arch), state), provenance), profiles, cilium=None,
            fail_on="recommended" if recommended else "required",
        )  # fmt: skip
        return report.verdict == "pass"

    return holds


def find_mode(name: str) -> "Mode":
    """A Cilium mode that a kernel can be mended for.

    Raises:
        UsageError: there is none of that name.
    """
    from kina_audit.cilium.model import LADDER
    from kina_audit.errors import UsageError

    rungs = {str(m): m for m in LADDER[:-1]}
    if name not in rungs:
        raise UsageError(f"--mode {name}: not one of {', '.join(rungs)}")
    return rungs[name]


def fix_mode(
    kernel: Kernel,
    tree: "KernelTree",
    mode: str,
    *,
    cilium: str = "",
    fragments: Sequence[tuple[str, str]] = (),
    also: Sequence["KernelTree"] = (),
    follow: bool = False,
    library: "ProfileLibrary | None" = None,
    profiles: Sequence["Profile"] = (),
    recommended: bool = False,
) -> "Fix":
    """The smallest fragment with which the kernel carries a Cilium mode (or a better one), proven by an audit.

    Args:
        kernel: what to mend.
        tree: what it is resolved on.
        mode: e.g. ``full-ebpf``.
        cilium: the release; empty: the newest known.
        fragments: (name, text) of each, merged first.
        also: trees on which it has to hold as well.
        follow: as for `fix_profiles`.
        library: where Cilium's profiles come from; default: the built-in library.
        profiles: what has to hold as well.
        recommended: their recommended requirements, too.

    Raises:
        UsageError: an unknown mode or release.
    """
    from kina_audit.api import CILIUM_TAG
    from kina_audit.cilium.release import find_release
    from kina_audit.cilium.unlock_on_lines import BoxUnlocker
    from kina_audit.profiles.load import ProfileLibrary

    wanted, release = find_mode(mode), find_release(cilium)
    library = library or ProfileLibrary()
    starts = [start_of(kernel, one, fragments, follow=follow) for one in (*also, tree)]
    config = replace(kernel.config, arch=tree.model.arch) if follow else aimed(kernel.config, tree)
    box = BoxUnlocker(config, library.tagged(CILIUM_TAG), starts)
    if not profiles:
        return box.fix(wanted, release)
    goals = profile_goals(
        profiles, starts[-1], recommended=recommended, target=config.target,
        start=config if follow and not fragments else None,
    )  # fmt: skip
    holds = _passing(kernel, config, profiles, recommended=recommended)
    return box.fix(wanted, release, goals=lambda _: goals, holds=holds)


def assumed_for(
    found: "Fix",
    profiles: "Sequence[Profile]",
    *,
    cilium: bool = False,
    recommended: bool = False,
    checked: KernelConfig | None = None,
) -> "tuple[Assumption, ...]":
    """What was assumed of the toolchain and decides the fragment, or what profiles ask and is there without it.

    Args:
        found: the fix.
        profiles: what it is for.
        cilium: it is for a Cilium mode, too.
        recommended: recommended requirements count.
        checked: where nothing is missing, the config as it is audited: what it leaves to the compiler and tools.
    """
    from kina_audit.api import CILIUM_TAG
    from kina_audit.kconfig.sensitive import Assumption, assumptions
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.profiles.model import Level

    levels = {Level.REQUIRED, Level.RECOMMENDED} if recommended else {Level.REQUIRED}
    rows = [r for p in profiles for r in p.requirements if r.level in levels]
    if cilium:
        # A mode may need what its profile recommends: BTF, of some releases.
        rows += [
            r for p in ProfileLibrary().tagged(CILIUM_TAG) for r in p.requirements if r.level is not Level.OPTIONAL
        ]
    there = [n for r in rows for n in r.symbols if found.resolution.value(n) != "n"]
    assumed = assumptions(found.resolution, [*(c.name for c in found.changes), *there])
    told = {symbol for a in assumed for symbol in a.symbols}
    left = [
        n
        for n in dict.fromkeys(there)
        if checked is not None and n not in told and checked.fact(n).note.startswith(TOOLS_DECIDE)
    ]
    if left:
        assumed = (*assumed, Assumption("the toolchain", str(found.resolution.tree.toolchain), tuple(left)))
    return assumed
