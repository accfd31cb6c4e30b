"""``--format openmetrics``: gauges for Prometheus, by its own library.

Only gauges, so that the text is valid OpenMetrics and what node_exporter's textfile collector reads, too. There is no clock
in it: the collector's own ``node_textfile_mtime_seconds`` says how old it is. docs/metrics.md lists the metrics; label values
are names of profiles, features, levels and statuses, so their number is bounded by what was selected.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kina_audit.cilium.model import LADDER, Mode
from kina_audit.engine.finding import ProfileResult, Status
from kina_audit.engine.probed import Agreement
from kina_audit.profiles.model import Level
from kina_audit.render import RenderOptions, cut
from kina_audit.report.compare import Comparison, Direction
from kina_audit.report.decision import Kind
from kina_audit.report.model import Report, Verdict

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

METRICS = {
    "kina_audit_info": ("What was audited: the kernel and the tool. Always 1.", ("version", "kernel", "arch", "input")),
    "kina_audit_label": ("A label that the user gave with --label. Always 1.", ("name", "value")),
    "kina_audit_verdict": ("1 for the verdict of the audit, 0 for the others.", ("verdict",)),
    "kina_audit_profile_status": ("1 for the status of a profile, 0 for the others.", ("profile", "status")),
    "kina_audit_requirements": (
        "How many requirements of a profile have this level and status.",
        ("profile", "level", "status"),
    ),
    "kina_audit_observed": (
        "How many requirements of a profile were tried on the running kernel, by how that compares with the config.",
        ("profile", "agreement"),
    ),
    "kina_audit_cilium_mode": ("1 for the Cilium mode that is recommended, 0 for the others.", ("release", "mode")),
    "kina_audit_cilium_feature_status": (
        "1 for the status of a Cilium feature, 0 for the others.",
        ("release", "feature", "status"),
    ),
    "kina_audit_waivers": ("How many waivers are in this state.", ("state",)),
    "kina_audit_deciding": ("How many things of this kind keep the audit from passing.", ("kind",)),
    "kina_audit_deciding_item": (
        "1 for each thing that keeps the audit from passing, up to 20.",
        ("kind", "name", "status"),
    ),
    "kina_audit_baseline_changes": (
        "What was lost or gained against the baseline: the mode, capabilities, requirements of a level; without waived ones.",
        ("direction", "of"),
    ),
    "kina_audit_config_symbols": ("How many symbols the configuration has a line for.", ()),
    "kina_audit_config_warnings": ("How many lines of the configuration a kernel's own reader would warn about.", ()),
}
"""Name to (help, labels) of every metric; docs/metrics.md shows the same."""

MOST_NAMES = 20
"""Things that keep the audit from passing, by name; `kina_audit_deciding` counts all of them."""

_LONGEST = 120


def render(report: Report, _options: RenderOptions) -> str:
    """OpenMetrics text, ending in ``# EOF``."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.openmetrics.exposition import generate_latest
    from prometheus_client.registry import Collector

    class Once(Collector):
        def collect(self) -> "Iterator[GaugeMetricFamily]":
            return _families(report)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Once())
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode("utf-8")


def _families(report: Report) -> "Iterator[GaugeMetricFamily]":
    from prometheus_client.core import GaugeMetricFamily

    # Keyed by what is shown: two labels that differ after their bound only would be one series twice.
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for name, labels, value in _samples(report):
        found.setdefault(name, {})[tuple(cut(v, _LONGEST) for v in labels)] = value
    for name, (text, labels) in METRICS.items():
        if name in found:
            family = GaugeMetricFamily(name, text, labels=labels)
            for values, value in found[name].items():
                family.add_metric(values, value)
            yield family


def _samples(report: Report) -> Iterator[tuple[str, tuple[str, ...], float]]:
    config = report.kernel.config
    known = (report.tool_version, str(config.target or "unknown"), config.arch or "unknown", str(config.origin))
    yield "kina_audit_info", known, 1
    for name, value in report.labels:
        yield "kina_audit_label", (name, value), 1
    for verdict in Verdict:
        yield "kina_audit_verdict", (str(verdict),), report.verdict is verdict
    for result in report.results:
        yield from _of_profile(result)
    for kind in Kind:
        yield "kina_audit_deciding", (str(kind),), sum(item.kind is kind for item in report.deciding)
    for item in report.deciding[:MOST_NAMES]:
        yield "kina_audit_deciding_item", (str(item.kind), item.name, str(item.status)), 1
    advice = report.advice
    if advice is not None:
        for mode in (*LADDER, Mode.UNKNOWN):
            yield "kina_audit_cilium_mode", (advice.release, str(mode)), advice.mode is mode
        for capability in advice.capabilities:
            for status in Status:
                labels = (advice.release, capability.id.removeprefix("cilium-"), str(status))
                yield "kina_audit_cilium_feature_status", labels, capability.status is status
    for state in dict.fromkeys(use.state for use in report.waivers):
        yield "kina_audit_waivers", (str(state),), sum(use.state is state for use in report.waivers)
    if report.baseline is not None:
        for direction, of, count in _changes(report.baseline):
            yield "kina_audit_baseline_changes", (direction, of), count
    yield "kina_audit_config_symbols", (), len(config.raw)
    yield "kina_audit_config_warnings", (), len(config.warnings)


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
