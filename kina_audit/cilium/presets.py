"""Where nodes run, and the values that such clusters need whatever the kernel: ``data/cilium-presets.toml``."""

from collections.abc import Mapping
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.near import hint
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.cilium.values import merge
from kina_audit.errors import UsageError


@datatype
class Preset:
    """The values of one kind of cluster.

    Attributes:
        id: its name on the command line.
        values: of the chart, nested.
        config: the ``cilium-config`` keys that they render.
        drops: beginnings of keys that vanish with them.
        caution: what is to be done beside.
    """

    id: str
    values: Mapping[str, Any]
    config: Mapping[str, str]
    drops: tuple[str, ...]
    caution: str

    def over(self, values: dict[str, Any], config: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        """(values, config) of an advice with this preset's on top."""
        merge(values, self.values)
        kept = {key: value for key, value in config.items() if not key.startswith(self.drops)}
        return values, {**kept, **self.config}


def preset_rows() -> list[dict[str, Any]]:
    """The rows of the data file."""
    rows: list[dict[str, Any]] = toml_document(data_file("cilium-presets.toml"))["preset"]
    return rows


def find_preset(name: str) -> Preset | None:
    """A preset by its name; None for an empty one.

    Raises:
        UsageError: there is no such preset; the message lists those there are.
    """
    if not name:
        return None
    known = {row["id"]: row for row in preset_rows()}
    if name not in known:
        raise UsageError(
            f"--for {name}: no such preset", hint(name, known, cutoff=0.6) or f"Known: {', '.join(known)}."
        )
    row = known[name]
    return Preset(name, row["values"], row["config"], tuple(row["drops"]), row["caution"])
