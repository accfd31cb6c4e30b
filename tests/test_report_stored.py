"""A stored report renders later as it would have at once, in every format, byte for byte."""

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kina_audit.api import audit, load_kernel
from kina_audit.base.json_text import indented
from kina_audit.base.packaged import data_file
from kina_audit.cilium.request import make_request
from kina_audit.cli import main
from kina_audit.errors import UsageError
from kina_audit.kernel.provenance import Kernel, Observed
from kina_audit.matrix import MatrixRequest, rows
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import FORMATS, RenderOptions, render
from kina_audit.report.document import to_document
from kina_audit.report.model import Report
from kina_audit.report.stored import read_report
from tests.conftest import SHARED, config_text, examples
from tests.sample_report import held, kernel, profile, sample
from tests.test_cli import Run, config, run  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads(data_file("schemas/report.schema.json").read_text(encoding="utf-8"))
LIBRARY = ProfileLibrary()
LOOKS = [RenderOptions(), RenderOptions(width=120, color=True, verbose=True, root="/r", folder="kernels"),
         RenderOptions(locate="kernel/config:7")]  # fmt: skip


def again(report: Report) -> Report:
    return read_report(json.loads(json.dumps(to_document(report))), "report.json")


def same(report: Report, looks: list[RenderOptions] = LOOKS) -> None:
    stored = again(report)
    assert (stored.verdict, stored.exit_code) == (report.verdict, report.exit_code)
    for name in FORMATS:
        for look in looks:
            assert render(name, stored, look) == render(name, report, look), name


def observed() -> Report:
    seen = kernel()
    provenance = seen.provenance.__class__(
        "ssh:node", "ssh", "ssh:node:/proc/config.gz", kernel_release="6.18.5", observed=Observed("6.18.9", "aarch64", True),
        found_in=("a", "b"), notes=("A note.",),
    )  # fmt: skip
    return audit(Kernel(seen.config, provenance), [profile()], cilium=None, library=LIBRARY)


@pytest.mark.parametrize("report", [sample(), held(), observed(), sample(fail_on="never"), sample(strict=True)])
def test_the_samples(report: Report) -> None:
    same(report)


KERNELS = ["apple", "kata@3.17.0", "kata"]


@pytest.mark.parametrize(
    ("name", "look"),
    [
        pytest.param(name, look, marks=[] if number == place else pytest.mark.slow)
        for number, name in enumerate(KERNELS)
        for place, look in enumerate(LOOKS)
    ],
)
@pytest.mark.slow
def test_recorded_kernels_with_every_profile(name: str, look: RenderOptions) -> None:
    request = make_request(want=["wireguard"], min_mode="compat") if name == "kata" else None
    same(audit(load_kernel(f"recorded:{name}"), LIBRARY.select(["all"]), library=LIBRARY, request=request), [look])


