"""Build the real kernel images that the slow tests and the benchmark read, from an unpacked kernel source tree.

    python tests/kernel_builds/build.py TREE FOLDER

Each image stands in FOLDER beside the ``.config`` it was built from (``NAME`` and ``NAME.config``). What is already
there is kept, so a second run costs nothing. Out of tree (``O=``): the source tree is only read.

Needs flex, bison, bc, libelf-dev, hexdump, lzop, lz4, zstd, xz, bzip2 and, for arm64, gcc-aarch64-linux-gnu.
"""

import shutil
import subprocess
import sys
from pathlib import Path

COMPRESSORS = ("gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd")
"""The choice "Kernel compression mode" of init/Kconfig, as far as x86 offers it."""

IMAGE_SUFFIXES = ("gz", "bz2", "lzma", "xz", "lzo", "lz4", "zst")
"""The compressed Image targets of arch/arm64/boot/Makefile."""

X86 = ("ARCH=x86_64",)
ARM64 = ("ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-")


class Build:
    """One out-of-tree build folder."""

    def __init__(self, tree: Path, work: Path, out: Path, variables: tuple[str, ...]) -> None:
        self.tree, self.work, self.out, self.variables = tree, work, out, variables
        work.mkdir(parents=True, exist_ok=True)

    def make(self, *targets: str) -> None:
        command = ["make", "-s", "-C", str(self.tree), f"O={self.work}", "-j2", *self.variables, *targets]
        print("+", *command, flush=True)
        subprocess.run(command, check=True)

    def configure(self, *changes: str) -> None:
        """Start from tinyconfig; each change is an option of the tree's own scripts/config."""
        if not (self.work / ".config").exists():
            self.make("tinyconfig")
        script = self.tree / "scripts" / "config"
        subprocess.run([str(script), "--file", str(self.work / ".config"), *changes], check=True)
        self.make("olddefconfig")

    def keep(self, built: str, name: str) -> None:
        shutil.copyfile(self.work / ".config", self.out / f"{name}.config")
        partial = self.out / f".{name}"
        shutil.copyfile(self.work / built, partial)
        partial.rename(self.out / name)

    def missing(self, *names: str) -> bool:
        return not all((self.out / name).exists() for name in names)


def build_x86(tree: Path, out: Path) -> None:
    """ELF vmlinux (also stripped) and a bzImage with each compressor."""
    build = Build(tree, out / "work-x86", out, X86)
    for compressor in COMPRESSORS:
        name = f"bzImage-{compressor}"
        if not build.missing(name):
            continue
        others = [f"KERNEL_{c.upper()}" for c in COMPRESSORS if c != compressor]
        build.configure(
            *("-e", "64BIT", "-e", "PRINTK", "-e", "IKCONFIG", "-e", f"KERNEL_{compressor.upper()}"),
            *(word for other in others for word in ("-d", other)),
        )
        build.make("bzImage")
        build.keep("arch/x86/boot/bzImage", name)
    if build.missing("vmlinux-x86", "vmlinux-x86-stripped"):
        build.keep("vmlinux", "vmlinux-x86")
        subprocess.run(["strip", "-o", build.work / "stripped", build.work / "vmlinux"], check=True)
        build.keep("stripped", "vmlinux-x86-stripped")


def build_module(tree: Path, out: Path) -> None:
    """configs.ko, also compressed, and a bzImage whose config is in that module and not in itself."""
    build = Build(tree, out / "work-module", out, X86)
    if not build.missing("configs.ko", "configs.ko.xz", "bzImage-no-ikconfig"):
        return
    build.configure("-e", "64BIT", "-e", "PRINTK", "-e", "MODULES", "-m", "IKCONFIG")
    build.make("bzImage", "modules")
    build.keep("kernel/configs.ko", "configs.ko")
    build.keep("arch/x86/boot/bzImage", "bzImage-no-ikconfig")
    # modules_install compresses with these (scripts/Makefile.modinst).
    for suffix, command in (
        ("gz", ["gzip", "-n", "-c"]),
        ("xz", ["xz", "--check=crc32", "--lzma2=dict=1MiB", "-c"]),
        ("zst", ["zstd", "-q", "-c"]),
    ):
        packed = subprocess.run([*command, build.work / "kernel/configs.ko"], check=True, capture_output=True).stdout
        (build.work / "packed").write_bytes(packed)
        build.keep("packed", f"configs.ko.{suffix}")


def build_arm64(tree: Path, out: Path) -> None:
    """Image, every compressed Image, and EFI zboot with gzip and zstd."""
    build = Build(tree, out / "work-arm64", out, ARM64)
    images = ["Image", *(f"Image.{suffix}" for suffix in IMAGE_SUFFIXES)]
    if build.missing(*images):
        build.configure("-e", "PRINTK", "-e", "IKCONFIG")
        build.make(*images)
        for image in images:
            build.keep(f"arch/arm64/boot/{image}", image)
    for compressor in ("gzip", "zstd"):
        name = f"vmlinuz-{compressor}.efi"
        if build.missing(name):
            build.configure(
                *("-e", "EFI", "-e", "EFI_ZBOOT", "-d", "KERNEL_GZIP", "-d", "KERNEL_ZSTD"),
                *("-e", f"KERNEL_{compressor.upper()}"),
            )
            build.make("vmlinuz.efi")
            build.keep("arch/arm64/boot/vmlinuz.efi", name)


def main(tree: str, folder: str) -> None:
    out = Path(folder).resolve()
    out.mkdir(parents=True, exist_ok=True)
    for step in (build_x86, build_module, build_arm64):
        step(Path(tree).resolve(), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
