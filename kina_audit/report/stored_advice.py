"""Advice read back from a report's JSON."""

from collections.abc import Mapping
from typing import Any

from kina_audit.cilium.model import Advice, Capability, Choice, Evidence, Instead, Mode, Rest, State, Unlock, Wish
from kina_audit.engine.finding import Status

_STATES = {
    Status.PASS: State.WORKS,
    Status.WARN: State.DEGRADED,
    Status.UNKNOWN: State.UNKNOWN,
    Status.FAIL: State.BROKEN,
    Status.SKIP: State.UNAVAILABLE,
}
"""What version 1.0, which had no states, said with a status."""


def stored_advice(a: Mapping[str, Any]) -> Advice:
    """The advice in a report's document.

    Raises:
        KeyError, ValueError, TypeError: it is not whole.
    """
    # Reports from before the ladder name its first rung alone.
    ladder = a.get("ladder", [a["unlock"]] if a["unlock"] else [])
    return Advice(
        release=str(a["cilium_release"]),
        mode=Mode(a["mode"]),
        summary=str(a["summary"]),
        choices=tuple(Choice(c["name"], c["value"], c["because"], _evidence(c["evidence"])) for c in a["choices"]),
        blockers=_evidence(a["blockers"]),
        ladder=tuple(Unlock(Mode(u["mode"]), tuple(u["symbols"]), str(u["because"])) for u in ladder),
        cautions=tuple(a["cautions"]),
        alternatives=tuple(a["alternatives"]),
        capabilities=tuple(
            Capability(
                str(c["id"]),
                str(c["title"]),
                Status(c["status"]),
                str(c["because"]),
                tuple(c["unlock"]),
                State(c.get("state") or _STATES[Status(c["status"])]),
                str(c.get("says") or ""),
                str(c.get("evidence") or ""),
                str(c.get("link") or ""),
                tuple(c.get("cautions", ())),
            )
            for c in a["capabilities"]
        ),
        helm_values=dict(a["helm_values"]),
        config_map=dict(a["config_map"]),
        wishes=tuple(Wish(str(w["feature"]), bool(w["granted"]), str(w["because"])) for w in a.get("wishes", ())),
        least=Mode(a["min_mode"]) if a.get("min_mode") else None,
        instead=tuple(Instead(Mode(i["mode"]), tuple(i["values"]), str(i["because"])) for i in a.get("instead", ())),
        evidence=str(a.get("evidence") or ""),
        run=str(a.get("run") or ""),
        rests=tuple(
            Rest(str(r["feature"]), str(r["fact"]), str(r["evidence"]), str(r["link"] or ""), tuple(r["observed"]))
            for r in a.get("rests", ())
        ),
    )


def _evidence(rows: list[Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(str(e["profile"]), str(e["requirement"]), Status(e["status"]), str(e["expr"])) for e in rows)
