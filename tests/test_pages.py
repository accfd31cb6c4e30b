"""The pages as their readers meet them, in Debian's Chromium: screen and print, mouse, keyboard, no script, light and dark."""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kina_audit.api import audit, load_kernel
from kina_audit.cli import main
from kina_audit.matrix import MatrixRequest, make_matrix, rows
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import render
from kina_audit.render.matrix import render_matrix
from kina_audit.report.matrix import Matrix, Row
from kina_audit.report.model import Report
from kina_audit.sources.expand import expand
from tests.browser import axe, browser, complaints, picture, resize, serious, wait_until
from tests.sample_report import held

pytestmark = pytest.mark.slow

SCREENSHOTS = Path(os.environ.get("KINA_AUDIT_SCREENSHOTS") or Path(tempfile.gettempdir(), "kina-audit-screenshots"))
"""Kept for whoever looks at them; .ci/run says where."""
PAGES = ("report-apple", "report-kata", "report-baseline", "matrix", "timeline")
PHONE, DESKTOP = 390, 1280
LIBRARY = ProfileLibrary()
REQUEST = MatrixRequest(profiles=("tag:default", "kube-proxy", "cni/*"), cilium="1.18", details=True)


def report(name: str) -> Report:
    profiles = LIBRARY.select(["tag:default", "tetragon", "kube-proxy", "cni/*"])
    return audit(load_kernel(f"recorded:{name}"), profiles, cilium="1.18", library=LIBRARY)


@cache
def reports() -> dict[str, Report]:
    return {"report-apple": report("apple"), "report-kata": report("kata@3.32.0-debug"), "report-baseline": held()}


