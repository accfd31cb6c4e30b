"""The library interface: load a kernel, load profiles, audit."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.base.version import __version__
from kina_audit.cilium.release import find_release
from kina_audit.cilium.unlock_on_lines import BoxUnlocker, with_reasons
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import ProfileResult
from kina_audit.engine.misspelt import with_slips
from kina_audit.engine.waive import live, uses, waive
from kina_audit.errors import NothingCheckedError, UsageError
from kina_audit.kconfig.carry import carry, trees_of
from kina_audit.kconfig.lines import lines
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile
from kina_audit.report.decision import beside_findings
from kina_audit.report.knowledge import knowledge
from kina_audit.report.model import FailOn, Report

if TYPE_CHECKING:
    from kina_audit.cilium.model import Advice, Rest
    from kina_audit.cilium.request import Request
    from kina_audit.cilium.review import Review
    from kina_audit.engine.probed import Probing
    from kina_audit.engine.waiver import Waiver
    from kina_audit.engine.why import Cause
    from kina_audit.report.claims import Answer
    from kina_audit.report.difference import Difference
    from kina_audit.report.snapshot import Snapshot
    from kina_audit.sources.options import SourceOptions

CILIUM_TAG = "cilium"


def load_kernel(source: str = "apple", options: "SourceOptions | None" = None) -> Kernel:
    """Read a kernel's configuration from wherever ``source`` names it, and tell what it becomes on its kernel.

    Args:
        source: a path to a config, a kernel image, an archive (``ARCHIVE!MEMBER``) or a folder; ``-``, ``running``,
            ``installed``, ``apple[@REF]``, ``recorded:NAME``, ``container:``, ``docker:``, ``podman:``, ``ssh:HOST``,
            ``kubectl:NODE``, or an ``https://`` address.
        options: architecture, target version, fragments, toolchain, offline and cache behaviour; the defaults go to the
            network for sources that are on it.

    Raises:
        SourceError: the configuration could not be obtained or read.
        UsageError: an unknown toolchain.
    """
    from kina_audit.loading import as_checked, as_read
    from kina_audit.sources.options import SourceOptions

    options = options or SourceOptions()
    return as_checked(as_read(source, options), options.fragments, options)


def load_profiles(
    names: Sequence[str] = (),
    *,
    folders: Iterable[Path] = (),
    library: ProfileLibrary | None = None,
    cilium: bool = True,
) -> list[Profile]:
    """Profiles by what `ProfileLibrary.select` takes; none named: the default set, Cilium's own only with ``cilium``.

    Raises:
        ProfileError: an unknown name (near ones are named) or a bad file.
    """
    library = library or ProfileLibrary(folders, [Path(n) for n in names if n.endswith(".toml")])
    if names:
        return library.select(names)
    return [p for p in library.default() if cilium or CILIUM_TAG not in p.tags]


def advise_every_release(
    kernel: Kernel, request: "Request | None" = None, library: ProfileLibrary | None = None
) -> "list[Advice]":
    """Advice for every Cilium release that is known, oldest first.

    Args:
        kernel: from `load_kernel`.
        request: Cilium features that are wanted or avoided.
        library: where Cilium's feature profiles come from; default: the built-in library.
    """
    from kina_audit.cilium.advise import advise
    from kina_audit.cilium.release import known_releases

    evaluator = Evaluator(carry(kernel.config))
    library = library or ProfileLibrary()
    results = {p.id: evaluator.profile(p) for p in library.tagged(CILIUM_TAG)}
    apple = in_apple_container(kernel.provenance)
    unlocker = BoxUnlocker(evaluator.kernel, library.tagged(CILIUM_TAG))
    return [
        advise(evaluator, results, str(r), request, apple_container=apple, unlocker=unlocker) for r in known_releases()
    ]


def explain_mode(
    kernel: Kernel, mode: str, *, cilium: str = "", library: ProfileLibrary | None = None
) -> "tuple[Rest, ...]":
    """Every fact that a Cilium mode rests on with one release, whether or not the kernel carries it.

    Args:
        kernel: from `load_kernel`; its version and architecture say which facts count.
        mode: as ``full-ebpf``.
        cilium: a release; empty: the newest known.
        library: where Cilium's feature profiles come from; default: the built-in library.

    Raises:
        UsageError: an unknown mode or release.
    """
    from kina_audit.cilium.reading import Readings
    from kina_audit.cilium.request import parse_mode
    from kina_audit.cilium.rests import of_mode

    library = library or ProfileLibrary()
    evaluator = Evaluator(carry(kernel.config))
    results = {p.id: evaluator.profile(p) for p in library.tagged(CILIUM_TAG)}
    readings, release = Readings(results, evaluator.kernel), find_release(cilium)
    return of_mode(readings, release, parse_mode(mode, "--explain"))


def review_cilium(
    kernel: Kernel, values: Iterable[tuple[str, str, int] | tuple[str, str, int, str]], kind: str, *, cilium: str = "",
    library: ProfileLibrary | None = None,
) -> "Review":  # fmt: skip
    """What breaks of a user's own Cilium configuration on a kernel.

    Args:
        kernel: from `load_kernel`.
        values: (key, value, line) and, where it is known, the type of each, as `kina_audit.sources.cilium_values.read_values` gives them.
        kind: ``helm-values`` or ``configmap``.
        cilium: a release; empty: the newest known.
        library: where Cilium's feature profiles come from; default: the built-in library.

    Raises:
        UsageError: an unknown Cilium release.
        NothingCheckedError: none of the values is one of Cilium's.
    """
    from kina_audit.cilium.keys import Given
    from kina_audit.cilium.review import review

    evaluator = Evaluator(carry(kernel.config))
    library = library or ProfileLibrary()
    results = {p.id: evaluator.profile(p) for p in library.tagged(CILIUM_TAG)}
    return review([Given(*v) for v in values], kind, results, find_release(cilium), evaluator.kernel)


def in_apple_container(provenance: Provenance) -> bool:
    """Whether a kernel is one that Apple ``container`` boots, as far as its source says."""
    # Every recorded kernel is one that some release of container boots, or Apple's own.
    kinds = ("apple", "installed", "container", "recorded")
    return provenance.kind in kinds or provenance.project == "apple/containerization"


def audit(
    kernel: Kernel,
    profiles: Sequence[Profile],
    *,
    cilium: str | None = "",
    fail_on: FailOn | str = FailOn.REQUIRED,
    library: ProfileLibrary | None = None,
    request: "Request | None" = None,
    waivers: "Sequence[Waiver]" = (),
    today: date | None = None,
    strict: bool = False,
    baseline: "Snapshot | None" = None,
    baseline_origin: str = "baseline",
    probing: "Probing | None" = None,
) -> Report:
    """Hold a kernel against profiles and recommend a Cilium mode.

    Args:
        kernel: from `load_kernel`.
        profiles: from `load_profiles`; they make the verdict.
        cilium: a release such as ``1.18`` or ``1.20.2``; empty: the newest known; None: no recommendation.
        fail_on: which unmet level fails the audit.
        library: where Cilium's feature profiles come from; default: the built-in library.
        request: Cilium features that are wanted or avoided, from `kina_audit.cilium.request.make_request`.
        waivers: accepted deviations, from `kina_audit.engine.waiver.read_waivers`.
        today: the day that waivers are held against; needed when there are any.
        strict: an unused or expired waiver fails the audit.
        baseline: how the kernel stood when it was accepted; then only what was lost since fails the audit.
        baseline_origin: the file it was read from.
        probing: what the kernel did when it was tried, from `kina_audit.probe.runner.run`; only for a running kernel.

    Raises:
        NothingCheckedError: no requirement of the profiles applies to this kernel.
        UsageError: an unknown Cilium release, waivers without a day, or a baseline that cannot be compared.
    """
    config = carry(kernel.config)
    kernel = replace(kernel, config=config)
    evaluator = Evaluator(config)
    selected = with_reasons([_tried(evaluator.profile(p), probing) for p in profiles], config)
    if not any(r.profile.requirements for r in selected):
        raise NothingCheckedError("no profile was selected, so nothing was checked", "Name one with --profile.")
    if all(r.skipped for r in selected):
        raise NothingCheckedError(
            "every requirement of the selected profiles is for other kernels, or for running ones, so nothing was checked",
            "Select other profiles, give the right version with --target-kernel, or audit running, ssh:HOST or kubectl:NODE.",
        )
    advice, release, comparison = None, None, None
    own: dict[str, ProfileResult] = {}
    if cilium is not None:
        from kina_audit.cilium.advise import advise
        from kina_audit.cilium.agent_profile import of_release
        from kina_audit.cilium.elsewhere import better_kernels
        from kina_audit.sources.recorded import booted

        release = find_release(cilium)
        selected = tuple([of_release(r, release, config) for r in selected])
        library = library or ProfileLibrary()
        of_cilium = library.tagged(CILIUM_TAG)
        apple = in_apple_container(kernel.provenance)
        own = {p.id: _tried(evaluator.profile(p), probing) for p in of_cilium}
        advice = advise(
            evaluator, own, cilium, request,
            apple_container=apple, unlocker=BoxUnlocker(config, of_cilium),
            asked=bool(cilium) or any(CILIUM_TAG in p.tags for p in profiles),
            kernels=partial(better_kernels, of_cilium, booted) if apple and config.arch == "arm64" else None,
        )  # fmt: skip
    known = [t.model.index for t in trees_of(config)] if config.resolved and config.resolved.lines else []
    kernel = replace(kernel, config=with_slips(config, (*selected, *own.values()), lines()[0], known))
    results = selected
    if observed := kernel.provenance.observed:
        from kina_audit.engine.observed import observed_result

        results = (*selected, observed_result(observed, config))
    if waivers and today is None:
        raise UsageError("waivers without the day it is", "Give today.")
    valid = live(waivers, kernel, today) if today is not None else ()
    if baseline is not None:
        from kina_audit.report.baseline import hold
        from kina_audit.report.snapshot import snapshot

        comparison = hold(snapshot(kernel, selected, advice), baseline, baseline_origin, valid)
    return Report(
        kernel,
        waive(results, valid),
        advice,
        FailOn(fail_on),
        __version__,
        uses(waivers, results, kernel, today, beside_findings(comparison, advice)) if today is not None else (),
        strict,
        comparison,
        knowledge=knowledge(config.target, lines()[-1], release),
    )


def _tried(result: ProfileResult, probing: "Probing | None") -> ProfileResult:
    if probing is None:
        return result
    from kina_audit.engine.probing import observed

    return observed(result, probing)


def why_message(text: str, kernel: Kernel | None = None, *, library: ProfileLibrary | None = None) -> "list[Cause]":
    """Which requirements known messages in a text point at, best first.

    Args:
        text: an error message, or a whole log.
        kernel: from `load_kernel`: the one it was logged on, if it is at hand.
        library: where requirements and their messages come from; default: the built-in library.
    """
    from kina_audit.cilium.messages import cilium_messages
    from kina_audit.engine.why import causes

    library = library or ProfileLibrary()
    evaluator = Evaluator(carry(kernel.config)) if kernel is not None else None
    return causes(text, [*library.messages(), *cilium_messages(library)], evaluator)


def judge_claims(
    kernel: Kernel, text: str, *, name: str = "claims", cilium: str = "", library: ProfileLibrary | None = None
) -> "list[Answer]":
    """Hold claims about a kernel against it; see `kina_audit.report.claims` for what a claim looks like.

    Args:
        kernel: from `load_kernel`.
        text: a claim a line.
        name: what the text is called in errors.
        cilium: the release that claims about Cilium and the profile of its agent are held against; empty: the newest known.
        library: where profiles come from; default: the built-in library.

    Raises:
        UsageError: a line that is no claim, one that names what does not exist, or an unknown Cilium release.
    """
    from kina_audit.cilium.agent_profile import of_release
    from kina_audit.report.claims import judge, read_claims

    claims, release = read_claims(text, name), find_release(cilium)
    evaluator = Evaluator(carry(kernel.config))
    library = library or ProfileLibrary()

    @cache
    def advice() -> "Advice":
        from kina_audit.cilium.advise import advise

        results = {p.id: evaluator.profile(p) for p in library.tagged(CILIUM_TAG)}
        return advise(evaluator, results, cilium, apple_container=in_apple_container(kernel.provenance))

    def held(profile: Profile) -> ProfileResult:
        return of_release(evaluator.profile(profile), release, evaluator.kernel)

    return judge(claims, name, evaluator.fact, library, held, advice)


def compare_kernels(
    old: Kernel,
    new: Kernel,
    profiles: Sequence[Profile],
    *,
    cilium: str | None = "",
    library: ProfileLibrary | None = None,
    waivers: "Sequence[Waiver]" = (),
    today: date | None = None,
) -> "Difference":
    """What ``new`` lost and gained against ``old``.

    Args:
        old: from `load_kernel`.
        new: from `load_kernel`.
        profiles: what is compared by.
        cilium: as for `audit`.
        library: as for `audit`.
        waivers: losses that are accepted; see `audit`.
        today: as for `audit`.

    Raises:
        NothingCheckedError: no requirement of the profiles applies to one of the kernels.
        UsageError: an unknown Cilium release, or waivers without a day.
    """
    from kina_audit.report.difference import difference

    if waivers and today is None:
        raise UsageError("waivers without the day it is", "Give today.")
    library = library or ProfileLibrary()
    before, after = (audit(kernel, profiles, cilium=cilium, library=library) for kernel in (old, new))
    valid = live(waivers, new, today) if today is not None else ()
    expired = [w for w in waivers if w.is_for(new) and today is not None and w.expired(today)]
    return difference(before, after, {p.id: p for p in library.tagged(CILIUM_TAG)}, valid, expired)
