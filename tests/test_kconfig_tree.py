"""Reading trees: what is read, what is refused, and one clear error for everything that is wrong with a tree."""

import shutil
from pathlib import Path

import pytest

from kina_audit.api import load_kernel
from kina_audit.errors import KinaAuditError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kconfig import tree as tree_module
from kina_audit.kconfig.loaded import KernelTree, from_cached, read_tree, to_cached
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kconfig.tree import TreeError, make_version
from kina_audit.sources.options import SourceOptions
from kina_audit.trees import arch_of, open_kernel_tree

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"
GCC = Toolchain.parse("gcc-12")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, tmp_path / "tree"))


def read(root: Path, arch: str = "x86") -> KernelTree:
    return read_tree(root, "fixture", arch, GCC)[0]


def append(root: Path, text: str) -> None:
    with open(root / "Kconfig", "a", encoding="utf-8") as file:
        file.write(text)


def test_a_tree_is_read_and_cached_the_same(root: Path) -> None:
    tree, stamps = read_tree(root, "fixture", "x86", GCC)
    assert tree.model.version == "6.12.0"
    assert tree.model.title == "Linux/x86 6.12.0 Kernel Configuration"
    document, texts = to_cached(tree, stamps)
    back = from_cached(root, "fixture", GCC, document, lambda name: texts if name == "texts" else None)
    assert back is not None
    assert resolve(back, "CONFIG_NET=y\n").text == resolve(tree, "CONFIG_NET=y\n").text
    sym = tree.model.index["BRIDGE"]
    assert back.places().of(sym) == tree.places().of(sym)
    assert [back.possible(i) for i in range(tree.model.defined)] == [
        tree.possible(i) for i in range(tree.model.defined)
    ]


def test_a_cached_tree_is_stale_when_a_file_changed(root: Path) -> None:
    tree, stamps = read_tree(root, "fixture", "x86", GCC)
    document, texts = to_cached(tree, stamps)
    append(root, "\n")
    assert from_cached(root, "fixture", GCC, document, lambda name: texts if name == "texts" else None) is None


@pytest.mark.parametrize(
    "damage", ["", "{}", "{\n", '{"format":3,"stamps":[]}\n[]', '{"format":3,"stamps":[]}\n"text"', "\x00"]
)
def test_a_damaged_cache_is_read_again(root: Path, damage: str) -> None:
    assert from_cached(root, "fixture", GCC, damage, lambda _: None) is None


def test_a_damaged_texts_cache_is_read_again(root: Path) -> None:
    tree, stamps = read_tree(root, "fixture", "x86", GCC)
    document, _ = to_cached(tree, stamps)
    back = from_cached(root, "fixture", GCC, document, lambda _: "not json")
    assert back is not None
    assert back.places().files == tree.places().files


def test_places_keep_their_line_numbers(root: Path) -> None:
    (root / "net/Kconfig").write_text(
        (root / "net/Kconfig").read_text() + (root / "net/Kconfig.new").read_text(), encoding="utf-8"
    )
    tree = read(root)
    lines = (root / "net/Kconfig").read_text().split("\n")
    for name in ("OLD_NAME", "NEW_NAME", "CONDITIONAL", "CONDITIONAL_OR"):
        [place] = tree.places().of(tree.model.index[name])
        assert lines[place.line - 1] == f"config {name}"


@pytest.mark.parametrize(
    "line",
    ['source "../outside/Kconfig"', 'source "/etc/hostname"', 'source "net/*"', 'osource "a/../../x"', 'source "link"'],
)
def test_files_outside_the_tree_are_refused(root: Path, line: str) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "Kconfig").write_text("config STOLEN\n\tbool\n")
    (root / "link").symlink_to(outside / "Kconfig")
    append(root, line + "\n")
    with pytest.raises(TreeError, match="outside the tree"):
        read(root)


def test_a_missing_file_names_the_line_that_wants_it(root: Path) -> None:
    append(root, 'source "no/Kconfig"\n')
    with pytest.raises(TreeError, match=r"Kconfig:\d+: no/Kconfig is missing"):
        read(root)


def test_a_syntax_error_names_file_and_line(root: Path) -> None:
    count = (root / "Kconfig").read_text().count("\n")
    append(root, "config BROKEN\n\tbool\n\tdepends on && A\n")
    with pytest.raises(TreeError, match=rf"Kconfig:{count + 3}: "):
        read(root)
    (root / "Kconfig").write_text("config X\n\tbool\n\tdepends on A if (B\n")
    with pytest.raises(TreeError, match="Kconfig:3: "):
        read(root)


