"""One report with a finding of every kind, which every format is rendered from."""

from dataclasses import replace
from datetime import date

from kina_audit.api import audit
from kina_audit.engine.finding import Status
from kina_audit.engine.waiver import read_waivers
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.build import build_profile
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile
from kina_audit.report.model import Report
from kina_audit.report.snapshot import Snapshot, snapshot

LIBRARY = ProfileLibrary()
TODAY = date(2026, 11, 23)
CONFIG = """#
# Automatically generated file; DO NOT EDIT.
# Linux/arm64 6.18.5 Kernel Configuration
#
CONFIG_ARM64=y
CONFIG_NET=y
# CONFIG_OFF is not set
CONFIG_MOD=m
CONFIG_MODULES=y
CONFIG_TEXT="a | b"
"""
CONFIG += "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))


def requirement(name: str, expr: str, level: str = "required", **more: object) -> dict[str, object]:
    return {
        "id": name,
        "expr": expr,
        "level": level,
        "why": f"Without {expr} something breaks.",
        "fix": f"Turn on what {name} needs.",
        "source": "net/Kconfig",
        **more,
    }


def profile(name: str = "sample", rows: list[dict[str, object]] | None = None) -> Profile:
    rows = rows or [
        requirement("met", "NET"),
        requirement("off", "OFF && TEXT"),
        requirement("missing", "NOWHERE"),
        requirement("built-in", "MOD", module=False),
        requirement("advised", "OFF || NOWHERE", "recommended"),
        requirement("extra", "OFF", "optional"),
        requirement("elsewhere", "NET", kernel="<5.0"),
        requirement("accepted", "OFF && NET"),
    ]
    return build_profile(
        {
            "id": name,
            "title": f"The {name} profile",
            "description": "One of everything.",
            "references": ["https://example.org/sample"],
            "requirement": rows,
        },
        f"{name}.toml",
    )


WAIVERS = read_waivers(
    [
        {
            "requirement": "sample/accepted",
            "reason": "Known and harmless | see the ticket.",
            "expires": date(2027, 3, 31),
            "owner": "network team",
            "link": "https://tracker.example/NET-1",
        },
        {"profile": "vxlan", "reason": "Not used.", "expires": date(2027, 3, 31)},
        {"requirement": "sample/off", "reason": "Was to be mended.", "expires": date(2026, 11, 1)},
        {"profile": "sample", "source": "other.config", "reason": "Elsewhere.", "expires": date(2027, 3, 31)},
    ],
    "waivers.toml",
)


def kernel(text: str = CONFIG, source: str = "kernels/node.config", **more: object) -> Kernel:
    # The sample has the heading of a generated config, and fewer lines than any.
    whole = Completeness.COMPLETE if text.startswith("#\n# Automatically") else None
    return Kernel(parse_config(text, completeness=whole), replace(Provenance(source, "file", source), **more))


def sample(**more: object) -> Report:
    """The shared report: no Cilium advice, so that goldens do not move with Cilium's facts."""
    options = {"waivers": WAIVERS, "today": TODAY, "cilium": None, "library": LIBRARY, **more}
    return replace(audit(kernel(), [profile()], **options), tool_version="1.2.3")


def taken(source: Kernel | None = None, rows: Profile | None = None) -> Snapshot:
    """A snapshot of a kernel against the sample profile."""
    found = audit(source or kernel(), [rows or profile()], cilium=None, library=LIBRARY)
    return snapshot(found.kernel, found.results, found.advice)


def held() -> Report:
    """The sample against a baseline in which ``sample/off`` was met: one loss, everything else accepted."""
    before = taken()
    findings = dict(before.findings)
    findings["sample/off"] = replace(findings["sample/off"], status=Status.PASS)
    findings["sample/met"] = replace(findings["sample/met"], status=Status.FAIL)
    symbols = {**before.symbols, "OFF": "y", "NET": "n"}
    return sample(baseline=replace(before, findings=findings, symbols=symbols), baseline_origin="kernel.baseline.json")
