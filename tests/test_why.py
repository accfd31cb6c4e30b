"""`kina-audit why`: from what was logged to the symbol that is missing."""

import json
from pathlib import Path

import jsonschema
import pytest

from kina_audit.api import why_message
from kina_audit.base.packaged import data_file
from kina_audit.cli import main
from kina_audit.engine.why import Cause
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.messages import MOST_BETWEEN, MOST_HITS, Text
from kina_audit.render import RenderOptions
from kina_audit.render.why import document, text
from tests.conftest import config_text

LIBRARY = ProfileLibrary()
MESSAGES = {m.text: m for _, m in LIBRARY.messages()}


def kernel(text: str) -> Kernel:
    config = parse_config(f"# Linux/x86_64 6.12.0 Kernel Configuration\n{text}", completeness=Completeness.COMPLETE)
    return Kernel(config, Provenance("k", "file", "k"))


def test_enough_messages_are_known_and_each_says_where_from() -> None:
    assert len(MESSAGES) >= 150
    assert all(len(m.source) > 3 for m in MESSAGES.values())


def test_every_message_is_found_where_it_stands() -> None:
    for said in MESSAGES:
        hit = Text(f"some line\nE1128 {said.replace('*', ' something ')} and more\n").find(said)
        assert hit is not None, said
        assert (hit.whole, hit.line) == (True, 2), said


def test_every_message_leads_to_the_requirement_it_stands_beside() -> None:
    apart = "\n" + "-" * MOST_BETWEEN + "\n"
    found = why_message(apart.join(said.replace("*", " something ") for said in MESSAGES), library=LIBRARY)
    rows = {(r.profile, r.id) for c in found if c.whole for r in c.rows}
    assert {(r.profile, r.id) for r, _ in LIBRARY.messages()} <= rows