@pytest.mark.parametrize("step", [24, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_configs_of_the_corpus(shared: Path, tmp_path: Path, step: int) -> None:
    for path in sorted((*SHARED.glob("corpus/*/*.gz"), *SHARED.glob("kernels/*.gz")))[::step]:
        file = tmp_path / "node.config"
        file.write_bytes(config_text(path))
        chosen = LIBRARY.select(["tag:default", "kube-proxy", "tetragon"])
        same(audit(load_kernel(str(file)), chosen, cilium="1.18", library=LIBRARY))


def test_json_is_itself() -> None:
    document = to_document(held())
    assert to_document(read_report(document, "x")) == document


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_what_an_older_kina_audit_wrote_is_read(version: str) -> None:
    """Reports as those versions wrote them, of Kata 3.17.0 with the profiles vxlan and wireguard."""
    document = json.loads((ROOT / f"fixtures/reports/{version}.json").read_text(encoding="utf-8"))
    assert document["schema_version"] == version
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
    report = read_report(document, "old.json")
    for name in FORMATS:
        assert render(name, report)
    assert report.verdict == document["verdict"] == "fail"
    now = audit(
        load_kernel("recorded:kata@3.17.0"), LIBRARY.select(["vxlan", "wireguard"]), cilium="1.18", library=LIBRARY
    )
    assert [r.status for r in report.results] == [r.status for r in now.results]
    assert [f.fingerprint for _, f in report.findings("fail")] == [f.fingerprint for _, f in now.findings("fail")]
    assert report.advice is not None
    assert now.advice is not None
    assert report.advice.mode == now.advice.mode


def test_a_report_of_a_newer_minor_version_is_read_with_a_note(run: Run, tmp_path: Path) -> None:  # noqa: F811
    document = to_document(sample())
    expected = render("table", again(sample()))
    document["schema_version"] = "1.17"
    document["moods"] = {"kernel": "grim"}
    document["kernel"]["mood"] = document["profiles"][0]["findings"][0]["mood"] = 3
    (tmp_path / "new.json").write_text(json.dumps(document), encoding="utf-8")
    status, out, err = run("render", "new.json")
    assert (status, out) == (0, expected)
    assert "newer kina-audit" in err
    document["profiles"][0]["findings"][0]["status"] = "perhaps"
    (tmp_path / "new.json").write_text(json.dumps(document), encoding="utf-8")
    status, _, err = run("render", "new.json")
    assert status == 2
    assert "key status: 'perhaps' is not one of" in err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": "2.0"}, "schema version 2.0"),
        ({"$schema": "https://example.org/"}, "not a kina-audit report"),
        ({"profiles": None}, "not a whole report"),
        ({"verdict": "pass", "fail_on": "sometimes"}, "not a whole report"),
        ({"kernel": {}}, "key kernel: 'source' is a required property"),
        ({"$schema": "https://kina-audit.dev/schemas/report-2.schema.json"}, "this tool reads version 1"),
        ({"$schema": ["x"]}, "not a kina-audit report"),
        ({"labels": ["a"]}, "key labels: ['a'] is not of type 'object'"),
    ],
)
def test_what_is_no_report_is_one_error(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as error:
        read_report({**to_document(sample()), **change}, "x.json")
    assert words in error.value.message


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


DOCUMENT = json.loads(json.dumps(to_document(held())))
PLACES = places(DOCUMENT)


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(st.sampled_from(PLACES), st.sampled_from([None, "", "x", -1, 10**12, [], {}, True, "\ud800", "2" * 5000]))
def test_any_change_is_a_report_or_one_error(path: tuple[Any, ...], value: Any) -> None:
    document = deepcopy(DOCUMENT)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    try:
        report = read_report(document, "x.json")
    except UsageError:
        return
    for name in FORMATS:
        assert isinstance(render(name, report), str)


@pytest.mark.slow
def test_the_command(run: Run, config: Path, tmp_path: Path) -> None:  # noqa: F811
    outputs = [word for name in FORMATS for word in ("-o", f"{name}={tmp_path / name}")]
    run("check", str(config), "-p", "vxlan", "-p", "wireguard", "--cilium", "1.18", "--label", "node=n1", *outputs)
    assert run("render", str(tmp_path / "json"), "-f", "table")[0] == 0
    for name in FORMATS:
        status, _, err = run("render", str(tmp_path / "json"), "-o", f"{name}={tmp_path / 'later'}")
        assert (status, err) == (0, "")
        assert (tmp_path / "later").read_bytes() == (tmp_path / name).read_bytes(), name
    assert run("render", "nothing")[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\x00",
        b"[1]",
        b"NaN",
    ],
)
def test_a_file_that_is_no_report_is_one_error(run: Run, tmp_path: Path, text: bytes) -> None:  # noqa: F811
    (tmp_path / "bad").write_bytes(text)
    status, out, err = run("render", "bad")
    assert (status, out) == (2, "")
    assert err.startswith("kina-audit: bad: ")
    assert "Traceback" not in err


