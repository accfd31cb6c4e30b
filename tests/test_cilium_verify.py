"""`cilium verify`: real agents' answers on really booted kernels, and a cluster read by the real kubectl."""

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kina_audit.cilium.release import find_release
from kina_audit.cilium.verify import Line, Verification, compare
from kina_audit.clusters import verify_cluster, verify_saved
from kina_audit.errors import SourceError, UsageError
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.render.cilium_verify import as_text
from kina_audit.sources.guest.cluster import Cluster, read_status
from kina_audit.sources.options import SourceOptions
from tests.api_server import api_server
from tests.conftest import ROOT, SHARED, config_text
from tests.test_cilium_advice import WHOLE
from tests.test_cilium_ladder import synthetic

AGENT = SHARED / "truth" / "agent"


@cache
def scenarios() -> list[dict[str, Any]]:
    if not AGENT.is_dir():
        return []
    listed = tomllib.loads((AGENT / "scenarios.toml").read_text(encoding="utf-8"))["scenario"]
    return [s for s in listed if (AGENT / "status" / f"{s['name']}.json").exists()]


def status_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((AGENT / "status" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def config_of(scenario: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = json.loads((AGENT / "config" / f"{scenario['config']}.json").read_text(encoding="utf-8"))
    return found


def kernel_text(scenario: dict[str, Any]) -> bytes:
    """The kernel's configuration without the symbols that were taken away."""
    text = config_text(AGENT / "kernels" / f"{scenario['kernel']}.config.gz").decode()
    gone = set(scenario.get("unset", ()))
    kept = [
        f"# CONFIG_{name} is not set" if (name := line.partition("=")[0].removeprefix("CONFIG_")) in gone else line
        for line in text.splitlines()
    ]
    return ("\n".join(kept) + "\n").encode()


def verified(scenario: dict[str, Any]) -> dict[str, Line]:
    kernel = Kernel(parse_config(kernel_text(scenario)), Provenance("test", "file", "test"))
    found = verify_saved(config_of(scenario), status_of(scenario["name"]), kernel, cilium="1.20.0")
    return {line.topic: line for line in found.lines}


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: s["name"])
def test_what_an_agent_ran_is_read_as_it_was_noted(scenario: dict[str, Any]) -> None:
    lines = verified(scenario)
    noted = {
        "kube-proxy replacement": scenario["kpr"].lower(), "masquerading": scenario["masquerading"],
        "host routing": scenario["host_routing"], "routing": scenario["inter_host"],
        "datapath device": scenario["datapath"], "attach mode": scenario["attach"],
    }  # fmt: skip
    assert {topic: lines[topic].running for topic in noted} == noted
    for line in lines.values():
        assert line.same or line.because, line
    # A feature that runs other than its configuration says is explained by the kernel.
    assert {line.topic for line in lines.values() if not line.same and line.topic in noted} <= {"attach mode"}
    if scenario["attach"] == "tc":
        assert "NET_XGRESS" in lines["attach mode"].because
    if scenario["outcome"] == "works" and "unset" not in scenario and scenario["attach"] == "tcx":
        assert all(line.same for line in lines.values()), lines
    if scenario["outcome"] == "no-pods":
        assert not all(line.same for line in lines.values())


def test_what_the_status_does_not_say_is_left_out() -> None:
    lines = compare({"kube-proxy-replacement": "true"}, {"cilium": {"state": "Ok"}}, find_release(""), lacks={})
    assert [line.topic for line in lines] == ["agent"]


def test_why_it_differs() -> None:
    config = {
        "kube-proxy-replacement": "true",
        "enable-bpf-masquerade": "true",
        "enable-wireguard": "true",
        "enable-hubble": "true",
    }
    status = {
        "cilium": {"state": "Failure", "msg": "no"},
        "kube-proxy-replacement": {"mode": "False"},
        "masquerading": {"enabled": True, "mode": "iptables"},
        "encryption": {"mode": "Disabled"},
        "hubble": {"state": "Warning", "msg": "Server not initialized"},
        "routing": {"intra-host-routing-mode": "Legacy"},
    }
    lines = {
        line.topic: line
        for line in compare(
            config,
            status,
            find_release(""),
            lacks={"wireguard": "the kernel lacks WIREGUARD (x/y)"},
            stale="restart it",
            programs=["other"],
        )
    }
    assert not any(line.same for line in lines.values())
    assert lines["encryption"].because == "the kernel lacks WIREGUARD (x/y); restart it"
    assert lines["Hubble"].because == "Server not initialized; restart it"
    assert lines["masquerading"].because == "restart it"
    assert lines["BPF programs"].running == "none"
    assert not Verification("n", "k", "1.20", tuple(lines.values())).as_wanted


FULL = {"kube-proxy-replacement": "true", "enable-bpf-masquerade": "true"}


@pytest.mark.parametrize(
    ("more", "release", "topic", "status", "because"),
    [
        ({"enable-ipsec": "true"}, "1.18", "host routing", {"routing": {"intra-host-routing-mode": "Legacy"}}, "Before 1.19 IPsec"),
        ({"enable-ipsec": "true"}, "1.20.2", "host routing", {"routing": {"intra-host-routing-mode": "BPF"}}, ""),
        ({"enable-ipsec": "true", "enable-bandwidth-manager": "true"}, "1.20.2", "bandwidth manager",
         {"bandwidth-manager": {"enabled": False}}, "With IPsec the bandwidth manager"),
        ({"datapath-mode": "netkit", "enable-tcx": "false"}, "1.20.2", "attach mode", {"attach-mode": "tcx"}, ""),
        ({"datapath-mode": "auto", "enable-tcx": "false"}, "1.20.2", "attach mode",
         {"attach-mode": "tcx", "datapath-mode": "netkit"}, ""),
        ({"routing-mode": "hybrid"}, "1.20.2", "routing", {"routing": {"inter-host-routing-mode": "Hybrid"}}, ""),
        ({"routing-mode": "hybrid"}, "1.20.2", "routing", {"routing": {"inter-host-routing-mode": "Tunnel"}}, ""),
        ({"enable-ztunnel": "true"}, "1.20.2", "encryption", {"encryption": {"mode": "Ztunnel"}}, ""),
        ({}, "1.17.1", "Hubble", {"hubble": {"state": "Disabled"}}, ""),
        ({"enable-ipv4": "false", "enable-ipv6": "true", "enable-ipv6-masquerade": "false"}, "1.20.2", "masquerading",
         {"masquerading": {"enabled": False}}, ""),
        ({"datapath-mode": "lb-only"}, "1.17", "routing", {"routing": {"inter-host-routing-mode": "Native"}}, ""),
        ({"datapath-mode": "lb-only"}, "1.17", "datapath device", {"datapath-mode": "veth"}, ""),
    ],
)  # fmt: skip
def test_what_an_agent_does_by_itself_is_no_difference(
    more: dict[str, str], release: str, topic: str, status: dict[str, Any], because: str
) -> None:
    lines = {line.topic: line for line in compare({**FULL, **more}, status, find_release(release), lacks={})}
    assert lines[topic].same, lines[topic]
    assert lines[topic].because.startswith(because)


def test_host_routing_is_found_where_each_release_has_it() -> None:
    for release, status in (
        ("1.15", {"host-routing": {"mode": "Legacy"}}),
        ("1.16", {"routing": {"intra-host-routing-mode": "Legacy"}}),
    ):
        [line] = [x for x in compare(FULL, status, find_release(release), lacks={}) if x.topic == "host routing"]
        assert (line.wanted, line.running, line.same) == ("BPF", "Legacy", False)


def test_a_kernel_too_old_for_bpf_host_routing_is_no_fault_of_the_agent() -> None:
    status = {"routing": {"intra-host-routing-mode": "Legacy"}}
    for version, same in (("5.4.200", True), ("5.10.0", False)):
        kernel = Kernel(synthetic(*WHOLE, version=version), Provenance("test", "file", "test"))
        found = verify_saved(FULL, status, kernel, cilium="1.16")
        assert [x.same for x in found.lines if x.topic == "host routing"] == [same]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"not json", b"[" * 100_000])
