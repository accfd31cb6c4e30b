"""The first screen of `check`: 24 lines at 80 columns that say whether Cilium runs, how, what to change and what to type.

KINA_AUDIT_UPDATE=1 rewrites the golden files; read the difference as somebody who sees the tool for the first time.
"""

import gzip
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from importlib import import_module
from pathlib import Path

import click
import pytest

from kina_audit.api import advise_every_release, audit, load_kernel, load_profiles
from kina_audit.cilium.model import LADDER
from kina_audit.cli import main
from kina_audit.kconfig.possible_tools import POSSIBLE_TOOLS
from kina_audit.kernel.provenance import Observed
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import RenderOptions, render
from kina_audit.render.commands import FRAGMENT, NOTE, next_commands
from kina_audit.render.sentences import stand
from kina_audit.report.causes import causes
from kina_audit.report.model import Report
from kina_audit.sources.options import SourceOptions
from tests.conftest import SHARED

GOLDEN = Path(__file__).parent / "golden" / "first_screen"
LIBRARY = ProfileLibrary()
DEBIAN = "corpus/debian/debian-{}-config.amd64_none_cloud-amd64.config.gz"
NFT_ONLY = "cases/talos-13935-ip6tables-nft.config.gz"
CASES: dict[str, tuple[str, str, tuple[tuple[str, ...], ...]]] = {
    "apple": ("recorded:apple@0.38.0", "", (("--offline",),)),
    "kata-3.17.0": ("recorded:kata@3.17.0", "1.18", (("--cilium", "1.18"),)),
    "kata-3.17.0-1.20": ("recorded:kata@3.17.0", "1.20", (("--cilium", "1.20"),)),
    "uml": ("corpus/debian/debian-uml-6.1.config.gz", "", ()),
    "kata-debug": ("recorded:kata@3.32.0-debug", "", ()),
    "debian-6.12-1.18": (DEBIAN.format("6.12"), "1.18", (("--cilium", "1.18"),)),
    "debian-6.12-1.20.2": (DEBIAN.format("6.12"), "1.20.2", (("--cilium", "1.20.2"),)),
    "debian-7.2-1.18": (DEBIAN.format("7.2"), "1.18", (("--cilium", "1.18"),)),
    "debian-7.2-1.20.2": (DEBIAN.format("7.2"), "1.20.2", (("--cilium", "1.20.2"),)),
    "wsl2-like-5.15": ("corpus/linuxkit/kernel__5.15.x__config-x86_64.config.gz", "", ()),
    "fragment": ("cases/matchlock-93-fragment.config.gz", "", ()),
    "nft-only": (NFT_ONLY, "", ()),
    "riscv64": ("corpus/linuxkit/kernel__6.12.x__config-riscv64.config.gz", "", ()),
    "armv7": ("corpus/archlinuxarm/core__linux-armv7__config.config.gz", "", ()),
    "running": (DEBIAN.format("6.12"), "", ()),
    "no-version": (DEBIAN.format("6.1"), "", ()),
}


def report_of(case: str, folder: Path) -> Report:
    """The audit of a case, its kernel called as a user would call it."""
    source, release, options = CASES[case]
    if source.startswith("recorded:"):
        kernel = load_kernel(source, SourceOptions(offline=True))
        name = "apple" if case == "apple" else source
        kernel = replace(kernel, provenance=replace(kernel.provenance, source=name))
    else:
        path = SHARED / source
        if not path.is_file():
            pytest.skip(f"../shared/{source} is not here")
        text = gzip.decompress(path.read_bytes()).decode()
        if case == "no-version":
            text = re.sub(r"^# Linux/.* Kernel Configuration$", "#", text, flags=re.MULTILINE)
        if case == "wsl2-like-5.15":  # what WSL2's 5.15.90 had off
            text = re.sub(r"^CONFIG_NETFILTER_XT_TARGET_(CT|TPROXY)=.*$", r"# CONFIG_NETFILTER_XT_TARGET_\1 is not set", text,
                          flags=re.MULTILINE)  # fmt: skip
        (folder / f"{case}.config").write_text(text, encoding="utf-8")
        kernel = load_kernel(str(folder / f"{case}.config"), SourceOptions(offline=True))
        named = replace(kernel.provenance, source=f"{case}.config", location=f"{case}.config")
        if case == "running":
            seen = Observed(str(kernel.config.header.version), "x86_64", btf=True)
            named = replace(named, source="running", kind="running", location="/proc/config.gz", observed=seen)
        kernel = replace(kernel, provenance=named)
    return replace(audit(kernel, load_profiles(library=LIBRARY), cilium=release, library=LIBRARY), options=options)


