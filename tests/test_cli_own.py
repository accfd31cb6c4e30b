"""`explain` and `fix` about a kernel that is: what its own file says goes before what the line's model would make of it."""

import json
import os
from pathlib import Path

import pytest

from tests.test_cli_lines import profile, run
from tests.test_kconfig_carry import TOOLS, apple, vendors


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KINA_AUDIT_OFFLINE", "1")
    return tmp_path


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def built(here: Path, shared: Path) -> str:
    """A kernel's own config of 6.1 with a JIT, which vanilla 6.1 lets nobody have without modules, and a vendor's symbol."""
    place = here / "boot/config-6.1.68"
    place.parent.mkdir()
    place.write_text(apple(shared, "CONFIG_BPF_JIT=y\nCONFIG_VENDOR_THING=y\n"))
    return str(place)


def test_explain_tells_the_files_value_and_that_the_line_does_not_explain_it(
    built: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "explain", "BPF_JIT", built)
    assert status == 0
    assert out.startswith("CONFIG_BPF_JIT (bool) = y\n")
    assert "says so; Linux 6.1.187 as released would make it n, which does not overrule it" in flat(out)
    assert "enabled" not in out
    assert "\n  check " not in out
    # What is beyond the line.
    status, out, _ = run(capsys, "explain", "VENDOR_THING", built, "-f", "json")
    assert json.loads(out)["value"] == "y"
    assert "Linux 6.1.187 as released has no such symbol on arm64" in json.loads(out)["because"]
    # What follows from it is told as the file has it, and what stands against something else names it.
    status, out, _ = run(capsys, "explain", "MODULES", built, "-f", "json")
    assert json.loads(out)["value"] == "n"


