"""What a tree rules out: never a value that some config reaches."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.kconfig.goals import compile_expression, highest
from kina_audit.kconfig.loaded import KernelTree, read_tree
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.expression import Expression
from tests.conftest import SHARED, config_text, examples
from tests.kconfig_fixture import fixture_tree
from tests.kernel_sources import kernel_source, no_source


def outside(tree: KernelTree, text: str) -> list[str]:
    """Symbols whose value is one that was ruled out."""
    solver = resolve(tree, text).solver
    model = tree.model
    found = []
    for sym in range(model.defined):
        low, high = tree.possible(sym)
        if model.types[sym] in "bt" and not low <= solver.tri(sym) <= high:
            found.append(f"{model.names[sym]}={solver.text(sym)} not in {low}..{high}")
    return found


NAMES = [n for n in fixture_tree().model.index if fixture_tree().model.types[fixture_tree().model.index[n]] in "bt"]


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from("ymn")), max_size=30), st.sampled_from([1, 12]))
def test_no_config_reaches_what_was_ruled_out(rows: list[tuple[str, str]], patchlevel: int) -> None:
    assert outside(fixture_tree(patchlevel), "".join(f"CONFIG_{n}={v}\n" for n, v in rows)) == []


def test_a_choice_of_old_trees_that_cannot_be_seen_has_no_member() -> None:
    tree = fixture_tree(1, 'choice\n\tprompt "Never" if ARM64_ONLY\n\nconfig NEVER_A\n\tbool "A"\n\nendchoice\n')
    assert tree.possible(tree.model.index["NEVER_A"]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("X86", (2, 2)), ("ARCH_HAS_JIT", (2, 2)), ("ARM64_ONLY", (0, 0)), ("NET", (0, 2)), ("HELPER", (0, 2))],
)
def test_what_is_known_is_narrow(name: str, expected: tuple[int, int]) -> None:
    assert fixture_tree().possible(fixture_tree().model.index[name]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("version", ["6.1", "6.12", "7.2"])
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_real_configs_stay_inside(version: str, arch: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    root = kernel_source(version, tmp_path_factory.mktemp("source"))
    if root is None:
        pytest.skip(no_source(version))
    tree, _ = read_tree(root, version, arch, Toolchain.parse("gcc-12,pahole=1.25"))
    paths = sorted((SHARED / "corpus").rglob("*.gz"))
    assert len(paths) > 90
    for path in paths[::5]:
        text = config_text(path).decode("utf-8", "replace")
        assert outside(tree, text) == [], path.name
        assert outside(tree, text.replace("=m\n", "=y\n")) == [], path.name
        assert outside(tree, text + "# CONFIG_MODULES is not set\n") == [], path.name


NUMBERS = ["COUNT", "COUNT_LIMIT", "ADDRESS", "NO_DEFAULT"]


@settings(max_examples=examples(80))
@given(
    st.sampled_from(NUMBERS),
    st.sampled_from([">=", "<", "=", "!=", ">", "<="]),
    st.sampled_from(["0", "1", "4", "8", "9", "100", "4096", "4097", "0x1000", "0xffff", "0x10000"]),
    st.lists(
        st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["0", "3", "8", "99", "4096", "5000", "0xfff", "0xffff"])),
        max_size=4,
    ),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from("yn")), max_size=8),
)
def test_no_config_reaches_a_comparison_that_was_ruled_out(
    name: str, relation: str, bound: str, numbers: list[tuple[str, str]], rows: list[tuple[str, str]]
) -> None:
    tree = fixture_tree()
    expr = compile_expression(tree, Expression.parse(f"{name} {relation} {bound}").node)
    state = resolve(tree, "".join(f"CONFIG_{n}={v}\n" for n, v in [*rows, *numbers]))
    assert state.solver.expr(expr) <= highest(tree, expr)
