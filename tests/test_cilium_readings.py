"""Readers are shared, and the optimist is left out where nothing parts it from the pessimist: neither may show."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.cilium.capabilities import agent_state, capabilities
from kina_audit.cilium.ladder import stand
from kina_audit.cilium.model import LADDER
from kina_audit.cilium.on_demand import Asked, OnDemand
from kina_audit.cilium.reading import Reader, Readings
from kina_audit.cilium.release import Release, newest_releases
from kina_audit.engine.evaluate import Evaluator
from kina_audit.kernel.config import Completeness, KernelConfig
from kina_audit.kernel.version import KernelVersion
from tests.conftest import examples
from tests.test_cilium_ladder import LIBRARY, SYMBOLS, synthetic

CILIUM = LIBRARY.tagged("cilium")
OFF = [frozenset[str](), frozenset({"vxlan", "geneve"}), frozenset({"l7-proxy"}), frozenset({"kube-proxy-replacement"})]
VERSIONS = [None, "4.18.0-553.el8", "5.4.0", "5.14.0-427.el9.x86_64", "6.1.0", "6.18.5"]


@st.composite
def kernels(draw: st.DrawFn) -> KernelConfig:
    """Kernels that lack some of what Cilium asks, whole or cut, of a version that is known or not."""
    few = st.sets(st.sampled_from(SYMBOLS), max_size=6)
    config = synthetic(*SYMBOLS, missing=tuple(draw(few)))
    if draw(st.booleans()):
        config = replace(config, completeness=Completeness.PARTIAL)
    version = draw(st.sampled_from(VERSIONS))
    if version is None:
        return replace(config, header=replace(config.header, version=None), target=None)
    return replace(config, target=KernelVersion.parse(version))


def answers(readings: Readings, release: Release, off: frozenset[str]) -> Any:
    mode, _, standing = stand(readings, release, off)
    return mode, standing, capabilities(readings, release, off=off), agent_state(readings, release)


def read(config: KernelConfig, *, on_demand: bool) -> Readings:
    evaluator = Evaluator(config)
    every = {p.id: evaluator.profile(p) for p in CILIUM}
    return Readings(OnDemand(Asked(CILIUM), evaluator) if on_demand else every, config)


@settings(max_examples=examples(60), deadline=None)
@given(kernels(), st.sampled_from(newest_releases()), st.sampled_from(OFF), st.booleans())
def test_what_is_left_out_and_what_is_shared_does_not_show(
    config: KernelConfig, release: Release, off: frozenset[str], on_demand: bool
) -> None:
    shared = read(config, on_demand=on_demand)
    for other in OFF:
        answers(shared, release, other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "parted", property(lambda _: True, lambda *_: None), raising=False)
        twice = answers(read(config, on_demand=False), release, off)
    assert answers(shared, release, off) == twice


def test_a_whole_kernel_is_read_once() -> None:
    readings = read(synthetic(*SYMBOLS), on_demand=True)
    mode, reader, _ = stand(readings, newest_releases()[-1])
    assert mode is LADDER[0]
    assert readings.optimist(reader) is reader
