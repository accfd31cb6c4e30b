"""Values on the chart's own terms: the data agrees with each chart's schema, a chart's own values pass, mutated ones are found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kina_audit.api import review_cilium
from kina_audit.cilium.chart import MAPPING, Node, chart, chart_of, minors, parts, paths
from kina_audit.cilium.keys import every_row
from kina_audit.cilium.model import State
from kina_audit.cilium.release import find_release, known_releases
from kina_audit.cilium.review import Review
from kina_audit.cli import main
from kina_audit.errors import NothingCheckedError, UsageError
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources.cilium_values import CONFIGMAP, HELM, Values, read_values
from tests.test_cilium_advice import WHOLE
from tests.test_cilium_ladder import synthetic

LIBRARY = ProfileLibrary()
SCHEMAS = ("1.16.19", "1.17.18", "1.18.12", "1.19.6", "1.20.0")
SAMPLES: dict[str, Any] = {"b": True, "i": 3, "n": 1.5, "s": "text", "[s]": ["a"], "[x]": [{"a": 1}], "o": {"x-any": 1}}


def read(text: str, tmp_path: Path) -> Values:
    path = tmp_path / "values.yaml"
    path.write_text(text)
    return read_values(str(path))


def reviewed(text: str, tmp_path: Path, release: str = "1.20.2") -> Review:
    found = read(text, tmp_path)
    kernel = Kernel(synthetic(*WHOLE), Provenance("test", "file", "test"))
    return review_cilium(kernel, found.rows, found.kind, cilium=release, library=LIBRARY)


def schema_paths(node: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, child in node.get("properties", {}).items():
        yield (*above, name), child
        yield from schema_paths(child, (*above, name))


def schema(shared: Path, release: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (shared / "cilium" / f"values.schema-{release}.json").read_text(encoding="utf-8")
    )
    return found


def test_every_known_release_has_a_chart() -> None:
    assert {chart_of(release).minor for release in known_releases()} == set(minors())


def test_words_are_of_values_that_a_chart_reads() -> None:
    for row in every_row("choice"):
        known = [m for m in minors() if chart(m).knows(parts(row["helm"]))]
        assert known, row


@pytest.mark.parametrize("release", SCHEMAS)
def test_the_data_takes_what_the_schema_takes(shared: Path, release: str) -> None:
    """For every path of the chart's schema and a value of every type, we and jsonschema agree."""
    ours = chart_of(find_release(release))
    differ = []
    for path, child in schema_paths(schema(shared, release)):
        node, depth = ours.find(path)
        assert depth == len(path) or node.open, path
        if depth < len(path):
            continue
        checker = Draft202012Validator({k: v for k, v in child.items() if k != "properties"})
        for letter, value in SAMPLES.items():
            if checker.is_valid(value) != node.takes(letter, str(value)) and not (
                "anyOf" in str(child) and letter == "[x]"
            ):
                differ.append((path, letter, child))
        differ += [(path, word, child) for word in child.get("enum", ()) if not node.takes("s", word)]
    assert not differ


def sample(node: Node) -> object:
    """Some value that a node takes."""
    if node.words:
        return node.words[0]
    if MAPPING in node.types:
        return {name: sample(child) for name, child in node.below.items() if child.types != "!"}
    letter = next((k for k in ("[s]", "b", "i", "n", "s") if k in node.types), "")
    return SAMPLES.get(letter, [] if "[]" in node.types else {} if node.types == "O" else None)


@pytest.mark.parametrize("minor", minors())
def test_every_value_of_the_right_type_is_taken(minor: str, tmp_path: Path) -> None:
    """A file with every value that the chart has, each of a type that it takes: nothing is said about keys or types."""
    values = sample(chart(minor).root)
    found = reviewed(yaml.safe_dump(values), tmp_path, minor)
    said = [(r.key, r.because) for r in found.remarks if "chart of" in r.because or "The chart refuses" in r.because]
    assert said == []


