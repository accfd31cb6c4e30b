"""What is `required` breaks without it: rows that a second reading of the sources found too strict, or not strict enough."""

from collections.abc import Collection, Mapping

import pytest

from kina_audit.api import audit
from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile

LIBRARY = ProfileLibrary()
_LEGACY = {f"{half}_NF_{t}" for half in ("IP", "IP6") for t in ("FILTER", "NAT", "MANGLE", "RAW", "SECURITY")}


def findings_of(
    name: str, off: Collection[str], arch: str = "x86_64", version: str = "6.12.117", modules: Collection[str] = ()
) -> dict[str, Finding]:
    """Of every requirement, by id, on a kernel that has everything the profile names but some symbols, built in but for some."""
    return _findings(name, dict.fromkeys(modules, "m") | dict.fromkeys(off, "n"), arch, version)


def _findings(name: str, values: Mapping[str, str], arch: str, version: str) -> dict[str, Finding]:
    profile = LIBRARY.get(name)
    modules = {"MODULES"} if "m" in values.values() else set()
    names = sorted({s for r in profile.requirements for s in r.symbols} | modules)
    lines = [f"CONFIG_{s}={values.get(s, 'y')}" if values.get(s) != "n" else f"# CONFIG_{s} is not set" for s in names]
    text = "\n".join([f"# Linux/{arch} {version} Kernel Configuration", *lines])
    kernel = Kernel(parse_config(text + "\n", completeness=Completeness.COMPLETE), Provenance("k", "file", "k"))
    report = audit(kernel, [profile], cilium=None)
    return {f.requirement.id: f for r in report.results for f in r.findings}


def with_values(name: str, values: Mapping[str, str], row: str, arch: str, version: str) -> Status:
    """Of one requirement, on a kernel that has everything the profile names, some of it with other values."""
    return _findings(name, values, arch, version)[row].status


def status(name: str, off: str, row: str, arch: str = "x86_64", version: str = "6.12.117") -> Status:
    """Of one requirement, on a kernel that has everything the profile names but one symbol, or several with blanks between."""
    return findings_of(name, off.split(), arch, version)[row].status


def met(profile: Profile, off: Collection[str], version: str = "6.12.117", arch: str = "x86_64") -> dict[str, Status]:
    """Of every requirement, on a kernel that has everything the profile names but these symbols."""
    return {name: found.status for name, found in findings_of(profile.id, off, arch, version).items()}


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [
        # Kata's runtime takes network and user namespaces out of what it hands the agent; the agent makes the others.
        ("vm-kata", "USER_NS", "user-ns"), ("vm-kata", "NET_NS", "net-ns"),
        # It hands over neither limits on processes nor devices, and switches seccomp in the guest off unless told otherwise.
        ("vm-kata", "CGROUP_PIDS", "cgroup-extra"), ("vm-kata", "CGROUP_BPF", "cgroup-extra"), ("vm-kata", "SECCOMP_FILTER", "seccomp"),
        # A shared folder holds layers that the host has mounted; the agent mounts overlays itself with EROFS and guest pull.
        ("vm-kata", "OVERLAY_FS", "overlay"),
        # The agent's log goes over vsock; Firecracker and debug builds of Cloud Hypervisor have a serial console.
        ("vm-kata", "VIRTIO_CONSOLE", "console"), ("vm-cloud-hypervisor", "VIRTIO_CONSOLE", "console"),
        # A bzImage is booted directly since release 39, and a firmware boots what a disk holds.
        ("vm-cloud-hypervisor", "PVH", "pvh"),
        # runc copies itself into memory where it cannot seal itself with an overlay; Docker goes on without its profile.
        ("runc-crun", "OVERLAY_FS", "overlay"), ("runc-crun", "SECCOMP_FILTER", "seccomp"),
        # A limit is refused where it is asked for; no runtime needs one to start a container, podman apart.
        ("runc-crun", "MEMCG", "cgroup-limits"), ("containerd", "CPUSETS", "cgroup-limits"),
        # fuse-overlayfs and pasta do without.
        ("rootless", "OVERLAY_FS", "overlay"), ("rootless", "BRIDGE", "veth-bridge"),
        # Only policies with such tracepoints are refused.
        ("tetragon", "FTRACE_SYSCALLS", "ftrace-syscalls"),
        # A guest without console or paravirtual clock runs.
        ("vm-firecracker", "KVM_GUEST", "kvm-guest"), ("vm-firecracker", "PRINTK", "printk"),
        # Weave falls back to its slow path, and Cilium's programs attach by tcx.
        ("weave", "VXLAN", "vxlan"), ("hubble", "NET_CLS_BPF", "cilium"),
        # bpftrace reads /sys/kernel/tracing; tracepoints and user probes need no function tracer.
        ("bpftrace", "DEBUG_FS", "debugfs"), ("bpftrace", "FTRACE_SYSCALLS", "ftrace"), ("bpftrace", "BPF_JIT", "jit"),
        # Tracee warns of what its check misses and goes on.
        ("tracee", "UPROBE_EVENTS", "uprobe"),
        # k3s and k0s run without network policies.
        ("k3s", "NETFILTER_XT_SET", "xt-set"), ("k3s", "NETFILTER_XT_TARGET_NFLOG", "nflog"), ("k0s", "NETFILTER_XT_MATCH_PHYSDEV", "physdev"),
        # Nothing in the kind of these components loads the module that a list of theirs names.
        ("istio-sidecar", "BRIDGE_NETFILTER", "br-nf"), ("kube-proxy-ipvs", "NETFILTER_XT_MATCH_IPVS", "xt-ipvs"),
        ("macvlan", "DUMMY", "dummy"),
        # With BBR the agent does not write cubic to net.ipv4.tcp_congestion_control.
        ("cilium-bbr", "TCP_CONG_CUBIC", "cubic"),
        # Istio's rules do without, unless told to intercept with TPROXY or to capture DNS.
        ("istio-sidecar", "NETFILTER_XT_MATCH_CONNTRACK", "conntrack"), ("istio-sidecar", "NETFILTER_XT_MATCH_MULTIPORT", "multiport"),
        ("istio-ambient", "NETFILTER_XT_MATCH_CONNTRACK", "conntrack"),
        # Felix logs that it could not, and goes on.
        ("calico-iptables", "NF_CT_NETLINK", "ctnetlink"),
        # kube-proxy logs that it could not, and goes on.
        ("kube-proxy-iptables", "NF_CT_NETLINK", "ctnetlink"), ("kube-proxy-nftables", "NF_CT_NETLINK", "ctnetlink"),
        ("kube-proxy-ipvs", "NF_CT_NETLINK", "ctnetlink"),
        # Felix attaches by tcx where there is one; ovs-vswitchd takes an ordinary device for a tunnel port.
        ("calico-ebpf", "NET_SCH_INGRESS", "attach"), ("calico-ebpf", "NET_CLS_BPF", "cls-bpf"), ("antrea", "OPENVSWITCH_GENEVE", "ovs-geneve"),
        # What traces otherwise works.
        ("inspektor-gadget", "KPROBE_EVENTS", "kprobe"), ("bpftrace", "KPROBE_EVENTS", "kprobes"), ("bpftrace", "UPROBE_EVENTS", "uprobes"),
        # A dummy device takes the place of an uplink that is not named.
        ("docker-optional", "DUMMY", "macvlan"),
        # Only swarm marks packets.
        ("docker-required", "NETFILTER_XT_MARK", "mark"),
        # Docker and podman copy layers where nothing stacks them; the kubelet leaves that to its runtime.
        ("rootless", "OVERLAY_FS FUSE_FS", "overlay"),
        ("podman", "OVERLAY_FS", "overlay"), ("kubelet", "OVERLAY_FS", "overlay"),
        # A client of NFSv3 mounts what speaks it; the AES modules of an architecture have xts of their own.
        ("storage-nfs", "NFS_V4", "v4"), ("storage-dm-crypt", "CRYPTO_XTS", "xts"), ("storage-dm-crypt", "CRYPTO_AES", "aes"),
        # CRIU opens handles only for the watches of a container.
        ("criu", "FHANDLE", "fhandle"),
        # Docker's tables of nft for IPv6 are made apart.
        ("docker-optional", "NFT_FIB_IPV6", "nft"),
        # Programs attach by tcx; and links other than pairs of devices connect pods.
        ("bpf", "NET_CLS_BPF", "tc-bpf"), ("bpf-net", "NET_CLS_ACT", "cls-act"), ("namespaces", "VETH", "veth"), ("namespaces", "VETH", "link"),
        # iptables-nft limits and logs by nft's own expressions, iptables-legacy by those of x_tables.
        ("kube-router", "NETFILTER_XT_MATCH_LIMIT", "limit"), ("kube-router", "NFT_LIMIT", "limit"),
        ("kube-router", "NETFILTER_XT_TARGET_NFLOG", "nflog"), ("kube-router", "NFT_LOG", "nflog"),
        # One kind of table or of entry; the others work.
        ("nftables", "NF_TABLES_INET", "inet"), ("iptables-legacy", "IP_NF_MANGLE", "ip4-mangle"), ("conntrack", "NF_CONNTRACK_MARK", "mark"),
    ],
)  # fmt: skip
def test_what_it_runs_without_does_not_fail_it(name: str, off: str, row: str) -> None:
    assert status(name, off, row) in (Status.WARN, Status.PASS, Status.SKIP)


@pytest.mark.parametrize("off", ["NET_SCH_INGRESS", "NET_CLS_BPF", "NET_CLS_ACT"])
def test_calico_attaches_with_tc_before_tcx(off: str) -> None:
    assert status("calico-ebpf", off, "attach", version="6.1.100") is Status.FAIL


@pytest.mark.parametrize("name", ["antrea", "kube-ovn", "ovn-kubernetes"])
def test_the_tunnels_of_open_vswitch_are_ordinary_devices(name: str) -> None:
    assert status(name, "GENEVE", "ovs-geneve") is Status.FAIL


@pytest.mark.parametrize("name", ["kube-router", "k0s-kube-router"])
@pytest.mark.parametrize(
    ("off", "row"),
    [
        ("NETFILTER_XT_TARGET_NFLOG NFT_LOG", "nflog"), ("NETFILTER_XT_MATCH_LIMIT NFT_LIMIT", "limit"),
        ("IP_NF_FILTER NFT_LOG", "nflog"), ("IP_NF_FILTER NFT_LIMIT", "limit"),
        ("NETFILTER_XT_MATCH_PHYSDEV", "physdev"), ("IP_NF_TARGET_REJECT", "reject"),
    ],
)  # fmt: skip
def test_one_rule_that_is_refused_costs_kube_router_the_whole_set(name: str, off: str, row: str) -> None:
    """It writes its policies with one iptables-restore, and the rules that log and reject are among them."""
    assert status(name, off, row) is Status.FAIL


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [
        ("pixie", "SECURITY_NETWORK", "security-network"),
        ("beyla-obi", "SECURITY_NETWORK", "security-network"),
        ("tetragon", "SECURITY", "security"),
    ],
)
def test_who_probes_a_function_of_the_security_hooks_needs_them(name: str, off: str, row: str) -> None:
    assert status(name, off, row) is Status.FAIL


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [("calico-vxlan", "NETFILTER_XT_TARGET_CT", "ct-target"), ("microk8s", "NETFILTER_XT_TARGET_CT", "ct-target")],
)
def test_felix_keeps_vxlan_untracked_or_panics(name: str, off: str, row: str) -> None:
    assert status(name, off, row) is Status.FAIL


@pytest.mark.parametrize("name", ["calico-iptables", "calico-ebpf", "calico-nftables"])
def test_felix_keeps_a_table_of_arp_beside_any_data_plane(name: str) -> None:
    """It counts in each rule, whatever the other rules are written with, and goes without where the kernel refuses the table for its family."""
    assert status(name, "NFT_COUNTER", "arp-counter", version="5.10.100") is Status.FAIL
    assert status(name, "NFT_COUNTER NF_TABLES_ARP", "arp-counter", version="5.10.100") is Status.PASS
    assert status(name, "NF_TABLES_ARP", "arp-family", version="5.10.100") is Status.WARN
    assert status(name, "NF_TABLES_ARP", "arp-family", version="5.10.262") is Status.SKIP
    assert status(name, "NF_TABLES_ARP", "arp-family") is Status.SKIP


def test_felix_asks_nft_for_an_ipv6_table_with_ipv6_off_too() -> None:
    assert status("calico-nftables", "NF_TABLES_IPV6", "ip6") is Status.FAIL
    assert status("calico-nftables", "NF_TABLES_IPV6", "ip6-old", version="5.10.100") is Status.WARN
    assert status("calico-ebpf", "NF_TABLES_IPV6 NFT_COMPAT IP_NF_NAT", "ipt-or-nft") is Status.FAIL


def test_podman_limits_processes_by_default() -> None:
    assert status("podman", "CGROUP_PIDS", "pids") is Status.FAIL


def test_without_bbr_the_bandwidth_manager_writes_cubic_or_exits() -> None:
    assert status("cilium-bandwidth-manager", "TCP_CONG_CUBIC", "cubic") is Status.FAIL


