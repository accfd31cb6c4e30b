"""`probe` leaves no trace, however it ends, and gives clear answers where it may do little. Needs root."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kina_audit.engine.probed import Outcome
from kina_audit.probe.catalogue import every_probe
from kina_audit.probe.runner import run
from tests.conftest import ROOT, alone

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="namespaces need root"
)

PREFIX = "kina-audit-probe-"
MANY = ["link_veth", "link_bridge", "ip_rule_v4", "nft_add_table_inet", "cgroup_attach_connect4", "bpffs_pin", "fs_overlay",
        "legacy_iptables_filter", "route_table_v4", "data_veth_ping", "ns_uts"]  # fmt: skip


@pytest.fixture(autouse=True)
def alone_on_this_machine() -> Iterator[None]:
    """What another run of a probe does meanwhile would look like a trace."""
    with alone("probe"):
        yield


def lines(*parts: str) -> str:
    return "\n".join(parts)


def said(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    # What counts on by itself.
    return re.sub(r"\b(valid_lft|preferred_lft|counter packets|bytes|used|expires) \S+|\b\d+(sec|ms)\b", "", text)


def state() -> dict[str, object]:
    """What the host shows of itself, as far as a probe could change it."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    groups = {str(p) for top in Path("/sys/fs/cgroup").glob("**/") if "kina" in top.name for p in [top]}
    sysctls = {}
    for path in Path("/proc/sys/net").rglob("*"):
        try:
            sysctls[str(path)] = (
                path.read_text(encoding="utf-8") if path.is_file() and "nf_conntrack_count" not in path.name else ""
            )
        except OSError:
            continue
    return {
        "links": said("ip", "-all", "-details", "link"), "addresses": said("ip", "address"), "rules": said("ip", "rule"),
        "routes": said("ip", "route", "show", "table", "all"), "six": said("ip", "-6", "rule"), "namespaces": said("ip", "netns"),
        "nft": said("nft", "list", "ruleset"), "qdiscs": said("tc", "qdisc"), "xfrm": said("ip", "xfrm", "state"),
        "sets": said("ipset", "list"), "mounts": mounts, "cgroups": groups, "sysctls": sysctls,
        "pinned": sorted(str(p) for p in Path("/sys/fs/bpf").rglob("*")) if Path("/sys/fs/bpf").is_dir() else [],
        "tmp": sorted(p.name for p in Path("/mnt").iterdir()),
        "host": os.uname().nodename,
    }  # fmt: skip


def programs() -> int:
    """BPF programs that the kernel holds."""
    text = said("bpftool", "-j", "prog", "list")
    return len(json.loads(text)) if text else 0


def processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"kina_audit.probe.keeper" in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def gone(seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not processes():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_a_run_leaves_no_trace() -> None:
    before, held = state(), programs()
    tried = run(MANY)
    assert sum(a.outcome is Outcome.WORKS for a in tried.attempts.values()) > len(MANY) // 2
    assert gone()
    assert state() == before
    assert programs() <= held


def command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "kina_audit", "probe", "none", "-v", *arguments], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, *(pytest.param(s, marks=pytest.mark.slow) for s in (signal.SIGINT, signal.SIGTERM))]
)
@pytest.mark.slow
def test_a_run_that_is_killed_half_way_leaves_no_trace(how: signal.Signals) -> None:
    before = state()
    process = command("--only", "data_*", "--only", "cgroup_attach_*")
    assert process.stderr is not None
    for line in process.stderr:
        if "ping" in line or "connect to" in line:
            break
    assert processes()
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert gone()
    assert state() == before


@pytest.mark.slow
def test_killing_the_keeper_itself_leaves_no_trace() -> None:
    before = state()
    process = command("--only", "data_*")
    assert process.stderr is not None
    for line in process.stderr:
        if "ping" in line:
            break
    for pid in processes():
        os.kill(int(pid), signal.SIGKILL)
    out, _ = process.communicate(timeout=30)
    assert gone()
    assert "NOT TRIED" in out or process.returncode == 3
    assert state() == before


@pytest.mark.slow
def test_a_probe_that_hangs_is_cut_off() -> None:
    tried = run(["data_veth_ping"], seconds=0.001)
    assert tried.attempts["data_veth_ping"].outcome is Outcome.NOT_TRIED
    assert "cut off" in tried.attempts["data_veth_ping"].said
    assert gone()


