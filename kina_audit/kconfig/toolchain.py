"""What a kernel is built with: a named compiler and facts, or a compiler that was asked."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype, field
from kina_audit.base.near import near
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.errors import UsageError

DEFAULT_TOOLCHAIN = "gcc-12"
FACTS = {
    "pahole": "1.24",
    "rustc": "0",
    "plugins": "n",
    "can_link": "y",
    "text": "",
    "binutils": "",
}
"""What may be said beside a compiler's name (``gcc-12,pahole=1.25``), and what is assumed when it is not."""

_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,4}){0,2}")


@datatype
class Toolchain:
    """What a kernel is built with.

    Attributes:
        name: as the user gave it, e.g. ``gcc-12,pahole=1.25``.
        compiler: ``gcc`` or ``clang``.
        major: the compiler's major version.
        version: as ``scripts/cc-version.sh`` prints it: 12.2.0 is 120200.
        binutils: as ``scripts/ld-version.sh`` prints it; for clang, LLVM's.
        text: first line of the compiler's ``--version``.
        facts: what the user said of `FACTS`.
        measured: question to answer, when a compiler was asked (`kina_audit.sources.measure`).
    """

    name: str
    compiler: str
    major: int
    version: int
    binutils: int
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, name: str) -> "Toolchain":
        """Read ``gcc-12`` or ``clang-18``, with facts behind commas: ``gcc-14,pahole=1.27,rustc=1.78``.

        Raises:
            UsageError: an unknown compiler or fact.
        """
        compiler, *rest = name.split(",")
        facts = stated_facts(name, rest)
        kind, _, major = compiler.partition("-")
        releases = toml_document(data_file("toolchains.toml"))["releases"]
        if major not in releases.get(kind, ()):
            known = [f"{kind}-{major}" for kind in releases for major in releases[kind]]
            said = f"--toolchain {name}: unknown compiler{near(compiler, known)}"
            raise UsageError(said, f"Known: {', '.join(known)}, or cc:PROGRAM.")
        version, binutils = releases[kind][major]
        if "binutils" in facts:
            binutils = _binutils(facts["binutils"])
        text = facts.get("text") or tables()["compilers"][kind]["text"].format(version=version)
        return cls(name, kind, int(major), version_number(version, "version"), binutils, text, facts)


def stated_facts(name: str, parts: Sequence[str]) -> dict[str, str]:
    """What stands behind the commas of ``gcc-14,pahole=1.27``.

    Args:
        name: the whole, for messages.
        parts: e.g. ``pahole=1.27``.

    Raises:
        UsageError: an unknown fact, or a value that it cannot have.
    """
    facts: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key not in FACTS:
            said = ", ".join(f"{k}=" for k in FACTS)
            raise UsageError(
                f"--toolchain {name}: {part!r} is none of {said}{near(f'{key}=', [f'{k}=' for k in FACTS])}"
            )
        if key in ("plugins", "can_link") and value not in ("y", "n"):
            raise UsageError(f"--toolchain {name}: {part!r}", f"Give {key}=y or {key}=n.")
        if key in ("pahole", "rustc", "binutils"):
            version_number(value, key)
        facts[key] = value
    return facts


def questions() -> tuple[list[str], list[str], list[str]]:
    """Everything the data file knows to ask a real compiler: flags, linker flags, assembler lines."""
    known = tables()
    return (
        list(known["flags"]),
        list(known["linkers"]),
        [line for row in known["assembler"] for line in row["lines"]],
    )


def measured_toolchain(
    name: str,
    kind: str,
    version: str,
    text: str,
    binutils: str,
    facts: Mapping[str, str],
    answers: Mapping[str, str],
    stated: Mapping[str, str] | None = None,
) -> Toolchain:
    """The model of a compiler that was asked; what the user states goes before what was found.

    Raises:
        UsageError: a version that cannot be read, or that nobody knows.
    """
    facts = {**facts, **(stated or {})}
    number = version_number(version, "version")
    binutils = facts.get("binutils", binutils)
    if kind == "gcc" and not binutils:
        raise UsageError(f"--toolchain {name}: no linker of its tells a version", f"State it: {name},binutils=2.40.")
    linker = number if kind == "clang" else _binutils(".".join(binutils.split(".")[:2]))
    return Toolchain(name, kind, number // 10000, number, linker, facts.get("text") or text, facts, answers)


def version_number(text: str, what: str) -> int:
    """12.2.0 as 120200."""
    if not _VERSION.fullmatch(text):
        raise UsageError(f"{what}={text}: not a version", "Give e.g. 1.25 or 12.2.0.")
    major, minor, patch = (*map(int, text.split(".")), 0, 0)[:3]
    return major * 10000 + minor * 100 + patch


def _binutils(text: str) -> int:
    """2.40 as 24000."""
    return version_number(text, "binutils") // 10000 * 10000 + version_number(text, "binutils") % 10000 // 100 * 100


@cache
def tables() -> Mapping[str, Any]:
    """``data/toolchains.toml``, with its flags by name."""
    document = dict(toml_document(data_file("toolchains.toml")))
    document["flags"] = {f: row for row in document["flag"] for f in row["flags"]}
    document["linkers"] = {f: row for row in document["linker"] for f in row["flags"]}
    return document
