"""Kernels built here from Debian's kernel source: `extract` gives each build's .config byte for byte."""

import shutil
from pathlib import Path

import pytest

from kina_audit.errors import NoIkconfigError
from kina_audit.kernel.compression.reader import CallReader
from kina_audit.kernel.image.extract import extract_config
from kina_audit.sources import open_source
from tests.conftest import alone, linux_source
from tests.kernel_builds import build

pytestmark = pytest.mark.slow

X86 = [*(f"bzImage-{c}" for c in build.COMPRESSORS), "vmlinux-x86", "vmlinux-x86-stripped",
       "configs.ko", "configs.ko.gz", "configs.ko.xz", "configs.ko.zst"]  # fmt: skip
ARM64 = ["Image", *(f"Image.{s}" for s in build.IMAGE_SUFFIXES), "vmlinuz-gzip.efi", "vmlinuz-zstd.efi"]


@pytest.fixture(scope="module")
def builds() -> Path:
    for program in ("flex", "bison", "bc", "hexdump", "lzop", "lz4", "zstd", "aarch64-linux-gnu-gcc"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed, so no kernel can be built")
    tree = linux_source("6.12")
    with alone("builds") as folder:
        build.main(str(tree), str(folder / "builds"))
        return folder / "builds"


@pytest.mark.parametrize("name", [*X86, *ARM64])
def test_extract_gives_the_builds_config_byte_for_byte(builds: Path, name: str) -> None:
    wanted = (builds / f"{name}.config").read_bytes()
    kernel = open_source(str(builds / name))
    assert kernel.config_bytes == wanted
    assert kernel.provenance.kernel_release.startswith("6.12.")
    assert kernel.config.arch == ("arm64" if name in ARM64 else "x86_64")
    with open(builds / name, "rb") as file:
        assert extract_config(CallReader(file.read), name).config_text == wanted


def test_a_kernel_whose_config_is_in_its_module_says_so(builds: Path) -> None:
    with pytest.raises(NoIkconfigError, match=r"Linux 6\.12\.\d+.* was built without CONFIG_IKCONFIG=y"):
        open_source(str(builds / "bzImage-no-ikconfig"))


def test_a_build_tree_is_a_source(builds: Path) -> None:
    kernel = open_source(str(builds / "work-arm64"))
    assert kernel.config_bytes == (builds / "vmlinuz-zstd.efi.config").read_bytes()
    assert kernel.provenance.kernel_release.startswith("6.12.")
