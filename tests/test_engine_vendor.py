"""A vendor's kernel is not refused for its number, unless the program itself compares the number."""

import pytest

from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary

RHEL = {"8.1": "4.18.0-147.el8.x86_64", "8.10": "4.18.0-553.el8_10.x86_64", "7.9": "3.10.0-1160.el7.x86_64"}


@pytest.mark.parametrize(
    ("row", "release", "status"),
    [
        ("beyla-obi/kernel-58", RHEL["8.10"], Status.PASS), ("beyla-obi/kernel-58", RHEL["8.1"], Status.FAIL),
        ("beyla-obi/kernel-58", "4.18.0", Status.FAIL), ("calico/kernel-510", RHEL["8.1"], Status.PASS),
        ("calico/kernel-510", RHEL["7.9"], Status.UNKNOWN), ("calico-ebpf/kernel-53", RHEL["8.10"], Status.PASS),
        # Felix, kube-proxy and Pixie read the number themselves, whatever is backported.
        ("calico-ebpf/kernel-53", RHEL["8.1"], Status.FAIL), ("calico-ebpf/kernel-53", "4.18.0.el8", Status.UNKNOWN),
        ("calico-ebpf/kernel-53", "4.19.200", Status.FAIL), ("kube-proxy-nftables/kernel-513", RHEL["8.10"], Status.FAIL),
        ("pixie/kernel-414", RHEL["7.9"], Status.FAIL), ("kubeadm-preflight/kernel-lts", RHEL["8.10"], Status.WARN),
        ("falco-modern-ebpf/kernel-58", RHEL["8.10"], Status.UNKNOWN), ("bpftrace/kernel-61", "5.14.0-427.el9.x86_64", Status.UNKNOWN),
        # Oracle's own kernel and ELRepo's are what their number says.
        ("bpftrace/kernel-61", "5.4.17-2136.el8uek.x86_64", Status.WARN),
    ],
)  # fmt: skip
def test_number(row: str, release: str, status: Status) -> None:
    kernel = parse_config(b"CONFIG_X86_64=y\nCONFIG_NET=y\n# CONFIG_BPF is not set\n").with_target(
        KernelVersion.parse(release)
    )
    profile, _, name = row.partition("/")
    asked = next(r for r in ProfileLibrary().get(profile).requirements if r.id == name)
    found = Evaluator(kernel).requirement(asked)
    assert found.status is status
    assert found.reason or status in (Status.FAIL, Status.WARN)
