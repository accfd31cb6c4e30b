"""ELF: ``vmlinux``, a kernel module, or the boot wrapper of an architecture that packs its kernel into one."""

from kina_audit.kernel.image.container import Container, text

# The ELF specification, "ELF Header"; the numbers of e_machine are in include/uapi/linux/elf-em.h.
MAGIC = b"\x7fELF"
DATA_AT, TYPE_AT, MACHINE_AT = 5, 16, 18
BIG_ENDIAN = 2
RELOCATABLE, CORE = 1, 4
MACHINES = {3: "x86", 8: "mips", 21: "powerpc", 22: "s390", 40: "arm", 62: "x86_64", 183: "arm64", 243: "riscv",
            258: "loongarch"}  # fmt: skip


def read_elf(head: bytes | memoryview) -> Container | None:
    """Recognise an ELF file."""
    if head[:4] != MAGIC or len(head) < 64:
        return None
    order = "big" if head[DATA_AT] == BIG_ENDIAN else "little"
    kind = int.from_bytes(head[TYPE_AT : TYPE_AT + 2], order)  # type: ignore[arg-type]
    machine = int.from_bytes(head[MACHINE_AT : MACHINE_AT + 2], order)  # type: ignore[arg-type]
    arch = MACHINES.get(machine, f"machine {machine}")
    if kind == CORE:
        return Container(f"ELF core dump ({arch})", problem="it is a memory dump, not a kernel image")
    if kind == RELOCATABLE:
        return Container(f"ELF module ({arch})", module=True)
    return Container(f"ELF ({arch})")


_MODULE_HEAD = 4 * 1024 * 1024
VERMAGIC = b"vermagic="  # include/linux/module.h, MODULE_INFO(vermagic, ...): the release comes first


def module_release(data: bytes | memoryview) -> str:
    """The kernel release a module was built for, or an empty string."""
    data = bytes(data[:_MODULE_HEAD])
    at = data.find(VERMAGIC)
    return text(data[at + len(VERMAGIC) : at + len(VERMAGIC) + 128]).split(" ")[0] if at >= 0 else ""