@pytest.mark.parametrize("release", SCHEMAS)
def test_the_charts_own_defaults_give_no_finding(shared: Path, release: str, tmp_path: Path) -> None:
    """What the chart makes of nothing, as the agent's ConfigMap, on a kernel that has everything."""
    document = json.loads((shared / "cilium" / f"configmap-{release}.json").read_text(encoding="utf-8"))
    text = yaml.safe_dump({"kind": "ConfigMap", "data": document["default_configmap"]})
    assert reviewed(text, tmp_path, release).remarks == ()


# Each line of the text that is wrong, and what must be said of it; the other lines are right.
MUTATED: list[tuple[str, dict[int, str]]] = [
    # spelling
    ("l7proxy: false\n", {1: "did you mean l7Proxy?"}),
    ("routingmode: native\n", {1: "did you mean routingMode?"}),
    ("routing-mode: native\n", {1: "did you mean routingMode?"}),
    ("tunelProtocol: geneve\n", {1: "did you mean tunnelProtocol?"}),
    ("kubeProxyReplacment: true\n", {1: "did you mean kubeProxyReplacement?"}),
    ("kube-proxy-replacement: true\n", {1: "did you mean kubeProxyReplacement?"}),
    ("enableBPFMasquerade: true\n", {1: "did you mean bpf.masquerade?"}),
    ("enable-bpf-masquerade: 'true'\n", {1: "did you mean bpf.masquerade?"}),
    ("enableIPMasqAgent: true\n", {1: "did you mean ipMasqAgent.enabled?"}),
    ("bpf.masquerade: true\n", {1: "write masquerade in bpf"}),
    ("bpf:\n  masquarade: true\n", {2: "did you mean bpf.masquerade?"}),
    ("bpf:\n  datapathmode: netkit\n", {2: "did you mean bpf.datapathMode?"}),
    ("bpf:\n  hostLegacyrouting: true\n", {2: "did you mean bpf.hostLegacyRouting?"}),
    ("Hubble:\n  enabled: true\n", {1: "did you mean hubble?"}),
    ("hubble:\n  enable: true\n", {2: "did you mean hubble.enabled?"}),
    ("hubble:\n  relay:\n    enabeld: true\n", {3: "did you mean hubble.relay.enabled?"}),
    ("hubble:\n  relay:\n    replica: 2\n", {3: "did you mean hubble.relay.replicas?"}),
    ("ipam:\n  Mode: kubernetes\n", {2: "did you mean ipam.mode?"}),
    ("encryption:\n  enabled: true\n  typ: wireguard\n", {3: "did you mean encryption.type?"}),
    ("bandwidthmanager:\n  enabled: true\n", {1: "did you mean bandwidthManager?"}),
    ("bandwidthManager:\n  enabled: true\n  BBR: true\n", {3: "did you mean bandwidthManager.bbr?"}),
    ("loadbalancer:\n  mode: snat\n", {1: "did you mean loadBalancer?"}),
    ("ipv4NativeRoutingCidr: 10.0.0.0/8\n", {1: "did you mean ipv4NativeRoutingCIDR?"}),
    ("gatewayApi:\n  enabled: false\n", {1: "did you mean gatewayAPI?"}),
    ("l2Announcements:\n  enabled: true\n", {1: "did you mean l2announcements?"}),
    ("k8sserviceHost: 10.0.0.1\nk8sServiceport: 6443\n", {1: "k8sServiceHost?", 2: "k8sServicePort?"}),
    ("operator:\n  replica: 1\nl7Proxy: true\n", {2: "did you mean operator.replicas?"}),
    ("envoy:\n  enabled: true\n  log:\n    defaultlevel: info\n", {4: "did you mean envoy.log.defaultLevel?"}),
    # no value of the chart, or of another release's only
    ("bpf:\n  masquerade: true\nfoo:\n  bar: 1\n  baz: 2\n", {3: "no such value"}),
    ("hostServices:\n  enabled: true\nl7Proxy: true\n", {1: "no such value"}),
    ("enableRuntimeDeviceDetection: true\nl7Proxy: true\n", {1: "read"}),
    ("remoteNodeIdentity: true\nl7Proxy: true\n", {1: "the value was removed"}),
    ("encryption:\n  secretName: x\n", {2: "the value was removed"}),
    ("tunnel: vxlan\nl7Proxy: true\n", {1: "replaced by routingMode"}),
    ("nodeSelector:\n  kubernetes.io/os: linux\nbpf:\n  lbAlgo: random\n", {4: "bpf has no lbAlgo"}),
    # types
    ("bpf:\n  masquerade: 'true'\n", {2: "Leave the quotes out"}),
    ("encryption:\n  enabled: 'yes'\n", {2: "takes true or false, and this is text"}),
    ("MTU: abc\n", {1: "takes a whole number, and this is text"}),
    ("MTU: '1500'\n", {1: "Leave the quotes out"}),
    ("MTU: 1500.5\n", {1: "takes a whole number"}),
    ("hubble: true\n", {1: "takes a mapping"}),
    ("operator: 3\n", {1: "takes a mapping"}),
    ("l7Proxy: {enabled: true}\n", {1: "takes true or false, and this is a mapping"}),
    ("routingMode: [native]\n", {1: "takes text, and this is a list"}),
    ("tolerations: {operator: Exists}\n", {1: "takes a list, and this is a mapping"}),
    ("operator:\n  replicas: two\n", {2: "takes a whole number"}),
    ("ipv6:\n  enabled: 0\n", {2: "takes true or false, and this is a number"}),
    ("cluster:\n  id: 'one'\n", {2: "takes a whole number"}),
    ("prometheus:\n  port: '9962'\n", {2: "Leave the quotes out"}),
    ("extraConfig: [a]\n", {1: "takes a mapping"}),
    # words
    ("encryption:\n  enabled: true\n  type: wiregard\n", {3: "renders no encryption at all"}),
    ("encryption: {enabled: true, type: WireGuard}\n", {1: "Did you mean wireguard?"}),
    ("routingMode: nativ\n", {1: "Did you mean native?"}),
    ("tunnelProtocol: vxlan6\n", {1: "one of vxlan, geneve"}),
    ("loadBalancer:\n  algorithm: round-robin\n", {2: "one of random, maglev"}),
    ("loadBalancer:\n  mode: DSR\n", {2: "Did you mean dsr?"}),
    ("loadBalancer:\n  acceleration: xdp\n", {2: "one of disabled, native"}),
    ("bpf:\n  datapathMode: netkit2\n", {2: "one of veth, netkit"}),
    ("bpf:\n  monitorAggregation: mid\n", {2: "one of none"}),
    ("ipam:\n  mode: clusterpool\n", {2: "Did you mean cluster-pool?"}),
    ("policyEnforcementMode: allways\n", {1: "Did you mean always?"}),
    ("identityAllocationMode: CRD\n", {1: "Did you mean crd?"}),
    ("cni:\n  chainingMode: generic\n", {2: "one of none, aws-cni"}),
    ("scheduling:\n  mode: affinity\n", {2: "one of anti-affinity, kube-scheduler"}),
    ("envoy:\n  log:\n    defaultLevel: verbose\n", {3: "one of trace, debug"}),
    ("kubeProxyReplacement: strict\n", {1: "since 1.16 it is true or false"}),
    # placeholders
    ("k8sServiceHost: REPLACE-WITH-API-SERVER-ADDRESS\n", {1: "A placeholder"}),
    ("k8sServiceHost: <api server>\n", {1: "A placeholder"}),
    ("k8sServiceHost: CHANGE_ME\n", {1: "A placeholder"}),
    ("k8sServiceHost: your-api-server\n", {1: "A placeholder"}),
    ("k8sServiceHost: ${API_SERVER_IP}\nk8sServicePort: '{{ port }}'\n", {1: "A variable", 2: "A variable"}),
    # around Cilium's chart
    ("cilium:\n  encryption:\n    enabled: true\n    type: wiregard\n", {4: "renders no encryption"}),
    ("cilium:\n  l7proxy: false\nother:\n  replicas: 1\n", {2: "did you mean l7Proxy?"}),
    ("cni:\n  x: 1\ncilium:\n  MTU: abc\n", {4: "takes a whole number"}),
    ("net:\n  bpf:\n    masquerade: 'true'\n  l7Proxy: true\nglobal: {a: 1}\n", {3: "Leave the quotes out"}),
]


