"""Two kernels side by side: Apple's and Kata's history, the meaning of absent, formats, exit status."""

import gzip
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from kina_audit.api import compare_kernels, load_kernel, load_profiles
from kina_audit.base.packaged import data_file
from kina_audit.cli import main
from kina_audit.kernel.changes import Happened, changed_symbols
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.render import RenderOptions
from kina_audit.render.diff import DIFF_FORMATS, render_diff
from kina_audit.report.difference import Difference, difference_document
from kina_audit.sources.options import SourceOptions
from tests.conftest import examples
from tests.sample_report import CONFIG, profile
from tests.test_render_formats import BAD, HOSTILE

pytestmark = pytest.mark.usefixtures("built")

GOLDEN = Path(__file__).parent / "data" / "diff"
SUFFIX = {"text": "txt", "json": "json", "markdown": "md"}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return call


def kernel(text: str, name: str = "config", target: str = "") -> Kernel:
    # The sample has the heading of a generated config, and fewer lines than any.
    whole = Completeness.COMPLETE if text.startswith("#\n# Automatically") else None
    config = parse_config(text, completeness=whole)
    if target:
        from kina_audit.kernel.version import KernelVersion

        config = config.with_target(KernelVersion.parse(target))
    return Kernel(config, Provenance(name, "file", name))


def sample_difference() -> Difference:
    """One of everything: lost, gained, waiting behind them, and every group of other symbols."""
    old = CONFIG.replace("# CONFIG_OFF is not set", "CONFIG_OFF=y") + "CONFIG_A=y\nCONFIG_B=m\nCONFIG_N=7\n"
    old += 'CONFIG_RETPOLINE=y\nCONFIG_GONE=y\n# CONFIG_C is not set\nCONFIG_S="x"\n'
    new = CONFIG.replace("CONFIG_MOD=m", "CONFIG_MOD=y") + "CONFIG_A=m\nCONFIG_B=y\nCONFIG_N=8\n"
    new += 'CONFIG_MITIGATION_RETPOLINE=y\nCONFIG_C=y\nCONFIG_NEW=m\nCONFIG_S="<b>|`x`"\n'
    return compare_kernels(kernel(old, "old.config"), kernel(new, "new.config"), [profile()], cilium=None)


