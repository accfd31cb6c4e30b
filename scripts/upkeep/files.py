"""The project's own files that upkeep reads and names."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from kina_audit.sources.recorded import Record

ROOT = Path(__file__).resolve().parents[2]
KNOWN_FILE = "scripts/upkeep/known.toml"


def record_file(record: Record) -> str:
    """The file of a record, relative to the checkout."""
    name = f"{record.family}-{record.arch}" if record.family == "apple" else record.family
    return f"kina_audit/data/records/{name}-{record.ranges[0].first}.toml"


@cache
def known() -> dict[str, Any]:
    """What was read last of things that no data file of the package holds (known.toml)."""
    return tomllib.loads((ROOT / KNOWN_FILE).read_text(encoding="utf-8"))
