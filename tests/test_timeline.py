"""A config over time: Apple's recorded versions, and any git history, read without running anything of it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from kina_audit.base.packaged import data_file
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.sources.git.history import revisions
from kina_audit.sources.options import SourceOptions
from tests.test_cli import Run, run  # noqa: F401
from tests.test_render_html import Page

HEAD = "# Linux/arm64 6.1.68 Kernel Configuration\nCONFIG_DUMMY=y\n" + "".join(
    f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40)
)
FIRST = HEAD + "CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NETDEVICES=y\nCONFIG_NET_CORE=y\nCONFIG_VXLAN=y\n"
SECOND = FIRST.replace("CONFIG_VXLAN=y", "# CONFIG_VXLAN is not set")


def git(folder: Path, *words: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always",
               "-C", str(folder), *words]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three versions of a config, one of them a change of the Makefile alone, and one commit about something else."""
    folder = tmp_path / "repo"
    (folder / "kernel").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for message, config, version in (
        ("First <b>config</b>", FIRST, "6.1.80"),
        ("Drop VXLAN", SECOND, "6.1.80"),
        ("Only a comment in the Makefile", SECOND, "6.1.80 # x"),
        ("Bump the kernel", SECOND, "6.12.5"),
    ):
        (folder / "kernel/config-arm64").write_text(config, encoding="utf-8")
        text = f"KSOURCE=https://x.example/linux-{version.partition(' ')[0]}.tar.xz\n# {version}\n"
        (folder / "kernel/Makefile").write_text(text, encoding="utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", message)
    (folder / "README").write_text("x", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Something else")
    return folder


@pytest.mark.slow
def test_the_history_is_what_changed_the_config_or_the_kernel(repository: Path) -> None:
    found = list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))
    assert [r.subject for r in found] == ["First <b>config</b>", "Drop VXLAN", "Bump the kernel"]
    assert [str(r.kernel.config.target) for r in found] == ["6.1.80", "6.1.80", "6.12.5"]
    assert all(re.fullmatch(r"[0-9a-f]{40}", r.commit) for r in found)


@pytest.mark.slow
def test_nothing_of_the_repository_runs(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n", encoding="utf-8")
    script.chmod(0o755)
    with open(repository / ".git/config", "a", encoding="utf-8") as file:
        file.write(
            f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n\thooksPath = {tmp_path}\n"
            f'[diff]\n\texternal = {script}\n[filter "x"]\n\tsmudge = {script}\n[diff "x"]\n\ttextconv = {script}\n'
            f"[alias]\n\tlog = !{script}\n\tcat-file = !{script}\n[gpg]\n\tprogram = {script}\n[log]\n\tshowSignature = true\n"
        )
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/attributes").write_text("* filter=x diff=x\n", encoding="utf-8")
    assert len(list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))) == 3
    assert not trap.exists()
    # A partial clone that would fetch what it misses, by a command.
    with open(repository / ".git/config", "a", encoding="utf-8") as file:
        file.write(
            f"[core]\n\trepositoryformatversion = 1\n\tsshCommand = {script}\n[extensions]\n\tpartialClone = origin\n"
            f'[remote "origin"]\n\turl = "ext::{script}"\n\tpromisor = true\n\tpartialclonefilter = blob:none\n'
            '[protocol "ext"]\n\tallow = always\n[protocol]\n\tallow = always\n'
        )
    second = git(repository, "rev-parse", "HEAD~3:kernel/config-arm64")
    (repository / ".git/objects" / second[:2] / second[2:]).unlink()
    notes: list[str] = []
    found = list(revisions(repository, "kernel/config-arm64", SourceOptions(), notes))
    assert [r.subject for r in found] == ["First <b>config</b>"]
    assert len(notes) == 3
    assert all("bad file" in note for note in notes)
    assert not trap.exists()


