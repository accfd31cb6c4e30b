"""A baseline: how a kernel stood when it was accepted, as a JSON file that is reviewed like code.

Described by ``data/schemas/baseline.schema.json``. Sorted, one fact a line, no clock: the same kernel gives the same
bytes. Reading one is strict: a baseline that cannot be compared must not pass anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kina_audit.base.json_text import indented, read_json
from kina_audit.cilium.model import Mode
from kina_audit.engine.finding import Status
from kina_audit.engine.waiver import Waiver
from kina_audit.errors import UsageError
from kina_audit.profiles.model import Level
from kina_audit.report.compare import Change, Comparison, Direction, compare, waive_losses
from kina_audit.report.snapshot import CiliumStanding, ProfileStanding, Snapshot, Standing

SCHEMA_ID = "https://kina-audit.dev/schemas/baseline-1.schema.json"
SCHEMA_VERSION = 1
_RETAKE = "Take it again with `kina-audit baseline SOURCE -o FILE`, and review what changed in it."


def write_baseline(taken: Snapshot, tool_version: str) -> str:
    """The file's text."""
    cilium = taken.cilium
    document = {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "tool_version": tool_version,
        "kernel": dict(taken.kernel),
        "cilium": {
            "release": cilium.release,
            "mode": str(cilium.mode),
            "capabilities": {k: str(v) for k, v in sorted(cilium.capabilities.items())},
        }
        if cilium
        else None,
        "profiles": {k: {"digest": p.digest, "status": str(p.status)} for k, p in sorted(taken.profiles.items())},
        "findings": {k: f"{s.level} {s.status}" for k, s in sorted(taken.findings.items())},
        "symbols": dict(sorted(taken.symbols.items())),
    }
    return indented(document)


def read_baseline(text: str, origin: str) -> Snapshot:
    """A baseline from its file's text.

    Raises:
        UsageError: not JSON, another schema version, a missing or malformed part, or nothing in it that was decided.
    """
    try:
        document = read_json(text, once=True)
    except ValueError as error:
        raise UsageError(f"{origin}: not a baseline: {error}", _RETAKE) from error
    if not isinstance(document, dict) or "schema_version" not in document:
        raise UsageError(f"{origin}: not a baseline: it has no schema_version", _RETAKE)
    version = document["schema_version"]
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise UsageError(
            f"{origin}: a baseline of schema version {version!r:.20}, and this kina-audit reads {SCHEMA_VERSION}",
            "Use the kina-audit that took it, or take it again and review it.",
        )
    try:
        taken = _parse(document)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{origin}: not a valid baseline: {what[:200]}", _RETAKE) from error
    if all(s.status in (Status.UNKNOWN, Status.SKIP) for s in taken.findings.values()):
        raise UsageError(f"{origin}: an empty baseline, which would accept anything", _RETAKE)
    return taken


def _parse(document: Mapping[str, Any]) -> Snapshot:
    told = {k: _table(p, f"profile {k!r:.80}") for k, p in _table(document["profiles"], "profiles").items()}
    profiles = {k: ProfileStanding(Status(p["status"]), str(p["digest"])) for k, p in told.items()}
    findings = {}
    for name, text in _table(document["findings"], "findings").items():
        level, space, status = str(text).partition(" ")
        if not space:
            raise ValueError(f"finding {name!r} is {str(text)[:40]!r}, and not a level and a status")
        if name.partition("/")[0] not in profiles:
            raise ValueError(f"finding {name!r} belongs to no profile of it")
        findings[name] = Standing(Level(level), Status(status))
    standing = None
    if document["cilium"] is not None:
        cilium = _table(document["cilium"], "cilium")
        capabilities = {k: Status(v) for k, v in _table(cilium["capabilities"], "capabilities").items()}
        standing = CiliumStanding(str(cilium["release"]), Mode(cilium["mode"]), capabilities)
    symbols, kernel = _table(document["symbols"], "symbols"), _table(document["kernel"], "kernel")
    if not all(v is None or isinstance(v, str) for v in symbols.values()):
        raise ValueError("a symbol's value is neither text nor null")
    if not all(isinstance(v, str) for v in kernel.values()):
        raise ValueError("a fact about the kernel is no text")
    return Snapshot(dict(kernel), profiles, findings, dict(symbols), standing)


