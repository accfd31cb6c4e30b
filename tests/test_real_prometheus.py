"""A real Prometheus and node_exporter, Debian's, scrape a node that loses VXLAN: the shipped alert fires, stays, and resolves."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from kina_audit.cli import main
from kina_audit.render.openmetrics import MOST_PROFILES

pytestmark = pytest.mark.slow
RULES = Path(__file__).resolve().parents[1] / "deploy/prometheus/kina-audit.rules.yml"
HEAD = "# Linux/x86 6.12.0 Kernel Configuration\n" + "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
WITH = HEAD + "CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_IPV6=y\nCONFIG_NET_UDP_TUNNEL=y\nCONFIG_VXLAN=y\n"
WITHOUT = WITH.replace("CONFIG_VXLAN=y", "# CONFIG_VXLAN is not set")
TCX = f"{WITH}CONFIG_BPF_SYSCALL=y\nCONFIG_NET_XGRESS=y\n" + "".join(
    f"CONFIG_{name}=y\n" for name in ("NET_SCHED", "NET_CLS_ACT", "NET_SCH_INGRESS", "NET_CLS_BPF")
)
FRAGMENT = "CONFIG_NET=y\nCONFIG_INET=y\n"
PATIENCE = 90


def tool(*names: str) -> str:
    found = next((p for n in names if (p := shutil.which(n))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


def port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        number: int = s.getsockname()[1]
        return number


@contextmanager
def running(log: Path, *command: str) -> Iterator[None]:
    with open(log, "wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            yield
        finally:
            process.terminate()


def ask(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)["data"]


def until(said: str, true: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(
        f"{said}: not within {PATIENCE} s\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    )


def test_a_node_that_loses_vxlan_is_heard_of(tmp_path: Path) -> None:
    prometheus, exporter = tool("prometheus"), tool("prometheus-node-exporter", "node_exporter")
    textfiles = tmp_path / "textfiles"
    textfiles.mkdir()
    metrics = textfiles / "kina_audit.prom"
    config = tmp_path / "node.config"

    def audit(text: str, *profiles: str) -> None:
        config.write_text(text, encoding="utf-8")
        words = ["check", str(config), *[w for p in (*profiles, "vxlan") for w in ("-p", p)], "-q", "--exit-zero"]
        main([*words, "--timestamp", "-o", f"openmetrics={metrics}", "-f", "tap"])

    audit(WITH)
    node, server = port(), port()
    (tmp_path / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{RULES}]\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{node}']}}]}}]\n",
        encoding="utf-8",
    )
    log = tmp_path / "prometheus.log"
    address = f"http://127.0.0.1:{server}"

    def count(query: str) -> int:
        return len(ask(f"{address}/api/v1/query?query={quote(query)}")["result"])

    def firing() -> set[tuple[str, str]]:
        alerts = [a for a in ask(f"{address}/api/v1/alerts")["alerts"] if a["state"] == "firing"]
        return {(a["labels"]["alertname"], a["labels"].get("profile", a["labels"].get("feature", ""))) for a in alerts}

    collectors = ("--collector.disable-defaults", "--collector.textfile", "--collector.uname", "--collector.stat")
    with (
        running(
            tmp_path / "exporter.log", exporter, *collectors, f"--collector.textfile.directory={textfiles}",
            f"--web.listen-address=127.0.0.1:{node}",
        ),
        running(
            log, prometheus, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{server}",
        ),
    ):  # fmt: skip
        until("the node is scraped", lambda: count('kina_audit_profile_state{profile="vxlan"} == 0') == 1, log)
        until("its best is recorded", lambda: count('kina_audit:profile_state:best{profile="vxlan"} == 0') == 1, log)
        assert count('{__name__=~"kina_audit_.+"}') <= 120, "what a node costs"
        assert ("KernelFeatureLost", "vxlan") not in firing()
        audit(WITHOUT)
        until("the loss is heard of", lambda: ("KernelFeatureLost", "vxlan") in firing(), log)
        until("Cilium's, too", lambda: ("CiliumFeatureLost", "vxlan") in firing(), log)
        assert count('kina_audit_deciding_item{name="vxlan/vxlan-device"}') == 1, "and named"
        time.sleep(5)
        assert ("KernelFeatureLost", "vxlan") in firing(), "it stays"
        # Nobody can tell any more: that is no return.
        audit(FRAGMENT)
        until("it is unknown", lambda: count('kina_audit_profile_state{profile="vxlan"} == 2') == 1, log)
        time.sleep(5)
        assert ("KernelFeatureLost", "vxlan") in firing(), "unknown is not mended"
        # A file that cannot be parsed ends every series, and that is heard of, too.
        good = metrics.read_text(encoding="utf-8")
        metrics.write_text("kina_audit_info{ 1\n", encoding="utf-8")
        until("the series end", lambda: count("kina_audit_info") == 0, log)

        def pending() -> set[str]:
            return {a["labels"]["alertname"] for a in ask(f"{address}/api/v1/alerts")["alerts"]}

        until("that is heard of", lambda: {"KernelAuditMissing", "KernelAuditUnreadable"} <= pending(), log)
        metrics.write_text(good, encoding="utf-8")
        until("it is back, and still lost", lambda: ("KernelFeatureLost", "vxlan") in firing(), log)
        audit(WITH)
        until("mended", lambda: ("KernelFeatureLost", "vxlan") not in firing(), log)
        # The same symbols on a kernel that is too old for tcx; what it needs no longer is no loss.
        audit(TCX, "bpf")
        until("bpf's fewest are recorded", lambda: count('kina_audit:profile_unmet:best{profile="bpf"}') == 1, log)
        assert ("KernelFeatureLost", "bpf") not in firing()
        audit(TCX.replace("6.12.0", "6.1.0"), "bpf")
        until("going back is heard of", lambda: ("KernelFeatureLost", "bpf") in firing(), log)
        audit(TCX, "bpf")
        until("and coming again", lambda: ("KernelFeatureLost", "bpf") not in firing(), log)
        # Of more profiles than have room, the one that is lost was not among those that were shown.
        audit(WITH, "all")
        until("all are counted", lambda: count("kina_audit_profile_state") == MOST_PROFILES, log)
        assert count('kina_audit_profile_state{profile="vxlan"}') == 0
        until(
            "the fewest are recorded",
            lambda: count("kina_audit_unmet == on (level, edition) kina_audit:unmet:best") == 3,
            log,
        )
        assert ("KernelRequirementLost", "") not in firing()
        audit(WITHOUT, "all")
        until("what has no series of its own is heard of", lambda: ("KernelRequirementLost", "") in firing(), log)
        assert "KernelAuditStale" not in pending()
        os.utime(metrics, (1, 1))
        until("an audit from before the boot is heard of", lambda: "KernelAuditStale" in pending(), log)
        metrics.unlink()
        until("so is the file that is gone", lambda: "KernelAuditMissing" in pending(), log)
        audit(WITH, "all")
        until("all is well", lambda: ("KernelRequirementLost", "") not in firing(), log)
    assert [p.name for p in textfiles.iterdir()] == ["kina_audit.prom"]
