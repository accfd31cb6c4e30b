"""The recorded kernels hold what profiles name, and what they say is what the configs they were made from say."""

from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.api import load_kernel
from kina_audit.errors import SourceNotFoundError
from kina_audit.kconfig.carry import carry
from kina_audit.kconfig.lines import shipped_tree
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import Header, Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources import open_source
from kina_audit.sources.recorded import entries, records
from tests.conftest import config_text

TOOLS = "gcc-12,pahole=1.24"
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


@pytest.mark.parametrize("name", NAMES)
def test_a_record_knows_every_symbol(name: str) -> None:
    """Whatever a profile asks, a record of a shipped line tells; between lines, where both agree."""
    kernel = load_kernel(f"recorded:{name}")
    named = {s for p in ProfileLibrary() for r in p.requirements for s in r.symbols}
    told_by = kernel.config.resolved
    assert told_by is not None
    unknown = {n: kernel.config.fact(n).note for n in named if kernel.config.fact(n).value is None}
    if len(told_by.lines) == 1:
        assert {n: note for n, note in unknown.items() if "the compiler and tools decide" not in note} == {}
    assert all("lies between them" in note or "the compiler and tools decide" in note for note in unknown.values())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "files"), MADE_FROM.items())
def test_a_record_is_the_kernel_it_was_made_from(shared: Path, name: str, files: list[str]) -> None:
    """An input becomes, on every line, what its own file becomes; a built kernel has the values of its own config."""
    record = load_kernel(f"recorded:{name}").config
    for file in files:
        config = parse_config(config_text(shared / "kernels" / f"{file}.config.gz"), origin=record.origin)
        if record.origin is Origin.BUILT:
            line = KernelVersion.parse(file.partition("-on")[2] or "6.12.28")
            there = carry(replace(record, target=line, header=Header(line), resolved=None))
            moved = {"VM_EVENT_COUNTERS", "AF_UNIX_OOB"}  # as the record says: its two trees differ in them
            tools = {n for n in config.raw if n.startswith(("RUSTC", "CC_VERSION"))}
            # The trees were of other stable updates, which have symbols that the model's release lacks.
            known = shipped_tree((line.major, line.minor), "arm64", Toolchain.parse(TOOLS)).model.index.keys()
            for symbol in (config.raw.keys() & known) - moved - tools:
                assert (there.fact(symbol).value or "") == (config.written(symbol).value or ""), (line, symbol)
            continue
        for line in ("5.10.200", "6.1.100", "6.12.50", "6.18.5", "7.3.1"):
            target = KernelVersion.parse(line)
            ours = carry(replace(record, target=target, resolved=None), TOOLS)
            theirs = carry(replace(config, target=target), TOOLS)
            names = {*record.raw, *config.raw, "NET_XGRESS", "BPF_JIT", "DEBUG_INFO_BTF", "MODULES", "SECURITY"}
            assert {n: ours.fact(n).value for n in names} == {n: theirs.fact(n).value for n in names}, line


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
