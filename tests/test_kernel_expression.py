"""Our evaluator against kconfiglib's: the same values on random expressions over random symbol tables."""

import random
from itertools import product
from pathlib import Path

import pytest

from kina_audit.kernel.config import Completeness, SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression, ExpressionError
from kina_audit.kernel.parse import parse_config

TRISTATES = [f"T{i}" for i in range(6)]
STRINGS = ["S0", "S1"]
INTS = ["I0", "I1"]
HEXES = ["H0"]


def random_table(dice: random.Random) -> dict[str, tuple[str, str]]:
    """Symbol to (type, value)."""
    table = {name: ("tristate", dice.choice("nmy")) for name in TRISTATES}
    table |= {name: ("string", dice.choice(["", "abc", "b", "10", "y"])) for name in STRINGS}
    table |= {name: ("int", str(dice.choice([0, 1, 2, 9, 10, 100]))) for name in INTS}
    table |= {name: ("hex", hex(dice.choice([0, 1, 10, 255]))) for name in HEXES}
    return table


def random_expression(dice: random.Random, depth: int = 0) -> str:
    kind = dice.choice(["symbol", "compare", "not", "and", "or"] if depth < 4 else ["symbol", "compare"])
    if kind == "symbol":
        return dice.choice([*TRISTATES, *TRISTATES, *STRINGS, "UNDEFINED", "y", "m", "n"])
    if kind == "compare":
        everything = [*TRISTATES, *STRINGS, *INTS, *HEXES]
        right = dice.choice([*everything, "y", "m", "n", "10", "0x1", '"abc"', '"10"', '""'])
        return f"{dice.choice(everything)} {dice.choice(['=', '!=', '<', '<=', '>', '>='])} {right}"
    if kind == "not":
        # Of what is never m: there the two differ on purpose, as below.
        return f"!({dice.choice(TRISTATES)} {dice.choice(['=', '!=', '<', '<=', '>', '>='])} {dice.choice('nmy')})"
    operator = "&&" if kind == "and" else "||"
    return f"({random_expression(dice, depth + 1)}) {operator} {random_expression(dice, depth + 1)}"


def oracle(folder: Path, table: dict[str, tuple[str, str]]) -> object:
    import kconfiglib

    lines = ["config MODULES", "\tdef_bool y", "\toption modules", ""]
    for name, (kind, value) in table.items():
        default = f'"{value}"' if kind == "string" else value
        lines += [f"config {name}", f"\t{kind}", f"\tdefault {default}", ""]
    path = folder / "Kconfig"
    path.write_text("\n".join(lines), encoding="utf-8")
    return kconfiglib.Kconfig(str(path), warn=False)


def agree(folder: Path, seed: int, count: int, tables: int) -> None:
    dice = random.Random(seed)
    for _ in range(tables):
        table = random_table(dice)
        kconf = oracle(folder, table)

        def lookup(name: str, table: dict[str, tuple[str, str]] = table) -> SymbolFact:
            if name not in table:
                return SymbolFact(name, "n", SymbolState.ABSENT)
            kind, value = table[name]
            return SymbolFact(name, value, SymbolState.SET, is_string=kind == "string")

        for _ in range(count // tables):
            text = random_expression(dice)
            expected = kconf.eval_string(text)  # type: ignore[attr-defined]
            low, high = Expression.parse(text).bounds(lookup)
            assert low == high
            assert low == expected, (text, {n: v for n, (_, v) in table.items()}, low, expected)


@pytest.mark.parametrize("text", ["!A", "!(A || B)", "!(A && C)", "!!B || !A", "B || !(A && C)"])
@pytest.mark.parametrize(("value", "met"), [("n", True), ("m", False), ("y", False)])
def test_a_module_is_not_off(text: str, value: str, met: bool) -> None:
    """`!NFT_COMPAT` was met by NFT_COMPAT=m: Kconfig's own !m is m, and m is enough for a requirement."""
    values = {"A": value, "B": "n", "C": "y"}
    low, high = Expression.parse(text).bounds(lambda name: SymbolFact(name, values[name], SymbolState.SET))
    assert (low, high) == ((2, 2) if met else (0, 0))


def test_agrees_with_kconfiglib(tmp_path: Path) -> None:
    agree(tmp_path, 1, 1000, 10)


@pytest.mark.slow
def test_agrees_with_kconfiglib_on_ten_thousand(tmp_path: Path) -> None:
    agree(tmp_path, 2, 10_000, 40)


@pytest.mark.parametrize(
    ("text", "unknown", "expected"),
    [
        ("A && B", {"A": "y", "B": None}, (0, 2)),
        ("A && B", {"A": "n", "B": None}, (0, 0)),
        ("A || B", {"A": "y", "B": None}, (2, 2)),
        ("!B", {"B": None}, (0, 2)),
        ("B = y", {"B": None}, (0, 2)),
        ("A=y", {"A": "m"}, (0, 0)),
        ("A || B", {"A": "m", "B": None}, (1, 2)),
    ],
)
def test_what_cannot_be_told_stays_open_only_where_it_matters(
    text: str, unknown: dict[str, str | None], expected: tuple[int, int]
) -> None:
    def lookup(name: str) -> SymbolFact:
        value = unknown[name]
        return SymbolFact(name, value, SymbolState.UNKNOWN if value is None else SymbolState.SET)

    assert Expression.parse(text).bounds(lookup) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A &&",
        "&& A",
        "(A",
        "A)",
        "A B",
        "A & B",
        "A = ",
        "A = = B",
        "A || || B",
        "$(shell,x)",
        "A-B",
        "!" * 99 + "A",
    ],
)
def test_bad_expressions_say_where(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression.parse(text)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("A", "(A)"),
        ("A && B && A", "((A && B) && A)"),
        ("A || B || C", "((A || B) || C)"),
        ("A && y", "(A && y)"),
        ("m || A", "(m || A)"),
        ("n", "(n)"),
        ("9P_FS && A", "(9P_FS && A)"),
        ("8021Q", "(8021Q)"),
        ("_ && contains", "(_ && contains)"),
        ("A && B || C", "((A && B) || C)"),
        ("A || B && C", "(A || (B && C))"),
        ("A  &&  B", "(A && B)"),
        ("A&&B", "(A && B)"),
    ],
)
def test_names_joined_by_one_operator_are_read_like_anything_else(text: str, spelled: str) -> None:
    # Brackets take the reader's way.
    short, long = Expression.parse(text), Expression.parse(spelled)
    assert (short.node, short.symbols) == (long.node, long.symbols)


