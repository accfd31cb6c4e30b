"""docs/truth.md: which requirements a probe can prove on a running kernel, which none can, and agents that ran."""

from collections.abc import Mapping, Sequence
from typing import Any

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

_AGENTS = """
## Agents that ran

A real agent (1.20.0-dev of 2026-06-25) was started on booted kernels, some with symbols taken away, and given the values below.
`tests/test_cilium_agents.py` foretells every run from the kernel's configuration and the values, and compares: whether the agent exits, or runs
without any pod getting a network, and what it logs then; kube-proxy replacement, masquerading, host routing, devices, attachment and Hubble as the agent's own
status has them. Works: endpoints were ready and pods reached each other, the host, the outside and services. Starts: pods were no part of
the run, or it ended before they were decided.

Apple's own configuration, step by step: as it is, the agent exits for want of a JIT; with `BPF_JIT=y`, the values that the tool gave for that kernel
(`hybrid`) work, and Hubble shows no flow and does not say so; with what `fix --mode full-ebpf` printed, the kernel builds, boots, and everything in BPF
works, 19 flows seen. All three as foretold.

| run | kernel | without | values | outcome |
|---|---|---|---|---|
"""

_UNFORETOLD = """
Not foretold, because a release differs from this snapshot:

"""

_NONE = """
## Required, and not tried

Their verdicts rest on the kernel's own Kconfig files and on the documents named in each requirement's source.

"""


def truth_page(library: ProfileLibrary, reasons: Mapping[str, Sequence[str]], runs: Sequence[Mapping[str, Any]]) -> str:
    """The page for a library; ``reasons``: why requirements have no probe, and which; ``runs``: of agents."""

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
    without = {
        f"{r.profile}/{r.id}"
        for p in library.ids()
        for r in library.get(p).required
        if not r.probes and not r.alternatives
    }
    explained = {n for names in reasons.values() for n in names}
    reasons = {**reasons, "nobody has written one yet": sorted(without - explained)}
    left = {reason: [n for n in names if n in without] for reason, names in reasons.items()}
    none = [f"- {reason}: {', '.join(names)}" for reason, names in left.items() if names]
    table = "\n".join(
        f"| {r['name']} | {r['kernel']} | {', '.join(r.get('without', ())) or r.get('sysctls', '')} | {r['values']} | {r['outcome']} |"
        for r in runs
    )
    unforetold = "\n".join(f"- {r['name']}: {r['unforetold']}." for r in runs if "unforetold" in r)
    proven = _HEAD + "\n".join(lines) + "\n" + _NONE + "\n".join(none) + "\n"
    return f"{proven}{_AGENTS}{table}\n{_UNFORETOLD}{unforetold}\n"