@pytest.mark.parametrize("name", sorted(DIFF_FORMATS))
def test_every_format_is_its_golden_file(name: str) -> None:
    text = render_diff(name, sample_difference())
    path = GOLDEN / f"sample.{SUFFIX[name]}"
    if os.environ.get("KINA_AUDIT_UPDATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_group_is_in_the_sample() -> None:
    found = sample_difference()
    groups = {c.happened for c in (*found.behind, *found.others)}
    assert groups >= {
        Happened.REMOVED, Happened.Y_TO_M, Happened.M_TO_Y, Happened.N_TO_Y, Happened.ADDED, Happened.RENAMED,
        Happened.VALUE,
    }  # fmt: skip


@pytest.mark.slow
def test_json_follows_its_schema() -> None:
    resources = [
        (s["$id"], Resource.from_contents(s))
        for s in (json.loads(data_file(f"schemas/{n}.schema.json").read_text()) for n in ("diff", "report"))
    ]
    schema = json.loads(data_file("schemas/diff.schema.json").read_text())
    validator = Draft202012Validator(schema, registry=Registry().with_resources(resources))
    for found in (
        sample_difference(),
        compare_kernels(load_kernel("recorded:apple@0.24.2"), load_kernel("recorded:apple@0.38.0"), load_profiles()),
    ):
        assert list(validator.iter_errors(difference_document(found))) == []


@settings(max_examples=examples(60))
@given(text=HOSTILE, verbose=st.booleans())
def test_hostile_text_comes_out_escaped(text: str, verbose: bool) -> None:
    value = text.replace("\n", " ").replace("\r", " ").replace('"', "'").replace("\\", "/")[:300]
    value = value.encode("utf-8", "replace").decode()
    old = kernel(CONFIG + 'CONFIG_S="x"\n', text)
    new = kernel(CONFIG + f'CONFIG_S="{value}"\n', text)
    found = compare_kernels(
        old, replace(new, provenance=replace(new.provenance, notes=(text,))), [profile()], cilium=None
    )
    for name in DIFF_FORMATS:
        out = render_diff(name, found, RenderOptions(verbose=verbose))
        assert not BAD.search(out), name
        assert "<script>" not in out or name != "markdown"


def test_absent_and_not_set_are_the_same_value() -> None:
    with_line = kernel(CONFIG + "# CONFIG_WIREGUARD is not set\n")
    without = kernel(CONFIG)
    assert changed_symbols(with_line.config, without.config) == ()
    assert changed_symbols(without.config, with_line.config) == ()


def test_a_symbol_that_only_one_side_is_asked_about_has_its_value_on_both() -> None:
    """The condition changed with the version; what the other side's config says of it is no matter of the condition."""
    row = {"id": "r", "expr": "OLD", "level": "required", "why": "w", "fix": "f", "source": "s"}
    row["variant"] = [{"kernel": ">=6.17", "expr": "OLD && LEGACY"}]
    old = CONFIG.replace("6.18.5", "6.12.1") + "CONFIG_OLD=y\n"
    new = CONFIG + "# CONFIG_OLD is not set\n"
    found = compare_kernels(kernel(old), kernel(new), [profile("p", [row])], cilium=None)
    assert [c.symbols for c in found.comparison.findings] == [(("OLD", "y", "n"),)]
    found = compare_kernels(kernel(old + "CONFIG_LEGACY=y\n"), kernel(new), [profile("p", [row])], cilium=None)
    assert [c.symbols for c in found.comparison.findings] == [(("OLD", "y", "n"), ("LEGACY", "y", "n"))]


def test_an_absent_symbol_of_a_partial_config_is_undecided() -> None:
    part = kernel("CONFIG_VXLAN=y\n")
    assert part.config.completeness == "partial"
    [change] = [c for c in changed_symbols(part.config, kernel(CONFIG).config) if c.name == "OFF"]
    assert change.happened is Happened.UNDECIDED


def test_nothing_differs_from_itself() -> None:
    found = compare_kernels(kernel(CONFIG), kernel(CONFIG), load_profiles())
    assert not found.regressed
    assert found.behind == found.others == ()


APPLE = ("apple-arm64-f2dda5d", "apple-arm64-9d2b579", "apple-arm64-502dab6", "apple-arm64-2f947e7")


# Oldest to newest, back, and one with itself; every other pair takes as long and is left to the marked run.
QUICK = ((APPLE[2], APPLE[3]), (APPLE[3], APPLE[2]), (APPLE[0], APPLE[0]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(old, new, marks=[] if (old, new) in QUICK else pytest.mark.slow)
        for old, new in product(APPLE, repeat=2)
    ],
)
@pytest.mark.slow
def test_of_apples_history_only_the_target_is_a_regression(shared: Path, tmp_path: Path, old: str, new: str) -> None:
    sides = []
    for name in (old, new):
        path = tmp_path / name
        path.write_bytes(gzip.decompress((shared / "kernels" / f"{name}.config.gz").read_bytes()))
        sides.append(path)
    for targets in (("6.12.30", "6.12.30"), ("6.18.5", "6.18.5"), ("6.12.30", "6.18.5"), ("6.18.5", "6.12.30")):
        before, after = (
            load_kernel(str(p), SourceOptions(target_kernel=t)) for p, t in zip(sides, targets, strict=True)
        )
        found = compare_kernels(before, after, load_profiles())
        assert found.regressed is (targets == ("6.12.30", "6.18.5")), (old, new, targets)
        if found.regressed:
            lost = {f"{c.profile}/{c.requirement}" for c in found.comparison.findings if c.direction == "lost"}
            assert lost == {"netfilter/legacy-tables"}


@pytest.mark.parametrize(
    ("old", "new", "lost", "gained"),
    [
        ("kata-3.17.0-arm64", "kata-3.28.0-arm64-on6.12", set(), {"vxlan", "cilium-l7-proxy"}),
        ("kata-3.28.0-arm64-on6.12", "kata-3.32.0-debug-arm64-on6.12", set(), {"cilium-agent", "cilium-hubble"}),
        ("kata-3.32.0-debug-arm64-on6.12", "kata-4.1.0-arm64-on6.12", {"cilium-agent", "cilium-hubble"}, set()),
        ("kata-3.32.0-debug-arm64-on6.12", "kata-3.32.0-arm64-on6.12", {"cilium-agent", "cilium-hubble"}, set()),
    ],
)
def test_katas_history(shared: Path, tmp_path: Path, old: str, new: str, lost: set[str], gained: set[str]) -> None:
    sides = []
    for name in (old, new):
        text = gzip.decompress((shared / "kernels" / f"{name}.config.gz").read_bytes())
        sides.append(kernel(text.decode(), name))
    found = compare_kernels(sides[0], sides[1], load_profiles())
    changes = [*found.comparison.profiles, *found.comparison.capabilities]
    assert lost <= {c.profile for c in changes if c.direction == "lost"}
    assert gained <= {c.profile for c in changes if c.direction == "gained"}
    assert found.regressed is bool(lost)
    symbols = {c.name: (c.before, c.after) for c in (*found.behind, *found.others)}
    if "debug" in old:
        for name in ("BPF_JIT", "DEBUG_INFO_BTF", "IKCONFIG", "BPF_EVENTS"):
            assert symbols[name] == ("y", "n"), name


def test_the_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").write_text(CONFIG + "CONFIG_WIREGUARD=y\nCONFIG_VXLAN=y\nCONFIG_INET=y\n")
    (tmp_path / "new").write_text(CONFIG + "# CONFIG_WIREGUARD is not set\nCONFIG_VXLAN=y\nCONFIG_INET=y\n")
    common = ("-p", "wireguard", "-p", "vxlan")
    assert run("diff", "old", "new", *common)[0] == 0
    assert run("diff", "old", "new", *common, "--fail-on", "regression")[0] == 1
    assert run("diff", "new", "old", *common, "--fail-on", "regression")[0] == 0
    status, out, _ = run("diff", "old", "new", *common, "-f", "json", "-o", "markdown=d.md")
    assert status == 0
    assert json.loads(out)["regressed"] is True
    assert "REGRESSION" in (tmp_path / "d.md").read_text()
    waiver = '[[waiver]]\nrequirement = "wireguard/*"\nreason = "Lab."\nexpires = 2027-01-01\n'
    waiver += '[[waiver]]\nrequirement = "cilium-wireguard/capability"\nreason = "Lab."\nexpires = 2027-01-01\n'
    (tmp_path / "w.toml").write_text(waiver)
    words = ("diff", "old", "new", *common, "--fail-on", "regression", "--waivers", "w.toml")
    assert run(*words, "--today", "2026-11-23")[0] == 0
    assert run(*words, "--today", "2027-01-02")[0] == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("-", "-"), 2, "both kernels"),
        (("nowhere", "old"), 3, "no such file"),
        (("old", "old", "--fail-on", "always"), 2, "--fail-on always"),
        (("old", "old", "-f", "sarif"), 2, "no format 'sarif'"),
        (("old", "old", "-o", "json=old"), 2, "old"),
        (("old", "old", "-p", "nothing"), 2, "nothing"),
    ],
)
def test_bad_input_is_one_clear_error(run: Run, tmp_path: Path, words: tuple[str, ...], status: int, said: str) -> None:
    (tmp_path / "old").write_text(CONFIG)
    found, out, err = run("diff", *words)
    assert (found, out) == (status, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_an_expired_waiver_says_so(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINA_AUDIT_BUILT")  # refused beside a version that the kernel is not of
    row = '[[waiver]]\nrequirement = "netfilter/legacy-tables"\nreason = "r."\nexpires = 2026-11-23\n'
    other = '[[waiver]]\nrequirement = "vxlan/*"\nreason = "r."\nexpires = 2026-01-01\n'
    (tmp_path / "w.toml").write_text(row + other, encoding="utf-8")
    words = (
        "diff",
        "recorded:apple",
        "recorded:apple",
        "--old-target",
        "6.12.30",
        "--new-target",
        "6.18.5",
        "--waivers",
        "w.toml",
        "-p",
        "netfilter",
        "-f",
        "json",
    )
    notes = {day: json.loads(run(*words, "--today", day)[1])["notes"] for day in ("2026-11-23", "2026-11-24")}
    assert not [n for n in notes["2026-11-23"] if "expired" in n]
    found = [n for n in notes["2026-11-24"] if "expired" in n]
    assert found == ["w.toml: waiver 1 (netfilter/legacy-tables) expired on 2026-11-23; what it covered counts again"]


def test_sides_are_resolved_with_their_trees(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Path(__file__).resolve().parents[1] / "fixtures/kconfig/base"
    monkeypatch.setenv("KINA_AUDIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "config").write_text("CONFIG_X86=y\nCONFIG_NET=y\nCONFIG_JIT=y\n# CONFIG_MODULES is not set\n")
    (tmp_path / "with").write_text("CONFIG_X86=y\nCONFIG_NET=y\nCONFIG_JIT=y\nCONFIG_MODULES=y\n")
    jit = str(Path(__file__).resolve().parents[1] / "fixtures/kconfig/jit.toml")
    words = ("diff", "with", "config", "-p", jit, "--arch", "x86_64", "-t", str(tree), "-q", "-f", "json")
    status, out, err = run(*words)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["regressed"] is True
    changed = {s["name"]: (s["before"], s["after"]) for s in document["symbols_behind"]}
    assert changed["JIT"] == ("y", "n")


def test_two_architectures_are_refused_unless_one_insists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, arch in (("a", "x86"), ("b", "arm64")):
        head = f"# Linux/{arch} 6.12.0 Kernel Configuration\nCONFIG_{'X86_64' if arch == 'x86' else 'ARM64'}=y\n"
        (tmp_path / name).write_text(head + "CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_VXLAN=y\n", encoding="utf-8")
    x86, arm = str(tmp_path / "a"), str(tmp_path / "b")
    words = ("-p", "vxlan", "--cilium", "none", "--fail-on", "regression")
    for pair in ((x86, arm), (arm, x86)):
        assert main(["diff", *pair, *words]) == 2
        out, err = capsys.readouterr()
        assert (out, "--allow-other-arch" in err) == ("", True)
    assert main(["diff", x86, arm, *words, "--allow-other-arch"]) == 0
    assert "and NEW is arm64" in " ".join(capsys.readouterr().out.split())
    assert main(["diff", x86, x86, *words]) == 0


def test_every_schema_that_is_printed_can_be_used_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from kina_audit.cli.schema import SCHEMAS

    for name in SCHEMAS:
        assert main(["schema", name]) == 0
        schema = json.loads(capsys.readouterr().out)
        Draft202012Validator.check_schema(schema)
        references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(schema))
        assert all(r.startswith("#/$defs/") and r.removeprefix("#/$defs/") in schema["$defs"] for r in references), name
    (tmp_path / "a").write_text("CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_VXLAN=y\n", encoding="utf-8")
    (tmp_path / "b").write_text("CONFIG_NET=y\nCONFIG_INET=y\n# CONFIG_VXLAN is not set\n", encoding="utf-8")
    main(["diff", str(tmp_path / "a"), str(tmp_path / "b"), "-p", "vxlan", "--cilium", "none", "-f", "json"])
    document = json.loads(capsys.readouterr().out)
    main(["schema", "diff"])
    alone = Draft202012Validator(json.loads(capsys.readouterr().out))
    assert list(alone.iter_errors(document)) == []
    document["comparison"]["findings"][0]["direction"] = "sideways"
    assert [e.message for e in alone.iter_errors(document)] != [], "and it does look inside"
