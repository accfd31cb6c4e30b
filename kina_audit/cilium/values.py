"""Helm values and ``cilium-config`` keys for the choices that were made, from the settings in the data file."""

from collections.abc import Iterable, Mapping
from typing import Any

from kina_audit.cilium.model import Choice
from kina_audit.cilium.release import Release

CHOICES_WITHOUT_A_WISH = ("encryption",)
"""What a choice only reports as available, until somebody wants it."""


def settings(
    choices: Iterable[Choice],
    release: Release,
    on: Iterable[str] = (),
    avoided: Iterable[str] = (),
    others: Iterable[str] = (),
) -> tuple[dict[str, Any], dict[str, str]]:
    """(nested Helm values, flat ConfigMap data): only what this release's chart knows, only what was chosen.

    Args:
        choices: the decisions inside the mode.
        release: the Cilium release.
        on: features that are wanted.
        avoided: features that are not to be used.
        others: settings by their own names, as ``l7-proxy/off``.
    """
    wanted = list(on)
    names = [f"{c.name}/{c.value}" for c in choices if c.name not in CHOICES_WITHOUT_A_WISH or c.value in wanted]
    names += [*(f"feature/{name}" for name in wanted), *(f"avoid/{name}" for name in avoided), *others]
    values: dict[str, Any] = {}
    config: dict[str, str] = {}
    for setting in release.facts("setting"):
        if setting["id"] in names and ("with" not in setting or not {*setting["with"]}.isdisjoint(names)):
            merge(values, setting["values"])
            config.update(setting["config"])
    return values, config


def merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Put nested values over others, key by key."""
    for key, value in more.items():
        if isinstance(value, Mapping):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value
