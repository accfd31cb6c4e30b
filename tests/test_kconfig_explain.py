"""Explanations on the hand-written tree."""

import json
import shutil
from pathlib import Path

import pytest

from kina_audit.errors import UsageError
from kina_audit.kconfig.explain import Explanation, explain
from kina_audit.kconfig.loaded import read_tree
from kina_audit.kconfig.reasons import Cause
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.sensitive import assumptions
from kina_audit.kconfig.text import explanation_text
from kina_audit.kconfig.toolchain import Toolchain
from tests.kconfig_fixture import FIXTURE, fixture_tree


def explained(name: str, text: str = "") -> Explanation:
    return explain(resolve(fixture_tree(), text), name)


def leaves(causes: tuple[Cause, ...]) -> list[str]:
    return [t for c in causes for t in (leaves(c.causes) if c.causes else [c.text])]


def test_an_unmet_dependency_down_to_its_leaf() -> None:
    found = explained("JIT_ALWAYS", "CONFIG_NET=y\n")
    assert found.value == "n"
    assert not found.hidden
    assert found.possible == "ny"
    assert leaves(found.causes) == ["MODULES is n"]
    [jit] = found.causes
    assert jit.symbol == "JIT"
    [modules] = jit.causes
    assert modules.place.startswith("Kconfig:")
    assert modules.note == "can be set: it is visible, and the config has no line for it"


def test_a_hidden_symbol_names_the_visible_ones_that_reach_it() -> None:
    found = explained("EVENTS", "CONFIG_NET=y\n")
    assert found.hidden
    assert found.causes[0].any_of
    assert leaves(found.causes) == ["KPROBES is n", "TRACE is n"]
    assert {"KPROBES", "UPROBES"} <= set(found.reached_by)
    assert explained("STP", "CONFIG_NET=y\n").reached_by == ("BRIDGE",)


@pytest.mark.parametrize(
    ("name", "text", "lines", "turned_off"),
    [
        ("EVENTS", "CONFIG_NET=y\n", ("CONFIG_KPROBES=y",), {}),
        ("JIT_ALWAYS", "CONFIG_NET=y\n", ("CONFIG_JIT=y", "CONFIG_JIT_ALWAYS=y", "CONFIG_MODULES=y"), {}),
        (
            "DEBUG_TYPES", "CONFIG_DEBUG_OLD=y\n", ("CONFIG_DEBUG_NEW=y", "CONFIG_DEBUG_TYPES=y"),
            {"DEBUG_OLD": "n"},
        ),
        ("NET", "CONFIG_NET=y\n", (), {}),
        ("ARM64_ONLY", "", (), {}),
        ("COUNT", "", (), {}),
    ],
)  # fmt: skip
def test_what_turns_a_symbol_on_is_told_and_does(
    name: str, text: str, lines: tuple[str, ...], turned_off: dict[str, str]
) -> None:
    found = explained(name, text)
    assert (found.enabled_by, found.turned_off) == (lines, turned_off)
    if lines:
        assert resolve(fixture_tree(), text, [("f", "\n".join(lines) + "\n")]).value(name) == "y"
        shown = " ".join(explanation_text(found, 200).split())
        assert f"enabled by {' and '.join(lines)} (resolved again)" in shown
        assert ("DEBUG_OLD becomes n" in shown) is bool(turned_off)


@pytest.mark.parametrize(
    ("name", "text", "because"),
    [
        ("CRC", "CONFIG_NET=y\n", "selected by NET"),
        ("NET", "CONFIG_NET=y\n", "the config line 1 says so"),
        ("COUNT", "CONFIG_COUNT=5000\n", "the config line 1 says 5000, which the tree limits to 8"),
        ("TOOL_NEW", "", "its default applies: y"),
        ("SCHED_C", "CONFIG_NET=y\nCONFIG_EXPERT=y\nCONFIG_BRIDGE=y\n", "not chosen in its choice: SCHED_A is now"),
        ("DEBUG_NONE", "", "chosen in its choice"),
        ("KPROBES", "CONFIG_NET=y\n", "visible, not asked for, and it has no default that applies"),
        ("JIT", "", "its dependencies are not met"),
        ("EVENTS", "CONFIG_NET=y\n", "hidden: its default would turn it on, and its dependencies are not met"),
        ("HELPER", "", "hidden, and no default applies and nothing that selects it is on"),
        ("LOG", "CONFIG_NET=y\nCONFIG_EXPERT=y\nCONFIG_FILTER=y\n", "implied by FILTER"),
        ("X86", "", "its default applies: y"),
    ],
)
def test_what_decided_a_value(name: str, text: str, because: str) -> None:
    assert explained(name, text).because == because


def test_what_cannot_be_enabled_says_so() -> None:
    found = explained("ARM64_ONLY")
    assert found.possible == "n"
    assert leaves(found.causes) == ["ARM64 does not exist"]
    assert "cannot be enabled on this version" in explanation_text(found, 80)
    assert explained("X86").possible == "y"


def test_an_unknown_symbol_names_near_ones() -> None:
    with pytest.raises(UsageError, match="no symbol BRIDG on x86") as caught:
        explained("BRIDG")
    assert "BRIDGE" in caught.value.hint


def test_text_and_json_say_the_same() -> None:
    found = explained("CONFIG_EVENTS", "CONFIG_NET=y\n")
    text = explanation_text(found, 100)
    document = json.loads(json.dumps(found.to_document()))
    assert document["symbol"] == "EVENTS"
    assert text.startswith("CONFIG_EVENTS (bool, hidden) = n\n")
    for cause in document["causes"]:
        assert cause["text"] in text


