"""The data files of a checkout: what is compiled is what they say now, also after an edit that nobody compiled."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kina_audit.base import packaged

TEXT = 'id = "one"\ntags = ["a"]\n'


def forget() -> None:
    """As in a process that has read nothing yet."""
    for cached in (
        packaged.profiles_folder,
        packaged._is_installed,
        packaged._bases,
        packaged._compiled,
        packaged._part,
    ):
        cached.cache_clear()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package folder with a file of data, and a profile beside it, compiled."""
    (tmp_path / "kina_audit/data").mkdir(parents=True)
    (tmp_path / "profiles/cni").mkdir(parents=True)
    (tmp_path / "kina_audit/data/facts.toml").write_text("number = 1\n")
    (tmp_path / "profiles/cni/one.toml").write_text(TEXT)
    monkeypatch.setattr(packaged, "_PACKAGE", tmp_path / "kina_audit")
    forget()
    packaged.compile_documents()
    yield tmp_path
    forget()


def test_what_is_compiled_is_taken_without_parsing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "_parsed", pytest.fail)
    assert packaged.toml_document(checkout / "kina_audit/data/facts.toml") == {"number": 1}
    (one,) = packaged.listed_profiles()
    assert (one.id, one.name, list(one.tags)) == ("one", "cni/one", ["a"])
    assert packaged.toml_document(Path(one.path))["id"] == "one"


def test_an_edit_of_the_same_length_is_seen(checkout: Path) -> None:
    path = checkout / "kina_audit/data/facts.toml"
    path.write_text("number = 2\n")
    assert packaged.toml_document(path) == {"number": 2}
    path.write_text("number = 3\n")
    assert packaged.toml_document(path) == {"number": 3}


def test_an_edit_of_the_same_length_whose_time_was_set_back_is_seen(checkout: Path) -> None:
    path = checkout / "kina_audit/data/facts.toml"
    was = path.stat()
    path.write_text("number = 2\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert packaged.toml_document(path) == {"number": 2}


@pytest.mark.parametrize("keep", [0, 1, 9, 40, 200, -30, -2, -1])
def test_a_compiled_file_that_was_cut_is_as_none(checkout: Path, keep: int) -> None:
    compiled = packaged.data_file("compiled.jsonl")
    compiled.write_bytes(compiled.read_bytes()[:keep])
    packaged._compiled.cache_clear()
    assert packaged.toml_document(checkout / "kina_audit/data/facts.toml") == {"number": 1}
    assert [p.id for p in packaged.listed_profiles()] == ["one"]


@pytest.mark.parametrize("at", range(0, 700, 23))
def test_a_compiled_file_with_another_byte_is_as_none(checkout: Path, at: int) -> None:
    compiled = packaged.data_file("compiled.jsonl")
    data = bytearray(compiled.read_bytes())
    data[at % len(data)] ^= 2
    compiled.write_bytes(data)
    packaged._compiled.cache_clear()
    assert packaged.toml_document(checkout / "kina_audit/data/facts.toml") == {"number": 1}
    assert [(p.id, list(p.tags)) for p in packaged.listed_profiles()] == [("one", ["a"])]


@pytest.mark.parametrize("content", [b"", b"[]\n", b"null\n", b'{"facts.toml": {}}\n{}\n', b"\xff\n", b"[" * 99_999])
def test_what_no_build_wrote_is_as_none(checkout: Path, content: bytes) -> None:
    packaged.data_file("compiled.jsonl").write_bytes(content)
    packaged._compiled.cache_clear()
    assert packaged.toml_document(checkout / "kina_audit/data/facts.toml") == {"number": 1}


def test_a_build_leaves_nothing_beside_what_it_writes(checkout: Path) -> None:
    packaged.compile_documents()
    assert sorted(p.name for p in (checkout / "kina_audit/data").iterdir()) == ["compiled.jsonl", "facts.toml"]


def test_a_new_profile_and_a_removed_one_are_seen(checkout: Path) -> None:
    (checkout / "profiles/two.toml").write_text('id = "two"\n')
    (checkout / "profiles/cni/one.toml").unlink()
    assert [(p.id, p.name) for p in packaged.listed_profiles()] == [("two", "two")]


def test_a_file_that_only_looks_newer_is_compared_by_what_it_says(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkout / "profiles/cni/one.toml"
    os.utime(path, (1, 1))
    monkeypatch.setattr(packaged, "_parsed", pytest.fail)
    assert packaged.toml_document(path)["tags"] == ["a"]


def test_nothing_compiled_is_no_error(checkout: Path) -> None:
    packaged.data_file("compiled.jsonl").unlink()
    packaged._compiled.cache_clear()
    assert packaged.toml_document(checkout / "profiles/cni/one.toml")["id"] == "one"
    assert [p.id for p in packaged.listed_profiles()] == ["one"]


def test_an_installed_copy_has_its_profiles_inside(checkout: Path) -> None:
    (checkout / "profiles").rename(checkout / "kina_audit/data/profiles")
    packaged.profiles_folder.cache_clear()
    packaged._bases.cache_clear()
    packaged._is_installed.cache_clear()
    assert [(p.id, p.name) for p in packaged.listed_profiles()] == [("one", "cni/one")]
