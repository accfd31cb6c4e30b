"""Debian's Chromium, driven headless, for the tests that look at pages as a reader does."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import alone

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


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
    """axe-core's script, from the npm registry; skips where npm or the registry is out of reach."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    with alone("axe") as folder:
        script = folder / "axe.min.js"
        if not script.exists():
            done = subprocess.run(
                ["npm", "pack", "axe-core@4", "--silent", "--pack-destination", str(folder)],
                capture_output=True, text=True, check=False, timeout=120, cwd=folder,
            )  # fmt: skip
            if done.returncode:
                pytest.skip("axe-core cannot be fetched")
            with tarfile.open(folder / done.stdout.split()[-1]) as archive:
                member = archive.extractfile("package/axe.min.js")
                assert member is not None
                script.write_bytes(member.read())
        return script.read_text(encoding="utf-8")


def serious(driver: Any) -> list[str]:
    """What axe-core finds that is serious or critical."""
    driver.execute_script(axe())
    result = driver.execute_async_script("const done = arguments[0]; axe.run(document).then(done);")
    return [
        f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes'][:3]]}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
    ]


def picture(driver: Any, path: Path, width: int, height: int = 1600) -> None:
    """A screenshot of the page's top at a width."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(driver.get_screenshot_as_png())
