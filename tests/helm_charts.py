"""Helm itself, where it is to be had, and Cilium's charts in the folder that KINA_AUDIT_CILIUM_CHARTS names.

Helm is the program on PATH, or Helm's own library in the package helm-python-sdk (the dependency group ``helm``). The charts
are the archives ``cilium-VERSION.tgz`` of the repository cilium/charts.
"""

import json
import os
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

CHARTS = sorted(Path(os.environ.get("KINA_AUDIT_CILIUM_CHARTS") or os.devnull).glob("cilium-1.*.tgz"))
"""Every chart that is there; none where no folder is named."""


def version(chart: Path) -> str:
    """The Cilium release of a chart's archive."""
    return chart.name.removeprefix("cilium-").removesuffix(".tgz")


def need_helm() -> None:
    """Skip the test, and say why, where Helm or the charts are missing."""
    if not CHARTS:
        pytest.skip("KINA_AUDIT_CILIUM_CHARTS names no folder with charts (cilium-VERSION.tgz of cilium/charts)")
    if not shutil.which("helm") and find_spec("helm_python") is None:
        pytest.skip("no helm on PATH, and helm-python-sdk is not installed (pip install --group helm)")


def manifests(chart: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The Kubernetes objects that Helm renders from a chart with these values."""
    if shutil.which("helm"):
        command = ["helm", "template", "cilium", str(chart), "--namespace", "kube-system", "--values", "-"]
        text = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=True).stdout
        files = [text]
    else:
        files = list(_loaded(chart).render(values, name="cilium", namespace="kube-system").values())
    return [d for text in files for d in yaml.safe_load_all(text) if isinstance(d, dict)]


@cache
def _loaded(chart: Path) -> Any:
    import helm_python

    return helm_python.Chart.load(str(chart))


def config_map(objects: list[dict[str, Any]]) -> dict[str, str]:
    """The data of cilium-config."""
    return next(o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "cilium-config")


def workload(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """The spec of a DaemonSet or Deployment."""
    return next(o["spec"] for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)
