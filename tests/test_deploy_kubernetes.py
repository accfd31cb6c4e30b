"""deploy/kubernetes: what its manifests grant, what validates them, and its pod's commands run as the pod runs them."""

import gzip
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from kina_audit.api import audit, load_kernel, load_profiles
from kina_audit.render import render
from tests.api_server import api_server

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy" / "kubernetes"
NODE = "worker-1.example"
RELEASE = os.uname().release
CONFIG = (
    b"# Linux/arm64 6.18.5 Kernel Configuration\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NET_UDP_TUNNEL=y\n"
    + b"".join(b"CONFIG_HAVE_THING_%d=y\n" % i for i in range(40))
)


def documents() -> list[dict[str, Any]]:
    files = [f for f in sorted((FOLDER / "base").glob("*.yaml")) if f.name != "kustomization.yaml"]
    return [d for f in files for d in yaml.safe_load_all(f.read_text())]


def one(kind: str) -> dict[str, Any]:
    [found] = [d for d in documents() if d["kind"] == kind]
    return found


def container(name: str) -> dict[str, Any]:
    pod = one("DaemonSet")["spec"]["template"]["spec"]
    [found] = [c for c in pod["initContainers"] + pod["containers"] if c["name"] == name]
    return dict(found)


def test_every_file_is_listed() -> None:
    listed = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(f.name for f in (FOLDER / "base").glob("*.yaml") if f.name != "kustomization.yaml")


