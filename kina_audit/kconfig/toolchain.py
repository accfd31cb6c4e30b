"""The toolchain model: answers a tree's questions about compiler and tools from data, and notes what it assumed.

A tree asks through ``$(cc-option,...)``, ``$(shell,...)`` and the like. Nothing it says is run: macros are answered from
``data/toolchains.toml``, the handful of pure commands (``test``, ``set -- ... && echo $1``) are computed here, and a
question nobody knows is answered "n" and noted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from kina_audit.errors import UsageError
from kina_audit.kernel.version import KernelVersion
from kina_audit.packaged import data_file, toml_document

DEFAULT_TOOLCHAIN = "gcc-12"
FACTS = {
    "pahole": "1.24",
    "rustc": "0",
    "plugins": "n",
    "can_link": "y",
    "text": "",
    "binutils": "",
}
"""What may be said beside a compiler's name (``gcc-12,pahole=1.25``), and what is assumed when it is not."""

_SUCCESS = re.compile(
    r'\{ (?P<command>.*); \} >/dev/null 2>&1 && echo "(?P<then>[^"]*)" \|\| echo "(?P<otherwise>[^"]*)"', re.DOTALL
)
_FIELD = re.compile(r"set -- (.*?) && echo \$(\d)$")
_CONTAINS = re.compile(r'echo "([^"$`]*)" \| grep -q (\w+)')
_DIVISION = re.compile(r"expr (\d+) / (\d+)$")
_TEST = re.compile(r"(?:test|\[)\s+(?P<words>.*?)\s*\]?$", re.DOTALL)
_WORD = re.compile(r'"([^"]*)"|\'([^\']*)\'|(\S+)')
_NUMERIC: dict[str, Callable[[int, int], bool]] = {"-eq": eq, "-ne": ne, "-ge": ge, "-gt": gt, "-le": le, "-lt": lt}
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,4}){0,2}")
_NAME = re.compile(r"(gcc|clang)-(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What a kernel is built with.

    Attributes:
        name: as the user gave it, e.g. ``gcc-12,pahole=1.25``.
        compiler: ``gcc`` or ``clang``.
        major: the compiler's major version.
        version: as ``scripts/cc-version.sh`` prints it: 12.2.0 is 120200.
        binutils: as ``scripts/ld-version.sh`` prints it; for clang, LLVM's.
        text: first line of the compiler's ``--version``.
        facts: what the user said of `FACTS`.
        measured: question to answer, when a compiler was asked (`kina_audit.sources.measure`).
    """

    name: str
    compiler: str
    major: int
    version: int
    binutils: int
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, name: str) -> "Toolchain":
        """Read ``gcc-12`` or ``clang-18``, with facts behind commas: ``gcc-14,pahole=1.27,rustc=1.78``.

        Raises:
            UsageError: an unknown compiler or fact.
        """
        compiler, *rest = name.split(",")
        facts: dict[str, str] = {}
        for part in rest:
            key, equals, value = part.partition("=")
            if not equals or key not in FACTS:
                raise UsageError(f"--toolchain {name}: {part!r} is none of {', '.join(f'{k}=' for k in FACTS)}")
            facts[key] = value
        match = _NAME.fullmatch(compiler)
        releases = toml_document(data_file("toolchains.toml"))["releases"]
        known = [f"{kind}-{major}" for kind in releases for major in releases[kind]]
        if match is None or match[2] not in releases[match[1]]:
            raise UsageError(f"--toolchain {name}: unknown compiler", f"Known: {', '.join(known)}, or cc:PROGRAM.")
        version, binutils = releases[match[1]][match[2]]
        if "binutils" in facts:
            binutils = _binutils(facts["binutils"])
        text = facts.get("text") or _tables()["compilers"][match[1]]["text"].format(version=version)
        return cls(name, match[1], int(match[2]), _number(version, "version"), binutils, text, facts)


def questions() -> tuple[list[str], list[str], list[str]]:
    """Everything the data file knows to ask a real compiler: flags, linker flags, assembler lines."""
    tables = _tables()
    return (
        list(tables["flags"]),
        list(tables["linkers"]),
        [line for row in tables["assembler"] for line in row["lines"]],
    )


def measured_toolchain(
    name: str, kind: str, version: str, text: str, binutils: str, facts: Mapping[str, str], answers: Mapping[str, str]
) -> Toolchain:
    """The model of a compiler that was asked.

    Raises:
        UsageError: a version that cannot be read.
    """
    number = _number(version, "version")
    linker = number if kind == "clang" else _binutils(".".join(binutils.split(".")[:2]) or "2.30")
    return Toolchain(name, kind, number // 10000, number, linker, text, facts, answers)


def _number(text: str, what: str) -> int:
    """12.2.0 as 120200."""
    if not _VERSION.fullmatch(text):
        raise UsageError(f"{what}={text}: not a version", "Give e.g. 1.25 or 12.2.0.")
    major, minor, patch = (*map(int, text.split(".")), 0, 0)[:3]
    return major * 10000 + minor * 100 + patch


def _binutils(text: str) -> int:
    """2.40 as 24000."""
    return _number(text, "binutils") // 10000 * 10000 + _number(text, "binutils") % 10000 // 100 * 100


@cache
def _tables() -> Mapping[str, Any]:
    document = dict(toml_document(data_file("toolchains.toml")))
    document["flags"] = {f: row for row in document["flag"] for f in row["flags"]}
    document["linkers"] = {f: row for row in document["linker"] for f in row["flags"]}
    return document


class ModelAnswers:
    """Answers for one tree, architecture and toolchain; see `kina_audit.kconfig.tree.Answers`."""

    def __init__(self, toolchain: Toolchain, arch: str, release: str) -> None:
        self.toolchain = toolchain
        self.arch = arch
        self.release = KernelVersion.parse(release)
        self._assumed: list[tuple[str, str]] = []

    def drain(self) -> list[tuple[str, str]]:
        """What was answered without knowing since the last call: (question, answer)."""
        assumed, self._assumed = self._assumed, []
        return assumed

    def variables(self) -> Mapping[str, str]:
        """The Makefile's variables that Kconfig files read."""
        return {
            "srctree": ".",
            "CC": "cc",
            "LD": "ld",
            "AR": "ar",
            "NM": "nm",
            "OBJCOPY": "objcopy",
            "PAHOLE": "pahole",
            "RUSTC": "rustc",
            "BINDGEN": "bindgen",
            "PYTHON3": "python3",
            "CC_VERSION_TEXT": self.toolchain.text,
            "PAHOLE_VERSION": self._fact("pahole_version"),
            "RUSTC_VERSION_TEXT": self._fact("rustc_text"),
        }

    def macro(self, name: str, arguments: list[str]) -> str | None:
        """Macros about flags and instructions; every other one is expanded as the tree defines it."""
        text = " ".join(",".join(arguments).split()) if name not in ("as-instr", "as-instr64") else arguments[0].strip()
        if name in ("cc-option", "as-option", "rustc-option"):
            return "n" if name == "rustc-option" else self._flag(text)
        if name == "cc-option-bit":
            return text if self._flag(text) == "y" else ""
        if name == "ld-option":
            return self._linker(text)
        if name in ("as-instr", "as-instr64"):
            return self._assembler(text)
        return None

    def shell(self, command: str) -> str:
        """What the command would print, computed or looked up."""
        command = command.strip()
        if match := _FIELD.match(command):
            fields = match[1].split()
            return fields[int(match[2]) - 1] if 0 < int(match[2]) <= len(fields) else ""
        if match := _SUCCESS.fullmatch(command):
            inner = match["command"].strip()
            held = _holds(inner)
            answer = ("y" if held else "n") if held is not None else self._command(inner)
            return match["then"] if answer == "y" else match["otherwise"]
        if match := _DIVISION.match(command):
            return str(int(match[1]) // int(match[2])) if int(match[2]) else ""
        if command.startswith("echo ") and not set(command) & set("$`|;&<>"):
            return command[5:].strip("\"'")
        return self._command(command)

    def _flag(self, flags: str) -> str:
        # The tree may put -m64 or -m32 in front; what the flag is about does not change.
        known = self.toolchain.measured.get(f"cc-option {flags}")
        if known is not None:
            return known
        row = _tables()["flags"].get(flags) or _tables()["flags"].get(re.sub(r"^-m(?:32|64) ", "", flags))
        if row is None:
            return self._assume(f"$(cc-option,{flags})", "n")
        answer = self._since(row)
        return self._assume(f"$(cc-option,{flags})", answer) if "differs" in row else answer

    def _linker(self, flags: str) -> str:
        known = self.toolchain.measured.get(f"ld-option {flags}")
        if known is not None:
            return known
        row = _tables()["linkers"].get(flags)
        if row is None:
            return self._assume(f"$(ld-option,{flags})", "n")
        needed = row.get("lld" if self.toolchain.compiler == "clang" else "binutils")
        return "y" if self._applies(row) and needed is not None and self.toolchain.binutils >= needed else "n"

    def _assembler(self, line: str) -> str:
        known = self.toolchain.measured.get(f"as-instr {line}")
        if known is not None:
            return known
        for row in _tables()["assembler"]:
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
        for row in _tables()["command"]:
            if row["contains"] in command:
                known = self.toolchain.measured.get(f"command {row['contains']}")
                if known is not None:
                    return known
                if "fact" in row:
                    return self._fact(row["fact"])
                return str(row["answer"]) if "answer" in row else self._since(row)
        return self._assume(command if len(command) < 200 else command[:200] + "...", "n")

    def _fact(self, name: str) -> str:
        """What a fact of the command table stands for."""
        tools = self.toolchain
        llvm = tools.compiler == "clang"
        names = _tables()["compilers"][tools.compiler]
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
                version = str(_number(said.get("pahole", FACTS["pahole"]), "pahole") // 100)
                return version if "pahole" in said else self._assume("the version of pahole", version)
            case "rustc_version" | "rustc_llvm_version" | "rustc_text" | "bindgen_text" | "rust":
                return self._rust(name, said.get("rustc", "0"))
            case "can_link_32":
                return self._assume("whether the compiler can link 32-bit programs", "n")
            case _:
                return said.get(name) or self._assume(_QUESTIONS[name], FACTS[name])

    def _rust(self, name: str, version: str) -> str:
        if version == "0":
            return {"rust": "n", "rustc_text": "", "bindgen_text": ""}.get(name, "0")
        if name == "rust":
            return "y"
        if name == "rustc_text":
            return f"rustc {version}"
        if name == "rustc_version":
            number = _number(version, "rustc")
            return str(number // 10000 * 100000 + number % 10000)
        if name == "bindgen_text":
            return self._assume("the version of bindgen", "bindgen")
        return self._assume("the LLVM that rustc uses", "0")

    def _assume(self, question: str, answer: str) -> str:
        self._assumed.append((question, answer))
        return answer


_QUESTIONS = {
    "plugins": "whether the compiler's plugin headers are installed",
    "can_link": "whether the compiler can link programs",
}


def _holds(command: str) -> bool | None:
    """The result of a plain ``test`` or ``echo | grep`` command, or None when it is something else."""
    if match := _CONTAINS.fullmatch(command):
        return match[2] in match[1]
    match = _TEST.fullmatch(command)
    if match is None or set(command) & set("`|;&<>"):
        return None
    words: list[str] = [a or b or c for a, b, c in _WORD.findall(match["words"])]
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
