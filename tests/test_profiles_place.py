"""Errors in users' profile files name the line, and no file makes the tool hang or break."""

import os
from pathlib import Path

import pytest

from kina_audit.errors import ProfileError
from kina_audit.profiles.load import ProfileLibrary, read_profile
from kina_audit.profiles.place import line_of
from kina_audit.profiles.review import problems

TEXT = """schema = 1
id = "mine"
title = "T"
description = "D."

[[requirement]]
id = "a"
expr = "NET"
level = "required"
why = "w"
fix = "f"
source = "s"

  [[requirement]]  # the second
id = "b"
expr = "NET"
level = "required"
why = "w"
fix = "f"
source = "s"
[[requirement.variant]]
expr = "INET"
kernel = ">=6.1"
[[requirement.variant]]
expr = "INET"
kernel = ">=6.9"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("id",), 2),
        (("requirement", 0), 6),
        (("requirement", 0, "why"), 10),
        (("requirement", 1), 14),
        (("requirement", 1, "expr"), 16),
        (("requirement", 1, "variant", 1, "kernel"), 26),
        (("requirement", 1, "variant", 0, "nothing"), 21),
        (("nothing",), None),
        ((), None),
    ],
)
def test_the_line_of_a_value(path: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(TEXT, path) == line


def test_the_line_inside_a_table_of_pyproject() -> None:
    text = "[project]\nsource = 1\n[tool.kina-audit]\nsource = 2\n[[tool.kina-audit.waiver]]\nreason = 3\n"
    assert line_of(text, ("source",), "tool.kina-audit") == 4
    assert line_of(text, ("waiver", 0, "reason"), "tool.kina-audit") == 6
    assert line_of(text, ("source",), "tool.nothing") is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('level = "required"', 'levle = "required"', ":9: requirement \"a\": unknown key 'levle'; did you mean level?"),
        ("description", "lvel = 1\ndescription", ":4: unknown key 'lvel'"),
        ('why = "w"\n', "", ":6: requirement \"a\": 'why' is a required property"),
        ('level = "required"', 'level = "must"', ":9: requirement \"a\", key level: 'must' is not one of"),
        ('expr = "NET"', 'expr = "NET AND"', ":6: requirement 'a': unexpected 'AND' at column 5"),
        ('id = "b"', 'id = "a"', "requirement 'a': its id is there twice"),
        ('\nkernel = ">=6.1"', "", ':21: requirement "b", variant 1: neither kernel nor arch is there'),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProfileError) as error:
        ProfileLibrary(files=[path])
    assert error.value.message.startswith(str(path))
    assert words in error.value.message


def test_a_problem_beyond_the_schema_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, encoding="utf-8")
    library = ProfileLibrary(files=[path])
    [found] = problems(library.get("mine"), library)
    assert str(found) == f"{path}:14: requirement 'b': variant 2 is never reached: variant 1 matches first"


def test_a_profile_that_asks_for_nothing_is_told_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.split("[[", maxsplit=1)[0], encoding="utf-8")
    with pytest.raises(ProfileError, match="neither requirement nor includes nor any_of is there"):
        read_profile(path)


def test_a_bad_include_names_the_file_that_asks(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace("title", 'includes = ["vxlna"]\ntitle'), encoding="utf-8")
    with pytest.raises(ProfileError, match=r"mine\.toml: no profile 'vxlna'; did you mean vxlan"):
        ProfileLibrary(files=[path])


def test_deep_toml_and_endless_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(f"x = {'[' * 30_000}{']' * 30_000}\n", encoding="utf-8")
    with pytest.raises(ProfileError, match="nested too deeply"):
        read_profile(path)
    endless = Path(os.devnull).with_name("zero")
    if endless.exists():
        with pytest.raises(ProfileError, match="is no regular file"):
            read_profile(endless)


def chain(folder: Path, length: int, wide: int, key: str = "includes") -> None:
    """Profiles ``pDEPTH-NUMBER`` of which each includes all of the next depth, or has them for alternatives."""
    head = 'schema = 1\ntitle = "T"\ndescription = "D."\n'
    for depth in range(length):
        names = [f"p{depth + 1}-{number}" for number in range(wide)]
        for number in range(wide):
            asked = TEXT[TEXT.index("[[") : TEXT.index("  [[")] if depth == length - 1 else f"{key} = {names}\n"
            (folder / f"p{depth}-{number}.toml").write_text(
                f'{head}id = "p{depth}-{number}"\n{asked}', encoding="utf-8"
            )


def test_wide_includes_are_expanded_once_each(tmp_path: Path) -> None:
    chain(tmp_path, 8, 12)
    assert [r.id for r in ProfileLibrary([tmp_path]).get("p0-0").requirements] == ["a"]


def test_deep_includes_are_refused_whatever_is_asked_for_first(tmp_path: Path) -> None:
    chain(tmp_path, 12, 1)
    with pytest.raises(ProfileError, match="lead on more than 8 times"):
        ProfileLibrary([tmp_path])


def test_alternatives_of_alternatives_are_bounded(tmp_path: Path) -> None:
    chain(tmp_path, 4, 20, "any_of")
    assert ProfileLibrary([tmp_path]).get("p0-0").required[0].symbols == ("NET",)
    chain(tmp_path, 5, 20, "any_of")
    with pytest.raises(ProfileError, match=r"p0-\d+\.toml: its any_of leads to more than 10000 requirements"):
        ProfileLibrary([tmp_path])