def test_text_fits_its_width() -> None:
    for name in ("EVENTS", "JIT_ALWAYS", "RARE", "CRC"):
        text = explanation_text(explained(name, "CONFIG_NET=y\n"), 72)
        assert max(map(len, text.split("\n"))) <= 72


def test_assumptions_that_decide_nothing_are_not_listed() -> None:
    assert assumptions(resolve(fixture_tree(), "CONFIG_NET=y\n"), ["NET", "CRC"]) == ()


@pytest.mark.parametrize(("toolchain", "told"), [("gcc-12", True), ("gcc-12,pahole=1.25", False)])
def test_an_assumption_that_turning_it_on_rests_on_is_told(toolchain: str, told: bool, tmp_path: Path) -> None:
    root = tmp_path / "linux"
    shutil.copytree(FIXTURE, root)
    with open(root / "net/Kconfig", "a", encoding="utf-8") as file:
        file.write(
            "config PAHOLE\n\tint\n\tdefault $(shell,$(srctree)/scripts/pahole-version.sh)\n"
            'config BTF\n\tbool "BTF"\n\tdepends on PAHOLE >= 116 && NET\n'
        )
    tree, _ = read_tree(root, "fixture", "x86", Toolchain.parse(toolchain))
    found = explain(resolve(tree, ""), "BTF")
    assert found.enabled_by == ("CONFIG_BTF=y", "CONFIG_NET=y")
    assert [(a.answer, a.symbols) for a in found.assumed] == ([("124", ("BTF",))] if told else [])
    assert ("assumed   pahole=1.24; it decides BTF" in explanation_text(found, 100)) is told


def test_a_member_of_a_choice_says_which_one_is_chosen() -> None:
    found = explained("DEBUG_NEW", "")
    assert leaves(found.causes) == ["DEBUG_NEW is n"]
    assert found.causes[0].note == "can be chosen: DEBUG_NONE is now, and only one of a choice can be y"


def test_an_implied_symbol_is_reached_by_what_implies_it() -> None:
    tree = fixture_tree(
        12, 'config IMPLYING\n\tbool "I"\n\timply IMPLIED\n\nconfig IMPLIED\n\tbool\n\tdepends on VALUES\n'
    )
    found = explain(resolve(tree, "# CONFIG_VALUES is not set\n"), "IMPLIED")
    assert found.enabled_by == ("CONFIG_IMPLYING=y", "CONFIG_VALUES=y")


def test_dependencies_are_listed_once_and_prompts_with_quotes_stay_readable() -> None:
    more = 'if NET\nconfig NOISY\n\tbool "\\"quoted\\" thing"\n\tdepends on NET && KPROBES\n\tdepends on KPROBES && y\nendif\n'
    found = explain(resolve(fixture_tree(12, more), ""), "NOISY")
    assert sorted(found.depends.split(" && ")) == ["KPROBES", "NET"]
    assert """  '"quoted" thing'""" in explanation_text(found, 100)


ASKING = """
success = $(shell,{ $(1); } >/dev/null 2>&1 && echo "y" || echo "n")

config GUARDED
	bool "Guarded"
	depends on $(cc-option,-fsanitize=kcfi) && NET

config HIDDEN_ANSWER
	def_bool $(success,$(srctree)/scripts/rust_is_available.sh)

config BY_ANSWER
	bool "By answer"
	depends on HIDDEN_ANSWER

config HELD_VERSION
	int
	default $(shell,$(srctree)/scripts/pahole-version.sh pahole)

config NARROW
	bool "Narrow"
	depends on HELD_VERSION < 128 || HELD_VERSION > 129
"""


def test_a_question_to_the_compiler_is_named_where_it_decides() -> None:
    found = explain(resolve(fixture_tree(12, ASKING), "CONFIG_NET=y\n"), "GUARDED")
    assert found.possible == "n"
    assert set(found.depends.split(" && ")) == {"$(cc-option,-fsanitize=kcfi)", "NET"}
    assert [(c.text, c.note) for c in found.causes] == [("$(cc-option,-fsanitize=kcfi) is n", "by gcc-12")]
    assert found.assumed == ()
    assert "as far as" not in explanation_text(found, 200)


def test_what_was_assumed_is_no_proof_and_is_told() -> None:
    found = explain(resolve(fixture_tree(12, ASKING), ""), "BY_ANSWER")
    assert leaves(found.causes) == ["$(success,./scripts/rust_is_available.sh) is n"]
    assert [(a.question, a.answer, a.symbols) for a in found.assumed] == [("the version of rustc", "0", ("BY_ANSWER",))]
    assert "toolchain, as far as that is what is assumed" in explanation_text(found, 200)
    own = explain(resolve(fixture_tree(12, ASKING), ""), "HIDDEN_ANSWER")
    assert [a.question for a in own.assumed] == ["the version of rustc"]


def test_an_assumed_number_is_tried_on_every_side_of_what_it_is_compared_with() -> None:
    state = resolve(fixture_tree(12, ASKING), "CONFIG_NARROW=y\n")
    assert state.value("NARROW") == "y"
    assert [(a.question, a.answer) for a in assumptions(state, ["NARROW"])] == [("the version of pahole", "124")]


def test_a_symbol_of_another_architecture_says_so(tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURE, tmp_path / "linux"))
    tree, _ = read_tree(root, "fixture", "x86", Toolchain.parse("gcc-12"))
    with pytest.raises(UsageError, match="no symbol ARM64 on x86: it is defined for arm64 only"):
        explain(resolve(tree, ""), "ARM64")
    found = explain(resolve(tree, ""), "ARM64_ONLY")
    assert found.causes[0].note == "nothing defines it on x86 6.12.0; it is defined for arm64 only"