@pytest.mark.slow
def test_whose_repository_it_is_and_where_one_stands_in_it_does_not_matter(repository: Path, tmp_path: Path) -> None:
    subjects = ["First <b>config</b>", "Drop VXLAN", "Bump the kernel"]
    found = list(revisions(repository / "kernel", "config-arm64", SourceOptions(), []))
    assert [(r.subject, str(r.kernel.config.target)) for r in found][2] == ("Bump the kernel", "6.12.5")
    assert [r.subject for r in found] == subjects
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    found = list(revisions(tmp_path / "bare.git", "./kernel/config-arm64", SourceOptions(), []))
    assert [r.subject for r in found] == subjects
    if os.getuid() == 0:
        for path in (repository, *repository.rglob("*")):
            os.chown(path, 65534, 65534)
        assert len(list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))) == 3


@pytest.mark.slow
def test_gits_bisection_finds_the_commit_inside_a_merge(repository: Path, tmp_path: Path) -> None:
    """As docs/fleet.md has it, in place of a timeline over all parents."""
    config = repository / "kernel/config-arm64"
    git(repository, "checkout", "-q", "-b", "side")
    for subject, text in (
        ("Nothing to see", SECOND + "CONFIG_VETH=y\n"),
        ("Not a config at all", "junk\n"),
        ("Lose dummy devices", SECOND.replace("CONFIG_DUMMY=y", "# CONFIG_DUMMY is not set") + "CONFIG_VETH=y\n"),
        ("Again nothing", SECOND.replace("CONFIG_DUMMY=y", "# CONFIG_DUMMY is not set") + "CONFIG_VETH=m\n"),
    ):
        config.write_text(text, encoding="utf-8")
        git(repository, "commit", "-qam", subject)
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge", "side")
    page = Path(__file__).parents[1].joinpath("docs/fleet.md").read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "git bisect" in b)
    tool = f"{sys.executable} -m kina_audit"
    words = block.replace("MERGE", "HEAD").replace("/tmp/", f"{tmp_path}/").replace("kina-audit", tool)
    script = words.replace(f"{tool} baseline", f"{tool} baseline -p cni-dummy --cilium none")
    done = subprocess.run(["sh", "-ec", script], cwd=repository, capture_output=True, text=True, check=False)
    # A commit that cannot be judged stands before the first bad one, so git names both.
    said = done.stdout + done.stderr
    subjects = {
        git(repository, "show", "-s", "--format=%s", c) for c in re.findall(r"^[0-9a-f]{40}$", said, re.MULTILINE)
    }
    first = re.search(r"^([0-9a-f]{40}) is the first bad commit", said, re.MULTILINE)
    if first:
        subjects.add(git(repository, "show", "-s", "--format=%s", first[1]))
    assert subjects == {"Not a config at all", "Lose dummy devices"}, said


@pytest.mark.slow
def test_histories_of_every_shape(repository: Path, tmp_path: Path) -> None:
    def subjects(folder: Path, path: str = "kernel/config-arm64") -> tuple[list[str], list[str]]:
        notes: list[str] = []
        return [r.subject for r in revisions(folder, path, SourceOptions(), notes)], notes

    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), "shallow")
    found, [note] = subjects(tmp_path / "shallow")
    assert found == ["Something else"]
    assert "shallow clone" in note
    # A commit that holds something else is left out and named; the others stay.
    config = repository / "kernel/config-arm64"
    config.write_text("junk\n", encoding="utf-8")
    git(repository, "commit", "-qam", "Break it")
    config.write_text(FIRST, encoding="utf-8")
    git(repository, "commit", "-qam", "Mend it")
    found, [note] = subjects(repository)
    assert found == ["First <b>config</b>", "Drop VXLAN", "Bump the kernel", "Mend it"]
    assert "does not look like a kernel config" in note
    # A side that a merge threw away never was a version.
    git(repository, "checkout", "-q", "-b", "side", "HEAD~1")
    config.write_text(SECOND + "CONFIG_VETH=y\n", encoding="utf-8")
    git(repository, "commit", "-qam", "On the side")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "-s", "ours", "-m", "Merge", "side")
    git(repository, "merge", "-q", "side")
    found, _ = subjects(repository)
    assert found[:3] == ["First <b>config</b>", "Drop VXLAN", "Bump the kernel"]
    assert found[-1] == "Mend it"
    # A renamed config's history goes on beyond its name; the old name's ends with where it went.
    git(repository, "mv", "kernel/config-arm64", "kernel/config-new")
    git(repository, "commit", "-qam", "Rename")
    whole = list(revisions(repository, "kernel/config-new", SourceOptions(), []))
    assert [r.subject for r in whole] == ["First <b>config</b>", "Drop VXLAN", "Bump the kernel", "Mend it", "Rename"]
    assert whole[-1].event == "renamed from kernel/config-arm64"
    below = list(revisions(repository / "kernel", "config-new", SourceOptions(), []))
    assert [r.subject for r in below] == [r.subject for r in whole]
    old = list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))
    assert (old[-1].subject, old[-1].event, old[-1].kernel) == ("Rename", "renamed to kernel/config-new", None)
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(SourceNotFoundError, match="git says: fatal"):
        subjects(tmp_path / "empty")


