"""The library interface to clusters: what agents run, against their configuration and their nodes' kernels."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kina_audit.cilium.verify import Verification, compare
from kina_audit.errors import SourceError

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.sources.guest.cluster import Agent, Cluster

_PREFIX = "cilium-"
_UNMET = ("fail", "warn")
_AT_ONCE = 8
"""Nodes that are asked at one time; each is three commands that wait for the network."""


def verify_saved(
    config: Mapping[str, str], status: Mapping[str, Any], kernel: "Kernel | None", *, cilium: str = "", node: str = ""
) -> Verification:
    """A status that was saved.

    Args:
        config: the data of ``cilium-config``.
        status: what ``cilium-dbg status -o json`` printed.
        kernel: the node's; None: it is not known.
        cilium: the release; empty: the newest known.
        node: the node's name.

    Raises:
        UsageError: an unknown Cilium release.
    """
    return _verified(node, config, status, kernel, cilium)


def verify_cluster(cluster: "Cluster", *, cilium: str = "") -> Iterator[Verification]:
    """Every agent of a cluster; one that cannot be read says so and does not end the others.

    Args:
        cluster: from `kina_audit.sources.guest.cluster`.
        cilium: the release; empty: what each agent's image says, or the newest known.

    Raises:
        SourceError: there is no cluster, no ``cilium-config`` or no agent.
        UsageError: an unknown Cilium release.
    """
    from concurrent.futures import ThreadPoolExecutor

    config, changed = cluster.config()
    agents = cluster.agents()
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for agent, asked in zip(agents, pool.map(lambda a: _ask(cluster, a), agents), strict=True):
            if isinstance(asked, SourceError):
                yield Verification(agent.node, "unknown kernel", cilium or agent.release, (), asked.message)
                continue
            status, kernel, gap, programs = asked
            yield _verified(
                agent.node, config, status, kernel, cilium or _known(agent), gap=gap, started=agent.started,
                changed=changed, programs=programs,
            )  # fmt: skip
    finally:
        pool.shutdown(cancel_futures=True)


def _ask(
    cluster: "Cluster", agent: "Agent"
) -> "SourceError | tuple[Mapping[str, Any], Kernel | None, str, list[str] | None]":
    """All that one agent's pod can say: its status, the kernel or why that is not known, the BPF programs."""
    try:
        if not agent.started:
            raise SourceError(f"its pod {agent.pod} does not run")
        status = cluster.status(agent)
    except SourceError as error:
        return error
    try:
        return status, cluster.kernel(agent), "", cluster.programs(agent)
    except SourceError as error:
        return status, None, f"its kernel cannot be read: {error.message}", cluster.programs(agent)


def _known(agent: "Agent") -> str:
    """The release of an agent's image, if it is one that is known."""
    from kina_audit.cilium.release import find_release
    from kina_audit.errors import UsageError

    try:
        return str(find_release(agent.release)) if agent.release else ""
    except UsageError:
        return ""


def _verified(
    node: str,
    config: Mapping[str, str],
    status: Mapping[str, Any],
    kernel: "Kernel | None",
    cilium: str,
    *,
    gap: str = "",
    started: str = "",
    changed: str = "",
    programs: list[str] | None = None,
) -> Verification:
    from kina_audit.cilium.release import find_release
    from kina_audit.profiles.load import ProfileLibrary

    chosen = find_release(cilium)
    release = str(chosen)
    # Both are times as Kubernetes writes them, in UTC to the second, so that they compare as text.
    stale = f"the agent was started at {started}, and cilium-config was changed at {changed}: restart it"
    old, fresh = bool(changed) and changed > started, bool(changed) and changed <= started
    review, lacks, told = None, None, gap or "the kernel is not known"
    if kernel is not None:
        from kina_audit.api import review_cilium

        library = ProfileLibrary()
        rows = [(key, value, 0) for key, value in config.items()]
        review = review_cilium(kernel, rows, "configmap", cilium=release, library=library)
        lacks = _lacks(kernel, library)
        told = f"Linux {kernel.config.target or 'unknown version'}, {kernel.config.arch or 'unknown architecture'}"
    lines = compare(
        config, status, chosen, lacks=lacks, review=review, stale=stale if old else "", fresh=fresh, programs=programs
    )
    return Verification(node, told, release, lines, gap=gap)


def _lacks(kernel: "Kernel", library: "ProfileLibrary") -> dict[str, str]:
    """What a kernel lacks, by Cilium's feature."""
    from kina_audit.api import CILIUM_TAG, audit

    results = audit(kernel, library.tagged(CILIUM_TAG), cilium=None, library=library).results
    found = {}
    for result in results:
        own = [f for f in result.findings if f.status in _UNMET and f.requirement.profile == result.profile.id]
        named = [f for f in own if f.level == "required"] or own
        if named:
            told = "; ".join(f"{f.needs or f.reason} ({result.profile.id}/{f.requirement.id})" for f in named)
            found[result.profile.id.removeprefix(_PREFIX)] = f"the kernel lacks {told}"
    return found