REPORTS = [
    (
        "siderolabs/talos#13935",
        "Warning: Extension CT revision 0 not supported, missing kernel module?",
        "IP6_NF_IPTABLES",
    ),
    ("cilium/cilium#36600", "creating netlink handle: protocol not supported", "XFRM_USER"),
    (
        "jingkaihe/matchlock#93",
        (
            "failed to create NAT chain DOCKER: iptables failed: iptables -t nat -N DOCKER: Failed to initialize nft: "
            "Protocol not supported"
        ),
        "NFT_COMPAT",
    ),
    (
        "projectcalico/calico#6744",
        "route_rule.go 187: Failed to list routing rules, retrying... error=x",
        "IP_MULTIPLE_TABLES",
    ),
    ("projectcalico/calico#7028", "Failed to synchronize routing table, will retry...", "IP_MULTIPLE_TABLES"),
    ("projectcalico/felix#2360", "ip6tables-restore failed: -m rpfilter --validmark", "IP6_NF_MATCH_RPFILTER"),
    ("k3s-io/k3s#7118", "Warning: Extension multiport revision 0 not supported", "NETFILTER_XT_MATCH_MULTIPORT"),
    ("k3s-io/k3s#491", "Couldn't load match `multiport':No such file or directory", "NETFILTER_XT_MATCH_MULTIPORT"),
    (
        "kubernetes/kops#18724",
        "modprobe: FATAL: Module br_netfilter not found in directory /lib/modules/6.12",
        "BRIDGE_NETFILTER",
    ),
    ("flannel-io/flannel#1747", "E main.go:334] Error registering network: operation not supported", "VXLAN"),
    (
        "siderolabs/pkgs#1624",
        (
            "/dev/stdin:5:1-9: Error: Could not process rule: No such file or directory\nadd rule inet ovn-kubernetes "
            "udn-isolation socket cgroupv2 level 2 kubelet.slice accept"
        ),
        "NFT_SOCKET",
    ),
    (
        "antrea-io/antrea#7755",
        "iptables v1.8.10 (legacy): can't initialize iptables table `mangle': Table does not exist",
        "IP_NF_MANGLE",
    ),
    (
        "rancher/rancher#54862",
        "can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
        "IP_NF_NAT",
    ),
    (
        "containers/netavark#1057",
        (
            "netavark: nftables error: nft did not return successfully while applying ruleset: internal:0:0-0: Error: "
            "Could not process rule: No such file or directory"
        ),
        "NFT_FIB_INET",
    ),
    ("siderolabs/pkgs#1326", "Scheduler or persistence engine not found", "IP_VS_MH"),
    ("kubeovn/kube-ovn#647", "failed to add ovn-92c1eb-0 as port: Address family not supported by protocol", "GENEVE"),
    ("srl-labs/containerlab#2290", 'ip6tables v1.8.10 (nf_tables): unknown option "--set-xmark"', "IP6_NF_IPTABLES"),
    (
        "siderolabs/pkgs#951",
        (
            "/dev/stdin:892:87-100: Error: Could not process rule: No such file or directory\n"
            "add rule ip kube-proxy x fib saddr type local jump mark-for-masquerade"
        ),
        "NFT_FIB_IPV4",
    ),
    (
        "smol-machines/smolvm#906",
        "Warning: Extension comment\n revision 0 not supported, missing kernel module?",
        "NETFILTER_XT_MATCH_COMMENT",
    ),
    (
        "smol-machines/smolvm#906",
        (
            "nftables sync failed: /dev/stdin:84:110-128: Error: Could not process rule: No such file or directory\n"
            "add rule ip kube-proxy x dnat ip addr . port to numgen random mod 1"
        ),
        "NFT_NUMGEN",
    ),
    ("flannel-io/flannel#1953", "Error registering network: operation not supported", "VXLAN"),
    ("k3s-io/k3s#8015", 'level=fatal msg="flannel exited: operation not supported"', "VXLAN"),
    ("cilium/cilium#36189", "creating vxlan device: operation not supported", "VXLAN"),
    (
        "cilium/cilium#31413",
        (
            "setting up vxlan device: creating vxlan device cilium_vxlan: creating device cilium_vxlan: "
            "operation not supported, maybe kernel module for vxlan is not available?"
        ),
        "VXLAN",
    ),
    (
        "microsoft/WSL#10149",
        'iptables v1.8.7 (nf_tables): unknown option "--tproxy-mark"',
        "NETFILTER_XT_TARGET_TPROXY",
    ),
    ("cilium/cilium#21446", 'unknown option "--notrack"', "NETFILTER_XT_TARGET_CT"),
    (
        "microsoft/WSL#11140",
        "Warning: Extension recent revision 0 not supported, missing kernel module?",
        "NETFILTER_XT_MATCH_RECENT",
    ),
    (
        "siderolabs/talos#2638",
        (
            'error="could not write to the systctl file /proc/sys/net/ipv4/tcp_congestion_control: write '
            '/proc/sys/net/ipv4/tcp_congestion_control: no such file or directory" subsys=bandwidth-manager sysParamValue=bbr'
        ),
        "TCP_CONG_BBR",
    ),
    ("raspberrypi/linux#6641", "netkit datapath mode requires kernel 6.7.0+ and CONFIG_NETKIT", "NETKIT"),
    (
        "siderolabs/talos#13745",
        'plugin type="bandwidth" failed (add): adding link: operation not supported (ifb0)',
        "IFB",
    ),
    ("kubernetes/minikube#21788", "open /sys/kernel/btf/vmlinux: no such file or directory", "DEBUG_INFO_BTF"),
    (
        "moby/moby#49557",
        "iptables v1.8.9 (legacy): can't initialize iptables table `raw': Table does not exist",
        "IP_NF_RAW",
    ),
    ("k3s-io/k3s#10099", "Warning: Extension REJECT revision 0 not supported", "IP_NF_TARGET_REJECT"),
    (
        "cilium/little-vm-helper-images#31",
        "Extension statistic revision 0 not supported",
        "NETFILTER_XT_MATCH_STATISTIC",
    ),
    ("cloudnativelabs/kube-router#539", 'add tunnel "tunl0" failed: No such device', "NET_IPIP"),
    (
        "projectcalico/felix#2083",
        "ipset v6.29: Error in line 1: Kernel error received: set type not supported\\n",
        "IP_SET_HASH_NET",
    ),
    ("cloudnativelabs/kube-router#775", "iptables: Extension set revision 0 not supported", "NETFILTER_XT_SET"),
    ("antrea-io/antrea#2635", "modprobe: FATAL: Module openvswitch not found in directory /lib/modules", "OPENVSWITCH"),
    (
        "apple/container#1002",
        "iptables v1.8.10 (nf_tables): Could not fetch rule set generation id: Invalid argument",
        "NF_TABLES_IPV4",
    ),
    ("kubernetes/system-validators", "[ERROR SystemVerification]: missing required cgroups: cpuset", "CPUSETS"),
    ("kairen/kubeadm-ansible#90", "[ERROR SystemVerification]: missing required cgroups: pids", "CGROUP_PIDS"),
    (
        "frank-w/BPI-Router-Linux#124",
        "bpf_prog_query(BPF_CGROUP_DEVICE) failed: invalid argument: unknown",
        "CGROUP_BPF",
    ),
    ("metalbear-co/mirrord#1640", "Warning: Extension owner revision 0 not supported", "NETFILTER_XT_MATCH_OWNER"),
]


