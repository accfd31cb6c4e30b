"""``--format cilium-cli``: the advice as a ``cilium install`` command."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from kina_audit.render import RenderOptions
from kina_audit.render.helm_values import preamble
from kina_audit.render.yaml import comment
from kina_audit.report.model import Report


def render(report: Report, _options: RenderOptions) -> str:
    """A shell command with the reasons as comments; only comments when there is nothing to install."""
    advice = report.advice
    if advice is None:
        return comment("No recommendation was asked for.")
    if not advice.helm_values:
        return preamble(report, advice)
    words = [f"cilium install --version {shlex.quote(advice.release)}"]
    words += [f"  {flag} {shlex.quote(f'{path}={text}')}" for flag, path, text in _assignments(advice.helm_values)]
    return preamble(report, advice) + " \\\n".join(words) + "\n"


def _assignments(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """(flag, path, value) for each leaf, as Helm's ``--set`` takes them: text that reads as another type is told apart."""
    for key, value in values.items():
        path = f"{prefix}{_escaped(key, dots=True)}"
        if isinstance(value, Mapping):
            yield from _assignments(value, f"{path}.")
        elif isinstance(value, str):
            yield "--set-string", path, _escaped(value)
        elif isinstance(value, list):  # Helm reads a comma as the end of a value, and JSON's brackets as text
            yield "--set-string", path, f"{{{','.join(_escaped(str(v)) for v in value)}}}"
        else:
            yield "--set", path, json.dumps(value)


def _escaped(text: str, *, dots: bool = False) -> str:
    for character in "\\,{}" + ("." if dots else ""):
        text = text.replace(character, f"\\{character}")
    return text
