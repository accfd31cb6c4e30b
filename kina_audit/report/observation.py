"""What a running kernel did, as part of the JSON contract."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kina_audit.engine.probed import Attempt, Observation


def attempt_document(attempt: "Attempt") -> dict[str, Any]:
    """One probe and what came of it."""
    return {
        "probe": attempt.probe,
        "outcome": str(attempt.outcome),
        "errno": attempt.errno or None,
        "said": attempt.said or None,
    }


def observation_document(seen: "Observation | None") -> dict[str, Any] | None:
    """What a requirement's probes came to, for a finding."""
    if seen is None:
        return None
    return {
        "expected": str(seen.expected),
        "outcome": str(seen.outcome),
        "agreement": str(seen.agreement),
        "because": seen.because or None,
        "attempts": [attempt_document(a) for a in seen.attempts],
    }


def read_observation(document: Mapping[str, Any] | None) -> "Observation | None":
    """The observation that `observation_document` wrote; older reports have none."""
    if document is None:
        return None
    from kina_audit.engine.probed import Agreement, Attempt, Observation, Outcome

    return Observation(
        Outcome(document["expected"]),
        Outcome(document["outcome"]),
        Agreement(document["agreement"]),
        tuple(
            Attempt(str(a["probe"]), Outcome(a["outcome"]), str(a["errno"] or ""), str(a["said"] or ""))
            for a in document["attempts"]
        ),
        str(document["because"] or ""),
    )
