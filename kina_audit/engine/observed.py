"""What a running kernel shows of itself, held against the config that was read beside it."""

from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.provenance import Observed
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level, Profile, Requirement

ID = "observed"
_BTF = "/sys/kernel/btf/vmlinux"

_SAME_KERNEL = Requirement(
    id="same-kernel",
    expr=Expression.parse("y"),
    level=Level.REQUIRED,
    why="A config left over from another kernel says nothing about the one that runs.",
    fix="Read the config that belongs to the running kernel: /proc/config.gz, or /boot/config-$(uname -r) of its package.",
    source="uname(2); scripts/kconfig/confdata.c writes the version into a config's header",
    profile=ID,
)
_BTF_FILE = Requirement(
    id="btf-file",
    expr=Expression.parse("DEBUG_INFO_BTF"),
    level=Level.RECOMMENDED,
    why=f"What loads BPF programs reads the kernel's types from {_BTF}, whatever the config says.",
    fix="Find out which is true: mount sysfs if it is not, and make sure that the config is the running kernel's.",
    source="kernel/bpf/sysfs_btf.c",
    profile=ID,
)


def observed_result(observed: Observed, config: KernelConfig) -> ProfileResult:
    """A finding for each thing that was seen: whether the release and the BTF file agree with the config."""
    findings = []
    if found := _same_kernel(observed, config):
        findings.append(found)
    if observed.btf is not None:
        findings.append(_btf(observed.btf, config))
    profile = Profile(
        ID,
        "What the running kernel shows, against its config",
        "Facts that came back with the config from the running kernel.",
        tuple(f.requirement for f in findings),
    )
    statuses = [f.status for f in findings]
    overall = next((s for s in (Status.FAIL, Status.WARN, Status.UNKNOWN) if s in statuses), Status.PASS)
    return ProfileResult(profile, tuple(findings), overall)


def _same_kernel(observed: Observed, config: KernelConfig) -> Finding | None:
    """Whether release and header are of one kernel line; a distribution's release has no patch number of upstream's."""
    header = config.header.version
    running = KernelVersion.found_in(observed.release)
    if header is None or running is None:
        return None
    same = running.triple[:2] == header.triple[:2]
    reason = f"uname -r says {observed.release}, the config's header says {header}"
    row = _SAME_KERNEL
    return Finding(row, Status.PASS if same else Status.FAIL, row.expr, row.fix, (), reason)


def _btf(there: bool, config: KernelConfig) -> Finding:
    fact = config.fact("DEBUG_INFO_BTF")
    row = _BTF_FILE
    if fact.value is None:
        return Finding(row, Status.UNKNOWN, row.expr, row.fix, (fact,), f"{_BTF} is {'' if there else 'not '}there")
    agrees = there == (fact.value == "y")
    claim = "has" if fact.value == "y" else "does not have"
    reason = f"{_BTF} is {'' if there else 'not '}there; the config {claim} DEBUG_INFO_BTF=y"
    return Finding(row, Status.PASS if agrees else Status.WARN, row.expr, row.fix, (fact,), reason)
