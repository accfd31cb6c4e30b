"""Helm values and ``cilium-config`` keys for the choices that were made, from the settings in the data file."""

from collections.abc import Iterable, Mapping
from typing import Any

from kina_audit.cilium.model import Choice
from kina_audit.cilium.release import Release


def settings(choices: Iterable[Choice], release: Release) -> tuple[dict[str, Any], dict[str, str]]:
    """(nested Helm values, flat ConfigMap data): only what this release's chart knows, only what was chosen."""
    known = {f"{s['id']}": s for s in release.facts("setting")}
    values: dict[str, Any] = {}
    config: dict[str, str] = {}
    for choice in choices:
        setting = known.get(f"{choice.name}/{choice.value}")
        if setting is not None:
            _merge(values, setting["values"])
            config.update(setting["config"])
    return values, config


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value