def first_screen(text: str) -> str:
    """What stands before the first finding or warning."""
    return re.split(r"\n\n(?=FAIL|UNKNOWN|WARN|Warning|kina-audit \d)", text, maxsplit=1)[0] + "\n"


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Report]:
    name = str(request.param)
    return name, report_of(name, tmp_path_factory.mktemp("case"))


def test_the_first_screen_is_its_golden_file(case: tuple[str, Report]) -> None:
    name, report = case
    text = first_screen(render("table", report))
    lines = text.splitlines()
    assert len(lines) <= 23, text  # and the prompt
    assert all(len(line) <= 80 for line in lines), text
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("KINA_AUDIT_UPDATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def commands(lines: Iterable[str]) -> list[list[str]]:
    """What a shell reads of them, notes and the guard before Helm aside."""
    joined = "\n".join(line.strip() for line in lines).replace(" \\\n", " ")
    assert not re.search(r"^\s*#", joined, re.MULTILINE), "an interactive zsh knows no comments"
    steps = [step for line in joined.split("\n") if not line.startswith(NOTE) for step in line.split(" && ")]
    return [shlex.split(step.partition(" < ")[0]) for step in steps if not step.startswith("! ")]


def test_values_with_a_placeholder_are_not_installed_unread(case: tuple[str, Report]) -> None:
    """Without kube-proxy the values name the API server, and only the user knows it: pasted as it was, REPLACE was installed."""
    text, advice = first_screen(render("table", case[1])), case[1].advice
    values = str(advice.helm_values) if advice is not None else ""
    if "helm upgrade" in text and (not values or "REPLACE" in values):
        assert "REPLACE" in text.partition("helm upgrade")[0], text


def test_it_answers_the_four_questions_in_their_order(case: tuple[str, Report]) -> None:
    _, report = case
    advice = report.advice
    assert advice is not None
    text = first_screen(render("table", report))
    kernel, verdict, cilium, features, then = (
        text.index(part)
        for part in (
            str(report.kernel.config.arch or "unknown"),
            "\nverdict: ",
            "\nCilium ",
            "\nfeatures: ",
            "\nnext:\n",
        )
    )
    assert kernel < verdict < cilium < features < then
    said = " ".join(text.split())
    assert f"Cilium {advice.release}: {advice.reaches}" in said
    assert (", does not start: " in said) == (advice.mode == "unsupported" and advice.agent == "fatal")
    assert all(rung.mode in LADDER and f"for {rung.mode}" in said for rung in advice.ladder)
    assert "# CONFIG_" not in said.partition("next:")[0]
    names = [re.search(r"CONFIG_(\w+)", symbol)[1] for rung in advice.ladder for symbol in rung.symbols]  # type: ignore[index]
    assert all(f"{name}=" in said for name in names)
    found = commands(text[then:].splitlines()[2:])
    assert found
    assert all(words[:2] in (["kina-audit", w] for w in ("fix", "check", "cilium")) or words[0] in ("helm", "cilium", "kubectl")
               for words in found)  # fmt: skip
    for words in found:
        kept = [w for group in report.options for w in group] if words[:2] == ["kina-audit", "fix"] else []
        assert all(w in words for w in kept)


def test_the_commands_are_understood_by_the_tool(case: tuple[str, Report]) -> None:
    app = click.Group()
    for name in ("check", "cilium", "fix"):
        import_module(f"kina_audit.cli.{name}").register(app)
    known = dict(app.commands)
    known["cilium"] = known["cilium"].commands["advise"]  # type: ignore[attr-defined]
    _, report = case
    text = first_screen(render("table", report))
    for words in commands(text.partition("\nnext:\n")[2].splitlines()):
        if words[0] == "kina-audit":
            known[words[1]].make_context(words[1], words[2:])  # an unknown option is an error


def test_markdown_and_html_say_the_same(case: tuple[str, Report]) -> None:
    _, report = case
    table = first_screen(render("table", report, RenderOptions(width=1000)))
    then = [line.strip() for line in table.partition("\nnext:\n")[2].splitlines()]
    markdown, html = render("markdown", report), render("html", report)
    for line in then:
        assert line in markdown
        assert line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in html
    assert ": -v" not in markdown + html, "there is no -v in a page"
    for note in report.kernel.provenance.notes:
        assert note in unescape(html)
    said = [f"verdict: {report.verdict}", "What keeps it from passing"] if report.deciding else []
    for text in (markdown.replace("\\", ""), unescape(html)):
        places = [text.index(part) for part in (said[:1] + [line.strip() for line in then[:1]] + said[1:])]
        assert places == sorted(places)
    for cause in causes(report):
        if cause.decides and cause.symbols:
            assert stand(cause.symbols) in markdown.replace("\\", "")
            assert stand(cause.symbols) in unescape(html)
    for rung in [line.strip() for line in table.splitlines() if line.startswith("  for ")]:
        assert rung in html
        assert rung in markdown.replace("\\", "")


def recorded() -> list[str]:
    from kina_audit.sources.recorded import entries

    return [name for name, _, _ in entries()]


@pytest.mark.parametrize("release", ["", "1.17"])
def test_every_recorded_kernel_fits_on_the_screen(release: str) -> None:
    """Kata 3.17.0 with Cilium 1.20 had 25 lines, and the commands were below the edge."""
    profiles = load_profiles(library=LIBRARY)
    for name in recorded():
        kernel = load_kernel(f"recorded:{name}", SourceOptions(offline=True))
        report = audit(kernel, profiles, cilium=release, library=LIBRARY)
        options = (("--cilium", release),) if release else ()
        lines = first_screen(render("table", replace(report, options=options))).splitlines()
        assert len(lines) <= 23, "\n".join(lines)
        assert max(map(len, lines)) <= 80, "\n".join(lines)


def test_a_kernel_that_lacks_nearly_everything_fits_too(tmp_path: Path) -> None:
    (tmp_path / "tiny.config").write_text("CONFIG_NET=y\nCONFIG_INET=y\n")
    options = SourceOptions(offline=True, target_kernel="6.12.30", stated_arch="arm64")
    report = audit(load_kernel(str(tmp_path / "tiny.config"), options), load_profiles(library=LIBRARY))
    kernel = replace(report.kernel, provenance=replace(report.kernel.provenance, source="tiny.config"))
    report = replace(report, kernel=kernel, options=(("--target-kernel", "6.12.30"), ("--arch", "arm64")))
    text = first_screen(render("table", report))
    assert len(text.splitlines()) <= 23, text
    assert re.search(r"for \S+( \(untested\))?( also)?: \S+=[ym], \S+=[ym] and \d+ more\n", text), text
    rungs = {symbol.removeprefix("CONFIG_") for rung in report.advice.ladder for symbol in rung.symbols}  # type: ignore[union-attr]
    at_length = render("cilium", report)
    assert all(symbol in at_length for symbol in rungs)


def test_what_fails_is_named_by_a_command_whatever_cilium_does(case: tuple[str, Report]) -> None:
    """Where Cilium did not start, the features that fail had no command."""
    _, report = case
    failing = {
        r.profile.id
        for r in report.results
        if any(report.decides(r, f) for f in r.findings) and r.profile.id != "cilium-agent"
    }
    found = commands(first_screen(render("table", report)).partition("\nnext:\n")[2].splitlines())
    named = {word for words in found if words[:2] == ["kina-audit", "fix"] for word in words}
    if report.kernel.config.target is not None:
        assert failing <= named
    if report.kernel.config.arch == "um":
        assert "--kernel-tree" in named


def test_the_command_for_kata_brings_everything_that_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One fragment for the mode and for the features: pasted, built as it says, audited."""
    monkeypatch.chdir(tmp_path)
    report = report_of("kata-3.17.0-1.20", tmp_path)
    fix = next(w for w in commands(next_commands(report)) if w[:2] == ["kina-audit", "fix"])
    assert main(fix[1:]) == 0
    check = ["check", "recorded:kata@3.17.0", "--cilium", "1.20", "-F", FRAGMENT, "--toolchain", "gcc-12,pahole=1.24"]
    capsys.readouterr()
    assert main(check) == 0
    assert "verdict: pass (features pass, Cilium pass)" in capsys.readouterr().out


def test_what_runs_is_told_as_no_feature(tmp_path: Path) -> None:
    """`features: pass bpf, ..., observed` said nothing to anybody."""
    report = report_of("running", tmp_path)
    said = " ".join(first_screen(render("table", report)).split())
    assert "what runs agrees with this config next:" in said
    other = replace(report.kernel.provenance, observed=Observed("5.4.0", "x86_64", btf=False))
    kernel = replace(report.kernel, provenance=other)
    said = " ".join(first_screen(render("table", audit(kernel, load_profiles(library=LIBRARY)))).split())
    assert "what runs does not agree with this config (observed)" in said


def test_where_the_tools_decide_the_next_command_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["BPF_JIT", "DEBUG_INFO_BTF", "DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT"]
    (tmp_path / "f.fragment").write_text("".join(f"CONFIG_{name}=y\n" for name in lines))
    fragments = (("f.fragment", (tmp_path / "f.fragment").read_text()),)
    kernel = load_kernel("recorded:apple@0.38.0", SourceOptions(offline=True, fragments=fragments))
    report = replace(audit(kernel, load_profiles(library=LIBRARY)), options=(("-F", "f.fragment"),))
    text = first_screen(render("table", report))
    assert "decide CONFIG_DEBUG_INFO_BTF: name yours with --toolchain" in " ".join(text.split())
    [check, *_] = commands(text.partition("\nnext:\n")[2].splitlines())
    assert check[-2:] == ["--toolchain", "gcc-12,pahole=1.24"]
    assert main(check[1:]) == 0


def test_the_commands_keep_every_fragment_and_wish() -> None:
    """The fragment that `fix` writes stood in the user's own one's place."""
    kernel = load_kernel("recorded:apple@0.38.0", SourceOptions(offline=True))
    report = audit(kernel, load_profiles(library=LIBRARY))
    report = replace(report, options=(("-F", "mine.fragment"), ("--want", "ipsec")))
    found = [words for words in commands(next_commands(report)) if words[:2] == ["kina-audit", "cilium"]]
    assert [words.count("-F") for words in found] == [2]
    assert "mine.fragment" in found[0]
    assert "ipsec" in found[0]


def test_apples_report_fits_in_sixty_lines(tmp_path: Path) -> None:
    assert len(render("table", report_of("apple", tmp_path)).splitlines()) <= 60


MODE_FRAGMENT = "".join(
    f"CONFIG_{name}=y\n"
    for name in ("BPF_JIT", "DEBUG_INFO_BTF", "DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT", "FTRACE", "INET_DIAG_DESTROY")
)


@pytest.mark.parametrize("record", ["apple@0.38.0", "apple@0.1.0"])
def test_where_every_toolchain_gives_one_mode_it_is_told(record: str) -> None:
    """Cilium 1.19 ends sockets by BPF with BTF and by netlink without: full-ebpf whatever builds it, and it said unknown."""
    fragments = (("m.fragment", MODE_FRAGMENT),)
    told = 0
    options = [
        SourceOptions(offline=True, fragments=fragments, toolchain=tools)
        for tools in ("", *(name for _, name in POSSIBLE_TOOLS))
    ]
    untold, *named = [advise_every_release(load_kernel(f"recorded:{record}", o), library=LIBRARY) for o in options]
    for number, advice in enumerate(untold):
        modes = {found[number].mode for found in named}
        told += len(modes) == 1
        assert advice.mode == (modes.pop() if len(modes) == 1 else "unknown"), advice.release
    assert 0 < told < len(untold), "both happen"


def test_verdict_and_mode_of_a_merged_fragment_agree() -> None:
    options = SourceOptions(offline=True, fragments=(("m.fragment", MODE_FRAGMENT),))
    report = audit(load_kernel("recorded:apple@0.38.0", options), load_profiles(library=LIBRARY), cilium="1.19.7")
    text = first_screen(render("table", report))
    assert "Cilium pass)" in text
    assert "Cilium 1.19.7: full-ebpf." in text
