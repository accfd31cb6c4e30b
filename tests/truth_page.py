"""docs/truth.md: which requirements a probe of a booted kernel proves, and which profiles none does."""

from collections.abc import Collection, Mapping, Sequence

from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile, Requirement

_HEAD = """# Booted truth

Three kernels were booted and asked what they can do: {kernels}. A probe tries one thing (creates a device, loads a program,
adds a rule) and says whether it worked. `tests/data/truth-probes.toml` says which probes prove which requirement, and
`tests/test_profiles_truth.py` holds every verdict against them: a requirement passes exactly where its probes work.

This page is written by that test.

## Proven, at least in part

`required` counts the required requirements, with what the profile includes, that a probe proves; where all are proven, the
profile's verdict on those kernels is.

| profile | required | all |
|---|---|---|
"""

_NONE = """
## Proven by no probe

Their verdicts rest on the kernel's own Kconfig files and on the documents named in each requirement's source.

"""


def truth_page(
    library: ProfileLibrary,
    proofs: Mapping[str, Collection[str]],
    by_condition: Collection[str],
    kernels: Sequence[str],
) -> str:
    """The page for a library; ``proofs``: profile to proven requirements; ``by_condition``: proven conditions."""

    def is_proven(row: Requirement) -> bool:
        if row.alternatives:
            return all(is_proven(r) for p in row.alternatives for r in p.required)
        return row.id in proofs.get(row.profile, ()) or row.expr.text.removesuffix("=y") in by_condition

    def counts(profile: Profile, rows: Sequence[Requirement]) -> str:
        return f"{sum(map(is_proven, rows))} of {len(rows)}"

    lines, none = [], []
    for profile in library.select(["all"]):
        if any(map(is_proven, profile.requirements)):
            lines.append(
                f"| {profile.id} | {counts(profile, profile.required)} | {counts(profile, profile.requirements)} |"
            )
        else:
            none.append(f"- {profile.id}")
    return _HEAD.format(kernels=", ".join(kernels)) + "\n".join(lines) + "\n" + _NONE + "\n".join(none) + "\n"
