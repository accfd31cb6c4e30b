"""What a requirement's fix says, followed to the letter on the kernel lines that ship: switched off, a requirement is met again by it."""

import re

import pytest

from kina_audit.engine.finding import Status
from kina_audit.kconfig.fix import Goal, find_fix
from kina_audit.kconfig.lines import ARCHES, Line, line_text, lines, shipped_tree
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.resolve import Requested, Resolution, read_assignments
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Requirement
from kina_audit.trees import standing
from tests.conftest import SHARED, config_text

ASSIGNMENT = re.compile(r"CONFIG_(\w+)=([ymn])\b")
STARTS = {
    "arm64": "kernels/apple-arm64-2f947e7.config.gz",
    "x86_64": "corpus/debian/debian-6.12-config.amd64_none_amd64.config.gz",
}
NO_ASSIGNMENT = {
    "apparmor/order", "bpf-lsm/lsm-order", "docker-optional/lsm", "kubearmor-apparmor/order", "landlock/order",
    "pod-security/lsm", "selinux/order",
}  # fmt: skip
"""The list of security modules is a string that no single value mends; the boot parameter lsm= is in their fix."""

ROWS = {
    f"{row.profile}/{row.id}": row
    for profile in ProfileLibrary()
    for row in profile.requirements
    if row.profile == profile.id and not row.alternatives
}


def unmended(tree: KernelTree, start: list[Requested]) -> list[str]:
    """Requirements whose fix, on this tree, does not mend what switching their symbols off broke, though a config could."""
    found = []
    version = KernelVersion.parse(tree.model.version)
    for name, row in ROWS.items():
        applies = row.condition(version, tree.model.arch)
        if name in NO_ASSIGNMENT or applies is None or not applies[0].symbols:
            continue
        expr, fix = applies
        wanted = [*start, *(Requested(s, "n", "switched off", 0) for s in expr.symbols)]
        broken = Resolution(tree, wanted)
        if _met(broken, row):
            continue
        lines = [Requested(s, value, "the fix", 0) for s, value in ASSIGNMENT.findall(fix)]
        if not lines:
            found += [] if name in NO_ASSIGNMENT else [f"{name}: no assignment in: {fix}"]
        elif name not in NO_ASSIGNMENT and not _met(Resolution(tree, [*wanted, *lines]), row):
            goal = Goal(name, expr, 1 if row.module else 2, "it is asked for")
            way = find_fix(broken, lambda _, goal=goal: [goal], lambda s, row=row: _met(s, row), quick=True)
            if way.changes:
                found.append(f"{name}: {fix} Needs {', '.join(f'{c.name}={c.value}' for c in way.changes)}")
    return found


def _met(state: Resolution, row: Requirement) -> bool:
    return standing(state, row) is Status.PASS


@pytest.mark.slow
@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("line", lines(), ids=line_text)
def test_every_fix_mends_what_it_is_the_fix_of(line: Line, arch: str) -> None:
    if not (SHARED / STARTS[arch]).exists():
        pytest.skip("the shared kernels are not here")
    tree = shipped_tree(line, arch, Toolchain.parse("gcc-12,pahole=1.25"))
    text = config_text(SHARED / STARTS[arch]).decode()
    start = [Requested(a.name, a.value, "start", a.line) for a in read_assignments(text)]
    assert unmended(tree, start) == []
