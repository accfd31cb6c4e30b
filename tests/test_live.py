"""What a running kernel shows beside its config: only what was read, nothing of a container's own namespaces."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kina_audit.api import audit, load_profiles
from kina_audit.base.packaged import data_file
from kina_audit.errors import NothingCheckedError, ProfileError
from kina_audit.kernel.live import EVERYWHERE, MACHINE_PROCESSES, OF_THE_NETWORK, Live, default_mtu, facts, observed
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.shown import read_shown
from kina_audit.render import RenderOptions, render
from kina_audit.report.document import to_document
from kina_audit.report.stored import read_report
from kina_audit.sources.local.machine import look
from kina_audit.sources.local.modules import as_it_runs
from kina_audit.sources.local.running import open_running
from kina_audit.sources.options import SourceOptions

TEXT = "# Linux/x86 6.12.3 Kernel Configuration\nCONFIG_X86_64=y\n" + "".join(
    f"CONFIG_HAVE_X{i}=y\n" for i in range(60)
)
SYSCTLS = dict.fromkeys(EVERYWHERE + OF_THE_NETWORK, "1")
CONTROLLERS = [("/sys/fs/cgroup", "tmpfs"), ("/sys/fs/cgroup/cpu", "cgroup")]


def kernel_with(live: Live) -> Kernel:
    kernel = Kernel(parse_config(TEXT), Provenance("running", "running", "/x", observed=observed("6.12.3", "", live)))
    return as_it_runs(kernel, None)


@pytest.mark.parametrize(
    ("live", "name", "value"),
    [
        (Live(mounts=[("/sys/fs/cgroup", "cgroup2")]), "cgroup", "v2"),
        (Live(mounts=CONTROLLERS), "cgroup", "v1"),
        (Live(mounts=[*CONTROLLERS, ("/sys/fs/cgroup/unified", "cgroup2")]), "cgroup", "hybrid"),
        (Live(mounts=[]), "cgroup", None),
        (Live(mounts=[("/sys/fs/bpf", "bpf")]), "bpffs", "mounted"),
        (Live(processes=MACHINE_PROCESSES), "bpffs", "not mounted"),
        (Live(processes="pid:[4026532201]"), "bpffs", None),  # a container has mounts of its own
        (Live(lockdown="none integrity [confidentiality]"), "lockdown", "confidentiality"),
        (Live(lockdown=""), "lockdown", None),
        (Live(sysctls=SYSCTLS, network=True), "net.ipv4.ip_forward", "1"),
        (Live(sysctls=SYSCTLS, network=False), "net.ipv4.ip_forward", None),
        (Live(sysctls=SYSCTLS, network=False), "kernel.unprivileged_bpf_disabled", "1"),
        (Live(sysctls=SYSCTLS), "kernel.modprobe", None),  # a path of the machine
        (Live(mtu="1500", network=True), "mtu", "1500"),
        (Live(mtu="1500", network=False), "mtu", None),
        (Live(mtu="lots", network=True), "mtu", None),
        (Live(swap=False), "swap", "off"),
        (Live(), "swap", None),
        (Live(btf="unreadable"), "btf", "unreadable"),
        (Live(lsm="x" * 300), "lsm", None),
    ],
)
def test_facts(live: Live, name: str, value: str | None) -> None:
    assert dict(facts(live)).get(name) == value


def test_the_mtu_is_of_the_route_that_is_taken() -> None:
    head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    row = "{}\t00000000\t0\t3\t0\t0\t{}\t00000000\t{}\t0\t0\n"
    links = {"eth0": "1500", "wg0": "1420"}
    assert default_mtu(head + row.format("eth0", 100, 0) + row.format("wg0", 50, 0), links) == "1420"
    assert default_mtu(head + row.format("eth0", 100, 1400), links) == "1400"
    for text in ("", head, head + "eth0\n", head + row.format("gone", 1, 0), head + row.format("eth0", "x", 0)):
        assert default_mtu(text, links) == ""


def test_every_format_for_people_shows_them_and_a_stored_report_keeps_them() -> None:
    kernel = kernel_with(Live(btf="readable", sysctls=SYSCTLS, network=True, mtu="1280"))
    report = audit(kernel, load_profiles(["vxlan"]), cilium=None)
    document = json.loads(json.dumps(to_document(report)))
    assert document["kernel"]["observed"]["facts"]["mtu"] == "1280"
    again = read_report(document, "x")
    for name in ("table", "html", "json"):
        text = render(name, report, RenderOptions(verbose=True))
        assert "1280" in text
        assert render(name, again, RenderOptions(verbose=True)) == text


def test_the_caution_about_what_a_config_cannot_show_is_about_what_was_not_seen() -> None:
    def cautions(kernel: Kernel) -> str:
        advice = audit(kernel, load_profiles(["vxlan"])).advice
        assert advice is not None
        return " ".join(c for c in advice.cautions if "does not show" in c)

    nothing = kernel_with(Live())
    assert cautions(nothing).count(",") == 3
    some = kernel_with(Live(sysctls=SYSCTLS, network=True))
    assert (
        cautions(some) == "A config does not show a mounted bpffs, capabilities of the agent's container, or the MTU."
    )
    every = Live(sysctls=SYSCTLS, network=True, mtu="1500", processes=MACHINE_PROCESSES)
    assert cautions(kernel_with(every)) == ""
    aimed = replace(kernel_with(every), config=kernel_with(every).config.with_target(None))
    assert cautions(aimed) == ""


def test_an_empty_or_odd_machine_shows_nothing(tmp_path: Path) -> None:
    assert facts(look(tmp_path)) == ()
    for name in ("proc/sys/net/ipv4/ip_forward", "proc/mounts", "proc/net/route", "proc/swaps", "proc/self/ns/pid"):
        (tmp_path / name).mkdir(parents=True)  # neither a file nor a link
    assert facts(look(tmp_path)) == ()


@pytest.mark.skipif(not Path("/proc/sys/kernel").exists(), reason="needs /proc")
def test_this_machine_shows_itself() -> None:
    seen = dict(facts(look(Path("/"))))
    assert int(seen["fs.inotify.max_user_watches"]) > 0
    if Path("/proc/config.gz").exists():
        assert open_running(SourceOptions()).config.live.keys() == seen.keys()


@pytest.mark.parametrize(
    ("live", "value", "holds"),
    [
        ({"fact": "cgroup", "is": ["v2"]}, "v2", True),
        ({"fact": "cgroup", "is": ["v2"]}, "hybrid", False),
        ({"fact": "mtu", "at_least": 1330}, "1330", True),
        ({"fact": "mtu", "at_least": 1330}, "1280", False),
        ({"fact": "mtu", "at_least": 1330}, "lots", False),
        ({"fact": "lsm", "has": "bpf"}, "capability,bpf", True),
        ({"fact": "lsm", "has": "bpf"}, "capability,bpfx", False),
    ],
)
def test_what_a_profile_may_ask_for(live: dict[str, Any], value: str, *, holds: bool) -> None:
    shown = read_shown({"live": live})
    assert shown is not None
    assert shown.holds(value) is holds
    assert shown.fact in shown.expr.text


def test_a_running_kernel_is_held_against_a_profile_and_others_are_not() -> None:
    profiles = load_profiles(["node-live"])
    live = Live(sysctls={**SYSCTLS, "net.ipv4.ip_forward": "0"}, network=True, mounts=[("/sys/fs/cgroup", "cgroup2")])
    report = audit(kernel_with(live), profiles, cilium=None, fail_on="recommended")
    found = {f.requirement.id: f for f in report.results[0].findings}
    assert (found["cgroup-v2"].status, found["ip-forward"].status, found["mtu"].status) == ("pass", "warn", "skip")
    assert found["ip-forward"].reason == "the running kernel shows net.ipv4.ip_forward 0"
    assert report.exit_code == 1
    with pytest.raises(NothingCheckedError, match="running ones"):
        audit(Kernel(parse_config(TEXT), Provenance("x", "file", "x")), profiles, cilium=None)


def test_every_fact_that_a_profile_may_name_is_one_that_is_read() -> None:
    schema = json.loads(data_file("schemas/profile.schema.json").read_text())
    every = Live(
        "readable",
        SYSCTLS,
        [("/sys/fs/cgroup", "cgroup2"), ("/sys/fs/bpf", "bpf")],
        "",
        True,
        "[none]",
        "bpf",
        False,
        "1500",
    )
    assert schema["$defs"]["live"]["properties"]["fact"]["enum"] == [name for name, _ in facts(every)]
    page = (Path(__file__).resolve().parents[1] / "docs/sources.md").read_text()
    assert not [
        name
        for name, _ in facts(every)
        if f"`{name}`" not in page and f"`{name.removeprefix('net.bridge.bridge-nf-call')}`" not in page
    ]


@pytest.mark.parametrize(
    ("live", "said"),
    [
        ('{ fact = "kernel.modprobe", is = ["x"] }', "kernel.modprobe"),
        ('{ fact = "mtu" }', "live"),
        ('{ fact = "mtu", is = ["1"], at_least = 1 }', "live"),
        ('{ fact = "mtu", at_least = "1" }', "at_least"),
    ],
)
def test_a_wrong_question_is_one_clear_error(tmp_path: Path, live: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = 1\nid = "mine"\ntitle = "x"\ndescription = "x"\n[[requirement]]\nid = "a"\nlevel = "optional"\n'
        f'why = "x."\nfix = "x."\nsource = "x"\nlive = {live}\n'
    )
    with pytest.raises(ProfileError) as caught:
        load_profiles([str(path)])
    assert "mine.toml:" in caught.value.message
    assert said in caught.value.message
