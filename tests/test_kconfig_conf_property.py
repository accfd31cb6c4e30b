"""Random fragments on the hand-written tree: values equal to the kernel's own ``conf``, built from its source."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kina_audit.kconfig.loaded import KernelTree, read_tree
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.toolchain import Toolchain
from tests.kernel_sources import kernel_source, missing_tools, no_source

pytestmark = pytest.mark.slow

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"
SYMBOLS = {
    "bool": [
        "MODULES", "EXPERT", "HIDDEN_BY_EXPERT", "SHOWN_TO_EXPERTS", "VALUES", "SMALL", "DEBUG_NONE", "DEBUG_OLD",
        "DEBUG_NEW", "DEBUG_ANY", "TOOL_NEW", "DEBUG_TYPES", "NET", "LOGGING", "JIT", "JIT_ALWAYS", "JIT_DEFAULT",
        "EVENTS", "KPROBES", "UPROBES", "TRACE", "SCHED_A", "SCHED_B", "SCHED_C", "TWICE", "ARM64_ONLY", "OLD_NAME",
        "NEW_NAME", "NO_SUCH_SYMBOL", "X86",
    ],
    "tristate": [
        "CRC", "PACKET", "HELPER", "BRIDGE", "STP", "LLC", "FILTER", "LOG", "RARE", "CONDITIONAL", "CONDITIONAL_OR",
    ],
    "int": ["COUNT", "COUNT_COPY", "NO_DEFAULT", "COUNT_LIMIT", "OLD_LEVEL", "NEW_LEVEL"],
    "hex": ["ADDRESS"],
    "string": ["NAME_OF_IT", "TEXT_COPY"],
}  # fmt: skip
VALUES = {
    "bool": ["y", "n", "m", "yes"],
    "tristate": ["y", "m", "n"],
    "int": ["0", "1", "3", "7", "9", "50", "5000", "-2", "007", "x"],
    "hex": ["0x1000", "0x10", "1fff", "0xfffff", "zz"],
    "string": ['""', '"a b"', '"q\\"uote \\\\"', "bare", '"open'],
}

assignment = st.sampled_from(list(SYMBOLS)).flatmap(
    lambda kind: st.tuples(st.sampled_from(SYMBOLS[kind]), st.sampled_from(VALUES[kind]))
)


def build_conf(scripts: Path, folder: Path) -> Path:
    """The kernel's conf, compiled as its Makefile would."""
    shutil.copytree(scripts / "kconfig", folder / "kconfig", dirs_exist_ok=True)
    if (scripts / "include").is_dir():
        shutil.copytree(scripts / "include", folder / "include", dirs_exist_ok=True)
    here = folder / "kconfig"
    subprocess.run(
        ["bison", "-o", "parser.tab.c", "--defines=parser.tab.h", "-t", "-l", "parser.y"], cwd=here, check=True
    )
    subprocess.run(["flex", "-olexer.lex.c", "-L", "lexer.l"], cwd=here, check=True)
    files = [
        "conf.c",
        "confdata.c",
        "expr.c",
        "lexer.lex.c",
        "menu.c",
        "parser.tab.c",
        "preprocess.c",
        "symbol.c",
        "util.c",
    ]
    files = [f for f in files if (here / f).is_file()]
    command = ["gcc", "-O1", "-w", "-D_GNU_SOURCE", "-I.", "-I../include", "-o", "../conf", *files]
    subprocess.run(command, cwd=here, check=True)
    return folder / "conf"


def copy_tree(folder: Path, version: str) -> Path:
    """The hand-written tree as a kernel of some version, with the constructs that version reads."""
    root = folder / f"tree-{version}"
    shutil.copytree(FIXTURE, root)
    major, minor = map(int, version.split("."))
    if (major, minor) >= (7, 0):
        extra = (root / "net/Kconfig.new").read_text(encoding="utf-8")
        with open(root / "net/Kconfig", "a", encoding="utf-8") as file:
            file.write(extra)
    (root / "Makefile").write_text(f"VERSION = {major}\nPATCHLEVEL = {minor}\nSUBLEVEL = 0\n", encoding="utf-8")
    return root


Oracle = tuple[KernelTree, Callable[[str], str]]


@pytest.fixture(scope="module", params=["6.1", "6.12", "7.2"])
def oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """A tree of ours, and the kernel's own olddefconfig on the same tree."""
    version: str = request.param
    if missing := missing_tools("gcc", "bison", "flex"):
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("conf")
    source = kernel_source(version, folder)
    if source is None:
        pytest.skip(no_source(version))
    conf = build_conf(source / "scripts", folder)
    root = copy_tree(folder, version)
    tree, _ = read_tree(root, "fixture", "x86", Toolchain.parse("gcc-12"))

    @cache
    def olddefconfig(text: str) -> str:
        config = folder / ".config"
        config.write_text(text, encoding="utf-8")
        environment = {
            "srctree": str(root), "ARCH": "x86", "SRCARCH": "x86", "KERNELVERSION": f"{version}.0",
            "KCONFIG_CONFIG": str(config), "PATH": os.environ["PATH"],
        }  # fmt: skip
        done = subprocess.run(
            [conf, "--olddefconfig", "Kconfig"], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return config.read_text(encoding="utf-8")

    return tree, olddefconfig


@settings(
    max_examples=int(os.environ.get("KINA_AUDIT_EXAMPLES", "250")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(rows=st.lists(assignment, max_size=24))
def test_random_configs_resolve_as_conf_does(oracle: Oracle, rows: list[tuple[str, str]]) -> None:
    tree, olddefconfig = oracle
    text = "".join(f"# CONFIG_{n} is not set\n" if v == "n" else f"CONFIG_{n}={v}\n" for n, v in rows)
    assert resolve(tree, text).text == olddefconfig(text)


def test_lines_that_are_almost_assignments(oracle: Oracle) -> None:
    tree, olddefconfig = oracle
    text = (
        "CONFIG_NET=y\nCONFIG_EXPERT=y\nCONFIG_KPROBES=y\nCONFIG_LOGGING=y\n"
        "# CONFIG_LOGGING is not set yet\n#  CONFIG_NET is not set\n#CONFIG_EXPERT is not set\n CONFIG_KPROBES=n\n"
        "# CONFIG_KPROBES is not  set\nCONFIG_NET = n\nCONFIG_COUNT=7 # seven\nCONFIG_VALUES=n # no\n"
    )
    assert resolve(tree, text).text == olddefconfig(text)


def test_the_empty_config(oracle: Oracle) -> None:
    tree, olddefconfig = oracle
    assert resolve(tree, "").text == olddefconfig("")
