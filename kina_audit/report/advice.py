"""The recommendation in the JSON contract: as a plain document, and read back from one."""

from collections.abc import Mapping
from typing import Any

from kina_audit.cilium.model import (
    Advice,
    Capability,
    Choice,
    Elsewhere,
    Evidence,
    Instead,
    Mode,
    Rest,
    State,
    Unlock,
    Wish,
    WithAgent,
)
from kina_audit.engine.finding import Status

_STATES = {
    Status.PASS: State.WORKS,
    Status.WARN: State.DEGRADED,
    Status.UNKNOWN: State.UNKNOWN,
    Status.FAIL: State.BROKEN,
    Status.SKIP: State.UNAVAILABLE,
}
"""What version 1.0, which had no states, said with a status."""


def _evidence(items: tuple[Evidence, ...]) -> list[dict[str, str]]:
    return [
        {"profile": e.profile, "requirement": e.requirement, "status": str(e.status), "expr": e.expr} for e in items
    ]


def _with_agent(would: WithAgent) -> dict[str, Any]:
    return {"state": str(would.state), "because": would.because, "unlock": list(would.unlock)}


def _unlock(unlock: Unlock) -> dict[str, Any]:
    return {
        "mode": str(unlock.mode),
        "symbols": list(unlock.symbols),
        "because": unlock.because,
        "untested": unlock.untested,
    }


def _read_unlock(u: Mapping[str, Any]) -> Unlock:
    return Unlock(Mode(u["mode"]), tuple(u["symbols"]), str(u["because"]), bool(u.get("untested")))


def advice_document(advice: Advice) -> dict[str, Any]:
    """The recommendation, ready for ``json.dumps``."""
    return {
        "cilium_release": advice.release,
        "mode": str(advice.mode),
        "untested": advice.untested,
        "asked": advice.asked,
        "starts": advice.starts,
        "barred": advice.barred or None,
        "summary": advice.summary,
        "choices": [
            {"name": c.name, "value": c.value, "because": c.because, "evidence": _evidence(c.evidence)}
            for c in advice.choices
        ],
        "blockers": _evidence(advice.blockers),
        "unlock": _unlock(advice.unlock) if advice.unlock else None,
        "ladder": [_unlock(u) for u in advice.ladder],
        "cautions": list(advice.cautions),
        "alternatives": list(advice.alternatives),
        "capabilities": [
            {
                "id": c.id,
                "title": c.title,
                "status": str(c.status),
                "state": str(c.state),
                "because": c.because,
                "says": c.says or None,
                "unlock": list(c.unlock),
                "evidence": c.evidence or None,
                "link": c.link or None,
                "cautions": list(c.cautions),
                "with_agent": _with_agent(c.with_agent) if c.with_agent else None,
            }
            for c in advice.capabilities
        ],
        "wishes": [{"feature": w.feature, "granted": w.granted, "because": w.because} for w in advice.wishes],
        "min_mode": str(advice.least) if advice.least else None,
        "instead": [
            {
                "mode": str(i.mode),
                "values": list(i.values),
                "because": i.because,
                "untested": i.untested,
                "options": list(i.options),
            }
            for i in advice.instead
        ],
        "elsewhere": [
            {
                "cilium_release": e.release,
                "kernel": e.kernel or None,
                "booted_by": e.booted_by or None,
                "mode": str(e.mode),
                "untested": e.untested,
            }
            for e in advice.elsewhere
        ],
        "evidence": advice.evidence or None,
        "run": advice.run or None,
        "rests": [
            {
                "feature": r.feature,
                "fact": r.fact,
                "evidence": r.evidence,
                "link": r.link or None,
                "observed": list(r.observed),
            }
            for r in advice.rests
        ],
        "helm_values": dict(advice.helm_values),
        "config_map": dict(advice.config_map),
    }


def read_advice(a: Mapping[str, Any]) -> Advice:
    """The recommendation from what `advice_document` made of it.

    Raises:
        KeyError, TypeError, ValueError: something in it is missing or of another type.
    """
    # Reports from before the ladder name its first rung alone.
    ladder = a.get("ladder", [a["unlock"]] if a["unlock"] else [])
    return Advice(
        release=str(a["cilium_release"]),
        mode=Mode(a["mode"]),
        summary=str(a["summary"]),
        choices=tuple(Choice(c["name"], c["value"], c["because"], _read_evidence(c["evidence"])) for c in a["choices"]),
        blockers=_read_evidence(a["blockers"]),
        ladder=tuple(map(_read_unlock, ladder)),
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
                WithAgent(State(w["state"]), str(w["because"]), tuple(w["unlock"]))
                if (w := c.get("with_agent"))
                else None,
            )
            for c in a["capabilities"]
        ),
        helm_values=dict(a["helm_values"]),
        config_map=dict(a["config_map"]),
        wishes=tuple(Wish(str(w["feature"]), bool(w["granted"]), str(w["because"])) for w in a.get("wishes", ())),
        least=Mode(a["min_mode"]) if a.get("min_mode") else None,
        instead=tuple(
            Instead(
                Mode(i["mode"]),
                tuple(i["values"]),
                str(i["because"]),
                bool(i.get("untested")),
                tuple(i.get("options", ())),
            )
            for i in a.get("instead", ())
        ),
        elsewhere=tuple(
            Elsewhere(
                str(e["cilium_release"]),
                str(e["kernel"] or ""),
                str(e["booted_by"] or ""),
                Mode(e["mode"]),
                bool(e["untested"]),
            )
            for e in a.get("elsewhere", ())
        ),
        asked=bool(a.get("asked")),
        barred=str(a.get("barred") or ""),
        evidence=str(a.get("evidence") or ""),
        run=str(a.get("run") or ""),
        rests=tuple(
            Rest(str(r["feature"]), str(r["fact"]), str(r["evidence"]), str(r["link"] or ""), tuple(r["observed"]))
            for r in a.get("rests", ())
        ),
    )


def _read_evidence(rows: list[Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(str(e["profile"]), str(e["requirement"]), Status(e["status"]), str(e["expr"])) for e in rows)
