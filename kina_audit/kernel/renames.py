"""Symbols that are called otherwise in a later kernel: ``data/renames.toml``."""

from functools import cache

from kina_audit.base.packaged import data_file, toml_document


@cache
def later_names() -> dict[str, tuple[str, str]]:
    """Old name to (new name, the version that has it first)."""
    document = toml_document(data_file("renames.toml"))
    return {old: (new, table["since"]) for table in document["rename"] for old, new in table["pairs"]}


@cache
def renames() -> tuple[tuple[str, str], ...]:
    """(old name, new name) of every rename that ``data/renames.toml`` knows."""
    document = toml_document(data_file("renames.toml"))
    return tuple((old, new) for table in document["rename"] for old, new in table["pairs"])
