"""Three constructs that kconfiglib 14.1.0 does not know, rewritten into ones that it does.

Each logical line stays on its line (continuations included), so that file:line in messages stays right:

- ``modules`` (Linux 5.13) becomes ``option modules``;
- ``transitional`` (Linux 6.18) becomes a prompt with a marker text: the symbol is then honoured when a config is read,
  as the kernel's own reader does, and whoever writes a config leaves symbols with the marker out;
- ``depends on A if B`` (Linux 7.0) becomes ``depends on (A) || <B = n>``, where "= n" is pushed down to B's symbols, as
  ``expr_trans_compare`` of the kernel does. Merely negating B would be wrong when B is m.
"""

import re

from kina_audit.base.bounds import KCONFIG_NESTING

TRANSITIONAL = "kina-audit: transitional"
"""The prompt that marks a transitional symbol."""

_INTERESTING = re.compile(r"^[ \t]+(?:modules|transitional|depends[ \t]+on\b.*\bif\b)", re.MULTILINE)
_WORD = re.compile(r"([ \t]+)(modules|transitional)[ \t]*$")
_DEPENDS = re.compile(r"([ \t]+depends[ \t]+on[ \t]+)(.*)$", re.DOTALL)
_HELP = re.compile(r"[ \t]*(?:help|---help---)[ \t]*$")
_TOKEN = re.compile(
    r'\s*("(?:[^"\\]++|\\.)*+"|\'(?:[^\'\\]++|\\.)*+\'|\$\(|&&|\|\||!=|<=|>=|[!=<>()]|[^\s"\'()!=<>&|]+)'
)
_RELATIONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class RewriteError(ValueError):
    """A ``depends on ... if ...`` whose condition cannot be read; `line` is its 1-based line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def rewrite(text: str) -> str:
    """The text of a Kconfig file with the three constructs rewritten; the number of lines never changes.

    Raises:
        RewriteError: the condition of a ``depends on`` is malformed.
    """
    if not _INTERESTING.search(text):
        return text
    lines = text.split("\n")
    help_indent = -1
    in_help = False
    number = 0
    while number < len(lines):
        start, line = number, lines[number]
        if in_help:
            # A help text ends at the first line indented less than its first one.
            if line.strip():
                indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
                if help_indent < 0:
                    help_indent = indent
                if indent < help_indent or indent == 0:
                    in_help = False
            if in_help:
                number += 1
                continue
        if _HELP.match(line):
            in_help, help_indent = True, -1
            number += 1
            continue
        while lines[number].endswith("\\") and number + 1 < len(lines):
            number += 1
        number += 1
        logical = "".join(part.removesuffix("\\") for part in lines[start:number])
        fresh = _rewritten(logical, start + 1)
        if fresh != logical:
            # Empty continuations keep the count: the reader joins them onto nothing.
            lines[start:number] = [fresh] + [""] * (number - start - 1)
    return "\n".join(lines)


def _rewritten(line: str, number: int) -> str:
    if match := _WORD.match(_without_comment(line)):
        return f"{match[1]}option modules" if match[2] == "modules" else f'{match[1]}prompt "{TRANSITIONAL}"'
    if match := _DEPENDS.match(_without_comment(line)):
        tokens = _tokens(match[2])
        if "if" in tokens:
            at = tokens.index("if")
            then, condition = tokens[:at], tokens[at + 1 :]
            if not then or not condition:
                raise RewriteError("'depends on ... if' without an expression on both sides", number)
            unless = _Lowering(condition, number).lowered()
            return f"{match[1]}({' '.join(then)}) || {unless}"
    return line


def _without_comment(line: str) -> str:
    """The line up to a ``#`` that is not inside quotes."""
    if "#" not in line:
        return line.rstrip()
    quote = ""
    escaped = False
    for column, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#":
            return line[:column].rstrip()
    return line.rstrip()


def _tokens(text: str) -> list[str]:
    """Words, operators and whole macro calls."""
    tokens: list[str] = []
    position = 0
    while position < len(text) and (match := _TOKEN.match(text, position)):
        token, position = match[1], match.end()
        if token == "$(":
            depth = 1
            start = position
            while position < len(text) and depth:
                depth += {"(": 1, ")": -1}.get(text[position], 0)
                position += 1
            token = "$(" + text[start:position]
        tokens.append(token)
    return tokens


class _Lowering:
    """From the tokens of B to the text of ``B = n``, with the comparison pushed down to the symbols."""

    def __init__(self, tokens: list[str], line: int) -> None:
        self.tokens = tokens
        self.at = 0
        self.line = line

    def lowered(self) -> str:
        text = self.either(equal=True, depth=0)
        if self.at != len(self.tokens):
            raise self.error()
        return text

    def error(self) -> RewriteError:
        found = self.tokens[self.at] if self.at < len(self.tokens) else "end of line"
        return RewriteError(f"cannot read the condition after 'if': unexpected {found}", self.line)

    def accept(self, token: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def either(self, *, equal: bool, depth: int) -> str:
        if depth > KCONFIG_NESTING:
            raise RewriteError("an expression nested too deep", self.line)
        parts = [self.both(equal=equal, depth=depth)]
        while self.accept("||"):
            parts.append(self.both(equal=equal, depth=depth))
        return parts[0] if len(parts) == 1 else "(" + (" && " if equal else " || ").join(parts) + ")"

    def both(self, *, equal: bool, depth: int) -> str:
        parts = [self.factor(equal=equal, depth=depth)]
        while self.accept("&&"):
            parts.append(self.factor(equal=equal, depth=depth))
        return parts[0] if len(parts) == 1 else "(" + (" || " if equal else " && ").join(parts) + ")"

    def factor(self, *, equal: bool, depth: int) -> str:
        if self.accept("!"):
            if depth > KCONFIG_NESTING:
                raise RewriteError("an expression nested too deep", self.line)
            # The kernel turns (!S) = n into S != n, which also holds when S is m.
            return self.factor(equal=not equal, depth=depth + 1)
        if self.accept("("):
            text = self.either(equal=equal, depth=depth + 1)
            if not self.accept(")"):
                raise self.error()
            return text
        left = self.atom()
        if self.at < len(self.tokens) and self.tokens[self.at] in _RELATIONS:
            operator = self.tokens[self.at]
            self.at += 1
            return f"{left} {_OPPOSITE[operator] if equal else operator} {self.atom()}"
        return f"{left} {'=' if equal else '!='} n"

    def atom(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at] in _RELATIONS | {"&&", "||", "!", "(", ")"}:
            raise self.error()
        self.at += 1
        return self.tokens[self.at - 1]
