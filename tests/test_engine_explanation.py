"""A finding explains itself when somebody asks, and is the same as one that was told everything at once."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from kina_audit.base.datatype import replace
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary

CONFIG = (
    "CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_BPF=y\nCONFIG_VXLAN=m\n# CONFIG_BPF_SYSCALL is not set\n"
)


def findings() -> list[Finding]:
    evaluator = Evaluator(parse_config(CONFIG))
    return [f for p in ProfileLibrary() for f in evaluator.profile(p).findings]


def whole(one: Finding) -> Finding:
    return Finding(
        one.requirement, one.status, one.expr, one.fix, one.symbols, one.reason, one.waiver, one.left, one.observed,
        one.too_old,
    )  # fmt: skip


@pytest.mark.parametrize("first", ["fix", "symbols", "reason", "left"])
def test_whichever_part_is_asked_for_first_all_are_the_same(first: str) -> None:
    told = findings()
    assert {f.status for f in told} == set(Status)
    for one, other in zip(told, findings(), strict=True):
        getattr(other, first)
        assert one == other == whole(one)
        assert hash(other) == hash(one)


def test_a_copy_and_a_pickle_are_whole() -> None:
    for one, other, third in zip(findings(), findings(), findings(), strict=True):
        assert pickle.loads(pickle.dumps(other)) == one
        assert replace(third, status=one.status) == one


def test_a_finding_never_asked_holds_its_kernel_and_one_that_was_asked_does_not() -> None:
    evaluator = Evaluator(parse_config(CONFIG))
    row = next(r for p in ProfileLibrary() for r in p.requirements if r.plain and r.expr.symbols)
    found = evaluator.requirement(row)
    explanation = weakref.ref(evaluator._explanation)
    del evaluator
    gc.collect()
    assert explanation() is not None
    assert found.symbols
    gc.collect()
    assert explanation() is None


def test_what_is_no_field_is_an_error_that_says_so() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        findings()[0].nothing_such  # type: ignore[attr-defined]  # noqa: B018


def test_many_threads_may_ask_one_finding() -> None:
    """One took what explains it away while another was about to ask."""
    for _ in range(20):
        told = findings()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _, told=told: [f.fix for f in told], range(4)))  # type: ignore[misc]
        assert all(one == answers[0] for one in answers)
