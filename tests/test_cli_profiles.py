"""`kina-audit profiles` and what the folder's settings change."""

import json
from pathlib import Path

import pytest

from kina_audit import cli
from kina_audit.cli import main
from kina_audit.cli.settings import COMMANDS, load_settings
from kina_audit.profiles.load import ProfileLibrary
from tests.test_cli import Run, config, run  # noqa: F401

pytestmark = pytest.mark.usefixtures("built")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def forget() -> None:
    load_settings.cache_clear()


def test_the_pages_of_the_profiles_are_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written again with: kina-audit profiles docs"""
    monkeypatch.chdir(tmp_path)
    assert main(["profiles", "docs", "-o", str(tmp_path / "pages")]) == 0
    written = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "pages").iterdir()}
    shipped = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "docs/profiles").iterdir()}
    assert written == shipped


def test_a_new_profile_is_valid_and_never_overwrites(run: Run, tmp_path: Path) -> None:  # noqa: F811
    assert run("profiles", "new", "my-cni")[0] == 0
    assert run("profiles", "validate", "my-cni.toml")[0] == 0
    text = (tmp_path / "my-cni.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema https://")
    status, _, err = run("profiles", "new", "my-cni")
    assert status == 2
    assert "already there" in err
    assert (tmp_path / "my-cni.toml").read_text(encoding="utf-8") == text
    assert run("profiles", "new", "My CNI")[0] == 2


def test_every_wrong_file_is_named_and_the_right_ones_too(run: Run, tmp_path: Path) -> None:  # noqa: F811
    run("profiles", "new", "good")
    text = (tmp_path / "good.toml").read_text(encoding="utf-8")
    (tmp_path / "typo.toml").write_text(text.replace("BRIDGE &&", "BRIGDE &&"), encoding="utf-8")
    (tmp_path / "key.toml").write_text(text.replace("level =", "levle ="), encoding="utf-8")
    status, out, err = run("profiles", "validate", ".")
    assert status == 2
    assert "good.toml: good, 1 requirement, valid" in out
    assert (
        "typo.toml:10: requirement 'bridge': no kernel this tool knows has the symbol BRIGDE; did you mean BRIDGE"
        in err
    )
    assert "key.toml:13: requirement \"bridge\": unknown key 'levle'; did you mean level?" in err
    assert run("profiles", "validate", "typo.toml", "--allow-unknown")[0] == 0


def test_show_as_table_and_json(run: Run) -> None:  # noqa: F811
    status, out, _ = run("profiles", "show", "cni/flannel-vxlan", "-f", "json")
    assert status == 0
    document = json.loads(out)
    assert document["id"] == "flannel-vxlan"
    whole = ProfileLibrary().get("flannel-vxlan")
    assert [r["id"] for r in document["requirements"]] == [r.id for r in whole.requirements]
    assert {r["defined_in"] for r in document["requirements"]} > {"flannel-vxlan"}
    table = run("profiles", "show", "flannel-vxlan", "-f", "table")[1]
    assert all(r.id in table for r in whole.requirements)
    assert run("profiles", "show", "cni/*")[0] == 2


def test_lint_needs_a_tree(run: Run) -> None:  # noqa: F811
    status, _, err = run("profiles", "lint", "vxlan")
    assert status == 2
    assert "--kernel-tree" in err


def test_lint_against_a_tree(run: Run, tmp_path: Path) -> None:  # noqa: F811
    run("profiles", "new", "mine")
    tree = str(ROOT / "fixtures/kconfig/base")
    status, out, _ = run("profiles", "lint", "./mine.toml", "-t", tree, "--arch", "x86", "-v", "--offline")
    assert status == 1
    assert "error: mine/bridge" in out
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    expr = 'expr = "NET"'
    lines = [expr if line.startswith("expr") else line for line in text.splitlines()]
    lines = ['fix = "Set CONFIG_NET=y."' if line.startswith("fix") else line for line in lines]
    (tmp_path / "mine.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    status, out, _ = run("profiles", "lint", "./mine.toml", "-t", tree, "--arch", "x86", "-v", "--offline")
    assert status == 0, out
    assert "NET: settable in" in out
    assert out.splitlines()[-1].startswith("1 profile, 1 requirement, 1 tree on x86: 0 errors, ")


@pytest.mark.slow
def test_a_folder_of_profiles_by_option_variable_and_settings(
    run: Run,  # noqa: F811
    config: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "more" / "team"
    folder.mkdir(parents=True)
    run("profiles", "new", "my-cni", "-o", str(folder / "my-cni.toml"))
    asked = ("check", str(config), "-p", "team/my-cni", "--cilium", "1.18")
    assert run(*asked)[0] == 2
    assert "my-cni" in run(*asked, "--profile-dir", "more")[1]
    monkeypatch.setenv("KINA_AUDIT_PROFILE_DIR", "more")
    assert "my-cni" in run(*asked)[1]
    monkeypatch.delenv("KINA_AUDIT_PROFILE_DIR")
    (tmp_path / "kina-audit.toml").write_text('profile-dirs = ["more"]\n', encoding="utf-8")
    assert "my-cni" in run(*asked)[1]
    assert "my-cni" in run("profiles", "list")[1]


@pytest.mark.slow
def test_the_command_line_wins_over_the_settings(run: Run, config: Path, tmp_path: Path) -> None:  # noqa: F811
    settings = f'source = "{config}"\nprofiles = ["wireguard"]\ncilium = "1.18"\nfail-on = "never"\nformat = "json"\n'
    (tmp_path / "kina-audit.toml").write_text(settings, encoding="utf-8")
    status, out, _ = run("check")
    document = json.loads(out)
    assert status == 0
    assert [p["id"] for p in document["profiles"]] == ["wireguard"]
    assert document["advice"]["cilium_release"].startswith("1.18")
    status, out, _ = run("check", "-p", "vxlan", "--fail-on", "required")
    document = json.loads(out)
    assert [p["id"] for p in document["profiles"]] == ["vxlan"]
    assert document["fail_on"] == "required"


def test_pyproject_is_read_where_the_file_is_not(run: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "pyproject.toml").write_text('[tool.kina-audit]\ncilium = "1.18"\n', encoding="utf-8")
    _, out, _ = run("settings")
    assert "cilium         1.18  (pyproject.toml [tool.kina-audit])" in out
    load_settings.cache_clear()
    (tmp_path / "kina-audit.toml").write_text('cilium = "1.19"\n', encoding="utf-8")
    _, out, _ = run("settings", "--format", "json")
    rows = {r["key"]: r for r in json.loads(out)["settings"]}
    assert rows["cilium"] == {"key": "cilium", "value": "1.19", "from": "kina-audit.toml"}


def test_settings_of_a_folder_above_are_not_looked_for(
    run: Run,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "kina-audit.toml").write_text('fial-on = "never"\n', encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert run("settings")[0] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('fial-on = "never"\n', "fial-on"),
        ('fail-on = "sometimes"\n', "sometimes"),
        ("profiles = 3\n", "profiles"),
        ("source = \n", "not TOML"),
    ],
)
def test_wrong_settings_are_one_error(run: Run, tmp_path: Path, text: str, words: str) -> None:  # noqa: F811
    (tmp_path / "kina-audit.toml").write_text(text, encoding="utf-8")
    status, out, err = run("check", "recorded:apple")
    assert status == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_waivers_in_the_settings(run: Run, config: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "kina-audit.toml").write_text(
        '[[waiver]]\nrequirement = "wireguard/*"\nreason = "Not here."\nexpires = 2030-01-01\n', encoding="utf-8"
    )
    asked = ("check", str(config), "-p", "wireguard", "--today", "2026-11-24")
    status, out, _ = run(*asked)
    assert status == 0
    assert "Not here." in out
    # Who names a release asks for Cilium, whose agent does not start here; that can be accepted, too.
    assert run(*asked, "--cilium", "1.18")[0] == 1
    with (tmp_path / "kina-audit.toml").open("a", encoding="utf-8") as file:
        file.write('[[waiver]]\nrequirement = "cilium/agent"\nreason = "Flannel."\nexpires = 2030-01-01\n')
    load_settings.cache_clear()
    assert run(*asked, "--cilium", "1.18")[0] == 0


def test_every_command_with_settings_exists() -> None:
    assert set(COMMANDS) <= set(cli.COMMANDS)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("kina-audit.toml", 'cilium = "1.18"\nprofles = []\n', "kina-audit.toml:2: unknown key 'profles'; did you mean profiles?"),
        ("kina-audit.toml", "\ncilium = 1\n", "kina-audit.toml:2: key cilium: 1 is not of type 'string'"),
        ("pyproject.toml", "[project]\n[tool.kina-audit]\nprofles = []\n", "pyproject.toml:3: [tool.kina-audit] unknown key"),
    ],
)  # fmt: skip
def test_an_error_in_the_settings_names_its_line(run: Run, tmp_path: Path, file: str, text: str, words: str) -> None:  # noqa: F811
    (tmp_path / file).write_text(text, encoding="utf-8")
    status, _, err = run("settings")
    assert status == 2
    assert words in err


def test_a_negated_symbol_that_no_kernel_has_is_an_error_of_the_profile(run: Run, tmp_path: Path) -> None:  # noqa: F811
    """Behind a ! a misspelt symbol makes a requirement pass, and nobody looks."""
    row = 'id = "r"\nlevel = "required"\nwhy = "w."\nfix = "f."\nsource = "s"\n'
    head = 'schema = 1\nid = "mine"\ntitle = "t"\ndescription = "d"\n[[requirement]]\n'
    (tmp_path / "c").write_text("CONFIG_NET=y\nCONFIG_INET=y\n# CONFIG_PSI is not set\n", encoding="utf-8")
    for expr, status, said in (
        ("!PSII", 2, "did you mean"),
        ("NET && !(PSI || INET6_XX)", 2, "INET6_XX"),
        ("!PSI", 0, ""),
        ("NET && ! VENDOR_THING", 2, "no kernel this tool knows has the symbol VENDOR_THING"),
        ("VENDOR_THING=n || NET", 0, ""),
        ("NET != n", 0, ""),
    ):
        (tmp_path / "mine.toml").write_text(f'{head}{row}expr = "{expr}"\n', encoding="utf-8")
        found, _, err = run("check", str(tmp_path / "c"), "-p", str(tmp_path / "mine.toml"), "--cilium", "none")
        assert found == status, (expr, err)
        assert said in err


def test_a_renamed_symbol_is_hinted_at(run: Run, tmp_path: Path) -> None:  # noqa: F811
    row = 'id = "r"\nlevel = "required"\nwhy = "w."\nfix = "f."\nsource = "s"\nexpr = "RETPOLINE"\n'
    head = 'schema = 1\nid = "mine"\ntitle = "t"\ndescription = "d"\n[[requirement]]\n'
    (tmp_path / "mine.toml").write_text(head + row, encoding="utf-8")
    text = "# Linux/x86 6.12.0 Kernel Configuration\n" + "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
    (tmp_path / "c").write_text(text + "CONFIG_MITIGATION_RETPOLINE=y\n", encoding="utf-8")
    _, out, _ = run("check", str(tmp_path / "c"), "-p", str(tmp_path / "mine.toml"), "--cilium", "none")
    assert "CONFIG_RETPOLINE is called CONFIG_MITIGATION_RETPOLINE since Linux 6.9, and that is y" in " ".join(
        out.split()
    )
