"""Toolchains in the library: the model that a name stands for, asking a compiler on this machine when it has to be asked."""

import json
from typing import Any

from kina_audit.base.datatype import replace
from kina_audit.base.digest import sha256_hex
from kina_audit.base.version import __version__
from kina_audit.errors import UsageError
from kina_audit.kconfig.toolchain import (
    DEFAULT_TOOLCHAIN,
    Toolchain,
    measured_toolchain,
    questions,
    stated_facts,
)
from kina_audit.sources.options import SourceOptions

MEASURED = "cc:"
"""``--toolchain cc:PROGRAM`` asks a compiler on this machine."""

_MEASURED_KEYS = {"kind", "version", "text", "binutils", "facts", "answers"}


def probed_toolchain(name: str) -> tuple[Toolchain, str]:
    """What stands for a toolchain when a tree's own probes tell everything, and the compiler they are run with.

    Raises:
        UsageError: a toolchain that is no program, or facts that the probes would find out themselves.
    """
    program, _, facts = (name or f"{MEASURED}gcc").removeprefix(MEASURED).partition(",")
    if facts or (name and not name.startswith(MEASURED)):
        raise UsageError(
            f"--toolchain {name} with --run-probes: the probes find out what there is", "Give cc:PROGRAM alone."
        )
    return replace(Toolchain.parse(DEFAULT_TOOLCHAIN), name=f"{program}, asked by the tree's own probes"), program


def named_toolchain(name: str, options: SourceOptions) -> Toolchain:
    """The toolchain that a name stands for.

    Args:
        name: ``gcc-12``, ``clang-18``, or ``cc:PROGRAM`` to ask a compiler on this machine; with facts behind commas
            (``gcc-14,pahole=1.27``), which go before what was found. Empty: the default.
        options: where answers of compilers are cached.

    Raises:
        UsageError: an unknown name or fact.
        SourceError: a program that is not there, or no compiler.
    """
    if not name.startswith(MEASURED):
        return Toolchain.parse(name or DEFAULT_TOOLCHAIN)
    from kina_audit.sources.tree.compiler import identify, measure, measured_key
    from kina_audit.sources.tree.find import load_document, save_document

    program, *parts = name.removeprefix(MEASURED).split(",")
    stated = stated_facts(name, parts)
    key = "toolchain-" + sha256_hex(f"{__version__}{measured_key(program)}".encode())[:32]
    found: dict[str, Any] | None = None
    if not options.refresh:
        found = _kept(load_document(key, options))
    if found is None:
        told = identify(program)
        options.progress(f"asking {program} what it can do")
        found = {
            "kind": told.kind, "version": told.version, "text": told.text, "binutils": told.binutils,
            "facts": dict(told.facts), "answers": measure(program, *questions()),
        }  # fmt: skip
        save_document(key, json.dumps(found), options)
    return measured_toolchain(name=name, **found, stated=stated)


def _kept(document: str | None) -> dict[str, Any] | None:
    """What a compiler answered the last time; None when a damaged cache does not tell."""
    try:
        found = json.loads(document or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.keys() == _MEASURED_KEYS else None
