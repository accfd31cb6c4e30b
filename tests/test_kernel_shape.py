"""What a config's text shows of itself: whose it is, for which architecture, and whether it is whole."""

import gzip
from pathlib import Path

import pytest

from kina_audit.cli import main
from kina_audit.errors import KinaAuditError, NotAConfigError
from kina_audit.kconfig.carry import carry
from kina_audit.kconfig.lines import ARCHES, lines
from kina_audit.kconfig.whole import lost_part
from kina_audit.kernel.config import Completeness, Origin
from kina_audit.kernel.merge import merged
from kina_audit.kernel.parse import parse_config
from tests.conftest import SHARED, config_text

HAVE = "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(520))
HEADING = "#\n# Automatically generated file; DO NOT EDIT.\n# {}\n#\n"
WHOLE = (
    HEADING.format("Linux/arm64 6.12.3 Kernel Configuration")
    + "\n#\n# General setup\n#\nCONFIG_A=y\n# end of General setup\n\n"
    + HAVE
    + "".join(
        f"\n#\n# {menu}\n#\nCONFIG_{menu[:4].upper()}=y\n# end of {menu}\n"
        for menu in ("File systems", "Security options", "Library routines")
    )
    + "\n#\n# Kernel hacking\n#\nCONFIG_Z=y\n# end of Kernel hacking\n"
)
OLD = "".join(line + "\n" for line in WHOLE.split("\n") if not line.startswith("# end of"))


@pytest.mark.parametrize(
    "heading",
    [
        HEADING.format("U-Boot 2024.01 Configuration"),
        HEADING.format("OpenWrt Configuration"),
        HEADING.format("Buildroot 2024.02 Configuration"),
        HEADING.format("Zephyr Kernel Configuration"),
        "#\n# Automatically generated make config: don't edit\n# Busybox version: 1.36.1\n# Tue Jan 2 2024\n#\n",
        "#\n# Busybox version: 1.36.1\n#\n",
    ],
)
def test_the_config_of_another_program_is_refused(heading: str) -> None:
    with pytest.raises(NotAConfigError, match="no kernel's config: its heading says"):
        parse_config(heading + "CONFIG_ARM=y\nCONFIG_NET=y\n")


def test_the_u_boot_file_of_a_real_board() -> None:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    with pytest.raises(NotAConfigError, match="U-Boot"):
        parse_config(config_text(SHARED / "cases" / "uboot-config.config.gz"))


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "# Networking Configuration\nCONFIG_NET=y\n",
        "# for the U-Boot people\nCONFIG_NET=y\n",
        HEADING.format("Linux kernel version: 3.10.0"),
        HEADING.format("User Mode Linux/x86_64 6.1.0 Kernel Configuration"),
    ],
)
def test_a_kernels_config_is_not(text: str) -> None:
    assert parse_config(text + "CONFIG_Q=y\n").fact("Q").value == "y"


@pytest.mark.parametrize(
    ("symbol", "arch"),
    [("PPC64", "powerpc"), ("PPC", "powerpc"), ("S390", "s390"), ("LOONGARCH", "loongarch"), ("MIPS", "mips")],
)
def test_architectures_by_their_symbol(symbol: str, arch: str) -> None:
    assert parse_config(f"CONFIG_{symbol}=y\n").arch == arch


def test_a_heading_without_a_version_tells_the_architecture() -> None:
    config = parse_config("# Linux/s390 syzkaller Kernel Configuration\nCONFIG_NET=y\n")
    assert (config.arch, config.header.arch, config.header.version) == ("s390", "s390", None)


def test_user_mode_linux_is_not_the_architecture_it_runs_on() -> None:
    assert parse_config("# Linux/um 6.1.0 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_UML=y\n").arch == "um"