def as_somebody(code: str, prepare: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command after some Python that takes rights away."""
    script = f"import os, sys\n{prepare}\nsys.argv = ['kina-audit', {code}]\nfrom kina_audit.__main__ import run\nrun()"
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


PROBES = "'probe', 'none', '--only', 'link_veth', '--only', 'af_inet', '--only', 'bpf_map_hash'"


def readable() -> bool:
    """Whether nobody may read this checkout and this Python."""
    return subprocess.run(
        [sys.executable, "-c", f"import os; os.setuid(65534); os.chdir({str(ROOT)!r}); import kina_audit.probe.keeper"],
        capture_output=True, check=False,
    ).returncode == 0  # fmt: skip


def test_an_ordinary_user_is_told_what_it_takes() -> None:
    if not readable():
        pytest.skip("this checkout or this Python is not readable for others")
    done = as_somebody(PROBES, "os.setgroups([]); os.setgid(65534); os.setuid(65534)")
    assert "Traceback" not in done.stderr
    assert "needs CAP_SYS_ADMIN" in done.stdout
    assert "1 work" in done.stdout


@pytest.mark.slow
def test_without_capabilities_nothing_is_made_up() -> None:
    drop = lines(
        "import ctypes", "libc = ctypes.CDLL(None)", "[libc.prctl(24, n, 0, 0, 0) for n in range(64)]",
        "import struct", "head = ctypes.create_string_buffer(struct.pack('=Ii', 0x20080522, 0))",
        "libc.capset(head, ctypes.create_string_buffer(24))",
    )  # fmt: skip
    done = as_somebody(PROBES, drop)
    assert "Traceback" not in done.stderr
    assert "NOT TRIED link_veth" in " ".join(done.stdout.split()) or "needs CAP_SYS_ADMIN" in done.stdout
    assert "This process lacks CAP_SYS_ADMIN" in done.stdout


@pytest.mark.slow
def test_seccomp_is_named_as_what_is_likely() -> None:
    """A filter that refuses bpf(2), as Docker's default profile does."""
    number = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of bpf(2) is not known here")
    prepare = lines(
        "import ctypes, struct", "libc = ctypes.CDLL(None)",
        f"code = struct.pack('=HBBI', 0x20, 0, 0, 0) + struct.pack('=HBBI', 0x15, 0, 1, {number})",
        "code += struct.pack('=HBBI', 6, 0, 0, 0x00050001) + struct.pack('=HBBI', 6, 0, 0, 0x7fff0000)",
        "kept = ctypes.create_string_buffer(code)", "prog = struct.pack('HxxxxxxP', 4, ctypes.addressof(kept))",
        "made = ctypes.create_string_buffer(prog)", "libc.prctl(38, 1, 0, 0, 0)", "assert libc.prctl(22, 2, made, 0, 0) == 0",
    )  # fmt: skip
    done = as_somebody("'check', 'running', '--probe', '-p', 'bpf', '--cilium', 'none'", prepare)
    assert "Traceback" not in done.stderr
    if done.returncode == 3:
        pytest.skip(f"the running kernel shows no config: {done.stderr}")
    assert "likely the seccomp filter" in " ".join(done.stdout.split())
    assert done.returncode == 1


@pytest.mark.slow
def test_root_of_a_user_namespace_is_not_told_that_the_kernel_refuses() -> None:
    """Every capability is there, and none of them holds over the kernel itself."""
    enter = lines(
        "import ctypes", "assert ctypes.CDLL(None).unshare(0x10000000) == 0", "open('/proc/self/setgroups', 'w').write('deny')",
        "open('/proc/self/uid_map', 'w').write('0 0 1')", "open('/proc/self/gid_map', 'w').write('0 0 1')",
    )  # fmt: skip
    done = as_somebody(
        "'probe', 'none', '--only', 'bpf_map_*', '--only', 'multiuser', '--only', 'link_veth', '-f', 'json'", enter
    )
    if "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    told = json.loads(done.stdout)
    assert told["circumstances"]["user_namespace"] is True
    outcomes = {p["probe"]: p["outcome"] for p in told["probes"]}
    assert outcomes.pop("multiuser") == "works"
    assert outcomes.pop("link_veth") in ("works", "fails")
    assert set(outcomes.values()) == {"not-tried"}, told["probes"]


def test_list_touches_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kina_audit", "probe", "-p", "vxlan", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "data_vxlan\n  touches  packets through a vxlan tunnel\n  behind   VXLAN && VETH && NET_NS" in done.stdout
    assert "needs    CAP_SYS_ADMIN, CAP_NET_ADMIN" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--only", "no_such"], 2, "no probe 'no_such'"),
        (["-p", "no-such"], 2, "no profile 'no-such'"),
        (["/no/such/config"], 3, "/no/such/config"),
        (["-f", "yaml"], 2, "no format 'yaml'"),
        (["--probe-timeout", "nan"], 2, "nan is no number of seconds"),
        (["--probe-timeout", "inf"], 2, "is not in the range"),
    ],
)
def test_bad_input_is_one_clear_error(arguments: list[str], code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kina_audit", "probe", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_check_probe_is_for_the_running_kernel() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kina_audit", "check", "recorded:kata@3.17.0", "--probe"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--probe tries the kernel that runs" in done.stderr


@pytest.mark.slow
def test_this_kernel_does_what_the_audit_of_its_config_says() -> None:
    """Every probe; and no trace of all of them."""
    before, held = state(), programs()
    done = subprocess.run(
        [sys.executable, "-m", "kina_audit", "check", "running", "--probe", "-p", "all", "-f", "json", "-q"], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert gone()
    assert state() == before
    assert programs() <= held
    seen = [f["observed"] for p in json.loads(done.stdout)["profiles"] for f in p["findings"] if f["observed"]]
    wrong = [o for o in seen if o["agreement"] in ("refused", "unexpected")]
    # A switch at boot or a patch of this machine's kernel may refuse what its config has; nothing works that it has not.
    assert [o for o in wrong if o["agreement"] == "unexpected"] == []
    assert len(wrong) < 0.02 * len(seen), wrong


@pytest.mark.slow
def test_bpftool_says_the_same_of_maps_programs_and_functions() -> None:
    if shutil.which("bpftool") is None:
        pytest.skip("Debian's package bpftool is not installed")
    told = json.loads(
        subprocess.run(["bpftool", "-j", "feature", "probe", "kernel"], capture_output=True, check=True).stdout
    )
    elsewhere = {"get_netns_cookie": "cgroup_sock_addr", "get_socket_cookie": "cgroup_sock_addr",
                 "get_cgroup_classid": "cgroup_sock_addr"}  # fmt: skip
    expected = {
        "bpf_fentry_load": told["program_types"]["have_tracing_prog_type"],
        "bpf_lsm_load": told["program_types"]["have_lsm_prog_type"],
    }
    for name in every_probe():
        for start, group, end in (("bpf_map_", "map_types", "map_type"), ("bpf_prog_", "program_types", "prog_type")):
            known = told[group].get(f"have_{name.removeprefix(start)}_{end}") if name.startswith(start) else None
            if known is not None:
                expected[name] = known
        function = name.removeprefix("bpf_helper_")
        listed = told["helpers"].get(f"{elsewhere.get(function, 'sched_cls')}_available_helpers")
        # bpftool before 7.3 takes the newer words of the verifier for the function's absence as its presence.
        newer = function == "override_return"
        if function != name and listed is not None and not newer:
            expected[name] = f"bpf_{function}" in listed
    tried = run(list(expected))
    assert {n: a.outcome is Outcome.WORKS for n, a in tried.attempts.items()} == expected
    assert len(expected) > 40


@pytest.mark.slow
def test_a_profile_that_names_no_probe_there_is_is_not_valid(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = 1\nid = "mine"\ntitle = "t"\ndescription = "d"\n\n[[requirement]]\nid = "a"\nexpr = "VXLAN"\nlevel = "required"\n'
        'why = "w"\nfix = "f"\nsource = "s"\nprobes = ["link_vxlann"]\n'
    )
    for command in (["profiles", "validate", str(path)], ["probe", "-p", str(path)]):
        done = subprocess.run(
            [sys.executable, "-m", "kina_audit", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "requirement 'a': no probe 'link_vxlann'; did you mean link_vxlan" in done.stderr
