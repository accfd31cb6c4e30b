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


def known(*facts: SymbolFact) -> dict[str, SymbolFact]:
    return {f.name: f for f in facts}


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
    facts = known(fact("A", "y"), fact("B", "m"), fact("C", "n"), fact("D", None), fact("E", "n"))
    assert left_to_do(fix, facts.__getitem__, module=True) == left


def test_a_module_is_not_built_in_and_one_that_is_missing_is_not_there() -> None:
    fix = "Set CONFIG_B=y and CONFIG_C=y."
    assert left_to_do(fix, known(fact("B", "m"), fact("C", "n")).__getitem__, module=False) == fix
    facts = known(fact("B", "m", SymbolState.MISSING), fact("C", "n"))
    assert left_to_do(fix, facts.__getitem__, module=True) == fix


def test_a_module_is_not_what_a_condition_with_y_asks_for() -> None:
    """With VIRTIO_VSOCKETS=m the fix of `VIRTIO_VSOCKETS=y` was to set VSOCKETS alone, which mends nothing."""
    fix = "Set CONFIG_B=y and CONFIG_C=y."
    assert (
        left_to_do(
            fix, known(fact("B", "m"), fact("C", "n")).__getitem__, module=True, expr=Expression.parse("B=y && C")
        )
        == fix
    )
    text = HEAD + "CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_VSOCKETS=m\nCONFIG_VIRTIO_VSOCKETS=m\n"
    text += "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
    report = audit(
        Kernel(parse_config(text), Provenance("k", "file", "k")), load_profiles(["vm-apple-vz"]), cilium=None
    )
    [found] = [f for r in report.results for f in r.findings if f.requirement.id == "vsock"]
    assert (found.status, found.fix) == (
        "fail",
        "Set CONFIG_VSOCKETS=y and CONFIG_VIRTIO_VSOCKETS=y, and for its transport CONFIG_VIRTIO_MENU=y and CONFIG_VIRTIO_PCI=y.",
    )


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


def test_a_gate_that_is_on_is_not_to_be_set_though_no_condition_asks_for_it() -> None:
    """tc's rows name NET_SCHED, which stands in front of them, and most kernels have it."""
    text = HEAD + "CONFIG_NET=y\nCONFIG_NET_SCHED=y\n# CONFIG_NET_SCH_FQ is not set\n"
    text += "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
    report = audit(Kernel(parse_config(text), Provenance("k", "file", "k")), load_profiles(["tc-qos"]), cilium=None)
    [found] = [f for r in report.results for f in r.findings if f.requirement.id == "fq"]
    assert found.fix == "Set CONFIG_NET_SCH_FQ=y."
    assert found.requirement.fix == "Set CONFIG_NET_SCHED=y and CONFIG_NET_SCH_FQ=y."


@pytest.mark.parametrize(
    ("on", "profile", "row", "fix"),
    [
        ("SERIAL_AMBA_PL011=m", "vm-kata", "serial-arm", "Set CONFIG_SERIAL_AMBA_PL011=y and CONFIG_SERIAL_AMBA_PL011_CONSOLE=y."),
        ("SERIAL_AMBA_PL011=m", "vm-cloud-hypervisor", "pl011", "Set CONFIG_SERIAL_AMBA_PL011=y and CONFIG_SERIAL_AMBA_PL011_CONSOLE=y."),
        ("IPV6=m", "kube-proxy-ipvs", "v6", "CONFIG_IPV6=y"),
    ],
)  # fmt: skip
def test_a_gate_that_is_m_is_to_be_set_where_a_bool_asks_for_it_built_in(
    on: str, profile: str, row: str, fix: str
) -> None:
    """With SERIAL_AMBA_PL011=m the fix was to set its console alone, which depends on SERIAL_AMBA_PL011=y."""
    text = HEAD + f"CONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_{on}\n"
    text += "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
    report = audit(Kernel(parse_config(text), Provenance("k", "file", "k")), load_profiles([profile]), cilium=None)
    [found] = [f for r in report.results for f in r.findings if f.requirement.id == row]
    assert fix in found.fix
