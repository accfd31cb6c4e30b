"""A line of a config that is one slip away from what is asked for is told, and what differs otherwise is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.api import audit, load_profiles
from kina_audit.cli import main
from kina_audit.engine.misspelt import misspelt
from kina_audit.kernel.config import Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from tests.conftest import config_text

ASKED = ("BPF_JIT", "VXLAN", "WIREGUARD", "NET", "IP_VS_MH", "CRYPTO_SHA256", "HAVE_EBPF_JIT")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("CONFIG_BPF_JTI=y", "BPF_JIT"),
        ("CONFIG_BPFJIT=y", "BPF_JIT"),
        ("CONFIG_VXLANN=m", "VXLAN"),
        ("CONFIG_WIREGARD=y", "WIREGUARD"),
        ("CONFIG_WIREGVARD=y", "WIREGUARD"),
        ("CONFIG_BPF_JTI=y\nCONFIG_BPF_JIT=y", ""),  # what is meant has a line
        ("# CONFIG_BPF_JTI is not set", ""),
        ('CONFIG_BPF_JTI="y"', ""),
        ("CONFIG_CRYPTO_SHA257=y", ""),
        ("CONFIG_NETT=y", ""),
        ("CONFIG_HAVE_BPF_JIT=y", ""),  # older kernels had it
        ("CONFIG_VLAN=y\nCONFIG_IPVLAN=y", ""),
        ("CONFIG_IPVLAN=y", ""),
        ("CONFIG_VENDOR_THING=y", ""),
    ],
)
def test_one_slip_from_a_symbol_that_is_asked_for(line: str, meant: str) -> None:
    found = misspelt(parse_config(f"# Linux/x86_64 6.12.0 Kernel Configuration\nCONFIG_MMU=y\n{line}\n"), ASKED)
    assert [(w.line, w.text.rpartition("did you mean ")[2]) for w in found] == (
        [(3, f"CONFIG_{meant}?")] if meant else []
    )
    # A line's own symbols are the quicker list; what they lack and another kernel has is no slip.
    config = parse_config(f"# Linux/x86_64 6.12.0 Kernel Configuration\nCONFIG_MMU=y\n{line}\n")
    assert misspelt(config, ASKED, [{"MMU"}, {"VXLAN", "BPF_JIT"}]) == found


def test_the_first_screen_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], shared: Path) -> None:
    text = config_text(shared / "kernels/kata-3.32.0-debug-arm64-on7.2.config.gz").decode()
    assert "CONFIG_BPF_JIT=y\n" in text
    config = tmp_path / "k.config"
    config.write_text(text.replace("CONFIG_BPF_JIT=y\n", "CONFIG_BPF_JTI=y\n"))
    line = text[: text.index("CONFIG_BPF_JIT=y")].count("\n") + 1
    assert main(["check", str(config)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert f"Warning: line {line}: no kernel that is known here has CONFIG_BPF_JTI; did you mean CONFIG_BPF_JIT?" in out
    config.write_text(text)
    main(["check", str(config)])
    assert "did you mean" not in capsys.readouterr().out


def test_what_cilium_asks_for_is_told_whatever_profile_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shared: Path
) -> None:
    """`for full-ebpf: BPF_JIT=y` stood there, and nothing on the line that means it."""
    text = config_text(shared / "kernels/kata-3.32.0-debug-arm64-on7.2.config.gz").decode()
    config = tmp_path / "k.config"
    config.write_text(text.replace("CONFIG_BPF_JIT=y\n", "CONFIG_BPF_JTI=y\n"))
    main(["check", str(config), "-p", "vxlan"])
    assert "did you mean CONFIG_BPF_JIT?" in " ".join(capsys.readouterr().out.split())
    main(["check", str(config), "-p", "vxlan", "--cilium", "none"])
    assert "did you mean" not in capsys.readouterr().out


def test_of_a_fragment_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.fragment").write_text("CONFIG_WIREGARD=y\n")
    main(["check", "recorded:kata@3.17.0", "-F", str(tmp_path / "my.fragment")])
    out = capsys.readouterr().out
    assert "1 warning below" in " ".join(out.split("verdict")[0].split())
    assert "did you mean CONFIG_WIREGUARD?" in " ".join(out.split())


def test_a_kernel_older_than_what_is_known_has_names_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "old.config"
    config.write_text(
        "# Linux/x86_64 4.9.0 Kernel Configuration\nCONFIG_NET=y\nCONFIG_KPROBE_EVENT=y\nCONFIG_BPF_JTI=y\n"
    )
    main(["check", str(config), "-p", "bpf"])
    assert "did you mean" not in capsys.readouterr().out


@pytest.mark.parametrize("arch", ["arm64", ""])
def test_a_slip_between_two_lines_and_on_any_architecture(arch: str) -> None:
    text = "# Linux 6.14.0 Kernel Configuration\nCONFIG_BPF_JTI=y\nCONFIG_NET=y\n"
    config = replace(parse_config(text), arch=arch or None, target=KernelVersion.parse("6.14.0"), origin=Origin.INPUT)
    report = audit(Kernel(config, Provenance("f", "file", "f")), load_profiles(["bpf"]), cilium=None)
    assert [w.text.rpartition("did you mean ")[2] for w in report.kernel.config.warnings] == ["CONFIG_BPF_JIT?"]


def test_of_alternatives_the_nearest_one_is_asked(shared: Path) -> None:
    """A kernel on which one works was warned about a slip in a symbol of another, and what is to be mended was not."""
    own = config_text(shared / "truth/debian-6.1.0-52-amd64.config.gz")
    text = own.decode().replace("\nCONFIG_IP_VS_RR=m\n", "\nCONFIG_IP_VS_RXR=m\n")
    kernel = Kernel(parse_config(text), Provenance("file", "x", "x"))
    report = audit(kernel, load_profiles(["kube-proxy"]), cilium=None)
    assert report.exit_code == 0
    assert not report.kernel.config.warnings
