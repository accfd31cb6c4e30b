"""Many kernels at once: each row is what `check` says of that kernel alone, whatever the number of processes."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from kina_audit.api import audit, load_kernel, load_profiles
from kina_audit.base.packaged import data_file
from kina_audit.errors import KinaAuditError, UsageError
from kina_audit.matrix import MatrixRequest, make_matrix, rows
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import render
from kina_audit.render.matrix import MATRIX_FORMATS, render_matrix
from kina_audit.report.matrix import Matrix, Row
from kina_audit.sources.expand import Named, expand
from tests.conftest import SHARED, config_text
from tests.test_cilium_advice import WHOLE
from tests.test_cilium_ladder import real
from tests.test_cli import Run, config, run  # noqa: F401
from tests.test_render_html import HOSTILE, Page
from tests.test_report_stored import places

CONFIG = "# Linux/x86 6.12.0 Kernel Configuration\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_IPV6=y\nCONFIG_VXLAN=y\n"
ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ProfileLibrary()
SMALL = MatrixRequest(profiles=("vxlan", "wireguard", "iptables", "netfilter"), cilium="1.18", details=True)


def corpus(folder: Path) -> list[str]:
    """Files of every research config, and of none without ../shared; always the recorded kernels."""
    names = ["recorded:apple", "recorded:kata@3.17.0", "recorded:kata"]
    for path in sorted((*SHARED.glob("corpus/*/*.gz"), *SHARED.glob("kernels/*.gz")))[::4]:
        target = folder / f"{path.parent.name}-{path.name.removesuffix('.gz')}"
        target.write_bytes(config_text(path))
        names.append(str(target))
    return names


@pytest.mark.slow
def test_every_row_is_what_check_says(tmp_path: Path) -> None:
    names = corpus(tmp_path)
    profiles = LIBRARY.select(SMALL.profiles)
    for name, row in zip(names, rows(names, SMALL, 1), strict=True):
        report = audit(load_kernel(name), profiles, cilium="1.18", library=LIBRARY)
        assert report.advice is not None
        assert row.source == name
        assert (row.verdict, row.mode) == (report.verdict, report.advice.mode), name
        assert row.statuses == tuple(str(r.status) for r in report.results)
        assert row.kernel == str(report.kernel.config.target or "")
        failing = {
            f"{r.profile.id}/{f.requirement.id}" for r in report.results for f in r.findings if f.status == "fail"
        }
        assert {u.name for u in row.unmet if u.status == "fail"} == failing


@pytest.mark.parametrize(
    ("line", "off", "mode"),
    [
        ("7.2", ["DEBUG_INFO_BTF"], "unknown"),  # nobody knows whether Cilium runs, and a row said that it does not
        ("6.12", ["VXLAN", "GENEVE", "IP_SET", "DEBUG_INFO_BTF"], "minimal"),  # routing is native; a row said compat
    ],
)
def test_a_row_has_the_mode_of_check_where_nobody_knows_and_without_tunnels(
    line: str, off: list[str], mode: str, tmp_path: Path, shared: Path
) -> None:
    text = config_text(shared / f"corpus/debian/debian-{line}-config.amd64_none_cloud-amd64.config.gz").decode()
    for name in off:
        text = re.sub(rf"^CONFIG_{name}=.*$", f"# CONFIG_{name} is not set", text, flags=re.MULTILINE)
    path = tmp_path / "node.config"
    path.write_text(text)
    [row] = rows([str(path)], MatrixRequest(), 1)
    report = audit(load_kernel(str(path)), load_profiles(), library=LIBRARY)
    assert report.advice is not None
    assert (row.verdict, row.mode) == (report.verdict, report.advice.mode)
    assert row.mode == mode


def test_kernels_that_are_alike_have_rows_that_are_alike_and_no_others(tmp_path: Path) -> None:
    texts = [CONFIG, CONFIG, CONFIG.replace("CONFIG_VXLAN=y\n", ""), CONFIG.replace("6.12.0", "6.1.0"), CONFIG]
    names = [str(tmp_path / f"{number}.config") for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        Path(name).write_text(text)
    together = list(rows(names, SMALL, 1))
    assert together == [row for name in names for row in rows([name], SMALL, 1)]
    assert len({(r.statuses, r.kernel, r.unmet) for r in together}) == 3


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    names = [*corpus(tmp_path), str(tmp_path / "missing"), "recorded:nothing"]
    assert list(rows(names, SMALL, 1)) == list(rows(names, SMALL, 2))


def test_a_stored_report_is_a_row_like_its_kernel(tmp_path: Path) -> None:
    for name in ("recorded:apple", "recorded:kata@3.17.0"):
        report = audit(load_kernel(name), LIBRARY.select(SMALL.profiles), cilium="1.18", library=LIBRARY)
        path = tmp_path / "report.json"
        path.write_text(render("json", report), encoding="utf-8")
        [live] = rows([name], SMALL, 1)
        [stored] = rows([str(path)], SMALL, 1)
        assert stored.statuses == live.statuses
        assert (stored.verdict, stored.mode, stored.kernel, stored.arch) == (
            live.verdict,
            live.mode,
            live.kernel,
            live.arch,
        )
        assert set(stored.unmet) == set(live.unmet)
        # Of profiles that it was not asked about it says nothing, and nothing about another release either.
        [other] = rows([str(path)], MatrixRequest(profiles=("tetragon", "vxlan"), cilium="1.19"), 1)
        assert other.statuses == ("", live.statuses[0])
        assert other.verdict == ("unknown" if live.statuses[0] == "pass" else "fail")
        # An agent that does not start fails the row, whatever the profiles say; `check` ends the same.
        assert (live.mode, live.verdict, report.verdict) == ("unsupported", "fail", "fail")
        assert other.mode == "unknown"


@pytest.mark.slow
def test_a_stored_reports_verdict_is_about_what_the_matrix_asks(tmp_path: Path) -> None:
    """A report may have been of other profiles, another threshold or with a baseline; the live kernel's row decides."""
    path = tmp_path / "report.json"
    for name in ("recorded:apple", "recorded:kata@3.17.0"):
        for asked in ({"fail_on": "never"}, {"fail_on": "optional"}, {}):
            profiles = LIBRARY.select(["tag:default", "kube-proxy"])
            report = audit(load_kernel(name), profiles, cilium="1.18", library=LIBRARY, **asked)
            path.write_text(render("json", report), encoding="utf-8")
            for fail_on in ("required", "recommended", "never"):
                for chosen in (("vxlan",), ("bpf", "vxlan"), ("netfilter", "wireguard"), ("tag:default",)):
                    request = MatrixRequest(profiles=chosen, cilium="1.18", fail_on=fail_on, details=True)
                    [live], [stored] = rows([name], request, 1), rows([str(path)], request, 1)
                    assert (stored.verdict, stored.statuses, stored.mode) == (live.verdict, live.statuses, live.mode)


