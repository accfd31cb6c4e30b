"""A fix names what is left to do, and not the symbols that are on already."""

from dataclasses import replace

import pytest

from kina_audit.api import audit, load_profiles
from kina_audit.engine.left_to_do import left_to_do
from kina_audit.kernel.config import SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance

HEAD = "# Linux/arm64 6.18.5 Kernel Configuration\n"


def fact(name: str, value: str | None, state: SymbolState = SymbolState.SET) -> SymbolFact:
    return SymbolFact(name, value, state)


@pytest.mark.parametrize(
    ("fix", "left"),
    [
        ("Set CONFIG_A=y and CONFIG_C=y.", "Set CONFIG_C=y."),
        ("Set CONFIG_A=y, CONFIG_C=y and CONFIG_D=y. Mind it.", "Set CONFIG_C=y and CONFIG_D=y. Mind it."),
        ("Set CONFIG_C=y, CONFIG_A=y, CONFIG_D=y and CONFIG_E=y.", "Set CONFIG_C=y, CONFIG_D=y and CONFIG_E=y."),
        ("Set CONFIG_B=y and CONFIG_C=y.", "Set CONFIG_C=y."),
        # Nothing else of a sentence is touched, and a fix is never empty.
        ("Set CONFIG_A=y and CONFIG_C=y, which turn it on.", "Set CONFIG_A=y and CONFIG_C=y, which turn it on."),
        ("Set CONFIG_A=y.", "Set CONFIG_A=y."),
        ("Set CONFIG_A=y and CONFIG_B=y.", "Set CONFIG_A=y and CONFIG_B=y."),
        ("Use CONFIG_A=y and CONFIG_C=y.", "Use CONFIG_A=y and CONFIG_C=y."),
    ],
)
def test_what_is_on_is_not_to_be_set(fix: str, left: str) -> None:
    facts = [fact("A", "y"), fact("B", "m"), fact("C", "n"), fact("D", None), fact("E", "n")]
    assert left_to_do(fix, facts, module=True) == left


def test_a_module_is_not_built_in_and_one_that_is_missing_is_not_there() -> None:
    fix = "Set CONFIG_B=y and CONFIG_C=y."
    assert left_to_do(fix, [fact("B", "m"), fact("C", "n")], module=False) == fix
    assert left_to_do(fix, [fact("B", "m", SymbolState.MISSING), fact("C", "n")], module=True) == fix


def test_a_module_is_not_what_a_condition_with_y_asks_for() -> None:
    """With VIRTIO_VSOCKETS=m the fix of `VIRTIO_VSOCKETS=y` was to set VSOCKETS alone, which mends nothing."""
    fix = "Set CONFIG_B=y and CONFIG_C=y."
    assert left_to_do(fix, [fact("B", "m"), fact("C", "n")], module=True, expr=Expression.parse("B=y && C")) == fix
    text = HEAD + "CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_VSOCKETS=m\nCONFIG_VIRTIO_VSOCKETS=m\n"
    text += "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
    report = audit(
        Kernel(parse_config(text), Provenance("k", "file", "k")), load_profiles(["vm-apple-vz"]), cilium=None
    )
    [found] = [f for r in report.results for f in r.findings if f.requirement.id == "vsock"]
    assert (found.status, found.fix) == ("fail", "Set CONFIG_VSOCKETS=y and CONFIG_VIRTIO_VSOCKETS=y.")


def test_geneve_is_told_without_inet_where_that_is_on() -> None:
    """`Set CONFIG_INET=y and CONFIG_GENEVE=y` was the fix of a kernel that has INET."""
    text = HEAD + "CONFIG_NET=y\nCONFIG_INET=y\n# CONFIG_GENEVE is not set\n"
    text += "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
    kernel = Kernel(parse_config(text), Provenance("node.config", "file", "node.config"))
    kernel = replace(kernel, config=replace(kernel.config, resolved=None))
    report = audit(kernel, load_profiles(["geneve"]), cilium=None)
    [found] = [f for r in report.results for f in r.findings if f.requirement.id == "geneve-device"]
    assert found.fix == "Set CONFIG_GENEVE=y."
    assert found.requirement.fix == "Set CONFIG_INET=y and CONFIG_GENEVE=y."
