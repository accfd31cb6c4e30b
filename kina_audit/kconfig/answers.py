"""The toolchain model: answers a tree's questions about compiler and tools from data, and notes what it assumed.

A tree asks through ``$(cc-option,...)``, ``$(shell,...)`` and the like. Nothing it says is run: macros are answered from
``data/toolchains.toml``, the handful of pure commands (``test``, ``set -- ... && echo $1``) are computed here, and a
question nobody knows is answered "n" and noted.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from kina_audit.kconfig.toolchain import FACTS, Toolchain, tables, version_number
from kina_audit.kernel.version import KernelVersion

_SUCCESS = re.compile(
    r'\{ (?P<command>.*); \} >/dev/null 2>&1 && echo "(?P<then>[^"]*)" \|\| echo "(?P<otherwise>[^"]*)"', re.DOTALL
)
_FIELD = re.compile(r"set -- (.*?) && echo \$(\d)$")
_CONTAINS = re.compile(r'echo "([^"$`]*)" \| grep -q (\w+)')
_DIVISION = re.compile(r"expr (\d+) / (\d+)$")
_TEST = re.compile(r"(?:test|\[)\s(?P<words>.*)", re.DOTALL)
_WORD = re.compile(r'"([^"]*)"|\'([^\']*)\'|(\S+)')
_NUMERIC: dict[str, Callable[[int, int], bool]] = {"-eq": eq, "-ne": ne, "-ge": ge, "-gt": gt, "-le": le, "-lt": lt}


def makefile_variables(
    srctree: str, compiler: str, prefix: str, shell: Callable[[str], str]
) -> Mapping[str, str | Callable[[], str]]:
    """The variables that a tree's Makefile exports and its Kconfig files read, as plain ``make ARCH=...`` sets them.

    There is this one list for whoever answers a tree's questions; what the Makefile asks a tool for is asked when
    somebody reads it. Source: the ``export`` lines of the top Makefile, Linux 5.10 to 7.3.

    Args:
        srctree: the tree's folder.
        compiler: what CC is.
        prefix: what stands before the names of its tools.
        shell: what a command prints.
    """
    return {
        "srctree": srctree,
        "CC": compiler,
        "LD": f"{prefix}ld",
        "AR": f"{prefix}ar",
        "NM": f"{prefix}nm",
        "OBJCOPY": f"{prefix}objcopy",
        "PAHOLE": "pahole",
        "RUSTC": "rustc",
        "BINDGEN": "bindgen",
        "PYTHON3": "python3",
        "KBUILD_DEFCONFIG": "defconfig",
        # Empty unless somebody sets them, or the compiler is a clang for another architecture.
        "CLANG_FLAGS": "",
        "USERCFLAGS": "",
        "USERLDFLAGS": "",
        "CROSS_COMPILE_COMPAT": "",
        "CC_VERSION_TEXT": lambda: shell(f"{compiler} --version | head -n 1"),
        "RUSTC_VERSION_TEXT": lambda: shell("rustc --version 2>/dev/null"),
        "PAHOLE_VERSION": lambda: shell(f"{srctree}/scripts/pahole-version.sh pahole"),
    }


class ModelAnswers:
    """Answers for one tree, architecture and toolchain; see `kina_audit.kconfig.tree.Answers`."""

    def __init__(self, toolchain: Toolchain, arch: str, release: str) -> None:
        self.toolchain = toolchain
        self.arch = arch
        self.release = KernelVersion.parse(release)
        self._assumed: list[tuple[str, str]] = []
        self._variables = makefile_variables(".", "cc", "", self.shell)

    def drain(self) -> list[tuple[str, str]]:
        """What was answered without knowing since the last call: (question, answer)."""
        assumed, self._assumed = self._assumed, []
        return assumed

    def variable(self, name: str) -> str | None:
        """A variable of the Makefile that Kconfig files read; None: it is not known to set such a one."""
        value = self._variables.get(name)
        return value() if callable(value) else value

    def macro(self, name: str, arguments: list[str]) -> str | None:
        """Macros about flags and instructions; every other one is expanded as the tree defines it."""
        if name in ("as-instr", "as-instr64"):
            return self._assembler(arguments[0].strip())
        text = " ".join(",".join(arguments).split())
        if name in ("cc-option", "as-option", "rustc-option"):
            return self._flag(text) if name != "rustc-option" else self._rust_flag(text)
        if name == "cc-option-bit":
            return text if self._flag(text) == "y" else ""
        return self._linker(text) if name == "ld-option" else None

    def shell(self, command: str) -> str:
        """What the command would print, computed or looked up."""
        answer, asked, then = _computed(command.strip())
        if asked is not None:
            answer = self._command(asked)
        return answer if then is None else then[0] if answer == "y" else then[1]

    def _flag(self, flags: str) -> str:
        # The tree may put -m64 or -m32 in front; what the flag is about does not change.
        measured = self.toolchain.measured
        if measured and (known := measured.get(f"cc-option {flags}")) is not None:
            return known
        known_flags = tables()["flags"]
        row = known_flags.get(flags) or known_flags.get(re.sub(r"^-m(?:32|64) ", "", flags))
        if row is None:
            return self._assume(f"$(cc-option,{flags})", "n")
        answer = self._since(row)
        return self._assume(f"$(cc-option,{flags})", answer) if "differs" in row else answer

    def _rust_flag(self, flags: str) -> str:
        return "n" if self.toolchain.facts.get("rustc") == "0" else self._assume(f"$(rustc-option,{flags})", "n")

    def _linker(self, flags: str) -> str:
        known = self.toolchain.measured.get(f"ld-option {flags}")
        if known is not None:
            return known
        row = tables()["linkers"].get(flags)
        if row is None:
            return self._assume(f"$(ld-option,{flags})", "n")
        needed = row.get("lld" if self.toolchain.compiler == "clang" else "binutils")
        return "y" if self._applies(row) and needed is not None and self.toolchain.binutils >= needed else "n"

    def _assembler(self, line: str) -> str:
        known = self.toolchain.measured.get(f"as-instr {line}")
        if known is not None:
            return known
        for row in tables()["assembler"]:
            if self._applies(row) and line in row["lines"]:
                needed = row.get("llvm" if self.toolchain.compiler == "clang" else "binutils")
                return "y" if needed is not None and self.toolchain.binutils >= needed else "n"
        return self._assume(f"$(as-instr,{line})", "n")

    def _applies(self, row: Mapping[str, Any]) -> bool:
        return self.arch in row.get("arch", (self.arch,)) and self.arch not in row.get("not_arch", ())

    def _since(self, row: Mapping[str, Any]) -> str:
        first = row.get(self.toolchain.compiler)
        return "y" if self._applies(row) and first is not None and self.toolchain.major >= first else "n"

    def _command(self, command: str) -> str:
        row = _row_of(command)
        if row is None:
            return self._assume(command if len(command) < 200 else command[:200] + "...", "n")
        known = self.toolchain.measured.get(f"command {row['contains']}")
        if known is not None:
            return known
        if "fact" in row:
            return self._fact(row["fact"])
        return str(row["answer"]) if "answer" in row else self._since(row)

    def _fact(self, name: str) -> str:
        """What a fact of the command table stands for."""
        tools = self.toolchain
        llvm = tools.compiler == "clang"
        names = tables()["compilers"][tools.compiler]
        said = tools.facts
        match name:
            case "cc_info":
                return f"{names['name']} {tools.version}"
            case "cc_text":
                return tools.text
            case "gcc_version":
                return "0" if llvm else str(tools.version)
            case "clang_version":
                return str(tools.version) if llvm else "0"
            case "as_info":
                return f"{names['assembler']} {tools.version if llvm else tools.binutils}"
            case "ld_info":
                return f"{names['linker']} {tools.binutils}"
            case "lld_version":
                return str(tools.binutils) if llvm else "0"
            case "old_ld_version":
                # What ld-version.sh printed before Linux 5.12: 2.40 is 240000000.
                return str(tools.binutils // 10000 * 10**8 + tools.binutils % 10000 // 100 * 10**6)
            case "llvm" | "not_llvm":
                return "y" if llvm == (name == "llvm") else "n"
            case "relr":
                # The script of trees before 6.6 asks for a flag that only lld has.
                first = {"x86_64": 23800, "arm64": 24300}.get(self.arch) if self.release.triple >= (6, 6, 0) else None
                return "y" if llvm or (first is not None and tools.binutils >= first) else "n"
            case "pahole_version":
                version = str(version_number(said.get("pahole", FACTS["pahole"]), "pahole") // 100)
                return version if "pahole" in said else self._assume("the version of pahole", version)
            case "rustc_version" | "rustc_llvm_version" | "rustc_text" | "bindgen_text" | "rust":
                return self._rust(name, said)
            case "can_link_32":
                return self._assume("whether the compiler can link 32-bit programs", "n")
            case _:
                return said.get(name) or self._assume(_QUESTIONS[name], FACTS[name])

    def _rust(self, name: str, said: Mapping[str, str]) -> str:
        version = said.get("rustc") or self._assume("the version of rustc", FACTS["rustc"])
        if version == "0":
            return {"rust": "n", "rustc_text": "", "bindgen_text": ""}.get(name, "0")
        match name:
            case "rust":
                # Who states a version means one that works; of one that was found nobody knows.
                usable = said.get("rust", "y")
                return usable if usable != "?" else self._assume("whether Rust's library and bindgen fit", "n")
            case "rustc_text":
                return said.get("rustc_text", f"rustc {version}")
            case "rustc_version":
                number = version_number(version, "rustc")
                return str(number // 10000 * 100000 + number % 10000)
            case "rustc_llvm_version" if "rustc_llvm" in said:
                return str(version_number(said["rustc_llvm"], "rustc_llvm"))
            case "bindgen_text":
                return self._assume("the version of bindgen", "bindgen")
            case _:
                return self._assume("the LLVM that rustc uses", "0")

    def _assume(self, question: str, answer: str) -> str:
        self._assumed.append((question, answer))
        return answer


_QUESTIONS = {
    "plugins": "whether the compiler's plugin headers are installed",
    "can_link": "whether the compiler can link programs",
}


_KEPT = 1024
"""Commands of which it is kept what they come to: a line has forty, and is asked under several toolchains."""


@lru_cache(_KEPT)
def _row_of(command: str) -> Mapping[str, Any] | None:
    """The row of the command table that a command is answered by; None: nobody knows it."""
    return next((row for row in tables()["command"] if row["contains"] in command), None)


@lru_cache(_KEPT)
def _computed(command: str) -> tuple[str, str | None, tuple[str, str] | None]:
    """What a command prints; else the command that has to be looked up; and what is printed where the answer is y, and else."""
    if match := _FIELD.match(command):
        fields = match[1].split()
        return fields[int(match[2]) - 1] if 0 < int(match[2]) <= len(fields) else "", None, None
    if match := _SUCCESS.fullmatch(command):
        inner = match["command"].strip()
        held = _holds(inner)
        then = (match["then"], match["otherwise"])
        return ("", inner, then) if held is None else ("y" if held else "n", None, then)
    if match := _DIVISION.match(command):
        return str(int(match[1]) // int(match[2])) if int(match[2]) else "", None, None
    if command.startswith("echo ") and not set(command) & set("$`|;&<>"):
        return command[5:].strip("\"'"), None, None
    return "", command, None


def _holds(command: str) -> bool | None:
    """The result of a plain ``test`` or ``echo | grep`` command, or None when it is something else."""
    if match := _CONTAINS.fullmatch(command):
        return match[2] in match[1]
    match = _TEST.fullmatch(command)
    if match is None or set(command) & set("`|;&<>"):
        return None
    words: list[str] = [a or b or c for a, b, c in _WORD.findall(match["words"].rstrip().removesuffix("]"))]
    if len(words) == 2 and words[0] in ("-z", "-n"):
        return (words[1] != "") == (words[0] == "-n")
    if len(words) == 1 and words[0] in ("-z", "-n"):
        return words[0] == "-z"
    if len(words) == 3 and words[1] in ("=", "!="):
        return (words[0] == words[2]) == (words[1] == "=")
    if len(words) == 3 and words[1] in _NUMERIC:
        try:
            return _NUMERIC[words[1]](int(words[0]), int(words[2]))
        except ValueError:
            return False
    return None
