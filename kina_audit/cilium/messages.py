"""What Cilium's agent says when something is missing, with the requirement that it says it of."""

from collections.abc import Iterator

from kina_audit.cilium.evidence import where
from kina_audit.cilium.features import feature_rows, probe_rows
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Message, Requirement

_SAYS_NOTHING = 25
"""A shorter text occurs in logs of every other cause too."""


def cilium_messages(library: ProfileLibrary) -> Iterator[tuple[Requirement, Message]]:
    """Each requirement that the agent of any release, or a feature of it, names, with what the agent then logs."""
    needs = [n for feature in feature_rows() for n in feature.get("need", ())]
    for need in [*probe_rows(), *needs]:
        says, name = need.get("says", ""), need.get("requirement", "")
        if len(says) < _SAYS_NOTHING or not name:
            continue
        profile, _, row_id = name.rpartition("/")
        for row in library.get(profile).requirements:
            if row.id == row_id:
                yield row, Message(says, where(need))
