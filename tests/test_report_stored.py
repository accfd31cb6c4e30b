"""A stored report renders later as it would have at once, in every format, byte for byte."""

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.api import audit, load_kernel
from kina_audit.cilium.request import make_request
from kina_audit.errors import UsageError
from kina_audit.kernel.provenance import Kernel, Observed
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import FORMATS, RenderOptions, render
from kina_audit.report.document import to_document
from kina_audit.report.model import Report
from kina_audit.report.stored import read_report
from tests.conftest import SHARED, config_text
from tests.sample_report import held, kernel, profile, sample
from tests.test_cli import Run, config, run  # noqa: F401

LIBRARY = ProfileLibrary()
LOOKS = [RenderOptions(), RenderOptions(width=120, color=True, verbose=True, root="/r", folder="kernels"),
         RenderOptions(locate="kernel/config:7")]  # fmt: skip


def again(report: Report) -> Report:
    return read_report(json.loads(json.dumps(to_document(report))), "report.json")


def same(report: Report) -> None:
    stored = again(report)
    assert (stored.verdict, stored.exit_code) == (report.verdict, report.exit_code)
    for name in FORMATS:
        for look in LOOKS:
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


@pytest.mark.parametrize("name", ["apple", "kata@3.17.0", "kata"])
def test_recorded_kernels_with_every_profile(name: str) -> None:
    request = make_request(want=["wireguard"], min_mode="compat") if name == "kata" else None
    same(audit(load_kernel(f"recorded:{name}"), LIBRARY.select(["all"]), library=LIBRARY, request=request))


def test_configs_of_the_corpus(shared: Path, tmp_path: Path) -> None:
    for path in sorted((*SHARED.glob("corpus/*/*.gz"), *SHARED.glob("kernels/*.gz")))[::12]:
        file = tmp_path / "node.config"
        file.write_bytes(config_text(path))
        chosen = LIBRARY.select(["tag:default", "kube-proxy", "tetragon"])
        same(audit(load_kernel(str(file)), chosen, cilium="1.18", library=LIBRARY))


def test_json_is_itself() -> None:
    document = to_document(held())
    assert to_document(read_report(document, "x")) == document


def test_a_report_of_an_older_minor_version_is_read() -> None:
    document = to_document(sample())
    document["schema_version"] = "1.0"
    del document["labels"]
    for shown in document["profiles"]:
        del shown["any_of"]
        for found in shown["findings"]:
            del found["asks"]
            for symbol in found["symbols"]:
                del symbol["line_length"]
    report = read_report(document, "old.json")
    for name in FORMATS:
        assert render(name, report)
    assert report.verdict == sample().verdict


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": "2.0"}, "schema version 2.0"),
        ({"$schema": "https://example.org/"}, "not a kina-audit report"),
        ({"profiles": None}, "not a whole report"),
        ({"verdict": "pass", "fail_on": "sometimes"}, "not a whole report"),
        ({"kernel": {}}, "key 'observed' is missing"),
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


@settings(max_examples=150, deadline=None)
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
    assert isinstance(report, Report)


def test_the_command(run: Run, config: Path, tmp_path: Path) -> None:  # noqa: F811
    outputs = [word for name in FORMATS for word in ("-o", f"{name}={tmp_path / name}")]
    run("check", str(config), "-p", "vxlan", "-p", "wireguard", "--cilium", "1.18", *outputs)
    assert run("render", str(tmp_path / "json"), "-f", "table")[0] == 0
    for name in FORMATS:
        status, _, err = run("render", str(tmp_path / "json"), "-o", f"{name}={tmp_path / 'later'}")
        assert (status, err) == (0, "")
        assert (tmp_path / "later").read_bytes() == (tmp_path / name).read_bytes(), name
    (tmp_path / "bad").write_text("{", encoding="utf-8")
    status, _, err = run("render", "bad")
    assert status == 2
    assert "not JSON" in err
    assert run("render", "nothing")[0] == 2


def test_the_date_of_a_waiver_survives() -> None:
    assert again(sample()).waivers[0].waiver.expires == date(2027, 3, 31)