@pytest.mark.slow
def test_a_file_that_is_no_config_is_not_read_whole(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kina_audit.sources.git.command.GIT_BYTES", 500)
    with pytest.raises(SourceError, match="more than"):
        list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))
    monkeypatch.undo()
    monkeypatch.setattr("kina_audit.sources.git.history.GIT_REVISIONS", 2)
    notes: list[str] = []
    assert len(list(revisions(repository, "kernel/config-arm64", SourceOptions(), notes))) == 2
    assert "newest 2 commits" in notes[0]


@pytest.mark.slow
def test_a_git_that_hangs_is_stopped(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("#!/bin/sh\nexec /bin/sleep 60\n", encoding="utf-8")
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("kina_audit.sources.git.command.GIT_SECONDS", 0.3)
    with pytest.raises(SourceError, match="did not answer"):
        list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(SourceError, match="cannot be run"):
        list(revisions(repository, "kernel/config-arm64", SourceOptions(), []))


@pytest.mark.slow
@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ":(glob)*", "nothing", "", ".", "a\x00b", "kernel"])
def test_a_path_that_is_none_is_an_error(repository: Path, path: str) -> None:
    with pytest.raises(SourceNotFoundError):
        list(revisions(repository, path, SourceOptions(), []))


def test_a_folder_that_is_no_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="git says"):
        list(revisions(tmp_path, "config", SourceOptions(), []))