@cache
def matrix() -> Matrix:
    long = Row("deploy/nodes/eu-central-1/" + "worker" * 12 + ".config", "", "6.12.1", "arm64", "unknown", "unknown",
               make_matrix(REQUEST, rows(["recorded:kata"], REQUEST, 1)).rows[0].statuses)  # fmt: skip
    return make_matrix(REQUEST, [*rows(expand(["recorded:*", "missing.config"]), REQUEST, 1), long])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, as files."""
    folder = tmp_path_factory.mktemp("pages")
    for name, made in reports().items():
        (folder / f"{name}.html").write_text(render("html", made), encoding="utf-8")
    (folder / "matrix.html").write_text(render_matrix("html", matrix()), encoding="utf-8")
    assert main(["timeline", "apple", "--offline", "-q", "-f", "json", "-o", f"html={folder / 'timeline.html'}"]) == 0
    return folder


def visible(driver: Any, selector: str) -> list[Any]:
    return [e for e in driver.find_elements("css selector", selector) if e.is_displayed()]


def keys(driver: Any, *words: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*words).perform()


def test_what_these_tests_look_with_sees_what_is_wrong(tmp_path: Path) -> None:
    """A page with every fault: the checks are worth something only if they find it."""
    (tmp_path / "bad.html").write_text(
        "<!DOCTYPE html><html><head><title></title></head><body><img src='http://127.0.0.1:9/x.png'><input>"
        "<p style='color:#ccc;background:#fff'>faint</p><main><p style='width:20px;white-space:nowrap'>wider than its place</p></main><script>console.error('oh')</script></body></html>",
        encoding="utf-8",
    )
    with browser(tmp_path / "profile") as driver:
        driver.get((tmp_path / "bad.html").as_uri())
        said = "\n".join(complaints(driver))
        assert "asked for http://127.0.0.1:9/x.png" in said
        assert "oh" in said
        assert clipped(driver) == ["P.: wider than its place"]
        axe()
        found = "\n".join(serious(driver))
        assert all(rule in found for rule in ("color-contrast", "image-alt", "label", "html-has-lang"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(folder: Path, name: str, dark: bool, tmp_path: Path) -> None:
    axe()
    with browser(tmp_path / "profile", dark=dark) as driver:
        driver.get((folder / f"{name}.html").as_uri())
        for width in (DESKTOP, PHONE):
            resize(driver, width)
            assert serious(driver) == []
        driver.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert serious(driver) == []
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
        assert serious(driver) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_fits(folder: Path, name: str, dark: bool, tmp_path: Path) -> None:
    scheme = "dark" if dark else "light"
    with browser(tmp_path / "profile", dark=dark) as driver:
        driver.get((folder / f"{name}.html").as_uri())
        assert driver.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") is dark
        for width, kind in ((DESKTOP, "desktop"), (PHONE, "phone")):
            picture(driver, SCREENSHOTS / f"{name}-{kind}-{scheme}.png", width)
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width
            assert clipped(driver) == []
        driver.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        picture(driver, SCREENSHOTS / f"{name}-phone-open-{scheme}.png", PHONE)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= PHONE
        assert clipped(driver) == []
        assert complaints(driver) == []


def clipped(driver: Any) -> list[str]:
    """Elements whose text runs out of them where nothing scrolls."""
    found: list[str] = driver.execute_script(
        """
        const scrolls = e => { for (; e; e = e.parentElement) {
            if (/auto|scroll/.test(getComputedStyle(e).overflowX)) return true; } return false; };
        return [...document.querySelectorAll('main *, header *, footer *')].filter(e =>
            e.checkVisibility() && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && !scrolls(e) && !e.closest('svg')
            && getComputedStyle(e).position !== 'absolute'
        ).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 60));
        """
    )
    return found


def test_search_and_filter_of_a_report(folder: Path, tmp_path: Path) -> None:
    made = reports()["report-apple"]
    with browser(tmp_path / "profile") as driver:
        driver.get((folder / "report-apple.html").as_uri())
        names = {f"{r.profile.id}/{f.requirement.id}": f.status for r in made.results for f in r.findings}

        def shown() -> set[str]:
            return set(
                driver.execute_script(
                    "return [...document.querySelectorAll('.finding[data-name*=\"/\"]:not([hidden])')].map(f => f.dataset.name)"
                )
            )

        def told() -> str:
            return driver.find_element("id", "count").text

        assert shown() == set(names)
        assert told() == f"{len(names)} of {len(names)} requirements"
        search = driver.find_element("id", "search")
        search.send_keys("Tetragon KPROBE")
        assert "tetragon/kprobe" in shown()
        assert all("tetragon" in name for name in shown())
        assert driver.find_element("css selector", "[data-name='tetragon/kprobe']").is_displayed()
        assert told() == f"{len(shown())} of {len(names)} requirements"
        search.clear()
        search.send_keys("no such words")
        assert shown() == set()
        assert told() == f"0 of {len(names)} requirements"
        assert visible(driver, "details.profile") == []
        search.clear()
        search.send_keys(" ")
        for status in ("pass", "warn", "skip", "unknown"):
            driver.find_element("css selector", f"input[data-show={status}]").click()
        assert shown() == {n for n, s in names.items() if s == "fail"}
        driver.find_element("id", "all").click()
        assert {e.get_attribute("data-name") for e in visible(driver, ".finding[data-name*='/']")} == shown()
        assert complaints(driver) == []


def test_search_and_filter_of_the_matrix(folder: Path, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as driver:
        driver.get((folder / "matrix.html").as_uri())
        assert len(visible(driver, "#grid tbody tr")) == len(matrix().rows)
        everything = len(visible(driver, "#grid thead th"))
        driver.find_element("id", "differences").click()
        assert len(visible(driver, "#grid thead th")) == 4 + len(matrix().differing) < everything
        driver.find_element("id", "differences").click()
        driver.find_element("id", "problems").click()
        assert len(visible(driver, "#grid tbody tr")) == sum(not r.passes for r in matrix().rows)
        driver.find_element("id", "problems").click()
        driver.find_element("id", "search").send_keys("KATA debug")
        wait_until(driver, "one kernel is left", lambda: len(visible(driver, "#grid tbody tr")) == 1)
        [row] = visible(driver, "#grid tbody tr")
        link = row.find_element("css selector", "a")
        target = link.get_attribute("href").partition("#")[2]
        link.click()
        wait_until(
            driver,
            "the kernel's details are open and have the focus",
            lambda: driver.switch_to.active_element.tag_name == "summary",
        )
        assert driver.find_element("css selector", f"#{target} .finding").is_displayed()
        # Heads stay when the grid is scrolled.
        driver.find_element("id", "search").clear()
        driver.find_element("id", "search").send_keys(" ")
        moved = driver.execute_script(
            """
            const grid = document.querySelector('.grid'); grid.style.maxHeight = '300px';
            grid.scrollTo(400, 200);
            const box = grid.getBoundingClientRect();
            const place = s => document.querySelector(s).getBoundingClientRect();
            return [grid.scrollLeft, grid.scrollTop, place('#grid thead th:nth-child(6)').top - box.top,
                    place('#grid tbody tr:nth-child(5) th').left - box.left];
            """
        )
        assert moved[:2] == [400, 200]
        assert all(abs(distance) <= 2 for distance in moved[2:])
        assert complaints(driver) == []


@pytest.mark.parametrize("name", ["report-apple", "matrix", "timeline"])
def test_the_keyboard_is_enough(folder: Path, name: str, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as driver:
        driver.get((folder / f"{name}.html").as_uri())
        keys(driver, "\ue004")
        link = driver.switch_to.active_element
        assert link.get_attribute("class") == "skip-link"
        assert driver.execute_script("return arguments[0].getBoundingClientRect().left", link) >= 0
        wanted = set(visible(driver, "main summary, main input, main button, main a, main [tabindex='0']"))
        assert len(wanted) > 4
        for _ in range(len(wanted) + 5):
            keys(driver, "\ue004")
            element = driver.switch_to.active_element
            if element in wanted:
                wanted.discard(element)
                style = driver.execute_script("return getComputedStyle(arguments[0]).outlineStyle", element)
                assert style != "none", element.get_attribute("outerHTML")[:100]
            if not wanted:
                break
        assert [e.get_attribute("outerHTML")[:100] for e in wanted] == []
        [first, *_] = visible(driver, "details.profile > summary")
        driver.execute_script("arguments[0].focus()", first)
        details = first.find_element("xpath", "..")
        before = details.get_attribute("open")
        keys(driver, "\ue007")
        assert details.get_attribute("open") != before
        assert complaints(driver) == []


@pytest.mark.parametrize("name", ["report-kata", "matrix", "timeline"])
def test_without_scripts_everything_is_there(folder: Path, name: str, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as driver:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        driver.get((folder / f"{name}.html").as_uri())
        assert visible(driver, "#tools, button") == []
        if name == "report-kata":
            assert visible(driver, "#values")
        [first, *_] = visible(driver, "details.profile:not([open]) > summary")
        first.click()
        details = first.find_element("xpath", "..")
        assert details.find_elements("css selector", ".finding")[0].is_displayed()
        if name == "matrix":
            assert len(visible(driver, "#grid tbody tr")) == len(matrix().rows)
        assert complaints(driver) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["report-apple", "matrix", "timeline"])
def test_it_prints_whole_and_light(folder: Path, name: str, dark: bool, tmp_path: Path) -> None:
    import base64

    with browser(tmp_path / "profile", dark=dark) as driver:
        driver.get((folder / f"{name}.html").as_uri())
        closed = len(driver.find_elements("css selector", "details:not([open])"))
        assert closed > 0
        driver.execute_script(
            "addEventListener('beforeprint', () => { window.left = document.querySelectorAll('details:not([open])').length; })"
        )
        printed = driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
        data = base64.b64decode(printed["data"])
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / f"{name}-print-{'dark' if dark else 'light'}.pdf").write_bytes(data)
        assert data.startswith(b"%PDF")
        assert driver.execute_script("return window.left") == 0
        assert len(driver.find_elements("css selector", "details:not([open])")) == closed
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
        assert visible(driver, "#tools, button:not(.sort), .skip-link") == []
        colours = driver.execute_script(
            "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color,"
            " getComputedStyle(document.querySelector('.badge')).color]"
        )
        assert colours[:2] == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        assert all(int(part) < 190 for part in colours[2][4:-1].split(","))
        # Portrait A4 for a report, landscape for what is wide.
        width = 794 if name.startswith("report") else 1040
        picture(driver, SCREENSHOTS / f"{name}-printed-{'dark' if dark else 'light'}.png", width)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_matrix_sorts_by_every_column(folder: Path, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as driver:
        driver.get((folder / "matrix.html").as_uri())

        def column(number: int) -> list[str]:
            cells = driver.find_elements("css selector", f"#grid tbody tr > :nth-child({number})")
            return [c.text for c in cells if not c.get_attribute("colspan")]

        buttons = driver.find_elements("css selector", "#grid thead .sort")
        assert len(buttons) == len(driver.find_elements("css selector", "#grid thead th"))
        buttons[2].click()
        verdicts = column(3)
        order = ["fail", "unknown", "pass"]
        assert verdicts == sorted(verdicts, key=order.index)
        assert len(set(verdicts)) > 1
        head = driver.find_element("css selector", "#grid thead th:nth-child(3)")
        assert head.get_attribute("aria-sort") == "ascending"
        buttons[2].click()
        assert column(3) == sorted(verdicts, key=order.index, reverse=True)
        buttons[1].send_keys("\n")
        versions = [tuple(int(n) for n in v.split()[0].split("-")[0].split(".")) for v in column(2)]
        assert versions == sorted(versions), "by their numbers, so 6.2 comes before 6.18"
        last = driver.find_element("css selector", "#grid tbody tr:last-child")
        assert "error" in last.text, "what could not be audited stays at the end"
        assert complaints(driver) == []


def test_the_matrix_on_a_phone(folder: Path, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as driver:
        resize(driver, 400)
        driver.get((folder / "matrix.html").as_uri())
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 400
        for row in visible(driver, "#grid tbody tr"):
            for cell in row.find_elements("css selector", "th, td:not(.mark)"):
                box = cell.rect
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= 400, cell.text
        shown = " ".join(h.text for h in visible(driver, "#grid thead th"))
        assert "Verdict" in shown
        assert "Cilium mode" in shown
        assert complaints(driver) == []