def test_a_whole_config_is_complete() -> None:
    for text in (WHOLE, OLD):
        config = parse_config(text)
        assert (config.completeness, config.cut, config.warnings) == (Completeness.COMPLETE, "", ())


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (WHOLE[: WHOLE.index("CONFIG_Z")], -1, "ends before '# end of Kernel hacking'"),
        (WHOLE[: WHOLE.index("# end of General") + 9], -1, "ends before '# end of General setup'"),
        (OLD[: OLD.index("# Kernel hacking")], -1, "no menu 'Kernel hacking'"),
        # The head: with its header, and without; an end whose menu began in what was lost; a kernel that writes no ends.
        (WHOLE[WHOLE.index("CONFIG_A=y") :].replace("# end of General setup", ""), -1, "no menu 'General setup'"),
        (WHOLE[WHOLE.index("CONFIG_A=y") :], 2, "the end of the menu 'General setup', and not its beginning"),
        (
            HEADING.format("Linux/arm64 6.12.3 Kernel Configuration") + WHOLE[WHOLE.index("CONFIG_A=y") :],
            6,
            "the end of the menu 'General setup'",
        ),
        (OLD[OLD.index("CONFIG_HAVE") :], -1, "no menu 'General setup'"),
        # The middle.
        (WHOLE.replace("\n#\n# File systems\n#", ""), 534, "the end of the menu 'File systems'"),
        (OLD[: OLD.index("\n#\n# Secu")] + OLD[OLD.index("\n#\n# Libr") :], -1, "no menu 'Security options'"),
        # A header and a fraction of what it promises.
        (WHOLE.replace(HAVE, HAVE[: HAVE.index("CONFIG_HAVE_THING_400")]), -1, "it has 405 symbols"),
        (HEADING.format("Linux/x86 6.12.3 Kernel Configuration") + "CONFIG_NET=y\n", -1, "it has 1 symbol, and"),
    ],
)
def test_a_cut_config_is_told_and_its_silence_means_nothing(text: str, line: int, said: str) -> None:
    config = parse_config(text)
    assert config.completeness is Completeness.PARTIAL
    assert said in config.cut
    last = text.rstrip("\n").count("\n") + 1
    assert [(w.line, w.text) for w in config.warnings] == [(last if line < 0 else line, config.cut)]
    fact = config.fact("NOT_THERE")
    assert (fact.value, fact.note) == (None, config.cut)
    assert config.fact("HAVE_THING_3").value in ("y", None)


@pytest.mark.parametrize(
    "text",
    [
        "#\n# Networking\n#\nCONFIG_NET=y\n\n#\n# Kernel hacking\n#\nCONFIG_DEBUG_FS=y\n",
        "\n".join(line for line in WHOLE.split("\n") if not line.startswith("#")),
        # Headings that end nowhere: comments, and menus without an entry of kernels that wrote no end of those.
        WHOLE.replace("CONFIG_Z=y", "#\n# x\n#\nCONFIG_Z=y\n#\n# y\n#"),
    ],
)
def test_people_write_headings_too_and_some_have_no_end(text: str) -> None:
    assert parse_config(text).cut == ""


def test_a_last_line_without_its_end_is_told() -> None:
    config = parse_config(WHOLE.rstrip("\n"))
    assert config.completeness is Completeness.COMPLETE
    assert [w.text for w in config.warnings] == ["the last line has no end: the file may be cut"]
    assert parse_config("CONFIG_NET=y").warnings == ()


@pytest.mark.slow
def test_of_the_research_corpus_nothing_is_cut_and_every_cut_is_seen() -> None:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    seen = 0
    for path in sorted((SHARED / "corpus").rglob("*.gz"))[::4]:
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        config = parse_config(text)
        assert config.cut == "", path
        if config.completeness is Completeness.COMPLETE and "\n# end of" in text:
            lines = text.split("\n")
            for part in (0.1, 0.5, 0.9):
                seen += 1
                assert parse_config("\n".join(lines[: int(len(lines) * part)]) + "\n").cut, (path, part)
    assert seen > 20


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_what_powershell_writes_is_read(encoding: str) -> None:
    mark = b"" if encoding == "utf-16" else "\ufeff".encode(encoding)
    data = mark + "CONFIG_NET=y\r\n# CONFIG_X is not set\r\n".encode(encoding)
    config = parse_config(data)
    assert (config.fact("NET").value, config.fact("X").value) == ("y", "n")
    assert [w.text.split(",")[0] for w in config.warnings] == ["UTF-16 text"]


