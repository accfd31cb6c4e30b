"""Fragments on the hand-written tree: the smallest, proven, and what is said when there is none."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.kconfig.fix import Fix, Goal, find_fix
from kina_audit.kconfig.goals import compile_expression
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.model import expression_text
from kina_audit.kconfig.resolve import Requested, Resolution, resolve
from kina_audit.kconfig.text import blocked_text, fragment_text
from kina_audit.kernel.expression import Expression
from tests.conftest import examples
from tests.kconfig_fixture import fixture_tree


def fixed(config: str, *conditions: str, wanted: int = 1, tree: KernelTree | None = None) -> Fix:
    tree = tree or fixture_tree()
    rows = resolve(tree, config).rows
    goals = [Goal(f"test/{i}", Expression.parse(c), wanted, "why") for i, c in enumerate(conditions)]
    return find_fix(Resolution(tree, rows), lambda _: goals, lambda _: True)


def lines(found: Fix) -> list[str]:
    return [c.line for c in found.changes]


@pytest.mark.parametrize(
    ("config", "condition", "expected"),
    [
        ("CONFIG_NET=y\n", "NET", []),
        ("CONFIG_NET=y\n", "KPROBES", ["CONFIG_KPROBES=y"]),
        ("", "BRIDGE", ["CONFIG_BRIDGE=y", "CONFIG_NET=y"]),
        ("CONFIG_NET=y\n", "JIT", ["CONFIG_JIT=y", "CONFIG_MODULES=y"]),
        ("CONFIG_NET=y\n", "EVENTS", ["CONFIG_KPROBES=y"]),
        ("CONFIG_NET=y\n", "STP", ["CONFIG_BRIDGE=y"]),
        ("", "DEBUG_TYPES", ["CONFIG_DEBUG_NEW=y", "CONFIG_DEBUG_TYPES=y"]),
        ("CONFIG_DEBUG_OLD=y\n", "DEBUG_TYPES", ["CONFIG_DEBUG_NEW=y", "CONFIG_DEBUG_TYPES=y"]),
        ("", "HIDDEN_BY_EXPERT", ["CONFIG_EXPERT=y"]),
        ("CONFIG_EXPERT=y\n", "!EXPERT", ["# CONFIG_EXPERT is not set"]),
        ("CONFIG_NET=y\n", "KPROBES || JIT", ["CONFIG_KPROBES=y"]),
        ("CONFIG_NET=y\n", "HELPER && KPROBES", ["CONFIG_KPROBES=y", "CONFIG_MODULES=y"]),
    ],
)
def test_the_smallest_fragment(config: str, condition: str, expected: list[str]) -> None:
    found = fixed(config, condition)
    assert lines(found) == expected
    assert not found.blocked


def test_quick_searches_from_one_config_find_what_each_finds_alone() -> None:
    """They share the states they look at; another one's fragment neither hides nor changes theirs."""
    tree = fixture_tree()
    rows = resolve(tree, "CONFIG_NET=y\n").rows
    together = Resolution(tree, rows)

    def quick(start: Resolution, condition: str) -> list[str]:
        goals = [Goal("test/0", Expression.parse(condition), 1, "why")]
        return lines(find_fix(start, lambda _: goals, lambda _: True, quick=True))

    conditions = ("JIT", "JIT && KPROBES", "HELPER", "HELPER && KPROBES", "JIT", "KPROBES || JIT", "!NET", "STP && JIT")
    alone = [quick(Resolution(tree, rows), condition) for condition in conditions]
    assert [quick(together, condition) for condition in conditions] == alone
    assert alone[1] == ["CONFIG_JIT=y", "CONFIG_KPROBES=y", "CONFIG_MODULES=y"]
    assert together.explored.states
    # What was shared is what it is from nothing, and no other search's start.
    names = tree.model.names
    for way, state in together.explored.states.items():
        again = together.changed([Requested(names[sym], value, "x", 1) for sym, value in sorted(way)])
        assert state.text == again.text
    assert not Resolution(tree, rows).explored.states


TRISTATE_CHOICE = """
choice
	prompt "Loaders" if EXPERT
	default LOADER_A
	optional

config LOADER_A
	tristate "A"

config LOADER_B
	tristate "B"

endchoice
"""