def test_what_is_no_status_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(SourceError, match="status"):
        read_status(data, "agent.json status")


@pytest.mark.parametrize("context", ["-x", "a b", "a;b", "$(x)"])
def test_a_context_is_a_name(context: str) -> None:
    with pytest.raises(UsageError):
        Cluster(context, "kube-system", SourceOptions())


def kubectl() -> str:
    found = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
    if found is None:
        pytest.skip("kubectl is not installed (dependency group kubernetes)")
    return found


def pod(name: str, node: str, *, running: bool = True) -> dict[str, Any]:
    state = {"running": {"startedAt": "2026-11-28T10:00:00Z"}} if running else {"waiting": {}}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": "cilium"}},
        "spec": {"nodeName": node, "containers": [{"name": "cilium-agent", "image": "quay.io/cilium/cilium:v1.20.2"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "cilium-agent", "state": state, "ready": running,
                                                             "image": "x", "imageID": "x", "restartCount": 0}]},
    }  # fmt: skip


@pytest.mark.slow
def test_a_cluster_by_the_real_kubectl(shared: Path, tmp_path: Path) -> None:
    """One node as wanted, one whose kernel cannot do it, one whose agent does not run; nothing is written."""
    program = kubectl()
    good, old = ({s["name"]: s for s in scenarios()}[n] for n in ("d612-full-2", "d61-full-2"))
    names = {"cilium-a": good, "cilium-b": old}

    def execute(name: str, command: list[str], given: bytes) -> tuple[bytes, int]:
        scenario = names[name]
        if command[0] == "sh":
            assert b"kina-audit" in given
            answer = f"kina-audit release {scenario['kernel'].split('-')[1]}-node\nkina-audit machine x86_64\nkina-audit btf yes\n"
            packed = base64.encodebytes(gzip.compress(kernel_text(scenario)))
            return answer.encode() + b"kina-audit base64 /proc/config.gz\n" + packed + b"kina-audit end\n", 0
        if command[:2] == ["cilium-dbg", "status"]:
            return json.dumps({**status_of(scenario["name"]), "datapath-mode": "netkit"}).encode(), 0
        if command[0] == "bpftool" and name == "cilium-a":
            return json.dumps([{"name": "cil_from_container"}, {"id": 1}]).encode(), 0
        return b"", 127

    items = [pod("cilium-a", "node-a"), pod("cilium-b", "node-b"), pod("cilium-c", "node-c", running=False)]
    where = "/api/v1/namespaces/kube-system"
    objects: dict[str, dict[str, Any]] = {
        f"{where}/configmaps/cilium-config": {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "cilium-config", "namespace": "kube-system", "creationTimestamp": "2026-11-28T09:00:00Z",
                         "managedFields": [{"manager": "helm", "operation": "Update", "apiVersion": "v1",
                                            "time": "2026-11-28T11:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {}}]},
            "data": config_of(good),
        },
        f"{where}/pods": {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items},
        **{f"{where}/pods/{p['metadata']['name']}": p for p in items},
    }  # fmt: skip
    with api_server(tmp_path, objects, execute) as (port, authority, seen):
        settings = {
            "apiVersion": "v1", "kind": "Config", "current-context": "other",
            "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(authority)}}],
            "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": {"token": "t"}}],
        }  # fmt: skip
        (tmp_path / "kubeconfig").write_text(json.dumps(settings))
        environment = {
            "PATH": f"{Path(program).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "kina_audit", "cilium", "verify", "kubectl:mine", "-f", "json"], env=environment,
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
        )  # fmt: skip
        requests = list(seen.requests)
    assert done.returncode == 1, done.stderr
    first, second, third = json.loads(done.stdout)["nodes"]
    assert (first["node"], first["as_wanted"], first["release"]) == ("node-a", True, "1.20.2"), first
    assert first["kernel"].startswith("Linux 6.12")
    assert {
        "topic": "BPF programs",
        "wanted": "loaded",
        "running": "cil_from_container",
        "same": True,
        "because": None,
    } in first["lines"]
    wrong = {line["topic"]: line["because"] for line in second["lines"] if not line["same"]}
    assert "NET_XGRESS" in wrong["attach mode"]
    assert "cilium-config was changed at 2026-11-28T11:00:00Z: restart it" in wrong["attach mode"]
    assert any("netkit" in topic for topic in wrong), wrong
    assert third["problem"] == "its pod cilium-c does not run"
    # Reading only: get, and exec of commands that show.
    assert {method for method, _, _ in requests} == {"GET"}
    assert not [
        p for _, p, _ in requests if "exec" in p and not any(w in p for w in ("command=sh", "status", "bpftool"))
    ]


