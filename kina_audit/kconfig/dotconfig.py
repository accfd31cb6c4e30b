"""Config text in and out, as ``scripts/kconfig/confdata.c`` reads and writes it."""

import re
from collections.abc import Iterable, Mapping

from kina_audit.base.datatype import datatype
from kina_audit.kconfig.asked import TRISTATE, Lines, UserValues
from kina_audit.kconfig.model import SHOW_MENU, SHOW_SYMBOL, TreeModel
from kina_audit.kconfig.numbers import valid_text
from kina_audit.kconfig.solve import Solver
from kina_audit.kernel.config import KernelConfig

_LINE = r"(?m)^(?:CONFIG_([^=\n]*)=(.*)|# CONFIG_([^ \n]*) is not set\r?)$"
_LOOSE_LINE = r"(?m)^(?:CONFIG_([^=\n]*)=(.*)|# CONFIG_([^ \n]*) is not set.*)$"
_ESCAPE = r"\\(.)"
_SPECIAL = r'(["\\])'


@datatype
class Assignment:
    """One line of a config: symbol, the text after ``=`` (``n`` for "is not set"), 1-based line."""

    name: str
    value: str
    line: int


def loose_comments(version: tuple[int, ...]) -> bool:
    """Whether the reader of a kernel version takes ``# CONFIG_X is not set`` with anything behind it: until Linux 6.8."""
    return version[:2] < (6, 8)


def read_assignments(text: str, *, loose: bool = False) -> list[Assignment]:
    """Every assignment of a config or fragment, in order.

    Args:
        text: the config.
        loose: ``is not set`` may have more behind it on its line, as old readers allow.
    """
    found: list[Assignment] = []
    line, position = 1, 0
    for match in re.finditer(_LOOSE_LINE if loose else _LINE, text):
        line += text.count("\n", position, match.start())
        position = match.start()
        if match[3] is not None:
            found.append(Assignment(match[3], "n", line))
        else:
            found.append(Assignment(match[1], match[2].removesuffix("\r"), line))
    return found


def asked_by(config: KernelConfig, model: TreeModel, version: tuple[int, ...]) -> UserValues:
    """What a config asks of a tree as a kernel version reads it; of a regular file the reader's own dictionary has it all.

    It has the lines that set something before those that say "is not set". Choices look at the order of either kind alone.
    """
    if config.warnings and config.text:
        rows = read_assignments(config.text, loose=loose_comments(version))
        return user_values(model, [(a.name, a.value) for a in rows])
    return values_of(model, config.raw)


def user_values(model: TreeModel, assigned: Iterable[tuple[str, str]], more_of: UserValues | None = None) -> UserValues:
    """What a config asks of a tree; lines its reader would reject are left out, as it does.

    Args:
        model: the tree.
        assigned: symbol and the text after ``=`` (``n`` for "is not set") of the config's lines, in order.
        more_of: what earlier lines asked for, to be added to.
    """
    user = UserValues() if more_of is None else more_of
    index, types = model.index, model.types
    members, tri = model.members, user.tri
    find, known = index.get, TRISTATE
    for name, value in assigned:
        sym = find(name)
        if sym is None:
            continue
        letter = types[sym]
        if letter in "bt":
            number = known(value[:1])
            if number is None or (number == 1 and letter == "b"):
                continue
            tri[sym] = number
            if sym in members:
                user.order.append(sym)
                if number == 2:
                    user.chosen.append(sym)
        elif letter in "ihs":
            _add_text(user, letter, sym, value)
    return user


def values_of(model: TreeModel, raw: Mapping[str, str]) -> UserValues:
    """As `user_values`, of a config's last line for each symbol; what few ask for is read when they do."""
    index, types, members, tri = model.index, model.types, model.members, Lines(model, raw)
    user = UserValues(tri)
    # No number or string is spelled as a tristate is.
    for name in [name for name, value in raw.items() if TRISTATE(value) is None]:
        sym = index.get(name)
        if sym is not None and types[sym] in "ihs":
            _add_text(user, types[sym], sym, raw[name])
    named = set(map(model.names.__getitem__, members))
    for name in filter(named.__contains__, raw):
        sym = index[name]
        number = tri.get(sym)
        if number is not None:
            user.order.append(sym)
            if number == 2:
                user.chosen.append(sym)
    return user


def _add_text(user: UserValues, letter: str, sym: int, value: str) -> None:
    text = decoded(value) if letter == "s" else value
    if text is not None and valid_text(letter, text):
        user.text[sym] = text


def decoded(value: str) -> str | None:
    """A quoted string's content; None when it is not quoted or not closed."""
    if value[:1] != '"':
        return None
    end = 1
    while end < len(value) and value[end] != '"':
        end += 2 if value[end] == "\\" else 1
    return re.sub(_ESCAPE, r"\1", value[1:end]) if end < len(value) else None


def quoted(text: str) -> str:
    """A string's content as a config spells it: the reverse of `decoded`."""
    return '"' + re.sub(_SPECIAL, r"\\\1", text) + '"'


def spelled(model: TreeModel, solver: Solver, sym: int) -> str:
    """The line a config has for a symbol's value."""
    name, letter, value = model.names[sym], model.types[sym], solver.text(sym)
    if letter in "bt" and value == "n":
        return f"# CONFIG_{name} is not set"
    if letter == "s":
        value = quoted(value)
    return f"CONFIG_{name}={value}"


def write_config(model: TreeModel, solver: Solver) -> str:
    """The .config that ``conf --olddefconfig`` writes."""
    out = ["#", "# Automatically generated file; DO NOT EDIT.", f"# {model.title}", "#"]
    pending = False
    for step in model.layout:
        kind = step[0]
        if kind == SHOW_SYMBOL:
            sym = step[1]
            if not solver.is_written(sym):
                continue
            if pending:
                out.append("")
                pending = False
            out.append(spelled(model, solver, sym))
        elif solver.expr(step[1]):
            if kind == SHOW_MENU:
                out += ["", "#", f"# {step[2]}", "#"]
                pending = False
            else:
                out.append(f"# end of {step[2]}")
                pending = True
    return "\n".join(out) + "\n"
