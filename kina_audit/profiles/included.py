"""What a profile asks by others: those that it includes, and those of which one has to pass."""

from kina_audit.base.datatype import replace
from kina_audit.errors import ProfileError
from kina_audit.kernel.expression import Expression
from kina_audit.profiles.model import ONE_OF, Level, Profile, Requirement

_STRICTNESS = list(Level)


def take(rows: dict[str, Requirement], row: Requirement, name: str) -> None:
    """Add a requirement that comes by an include to those of the profile ``name``.

    Of several that ask the same under one id the profile's own holds, else the strictest; where they ask different things
    both stay, the later under its profile's name too.
    """
    first = rows.setdefault(row.id, row)
    if first is row:
        return
    if (first.expr.text, first.kernel, first.arch) != (row.expr.text, row.kernel, row.arch):
        other = f"{row.profile}-{row.id}".replace("/", "-")
        rows.setdefault(other, replace(row, id=other))
    elif first.profile != name and _STRICTNESS.index(row.level) < _STRICTNESS.index(first.level):
        rows[row.id] = row


def one_of(profile: Profile, alternatives: list[Profile]) -> Requirement:
    """The requirement that one of the ``alternatives`` of a profile passes.

    Raises:
        ProfileError: one of them says that a module is not enough.
    """
    names = [p.id for p in alternatives]
    for row in (r for p in alternatives for r in p.required if not r.module):
        raise ProfileError(
            f"{profile.path}: any_of cannot take {row.profile}/{row.id}, which says module = false",
            "Write SYMBOL=y in its expr instead.",
        )
    listed = ", ".join(names[:-1]) + " nor " + names[-1] if len(names) > 1 else names[0]
    return Requirement(
        id=ONE_OF,
        expr=Expression(" || ".join(names), ("const", "n"), ()),
        level=Level.REQUIRED,
        why=f"{'Neither ' if len(names) > 1 else 'Not '}{listed} works on this kernel.",
        fix=f"Make one of them pass; `kina-audit check -p {names[0]}` says what it takes.",
        source=profile.references[0] if profile.references else profile.path,
        profile=profile.id,
        alternatives=tuple(alternatives),
    )