@pytest.mark.parametrize(
    ("patchlevel", "config", "condition", "expected"),
    [
        (1, "CONFIG_NET=y\n", "SCHED_A", ["CONFIG_EXPERT=y"]),
        (12, "CONFIG_NET=y\n", "SCHED_A", []),
        (1, "CONFIG_NET=y\n", "SCHED_C", ["CONFIG_BRIDGE=y", "CONFIG_EXPERT=y", "CONFIG_SCHED_C=y"]),
        (12, "CONFIG_NET=y\n", "SCHED_C", ["CONFIG_BRIDGE=y", "CONFIG_SCHED_C=y"]),
        (1, "CONFIG_NET=y\nCONFIG_BRIDGE=y\nCONFIG_EXPERT=y\n", "SCHED_C", ["CONFIG_SCHED_C=y"]),
        (12, "CONFIG_NET=y\nCONFIG_BRIDGE=y\nCONFIG_EXPERT=y\n", "SCHED_C", ["CONFIG_SCHED_C=y"]),
        (1, "CONFIG_NET=y\nCONFIG_EXPERT=y\n", "!SCHED_A && NET", ["CONFIG_BRIDGE=y", "CONFIG_SCHED_C=y"]),
        (12, "CONFIG_NET=y\nCONFIG_EXPERT=y\n", "!SCHED_A && NET", ["CONFIG_BRIDGE=y", "CONFIG_SCHED_C=y"]),
        (1, "CONFIG_NET=y\nCONFIG_EXPERT=y\n", "!SCHED_A && NET && !BRIDGE && !FILTER", ["# CONFIG_EXPERT is not set"]),
        (1, "CONFIG_NET=y\n", "DEBUG_TYPES", ["CONFIG_DEBUG_NEW=y", "CONFIG_DEBUG_TYPES=y"]),
    ],
)
def test_into_a_choice_and_out_of_it(patchlevel: int, config: str, condition: str, expected: list[str]) -> None:
    tree = fixture_tree(patchlevel)
    found = fixed(config, condition, tree=tree)
    assert (lines(found), found.blocked) == (expected, ())
    again = resolve(tree, config, [("f", "\n".join(lines(found)) + "\n")])
    assert again.text == found.resolution.text


@pytest.mark.parametrize(("condition", "wanted"), [("LOADER_B", 1), ("LOADER_B", 2), ("LOADER_A && LOADER_B", 1)])
def test_members_of_an_optional_tristate_choice_of_old_trees(condition: str, wanted: int) -> None:
    tree = fixture_tree(1, TRISTATE_CHOICE)
    found = fixed("CONFIG_MODULES=y\n", condition, wanted=wanted, tree=tree)
    assert not found.blocked
    again = resolve(tree, "CONFIG_MODULES=y\n", [("f", "\n".join(lines(found)) + "\n")])
    assert again.text == found.resolution.text


@pytest.mark.parametrize(
    ("config", "condition", "expected"),
    [
        ("", 'contains(NAME_OF_IT, "plain")', []),
        ("", 'contains(NAME_OF_IT, "bpf")', ['CONFIG_NAME_OF_IT="plain,bpf"']),
        ('CONFIG_NAME_OF_IT=""\n', 'contains(NAME_OF_IT, "bpf")', ['CONFIG_NAME_OF_IT="bpf"']),
        ('CONFIG_NAME_OF_IT="a\\"b"\n', 'contains(NAME_OF_IT, "bpf")', ['CONFIG_NAME_OF_IT="a\\"b,bpf"']),
        ('CONFIG_NAME_OF_IT="a,b,c"\n', 'contains(NAME_OF_IT, "bpf", "b", "c")', ['CONFIG_NAME_OF_IT="a,bpf,b,c"']),
        ('CONFIG_NAME_OF_IT="a,b,c"\n', 'contains(NAME_OF_IT, "c", "b")', ['CONFIG_NAME_OF_IT="a,c,b"']),
        (
            'CONFIG_NAME_OF_IT="a,b"\n',
            'contains(NAME_OF_IT, "c") && contains(NAME_OF_IT, "c", "b") && (contains(NAME_OF_IT, "c", "a") || JIT)',
            ['CONFIG_NAME_OF_IT="c,a,b"'],
        ),
        (
            '# CONFIG_VALUES is not set\nCONFIG_NAME_OF_IT="a"\n',
            'contains(NAME_OF_IT, "bpf")',
            ['CONFIG_NAME_OF_IT="a,bpf"', "CONFIG_VALUES=y"],
        ),
        ('CONFIG_NAME_OF_IT="a,b"\n', '!contains(NAME_OF_IT, "b")', ['CONFIG_NAME_OF_IT="a"']),
        ("", 'NAME_OF_IT = "never seen in the tree"', ['CONFIG_NAME_OF_IT="never seen in the tree"']),
        ("CONFIG_NET=y\n", "COUNT >= 777", ["CONFIG_COUNT=777"]),
        ("CONFIG_NET=y\n# CONFIG_VALUES is not set\n", "COUNT > 777", ["CONFIG_COUNT=778", "CONFIG_VALUES=y"]),
    ],
)
def test_texts_and_numbers(config: str, condition: str, expected: list[str]) -> None:
    found = fixed(config, condition)
    assert lines(found) == expected
    assert not found.blocked
    again = resolve(fixture_tree(), config, [("f", "\n".join(lines(found)) + "\n")])
    assert again.text == found.resolution.text