@pytest.mark.slow
def test_fix_has_nothing_to_mend_where_the_file_holds_it(
    here: Path,
    built: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("-p", profile(here, "BPF_JIT", "VENDOR_THING", "BPF_JIT && !MODULES"))
    assert run(capsys, "check", built, *words, "--cilium", "none", "-q")[0] == 0
    status, out, err = run(capsys, "fix", built, *words)
    assert (status, out) == (0, "")
    assert "nothing is missing for profile mine" in err
    # The same file, told to be a kernel's own, and as the input of a build.
    copied = here / "copied.config"
    copied.write_text(Path(built).read_text())
    assert run(capsys, "fix", str(copied), *words, "--built")[0] == 0
    assert run(capsys, "fix", str(copied), *words)[0] == 1


def test_what_is_added_to_a_kernel_leaves_the_rest_as_its_file_has_it(
    here: Path,
    built: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = profile(here, "BPF_JIT", "VENDOR_THING", "BRIDGE_VLAN_FILTERING")
    status, out, _ = run(capsys, "fix", built, "-p", asked, "-o", "f")
    assert status == 0
    assert [line for line in Path("f").read_text().split("\n") if line[:1] == "C"] == ["CONFIG_BRIDGE_VLAN_FILTERING=y"]
    status, out, _ = run(capsys, "check", built, "-p", asked, "-F", "f", "--cilium", "none", "--format", "json")
    symbols = {s["name"]: s["value"] for f in json.loads(out)["profiles"][0]["findings"] for s in f["symbols"]}
    assert symbols == {"BPF_JIT": "y", "VENDOR_THING": "y", "BRIDGE_VLAN_FILTERING": "y"}
    assert status == 0


@pytest.mark.slow
def test_a_vendors_file_is_followed_and_what_check_cannot_tell_is_not_told(
    here: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (here / "v.config").write_text(vendors())
    status, out, _ = run(capsys, "explain", "VXLAN", "v.config")
    assert status == 0
    assert out.startswith("CONFIG_VXLAN (tristate) = y\n")
    assert "Linux 6.12.107 as released would make it n" in flat(out)
    assert "check cannot tell: the file says y, and Linux 6.12 as released would make it n" in flat(out)
    asked = profile(here, "VXLAN")
    assert run(capsys, "check", "v.config", "-p", asked, "--cilium", "none")[0] == 1
    status, out, _ = run(capsys, "fix", "v.config", "-p", asked)
    assert status == 1
    assert "no line of a config mends it" in out
    assert "is a vendor's kernel" in flat(out)


@pytest.mark.parametrize("name", ["BPF_JIT", "VXLAN", "DEBUG_INFO_BTF", "NF_TABLES"])
def test_explain_and_check_say_the_same_or_say_that_they_do_not(
    built: str, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    status, out, _ = run(capsys, "explain", name, built, "-f", "json")
    found = json.loads(out)
    assert status == 0
    assert found["checked"]["value"] == found["value"]


@pytest.mark.slow
def test_what_nobody_said_of_the_tools_is_no_value(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = "CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y\nCONFIG_DEBUG_INFO_BTF=y\n"
    Path("a.config").write_text(apple(shared, more))
    words = ("explain", "DEBUG_INFO_BTF", "a.config", "--target-kernel", "6.18.5")
    _, out, _ = run(capsys, *words)
    assert "check cannot tell: the compiler and tools decide" in flat(out)
    _, out, _ = run(capsys, *words, "--toolchain", TOOLS)
    assert "\n  check " not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "boot/config-6.1.68", "--built", "-F", "f"), "--built with --fragment"),
        (("fix", "boot/config-6.1.68", "-p", "vxlan", "--built", "-F", "f"), "--built with --fragment"),
        (("explain", "NET", "boot/config-6.1.68", "--built", "-F", "f"), "--built with --fragment"),
        (("check", "boot/config-6.1.68", "--built", "--target-kernel", "6.12"), "--built with --target-kernel 6.12"),
        (("fix", "c.config", "-p", "vxlan", "--built", "--target-kernel", "6.12"), "--built with --target-kernel 6.12"),
    ],
)
def test_built_beside_what_makes_another_kernel_is_refused(
    here: Path,
    built: str,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    (here / "f").write_text("CONFIG_VXLAN=y\n")
    (here / "c.config").write_text(Path(built).read_text())
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert said in err


def test_built_of_what_is_known_as_an_input_says_that_it_is_not_used(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("config-arm64").write_text(apple(shared))
    for source in ("config-arm64", "recorded:apple", "apple"):
        _, out, err = run(capsys, "check", source, "--built", "-p", "vxlan", "--cilium", "none", "-v")
        assert "--built is not used: it is what a kernel is built from" in err
        assert "--built is not used: it is what a kernel is built from" in flat(out)
    _, _, err = run(capsys, "check", "config-arm64", "--built", "-p", "vxlan", "--cilium", "none")
    assert "it is what a kernel is built from: 6.18.5 (it is byte for byte kernel/config-arm64 of 0.38.0 to " in err
    _, out, _ = run(capsys, "diff", "config-arm64", "config-arm64", "-p", "vxlan", "--cilium", "none")
    assert "target 6.18.5 (it is byte for byte kernel/config-arm64 of 0.38.0 to " in flat(out)
    # A header's own line is no other version.
    _, _, err = run(capsys, "check", "recorded:kata@3.17.0", "--built", "-p", "vxlan", "--target-kernel", "6.12.28")
    assert "--built" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("explain", "VXLAN", "none"),
        ("explain", "vxlan/vxlan-device", "none", "-f", "json"),
        ("resolve", "none"),
        ("resolve", "none", "--target-kernel", "6.6", "--arch", "x86_64"),
        ("fix", "none", "-p", "vxlan"),
        ("fix", "none", "-p", "vxlan", "--target-kernel", "6.6", "--arch", "x86_64"),
        ("fix", "none", "--mode", "ebpf-veth", "--cilium", "1.18", "--target-kernel", "6.18"),
    ],
)
def test_the_empty_config_is_a_source(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    status, out, err = run(capsys, *words)
    assert (status, bool(out)) == (0, True), err
    assert "check none" not in err


def test_none_with_a_bad_version_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("explain", "NET", "none"), ("resolve", "none"), ("fix", "none", "-p", "vxlan")):
        assert run(capsys, *command, "--target-kernel", "six")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["VXLAN = m", "VXLAN = m && BRIDGE", "VXLAN != y && VXLAN"])
