"""Claims that somebody made about a kernel, held against it one by one: true, false, or cannot be told.

A claim is a line of text::

    CONFIG_WIREGUARD=y              # also =m, =n, a value, "is not set"; the bare symbol means y or m
    profile vxlan passes            # or fails; also profile vxlan/vxlan-device passes
    cilium full-ebpf                # this mode or a better one
    cilium wireguard works          # a Cilium feature
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from kina_audit.base.bounds import CLAIM_LINE, CLAIMS
from kina_audit.base.datatype import datatype
from kina_audit.cilium.model import LADDER, Advice, Mode, State
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.errors import ProfileError, UsageError
from kina_audit.kernel.config import WITHOUT_MODULE, SymbolFact, SymbolState
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Level, Profile

_FORMS = "Lines look like CONFIG_VXLAN=y, `profile vxlan passes`, `cilium full-ebpf` or `cilium wireguard works`."
_SYMBOL = re.compile(r"(?:#\s*)?CONFIG_(\w+)(?:\s+is\s+(not)\s+set|=(.+))?", re.ASCII)
_PROFILE = re.compile(r"profile\s+(\S+?)(?:\s+(passes|fails))?")
_COMMENT = re.compile(r'("(?:[^"\\]++|\\.)*+")|(?:^|\s)#.*')
"""A comment; a quoted value in front of it, kept, may hold a # of its own."""
_CILIUM = re.compile(r"cilium\s+(\S+?)(?:\s+(works))?")