def _table(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")  # noqa: TRY004  (one error for whatever is wrong with the file)
    return value


def hold(taken: Snapshot, baseline: Snapshot, origin: str, valid: Sequence[Waiver]) -> Comparison:
    """Compare a kernel with its baseline.

    Args:
        taken: how the kernel stands now.
        baseline: how it stood when it was accepted.
        origin: the baseline's file.
        valid: waivers that hold today.

    Raises:
        UsageError: the two are of other profiles, another Cilium release or another architecture.
    """
    missing = sorted(set(baseline.profiles) - set(taken.profiles))
    new = sorted(set(taken.profiles) - set(baseline.profiles))
    if missing or new:
        parts = [f"only it has {', '.join(missing)}"] if missing else []
        parts += [f"only this audit has {', '.join(new)}"] if new else []
        raise UsageError(f"{origin}: a baseline of other profiles: {'; '.join(parts)}", f"Select the same. {_RETAKE}")
    changed = [k for k, p in sorted(taken.profiles.items()) if p.digest != baseline.profiles[k].digest]
    if changed:
        raise UsageError(
            f"{origin}: what {', '.join(changed)} asks of a kernel has changed since this baseline was taken", _RETAKE
        )
    if set(taken.findings) != set(baseline.findings):
        odd = sorted(set(taken.findings) ^ set(baseline.findings))
        raise UsageError(f"{origin}: not the findings of these profiles: {', '.join(odd[:5])}", _RETAKE)
    releases = (baseline.cilium.release if baseline.cilium else None, taken.cilium.release if taken.cilium else None)
    if releases[0] != releases[1]:
        raise UsageError(
            f"{origin}: a baseline for Cilium {releases[0] or '(none)'}, and this audit is for {releases[1] or '(none)'}",
            f"Give --cilium {releases[0]}. {_RETAKE}" if releases[0] else _RETAKE,
        )
    arches = (baseline.kernel.get("arch", ""), taken.kernel.get("arch", ""))
    if all(arches) and arches[0] != arches[1]:
        raise UsageError(f"{origin}: a baseline of an {arches[0]} kernel, and this one is {arches[1]}", _RETAKE)
    return waive_losses(compare(baseline, taken, origin), valid)


def take_over(compared: Comparison) -> Snapshot:
    """The next baseline: how the kernel stands now, with everything that was lost or fails left as it was accepted.

    So is what cannot be told now: a baseline holds answers.
    """
    before, after = compared.before, compared.after
    findings, symbols = dict(after.findings), dict(after.symbols)
    for change in compared.findings:
        if _stays(change) and change.name in before.findings:
            findings[change.name] = before.findings[change.name]
            symbols.update({name: old for name, old, _ in change.symbols if name in before.symbols})
    profiles = {**after.profiles, **{c.profile: before.profiles[c.profile] for c in compared.profiles if _stays(c)}}
    cilium = after.cilium
    if cilium is not None and before.cilium is not None and compared.mode is not None:
        mode = cilium.mode if compared.mode.direction is Direction.GAINED else before.cilium.mode
        kept = {c.profile: c.before for c in compared.capabilities if _stays(c) and c.before}
        cilium = CiliumStanding(cilium.release, mode, {**cilium.capabilities, **kept})
    return Snapshot(after.kernel, profiles, findings, symbols, cilium)


def _stays(change: Change) -> bool:
    """Whether the baseline keeps what it says of this."""
    return change.fails or change.direction is Direction.LOST or change.after is Status.UNKNOWN