def test_a_module_where_modules_are_off_turns_modules_on(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    asked: str,
) -> None:
    (here / "frag").write_text("CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NETDEVICES=y\n# CONFIG_MODULES is not set\n")
    words = ("fix", "frag", "--arch", "arm64", "--target-kernel", "6.12", "-p", profile(here, asked))
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert {"CONFIG_MODULES=y", "CONFIG_VXLAN=m"} <= set(out.split("\n"))
    # What may be a module is built in, where there are none.
    status, out, _ = run(capsys, *words[:-1], profile(here, "VXLAN"))
    assert [line for line in out.split("\n") if line[:1] == "C"] == ["CONFIG_VXLAN=y"]


def test_a_release_that_excludes_the_kernels_version_is_what_stands_against_a_mode(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(capsys, "fix", "none", "--mode", "ebpf-veth", "--cilium", "1.18", "--target-kernel", "7.3")
    assert status == 1
    assert "Cilium 1.18.12 needs another version of the kernel: no line of a config mends it" in out
    assert "NET is n" not in out


@pytest.mark.parametrize(
    "words",
    [
        ("check", "-", "-F", "-"),
        ("check", "apple", "-F", "-", "-F", "-"),
        ("cilium", "-", "-F", "-"),
        ("baseline", "-", "-F", "-"),
        ("matrix", "-", "-F", "-"),
        ("fix", "-", "-F", "-", "-p", "vxlan"),
        ("explain", "NET", "-", "-F", "-"),
    ],
)
def test_stdin_is_read_once(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert "more than one of the kernel and the fragments is -" in err


def test_a_pipe_in_place_of_a_fragment_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(here / "pipe")
    status, _, err = run(capsys, "check", "apple", "-F", "pipe")
    assert status == 3
    assert "pipe: cannot be read: is no regular file" in err
    assert "give -" in err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('CONFIG_BPF_JIT="y"', '"y" is no value of a bool, so the line is not read, and its default is n'),
        ("CONFIG_VXLAN=1", "1 is no value of a tristate, so the line is not read, and its default is n"),
        ("CONFIG_BPF_JIT=m", "it is a bool, and m is no value of one"),
    ],
)
def test_a_value_of_another_type_is_called_that(
    here: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str
) -> None:
    (here / "f").write_text(f"CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NETDEVICES=y\nCONFIG_MODULES=y\n{line}\n")
    asked = profile(here, line.partition("=")[0].removeprefix("CONFIG_"))
    words = ("f", "-p", asked, "--arch", "arm64", "--target-kernel", "6.12", "--cilium", "none")
    _, out, _ = run(capsys, "check", *words)
    assert reason in flat(out)


def test_x86_is_told_what_64_bits_are_called(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "f").write_text("CONFIG_NET=y\n")
    words = ("f", "-p", "vxlan", "--arch", "x86", "--target-kernel", "6.12")
    _, out, _ = run(capsys, "check", *words, "--cilium", "none", "-v")
    assert "of 64 bits there is, with --arch x86_64" in flat(out)
    status, _, err = run(capsys, "fix", *words)
    assert status == 2
    assert "64 bits are --arch x86_64" in flat(err)


