"""Upkeep on small repositories: each kind of news is found, and none is invented."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.sources import recorded
from scripts.upkeep import __main__ as upkeep
from scripts.upkeep import container, containerization, files, kata, kina
from scripts.upkeep.clone import Clone, version_key
from scripts.upkeep.news import Kind, News, Watched, as_markdown, as_text, exit_status
from tests.test_timeline import git

HEAD = "# Linux/arm64 6.1.68 Kernel Configuration\n" + "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
CONFIG = HEAD + "CONFIG_NET=y\nCONFIG_VXLAN=y\n# CONFIG_WIREGUARD is not set\n"
MAKEFILE = "KSOURCE ?= https://kernel.example/linux-{}.tar.xz\n"
DEFAULTS = """let a = "https://github.com/kata-containers/kata-containers/releases/download/{0}/kata-static-{0}-arm64.tar.xz"
let b = "opt/kata/share/kata-containers/vmlinux-{1}"
"""
SET = """
        @Option(name: .long, help: "x")
        var arch: String = ""
        @Option(name: .customLong("binary"), help: "x")
        var binaryPath: String? = nil
        @Flag(name: .long, help: "x")
        var force: Bool = false
        @Flag(name: .long, help: "x")
        var recommended: Bool = false
"""
KERNEL_FILE = "Sources/Kernel/KernelSet.swift"
NODE_FILE = "Sources/ContainerK8s/K8sHelper.swift"
DEFAULTS_FILE = "Sources/Defaults.swift"
KATA_VERSIONS = 'assets:\n  kernel:\n    description: "x"\n    version: "v{}"\n\n  other:\n    version: "v1.2.3"\n'
KATA_CONFIG = "tools/packaging/kernel/kata_config_version"
KATA_COMMON = "tools/packaging/kernel/configs/fragments/common/net.conf"
PINS = 'pub const KERNEL_TAG: &str = "{}";\npub const KERNEL_SHA256: &str = "{}";\n'


class Repository:
    """A project's history, written release by release."""

    def __init__(self, folder: Path, project: str) -> None:
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        self.clone = Clone(folder, project)

    def commit(self, contents: dict[str, str | None], tag: str = "") -> "Repository":
        """Write files (None: remove it), commit, and make it a release."""
        for name, text in contents.items():
            path = self.clone.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        git(self.clone.path, "add", "-A")
        git(self.clone.path, "commit", "-q", "--allow-empty", "-m", "x")
        if tag:
            git(self.clone.path, "tag", tag)
        # What is remembered of a clone is of the moment it was read.
        self.clone = Clone(self.clone.path, self.clone.project)
        return self


def said(watched: Watched, kind: Kind) -> list[str]:
    return [n.text for n in watched.news if n.kind is kind]


