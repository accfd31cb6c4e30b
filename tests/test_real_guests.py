"""The real tools where they are installed: ssh to this machine, kubectl's own command line."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.sources import open_source
from kina_audit.sources.options import SourceOptions

pytestmark = pytest.mark.slow


@pytest.fixture
def ssh_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A real sshd on a free port of the loopback, and a real ssh that knows its key."""
    sshd, ssh = shutil.which("sshd") or "/usr/sbin/sshd", shutil.which("ssh")
    if not Path(sshd).exists() or ssh is None:
        pytest.skip("sshd and ssh are not installed")
    if os.geteuid() != 0:
        pytest.skip("starting an sshd needs root")
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(key, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "authorized").write_bytes((tmp_path / "user.pub").read_bytes())
    Path("/run/sshd").mkdir(exist_ok=True)
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\n"
        "StrictModes no\nPermitRootLogin yes\nUsePAM no\nPidFile none\n"
    )
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/ssh"
    wrapper.write_text(
        f"#!/bin/sh\nexec {ssh} -F none -i {tmp_path}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
        '-o LogLevel=ERROR "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    server = subprocess.Popen([sshd, "-D", "-e", "-f", str(tmp_path / "sshd_config")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def test_ssh_to_this_machine(ssh_port: int) -> None:
    release = os.uname().release
    options = SourceOptions(timeout=60)
    if any(Path(p).exists() for p in ("/proc/config.gz", f"/boot/config-{release}", f"/lib/modules/{release}/config")):
        kernel = open_source(f"ssh:root@127.0.0.1:{ssh_port}", options)
        assert kernel.provenance.observed is not None
        assert kernel.provenance.observed.release == release
        assert kernel.config_bytes
        return
    with pytest.raises(SourceNotFoundError, match=f"its kernel {release} shows no config"):
        open_source(f"ssh:root@127.0.0.1:{ssh_port}", options)


def test_ssh_that_is_refused_says_what_ssh_said(ssh_port: int, tmp_path: Path) -> None:
    (tmp_path / "authorized").write_text("")
    with pytest.raises(SourceError, match=r"ssh ended with status 255: .*Permission denied"):
        open_source(f"ssh:root@127.0.0.1:{ssh_port}", SourceOptions(timeout=60))


@pytest.mark.parametrize("source", ["kubectl:node1", "kubectl:pod/kube-system/cilium"])
def test_kubectl_takes_the_command_line(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cluster kubectl must fail to connect, not to understand its arguments."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(SourceError) as caught:
        open_source(source, SourceOptions(timeout=60))
    assert "unknown flag" not in caught.value.message
    assert "refused" in caught.value.message or "connect" in caught.value.message
