"""Symbols that are m and whose module is not installed, or is blocked: a fact of its own, and never a pass."""

import os
import re
import runpy
import tarfile
from pathlib import Path

import pytest

from kina_audit.api import audit, judge_claims, load_profiles
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.engine.finding import Status
from kina_audit.kernel.modules import (
    Modules,
    command_line_settings,
    files_of,
    lines_against,
    module_name,
    named,
    with_installed,
)
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.matrix import MatrixRequest, rows
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources import open_source
from kina_audit.sources.local.running import open_running
from kina_audit.sources.options import SourceOptions
from tests.conftest import linux_source

pytestmark = pytest.mark.usefixtures("built")

RELEASE = "6.12.3-vendor"
HEADER = "# Linux/x86 6.12.3 Kernel Configuration\n" + "".join(f"CONFIG_HAVE_X{i}=y\n" for i in range(60))
ON = "CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_X86_64=y\n"
TEXT = HEADER + ON + "CONFIG_VXLAN=m\nCONFIG_NET_UDP_TUNNEL=m\nCONFIG_GENEVE=m\n"
DEP = "kernel/drivers/net/vxlan/vxlan.ko{0}: kernel/net/ipv4/udp_tunnel.ko{0}\nkernel/net/ipv4/udp_tunnel.ko{0}:\n"


