"""JSON is written as the standard library would."""

import json
from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st

from kina_audit.base.json_text import indented

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


@given(DOCUMENTS)
def test_the_bytes_are_those_of_the_standard_library(document: object) -> None:
    assert indented(document) == json.dumps(document, indent=2) + "\n"


def test_members_of_text_enumerations_are_texts() -> None:
    colour = StrEnum("colour", {"RED": 'r"ed'})
    assert indented({"a": [colour.RED], "b": (1, 0)}) == json.dumps({"a": [colour.RED], "b": (1, 0)}, indent=2) + "\n"
