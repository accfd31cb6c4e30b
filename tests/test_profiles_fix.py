"""What a requirement's fix says, followed to the letter on the kernel lines that ship: switched off, a requirement is met again by it."""

import re

import pytest

from kina_audit.engine.finding import Status
from kina_audit.kconfig.fix import Goal, find_fix
from kina_audit.kconfig.lines import ARCHES, Line, line_text, lines, shipped_tree
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.resolve import Requested, Resolution, read_assignments
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Requirement
from kina_audit.trees import standing
from tests.conftest import SHARED, config_text

ASSIGNMENT = re.compile(r"CONFIG_(\w+)=([ymn])\b")
STARTS = {
    "arm64": "kernels/apple-arm64-2f947e7.config.gz",
    "x86_64": "corpus/debian/debian-6.12-config.amd64_none_amd64.config.gz",
}
NO_ASSIGNMENT = {
    "apparmor/order", "bpf-lsm/lsm-order", "docker-optional/lsm", "kubearmor-apparmor/order", "landlock/order",
    "pod-security/lsm", "selinux/order", "tetragon/lsm", "tracee/lsm",
}  # fmt: skip
"""The list of security modules is a string that no single value mends; the boot parameter lsm= is in their fix."""

KERNELS = [
    ("5.10", "x86_64", "corpus/firecracker/resources__guest_configs__microvm-kernel-ci-x86_64-5.10.config.gz"),
    ("5.10", "arm64", "corpus/ignite/images__kernel__generated__config-arm64-5.10.77.config.gz"),
    ("6.1", "arm64", "corpus/archlinuxarm/core__linux-odroid-n2__config.config.gz"),
    ("6.1", "x86_64", "kernels/apple-x86_64-2f947e7.config.gz"),
    ("6.12", "x86_64", "corpus/linuxkit/kernel__6.12.x__config-x86_64.config.gz"),
    ("6.12", "arm64", "kernels/kata-3.17.0-arm64.config.gz"),
    ("6.18", "arm64", "cases/pkgs-1624-nft-socket.config.gz"),
    ("7.2", "arm64", "corpus/debian/debian-7.2-config.arm64_none_cloud-arm64.config.gz"),
]
"""Kernels that lack much, each in another way: a fix meets here what it depends on and somebody left off."""

EXEMPT = (
    "NET", "INET", "NETDEVICES", "NET_CORE", "NETFILTER", "NETFILTER_ADVANCED", "BPF_SYSCALL", "PERF_EVENTS", "SECURITY",
    "PCI", "BLOCK", "BLK_DEV", "MISC_FILESYSTEMS", "NETWORK_FILESYSTEMS", "SCSI_LOWLEVEL", "MODULES",
    # VIRTIO has no prompt: a guest's transport turns it on.
    "VIRTIO_MENU", "VIRTIO_MMIO",
    # What is on unless EXPERT lets somebody turn it off, and what every machine is built with.
    "TTY", "SYSFS", "PROC_FS", "PROC_SYSCTL", "MULTIUSER", "PRINTK", "MMU", "SMP", "64BIT", "CPU_LITTLE_ENDIAN", "UNIX",
    "EPOLL", "EVENTFD", "SIGNALFD", "TIMERFD", "FUTEX", "SHMEM", "POSIX_TIMERS", "FILE_LOCKING", "ADVISE_SYSCALLS", "EXPERT",
    "SPARSEMEM", "SPARSEMEM_VMEMMAP", "HIGH_RES_TIMERS", "INPUT", "HID_SUPPORT", "CRYPTO", "ARCH_RANDOM",
)  # fmt: skip
"""What a fix need not name (docs/writing-profiles.md): a bare kernel has these and nothing else that a fix could have named."""

MENUS = {"MISC_FILESYSTEMS", "NETWORK_FILESYSTEMS", "SCSI_LOWLEVEL", "VIRTIO_MENU"}
"""Menus that are open unless somebody closed them: no fix names these."""

ROWS = {
    f"{row.profile}/{row.id}": row
    for profile in ProfileLibrary()
    for row in profile.requirements
    if row.profile == profile.id and not row.alternatives
}


NO_OTHER_WAY = re.compile("legacy|Linux|iptables needs|iptables back-end|device tree")
"""Ways that name no symbol for all that they take: another row, another release or the reader's own hardware does."""


def ways(fix: str) -> list[str]:
    """What `Set A and B, with C, or with D` and `Set A, or B` leave to choose from; no way where there is one only."""
    first, stop, more = re.sub(r" \([^)]*\)", "", fix).partition(". ")
    head, *others = re.split("[,;] or |; for (?=ip6?tables set)", first)
    shared = head.partition(", with ")[0] if others else ""
    ipv6 = "CONFIG_IPV6=y " if "CONFIG_IPV6=y" in head else ""
    found = [head, *(shared + " " + way if re.match(r"(for \w+ )?with ", way) else ipv6 + way for way in others)]
    return [way + stop + more for way in found if not NO_OTHER_WAY.search(way)] if others else []