def test_no_container_has_more_than_it_needs() -> None:
    pod = one("DaemonSet")["spec"]["template"]["spec"]
    assert not {"hostPID", "hostNetwork", "hostIPC"} & pod.keys()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for row in pod["initContainers"] + pod["containers"]:
        assert row["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert row["resources"]["limits"]["memory"]
    host = {v["name"] for v in pod["volumes"] if "hostPath" in v}
    for row in pod["initContainers"] + pod["containers"]:
        assert all(m.get("readOnly") for m in row.get("volumeMounts", ()) if m["name"] in host)


def test_the_reader_of_the_kernel_has_no_token() -> None:
    assert one("ServiceAccount")["automountServiceAccountToken"] is False
    assert one("DaemonSet")["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    holders = [n for n in ("audit", "publish", "wait") if "token" in json.dumps(container(n).get("volumeMounts", []))]
    assert holders == ["publish"]
    assert "hostPath" not in json.dumps(container("publish"))


def test_the_network_is_closed_but_for_the_api_server() -> None:
    deny, allow = [d["spec"] for d in documents() if d["kind"] == "NetworkPolicy"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert allow["policyTypes"] == ["Egress"]
    assert [[p["port"] for p in rule["ports"]] for rule in allow["egress"]] == [[443, 6443]]


@pytest.mark.parametrize("node", ["worker-1", NODE, "ip-10-0-0-1.eu-west-1.compute.internal", "n" * 63])
def test_a_report_has_the_name_that_the_policy_asks_for(node: str) -> None:
    kernel = load_kernel("recorded:apple")
    report = replace(audit(kernel, load_profiles(["vxlan"])), labels=(("node", node),))
    document = json.loads(render("openreports", report))
    assert document["metadata"]["name"] == f"kina-audit-{node}"
    assert document["scope"] == {"apiVersion": "v1", "kind": "Node", "name": node}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("node", "name", "scope", "allowed"),
    [
        (NODE, f"kina-audit-{NODE}", NODE, True),
        (NODE, "kina-audit-other", NODE, False),
        (NODE, f"kina-audit-{NODE}", "other", False),
        (NODE, f"kina-audit-{NODE}", None, False),
        (None, "kina-audit-", "", False),
    ],
)
def test_a_node_may_write_its_own_report_only(node: str | None, name: str, scope: str | None, allowed: bool) -> None:
    celpy = pytest.importorskip("celpy", reason="cel-python is not installed (dependency group kubernetes)")
    policy = one("ValidatingAdmissionPolicy")["spec"]
    extra = {"authentication.kubernetes.io/node-name": [node]} if node else {}
    user = {"username": "system:serviceaccount:kina-audit:kina-audit", "extra": extra}
    report: dict[str, Any] = {"metadata": {"name": name}}
    if scope is not None:
        report["scope"] = {"apiVersion": "v1", "kind": "Node", "name": scope}
    environment = celpy.Environment()

    def value(expression: str, **names: Any) -> Any:
        known = {k: celpy.json_to_cel(v) for k, v in {"request": {"userInfo": user}, "object": report, **names}.items()}
        return environment.program(environment.compile(expression)).evaluate(known)

    assert value(policy["matchConditions"][0]["expression"])
    variables = {v["name"]: str(value(v["expression"])) for v in policy["variables"]}
    checks = [bool(value(v["expression"], variables=variables)) for v in policy["validations"]]
    assert all(checks) is allowed
    for row in policy["validations"]:
        if "messageExpression" in row:
            assert variables["node"] in str(value(row["messageExpression"], variables=variables))


def kubectl() -> str:
    found = shutil.which("kubectl", path=sysconfig.get_path("scripts")) or shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed (dependency group kubernetes)")
    return found


def rendered(overlay: str) -> list[dict[str, Any]]:
    done = subprocess.run([kubectl(), "kustomize", str(FOLDER / overlay)], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.30", "1.33", "1.37"])
@pytest.mark.parametrize("overlay", ["base", "proc-only"])
def test_kubernetes_own_schemas_take_the_manifests(overlay: str, version: str) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    found = rendered(overlay)
    assert {d["kind"] for d in found} >= {"Namespace", "DaemonSet", "NetworkPolicy", "ValidatingAdmissionPolicy"}
    for document in found:
        validator.validate(document, version, strict=True)
    names = {d["metadata"].get("namespace") for d in found if d["kind"] in ("DaemonSet", "ServiceAccount")}
    assert names == {"kina-audit"}


@pytest.mark.slow
def test_proc_only_mounts_nothing_of_the_host() -> None:
    base, proc_only = rendered("base"), rendered("proc-only")
    assert "hostPath" in json.dumps(base)
    assert "hostPath" not in json.dumps(proc_only)
    [space] = [d for d in proc_only if d["kind"] == "Namespace"]
    assert set(space["metadata"]["labels"].values()) == {"restricted", "kina-audit"}


class Pod:
    """A folder that a container's command sees as its root: system and tool read-only, an empty /proc, no network."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.binds = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), ROOT]
        for place in ("report", "boot", "proc", "sys/kernel", "usr"):
            (root / place).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            if Path("/", name).is_symlink():
                (root / name).symlink_to(Path("/", name).readlink())
            elif Path("/", name).is_dir():
                self.binds.append(Path("/", name))
        for path in self.binds:
            (root / path.relative_to("/")).mkdir(parents=True, exist_ok=True)
        os.chown(root / "report", 65534, 65534)

    def run(
        self, name: str, program: str, environment: dict[str, str], *, network: bool
    ) -> subprocess.CompletedProcess[str]:
        """The container's command, as its image would start it: user 65534, nothing but its own environment."""
        row = container(name)
        values = environment | {e["name"]: e["value"] for e in row.get("env", ()) if "value" in e}
        arguments = [a.replace("$(NODE_NAME)", environment.get("NODE_NAME", "")) for a in row["args"]]
        assert row["command"] == [Path(program).name]
        mounts = [f"mount --bind {shlex.quote(str(self.root))} {shlex.quote(str(self.root))}"]
        for path in dict.fromkeys(self.binds):
            inside = shlex.quote(str(self.root / path.relative_to("/")))
            mounts += [f"mount --rbind {shlex.quote(str(path))} {inside}", f"mount -o remount,bind,ro {inside}"]
        report = shlex.quote(str(self.root / "report"))
        mounts += [f"mount --bind {report} {report}", f"mount -o remount,bind,ro {shlex.quote(str(self.root))}"]
        start = ["chroot", "--userspec=65534:65534", str(self.root), "env", "-i", "-C", row.get("workingDir", "/")]
        start += [f"{k}={v}" for k, v in values.items()] + [program, *arguments]
        script = "set -e\n" + "\n".join(mounts) + "\nexec " + shlex.join(start)
        apart = ["unshare", "--mount", *([] if network else ["--net"]), "sh", "-c", script]
        return subprocess.run(apart, capture_output=True, text=True, timeout=120, check=False)

    def audit(self) -> subprocess.CompletedProcess[str]:
        program = shutil.which("kina-audit", path=sysconfig.get_path("scripts"))
        assert program, "kina-audit is not installed in this environment"
        return self.run("audit", program, {"NODE_NAME": NODE}, network=False)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "--net", "true"], check=False).returncode:
        pytest.skip("making namespaces needs root")
    return Pod(tmp_path / "root")


@pytest.mark.slow
def test_the_pod_reads_proc_config_and_publishes(pod: Pod, tmp_path: Path) -> None:
    (pod.root / "proc" / "config.gz").write_bytes(gzip.compress(CONFIG))
    (pod.root / "boot" / f"config-{RELEASE}").write_bytes(b"not what counts")
    done = pod.audit()
    assert done.returncode == 0, done.stderr
    assert "vxlan" in done.stdout
    report = json.loads((pod.root / "report" / "report.json").read_text())
    assert report["metadata"]["name"] == f"kina-audit-{NODE}"
    assert report["summary"]["fail"]

    program = kubectl()
    pod.binds.append(Path(program).resolve().parent)
    (pod.root / Path(program).resolve().parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
    secret = pod.root / "var/run/secrets/kubernetes.io/serviceaccount"
    secret.mkdir(parents=True)
    with api_server(tmp_path) as (port, authority, seen):
        shutil.copy(authority, secret / "ca.crt")
        (secret / "token").write_text("the-token")
        (secret / "namespace").write_text("kina-audit")
        address = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(port)}
        done = pod.run("publish", str(Path(program).resolve()), address, network=True)
    assert done.returncode == 0, done.stderr
    assert seen.tokens == {"Bearer the-token"}
    [(method, path, body)] = seen.requests
    url = urlsplit(path)
    assert (method, url.path) == ("PATCH", f"/apis/openreports.io/v1alpha1/clusterreports/kina-audit-{NODE}")
    assert parse_qs(url.query)["fieldManager"] == ["kina-audit"]
    assert json.loads(body) == report
    # A patch that applies what is not there yet is a create too; nothing else was asked, so nothing else is granted.
    assert one("ClusterRole")["rules"] == [
        {"apiGroups": ["openreports.io"], "resources": ["clusterreports"], "verbs": ["create", "patch"]}
    ]


@pytest.mark.slow
def test_the_pod_reads_boot_where_proc_has_none(pod: Pod) -> None:
    (pod.root / "boot" / f"config-{RELEASE}").write_bytes(CONFIG)
    done = pod.audit()
    assert done.returncode == 0, done.stderr
    assert json.loads((pod.root / "report" / "report.json").read_text())["scope"]["name"] == NODE


@pytest.mark.slow
def test_a_node_without_a_config_says_so(pod: Pod) -> None:
    done = pod.audit()
    assert done.returncode == 3
    assert f"/boot/config-{RELEASE}" in done.stderr
    assert not (pod.root / "report" / "report.json").exists()


HOST_NETWORK = FOLDER / "host-network" / "kustomization.yaml"


def test_a_node_without_a_pod_network_still_reports() -> None:
    """Its sandbox needs no CNI, its API server no kube-proxy, and its metrics no network at all."""
    overlay = yaml.safe_load(HOST_NETWORK.read_text())
    patch = yaml.safe_load(overlay["patches"][0]["patch"])["spec"]["template"]["spec"]
    assert patch["hostNetwork"] is True
    [added] = yaml.safe_load(overlay["patches"][1]["patch"])
    assert added["value"] == "--output=openmetrics=/textfile/kina_audit.prom"
    audit_, publish = patch["initContainers"]
    assert audit_["volumeMounts"] == [{"name": "textfile", "mountPath": "/textfile"}]
    assert {e["name"] for e in publish["env"]} == {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}
    assert all(e["valueFrom"]["configMapKeyRef"]["optional"] for e in publish["env"])
    names = [c["name"] for c in one("DaemonSet")["spec"]["template"]["spec"]["initContainers"]]
    assert names == ["audit", "publish"], "the metrics are written before anything is published"


@pytest.mark.slow
def test_the_host_network_overlay_is_what_kustomize_makes_of_it() -> None:
    [pod] = [d["spec"]["template"]["spec"] for d in rendered("host-network") if d["kind"] == "DaemonSet"]
    assert pod["hostNetwork"] is True
    audit_ = pod["initContainers"][0]
    assert audit_["args"][-1] == "--output=openmetrics=/textfile/kina_audit.prom"
    assert audit_["args"][0] == "check"
    assert {m["name"] for m in audit_["volumeMounts"]} == {"report", "boot", "modules", "textfile"}
    assert [d["metadata"]["name"] for d in rendered("host-network") if d["kind"] == "ConfigMap"] == ["api-server"]
    # Without it, nothing shares the node's network and nothing of the host is written.
    for overlay in ("base", "proc-only"):
        [plain] = [d["spec"]["template"]["spec"] for d in rendered(overlay) if d["kind"] == "DaemonSet"]
        assert "hostNetwork" not in plain
