"""Where the research data is, and the kernels that tests share."""

import fcntl
import gc
import gzip
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background jobs so, and the processes that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Without bytecode on disk every test process rewrites all tests, and each command that a test runs compiles the package.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SAME = bool(os.environ.get("KINA_AUDIT_SAME_EXAMPLES"))
"""Every run tries the same examples, so that a commit is not judged by luck; without it each looks for something new."""
settings.register_profile("few", max_examples=25, deadline=None, derandomize=SAME)
settings.register_profile("all", max_examples=100, deadline=None, derandomize=SAME)
settings.load_profile("few")


def examples(most: int) -> int:
    """How many examples a property is tried on: a quarter of ``most``, and all with ``--hypothesis-profile=all``."""
    return most if settings.get_current_profile_name() == "all" else -(-most // 4)


ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Research data beside the checkout; a user's clone has none, and tests that use it then skip."""


TEST_CACHE = Path(os.environ.get("KINA_AUDIT_TEST_CACHE") or Path(tempfile.gettempdir(), "kina-audit-tests"))
"""Unpacked kernel trees, built kernels and fetched packages, kept between runs of the slow tests."""


def pytest_collection_finish() -> None:
    """What was collected lives to the end: the collector of garbage need not look through it again and again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """A process a core for the whole suite, as xdist counts them; none for the few tests that somebody names."""
    return 0 if config.args_source is pytest.Config.ArgsSource.ARGS else None


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """The cache folder, for one process at a time."""
    TEST_CACHE.mkdir(parents=True, exist_ok=True)
    with open(TEST_CACHE / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield TEST_CACHE


def linux_source(version: str) -> Path:
    """The whole source tree of Debian's package linux-source-VERSION, unpacked once; skips where it is not installed."""
    packed = Path(f"/usr/src/linux-source-{version}.tar.xz")
    if not packed.is_file():
        pytest.skip(f"Debian's package linux-source-{version} is not installed")
    with alone(f"linux-{version}") as folder:
        tree = folder / f"linux-source-{version}"
        if not (tree / ".complete").exists():
            subprocess.run(["tar", "-C", str(folder), "-xf", str(packed)], check=True)
            (tree / ".complete").touch()
    return tree


@cache
def config_text(path: Path) -> bytes:
    """A config of the research data, decompressed."""
    return gzip.decompress(path.read_bytes())


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    return SHARED


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs that a test makes up are a kernel's own: nobody would build them, and no model is to judge them."""
    monkeypatch.setenv("KINA_AUDIT_BUILT", "1")