@pytest.mark.slow
def test_every_format_of_a_git_history(run: Run, repository: Path, tmp_path: Path) -> None:  # noqa: F811
    outputs = [word for f in ("json", "svg", "html") for word in ("-o", f"{f}={tmp_path / f}")]
    status, out, _ = run("timeline", "--git", str(repository), "-p", "vxlan", "--cilium", "1.18", *outputs)
    assert status == 0
    assert re.search(r"lost +vxlan/vxlan-device \(required\): pass to fail", out)
    assert "First <b>config</b>" in out
    schema = json.loads(data_file("schemas/timeline.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    document = json.loads((tmp_path / "json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    points = document["points"]
    assert [p["statuses"]["vxlan"] for p in points] == ["pass", "fail", "fail"]
    assert [p["changed_symbols"] for p in points][:2] == [None, 1]
    assert {c["name"]: c["direction"] for c in points[1]["changes"]}["vxlan/vxlan-device"] == "lost"
    picture = ET.fromstring((tmp_path / "svg").read_text(encoding="utf-8"))
    cells = [e.get("class") for e in picture.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert len(cells) == 3 * 2
    assert cells[-3:] == ["pass", "fail", "fail"]
    text = (tmp_path / "html").read_text(encoding="utf-8")
    page = Page(text)
    assert "<b>config</b>" not in text
    assert [t for t, _ in page.tags].count("script") == 1


@pytest.mark.slow
def test_apples_history_is_told_of_the_legacy_tables_once(run: Run) -> None:  # noqa: F811
    status, out, _ = run("timeline", "apple", "--offline", "-p", "netfilter", "-f", "json", "--cilium", "none")
    assert status == 0
    points = json.loads(out)["points"]
    changed = [[(c["name"], c["before"], c["after"], c["direction"]) for c in p["changes"]] for p in points]
    assert changed == [[], [("netfilter/legacy-tables", "unknown", "warn", "same")], [], [], []]
    table = run("timeline", "apple", "--offline", "-p", "netfilter", "--cilium", "none")[1]
    assert "told   netfilter/legacy-tables (recommended): unknown to warn" in table
    assert points[1]["kernel"] == "6.18.5"
    assert [p["date"] for p in points] == sorted(p["date"] for p in points)
    assert run("timeline", "apple", "--offline", "--arch", "x86_64", "-p", "vxlan")[0] == 0
    assert run("timeline", "kata", "--offline")[0] == 2


def points(run: Run, repository: Path, *more: str) -> list[dict[str, Any]]:  # noqa: F811
    words = ("timeline", "--git", str(repository), "--path", "kernel/config-arm64", "-p", "vxlan", "--cilium", "none")
    status, out, _ = run(*words, "-f", "json", *more)
    assert status == 0
    found: list[dict[str, Any]] = json.loads(out)["points"]
    return found


def lost(point: dict[str, Any]) -> list[str]:
    return [c["name"] for c in point["changes"] if c["direction"] == "lost"]


@pytest.mark.slow
def test_a_commit_answers_for_what_it_changed_itself(run: Run, tmp_path: Path) -> None:  # noqa: F811
    """A side branch that changed nothing but a clock rate is not blamed for what main did meanwhile."""
    folder = tmp_path / "merges"
    config = folder / "kernel/config-arm64"
    config.parent.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")

    def commit(message: str, text: str) -> None:
        config.write_text(text, encoding="utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", message)

    commit("with VXLAN", FIRST)
    commit("without VXLAN", SECOND)
    git(folder, "checkout", "-q", "-b", "maint", "HEAD~1")
    commit("maint: a clock rate only", FIRST.replace("CONFIG_DUMMY=y\n", ""))
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "-X", "ours", "-m", "merge maint", "maint")
    found = points(run, folder)
    assert [p["subject"] for p in found] == ["with VXLAN", "without VXLAN", "merge maint"]
    assert [bool(lost(p)) for p in found] == [False, True, False]
    assert found[-1]["changed_symbols"] == 1
    assert not [c for p in found for c in p["changes"] if c["direction"] == "gained"]
    # A merge that takes a loss in answers for it.
    git(folder, "checkout", "-q", "-b", "side", "HEAD~1")
    commit("side: VXLAN again", FIRST)
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "-X", "theirs", "-m", "merge side", "side")
    assert [c["direction"] for c in points(run, folder)[-1]["changes"]][:1] == ["gained"]


@pytest.mark.slow
def test_a_deletion_is_a_row(run: Run, repository: Path) -> None:  # noqa: F811
    git(repository, "rm", "-q", "kernel/config-arm64")
    git(repository, "commit", "-qam", "Away with it")
    (repository / "kernel/config-arm64").write_text(FIRST, encoding="utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-qam", "Back again")
    found = points(run, repository, "-o", "svg=t.svg", "-o", "html=t.html", "-o", "table=t.txt")
    assert [(p["subject"], p["event"], p["verdict"]) for p in found][-2:] == [
        ("Away with it", "deleted", None),
        ("Back again", None, "pass"),
    ]
    assert not lost(found[-1])
    schema = json.loads(data_file("schemas/timeline.schema.json").read_text(encoding="utf-8"))
    assert not list(Draft202012Validator(schema["properties"]["points"]).iter_errors(found))
    for name in ("t.svg", "t.html", "t.txt"):
        assert "deleted" in Path(name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_message_of_a_commit_is_a_row(run: Run, repository: Path) -> None:  # noqa: F811
    """Separators of our own, blanks that align, line breaks: a subject is one text behind its label."""
    config = repository / "kernel/config-arm64"
    forged = "x\x1e" + "0" * 40 + "\x1f2020-01-01\x1fforged"
    for number, subject in enumerate(
        (forged, "lost   vxlan/vxlan-device (required): pass to fail", "a\rb\x0b\x0c\x85c")
    ):
        config.write_text(SECOND + f"CONFIG_N{number}=y\n", encoding="utf-8")
        git(repository, "commit", "-qam", subject)
    found = points(run, repository)
    assert len(found) == 6
    assert all(re.fullmatch(r"[0-9a-f]{40}", p["commit"]) for p in found)
    words = ("timeline", "--git", str(repository), "--path", "kernel/config-arm64", "-p", "vxlan", "--cilium", "none")
    lines = run(*words)[1].splitlines()
    assert sum(line.startswith("    lost ") for line in lines) == 1
    assert sum(bool(re.match(r"\d{4}-\d\d-\d\d ", line)) for line in lines) == 6


@pytest.mark.slow
def test_two_revisions_are_compared(
    run: Run,  # noqa: F811
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(repository)
    words = ("diff", "HEAD~4:kernel/config-arm64", "HEAD:kernel/config-arm64", "-p", "vxlan", "--cilium", "none")
    status, out, _ = run(*words, "--fail-on", "regression", "-f", "json")
    assert status == 1
    found = json.loads(out)["comparison"]
    assert "vxlan/vxlan-device" in [c["name"] for c in found["findings"]]
    assert found["after"]["target_version"] == "6.12.5", "the Makefile of that commit says what is built"
    assert found["before"]["commit"] == git(repository, "rev-parse", "HEAD~4")
    # From a folder of it, and as a file of that very name, which comes first.
    monkeypatch.chdir(repository / "kernel")
    assert run("check", "main:./config-arm64", "-p", "vxlan", "--cilium", "none")[0] == 1
    (repository / "kernel/main:config").write_text(FIRST, encoding="utf-8")
    assert run("check", "main:config", "-p", "vxlan", "--cilium", "none")[0] == 0
    for wrong, said in (
        ("nope:kernel/config-arm64", "no commit nope"),
        ("HEAD:no/such", "no no/such in commit"),
        ("HEAD:README", "does not look like a kernel config"),
    ):
        status, _, err = run("check", wrong, "-p", "vxlan")
        assert status in (2, 3)
        assert said in err, wrong
    monkeypatch.chdir(tmp_path)
    status, _, err = run("check", "HEAD:kernel/config-arm64", "-p", "vxlan")
    assert (status, "no commit HEAD of a git repository here" in err) == (3, True)


@pytest.fixture
def taken_back(tmp_path: Path) -> Path:
    """A line is dropped and comes back, twice."""
    folder = tmp_path / "back"
    (folder / "kernel").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for number in range(4):
        (folder / "kernel/config-arm64").write_text(SECOND if number % 2 else FIRST, encoding="utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"commit {number}")
    return folder


def test_configs_that_are_alike_are_audited_once(
    taken_back: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import kina_audit.api
    from kina_audit.cli import main
    from kina_audit.cli import timeline as command

    real, audited = kina_audit.api.audit, []

    def counted(*words: Any, **options: Any) -> Any:
        audited.append(words)
        return real(*words, **options)

    monkeypatch.setattr(kina_audit.api, "audit", counted)
    words = ["timeline", "--git", str(taken_back), "-p", "vxlan", "--cilium", "none", "-f", "json"]
    assert main(words) == 0
    once = json.loads(capsys.readouterr().out)
    assert len(audited) == 2
    monkeypatch.setattr(command, "_KEPT", 0)
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == once
    assert len(audited) == 2 + 4
    assert len({p["commit"] for p in once["points"]}) == 4
    assert [bool(lost(p)) for p in once["points"]] == [False, True, False, True]


def test_a_terminal_sees_how_far_it_is(
    taken_back: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kina_audit.cli import main
    from kina_audit.sources import progress

    monkeypatch.setattr(progress, "_FIRST", -1.0)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    words = ["timeline", "--git", str(taken_back), "-p", "vxlan", "--cilium", "none"]
    assert main(words) == 0
    assert "reading" not in capsys.readouterr().err
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "reading kernel/config-arm64: 3 of 4 commits" in err
    assert "reading" not in out
    assert main([*words, "-q"]) == 0
    assert "reading" not in capsys.readouterr().err
