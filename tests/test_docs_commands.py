"""What the pages tell people to type is understood: each command line of README and docs has options and commands that exist."""

import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from kina_audit.cli import COMMANDS, command_tree, main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def commands(page: Path) -> list[list[str]]:
    """The words behind each `kina-audit` of a page's shell blocks, up to what the shell itself reads."""
    found = []
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = block.replace("\\\n", " ").splitlines()
        if kind == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        for line in lines:
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
            lexer.whitespace_split, lexer.commenters = True, "#"
            words = list(lexer)
            for at, word in enumerate(words):
                starts = (
                    at == 0 or words[at - 1] in ("|", "&&", ";", "sudo", "(") or set(words[at - 1]) <= set("|&;<>()")
                )
                if word.rpartition("/")[2] == "kina-audit" and starts:
                    rest = words[at + 1 :]
                    end = next((n for n, w in enumerate(rest) if set(w) <= set("|&;<>()") and w), len(rest))
                    found.append(rest[:end])
    return found


@cache
def tool() -> click.Group:
    root = command_tree(COMMANDS)
    assert isinstance(root, click.Group)
    return root


def understood(command: click.Command, words: list[str]) -> None:
    """Parse words as the command would, without running it."""
    if isinstance(command, click.Group):
        default = getattr(command, "default", "")
        name = words[0] if words and words[0] in command.commands else default
        if name:
            understood(command.commands[name], words[1:] if words[:1] == [name] else words)
        else:
            assert words in (["--help"], ["--version"], ["-h"]), words
        return
    command.make_context(str(command.name), list(words), resilient_parsing=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_line_is_one(page: Path) -> None:
    for words in commands(page):
        try:
            understood(tool(), words)
        except click.exceptions.Exit:  # --help
            continue
        except click.ClickException as error:
            pytest.fail(f"{page.name}: kina-audit {shlex.join(words)}: {error.format_message()}")


def test_pages_have_command_lines() -> None:
    assert sum(len(commands(page)) for page in PAGES) >= 80
    with pytest.raises(click.ClickException):
        understood(tool(), ["check", "x", "--no-such"])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_action_has_the_inputs_that_pages_give_it(page: Path) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        document = yaml.safe_load(re.sub(r"<(\w+)>", r"\1", block))
        steps = document if isinstance(document, list) else []
        for job in document.get("jobs", {}).values() if isinstance(document, dict) else ():
            steps = [*steps, *job.get("steps", ())]
        for step in steps:
            if "/kina-audit@" in str(step.get("uses", "")):
                assert step["with"].keys() <= ACTION["inputs"].keys(), (page.name, step)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_page_installs_a_name_that_nobody_owns(page: Path) -> None:
    """An index has no such project: whoever takes the name would be installed."""
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?:pip3?|pipx|uv|uvx)(?: \w+)* (?:-\S+ )*[\"']?kina-audit(?! @)", text)
    assert "kina-audit[" not in text


def test_the_fields_that_kina_reads_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs/kina.md").read_text(encoding="utf-8")
    fields = re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE)
    assert len(fields) >= 12
    line = "cilium recorded:kata@3.32.0-debug --cilium 1.18.10 --for kina --min-mode ebpf-veth --offline -q -f json"
    assert main(line.split()) == 0
    document = json.loads(capsys.readouterr().out)
    for field in fields:
        value = document
        for name in field.split("."):
            assert name in value, field
            value = value[name]
    assert document["advice"]["unlock"].keys() == {"mode", "symbols", "because", "untested"}
    assert main(line.replace("3.32.0-debug", "3.28.0").split()) == 1
    advice = json.loads(capsys.readouterr().out)["advice"]
    assert (advice["mode"], advice["helm_values"]) == ("unsupported", {})


def test_the_readme_is_short() -> None:
    """Five minutes: what it answers, set-up, the first screen, next steps."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert list(re.findall(r"^## (.*)$", text, re.MULTILINE)) == [
        "Set-up",
        "The first screen",
        "Next steps",
        "Pages",
    ]
    assert len(text.splitlines()) < 170
    assert "kina-audit probe" in text
    assert 'export PATH="$PWD/.venv/bin:$PATH"' in text
    for page in re.findall(r"\]\(((?:docs/)?[\w./-]+\.md)\)", text):
        assert (ROOT / page).is_file(), page
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", text))
    assert {p.name for p in (ROOT / "docs").glob("*.md")} == linked
