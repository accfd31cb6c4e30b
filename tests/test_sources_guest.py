"""Guests and nodes: fake tools on PATH that run the script for real, or answer as the real tools do when they fail."""

import base64
import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kina_audit.errors import KinaAuditError, SourceError, SourceNotFoundError, UsageError
from kina_audit.kernel.live import EVERYWHERE, MACHINE_NETWORK, OF_THE_NETWORK, observed
from kina_audit.kernel.provenance import Observed
from kina_audit.sources import GUESTS, open_source
from kina_audit.sources.guest.commands import command_for
from kina_audit.sources.guest.script import SCRIPT, read_answer
from kina_audit.sources.local.running import open_running
from kina_audit.sources.options import SourceOptions

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CONFIG = (FIXTURES / "images.config").read_bytes()
ANSWER = (
    b"kina-audit release 6.12.3-guest\nkina-audit machine aarch64\nkina-audit btf absent\nkina-audit base64 /proc/config.gz\n"
    + base64.encodebytes(gzip.compress(CONFIG))
    + b"kina-audit end\n"
)
SOURCES = {
    "container": ["container:", "container:web", "container:docker.io/library/alpine:3"],
    "docker": ["docker:", "docker:4f2a", "docker:alpine:latest"],
    "podman": ["podman:", "podman:web"],
    "ssh": ["ssh:node1", "ssh:admin@node1:2222"],
    "kubectl": ["kubectl:node1", "kubectl:pod/kube-system/cilium-x1"],
}


def install(folder: Path, program: str, body: str) -> None:
    path = folder / program
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.mark.parametrize("source", [s for group in SOURCES.values() for s in group])
def test_every_way_in(tools: Path, tmp_path: Path, source: str) -> None:
    transport = source.partition(":")[0]
    (tmp_path / "answer").write_bytes(ANSWER)
    body = f'printf "%s\\n" "$@" >{tmp_path}/arguments\ncat >{tmp_path}/script\ncat {tmp_path}/answer'
    install(tools, transport, body)
    said: list[str] = []
    kernel = open_source(source, SourceOptions(verbose=True, say=said.append))
    assert kernel.config_bytes == CONFIG
    assert kernel.provenance.kind == transport
    assert kernel.provenance.observed == Observed("6.12.3-guest", "aarch64", btf=False, facts=(("btf", "absent"),))
    assert (tmp_path / "script").read_text() == SCRIPT
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments == list(command_for(transport, source.partition(":")[2]).arguments[1:])
    assert arguments[-1] == "sh"
    assert said[0] == "running: " + " ".join(command_for(transport, source.partition(":")[2]).arguments)
    if source == "kubectl:node1":
        assert "kubectl delete pod" in kernel.provenance.notes[0]


def test_every_transport_is_tested() -> None:
    assert set(SOURCES) == set(GUESTS)


SHELLS = [["sh"], ["bash", "--posix"], ["busybox", "sh"]]


@pytest.fixture(params=[s for s in SHELLS if shutil.which(s[0])], ids=" ".join)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


def in_root(root: Path, shell: Sequence[str] = ("sh",), script: str = SCRIPT) -> bytes:
    """Run the script below another root; the rest of it is as it is sent."""
    assert script.startswith("\nx=\n")
    moved = script.replace("\nx=\n", f"\nx={root}\n", 1)
    return subprocess.run(shell, input=moved.encode(), capture_output=True, check=True).stdout