@pytest.mark.parametrize(
    ("text", "wrong"), MUTATED, ids=[t.split("\n")[0] + str(i) for i, (t, _) in enumerate(MUTATED)]
)
def test_what_is_wrong_is_found_on_its_line(text: str, wrong: dict[int, str], tmp_path: Path) -> None:
    found = reviewed(text, tmp_path)
    said = {r.line: r.because for r in found.remarks if r.state in (State.BROKEN, State.UNKNOWN)}
    assert said.keys() == wrong.keys()
    assert {line: words in said[line] for line, words in wrong.items()} == dict.fromkeys(wrong, True), said
    assert found.breaks or found.undecided


def test_sixty_values_at_least() -> None:
    assert len(MUTATED) >= 60


@pytest.mark.parametrize(
    "text",
    [
        "x-common: &c {enabled: true}\nhubble:\n  relay: *c\n",
        "podAnnotations:\n  prometheus.io/scrape: 'true'\nnodeSelector: {kubernetes.io/os: linux}\n",
        "extraConfig:\n  any-flag: 'true'\n",
        "hubble: {enabled: true, relay: {enabled: true}, ui: {enabled: true}}\n",
        "updateStrategy:\n  rollingUpdate: {maxSurge: 1, maxUnavailable: 10%}\n",
        "resources: {limits: {cpu: 1, memory: 1Gi}}\ntolerations: [{operator: Exists}]\n",
        "hubble: {metrics: {enabled: [dns, drop]}}\nipv6: null\nMTU: 1500.0\n",
        "remoteNodeIdentity: ''\nl7Proxy: true\n",
        "global: {anything: 1}\nkubeProxyReplacement: 'true'\nk8sServicePort: '6443'\nautoDirectNodeRoutes: false\n",
        "cluster: {name: my-cluster, id: 0}\n",
        "serviceAccounts: {cilium: {annotations: {a/b.c: d}}}\n",
    ],
)
def test_what_is_right_is_let_be(text: str, tmp_path: Path) -> None:
    assert reviewed(text, tmp_path).remarks == ()