class Answers(Cluster):
    """A cluster whose kubectl says what a test wants."""

    def __init__(self, *, config: Any = None, pods: Any = None, status: Any = None, programs: bytes = b"[]") -> None:
        super().__init__("mine", "kube-system", SourceOptions())
        agents = [pod("cilium-a", "node-a")]
        self.said = {
            "configmap": {"metadata": {}, "data": {"enable-hubble": "true"}} if config is None else config,
            "pods": {"items": agents} if pods is None else pods,
            "cilium-dbg": {"cilium": {"state": "Ok"}, "hubble": {"state": "Ok"}} if status is None else status,
            "bpftool": programs,
        }

    def _run(self, *arguments: str) -> bytes:
        command = arguments[1] if arguments[0] == "get" else arguments[arguments.index("--") + 1]
        if command not in self.said:
            raise SourceError(f"kubectl ended with status 127: {command}")
        said = self.said[command]
        return said if isinstance(said, bytes) else json.dumps(said).encode()

    def kernel(self, agent: Any) -> Kernel:
        raise SourceError("no shell there")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"config": b"[" * 100_000}, "no JSON"),
        ({"pods": b"[" * 100_000}, "no JSON"),
        ({"config": ["x"]}, "no object"),
        ({"config": {"metadata": ["x"], "data": ["x"]}}, "no data"),
        ({"pods": {"items": {"a": 1}}}, "no pod"),
        ({"pods": {"items": ["x", None]}}, "which no pod is"),
        ({"pods": {"items": [{}] * 5001}}, "5001 agents, and at most 5000"),
    ],
)
def test_what_kubectl_may_say_of_a_cluster_is_one_clear_error(answers: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        list(verify_cluster(Answers(**answers)))


@pytest.mark.parametrize(
    "answers",
    [
        {"config": {"metadata": ["x"], "data": {"a": {"b": 1}, "enable-hubble": None}}},
        {"config": {"metadata": {"managedFields": ["x", None, {"time": 5}, {"time": {}}]}, "data": {"a": "b"}}},
        {"pods": {"items": [{"metadata": {"name": "x"}, "spec": {"containers": ["x"]}, "status": ["x"]}]}},
        {"pods": {"items": [{"metadata": {"name": "x"}, "status": {"containerStatuses": [{"name": "cilium-agent", "state": ["x"]}]}}]}},
        {"status": {"cilium": 5, "routing": [], "hubble": "x", "kube-proxy-replacement": {"features": []}}},
        {"status": b"[" * 100_000},
        {"programs": b"[" * 100_000},
        {"programs": b'[{"name": 5}, {"name": null}, "x"]'},
    ],
)  # fmt: skip
def test_what_a_node_may_say_ends_nothing(answers: dict[str, Any]) -> None:
    [found] = verify_cluster(Answers(**answers))
    assert not found.as_wanted


def test_a_pod_that_another_took_the_place_of_does_not_count() -> None:
    gone = {**pod("cilium-old", "node-a"), "status": {"phase": "Failed", "reason": "Evicted"}}
    alone = {**pod("cilium-z", "node-b"), "status": {"phase": "Failed"}}
    found = list(verify_cluster(Answers(pods={"items": [gone, pod("cilium-new", "node-a"), alone]})))
    assert [(n.node, n.problem) for n in found] == [("node-a", ""), ("node-b", "its pod cilium-z does not run")]


def test_a_node_whose_kernel_cannot_be_read_is_not_as_wanted() -> None:
    """The status looks well; whether values break on its kernel without a word is not known."""
    [found] = verify_cluster(Answers(programs=b'[{"name": "cil_from_container"}]'))
    assert not found.differs
    assert not found.as_wanted
    assert "kernel cannot be read" in found.gap
    assert "1 node: 0 as wanted, 0 not, 1 could not be read" in as_text([found], 80)
    [other] = verify_cluster(Answers(status={"cilium": {"state": "Ok"}, "hubble": {"state": "Disabled"}}))
    [hubble] = [line for line in other.lines if line.topic == "Hubble"]
    assert hubble.because == "its kernel is not known; its log says why: hubble"


@pytest.mark.slow
def test_the_command_line_on_saved_files(shared: Path, tmp_path: Path) -> None:
    [scenario] = [s for s in scenarios() if s["name"] == "d61-full-2"]
    config = tmp_path / "cilium-config.json"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "cilium-config"},
                "data": config_of(scenario),
            }
        )
    )
    (tmp_path / "kernel.config").write_bytes(kernel_text(scenario))
    status = AGENT / "status" / "d61-full-2.json"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "kina_audit", "cilium", "verify", *arguments], capture_output=True, text=True, check=False,
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    done = run("kernel.config", "--status", str(status), "--config", str(config))
    assert done.returncode == 1, done.stderr
    assert "NO attach mode: wanted tcx, running tc\n  the kernel lacks NET_XGRESS" in done.stdout
    assert "1 node: 0 as wanted, 1 not, 0 could not be read" in done.stdout
    for arguments, code, words in (
        (("--status", str(status)), 2, "--status without --config"),
        (("--config", str(config)), 2, "--config without --status"),
        (("kernel.config",), 2, "not a cluster"),
        (("--timeout", "inf"), 2, "is not in the range"),
        (("--timeout", "nan"), 2, "nan is no number of seconds"),
        (("--status", "none.json", "--config", str(config)), 3, "none.json"),
        (("--status", str(config), "--config", str(config)), 3, "not an agent's status"),
    ):
        bad = run(*arguments)
        assert (bad.returncode, words in bad.stderr, "Traceback" in bad.stderr) == (code, True, False), bad.stderr