@pytest.mark.parametrize(("report", "said", "symbol"), REPORTS, ids=[f"{r[0]}-{r[2]}" for r in REPORTS])
def test_what_a_public_report_quotes_leads_to_the_symbol(report: str, said: str, symbol: str) -> None:
    """With a kernel that has everything but the symbol, the first answer is the symbol."""
    found = why_message(said, library=LIBRARY)
    assert symbol in {s for c in found for r in c.rows for s in r.symbols}, report
    names = {s for c in found for r in c.rows for s in r.symbols}
    lines = "".join(f"# CONFIG_{n} is not set\n" if n == symbol else f"CONFIG_{n}=y\n" for n in sorted(names))
    first = next(c for c in why_message(said, kernel(lines), library=LIBRARY) if c.finding is not None)
    alternatives = {"NFT_COMPAT", "NF_TABLES_IPV4", "GENEVE"}  # of which another back-end or name works on this kernel
    assert symbol in alternatives or (first.lacks and symbol in first.rows[0].symbols), (report, first.rows[0])


@pytest.mark.parametrize(
    ("said", "symbol"),
    [
        (
            "tc filter add dev eth0 parent ffff: protocol ip u32 match u32 0 0\nError: TC classifier not found.",
            "NET_CLS_U32",
        ),
        (
            "+ tc filter add dev eth0 ingress protocol ip flower dst_port 80\nError: TC classifier not found.",
            "NET_CLS_FLOWER",
        ),
        (
            (
                "tc filter add dev eth0 ingress matchall action mirred egress redirect dev ifb0\n"
                "Error: Failed to load TC action module.\nWe have an error talking to the kernel"
            ),
            "NET_ACT_MIRRED",
        ),
        ('plugin type="tap" failed (add): failed to create tap: no such file or directory', "TUN"),
        ('wgengine.New: tstun.New: CreateTUN("tailscale0") failed; /dev/net/tun does not exist', "TUN"),
    ],
)
def test_a_command_and_its_error_lead_to_the_symbol(said: str, symbol: str) -> None:
    first = why_message(said, library=LIBRARY)[0]
    assert first.whole
    assert symbol in first.rows[0].symbols


def test_a_log_of_thousands_of_lines_is_searched_whole() -> None:
    lines = [f"2026-11-28T10:00:00Z level=info msg=reconciling endpoint {n} of pod-{n}" for n in range(20_000)]
    lines[7000] = "\tWarning: Extension statistic revision 0 not supported, missing kernel module?"
    lines[12_000] = (
        '{"stderr":"Error: Could not process rule: No such file or directory\\nadd rule ip x y numgen random mod 2"}'
    )
    found = why_message("\n".join(lines), library=LIBRARY)
    assert {c.rows[0].expr.text: c.line for c in found if c.whole} == {
        "NETFILTER_XT_MATCH_STATISTIC": 7001,
        "NFT_NUMGEN": 12_001,
    }