def test_without_a_schema_no_type_is_refused(tmp_path: Path) -> None:
    assert reviewed("bpf:\n  masquerade: 'false'\n", tmp_path, "1.15").remarks == ()
    [remark] = reviewed("bpf:\n  masquarade: false\n", tmp_path, "1.15").remarks
    assert "did you mean bpf.masquerade?" in remark.because


def test_a_value_of_another_release_is_told_as_such(tmp_path: Path) -> None:
    [remark] = reviewed("underlayProtocol: ipv4\nl7Proxy: true\n", tmp_path, "1.17").remarks
    assert (remark.line, remark.state) == (1, State.BROKEN)
    assert "those of 1.18 to 1.20 read it" in remark.because


def test_values_of_no_chart_are_not_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NothingCheckedError):
        reviewed("ingressClass: nginx\nfoo: {bar: 1}\n", tmp_path)
    with pytest.raises(NothingCheckedError):
        reviewed("kind: ConfigMap\ndata: {some-key: x}\n", tmp_path)
    assert main(["cilium", "review", str(tmp_path / "values.yaml"), "recorded:kata@3.17.0"]) == 3
    assert "nothing was checked" in capsys.readouterr().err


# Where the line is blamed: the one that switches on what breaks, not one that would be the default anyway.
@pytest.mark.parametrize(
    ("text", "missing", "lines"),
    [
        ("routingMode: tunnel\ntunnelProtocol: geneve\n", ("GENEVE",), [2]),
        ("tunnelProtocol: geneve\nroutingMode: tunnel\n", ("GENEVE",), [1]),
        (
            "bandwidthManager:\n  enabled: true\n  bbr: true\nbpf: {masquerade: true}\nkubeProxyReplacement: true\n",
            ("NET_SCH_FQ",),
            [2],
        ),
        (
            "bandwidthManager:\n  enabled: true\n  bbr: true\nbpf: {masquerade: true}\nkubeProxyReplacement: true\n",
            ("TCP_CONG_BBR",),
            [3],
        ),
    ],
)
def test_the_line_that_causes_it(text: str, missing: tuple[str, ...], lines: list[int], tmp_path: Path) -> None:
    found = read(text, tmp_path)
    kernel = Kernel(synthetic(*WHOLE, missing=missing), Provenance("test", "file", "test"))
    remarks = review_cilium(kernel, found.rows, found.kind, library=LIBRARY).remarks
    assert [r.line for r in remarks if r.state is not State.SILENT] == lines


