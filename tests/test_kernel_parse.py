"""Config text, read as the kernel's own reader reads it, oddities included."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kina_audit.base.bounds import CONFIG_BYTES
from kina_audit.errors import NotAConfigError, SourceTooLargeError
from kina_audit.kernel.assignments import read_fast, read_slowly
from kina_audit.kernel.config import Completeness, SymbolState
from kina_audit.kernel.parse import parse_config
from tests.conftest import SHARED, config_text

COMPLETE = "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))


def value(text: str | bytes, symbol: str = "X") -> str | None:
    return parse_config(text).fact(symbol).value


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("CONFIG_X=y", "y"),
        ("CONFIG_X=m", "m"),
        ("CONFIG_X=n", "n"),
        ("CONFIG_X=yes", "y"),
        ("CONFIG_X=module", "m"),
        ("# CONFIG_X is not set", "n"),
        ("# CONFIG_X is not set  ", "n"),
        ('CONFIG_X="text"', "text"),
        (r'CONFIG_X="a \"quoted\" \\ word"', r'a "quoted" \ word'),
        ('CONFIG_X=""', ""),
        ('CONFIG_X="y"', "y"),
        ("CONFIG_X=42", "42"),
        ("CONFIG_X=-1", "-1"),
        ("CONFIG_X=0xffff0000", "0xffff0000"),
    ],
)
def test_values(line: str, expected: str) -> None:
    assert value(f"CONFIG_NET=y\n{line}\n") == expected


def test_a_quoted_y_is_text_not_a_tristate() -> None:
    fact = parse_config('CONFIG_X="y"\n').fact("X")
    assert fact.is_string
    assert fact.bounds == (0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "# CONFIG_X=y",
        " CONFIG_X=y",
        "\tCONFIG_X=y",
        "CONFIG_X =y",
        "#CONFIG_X is not set",
        "X=y",
        "# CONFIG_X is unset",
    ],
)
def test_what_is_no_assignment(line: str) -> None:
    assert value(f"CONFIG_NET=y\n{line}\n") is None


def test_lower_case_names_are_symbols() -> None:
    assert value("CONFIG_FOO_bar=y\n", "FOO_bar") == "y"


def test_text_inside_a_command_line_is_text() -> None:
    config = parse_config('CONFIG_CMDLINE="console=hvc0 CONFIG_X=y # CONFIG_Y is not set"\nCONFIG_NET=y\n')
    assert config.fact("X").value is None
    assert config.fact("Y").value is None
    assert config.fact("CMDLINE").value == "console=hvc0 CONFIG_X=y # CONFIG_Y is not set"


@pytest.mark.parametrize(
    "text", ["CONFIG_A=y\r\nCONFIG_X=y\r\n", "\ufeff# a mark\nCONFIG_X=y\n", "CONFIG_A=y\n\n\n\nCONFIG_X=y"]
)
def test_line_endings_marks_and_a_missing_newline(text: str) -> None:
    assert value(text.encode()) == "y"
    assert parse_config(text.encode()).line("X") == text.count("\n", 0, text.index("CONFIG_X")) + 1


def test_the_last_assignment_wins_and_both_lines_are_named() -> None:
    config = parse_config("CONFIG_X=y\nCONFIG_A=y\n# CONFIG_X is not set\n")
    assert config.fact("X").value == "n"
    assert config.line("X") == 3
    assert "lines 1 and 3" in config.warnings[0].text


def test_m_without_modules_is_y() -> None:
    assert value(COMPLETE + "CONFIG_X=m\n# CONFIG_MODULES is not set\n") == "y"
    assert value(COMPLETE + "CONFIG_X=m\n") == "y"
    assert value(COMPLETE + "CONFIG_X=m\nCONFIG_MODULES=y\n") == "m"
    assert value("CONFIG_X=m\n") == "m"


def test_absent_not_set_and_unknown_are_three_facts() -> None:
    complete = parse_config(COMPLETE + "# CONFIG_X is not set\n")
    assert complete.fact("X").state is SymbolState.NOT_SET
    assert complete.fact("GONE").state is SymbolState.ABSENT
    assert complete.fact("GONE").value == "n"
    partial = parse_config("CONFIG_NET=y\n")
    assert partial.completeness is Completeness.PARTIAL
    assert partial.fact("GONE").state is SymbolState.UNKNOWN
    assert partial.fact("GONE").value is None


@pytest.mark.parametrize(
    ("header", "version", "arch"),
    [
        ("# Linux/arm64 6.1.68 Kernel Configuration", "6.1.68", "arm64"),
        ("# Linux/x86 5.10.0-rc3 Kernel Configuration", "5.10-rc3", "x86"),
        (
            "# Linux/x86_64 4.14.186-146.268.amzn2.x86_64 Kernel Configuration",
            "4.14.186-146.268.amzn2.x86_64",
            "x86_64",
        ),
        ("# Linux kernel version: 2.6.35", "2.6.35", "None"),
        ("# something else", "None", "None"),
    ],
)
def test_headers(header: str, version: str, arch: str) -> None:
    config = parse_config(f"#\n# Automatically generated file; DO NOT EDIT.\n{header}\n#\nCONFIG_NET=y\n")
    assert (str(config.header.version), str(config.header.arch)) == (version, arch)
    assert config.target == config.header.version


def test_malformed_lines_are_named_and_many_of_them_are_refused() -> None:
    config = parse_config(COMPLETE + 'CONFIG_BROKEN\nCONFIG_S="open\nCONFIG_E=\n')
    assert [w.line for w in config.warnings] == [41, 42, 43]
    with pytest.raises(NotAConfigError) as caught:
        parse_config("CONFIG_NET=y\n" + "just words\n" * 20, name="notes.txt")
    assert caught.value.exit_code == 3
    assert "notes.txt" in caught.value.message


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\x7fELF\x02\x01", "ELF"),
        (b"\x1f\x8b\x08\x00 CONFIG", "compressed"),
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b'{"a": 1}', "JSON"),
        (b"MZ\x90\x00", "EFI"),
        (b"hello world\n", "does not look like a kernel config"),
        (b"CONFIG_A=y\0\0\0", "binary"),
    ],
)
def test_what_it_looks_like_instead(data: bytes, word: str) -> None:
    with pytest.raises(NotAConfigError, match=word):
        parse_config(data, name="input")


def test_the_size_is_bounded() -> None:
    with pytest.raises(SourceTooLargeError):
        parse_config(b"#" * (CONFIG_BYTES + 1))


LINES = st.sampled_from(
    [
        "CONFIG_A=y", "CONFIG_B=m", "# CONFIG_C is not set", "# CONFIG_A is not set", "", "# comment", "#", "CONFIG_A=yes",
        'CONFIG_S="x y"', 'CONFIG_S="\\"', "CONFIG_N=12", "CONFIG_H=0x1f", " CONFIG_B=y", "words", "CONFIG_E=", "CONFIG_q=y",
        "# CONFIG_C is not set ", "# CONFIG_A=y", "CONFIG_A", 'CONFIG_T="# CONFIG_Z is not set"', "CONFIG_N=zz",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=12), st.sampled_from(["", "\n"]))
def test_the_fast_reading_is_the_slow_one(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    fast = read_fast(text)
    if fast is not None:
        slow, warnings = read_slowly(text)
        assert fast == slow
        assert warnings.told == ()


@given(st.binary(max_size=400))
def test_any_bytes_are_a_config_or_one_error(data: bytes) -> None:
    with contextlib.suppress(NotAConfigError, SourceTooLargeError):
        parse_config(data)


@given(st.text(max_size=200))
def test_any_text_after_a_config_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(NotAConfigError):
        parse_config("CONFIG_NET=y\n" + text)


@pytest.mark.parametrize(
    "path", sorted(SHARED.glob("corpus/*/*.gz")) + sorted(SHARED.glob("kernels/*.gz")), ids=lambda p: p.name
)
def test_real_configs_are_complete_and_read_fully(path: object) -> None:
    data = config_text(path)  # type: ignore[arg-type]
    config = parse_config(data)
    assert config.completeness is Completeness.COMPLETE
    assert config.header.version is not None
    assert config.arch
    slow, _ = read_slowly(data.decode())
    if slow.get("MODULES") == "y":
        assert config.raw == slow
