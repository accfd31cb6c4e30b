"""docs/truth.md: which requirements a probe can prove on a running kernel, and which none can."""

from collections.abc import Mapping, Sequence

from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Requirement

_HEAD = """# Tried, not believed

A probe tries one thing on the kernel that runs (creates a device, loads a program, appends a rule) and says whether it
worked. Profiles name the probes that prove a requirement; it is met exactly where they work. Three places hold verdicts
against them:

- `kina-audit probe` and `check running --probe`, on any kernel ([verify.md](verify.md)).
- `.ci/run` boots real kernels under QEMU and runs the same command inside (`tests/test_probe_booted.py`).
- `tests/test_profiles_truth.py` compares with tables of three kernels that were booted once: Apple's on 6.12 (arm64), Debian's
  6.1 and its 6.12 for clouds (amd64).

This page is written by that test.

## What can be tried

With what the profile includes:

| profile | required | all |
|---|---|---|
"""

_NONE = """
## Required, and not tried

Their verdicts rest on the kernel's own Kconfig files and on the documents named in each requirement's source.

"""


def truth_page(library: ProfileLibrary, reasons: Mapping[str, Sequence[str]]) -> str:
    """The page for a library; ``reasons``: why requirements have no probe, and which."""

    def has_probe(row: Requirement) -> bool:
        if row.alternatives:
            return all(has_probe(r) for p in row.alternatives for r in p.required)
        return bool(row.probes)

    def counts(rows: Sequence[Requirement]) -> str:
        return f"{sum(map(has_probe, rows))} of {len(rows)}"

    lines = [
        f"| {p.id} | {counts(p.required)} | {counts(p.requirements)} |"
        for p in library.select(["all"])
        if p.requirements
    ]
    none = [f"- {reason}: {', '.join(names)}" for reason, names in reasons.items()]
    return _HEAD + "\n".join(lines) + "\n" + _NONE + "\n".join(none) + "\n"
