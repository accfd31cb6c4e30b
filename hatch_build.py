"""Build hook: put every packaged TOML file into one JSON file, so that an installed tool need not parse TOML."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class CompileData(BuildHookInterface):  # type: ignore[type-arg]
    """Run for wheels and for editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the compiled file and list it as an artifact."""
        sys.path.insert(0, str(ROOT))
        try:
            from kina_audit.base.packaged import compile_documents

            compile_documents()
        finally:
            sys.path.remove(str(ROOT))
        build_data["artifacts"].append("kina_audit/data/compiled.jsonl")