def test_hotplug_of_cloud_hypervisor_is_acpi_hotplug() -> None:
    """ACPI_REDUCED_HARDWARE_ONLY stood for the event device alone, which every kernel since 5.5 has."""
    assert status("vm-cloud-hypervisor", "HOTPLUG_PCI_ACPI", "ged") is Status.WARN
    assert status("vm-cloud-hypervisor", "ACPI_REDUCED_HARDWARE_ONLY", "ged") is Status.PASS
    assert status("vm-cloud-hypervisor", "ACPI_REDUCED_HARDWARE_ONLY", "ged", version="5.4.1") is Status.WARN


@pytest.mark.parametrize(("off", "row"), [("IP6_NF_IPTABLES", "tproxy6"), ("IP6_NF_IPTABLES", "socket6")])
def test_the_ipv6_half_of_tproxy_and_socket_is_in_the_targets(off: str, row: str) -> None:
    """xt_TPROXY and xt_socket have one under IP6_NF_IPTABLES only; nft has its own."""
    assert status("tproxy-socket", off, row) is Status.PASS  # by nft
    profile = LIBRARY.get("tproxy-socket")
    names = {s for r in profile.requirements for s in r.symbols} - {off, "NFT_TPROXY", "NFT_SOCKET"}
    lines = "\n".join(f"CONFIG_{s}=y" for s in sorted(names))
    config = parse_config(f"# Linux/arm64 6.12.117 Kernel Configuration\n{lines}\n", completeness=Completeness.COMPLETE)
    report = audit(Kernel(config, Provenance("k", "file", "k")), [profile], cilium=None)
    assert next(f.status for r in report.results for f in r.findings if f.requirement.id == row) is Status.WARN


@pytest.mark.parametrize("name", ["docker-required", "runc-crun", "containerd", "kubelet"])
def test_devices_are_controlled_by_programs_since_linux_4_15_only(name: str) -> None:
    assert status(name, "CGROUP_BPF", "cgroup-bpf", version="4.9.1") is Status.SKIP
    assert status(name, "CGROUP_BPF", "cgroup-bpf") is not Status.PASS


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [
        # CRIU asks for the packet and netlink sockets of a container's network namespace, whether it has any or not.
        ("criu", "PACKET_DIAG", "packet-diag"), ("criu", "NETLINK_DIAG", "packet-diag"),
        # It tries these when it starts.
        ("criu", "EPOLL", "events"), ("criu", "INOTIFY_USER", "events"),
        # containerd mounts /dev/mqueue into every container and sandbox.
        ("containerd", "POSIX_MQUEUE", "mqueue"), ("kina", "POSIX_MQUEUE", "mqueue"), ("vm-kata", "POSIX_MQUEUE", "mqueue"),
        # podman and nerdctl hand on their default profile without asking the kernel.
        ("podman", "SECCOMP_FILTER", "seccomp"), ("nerdctl", "SECCOMP_FILTER", "seccomp"),
        # What stacks layers is fixed in these.
        ("k3s", "OVERLAY_FS", "overlay"), ("openshift", "OVERLAY_FS", "overlay"),
        # None of the alternatives is there.
        ("storage-nfs", "NFS_V4 NFS_V3 NFS_V2", "version"), ("storage-dm-crypt", "CRYPTO_XTS CRYPTO_AES_NI_INTEL", "xts"),
        ("storage-dm-crypt", "CRYPTO_AES CRYPTO_AES_NI_INTEL", "aes"),
    ],
)  # fmt: skip
def test_what_it_does_not_run_without_fails_it(name: str, off: str, row: str) -> None:
    assert status(name, off, row) is Status.FAIL


def test_memfd_create_had_no_symbol_of_its_own_before_linux_4_18() -> None:
    assert status("gvisor", "MEMFD_CREATE", "memfd", version="4.14.300") is Status.PASS
    assert status("gvisor", "TMPFS", "memfd", version="4.14.300") is Status.FAIL
    assert status("gvisor", "MEMFD_CREATE", "memfd") is Status.FAIL


def test_noswap_of_tmpfs_came_with_linux_6_4() -> None:
    assert status("kubelet", "", "tmpfs-noswap", version="6.3.1") is not Status.SKIP
    assert status("kubelet", "", "tmpfs-noswap", version="6.4.1") is Status.SKIP


def test_old_jdks_ask_for_cpuacct_too() -> None:
    assert status("containerd", "CGROUP_CPUACCT", "java-v1") is not Status.PASS
    assert status("containerd", "", "java-v1") is Status.PASS


def test_ephemeral_storage_is_measured_by_the_quotas_of_either_file_system() -> None:
    assert status("kubelet", "QUOTA QFMT_V2", "quota") is Status.PASS
    assert status("kubelet", "QFMT_V2 XFS_QUOTA", "quota") is not Status.PASS


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # Istio's ambient mode captures DNS and adds its rules for IPv6 unless it is told not to; no rule of it masquerades.
        ("istio-ambient", "NETFILTER_XT_TARGET_CT", "raw-ct", Status.FAIL),
        ("istio-ambient", "IPV6_MULTIPLE_TABLES", "policy-routing6", Status.FAIL),
        ("istio-ambient", "NETFILTER_XT_NAT", "xt-nat", Status.FAIL),
        # IPVS rewrites destinations itself, and one REJECT is in every rule set of its kube-proxy.
        ("kube-proxy-ipvs", "IP_NF_TARGET_REJECT", "reject", Status.FAIL),
        # Counters without the match that names them cost every rule; neither costs two metrics.
        ("kube-proxy-iptables", "NETFILTER_XT_MATCH_NFACCT", "nfacct-half", Status.FAIL),
        ("kube-proxy-iptables", "NETFILTER_NETLINK_ACCT", "nfacct-half", Status.PASS),
        # These warn of a probe that they cannot attach, and go on.
        ("beyla-obi", "UPROBE_EVENTS", "uprobe", Status.WARN), ("pixie", "UPROBE_EVENTS", "uprobe", Status.WARN),
        ("tracee", "KPROBE_EVENTS", "kprobe", Status.WARN), ("bcc", "KPROBE_EVENTS", "kprobe", Status.WARN),
        ("kubearmor-apparmor", "KPROBE_EVENTS", "kprobe", Status.WARN), ("kubearmor-bpflsm", "FTRACE_SYSCALLS", "syscall-tracepoints", Status.WARN),
        # Tetragon tracks cgroups by memory and cpuset on v1, warns where they are missing, and asks for no other.
        ("tetragon", "CGROUPS", "cgroups", Status.FAIL), ("tetragon", "CPUSETS", "cgroup-controllers", Status.WARN),
        # A guest of Apple's has its root on a disk, one of Cloud Hypervisor's a table of processors or a device tree.
        ("vm-apple-vz", "VIRTIO_FS", "virtiofs", Status.WARN), ("vm-apple-vz", "VIRTIO_CONSOLE", "console", Status.WARN), ("vm-cloud-hypervisor", "ACPI", "acpi", Status.WARN),
        # Firecracker offers the older way beside ACPI.
        ("vm-firecracker", "ACPI", "acpi-pci", Status.PASS),
        # What tailscaled forwards and masquerades takes no connection states.
        ("tailscale", "NETFILTER_XT_MATCH_CONNTRACK", "firewall", Status.PASS),
        # KubeArmor's enforcer looks for AppArmor in the list of active modules; the monitor only warns.
        ("kubearmor-apparmor", "LSM", "order", Status.FAIL), ("kubearmor-apparmor", "FTRACE_SYSCALLS", "syscall-tracepoints", Status.WARN),
        # Four programs of one collection are on socket hooks.
        ("kubearmor-bpflsm", "SECURITY_NETWORK", "network", Status.FAIL), ("kubearmor-bpflsm", "SECURITY_PATH", "sec-path", Status.WARN),
        # A worker of k0s exits when its look at the kernel's configuration finds one of these off; the old name of REDIRECT does not serve.
        ("k0s", "EXT4_FS", "sysinfo", Status.FAIL), ("k0s", "NETFILTER_XT_TARGET_REDIRECT", "sysinfo", Status.FAIL),
        # What translates nothing does without nft's NAT.
        ("nftables", "NFT_NAT", "nat", Status.WARN),
        # The types of all flow tables are registered by the module of the mixed one; a table of netdev needs the hook.
        ("nftables", "NF_FLOW_TABLE_INET", "flowtable", Status.WARN), ("nftables", "NETFILTER_INGRESS", "netdev", Status.WARN),
        # TPROXY and the socket match have no IPv6 table to stand in.
        ("tproxy-socket", "IP6_NF_MANGLE NFT_COMPAT NFT_TPROXY", "tproxy6", Status.WARN),
        ("tproxy-socket", "NF_TABLES_IPV4 NETFILTER_XT_TARGET_TPROXY", "tproxy4", Status.FAIL),
        ("tproxy-socket", "IP_NF_MANGLE NFT_COMPAT NFT_SOCKET", "socket4", Status.FAIL), ("tproxy-socket", "IP_NF_MANGLE", "socket4", Status.PASS),
        # nft's log expression asks for a logger when a rule is made.
        ("nftables", "NF_LOG_SYSLOG NETFILTER_NETLINK_LOG", "log", Status.WARN), ("nftables", "NF_LOG_SYSLOG", "log", Status.PASS),
        # Two halves of one mount.
        ("virtio", "9P_FS", "9p", Status.WARN), ("virtio", "BLK_DEV_PMEM", "pmem", Status.WARN), ("virtio", "BLK_DEV_SD", "scsi", Status.WARN),
    ],
)  # fmt: skip
def test_a_row_breaks_what_it_says_and_no_more(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row) is expected


@pytest.mark.parametrize(("name", "row"), [("k0s-kube-router", "xt-nat"), ("istio-sidecar", "xt-nat"), ("istio-sidecar", "xt-masq"), ("istio-ambient", "xt-masq"), ("kube-proxy-ipvs", "xt-nat")])  # fmt: skip
def test_who_has_no_such_rule_does_not_ask_for_its_target(name: str, row: str) -> None:
    assert row not in {r.id for r in LIBRARY.get(name).requirements}


@pytest.mark.parametrize("mode", ["INTEGRITY", "CONFIDENTIALITY"])
def test_either_mode_of_lockdown_keeps_beyla_from_writing(mode: str) -> None:
    [row] = [r for r in LIBRARY.get("beyla-obi").requirements if r.id == "lockdown"]
    assert f"LOCK_DOWN_KERNEL_FORCE_{mode}" in row.symbols
    assert "INTEGRITY" not in row.fix


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [
        ("veth", "VETH", "veth"), ("docker-required", "VETH", "veth"), ("antrea", "NF_CONNTRACK_MARK", "ct-mark"),
        ("netavark", "NF_CONNTRACK_MARK", "ct-mark"), ("netavark", "NF_TABLES_INET", "inet"),
        ("cni-bandwidth", "NET_SCH_INGRESS", "ingress"), ("cni-bandwidth", "NET_CLS_ACT", "cls-act"),
    ],
)  # fmt: skip
def test_who_needs_what_its_feature_does_without(name: str, off: str, row: str) -> None:
    assert status(name, off, row) is Status.FAIL


@pytest.mark.parametrize(("version", "expected"), [("6.1.100", Status.FAIL), ("6.12.117", Status.PASS)])
def test_programs_attach_with_tc_before_tcx(version: str, expected: Status) -> None:
    """NET_XGRESS came with Linux 6.6; earlier configs have no line for it."""
    profile = LIBRARY.get("bpf")
    missing = {"NET_CLS_BPF"} | ({"NET_XGRESS"} if expected is Status.FAIL else set())
    assert met(profile, missing, version)["tc-bpf"] is expected


def test_targets_without_a_table_are_no_front_end_of_nat() -> None:
    nft = {"NFT_MASQ", "NFT_COMPAT"}
    for name, row in (("nat", "frontend"), ("netfilter", "nat-front-end")):
        assert met(LIBRARY.get(name), nft)[row] is Status.PASS
        assert met(LIBRARY.get(name), {*nft, "IP_NF_NAT"})[row] is Status.FAIL


def test_a_jit_that_is_not_there_is_not_switched_off() -> None:
    """The sysctl that switches it on is missing then, too, and the row on the JIT itself says so."""
    off = met(LIBRARY.get("bpf-core"), {"BPF_JIT", "BPF_JIT_DEFAULT_ON", "BPF_JIT_ALWAYS_ON"})
    assert (off["bpf-jit"], off["bpf-jit-default"]) == (Status.WARN, Status.PASS)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("6.1.113", Status.WARN),
        ("6.1.115", Status.SKIP),
        ("5.15.168", Status.WARN),
        ("5.15.169", Status.WARN),
        ("5.15.170", Status.SKIP),
    ],
)
def test_stable_releases_that_lost_mark_for_ipv6(version: str, expected: Status) -> None:
    assert met(LIBRARY.get("iptables-basics"), set(), version)["mark6-lost"] is expected


def test_l3s_was_part_of_ipvlan() -> None:
    assert met(LIBRARY.get("ipvlan"), {"IPVLAN_L3S"}, "4.19.215")["l3s"] is Status.PASS
    assert met(LIBRARY.get("ipvlan"), {"IPVLAN_L3S"})["l3s"] is Status.WARN


