"""Texts as numbers, as the kernel's C code reads and compares them."""

import re

from kina_audit.kconfig.model import EQ, GE, GT, LE, LT, NE

_NUMBER_START = r"[ \t\n\v\f\r]*[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)"
_DECIMAL = r"[ \t\n\v\f\r]*[+-]?[0-9]+"
_HEX = r"[ \t\n\v\f\r]*[+-]?(?:0[xX])?[0-9a-fA-F]+"
_VALID_INT = r"-?(?:0|[1-9][0-9]*)"
_VALID_HEX = r"(?:0[xX])?[0-9a-fA-F]+"
"""As text: `re` compiles what is asked for, and few runs ask for all."""


def compare_texts(kind: int, left: tuple[str, str], right: tuple[str, str]) -> bool:
    """A comparison of two (text, type letter) operands, numeric where both are numbers."""
    (a, a_type), (b, b_type) = left, right
    order: int | None = None
    if a_type != "s" or b_type != "s":
        x, y = _number(a, a_type), _number(b, b_type)
        if x is not None and y is not None:
            if "h" in (a_type, b_type):
                x, y = x % 2**64, y % 2**64
            order = (x > y) - (x < y)
    if order is None:
        order = (a > b) - (a < b)
    return {EQ: order == 0, NE: order != 0, LT: order < 0, LE: order <= 0, GT: order > 0, GE: order >= 0}[kind]


def _number(text: str, letter: str) -> int | None:
    """What strtoll makes of a whole text; None when it is no number."""
    if letter in "btnmyc":
        return {"n": 0, "m": 1, "y": 2}.get(text, -1)
    if letter == "i":
        return int(text) if re.fullmatch(_DECIMAL, text) and len(text) < 20 else None
    if letter == "h":
        return int(text, 16) if re.fullmatch(_HEX, text) and len(text) < 20 else None
    if not re.fullmatch(_NUMBER_START, text) or len(text) >= 20:
        return None
    digits = text.strip().lstrip("+-")
    sign = -1 if text.strip().startswith("-") else 1
    if digits[:2].lower() == "0x":
        return sign * int(digits, 16)
    if len(digits) > 1 and digits[0] == "0":
        return sign * int(digits, 8) if not set(digits) & set("89") else None
    return sign * int(digits)


def valid_text(letter: str, text: str) -> bool:
    """Whether a config's reader accepts the text for a symbol of that type: ``sym_string_valid``."""
    if letter == "i":
        return re.fullmatch(_VALID_INT, text) is not None
    return letter == "s" or re.fullmatch(_VALID_HEX, text) is not None


def strtoll(text: str, base: int) -> int:
    """The number a text starts with, 0 when it starts with none, as C reads it."""
    match = re.match(_DECIMAL if base == 10 else _HEX, text)
    value = int(match[0], base) if match and len(match[0]) < 40 else 0
    return max(-(2**63), min(2**63 - 1, value))


def as_number(text: str) -> int | None:
    """The number that a whole text of Kconfig is, decimal or with 0x in front; None when it is none."""
    return _number(text, "u")