def test_a_line_that_is_no_value_leaves_an_earlier_one_in_force() -> None:
    config = 'CONFIG_NAME_OF_IT="a"\nCONFIG_NAME_OF_IT=bare\nCONFIG_NET=y\nCONFIG_NET=7\n'
    assert lines(fixed(config, 'contains(NAME_OF_IT, "b")', "KPROBES")) == [
        "CONFIG_KPROBES=y", 'CONFIG_NAME_OF_IT="a,b"',
    ]  # fmt: skip


def test_two_goals_add_to_one_list() -> None:
    found = fixed("", 'contains(NAME_OF_IT, "a")', 'contains(NAME_OF_IT, "b")', "KPROBES")
    assert lines(found) == ["CONFIG_KPROBES=y", 'CONFIG_NAME_OF_IT="plain,a,b"', "CONFIG_NET=y"]


def test_only_what_stays_out_of_reach_is_blamed() -> None:
    found = fixed("", 'contains(NAME_OF_IT, "a", "b")', 'contains(NAME_OF_IT, "b", "a")', "KPROBES")
    assert found.changes == ()
    assert [(b.goal.id, b.proven) for b in found.blocked] in ([("test/0", False)], [("test/1", False)])


def test_a_list_is_explained_as_it_is_written() -> None:
    tree = fixture_tree()
    expr = compile_expression(tree, Expression.parse('contains(NAME_OF_IT, "a", "b")').node)
    assert expression_text(tree.model, expr) == 'contains(NAME_OF_IT, "a", "b")'


@pytest.mark.parametrize("condition", ['contains(NO_SUCH_THING, "a")', 'contains(NET, "a")'])
def test_a_list_that_is_none_blocks(condition: str) -> None:
    [blocked] = fixed("", condition).blocked
    assert blocked.proven


def test_goals_leave_what_is_cached_of_the_tree_alone() -> None:
    tree = fixture_tree()
    fixed("", "COUNT >= 4321", 'contains(NAME_OF_IT, "anything new")')
    kept: list[str] = []
    fresh = replace(tree, keep=kept.append, _possible=None)
    fresh.possible(0)
    assert len(json.loads(kept[0])) == tree.model.defined


def test_several_goals_share_what_they_need() -> None:
    assert lines(fixed("", "BRIDGE", "JIT", "KPROBES")) == [
        "CONFIG_BRIDGE=y", "CONFIG_JIT=y", "CONFIG_KPROBES=y", "CONFIG_MODULES=y", "CONFIG_NET=y",
    ]  # fmt: skip


def test_built_in_is_asked_for_where_a_module_will_not_do() -> None:
    config = "CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_PACKET=m\n"
    assert lines(fixed(config, "PACKET", wanted=1)) == []
    assert lines(fixed(config, "PACKET", wanted=2)) == ["CONFIG_PACKET=y"]


def test_what_is_turned_off_is_told() -> None:
    found = fixed("CONFIG_DEBUG_OLD=y\n", "DEBUG_TYPES")
    assert found.turned_off == (("DEBUG_OLD", "n"),)


