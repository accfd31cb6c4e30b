"""Kernels that are booted for it: what they do must be what the audit of their config says.

Debian's kernels of two lines, and whatever KINA_AUDIT_BOOT_KERNELS names (a folder with boot/ and lib/modules/, or
IMAGE[,MODULES[,CONFIG]], separated by blanks); see `booted.boot_kernel`.
"""

import json
from pathlib import Path

import pytest

from kina_audit.engine.probing import wanted
from kina_audit.probe.catalogue import every_probe
from kina_audit.profiles.load import ProfileLibrary
from tests.booted import boot_kernel, kernels, run_inside

pytestmark = pytest.mark.slow

KNOWN: dict[str, str] = {}
"""``profile/requirement`` of disagreements that are understood, and why."""


def unnamed() -> list[str]:
    """Probes that no profile asks for."""
    library = ProfileLibrary()
    named = wanted(tuple(row for name in library.ids() for row in library.get(name).requirements))
    return [name for name in every_probe() if name not in named]


COMMANDS = [
    ["-m", "kina_audit", "check", "running", "--probe", "-p", "all", "--format", "json", "-q"],
    # The probes that no profile names, against their own expressions.
    ["-m", "kina_audit", "probe", "--format", "json", *(f"--only={name}" for name in unnamed())],
]


NOBODY = """
import os, runpy, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.argv = ["kina-audit", "probe", "-p", "vxlan", "-p", "bpf"]
runpy.run_module("kina_audit", run_name="__main__")
"""
SPARING = ["-m", "kina_audit", "probe", "-p", "vxlan", "-p", "wireguard", "--no-new-modules"]
CLOSED = """
import runpy, sys
open("/proc/sys/kernel/modules_disabled", "w").write("1")
sys.argv = ["kina-audit", "check", "running", "--probe", "-p", "vxlan", "-p", "wireguard", "--cilium", "none"]
runpy.run_module("kina_audit", run_name="__main__")
"""


def test_a_kernel_that_loads_no_more_modules(tmp_path: Path) -> None:
    """Before any is loaded; and what an ordinary user is told."""
    told = run_inside(boot_kernel("linux-image-cloud-amd64~6.12"), [["-c", NOBODY], SPARING, ["-c", CLOSED]], tmp_path)
    nobody, sparing, closed = told["commands"]
    assert "loaded no module for this" in sparing["out"], sparing
    assert "CONFIG_VXLAN is a module that is not loaded" in " ".join(sparing["out"].split())
    assert nobody["code"] in (0, 1), nobody
    assert "Traceback" not in nobody["err"] + closed["err"]
    assert "This process lacks CAP_SYS_ADMIN" in nobody["out"]
    assert "needs CAP_SYS_ADMIN" in " ".join(nobody["out"].split())
    assert closed["code"] == 1
    text = " ".join(closed["out"].split())
    assert "tried fails (link_vxlan: add a vxlan link" in text
    assert "modules_disabled" in text


@pytest.mark.parametrize("name", kernels())
def test_a_booted_kernel_does_what_the_audit_says(name: str, tmp_path: Path) -> None:
    kernel = boot_kernel(name)
    told = run_inside(kernel, COMMANDS, tmp_path)
    check, probe = told["commands"]
    assert check["code"] in (0, 1), check["err"]
    report = json.loads(check["out"])
    seen = {
        f"{f['defined_in']}/{f['id']}": f["observed"]
        for p in report["profiles"]
        for f in p["findings"]
        if f["observed"] is not None
    }
    counted: dict[str, list[str]] = {}
    for row, observed in seen.items():
        counted.setdefault(observed["agreement"], []).append(row)
    print(f"{name}: {told['release']}: " + ", ".join(f"{len(rows)} {word}" for word, rows in counted.items()))
    print(f"not tried: {', '.join(counted.get('not-tried', []))}")
    wrong = {row: seen[row]["because"] for word in ("refused", "unexpected") for row in counted.get(word, [])}
    assert {row: why for row, why in wrong.items() if row not in KNOWN} == {}
    assert len(counted["agrees"]) > 200

    assert probe["code"] in (0, 1, 2), probe["err"]
    attempts = json.loads(probe["out"])["probes"]
    disagreeing = {
        a["probe"]: (a["expr"], a["expected"], a["outcome"], a["said"])
        for a in attempts
        if a["outcome"] != "not-tried" and a["expected"] not in ("not-tried", a["outcome"])
    }
    assert {n: why for n, why in disagreeing.items() if n not in KNOWN} == {}