def test_a_core_without_its_tables_is_no_arptables_or_ebtables() -> None:
    legacy = LIBRARY.get("iptables-legacy")
    assert met(legacy, {"IP_NF_ARPFILTER"})["arptables"] is Status.WARN
    assert met(legacy, {"BRIDGE_EBT_T_FILTER"})["ebtables"] is Status.PASS
    assert met(legacy, {"BRIDGE_EBT_T_FILTER", "BRIDGE_EBT_T_NAT", "BRIDGE_EBT_BROUTE"})["ebtables"] is Status.WARN


def test_the_hook_of_traffic_control_alone_is_no_tcx() -> None:
    """tcx is built with the bpf system call; NET_CLS_ACT turns NET_XGRESS on without it."""
    assert met(LIBRARY.get("bpf"), {"BPF_SYSCALL"})["tcx"] is Status.WARN


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [
        # flanneld makes both of its nft tables before it asks which family the cluster has.
        ("talos-flannel", "NF_TABLES_IPV6", "nft-masq6"),
        # Felix's eBPF mode has rules that masquerade and that reject.
        ("calico-ebpf", "IP_NF_NAT", "ipt-or-nft"), ("calico-ebpf", "IP_NF_TARGET_REJECT", "ipt-or-nft"),
        # ovnkube-node lists and adds a routing rule.
        ("ovn-kubernetes", "IP_MULTIPLE_TABLES", "policy-routing"),
        # Its rules for Services redirect, and ask whether the target is local, whatever Services there are.
        ("ovn-kubernetes", "NFT_REDIR", "redir"), ("ovn-kubernetes", "NFT_FIB_INET", "fib"),
        # OpenShift switches user-defined networks on, whatever is made of them.
        ("openshift", "NFT_SOCKET", "nft-socket"),
    ],
)  # fmt: skip
def test_who_exits_without_it_requires_it(name: str, off: str, row: str) -> None:
    """The other back-end of each is off as well."""
    nft = {"NFT_COMPAT", "NFT_MASQ", "NFT_REJECT"} if name == "calico-ebpf" else set()
    assert findings_of(name, {off, *nft})[row].status is Status.FAIL


@pytest.mark.parametrize(
    ("name", "off", "row"),
    [
        # Only proxyAll, multicast and node policies make sets of addresses, and only a network with vlan filters VLANs.
        ("antrea", "IP_SET_HASH_IP", "ipset"), ("cni-bridge", "BRIDGE_VLAN_FILTERING", "vlan-filter"),
        # Only the local gateway mode masquerades and matches connections by nft, and what is left of ip6tables' rules has no extension.
        ("ovn-kubernetes", "NFT_MASQ", "nft-masq"), ("ovn-kubernetes", "NFT_COMPAT", "ipt"),
        # UIO hands a device to DPDK too; kindnetd's rules go without ctnetlink.
        ("cni-host-device", "VFIO_PCI", "vfio"), ("calico-vpp", "VFIO_PCI", "vfio"), ("kindnet", "NF_CT_NETLINK", "policies"),
        # Cilium's programs write the segment routing header themselves.
        ("cilium-srv6", "IPV6_SEG6_LWTUNNEL", "ipv6"),
        # Only a rootless containerd mounts overlays in a user namespace; none of Inspektor Gadget's own gadgets has a fentry program.
        ("containerd", "USER_NS", "userns-overlay"), ("inspektor-gadget", "FUNCTION_TRACER", "fentry"),
    ],
)  # fmt: skip
def test_what_the_component_does_not_ask_for_is_no_matter(name: str, off: str, row: str) -> None:
    found = findings_of(name, {off})[row]
    assert found.status is Status.PASS or found.requirement.level == "optional"


def test_rows_of_what_a_component_never_does_are_gone() -> None:
    """Felix keeps no mark with a connection and matches nothing by u32 or bpf, kube-router knows no wrr, and its routes clamp no TCP segments."""
    ids = {
        p: {r.id for r in LIBRARY.get(p).requirements} for p in ("calico-iptables", "kube-router", "k0s-kube-router")
    }
    assert not ids["calico-iptables"] & {"connmark", "vfio", "u32", "xtbpf", "hash-netnet"}
    assert "wrr" not in ids["kube-router"]
    assert "tcpmss" in ids["kube-router"] - ids["k0s-kube-router"]


def test_timers_of_calicos_programs_need_the_jit() -> None:
    """Tail calls beside a callback are refused without it, be the callback reached or not."""
    assert status("calico-ebpf", "BPF_JIT", "jit") is Status.FAIL
    assert status("calico-ebpf", "BPF_JIT", "jit", version="5.15.200") is Status.FAIL
    assert status("calico-ebpf", "BPF_JIT", "jit", version="5.10.100") is Status.SKIP


@pytest.mark.parametrize(
    ("arch", "version", "expected"),
    [("arm64", "5.13.1", Status.FAIL), ("arm64", "5.15.200", Status.FAIL), ("arm64", "6.1.9", Status.SKIP), ("x86_64", "5.15.200", Status.SKIP)],
)  # fmt: skip
def test_arm64_takes_a_callback_beside_tail_calls_since_linux_6_0(arch: str, version: str, expected: Status) -> None:
    assert status("calico-ebpf", "", "tail-calls", arch, version) is expected


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.250", Status.FAIL), ("5.12.9", Status.FAIL), ("5.13.0", Status.SKIP), ("6.1.9", Status.SKIP)]
)  # fmt: skip
def test_calicos_programs_are_refused_where_a_function_has_no_address(version: str, expected: Status) -> None:
    """projectcalico/calico#13972: the kernel takes no reference to a callback before 5.13, be it reached or not."""
    assert status("calico-ebpf", "", "kernel-513", version=version) is expected


@pytest.mark.parametrize("kind", ["AUTO", "KERNEL", "MOVABLE"])
def test_added_memory_comes_online_by_any_but_one_choice(kind: str) -> None:
    """Linux 6.17 mm/memory_hotplug.c: of the choice's four, OFFLINE alone leaves it to somebody else."""
    choice = {f"MHP_DEFAULT_ONLINE_TYPE_ONLINE_{k}" for k in ("AUTO", "KERNEL", "MOVABLE")}
    off = choice - {f"MHP_DEFAULT_ONLINE_TYPE_ONLINE_{kind}"}
    assert met(LIBRARY.get("vm-kata"), off, "6.17.8")["mhp-online"] is Status.PASS
    assert met(LIBRARY.get("vm-kata"), choice, "6.17.8")["mhp-online"] is not Status.PASS


def test_weave_has_no_fast_path_since_linux_7_3() -> None:
    assert status("weave", "NONE", "ovs", version="7.2.8") is Status.PASS
    assert status("weave", "NONE", "ovs", version="7.3.4") is Status.WARN
    assert status("weave", "PACKET", "slow-path", version="7.2.8") is Status.PASS
    assert status("weave", "PACKET", "slow-path", version="7.3.4") is Status.FAIL


@pytest.mark.parametrize(
    ("version", "new", "old"), [("5.10.100", "SKIP", "WARN"), ("5.10.262", "FAIL", "SKIP"), ("5.17.0", "SKIP", "WARN")]
)
def test_older_kernels_take_an_empty_nft_table_of_any_family(version: str, new: str, old: str) -> None:
    """flanneld on Talos makes its IPv6 table in every cluster, chains in it with IPv6 on."""
    assert status("talos-flannel", "NF_TABLES_IPV6", "nft-masq6", version=version) is Status[new]
    assert status("talos-flannel", "NF_TABLES_IPV6", "nft-masq6-old", version=version) is Status[old]


@pytest.mark.parametrize("off", ["IFB", "NET_SCH_HTB", "NET_CLS_U32", "NET_ACT_MIRRED"])
def test_kube_ovns_nat_gateway_shapes_on_an_ifb_device(off: str) -> None:
    assert status("kube-ovn", off, "ifb") is Status.WARN


def test_flannels_nft_mode_makes_an_ipv6_table() -> None:
    off = {"NF_TABLES_IPV6", "IP_NF_NAT", "NFT_COMPAT"}
    assert findings_of("flannel-vxlan", off)["masq"].status is Status.FAIL


def test_host_ports_over_ipv6_by_iptables_take_its_targets() -> None:
    off = {"NFT_FIB_IPV6", "NETFILTER_XT_MATCH_MULTIPORT"}
    assert findings_of("cni-portmap", off)["v6"].status is Status.WARN


@pytest.mark.parametrize("name", ["netavark", "ovn-kubernetes"])
def test_nat_chains_of_the_inet_family_came_with_linux_5_2(name: str) -> None:
    for version in ("3.10.0", "4.19.325", "5.1.21"):
        assert status(name, "NONE", "kernel-52", version=version) is Status.FAIL
    assert status(name, "NONE", "kernel-52", version="5.2.1") is Status.SKIP


@pytest.mark.parametrize("name", ["netavark", "ovn-kubernetes"])
def test_what_rhel_8_carried_back_does_not_fail_it(name: str) -> None:
    """RHEL 8 alone has Linux 4.18, and the number does not tell what is in it."""
    assert status(name, "NONE", "kernel-52", version="4.18.0") is Status.SKIP
    assert status(name, "NONE", "kernel-418", version="4.18.0") is Status.WARN


def test_the_shared_gateway_matches_no_connections() -> None:
    found = findings_of("ovn-kubernetes", {"NFT_CT"})
    assert found["nft"].status is Status.PASS
    assert found["nft-ct"].status is Status.WARN


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # antrea-agent makes a dummy device for Egress, which is on by default, and exits where it cannot.
        ("antrea", "DUMMY", "dummy", Status.FAIL),
        # The profiler reads /proc/kallsyms when it starts.
        ("parca-otel-profiler", "KALLSYMS", "kallsyms", Status.FAIL),
        # A module of the root file system is soon enough for a network card, and no guest of Firecracker's has PCI by default.
        ("vm-guest", "VIRTIO_NET", "virtio-net", Status.FAIL), ("vm-firecracker", "VIRTIO_MMIO", "mmio", Status.FAIL),
        # Rules that masquerade are one use of nftables, and what these write.
        ("nftables", "NFT_MASQ", "masq", Status.WARN), ("kube-proxy-nftables", "NFT_MASQ", "masq", Status.FAIL),
        ("istio-ambient", "IP6_NF_RAW NFT_COMPAT", "raw6", Status.FAIL),
        ("docker-required", "OVERLAY_FS", "storage", Status.FAIL), ("docker-required", "BRIDGE_NETFILTER", "br-nf", Status.WARN), ("storage-erofs", "EROFS_FS_SECURITY", "xattr", Status.WARN),
        # Weave Net's pod tries a set before it starts, and weaver ends where its bridge, its own set or one of its rules fails.
        ("weave", "NETFILTER_XT_SET", "ipset", Status.FAIL), ("weave", "IP_SET_HASH_NET", "hash-net", Status.FAIL),
        ("weave", "DUMMY", "dummy", Status.FAIL), ("weave", "NETFILTER_XT_TARGET_NFLOG", "nflog", Status.FAIL),
        ("weave", "NETFILTER_XT_MATCH_PHYSDEV", "physdev", Status.FAIL), ("weave", "NETFILTER_XT_MARK", "xt-mark", Status.FAIL),
        ("weave", "NETFILTER_XT_TARGET_MASQUERADE IP_NF_TARGET_MASQUERADE", "xt-masq", Status.FAIL),
        # OpenShift SDN returns the error of the first rule that is refused.
        ("openshift-sdn", "NETFILTER_XT_TARGET_CT", "ct-target", Status.FAIL),
        ("openshift-sdn", "IP_NF_RAW NFT_COMPAT", "raw", Status.FAIL),
        ("openshift-sdn", "NETFILTER_XT_MATCH_STATISTIC", "statistic", Status.FAIL),
        # Calico's programs are relocated by the kernel's types, and Felix lists its ipsets in either mode, and panics when it cannot.
        ("calico-ebpf", "DEBUG_INFO_BTF", "btf", Status.FAIL), ("calico-ebpf", "IP_SET", "ipset", Status.FAIL),
        ("calico-ebpf", "IP_SET_HASH_NET NFT_MASQ", "ipt-or-nft", Status.FAIL),
    ],
)  # fmt: skip
def test_a_fifth_reading(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row) is expected


def test_a_network_card_may_be_a_module() -> None:
    for name in ("vm-firecracker", "vm-cloud-hypervisor"):
        assert findings_of(name, (), modules={"VIRTIO_NET"})["virtio-net"].status is Status.PASS


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.250", Status.FAIL), ("5.14.0", Status.PASS), ("5.15.9", Status.FAIL), ("6.1.9", Status.SKIP)]
)  # fmt: skip
def test_every_rule_of_iptables_nft_has_a_counter(version: str, expected: Status) -> None:
    """Firecracker's 5.10 kernels of its CI have iptables-nft's layer without it, and no legacy table for NAT."""
    assert status("iptables-backend", "NFT_COUNTER IP_NF_NAT", "nft-counter", version=version) is expected
    raw = Status.PASS if expected is Status.SKIP else expected
    assert status("calico-iptables", "NFT_COUNTER IP_NF_RAW", "raw", version=version) is raw
    assert status("kindnet", "NFT_COUNTER IP_NF_NAT", "masq-agent", version=version) is raw
    # flannel's own nft rules have none.
    assert status("flannel-vxlan", "NFT_COUNTER IP_NF_NAT NFT_MASQ", "masq", version=version) is raw
    assert status("flannel-vxlan", "NFT_COUNTER IP_NF_NAT", "masq", version=version) is Status.PASS


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.250", Status.FAIL), ("5.14.0", Status.PASS), ("5.15.9", Status.FAIL), ("6.1.9", Status.SKIP)]
)  # fmt: skip
def test_every_rule_of_calicos_nft_has_a_counter(version: str, expected: Status) -> None:
    """Also where nothing is there for iptables-nft, and NAT's legacy table alone is no help to its eBPF mode."""
    assert status("calico-nftables", "NFT_COUNTER", "nft-counter", version=version) is expected
    assert status("calico-ebpf", "NFT_COUNTER NFT_COMPAT IP_NF_RAW", "nft-counter", version=version) is expected


