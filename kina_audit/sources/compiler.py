"""What a compiler on this machine can do: asked once, with questions of ours, never with a tree's."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kina_audit.errors import SourceError, SourceNotFoundError

_SECONDS = 20.0
_MAX_OUTPUT = 64 * 1024
_TRIPLE = re.compile(r"\b(\d+\.\d+(?:\.\d+)?)\b")


@dataclass(frozen=True, slots=True)
class Measured:
    """A compiler and what it answered.

    Attributes:
        kind: gcc or clang.
        version: e.g. ``12.2.0``.
        text: first line of its ``--version``.
        binutils: version of its linker, e.g. ``2.40``.
        pahole: version of pahole on the PATH, or ``0``.
        answers: question to y or n.
    """

    kind: str
    version: str
    text: str
    binutils: str
    pahole: str
    answers: Mapping[str, str] = field(default_factory=dict)


def identify(program: str) -> Measured:
    """Which compiler a program is.

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
    found = _TRIPLE.search(_output([program, "-dumpfullversion"]).strip() if kind == "gcc" else text)
    if found is None:
        raise SourceError(f"--toolchain cc:{program}: neither gcc nor clang", "Give a C compiler.")
    linker = program[: -len("gcc")] + "ld" if program.endswith("gcc") else "ld.lld" if kind == "clang" else "ld"
    ld = _TRIPLE.search((_output([linker, "--version"]).splitlines() or [""])[0]) if shutil.which(linker) else None
    pahole = _TRIPLE.search(_output(["pahole", "--version"])) if shutil.which("pahole") else None
    return Measured(kind, found[1], text, ld[1] if ld else "", pahole[1] if pahole else "0")


def measure(program: str, flags: Sequence[str], linker_flags: Sequence[str], lines: Sequence[str]) -> dict[str, str]:
    """Ask a compiler about flags, linker flags and assembler lines: question to y or n.

    Raises:
        SourceNotFoundError: no such program.
    """
    answers: dict[str, str] = {}
    linker = program[: -len("gcc")] + "ld" if program.endswith("gcc") else "ld"
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
    return answers


def measured_key(program: str) -> str:
    """What identifies a compiler on this machine: its path, size and time."""
    path = Path(shutil.which(program) or program).resolve()
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return json.dumps([str(path), status.st_size, status.st_mtime_ns])


class ProbeAnswers:
    """Runs a tree's own probes, for a tree that the user trusts; see `kina_audit.kconfig.tree.Answers`."""

    def __init__(self, root: Path, arch: str, program: str, text: str) -> None:
        prefix = program[: -len("gcc")] if program.endswith("gcc") else ""
        self._variables = {
            "srctree": str(root), "CC": program, "LD": f"{prefix}ld", "AR": f"{prefix}ar", "NM": f"{prefix}nm",
            "OBJCOPY": f"{prefix}objcopy", "PAHOLE": "pahole", "RUSTC": "rustc", "BINDGEN": "bindgen",
            "PYTHON3": "python3", "CC_VERSION_TEXT": text,
        }  # fmt: skip
        # Only what finding the tools takes: a user's tokens are none of the tree's business.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._environment = {**kept, **self._variables, "ARCH": arch, "LC_ALL": "C"}

    def variables(self) -> Mapping[str, str]:
        """The Makefile's variables that Kconfig files read."""
        return self._variables

    def macro(self, name: str, arguments: list[str]) -> str | None:  # noqa: ARG002
        """Every macro is the tree's own."""
        return None

    def shell(self, command: str) -> str:
        """What the command prints, as ``$(shell,...)`` gives it to Kconfig."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = subprocess.run(
                    ["/bin/sh", "-c", command], cwd=folder, env=self._environment, capture_output=True,
                    timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired):
                return ""
        return done.stdout[:_MAX_OUTPUT].decode("utf-8", "replace").rstrip("\n").replace("\n", " ")

    def drain(self) -> list[tuple[str, str]]:
        """Nothing is assumed."""
        return []


def _output(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout[:_MAX_OUTPUT].decode("utf-8", "replace")


def _accepts(words: Sequence[str], text: str = "") -> str:
    try:
        done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "n"
    return "y" if done.returncode == 0 else "n"