@pytest.mark.parametrize("text", ["A &&  && B", "A && ", " && ", "\N{GREEK CAPITAL LETTER ALPHA}", "A || \u212a"])
def test_names_joined_wrongly_are_errors(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression.parse(text)


def test_symbols_are_in_order_of_first_use() -> None:
    assert Expression.parse("B && (A || B=y) && C < 10").symbols == ("B", "A", "C")


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ('contains(LSM, "bpf")', "yama,bpf", (2, 2)),
        ('contains(LSM, "bpf")', "yama,bpfilter", (0, 0)),
        ('contains(LSM, "bpf")', "", (0, 0)),
        ('contains(LSM, "selinux", "apparmor")', "yama,apparmor,selinux", (0, 0)),
        ('contains(LSM, "selinux", "apparmor", "smack")', "yama,selinux,apparmor", (2, 2)),
        ('NET && !contains(LSM, "bpf")', "yama", (2, 2)),
    ],
)
def test_a_list_in_a_string_can_be_asked_for_an_item(text: str, order: str, expected: tuple[int, int]) -> None:
    config = parse_config(f'CONFIG_NET=y\nCONFIG_LSM="{order}"\n', completeness=Completeness.COMPLETE)
    assert Expression.parse(text).bounds(config.fact) == expected


@pytest.mark.parametrize(
    "text", ["contains()", "contains(LSM)", "contains(LSM, bpf)", 'contains("a", "b")', 'contains(LSM, "b"']
)
def test_a_list_asked_wrongly_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError, match="contains"):
        Expression.parse(text)


@pytest.mark.parametrize(
    ("text", "among", "expected"),
    [
        ("(A && B) || (!A && B)", "ny", (2, 2)),
        ("(A && B) || (!A && B)", "mny", (1, 2)),
        ("(A && B) || (!A && B)", "", (0, 2)),
        ("(A && B) || (!A && C)", "ny", (0, 2)),
        ("A && !A", "ny", (0, 0)),
        ("A && B", "ny", (0, 2)),
        ("A = y || A = n", "ny", (2, 2)),
        ("A = y || A = n", "mny", (0, 2)),
    ],
)
def test_a_symbol_is_the_same_wherever_a_condition_names_it(text: str, among: str, expected: tuple[int, int]) -> None:
    facts = {
        "A": SymbolFact("A", None, SymbolState.UNKNOWN, among=tuple(among)),
        "B": SymbolFact("B", "y", SymbolState.SET),
        "C": SymbolFact("C", "n", SymbolState.ABSENT),
    }
    assert Expression.parse(text).bounds(facts.__getitem__) == expected


def test_cases_are_every_way_the_unknown_can_be() -> None:
    """On random conditions no table that the values allow is outside the bounds."""
    dice = random.Random(3)
    checked = 0
    for _ in range(600):
        table = {name: tuple(dice.choice(["n", "y", "m", "ny", "mny"])) for name in TRISTATES[:3]}
        node = random_expression(dice)
        expr = Expression.parse(node)
        if not expr.symbols or set(expr.symbols) - set(table):
            continue
        checked += 1
        facts = {
            name: SymbolFact(name, among[0], SymbolState.SET)
            if len(among) == 1
            else SymbolFact(name, None, SymbolState.UNKNOWN, among=among)
            for name, among in table.items()
        }
        every = [
            expr.bounds({n: SymbolFact(n, v, SymbolState.SET) for n, v in zip(table, values, strict=True)}.__getitem__)
            for values in product(*table.values())
        ]
        low, high = expr.bounds(facts.__getitem__)
        assert low <= min(a for a, _ in every), node
        assert high >= max(b for _, b in every), node
    assert checked > 50
