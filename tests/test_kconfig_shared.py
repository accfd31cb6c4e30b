"""A solver made from another one tells what one made from nothing tells."""

import random
import re
import sys
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.base.packaged import data_file
from kina_audit.cli import main
from kina_audit.errors import KinaAuditError
from kina_audit.kconfig.dotconfig import user_values, values_of
from kina_audit.kconfig.lines import _loaded, lines, shipped_tree
from kina_audit.kconfig.packed import PackedLine, _seen, words
from kina_audit.kconfig.packing import _words
from kina_audit.kconfig.possible_tools import POSSIBLE_TOOLS
from kina_audit.kconfig.resolve import Requested, Resolution, resolve
from kina_audit.kconfig.solve import Solver
from kina_audit.kconfig.toolchain import Toolchain
from tests.kconfig_fixture import fixture_tree

# Choices are symbols before 6.11.
LINES = [((6, 18), "arm64"), ((5, 10), "x86_64"), ((7, 2), "x86_64")]


def rows_of(model: object, chance: random.Random, count: int) -> list[Requested]:
    index, types = model.index, model.types  # type: ignore[attr-defined]
    members = [m for choice in model.choices for m in choice]  # type: ignore[attr-defined]
    names = [*chance.sample(sorted(index), count), *(model.names[m] for m in chance.sample(members, 5))]  # type: ignore[attr-defined]
    names += ["NET", "INET", "BPF_SYSCALL", "EXPERT", "NETFILTER", *["MODULES"] * (chance.random() < 0.3)]
    values = {"b": "yyn", "t": "ymn", "i": ["0", "12", "99999999"], "h": ["0x0", "0x1f"], "s": ['""', '"a,b"']}
    return [
        Requested(n, chance.choice(values[types[index[n]]]), "x", 1)
        for n in names
        if n in index and types[index[n]] in values
    ]


def told(solver: Solver, symbols: list[int]) -> list[tuple[str, bool, int]]:
    return [(solver.text(s), bool(solver.is_written(s)), solver.visibility(s)) for s in symbols]


@pytest.mark.slow
@pytest.mark.parametrize(("line", "arch"), LINES)
@pytest.mark.parametrize("seed", range(2))
def test_a_changed_config_is_what_it_is_from_nothing(line: tuple[int, int], arch: str, seed: int) -> None:
    chance = random.Random(seed)
    tree = shipped_tree(line, arch, Toolchain.parse(POSSIBLE_TOOLS[0][1]))
    model = tree.model
    base = Resolution(tree, rows_of(model, chance, 400))
    # What was asked before the change is shared, what is asked between is, too.
    asked = chance.sample(range(model.defined), 200)
    told(base.solver, asked[:100])
    for _ in range(3):
        rows = rows_of(model, chance, 4)
        changed = base.changed(rows)
        again = changed.changed(rows_of(model, chance, 2)) if chance.random() < 0.5 else changed
        told(base.solver, asked[100:])
        fresh = Resolution(tree, tuple(again.rows))
        symbols = [*asked, *(m for choice in model.choices for m in choice)]
        assert told(again.solver, symbols) == told(fresh.solver, symbols)
        choices = range(len(model.choices))
        assert [again.solver.member(c) for c in choices] == [fresh.solver.member(c) for c in choices]


@pytest.mark.slow
@pytest.mark.parametrize(("line", "arch"), LINES[:2])
def test_a_whole_changed_config_is_what_it_is_from_nothing(line: tuple[int, int], arch: str) -> None:
    tree = shipped_tree(line, arch, Toolchain.parse(POSSIBLE_TOOLS[0][1]))
    base = resolve(tree, "CONFIG_NET=y\nCONFIG_LOG_BUF_SHIFT=99\n")
    assert base.text
    changed = base.changed([Requested("INET", "y", "x", 1), Requested("EXPERT", "y", "x", 2)])
    assert changed.text == Resolution(tree, tuple(changed.rows)).text
    assert changed.text != base.text


@pytest.mark.parametrize(("line", "arch"), LINES)
def test_other_tools_are_what_they_are_from_nothing(line: tuple[int, int], arch: str) -> None:
    chance = random.Random(1)
    models = [shipped_tree(line, arch, Toolchain.parse(name)).model for _, name in POSSIBLE_TOOLS]
    first = Resolution(
        replace(shipped_tree(line, arch, Toolchain.parse(POSSIBLE_TOOLS[0][1]))), rows_of(models[0], chance, 400)
    )
    symbols = chance.sample(range(models[0].defined), 700)
    fresh = [told(Solver(model, first.solver.user), symbols) for model in models]
    for model, found in zip(models, fresh, strict=True):
        assert told(first.solver.under(model), symbols) == found
    same = [len({found[n] for found in fresh}) == 1 for n in range(len(symbols))]
    assert all(same[n] or first.solver.asks_tools(s) for n, s in enumerate(symbols))
    assert not all(same)


