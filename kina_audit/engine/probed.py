"""What happened when a running kernel was asked to do what its config promises."""

from collections.abc import Mapping
from enum import StrEnum

from kina_audit.base.datatype import datatype


class Outcome(StrEnum):
    """How one attempt ended, or a requirement's attempts together."""

    WORKS = "works"
    FAILS = "fails"
    NOT_TRIED = "not-tried"


class Agreement(StrEnum):
    """What an attempt says beside the config.

    agrees; refused (the config says yes, the kernel refuses); unexpected (the config says no, the kernel does it);
    decided (the config cannot tell, the attempt does); not-tried.
    """

    AGREES = "agrees"
    REFUSED = "refused"
    UNEXPECTED = "unexpected"
    DECIDED = "decided"
    NOT_TRIED = "not-tried"


@datatype
class Attempt:
    """One probe, tried on one kernel.

    Attributes:
        probe: its name.
        outcome: how it ended.
        errno: the error's name, such as EOPNOTSUPP; empty: it worked, or it did not end in one.
        said: the step and the kernel's words, or what is missing to try it.
    """

    probe: str
    outcome: Outcome
    errno: str = ""
    said: str = ""


@datatype
class Observation:
    """What a requirement's probes came to, beside what the config says.

    Attributes:
        expected: what the config says: works, fails, or not-tried where it cannot tell.
        outcome: what the kernel did.
        agreement: how the two compare.
        attempts: the probes that decide it.
        because: one sentence where they do not agree, with what is likely behind it.
        likely: of a refusal, what is probably behind it; part of ``because``, for who shows the attempts beside it.
    """

    expected: Outcome
    outcome: Outcome
    agreement: Agreement
    attempts: tuple[Attempt, ...]
    because: str = ""
    likely: str = ""


@datatype
class Circumstances:
    """What else decides whether a kernel does what it could.

    Attributes:
        lacks: capabilities that the process did not have.
        seccomp: whether a seccomp filter is over it.
        lockdown: the mode that is on (integrity, confidentiality); empty: none, or not visible.
        modules_disabled: the sysctl that closes the door to modules for good is set.
        module_files: whether /lib/modules has a folder for this kernel; None: the kernel has no modules at all.
        new_modules: modules that the kernel loaded meanwhile.
        user_namespace: whether the capabilities hold in a user namespace only, and not over the kernel itself.
    """

    lacks: tuple[str, ...] = ()
    seccomp: bool = False
    lockdown: str = ""
    modules_disabled: bool = False
    module_files: bool | None = None
    new_modules: tuple[str, ...] = ()
    user_namespace: bool = False


@datatype
class Probing:
    """Every attempt of one run, and its circumstances."""

    attempts: Mapping[str, Attempt]
    circumstances: Circumstances

    def of(self, groups: tuple[tuple[str, ...], ...]) -> tuple[Outcome, tuple[Attempt, ...]]:
        """What an or-list of and-lists of probes comes to, and the attempts that decide it.

        A group works where all of its probes do, and fails where one fails; the whole works where one group does, and
        fails where every group fails. Everything else was not tried.
        """
        every = [tuple(self.attempts.get(n, Attempt(n, Outcome.NOT_TRIED, said="left out")) for n in g) for g in groups]
        outcomes = [_of_all(attempts) for attempts in every]
        if Outcome.WORKS in outcomes:
            return Outcome.WORKS, every[outcomes.index(Outcome.WORKS)]
        decisive = Outcome.NOT_TRIED if Outcome.NOT_TRIED in outcomes else Outcome.FAILS
        named = {a.probe: a for group in every for a in group if a.outcome is decisive}
        return decisive, tuple(named.values())


def _of_all(attempts: tuple[Attempt, ...]) -> Outcome:
    outcomes = [a.outcome for a in attempts]
    if Outcome.FAILS in outcomes:
        return Outcome.FAILS
    return Outcome.NOT_TRIED if Outcome.NOT_TRIED in outcomes else Outcome.WORKS
