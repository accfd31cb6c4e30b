"""Completion: the scripts, read by real shells."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from kina_audit.cli import COMMANDS, command_tree, main
from kina_audit.cli.completion import SHELLS, _levels, _words
from kina_audit.cli.completion_scripts import script
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import FORMATS
from kina_audit.sources.recorded import entries

ROOT = Path(__file__).resolve().parents[1]

# The line up to the cursor, some of what a shell must offer, and something it must not.
OFFERED: list[tuple[str, list[str], str]] = [
    ("kina-audit ", list(COMMANDS), "advise"),
    ("kina-audit che", ["check"], "cilium"),
    ("kina-audit --ver", ["--version"], "--verbose"),
    ("kina-audit check --for", ["--format"], "--offline"),
    ("kina-audit check --format ", list(FORMATS), "text"),
    ("kina-audit check -f sa", ["sarif"], "json"),
    ("kina-audit check -p wiregu", ["wireguard"], "vxlan"),
    ("kina-audit check -p tag:cil", ["tag:cilium"], "cilium-agent"),
    ("kina-audit check runn", ["running"], "apple"),
    ("kina-audit check recorded:kata@3.3", ["recorded:kata@3.32.0-debug"], "recorded:kata@3.17.0"),
    ("kina-audit check -o js", ["json="], "junit="),
    ("kina-audit check -o json=kco", ["json=kconfig/"], "json="),
    ("kina-audit check kco", ["kconfig/"], "images/"),
    ("kina-audit check --color a", ["auto", "always"], "never"),
    ("kina-audit check --fail-on r", ["required", "recommended"], "never"),
    ("kina-audit check -q -f table --cil", ["--cilium"], "--color"),
    ("kina-audit cilium re", ["review", "recorded:kata@3.17.0"], "advise"),
    ("kina-audit cilium --want wire", ["wireguard"], "ipsec"),
    ("kina-audit cilium --min-mode full", ["full-ebpf"], "compat"),
    ("kina-audit cilium review --form", ["--format"], "--fragment"),
    ("kina-audit cilium review -f ", ["text", "json"], "table"),
    ("kina-audit matrix -o ht", ["html="], "json="),
    ("kina-audit diff -f m", ["markdown"], "text"),
    ("kina-audit profiles show vxl", ["vxlan"], "wireguard"),
    ("kina-audit completion ", list(SHELLS), "check"),
    ("kina-audit schema rep", ["report"], "baseline"),
    ("kina-audit check --target-kernel ", [], "check"),
]


@cache
def written(shell: str) -> str:
    return script(shell, list(_levels(command_tree(COMMANDS), "")), _words())


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


def asked(shell: str, lines: list[str], folder: Path) -> list[list[str]]:
    """What a shell offers for each line, in a folder with the scripts' text beside it."""
    path = folder / f"completion.{shell}"
    path.write_text(written(shell), encoding="utf-8")
    if shell == "bash":
        ask = "source {p}\nCOMP_WORDBREAKS=' '\nfor l in {lines}; do COMP_LINE=$l COMP_POINT=${{#l}}; _kina_audit; printf '%s\\n' \"${{COMPREPLY[@]}}\" ---; done"
        command = ["bash", "--norc", "-c"]
    elif shell == "fish":
        ask = "source {p}\nfor l in {lines}; complete -C $l | string replace -r '\\t.*' ''; echo ---; end"
        command = ["fish", "--no-config", "-c"]
    else:
        return [zsh(path, line) for line in lines]
    text = ask.format(p=shlex.quote(str(path)), lines=" ".join(map(shlex.quote, lines)))
    done = subprocess.run(
        [*command, text], cwd=ROOT / "fixtures", capture_output=True, text=True, timeout=120, check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.stderr == ""
    return [block.split("\n")[:-1] for block in done.stdout.split("---\n")[:-1]]


# compadd is what a zsh completion calls; what it is given is written down instead of shown. No terminal is needed so.
ZSH = r"""
compdef() { :; }
compset() { [[ $1 == -P ]] && { IPREFIX=${PREFIX%%'='*}'='; PREFIX=${PREFIX#*'='}; }; }
_files() { local f; for f in $PREFIX*(N); do [[ -d $f ]] && f=$f/; print -r -- "$IPREFIX$f"; done; }
compadd() {
  local -a given_
  while [[ $1 == -* ]]; do case $1 in -a) given_=(${(P)2}); break;; -S|-d) shift 2;; *) shift;; esac; done
  local n; for n in $given_; do [[ $n == $PREFIX* ]] && print -r -- "$IPREFIX$n"; done
  return 0
}
source "$1"
words=(${(z)2}); [[ $2 == *' ' ]] && words+=('')
CURRENT=$#words PREFIX=$words[CURRENT] IPREFIX=
_kina_audit
"""


def zsh(path: Path, line: str) -> list[str]:
    done = subprocess.run(
        ["zsh", "-f", "-c", ZSH, "zsh", str(path), line],
        cwd=ROOT / "fixtures", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.slow
def test_a_shell_offers_what_fits(shell: str, tmp_path: Path) -> None:
    found = asked(shell, [line for line, _, _ in OFFERED], tmp_path)
    for (line, wanted, other), words in zip(OFFERED, found, strict=True):
        assert set(wanted) <= set(words), (line, words)
        assert other not in words, (line, words)


def test_a_value_behind_an_equals_sign(shell: str, tmp_path: Path) -> None:
    [words] = asked(shell, ["kina-audit check --format=sa"], tmp_path)
    assert words == ["--format=sarif"]


def test_bash_gives_back_only_what_is_behind_its_word_breaks(tmp_path: Path) -> None:
    """Readline replaces what is behind the last ':' or '='."""
    path = tmp_path / "completion.bash"
    path.write_text(written("bash"), encoding="utf-8")
    text = f"source {path}; COMP_WORDBREAKS=$' \\t\\n=:'; COMP_LINE='kina-audit check recorded:kata@3.3'; COMP_POINT=${{#COMP_LINE}}; _kina_audit; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "--norc", "-c", text], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "kata@3.32.0-debug"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), [("bash", ["--norc", "--noprofile", "-i"]), ("zsh", ["-f", "-i"])])
def test_tab_in_a_terminal(name: str, options: list[str], tmp_path: Path) -> None:
    """The key itself, in an interactive shell that knows nothing else."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    path = tmp_path / "completion"
    path.write_text(written(name), encoding="utf-8")
    load = "autoload -U compinit && compinit -u -D; " if name == "zsh" else ""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(PS1="> ", TERM="dumb", HOME=str(tmp_path))
        os.execvp(name, [name, *options])
    try:
        seen = _typed(terminal, f"{load}source {path}; echo rea''dy\n", "ready\r\n")
        assert "ready" in seen
        line = _typed(terminal, "kina-audit chec\trecorded:kata@3.3\t", "debug")
        assert "check" in line
        assert "2.0-debug" in line  # a shell may write no more than what is new
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def _typed(terminal: int, text: str, until: str) -> str:
    os.write(terminal, text.encode())
    seen, end = "", time.monotonic() + 30
    while until not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65536).decode(errors="replace")
    return seen


@pytest.mark.parametrize("name", SHELLS)
def test_the_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", name]) == 0
    text = capsys.readouterr().out
    assert text == written(name)
    for word in (*ProfileLibrary().ids(), *FORMATS, *(f"recorded:{n}" for n, _, _ in entries()), *COMMANDS):
        assert word in text


def test_no_other_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == 2
    assert "completion csh: not one of bash, zsh, fish" in capsys.readouterr().err


def test_every_option_is_known_with_what_it_takes() -> None:
    """Options with a value say what it is, so that none is guessed to be a flag."""
    levels = {level.path: level for level in _levels(command_tree(COMMANDS), "")}
    assert {"check", "cilium", "cilium review", "profiles show", "tree add", "claims"} <= levels.keys()
    kinds = {name: o.kind for o in levels["check"].options for name in o.names}
    assert (kinds["--offline"], kinds["--profile"], kinds["--label"]) == ("", "profiles", "anything")
    assert kinds["--color"] == "=auto,always,never"
    words = _words()
    for level in levels.values():
        for kind in (*level.arguments, *(o.kind for o in level.options)):
            assert kind in ("", "anything", "files", *words) or kind.startswith("="), (level.path, kind)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"], ["cilium", "--help"]])
def test_what_only_tells_about_the_tool_imports_no_report(arguments: list[str]) -> None:
    """Nor the engine: help and version are there at once."""
    code = f"import sys; from kina_audit.cli import main; main({arguments}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name for name in done.stderr.split() if name.startswith("kina_audit.")}
    rooms = {name.split(".")[1] for name in loaded}
    assert not rooms & {"report", "engine", "cilium", "profiles", "kconfig", "probe"}, sorted(loaded)
