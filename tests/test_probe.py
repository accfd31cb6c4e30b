"""`probe`: the room, the child that tries things, and how what it saw stands beside a config."""

import errno
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kina_audit.api import audit
from kina_audit.base.packaged import data_file
from kina_audit.cli import main
from kina_audit.engine.finding import Status
from kina_audit.engine.probed import Agreement, Attempt, Circumstances, Outcome, Probing
from kina_audit.engine.probing import came_to, observed, wanted
from kina_audit.errors import NothingCheckedError
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import VersionRange
from kina_audit.probe import keeper, namespaces, nft
from kina_audit.probe.catalogue import every_probe
from kina_audit.probe.files import shown
from kina_audit.probe.model import Bench, MissingError, Probe, RefusedError
from kina_audit.probe.modules import held_back
from kina_audit.probe.runner import run
from kina_audit.profiles.load import build_profile
from kina_audit.render import RenderOptions
from kina_audit.render.probed import render_probed
from kina_audit.report.probed import Asked, Probed, to_document
from tests.booted import boot_kernel, machine_of
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
        ("CONFIG_A=y", Circumstances(seccomp=True), "ENOSYS", "likely the seccomp filter"),
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


def test_what_is_forbidden_to_a_process_decides_nothing() -> None:
    """The config cannot tell, and the kernel was not asked: the filter or the capability answered."""
    for number, around in (("EPERM", Circumstances()), ("ENOSYS", Circumstances(seccomp=True))):
        finding, status = held("CONFIG_B=y\n", Probing({"a": Attempt("a", FAILS, number, "no")}, around))
        assert finding.observed is not None
        assert (finding.observed.agreement, status) == (Agreement.NOT_TRIED, Status.UNKNOWN)
    finding, status = held("CONFIG_B=y\n", Probing({"a": Attempt("a", FAILS, "ENOSYS", "no")}, Circumstances()))
    assert status is Status.FAIL


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
    assert "1 probe: 0 work, 1 fail" in text
    assert "1 requirement: the config says yes" in text
    # In the finding, and in the list of every probe; not once more as the reason.
    assert text.count("said a") == 2
    assert "Lockdown is on (integrity)." in text
    assert "vxlan" in text


Only = Callable[[str, Outcome], tuple[int, str]]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Only:
    """`probe --only NAME`, with a made-up outcome, beside a config that has VETH and nothing else: status and words."""
    config = tmp_path / "config"
    config.write_text("CONFIG_VETH=y\nCONFIG_NET=y\n")

    def invoke(name: str, outcome: Outcome) -> tuple[int, str]:
        made = Probing({name: Attempt(name, outcome, "", f"said {name}")}, Circumstances())
        monkeypatch.setattr("kina_audit.cli.probe.tried", lambda *_, **__: made)
        code = main(["probe", str(config), "-p", "namespaces", "--only", name])
        return code, " ".join(capsys.readouterr().out.split())

    return invoke


def test_single_probes_are_judged_by_what_they_decide(only: Only) -> None:
    """What else the profiles ask for was not asked: it neither shows nor counts."""
    _, said = only("ns_time", WORKS)
    assert "left out" not in said
    assert "namespaces/time" in said
    assert "2 requirements:" in said
    assert "namespaces/veth" not in said
    assert "WORKS ns_time (TIME_NS)" in said


@pytest.mark.parametrize(("outcome", "verdict", "code"), [(WORKS, "pass", 0), (FAILS, "fail", 1), (NOT_TRIED, "unknown", 1)])  # fmt: skip
def test_single_probes_that_decide_no_requirement_are_judged_themselves(
    only: Only, outcome: Outcome, verdict: str, code: int
) -> None:
    ended, said = only("link_ifb", outcome)
    assert f"verdict: {verdict}" in said
    assert "the verdict is theirs" in said
    assert ended == code


@pytest.mark.parametrize(
    ("number", "inside", "outcome"),
    [
        (errno.EMFILE, False, "not-tried"), (errno.ENOMEM, False, "not-tried"), (errno.EPERM, False, "fails"),
        (errno.EPERM, True, "not-tried"), (errno.EACCES, True, "not-tried"), (errno.EOPNOTSUPP, True, "fails"),
    ],
)  # fmt: skip
def test_what_this_process_may_not_is_no_failure_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch, number: int, inside: bool, outcome: str
) -> None:
    monkeypatch.setattr(keeper, "user_namespace", lambda: inside)

    def run(_: Bench) -> None:
        raise OSError(number, "no")

    assert keeper.attempt(Probe("x", "A", "nothing", run, net=False), Bench(None))["outcome"] == outcome


def test_a_run_keeps_its_cgroup_while_another_sweeps(tmp_path: Path) -> None:
    (tmp_path / f"{keeper.PREFIX}1").mkdir()
    mine = keeper._own_cgroup(tmp_path)
    keeper._sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]


def test_where_no_process_can_be_started_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", none)
    with pytest.raises(NothingCheckedError, match="no process can be started"):
        run(["af_inet"])