class Truth(StrEnum):
    """What a kernel's configuration says of a claim."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@datatype
class Claim:
    """One line: where it stands, and what it says."""

    line: int
    text: str


@datatype
class Answer:
    """A claim, what is true of it, and one sentence that says why."""

    claim: Claim
    truth: Truth
    because: str


def read_claims(text: str, name: str) -> list[Claim]:
    """The claims of a text; blank lines and comments are left out.

    Raises:
        UsageError: a line that is no claim (with its number), no claim at all, or too many.
    """
    found: list[Claim] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if len(raw) > CLAIM_LINE:
            raise UsageError(f"{name}:{number}: a line of more than {CLAIM_LINE:,} characters", _FORMS)
        if len(found) >= CLAIMS:
            raise UsageError(f"{name}: more than {CLAIMS:,} claims")
        line = raw.strip()
        if not (line.startswith("#") and _SYMBOL.fullmatch(line)):
            line = _COMMENT.sub(lambda m: m[1] or "", line).strip()
        if not line:
            continue
        if not any(form.fullmatch(line) for form in (_SYMBOL, _PROFILE, _CILIUM)):
            raise UsageError(f"{name}:{number}: no claim: {line[:80]!r}", _FORMS)
        found.append(Claim(number, line))
    if not found:
        raise UsageError(f"{name}: no claim in it", _FORMS)
    return found


def judge(
    claims: Iterable[Claim], name: str, fact: Callable[[str], SymbolFact], library: ProfileLibrary,
    held: Callable[[Profile], ProfileResult], advice: Callable[[], Advice],
) -> list[Answer]:  # fmt: skip
    """Hold claims against a kernel.

    Args:
        claims: from `read_claims`.
        name: the file they are from, for errors.
        fact: what the kernel's input says of a symbol.
        library: where profiles come from.
        held: a profile's result, with what an audit finds of it that its file does not ask.
        advice: gives the Cilium recommendation; only asked when a claim is about Cilium.

    Raises:
        UsageError: a claim names a profile, requirement, mode or feature that does not exist.
    """
    return [Answer(claim, *_judge(claim, name, fact, library, held, advice)) for claim in claims]


def _judge(
    claim: Claim, name: str, fact: Callable[[str], SymbolFact], library: ProfileLibrary,
    held: Callable[[Profile], ProfileResult], advice: Callable[[], Advice],
) -> tuple[Truth, str]:  # fmt: skip
    if match := _SYMBOL.fullmatch(claim.text):
        return _symbol(match[1], "n" if match[2] else match[3], fact)
    where = f"{name}:{claim.line}"
    if match := _PROFILE.fullmatch(claim.text):
        try:
            truth, because = _profile(match[1], library, held)
        except ProfileError as error:
            raise UsageError(f"{where}: {error.message}", error.hint) from error
        if match[2] == "fails" and truth is not Truth.UNKNOWN:
            truth = Truth.FALSE if truth is Truth.TRUE else Truth.TRUE
        return truth, because
    match = _CILIUM.fullmatch(claim.text)
    assert match is not None
    return _cilium(match[1], feature=bool(match[2]), advice=advice(), where=where)


def _symbol(symbol: str, claimed: str | None, told: Callable[[str], SymbolFact]) -> tuple[Truth, str]:
    fact = told(symbol)
    if fact.value is None:
        return Truth.UNKNOWN, fact.note or "this input does not tell"
    wanted = ("y", "m") if claimed is None else (claimed.strip().strip('"'),)
    place = f" (line {fact.line})" if fact.line else ""
    said = {
        SymbolState.ABSENT: "it is absent, which is n",
        SymbolState.NOT_SET: f"it is not set{place}",
        SymbolState.PREDICTED: f"it is {fact.value} in the built kernel: {fact.note}",
        **dict.fromkeys(WITHOUT_MODULE, f"it is {fact.value}{place}, and {fact.note}"),
    }.get(fact.state, f"it is {fact.value}{place}")
    if claimed is None and fact.state in WITHOUT_MODULE:
        return (Truth.UNKNOWN if fact.state is SymbolState.UNLOADED else Truth.FALSE), said
    return Truth.TRUE if fact.value in wanted else Truth.FALSE, said


def _profile(name: str, library: ProfileLibrary, held: Callable[[Profile], ProfileResult]) -> tuple[Truth, str]:
    try:
        result, finding = held(library.get(name)), None
    except ProfileError:
        owner, _, wanted = name.rpartition("/")
        if not owner:
            raise
        result = held(library.get(owner))
        finding = result.finding(wanted)
        if finding is None:
            raise ProfileError(
                f"profile {owner} has no requirement {wanted!r}",
                f"It has: {', '.join(f.requirement.id for f in result.findings)}.",
            ) from None
    if finding is not None:
        return _TRUTH[finding.status if finding.status is not Status.WARN else Status.FAIL], _why([finding])
    if result.status is Status.PASS:
        return Truth.TRUE, "every required and recommended requirement is met"
    unmet = [f for f in result.findings if f.status is result.status and f.level is not Level.OPTIONAL]
    if result.status is Status.WARN:
        return Truth.TRUE, f"what is required is met; recommended, and unmet: {_why(unmet)}"
    required = [f for f in unmet if f.level is Level.REQUIRED]
    if result.status is Status.UNKNOWN and not required:
        return Truth.TRUE, f"what is required is met; recommended, and cannot be told: {_why(unmet)}"
    return _TRUTH[result.status], _why(required)


_TRUTH = {
    Status.PASS: Truth.TRUE,
    Status.WARN: Truth.TRUE,
    Status.FAIL: Truth.FALSE,
    Status.UNKNOWN: Truth.UNKNOWN,
    Status.SKIP: Truth.UNKNOWN,
}


def _why(findings: Iterable[Finding]) -> str:
    parts = []
    for f in findings:
        told = ", ".join(f"{s.name} {s.value or 'unknown'}" for s in f.symbols)
        parts.append(f"{f.requirement.id} ({told})" if told else f"{f.requirement.id} ({f.reason or f.needs})")
    return "; ".join(parts) or "nothing in it applies to this kernel"


def _cilium(word: str, *, feature: bool, advice: Advice, where: str) -> tuple[Truth, str]:
    release = f"Cilium {advice.release}"
    if not feature and word in {str(m) for m in LADDER}:
        mode = advice.mode
        if mode is Mode.UNKNOWN:
            return Truth.UNKNOWN, f"{release}: {advice.summary}"
        good = LADDER.index(mode) <= LADDER.index(Mode(word))
        blocked = ", ".join(f"{e.profile}/{e.requirement} needs {e.expr}" for e in advice.blockers)
        return (Truth.TRUE if good else Truth.FALSE), f"{release} reaches {mode}" + (f"; {blocked}" if blocked else "")
    found = next((c for c in advice.capabilities if c.id in (word, f"cilium-{word}")), None)
    if found is None:
        known = ", ".join(c.id.removeprefix("cilium-") for c in advice.capabilities)
        raise UsageError(
            f"{where}: Cilium has no mode or feature {word!r}", f"Modes: {', '.join(LADDER)}. Features: {known}."
        )
    said = f"{release}: {found.state}: {found.because}".rstrip(": ")
    if found.state in (State.WORKS, State.DEGRADED):
        return Truth.TRUE, said
    if found.state in (State.UNKNOWN, State.UNVERIFIED):
        return Truth.UNKNOWN, said
    return Truth.FALSE, said