def test_a_flow_table_of_one_family_had_a_module_of_its_own() -> None:
    for name, row in (("antrea", "flowtable"), ("calico-nftables", "flow")):
        assert status(name, "NF_FLOW_TABLE_IPV4", row, version="5.10.250") is Status.WARN
        assert status(name, "NF_FLOW_TABLE_IPV4", row, version="6.1.9") is Status.PASS


def test_the_plug_in_for_bandwidth_redirects_with_a_filter() -> None:
    assert status("antrea", "NET_CLS_U32", "bandwidth") is Status.WARN
    assert status("antrea", "NET_ACT_MIRRED", "bandwidth") is Status.WARN


def test_kube_proxys_nft_mode_makes_an_ipv6_table_wherever_there_is_ipv6() -> None:
    """It takes both families for granted, and ends with "unable to create ipv6 proxier"; a kernel without IPv6 is left alone (kubernetes#131265)."""
    assert status("kube-proxy-nftables", "NF_TABLES_IPV6", "ip6") is Status.FAIL
    assert status("kube-proxy-nftables", "NF_TABLES_IPV6 IPV6", "ip6") is Status.PASS


@pytest.mark.parametrize(
    ("name", "off", "row", "level"),
    [
        # Since Kubernetes 1.27 only the scheduler that was chosen is tried (kubernetes#114669).
        ("kube-proxy-ipvs", "IP_VS_WRR", "wrr", "optional"), ("kube-proxy-ipvs", "IP_VS_SH", "sh", "optional"),
        # It logs that policy routing could not be set up and goes on; only the overlay between subnets rests on it.
        ("kube-router", "IP_MULTIPLE_TABLES", "tables", "recommended"),
        # A plug-in's option, off unless a network asks for it.
        ("cni-bridge", "IP_NF_NAT NFT_COMPAT NFT_MASQ", "masq", "optional"),
        # A rule that logs to a netlink group is refused where nothing serves the group.
        ("calico-nftables", "NETFILTER_NETLINK_LOG", "log", "recommended"),
        # Where there is tcx, Cilium's agent attaches by it.
        ("cilium-agent", "NET_SCH_INGRESS NET_CLS_BPF", "tc-bpf", "optional"),
        # No pod is given a user namespace unless it says hostUsers: false.
        ("namespaces", "USER_NS", "user", "optional"), ("isolation", "USER_NS", "user", "optional"),
        ("calico-ebpf", "NET_CLS_BPF", "cls-bpf", "optional"), ("calico-ebpf", "NET_CLS_ACT", "cls-act", "optional"),
        ("calico-ebpf", "NET_SCH_INGRESS", "sch-ingress", "optional"),
    ],
)  # fmt: skip
def test_what_is_lost_is_a_part(name: str, off: str, row: str, level: str) -> None:
    found = findings_of(name, off.split())[row]
    assert (found.status, found.requirement.level) == (Status.WARN, level)


@pytest.mark.parametrize("version", ["5.10.250", "5.14.0", "6.12.117"])
def test_a_kernel_without_ipv6_has_none_to_let_through(version: str) -> None:
    tables = "IP6_NF_FILTER NF_TABLES_IPV6"
    assert status("ovn-kubernetes", tables, "ipt", version=version) is Status.WARN
    assert status("ovn-kubernetes", f"{tables} IPV6", "ipt", version=version) is Status.PASS


def test_kube_proxys_ipvs_mode_keeps_the_addresses_of_its_device_in_a_set() -> None:
    """One of the sets that it makes before anything else, since kubernetes#108460."""
    assert status("kube-proxy-ipvs", "IP_SET_HASH_IP", "hash-ip") is Status.FAIL


def test_the_firewall_plug_in_asks_for_one_table() -> None:
    """It writes to filter alone; the other tables are the business of the plug-ins before it."""
    assert status("cni-firewall", "IP_NF_NAT IP_NF_MANGLE NFT_COMPAT", "filter-table") is Status.PASS
    assert status("cni-firewall", "IP_NF_FILTER NFT_COMPAT", "filter-table") is Status.FAIL


@pytest.mark.parametrize(
    ("name", "row"), [("flannel-vxlan", "masq"), ("kindnet", "masq-agent"), ("cni-bridge", "masq"), ("cni-ptp", "masq")]
)  # fmt: skip
def test_the_nat_table_had_another_name_before_3_17(name: str, row: str) -> None:
    """It was under NF_NAT_IPV4, as on Arch Linux ARM's 3.10 for the Odroid C1, where it works."""
    assert status(name, "IP_NF_NAT NFT_COMPAT NFT_MASQ", row, version="3.10.107") is Status.SKIP


@pytest.mark.parametrize("name", ["minikube-bridge", "nerdctl"])
def test_whose_network_always_masquerades_requires_it(name: str) -> None:
    assert status(name, "NFT_MASQ NETFILTER_XT_TARGET_MASQUERADE IP_NF_TARGET_MASQUERADE", "ip-masq") is Status.FAIL


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # dockerd starts without mangle, which only swarm writes to, and gives no container a bridge without raw.
        ("docker-required", "NFT_COMPAT IP_NF_MANGLE", "ip4", Status.PASS), ("docker-required", "NFT_COMPAT IP_NF_MANGLE", "mangle", Status.WARN),
        ("docker-required", "NFT_COMPAT IP_NF_RAW", "ip4", Status.FAIL),
        # A published port is a rule with DNAT; overlay networks do without the default VLAN of their bridges set.
        ("docker-required", "NETFILTER_XT_NAT", "xt-nat", Status.WARN), ("docker-optional", "BRIDGE_VLAN_FILTERING", "overlay-net", Status.PASS),
        ("docker-optional", "NETFILTER_XT_MATCH_POLICY", "overlay-enc", Status.WARN),
        # Only CRIU's own check makes an event descriptor.
        ("criu", "EVENTFD", "events", Status.PASS), ("criu", "EVENTFD", "eventfd", Status.WARN),
        # The kubelet asks for a CPU period in every container.
        ("kubelet", "CFS_BANDWIDTH", "cfs", Status.FAIL), ("runc-crun", "CFS_BANDWIDTH", "cgroup-limits", Status.WARN),
        ("rootless", "CGROUP_SCHED", "cgroup2", Status.WARN),
    ],
)  # fmt: skip
def test_a_second_reading_of_what_a_node_runs(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row) is expected


@pytest.mark.parametrize(("version", "expected"), [("7.0.9", Status.SKIP), ("7.1.13", Status.WARN)])
def test_criu_asks_for_udp_lite_which_linux_7_1_took_out(version: str, expected: Status) -> None:
    assert status("criu", "NONE", "kernel-71", version=version) is expected


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.250", Status.WARN), ("5.14.0", Status.PASS), ("6.1.9", Status.PASS)]
)
def test_dockers_nftables_rules_count(version: str, expected: Status) -> None:
    assert status("docker-optional", "NFT_COUNTER", "nft", version=version) is expected
    assert status("docker-required", "NFT_COUNTER IP_NF_MANGLE", "mangle", version=version) is expected


@pytest.mark.parametrize(("version", "expected"), [("5.10.250", Status.WARN), ("5.11.0", Status.PASS)])
def test_users_mount_overlays_since_linux_5_11(version: str, expected: Status) -> None:
    assert status("rootless", "FUSE_FS", "overlay", version=version) is expected


@pytest.mark.parametrize(
    ("off", "version", "row", "expected"),
    [
        # Legacy tables for IPv4 do not help ip6tables-nft; and for IPv4 both must be there to do without nft.
        ("NFT_COUNTER IP6_NF_NAT", "5.10.262", "nft-counter6", Status.WARN),
        ("NFT_COUNTER", "5.10.262", "nft-counter6", Status.PASS),
        ("NFT_COUNTER IP6_NF_NAT NF_TABLES_IPV6", "5.10.262", "nft-counter6", Status.PASS),
        ("NFT_COUNTER IP6_NF_NAT", "6.12.117", "nft-counter6", Status.SKIP),
        ("NFT_COUNTER IP_NF_NAT", "5.10.262", "nft-counter", Status.FAIL),
        ("NFT_COUNTER", "5.10.262", "nft-counter", Status.PASS),
    ],
)
def test_the_counter_of_iptables_nft_before_it_was_part_of_the_core(
    off: str, version: str, row: str, expected: Status
) -> None:
    """iptables-nft adds one to every rule (PKRoma/iptables@f9ed681f iptables/nft-ipv4.c:95, nft-ipv6.c:81)."""
    assert status("iptables-backend", off, row, version=version) is expected


