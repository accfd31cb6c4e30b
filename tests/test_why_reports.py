"""Lines of public reports that were collected after the messages had been written: each leads to the symbol behind it."""

import pytest

from kina_audit.api import why_message
from kina_audit.profiles.load import ProfileLibrary

LIBRARY = ProfileLibrary()

REPORTS = [
    ("containers/netavark#864", "netavark: failed to configure bridge and veth interface: failed while configuring network interface: failed to create a bridge interface podman0: Received a netlink error message Operation not supported (os error 95)", "BRIDGE"),
    ("containers/podman-compose#1429", "Error: netavark: create bridge: Netlink error: Operation not supported (os error 95)", "BRIDGE"),
    ("istio/istio#36762", "error Command error output: xtables parameter problem: iptables-restore: unable to initialize table 'nat'", "IP_NF_NAT"),
    ("istio/istio#23009", "iptables-restore v1.6.1: iptables-restore: unable to initialize table 'nat'", "IP_NF_NAT"),
    ("docker/cli#3613", "failed to start daemon: Devices cgroup isn't mounted", "CGROUP_DEVICE"),
    ("moby/moby#14353", "System error: mountpoint for devices not found", "CGROUP_DEVICE"),
    ("moby/moby#15406", "Error response from daemon: Cannot start container: mountpoint for cgroup not found", "CGROUPS"),
    ("docker/cli#3613", "WARN[2022-05-17T09:29:43.553778723Z] Your kernel does not support cgroup memory limit", "MEMCG"),
    ("docker/cli#3613", "WARN[2022-05-17T09:29:43.553807779Z] Your kernel does not support cgroup cfs period", "CFS_BANDWIDTH"),
    ("k3s-io/k3s#3327", 'level=warning msg="Skipping network policy controller start, ipset save failed: ipset v7.6: Kernel error received: Invalid argument"', "IP_SET"),
    ("sipeed/LonganPi-3H-SDK#26", "Error: pre-flight checks failed: failed to load/attach eBPF device filter program: load ext_infos: detect support for Program BTF (func/line_info): detect support for BTF: function not implemented", "BPF_SYSCALL"),
    ("containers/podman#8914", "Error: OCI runtime error: the requested cgroup controller `cpu` is not available", "CGROUP_SCHED"),
    ("pauleve/docker-mtgo#210", "Error: OCI runtime error: crun: the requested cgroup controller `cpuset` is not available", "CPUSETS"),
    ("opencontainers/runc#2959", "setting cgroup config for procHooks process caused: bpf_prog_query(BPF_CGROUP_DEVICE) failed: function not implemented: unknown.", "CGROUP_BPF"),
    ("containers/podman#21484", "Error: OCI runtime error: crun: the requested cgroup controller `pids` is not available", "CGROUP_PIDS"),
    ("moby/moby#13931", "Failed to inject docker in PREROUTING chain: iptables failed: iptables --wait -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER: iptables: No chain/target/match by that name.", "NETFILTER_XT_MATCH_ADDRTYPE"),
    ("kubernetes/kubernetes#26038", "Failed to start ContainerManager system validation failed - Following Cgroup subsystem not mounted: [cpuset]", "CPUSETS"),
    ("opsnull/follow-me-install-kubernetes-cluster#533", "failed to set supported cgroup subsystems for cgroup [kubepods burstable]: Failed to find subsystem mount for required subsystem: pids", "CGROUP_PIDS"),
    ("rancher/rke2#5923", "cgroup manager.Set failed: openat2 /sys/fs/cgroup/kubepods.slice/cpu.weight: no such file or directory", "FAIR_GROUP_SCHED"),
    ("tailscale/tailscale#8569", 'iptables v1.8.9 (nf_tables): MARK: bad value for option "--set-mark", or out of range (0-4294967295).', "NETFILTER_XT_MARK"),
    ("tailscale/tailscale#582", "iptables v1.6.0: Couldn't load match `comment':No such file or directory", "NETFILTER_XT_MATCH_COMMENT"),
    ("tailscale/tailscale#13841", "iptables v1.8.8 (nf_tables): Chain 'MASQUERADE' does not exist", "NETFILTER_XT_TARGET_MASQUERADE"),
    ("kubernetes-sigs/kind#1740", "Failed to execute iptables-restore: exit status 2 (iptables-restore v1.8.3 (legacy): Couldn't load match `recent':No such file or directory", "NETFILTER_XT_MATCH_RECENT"),
    ("longhorn/longhorn#1853", "iscsiadm: Could not insert module tcp. Kmod error -2", "ISCSI_TCP"),
    ("longhorn/longhorn#4441", "libkmod: kmod_module_insert_module: could not find module by name='iscsi_tcp'", "ISCSI_TCP"),
    ("rockchip-linux/kernel#285", "iscsid[3516]: can not create NETLINK_ISCSI socket [Protocol not supported]", "ISCSI_TCP"),
    ("openebs/openebs#1121", "iscsi: failed to sendtargets to portal 10.43.142.220:3260 output: iscsiadm: Could not load transport tcp.Dropping interface default", "ISCSI_TCP"),
    ("openebs/openebs#3273", "iscsiadm: initiator reported error (12 - iSCSI driver not found. Please make sure it is loaded, and retry the operation)", "ISCSI_TCP"),
    ("bpftrace/bpftrace#360", "open(/sys/kernel/debug/tracing/uprobe_events): No such file or directory", "UPROBE_EVENTS"),
    ("aquasecurity/tracee#1119", "libbpf: prog 'trace_security_socket_accept': failed to create kprobe 'security_socket_accept' perf event: No such file or directory", "SECURITY_NETWORK"),
    ("rootless-containers/rootlesskit#299", "open: No such device [rootlesskit:parent] error: failed to setup network: setting up tap tap0: executing [[nsenter -t 31211 -n -m -U --preserve-credentials ip tuntap add name tap0 mode tap]]: exit status 1", "TUN"),
    ("containers/podman#9543", 'Error: /usr/bin/slirp4netns failed: "open(\\"/dev/net/tun\\"): No such device"', "TUN"),
    ("strongX509/docker#3", "00[KNL] unable to create netlink socket: Protocol not supported (93)", "XFRM_USER"),
    ("jawj/IKEv2-setup#142", "charon: 00[NET] installing IKE bypass policy failed", "XFRM_USER"),
    ("strongswan/strongswan#563", "00[KNL] unable to create IPv4 routing table rule", "IP_MULTIPLE_TABLES"),
    ("kitten/docker-strongswan#7", "00[KNL] unable to create IPv6 routing table rule", "IPV6_MULTIPLE_TABLES"),
    ("raspberrypi/linux#424", "received netlink error: Address family not supported by protocol (97)", "IP_MULTIPLE_TABLES"),
    ("strongX509/docker#6", "09[CFG] selected proposal: AH:HMAC_SHA2_256_128/NO_EXT_SEQ 09[KNL] received netlink error: Protocol not supported (93)", "INET_AH"),
    ("openshift/origin#14117", "Output: mount: unknown filesystem type 'ceph'", "CEPH_FS"),
    ("rook/rook#8575", "rpc error: code = Internal desc = an error (exit status 1) occurred while running modprobe args: [ceph]", "CEPH_FS"),
    ("openebs/mayastor#1235", "attach failed: connect failed: NVMe connect failed: /dev/nvme-fabrics, No such file or directory (os error 2)", "NVME_TCP"),
    ("linux-nvme/nvme-cli#438", "[ 1027.311344] nvme_fabrics: no handler found for transport tcp.", "NVME_TCP"),
    ("flatcar/Flatcar#2132", "modprobe: FATAL: Module nvme-tcp not found in directory /lib/modules/", "NVME_TCP"),
    ("kubernetes/kops#4544", "Could not get ipvs family information from the kernel. It is possible that ipvs is not enabled in your kernel.", "IP_VS"),
    ("kubernetes/kubernetes#92033", 'proxier.go:1909] Failed to add IPVS service "default/kubernetes:https": no such file or directory', "IP_VS_RR"),
    ("Locietta/xanmod-kernel-WSL2#46", "Error: No such file or directory; did you mean chain 'postrouting' in table inet 'mangle'? type nat hook postrouting priority mangle; policy accept;", "NFT_NAT"),
    ("kubernetes-sigs/kind#3705", "Error: Could not process rule: No such file or directory add rule inet kube-network-policies postrouting ip saddr @podips-v4 queue num 100 bypass", "NFT_QUEUE"),
    ("containers/netavark#1433", "netavark: host netlink socket: IO error: Protocol not available (os error 92)", ""),
    ("passteque/gluetun#2200", "ip6tables v1.8.10 (nf_tables): Could not fetch rule set generation id: Invalid argument", "NF_TABLES"),
    ("docker/for-mac#7250", "failed prog bpf_execve_bprm_commit_creds.o kern_version 394764 loadInstance: attaching 'tg_kp_bprm_committing_creds' failed: creating perf_kprobe PMU (arch-specific fallback for \"security_bprm_committing_creds\"): token __x64_security_bprm_committing_creds: not found: no such file or directory", "SECURITY"),
    ("pixie-io/pixie#932", "Source Connector (registry name=socket_tracer) not instantiated, error: Internal : Unable to attach kprobe for security_socket_sendmsg using probe_entry_security_socket_sendmsg", "SECURITY_NETWORK"),
    ("Locietta/xanmod-kernel-WSL2#137", "Warning: Extension MASQUERADE revision 0 not supported, missing kernel module?", "NETFILTER_XT_TARGET_MASQUERADE"),
]  # fmt: skip


@pytest.mark.parametrize(("report", "said", "symbol"), REPORTS, ids=[f"{r[0]}-{r[2]}" for r in REPORTS])
def test_a_line_of_a_public_report_leads_to_the_symbol(report: str, said: str, symbol: str) -> None:
    found = [c for c in why_message(said, library=LIBRARY) if c.whole][:3]
    assert any(symbol in row.symbols or not symbol for c in found for row in c.rows), report
