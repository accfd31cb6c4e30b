"""Debian's Chromium, driven headless, for the tests that look at pages as a reader does."""

import json
import os
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 60
"""Seconds that a page on a loaded machine has to answer."""
_TALLEST = 6000
"""Pixels of a page that a picture shows."""


@contextmanager
def browser(folder: Path, *, dark: bool = False) -> Iterator[Any]:
    """A Chromium with an empty profile; skips where it or its driver is not installed."""
    webdriver = pytest.importorskip("selenium.webdriver")
    binary, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver_path is None:
        pytest.skip("chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for switch in (*SWITCHES, f"--user-data-dir={folder}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
    try:
        if dark:
            driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            )
        yield driver
    finally:
        driver.quit()


def wait_until(driver: Any, said: str, true: Callable[[], bool]) -> None:
    """Wait for what the page does in its own time, as a ``hashchange`` is told after the click that caused it."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(driver, PATIENCE).until(lambda _: true(), said)


def complaints(driver: Any) -> list[str]:
    """Everything on the console, and every address asked for that is not the page's own file."""
    found = [entry["message"] for entry in driver.get_log("browser")]
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file://", "data:", "chrome://", "about:")):
                found.append(f"asked for {url}")
    return found


def axe() -> str:
    """axe-core's script, from the file that KINA_AUDIT_AXE names, as .ci/run fetches it."""
    path = os.environ.get("KINA_AUDIT_AXE", "")
    if not path:
        pytest.skip("KINA_AUDIT_AXE names no axe.min.js: npm install --no-save --prefix FOLDER axe-core@4")
    return Path(path).read_text(encoding="utf-8")


def serious(driver: Any) -> list[str]:
    """What axe-core finds that is serious or critical."""
    driver.execute_script(axe())
    result = driver.execute_async_script("const done = arguments[0]; axe.run(document).then(done);")
    return [
        f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes'][:3]]}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
    ]


def resize(driver: Any, width: int, height: int = 1600) -> None:
    """A window of this size; narrow ones are a phone's."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def picture(driver: Any, path: Path, width: int) -> None:
    """A screenshot of a page at a width, which the window then has."""
    resize(driver, width)
    driver.execute_script("window.scrollTo(0, 0)")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["height"]
    shot = driver.execute_cdp_cmd(
        "Page.captureScreenshot",
        {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": min(whole, _TALLEST), "scale": 1},
        },
    )
    path.write_bytes(b64decode(shot["data"]))