@pytest.mark.parametrize("line", ["CONFIG_NET=y", "# CONFIG_NET is not set"])
def test_an_assignment_behind_a_byte_order_mark_is_none(line: str) -> None:
    """As the kernel's reader has it, which knows no such mark."""
    config = parse_config(f"\ufeff{line}\nCONFIG_X=y\n")
    assert (config.fact("NET").value, config.fact("X").value) == (None, "y")
    assert config.line("X") == 2
    assert "byte order mark" in config.warnings[0].text


def test_a_cut_config_is_not_filled_up_with_defaults() -> None:
    """What was cut off said something, and nobody knows what: a model's defaults are no answer."""
    lines = WHOLE.split("\n")
    config = carry(parse_config("\n".join(lines[:20]) + "\n", origin=Origin.INPUT))
    assert config.resolved is not None
    assert config.resolved.lines == ()
    assert config.fact("VXLAN").value is None
    assert config.fact("A").value == "y"


def _own_line(shared: Path) -> list[str]:
    """A whole config of a line that ships, and no vendor's."""
    return config_text(shared / "kernels/apple-arm64-resolved-6.18.5.config.gz").decode().split("\n")


def _without(lines: list[str], first: str, count: int) -> str:
    at = next(number for number, line in enumerate(lines) if first in line)
    return "\n".join(lines[:at] + lines[at + count :])


@pytest.mark.parametrize("first", ["CONFIG_IP_ADVANCED_ROUTER", "CONFIG_VXLAN", "CONFIG_EXT4_FS"])
def test_a_part_within_one_menu_is_missed_by_the_line_that_wrote_it(shared: Path, first: str) -> None:
    """No menu is torn, so nothing but the lines that are not there tells."""
    text = _without(_own_line(shared), first, 45)
    config = parse_config(text, origin=Origin.INPUT)
    found = config if config.cut else carry(config)
    assert found.cut.startswith("the file is cut: ")
    assert found.fact(first.removeprefix("CONFIG_")).value is None
    assert config.cut or "Linux 6.18 writes lines for" in found.cut


def test_a_line_that_somebody_took_out_is_no_cut(shared: Path) -> None:
    for taken in ("CONFIG_VXLAN", "CONFIG_NF_TABLES", "CONFIG_IP_ADVANCED_ROUTER"):
        text = _without(_own_line(shared), taken, 1)
        assert carry(parse_config(text, origin=Origin.INPUT)).cut == ""