def test_with_a_fragment_nothing_of_the_running_kernel_is_shown(
    here: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kina_audit.kernel.parse import parse_config
    from kina_audit.kernel.provenance import Kernel, Observed, Provenance

    observed = Observed("6.1.68", "aarch64", True, (("btf", "readable"), ("swap", "on")))
    config = parse_config(apple(shared))
    running = Kernel(config, Provenance("running", "running", "/proc/config.gz", observed=observed))
    monkeypatch.setattr("kina_audit.sources.open_source", lambda *_: running)
    (here / "f").write_text("CONFIG_VXLAN=y\n")
    words = ("check", "running", "-p", "vxlan", "--cilium", "none", "--format", "json")
    assert json.loads(run(capsys, *words)[1])["kernel"]["observed"]
    assert json.loads(run(capsys, *words, "-F", "f")[1])["kernel"]["observed"] is None
    status, _, err = run(capsys, *words, "--probe", "-F", "f")
    assert status == 2
    assert "--probe tries the kernel that runs" in err


def test_for_another_version_what_runs_is_not_held_against_what_would_be_built(
    here: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was `the kernel that runs, by its own config headed 6.6.30`, with which what runs did not agree."""
    from kina_audit.sources.local.running import open_running

    (here / "boot").mkdir()
    (here / "boot/config-6.6.30").write_text(apple(shared).replace("6.1.68", "6.6.30"))
    monkeypatch.setattr(
        "kina_audit.sources.open_source",
        lambda _, options: open_running(options, root=here, platform="linux", release="6.6.30"),
    )
    words = ("check", "running", "-p", "vxlan", "--cilium", "none")
    for more in ((), ("--target-kernel", "6.6.31")):
        assert "the kernel that runs, by its own config" in flat(run(capsys, *words, *more)[1])
    _, out, _ = run(capsys, *words, "--target-kernel", "6.12")
    assert "Linux 6.12.0, arm64; resolved from its config headed 6.6.30" in flat(out)
    assert "runs" not in out
    document = json.loads(run(capsys, *words, "--target-kernel", "6.12", "--format", "json")[1])
    assert "observed" not in [p["id"] for p in document["profiles"]]


def test_what_a_fragment_asks_for_and_does_not_get_is_listed_by_its_own_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "one").write_text("# first\nCONFIG_VXLAN=y\nCONFIG_GENEVE=y\n")
    (here / "two").write_text("# CONFIG_INET is not set\nCONFIG_GENEVE=yes\nCONFIG_LLC=n\n\nodd line\n")
    words = ("check", "apple", "-F", "one", "-F", "two", "-p", "vxlan", "--cilium", "none", "-q")
    found = json.loads(run(capsys, *words, "--format", "json")[1])["kernel"]
    notes = [note for note in found["notes"] if " line " in note]
    assert notes == [
        "one line 2: CONFIG_VXLAN=y is n: unmet dependencies: INET is n",
        "two line 2: CONFIG_GENEVE=yes is n: unmet dependencies: INET is n",
        "two line 3: CONFIG_LLC is not set is y: selected by STP, BRIDGE",
    ]
    assert [w["text"] for w in found["warnings"]] == [
        "two line 2: CONFIG_GENEVE=yes is read as y",
        "two line 5: unexpected data: odd line",
    ]
    # No finding is at a line that the file does not have.
    out = run(capsys, *words, "--format", "github")[1]
    assert ",line=" not in out
    # Both neighbours are asked where there is no line.
    notes = json.loads(run(capsys, *words, "--target-kernel", "6.6", "--format", "json")[1])["kernel"]["notes"]
    assert any("is n on Linux 6.1.187" in note and "is n on Linux 6.12.107" in note for note in notes)
    # What is asked of a record is asked of its line.
    words = ("check", "recorded:kata@3.17.0", *words[2:])
    found = json.loads(run(capsys, *words, "--format", "json")[1])["kernel"]
    assert any("VXLAN=y is n: unmet dependencies: INET is n" in note for note in found["notes"])
    assert not any("cut" in w["text"] for w in found["warnings"])


@pytest.mark.slow
def test_bytes_that_are_no_utf_8_are_told_where_they_do_not_survive(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = b'# Linux/arm64 6.12.1 Kernel Configuration\nCONFIG_NET=y\nCONFIG_LOCALVERSION="-caf\xe9"\n'
    (here / "latin").write_bytes(data)
    said = "latin:3: bytes that are no UTF-8; they are shown and written as U+FFFD"
    assert said in run(capsys, "resolve", "latin", "-o", "new")[2]
    assert said in run(capsys, "resolve", "none", "-F", "latin", "-o", "new")[2]
    assert "line 3: bytes that are no UTF-8" in flat(run(capsys, "check", "latin", "-p", "vxlan")[1])
    # What is copied is copied.
    assert run(capsys, "extract", "latin", "-o", "copy")[0] == 0
    assert (here / "copy").read_bytes() == data


@pytest.mark.slow
def test_a_fragment_on_a_vendors_kernel_is_told_and_its_contradictions_stay_unknown(
    here: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the file and its line differ in is the vendor's; what a fragment turns on beside it is the line's."""
    (here / "v.config").write_text(vendors())
    (here / "boot").mkdir(exist_ok=True)
    (here / "boot/config-6.12.9-100.vendor").write_text(vendors())
    (here / "f").write_text("CONFIG_BPF_SYSCALL=y\nCONFIG_PERF_EVENTS=y\nCONFIG_FTRACE=y\nCONFIG_UPROBE_EVENTS=y\n")
    asked = profile(here, "BPF_EVENTS", "VXLAN")
    for source, of_vxlan in (("v.config", None), ("boot/config-6.12.9-100.vendor", "y")):
        words = ("check", source, "-F", "f", "-p", asked, "--cilium", "none", "--format", "json")
        found = json.loads(run(capsys, *words)[1])["profiles"][0]["findings"]
        assert {s["name"]: s["value"] for f in found for s in f["symbols"]} == {"BPF_EVENTS": "y", "VXLAN": of_vxlan}


def test_explain_knows_a_requirement_of_ones_own(
    built: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` knew the profiles of a folder, and `explain` said that there is no such profile."""
    (here / "mine").mkdir()
    (here / "mine/no-jit.toml").write_text(
        'schema = 1\nid = "no-jit"\ntitle = "t"\ndescription = "d."\nreferences = ["https://docs.kernel.org/"]\n'
        '[[requirement]]\nid = "jit"\nexpr = "!BPF_JIT"\nlevel = "required"\nwhy = "w."\nfix = "f."\nsource = "s"\n'
    )
    status, out, _ = run(capsys, "explain", "no-jit/jit", built, "--profile-dir", "mine")
    assert (status, out.splitlines()[0]) == (0, "no-jit/jit needs !BPF_JIT: fail")
    monkeypatch.setenv("KINA_AUDIT_PROFILE_DIR", "mine")
    assert run(capsys, "explain", "no-jit/jit", built)[0] == 0
    # Folders are split as PATH is, and a blank is a part of a name.
    (here / "my own").mkdir()
    (here / "mine/no-jit.toml").rename(here / "my own/no-jit.toml")
    (here / "mine/other.toml").write_text((here / "my own/no-jit.toml").read_text().replace('"no-jit"', '"other"'))
    monkeypatch.setenv("KINA_AUDIT_PROFILE_DIR", os.pathsep.join(["my own", "mine"]))
    assert run(capsys, "explain", "no-jit/jit", built)[0] == 0
    assert run(capsys, "explain", "other/jit", built)[0] == 0
    (here / "my own/no-jit.toml").rename(here / "mine/no-jit.toml")
    (here / "mine/other.toml").unlink()
    monkeypatch.delenv("KINA_AUDIT_PROFILE_DIR")
    (here / "kina-audit.toml").write_text('profile-dirs = ["mine"]\n')
    assert run(capsys, "explain", "no-jit/jit", built)[0] == 0


def test_fix_knows_the_profiles_that_the_settings_name(
    built: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` read profile-dirs there, and `fix` said that there is no such profile."""
    (here / "mine").mkdir()
    (here / "mine/jit.toml").write_text(
        'schema = 1\nid = "my-jit"\ntitle = "t"\ndescription = "d."\nreferences = ["https://docs.kernel.org/"]\n'
        '[[requirement]]\nid = "jit"\nexpr = "BPF_JIT"\nlevel = "required"\nwhy = "w."\nfix = "f."\nsource = "s"\n'
    )
    (here / "kina-audit.toml").write_text('profile-dirs = ["mine"]\n')
    status, _, err = run(capsys, "fix", built, "-p", "my-jit")
    assert (status, "nothing is missing for profile my-jit" in err) == (0, True)