def test_what_the_kernel_lacks_comes_first() -> None:
    said = "Extension socket revision 0 not supported"
    has = kernel("CONFIG_NETFILTER_XT_MATCH_SOCKET=y\n# CONFIG_IP6_NF_IPTABLES is not set\n")
    found = why_message(said, has, library=LIBRARY)
    assert [(c.rows[0].expr.text, c.lacks) for c in found] == [
        ("IP6_NF_IPTABLES", True),
        ("NETFILTER_XT_MATCH_SOCKET", False),
    ]


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("Extension socket revision 0 not supported", "NETFILTER_XT_MATCH_SOCKET"),
        ("Warning: Extension MARK revision 0 not supported, missing kernel module?", "NETFILTER_XT_MARK"),
        ("Extension TPROXY revision 0 not supported", "NETFILTER_XT_TARGET_TPROXY"),
        ("Extension CT revision 0 not supported", "NETFILTER_XT_TARGET_CT"),
        ("Extension NFLOG revision 0 not supported", "NETFILTER_XT_TARGET_NFLOG"),
        ("Extension addrtype revision 0 not supported", "NETFILTER_XT_MATCH_ADDRTYPE"),
        ("Extension connmark revision 0 not supported", "NETFILTER_XT_CONNMARK"),
        ("Extension CONNMARK revision 0 not supported", "NETFILTER_XT_CONNMARK"),
        ("Error registering network: failed to create vxlan device: operation not supported", "VXLAN"),
        ("runc create failed: open /proc/self/cgroup: no such file or directory", "CGROUPS"),
    ],
)
def test_the_symbol_that_a_message_names_comes_first(said: str, first: str) -> None:
    """Before an IPv6 half that many messages point at, and before releases that lost it."""
    assert first in why_message(said, library=LIBRARY)[0].rows[0].symbols


@pytest.mark.parametrize(
    ("said", "one"),
    [
        ("iptables: No chain/target/match by that name.", "NETFILTER_XT_MATCH_ADDRTYPE"),
        ("Error: Unknown device type.", "VXLAN"),
        ("ip link add x: RTNETLINK answers: Operation not supported", "WIREGUARD"),
    ],
)
def test_half_a_message_behind_a_colon_is_known_too(said: str, one: str) -> None:
    found = why_message(said, library=LIBRARY)
    assert not any(c.whole for c in found)
    assert one in {s for c in found for s in c.rows[0].symbols}


@pytest.mark.parametrize(
    "said",
    [
        "iptables: Protocol not available",
        "bpf: Invalid argument",
        "x: y: z",
        ": : : : ",
        # These were answered with uprobes, BBR and IPVS, of which somebody's message ends like this.
        "open /proc/sys/net/ipv4/conf/x/arp_notify: no such file or directory",
        "creating device x: operation not supported",
        "x: not supported",
    ],
)
def test_an_end_that_many_errors_share_is_no_message(said: str) -> None:
    """Behind a colon only what is a whole part of a message counts."""
    assert why_message(said, library=LIBRARY) == []


@pytest.mark.parametrize(
    "said",
    [
        "No such file or directory",
        "Operation not supported.",
        "error: Invalid argument (os error 22)",
        "not found",
        "failed",
    ],
)
def test_the_name_of_an_error_alone_points_at_nothing(capsys: pytest.CaptureFixture[str], said: str) -> None:
    """It was a part of thirty messages, and the best five of them were shown."""
    status, out, err = run(capsys, said)
    assert (status, out) == (1, "")
    assert "no known message is in it" in err


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("wireguard: Unknown device type", "WIREGUARD"),
        ("Error: ipvlan: Unknown device type.", "IPVLAN"),
        ("failed while reinitializing datapath: creating vxlan device cilium_vxlan: operation not supported", "VXLAN"),
        ("failed while reinitializing datapath: creating geneve device cilium_geneve: not supported", "GENEVE"),
    ],
)
def test_of_causes_that_agree_equally_the_one_that_the_line_names_is_first(said: str, first: str) -> None:
    assert first in why_message(said, library=LIBRARY)[0].rows[0].symbols


def test_only_the_line_that_has_the_message_names_a_symbol() -> None:
    log = "vxlan is up\nfailed while reinitializing datapath: creating device cilium_geneve\nvxlan"
    assert "GENEVE" in why_message(log, library=LIBRARY)[0].rows[0].symbols


