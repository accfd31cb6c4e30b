"""``--format openmetrics``: gauges for Prometheus, by its own library.

Only gauges, so that the text is valid OpenMetrics and what node_exporter's textfile collector reads, too. There is no clock
in it unless the report has one: the collector's own ``node_textfile_mtime_seconds`` says how old it is. docs/metrics.md lists the metrics; label values
are names of profiles, features, levels and statuses, so their number is bounded by what was selected.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from kina_audit.base.digest import sha256_hex
from kina_audit.cilium.model import Advice
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.probed import Agreement
from kina_audit.profiles.model import Level
from kina_audit.render import METRIC_SETS, RenderOptions, cut
from kina_audit.report.compare import Comparison, Direction, mode_rank
from kina_audit.report.decision import Kind
from kina_audit.report.model import Report, Verdict

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

COMPACT, ALL = METRIC_SETS

METRICS = {
    "kina_audit_info": (
        "What was audited: the kernel and the tool. Always 1.",
        ("version", "kernel", "arch", "input"),
        COMPACT,
    ),
    "kina_audit_label": ("A label that the user gave with --label. Always 1.", ("name", "value"), COMPACT),
    "kina_audit_audited_timestamp_seconds": (
        "When the audit was made, in seconds since 1970; with --timestamp.",
        (),
        COMPACT,
    ),
    "kina_audit_verdict": ("1 for the verdict of the audit, 0 for the others.", ("verdict",), COMPACT),
    "kina_audit_deciding": ("How many things of this kind keep the audit from passing.", ("kind",), COMPACT),
    "kina_audit_deciding_item": (
        "1 for each thing that keeps the audit from passing: 9 at most, all of them in the whole set.",
        ("kind", "name", "status"),
        COMPACT,
    ),
    "kina_audit_unmet": (
        "How many requirements of a level are unmet, cannot be told, or ask what the kernel is too old for, each once.",
        ("level", "edition"),
        COMPACT,
    ),
    "kina_audit_profile_state": (
        "How a profile stands: 0 met or not for this kernel, 1 warn, 2 unknown, 3 fail.",
        ("profile", "edition"),
        COMPACT,
    ),
    "kina_audit_profile_unmet": (
        "How many required and recommended requirements of a profile are unmet, cannot be told, or ask what the kernel is too old for.",
        ("profile", "edition"),
        COMPACT,
    ),
    "kina_audit_cilium_mode": (
        "The rank of the Cilium mode that is recommended: 0 full-ebpf to 5 unsupported, 4.5 unknown.",
        ("release", "mode"),
        COMPACT,
    ),
    "kina_audit_cilium_feature_state": (
        "How a Cilium feature stands: 0 works or is not in this release, 1 warn, 2 unknown, 3 fail.",
        ("release", "feature"),
        COMPACT,
    ),
    "kina_audit_waivers": ("How many waivers are in this state.", ("state",), COMPACT),
    "kina_audit_baseline_changes": (
        "What was lost or gained against the baseline: the mode, capabilities, requirements of a level; without waived ones.",
        ("direction", "of"),
        COMPACT,
    ),
    "kina_audit_config_symbols": ("How many symbols the configuration has a line for.", (), COMPACT),
    "kina_audit_config_warnings": (
        "How many lines of the configuration a kernel's own reader would warn about.",
        (),
        COMPACT,
    ),
    "kina_audit_observed": (
        "How many requirements of a profile were tried on the running kernel, by how that compares with the config.",
        ("profile", "agreement"),
        ALL,
    ),
    "kina_audit_profile_status": ("1 for the status of a profile, 0 for the others.", ("profile", "status"), ALL),
    "kina_audit_requirements": (
        "How many requirements of a profile have this level and status.",
        ("profile", "level", "status"),
        ALL,
    ),
    "kina_audit_cilium_feature_status": (
        "1 for the status of a Cilium feature, 0 for the others.",
        ("release", "feature", "status"),
        ALL,
    ),
}
"""Name to (help, labels, the set that it is in) of every metric; docs/metrics.md shows the same."""

MOST_NAMES = {COMPACT: 9, ALL: 1000}
"""Things that keep the audit from passing, by name; `kina_audit_deciding` counts all of them."""

MOST_PROFILES = 16
"""Profiles of the compact set, what is unmet first, so that a node has at most 120 series.

`kina_audit_unmet` counts all: one that had no room while it was met has no history, and what it lost is seen there
(the alert KernelRequirementLost).
"""

_STATE = {Status.PASS: 0, Status.SKIP: 0, Status.WARN: 1, Status.UNKNOWN: 2, Status.FAIL: 3}
_LONGEST = 120


def render(report: Report, options: RenderOptions) -> str:
    """OpenMetrics text, ending in ``# EOF``."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.openmetrics.exposition import generate_latest
    from prometheus_client.registry import Collector

    class Once(Collector):
        def collect(self) -> "Iterator[GaugeMetricFamily]":
            return _families(report, options.metrics)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Once())
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode("utf-8")


