"""Reviewing a user's values: what breaks, on which line, and what YAML may do to us."""

import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kina_audit.api import review_cilium
from kina_audit.cilium.keys import Given, keys
from kina_audit.cilium.model import State
from kina_audit.cilium.predict import Outcome
from kina_audit.cilium.release import find_release
from kina_audit.cilium.review import BREAKS, Review, effective
from kina_audit.cli import main
from kina_audit.errors import KinaAuditError, NothingCheckedError, UsageError
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources.cilium_values import CONFIGMAP, HELM, read_values
from tests.conftest import SHARED, examples
from tests.test_cilium_advice import WHOLE
from tests.test_cilium_contract import CHARTS
from tests.test_cilium_ladder import kernels, synthetic

LIBRARY = ProfileLibrary()
GOLDEN = Path(__file__).parent / "data/cilium-seed.txt"
SEED = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: cilium-config
data:
  datapath-mode: veth
  routing-mode: tunnel
  tunnel-protocol: vxlan
  enable-bpf-masquerade: "true"
  bpf-lb-sock: "true"
  enable-l7-proxy: "true"
  enable-hubble: "true"
"""
LINES = {6: "veth", 7: "tunnel", 8: "vxlan", 9: "bpf-masq", 10: "sock", 11: "l7", 12: "hubble"}


def reviewed(text: str, config: KernelConfig, tmp_path: Path, release: str = "1.20.2") -> Review:
    path = tmp_path / "values.yaml"
    path.write_text(text)
    kind, rows, *_ = read_values(str(path))
    kernel = Kernel(config, Provenance("test", "file", "test"))
    return review_cilium(kernel, rows, kind, cilium=release, library=LIBRARY)


def breaks(found: Review) -> dict[int, State]:
    return {r.line: r.state for r in found.remarks if r.state in BREAKS}


def test_a_good_configuration_has_no_remarks(tmp_path: Path) -> None:
    text = "kubeProxyReplacement: true\nk8sServiceHost: 10.0.0.1\nbpf:\n  masquerade: true\n  datapathMode: netkit\n"
    found = reviewed(text, synthetic(*WHOLE), tmp_path)
    assert found.remarks == ()
    assert (found.kind, found.judged, found.others) == (HELM, 3, 1)


ALL = ("1.16", "1.17", "1.18", "1.19", "1.20.0", "1.20.2")
WITH_IPV6 = ALL[2:]
"""Without the legacy tables."""
FULL = "kubeProxyReplacement: true\nbpf: {masquerade: true}\n"
NATIVE = "routingMode: native\nipv4NativeRoutingCIDR: 10.0.0.0/8\n"
COMBINED: list[tuple[str, State | None, tuple[str, ...]]] = [
    ("autoDirectNodeRoutes: true\n", State.FATAL, ALL),
    (f"{NATIVE}autoDirectNodeRoutes: true\n", None, ALL),
    ("ipv4: {enabled: false}\n", State.FATAL, ALL),
    ("ipv6: {enabled: true}\nipv4: {enabled: false}\n", None, WITH_IPV6),
    (f"{NATIVE}ipv6: {{enabled: true}}\n", State.FATAL, ALL),
    (f"{NATIVE}ipv6: {{enabled: true}}\nipv6NativeRoutingCIDR: fd00::/104\n", None, WITH_IPV6),
    ("ipMasqAgent: {enabled: true}\n", State.FATAL, ALL),
    (f"{FULL}ipMasqAgent: {{enabled: true}}\n", None, ALL),
    ("eni: {enabled: true}\nipam: {mode: eni}\n", State.FATAL, ALL[:3]),
    ("ipam: {mode: eni}\neni: {enabled: true}\n", None, ALL[3:]),  # from 1.19 on the chart then routes natively
    ("ipam: {mode: eni}\neni: {enabled: true}\nroutingMode: tunnel\n", State.FATAL, ALL[3:]),
    (f"{FULL}egressMasqueradeInterfaces: eth0\n", State.FATAL, ALL),
    ("egressMasqueradeInterfaces: eth0\n", None, ALL),
    (f"{FULL}ipv4: {{enabled: false}}\nipv6: {{enabled: true}}\nenableIPv6Masquerade: false\n", State.FATAL, WITH_IPV6),
    (f"{FULL}loadBalancer: {{mode: annotation}}\n", State.BROKEN, ALL),
    (f"{NATIVE}ipam: {{mode: eni}}\neni: {{enabled: true}}\n", None, ALL),
    (f"{FULL}enableMasqueradeRouteSource: true\n", State.FATAL, ALL),
    ("kubeProxyReplacement: true\nnat46x64Gateway: {enabled: true}\n", State.FATAL, ALL),
    ("kubeProxyReplacement: true\nipv6: {enabled: true}\nnat46x64Gateway: {enabled: true}\n", None, WITH_IPV6),
    ("ipv6: {enabled: true}\nipv4: {enabled: false}\nunderlayProtocol: ipv4\n", State.FATAL, ("1.20.0", "1.20.2")),
    ("underlayProtocol: ipv6\n", State.FATAL, ("1.20.0", "1.20.2")),
    # DSR: Geneve carries it with native routing, too; without kube-proxy replacement nobody looks at it
    (f"{NATIVE}kubeProxyReplacement: true\ntunnelProtocol: geneve\nloadBalancer: {{mode: dsr, dsrDispatch: geneve}}\n", None, ALL),
    (f"{NATIVE}kubeProxyReplacement: true\nloadBalancer: {{mode: dsr, dsrDispatch: geneve}}\n", State.FATAL, ALL),
    ("loadBalancer: {mode: dsr}\n", State.BROKEN, ALL),
    (f"{NATIVE}kubeProxyReplacement: true\nloadBalancer: {{mode: dsr, dsrDispatch: ipip, acceleration: native}}\n", State.FATAL,
     ("1.16", "1.17")),
    (f"{NATIVE}kubeProxyReplacement: true\nloadBalancer: {{mode: dsr, dsrDispatch: ipip, acceleration: native}}\n", None,
     ("1.18", "1.19", "1.20.2")),
    # services on the node's ports were enough for BPF masquerading before 1.19
    ("nodePort: {enabled: true}\nbpf: {masquerade: true}\n", None, ("1.16", "1.17", "1.18")),
    ("bpf: {masquerade: true}\nnodePort: {enabled: true}\n", State.BROKEN, ("1.19", "1.20.2")),
    (f"{FULL}egressGateway: {{enabled: true}}\nciliumEndpointSlice: {{enabled: true}}\n", State.FATAL, ALL),
    (f"{FULL}ciliumEndpointSlice: {{enabled: true}}\n", None, ALL),
    ("nodePort: {enabled: true}\nloadBalancer: {mode: dsr}\n", State.FATAL, ("1.16", "1.17", "1.18")),
    ("nodePort: {enabled: true}\ntunnelProtocol: geneve\nloadBalancer: {mode: hybrid}\n", State.FATAL, ("1.16", "1.17", "1.18")),
    ("nodePort: {enabled: true}\ntunnelProtocol: geneve\nloadBalancer: {mode: dsr, dsrDispatch: geneve}\n", None,
     ("1.16", "1.17", "1.18")),
    ("gatewayAPI: {enabled: true}\n", State.BROKEN, ALL),
    ("kubeProxyReplacement: true\ngatewayAPI: {enabled: true}\n", None, ALL),
    (f"{FULL}{NATIVE}enableIPv6BIGTCP: true\n", State.BROKEN, ALL),
    ("encryption:\n  enabled: true\n  type: ztunnel\n", State.BROKEN, ("1.16", "1.18")),
]  # fmt: skip
"""Values whose last line ends the agent or breaks, or none does, in these releases, whatever the kernel has."""


@pytest.mark.parametrize(
    ("text", "release", "missing", "expected"),
    [
        ("bpf:\n  masquerade: true\n", "1.18", (), {2: State.FATAL}),
        ("encryption:\n  enabled: true\n  type: wireguard\n", "1.20.2", ("WIREGUARD",), {3: State.FATAL}),
        ("encryption:\n  enabled: true\n  type: wireguard\n", "1.20.2", (), {}),
        ("encryption: {enabled: true}\n", "1.20.2", ("INET_ESP",), {1: State.FATAL}),
        ("encryption: {enabled: true}\n", "1.20.2", ("XFRM_USER",), {0: State.FATAL, 1: State.FATAL}),
        ("encryption: {enabled: false, type: wireguard}\n", "1.20.2", ("WIREGUARD",), {}),
        ("kubeProxyReplacement: strict\n", "1.20.2", (), {1: State.BROKEN}),
        ("kubeProxyReplacement: yes\n", "1.20.2", (), {}),
        ("kubeProxyReplacement: maybe\n", "1.20.2", (), {1: State.BROKEN}),
        ("tunnel: vxlan\n", "1.20.2", (), {1: State.BROKEN}),
        ("tunnel: vxlan\n", "1.14", (), {}),
        ("routingMode: native\nroutingMode: tunel\n", "1.20.2", (), {2: State.BROKEN}),
        ("bpf: {datapathMode: netkit}\n", "1.20.2", (), {1: State.FATAL}),
        ("bpf: {datapathMode: auto}\n", "1.19.7", (), {1: State.FATAL}),
        ("kubeProxyReplacement: true\nbpf:\n  masquerade: true\n  datapathMode: netkit\n", "1.20.2", ("NETKIT",),
         {4: State.FATAL}),
        ("kubeProxyReplacement: true\n", "1.20.2", ("DEBUG_INFO_BTF",), {1: State.NO_PODS}),
        ("kubeProxyReplacement: true\n", "1.19.2", ("DEBUG_INFO_BTF",), {}),
        ("kubeProxyReplacement: true\nloadBalancer:\n  mode: dsr\n", "1.20.2", (), {3: State.FATAL}),
        ("bandwidthManager: {enabled: true}\nencryption:\n  enabled: true\n", "1.20.2", (), {1: State.BROKEN}),
        ("ipv6: {enabled: true}\n", "1.20.2", ("IPV6_MULTIPLE_TABLES",), {1: State.FATAL}),
        ("l7Proxy: false\n", "1.20.2", ("IP_MULTIPLE_TABLES",), {}),
        ("{}\n", "1.20.2", ("IP_MULTIPLE_TABLES",), {0: State.FATAL}),
        ("extraConfig: {multicast-enabled: 'true'}\nrouterMode: x\n", "1.20.2", ("VXLAN",), {0: State.NO_PODS, 1: State.NO_PODS, 2: State.BROKEN}),
        # IP sets, with native routing and masquerading by iptables only
        ("{}\n", "1.20.2", ("IP_SET",), {}),
        ("routingMode: native\nipv4NativeRoutingCIDR: 10.0.0.0/8\n", "1.20.2", ("IP_SET",), {0: State.FATAL}),
        ("routingMode: native\nipv4NativeRoutingCIDR: 10.0.0.0/8\nkubeProxyReplacement: true\nbpf: {masquerade: true}\n", "1.20.2",
         ("IP_SET",), {}),
        # values that later charts read
        ("networkDriver: {enabled: true}\nstandaloneDnsProxy: {enabled: true}\n", "1.18", (), {1: State.BROKEN, 2: State.BROKEN}),
        ("datapathPlugins: {enabled: true}\nstandaloneDnsProxy: {enabled: true}\n", "1.20.2", (), {}),
        # the agent's own source refuses these together
        ("kubeProxyReplacement: true\nl7Proxy: false\nextraConfig: {install-iptables-rules: 'false'}\n", "1.20.2", (),
         {3: State.FATAL}),
        ("kubeProxyReplacement: true\nl7Proxy: false\nextraConfig: {install-iptables-rules: 'false'}\n", "1.18", (),
         {3: State.BROKEN}),
        (("kubeProxyReplacement: true\nl7Proxy: false\nbpf: {masquerade: true}\nextraConfig: {install-iptables-rules: 'false'}\n"),
         "1.18", (), {}),
        ("extraConfig: {install-iptables-rules: 'false'}\n", "1.18", (), {1: State.FATAL}),
        ("egressGateway: {enabled: true}\nbpf: {masquerade: true}\n", "1.19", (), {}),
        ("egressGateway: {enabled: true}\nbpf: {masquerade: true}\n", "1.18", (), {1: State.FATAL, 2: State.FATAL}),
        ("underlayProtocol: ipv6\nipv6: {enabled: true}\negressGateway: {enabled: true}\nbpf: {masquerade: true}\n", "1.20.2", (),
         {3: State.FATAL}),
        ("enableIPv4BIGTCP: true\nkubeProxyReplacement: true\nbpf: {masquerade: true}\n", "1.20.2", (), {1: State.FATAL}),
        (("enableIPv4BIGTCP: true\nkubeProxyReplacement: true\nbpf: {masquerade: true}\n"
         "extraConfig: {enable-tunnel-big-tcp: 'true'}\n"), "1.19", (), {1: State.NO_PODS}),  # before Linux 7.3
        (("enableIPv4BIGTCP: true\nroutingMode: native\nipv4NativeRoutingCIDR: 10.0.0.0/8\nkubeProxyReplacement: true\n"
         "bpf: {masquerade: true}\negressGateway: {enabled: true}\n"), "1.19", (), {1: State.NO_PODS}),
        # the gateway's packets go through a tunnel whatever the others do
        (f"{NATIVE}bpf: {{masquerade: true}}\negressGateway: {{enabled: true}}\n", "1.20.2", ("VXLAN",), {4: State.NO_PODS}),
        (f"{NATIVE}bpf: {{masquerade: true}}\negressGateway: {{enabled: true}}\ntunnelProtocol: geneve\n", "1.20.2", ("VXLAN",), {}),
        (("enableIPv4BIGTCP: true\nroutingMode: native\nipv4NativeRoutingCIDR: 10.0.0.0/8\nkubeProxyReplacement: true\n"
         "bpf: {masquerade: true}\nencryption: {enabled: true, type: wireguard}\n"), "1.20.2", (), {}),
        *[(text, release, (), {} if state is None else {len(text.splitlines()): state}) for text, state, releases in COMBINED
          for release in releases],
        # the words differ with tcx
        ("ipv6: {enabled: true}\n", "1.20.2", ("DEBUG_INFO_BTF",), {1: State.NO_PODS}),
        ("apiVersion: v1\nkind: ConfigMap\ndata:\n  enable-ipv4-egress-gateway: 'true'\n", "1.20.2", (), {4: State.BROKEN}),
    ],
)  # fmt: skip
def test_what_breaks_and_on_which_line(
    text: str, release: str, missing: tuple[str, ...], expected: dict[int, State], tmp_path: Path
) -> None:
    assert breaks(reviewed(text, synthetic(*WHOLE, missing=missing), tmp_path, release)) == expected


@pytest.mark.slow
def test_every_kernel_with_the_seeds_seven_lines(shared: Path, tmp_path: Path) -> None:
    """The second table of docs/cilium-kernels.md; KINA_AUDIT_UPDATE=1 rewrites it."""
    lines = [f"{'kernel':<34}{'1.18':<52}1.20.2"]
    for name, config in kernels(shared).items():
        cells = []
        for release in ("1.18", "1.20.2"):
            found = reviewed(SEED, config, tmp_path, release)
            rows = [r for r in found.remarks if r.state in BREAKS]
            words = [
                "agent" if not r.line and r.feature == "agent" else LINES[r.line] for r in rows if r.line or not r.key
            ]
            silent = [f"({LINES[r.line]})" for r in found.remarks if r.state is State.SILENT and r.line]
            cells.append(" ".join(dict.fromkeys([*words, *silent])) or "-")
        lines.append(f"{name:<34}{cells[0]:<52}{cells[1]}".rstrip())
    text = "\n".join(lines) + "\n"
    if os.environ.get("KINA_AUDIT_UPDATE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_seeds_table_is_in_the_docs() -> None:
    page = (Path(__file__).parents[1] / "docs/cilium-kernels.md").read_text(encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") in page


@pytest.mark.parametrize("chart", CHARTS)
def test_keys_are_read_as_helm_renders_them(shared: Path, chart: str) -> None:
    """For every value that was rendered, our reading of the values and of the rendered ConfigMap come to the same."""
    document = json.loads((shared / "cilium" / f"configmap-{chart}.json").read_text(encoding="utf-8"))
    known = keys(find_release(chart))
    for toggle in document["toggles"]:
        if toggle.get("configmap_changes") is None:
            continue
        rendered = {**document["default_configmap"], **toggle["configmap_changes"]}
        config = [Given(k, str(v), 1) for k, v in rendered.items() if v is not None]
        helm = [Given(k, v, 1) for k, v in flat(toggle["values"])]
        ours, _, _ = effective(helm, HELM, known)
        theirs, _, _ = effective(config, CONFIGMAP, known)
        unread = {"datapath-mode"} if chart < "1.16" else set()
        differ = {k for k in ours if ours[k] != theirs[k]} - unread
        assert not differ, (toggle["values"], {k: (ours[k], theirs[k]) for k in differ})


def flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows += flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", str(value).lower() if isinstance(value, bool) else str(value)))
    return rows


def test_a_list_of_objects_and_json_are_read(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    other = {"kind": "ConfigMap", "metadata": {"name": "other"}, "data": {"routing-mode": "x"}}
    mine = {"kind": "ConfigMap", "metadata": {"name": "cilium-config"}, "data": {"routing-mode": "native"}}
    path.write_text(json.dumps({"kind": "List", "items": [other, mine]}, indent=1))
    assert read_values(str(path))[:2] == (CONFIGMAP, [("routing-mode", "native", 19, "s")])
    path.write_text("a: &x {b: 1}\nc:\n  <<: *x\n  d: null\n")
    rows = [row for row in read_values(str(path)).rows if row[3] != "o"]
    assert rows == [("a.b", "1", 1, "i"), ("c.b", "1", 1, "i"), ("c.d", "null", 4, "z")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", "values.yaml:2: "),
        ("- a\n", "no values in it"),
        ("- a\n- b\n", "no values in it"),
        ("just text", "no values in it"),
        ("a: &a\n  b: *a\n", "nested too deeply"),
        ("a: " + "{a: " * 100 + "1" + "}" * 100, "nested too deeply"),
        ("a: 1\n---\nb: 2\n", "several documents"),
        ("a: !!python/object/apply:os.system [id]\nb: {c: d\n", "values.yaml:"),
    ],
)
def test_bad_values_are_one_clear_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(text)
    with pytest.raises(UsageError) as found:
        read_values(str(tmp_path / "values.yaml"))
    assert message in found.value.message


def test_a_billion_laughs_are_cut_short(tmp_path: Path) -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{" + ", ".join(f"k{j}: *a{i - 1}" for j in range(9)) + "}" for i in range(1, 12)]
    (tmp_path / "values.yaml").write_text("\n".join(lines))
    with pytest.raises(KinaAuditError, match="values"):
        read_values(str(tmp_path / "values.yaml"))


@settings(max_examples=examples(150))
@given(text=st.one_of(st.text(max_size=200), st.text("ab:-{}[]&*!#'\"\n \t", max_size=200)))
@example(text="\x00")
@example(text="<<: {a: 1}")
@example(text="? [a]: b")
def test_any_text_gives_values_or_our_own_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        kind, rows, *_ = read_values(str(path))
    except KinaAuditError:
        return
    kernel = Kernel(synthetic(*WHOLE), Provenance("test", "file", "test"))
    with suppress(NothingCheckedError):
        review_cilium(kernel, rows, kind, library=LIBRARY)


def test_an_agent_that_does_not_start_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every value repeated its reason, even `It needs bpf-masquerade: It needs agent: ...`."""
    path = tmp_path / "v.yaml"
    path.write_text(
        "bpf: {masquerade: true}\nbandwidthManager: {enabled: true, bbr: true}\nsctp: {enabled: true}\n"
        "egressGateway: {enabled: true}\n",
        encoding="utf-8",
    )
    words = ["cilium", "review", str(path), "recorded:apple", "--cilium", "1.18"]
    assert main(words) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("Require support for the eBPF JIT") <= 2, "the reason, and what to look for"
    assert "It needs agent" not in out
    assert "egressGateway.enabled: true fatal: only because of the agent." in out
    assert "bandwidthManager.bbr: true fatal: because of the agent; with one that runs, fatal: The agent cannot" in out
    main([*words, "-f", "json"])
    assert "It needs agent" in capsys.readouterr().out


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_tcx_hook_that_nobody_can_tell_of_is_done_without(
    arch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lack is no break, and that it was unknown ended with 1 for the tool's own values, which `check` passed."""
    source = SHARED / f"corpus/linuxkit/kernel__6.6.x__config-{arch}.config.gz"
    if not source.is_file():
        pytest.skip("LinuxKit's configs are not here")
    path = str(tmp_path / "v.yaml")
    assert main(["cilium", str(source), "-o", f"helm-values={path}"]) == 0
    capsys.readouterr()
    assert main(["cilium", "review", path, str(source)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "enable-tcx" not in out
    assert "veth devices, tcx or tc, Hubble" in out
    Path(path).write_text("bpf: {enableTCX: true}\n", encoding="utf-8")
    assert main(["cilium", "review", path, str(source)]) == 0, (
        "nor where it is asked for, as where it is known to be missing"
    )
    assert "unknown: CONFIG_NET_XGRESS" in capsys.readouterr().out


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SEED.encode())))
    assert main(["cilium", "review", "-", "recorded:kata@3.17.0", "--cilium", "1.18"]) == 1
    out = capsys.readouterr().out
    assert "in any case: agent" in out
    assert "-:9: enable-bpf-masquerade: true" in out
    (tmp_path / "v.yaml").write_text("l7Proxy: false\nhubble: {enabled: false}\n")
    assert main(["cilium", "review", str(tmp_path / "v.yaml"), "recorded:kata@3.32.0-debug", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["breaks"] is False
    assert main(["cilium", "review", str(tmp_path / "none.yaml"), "apple"]) == 3
    assert main(["cilium", "review", "-", "-"]) == 2
    assert "both VALUES and SOURCE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "release", "version", "expected"),
    [
        # what the agent does without is no break, and not even said when nobody asked for it
        ("{}\n", "1.20.2", "6.1.0", {}),
        ("bpf: {enableTCX: true}\n", "1.20.2", "6.1.0", {1: State.DEGRADED}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true}\n", "1.17", "5.4.0", {1: State.DEGRADED}),
        # tcx off needs the tc symbols, which are there
        ("bpf: {enableTCX: false}\n", "1.20.2", "6.18.5", {}),
        ("bpf: {hostLegacyRouting: false}\n", "1.20.2", "6.18.5", {1: State.SILENT}),
        # no masquerading at all does not stop BPF host routing
        ("kubeProxyReplacement: true\nenableIPv4Masquerade: false\nbpf: {datapathMode: netkit}\n", "1.20.2", "6.18.5", {}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true}\nenableIPv4Masquerade: false\n", "1.18", "6.18.5", {3: State.FATAL}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true}\nenableIPv4Masquerade: false\nipv6: {enabled: true}\n", "1.18", "6.18.5", {}),
        ("kubeProxyReplacement: true\nbpf:\n  masquerade: true\nenableIPv4Masquerade: false\nenableIPv6Masquerade: false\n", "1.20.2", "6.18.5", {5: State.FATAL}),
        ("routingMode: native\n", "1.20.2", "6.18.5", {1: State.FATAL}),
        ("routingMode: native\n", "1.16", "6.18.5", {1: State.FATAL}),
        ("routingMode: native\nipv4NativeRoutingCIDR: 10.1.0.0/16\n", "1.20.2", "6.18.5", {}),
        ("routingMode: native\neni: {enabled: true}\n", "1.20.2", "6.18.5", {}),
        ("routingMode: native\nnativeRoutingCIDRFromClusterPool: true\n", "1.20.2", "6.18.5", {}),
        ("routingMode: native\nenableIPv4Masquerade: false\n", "1.20.2", "6.18.5", {}),
        ("kubeProxyReplacement: true\nl7Proxy: false\ngatewayAPI: {enabled: true}\n", "1.20.2", "6.18.5", {3: State.FATAL}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n",
         "1.20.2", "6.10.0", {3: State.UNKNOWN}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n",
         "1.18", "6.10.0", {3: State.UNVERIFIED}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n",
         "1.20.2", "6.12.3", {3: State.FATAL}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n",
         "1.18", "6.12.3", {3: State.BROKEN}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n",
         "1.20.2", "6.12.4", {}),
        # what netkit sends through VXLAN is dropped; a vendor's 6.8 may have been mended
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\n", "1.20.2", "6.9.4", {2: State.BROKEN}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\n", "1.20.2", "6.8.12", {2: State.UNVERIFIED}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\n", "1.20.2", "6.9.5", {}),
        ("tunnelProtocol: geneve\nkubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\n", "1.20.2", "6.9.4", {}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\n", "1.20.2", "6.11.1", {2: State.BROKEN}),
        ("kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n",
         "1.20.2", "6.13.0", {}),
        # strict was true once, and brings socket load balancing
        ("kubeProxyReplacement: strict\nbpf: {masquerade: true}\n", "1.15", "6.18.5", {}),
        ("kubeProxyReplacement: true\nlocalRedirectPolicy: true\n", "1.20.2", "6.18.5", {}),
        ("socketLB: {enabled: true}\nlocalRedirectPolicy: true\n", "1.20.2", "6.18.5", {}),
        ("localRedirectPolicy: true\n", "1.20.2", "6.18.5", {1: State.BROKEN}),
        # one remark, not two, for what is both a conflict and a need
        ("kubeProxyReplacement: true\nloadBalancer: {mode: dsr}\n", "1.20.2", "6.18.5", {2: State.FATAL}),
        ("kubeProxyReplacement: true\nnodePort: {enabled: true}\n", "1.20.2", "6.18.5", {2: State.SILENT}),
        ("nodePort: {enabled: true}\n", "1.20.2", "6.18.5", {1: State.BROKEN}),
        ("tunnel: disabled\nipv4NativeRoutingCIDR: 10.0.0.0/8\nvtep: {enabled: true}\n", "1.14", "6.18.5", {3: State.FATAL}),
        # nobody knows: 1.19.8 on Linux 7.2
        ("{}\n", "1.19.8", "7.2.0", {0: State.UNKNOWN}),
    ],
)  # fmt: skip
def test_values_that_stand_or_fall_together(
    text: str, release: str, version: str, expected: dict[int, State], tmp_path: Path
) -> None:
    missing = (
        ("NET_XGRESS",) if (version < "6.6" and version[1] == "." and version[3] == ".") or version == "6.1.0" else ()
    )
    found = reviewed(text, synthetic(*WHOLE, version=version, missing=missing), tmp_path, release)
    assert {r.line: r.state for r in found.remarks} == expected
    assert len(found.remarks) == len(expected)


def test_l7_by_bpf_tproxy_needs_no_iptables_target(tmp_path: Path) -> None:
    config = synthetic(*WHOLE, missing=("NETFILTER_XT_TARGET_TPROXY",))
    assert reviewed("{}\n", config, tmp_path).breaks
    assert not reviewed("bpf: {tproxy: true}\n", config, tmp_path).breaks


def test_tcx_off_needs_the_tc_symbols(tmp_path: Path) -> None:
    config = synthetic(*WHOLE, missing=("NET_CLS_ACT", "NET_SCH_INGRESS", "NET_CLS_BPF"))
    assert not reviewed("{}\n", config, tmp_path).breaks
    found = reviewed("bpf: {enableTCX: false}\n", config, tmp_path)
    assert found.remarks[0].feature == "agent"
    assert found.remarks[0].state is State.FATAL


def test_a_config_map_without_hubble_has_it_off(tmp_path: Path) -> None:
    text = "kind: ConfigMap\ndata: {routing-mode: tunnel}\n"
    config = synthetic(*WHOLE, missing=("BPF_EVENTS",))
    judged = [[r.feature for r in reviewed(text, config, tmp_path, release).remarks] for release in ("1.16", "1.17")]
    assert ["hubble" in features for features in judged] == [False, False]


@pytest.mark.parametrize(
    ("text", "line", "because"),
    [
        ("bpf: true\n", 1, "bpf takes a mapping, and this is true or false"),
        ("hubble:\n  enabled: {a: 1}\n", 2, "hubble.enabled takes true or false, and this is a mapping"),
        ("hubble:\n  enabled: [true]\n", 2, "hubble.enabled takes true or false, and this is a list"),
        ("kubeProxyReplacement: 1\n", 1, "takes true or false, or text, and this is a number"),
    ],
)
def test_values_of_the_wrong_type_are_named(text: str, line: int, because: str, tmp_path: Path) -> None:
    found = reviewed(text, synthetic(*WHOLE), tmp_path)
    [remark] = found.remarks
    assert (remark.line, remark.state) == (line, State.BROKEN)
    assert because in remark.because


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # a list of mappings is merged, the first counts most, and the mapping's own keys count more than all of them
        ("x: &x {b: 1, c: 1}\ny: &y {b: 2, d: 2}\nz:\n  b: 3\n  <<: [*x, *y]\n",
         {"z.b": ("3", 4), "z.c": ("1", 1), "z.d": ("2", 2)}),
        ("x: &x {b: 1}\nz: {<<: *x, b: 2}\n", {"z.b": ("2", 2)}),
        # of a key that is there twice the last counts, whole
        ("z: {b: 1, c: 1}\nz: {b: 2}\n", {"z.b": ("2", 2)}),
        ("z: [1, 2]\n", {"z": ("[...]", 1)}),
    ],
)  # fmt: skip
def test_merges_doubles_and_lists(text: str, rows: dict[str, tuple[str, int]], tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text(text)
    found = read_values(str(tmp_path / "v.yaml")).rows
    assert {k: (v, line) for k, v, line, type_ in found if k[0] == "z" and type_ != "o"} == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bpf:\n  masquerade: {{ .Values.x }}\n", "v.yaml:2: a key that is no text"),
        ("apiVersion: apps/v1\nkind: Deployment\n", "v.yaml:2: a Kubernetes object that is not the ConfigMap"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\n", "v.yaml:2: a Kubernetes object"),
        ("bpf:\n\tmasquerade: true\n", "v.yaml:2: "),
    ],
)
def test_what_is_no_values_file(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text(text)
    with pytest.raises(UsageError) as found:
        read_values(str(tmp_path / "v.yaml"))
    assert message in found.value.message


def test_hybrid_routing_is_not_said_to_be_wrong(tmp_path: Path) -> None:
    """The source takes it since 2026-06-25; in which release it is, is not established."""
    found = reviewed("routingMode: hybrid\n", synthetic(*WHOLE), tmp_path)
    assert [r.state for r in found.remarks] == [State.UNKNOWN]
    assert found.undecided
    assert not found.breaks


@pytest.mark.parametrize(
    "text",
    [
        "routingMode: nativ\n",
        "bpf: {datapathMode: netkt}\n",
        "ipam: {mode: clusterpool}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\ndata: {datapath-mode: netkt}\n",
    ],
)
def test_an_agent_with_a_misspelt_word_is_not_said_to_run(text: str, tmp_path: Path) -> None:
    found = reviewed(text, synthetic(*WHOLE), tmp_path)
    assert found.breaks
    assert found.prediction.outcome is Outcome.UNKNOWN


def test_big_tcp_goes_through_tunnels_from_linux_7_3(tmp_path: Path) -> None:
    text = "enableIPv4BIGTCP: true\nkubeProxyReplacement: true\nbpf: {masquerade: true}\n"
    assert reviewed(text, synthetic(*WHOLE, version="7.2.0"), tmp_path).breaks
    assert not reviewed(text, synthetic(*WHOLE, version="7.3.0"), tmp_path).breaks


IPSEC = "kubeProxyReplacement: true\nbpf: {masquerade: true}\nencryption:\n  enabled: true\n  type: ipsec\n"


@pytest.mark.parametrize(
    ("version", "release", "routing", "broken"),
    [
        ("6.15.0", "1.18", "Legacy", False),  # the agent falls back by itself
        ("6.15.0", "1.20.2", "BPF", False),
        ("6.12.28", "1.20.2", "BPF", True),
        ("6.8.12", "1.20.2", "BPF", False),  # a vendor's: nobody can tell
    ],
)
def test_what_becomes_of_ipsec_beside_bpf_host_routing(
    version: str, release: str, routing: str, broken: bool, tmp_path: Path
) -> None:
    found = reviewed(IPSEC, synthetic(*WHOLE, version=version), tmp_path, release)
    assert found.prediction.host_routing == routing
    assert ({5: State.BROKEN} if broken else {}) == breaks(found)
    told_of = [r.because for r in found.remarks] + [c.because for c in found.cautions]
    assert sum("CVE-2025-37959" in because for because in told_of) == (version in ("6.12.28", "6.8.12"))
    if broken:
        assert "Set bpf.hostLegacyRouting to true, and bpf.datapathMode to veth where it is netkit." in told_of[0]
    assert [c.line for c in found.cautions if "needs its key" in c.because] == [5]


def test_values_of_clouds_that_masquerade_as_the_chart_says(tmp_path: Path) -> None:
    text = (
        f"{FULL}eni: {{enabled: true}}\nipam: {{mode: eni}}\nroutingMode: native\nipv4NativeRoutingCIDR: 10.0.0.0/8\n"
    )
    modes = [
        reviewed(f"{text}{more}", synthetic(*WHOLE), tmp_path, "1.19").prediction.masquerading
        for more in ("", 'upgradeCompatibility: "1.18"\n', 'upgradeCompatibility: "1.14"\n')
    ]
    assert modes == ["Disabled", "Disabled", "BPF"]
    routes = [
        reviewed(f"{FULL}{more}", synthetic(*WHOLE, version="6.12.2"), tmp_path).prediction.host_routing
        for more in (
            "cni: {chainingTarget: x}\n",
            "cni: {chainingTarget: x}\nextraConfig: {enable-host-legacy-routing: 'false'}\n",
        )
    ]
    assert routes == ["Legacy", "BPF"]
    netkit = "kubeProxyReplacement: true\nbpf: {masquerade: true, datapathMode: netkit}\nazure: {enabled: true}\n"
    assert State.FATAL in breaks(reviewed(netkit, synthetic(*WHOLE, version="6.12.2"), tmp_path)).values()


@pytest.mark.parametrize(
    ("text", "version", "release", "states"),
    [
        # What an agent with the choice takes is judged as if it were written.
        ("bpf: {masquerade: true, datapathMode: auto}\n", "6.9.3", "1.20.2", {State.BROKEN}),
        ("bpf: {masquerade: true, datapathMode: auto}\n", "6.11.1", "1.20.2", {State.BROKEN}),
        ("bpf: {masquerade: true, datapathMode: auto}\n", "6.6.0", "1.20.2", set()),
        # A number X.Y.0 may stand for any update.
        ("bpf: {masquerade: true, datapathMode: netkit}\n", "6.11.0-29-generic", "1.20.2", {State.UNVERIFIED}),
        ("bpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n", "6.12.0-55.9.1.el10_0.x86_64", "1.20.2", {State.UNKNOWN}),
        ("bpf: {masquerade: true, datapathMode: netkit}\nendpointRoutes: {enabled: true}\n", "6.12.0", "1.20.2", {State.UNKNOWN}),
        ("bpf: {masquerade: true, datapathMode: lb-only}\n", "6.12.117", "1.18", {State.FATAL}),
        # The card decides beside the kernel; the release reads the chart's own value.
        ("bpf: {masquerade: true}\nenableIPv4BIGTCP: true\nenableTunnelBIGTCP: true\n", "6.12.40", "1.19.2", {State.NO_PODS}),
    ],
)  # fmt: skip
def test_what_only_may_be_is_not_said_to_be(
    text: str, version: str, release: str, states: set[State], tmp_path: Path
) -> None:
    missing = ("NETKIT", "NET_XGRESS") if version == "6.6.0" else ()
    found = reviewed(
        f"kubeProxyReplacement: true\n{text}", synthetic(*WHOLE, version=version, missing=missing), tmp_path, release
    )
    judged = {State.BROKEN, State.FATAL, State.NO_PODS, State.UNKNOWN, State.UNVERIFIED}
    assert {r.state for r in found.remarks} & judged == states
    if State.FATAL in states:
        assert found.prediction.outcome is Outcome.EXITS


def test_the_stand_alone_load_balancer(tmp_path: Path) -> None:
    for text in ("loadBalancer: {standalone: true}\n", "bpf: {datapathMode: lb-only}\n"):
        found = reviewed(f"kubeProxyReplacement: true\n{text}", synthetic(*WHOLE), tmp_path, "1.17")
        assert not found.breaks
        told = found.prediction
        assert (told.kube_proxy_replacement, told.masquerading, told.inter_host, told.datapath) == (
            False,
            "Disabled",
            "Native",
            "veth",
        )


def test_an_agent_that_falls_back_is_foretold_so(tmp_path: Path) -> None:
    found = reviewed(f"{FULL}egressMasqueradeInterfaces: eth0\n", synthetic(*WHOLE), tmp_path, "1.15")
    assert [r.state for r in found.remarks if "egressMasqueradeInterfaces" in r.key] == [State.DEGRADED]
    assert (found.prediction.masquerading, found.prediction.host_routing) == ("iptables", "Legacy")
    alone = reviewed("bpf: {masquerade: true}\n", synthetic(*WHOLE), tmp_path, "1.15")
    assert (alone.prediction.outcome, alone.prediction.masquerading) == (Outcome.RUNS, "iptables")


def test_a_note_is_said_once(tmp_path: Path) -> None:
    found = reviewed(FULL, synthetic(*WHOLE, version="6.9.3"), tmp_path)
    assert len([c for c in found.cautions if "CVE-2024-42246" in c.because]) == 1


def test_every_word_of_a_key_is_taken_wherever_it_stands(tmp_path: Path) -> None:
    text = "kind: ConfigMap\ndata: {datapath-mode: netkit, kube-proxy-replacement: 'true', enable-bpf-masquerade: 'true'}\n"
    assert not reviewed(text, synthetic(*WHOLE), tmp_path, "1.17").breaks


def test_words_that_older_agents_take(tmp_path: Path) -> None:
    text = "kind: ConfigMap\ndata: {kube-proxy-replacement: strict, enable-bpf-masquerade: 'true'}\n"
    assert [reviewed(text, synthetic(*WHOLE), tmp_path, r).breaks for r in ("1.15", "1.16")] == [False, True]


@pytest.mark.parametrize("version", ["6.12.0-160000.37-default", "6.12.0", "6.1.0-52-amd64", "6.12.0-55.el10.x86_64"])
def test_a_number_that_does_not_tell_the_stable_update_is_not_said_to_be_broken(version: str, tmp_path: Path) -> None:
    found = reviewed(IPSEC, synthetic(*WHOLE, version=version), tmp_path)
    assert [r.state for r in found.remarks] == [State.UNVERIFIED]


def test_values_that_charts_make_of_clouds_and_chaining(tmp_path: Path) -> None:
    def routes(text: str, release: str = "1.20.2") -> tuple[str, str]:
        found = reviewed(f"{FULL}{text}", synthetic(*WHOLE), tmp_path, release).prediction
        return found.inter_host, found.host_routing

    assert routes("cni: {chainingMode: aws-cni}\n") == ("Tunnel", "Legacy")
    assert routes("cni: {chainingMode: aws-cni}\nextraConfig: {enable-host-legacy-routing: 'false'}\n") == (
        "Tunnel",
        "BPF",
    )
    assert routes("gke: {enabled: true}\n", "1.16")[0] == "Native"
    assert [routes("eni: {enabled: true}\nipam: {mode: eni}\n", r)[0] for r in ("1.18", "1.19")] == ["Tunnel", "Native"]


@pytest.mark.parametrize(
    ("text", "version", "datapath", "attach"),
    [
        ("bpf: {masquerade: true, datapathMode: netkit, enableTCX: false}\n", "6.18.5", "netkit", "tcx"),
        ("bpf: {masquerade: true, datapathMode: auto}\n", "6.18.5", "netkit", "tcx"),
        ("bpf: {masquerade: true, datapathMode: auto, tproxy: true}\n", "6.18.5", "veth", "tcx"),
        ("bpf: {masquerade: true, datapathMode: auto}\nendpointRoutes: {enabled: true}\n", "6.12.3", "veth", "tcx"),
        ("bpf: {masquerade: true, datapathMode: auto}\nendpointRoutes: {enabled: true}\n", "6.12.4", "netkit", "tcx"),
        ("bpf: {masquerade: true, datapathMode: auto}\nendpointRoutes: {enabled: true}\n", "6.10.9", "", "tcx"),
    ],
)
def test_the_devices_that_an_agent_takes(text: str, version: str, datapath: str, attach: str, tmp_path: Path) -> None:
    found = reviewed(f"kubeProxyReplacement: true\n{text}", synthetic(*WHOLE, version=version), tmp_path).prediction
    assert (found.datapath, found.attach) == (datapath, attach)


def test_bbr_for_the_host_alone_needs_no_bpf_host_routing(tmp_path: Path) -> None:
    text = "bandwidthManager: {enabled: true, bbr: true, bbrHostNamespaceOnly: %s}\n"
    told_of = [reviewed(text % only, synthetic(*WHOLE), tmp_path).breaks for only in ("true", "false")]
    assert told_of == [False, True]


def test_what_is_for_advice_alone_is_no_note_of_a_review(tmp_path: Path) -> None:
    text = f"{FULL}egressGateway: {{enabled: true}}\nextraConfig: {{multicast-enabled: 'true'}}\n"
    assert [c.line for c in reviewed(text, synthetic(*WHOLE), tmp_path).cautions] == [1]  # where the API server is


def test_a_kernel_too_old_for_bpf_host_routing_is_foretold_to_have_none(tmp_path: Path) -> None:
    text = "kubeProxyReplacement: true\nbpf: {masquerade: true}\n"
    found = {v: reviewed(text, synthetic(*WHOLE, version=v), tmp_path, "1.16") for v in ("5.4.0", "5.10.0")}
    assert [f.prediction.host_routing for f in found.values()] == ["Legacy", "BPF"]


def told(text: str, path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    (path / "values.yaml").write_text(text)
    status = main(["cilium", "review", str(path / "values.yaml"), "recorded:kata@3.32.0-debug", *more])
    return status, " ".join(capsys.readouterr().out.split())


REFUSED = [
    ("bpf:\n  masquerade: true\nhubble: true\nimage: foo\n", "1.20.2"),
    ("kubeProxyReplacement: strict\nk8sServiceHost: a\n", "1.20.2"),
    ("tunnel: vxlan\n", "1.18"),
    ("clustermesh: {maxConnectedClusters: 300}\n", "1.20.2"),
    ("l7Proxy: false\ningressController: {enabled: true}\n", "1.20.2"),
    ("routingMode: native\n", "1.20.2"),
]


@pytest.mark.parametrize(("text", "release"), REFUSED)
def test_of_values_that_the_chart_refuses_no_agent_is_foretold(
    text: str, release: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = told(text, tmp_path, capsys, "--cilium", release)
    assert status == 1
    assert "The chart refuses these values, so Helm installs nothing" in out
    assert "reports" not in out
    _, out = told(text, tmp_path, capsys, "--cilium", release, "-f", "json")
    assert json.loads(out)["expected"]["outcome"] == "refused"


def test_a_misspelt_word_is_not_what_the_agent_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "routingMode: tunel\nbpf: {datapathMode: vteh}\n"
    _, out = told(text, tmp_path, capsys)
    assert "an unknown way between nodes, unknown devices" in out
    assert "tunel between" not in out
    found = reviewed("data: {kube-proxy-replacement: ture}\nkind: ConfigMap\nmetadata: {name: cilium-config}\n",
                     synthetic(*WHOLE), tmp_path).prediction  # fmt: skip
    assert (found.kube_proxy_replacement, found.host_routing, found.inter_host) == (None, "", "Tunnel")


@pytest.mark.parametrize(
    ("beside", "release", "line"),
    [
        ("", "1.20.2", 1),
        ("", "1.18", 1),
        ("k8sServiceHost: ''\n", "1.20.2", 1),
        ("k8sServiceHost: 10.0.0.1\n", "1.20.2", 0),
        ("k8sServiceHostRef: {name: api}\n", "1.20.2", 0),
        ("k8s: {apiServerURLs: 'https://a https://b'}\n", "1.20.2", 0),
        ("extraConfig: {k8s-api-server: 'https://a'}\n", "1.20.2", 0),
    ],
)
def test_without_kube_proxy_the_agent_must_know_where_the_api_server_is(
    beside: str, release: str, line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"kubeProxyReplacement: true\n{beside}"
    found = reviewed(text, synthetic(*WHOLE), tmp_path, release)
    assert [c.line for c in found.cautions] == ([line] if line else [])
    assert not found.breaks
    _, out = told(text, tmp_path, capsys, "--cilium", release)
    assert ("note: Nothing here says where the API server is" in out) is bool(line)
    assert not reviewed("kubeProxyReplacement: false\n", synthetic(*WHOLE), tmp_path, release).cautions
    assert [c.key for c in reviewed(f"cilium:\n  {text.splitlines()[0]}\n", synthetic(*WHOLE), tmp_path).cautions] == [
        "cilium.kubeProxyReplacement"
    ]


@pytest.mark.parametrize(
    ("text", "status"), [("", 3), ("# nothing\n", 3), ("---\n", 3), ("null\n", 3), ("foo: {bar: 1}\n", 3), ("- a\n", 2)]
)
def test_what_holds_nothing_to_check_ends_alike(
    text: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "values.yaml").write_text(text)
    assert main(["cilium", "review", str(tmp_path / "values.yaml"), "recorded:kata@3.17.0"]) == status
    assert capsys.readouterr().err.count("nothing was checked") == (status == 3)


def test_the_heading_names_the_kernel_that_nobody_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "values.yaml").write_text("debug: {enabled: true}\n")
    main(["cilium", "review", str(tmp_path / "values.yaml"), "--offline"])
    assert "values.yaml on apple, Linux 6." in capsys.readouterr().out
    assert "on recorded:kata@3.32.0-debug, Linux 6.18.35" in told("debug: {enabled: true}\n", tmp_path, capsys)[1]


@pytest.mark.parametrize("host", ["REPLACE-WITH-API-SERVER-ADDRESS", "${API_SERVER}", "<your-host>"])
def test_with_a_placeholder_left_in_nobody_knows_whether_the_agent_runs(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = told(f"kubeProxyReplacement: true\nk8sServiceHost: {host}\n", tmp_path, capsys)
    assert status == 1
    assert "Nobody knows whether the agent runs" in out
    assert "The agent runs" not in out
