"""The flat ``Image`` of arm64, riscv and loongarch: the kernel's plain bytes behind a 64-byte header."""

from kina_audit.kernel.image.container import Container

ARM64_MAGIC, ARM64_MAGIC_AT = b"ARM\x64", 56  # Documentation/arch/arm64/booting.rst, "magic"
RISCV_MAGIC, RISCV_MAGIC_AT = b"RSC\x05", 56  # Documentation/arch/riscv/boot-image-header.rst, "magic2"
LOONGARCH_MAGIC, LOONGARCH_MAGIC_AT = b"\xcd\x23\x82\x81", 56  # LINUX_PE_MAGIC, arch/loongarch/kernel/head.S


def read_flat_image(head: bytes | memoryview) -> Container | None:
    """Recognise a flat Image by the magic in its header."""
    for arch, magic, at in (
        ("arm64", ARM64_MAGIC, ARM64_MAGIC_AT),
        ("riscv", RISCV_MAGIC, RISCV_MAGIC_AT),
        ("loongarch", LOONGARCH_MAGIC, LOONGARCH_MAGIC_AT),
    ):
        if head[at : at + 4] == magic:
            return Container(f"{arch} Image")
    return None