def put(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name.replace("RELEASE", os.uname().release)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_the_script_itself_finds_what_is_there(tmp_path: Path, shell: list[str]) -> None:
    release = os.uname().release
    with pytest.raises(SourceNotFoundError, match="shows no config"):
        read_answer(in_root(tmp_path, shell), "here")
    put(tmp_path, {"boot/config-RELEASE": CONFIG, "sys/kernel/btf/other": b""})
    answer = read_answer(in_root(tmp_path, shell), "here")
    assert (answer.data, answer.release, answer.live.btf, answer.modules) == (CONFIG, release, "absent", None)
    put(tmp_path, {"proc/config.gz": gzip.compress(CONFIG), "sys/kernel/btf/vmlinux": b""})
    answer = read_answer(in_root(tmp_path, shell), "here")
    assert answer.path == "/proc/config.gz"
    assert gzip.decompress(answer.data) == CONFIG
    assert answer.live.btf == "readable"
    without = SCRIPT.replace("command -v base64", "command -v no-such-command")
    assert gzip.decompress(read_answer(in_root(tmp_path, shell, without), "here").data) == CONFIG


def test_a_place_that_cannot_be_read_is_not_the_last(tmp_path: Path, shell: list[str]) -> None:
    (tmp_path / "proc/config.gz").mkdir(parents=True)  # `[ -r` says yes
    with pytest.raises(SourceNotFoundError, match=r"/proc/config\.gz cannot be read"):
        read_answer(in_root(tmp_path, shell), "here")
    put(tmp_path, {"boot/config-RELEASE": CONFIG})
    assert read_answer(in_root(tmp_path, shell), "here").data == CONFIG


@pytest.mark.parametrize("below", ["", "host/"])
def test_the_script_brings_back_what_python_reads(tmp_path: Path, shell: list[str], below: str) -> None:
    """One reader for a machine that Python runs on, one for a shell: they see the same."""
    dep = "kernel/a/vxlan.ko.xz: kernel/b/udp_tunnel.ko.xz\nkernel/b/udp_tunnel.ko.xz:\n"
    put(tmp_path, {
        "boot/config-RELEASE": CONFIG,
        f"{below}etc/modprobe.d/a.conf": "# no\nblacklist vxlan\ninstall a-b \\\n  /bin/false\noptions c d=1\ninstall e /bin/true",
        f"{below}lib/modprobe.d/a.conf": "blacklist udp_tunnel\n",
        f"{below}usr/lib/modprobe.d/b.conf": "blacklist geneve\n",
        f"{below}lib/modules/RELEASE/modules.dep": dep,
        f"{below}lib/modules/RELEASE/modules.builtin": "kernel/net/x/nf_tables.ko\n",
        "proc/cmdline": "root=/dev/* modprobe.blacklist=q,r quiet\n",
        "proc/modules": "udp_tunnel 1 0 - Live 0x0\nveth 2 1 vxlan, Live 0x0\n",
        "proc/mounts": f"tmpfs {'/host' if below else ''}/sys/fs/cgroup tmpfs rw 0 0\ncgroup2 {'/host' if below else ''}/sys/fs/cgroup cgroup2 rw 0 0\n"
        f"none {'/host' if below else ''}/sys/fs/bpf bpf rw 0 0\n/dev/secret /mnt ext4 rw 0 0\n",
        "proc/swaps": "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n",
        "proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "wg0\t00000000\t01\t0003\t0\t0\t50\t00000000\t0\t0\t0\neth0\t00000000\t01\t0003\t0\t0\t10\t00000000\t0\t0\t0\n"
        "eth0\t0000A8C0\t00\t0001\t0\t0\t10\t00FFFFFF\t0\t0\t0\n",
        "sys/class/net/eth0/mtu": "1450\n",
        "sys/class/net/wg0/mtu": "1280\n",
        "sys/kernel/btf/vmlinux": b"",
        f"{below}sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
        f"{below}sys/kernel/security/lsm": "capability,yama,bpf",
        **{f"proc/sys/{n.replace('.', '/')}": f"{i}\n" for i, n in enumerate((*EVERYWHERE, MACHINE_NETWORK, *OF_THE_NETWORK))},
    })  # fmt: skip
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/pid").symlink_to("pid:[4026531836]")
    answer = read_answer(in_root(tmp_path, shell), "here")
    assert answer.modules is not None
    assert answer.modules.files == {"vxlan", "udp_tunnel"}
    assert answer.modules.builtin == {"nf_tables"}
    assert set(answer.modules.blocked) == {"vxlan", "a_b", "e", "geneve", "q", "r"}
    assert answer.modules.loaded == {"udp_tunnel", "veth"}
    shown = dict(observed("x", "y", answer.live).facts)
    assert shown["cgroup"] == "v2"
    assert (shown["bpffs"], shown["mtu"], shown["swap"], shown["lockdown"]) == ("mounted", "1450", "on", "integrity")
    assert shown["modules"] == "veth"  # no symbol of a profile makes the other one
    said = in_root(tmp_path, shell)
    assert b"secret" not in said
    # A greeting without an end of its line does no harm.
    assert read_answer(b"Welcome to worker-1 # " + said, "here") == answer
    if not below:
        running = open_running(SourceOptions(), root=tmp_path, platform="linux")
        assert running.provenance.observed is not None
        assert dict(running.provenance.observed.facts) == shown


@pytest.mark.skipif(not Path("/proc/config.gz").exists(), reason="this kernel has no /proc/config.gz")
def test_the_script_sees_the_real_machine_as_python_does(shell: list[str]) -> None:
    done = subprocess.run(shell, input=SCRIPT.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    answer = read_answer(done.stdout, "here")
    real = open_running(SourceOptions()).provenance.observed
    assert observed(answer.release, answer.machine, answer.live) == real
    assert answer.data == Path("/proc/config.gz").read_bytes()


def test_a_greeting_and_carriage_returns_do_no_harm(tools: Path, tmp_path: Path) -> None:
    noise = b"Creating debugging pod node-debugger-x with container debugger on node y.\r\n" + ANSWER.replace(
        b"\n", b"\r\n"
    )
    (tmp_path / "answer").write_bytes(noise)
    install(tools, "kubectl", f"cat {tmp_path}/answer")
    assert open_source("kubectl:y").config_bytes == CONFIG


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "echo 'E1128 22:51:08.288487 28993 memcache.go:381] \"...\"' >&2; echo 'connection refused' >&2; exit 1",
            "ended with status 1: connection refused",
        ),
        ("echo 'Error: No such container: web' >&2; exit 125", "ended with status 125: Error: No such container: web"),
        ("exit 0", "gave no answer"),
        ("echo kina-audit release 6.1; echo kina-audit none", "its kernel 6.1 shows no config"),
        ("echo kina-audit release 6.1", "ends too early"),
        ("echo kina-audit release 6.1; echo kina-audit base64 /proc/config.gz; echo AAAA", "ends too early"),
        ("echo kina-audit release 6.1; echo kina-audit base64 /x; echo '***'; echo kina-audit end", "damaged"),
        ("exec sleep 30", "no answer within 1 seconds"),
        ("sleep 30; true", "no answer within 1 seconds"),  # a child of the tool holds its output open
        ("trap '' TERM; sleep 30; sleep 30", "no answer within 1 seconds"),
        ("cat /dev/zero | tr '\\0' x", "more than 32 MiB"),
    ],
)
def test_failures_are_one_error_with_the_tools_own_words(tools: Path, body: str, reason: str) -> None:
    install(tools, "docker", body)
    with pytest.raises(SourceError, match=reason) as caught:
        open_source("docker:web", SourceOptions(timeout=1 if "sleep" in body else 60))
    assert "docker:web" in caught.value.message


