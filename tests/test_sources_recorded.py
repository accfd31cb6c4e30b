"""The recorded kernels hold what profiles name, and what they say is what the configs they were made from say."""

from pathlib import Path

import pytest

from kina_audit.errors import SourceNotFoundError
from kina_audit.kernel.forecast import rules
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources import open_source
from kina_audit.sources.recorded import entries, records
from tests.conftest import config_text

# Symbols on which the two trees that bracket 6.18 disagree: left out of the records on purpose, and so unknown.
OPEN_ON_618 = {"CRYPTO_GHASH", "PAHOLE_HAS_SPLIT_BTF"}
MADE_FROM = {
    "apple@0.1.0": ["apple-arm64-502dab6"],
    "apple@0.30.1": ["apple-arm64-f2dda5d"],
    "apple@0.32.1": ["apple-arm64-9d2b579"],
    "apple@0.38.0": ["apple-arm64-2f947e7"],
    "apple-x86_64@0.38.0": ["apple-x86_64-2f947e7"],
    "kata@3.17.0": ["kata-3.17.0-arm64"],
    "kata@3.26.0": ["kata-3.26.0-arm64-on6.12", "kata-3.26.0-arm64-on7.2"],
    "kata@3.28.0": ["kata-3.28.0-arm64-on6.12", "kata-3.28.0-arm64-on7.2"],
    "kata@3.32.0-debug": ["kata-3.32.0-debug-arm64-on6.12", "kata-3.32.0-debug-arm64-on7.2"],
}
NAMES = [name for name, _, _ in entries()]


def named_symbols() -> set[str]:
    names = {s for p in ProfileLibrary() for r in p.requirements for s in r.symbols}
    for rule in rules():
        names.add(rule.symbol)
        names.update(*(e.symbols for e in rule.expressions))
    return names


@pytest.mark.parametrize("name", NAMES)
def test_a_record_holds_every_symbol_that_anything_names(name: str) -> None:
    held = open_source(f"recorded:{name}").config.held
    assert held is not None
    assert named_symbols() - held - (OPEN_ON_618 if name.startswith("kata") else set()) == set()


@pytest.mark.parametrize(("name", "files"), MADE_FROM.items())
def test_a_record_says_what_its_config_says(shared: Path, name: str, files: list[str]) -> None:
    record = open_source(f"recorded:{name}").config
    configs = [parse_config(config_text(shared / "kernels" / f"{f}.config.gz")) for f in files]
    assert record.held
    for symbol in record.held:
        said = record.raw.get(symbol, "n")
        seen = {c.raw.get(symbol, "n") for c in configs}
        if symbol == "NETFILTER_XTABLES_LEGACY" and len(configs) > 1:
            seen = {configs[-1].raw.get(symbol, "n")}  # exists from 6.17 on; the record's notes say so
        assert seen == {said}, symbol


def test_every_record_says_where_it_comes_from() -> None:
    for record in records():
        document = record.document
        assert document["project"].count("/") == 1
        assert record.date
        assert record.boots
        if record.family == "apple":
            assert len(document["blob"]) == 40
            assert len(document["sha256"]) == 64
        else:
            assert "reproduced" in document["notes"][0]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("apple", "6.18.5"),
        ("apple@0.24.2", "6.14.9"),
        ("apple@0.24.3", "6.18.5"),
        ("apple@0.7.2", "6.14.9"),
        ("apple-x86_64@0.35.0", "6.18.5"),
        ("kata@3.17.0", "6.12.28-153"),
        ("kata", "6.18.35-197-debug"),
    ],
)
def test_any_tag_of_a_range_names_its_record(name: str, target: str) -> None:
    assert str(open_source(f"recorded:{name}").config.target) == target


@pytest.mark.parametrize("name", ["", "apple@9.9.9", "kata@3.18.0", "nothing"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(SourceNotFoundError):
        open_source(f"recorded:{name}")


def test_a_symbol_that_was_not_recorded_is_unknown_not_n() -> None:
    fact = open_source("recorded:kata@3.17.0").config.fact("SOME_DRIVER_NOBODY_NAMED")
    assert fact.value is None
    assert fact.state == "unknown"
