"""Module files as a machine has them: what is installed, built in, blocked and loaded; and what that makes of ``=m``.

A config says what was built. Distributions put modules into further packages, so ``=m`` and a module that can be loaded are two facts.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

from kina_audit.base.bounds import MODPROBE_PATTERN, MODPROBE_PATTERNS
from kina_audit.base.datatype import datatype, field, replace
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.errors import SourceTooLargeError
from kina_audit.kernel.config import KernelConfig, SymbolFact, SymbolState
from kina_audit.kernel.version import KernelVersion, VersionRange

SUFFIXES = (".ko", ".ko.gz", ".ko.xz", ".ko.zst")
"""What module files end with (the kernel's scripts/Makefile.modinst)."""

COMMAND_LINE = "the kernel's command line"
_ALWAYS = ("blacklist", "module_blacklist")
_BY_NAME = ("tcp_", "sch_", "cls_", "act_", "ip_vs", "br_netfilter")
"""What the kernel or a component loads by its own name, which a ``blacklist`` line does not keep from being loaded
(modprobe.d(5): it is about aliases; net/ipv4/tcp_cong.c, net/sched/sch_api.c, net/netfilter/ipvs/ip_vs_sched.c)."""
_HARMLESS = frozenset({"true", "false", ":", "echo", "exit", "logger", "nologin", "printf"})
"""Programs that load nothing, in place of what an ``install`` line should run."""
_SHELLS = frozenset({"sh", "bash", "dash", "ash"})


@datatype
class Modules:
    """The module files of one kernel on one machine.

    Attributes:
        folder: where they are.
        files: names of the modules that can be found, without suffix, with ``_`` for ``-``.
        builtin: names of what is in the kernel image (``modules.builtin``).
        indexed: ``modules.dep`` is there, without which modprobe loads nothing.
        blocked: a module's name (or a pattern) to the line and file that keep it from being loaded.
        loaded: names of what is loaded; None: not seen.
        helper: what the running kernel runs to load a module (``kernel.modprobe``); None: not seen.
        closed: no module can be loaded any more (``kernel.modules_disabled``).
        needs: a module's name to those of the modules that are loaded before it; of what symbols make alone.
        patterns: those of ``blocked`` that are no names.
    """

    folder: str
    files: frozenset[str] = frozenset()
    builtin: frozenset[str] = frozenset()
    indexed: bool = True
    blocked: Mapping[str, str] = field(default_factory=dict)
    loaded: frozenset[str] | None = None
    helper: str | None = None
    closed: bool = False
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[str, ...] = field(init=False, repr=False)

    def line_against(self, module: str) -> str:
        """The line that blocks a module, with its file; empty: there is none."""
        if module in self.blocked:
            return self.blocked[module]
        return next((self.blocked[name] for name in self.patterns if fnmatchcase(module, name)), "")

    def __post_init__(self) -> None:
        """Find the patterns among what is blocked: each is held against every module."""
        object.__setattr__(self, "patterns", tuple(filter(_is_pattern, self.blocked)))

    def line_beneath(self, module: str) -> tuple[str, str]:
        """A module that has to be loaded before one and is blocked, and the line that does it; empty: there is none.

        modprobe runs the ``install`` line of what it loads on the way, too; a ``blacklist`` line is about names that are
        asked for (libkmod, ``kmod_module_probe_insert_module``), and the kernel's own list about all.
        """
        for name in self.needs.get(module, ()):
            line = self.line_against(name)
            if not line or line.startswith("`blacklist ") or name in self.builtin:
                continue
            if self.loaded is None or name not in self.loaded:
                return name, line
        return "", ""


def module_name(path: str) -> str:
    """The name of a module by its file's path; empty when that is no module's."""
    base = path.rpartition("/")[2]
    for suffix in SUFFIXES:
        if base.endswith(suffix):
            return base.removesuffix(suffix).replace("-", "_")
    return ""


def listed(text: str) -> frozenset[str]:
    """The modules that ``modules.dep``, ``modules.builtin`` or a list of files names."""
    return frozenset(filter(None, (module_name(line.partition(":")[0].strip()) for line in text.splitlines())))


def needed(text: str) -> dict[str, tuple[str, ...]]:
    """What ``modules.dep`` says has to be loaded before the modules that symbols make."""
    named_ones, found = every_module(), {}
    for line in text.splitlines():
        path, _, rest = line.partition(":")
        if rest.strip() and (name := module_name(path.strip())) in named_ones:
            found[name] = tuple(filter(None, map(module_name, rest.split())))
    return found


def lines_against(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The modules that modprobe's settings keep from being loaded on demand (modprobe.d(5)).

    Args:
        files: (name, text) of each, in the order modprobe reads them.

    Raises:
        SourceTooLargeError: more patterns than anybody writes.
    """
    found: dict[str, str] = {}
    patterns = 0
    for name, text in files:
        # A line that goes on is joined as it stands (libkmod).
        for line in text.replace("\\\n", "").splitlines():
            words = line.split()
            if len(words) < 2 or (words[0] not in _ALWAYS and not _loads_nothing(words)):
                continue
            module = words[1].replace("-", "_")
            if words[0] == "blacklist" and module.startswith(_BY_NAME):
                continue
            if module in found:
                continue
            if _is_pattern(module):
                patterns += 1
                if patterns > MODPROBE_PATTERNS or len(module) > MODPROBE_PATTERN:
                    raise SourceTooLargeError(
                        f"{name}: more, or longer, patterns of modules than modprobe's settings have"
                    )
            found[module] = f"`{' '.join(words)[:120]}` in {name}"
    return found


def _is_pattern(module: str) -> bool:
    return any(c in module for c in "*?[")


def _loads_nothing(words: list[str]) -> bool:
    """Whether an ``install`` line runs a program in place of loading the module that certainly does not load it."""
    command = [word.strip("\"'").rpartition("/")[2] for word in words[2:]]
    if words[0] != "install" or not command or {"modprobe", "insmod"} & set(command):
        return False
    if command[0] in _SHELLS and command[1:2] == ["-c"]:
        command = command[2:]
    return bool(command) and command[0].rstrip(";") in _HARMLESS


def command_line_settings(text: str) -> str:
    """A kernel's command line, as lines of modprobe's settings; nothing else of it is kept."""
    lines = []
    for word in text.split():
        name, _, value = word.partition("=")
        if name in ("modprobe.blacklist", "module_blacklist"):
            lines += [f"{name.removeprefix('modprobe.')} {module}" for module in value.split(",") if module]
    return "\n".join(lines)


def _loads_none(config: KernelConfig, helper: str | None) -> str:
    """Why the kernel loads no module by itself, as a clause; empty: it does, or nobody knows.

    Args:
        config: it says what the helper is when the kernel starts.
        helper: ``kernel.modprobe`` of the running kernel; None: not seen.
    """
    if helper is None:
        fact = config.fact("MODPROBE_PATH")
        return 'the kernel loads none by itself (CONFIG_MODPROBE_PATH="")' if fact.is_string and not fact.value else ""
    if helper.rpartition("/")[2] in ("", "true", "false"):
        return f"the kernel loads none by itself (kernel.modprobe is {helper or 'empty'})"
    return ""


def with_installed(config: KernelConfig, modules: Modules | None) -> KernelConfig:
    """The config, with every ``=m`` whose module is not there, or cannot be loaded, noted as that.

    Only symbols that ``data/module-files.toml`` knows are looked at.
    """
    if modules is None:
        return config
    found: dict[str, SymbolFact] = {}
    loads_none = _loads_none(config, modules.helper)
    for symbol in named():
        fact = config.fact(symbol)
        if fact.value != "m":
            continue
        for module in files_of(symbol, config):
            if (held := _against(module, modules, loads_none)) is not None:
                state, why = held
                found[symbol] = replace(fact, state=state, note=why)
                break
    return replace(config, predicted={**config.predicted, **found}) if found else config


def _against(module: str, modules: Modules, loads_none: str) -> tuple[SymbolState, str] | None:
    """What keeps a module from being used; None: nothing that is known."""
    name = module.replace("-", "_")
    if name in modules.builtin or (modules.loaded is not None and name in modules.loaded):
        return None
    if not modules.indexed:
        return SymbolState.BLOCKED, f"{modules.folder} has no modules.dep, without which modprobe finds no module"
    if name not in modules.files:
        return SymbolState.MISSING, f"no module file {module}.ko is in {modules.folder}"
    if modules.closed:
        return (
            SymbolState.BLOCKED,
            f"{module} is not loaded, and kernel.modules_disabled=1 lets nothing be loaded any more",
        )
    if line := modules.line_against(name):
        return SymbolState.BLOCKED, f"{module} is kept from being loaded by {line}"
    needs, line = modules.line_beneath(name)
    if line:
        return SymbolState.BLOCKED, f"{module} needs {needs}, which is kept from being loaded by {line}"
    if loads_none:
        return SymbolState.UNLOADED, f"{module} is installed and not loaded, and {loads_none}"
    return None


def files_of(symbol: str, config: KernelConfig) -> tuple[str, ...]:
    """The modules that a symbol makes on this kernel when it is m; empty when that is not known."""
    for rows in _rows().get(symbol, ()):
        if rows.fits(config.target, config.arch):
            return rows.modules
    others = _through().get(symbol, ())
    return tuple([m for other in others if config.fact(other).value == "m" for m in files_of(other, config)])


def every_module() -> frozenset[str]:
    """Every module that a symbol of a profile makes on some kernel, with ``_`` for ``-``."""
    return frozenset(m.replace("-", "_") for rows in _rows().values() for row in rows for m in row.modules)


@datatype
class _Row:
    modules: tuple[str, ...]
    kernel: VersionRange | None
    arch: str

    def fits(self, target: KernelVersion | None, arch: str | None) -> bool:
        if self.arch and self.arch != arch:
            return False
        return self.kernel is None or (target is not None and target in self.kernel)


@cache
def _rows() -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for group in toml_document(data_file("module-files.toml"))["makefile"]:
        kernel = VersionRange.parse(group["kernel"]) if "kernel" in group else None
        for symbol, names in group["modules"].items():
            found.setdefault(symbol, []).append(_Row(tuple(names.split()), kernel, group.get("arch", "")))
    return found


@cache
def _through() -> dict[str, tuple[str, ...]]:
    return {s: tuple(o.split()) for s, o in toml_document(data_file("module-files.toml"))["through"].items()}


@cache
def named() -> tuple[str, ...]:
    """Every symbol of which it is known which modules it makes."""
    return (*_rows(), *_through())