def test_a_kernel_that_is_locked_down_cannot_be_traced() -> None:
    """Kernel probes are refused and tracefs is not set up (linux 6.12 kernel/trace/trace_kprobe.c:489, trace.c:9874)."""
    assert status("bpf-tracing", "", "no-lockdown-conf") is Status.FAIL
    assert status("bpf-tracing", "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "no-lockdown-conf") is Status.PASS


@pytest.mark.parametrize("name", ["kubearmor-apparmor", "kubearmor-bpflsm"])
def test_kubearmor_reads_kernel_memory(name: str) -> None:
    """Its monitor is one collection, and it ends without (kubearmor/KubeArmor@510cee31 KubeArmor/core/kubeArmor.go:690)."""
    assert status(name, "", "lockdown") is Status.FAIL
    assert status(name, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "lockdown") is Status.PASS


def test_btf_and_randomised_structures_go_together_in_a_test_build() -> None:
    """linux 6.12 lib/Kconfig.debug:380."""
    row = next(r for r in LIBRARY.get("btf").requirements if r.id == "no-randstruct")
    assert "COMPILE_TEST" in row.symbols
    assert status("btf", "COMPILE_TEST", "no-randstruct") is Status.FAIL
    assert status("btf", "", "no-randstruct") is Status.PASS


def test_tracing_under_debugfs_is_a_symbol_of_its_own_now() -> None:
    """linux 7.2 kernel/trace/trace.c:9139."""
    assert status("bpf-tracing", "TRACEFS_AUTOMOUNT_DEPRECATED", "debugfs", version="7.2.13") is Status.WARN
    assert status("bpf-tracing", "TRACEFS_AUTOMOUNT_DEPRECATED", "debugfs") is Status.PASS
    # bpftrace looks into /sys/kernel/tracing (src/tracefs/tracefs.cpp:12-13) and documents debugfs alone.
    assert status("bpftrace", "TRACEFS_AUTOMOUNT_DEPRECATED", "debugfs", version="7.2.13") is Status.PASS


def test_connections_are_tracked_without_netlink_and_programs_interpreted_without_modules() -> None:
    assert status("conntrack", "NF_CT_NETLINK", "ctnetlink") is Status.WARN
    assert status("bpf-core", "MODULES", "bpf-jit-modules", version="6.1.192") is Status.WARN


@pytest.mark.parametrize(
    ("name", "off", "row", "unmet"),
    [
        ("tproxy-socket", "IP_NF_MANGLE NFT_TPROXY", "tproxy4", Status.FAIL),
        ("tproxy-socket", "IP_NF_MANGLE NFT_SOCKET", "socket4", Status.FAIL),
        ("tproxy-socket", "IP6_NF_MANGLE NFT_TPROXY", "tproxy6", Status.WARN),
        ("tproxy-socket", "IP6_NF_MANGLE NFT_SOCKET", "socket6", Status.WARN),
        ("tailscale", "IP_NF_MANGLE NFT_CT", "connmark", Status.WARN),
        ("tailscale", "IP6_NF_FILTER", "mark6", Status.WARN),
    ],
)
def test_before_517_whose_rules_go_through_nft_needs_the_counter(name: str, off: str, row: str, unmet: Status) -> None:
    """iptables-nft puts one into every rule (iptables nft-ipv4.c:95, nft-ipv6.c:81), tailscaled into its own for IPv6."""
    without = f"{off} NFT_COUNTER"
    assert status(name, without, row, version="5.10.262") is unmet
    assert status(name, off, row, version="5.10.262") is Status.PASS
    assert status(name, without, row, version="5.14.0-503.el9") is Status.PASS
    assert status(name, without, row) is Status.PASS


@pytest.mark.parametrize("row", ["iptables-ipv4", "iptables-ipv6", "nat-front-end"])
def test_before_517_iptables_over_nft_takes_the_counter(row: str) -> None:
    """It puts one into every rule (iptables nft-ipv4.c:95, nft-ipv6.c:81); since 023223dfbfb3 the core has it."""
    off = "NFT_COUNTER IP_NF_NAT IP6_NF_NAT NFT_MASQ"
    assert status("netfilter", off, row, version="5.10.262") is not Status.PASS
    assert status("netfilter", off, row, version="5.14.0-503.el9") is Status.PASS
    assert status("netfilter", off, row) is Status.PASS


def test_before_317_nobody_can_tell_the_tables_of_nat() -> None:
    """IP_NF_NAT is of 3.17; a variant's versions stand in place of the requirement's."""
    assert status("netfilter", "NETFILTER_XT_NAT NFT_MASQ", "nat-front-end", version="3.14.79") is Status.SKIP


def test_before_517_a_flow_table_of_one_family_has_its_own_module() -> None:
    assert status("nftables", "NF_FLOW_TABLE_INET", "flowtable", version="5.10.262") is Status.PASS


def test_nft_translates_ipv4_only_with_its_family() -> None:
    assert status("netfilter", "NETFILTER_XT_NAT NF_TABLES_IPV4", "nat-front-end") is Status.FAIL
    assert status("netfilter", "NETFILTER_XT_NAT", "nat-front-end") is Status.PASS


def test_klipper_lb_takes_nft_only_where_it_is_a_module() -> None:
    """It asks lsmod, which does not list what is built in (k3s-io/klipper-lb@75a20bed81 entry:23-28)."""
    legacy = "IP_NF_FILTER IP_NF_NAT"
    assert status("klipper-lb", legacy, "tables") is Status.FAIL
    assert status("klipper-lb", "NFT_COMPAT", "tables") is Status.PASS
    assert status("k3s", legacy, "tables") is Status.WARN


def test_a_security_module_counts_where_it_is_active() -> None:
    assert status("pod-security", "LSM", "lsm") is Status.WARN
    assert status("pod-security", "LSM", "lsm", version="4.19.0") is Status.PASS


@pytest.mark.parametrize("row", ["tproxy4", "socket4", "tproxy6", "socket6"])
def test_the_halves_of_transparent_proxying_ask_for_no_symbol_that_older_kernels_do_not_have(row: str) -> None:
    """NF_TPROXY_IPV4 and NF_SOCKET_IPV4 have no prompt and came late; what a user sets selects them."""
    off = "NF_TPROXY_IPV4 NF_TPROXY_IPV6 NF_SOCKET_IPV4 NF_SOCKET_IPV6 NFT_TPROXY NFT_SOCKET"
    assert status("tproxy-socket", off, row, version="4.4.302") is Status.PASS


@pytest.mark.parametrize(("name", "off", "row", "version"), [("socket-filter", "BPF", "bpf", "3.14.79"), ("pod-security", "MULTIUSER", "caps", "3.18.0")])  # fmt: skip
def test_what_had_no_symbol_yet_was_always_there(name: str, off: str, row: str, version: str) -> None:
    """BPF is of 3.18, MULTIUSER of 4.1; filters and users are older."""
    assert status(name, off, row, version=version) is Status.SKIP
    assert status(name, off, row) is Status.FAIL


@pytest.mark.parametrize(
    ("name", "off", "row", "version", "expected"),
    [
        # antrea-agent asks Open vSwitch for NAT when it starts (antrea-io/antrea@fc70f2bb7 pkg/agent/agent.go:275, 284).
        ("antrea", "NONE", "kernel-46", "4.4.302", Status.FAIL), ("antrea", "NONE", "kernel-46", "4.6.1", Status.SKIP),
        ("antrea", "NONE", "kernel-46", "3.10.0-1160.el7.x86_64", Status.PASS),
        ("antrea", "NONE", "kernel-46", "3.10.0-514.el7.x86_64", Status.FAIL),
        # A 64-bit kernel before Linux 4.7 had its JIT without the symbol that tells JITs apart.
        ("bpf-core", "HAVE_EBPF_JIT", "arch-ebpf-jit", "4.6.7", Status.SKIP),
        ("bpf-core", "HAVE_EBPF_JIT", "arch-ebpf-jit", "4.7.1", Status.WARN),
        # The plug-in's matches are of no family, so ip6tables-nft takes them without the IPv6 core of x_tables.
        ("cni-firewall", "IP6_NF_FILTER", "filter-table6", "6.12.117", Status.PASS),
        ("cni-firewall", "IP6_NF_FILTER NFT_COMPAT", "filter-table6", "6.12.117", Status.WARN),
        ("cni-firewall", "IP6_NF_FILTER NFT_COUNTER", "filter-table6", "5.10.262", Status.WARN),
        # The AES module of x86 has AES-GCM as ESP asks for it (linux 6.12 arch/x86/crypto/aesni-intel_glue.c:1505).
        ("ipsec", "CRYPTO_GCM", "gcm", "4.14.320", Status.PASS), ("weave", "CRYPTO_GCM", "esp", "4.14.320", Status.PASS),
        ("ipsec", "CRYPTO_GCM CRYPTO_AES_NI_INTEL", "gcm", "4.14.320", Status.FAIL),
        ("docker-optional", "CRYPTO_GCM", "overlay-enc", "4.14.320", Status.PASS),
        ("docker-optional", "CRYPTO_GCM CRYPTO_AES_NI_INTEL", "overlay-enc", "4.14.320", Status.WARN),
    ],
)  # fmt: skip
def test_a_sixth_reading(name: str, off: str, row: str, version: str, expected: Status) -> None:
    assert status(name, off, row, version=version) is expected


def test_general_aes_gcm_is_missed_where_no_module_has_it() -> None:
    assert status("ipsec", "CRYPTO_GCM", "gcm", arch="arm64", version="4.19.325") is Status.FAIL


def test_sets_are_there_without_a_type() -> None:
    """Kata's 4.19 for arm64 has IP_SET and no type; Felix's nftables mode asks ipset for its list alone."""
    assert next(r for r in LIBRARY.get("ipset").requirements if r.id == "ipset").probes == (("ipset",),)
    assert status("calico-nftables", "IP_SET_HASH_IP", "ipset") is Status.PASS


@pytest.mark.parametrize(
    ("name", "off", "row", "version", "expected"),
    [
        # The inet family has chains of the type nat since Linux 5.2 (d164385ec572), and the plug-in's nft table is of it.
        ("cni-bridge", "NETFILTER_XT_MATCH_COMMENT", "masq", "4.19.325", Status.WARN),
        ("cni-bridge", "NETFILTER_XT_MATCH_COMMENT", "masq", "5.4.290", Status.PASS),
        ("cni-ptp", "NETFILTER_XT_MATCH_COMMENT", "masq", "4.19.325", Status.WARN), ("cni-ptp", "NFT_MASQ", "masq", "4.19.325", Status.PASS),
        # NFT_REJECT and NFT_CT are of Felix's nftables mode, and no help where only iptables is left to it.
        ("calico-ebpf", "NETFILTER_XT_TARGET_CT NFT_MASQ", "ipt-or-nft", "6.12.117", Status.FAIL),
        ("calico-ebpf", "NETFILTER_XT_TARGET_CT IP_NF_TARGET_REJECT", "ipt-or-nft", "6.12.117", Status.PASS),
        ("calico-ebpf", "NFT_REJECT", "ipt-or-nft", "6.12.117", Status.PASS),
        # Whether RHEL 8 takes callbacks of BPF programs its number does not tell.
        ("calico-ebpf", "NONE", "kernel-418", "4.18.0-553.el8.x86_64", Status.UNKNOWN),
        # Open vSwitch's NAT is of Linux 4.6; RHEL brought it back, and kube-ovn's script ends on 3.10.0-862 alone.
        ("kube-ovn", "NONE", "kernel-46", "4.4.302", Status.FAIL), ("kube-ovn", "NONE", "kernel-46", "4.6.1", Status.SKIP),
        ("kube-ovn", "NONE", "kernel-46", "3.10.0-1160.el7.x86_64", Status.PASS),
        # A 64-bit kernel before Linux 4.7 had its JIT without the symbol.
        ("cilium-agent", "HAVE_EBPF_JIT", "jit-arch", "4.4.302", Status.SKIP), ("cilium-agent", "HAVE_EBPF_JIT", "jit-arch", "5.4.290", Status.FAIL),
        # ESP selects AES-GCM since Linux 5.8.
        ("cilium-ipsec", "CRYPTO_GCM CRYPTO_AES_NI_INTEL", "esp", "5.4.290", Status.FAIL), ("cilium-ipsec", "CRYPTO_GCM", "esp", "5.4.290", Status.PASS), ("cilium-ipsec", "CRYPTO_SEQIV", "esp", "5.4.290", Status.FAIL),
        ("cilium-ipsec", "CRYPTO_GCM CRYPTO_AES_NI_INTEL", "esp", "5.10.262", Status.PASS),
        # The IPv6 half of MARK and CT moved to the IPv6 core in 5.15.168 too.
        ("cilium-ipv6", "IP6_NF_IPTABLES", "ipv6-targets", "5.15.168", Status.FAIL), ("cilium-ipv6", "IP6_NF_IPTABLES", "ipv6-targets", "5.15.167", Status.SKIP),
        ("cilium-ipv6", "IP6_NF_IPTABLES", "ipv6-socket", "5.10.250", Status.FAIL), ("cilium-ipv6", "IP6_NF_IPTABLES", "ipv6-socket", "5.15.168", Status.SKIP),
        ("cilium-ipv6", "IP6_NF_IPTABLES NETFILTER_XT_MATCH_SOCKET", "ipv6-socket", "5.10.250", Status.PASS), ("cilium-ipv6", "IP6_NF_IPTABLES", "ipv6-socket", "6.6.56", Status.FAIL),
        ("cilium-ipv6", "IP6_NF_IPTABLES", "ipv6-socket", "6.12.117", Status.SKIP),
    ],
)  # fmt: skip
def test_a_seventh_reading(name: str, off: str, row: str, version: str, expected: Status) -> None:
    assert status(name, off, row, version=version) is expected


@pytest.mark.parametrize(
    ("name", "off", "row", "version", "expected"),
    [
        # Symbols that had other names: linuxkit's 4.9 and 4.10 have KPROBE_EVENT, Arch Linux ARM's 3.10 NF_NAT_IPV4.
        ("bpf-tracing", "KPROBE_EVENTS", "kprobe-events", "4.10.0", Status.SKIP), ("bpf-tracing", "KPROBE_EVENTS", "kprobe-events", "4.11.0", Status.FAIL),
        ("bpf-tracing", "UPROBE_EVENTS", "uprobe-events", "4.9.20", Status.SKIP), ("bpftrace", "KPROBE_EVENTS", "kprobes", "4.9.20", Status.SKIP),
        ("iptables-legacy", "IP_NF_NAT", "ip4-nat", "3.10.107", Status.SKIP), ("iptables-legacy", "IP6_NF_NAT", "ip6-nat", "3.10.107", Status.SKIP),
        ("kube-proxy-iptables", "IP_NF_NAT NFT_COMPAT", "ipt4-backend", "3.10.107", Status.SKIP),
        ("kube-proxy-iptables", "IP_NF_NAT NFT_COMPAT", "ipt4-backend", "3.18.0", Status.FAIL),
        # What has no symbol of its own yet, or one only later.
        ("bpf", "BPF_JIT_DEFAULT_ON BPF_JIT_ALWAYS_ON", "jit-at-boot", "4.19.67", Status.WARN), ("bpf", "BPF_UNPRIV_DEFAULT_OFF", "unprivileged-off", "5.10.262", Status.WARN),
        ("iptables-legacy", "BRIDGE_NF_EBTABLES_LEGACY", "ebtables", "6.1.192", Status.PASS), ("iptables-legacy", "BRIDGE_NF_EBTABLES", "ebtables", "6.1.192", Status.WARN),
        ("iptables-legacy", "BRIDGE_NF_EBTABLES_LEGACY", "ebtables", "6.12.117", Status.WARN),
        # Linux 5.14 without nftables: nothing of it goes through nft.
        ("iptables-backend", "NF_TABLES NFT_COMPAT NFT_COUNTER IP_NF_MANGLE", "nft-counter", "5.14.16", Status.PASS),
    ],
)  # fmt: skip
def test_a_third_reading_of_the_kernels_of_other_years(
    name: str, off: str, row: str, version: str, expected: Status
) -> None:
    assert status(name, off, row, version=version) is expected


@pytest.mark.parametrize(("version", "expected"), [("6.1.192", Status.WARN), ("6.12.117", Status.PASS)])
def test_arm64_attaches_to_functions_since_linux_6_4(version: str, expected: Status) -> None:
    """The symbol is of 6.4; before, programs load and are refused when they are attached."""
    off = "NONE" if expected is Status.PASS else "DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
    assert status("bpf-tracing", off, "direct-calls-arm64", arch="arm64", version=version) is expected


@pytest.mark.parametrize(
    ("early", "lsm", "expected"),
    [("n", "landlock,lockdown,yama", Status.FAIL), ("n", "landlock,yama", Status.PASS), ("y", "landlock,yama", Status.FAIL)],
)  # fmt: skip
def test_lockdown_is_forced_by_a_module_that_is_active(early: str, lsm: str, expected: Status) -> None:
    text = f'# Linux/x86_64 6.12.117 Kernel Configuration\nCONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y\nCONFIG_SECURITY_LOCKDOWN_LSM_EARLY={early}\nCONFIG_LSM="{lsm}"\n'
    kernel = Kernel(parse_config(text, completeness=Completeness.COMPLETE), Provenance("k", "file", "k"))
    [result] = audit(kernel, [LIBRARY.get("bpf-tracing")], cilium=None).results
    assert next(f for f in result.findings if f.requirement.id == "no-lockdown-conf").status is expected


@pytest.mark.parametrize("name", ["minikube-bridge", "nerdctl"])
def test_a_chain_that_ends_in_the_firewall_plug_in_masquerades_by_iptables(name: str) -> None:
    """The plug-ins take iptables wherever it lists filter/INPUT (containernetworking/plugins@3d27709f pkg/ip/ipmasq_linux.go:31)."""
    xt = "NETFILTER_XT_TARGET_MASQUERADE IP_NF_TARGET_MASQUERADE"
    assert status(name, xt, "ip-masq") is Status.FAIL
    assert status(name, xt, "masq") is Status.PASS
    assert status(name, "NFT_MASQ IP_NF_NAT", "ip-masq") is Status.PASS
    assert status(name, "NFT_COUNTER IP_NF_NAT", "ip-masq", version="5.10.262") is Status.FAIL
    assert status(name, "NFT_COUNTER IP_NF_NAT", "ip-masq", version="5.14.0") is Status.PASS


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.262", Status.FAIL), ("5.14.0", Status.PASS), ("6.1.192", Status.PASS)]
)
def test_host_ports_by_iptables_nft_need_its_counter(version: str, expected: Status) -> None:
    assert status("cni-portmap", "NFT_COUNTER NFT_FIB_IPV4 IP_NF_NAT", "backend", version=version) is expected
    six = Status.WARN if expected is Status.FAIL else Status.PASS
    assert status("cni-portmap", "NFT_COUNTER IP_NF_NAT", "iptables", version=version) is six
    assert status("cni-portmap", "NFT_COUNTER NFT_FIB_IPV6 IP6_NF_NAT", "v6", version=version) is six
    assert status("cni-portmap", "NFT_COUNTER NFT_FIB_IPV6", "v6", version=version) is Status.PASS
    assert status("cni-portmap", "NFT_COUNTER IP6_NF_NAT", "iptables6", version=version) is six