def test_what_a_tool_says_cannot_write_to_the_terminal(tools: Path) -> None:
    install(tools, "docker", "printf 'no \\033[31mred\\007 %01000d\\n' 1 >&2; exit 1")
    command = [sys.executable, "-m", "kina_audit", "extract", "docker:web"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 3
    assert b"no \\x1b[31mred\\x07" in done.stderr
    assert b"\x1b" not in done.stderr
    assert len(done.stderr) < 1000


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, None], ids=["Ctrl-C", "timeout"])
def test_nothing_is_left_running(tools: Path, tmp_path: Path, sent: signal.Signals | None) -> None:
    install(
        tools, "docker", f"sleep 61 & echo $! >{tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child; wait"
    )
    command = [sys.executable, "-m", "kina_audit", "extract", "docker:web", "--timeout", "60" if sent else "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (tmp_path / "child").exists():
        time.sleep(0.02)
    child = int((tmp_path / "child").read_text())
    assert alive(child) or sent is None
    if sent is not None:
        process.send_signal(sent)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (130 if sent else 3)
    assert (b"interrupted" if sent else b"no answer within 1 seconds") in said
    assert b"Traceback" not in said
    for _ in range(250):  # it was sent SIGKILL, and dies when the machine gets to it
        if not alive(child):
            break
        time.sleep(0.02)
    assert not alive(child)


def test_a_tool_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceNotFoundError, match="no command 'podman'"):
        open_source("podman:")


@pytest.mark.parametrize(
    "source",
    ["ssh:", "ssh:-oProxyCommand=x", "ssh:a b", "ssh:a;b", "docker:-v", "docker:$(x)", "kubectl:", "kubectl:-x",
     "kubectl:pod/only", "kubectl:a:b", "kubectl:a/b", "ssh:[::1", "ssh:[-x]", "ssh:::1", "ssh:a@-x", "ssh:a:", "ssh:a:123456", "container:a\nb"],
)  # fmt: skip
def test_names_that_could_be_options_or_shell_are_refused(source: str) -> None:
    with pytest.raises(UsageError):
        open_source(source)


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        ("[::1]", ["--", "::1"]),
        ("root@[fe80::1%eth0]:22", ["-p", "22", "--", "root@fe80::1%eth0"]),
        ("node_1.example.org", ["--", "node_1.example.org"]),
    ],
)
def test_addresses_for_ssh(guest: str, words: list[str]) -> None:
    assert command_for("ssh", guest).arguments[6:] == (*words, "sh")


@given(st.sampled_from(GUESTS), st.text(max_size=30))
def test_a_name_is_one_whole_argument_and_never_an_option(transport: str, guest: str) -> None:
    try:
        arguments = command_for(transport, guest).arguments
    except UsageError:
        return
    assert arguments[-1] == "sh"
    assert not guest.startswith("-")
    assert not set(guest) & set(" ;|&$`'\"\\\n<>(){}*?!#~")


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_answer_is_read_or_is_one_error(noise: bytes, at: int) -> None:
    data = ANSWER[:at] + noise + ANSWER[at:]
    with suppress(KinaAuditError):
        assert isinstance(read_answer(data, "x").data, bytes)
