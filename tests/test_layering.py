"""The corridor has a direction: this test reads every import and holds the rules of docs/architecture.md."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "kina_audit"

# room -> rooms it may import from (itself, `base` and `errors` always allowed)
ALLOWED = {
    "kernel": set(),
    "profiles": {"kernel"},
    "engine": {"kernel", "profiles"},
    # What would better a kernel is proven on the lines that ship.
    "cilium": {"kernel", "profiles", "engine", "kconfig"},
    "report": {"kernel", "profiles", "engine", "cilium"},
    "render": {"report", "kernel", "profiles", "engine", "cilium"},
    # A compiler is asked the questions that Kconfig has.
    "sources": {"kernel", "kconfig"},
    "kconfig": {"kernel"},
    # What runs has kernels of its own to ask; it names outcomes by the engine's words.
    "probe": {"kernel", "profiles", "engine"},
    "api": {"kernel", "profiles", "engine", "cilium", "report", "sources", "kconfig", "loading"},
    "trees": {
        "kernel",
        "profiles",
        "engine",
        "cilium",
        "report",
        "sources",
        "kconfig",
        "api",
    },
    "loading": {"kernel", "kconfig", "sources"},
    "fixing": {"kernel", "profiles", "engine", "cilium", "kconfig", "api", "trees"},
    "matrix": {"kernel", "profiles", "engine", "cilium", "report", "sources", "kconfig", "api", "loading"},
    "clusters": {"kernel", "profiles", "engine", "cilium", "report", "sources", "api"},
    "base": set(),
    "lint": {"kernel", "profiles", "kconfig"},
    "cli": {
        "lint",
        "matrix",
        "kernel",
        "profiles",
        "engine",
        "cilium",
        "report",
        "render",
        "sources",
        "kconfig",
        "api",
        "loading",
        "trees",
        "fixing",
        "probe",
        "clusters",
    },
}
EVERYWHERE = {"base", "errors"}

# third-party library -> the only rooms that may import it
OWNERS = {
    "click": {"cli"},
    "httpx": {"sources"},
    "platformdirs": {"sources"},
    "kconfiglib": {"kconfig"},
    "jsonschema": {"profiles"},
    "tabulate": {"render"},
    "prometheus_client": {"render"},
    "jinja2": {"render"},
    "backports": {"sources", "kernel"},
    "compression": {"sources", "kernel"},
    "lz4": {"kernel"},
    "lzallright": {"kernel"},
    "pyroute2": {"probe"},
}
PURE = {"kernel", "profiles", "engine", "cilium", "report", "render"}
IMPURE_MODULES = {
    "socket",
    "subprocess",
    "urllib",
    "http",
    "time",
    "tempfile",
    "shutil",
    "random",
    "getpass",
    "platform",
}

MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "data" not in p.relative_to(PACKAGE).parts)


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, at module level) of every import of a file."""
    tree = parsed(path)
    top = {id(n) for n in tree.body}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(a.name, id(node) in top) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append((node.module or "", id(node) in top))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_corridor(path: Path) -> None:
    room = room_of(path)
    for module, _ in imports(path):
        parts = module.split(".")
        if parts[0] == "kina_audit" and len(parts) > 1 and room in ALLOWED:
            target = parts[1]
            assert target == room or target in EVERYWHERE or target in ALLOWED[room], f"{room} imports {module}"
        if parts[0] in OWNERS:
            assert room in OWNERS[parts[0]], f"{room} imports {module}"
        if room in PURE:
            assert parts[0] not in IMPURE_MODULES, f"{room} is pure, and imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_slow_libraries_are_imported_where_they_are_used(path: Path) -> None:
    slow = {
        "httpx",
        "jsonschema",
        "tabulate",
        "kconfiglib",
        "platformdirs",
        "jinja2",
        "prometheus_client",
        "lz4",
        "pyroute2",
    }
    assert not [m for m, top in imports(path) if top and m.split(".")[0] in slow]


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(p) in PURE], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_middle_reads_no_clock_and_no_environment(path: Path) -> None:
    tree = parsed(path)
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not names & {"environ", "getenv", "now", "utcnow", "today"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    if room_of(path) in {"cli", "__main__"}:
        return
    tree = parsed(path)
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert "print" not in calls
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "exit"]


def test_every_room_is_known() -> None:
    rooms = {room_of(p) for p in MODULES} - EVERYWHERE - {"__main__", "__init__"}
    assert rooms <= set(ALLOWED), "a new room needs its line in ALLOWED and in docs/architecture.md"


def test_modules_stay_small() -> None:
    """A module has one purpose; the longest of them has less than 350 lines, and half of them less than 90."""
    sizes = {str(p.relative_to(PACKAGE)): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert not {name: n for name, n in sizes.items() if n >= 350}
    assert median(sizes.values()) < 90


def test_nothing_inside_imports_the_packages_face() -> None:
    """`kina_audit` itself is for those outside: it imports what it offers when somebody asks."""
    inside = [p for p in MODULES if room_of(p) not in {"__init__", "__main__"}]
    assert not [str(p) for p in inside if any(module == "kina_audit" for module, _ in imports(p))]


def test_spellings_are_compared_in_one_place() -> None:
    """Fourteen modules asked difflib, each with bounds of its own."""
    places = {str(p.relative_to(PACKAGE)) for p in MODULES if "difflib" in p.read_text(encoding="utf-8")}
    assert places == {"base/near.py"}


SLOW = {"rich", "jsonschema", "httpx", "yaml", "jinja2", "kconfiglib", "tabulate", "prometheus_client", "tomllib"}
ANSWERS = {"kina_audit.report", "kina_audit.engine", "kina_audit.cilium", "kina_audit.kconfig", "kina_audit.api"}


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (["--version"], SLOW | ANSWERS | {"kina_audit.sources", "pathlib", "locale", "ast"}),
        (["--help"], SLOW | ANSWERS),
        (["check", "--help"], SLOW | ANSWERS),
        # A data file that was edited is read as TOML.
        (
            ["check", "recorded:kata", "--format", "json"],
            SLOW - {"tomllib"} | {"locale", "kina_audit.cli.settings", "ast"},
        ),
        # click took a short option for a long one that is misspelt.
        (["check", "recorded:kata", "-p", "vxlan", "-f", "json"], {"locale", "difflib", "ast", "tokenize"}),
    ],
)
def test_what_a_command_does_not_need_is_not_loaded(words: list[str], unneeded: set[str], tmp_path: Path) -> None:
    # As the script does it, which ends the process itself.
    code = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); from kina_audit.__main__ import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], check=False, capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = done.stderr.splitlines()[-1].split()
    assert "kina_audit.cli" in loaded
    assert not {m for m in loaded for u in unneeded if m == u or m.startswith(f"{u}.")}


def test_a_module_that_is_put_off_is_whole_when_it_is_used() -> None:
    code = """
import sys
from kina_audit.__main__ import _put_off
assert "inspect" not in sys.modules
_put_off("inspect")
import inspect
assert "ast" not in sys.modules
assert inspect.cleandoc("  a") == "a" and "ast" in sys.modules
from inspect import signature
assert str(signature(lambda a, *, b=1: 0)) == "(a, *, b=1)"
assert inspect.getmodule(signature) is inspect and inspect.__file__ and not hasattr(inspect, "nothing")
_put_off("inspect")
assert sys.modules["inspect"] is inspect
"""
    subprocess.run(
        [sys.executable, "-S", "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    )