def test_legacy_tables_that_do_without_the_counter_are_those_that_are_used() -> None:
    """dockerd has no rules in mangle but for swarm, and every rule in raw is one of its own."""
    assert status("docker-required", "NFT_COUNTER IP_NF_MANGLE", "nft-counter", version="5.10.262") is Status.PASS
    assert status("docker-required", "NFT_COUNTER IP_NF_RAW", "nft-counter", version="5.10.262") is Status.FAIL
    for name in ("cni-portmap", "klipper-lb", "tailscale"):
        assert status(name, "NFT_COUNTER", "nft-counter", version="5.10.262") is Status.PASS
        # Services that klipper-lb serves are all there is of it.
        missing = Status.FAIL if name == "klipper-lb" else Status.WARN
        assert status(name, "NFT_COUNTER IP_NF_NAT", "nft-counter", version="5.10.262") is missing


@pytest.mark.parametrize("row", ["nft-counter", "nft-counter6"])
def test_without_nftables_no_counter_of_theirs_is_missed(row: str) -> None:
    off = "NFT_COUNTER NF_TABLES NF_TABLES_IPV6 NFT_COMPAT IP_NF_MANGLE IP6_NF_MANGLE"
    for version in ("5.10.262", "5.14.0"):
        assert status("iptables-backend", off, row, version=version) is Status.PASS


@pytest.mark.parametrize("name", ["docker-optional", "pod-security"])
def test_a_security_module_confines_where_it_is_in_the_list(name: str) -> None:
    """Arch's kernels are built with both and name neither (linux 6.12 security/security.c:463)."""
    profile = next(r for r in LIBRARY.get(name).requirements if r.id == "lsm")
    assert {"LSM", "SECURITY_APPARMOR", "SECURITY_SELINUX"} <= set(profile.symbols)
    for order, expected in (
        ("landlock,lockdown,yama,integrity,bpf", Status.WARN),
        ("landlock,yama,apparmor,bpf", Status.PASS),
        ("selinux", Status.PASS),
    ):
        text = "# Linux/x86_64 7.1.10 Kernel Configuration\nCONFIG_SECURITY_APPARMOR=y\nCONFIG_SECURITY_SELINUX=y\n"
        config = parse_config(text + f'CONFIG_LSM="{order}"\n', completeness=Completeness.COMPLETE)
        kernel = Kernel(config, Provenance("k", "file", "k"))
        report = audit(kernel, [LIBRARY.get(name)], cilium=None)
        found = {f.requirement.id: f.status for r in report.results for f in r.findings}
        assert found["lsm"] is expected
    assert status(name, "LSM", "lsm", version="4.19.300") is Status.PASS


def test_host_ports_go_by_iptables_where_it_lists_a_table() -> None:
    """containernetworking/plugins@3d27709f plugins/meta/portmap/main.go:322; Talos has iptables-nft and names no back-end."""
    assert status("cni-portmap", "NETFILTER_XT_MATCH_MULTIPORT", "backend") is Status.PASS
    assert status("cni-portmap", "NETFILTER_XT_MATCH_MULTIPORT", "iptables") is Status.WARN
    # nerdctl's firewall plug-in cannot do without iptables (cni_plugin_unix.go:111-113).
    assert status("rootless", "NETFILTER_XT_MATCH_MULTIPORT", "nat") is Status.WARN
    assert status("talos-flannel", "NETFILTER_XT_MATCH_MULTIPORT", "hostports") is Status.WARN
    assert status("talos-flannel", "NFT_FIB_IPV4", "hostports") is Status.PASS


def test_kubearmor_reads_the_list_of_active_security_modules() -> None:
    """kubearmor/KubeArmor@510cee31 KubeArmor/enforcer/runtimeEnforcer.go:141."""
    row = next(r for r in LIBRARY.get("kubearmor-apparmor").requirements if r.id == "order")
    assert row.level.value == "required"
    assert status("kubearmor-apparmor", "", "order") is Status.FAIL


@pytest.mark.parametrize(
    ("name", "off", "row", "arch", "version", "expected"),
    [
        # The nat table's symbol was NF_NAT_IPV4 before Linux 3.17, and pages of 4 KiB had none.
        ("docker-required", "IP_NF_NAT NF_TABLES_IPV4", "ip4", "x86_64", "3.10.107", Status.SKIP),
        ("docker-required", "IP_NF_NAT NFT_COUNTER", "nft-counter", "x86_64", "3.16.82", Status.SKIP),
        ("docker-required", "IP_NF_NAT NF_TABLES_IPV4", "ip4", "x86_64", "3.18.0", Status.FAIL),
        ("nerdctl", "IP_NF_NAT NFT_COMPAT", "ip-masq", "x86_64", "3.14.79", Status.SKIP),
        ("cni-portmap", "NETFILTER_XT_NAT", "iptables", "x86_64", "3.16.82", Status.SKIP),
        ("docker-required", "IP6_NF_NAT NFT_COMPAT", "ip6", "x86_64", "3.10.107", Status.SKIP),
        ("vm-apple-vz", "ARM64_4K_PAGES", "arm64-4k", "arm64", "3.16.82", Status.SKIP),
        ("vm-apple-vz", "ARM64_4K_PAGES", "arm64-4k", "arm64", "3.18.0", Status.WARN),
        ("docker-optional", "CGROUP_NET_PRIO", "netcls", "x86_64", "3.10.107", Status.PASS),
        # memfd_create came with 3.17, nft's match on cgroup v2 with 5.13.
        ("gvisor", "KVM", "memfd", "x86_64", "3.16.82", Status.FAIL),
        ("ovn-kubernetes", "DUMMY", "socket", "x86_64", "5.10.262", Status.WARN),
        ("ovn-kubernetes", "DUMMY", "socket", "x86_64", "5.13.0", Status.PASS),
        # On x86 the general module makes no /dev/kvm.
        ("gvisor", "KVM_INTEL KVM_AMD KVM_X86", "kvm", "x86_64", "6.12.117", Status.WARN),
        ("gvisor", "KVM_INTEL KVM_AMD", "kvm", "x86_64", "6.18.44", Status.PASS),
        ("gvisor", "KVM_INTEL KVM_X86", "kvm", "x86_64", "6.12.117", Status.PASS),
        ("gvisor", "KVM_INTEL KVM_AMD KVM_X86", "kvm", "arm64", "6.12.117", Status.PASS),
        # arm64's module has sha256 of its own until it became part of the library.
        ("storage-dm-crypt", "CRYPTO_SHA256", "sha256", "arm64", "6.12.117", Status.PASS),
        ("storage-dm-crypt", "CRYPTO_SHA256", "sha256", "arm64", "6.17.8", Status.WARN),
        ("storage-dm-crypt", "CRYPTO_SHA256", "sha256", "x86_64", "6.12.117", Status.WARN),
        # Since 6.12 sched_ext brings cpu.weight as well.
        ("vm-kata", "FAIR_GROUP_SCHED", "cgroups", "x86_64", "6.12.117", Status.PASS),
        ("vm-kata", "FAIR_GROUP_SCHED EXT_GROUP_SCHED", "cgroups", "x86_64", "6.12.117", Status.FAIL),
        ("vm-kata", "FAIR_GROUP_SCHED", "cgroups", "x86_64", "6.6.1", Status.FAIL),
    ],
)  # fmt: skip
def test_a_seventh_reading_of_what_a_node_runs(
    name: str, off: str, row: str, arch: str, version: str, expected: Status
) -> None:
    assert status(name, off, row, arch=arch, version=version) is expected


_WORTH = {"required": 2, "recommended": 1, "optional": 0}


def _without_a_counter(profile: Profile, version: str) -> list[tuple[str, str]]:
    """Rows that iptables-nft alone meets on a kernel without NFT_COUNTER, with no row of the same weight that fails there.

    Each is asked on a kernel that has everything but the counter, the legacy tables that the row names, and at most one
    symbol more: the one that keeps a way without iptables from meeting it.
    """
    facts = parse_config("CONFIG_Y=y\n", completeness=Completeness.COMPLETE).fact
    on, missing = facts("Y"), facts("N")

    def holds(expr: Expression, off: Collection[str]) -> bool:
        return expr.bounds(lambda s: missing if s in off else on)[0] > 0

    asked = [
        (r, r.condition(KernelVersion.parse(version), "x86_64")) for r in profile.requirements if not r.alternatives
    ]
    conditions = [(row, found[0]) for row, found in asked if found is not None]
    left = []
    for row, expr in conditions:
        if "NFT_COMPAT" not in expr.symbols:
            continue
        tables = {s for s in expr.symbols if s in _LEGACY} or _LEGACY
        for more in ("", *expr.symbols):
            off = tables | {"NFT_COUNTER", more}
            if not holds(expr, off) or holds(expr, off | {"NFT_COMPAT"}):
                continue
            if not any(
                not holds(other, off) and holds(other, off - {"NFT_COUNTER"}) and _WORTH[r.level] >= _WORTH[row.level]
                for r, other in conditions
            ):
                left.append((row.id, more))
    return left


# nftables asks for the module alone: without the counter it still shows the rules of others.
@pytest.mark.parametrize("name", [i for i in LIBRARY.ids() if i != "nftables"])
def test_wherever_iptables_goes_through_nft_it_takes_the_counter_before_517(name: str) -> None:
    """PKRoma/iptables@f9ed681f iptables/nft-ipv4.c:95, nft-ipv6.c:81; the core has it since 023223dfbfb3 (5.17)."""
    assert _without_a_counter(LIBRARY.get(name), "5.10.262") == []


def test_the_counter_is_looked_for_where_it_would_be_missed() -> None:
    """The check above finds something where nobody asks for the counter, as since 5.17."""
    assert _without_a_counter(LIBRARY.get("iptables-backend"), "6.1.100")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # These write no rule into mangle unless told to.
        ("kube-router", None), ("kube-proxy-ipvs", None), ("klipper-lb", None),
        ("istio-sidecar", Status.WARN),
        # These only watch it for a flush.
        ("kube-proxy-iptables", Status.WARN), ("weave", Status.WARN), ("openshift-sdn", Status.WARN),
        ("kube-ovn", Status.WARN),
        ("antrea", Status.FAIL), ("calico-iptables", Status.FAIL), ("istio-ambient", Status.FAIL),
    ],
)  # fmt: skip
def test_the_mangle_table_is_asked_of_who_writes_to_it(name: str, expected: Status | None) -> None:
    profile = LIBRARY.get(name)
    got = met(profile, ["IP_NF_MANGLE", "NFT_COMPAT"])
    assert got.get("mangle") is expected
    failed = {r.id for r in profile.required if got[r.id] is Status.FAIL}
    assert failed == ({"mangle"} if expected is Status.FAIL else set())
    assert met(profile, ["IP_NF_MANGLE"]).get("mangle", Status.PASS) is Status.PASS


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # A module that is built and not in CONFIG_LSM confines nothing.
        ("docker-optional", "LSM", "lsm", Status.WARN),
        # The rule matches the control group of a socket (linux 6.12 net/netfilter/nft_socket.c:201).
        ("openshift", "SOCK_CGROUP_DATA", "nft-socket", Status.FAIL),
        # The agent logs that it could not add the rule, and goes on.
        ("cilium-ipsec", "IP_MULTIPLE_TABLES", "decrypt-rule", Status.WARN),
    ],
)
def test_what_six_readers_left(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row) is expected