def test_lines_that_are_read_when_asked_say_what_they_say_when_all_are_read() -> None:
    tree = fixture_tree()
    model, chance = tree.model, random.Random(7)
    names = [*sorted(model.index), "NO_SUCH", ""]
    texts = ["y", "m", "n", "yes", "mod", "no", "", "7", "0x1f", "1f", '"a,b"', '"open', "-3", "007"]
    for _ in range(200):
        raw = {name: chance.choice(texts) for name in chance.sample(names, chance.randrange(len(names)))}
        at_once, later = user_values(model, raw.items()), values_of(model, raw)
        assert [*later.tri.items()] == [*at_once.tri.items()]
        assert [later.tri.get(s, -1) for s in range(model.defined)] == [
            at_once.tri.get(s, -1) for s in range(model.defined)
        ]
        assert [*later.text.items()] == [*at_once.text.items()]
        assert (later.order, later.chosen) == (at_once.order, at_once.chosen)
        fewer = frozenset(chance.sample(range(model.defined), 3))
        assert dict(later.without(fewer).tri) == dict(at_once.without(fewer).tri)


def test_a_model_with_one_wrong_bit_is_one_error() -> None:
    """It was read as if nothing were wrong: a value that follows from it would have been another."""
    data = data_file("lines/6.12.line").read_bytes()
    chance = random.Random(1)
    for at in [*chance.sample(range(len(data)), 40), *chance.sample(range(600), 20), len(data) - 1]:
        broken = data[:at] + bytes([data[at] ^ 1 << chance.randrange(7)]) + data[at + 1 :]
        with pytest.raises((KinaAuditError, ValueError, KeyError, TypeError)):
            whole(PackedLine(broken))
    whole(PackedLine(data))
    for size in (0, 10, 5000, len(data) - 1):
        with pytest.raises((KinaAuditError, ValueError)):
            whole(PackedLine(data[:size]))


def whole(line: PackedLine) -> None:
    """Read every chunk."""
    assert line.origin.version.startswith("6.12.")
    for name in line._places:
        line.chunk(name)


def test_a_damaged_model_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(data_file("lines/6.12.line").read_bytes())
    config = tmp_path / "fragment"
    config.write_text("CONFIG_NET=y\n")
    (tmp_path / "lines").mkdir()
    real = data_file

    def damaged(name: str) -> Path:
        return tmp_path / name if name == "lines" else real(name)

    assert len(lines()) > 1
    monkeypatch.setattr("kina_audit.kconfig.lines.data_file", damaged)
    for at in (20, len(data) // 2):
        data[at] ^= 1
        (tmp_path / "lines/6.12.line").write_bytes(data)
        _loaded.cache_clear()
        try:
            status = main(["explain", "NET", str(config), "--target-kernel", "6.12.3", "--arch", "arm64"])
        finally:
            _loaded.cache_clear()
        assert status == 2
        err = capsys.readouterr().err
        assert re.search(r"the model of Linux 6\.12(\.\d+)? that came with kina-audit is damaged\n", err)
        assert "Install it again." in err


@pytest.mark.parametrize("kind", ["I", "H"])
def test_the_numbers_of_a_line_have_their_lowest_byte_first_on_every_machine(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On s390x a check ended in a traceback; there it gives the bytes that it gives here (Python 3.11 under qemu)."""
    size = array(kind).itemsize
    values = [1, 258, 0, 0xFFFE]
    lowest_first = b"".join(value.to_bytes(size, "little") for value in values)
    assert _words(values, kind) == lowest_first
    assert list(words(memoryview(lowest_first), kind)) == values
    # This machine told that it is of the other kind has to turn each number round, when it reads and when it writes.
    monkeypatch.setattr(sys, "byteorder", "big" if sys.byteorder == "little" else "little")
    turned = b"".join(value.to_bytes(size, "big") for value in values)
    assert _words(values, kind) == turned
    assert list(words(memoryview(turned), kind)) == values
    assert list(_seen(memoryview(turned), kind)) == values  # type: ignore[arg-type]
