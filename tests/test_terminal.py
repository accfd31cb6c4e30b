"""One writer: whatever an input holds, a terminal and a CI's log get text that does nothing."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kina_audit.cli import main, terminal

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kina_audit"
ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]")
COMMAND = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[", re.MULTILINE)
NASTY = "\x1b]0;x\x07\u202e\x9b31m ##[error]x ##vso[task.setvariable]x ##teamcity[x]"


def test_nothing_else_prints() -> None:
    writes = re.compile(r"sys\.std(out|err)\b|(?<![\w.])print\(|\becho\(")
    found = {
        f"{p.relative_to(PACKAGE)}:{n}"
        for p in PACKAGE.rglob("*.py")
        if p.name != "terminal.py"
        for n, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1)
        if writes.search(line) and not line.strip().startswith("print(r")  # an example in a docstring
    }
    assert {f.partition(":")[0] for f in found} == {"cli/__init__.py"}, found
    assert len(found) == 1, "cli/__init__.py flushes stdout before it complains"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("::error::x\n", "\\::error::x\n"),
        ("a\n \t\u00a0::stop-commands::x\n", "a\n \t\u00a0\\::stop-commands::x\n"),
        ("a\r::error::x", "a\\r::error::x"),
        ("a,b\r\n::error::x\r\n", "a,b\r\n\\::error::x\r\n"),
        ("x ##[group]y ##vso[a]b", "x # #[group]y # #vso[a]b"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\u202egnp", "a\\u202egnp"),
        ("see https://me:secret@host/x and a@b.c", "see https://***@host/x and a@b.c"),
        ("a::b ::c", "a::b ::c"),
        ("\u2028::error::x", "\\u2028::error::x"),
    ],
)
def test_what_acts_is_made_visible(text: str, safe: str) -> None:
    assert terminal.harmless(text) == safe


def test_our_own_commands_and_colours_are_left(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    terminal.print_out("::error title=x::##[error]\n", commands=True)
    terminal.print_out("\x1b[31mFAIL\x1b[0m \x1b[8mhidden\x1b]0;x\n", color=True)
    out = capfdbinary.readouterr().out.decode()
    assert out == "::error title=x::# #[error]\n\x1b[31mFAIL\x1b[0m \\x1b[8mhidden\\x1b]0;x\n"


def test_a_line_on_stderr_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("x" * 5_000 + "\n" + "y" * 3_000)
    assert max(map(len, capsys.readouterr().err.splitlines())) < 2_100


def run(*words: str, folder: Path, stdout: object = subprocess.PIPE) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "kina_audit", *words], cwd=folder, stdout=stdout, stderr=subprocess.STDOUT, check=False,
        env=os.environ | {"KINA_AUDIT_CACHE": str(folder / "cache"), "PYTHONPATH": str(PACKAGE.parent)},
    )  # fmt: skip
    return done.returncode, (done.stdout or b"").decode()


def test_explain_shows_a_trees_texts_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "arch/x86").mkdir(parents=True)
    (tmp_path / "arch/x86/Kconfig").touch()
    (tmp_path / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n")
    (tmp_path / "Kconfig").write_text(
        f'source "arch/$(SRCARCH)/Kconfig"\nconfig A\n\tbool "{NASTY}"\n\tdepends on S = "{NASTY}"\n'
        f'config S\n\tstring "s"\n\tdefault "{NASTY}"\n'
    )
    for symbol in "AS":
        for format_ in ("text", "json"):
            assert main(["explain", symbol, "-t", str(tmp_path), "--arch", "x86_64", "-q", "-f", format_]) == 0
            out = capsys.readouterr().out
            assert not ACTS.search(out), repr(out)
            assert not COMMAND.search(out), repr(out)
            if format_ == "json":
                json.loads(out)


@pytest.mark.parametrize("command", ["check", "matrix", "diff", "profiles", "claims"])
def test_no_line_of_stdout_is_a_command(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch,
                                        capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """A table wraps words wherever a line ends, so that any word of an input may begin one."""
    monkeypatch.chdir(tmp_path)
    words = " ".join(["::error::x", "::stop-commands::y", NASTY] * 8)
    said = json.dumps(words)
    Path("d").mkdir()
    Path("d/p.toml").write_text(
        f'schema = 1\nid = "p"\ntitle = {json.dumps(words[:90])}\ndescription = {said}\n[[requirement]]\nid = "r"\n'
        f'expr = "WIREGUARD"\nlevel = "required"\nwhy = {said}\nfix = {said}\nsource = "x"\n'
    )
    name = "::error::x"
    Path(name).write_text(f'CONFIG_NET=y\n# CONFIG_WIREGUARD is not set\nCONFIG_X="{NASTY}"\n')
    Path("w.toml").write_text(f'[[waiver]]\nrequirement = "p/*"\nreason = {said}\nexpires = 2999-01-01\n')
    Path("c").write_text(f'CONFIG_VXLAN=y\nCONFIG_X="{NASTY}"\n')
    asked = {
        "check": ["check", name, "-p", "d/p.toml", "--waivers", "w.toml"],
        "matrix": ["matrix", name, "-p", "d/p.toml"],
        "diff": ["diff", name, name, "-p", "d/p.toml"],
        "profiles": ["profiles", "show", "p", "--profile-dir", "d"],
        "claims": ["claims", "c", name],
    }[command]
    main(asked)
    out, err = capsys.readouterr()
    for text in (out, err):
        assert not ACTS.search(text), repr(text)
        assert not COMMAND.search(text), repr(text)
    assert "error::x" in out or command == "claims", err


def test_extract_is_exact_into_a_file_and_harmless_elsewhere(tmp_path: Path) -> None:
    config = b'CONFIG_NET=y\r\nCONFIG_A="\x1b[8m\xff \xe2\x80\xae"\n::error::x\n'
    (tmp_path / "c").write_bytes(config)
    with open(tmp_path / "out", "wb") as file:
        assert run("extract", "c", folder=tmp_path, stdout=file)[0] == 0
    assert (tmp_path / "out").read_bytes() == config
    done = subprocess.run(
        [sys.executable, "-m", "kina_audit", "extract", "c"], cwd=tmp_path, capture_output=True, check=True,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
    )  # fmt: skip
    assert done.stdout == b'CONFIG_NET=y\r\nCONFIG_A="\\x1b[8m\xff \\u202e"\n\\::error::x\n'


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--version"], ["check", "--help"], ["kernels"]])
def test_a_full_disk_under_stdout_is_one_error(tmp_path: Path, words: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kina_audit", *words], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False,
            env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr


def in_a_terminal(code: str, **environment: str) -> str:
    """What a program writes to a terminal that is its stderr and stdout."""
    ours, theirs = pty.openpty()
    variables = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "40", "PYTHONPATH": str(ROOT), **environment}
    subprocess.run([sys.executable, "-c", code], stdout=theirs, stderr=theirs, env=variables, timeout=60, check=True)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    return seen.decode()


TALK = """
from kina_audit.cli import terminal as t
t.progress('reading a: 1 of 9 MiB')
t.progress('reading ' + 'x' * 90 + '\\n\\x1b[31m')
t.say('a note')
t.progress('more')
t.print_out('the answer\\n')
t.progress('last')
"""


def test_progress_is_one_line_that_the_next_thing_replaces() -> None:
    text = in_a_terminal(TALK)
    assert text.count("\n") == 2  # the note's and the answer's
    gone = "\r\x1b[K"
    assert text.startswith("\rkina-audit: reading a: 1 of 9 MiB\x1b[K\rkina-audit: reading xxx")
    assert (
        f"{gone}kina-audit: a note\r\n\rkina-audit: more\x1b[K{gone}the answer\r\n\rkina-audit: last\x1b[K{gone}"
        in text
    )
    assert max(len(part) for part in text.split("\r")) < 40 + len("\x1b[K")
    assert "\x1b[31m" not in text


def test_no_progress_where_nobody_waits(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.progress("reading")
    assert capsys.readouterr() == ("", "")
    assert "reading" not in in_a_terminal(TALK, TERM="dumb")


def test_why_has_colours_on_a_terminal() -> None:
    """It escaped its own: the terminal showed them as text."""
    words = ["why", "Require support for the eBPF JIT", "recorded:apple"]
    text = in_a_terminal(f"from kina_audit.cli import main; main({words})")
    assert text.startswith("\x1b[31mFAIL   \x1b[0m "), text
    assert "\\x1b" not in text


@pytest.mark.parametrize(
    "words",
    [
        ["why", "Require support for the eBPF JIT"],
        ["check", "recorded:apple"],
        ["check", "recorded:apple", "--by", "profile"],
        ["diff", "recorded:apple", "recorded:kata@3.17.0"],
        ["matrix", "recorded:apple", "-j", "1"],
        ["cilium", "recorded:apple"],
        ["cilium", "recorded:apple", "--all-releases"],
    ],
    ids=" ".join,
)
def test_no_command_escapes_its_own_colours(words: list[str], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    main([*words, "--color", "always"])
    text = capfdbinary.readouterr().out.decode()
    assert "\x1b[" in text
    assert "\\x1b" not in text


def test_a_note_on_a_terminal_ends_its_lines_between_words() -> None:
    note = "apple/containerization at main was not fetched; this is the recorded kernel"
    command = "to check it: kina-audit check apple --offline -F cilium.fragment --toolchain gcc-12"
    text = in_a_terminal(f"from kina_audit.cli.terminal import say; say({note!r}, 'Give --refresh to have it fetched again.'); say({command!r})")  # fmt: skip
    lines = text.replace("\r\n", "\n").splitlines()
    assert lines[-1] == f"kina-audit: {command}", "to be copied"
    assert max(map(len, lines[:-1])) <= 40
    assert " ".join(" ".join(lines[:-1]).split()) == f"kina-audit: {note} Give --refresh to have it fetched again."


def test_a_note_in_a_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("word " * 60)
    assert capsys.readouterr().err.count("\n") == 1


def test_what_a_format_puts_in_itself_comes_out_as_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Markdown on stdout had an escape where the file has what keeps readers from making a mention."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "report.md"
    words = ("check", "apple", "--offline", "-q", "-f", "markdown")
    main(words)
    out = capsysbinary.readouterr().out
    main((*words, "-o", f"markdown={file}"))
    assert "apple@\u20600.38.0" in out.decode()
    assert file.read_bytes() == out
    # Of an input it is seen wherever no format would have put it.
    assert terminal.harmless("a\u2060b@ \u2060c") == "a\\u2060b@ \\u2060c"