def root_of(folder: Path, files: dict[str, str], text: str = TEXT) -> Path:
    for name, content in {f"boot/config-{RELEASE}": text, **files}.items():
        path = folder / name.format(modules=f"lib/modules/{RELEASE}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def running(root: Path) -> Kernel:
    return open_running(SourceOptions(), root=root, platform="linux", release=RELEASE)


def stands(kernel: Kernel, name: str) -> tuple[str, str, str]:
    """(status, state of the symbol, because) of a profile with one symbol."""
    [result] = audit(kernel, load_profiles([name]), cilium=None).results[:1]
    finding = result.findings[0]
    state = next(s.state for s in finding.symbols if s.name in ("VXLAN", "GENEVE"))
    return str(finding.status), str(state), finding.reason


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_what_modules_dep_lists_is_installed(tmp_path: Path, suffix: str) -> None:
    kernel = open_source(str(root_of(tmp_path, {"{modules}/modules.dep": DEP.format(suffix)})))
    assert stands(kernel, "vxlan") == ("pass", "set", "")
    status, state, because = stands(kernel, "geneve")
    assert (status, state) == ("fail", "not installed")
    assert because == f"CONFIG_GENEVE=m, and no module file geneve.ko is in /lib/modules/{RELEASE}"


def test_the_fix_is_to_install_and_not_to_configure(tmp_path: Path) -> None:
    kernel = open_source(str(root_of(tmp_path, {"{modules}/modules.dep": ""})))
    [result] = audit(kernel, load_profiles(["geneve"]), cilium=None).results
    assert "kernel-modules-extra" in result.findings[0].fix
    assert "CONFIG_GENEVE" not in result.findings[0].fix
    kernel = open_source(str(root_of(tmp_path, {}, TEXT.replace("CONFIG_INET=y\n", ""))))
    [result] = audit(kernel, load_profiles(["geneve"]), cilium=None).results
    assert "Set CONFIG_INET=y and CONFIG_GENEVE=y." in result.findings[0].fix


def test_a_module_that_is_built_in_is_there(tmp_path: Path) -> None:
    files = {"{modules}/modules.dep": "", "{modules}/modules.builtin": "kernel/drivers/net/geneve.ko\n"}
    assert stands(open_source(str(root_of(tmp_path, files))), "geneve")[0] == "pass"


@pytest.mark.parametrize(
    ("name", "line", "blocked"),
    [
        ("etc/modprobe.d/a.conf", "install vxlan /bin/false", True),
        ("etc/modprobe.d/a.conf", "  install vxlan \\\n   /usr/bin/true", True),
        ("usr/lib/modprobe.d/a.conf", "install vx* :", True),
        ("etc/modprobe.d/a.conf", 'install vxlan /bin/sh -c "exit 0"', True),
        ("etc/modprobe.d/a.conf", "install vxlan /usr/bin/logger blocked; /bin/false", True),
        ("etc/modprobe.d/a.conf", "install vxlan /bin/sh -c 'modprobe --ignore-install vxlan'", False),
        ("etc/modprobe.d/a.conf", "blacklist vxl\\\nan", True),
        ("etc/modprobe.d/a.conf", "blacklist vxlan", True),
        ("lib/modprobe.d/a.conf", "blacklist vxlan # no tunnels", True),
        ("etc/modprobe.d/a.conf", "# install vxlan /bin/false", False),
        ("etc/modprobe.d/a.conf", "install vxlan /sbin/modprobe --ignore-install vxlan && logger hi", False),
        ("etc/modprobe.d/a.conf", "install vxlan /opt/load-it", False),
        ("etc/modprobe.d/a.conf", "install vxlan", False),
        ("etc/modprobe.d/a.conf", "options vxlan x=1\nblacklist vxlan_other", False),
        ("etc/modprobe.d/a.conf.dpkg-old", "install vxlan /bin/false", False),
    ],
)
def test_lines_that_block(tmp_path: Path, name: str, line: str, *, blocked: bool) -> None:
    kernel = open_source(str(root_of(tmp_path, {"{modules}/modules.dep": DEP.format(""), name: line + "\n"})))
    status, state, because = stands(kernel, "vxlan")
    assert (status, state) == (("fail", "blocked") if blocked else ("pass", "set"))
    assert ("/modprobe.d/a.conf" in because) is blocked


@pytest.mark.parametrize(
    ("line", "more", "blocked"),
    [
        ("install udp_tunnel /bin/false", {}, True),
        ("install ip6_udp_tunnel /bin/true", {}, True),
        ("install udp-tunnel /sbin/modprobe --ignore-install udp_tunnel", {}, False),
        # A blacklist is about what is asked for by a name, and what is in the kernel is not loaded.
        ("blacklist udp_tunnel", {}, False),
        ("install udp_tunnel /bin/false", {"{modules}/modules.builtin": "kernel/net/ipv4/udp_tunnel.ko\n"}, False),
        ("install something_else /bin/false", {}, False),
    ],
)
def test_what_a_module_needs_may_be_blocked(tmp_path: Path, line: str, more: dict[str, str], *, blocked: bool) -> None:
    dep = (
        "kernel/drivers/net/vxlan/vxlan.ko.xz: kernel/net/ipv4/udp_tunnel.ko.xz kernel/net/ipv6/ip6_udp_tunnel.ko.xz\n"
        "kernel/net/ipv4/udp_tunnel.ko.xz:\nkernel/net/ipv6/ip6_udp_tunnel.ko.xz:\n"
    )
    files = {"{modules}/modules.dep": dep, "etc/modprobe.d/a.conf": f"{line}\n", **more}
    status, state, because = stands(open_source(str(root_of(tmp_path, files))), "vxlan")
    assert (status, state) == (("fail", "blocked") if blocked else ("pass", "set"))
    assert (f"which is kept from being loaded by `{line}`" in because) is blocked


def test_the_first_folder_masks_a_file_of_the_same_name(tmp_path: Path) -> None:
    root = root_of(
        tmp_path, {"{modules}/modules.dep": DEP.format(""), "usr/lib/modprobe.d/a.conf": "install vxlan /bin/false"}
    )
    assert stands(open_source(str(root)), "vxlan")[0] == "fail"
    (tmp_path / "etc/modprobe.d").mkdir(parents=True)
    (tmp_path / "etc/modprobe.d/a.conf").symlink_to("/dev/null")
    assert stands(open_source(str(root)), "vxlan")[0] == "pass"


def test_without_modules_dep_the_files_themselves_tell(tmp_path: Path) -> None:
    """What was unpacked and not installed has had no depmod; a machine that runs so loads nothing."""
    root = root_of(
        tmp_path, {"{modules}/kernel/drivers/net/vxlan/vxlan.ko.xz": "", "{modules}/updates/udp_tunnel.ko": ""}
    )
    assert stands(open_source(str(root)), "vxlan")[0] == "pass"
    assert stands(open_source(str(root)), "geneve")[1] == "not installed"
    status, state, because = stands(running(root), "vxlan")
    assert (status, state) == ("fail", "blocked")
    assert "no modules.dep" in because


def test_a_folder_with_a_config_and_no_modules_says_nothing_of_them(tmp_path: Path) -> None:
    root = root_of(tmp_path, {"{modules}/config": TEXT})
    assert stands(open_source(str(root)), "geneve")[0] == "pass"
    (tmp_path / "other").mkdir()
    (tmp_path / "other/config").write_text(TEXT)
    assert stands(open_source(str(tmp_path / "other/config"), SourceOptions(built=True)), "geneve")[0] == "pass"


@pytest.mark.parametrize(
    ("files", "status", "state"),
    [
        ({}, "pass", "set"),
        ({"proc/modules": "", "etc/modprobe.d/x.conf": "blacklist vxlan"}, "fail", "blocked"),
        ({"proc/modules": "vxlan 1 0 - Live 0x0", "etc/modprobe.d/x.conf": "blacklist vxlan"}, "pass", "set"),
        ({"proc/sys/kernel/modules_disabled": "1\n", "proc/modules": "udp_tunnel 1\n"}, "fail", "blocked"),
        ({"proc/sys/kernel/modules_disabled": "1\n", "proc/modules": "vxlan 1\nudp_tunnel 1\n"}, "pass", "set"),
        ({"proc/sys/kernel/modprobe": "\n", "proc/modules": "udp_tunnel 1\n"}, "unknown", "not loaded"),
        ({"proc/sys/kernel/modprobe": "/sbin/modprobe\n", "proc/modules": ""}, "pass", "set"),
        ({"proc/cmdline": "root=/dev/vda quiet modprobe.blacklist=geneve,vxlan"}, "fail", "blocked"),
    ],
)
def test_a_running_machine_shows_more(tmp_path: Path, files: dict[str, str], status: str, state: str) -> None:
    root = root_of(tmp_path, {"{modules}/modules.dep": DEP.format(""), **files})
    assert stands(running(root), "vxlan")[:2] == (status, state)


def test_a_kernel_that_loads_nothing_itself_cannot_be_told_of(tmp_path: Path) -> None:
    root = root_of(tmp_path, {"{modules}/modules.dep": DEP.format("")}, TEXT + 'CONFIG_MODPROBE_PATH=""\n')
    kernel = open_source(str(root))
    status, state, because = stands(kernel, "vxlan")
    assert (status, state) == ("unknown", "not loaded")
    assert 'CONFIG_MODPROBE_PATH=""' in because


def test_nothing_of_the_command_line_is_kept_but_blacklists() -> None:
    text = "root=UUID=1-2 secret=x modprobe.blacklist=a,b module_blacklist=c initcall_blacklist=d"
    assert command_line_settings(text) == "blacklist a\nblacklist b\nmodule_blacklist c"


def test_another_target_than_the_one_that_is_installed(tmp_path: Path) -> None:
    root = root_of(tmp_path, {"{modules}/modules.dep": ""})
    kernel = open_source(str(root), SourceOptions(target_kernel="6.18.5"))
    assert not kernel.config.predicted


def test_what_is_no_file_or_leads_out_is_left_alone(tmp_path: Path) -> None:
    root = root_of(tmp_path / "root", {"{modules}/kernel/vxlan.ko": "", "etc/keep": ""})
    os.mkfifo(root / f"lib/modules/{RELEASE}/modules.dep")
    (root / "etc/modprobe.d").mkdir()
    (root / "etc/modprobe.d/loop.conf").symlink_to("loop.conf")
    outside = tmp_path / "outside.conf"
    outside.write_text("install vxlan /bin/false\n")
    (root / "etc/modprobe.d/out.conf").symlink_to(outside)
    (root / "run").symlink_to(tmp_path)
    assert stands(open_source(str(root)), "vxlan")[0] == "pass"
    away = root_of(tmp_path / "away", {})
    (away / "lib/modules").mkdir(parents=True)
    (tmp_path / RELEASE).mkdir()
    (away / f"lib/modules/{RELEASE}").symlink_to(tmp_path / RELEASE)
    assert stands(open_source(str(away)), "geneve")[0] == "pass"


def test_claims_know_the_difference(tmp_path: Path) -> None:
    kernel = open_source(str(root_of(tmp_path, {"{modules}/modules.dep": ""})))
    answers = judge_claims(kernel, "CONFIG_GENEVE=m\nCONFIG_GENEVE\n")
    assert [str(a.truth) for a in answers] == ["true", "false"]
    assert "no module file geneve.ko" in answers[1].because


def test_a_symbol_that_selects_another_is_held_by_that_one() -> None:
    base = HEADER + ON + "CONFIG_NETFILTER_XT_MATCH_MARK=m\nCONFIG_NETFILTER_XT_MARK={}\n"
    for value, files in (("m", ("xt_mark",)), ("y", ())):
        assert files_of("NETFILTER_XT_MATCH_MARK", parse_config(base.format(value))) == files
    missing = with_installed(parse_config(base.format("m")), Modules("/lib/modules/x"))
    assert {s: str(f.state) for s, f in missing.predicted.items()} == dict.fromkeys(
        ("NETFILTER_XT_MATCH_MARK", "NETFILTER_XT_MARK"), "not installed"
    )


def test_names() -> None:
    assert module_name("kernel/net/sched/cls-bpf.ko.zst") == "cls_bpf"
    assert module_name("kernel/net/sched/cls_bpf.mod") == ""
    by_name = "blacklist tcp_bbr\nblacklist br-netfilter\nmodule_blacklist sch_fq\ninstall sch_ingress /bin/true\n"
    assert set(lines_against([("x", by_name)])) == {"sch_fq", "sch_ingress"}
    assert lines_against([("x", "install a-b /bin/false\nblacklist a_b\n")]) == {"a_b": "`install a-b /bin/false` in x"}


def test_the_list_names_symbols_of_profiles_or_what_they_select() -> None:
    document = toml_document(data_file("module-files.toml"))
    wanted = {s for p in ProfileLibrary().select(["all"]) for r in p.requirements for s in r.symbols}
    known = {s for group in document["makefile"] for s in group["modules"]}
    chosen = {s for names in document["through"].values() for s in names.split()}
    assert known | document["through"].keys() <= wanted | chosen
    assert {"VXLAN", "NF_TABLES", "BRIDGE_NETFILTER", "NETFILTER_XT_MATCH_COMMENT", "WIREGUARD"} <= known


@pytest.mark.slow
@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_the_list_says_what_the_makefiles_say(version: str) -> None:
    tree = linux_source(version)
    target = KernelVersion.parse(version)
    for group in toml_document(data_file("module-files.toml"))["makefile"]:
        if "kernel" in group and target not in VersionRange.parse(group["kernel"]):
            continue
        makefile = tree / group["path"]
        if not makefile.exists():  # it moved in another version
            continue
        text = makefile.read_text().replace("\\\n", " ")
        for symbol, names in group["modules"].items():
            said = re.findall(rf"^\s*obj-\$\(CONFIG_{symbol}\)\s*[:+]?=(.*)$", text, re.MULTILINE)
            objects = {word.removesuffix(".o") for line in said for word in line.split() if word.endswith(".o")}
            assert objects == set(names.split()) or not said, symbol
    # Nothing that profiles name is left out, as far as the Makefiles say it plainly.
    script = runpy.run_path(str(Path(__file__).resolve().parents[1] / "scripts/module_files.py"))
    wanted = {s for p in ProfileLibrary().select(["all"]) for r in p.requirements for s in r.symbols}
    told, _ = script["modules"](tree, wanted & script["selects"](tree)[1])
    assert told.keys() <= set(named()), "scripts/module_files.py writes the list again"


def test_the_reports_of_nodes_without_their_modules(shared: Path, tmp_path: Path) -> None:
    packed = shared / "cases/kops-18724-module-not-installed.root.tar.gz"
    if not packed.exists():
        pytest.skip("the case is not in this edition of the research data")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    kernel = open_source(str(tmp_path / "kops-18724-module-not-installed.root"))
    profiles = load_profiles(["flannel-vxlan", "kube-proxy-iptables", "calico-iptables"])
    found = {s.name: s for r in audit(kernel, profiles, cilium=None).results for f in r.findings for s in f.symbols}
    for symbol in ("VXLAN", "NFT_COMPAT", "BRIDGE_NETFILTER"):
        assert (found[symbol].value, str(found[symbol].state)) == ("m", "not installed")
    assert audit(kernel, profiles, cilium=None).results[0].status is Status.FAIL


def test_what_may_not_be_seen_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = root_of(tmp_path, {"{modules}/modules.dep": "", "sys/kernel/btf/vmlinux": "", "etc/modprobe.d/x.conf": ""})
    real = Path.stat

    def stat(path: Path, **named: bool) -> os.stat_result:
        if path.is_relative_to(root) and path.relative_to(root).parts[:1] in (("lib",), ("sys",), ("etc",)):
            raise PermissionError(13, "Permission denied")
        return real(path, **named)

    monkeypatch.setattr(Path, "stat", stat)
    assert stands(open_source(str(root)), "geneve")[0] == "pass"
    assert stands(running(root), "geneve")[0] == "pass"


def test_a_folder_of_modules_without_any_module_has_none_installed(tmp_path: Path) -> None:
    root = root_of(tmp_path, {"{modules}/modules.builtin": "kernel/drivers/net/veth.ko\n"})
    assert stands(open_source(str(root)), "geneve")[0] == "fail"


@pytest.mark.parametrize("order", [1, -1])
def test_nodes_with_one_config_and_other_modules_have_rows_of_their_own(tmp_path: Path, order: int) -> None:
    """Of a pool with one kernel package, the node without the module had the row of the one that came before it."""
    files = {"there": DEP.format(""), "gone": ""}
    roots = [root_of(tmp_path / name, {"{modules}/modules.dep": dep}) for name, dep in files.items()]
    sources = [str(root) for root in roots][::order]
    request = MatrixRequest(profiles=("vxlan",), cilium=None)
    found = [row.verdict for row in rows(sources, request, jobs=1)]
    assert found == ["pass", "fail"][::order]