HELM_CHART_CONFIG = """\
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata:
  name: rke2-cilium
  namespace: kube-system
spec:
  valuesContent: |-
    kubeProxyReplacement: true
    encryption:
      enabled: true
      type: wiregard
"""
HELM_CHART = """\
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: cilium, namespace: kube-system}
spec:
  chart: cilium
  version: 1.18.12
  set:
    ipv6.enabled: "false"
    l7proxy: "false"
  valuesContent: "MTU: abc"
"""
HELM_RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: cilium
spec:
  chart:
    spec: {chart: cilium, version: 1.19.6}
  valuesFrom:
    - {kind: ConfigMap, name: more}
  values:
    encryption:
      type: wiregard
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: cni}
spec:
  sources:
    - repoURL: https://example.org/other
      helm: {values: "a: 1"}
    - chart: cilium
      targetRevision: v1.20.0
      helm:
        valueFiles: [more.yaml]
        values: |
          # a comment
          bpf:
            masquerade: "true"
        parameters:
          - name: routingMode
            value: nativ
          - name: kubeProxyReplacement
            value: "true"
          - {name: MTU, value: "1500", forceString: true}
"""
VALUES_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-values}
data:
  values.yaml: |
    l7proxy: false
"""


@pytest.mark.parametrize(
    ("text", "release", "lines", "notes"),
    [
        (HELM_CHART_CONFIG, "", [11], 0),
        (HELM_CHART, "1.18.12", [9, 10], 0),
        (HELM_RELEASE, "1.19.6", [12], 1),
        (APPLICATION, "v1.20.0", [15, 17, 21], 1),
        (VALUES_MAP, "", [6], 0),
        (
            HELM_CHART.replace("MTU: abc", "MTU: 1500") + "---\n" + HELM_CHART_CONFIG.replace("rke2-cilium", "cilium"),
            "1.18.12",
            [9, 22],
            0,
        ),
        ("kind: HelmRelease\nspec: {values: {a: 1}}\nmetadata: {name: other}\n---\n" + HELM_RELEASE, "1.19.6", [16], 1),
    ],
)
def test_values_in_an_object_are_read_on_its_lines(
    text: str, release: str, lines: list[int], notes: int, tmp_path: Path
) -> None:
    found = read(text, tmp_path)
    assert (found.kind, found.release, len(found.notes)) == (HELM, release, notes)
    assert sorted(r.line for r in reviewed(text, tmp_path, release).remarks) == lines


def test_a_fault_in_the_values_of_an_object_is_on_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"values\.yaml:9: "):
        read(HELM_CHART_CONFIG.replace("    encryption:", "    \tencryption:"), tmp_path)


def test_several_releases_are_refused(tmp_path: Path) -> None:
    other = HELM_RELEASE.replace("cilium", "other")
    with pytest.raises(UsageError, match="HelmRelease on line 1, HelmRelease on line"):
        read(other + "---\n" + other.replace("name: other", "name: third"), tmp_path)