@pytest.mark.parametrize("most", [2, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_any_change_of_a_stored_report_is_a_row(tmp_path: Path, most: int) -> None:
    values: tuple[Any, ...] = (None, 3, ["x"], {}, "x")
    request = MatrixRequest(profiles=("vxlan", "wireguard"), cilium="1.18", details=True)
    report = audit(
        load_kernel("recorded:kata@3.17.0"), LIBRARY.select(request.profiles), cilium="1.18", library=LIBRARY
    )
    text = render("json", report)
    names = []
    for number, place in enumerate(places(json.loads(text))):
        if place[0] in ("waivers", "baseline") or (place[0] == "advice" and len(place) > 2):
            continue
        for value in (values * 2)[number % 5 :][:most]:
            document = node = json.loads(text)
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = value
            names.append(str(tmp_path / f"{len(names)}.json"))
            Path(names[-1]).write_text(json.dumps(document), encoding="utf-8")
    found = make_matrix(request, rows(names, request, 1))
    assert [r.source for r in found.rows] == names
    assert {bool(r.error) for r in found.rows} == {True, False}
    for name in MATRIX_FORMATS:
        assert names[0].rpartition("/")[2] in render_matrix(name, found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "[" * 100_000,
        '{"schema_version": "2.0", "profiles": []}',
        '{"schema_version": "1.0", "profiles": [3]}',
    ],
)
def test_a_bad_file_is_a_row_and_not_the_end(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    (tmp_path / "junk").write_bytes(b"\x00\x01\x02")
    found = list(rows([str(tmp_path / "bad.json"), str(tmp_path / "junk"), "recorded:apple"], SMALL, 1))
    assert [bool(r.error) for r in found] == [True, True, False]


def sources_of(found: Iterable[Named]) -> list[str]:
    return [n.source for n in found]


def test_sources_that_become_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs/more").mkdir(parents=True)
    for name in ("b.config", "a.config", "more/c.config", ".hidden"):
        (tmp_path / "configs" / name).write_text("CONFIG_NET=y\n", encoding="utf-8")
    (tmp_path / "list").write_text("# mine\nrecorded:apple\n\n  recorded:kata \n", encoding="utf-8")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/.config").write_text("CONFIG_NET=y\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert sources_of(expand(["configs"])) == ["configs/a.config", "configs/b.config", "configs/more/c.config"]
    assert sources_of(expand(["configs/*.config"])) == ["configs/a.config", "configs/b.config"]
    assert sources_of(expand(["@list"])) == ["recorded:apple", "recorded:kata"]
    assert sources_of(expand(["tree"])) == ["tree"]
    assert "recorded:kata@3.17.0" in sources_of(expand(["recorded:*"]))
    assert all("kata" in n for n in sources_of(expand(["recorded:kata*"])))
    assert sources_of(expand(["missing"])) == ["missing"]
    # A folder of build trees, of a repository, of links; a list of all kinds.
    (tmp_path / "builds/one").mkdir(parents=True)
    (tmp_path / "builds/one/.config").write_text("CONFIG_NET=y\n", encoding="utf-8")
    (tmp_path / "builds/one/main.c").write_text("int main;\n", encoding="utf-8")
    (tmp_path / "builds/.git").mkdir()
    (tmp_path / "builds/.git/index").write_text("x", encoding="utf-8")
    (tmp_path / "builds/loop").symlink_to(tmp_path / "builds")
    (tmp_path / "builds/two.config").write_text("CONFIG_NET=y\n", encoding="utf-8")
    assert sources_of(expand(["builds"])) == ["builds/one", "builds/two.config"]
    (tmp_path / "all").write_text("configs\nbuilds/*.config\n@all\nnone/*\nrecorded:kata@3.17*\n", encoding="utf-8")
    assert sources_of(expand(["@all", "configs/a.config", "configs/a.config"])) == [
        "configs/a.config", "configs/b.config", "configs/more/c.config", "builds/two.config", "@all", "none/*",
        "recorded:kata@3.17.0", "configs/a.config", "configs/a.config",
    ]  # fmt: skip
    for wrong in ("nothing/*", "recorded:x*"):
        [named] = expand([wrong])
        assert named.source == wrong
        assert wrong in named.error
    with pytest.raises(UsageError):
        list(expand(["@none"]))


def test_whatever_is_named_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:  # noqa: F811
    """A kernel that is left out without a word looks like one that passes."""
    monkeypatch.chdir(tmp_path)
    nodes = tmp_path / "nodes"
    (nodes / "empty").mkdir(parents=True)
    (nodes / "n1.config").write_text(CONFIG, encoding="utf-8")
    (nodes / "n2.config").symlink_to("/nonexistent")
    (nodes / "n3.config").symlink_to("n3.config")
    os.mkfifo(nodes / "n4.config")
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart/n5.config").write_text(CONFIG, encoding="utf-8")
    (nodes / "linked").symlink_to(tmp_path / "apart")
    (nodes / "back").symlink_to(tmp_path)
    found = {n.source.removeprefix("nodes/"): n.error for n in expand(["nodes"])}
    assert list(found) == ["empty", "linked/n5.config", "n1.config", "n2.config", "n3.config", "n4.config"]
    assert [name for name, error in found.items() if not error] == ["linked/n5.config", "n1.config"]
    (nodes / "twice").symlink_to(tmp_path / "apart")
    said: list[str] = []
    assert {n.source.removeprefix("nodes/") for n in expand(["nodes"], said.append)} == set(found)
    assert said == [
        f"nodes/back: left out: the same folder as {tmp_path}",
        "nodes/twice: left out: the same folder as nodes/linked",
    ]
    _, _, err = run("matrix", "nodes", "-p", "vxlan", "--cilium", "none", "-j", "1", "-f", "csv")
    assert "nodes/twice: left out" in err
    (nodes / "twice").unlink()
    assert "leads nowhere" in found["n2.config"]
    for named in ("nodes", "nodes/*", "nodes/**"):
        status, out, _ = run("matrix", named, "-p", "vxlan", "--cilium", "none", "-j", "1", "-f", "json")
        rows_ = json.loads(out)["kernels"]
        assert status == 1, named
        assert {"nodes/n1.config", "nodes/n2.config", "nodes/n3.config", "nodes/n4.config"} <= {
            r["source"] for r in rows_
        }
        assert sum(bool(r["error"]) for r in rows_) >= 3
    assert run("matrix", "nodes/empty", "-j", "1")[0] == 3, "nothing was checked"
    assert run("matrix", "nodes/*.conf", "-j", "1")[0] == 3


def test_what_cannot_be_read_or_vanishes_is_a_row(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,  # noqa: F811
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nodes/closed").mkdir(parents=True)
    (tmp_path / "nodes/ok.config").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "nodes/gone.config").write_text(CONFIG, encoding="utf-8")
    kept = Path.exists

    def exists(path: Path, **more: Any) -> bool:  # what a folder of mode 000 answers to others than root
        if "closed" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return kept(path, **more)

    monkeypatch.setattr(Path, "exists", exists)
    named = list(expand(["nodes"]))
    (tmp_path / "nodes/gone.config").unlink()
    found = {r.source: r.error for r in rows(named, SMALL, 1)}
    assert found["nodes/closed"] == "nodes/closed: cannot be read: Permission denied"
    assert "no such file" in found["nodes/gone.config"]
    assert not found["nodes/ok.config"]


def sample() -> Matrix:
    """Rows of every kind, with text from somebody who means no good."""
    request = MatrixRequest(profiles=("vxlan", "wireguard"), cilium="1.18", details=True)
    found = list(rows(["recorded:apple", "recorded:kata@3.17.0"], request, 1))
    bad = Row(HOSTILE, f"{HOSTILE}: cannot be read")
    formula = Row("=cmd|' /C calc'!A0", "", "6.12", "arm64", "unknown", "unknown", ("unknown", ""))
    return make_matrix(request, [*found, bad, formula])


def test_json_follows_its_schema() -> None:
    schema = json.loads(data_file("schemas/matrix.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    document = json.loads(render_matrix("json", sample()))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert document["counts"] == {"pass": 0, "fail": 2, "unknown": 1, "error": 1}


def test_csv_reads_back_and_runs_nothing() -> None:
    found = list(csv.reader(io.StringIO(render_matrix("csv", sample()))))
    assert found[0] == [
        "source",
        "kernel",
        "arch",
        "verdict",
        "cilium_mode",
        "vxlan",
        "wireguard",
        "labels",
        "audited",
        "error",
        "note",
        "untested",
    ]
    assert {len(r) for r in found} == {12}
    assert found[1][5:7] == ["pass", "pass"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in found for cell in row)
    assert "\x1b" not in render_matrix("csv", sample())


def test_every_format_marks_a_mode_that_nobody_has_tried(tmp_path: Path) -> None:
    """A spreadsheet made of the CSV read `ebpf-veth` where the table said `ebpf-veth (untested)`."""
    # Nobody is known to have run 1.20.2 without BTF.
    bare = tmp_path / "bare.config"
    bare.write_text(real(*WHOLE, missing=("DEBUG_INFO_BTF",)).text, encoding="utf-8")
    found = make_matrix(MatrixRequest(), rows([str(bare), "recorded:kata@3.17.0"], MatrixRequest(), 1))
    table = list(csv.reader(io.StringIO(render_matrix("csv", found))))
    assert [row[table[0].index("untested")] for row in table[1:]] == ["true", "false"]
    assert all("(untested)" in render_matrix(name, found) for name in ("table", "markdown", "html"))


def test_markdown_is_one_table() -> None:
    text = render_matrix("markdown", sample())
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert html.count("<tr>") == 5
    assert "<script>" not in html
    assert "<img" not in html


@pytest.mark.parametrize("name", MATRIX_FORMATS)
def test_hostile_text_is_only_text(name: str) -> None:
    text = render_matrix(name, sample())
    assert "\x1b" not in text
    assert "\u202e" not in text
    if name == "html":
        page = Page(text)
        assert [t for t, _ in page.tags].count("script") == 1
        assert "img" not in [t for t, _ in page.tags]
        assert "49" not in " ".join(page.words)


def test_only_differences() -> None:
    whole = sample()
    assert whole.differing
    request = MatrixRequest(profiles=("namespaces", "vxlan"), cilium=None)
    found = make_matrix(request, rows(["recorded:apple", "recorded:kata@3.17.0"], request, 1))
    kept = found.only(found.differing)
    assert [i for i, _ in kept.profiles] == ["vxlan"]
    assert [r.statuses for r in kept.rows] == [("pass",), ("fail",)]


@pytest.mark.usefixtures("built")
def test_the_command(run: Run, config: Path, tmp_path: Path) -> None:  # noqa: F811
    status, out, _ = run("matrix", str(config), "recorded:apple", "-p", "vxlan", "--cilium", "none", "-j", "1")
    assert status == 0
    assert "2 kernels: 2 pass" in out
    status, out, _ = run("matrix", str(config), "missing", "-p", "vxlan", "-f", "json", "-o", "html=m.html", "-j", "1")
    assert status == 1
    assert json.loads(out)["counts"]["error"] == 1
    assert (tmp_path / "m.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert run("matrix", "missing", "-j", "1")[0] == 3
    shown = subprocess.run(
        [sys.executable, "-m", "kina_audit", "matrix", "-", "recorded:apple", "-p", "vxlan", "--cilium", "none", "-j", "2"],
        input=config.read_bytes(), capture_output=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert b"2 kernels: 2 pass" in shown.stdout
    assert b"1 kernel: 1 pass\n" in run("matrix", "recorded:apple", "-p", "vxlan")[1].encode()
    assert run("matrix", "-j", "1")[0] == 2
    assert run("matrix", str(config), "-p", "nothing", "-j", "1")[0] == 2
    assert run("matrix", str(config), "-f", "sarif", "-j", "1")[0] == 2


def test_errors_of_the_request_are_raised() -> None:
    with pytest.raises(KinaAuditError):
        list(rows(["recorded:apple"], MatrixRequest(cilium="9.9"), 1))


def test_the_labels_and_the_time_of_stored_reports_are_in_every_format(run: Run, tmp_path: Path) -> None:  # noqa: F811
    """Nodes write reports of one name in folders of their own: the label says which node each is of."""
    for node in ("worker-1", "worker-2"):
        (tmp_path / f"{'very-long-' * 6}{node}").mkdir()
        words = ("check", "recorded:apple", "-p", "vxlan", "--cilium", "none", "-q", "-f", "json", "--timestamp")
        _, out, _ = run(*words, "--label", f"node={node}", "--label", "site=east|west")
        (tmp_path / f"{'very-long-' * 6}{node}/report.json").write_text(out, encoding="utf-8")
    names = [str(p) for p in sorted(tmp_path.glob("*/report.json"))]
    outs = [w for f in ("json", "csv", "html", "markdown") for w in ("-o", f"{f}=m.{f}")]
    _, table, _ = run("matrix", *names, "-p", "vxlan", "--cilium", "none", "-j", "1", *outs)
    texts = {f: (tmp_path / f"m.{f}").read_text(encoding="utf-8") for f in ("json", "csv", "html", "markdown")}
    for name, text in {"table": table, **texts}.items():
        for node in ("worker-1", "worker-2"):
            assert node in text, name
        assert "audited" in text, name
    kernels = json.loads(texts["json"])["kernels"]
    assert [k["labels"] for k in kernels] == [{"node": f"worker-{n}", "site": "east|west"} for n in (1, 2)]
    assert all(k["audited"] for k in kernels)
    assert next(csv.DictReader(io.StringIO(texts["csv"])))["labels"] == "node=worker-1 site=east|west"


def test_names_that_are_cut_alike_are_not_cut() -> None:
    rows_ = [Row(f"/srv/{place}/{'x' * 60}.config", "", "6.12", "arm64", "pass", "", ("pass",)) for place in "ab"]
    text = render_matrix("table", Matrix((("vxlan", "VXLAN"),), "", "required", tuple(rows_), "1"), 100)
    assert "\na/" in text
    assert "\nb/" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_the_terminal(width: int, tmp_path: Path) -> None:
    """It was 134 columns wide with the default profiles, of numbered marks; and what fails is named."""
    long = tmp_path / f"a-{'configuration-of-' * 8}node.config"
    long.write_text(CONFIG, encoding="utf-8")
    names = ["recorded:apple", "recorded:kata@3.17.0", "recorded:kata@3.32.0-debug", str(long)]
    request = MatrixRequest()
    found = make_matrix(request, rows(names, request, 1))
    lines = render_matrix("table", found, width).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join("\n".join(lines).split())
    debug = max(n for n, line in enumerate(lines) if line.startswith("recorded:kata"))
    assert "pass" in lines[debug].split()
    assert "ebpf-veth" in lines[debug].split()
    assert "lacks geneve" in lines[debug]
    assert "FAIL vxlan" in text
    assert ("6.18.5 arm64" in text) is (width == 120)
    # A name that is broken is whole when its pieces are put together.
    wide = next(n for n, line in enumerate(lines) if line.startswith("a-"))
    column = min(lines[0].index(head) for head in ("Linux", "verdict") if head in lines[0])
    assert "".join(line[:column].rstrip() for line in lines[wide:]).startswith(long.name)


def test_what_nobody_asked_for_is_said_in_every_format() -> None:
    request = MatrixRequest()
    found = make_matrix(request, rows(["recorded:kata@3.32.0-debug"], request, 1))
    assert found.rows[0].verdict == "pass"
    assert found.unasked == ("geneve", "ipvlan", "tc-qos", "wireguard")
    for name in ("table", "markdown", "html"):
        assert "obody asked for" in render_matrix(name, found), name
    assert "FAIL" not in render_matrix("markdown", found)
    detailed = MatrixRequest(details=True)
    page = render_matrix("html", make_matrix(detailed, rows(["recorded:kata@3.32.0-debug"], detailed, 1)))
    body = page.partition("<body")[2]
    assert not re.search(r"badge (fail|unknown)", body), "red, for what fails no kernel"
    assert '<span class="badge warn">lacks</span> <span>geneve/geneve-device</span>' in body
    told = json.loads(render_matrix("json", found))["profiles"]
    assert tuple(p["id"] for p in told if not p["asked"]) == found.unasked
    assert make_matrix(MatrixRequest(fail_on="recommended"), []).unasked == ()


def test_what_nobody_asked_for_and_nobody_can_tell_may_be_lacking(tmp_path: Path) -> None:
    path = tmp_path / "part.config"
    path.write_text("CONFIG_NET=y\nCONFIG_ARM64=y\n", encoding="utf-8")
    request = MatrixRequest()
    found = make_matrix(request, rows([str(path)], request, 1))
    assert "may lack geneve, ipvlan, tc-qos, wireguard" in " ".join(render_matrix("table", found, 300).split())
    assert render_matrix("markdown", found).count("| may lack ") == 4
    assert "unknown" in render_matrix("csv", found).split("may lack")[0]


def test_a_mode_that_decides_nothing_is_said_to(tmp_path: Path) -> None:
    """`matrix -p vxlan` had rows `pass  unsupported`, and no word on why."""
    said = "Nobody asked for Cilium, so its mode fails no kernel"
    for request, told in (
        (MatrixRequest(profiles=("bpf",)), True),
        (MatrixRequest(profiles=("bpf",), cilium="1.18"), False),
        (MatrixRequest(profiles=("bpf",), cilium=None), False),
        (MatrixRequest(), False),
    ):
        found = make_matrix(request, rows(["recorded:apple"], request, 1))
        for name in ("table", "markdown", "html"):
            assert (said in " ".join(render_matrix(name, found).split())) is told, (name, request)


def test_json_has_what_is_unmet(run: Run, config: Path) -> None:  # noqa: F811
    _, out, _ = run(
        "matrix", "recorded:kata@3.17.0", str(config), "-p", "vxlan", "--cilium", "none", "-j", "1", "-f", "json"
    )
    document = json.loads(out)
    schema = json.loads(data_file("schemas/matrix.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert "vxlan/vxlan-device" in [u["name"] for u in document["kernels"][0]["unmet"]]


def test_no_question_about_a_feature_is_no_pass() -> None:
    """`0 pass` stood where only Cilium's start was asked for, and where no profile differed."""
    agent = MatrixRequest(profiles=("cilium-agent",))
    both = MatrixRequest(profiles=("vxlan", "bpf"), cilium=None)
    lines = render_matrix("table", make_matrix(agent, rows(["recorded:apple"], agent, 1))).splitlines()
    assert lines[1].split() == ["recorded:apple", "6.18.5", "arm64", "fail", "unsupported", "-"]
    found = make_matrix(both, rows(["recorded:apple@0.38.0", "recorded:apple@0.24.3"], both, 1))
    assert [line.split()[-1] for line in render_matrix("table", found.only(())).splitlines()[1:3]] == ["-", "-"]
    vxlan = render_matrix("table", found.only((0,))).splitlines()
    assert [line.split()[-2:] for line in vxlan[1:3]] == [["all", "pass"]] * 2


def test_an_error_names_its_source_once(run: Run, tmp_path: Path) -> None:  # noqa: F811
    """`nothing*: error: nothing*: no file matches`."""
    _, out, _ = run(
        "matrix", "nothing*", "/nowhere.config", "recorded:apple", "-p", "vxlan", "--cilium", "none", "-j", "1"
    )
    assert "\nerror: nothing*: no file matches\n" in out
    assert "\nerror: /nowhere.config: no such file" in out
    assert out.count("nothing*") == out.count("/nowhere.config") == 1
