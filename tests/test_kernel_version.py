"""Kernel versions and their order."""

import itertools

import pytest

from kina_audit.kernel.version import KernelVersion, VersionRange

ASCENDING = [
    "4.18.0-553.el8_10.x86_64", "5.4", "5.10.0-rc3", "5.10", "6.1.0-52-amd64", "6.1.68", "6.9", "6.10", "6.12-rc1", "6.12",
    "6.12.28", "6.12.28-153", "6.12.28-1000", "6.18.5", "7.2.0-rc5", "7.2.0",
]  # fmt: skip


def test_order() -> None:
    versions = [KernelVersion.parse(t) for t in ASCENDING]
    for low, high in itertools.pairwise(versions):
        assert low < high
        assert low <= high
        assert high > low
        assert high >= low


@pytest.mark.parametrize("text", ["", "six", "6", "6.", "-6.1", "6.1.2.3.4\n", "6.1; rm -rf /", "6.1.2\x1b[31m"])
def test_what_is_no_version(text: str) -> None:
    if text.startswith("6.1.2.3"):
        assert KernelVersion.parse(text).triple == (6, 1, 2)
        return
    with pytest.raises(ValueError, match="not a kernel version"):
        KernelVersion.parse(text)


@pytest.mark.parametrize(
    ("range_", "version", "inside"),
    [
        (">=6.9,<6.17", "6.12.28-153", True),
        (">=6.9,<6.17", "6.17-rc1", False),
        (">=6.17", "6.17-rc1", True),
        ("<6.10", "6.9.12", True),
        ("<6.10", "6.10.0", False),
        ("==6.1.0", "6.1", True),
        ("!=6.1.0", "6.1.1", True),
    ],
)
def test_ranges(range_: str, version: str, inside: bool) -> None:
    assert (KernelVersion.parse(version) in VersionRange.parse(range_)) is inside


@pytest.mark.parametrize("text", ["", "6.1", ">=", "~6.1", ">=6.1,,<7", ">=six"])
def test_bad_ranges(text: str) -> None:
    with pytest.raises(ValueError, match="range"):
        VersionRange.parse(text)


def test_text_form() -> None:
    assert str(KernelVersion.parse("6.18.5")) == "6.18.5"
    assert str(KernelVersion.parse("v6.12-rc1")) == "6.12-rc1"
    assert str(KernelVersion.parse("6.12.28-153")) == "6.12.28-153"