def test_the_release_that_an_object_names_is_reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "release.yaml"
    path.write_text(HELM_RELEASE)
    assert main(["cilium", "review", str(path), "recorded:kata@3.32.0-debug", "--format", "json"]) == 1
    out = capsys.readouterr()
    assert json.loads(out.out)["cilium_release"] == "1.19.6"
    assert "spec.valuesFrom names values that are not in this file" in out.err
    path.write_text(HELM_RELEASE.replace("1.19.6", "1.17.x"))
    assert main(["cilium", "review", str(path), "recorded:kata@3.32.0-debug", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["cilium_release"].startswith("1.17.")
    path.write_text(HELM_RELEASE.replace("1.19.6", "'>=1.19.0'"))
    assert main(["cilium", "review", str(path), "recorded:kata@3.32.0-debug", "--format", "json"]) == 1
    out = capsys.readouterr()
    assert json.loads(out.out)["cilium_release"] == "1.20.2"
    assert "asks for chart >=1.19.0" in out.err


def test_a_config_map_keeps_its_own_keys(tmp_path: Path) -> None:
    found = read("kind: ConfigMap\ndata:\n  routing-mode: native\n  a.b: x\n", tmp_path)
    assert (found.kind, [r[0] for r in found.rows]) == (CONFIGMAP, ["routing-mode", "a.b"])
    [remark] = reviewed("kind: ConfigMap\ndata:\n  routing-mod: tunnel\n  enable-ipv4: 'true'\n", tmp_path).remarks
    assert (remark.line, remark.because) == (3, "Unknown key; did you mean routing-mode?")


def test_paths_do_not_name_what_the_chart_refuses() -> None:
    assert ("remoteNodeIdentity",) not in set(paths(chart("1.20").root))


SCHEMA = {
    "properties": {
        "a": {"type": "boolean"},
        "b": {"type": "object", "properties": {"c": {"type": ["null", "string"]}, "d": {"enum": ["X", "Y"]}}},
        "labels": {"type": "object", "properties": {"k": {"type": "string"}}},
        "names": {"type": "array", "items": {"anyOf": [{"type": "string"}]}},
    }
}
TEMPLATE = """\
{{- if .Values.b.onlyHere }}{{ .Values.a }}{{ end }}
{{- with .Values.labels }}
  {{- toYaml . | nindent 4 }}
{{- end }}
"""
VALIDATE = (
    '{{- if (dig "old" "key" "" .Values.AsMap) }}\n  {{ fail "old.key has been removed in v1.2." }}\n{{- end }}\n'
)


def a_chart(folder: Path, version: str, document: dict[str, Any] | None, values: str) -> str:
    (folder / version / "templates").mkdir(parents=True)
    (folder / version / "Chart.yaml").write_text(f"version: {version}\n")
    (folder / version / "values.yaml").write_text(values)
    (folder / version / "templates" / "x.yaml").write_text(TEMPLATE)
    (folder / version / "templates" / "validate.yaml").write_text(VALIDATE if document else "")
    if document:
        (folder / version / "values.schema.json").write_text(json.dumps(document))
    return str(folder / version)


def test_the_data_is_made_from_charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "scripts"))
    import cilium_chart

    monkeypatch.setattr(cilium_chart, "DATA", tmp_path / "data.txt")
    newer = json.loads(json.dumps(SCHEMA))
    newer["properties"]["a"]["type"] = "integer"
    charts = [
        a_chart(tmp_path, "1.1.0", None, "a: true\nb: {c: x}\ngone: 1\nlabels: {}\n"),
        a_chart(tmp_path, "1.2.3", SCHEMA, ""),
        a_chart(tmp_path, "1.2.9", newer, ""),  # the same minor: what either takes
    ]
    assert cilium_chart.main(charts) == 0
    lines = [line for line in (tmp_path / "data.txt").read_text().splitlines() if line[0] != "#"]
    assert lines == [
        "releases 1.1 1.2",
        "typed 1.2-",
        "a bi",  # without a schema no type binds, and the later one is what is meant
        "b o",
        " c s",
        " d {X,Y} 1.2",
        " onlyHere x",
        "gone x 1.1",
        "labels O",
        " k s 1.2",
        "names [s] 1.2",
        "old o 1.2",
        " key !",
    ]


def test_a_misspelt_value_of_an_older_chart_is_told_what_became_of_it(tmp_path: Path) -> None:
    """`tunel` was unknown and ignored, and nothing said that tunnel is two other values by now."""
    said = [r.because for r in reviewed("tunel: geneve\nl7proxy: false\nnobody: 1\n", tmp_path).remarks]
    assert said[0].endswith(
        "did you mean tunnel, of older charts? tunnel was replaced by routingMode and tunnelProtocol."
    )
    assert said[1].endswith("did you mean l7Proxy?")
    assert said[2].endswith("has no such value, and ignores it.")