def test_a_folder_that_is_no_tree(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no kernel tree"):
        read(tmp_path)


def test_an_architecture_the_tree_lacks(root: Path) -> None:
    with pytest.raises(TreeError, match="no architecture 'mips'") as caught:
        read(root, "mips")
    assert caught.value.hint == "It has: arm64, x86."


@pytest.mark.parametrize(
    "text",
    [
        "config X\n\tbool\n\tdefault $(shell,touch {marker})\n",
        'config X\n\tstring\n\tdefault "$(shell,touch {marker} && echo x)"\n',
        "$(info,$(shell,touch {marker}))\n",
        "x := $(success,touch {marker})\n",
    ],
)
def test_nothing_of_a_tree_is_executed(root: Path, text: str) -> None:
    marker = root.parent / "executed"
    append(root, text.replace("{marker}", str(marker)))
    include = 'if-success = $(shell,{ $(1); } >/dev/null 2>&1 && echo "$(2)" || echo "$(3)")\nsuccess = $(if-success,$(1),y,n)\n'
    (root / "Kconfig").write_text(include + (root / "Kconfig").read_text())
    read(root)
    assert not marker.exists()


def test_the_environment_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "hunter2")
    monkeypatch.setenv("KCONFIG_FUNCTIONS", "this_module_would_be_imported")
    append(root, 'config LEAK\n\tstring\n\tdefault "$(SECRET_OF_THE_USER)"\n')
    assert resolve(read(root), "").value("LEAK") == ""


def test_option_env_is_refused(root: Path) -> None:
    append(root, 'config LEAK\n\tstring\n\toption env="HOME"\n')
    with pytest.raises(TreeError, match="option env"):
        read(root)


def test_sizes_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "KCONFIG_FILE", 500)
    with pytest.raises(SourceTooLargeError):
        read(root)


def test_deep_nesting_is_one_error(root: Path) -> None:
    append(root, "config DEEP\n\tbool\n\tdepends on " + "(" * 50_000 + "NET" + ")" * 50_000 + "\n")
    with pytest.raises(KinaAuditError):
        read(root)


@pytest.mark.slow
def test_long_chains_are_one_error(root: Path) -> None:
    append(root, "".join(f"config C{i}\n\tbool\n\tdefault C{i + 1}\n" for i in range(30_000)))
    tree = read(root)
    with pytest.raises(KinaAuditError, match="longer chains"):
        _ = resolve(tree, "").text


def test_deep_ifs_are_one_error_or_none(root: Path) -> None:
    append(root, "if NET\n" * 3000 + 'config DEEP\n\tbool "deep"\n' + "endif\n" * 3000)
    assert resolve(read(root), "CONFIG_NET=y\nCONFIG_DEEP=y\n").value("DEEP") == "y"


def test_macros_that_only_multiply_are_stopped(root: Path) -> None:
    append(root, "a0 =\n" + "".join(f"a{i + 1} = $(a{i})$(a{i})$(a{i})\n" for i in range(40)))
    append(root, 'config BOMB\n\tstring "x"\n\tdefault "$(a40)"\n')
    with pytest.raises(TreeError, match=r"Kconfig:\d+: macros that expand without end"):
        read(root)


def test_a_macro_that_grows_is_stopped(root: Path) -> None:
    append(root, "a := xxxxxxxxxxxxxxxx\n" + "".join(
        f"{b} := $({a})$({a})$({a})$({a})$({a})$({a})$({a})$({a})\n"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    ) + 'config BIG\n\tstring\n\tdefault "$(h)"\n')  # fmt: skip
    with pytest.raises(TreeError, match="without bound"):
        read(root)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 94\nEXTRAVERSION =\n", "6.12.94"),
        ("# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\nEXTRAVERSION = -rc2\nNAME = Baby\n", "7.3.0-rc2"),
    ],
)
def test_the_makefile_tells_the_version(text: str, expected: str) -> None:
    assert make_version(text) == expected


@pytest.mark.parametrize(
    "text", ["VERSION = 9999999999\nPATCHLEVEL = 1\n", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = $(x)\n"]
)
def test_a_makefile_whose_version_is_none(text: str) -> None:
    with pytest.raises(TreeError, match="no kernel version"):
        make_version(text)


def test_a_makefile_without_a_version() -> None:
    with pytest.raises(TreeError, match="version"):
        make_version("all:\n\techo VERSION\n")


def test_user_mode_linux_is_refused_and_not_taken_for_what_it_runs_on(tmp_path: Path) -> None:
    (tmp_path / "um.config").write_text("# Linux/um 6.1.0 Kernel Configuration\nCONFIG_UML=y\nCONFIG_X86_64=y\n")
    kernel = load_kernel(str(tmp_path / "um.config"))
    with pytest.raises(TreeError, match="user-mode Linux"):
        open_kernel_tree(str(FIXTURE), arch=arch_of(kernel, SourceOptions()), options=SourceOptions(cache=tmp_path))
