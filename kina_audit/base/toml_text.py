"""TOML of anybody's: `tomllib` behind bounds, with one error for everything it raises."""

import re
from typing import Any

from kina_audit.base.bounds import TOML_KEY, TOML_PARTS

# What holds no key: strings, of which the multi-line ones come first, and comments. The order of TOML's own reader.
_NO_KEY = re.compile(
    r'"""(?:[^\\"]++|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]++|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w+-])(?:[\w+-]++[ \t]*+\.[ \t]*+){{{TOML_KEY}}}")


def read_toml(text: str) -> dict[str, Any]:
    """A TOML document.

    `tomllib` takes time and memory by the square of a dotted key's length, and some kilobytes for each table, so keys are
    counted first.

    Raises:
        ValueError: it is no TOML, nested too deeply, or has more or longer keys than any file for this project; the message
            names the line where there is one.
    """
    import tomllib

    bare = _NO_KEY.sub(lambda m: "\n" if m[0][0] == "#" else "s" + "\n" * m[0].count("\n"), text)
    if match := _LONG_KEY.search(bare):
        line = bare.count("\n", 0, match.start()) + 1
        raise ValueError(f"a key of more than {TOML_KEY} parts (at line {line})")
    if bare.count(".") + bare.count("=") + bare.count("[") > TOML_PARTS:
        raise ValueError(f"more than {TOML_PARTS:,} keys")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