def test_each_line_says_what_it_is_for() -> None:
    found = fixed("CONFIG_NET=y\n", "JIT", "KPROBES")
    assert {c.name: c.reason for c in found.changes} == {"JIT": "test/0", "KPROBES": "test/1", "MODULES": "test/0"}
    assert {c.before for c in found.changes} == {"n", "absent"}
    assert all(":" in c.place for c in found.changes)


def test_the_impossible_is_proven() -> None:
    found = fixed("", "ARM64_ONLY", "NET")
    assert found.changes == ()
    [blocked] = found.blocked
    assert blocked.proven
    assert blocked.goal.expr.text == "ARM64_ONLY"
    assert blocked.causes[0].causes[0].text == "ARM64 does not exist"


def test_a_symbol_the_tree_lacks_blocks() -> None:
    [blocked] = fixed("", "NO_SUCH_THING_AT_ALL").blocked
    assert blocked.proven


def test_nothing_is_returned_that_the_proof_refuses() -> None:
    tree = fixture_tree()
    goals = [Goal("test/0", Expression.parse("NET"), 1, "why")]
    found = find_fix(Resolution(tree, []), lambda _: goals, lambda _: False)
    assert found.changes == ()
    assert [b.proven for b in found.blocked] == [False]
    # What is there already is no more proven than what is proposed: "nothing is missing" was wrong.
    found = find_fix(Resolution(tree, []), lambda _: [], lambda _: False)
    assert (found.changes, [b.goal.id for b in found.blocked]) == ((), ["the audit"])


@settings(max_examples=examples(60))
@given(
    config=st.lists(
        st.sampled_from(["NET", "MODULES", "EXPERT", "BRIDGE", "PACKET", "FILTER", "TRACE", "DEBUG_OLD"]), unique=True
    ),
    goals=st.lists(
        st.sampled_from(["JIT_ALWAYS", "EVENTS", "STP", "LOG", "SCHED_B", "RARE", "DEBUG_TYPES", "TWICE", "HELPER"]),
        min_size=1, max_size=3, unique=True,
    ),
)  # fmt: skip
def test_a_fragment_does_what_it_says_and_has_no_line_too_many(config: list[str], goals: list[str]) -> None:
    text = "".join(f"CONFIG_{n}=y\n" for n in config)
    found = fixed(text, *goals)
    assert not found.blocked
    tree = fixture_tree()

    def holds(changes: list[str]) -> bool:
        again = resolve(tree, text, [("f", "\n".join(changes) + "\n")])
        return all(again.value(g) in ("y", "m") for g in goals)

    assert holds(lines(found))
    for line in lines(found):
        assert not holds([other for other in lines(found) if other != line])
    assert all(isinstance(r, Requested) for r in found.resolution.requested.values())


def blocked(config: str, *conditions: str, tree: KernelTree | None = None) -> tuple[Fix, str]:
    found = fixed(config, *conditions, tree=tree)
    assert found.changes == ()
    return found, " ".join(blocked_text(found, 200).split())


def test_goals_of_one_choice_are_told_to_be_rivals_and_what_is_left_is_offered() -> None:
    found, text = blocked("CONFIG_NET=y\n", "DEBUG_OLD", "DEBUG_NEW", "KPROBES")
    [row] = found.blocked
    assert row.proven
    assert row.against is not None
    assert {row.goal.id, row.against.id} == {"test/0", "test/1"}
    assert "never together with test/" in text
    assert "only one of a choice can be y" in text
    assert "CONFIG_KPROBES=y" in [c.line for c in found.partial]
    assert "Without that, the rest can be had:" in text
    again = resolve(fixture_tree(), "CONFIG_NET=y\n", [("f", "".join(f"{c.line}\n" for c in found.partial))])
    assert again.value("KPROBES") == "y"


def test_what_another_goal_takes_is_told() -> None:
    found, text = blocked("CONFIG_NET=y\n", "KPROBES", "JIT", "!MODULES")
    [row] = found.blocked
    assert (row.goal.id, row.against and row.against.id, row.proven) == ("test/2", "test/1", False)
    assert "test/2 needs !MODULES: not together with test/1, which needs JIT" in text
    assert "MODULES is y, and has to be n" in text
    assert [c.name for c in found.partial] == ["JIT", "KPROBES", "MODULES"]


