"""What the second round of attacks got through with, each at the function that stops it; `tests/attacks_again.py` has the whole commands."""

import io
import os
import subprocess
from pathlib import Path

import pytest

from kina_audit.base.files import _AtOnce, files_below, open_regular
from kina_audit.cli import main
from kina_audit.errors import SourceError
from kina_audit.kconfig.answers import _holds
from kina_audit.sources.git.command import git
from kina_audit.sources.guest.cluster import Cluster, read_status
from kina_audit.sources.options import SourceOptions


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit; nothing of the user's settings."""
    quiet = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    quiet |= {f"GIT_{w}_{k}": "x@y" for w in ("AUTHOR", "COMMITTER") for k in ("NAME", "EMAIL")}
    (tmp_path / "config").write_text("CONFIG_NET=y\n")
    for words in (["init", "-q"], ["add", "config"], ["commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, env=quiet)
    return tmp_path


def test_git_reads_no_mailmap_and_no_order_of_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(repository / ".mailmap")
    with (repository / ".git/config").open("a") as file:
        file.write("[mailmap]\n\tfile = /dev/zero\n[diff]\n\torderFile = /dev/zero\n")
    monkeypatch.setattr("kina_audit.sources.git.command.GIT_SECONDS", 20)
    assert git(repository, "log", "--diff-filter=A", "--format=%s", "HEAD").strip() == b"one"


def test_a_regular_file_that_makes_its_reader_wait_is_an_error(tmp_path: Path) -> None:
    with open_regular(Path(__file__)) as file:
        assert file.read() == Path(__file__).read_bytes()
    reading, writing = os.pipe2(os.O_NONBLOCK)  # as /proc/kmsg answers, which says that it is regular
    with open(writing, "wb"), io.BufferedReader(_AtOnce(reading, "rb")) as file, pytest.raises(BlockingIOError):
        file.read(1)
    assert files_below(tmp_path, ".toml", 9, 9) == []


def test_a_test_of_a_macro_is_read_in_one_pass() -> None:
    assert _holds("test z" + " " * 60_000 + "z") is None  # was half a minute
    assert _holds("[ y = y ]") is True
    assert _holds("test  y = n ") is False
    assert _holds("test -n ]") is False


@pytest.mark.parametrize("said", [b"[" * 3_000, b'{"cilium":[' + b"{}," * 600_000 + b"{}]}", b"[]", b"1", b'"\xff"'])
def test_a_status_that_is_none_is_one_error(said: bytes) -> None:
    with pytest.raises(SourceError):
        read_status(said, "x")


@pytest.mark.parametrize(
    "said",
    [b'{"items":["a"]}', b'{"items":{"a":1}}', b'{"items":[{"metadata":1}]}', b'{"items":1}', b"[" * 3_000, b"[]",
     b'{"data":1}'],
)  # fmt: skip
def test_an_answer_of_no_api_server_is_one_error(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "_run", lambda *_: said)
    cluster = Cluster("", "kube-system", SourceOptions())
    for ask in (cluster.agents, cluster.config):
        if (b'"data"' if ask == cluster.agents else b'"items"') in said:
            continue  # it is what the other one asks for
        with pytest.raises(SourceError):
            ask()


@pytest.mark.parametrize("metadata", ["[1]", '{"managedFields":["a"]}', '{"managedFields":1}', "null"])
def test_what_tells_no_time_leaves_the_configuration_readable(metadata: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "_run", lambda *_: b'{"metadata":%s,"data":{"a":"b"}}' % metadata.encode())
    assert Cluster("", "kube-system", SourceOptions()).config() == ({"a": "b"}, "")


@pytest.mark.parametrize("key", ["waivers = [TEXT]", "profile-dirs = [TEXT]", "baseline = TEXT"])
def test_settings_with_nul_are_one_error(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kina-audit.toml").write_text(key.replace("TEXT", '"a\\u0000b"'))
    monkeypatch.chdir(tmp_path)
    assert main(["check", "recorded:kata@3.17.0", "-q", "-p", "vxlan", "--trust-settings"]) == 2
    assert "NUL" in capsys.readouterr().err


def test_a_path_longer_than_any_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "recorded:kata@3.17.0", "-q", "-p", "vxlan", "-t", "a" * 5_000]) == 3
    assert "File name too long" in capsys.readouterr().err


def test_what_is_kept_of_expressions_and_ranges_is_bounded() -> None:
    from kina_audit.kernel import expression, version

    for number in range(5_000):
        expression.Expression.parse(f"A{number}")
        version.VersionRange.parse(f">={number // 100 + 1}.{number % 100}")
    assert expression._parse.cache_info().currsize <= 4_096
    assert version._parse_range.cache_info().currsize <= 1_024
    long = " && ".join(["A"] * 500)
    assert expression.Expression.parse(long).text == long


def test_lz4_frames_of_nothing_are_read_as_nothing(tmp_path: Path) -> None:
    import lz4.frame

    (tmp_path / "x").write_bytes(lz4.frame.compress(b"") * 2_000)
    assert main(["check", str(tmp_path / "x"), "-q"]) == 3