WAIVERS = """
[[waiver]]
profile = "bpf"
reason = "An <b>accepted</b> gap, until the next image."
expires = 2099-01-01
[[waiver]]
requirement = "vxlan/vxlan-device"
reason = "Was over long ago."
expires = 2020-01-01
"""
TREE = str(ROOT / "fixtures/kconfig/base")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("recorded:kata@3.17.0", "--waivers", "w.toml", "--strict"),
        (
            "recorded:kata@3.17.0",
            "--waivers",
            "w.toml",
            "--fail-on",
            "recommended",
            "--label",
            "node=a",
            "--label",
            "b=<i>",
        ),
        ("recorded:apple", "--baseline", "base.json", "--today", "2026-11-26"),
        ("recorded:kata@3.32.0-debug", "--fail-on", "optional", "--locate", "kernel/config:7"),
        ("partial.config", "--target-kernel", "6.30", "--arch", "x86_64"),
        (str(ROOT / "fixtures/kconfig/config"), "-t", TREE, "-p", "vxlan"),
        (str(ROOT / "fixtures/images/vmlinuz-zstd.efi"), "-p", "vxlan", "-p", "bpf", "-v"),
    ],
    ids=["strict", "labels", "baseline", "locate", "partial", "tree", "image"],
)
def test_render_repeats_check_whatever_was_asked(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:  # noqa: F811
    (tmp_path / "w.toml").write_text(WAIVERS, encoding="utf-8")
    (tmp_path / "partial.config").write_text("CONFIG_NET=y\nBROKEN\nCONFIG_VXLAN=m\nCONFIG_VXLAN=y\n", encoding="utf-8")
    if "--baseline" in words:
        assert run("baseline", "recorded:apple@0.24.2", "-o", "base.json", "-q")[0] == 0
    outputs = [word for name in FORMATS for word in ("-o", f"{name}={tmp_path / name}")]
    label = () if "--label" in words else ("--label", "node=n1")
    status, shown, err = run("check", *words, *label, "-q", *outputs)
    assert status in (0, 1), err
    looks = [w for i, w in enumerate(words) if w in ("--locate", "-v") or (i and words[i - 1] == "--locate")]
    outputs = [word for name in FORMATS for word in ("-o", f"{name}={tmp_path / name}.later")]
    assert run("render", str(tmp_path / "json"), *looks, *outputs) == (0, shown, "")
    for name in FORMATS:
        # Values name the file that they stand in.
        later = (tmp_path / f"{name}.later").read_bytes().replace(b".later", b"")
        assert later == (tmp_path / name).read_bytes(), name


def test_the_date_of_a_waiver_survives() -> None:
    assert again(sample()).waivers[0].waiver.expires == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["profiles"][0].update(findings=[]), "has no findings"),
        (lambda d: d["profiles"][0].update(status="pass"), "has the status pass, and its findings say otherwise"),
        (lambda d: d["profiles"][0].update(status="skip"), "has the status skip, and its findings say otherwise"),
        (
            lambda d: [f.update(level="optional") for f in d["profiles"][0]["findings"]],
            "optional and has the status fail",
        ),
        (lambda d: d.update(profiles=[]), "no profile was asked about"),
    ],
)
def test_a_report_that_was_made_green_is_none(change: Any, said: str, tmp_path: Path) -> None:
    """One check for both readers: a matrix shows an error row, or that it cannot tell, and never a pass."""
    report = audit(load_kernel("recorded:kata@3.17.0"), LIBRARY.select(["vxlan"]), cilium=None, library=LIBRARY)
    document = json.loads(indented(to_document(report)))
    assert document["profiles"][0]["status"] == "fail"
    change(document)
    with pytest.raises(UsageError, match=said):
        read_report(document, "r.json")
    path = tmp_path / "r.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    [row] = rows([str(path)], MatrixRequest(profiles=("vxlan",), cilium=None), 1)
    assert row.verdict != "pass"
    assert said in row.error or not document["profiles"]
    path.write_text(
        indented(to_document(report)).replace('"status": "fail"', '"status": "fail", "status": "pass"', 1), "utf-8"
    )
    [row] = rows([str(path)], MatrixRequest(profiles=("vxlan",), cilium=None), 1)
    assert "it has 'status' twice" in row.error
    assert main(["render", str(path), "-f", "nfd"]) == 2


def test_a_status_that_its_level_cannot_have_is_one_error() -> None:
    """Found by fuzzing: no format has a row for a required finding that only warns."""
    from kina_audit.errors import UsageError as Wrong

    document = json.loads((Path(__file__).parent / "golden/json/sample.json").read_text(encoding="utf-8"))
    document["profiles"][0]["findings"][0] |= {"status": "warn", "level": "required"}
    with pytest.raises(Wrong, match="has the status warn"):
        read_report(document, "r.json")