@pytest.mark.parametrize(
    ("name", "without"), [("iptables_core_v6", ("xt6_j_TPROXY", "xt6_m_socket")), ("iptables_core_v4", ())]
)
def test_a_kernel_without_legacy_tables_is_not_taken_for_one_without_ip_tables(
    monkeypatch: pytest.MonkeyPatch, name: str, without: tuple[str, ...]
) -> None:
    """Since 6.9 IP_NF_IPTABLES builds no legacy tables, and Cilium's IPv6 rules need IP6_NF_IPTABLES and none of these."""
    known = every_probe()

    def none(_: Bench) -> None:
        raise OSError(errno.ENOPROTOOPT, "Protocol not available")

    for other in ("legacy_ip_tables", "legacy_ip6_tables", *without):
        monkeypatch.setitem(known, other, replace(known[other], run=none))
    with pytest.raises(MissingError):
        known[name].run(Bench(None))
    if without:
        monkeypatch.setitem(known, without[-1], replace(known[without[-1]], run=lambda _: None))
        known[name].run(Bench(None))


def test_a_flag_that_the_kernel_ignores_makes_no_namespace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kernel without control groups accepts CLONE_NEWCGROUP; seen on one that was built so."""
    monkeypatch.setattr("kina_audit.probe.libc.unshare", lambda _: None)
    monkeypatch.setattr(namespaces, "_SHOWN", tmp_path)
    (tmp_path / "uts").touch()
    every_probe()["ns_uts"].run(Bench(None))
    with pytest.raises(RefusedError):
        every_probe()["ns_cgroup"].run(Bench(None))


def test_a_file_system_that_something_empty_covers_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shown, "_ALWAYS", {"/sys": str(tmp_path / "kernel"), "/proc": "/proc/self"})
    with pytest.raises(MissingError):
        every_probe()["pci"].run(Bench(None))


def test_what_was_not_tried_is_told_by_reason() -> None:
    rows = [
        {"id": f"r{n}", "expr": "A", "level": "required", "why": "w", "fix": "f", "source": "s", "probes": [f"a{n}"]}
        for n in range(20)
    ]
    many = build_profile({"id": "p", "title": "t", "description": "d", "requirement": rows}, "p.toml")
    tried = Probing({f"a{n}": Attempt(f"a{n}", NOT_TRIED, said="needs CAP_X") for n in range(20)}, Circumstances())
    kernel = Kernel(parse_config(b"CONFIG_A=y\n"), Provenance("running", "running", "x"))
    report = audit(kernel, [many], cilium=None, probing=tried)
    asked = {f"a{n}": Asked("A", "nothing", "links") for n in range(20)}
    text = render_probed("table", Probed(report, tried, asked, "6.12.1", "x86_64", "x"), RenderOptions())
    assert text.count("needs CAP_X") == 1
    assert "p/r0, p/r1," in text
    assert "and 8 more" in " ".join(text.split())


@pytest.mark.slow
@needs_root
def test_the_kernel_of_this_machine_agrees_with_its_expressions() -> None:
    """A few probes of several kinds; that all agree with this kernel's config is for the slow test."""
    names = ["af_inet", "ns_net", "link_veth", "ip_rule_v4", "bpf_map_hash", "nft_add_table_inet", "exec_elf"]
    steps: list[tuple[str, str]] = []
    with alone("probe"):
        tried = run(names, step=lambda name, step: steps.append((name, step)))
    assert list(tried.attempts) == names
    assert tried.attempts["af_inet"].outcome is WORKS
    assert tried.attempts["exec_elf"].outcome is WORKS
    assert ("af_inet", "open an IPv4 socket") in steps
    assert all(a.said for a in tried.attempts.values() if a.outcome is not WORKS)


@pytest.mark.parametrize("tree", ["lib/modules/7.1", "usr/lib/modules/7.3"])
def test_a_kernel_to_boot_is_found_in_either_layout(tmp_path: Path, tree: str) -> None:
    """Debian keeps image and config beside the modules since 7.2, and in boot/ before."""
    (tmp_path / tree).mkdir(parents=True)
    (tmp_path / "boot").mkdir()
    places = [tmp_path / "boot/vmlinuz-7.1", tmp_path / "boot/config-7.1"]
    if tree.startswith("usr"):
        places = [tmp_path / tree / "vmlinuz", tmp_path / tree / "config"]
    places[0].write_bytes(bytes(0x38) + b"ARM\x64" + bytes(0x200))
    places[1].touch()
    found = boot_kernel(str(tmp_path))
    assert [found.image, found.config, found.modules] == [*places, tmp_path / tree]
    assert machine_of(found.image) == "aarch64"
    places[0].write_bytes(bytes(0x202) + b"HdrS" + bytes(16))
    assert machine_of(found.image) == "x86_64"


@pytest.mark.parametrize(("refused", "expected"), [(1, MissingError), (2, OSError)])
def test_labels_are_not_told_where_nftables_reads_no_connections(
    refused: int, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel without nftables, or without its ct expression, may have labels: Open vSwitch uses them."""
    asked: list[bytes] = []

    def add_rule(_bench: Bench, _family: int, *made: bytes) -> None:
        asked.extend(made)
        if len(asked) == refused:
            raise OSError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(nft, "add_table", lambda *_: None)
    monkeypatch.setattr(nft, "add_chain", lambda *_: None)
    monkeypatch.setattr(nft, "add_rule", add_rule)
    with pytest.raises(expected):
        every_probe()["nft_expr_ct_labels"].run(Bench(None))