def _families(report: Report, chosen: str) -> "Iterator[GaugeMetricFamily]":
    from prometheus_client.core import GaugeMetricFamily

    # Keyed by what is shown: two labels that differ after their bound only would be one series twice.
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for name, labels, value in _samples(report, chosen):
        found.setdefault(name, {})[tuple(cut(v, _LONGEST) for v in labels)] = value
    for name, (text, labels, belongs) in METRICS.items():
        if name in found and chosen in (ALL, belongs):
            family = GaugeMetricFamily(name, text, labels=labels)
            for values, value in found[name].items():
                family.add_metric(values, value)
            yield family


def _samples(report: Report, chosen: str) -> Iterator[tuple[str, tuple[str, ...], float]]:
    config = report.kernel.config
    known = (report.tool_version, str(config.target or "unknown"), config.arch or "unknown", str(config.origin))
    yield "kina_audit_info", known, 1
    for name, value in report.labels:
        yield "kina_audit_label", (name, value), 1
    if report.audited:
        yield "kina_audit_audited_timestamp_seconds", (), datetime.fromisoformat(report.audited).timestamp()
    for verdict in Verdict:
        yield "kina_audit_verdict", (str(verdict),), report.verdict is verdict
    for kind in Kind:
        yield "kina_audit_deciding", (str(kind),), sum(item.kind is kind for item in report.deciding)
    for item in report.deciding[: MOST_NAMES[chosen]]:
        yield "kina_audit_deciding_item", (str(item.kind), item.name, str(item.status)), 1
    yield from _of_profiles(report, chosen)
    if report.advice is not None:
        yield from _of_cilium(report.advice)
    for state in dict.fromkeys(use.state for use in report.waivers):
        yield "kina_audit_waivers", (str(state),), sum(use.state is state for use in report.waivers)
    if report.baseline is not None:
        for direction, of, count in _changes(report.baseline):
            yield "kina_audit_baseline_changes", (direction, of), count
    yield "kina_audit_config_symbols", (), len(config.raw)
    yield "kina_audit_config_warnings", (), len(config.warnings)


def _lacks(found: Finding) -> bool:
    """Whether a kernel that has it would be a better one: going back to one that is too old is seen, too."""
    return found.status in UNMET or found.too_old


def _of_profiles(report: Report, chosen: str) -> Iterator[tuple[str, tuple[str, ...], float]]:
    open_ = {f.fingerprint: f.level for r in report.results for f in r.findings if _lacks(f)}
    asked = "\n".join(f"{r.profile.id} {r.profile.digest}" for r in report.results)
    edition = sha256_hex(asked.encode(errors="surrogatepass"))[:8]  # of other profiles, more unmet ones are no loss
    for level in Level:
        yield "kina_audit_unmet", (str(level), edition), sum(found is level for found in open_.values())
    results = report.results
    if chosen == COMPACT and len(results) > MOST_PROFILES:
        results = tuple(sorted(results, key=lambda r: -_STATE[r.status])[:MOST_PROFILES])
    for result in results:
        # Another edition asks other things, and what it finds unmet is no loss.
        which = (result.profile.id, result.profile.digest[:8])
        counted = [f for f in result.findings if _lacks(f) and f.level is not Level.OPTIONAL]
        yield "kina_audit_profile_state", which, _STATE[result.status]
        yield "kina_audit_profile_unmet", which, len(counted)
        yield from _of_profile(result)


def _of_cilium(advice: Advice) -> Iterator[tuple[str, tuple[str, ...], float]]:
    yield "kina_audit_cilium_mode", (advice.release, str(advice.mode)), mode_rank(advice.mode)
    for capability in advice.capabilities:
        which = (advice.release, capability.feature)
        yield "kina_audit_cilium_feature_state", which, _STATE[capability.status]
        for status in Status:
            yield "kina_audit_cilium_feature_status", (*which, str(status)), capability.status is status


def _changes(compared: Comparison) -> Iterator[tuple[str, str, int]]:
    """(direction, of what, how many): what `baseline_lines` lists, without what is waived."""
    mode = compared.mode
    for direction in (Direction.LOST, Direction.GAINED):
        went = mode is not None and mode.direction is direction and not mode.waived
        yield str(direction), "mode", int(went)
        changed = [c for c in (*compared.findings, *compared.capabilities) if c.direction is direction and not c.waived]
        yield str(direction), "capability", sum(c.level is None for c in changed)
        for level in Level:
            yield str(direction), str(level), sum(c.level is level for c in changed)


def _of_profile(result: ProfileResult) -> Iterator[tuple[str, tuple[str, ...], float]]:
    for status in Status:
        yield "kina_audit_profile_status", (result.profile.id, str(status)), result.status is status
    for level in Level:
        rows = [f for f in result.findings if f.level is level]
        for status in Status if rows else ():
            count = sum(f.status is status for f in rows)
            yield "kina_audit_requirements", (result.profile.id, str(level), str(status)), count
    if any(f.observed for f in result.findings):
        for agreement in Agreement:
            count = sum(f.observed is not None and f.observed.agreement is agreement for f in result.findings)
            yield "kina_audit_observed", (result.profile.id, str(agreement)), count
