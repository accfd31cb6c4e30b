"""``--arch``: what it does for files, for Apple's configs and for trees, by whatever name."""

from pathlib import Path

import pytest

from kina_audit.api import audit, load_kernel, load_profiles
from kina_audit.engine.evaluate import UNTOLD_ARCH
from kina_audit.errors import UsageError
from kina_audit.kernel.architecture import kconfig_arch
from kina_audit.sources.options import SourceOptions
from kina_audit.trees import arch_of


@pytest.mark.parametrize(
    ("name", "arch"),
    [
        ("arm64", "arm64"), ("aarch64", "arm64"), ("amd64", "x86_64"), ("AMD64", "x86_64"), ("ppc64le", "powerpc"),
        ("s390x", "s390"), ("riscv64", "riscv"), ("i686", "i386"), ("x86", "x86"), ("armv7l", "arm"),
    ],
)  # fmt: skip
def test_every_name_of_an_architecture(name: str, arch: str) -> None:
    assert kconfig_arch(name) == arch


def test_a_name_that_nobody_uses_gets_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        kconfig_arch("aarch63")
    assert "aarch64" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "stated", "arch", "noted"),
    [
        ("CONFIG_NET=y\n", "x86_64", "x86_64", False),
        ("CONFIG_NET=y\n", "", None, False),
        ("CONFIG_ARM64=y\n", "arm64", "arm64", False),
        ("CONFIG_ARM64=y\n", "x86_64", "arm64", True),
        ("# Linux/x86 6.12.0 Kernel Configuration\nCONFIG_NET=y\n", "x86_64", "x86_64", False),
        ("# Linux/x86 6.12.0 Kernel Configuration\nCONFIG_X86_32=y\n", "x86_64", "x86", True),
        ("CONFIG_X86_32=y\n", "i386", "x86", False),
        ("CONFIG_NET=y\n", "riscv", "riscv", False),
    ],
)
def test_a_file_that_does_not_tell_is_of_the_stated_architecture(
    text: str, stated: str, arch: str | None, noted: bool, tmp_path: Path
) -> None:
    (tmp_path / "c.config").write_text(text)
    said: list[str] = []
    options = SourceOptions(stated_arch=stated, say=said.append)
    kernel = load_kernel(str(tmp_path / "c.config"), options)
    assert kernel.config.arch == arch
    assert any("is not used" in note for note in kernel.provenance.notes) is noted
    assert any("is not used" in line for line in said) is noted
    assert arch_of(kernel, options) == (arch or "arm64")


def test_what_the_architecture_decides_is_answered_then(tmp_path: Path) -> None:
    (tmp_path / "c.config").write_text("".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40)))
    profiles = load_profiles(["bpf-tracing", "criu"])

    def untold(arch: str) -> int:
        kernel = load_kernel(str(tmp_path / "c.config"), SourceOptions(stated_arch=arch, target_kernel="6.12"))
        report = audit(kernel, profiles, cilium=None)
        return sum(f.reason == UNTOLD_ARCH for r in report.results for f in r.findings)

    assert untold("")
    assert not untold("x86_64")


@pytest.mark.parametrize("source", ["apple", "installed"])
def test_apple_has_two(source: str) -> None:
    with pytest.raises(UsageError, match="--arch riscv: not one of arm64, x86_64"):
        load_kernel(source, SourceOptions(stated_arch="riscv", offline=True))
