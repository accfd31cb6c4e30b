"""Upkeep of kernel lines, on the small hand-written tree: each kind of news is found, and none is invented."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kina_audit.errors import SourceNotFoundError
from kina_audit.kconfig.carry import carry
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.packed import Origin as Tree
from kina_audit.kernel.config import Completeness, Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import build_profile
from scripts.upkeep import kernel_lines
from scripts.upkeep.news import Kind, Watched
from tests.kconfig_fixture import FIXTURE, fixture_tree
from tests.test_upkeep import said

ROW = {"level": "required", "why": "x", "fix": "Set CONFIG_JIT=y.", "source": "net/Kconfig"}
PROFILE = build_profile(
    {"id": "p", "title": "x", "description": "x", "requirement": [ROW | {"id": "jit", "expr": "JIT && NET"}]}, "p.toml"
)
Watch = Callable[..., Watched]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Watch:
    """Watch a changed copy of the tree whose model is the only one that ships."""
    documents = {"renames.toml": {"rename": [{"pairs": [["OLD_GATE", "GATE"]]}]}, "stable.toml": {"moved": []}}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in {
        "ARCHES": ("x86",),
        "lines": lambda: ((6, 12),),
        "near": lambda version: ((6, 12),) if version.triple >= (6, 12, 0) else (),
        "origin_of": lambda _line: Tree("6.12.0", "fixture", ""),
        "shipped_tree": lambda *_: fixture_tree(),
        "ProfileLibrary": lambda: [PROFILE],
        "toml_document": lambda path: documents[path.name],
    }.items():
        monkeypatch.setattr(kernel_lines, name, value)

    def call(version: str, *changes: tuple[str, str], more: str = "", moved: tuple[str, ...] = ()) -> Watched:
        folder = tmp_path / version
        shutil.copytree(FIXTURE, folder)
        parsed, kconfig = KernelVersion.parse(version), folder / "net/Kconfig"
        makefile = f"VERSION = {parsed.major}\nPATCHLEVEL = {parsed.minor}\nSUBLEVEL = {parsed.patch}\nEXTRAVERSION =\n"
        (folder / "Makefile").write_text(makefile, encoding="utf-8")
        text = kconfig.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        kconfig.write_text(text + more, encoding="utf-8")
        documents["stable.toml"]["moved"] = [{"line": "6.12", "symbols": list(moved)}]
        return kernel_lines.watch([str(folder)])

    return call


JIT = ("\tdepends on ARCH_HAS_JIT && MODULES\n", "\tdepends on ARCH_HAS_JIT\n")


def test_the_tree_of_the_model_is_no_news(watch: Watch) -> None:
    watched = watch("6.12.0")
    assert watched.news == []
    assert watched.checked == {"definitions": 2, "profiles": 1, "transitional symbols": 0}


def test_a_newer_release_moves_a_dependency(watch: Watch) -> None:
    [text] = said(watched := watch("6.12.5", JIT), Kind.NEWER)
    assert text == "JIT: depends ARCH_HAS_JIT && NET, was ARCH_HAS_JIT && MODULES && NET (x86; 6.12.0 to 6.12.5)"
    assert watched.news[0].file == kernel_lines.STABLE


def test_what_is_known_to_have_moved_is_no_news(watch: Watch) -> None:
    assert watch("6.12.5", JIT, moved=("JIT",)).news == []


def test_the_same_release_says_otherwise(watch: Watch) -> None:
    assert len(said(watch("6.12.0", JIT), Kind.CONTRADICTS)) == 1


def test_a_new_line_drops_a_symbol(watch: Watch) -> None:
    watched = watch("6.13.0", ("config JIT\n", "config JUST\n"))
    assert said(watched, Kind.NEWER) == [
        "Linux 6.13 has no model: python scripts/kernel_line.py TREE makes it",
        "JIT: gone (x86; 6.12.0 to 6.13.0)",
    ]
    errors = said(watched, Kind.CONTRADICTS)
    assert any(text.startswith("p/jit JIT exists in none of the trees") for text in errors)
    assert any("its fix sets JIT" in text for text in errors)


def test_a_line_older_than_every_model(watch: Watch) -> None:
    assert said(watch("5.4.0"), Kind.NEWER) == ["Linux 5.4.0 is older than every model"]


def test_a_symbol_that_hands_its_value_on(watch: Watch) -> None:
    more = '\nconfig OLD_NAME\n\tbool\n\ttransitional\n\nconfig NEW_NAME\n\tbool "x"\n\tdefault OLD_NAME\n'
    more += '\nconfig OLD_GATE\n\tbool\n\ttransitional\n\nconfig GATE\n\tbool "y"\n\tdefault OLD_GATE\n'
    watched = watch("6.12.5", more=more)
    assert said(watched, Kind.NEWER) == ["OLD_NAME is transitional, NEW_NAME takes its value"]
    assert watched.checked["transitional symbols"] == 2


def test_the_newest_source_of_debian(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no linux-source-VERSION"):
        kernel_lines.newest_of_debian(tmp_path)
    for name in (
        "linux-source-6.9.tar.xz",
        "linux-source-6.12.tar.xz",
        "linux-source-7.3",
        "linux-source-6.12.tar.xz.sig",
    ):
        (tmp_path / name).touch()
    assert kernel_lines.newest_of_debian(tmp_path) == str(tmp_path / "linux-source-6.12.tar.xz")


def test_definitions_tell_everything_that_decides_a_value() -> None:
    tree: KernelTree = fixture_tree()
    assert kernel_lines.definition(tree.model, "NO_SUCH_SYMBOL") == {}
    assert kernel_lines.definition(tree.model, "JIT").keys() == {"type", "depends", "prompt", "default", "selected by"}


@pytest.mark.parametrize(
    ("version", "value"), [("6.1.187", "y"), ("6.1.192", None), ("6.12.107", "y"), ("6.12.117", None), ("6.18.5", "n")]
)
def test_what_a_stable_update_moved_is_unknown_after_it(version: str, value: str | None) -> None:
    """xt_cgroup selects CGROUP_NET_CLASSID in the trees the models are of, and not in Debian's later ones of the same lines."""
    names = (
        "X86_64 64BIT NET INET NETFILTER NETFILTER_ADVANCED CGROUPS NETFILTER_XTABLES NETFILTER_XT_MATCH_CGROUP EXPERT"
    )
    text = "# Linux/x86 6.6.1 Kernel Configuration\n" + "".join(f"CONFIG_{name}=y\n" for name in names.split())
    config = parse_config(text, origin=Origin.INPUT, completeness=Completeness.COMPLETE)
    assert carry(config.with_target(KernelVersion.parse(version))).fact("CGROUP_NET_CLASSID").value == value
