"""A report read back from its JSON, so that any format can be rendered from it later, byte for byte.

The document is somebody's file: whatever is wrong in it is one error.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from kina_audit.base.bounds import CONFIG_BYTES, CONFIG_LINE, CONFIG_LINES
from kina_audit.base.datatype import datatype
from kina_audit.cilium.model import Mode
from kina_audit.engine.finding import MET, Finding, ProfileResult, Status
from kina_audit.engine.observed import ID as OBSERVED
from kina_audit.engine.waive import WaiverState, WaiverUse
from kina_audit.engine.waiver import Waiver
from kina_audit.errors import UsageError
from kina_audit.kernel.config import (
    Completeness,
    ConfigWarning,
    Header,
    KernelConfig,
    Origin,
    Resolved,
    SymbolFact,
    SymbolState,
)
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.provenance import Kernel, Observed, Provenance
from kina_audit.kernel.setting import is_text
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.profiles.model import Level, Profile, Requirement, Variant
from kina_audit.profiles.validate import first_error
from kina_audit.report.advice import read_advice
from kina_audit.report.compare import Change, Comparison, ModeChange
from kina_audit.report.document import SCHEMA_ID, SCHEMA_VERSION
from kina_audit.report.knowledge import Knowledge
from kina_audit.report.model import FailOn, Report
from kina_audit.report.observation import read_observation
from kina_audit.report.snapshot import Snapshot, Standing

_HINT = "`kina-audit check -o json=FILE` writes one."
_SCHEMA_STEM = SCHEMA_ID.removesuffix("1.schema.json")
_SOME_VERSIONS = VersionRange.parse(">=0.0")


@datatype
class _StoredFinding(Finding):
    """A finding whose fingerprint is the one that was stored."""

    stored: str = ""

    @property
    def fingerprint(self) -> str:
        """As it was when the kernel was audited; version 1.0 did not say."""
        return self.stored or Finding.fingerprint.fget(self)  # type: ignore[attr-defined]


@datatype
class _StoredProfile(Profile):
    """A profile whose digest is the one that was stored: not everything that it asks is."""

    stored: str = ""

    def digest_with(self, known: dict[int, str]) -> str:
        """The digest that was stored."""
        return self.stored or Profile.digest_with(self, known)


def read_report(document: Any, name: str) -> Report:
    """A `Report` from the document that `kina_audit.report.document.to_document` made.

    Reports of older minor versions lack what was added since, and those of newer ones have what this version does not know;
    formats then show what there is.

    Args:
        document: the parsed JSON.
        name: the file, for errors.

    Raises:
        UsageError: it is no report, or one of another major version.
    """
    check_version(document, name)
    try:
        wrong = first_error(document, "report")
        if wrong is not None:
            raise ValueError(wrong.text)
        return _report(document)
    except (KeyError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise UsageError(f"{name}: not a whole report: {str(error)[:200]}", _HINT) from error


def check_version(document: Any, name: str) -> None:
    """Raise unless a document says that it is a report of this major version.

    Raises:
        UsageError: it is something else, or a report of another major version.
    """
    schema = document.get("$schema") if isinstance(document, Mapping) else None
    if not isinstance(schema, str) or not schema.startswith(_SCHEMA_STEM):
        raise UsageError(f"{name}: not a kina-audit report", _HINT)
    version = str(document.get("schema_version", ""))
    if schema != SCHEMA_ID or version.partition(".")[0] != "1":
        raise UsageError(f"{name}: a report of schema version {version[:20]}; this tool reads version 1", _HINT)


def check_profile(p: Mapping[str, Any]) -> None:
    """Raise unless a stored profile has findings, of statuses that their levels can have, and stands no better than they do.

    Raises:
        KeyError, TypeError, ValueError: it does not: somebody's hand was in it, and what it says is green may not be.
    """
    found = [(Level(f["level"]), Status(f["status"])) for f in p["findings"]]
    status, name = Status(p["status"]), str(p["id"])[:60]
    if not found and p["id"] != OBSERVED:
        raise ValueError(f"profile {name} has no findings")
    for level, of in found:
        if (of, level is Level.REQUIRED) in ((Status.FAIL, False), (Status.WARN, True)):
            raise ValueError(f"a finding that is {level} and has the status {of}")
    required = [s for level, s in found if level is Level.REQUIRED and s in (Status.FAIL, Status.UNKNOWN)]
    partly = any(level is Level.RECOMMENDED and s in (Status.WARN, Status.UNKNOWN) for level, s in found)
    if (status in MET and (required or partly)) or (Status.FAIL in required and status is not Status.FAIL):
        raise ValueError(f"profile {name} has the status {status}, and its findings say otherwise")


def is_newer(document: Mapping[str, Any]) -> bool:
    """Whether a report is of a newer minor version, and may say more than is shown of it."""
    _, _, minor = str(document.get("schema_version", "")).partition(".")
    return minor.isdecimal() and int(minor[:9]) > int(SCHEMA_VERSION.partition(".")[2])


def _report(d: Mapping[str, Any]) -> Report:
    if not d["profiles"]:
        raise ValueError("no profile was asked about")
    results = tuple(_result(p) for p in d["profiles"])
    return Report(
        _kernel(d["kernel"], d["profiles"]),
        results,
        read_advice(d["advice"]) if d["advice"] else None,
        FailOn(d["fail_on"]),
        str(d["tool"]["version"]),
        tuple(WaiverUse(_waiver(w), WaiverState(w["state"]), str(w["warning"])) for w in d.get("waivers", ())),
        bool(d.get("strict")),
        _comparison(d["baseline"], results) if d.get("baseline") else None,
        tuple((str(k), str(v)) for k, v in d.get("labels", {}).items()),
        str(d.get("settings") or ""),
        _time(d.get("audited")),
        Knowledge(str(d["tool"].get("facts") or ""), tuple(str(text) for text in d["tool"].get("newer", ()))),
        tuple(tuple(map(str, words)) for words in d.get("options", ())),
    )


def _time(text: Any) -> str:
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time without its offset")
    return str(text or "")


def _kernel(k: Mapping[str, Any], profiles: list[Any]) -> Kernel:
    observed = k.get("observed")
    config = KernelConfig(
        # Which symbols there were is not stored, only how many.
        raw=dict.fromkeys(map(str, range(min(int(k["symbols"]), CONFIG_LINES))), "n"),
        header=Header(_version(k["header_version"]), k["header_arch"], k["compiler"]),
        completeness=Completeness(k["completeness"]),
        origin=Origin(k["origin"]),
        resolved=Resolved(str(told["how"]), tuple(map(str, told["lines"])), str(told["toolchain"] or ""))
        if (told := k.get("resolved"))
        else None,
        target=_version(k["target_version"]),
        arch=k["arch"],
        warnings=tuple(ConfigWarning(int(w["line"] or 0), str(w["text"])) for w in k["warnings"]),
        text=_outline(profiles),
    )
    told = k["target_from"]
    provenance = Provenance(
        source=str(k["source"]),
        kind=str(k["kind"]),
        location=str(k["location"]),
        project=str(k["project"] or ""),
        ref=str(k["ref"] or ""),
        commit=str(k["commit"] or ""),
        blob=str(k["blob"] or ""),
        sha256=str(k["sha256"] or ""),
        date=str(k["date"] or ""),
        fetched=str(k["fetched"] or ""),
        # A version that only the header gives has no other origin.
        target_from="" if told == "the config's header" else str(told or ""),
        found_in=tuple(map(str, k.get("found_in", ()))),
        kernel_release=str(k.get("kernel_release") or ""),
        observed=Observed(
            str(observed["release"]),
            str(observed["machine"] or ""),
            observed["btf"],
            tuple((str(k), str(v)) for k, v in observed.get("facts", {}).items()),
        )
        if observed
        else None,
        fragments=tuple(map(str, k.get("fragments", ()))),
        doubt=str(k.get("doubt") or ""),
        notes=tuple(map(str, k["notes"])),
    )
    return Kernel(config, provenance)


def _version(text: str | None) -> KernelVersion | None:
    return KernelVersion.parse(text) if text else None


def _outline(profiles: list[Any]) -> str:
    """A text with lines of the lengths that were stored, for formats that mark a region of the config."""
    lengths = {
        int(s["line"]): int(s["line_length"])
        for p in profiles
        for f in p["findings"]
        for s in f["symbols"]
        if s["line"] and s.get("line_length") is not None
    }
    if not lengths:
        return ""
    last = max(lengths)
    if not 0 < min(lengths) <= last <= CONFIG_LINES or max(lengths.values()) > CONFIG_LINE:
        raise ValueError("a line number or length that no config has")
    if sum(lengths.values()) + last > CONFIG_BYTES:
        raise ValueError("a config larger than any")
    return "\n".join("x" * lengths.get(number, 0) for number in range(1, last + 1))


def _result(p: Mapping[str, Any]) -> ProfileResult:
    check_profile(p)
    findings = tuple(_finding(f) for f in p["findings"])
    profile = _StoredProfile(
        str(p["id"]),
        str(p["title"]),
        "",
        tuple(f.requirement for f in findings),
        tuple(map(str, p["references"])),
        any_of=tuple(map(str, p.get("any_of", ()))),
        # Before 1.3 whatever was audited counted as asked for.
        asked=p.get("asked") is not False,
        stored=str(p.get("digest", "")),
    )
    return ProfileResult(profile, findings, Status(p["status"]))


def _finding(f: Mapping[str, Any]) -> Finding:
    facts = tuple(
        SymbolFact(str(s["name"]), s["value"], SymbolState(s["state"]), s["line"], str(s["note"]), is_text(s["value"]))
        for s in f["symbols"]
    )
    asks = f.get("asks") or {"expr": f["expr"], "fix": f["fix"], "symbols": [s.name for s in facts], "gated": False}
    # Which versions ask otherwise is not stored, only that some do.
    other = Expression("another condition", ("const", "n"), ())
    variants = (Variant(other, _SOME_VERSIONS),) if asks["gated"] and not f["kernel"] else ()
    row = Requirement(
        id=str(f["id"]),
        expr=_expression(asks["expr"], asks["symbols"]),
        level=Level(f["level"]),
        why=str(f["why"]),
        fix=str(asks["fix"]),
        source=str(f["source"]),
        module=bool(f["module"]),
        kernel=VersionRange.parse(f["kernel"]) if f["kernel"] else None,
        arch=tuple(map(str, f["arch"])),
        variants=variants,
        profile=str(f["defined_in"]),
    )
    return _StoredFinding(
        row,
        Status(f["status"]),
        _expression(f["expr"], [s.name for s in facts]),
        str(f["fix"]),
        facts,
        str(f["reason"]),
        _waiver(f["waiver"]) if f.get("waiver") else None,
        left=str(f.get("left", "")),
        observed=read_observation(f.get("observed")),
        too_old=bool(f.get("too_old")),
        stored=str(f.get("fingerprint", "")),
    )


def _expression(text: str, symbols: list[str]) -> Expression:
    """A condition to be shown, not to be evaluated."""
    return Expression(str(text), ("const", "n"), tuple(map(str, symbols)))


def _waiver(w: Mapping[str, Any]) -> Waiver:
    return Waiver(
        str(w["pattern"]),
        str(w["reason"]),
        date.fromisoformat(w["expires"]),
        str(w["source"] or ""),
        str(w["kernel"] or ""),
        str(w["owner"] or ""),
        str(w["link"] or ""),
        str(w["origin"]),
    )


def _comparison(c: Mapping[str, Any], results: tuple[ProfileResult, ...]) -> Comparison:
    mode = c["mode"]
    # What was compared is what was selected; what a running kernel showed of itself is never part of a baseline.
    standings = {
        f"{r.profile.id}/{f.requirement.id}": Standing(f.level, f.status)
        for r in results
        for f in r.findings
        if r.profile.id != OBSERVED
    }
    return Comparison(
        Snapshot(dict(c["before"]), {}, {}, {}),
        Snapshot(dict(c["after"]), {}, standings, {}),
        tuple(read_change(x) for x in c["findings"]),
        tuple(read_change(x, whole=True) for x in c["profiles"]),
        tuple(read_change(x) for x in c["capabilities"]),
        read_mode_change(mode) if mode else None,
        str(c["origin"] or ""),
    )


def read_mode_change(c: Mapping[str, Any]) -> ModeChange:
    """How Cilium's mode changed, as a report has it.

    Raises:
        KeyError, ValueError: something in it is missing or of another kind.
    """
    return ModeChange(str(c["cilium_release"]), Mode(c["before"]), Mode(c["after"]), bool(c["waived"]))


def read_change(c: Mapping[str, Any], *, whole: bool = False) -> Change:
    """What was lost or gained, as a report has it; ``whole``: of a profile.

    Raises:
        KeyError, TypeError, ValueError: something in it is missing or of another kind.
    """
    profile, _, requirement = (c["name"], "", "") if whole else c["name"].rpartition("/")
    return Change(
        profile or requirement,
        requirement if profile else "",
        Status(c["before"]) if c["before"] else None,
        Status(c["after"]) if c["after"] else None,
        Level(c["level"]) if c["level"] else None,
        tuple((str(s["name"]), s["before"], s["after"]) for s in c["symbols"]),
        bool(c["waived"]),
        bool(c.get("too_old")),
    )
