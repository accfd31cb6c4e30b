"""Read a kernel tree's Kconfig files: kconfiglib's parser, kept from executing anything or leaving the tree."""

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from kina_audit.base.bounds import (
    KCONFIG_BYTES,
    KCONFIG_EXPANSION,
    KCONFIG_FILE,
    KCONFIG_LINE,
    KCONFIG_MACROS,
    KIB,
    TREE_FILES,
)
from kina_audit.base.files import open_regular, read_regular
from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kconfig.rewrite import RewriteError, rewrite
from kina_audit.kernel.version import KernelVersion

_RECURSION_LIMIT = 12_000
_SOURCES = frozenset(("source", "rsource", "osource", "orsource"))

SRCARCH = {"x86_64": "x86", "i386": "x86", "x86": "x86", "sparc64": "sparc", "parisc64": "parisc", "riscv64": "riscv"}
"""Values of ARCH whose folder under ``arch/`` has another name."""


class TreeError(SourceError):
    """A kernel tree cannot be used: a syntax error, a file outside the tree, an architecture it lacks."""


class Asked(Protocol):
    """Who is asked while a tree is read."""

    def macro(self, name: str, arguments: list[str]) -> str | None:
        """The value of a macro such as ``cc-option``; None: expand it as the tree defines it."""

    def shell(self, command: str) -> str:
        """What a ``$(shell,...)`` command would print."""

    def variable(self, name: str) -> str | None:
        """A variable that the Makefile exports, such as CC and CC_VERSION_TEXT; None: it is not known to."""


class Answers(Asked, Protocol):
    """Who answers a tree's questions about the tools it would be built with."""

    def drain(self) -> list[tuple[str, str]]:
        """(question, answer) of what was assumed since the last call."""


def make_version(makefile: str) -> str:
    """The kernel release that the text of a top Makefile spells out, e.g. ``6.12.94``.

    Raises:
        TreeError: VERSION or PATCHLEVEL is missing.
    """
    values: dict[str, str] = {}
    for line in makefile.splitlines()[:40]:
        name, equals, value = line.partition("=")
        if equals and name.strip() in ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION"):
            values[name.strip()] = value.strip()
    if not values.get("VERSION", "").isdigit() or not values.get("PATCHLEVEL", "").isdigit():
        raise TreeError("the tree's Makefile does not tell a kernel version", "Give the root of a Linux source tree.")
    text = f"{values['VERSION']}.{values['PATCHLEVEL']}"
    if values.get("SUBLEVEL"):
        text += f".{values['SUBLEVEL']}"
    text += values.get("EXTRAVERSION", "")
    try:
        KernelVersion.parse(text)
    except ValueError:
        raise TreeError(f"the tree's Makefile tells {text[:60]!r}, which is no kernel version") from None
    return text


def tree_version(root: Path) -> str:
    """The kernel release of the tree at ``root``.

    Raises:
        SourceNotFoundError: there is no kernel tree.
        TreeError: its Makefile tells no version.
    """
    if not (root / "Kconfig").is_file() or not (root / "Makefile").is_file():
        raise SourceNotFoundError(
            f"{root} is no kernel tree: it has no Kconfig and Makefile",
            "Give the root of a Linux source tree, an archive of one, or a version such as 6.18.5.",
        )
    try:
        with open_regular(root / "Makefile") as file:
            return make_version(file.read(64 * KIB).decode("utf-8", errors="replace"))
    except OSError as error:
        raise TreeError(f"{root / 'Makefile'}: cannot be read: {error.strerror}") from error


def parse_tree(root: Path, arch: str, answers: Asked) -> Any:
    """A ``kconfiglib.Kconfig`` of the tree, parsed and finalized.

    Args:
        root: the tree.
        arch: Kconfig's name of the architecture: ``arm64``, ``x86_64``, ``riscv`` ...
        answers: stands in for every command the tree would run.

    Raises:
        SourceNotFoundError: no kernel tree there.
        TreeError: a syntax error (with file:line), a file outside the tree, an architecture the tree lacks.
        SourceTooLargeError: more than a kernel tree holds.
    """
    version = tree_version(root)
    if arch == "um":
        # Its files take in those of the architecture it runs on, by variables of two Makefiles.
        raise TreeError(
            f"{root}: kernels of user-mode Linux cannot be resolved",
            "Run `make ARCH=um olddefconfig` in the tree itself.",
        )
    srcarch = SRCARCH.get(arch, arch)
    if not (root / "arch" / srcarch / "Kconfig").is_file():
        known = sorted(p.parent.name for p in root.glob("arch/*/Kconfig"))
        raise TreeError(f"{root}: the tree has no architecture {arch!r}", f"It has: {', '.join(known) or 'none'}.")
    variables = {"ARCH": arch, "SRCARCH": srcarch, "KERNELVERSION": version}
    import kconfiglib

    try:
        with deep_recursion(root):
            return _reader_class()(root, variables, answers)
    except kconfiglib.KconfigError as error:
        message = " ".join(str(error).split()).removeprefix("error: ")
        raise TreeError(message, "The tree's Kconfig files cannot be read; is the tree complete?") from None