def test_every_goal_that_cannot_be_had_is_listed_and_the_rest_offered() -> None:
    found, _ = blocked("", "ARM64_ONLY", "DEBUG_OLD && DEBUG_NEW", "KPROBES", "NO_SUCH_THING")
    assert {b.goal.id: b.proven for b in found.blocked} == {"test/0": True, "test/1": True, "test/3": True}
    assert [c.line for c in found.partial] == ["CONFIG_KPROBES=y", "CONFIG_NET=y"]


def test_a_goal_that_names_what_the_tree_lacks_says_so() -> None:
    _, text = blocked("", "BRIDG && NET")
    assert "BRIDG does not exist: nothing defines it on x86 6.12.0; did you mean BRIDGE?" in text


ONLY_M = 'config ONLY_M\n\ttristate "Only m"\n\tdepends on m\n'


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("COUNT >= 5000", "COUNT goes from 1 to 4096"),
        ("COUNT > 4096", "COUNT goes from 1 to 4096"),
        ("ONLY_M = y", "ONLY_M can only be m on x86 6.12.0"),
        ("X86 = n", ""),
        ("ADDRESS > 0xffff", "ADDRESS goes from"),
    ],
)
def test_comparisons_that_cannot_hold_are_proven(condition: str, said: str) -> None:
    found, text = blocked("CONFIG_MODULES=y\nCONFIG_EXPERT=y\n", condition, tree=fixture_tree(12, ONLY_M))
    assert [b.proven for b in found.blocked] == [True]
    assert said in text


@pytest.mark.parametrize("condition", ["COUNT >= 4096", "COUNT = 1", "ONLY_M = m", "ONLY_M != n", "ADDRESS = 0xffff"])
def test_comparisons_that_can_hold_do(condition: str) -> None:
    assert not fixed("CONFIG_MODULES=y\nCONFIG_EXPERT=y\n", condition, tree=fixture_tree(12, ONLY_M)).blocked


def test_a_value_that_is_only_m_is_not_said_to_be_impossible() -> None:
    tree = fixture_tree(12, ONLY_M)
    [lost] = resolve(tree, "CONFIG_MODULES=y\nCONFIG_ONLY_M=y\n").lost(["ONLY_M"])
    assert (lost.actual, lost.reason) == ("m", "it can only be m on x86 6.12.0 with this toolchain")


def test_a_lost_text_names_what_is_missing_and_a_number_its_range() -> None:
    text = '# CONFIG_VALUES is not set\nCONFIG_NAME_OF_IT="x"\n'
    assert [w.reason for w in resolve(fixture_tree(), text).lost(["NAME_OF_IT"])] == ["unmet dependencies: VALUES is n"]
    [lost] = resolve(fixture_tree(), "CONFIG_NET=y\nCONFIG_COUNT=5000\n").lost(["COUNT"])
    assert lost.reason == "it is outside the range the tree allows, 1 to 4096"


def test_what_is_turned_off_begins_with_what_people_set_and_is_not_endless() -> None:
    more = "".join(
        f"config PART_{i}\n\tbool{(' ' + chr(34) + 'Part' + chr(34)) if i % 2 else ''}\n\tdepends on NET\n\tdefault y\n"
        for i in range(40)
    )
    tree = fixture_tree(12, more)
    config = "CONFIG_NET=y\n" + "".join(f"CONFIG_PART_{i}=y\n" for i in range(40))
    found = fixed(config, "!NET", tree=tree)
    names = [name for name, _ in found.turned_off]
    assert names.index("PART_39") < names.index("PART_0")
    shown = fragment_text(found, "t")
    assert shown.count(" becomes n.") == 12
    assert "# ... and 29 more that the config has on." in shown


def test_an_assumption_behind_what_cannot_be_had_is_told() -> None:
    more = 'config BY_TOOLS\n\tbool "B"\n\tdepends on $(cc-option,-fno-such-flag)\n'
    _, text = blocked("", "BY_TOOLS", tree=fixture_tree(12, more))
    assert "with this toolchain can hold it, as far as that is what is assumed" in text
    assert "$(cc-option,-fno-such-flag) is n: assumed: $(cc-option,-fno-such-flag) = n" in text