def test_a_part_of_a_message_is_not_said_to_be_the_message() -> None:
    found = why_message("iptables: No chain/target/match by that name", library=LIBRARY)
    lines = text(found, RenderOptions(), 3).splitlines()
    assert not [line for line in lines if line.startswith("  says")]
    assert [line for line in lines if line.startswith("  part of  -j CT *No chain/target/match by that name")]
    assert [c["whole"] for c in document(found)["causes"]] == [False] * len(found)


def test_the_reported_kernel_names_its_cause(shared: Path) -> None:
    config = parse_config(config_text(shared / "cases/talos-13935-ip6tables-nft.config.gz"))
    found = why_message("Extension MARK revision 0 not supported", Kernel(config, Provenance("k", "file", "k")))
    assert found[0].rows[0].expr.text == "IP6_NF_IPTABLES"


def test_quotes_case_escapes_and_line_breaks_do_not_matter() -> None:
    said = "\x1b[31mCAN’T initialize IPTABLES   table “nat”: Table does not exist\x1b[0m"
    assert any(c.rows[0].expr.text == "IP_NF_NAT" and c.whole for c in why_message(said, library=LIBRARY))


def test_a_star_does_not_reach_over_a_whole_log() -> None:
    text = Text("Could not process rule: No such file" + "x " * MOST_BETWEEN + "fib daddr")
    assert text.find("Could not process rule*fib daddr") is None
    assert text.find("Could not process rule*x") is not None


def test_counting_ends() -> None:
    hit = Text("missing module veth\n" * (MOST_HITS * 3)).find("module veth")
    assert hit is not None
    assert (hit.count, hit.line) == (MOST_HITS, 1)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["why", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "Extension socket revision 0 not supported")
    assert status == 0
    assert "tproxy-socket/xt-socket" in out
    assert "CONFIG_NETFILTER_XT_MATCH_SOCKET=y." in out


def test_no_match_ends_with_1_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "the quick brown fox")
    assert (status, out) == (1, "")
    assert "no known message" in err


def test_a_log_file_with_the_kernel_it_came_from(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log, config = tmp_path / "agent.log", tmp_path / "k.config"
    log.write_bytes(b"\xff\xfe binary\nWarning: Extension comment revision 0 not supported\n")
    config.write_text("# Linux/x86_64 6.12.0 Kernel Configuration\n# CONFIG_NETFILTER_XT_MATCH_COMMENT is not set\n")
    status, out, _ = run(capsys, "--log", str(log), str(config), "-f", "json", "-q")
    document = json.loads(out)
    jsonschema.validate(document, json.loads(data_file("schemas/why.schema.json").read_text(encoding="utf-8")))
    [cause] = document["causes"]
    assert (status, cause["line"], cause["symbols"][0]["name"]) == (0, 2, "NETFILTER_XT_MATCH_COMMENT")
    assert "kube-proxy-iptables/xt-comment" not in cause["requirement"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no message"),
        (["x y z", "k.config", "--log", "f"], "a message and --log"),
        (["--log", "nowhere.log"], "cannot be read"),
        (["-", "-"], "both the log and the kernel"),
        (["some message", "-f", "yaml"], "--format yaml"),
    ],
)
def test_wrong_use_is_one_clear_error(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert words in err


def test_without_a_kernel_every_version_has_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "Table does not exist (do you need to insmod?)")
    told = " ".join(out.split())
    assert "or Linux >=6.17: needs NETFILTER_XTABLES && (NETFILTER_XTABLES_LEGACY" in told
    assert "or Linux >=6.17: Set CONFIG_NETFILTER_XTABLES_LEGACY=y" not in told
    _, out, _ = run(capsys, "can't initialize iptables table `nat'", "-f", "json")
    found = next(c for c in json.loads(out)["causes"] if c["expr"] == "IP_NF_NAT")
    assert [(e["kernel"], e["arch"], e["expr"]) for e in found["elsewhere"]] == [(">=6.17", [], "IP_NF_NAT")]
    assert "CONFIG_NETFILTER_XTABLES_LEGACY=y" in found["elsewhere"][0]["fix"]
    assert "CONFIG_NETFILTER_XTABLES_LEGACY=y" not in found["fix"]


