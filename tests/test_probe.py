"""`probe`: the room, the child that tries things, and how what it saw stands beside a config."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from kina_audit.api import audit
from kina_audit.base.packaged import data_file
from kina_audit.engine.finding import Status
from kina_audit.engine.probed import Agreement, Attempt, Circumstances, Outcome, Probing
from kina_audit.engine.probing import came_to, observed, wanted
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import VersionRange
from kina_audit.probe.catalogue import every_probe
from kina_audit.probe.modules import held_back
from kina_audit.profiles.load import build_profile
from kina_audit.render import RenderOptions
from kina_audit.render.probed import render_probed
from kina_audit.report.probed import Asked, Probed, to_document
from tests.conftest import alone

WORKS, FAILS, NOT_TRIED = Outcome.WORKS, Outcome.FAILS, Outcome.NOT_TRIED
ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="namespaces need root")


def test_every_probe_says_what_it_is() -> None:
    for name, probe in every_probe().items():
        assert probe.name == name
        assert Expression.parse(probe.expr).symbols, name
        assert probe.touches
        assert probe.group
        if probe.kernel:
            VersionRange.parse(probe.kernel)


def profile(level: str = "required", expr: str = "A", probes: object = ("a",)):
    row = {"id": "r", "expr": expr, "level": level, "why": "w", "fix": "f", "source": "s", "probes": probes}
    return build_profile({"id": "p", "title": "t", "description": "d", "requirement": [row]}, "p.toml")


def probing(around: Circumstances | None = None, **outcomes: Outcome) -> Probing:
    attempts = {n: Attempt(n, o, "EOPNOTSUPP" if o is FAILS else "", f"said {n}") for n, o in outcomes.items()}
    return Probing(attempts, around or Circumstances())


def held(config: str, tried: Probing, **asked: object):
    kernel = Kernel(parse_config(config.encode()), Provenance("running", "running", "x"))
    [result] = audit(kernel, [profile(**asked)], cilium=None, probing=tried).results  # type: ignore[arg-type]
    [finding] = result.findings
    return finding, result.status


@pytest.mark.parametrize(
    ("groups", "outcomes", "expected", "decisive"),
    [
        ([("a", "b")], {"a": WORKS, "b": WORKS}, WORKS, ["a", "b"]),
        ([("a", "b")], {"a": WORKS, "b": FAILS}, FAILS, ["b"]),
        ([("a", "b")], {"a": NOT_TRIED, "b": FAILS}, FAILS, ["b"]),
        ([("a", "b")], {"a": WORKS, "b": NOT_TRIED}, NOT_TRIED, ["b"]),
        ([("a",), ("b",)], {"a": FAILS, "b": WORKS}, WORKS, ["b"]),
        ([("a",), ("b",)], {"a": FAILS, "b": NOT_TRIED}, NOT_TRIED, ["b"]),
        ([("a",), ("b",)], {"a": FAILS, "b": FAILS}, FAILS, ["a", "b"]),
        ([("a",)], {}, NOT_TRIED, ["a"]),
    ],
)
def test_a_requirement_is_met_where_all_of_one_group_work(
    groups: list[tuple[str, ...]], outcomes: Mapping[str, Outcome], expected: Outcome, decisive: list[str]
) -> None:
    outcome, attempts = probing(**outcomes).of(tuple(groups))
    assert (outcome, [a.probe for a in attempts]) == (expected, decisive)


COMPLETE = '#\n# Linux/x86 6.12.1 Kernel Configuration\n#\nCONFIG_CC_VERSION_TEXT="gcc"\n' + "".join(
    f"CONFIG_{n}=y\n" for n in ("X86_64", "CC_IS_GCC", *(f"HAVE_{i}" for i in range(60)))
)


@pytest.mark.parametrize(
    ("line", "outcome", "agreement", "status"),
    [
        ("CONFIG_A=y", WORKS, Agreement.AGREES, Status.PASS),
        ("CONFIG_A=y", FAILS, Agreement.REFUSED, Status.FAIL),
        ("CONFIG_A=y", NOT_TRIED, Agreement.NOT_TRIED, Status.PASS),
        ("# CONFIG_A is not set", FAILS, Agreement.AGREES, Status.FAIL),
        ("# CONFIG_A is not set", WORKS, Agreement.UNEXPECTED, Status.UNKNOWN),
        ("# CONFIG_A is not set", NOT_TRIED, Agreement.NOT_TRIED, Status.FAIL),
        ("CONFIG_B=y", WORKS, Agreement.DECIDED, Status.PASS),
        ("CONFIG_B=y", FAILS, Agreement.DECIDED, Status.FAIL),
        ("CONFIG_B=y", NOT_TRIED, Agreement.NOT_TRIED, Status.UNKNOWN),
    ],
)
def test_what_the_kernel_did_beside_what_the_config_says(
    line: str, outcome: Outcome, agreement: Agreement, status: Status
) -> None:
    finding, overall = held(line + "\n", probing(a=outcome))
    assert finding.observed is not None
    assert (finding.observed.agreement, finding.status, overall) == (agreement, status, status)
    if agreement not in (Agreement.AGREES, Agreement.NOT_TRIED):
        assert finding.observed.because in finding.reason
    optional, _ = held(line + "\n", probing(a=outcome), level="recommended")
    assert optional.status is (Status.WARN if status is Status.FAIL else status)


@pytest.mark.parametrize(
    ("line", "around", "errno", "said"),
    [
        ("CONFIG_A=m", Circumstances(modules_disabled=True, module_files=True), "EOPNOTSUPP", "modules_disabled is 1"),
        ("CONFIG_A=m", Circumstances(module_files=False), "EOPNOTSUPP", "no folder in /lib/modules"),
        ("CONFIG_A=m", Circumstances(module_files=True), "ENOENT", "modprobe is told not to load it"),
        ("CONFIG_A=y", Circumstances(seccomp=True), "EPERM", "likely the seccomp filter"),
        ("CONFIG_A=y", Circumstances(lockdown="integrity", seccomp=True), "EPERM", "likely lockdown"),
        ("CONFIG_A=y", Circumstances(lacks=("CAP_SYS_ADMIN",)), "EPERM", "lacks CAP_SYS_ADMIN"),
        ("CONFIG_A=y", Circumstances(), "EACCES", "a security module or a switch"),
        ("CONFIG_A=y", Circumstances(), "EINVAL", "no module is involved"),
    ],
)
def test_a_refusal_names_what_is_likely_behind_it(line: str, around: Circumstances, errno: str, said: str) -> None:
    tried = Probing({"a": Attempt("a", FAILS, errno, "add a link: no")}, around)
    text = f"CONFIG_MODULES=y\n{line}\n"
    finding, _ = held(text, tried)
    assert finding.observed is not None
    assert finding.observed.agreement is Agreement.REFUSED
    assert said in finding.observed.because
    assert f"a: add a link: no [{errno}]" in finding.reason


def test_alternatives_work_where_one_profile_does() -> None:
    one, other = profile(probes=["a"]), profile(probes=["b"])
    row = replace(one.requirements[0], probes=(), alternatives=(one, other))
    assert list(wanted((row,))) == ["a", "b"]
    assert came_to(row, probing(a=FAILS, b=WORKS))[0] is WORKS
    assert came_to(row, probing(a=FAILS, b=FAILS))[0] is FAILS
    assert came_to(row, probing(a=FAILS, b=NOT_TRIED))[0] is NOT_TRIED


def test_a_requirement_without_probes_stays_as_it_is() -> None:
    kernel = Kernel(parse_config(b"CONFIG_A=y\n"), Provenance("running", "running", "x"))
    [result] = audit(kernel, [profile(probes=())], cilium=None).results
    assert observed(result, probing(a=FAILS)) == result


def test_without_new_modules_a_probe_of_a_module_is_left_out() -> None:
    config = parse_config(b"CONFIG_MODULES=y\nCONFIG_VXLAN=m\nCONFIG_GENEVE=y\n# CONFIG_BONDING is not set\n")
    left = held_back(["link_vxlan", "link_geneve", "link_bond", "link_ifb"], config)
    assert set(left) == {"link_vxlan", "link_ifb"}
    assert "CONFIG_VXLAN is a module" in left["link_vxlan"]


def test_the_document_follows_its_schema() -> None:
    kernel = Kernel(parse_config(b"CONFIG_A=y\n"), Provenance("running", "running", "x"))
    tried = probing(Circumstances(lockdown="integrity", new_modules=("vxlan",)), a=FAILS)
    report = audit(kernel, [profile()], cilium=None, probing=tried)
    found = Probed(report, tried, {"a": Asked("A", "nothing", "links")}, "6.12.1", "x86_64", "/proc/config.gz")
    document = json.loads(render_probed("json", found, RenderOptions()))
    assert document == to_document(found)
    schema = json.loads(data_file("schemas/probe.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert document["counts"]["requirements"]["refused"] == 1
    text = render_probed("table", found, RenderOptions(verbose=True))
    assert "REFUSED    p/r (required)" in text
    assert "Lockdown is on (integrity)." in text
    assert "vxlan" in text


@needs_root
def test_the_kernel_of_this_machine_agrees_with_its_expressions() -> None:
    """A few probes of several kinds; that all agree with this kernel's config is for the slow test."""
    from kina_audit.probe.runner import run

    names = ["af_inet", "ns_net", "link_veth", "ip_rule_v4", "bpf_map_hash", "nft_add_table_inet", "exec_elf"]
    steps: list[tuple[str, str]] = []
    with alone("probe"):
        tried = run(names, step=lambda name, step: steps.append((name, step)))
    assert list(tried.attempts) == names
    assert tried.attempts["af_inet"].outcome is WORKS
    assert tried.attempts["exec_elf"].outcome is WORKS
    assert ("af_inet", "open an IPv4 socket") in steps
    assert all(a.said for a in tried.attempts.values() if a.outcome is not WORKS)