@pytest.mark.parametrize("name", ["klipper-lb", "docker-required", "cni-portmap"])
def test_who_writes_nothing_to_mangle_does_without_the_counter_where_the_other_legacy_tables_are(name: str) -> None:
    assert status(name, "IP_NF_MANGLE NFT_COUNTER", "nft-counter", version="5.10.262") is Status.PASS


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.14.254", Status.WARN), ("4.18.0", Status.PASS), ("5.1.21", Status.WARN), ("5.2.1", Status.PASS)],
)
@pytest.mark.parametrize("name", ["cni-bridge", "cni-ptp"])
def test_the_plug_ins_nft_table_has_no_nat_chain_before_5_2(name: str, version: str, expected: Status) -> None:
    """It is of the inet family (containernetworking/plugins@3d27709f pkg/ip/ipmasq_nftables_linux.go:77)."""
    assert status(name, "IP_NF_NAT NFT_COMPAT", "masq", version=version) is expected


@pytest.mark.parametrize(
    ("name", "off", "row", "version", "expected"),
    [
        # Pixie's probe on tcp_v6_connect is not optional (socket_trace_connector.cc:369-372).
        ("pixie", "IPV6", "ipv6", "6.12.117", Status.FAIL),
        # Falco looks for BPF's ring buffer (userspace/libpman/src/configuration.c:351), which SUSE's 5.3 may have.
        ("falco-modern-ebpf", "NONE", "kernel-58", "5.4.280", Status.FAIL), ("falco-modern-ebpf", "NONE", "kernel-58", "5.3.18", Status.SKIP),
        ("falco-modern-ebpf", "NONE", "kernel-53", "5.3.18", Status.WARN), ("falco-modern-ebpf", "NONE", "kernel-58", "5.8.1", Status.SKIP),
        ("falco-modern-ebpf", "NONE", "kernel-58", "4.18.0-553.el8_10.x86_64", Status.UNKNOWN), ("beyla-obi", "NONE", "kernel-58", "5.3.18", Status.FAIL),
        # Without BTF the profilers read kernel code by a tracepoint of a system call (tracer/systemconfig.go:389-407).
        ("parca-otel-profiler", "DEBUG_INFO_BTF FTRACE_SYSCALLS", "analysis", "6.12.117", Status.FAIL),
        ("parca-otel-profiler", "FTRACE_SYSCALLS", "analysis", "6.12.117", Status.PASS), ("parca-otel-profiler", "DEBUG_INFO_BTF", "analysis", "6.12.117", Status.PASS),
        # So does every object that bpftrace makes (src/ast/passes/codegen_llvm.cpp:4337).
        ("bpftrace", "NONE", "ringbuf", "5.4.280", Status.FAIL), ("bpftrace", "NONE", "ringbuf", "5.10.262", Status.SKIP),
        ("bpftrace", "NONE", "ringbuf", "4.18.0-553.el8_10.x86_64", Status.UNKNOWN), ("bpftrace", "NONE", "ringbuf-53", "5.3.18", Status.WARN),
        # Falco's callbacks of bpf_loop need the JIT; before 5.17 it takes other programs.
        ("falco-modern-ebpf", "BPF_JIT", "jit", "5.17.1", Status.FAIL), ("falco-modern-ebpf", "BPF_JIT", "jit", "5.15.160", Status.SKIP),
        # Tracee's released images carry the types of distributions' kernels that came without.
        ("tracee", "DEBUG_INFO_BTF", "btf", "6.12.117", Status.FAIL), ("tracee", "DEBUG_INFO_BTF", "btf", "4.14.300", Status.FAIL),
        ("tracee", "DEBUG_INFO_BTF", "btf", "4.19.300", Status.FAIL), ("tracee", "DEBUG_INFO_BTF", "btf", "5.4.0", Status.SKIP),
        ("tracee", "DEBUG_INFO_BTF", "btf-hub", "5.4.0", Status.WARN), ("tracee", "DEBUG_INFO_BTF", "btf", "4.18.0", Status.SKIP),
        ("tracee", "DEBUG_INFO_BTF", "btf-hub", "4.18.0", Status.WARN), ("tracee", "DEBUG_INFO_BTF", "btf-hub", "4.14.300", Status.SKIP),
        # linkerd-init calls iptables-nft by name since edge-25.8.2.
        ("linkerd-init", "NFT_COMPAT", "nft-mode", "6.12.117", Status.FAIL), ("linkerd-init", "IP_NF_NAT IP_NF_FILTER", "nft-mode", "6.12.117", Status.PASS),
        ("linkerd-init", "NFT_COUNTER", "nft-counter", "5.10.262", Status.FAIL), ("linkerd-init", "NFT_COUNTER", "nft-counter", "5.14.0", Status.PASS),
        # tailscaled's own rules for nft have a counter too.
        ("tailscale", "NFT_COUNTER NFT_COMPAT IP_NF_NAT", "nft-counter", "5.10.262", Status.WARN),
        ("tailscale", "NFT_COUNTER IP6_NF_FILTER", "mark6", "5.10.262", Status.WARN),
        # What the nat table and its targets are called is of Linux 3.17.
        ("tailscale", "NETFILTER_XT_NAT NF_TABLES_IPV4", "firewall", "3.16.82", Status.SKIP),
        ("klipper-lb", "IP_NF_NAT NF_TABLES_IPV4", "tables", "3.10.107", Status.SKIP),
        ("istio-ambient", "NFT_COUNTER IP6_NF_NAT", "nft-counter6", "3.16.82", Status.SKIP),
        ("bpftrace", "HAVE_EBPF_JIT", "jit", "4.4.302", Status.PASS), ("bpftrace", "HAVE_EBPF_JIT", "jit", "4.9.1", Status.WARN),
    ],
)  # fmt: skip
def test_a_third_reading_of_meshes_and_tracers(name: str, off: str, row: str, version: str, expected: Status) -> None:
    assert status(name, off, row, version=version) is expected


@pytest.mark.parametrize(
    ("version", "arch", "expected"),
    [
        ("4.14.300", "x86_64", Status.FAIL), ("4.19.300", "x86_64", Status.SKIP), ("5.4.280", "arm64", Status.FAIL),
        ("5.10.262", "arm64", Status.SKIP),
    ],
)  # fmt: skip
def test_both_profilers_refuse_kernels_that_are_too_old(version: str, arch: str, expected: Status) -> None:
    """parca-dev/parca-agent@cb46a8ea flags/flags.go:231-251; the other one refuses more (config_linux.go:164-177)."""
    assert status("parca-otel-profiler", "NONE", "kernel-419", arch=arch, version=version) is expected


def test_iptables_works_without_a_mangle_table() -> None:
    """Who needs one asks for it: kube-proxy fills filter and nat alone (proxier.go), and legacy-tables tells of it."""
    nft = "NF_TABLES NFT_COMPAT"
    for off in ("IP_NF_MANGLE", "IP6_NF_MANGLE"):
        row = "iptables-ipv6" if "6" in off else "iptables-ipv4"
        assert status("netfilter", f"{nft} {off}", row) is Status.PASS
    assert status("netfilter", f"{nft} IP_NF_NAT", "iptables-ipv4") is Status.FAIL
    assert status("netfilter", f"{nft} IP_NF_MANGLE", "legacy-tables") is Status.WARN


@pytest.mark.parametrize("row", ["iptables-ipv4", "iptables-ipv6", "legacy-tables"])
def test_before_317_the_tables_of_nat_have_other_symbols(row: str) -> None:
    """NF_NAT_IPV4 and NF_NAT_IPV6 (linux 8993cf8edf42); a 3.10 with every legacy table was failed."""
    off = "IP_NF_NAT IP6_NF_NAT NF_TABLES NFT_COMPAT NFT_NAT NFT_COUNTER"
    assert status("netfilter", off, row, version="3.10.107") is Status.SKIP
    assert status("netfilter", off, row, version="4.4.193") in {Status.FAIL, Status.WARN}


@pytest.mark.parametrize(
    ("name", "row", "version", "expected"),
    [
        ("ipvlan", "l3s", "4.4.193", Status.WARN), ("ipvlan", "l3s", "4.19.215", Status.PASS),
        ("nftables", "hash", "4.4.193", Status.WARN), ("nftables", "hash", "4.9.219", Status.PASS),
        ("nftables", "objref-old", "4.4.193", Status.SKIP), ("nftables", "objref-old", "4.19.215", Status.PASS),
    ],
)  # fmt: skip
def test_what_a_symbol_stands_for_depends_on_the_kernel(name: str, row: str, version: str, expected: Status) -> None:
    """ipvlan's mode L3S and nft's hash are of 4.9, objects of 4.10; NFT_HASH was a kind of set before (0ed6389c483d)."""
    assert status(name, "IPVLAN_L3S" if row == "l3s" else "", row, version=version) is expected


@pytest.mark.parametrize(("name", "module"), [("apparmor", "APPARMOR"), ("selinux", "SELINUX")])
def test_before_51_the_kernel_starts_the_security_module_chosen_as_default(name: str, module: str) -> None:
    """CONFIG_LSM is of 5.1 (13e735c0e953); a 4.14 of Pixie's has AppArmor and starts none (DEFAULT_SECURITY_DAC)."""
    chosen = f"DEFAULT_SECURITY_{module}"
    assert status(name, chosen, "default-old", version="4.14.104") is Status.FAIL
    assert status(name, "", "default-old", version="4.14.104") is Status.PASS
    assert status(name, chosen, "default-old") is Status.SKIP


def test_before_51_a_security_module_that_is_only_built_confines_no_pod() -> None:
    chosen = "DEFAULT_SECURITY_APPARMOR DEFAULT_SECURITY_SELINUX"
    assert status("pod-security", chosen, "lsm", version="4.14.104") is Status.WARN
    assert status("pod-security", "DEFAULT_SECURITY_SELINUX", "lsm", version="4.14.104") is Status.PASS


def test_only_a_kernel_with_ext4_needs_labels_on_it() -> None:
    assert status("selinux", "EXT4_FS EXT4_FS_SECURITY", "xattr") is Status.PASS
    assert status("selinux", "EXT4_FS_SECURITY", "xattr") is Status.WARN


def test_s390_finds_virtio_devices_on_its_channels() -> None:
    """linux 6.12 drivers/s390/virtio/Makefile:6."""
    assert status("virtio-net", "VIRTIO_PCI VIRTIO_MMIO", "transport", arch="s390") is Status.PASS
    assert status("virtio-net", "VIRTIO_PCI VIRTIO_MMIO S390_GUEST", "transport", arch="s390") is Status.FAIL
    assert status("virtio-net", "VIRTIO_PCI VIRTIO_MMIO", "transport") is Status.FAIL


@pytest.mark.parametrize(
    "row", ["virtio-net/transport", "virtio-net/built-in", "virtio/transport", "virtio/builtin", "virtio/pci"]
)
def test_arm64_finds_virtio_devices_on_pci_behind_a_host_bridge_it_has_a_driver_for(row: str) -> None:
    """linux 6.12 drivers/pci/controller/Makefile:14, drivers/pci/pci-acpi.c:1656."""
    name, row = row.split("/")
    assert status(name, "VIRTIO_MMIO PCI_HOST_GENERIC ACPI", row, arch="arm64") in (Status.FAIL, Status.WARN)
    assert status(name, "VIRTIO_MMIO PCI_HOST_GENERIC", row, arch="arm64") is Status.PASS
    assert status(name, "VIRTIO_MMIO PCI_HOST_GENERIC ACPI", row) is Status.PASS


@pytest.mark.parametrize(
    ("name", "row", "legacy", "expected"),
    [
        ("calico-iptables", "raw", "IP_NF_RAW", Status.FAIL), ("antrea", "raw", "IP_NF_RAW", Status.FAIL),
        ("istio-ambient", "raw6", "IP6_NF_RAW", Status.FAIL), ("calico-iptables", "raw6", "IP6_NF_RAW", Status.WARN),
        ("docker-required", "mangle", "IP_NF_MANGLE", Status.WARN), ("tailscale", "connmark", "IP_NF_MANGLE NFT_CT", Status.WARN),
    ],
)  # fmt: skip
def test_a_table_of_nft_serves_where_nft_has_nat_chains_too(name: str, row: str, legacy: str, expected: Status) -> None:
    """One back-end has to have every table: Felix and the others speak to one."""
    for version in ("5.10.262", "5.14.0", "6.12.117"):
        assert status(name, f"{legacy} NFT_NAT", row, version=version) is expected
        assert status(name, legacy, row, version=version) is Status.PASS