def unmended(tree: KernelTree, start: list[Requested]) -> list[str]:
    """Requirements whose fix, on this tree, does not mend what switching their symbols off broke, though a config could.

    Each way of a fix that leaves a choice is followed alone.
    """
    found = []
    version = KernelVersion.parse(tree.model.version)
    for name, row in ROWS.items():
        applies = row.condition(version, tree.model.arch)
        if name in NO_ASSIGNMENT or applies is None or not applies[0].symbols:
            continue
        expr, fix = applies
        # What is to be off, such as in `NF_TABLES_IPV6 || !IPV6`, stays as it is.
        wanted = [*start, *(Requested(s, "n", "switched off", 0) for s in expr.symbols if s not in expr.negated)]
        broken = Resolution(tree, wanted)
        if _met(broken, row):
            continue
        for way in ways(fix) or [fix]:
            lines = [Requested(s, value, "the fix", 0) for s, value in ASSIGNMENT.findall(way)]
            if not lines:
                # A way beside others may be no matter of the config at all.
                found += [] if way != fix else [f"{name}: no assignment in: {way}"]
                continue
            if _met(Resolution(tree, [*wanted, *lines]), row):
                continue
            goal = Goal(name, expr, 1 if row.module else 2, "it is asked for")
            found_way = find_fix(broken, lambda _, goal=goal: [goal], lambda s, row=row: _met(s, row), quick=True)
            if found_way.changes:
                found.append(f"{name}: {way} Needs {', '.join(f'{c.name}={c.value}' for c in found_way.changes)}")
    return found


def bare_kernel(tree: KernelTree) -> list[Requested]:
    """All of a tree off, but for what no fix has to name."""
    model = tree.model
    names = [n for i, n in enumerate(model.names[: model.defined]) if model.types[i] in "bt" and n not in EXEMPT]
    off = [Requested(name, "n", "bare", 0) for name in names]
    return [*off, *(Requested(name, "y", "exempt", 0) for name in EXEMPT if name in model.index)]


def _met(state: Resolution, row: Requirement) -> bool:
    return standing(state, row) is Status.PASS


@pytest.mark.slow
@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("line", lines(), ids=line_text)
def test_every_fix_mends_what_it_is_the_fix_of(line: Line, arch: str) -> None:
    if not (SHARED / STARTS[arch]).exists():
        pytest.skip("the shared kernels are not here")
    tree = shipped_tree(line, arch, Toolchain.parse("gcc-12,pahole=1.25"))
    text = config_text(SHARED / STARTS[arch]).decode()
    start = [Requested(a.name, a.value, "start", a.line) for a in read_assignments(text)]
    assert unmended(tree, start) == []
    bare = bare_kernel(tree)
    assert unmended(tree, bare) == []
    # Where a condition lets IPv6 be off, a bare kernel meets it.
    assert unmended(tree, [*bare, Requested("IPV6", "y", "exempt", 0)]) == []


@pytest.mark.slow
@pytest.mark.parametrize(("line", "arch", "config"), KERNELS)
def test_the_fixes_of_a_profile_mend_a_kernel_that_somebody_runs(line: str, arch: str, config: str) -> None:
    """Followed together: what one row's fix leaves out, such as the table its target stands in, another's may name."""
    if not (SHARED / config).exists():
        pytest.skip("the shared kernels are not here")
    tree = shipped_tree(next(n for n in lines() if line_text(n) == line), arch, Toolchain.parse("gcc-12,pahole=1.25"))
    version = KernelVersion.parse(tree.model.version)
    start = [
        Requested(a.name, a.value, "start", a.line) for a in read_assignments(config_text(SHARED / config).decode())
    ]
    built, found = Resolution(tree, start), []
    for profile in ProfileLibrary():
        rows = [r for r in profile.requirements if not r.alternatives and f"{r.profile}/{r.id}" not in NO_ASSIGNMENT]
        asked = [(r, a) for r in rows if (a := r.condition(version, arch)) and a[0].symbols and not _met(built, r)]
        wanted = [Requested(s, value, "the fix", 0) for _, (_, fix) in asked for s, value in ASSIGNMENT.findall(fix)]
        mended = Resolution(tree, [*start, *wanted]) if asked else built
        for row, (expr, fix) in asked:
            if row.profile != profile.id or _met(mended, row):
                continue
            goal = Goal(row.id, expr, 1 if row.module else 2, "it is asked for")
            way = find_fix(built, lambda _, goal=goal: [goal], lambda s, row=row: _met(s, row), quick=True)
            needs = [f"{c.name}={c.value}" for c in way.changes]
            if needs and not MENUS & {c.name for c in way.changes}:
                found.append(f"{profile.id}/{row.id}: {fix} Needs {', '.join(needs)}")
    assert found == []
