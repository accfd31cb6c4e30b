"""The three constructs that kconfiglib does not know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kina_audit.kconfig.rewrite import TRANSITIONAL, RewriteError, rewrite


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("\tmodules", "\toption modules"),
        ("\tmodules # since 5.13", "\toption modules"),
        ("\ttransitional", f'\tprompt "{TRANSITIONAL}"'),
        ("\tdepends on A if B", "\tdepends on (A) || B = n"),
        ("\tdepends on A if !B", "\tdepends on (A) || B != n"),
        ("\tdepends on A || C if B", "\tdepends on (A || C) || B = n"),
        ("\tdepends on A if B && C", "\tdepends on (A) || (B = n || C = n)"),
        ("\tdepends on A if B || C", "\tdepends on (A) || (B = n && C = n)"),
        ("\tdepends on A if !(B && C)", "\tdepends on (A) || (B != n && C != n)"),
        ("\tdepends on A if B = y", "\tdepends on (A) || B != y"),
        ("\tdepends on A if B != C", "\tdepends on (A) || B = C"),
        ("\tdepends on A if B < 4", "\tdepends on (A) || B >= 4"),
        ('\tdepends on A if "$(ARCH)" = "arm64"', '\tdepends on (A) || "$(ARCH)" != "arm64"'),
        ("\tdepends on A if $(success,test a = b)", "\tdepends on (A) || $(success,test a = b) = n"),
        ("\tdepends on A if B # only then", "\tdepends on (A) || B = n"),
    ],
)
def test_a_construct_is_rewritten(line: str, expected: str) -> None:
    assert rewrite(f"config X\n\tbool\n{line}\n") == f"config X\n\tbool\n{expected}\n"


@pytest.mark.parametrize(
    "text",
    [
        "config X\n\tdepends on A # even if B\n",
        'config X\n\tprompt "depends on A if B"\n',
        "config X\n\tdefault y if A\n",
        "config X\n\thelp\n\t  modules\n\t  transitional\n\t  depends on A if B\n",
        "config X\n\thelp\n\n\t  depends on A if B\n\n\t  more\nconfig Y\n\tbool\n",
        'config X\n\tdepends on "a # b" = A\n',
        "modules\n",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert rewrite(text) == text


def test_a_construct_after_a_help_text_is_rewritten() -> None:
    text = "config X\n\thelp\n\t  modules\nconfig Y\n\tmodules\n"
    assert rewrite(text) == "config X\n\thelp\n\t  modules\nconfig Y\n\toption modules\n"


def test_continued_lines_keep_their_number() -> None:
    text = "config X\n\tdepends on A if \\\n\t\tB && \\\n\t\tC\n\tbool\n"
    fresh = rewrite(text)
    assert fresh.count("\n") == text.count("\n")
    assert fresh.split("\n")[4] == "\tbool"
    assert fresh.split("\n")[1] == "\tdepends on (A) || (B = n || C = n)"


@pytest.mark.parametrize("line", ["depends on A if", "depends on if B", "depends on A if B &&", "depends on A if (B"])
def test_a_malformed_condition_names_its_line(line: str) -> None:
    with pytest.raises(RewriteError) as caught:
        rewrite(f"config X\n\tbool\n\t{line}\n")
    assert caught.value.line == 3


def test_nesting_is_bounded() -> None:
    with pytest.raises(RewriteError, match="too deep"):
        rewrite(f"config X\n\tdepends on A if {'(' * 5000}B{')' * 5000}\n")
    with pytest.raises(RewriteError, match="too deep"):
        rewrite(f"config X\n\tdepends on A if {'!' * 5000}B\n")


@given(st.text(alphabet="modulestranihpd \t\n\\#\"'()&|!=<>if", max_size=200))
def test_lines_are_never_lost_nor_added(text: str) -> None:
    try:
        fresh = rewrite(text)
    except RewriteError:
        return
    assert fresh.count("\n") == text.count("\n")