@pytest.mark.parametrize(
    ("name", "row", "module", "off"),
    [
        ("kube-proxy-iptables", "nfacct-half", "NETFILTER_NETLINK_ACCT", "NETFILTER_XT_MATCH_NFACCT"),
        ("selinux", "xattr", "EXT4_FS", "EXT4_FS_SECURITY"),
    ],
)
@pytest.mark.parametrize("value", ["y", "m"])
def test_what_asks_that_something_be_off_is_not_met_by_a_module(
    name: str, row: str, module: str, off: str, value: str
) -> None:
    profile = LIBRARY.get(name)
    names = sorted({s for r in profile.requirements for s in r.symbols})
    lines = [f"# CONFIG_{s} is not set" if s == off else f"CONFIG_{s}={value if s == module else 'y'}" for s in names]
    text = "\n".join(["# Linux/x86_64 6.12.117 Kernel Configuration", "CONFIG_MODULES=y", *lines, ""])
    kernel = Kernel(parse_config(text, completeness=Completeness.COMPLETE), Provenance("k", "file", "k"))
    report = audit(kernel, [profile], cilium=None)
    [found] = [f for r in report.results for f in r.findings if f.requirement.id == row]
    assert found.status in (Status.FAIL, Status.WARN)


@pytest.mark.parametrize("name", ["tracee", "tetragon"])
@pytest.mark.parametrize(
    ("arch", "off", "expected"),
    [
        ("arm64", "NONE", Status.PASS), ("x86_64", "NONE", Status.PASS), ("x86_64", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", Status.PASS),
        ("arm64", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", Status.WARN), ("x86_64", "DYNAMIC_FTRACE", Status.WARN),
    ],
)  # fmt: skip
def test_programs_for_security_hooks_are_attached_by_function_tracing(
    name: str, arch: str, off: str, expected: Status
) -> None:
    """Debian's 6.1 for arm64 has BPF_LSM and no direct calls: ENOTSUPP (linux 6.1 kernel/bpf/trampoline.c:152, 235-237)."""
    assert with_values(name, {off: "n", "LSM": '"landlock,lockdown,bpf"'}, "lsm", arch, "6.1.192") is expected


@pytest.mark.parametrize(
    ("name", "row", "module", "expected"),
    [
        # vminitd is given one kernel file: what it takes before a container runs is built in.
        ("vm-apple-container-k8s", "rosetta", "VIRTIO_FS", Status.FAIL), ("vm-apple-container-k8s", "rosetta", "FUSE_FS", Status.FAIL),
        ("vm-apple-vz", "virtiofs", "VIRTIO_FS", Status.WARN),
        ("vm-apple-vz", "rtc", "RTC_DRV_PL031", Status.WARN), ("vm-apple-vz", "gpio-keys", "KEYBOARD_GPIO", Status.WARN),
        ("vm-apple-vz", "gpio-keys", "GPIO_PL061", Status.WARN),
        # A module is no kernel without.
        ("kube-proxy-nftables", "ip6", "IPV6", Status.FAIL),
        ("docker-required", "nft-counter", "NFT_COMPAT", Status.FAIL), ("iptables-backend", "nft-counter", "NFT_COMPAT", Status.FAIL),
        ("iptables-backend", "nft-counter6", "NFT_COMPAT", Status.WARN), ("cni-portmap", "nft-counter", "NFT_COMPAT", Status.WARN),
        ("tailscale", "nft-counter", "NF_TABLES", Status.WARN),
    ],
)  # fmt: skip
def test_what_a_module_does_not_do(name: str, row: str, module: str, expected: Status) -> None:
    off = ["NF_TABLES_IPV6"] if row == "ip6" else ["NFT_COUNTER", *_LEGACY] if "counter" in row else []
    values = dict.fromkeys(off, "n")
    version = "5.10.262" if "counter" in row else "6.12.117"
    assert with_values(name, {**values, module: "m"}, row, "arm64", version) is expected
    alone = Status.PASS if off else expected
    assert with_values(name, {**values, module: "n"}, row, "arm64", version) is alone


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ("NONE", Status.PASS), ("PCI_HOST_GENERIC", Status.PASS), ("ACPI", Status.PASS), ("PCI_HOST_GENERIC ACPI", Status.FAIL),
        ("PCI_HOST_GENERIC EFI", Status.FAIL),
    ],
)  # fmt: skip
def test_kata_on_arm64_finds_its_bridge_by_acpi_or_by_the_device_tree(off: str, expected: Status) -> None:
    """QEMU has firmware there (src/runtime-rs/arch/aarch64-options.mk:16), Cloud Hypervisor none."""
    assert status("vm-kata", off, "ecam", arch="arm64") is expected


def test_pressure_that_is_off_by_default_is_lost_like_one_that_is_not_built() -> None:
    assert status("kubelet", "PSI", "psi") is Status.WARN
    assert status("kubelet", "NONE", "psi-on") is Status.WARN
    assert status("kubelet", "PSI_DEFAULT_DISABLED", "psi-on") is Status.PASS


@pytest.mark.parametrize("name", ["inspektor-gadget", "bpftrace"])
def test_fentry_takes_direct_calls_on_arm64(name: str) -> None:
    assert status(name, "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "fentry-arm64", "arm64", "6.1.192") is Status.WARN
    assert status(name, "NONE", "fentry-arm64", "arm64") is Status.PASS
    assert status(name, "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "fentry-arm64") is Status.SKIP


@pytest.mark.parametrize(
    ("name", "off", "row", "version", "expected"),
    [
        # Tracee reads /proc/sys/kernel/ftrace_enabled (common/environment/osinfo.go:245).
        ("tracee", "FUNCTION_TRACER", "ftrace", "6.12.117", Status.FAIL), ("tracee", "CGROUPS", "cgroups", "6.12.117", Status.FAIL),
        # Beyla attaches a filter to a packet socket (pkg/ebpf/instrumenter.go:919).
        ("beyla-obi", "PACKET", "packet", "6.12.117", Status.FAIL),
        # Pixie (bcc_wrapper.cc:57-73) and Inspektor Gadget (pkg/utils/host/host.go:86-99) do not start without debugfs.
        ("pixie", "DEBUG_FS", "debugfs", "6.12.117", Status.FAIL), ("pixie", "DEBUG_FS_ALLOW_ALL", "debugfs", "6.12.117", Status.FAIL),
        ("pixie", "DEBUG_FS_ALLOW_ALL", "debugfs", "5.4.280", Status.PASS), ("inspektor-gadget", "DEBUG_FS", "debugfs", "6.12.117", Status.FAIL),
        ("parca-otel-profiler", "DEBUG_FS", "debugfs", "6.12.117", Status.WARN),
        # The profiler's callback of bpf_find_vma needs the JIT (support/ebpf/tracemgmt.h:695).
        ("parca-otel-profiler", "BPF_JIT", "jit", "6.12.117", Status.WARN), ("parca-otel-profiler", "BPF_JIT", "jit", "5.15.160", Status.SKIP),
    ],
)  # fmt: skip
def test_what_tracers_look_for_before_they_trace(name: str, off: str, row: str, version: str, expected: Status) -> None:
    assert status(name, off, row, version=version) is expected


@pytest.mark.parametrize(
    ("name", "row", "version", "arch", "expected"),
    [
        # Functions and attributes that Cilium's agent looks for (bandwidth.go:218, bigtcp.go:317-324, subscribermap.go:104).
        ("cilium-bbr", "kernel-518", "5.15.160", "x86_64", Status.FAIL), ("cilium-bbr", "kernel-518", "5.18.1", "x86_64", Status.SKIP),
        ("cilium-bbr", "kernel-518", "5.14.0-427.el9.x86_64", "x86_64", Status.UNKNOWN),
        ("cilium-big-tcp", "kernel-519", "5.18.1", "x86_64", Status.FAIL), ("cilium-big-tcp", "kernel-519", "6.1.1", "x86_64", Status.SKIP),
        ("cilium-big-tcp", "kernel-63", "6.1.1", "x86_64", Status.WARN), ("cilium-multicast", "kernel-513", "5.10.262", "x86_64", Status.FAIL),
        ("cilium-multicast", "kernel-513", "5.15.160", "x86_64", Status.SKIP), ("cilium-multicast", "kernel-60", "5.15.160", "arm64", Status.WARN),
    ],
)  # fmt: skip
def test_cilium_features_of_newer_kernels(name: str, row: str, version: str, arch: str, expected: Status) -> None:
    assert status(name, {"x86_64": "ARM64", "arm64": "X86_64"}[arch], row, arch, version) is expected


@pytest.mark.parametrize(
    ("name", "row", "module", "expected"),
    [
        # The kernel asks for no module where a file starts with #! (linux 6.12 fs/exec.c:1820-1823).
        ("vm-guest", "elf", "BINFMT_SCRIPT", Status.FAIL),
        # Guests of Apple container and of Kata hold no modules; a root disk of Firecracker's may.
        ("vm-apple-vz", "net-built-in", "VIRTIO_NET", Status.FAIL), ("vm-kata", "net-built-in", "VIRTIO_NET", Status.FAIL),
        ("vm-kata", "scsi", "SCSI_VIRTIO", Status.WARN), ("vm-kata", "ppp-clock", "PTP_1588_CLOCK_KVM", Status.WARN),
        ("vm-apple-vz", "rtc", "RTC_DRV_PL031", Status.WARN),
        # The root file system is on what these bring.
        ("vm-kata", "erofs", "EROFS_FS", Status.WARN), ("vm-firecracker", "pci-full", "VIRTIO_PCI", Status.WARN), ("vm-firecracker", "pci-full", "PCI_HOST_GENERIC", Status.WARN),
        ("virtio", "scsi", "SCSI_VIRTIO", Status.PASS), ("vm-firecracker", "amba-rtc", "RTC_DRV_PL031", Status.PASS),
    ],
)  # fmt: skip
def test_a_module_that_nothing_loads_is_not_enough(name: str, row: str, module: str, expected: Status) -> None:
    assert findings_of(name, (), "arm64", modules={module})[row].status is expected


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # vminitd and Kata's agent give every container bounds on CPU, namespaces and /dev/mqueue, and stop where they cannot.
        ("vm-apple-vz", "CFS_BANDWIDTH", "cfs", Status.FAIL), ("vm-kata", "CFS_BANDWIDTH", "cfs", Status.FAIL),
        ("vm-apple-vz", "PID_NS", "ns", Status.FAIL), ("vm-apple-vz", "POSIX_MQUEUE", "mqueue", Status.FAIL),
        # Both watch memory events.
        ("vm-apple-vz", "INOTIFY_USER", "inotify", Status.FAIL), ("vm-kata", "INOTIFY_USER", "inotify", Status.FAIL),
        # The kernel's clock is set by what RTC_HCTOSYS names.
        ("vm-apple-vz", "RTC_HCTOSYS", "rtc", Status.WARN), ("vm-firecracker", "RTC_HCTOSYS", "amba-rtc", Status.WARN),
    ],
)  # fmt: skip
def test_what_a_guest_does_for_every_container(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row, "arm64") is expected


@pytest.mark.parametrize(
    ("row", "off", "expected"),
    [
        ("lock", "IP_NF_FILTER NF_TABLES_INET", Status.PASS), ("lock", "NFT_COMPAT NF_TABLES_INET", Status.PASS),
        ("lock", "IP_NF_FILTER NFT_COMPAT", Status.PASS), ("lock", "IP_NF_FILTER NFT_COMPAT NF_TABLES_INET", Status.FAIL),
        ("lock", "NETFILTER_XT_MARK NF_TABLES_INET", Status.FAIL),
        ("lock6", "IP6_NF_FILTER NFT_COMPAT NF_TABLES_INET", Status.FAIL), ("lock6", "IP6_NF_FILTER NF_TABLES_INET", Status.PASS),
        ("lock6", "IPV6 IP6_NF_FILTER NFT_COMPAT NF_TABLES_INET", Status.PASS),
    ],
)  # fmt: skip
def test_a_dump_locks_the_network_of_the_container(row: str, off: str, expected: Status) -> None:
    """CRIU's iptables rules match a mark; it takes those of IPv6 where the kernel has it."""
    assert status("criu", off, row) is expected
    assert status("criu", off.replace("NFT_COMPAT", "NFT_COUNTER"), row, version="5.10.262") is expected


def test_criu_reads_the_page_map() -> None:
    assert status("criu", "PROC_PAGE_MONITOR", "pagemap") is Status.FAIL


def test_only_a_published_port_takes_what_portmap_asks_for() -> None:
    """plugins/meta/portmap/main.go:105-107: it does nothing where a container publishes none."""
    off = "NFT_FIB_IPV4 NETFILTER_XT_MATCH_MULTIPORT"
    assert status("nerdctl", off, "backend") is Status.WARN
    assert status("cni-portmap", off, "backend") is Status.FAIL


def test_an_nvdimm_is_the_root_of_katas_guests_on_x86() -> None:
    """Kata's QEMU offers the image as an NVDIMM there, and as a disk of virtio-blk on arm64 (src/runtime-rs/Makefile:583-595)."""
    assert status("vm-kata", "VIRTIO_BLK", "virtio-blk") is Status.WARN
    assert status("vm-kata", "VIRTIO_BLK", "root-blk") is Status.SKIP
    assert status("vm-kata", "VIRTIO_BLK", "root-blk", "arm64") is Status.FAIL