@pytest.mark.slow
def test_every_command_says_that_a_config_is_cut(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = _own_line(shared)
    head_lost, middle_lost = tmp_path / "head.config", tmp_path / "middle.config"
    head_lost.write_text("\n".join([*lines[:4], *lines[120:]]))
    middle_lost.write_text(_without(lines, "CONFIG_IP_ADVANCED_ROUTER", 45))
    fragment = tmp_path / "f"
    fragment.write_text("CONFIG_BPF_JIT=y\n")
    for path in (head_lost, middle_lost):
        for words in (
            ["check", str(path), "-p", "vxlan", "-q"],
            ["check", str(path), "-p", "vxlan", "-q", "-F", str(fragment)],
            ["check", str(path), "-p", "vxlan", "-q", "--format", "json"],
            ["check", str(path), "-p", "vxlan", "-q", "--format", "markdown"],
            ["cilium", str(path), "-q"],
            ["baseline", str(path), "-q", "-o", str(tmp_path / "b")],
            ["diff", str(path), "recorded:apple"],
            *(["matrix", str(path), "-q", "--format", name] for name in ("table", "json", "markdown", "csv", "html")),
            ["resolve", str(path), "-o", str(tmp_path / "r")],
            ["explain", "VXLAN", str(path)],
            ["fix", str(path), "-p", "vxlan"],
        ):
            main(words)
            said = " ".join("".join(capsys.readouterr()).split())
            assert "the file is cut" in said, words


@pytest.mark.parametrize("opened", ["FTRACE", "SOUND", "WLAN", "USB_SUPPORT", "STAGING", "BTRFS_FS"])
def test_a_menu_that_somebody_opened_is_no_cut(shared: Path, opened: str) -> None:
    """What is behind it has no lines yet."""
    text = "\n".join(_own_line(shared))
    assert f"# CONFIG_{opened} is not set" in text
    edited = text.replace(f"# CONFIG_{opened} is not set", f"CONFIG_{opened}=y")
    assert carry(parse_config(edited, origin=Origin.INPUT)).cut == ""
    assert carry(parse_config(f"{text}CONFIG_{opened}=y\n", origin=Origin.INPUT)).cut == ""


def _cut_there(lines: list[str], first: str, count: int) -> str:
    config = parse_config(_without(lines, first, count), origin=Origin.INPUT)
    return config.cut or carry(config).cut


@pytest.mark.parametrize("gate", ["NF_TABLES", "IP_SET", "NET_SCHED", "NETFILTER_XTABLES", "XFRM"])
def test_a_part_that_begins_with_its_own_gate_is_missed(shared: Path, gate: str) -> None:
    """What is left behind the gate says that it is off, which is written only where the gate was on."""
    assert "Linux 6.18 writes lines for" in _cut_there(_own_line(shared), f"CONFIG_{gate}=", 20)


@pytest.mark.parametrize("added", ["IP_VS_RR", "SND_HDA_INTEL", "NFS_V4", "BTRFS_FS_POSIX_ACL"])
def test_what_somebody_turned_off_behind_a_gate_that_is_off_is_no_cut(shared: Path, added: str) -> None:
    """Fragments that harden a kernel are full of such lines."""
    text = "\n".join(_own_line(shared))
    gates = {"IP_VS_RR": "IP_VS", "SND_HDA_INTEL": "SOUND", "NFS_V4": "NFS_FS", "BTRFS_FS_POSIX_ACL": "BTRFS_FS"}
    lines = [x for x in text.split("\n") if f"CONFIG_{gates[added]}" not in x]
    lines = [*lines, f"# CONFIG_{gates[added]} is not set", f"# CONFIG_{added} is not set"]
    assert carry(parse_config("\n".join(lines), origin=Origin.INPUT)).cut == ""


def test_a_few_lines_that_somebody_took_out_are_no_cut(shared: Path) -> None:
    for taken in ("CONFIG_VXLAN=", "CONFIG_NF_TABLES=", "CONFIG_IP_ADVANCED_ROUTER="):
        assert _cut_there(_own_line(shared), taken, 3) == ""


def test_of_the_research_corpus_no_whole_config_lacks_a_part(shared: Path) -> None:
    checked = 0
    for path in sorted([*(shared / "corpus").glob("*/*.gz"), *(shared / "kernels").glob("*.gz")]):
        try:
            config = parse_config(config_text(path).decode(), origin=Origin.INPUT)
        except (KinaAuditError, UnicodeDecodeError):
            continue
        version = config.header.version
        if version is None or config.arch not in ARCHES or config.completeness is not Completeness.COMPLETE:
            continue
        if version.triple[:2] in lines():
            checked += 1
            assert lost_part(version.triple[:2], config.arch, config.raw) == "", path
    assert checked > 50


@pytest.mark.parametrize("how", ["edited", "appended", "merged"])
def test_a_menu_that_somebody_opened_with_something_behind_it_is_no_cut(shared: Path, how: str) -> None:
    """What `fix -p kina` asks of a guest without PCI, merged or written into its config, made the file a cut one."""
    path = shared / "corpus/ignite/images__kernel__versioned__config-amd64-5.10.77.config.gz"
    text, added = config_text(path).decode(), "CONFIG_PCI=y\nCONFIG_PCI_MSI=y\nCONFIG_VIRTIO_PCI=y\n"
    assert "# CONFIG_PCI is not set\n" in text
    whole = carry(parse_config(text, origin=Origin.INPUT))
    found = {
        "edited": lambda: parse_config(text.replace("# CONFIG_PCI is not set\n", added), origin=Origin.INPUT),
        "appended": lambda: parse_config(text + added, origin=Origin.INPUT),
        "merged": lambda: merged(whole, [("cilium.fragment", added)], "it"),
    }[how]()
    assert (whole.cut, carry(found).cut) == ("", "")
