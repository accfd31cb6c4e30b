"""Resolving a config, merging fragments, and the reasons why requested values do not survive."""

import shutil
from pathlib import Path

import pytest

from kina_audit.kconfig.loaded import read_tree
from kina_audit.kconfig.resolve import Resolution, resolve
from kina_audit.kconfig.toolchain import Toolchain
from tests.kconfig_fixture import FIXTURE, fixture_tree


def resolved(text: str, *fragments: str) -> Resolution:
    return resolve(fixture_tree(), text, [(f"f{i}", f) for i, f in enumerate(fragments)])


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("", "NET", "n"),
        ("CONFIG_NET=y\n", "CRC", "y"),
        ("CONFIG_NET=y\n", "PACKET", "y"),
        ("CONFIG_MODULES=y\nCONFIG_NET=y\n", "PACKET", "m"),
        ("CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_BRIDGE=y\n", "BRIDGE", "m"),
        ("CONFIG_NET=y\nCONFIG_BRIDGE=y\n", "LLC", "y"),
        ("CONFIG_NET=y\nCONFIG_JIT=y\n", "JIT", "n"),
        ("CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_JIT=y\n", "JIT", "y"),
        ("CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_JIT=y\n", "JIT_DEFAULT", "y"),
        ("CONFIG_NET=y\nCONFIG_KPROBES=y\n", "EVENTS", "y"),
        ("", "DEBUG_NONE", "y"),
        ("CONFIG_DEBUG_NEW=y\n", "DEBUG_ANY", "y"),
        ("CONFIG_DEBUG_OLD=y\nCONFIG_DEBUG_NEW=y\n", "DEBUG_NEW", "y"),
        ("CONFIG_COUNT=5000\n", "COUNT", "8"),
        ("CONFIG_COUNT=7\n", "COUNT_COPY", "7"),
        ("CONFIG_ADDRESS=0x10\n", "ADDRESS", "0x1000"),
        ('CONFIG_NAME_OF_IT="a \\"b\\" \\\\"\n', "NAME_OF_IT", 'a "b" \\'),
        ("CONFIG_EXPERT=y\n", "NAME_OF_IT", 'plain "quoted" back\\slash'),
        ("CONFIG_EXPERT=y\n", "NO_DEFAULT", "0"),
        ("CONFIG_NET=y\nCONFIG_COUNT=20\n", "UNKNOWN_COMPARED", "y"),
        ("", "NO_SUCH_SYMBOL", "n"),
    ],
)
def test_values(text: str, name: str, value: str) -> None:
    assert resolved(text).value(name) == value


@pytest.mark.parametrize(("version", "value"), [((6, 1), "n"), ((6, 7), "n"), ((6, 8), "y"), ((6, 12), "y")])
def test_old_readers_take_is_not_set_with_more_behind_it(version: tuple[int, int], value: str, tmp_path: Path) -> None:
    root = tmp_path / "linux"
    shutil.copytree(FIXTURE, root)
    (root / "Makefile").write_text("VERSION = {}\nPATCHLEVEL = {}\n".format(*version))
    tree, _ = read_tree(root, "fixture", "x86", Toolchain.parse("gcc-12"))
    assert resolve(tree, "CONFIG_NET=y\n# CONFIG_NET is not set, for now\n").value("NET") == value


def test_the_written_config_is_what_conf_writes() -> None:
    lines = resolved("CONFIG_NET=y\nCONFIG_MODULES=y\nCONFIG_BRIDGE=m\n").text.split("\n")
    assert lines[:4] == [
        "#",
        "# Automatically generated file; DO NOT EDIT.",
        "# Linux/x86 6.12.0 Kernel Configuration",
        "#",
    ]
    assert "CONFIG_BRIDGE=m" in lines
    assert "# Bridge is a module" in lines
    assert "# CONFIG_EXPERT is not set" in lines
    assert "# end of Values" in lines
    assert not any("HELPER is not set" in line for line in lines)


def test_later_fragments_win_and_choices_follow() -> None:
    base = "CONFIG_NET=y\n# CONFIG_JIT is not set\nCONFIG_DEBUG_OLD=y\n"
    both = resolved(base, "CONFIG_MODULES=y\nCONFIG_JIT=y\n", "# CONFIG_JIT is not set\nCONFIG_DEBUG_NEW=y\n")
    assert (both.value("MODULES"), both.value("JIT"), both.value("DEBUG_NEW")) == ("y", "n", "y")


@pytest.mark.parametrize(
    ("text", "name", "actual", "reason"),
    [
        ("CONFIG_NET=y\nCONFIG_JIT=y\n", "JIT", "n", "unmet dependencies: MODULES is n"),
        ("CONFIG_JIT=y\n", "JIT", "n", "unmet dependencies: MODULES is n, NET is n"),
        # Without a prompt, and on by its default once what it depends on is: not what no assignment reaches.
        ("CONFIG_NET=y\nCONFIG_PACKET=y\nCONFIG_EVENTS=y\n", "EVENTS", "n", "no prompt, and its default waits for what it depends on"),
        ("CONFIG_NET=y\n# CONFIG_CRC is not set\n", "CRC", "y", "selected by NET"),
        ("CONFIG_DEBUG_OLD=y\nCONFIG_DEBUG_NEW=y\n", "DEBUG_OLD", "n", "DEBUG_NEW is chosen instead"),
        ("CONFIG_HELPER=y\n", "HELPER", "n", "no prompt, it is on when selected by PACKET"),
        ("CONFIG_NET=y\nCONFIG_PACKET=m\n", "PACKET", "y", "without MODULES=y, m becomes y"),
        ("CONFIG_COUNT=5000\n", "COUNT", "8", "outside the range"),
        ("CONFIG_COUNT=many\n", "COUNT", "4", "many is no int"),
        ("CONFIG_EXPERT=m\n", "EXPERT", "n", "m is no bool"),
        ("CONFIG_ARM64_ONLY=y\n", "ARM64_ONLY", "n", "cannot be enabled on x86 6.12.0"),
        ("CONFIG_BRIDG=y\n", "BRIDG", "", "nothing defines it on x86 6.12.0; did you mean BRIDGE?"),
        ("CONFIG_EXPERT=y\nCONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_PACKET=m\nCONFIG_BRIDGE=y\n", "BRIDGE", "m", "only be m"),
        ('CONFIG_TEXT_COPY="x"\n', "TEXT_COPY", "", "no prompt: its default decides"),
    ],
)  # fmt: skip
def test_a_lost_value_has_its_reason(text: str, name: str, actual: str, reason: str) -> None:
    [lost] = resolved(text).lost([name])
    assert lost.actual == actual
    assert reason in lost.reason
    assert lost.requested.line == 1 + text.split("CONFIG_" + name, maxsplit=1)[0].count("\n")


def test_a_value_that_survives_is_not_lost() -> None:
    found = resolved("CONFIG_NET=y\nCONFIG_COUNT=3\n# CONFIG_GONE is not set\n")
    assert found.lost(["NET", "COUNT", "GONE", "BRIDGE"]) == []