@contextmanager
def deep_recursion(root: Path) -> Iterator[None]:
    """Real trees nest a few thousand frames deep; the old limit is put back.

    Raises:
        TreeError: the tree at ``root`` nests deeper.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        yield
    except RecursionError:
        raise TreeError(f"{root}: Kconfig expressions nested too deep", "This is no real kernel tree.") from None
    finally:
        sys.setrecursionlimit(before)


def _reader_class() -> Callable[[Path, Mapping[str, str], Asked], Any]:  # noqa: C901
    """The subclass, made when kconfiglib is first needed: importing it costs every command otherwise."""
    import kconfiglib
    from kconfiglib import Kconfig, KconfigError

    class TreeReader(Kconfig):  # type: ignore[misc]
        """Kconfig with its doors closed: no process, no environment, no foreign module, no file outside the tree."""

        def __init__(self, root: Path, variables: Mapping[str, str], answers: Asked) -> None:
            self._root = root.resolve()
            self._environment = variables
            self._answers = answers
            self._bytes = 0
            self._macros = 0
            self.files: list[tuple[str, int, int]] = []
            """(path inside the tree, modification time in ns, size) of every file that was read."""
            try:
                self._init_tree(str(self._root))
            except (SourceError, KconfigError, RecursionError):
                raise
            except Exception as error:  # the library's own mistakes, one boundary for all of them
                raise TreeError(
                    f"{self.filename}:{self.linenr}: Kconfig that cannot be read ({type(error).__name__})",
                    "No kernel tree has it.",
                ) from error

        def _init_tree(self, root: str) -> None:
            # Kconfig.__init__ reads the environment and imports a module named in it, and goes on to build what only
            # interactive tools need; this is the same without.
            self._encoding = "utf-8"
            self.srctree = root
            self._srctree_prefix = root + os.sep
            self.warn = self.warn_to_stderr = False
            self.warnings: list[str] = []
            self.config_prefix = "CONFIG_"
            self.syms: dict[str, Any] = {}
            self.const_syms: dict[str, Any] = {}
            self.defined_syms: list[Any] = []
            self.missing_syms: list[Any] = []
            self.named_choices: dict[str, Any] = {}
            self.choices: list[Any] = []
            self.menus: list[Any] = []
            self.comments: list[Any] = []
            for name in "nmy":
                constant = kconfiglib.Symbol()
                constant.kconfig = self
                constant.name = name
                constant.is_constant = True
                constant.orig_type = kconfiglib.TRISTATE
                self.const_syms[name] = constant
            self.n, self.m, self.y = (self.const_syms[name] for name in "nmy")
            for constant in (self.n, self.m, self.y):
                constant.rev_dep = constant.weak_rev_dep = constant.direct_dep = self.n
            self.variables: dict[str, Any] = {}
            self._functions = {
                "info": (lambda *_: "", 1, 1),
                "warning-if": (lambda *_: "", 2, 2),
                "error-if": (_error_if, 2, 2),
                "filename": (lambda reader, _: reader.filename, 0, 0),
                "lineno": (lambda reader, _: str(reader.linenr), 0, 0),
                "shell": (lambda reader, _, command: reader._answers.shell(command), 1, 1),
            }
            self._parsing_kconfigs = True
            self.modules = self._lookup_sym("MODULES")
            self.defconfig_list = None
            self.top_node = top = kconfiglib.MenuNode()
            top.kconfig = self
            top.item = kconfiglib.MENU
            top.is_menuconfig = True
            top.visibility = top.dep = self.y
            top.prompt = ("Main menu", self.y)
            top.parent = None
            top.filename, top.linenr, top.include_path = "Kconfig", 1, ()
            self.kconfig_filenames = ["Kconfig"]
            self.env_vars: set[str] = set()
            self._filestack: list[Any] = []
            self._include_path: tuple[Any, ...] = ()
            self.filename: str = "Kconfig"
            self.linenr = 0
            self._reuse_tokens = False
            self._readline = self._open(str(self._root / "Kconfig"), "r").readline
            self._parse_block(None, top, top).next = None
            top.list, top.next = top.next, None
            self._parsing_kconfigs = False
            self._finalize_node(top, self.y)
            self.unique_defined_syms = list(dict.fromkeys(self.defined_syms))
            self.unique_choices = list(dict.fromkeys(self.choices))

        def _open(self, filename: str, mode: str) -> Any:  # noqa: ARG002
            path = Path(filename)
            real = path.resolve()
            if not real.is_relative_to(self._root):
                raise TreeError(f"{self.filename}:{self.linenr}: includes {filename}, outside the tree; refused")
            try:
                status = real.stat()
                if status.st_size > KCONFIG_FILE or self._bytes + status.st_size > KCONFIG_BYTES:
                    raise SourceTooLargeError(f"{filename}: more Kconfig text than a kernel tree has")
                if len(self.files) >= TREE_FILES:
                    raise SourceTooLargeError(f"{self._root}: more than {TREE_FILES} Kconfig files")
                data = read_regular(real, KCONFIG_FILE)
            except OSError as error:
                raise TreeError(f"{self.filename}:{self.linenr}: cannot read {filename}: {error.strerror}") from error
            except ValueError as error:
                raise TreeError(f"{self.filename}:{self.linenr}: cannot read {filename}: {error}") from error
            self._bytes += len(data)
            inside = str(path.relative_to(self._root)) if path.is_relative_to(self._root) else filename
            self.files.append((inside, status.st_mtime_ns, status.st_size))
            text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
            if line := _overlong(text):
                raise TreeError(
                    f"{inside}:{line}: a line of more than {KCONFIG_LINE // KIB} KiB with its continuations"
                )
            try:
                return io.StringIO(rewrite(text))
            except RewriteError as error:
                raise KconfigError(f"{inside}:{error.line}: {error}") from error

        def _expect_str_and_eol(self) -> str:
            text: str = super()._expect_str_and_eol()
            words = self._line.split(None, 1)
            if words and words[0] in _SOURCES:
                if text.startswith("/") or ".." in text.split("/") or any(c in text for c in "*?["):
                    raise TreeError(f"{self.filename}:{self.linenr}: includes {text!r}, outside the tree; refused")
                if not os.path.exists(self._root / text):  # noqa: PTH110  (no exception for a name that none has)
                    raise TreeError(
                        f"{self.filename}:{self.linenr}: {text} is missing",
                        "The tree is not complete: every file a Kconfig file names has to be there.",
                    )
            return text

        def _fn_val(self, args: list[str]) -> str:
            self._macros += 1
            if self._macros > KCONFIG_MACROS:
                raise TreeError(
                    f"{self.filename}:{self.linenr}: macros that expand without end", "This is no real kernel tree."
                )
            answer = self._answers.macro(args[0], args[1:])
            if answer is not None:
                return answer
            if args[0] in self.variables or args[0] in self._functions:
                value: str = super()._fn_val(args)
                if len(value) > KCONFIG_EXPANSION:
                    raise TreeError(
                        f"{self.filename}:{self.linenr}: a macro expands without bound", "This is no real kernel tree."
                    )
                return value
            return self._variable(args[0])

        def _variable(self, name: str) -> str:
            known = self._environment.get(name)
            # A number is an argument that the macro was not given.
            if known is None and not name.isdigit():
                known = self._answers.variable(name)
            return known or ""

        def _parse_props(self, node: Any) -> None:
            super()._parse_props(node)
            if node.item.__class__ is kconfiglib.Symbol and node.item.env_var is not None:
                raise TreeError(
                    f"{node.filename}:{node.linenr}: 'option env', from before Linux 4.18, is not supported"
                )

    def _overlong(text: str) -> int:
        """The line at which one with its continuations becomes longer than it may; 0: none does."""
        if len(text) <= KCONFIG_LINE:
            return 0
        size = 0
        for number, line in enumerate(text.split("\n"), 1):
            size += len(line) + 1
            if size > KCONFIG_LINE:
                return number
            if not line.endswith("\\"):
                size = 0
        return 0

    def _error_if(reader: Any, _: str, condition: str, message: str) -> str:
        if condition == "y":
            raise KconfigError(f"{reader.filename}:{reader.linenr}: {message}")
        return ""

    return TreeReader
