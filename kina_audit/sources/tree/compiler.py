"""What a compiler on this machine can do: asked once, with questions of ours, never with a tree's."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kina_audit.base.bounds import COMPILER_SECONDS
from kina_audit.base.datatype import datatype, field
from kina_audit.errors import SourceError, SourceNotFoundError

Shell = Callable[[str], str]
Variables = Mapping[str, "str | Callable[[], str]"]

_MAX_OUTPUT = 64 * 1024
_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)?)\b")
"""pahole prints its own with a v in front."""


@datatype
class Measured:
    """A compiler, and what is installed beside it.

    Attributes:
        kind: gcc or clang.
        version: e.g. ``12.2.0``.
        text: first line of its ``--version``.
        binutils: version of its linker, e.g. ``2.40``.
        facts: what was found out of what may be stated beside a compiler's name; what could not be found out is missing.
    """

    kind: str
    version: str
    text: str
    binutils: str
    facts: Mapping[str, str] = field(default_factory=dict)


def identify(program: str) -> Measured:
    """Which compiler a program is, and what is installed beside it.

    Raises:
        SourceNotFoundError: no such program.
        SourceError: it is neither gcc nor clang.
    """
    if shutil.which(program) is None:
        raise SourceNotFoundError(f"--toolchain cc:{program}: no such program", "Give a compiler on the PATH.")
    lines = _output([program, "--version"]).splitlines()
    text = lines[0].strip() if lines else ""
    # Only gcc knows the option; clang answers it with the version of the gcc it stands in for.
    kind = "clang" if "clang" in text else "gcc"
    found = _VERSION.search(_output([program, "-dumpfullversion"]).strip() if kind == "gcc" else text)
    if found is None:
        raise SourceError(f"--toolchain cc:{program}: neither gcc nor clang", "Give a C compiler.")
    linker = _linker(program)
    ld = _VERSION.search((_output([linker, "--version"]).splitlines() or [""])[0]) if shutil.which(linker) else None
    facts = {"pahole": _pahole(), "can_link": _links(program)}
    if kind == "gcc":
        folder = _output([program, "-print-file-name=plugin"]).strip()
        facts["plugins"] = "y" if (Path(folder) / "include" / "plugin-version.h").is_file() else "n"
    facts |= _rust()
    return Measured(kind, found[1], text, ld[1] if ld else "", {k: v for k, v in facts.items() if v})


def _linker(program: str) -> str:
    """The linker that goes with a compiler; all of LLVM with clang, as ``make LLVM=1`` has it."""
    return program[: -len("gcc")] + "ld" if program.endswith("gcc") else "ld.lld" if "clang" in program else "ld"


def _pahole() -> str:
    """The version of pahole, 0 when there is none, and empty when it is there and does not tell."""
    if shutil.which("pahole") is None:
        return "0"
    found = _VERSION.search(_output(["pahole", "--version"]))
    return found[1] if found else ""


def _rust() -> dict[str, str]:
    """What is known of rustc. That it is there does not yet make it usable: its library and bindgen have to fit."""
    if shutil.which("rustc") is None:
        return {"rustc": "0"}
    lines = _output(["rustc", "--version", "--verbose"]).splitlines()
    version = _VERSION.search(lines[0]) if lines else None
    if version is None:
        return {}
    llvm = next((found for line in lines if line.startswith("LLVM") and (found := _VERSION.search(line))), None)
    usable = {"rust": "n" if shutil.which("bindgen") is None else "?"}
    return {"rustc": version[1], "rustc_text": lines[0], **usable, **({"rustc_llvm": llvm[1]} if llvm else {})}


def _links(program: str) -> str:
    """Whether a program can be compiled and linked."""
    with tempfile.TemporaryDirectory() as folder:
        words = [program, "-x", "c", "-", "-o", str(Path(folder) / "out")]
        return _accepts(words, '#include <stdio.h>\nint main(void) { printf(""); return 0; }\n')


def measure(program: str, flags: Sequence[str], linker_flags: Sequence[str], lines: Sequence[str]) -> dict[str, str]:
    """Ask a compiler about flags, linker flags and assembler lines: question to y or n.

    A question that could not be asked (no linker, no answer in time) is left out.
    """
    answers: dict[str, str] = {}
    linker = _linker(program)
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.o")
        for flag in flags:
            words = [program, "-Werror", *flag.split(), "-c", "-x", "c", "/dev/null", "-o", out]
            answers[f"cc-option {flag}"] = _accepts(words)
        for flag in linker_flags:
            answers[f"ld-option {flag}"] = _accepts([linker, "-v", *flag.split()])
        for line in lines:
            words = [program, "-Wa,--fatal-warnings", "-c", "-x", "assembler-with-cpp", "-o", out, "-"]
            answers[f"as-instr {line}"] = _accepts(words, line.replace("\\n", "\n").replace("\\$", "$") + "\n")
    return {question: answer for question, answer in answers.items() if answer}


def measured_key(program: str) -> str:
    """What identifies the tools that are asked: path, size and time of each; a newly installed one makes another key."""
    tools: list[list[str | int]] = []
    for name in (program, _linker(program), "ld.lld", "pahole", "rustc", "bindgen"):
        path = shutil.which(name)
        try:
            real = Path(os.path.realpath(path or name))
            status = real.stat()
        except OSError:
            tools.append([name])
            continue
        tools.append([str(real), status.st_size, status.st_mtime_ns])
    return json.dumps(tools)


class ProbeAnswers:
    """Runs a tree's own probes, for a tree that the user trusts; see `kina_audit.kconfig.tree.Answers`.

    Args:
        root: the tree.
        arch: Kconfig's name of the architecture.
        program: the compiler.
        variables: gives the Makefile's variables, for the tree's folder, the compiler, the prefix of its tools, and who
            runs commands.
    """

    def __init__(
        self, root: Path, arch: str, program: str, variables: Callable[[str, str, str, "Shell"], "Variables"]
    ) -> None:
        # Only what finding the tools takes: a user's tokens are none of the tree's business.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._environment = {**kept, "ARCH": arch, "LC_ALL": "C"}
        prefix = program[: -len("gcc")] if program.endswith("gcc") else ""
        named = variables(str(root), program, prefix, self.shell)
        self._variables = {name: value() if callable(value) else value for name, value in named.items()}
        self._environment |= self._variables

    def variable(self, name: str) -> str | None:
        """A variable of the Makefile that Kconfig files read."""
        return self._variables.get(name)

    def macro(self, name: str, arguments: list[str]) -> str | None:  # noqa: ARG002
        """Every macro is the tree's own."""
        return None

    def shell(self, command: str) -> str:
        """What the command prints, as ``$(shell,...)`` gives it to Kconfig."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = subprocess.run(
                    ["/bin/sh", "-c", command], cwd=folder, env=self._environment, capture_output=True,
                    timeout=COMPILER_SECONDS, check=False, stdin=subprocess.DEVNULL,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired):
                return ""
        return done.stdout[:_MAX_OUTPUT].decode("utf-8", "replace").rstrip("\n").replace("\n", " ")

    def drain(self) -> list[tuple[str, str]]:
        """Nothing is assumed."""
        return []


def _output(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=COMPILER_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout[:_MAX_OUTPUT].decode("utf-8", "replace")


def _accepts(words: Sequence[str], text: str = "") -> str:
    """Y or n; empty when the program could not be asked."""
    try:
        done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=COMPILER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "y" if done.returncode == 0 else "n"