def quiet(watched: Watched) -> None:
    assert watched.news == []
    assert exit_status([watched]) == 0


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Replace the recorded kernels by small ones."""
    folder = tmp_path / "records"
    folder.mkdir()

    def record(name: str, facts: str, first: str, last: str, target: str, **symbols: str) -> None:
        lists = "".join(f'{k} = "{symbols.get(k, "")}"\n' for k in ("y", "m", "not_set", "absent"))
        text = f'date = "2026-01-01"\narch = "arm64"\nheader = "6.1.68"\ntarget_from = "x"\n{facts}\n[[range]]\n'
        text += f'first = "{first}"\nlast = "{last}"\ntarget = "{target}"\n'
        text += "".join(f"[{table}]\n{lists}[{table}.values]\n" for table in ("symbols", "config"))
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        recorded.records.cache_clear()

    monkeypatch.setattr(recorded, "data_file", lambda _name: folder)
    recorded.records.cache_clear()
    yield record
    monkeypatch.undo()
    recorded.records.cache_clear()


@pytest.fixture
def apple(tmp_path: Path, records: Callable[..., None]) -> Repository:
    """Two releases of one config, built as two versions, and their record."""
    found = Repository(tmp_path / "apple", containerization.PROJECT)
    for tag in ("0.1.0", "0.2.0"):
        found.commit({"kernel/config-arm64": CONFIG, "kernel/Makefile": MAKEFILE.format("6.14.9")}, tag)
    from hashlib import sha256

    blob, digest = found.clone.blob("0.1.0", "kernel/config-arm64"), sha256(CONFIG.encode()).hexdigest()
    facts = f'family = "apple"\nproject = "x"\nfile = "kernel/config-arm64"\nblob = "{blob}"\nsha256 = "{digest}"\norigin = "input"\nboots = "none"'
    records("apple-arm64-0.1.0", facts, "0.1.0", "0.2.0", "6.14.9", y="NET VXLAN", not_set="WIREGUARD", absent="GENEVE")
    return found


@pytest.mark.slow
def test_containerization_as_it_is_recorded(apple: Repository) -> None:
    watched = containerization.watch(apple.clone)
    quiet(watched)
    assert watched.checked == {"releases": 2, "recorded symbols": 3, "unreleased files": 1}
    assert "newest release 0.2.0" in watched.state


@pytest.mark.slow
def test_containerization_has_newer_releases(apple: Repository) -> None:
    apple.commit({"README": "x"}, "0.3.0").commit({"README": "y"}, "0.4.0")
    [same] = said(containerization.watch(apple.clone), Kind.NEWER)
    assert same.startswith(
        "kernel/config-arm64 at 0.3.0 to 0.4.0: the file of this record, whose ranges do not reach it"
    )
    apple.commit({"kernel/config-arm64": CONFIG + "CONFIG_GENEVE=y\n"}, "0.10.0")
    [_, other] = containerization.watch(apple.clone).sorted_news()
    assert other.kind is Kind.NEWER
    assert "at 0.10.0: a file that no record holds" in other.text
    assert re.fullmatch(r"apple/containerization@[0-9a-f]{12}:kernel/config-arm64", other.place)


@pytest.mark.slow
def test_containerization_contradicts(apple: Repository) -> None:
    git(apple.clone.path, "tag", "-d", "0.2.0")
    apple.commit({"kernel/Makefile": MAKEFILE.format("6.18.5")}, "0.2.0")
    [text] = said(containerization.watch(apple.clone), Kind.CONTRADICTS)
    assert text == "kernel/config-arm64 at 0.2.0: kernel/Makefile builds Linux 6.18.5, the record says 6.14.9"
    git(apple.clone.path, "tag", "-d", "0.1.0")
    apple.commit({"kernel/config-arm64": CONFIG.replace("VXLAN=y", "VXLAN=m")}, "0.1.0")
    texts = "\n".join(said(containerization.watch(apple.clone), Kind.CONTRADICTS))
    assert "at 0.1.0: a file that no record holds" in texts
    assert "the sha256 of kernel/config-arm64 at 0.1.0 is not the recorded one" in texts


@pytest.mark.slow
def test_a_recorded_symbol_that_the_file_has_otherwise(apple: Repository, records: Callable[..., None]) -> None:
    path = apple.clone.path.parent / "records/apple-arm64-0.1.0.toml"
    path.write_text(
        path.read_text()
        .replace('y = "NET VXLAN"', 'y = "NET VXLAN GENEVE"')
        .replace('absent = "GENEVE"', 'absent = "NET2"')
    )
    recorded.records.cache_clear()
    [text] = said(containerization.watch(apple.clone), Kind.CONTRADICTS)
    assert text == "kernel/config-arm64 at 0.1.0: GENEVE is absent, recorded y"


@pytest.mark.slow
def test_what_a_branch_has_ahead(apple: Repository) -> None:
    changed = {"kernel/config-arm64": CONFIG + "CONFIG_BPF_JIT=y\n", "kernel/Makefile": MAKEFILE.format("7.2.1")}
    texts = said(containerization.watch(apple.commit(changed).clone), Kind.NEWER)
    assert texts == [
        "kernel/config-arm64 changed since 0.2.0, in no release yet: BPF_JIT absent to y",
        "kernel/Makefile builds Linux 7.2.1, 0.2.0 built 6.14.9",
    ]


KNOWN = {
    "container": {
        "kernel_set_flags": ["--arch", "--binary", "--force", "--recommended"],
        "node": {"release": "1.0.0", "files": "ContainerK8s/", "profile": "profiles/vm/x.toml", "blobs": {}},
    },
    "kata": {"release": "3.1.0"},
    "kina": {"tag": "kernel-1", "sha256": "aa", "fragment": ["BPF_JIT", "KPROBES"]},
}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (container, kata, kina):
        monkeypatch.setattr(module, "known", lambda: KNOWN)


@pytest.fixture
def swift(tmp_path: Path, records: Callable[..., None], known: None, monkeypatch: pytest.MonkeyPatch) -> Repository:
    found = Repository(tmp_path / "container", container.PROJECT)
    found.commit({DEFAULTS_FILE: DEFAULTS.format("3.0.0", "6.1.1-10"), KERNEL_FILE: SET, NODE_FILE: "image"}, "1.0.0")
    facts = 'family = "kata"\nproject = "x"\nfile = "x"\norigin = "built"\nboots = "1.0.0 to 1.1.0"'
    records("kata-3.0.0", facts, "3.0.0", "3.0.0", "6.1.1-10", y="NET")
    node = {**KNOWN["container"]["node"], "blobs": {NODE_FILE: found.clone.blob("1.0.0", NODE_FILE)[:12]}}
    monkeypatch.setattr(container, "known", lambda: {"container": {**KNOWN["container"], "node": node}})
    return found


@pytest.mark.slow
def test_container_as_it_is_known(swift: Repository) -> None:
    watched = container.watch(swift.clone)
    quiet(watched)
    assert watched.checked == {"default kernels": 1, "flags": 5, "files of the node": 1}


@pytest.mark.slow
def test_container_boots_another_kernel(swift: Repository) -> None:
    swift.commit({DEFAULTS_FILE: DEFAULTS.format("3.2.0", "6.18.1-20")}, "1.1.0").commit({}, "1.2.0")
    watched = container.watch(swift.clone)
    assert said(watched, Kind.CONTRADICTS) == ["1.1.0 boots 6.18.1-20 of Kata 3.2.0, the record says 6.1.1-10 of 3.0.0"]
    assert said(watched, Kind.NEWER) == ["1.2.0 boots 6.18.1-20 of Kata 3.2.0, of which no record says so"]
    assert watched.sorted_news()[0].place.endswith(f":{DEFAULTS_FILE}:2")
    swift.commit({DEFAULTS_FILE: "let a = 1\n"}, "1.3.0")
    assert "1.3.0 names no Kata kernel as its default" in said(container.watch(swift.clone), Kind.NEWER)


@pytest.mark.slow
def test_container_changes_its_flags_and_its_node(swift: Repository) -> None:
    changed = SET.replace("var force", "var forceInstall") + '@Flag(name: .long, help: "y")\n  var kernelArgs: Bool\n'
    watched = container.watch(
        swift.commit({KERNEL_FILE: changed, NODE_FILE: "other", NODE_FILE + "2": "new"}, "1.1.0").clone
    )
    told = said(watched, Kind.CONTRADICTS)
    assert told == ["`container system kernel set` of 1.1.0 has no --force, which users are told"] * 2
    assert said(watched, Kind.NEWER) == [
        "`container system kernel set` of 1.1.0 has --force-install, --kernel-args",
        f"{NODE_FILE} of 1.1.0 changed since 1.0.0: read what the node asks of its kernel",
        f"{NODE_FILE}2 of 1.1.0 is new: read what the node asks of its kernel",
    ]
    watched = container.watch(swift.commit({KERNEL_FILE: None, NODE_FILE: None}, "1.2.0").clone)
    assert any("has no KernelSet.swift" in text for text in said(watched, Kind.CONTRADICTS))
    assert any(f"{NODE_FILE} of 1.2.0 is gone" in text for text in said(watched, Kind.NEWER))


@pytest.fixture
def kata_repository(tmp_path: Path, records: Callable[..., None], known: None) -> Repository:
    found = Repository(tmp_path / "kata", kata.PROJECT)
    common = {KATA_COMMON: "CONFIG_NET=y\n# CONFIG_VXLAN is not set\n", KATA_CONFIG: "10\n"}
    other = {KATA_COMMON.replace("net", "s390"): "# !arm64\nCONFIG_NET=n\n"}
    found.commit({**common, **other, "versions.yaml": KATA_VERSIONS.format("6.1.1")}, "3.0.0").commit({}, "3.1.0")
    facts = 'family = "kata"\nproject = "x"\nfile = "x"\norigin = "built"\nboots = "1.0.0 to 1.1.0"'
    records("kata-3.0.0", facts, "3.0.0", "3.0.0", "6.1.1-10", y="NET", not_set="VXLAN")
    return found


@pytest.mark.slow
def test_kata_as_it_is_recorded(kata_repository: Repository) -> None:
    watched = kata.watch(kata_repository.clone)
    quiet(watched)
    assert watched.checked == {"recorded kernels": 1, "fragment lines": 2, "releases": 2}


@pytest.mark.slow
def test_kata_has_a_newer_release(kata_repository: Repository) -> None:
    changed = {KATA_COMMON: "CONFIG_NET=y\nCONFIG_VXLAN=y\nCONFIG_NO_PROFILE_NAMES_IT=y\n", KATA_CONFIG: "11\n"}
    watched = kata.watch(kata_repository.commit(changed, "3.2.0").commit({}, "3.3.0").clone)
    assert said(watched, Kind.NEWER) == [
        "release 3.2.0 builds 6.1.1-11, 6.1.1-10 before; of what profiles name its fragments change VXLAN n to y",
        "release 3.3.0 builds 6.1.1-11 as before",
    ]
    assert said(watched, Kind.CONTRADICTS) == []


@pytest.mark.slow
def test_kata_contradicts(kata_repository: Repository) -> None:
    git(kata_repository.clone.path, "tag", "-d", "3.0.0")
    changed = {KATA_COMMON: "# CONFIG_NET is not set\n", KATA_CONFIG: "12\n"}
    assert said(kata.watch(kata_repository.commit(changed, "3.0.0").clone), Kind.CONTRADICTS) == [
        "3.0.0 builds 6.1.1-12, the record says 6.1.1-10",
        "the fragments of 3.0.0 turn off what the record has on: NET",
    ]
    git(kata_repository.clone.path, "tag", "-d", "3.0.0", "3.1.0")
    texts = said(kata.watch(Clone(kata_repository.clone.path, kata.PROJECT)), Kind.CONTRADICTS)
    assert [t.partition(",")[0] for t in texts] == ["there is no release 3.0.0", "there is no release 3.1.0"]


@pytest.mark.slow
def test_kina(tmp_path: Path, known: None) -> None:
    found = Repository(tmp_path / "kina", kina.PROJECT)
    page = "| `CONFIG_BPF_JIT` | x |\n| `CONFIG_KPROBES` | x |\n"
    found.commit({"src/fetch.rs": PINS.format("kernel-1", "aa"), kina.PAGE: page})
    quiet(kina.watch(found.clone))
    found.commit(
        {"src/fetch.rs": PINS.format("kernel-2", "aa"), "kernel/cilium.fragment": "CONFIG_BPF_JIT=y\nCONFIG_BTF=y\n"}
    )
    watched = kina.watch(found.clone)
    assert said(watched, Kind.NEWER) == [
        "the pinned tag is kernel-2, kernel-1 when it was read last",
        "the fragment asks for BTF",
        "the fragment does not ask any more for KPROBES",
    ]
    assert watched.news[0].place.endswith(":src/fetch.rs:1")
    watched = kina.watch(found.commit({"src/fetch.rs": "x", "kernel/cilium.fragment": None, kina.PAGE: None}).clone)
    assert [t.partition(" ")[0] for t in said(watched, Kind.CONTRADICTS)] == ["no", "no", "neither"]


HOSTILE = News(Kind.NEWER, "a\x1b[31m @octocat #12 <b> [x](http://a) `y` | \n# head", "p@q:r\x07", "f`g")


def test_the_report_in_both_forms() -> None:
    watched = Watched("kina", "state\x1b]0;x", [HOSTILE, News(Kind.CONTRADICTS, "other"), News(Kind.OPEN, "who knows")])
    watched.compared("pins", 2)
    text, markdown = as_text([watched], ["cilium"]), as_markdown([watched], ["cilium"])
    assert text.index("contradicts other") < text.index("newer") < text.index("who knows")
    assert text.endswith("not watched: cilium\n1 contradicts, 1 newer, 1 open; 2 comparisons\n")
    assert markdown.startswith("1 contradicts, 1 newer, 1 open; 2 comparisons.\n\n## kina\n")
    assert "\x1b" not in text + markdown
    assert "\x07" not in text + markdown
    assert "<b>" not in markdown
    assert not re.search(r"@octocat|(?<!#)#12|(?<!\\)\[x\]", markdown)


def test_the_exit_status() -> None:
    quiet_one, nothing = Watched("a", "", checked={"x": 1}), Watched("b", "")
    assert exit_status([quiet_one, nothing]) == 0
    assert exit_status([nothing]) == 3
    opened = replace(quiet_one, news=[News(Kind.OPEN, "x")])
    assert exit_status([opened]) == 0
    assert exit_status([opened, replace(nothing, news=[News(Kind.NEWER, "x")])]) == 1


@pytest.mark.slow
def test_the_command(apple: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    origin = tmp_path / "origin"
    shutil.copytree(apple.clone.path, origin)
    git(tmp_path, "clone", "-q", "--bare", str(origin), "bare")
    words = [f"containerization={tmp_path / 'bare'}"]
    assert upkeep.main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("containerization: apple/containerization at ")
    assert "not watched: container, kata, kina, cilium, linux, debian" in out
    git(origin, "tag", "0.9.0")
    assert upkeep.main(words) == 0, "nothing is fetched unless that is asked for"
    assert upkeep.main([*words, "--fetch", "-f", "markdown"]) == 1
    assert "**newer** kernel/config-arm64 at 0.9.0" in capsys.readouterr().out.replace("\\", "")
    assert upkeep.main([f"kina={tmp_path / 'nowhere'}"]) == 3
    assert "git says" in capsys.readouterr().err
    assert upkeep.main(["--clones"]) == 0
    assert "kina vinnie357/kina\n" in capsys.readouterr().out
    for bad in (["linux"], ["linux="], ["sea=x"], [words[0], words[0]], []):
        with pytest.raises(SystemExit) as ended:
            upkeep.main(bad)
        assert ended.value.code == 2


def test_release_tags() -> None:
    assert [t for t in ("v1.2.3", "1.10.0", "1.2.3-rc1", "nightly", "v1.2") if version_key(t)] == ["v1.2.3", "1.10.0"]
    assert version_key("1.10.0") > version_key("v1.9.9")


def test_what_was_read_last_is_written_down() -> None:
    assert files.known().keys() == {"container", "kata", "kina", "cilium"}
    for record in recorded.records():
        assert (files.ROOT / files.record_file(record)).is_file()
    assert (files.ROOT / files.known()["container"]["node"]["profile"]).is_file()
