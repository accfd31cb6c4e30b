"""Upkeep of the facts about Cilium, on a small repository: each kind of news is found, and none is invented."""

from pathlib import Path

import pytest

from scripts import cilium_source
from scripts.upkeep import cilium
from scripts.upkeep.clone import Clone
from scripts.upkeep.news import Kind, Watched
from tests.test_upkeep import Repository, said

REQUIREMENTS = """
	if err := probes.HaveBPF(); err != nil {
		return errors.New("Require support for bpf() here")
	}
	{ebpf.CGroupSock, asm.FnSetRetval},
"""
PROBES = (
    "var HaveBPF = sync.OnceValue(func() error {\nfunc ExecuteHeaderProbes() {\n\t{ebpf.XDP, asm.FnFibLookup},\n}\n"
)
CONFIG_MAP = "data:\n  routing-mode: {{ .Values.routingMode }}\n  {{- if .Values.ipv4 }}\n  enable-ipv4: x\n"
DOCUMENTED = "::\n\n        CONFIG_BPF_SYSCALL=y\n        CONFIG_INET{,6}_ESP=m\n"
FILES = {
    cilium.REQUIREMENTS: REQUIREMENTS,
    f"{cilium.PROBES}/probes.go": PROBES,
    f"{cilium.PROBES}/probes_test.go": "func HaveTest() {\n",
    cilium.CONFIG_MAP: CONFIG_MAP,
    f"{cilium.CHART}/values.yaml": "ipv4:\n  enabled: true\n",
    cilium.DOCUMENTED: DOCUMENTED,
}
DATA = {
    "releases": """
[[line]]
minor = "1.18"
patches = [0, 1]
[[excludes]]
why = "Nobody tried."
evidence = "unverified"
link = "https://example.org/1"
""",
    "agent": """
[[probe]]
id = "bpf"
calls = ["HaveBPF"]
says = "Require support for bpf()"
evidence = "source"
at = "cilium/cilium@{commit}:pkg/datapath/linux/requirements.go:3"
[[probe]]
id = "retval"
calls = ["CGroupSock FnSetRetval", "CGroupSock FnOfAnOlderRelease"]
[[probe]]
id = "fib"
calls = ["XDP FnFibLookup"]
[[probe]]
id = "before"
releases = "<1.18"
calls = ["HaveOld"]
""",
    "keys": """
[[key]]
config = "routing-mode"
helm = "routingMode"
[[key]]
config = "enable-ipv4"
helm = "ipv4.enabled"
[[key]]
config = "anything"
helm = "extraConfig.anything"
[[key]]
config = "of-an-older-release"
helm = "old"
releases = "<1.18"
""",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Two releases of one line, and data files that say what is in them."""
    found = Repository(tmp_path / "cilium", cilium.PROJECT).commit(FILES, "v1.18.0").commit({}, "v1.18.1")
    data = tmp_path / "checkout/kina_audit/data"
    data.mkdir(parents=True)
    for name, text in DATA.items():
        filled = text.replace("{commit}", found.clone.commit("v1.18.1"))
        (data / f"cilium-{name}.toml").write_text(filled, encoding="utf-8")
    monkeypatch.setattr(cilium_source, "ROOT", tmp_path / "checkout")
    monkeypatch.setattr(cilium, "data_file", lambda name: data / name)
    monkeypatch.setattr(cilium, "known", lambda: {"cilium": {"documented": ["INET6_ESP"], "rendered_otherwise": []}})
    return found


def texts(watched: Watched) -> list[tuple[str, str]]:
    return [(n.kind.value, n.text) for n in watched.news if n.kind is not Kind.OPEN]


@pytest.mark.slow
def test_what_is_known_is_no_news(repository: Repository) -> None:
    watched = cilium.watch(repository.clone)
    assert texts(watched) == []
    assert said(watched, Kind.OPEN) == ["cilium-releases.toml excludes Nobody tried.: Nobody tried."]
    assert watched.news[0].place == "https://example.org/1"
    assert watched.checked == {
        "releases": 2, "probes": 3, "logged words": 1, "keys of the chart": 3, "documented symbols": 3, "places of facts": 1,
    }  # fmt: skip


@pytest.mark.slow
def test_a_newer_release_that_asks_more(repository: Repository) -> None:
    changed = {
        cilium.REQUIREMENTS: REQUIREMENTS + "\tprobes.HaveTimers()\n\t{ebpf.SchedCLS, asm.FnRedirectPeer},\n",
        f"{cilium.PROBES}/timers.go": "func HaveTimers() error {\n",
        cilium.CONFIG_MAP: CONFIG_MAP + "  enable-netkit: x\n",
        cilium.DOCUMENTED: DOCUMENTED + "        CONFIG_NO_PROFILE_NAMES_IT=y\n",
    }
    watched = cilium.watch(repository.commit(changed, "v1.19.0").clone)
    asks = "of the kernel at start, and no row says so: which symbol decides it?"
    assert texts(watched) == [
        ("newer", "1.19 has v1.19.0; the line is not known"),
        ("newer", f"v1.19.0 asks HaveTimers {asks}"),
        ("newer", f"v1.19.0 asks SchedCLS FnRedirectPeer {asks}"),
        ("newer", "v1.19.0 documents NO_PROFILE_NAMES_IT, which no profile names"),
        ("newer", "v1.18.1 to v1.19.0: new keys in the ConfigMap: enable-netkit"),
        ("newer", "v1.18.1 to v1.19.0: new probes in the agent's code: HaveTimers"),
    ]


@pytest.mark.slow
def test_a_patch_release_that_asks_otherwise(repository: Repository) -> None:
    changed = {
        cilium.REQUIREMENTS: REQUIREMENTS.replace("Require support for", "Needs").replace(
            "asm.FnSetRetval", "asm.FnOther"
        ),
        cilium.CONFIG_MAP: CONFIG_MAP.replace("routing-mode: {{ .Values.routingMode }}", "mode: x"),
    }
    watched = cilium.watch(repository.commit(changed, "v1.18.2").clone)
    assert texts(watched) == [
        ("newer", "1.18 has v1.18.2; 1.18.1 is the newest known"),
        (
            "newer",
            "v1.18.2 asks CGroupSock FnOther of the kernel at start, and no row says so: which symbol decides it?",
        ),
        (
            "contradicts",
            "v1.18.2 asks none of what the row retval says: CGroupSock FnSetRetval, CGroupSock FnOfAnOlderRelease",
        ),
        (
            "newer",
            "cilium-agent.toml probe bpf: 'Require support for bpf()' is not in pkg/datapath/linux/requirements.go of v1.18.2",
        ),
        ("contradicts", "the ConfigMap of v1.18.2 has no routing-mode"),
        ("contradicts", "the values of v1.18.2 have no routingMode"),
        ("newer", "v1.18.1 to v1.18.2: new keys in the ConfigMap: mode"),
        ("newer", "v1.18.1 to v1.18.2: no longer keys in the ConfigMap: routing-mode"),
    ]


@pytest.mark.slow
def test_a_place_that_is_not_there(repository: Repository) -> None:
    path = cilium_source.ROOT / "kina_audit/data/cilium-agent.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("requirements.go:3", "requirements.go:300"), encoding="utf-8"
    )
    [(kind, text)] = texts(cilium.watch(Clone(repository.clone.path, cilium.PROJECT)))
    assert kind == "contradicts"
    assert text.endswith("requirements.go:300 is not there")


def test_documented_symbols() -> None:
    assert cilium.documented(DOCUMENTED) == {"BPF_SYSCALL", "INET_ESP", "INET6_ESP"}
