"""`kina-audit extract`: the config byte for byte on stdout or in a file, and nothing else there."""

import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CONFIG = (FIXTURES / "images.config").read_bytes()


def run(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "kina_audit", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def test_to_stdout_and_to_a_file(tmp_path: Path) -> None:
    image = FIXTURES / "images/bzImage-zstd"
    done = run("extract", str(image))
    assert (done.returncode, done.stdout, done.stderr) == (0, CONFIG, b"")
    done = run("extract", str(image), "-o", str(tmp_path / "config"), "-v")
    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "config").read_bytes() == CONFIG
    assert b"x86 bzImage > zstd payload at 0x410 > ELF (x86_64) > IKCONFIG at 0x1be" in done.stderr


def test_from_stdin() -> None:
    assert run("extract", "-", stdin=(FIXTURES / "archives/kernel.deb").read_bytes()).stdout == CONFIG


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["{images}/Image-no-ikconfig"], 3, "was built without CONFIG_IKCONFIG=y"),
        (["recorded:kata"], 3, "not the config's own text"),
        (["{images}/Image", "-o", "/nonexistent/x"], 2, "there is no folder"),
        (["missing"], 3, "no such file"),
        ([], 2, "Missing argument"),
        (["{images}/Image", "--max-decompressed", "0"], 2, "Invalid value"),
    ],
)
def test_failures(arguments: list[str], status: int, words: str) -> None:
    done = run("extract", *(a.format(images=FIXTURES / "images") for a in arguments))
    assert done.returncode == status
    assert words in done.stderr.decode()
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_check_says_where_the_config_was_found() -> None:
    done = run("check", str(FIXTURES / "images/uki.efi"), "-v")
    assert "Found in unified kernel image > .linux section at 0x400 > x86 bzImage" in " ".join(
        done.stdout.decode().split()
    )


@pytest.mark.slow
def test_streams_that_are_closed_or_full(tmp_path: Path) -> None:
    tool = f"{sys.executable} -m kina_audit"
    for shell, status, words in (
        (f"{tool} extract - <&-", 3, "stdin is closed"),
        (f"{tool} cilium review - recorded:apple@0.38.0 <&-", 3, "stdin is closed"),
        (f"{tool} render - <&-", 2, "stdin is closed"),
        (f"{tool} claims - recorded:apple@0.38.0 <&-", 2, "stdin is closed"),
        (
            "mkdir gone && cd gone && rmdir ../gone && " + f"{tool} check recorded:apple@0.38.0",
            2,
            "the working folder is",
        ),
        (f"{tool} extract {FIXTURES / 'images/Image'} >/dev/full", 2, "stdout: cannot be written: No space left"),
    ):
        if "/dev/full" in shell and not Path("/dev/full").exists():
            continue
        done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == status, shell
        assert done.stderr.startswith(f"kina-audit: {words}")
        assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize(("words", "status"), [("check recorded:apple@0.38.0", 1), ("extract no-such", 3)])
def test_output_that_nobody_takes(words: str, status: int, tmp_path: Path) -> None:
    shell = f"{sys.executable} -m kina_audit {words} >&- 2>errors; echo $?; cat errors"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.startswith(f"{status}\n")
    assert "Traceback" not in done.stdout