def test_with_a_kernel_only_its_own_answer_stands(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "Table does not exist (do you need to insmod?)", "recorded:apple@0.38.0", "-f", "json")
    assert all(c["elsewhere"] == [] for c in json.loads(out)["causes"])
    _, out, _ = run(capsys, "Table does not exist (do you need to insmod?)", "recorded:apple@0.38.0")
    assert "  or " not in out


def test_every_variant_that_asks_or_advises_otherwise_is_told() -> None:
    rows = {(r.profile, r.id): r for r, _ in LIBRARY.messages()}.values()
    assert any(r.variants for r in rows)
    for row in rows:
        message = next(m for r, m in LIBRARY.messages() if (r.profile, r.id) == (row.profile, row.id))
        told = " ".join(text([Cause((row,), message, 1, 1, 1, True)], RenderOptions(width=100_000), 1).split())
        for variant in row.variants:
            assert not variant.fix or " ".join(variant.fix.split()) in told, row.id


@pytest.mark.parametrize(("said", "symbol"), [("eBPF JIT", "BPF_JIT"), ("geneve", "GENEVE"), ("xfrm", "XFRM_USER")])
def test_a_few_words_of_a_message_do(said: str, symbol: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, said, "--all")
    assert status == 0
    assert symbol in out


@pytest.mark.parametrize("said", ["eBP", "BPF JI", "a"])
def test_a_piece_of_a_word_is_no_message(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, said)[0] == 1


def test_colours_reach_the_terminal_as_colours(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "eBPF JIT", "recorded:kata@3.17.0", "--color", "always")
    assert "\x1b[31mFAIL" in out
    assert "\\x1b" not in out


def test_what_a_kernel_has_is_no_module_where_there_is_none_and_is_not_to_be_set(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "k.config"
    config.write_text("# Linux/x86_64 6.12.0 Kernel Configuration\nCONFIG_BPF_JIT=y\nCONFIG_HAVE_EBPF_JIT=y\n")
    _, out, _ = run(capsys, "Require support for the eBPF JIT", str(config), "--built", "-q")
    assert out.startswith("PASS    cilium-agent/jit (required)")
    assert "was it logged on another kernel?" in " ".join(out.split())
    assert "module" not in out
    assert "  fix " not in out
    config.write_text(
        "# Linux/x86_64 6.12.0 Kernel Configuration\nCONFIG_MODULES=y\nCONFIG_NETFILTER_XT_MATCH_COMMENT=m\n"
    )
    _, out, _ = run(capsys, "Extension comment revision 0 not supported", str(config), "--built", "-q")
    assert "a module that is not installed or not loaded" in " ".join(out.split())
    assert "  fix " not in out


@pytest.mark.parametrize(
    "said",
    [
        "creating vxlan device cilium_vxlan: creating device cilium_vxlan",
        "level=error msg=x: creating vxlan device cilium_vxlan: creating device cilium_vxlan",
        "up vxlan device: creating vxlan device cilium_vxlan: creating device cilium_vxlan",
        "reinitializing datapath: creating vxlan device cilium_vxlan: creating device cilium_vxlan",
    ],
)
def test_a_message_whose_beginning_is_cut_is_found_whatever_follows(said: str) -> None:
    found = why_message(said, library=LIBRARY)
    assert "VXLAN" in found[0].rows[0].symbols
    assert not found[0].whole


def test_of_a_log_what_ends_the_agent_comes_before_what_says_more() -> None:
    log = (
        'plugin type="bandwidth" failed (add): adding link: operation not supported\n'
        "creating netlink handle: protocol not supported\n"
    )
    lacks = kernel("# CONFIG_XFRM_USER is not set\n# CONFIG_IFB is not set\n")
    found = [(str(c.finding.status), c.line) for c in why_message(log, lacks, library=LIBRARY) if c.finding]
    assert found[0] == ("fail", 2), found


def test_on_one_line_what_says_more_comes_first_however_much_it_matters() -> None:
    said = "can't initialize iptables table `nat': Table does not exist (do you need to insmod?)"
    lacks = kernel("CONFIG_NETFILTER_XTABLES=y\n# CONFIG_IP_NF_NAT is not set\n")
    found = [(str(c.finding.status), c.weight) for c in why_message(said, lacks, library=LIBRARY) if c.finding]
    assert found == sorted(found, key=lambda row: (row[0] == "pass", -row[1]))
