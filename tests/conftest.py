"""Where the research data is, and the kernels that tests share."""

import gzip
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Research data beside the checkout; a user's clone has none, and tests that use it then skip."""


@cache
def config_text(path: Path) -> bytes:
    """A config of the research data, decompressed."""
    return gzip.decompress(path.read_bytes())


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    return SHARED
