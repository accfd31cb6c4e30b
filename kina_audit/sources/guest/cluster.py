"""A live cluster, read by kubectl and by nothing else: its cilium-config, its agents, and their own answers."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceError, SourceNotFoundError, UsageError
from kina_audit.kernel.provenance import Kernel
from kina_audit.sources.guest.commands import SHELL, Command
from kina_audit.sources.guest.read import open_command, run
from kina_audit.sources.options import SourceOptions

_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:/+-]{0,254}")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")
_AGENT = "cilium-agent"
_PODS = "k8s-app=cilium"
MOST_NODES = 5000
"""Kubernetes is made for clusters of so many (its documentation, Considerations for large clusters)."""


@datatype
class Agent:
    """One agent's pod.

    Attributes:
        node: the node it runs on.
        pod: its name.
        image: the image of its container, whose tag is the release.
        started: when its container started, ISO; empty: it does not run.
    """

    node: str
    pod: str
    image: str
    started: str

    @property
    def release(self) -> str:
        """What the image's tag says; empty: it has none that is a version."""
        found = re.search(r":v?(\d+\.\d+(?:\.\d+)?)", self.image)
        return found[1] if found else ""


class Cluster:
    """What ``kubectl`` reaches with a context.

    Args:
        context: its name; empty: the current one.
        namespace: where Cilium runs.
        options: time and progress.

    Raises:
        UsageError: a name is none.
    """

    def __init__(self, context: str, namespace: str, options: SourceOptions) -> None:
        if context and not _CONTEXT.fullmatch(context):
            raise UsageError(f"kubectl:{context}: no context's name", "`kubectl config get-contexts` lists them.")
        if not _NAMESPACE.fullmatch(namespace):
            raise UsageError(f"--namespace {namespace}: no namespace's name", "For example kube-system.")
        self._options = options
        self._namespace = namespace
        self._start = ("kubectl", *(("--context", context) if context else ()), "--namespace", namespace)
        self._place = f"kubectl:{context}"

    def config(self) -> tuple[dict[str, str], str]:
        """The data of ``cilium-config``, and when it last changed (ISO; empty: not known).

        Raises:
            SourceError: it cannot be read.
        """
        # kubectl leaves managedFields out unless it is asked, and nothing else says when an object changed.
        document = self._get("configmap", "cilium-config", "--show-managed-fields")
        meta = _map(document.get("metadata"))
        times = [str(time) for f in _list(meta.get("managedFields")) if (time := _map(f).get("time"))]
        data = document.get("data")
        if not isinstance(data, Mapping) or not data:
            raise SourceError(f"{self._place}: cilium-config has no data", "Is Cilium installed in this namespace?")
        return {str(k): str(v) for k, v in data.items()}, max(times, default="")

    def agents(self) -> list[Agent]:
        """Every agent, by node.

        Raises:
            SourceError: they cannot be read, there are none, or more than `MOST_NODES`.
        """
        items = _list(self._get("pods", "--selector", _PODS).get("items"))
        if len(items) > MOST_NODES:
            raise SourceError(f"{self._place}: {len(items)} agents, and at most {MOST_NODES} are asked")
        every = sorted((_agent(_map(item)) for item in items), key=lambda a: a.node)
        # A pod that was evicted stays listed beside the one that took its place.
        runs = {a.node for a in every if a.started}
        found = [a for a in every if a.started or a.node not in runs]
        if not found:
            raise SourceNotFoundError(f"{self._place}: no pod is labelled {_PODS}", "Give Cilium's --namespace.")
        return found

    def status(self, agent: Agent) -> dict[str, Any]:
        """What ``cilium-dbg status -o json`` says in an agent's pod (``cilium`` before 1.15).

        Raises:
            SourceError: it cannot be run, or says no status.
        """
        try:
            said = self._exec(agent, "cilium-dbg", "status", "-o", "json")
        except SourceError:
            said = self._exec(agent, "cilium", "status", "-o", "json")
        return read_status(said, f"{self._place}, {agent.pod}")

    def programs(self, agent: Agent) -> list[str] | None:
        """Names of the BPF programs on an agent's node; None: its image has no bpftool."""
        try:
            listed = json.loads(self._exec(agent, "bpftool", "-j", "prog", "list"))
            return [str(p["name"]) for p in listed if isinstance(p, dict) and "name" in p]
        except (SourceError, ValueError, TypeError, RecursionError):
            return None

    def kernel(self, agent: Agent) -> Kernel:
        """The kernel of an agent's node, by the same read-only script that every guest is asked with.

        Raises:
            SourceError: it shows no config.
        """
        command = (*self._start, "exec", "-i", f"pod/{agent.pod}", "--container", _AGENT, "--", SHELL)
        return open_command(Command(command), "kubectl", f"kubectl:pod/{self._namespace}/{agent.pod}", self._options)

    def _exec(self, agent: Agent, *command: str) -> bytes:
        return self._run("exec", f"pod/{agent.pod}", "--container", _AGENT, "--", *command)

    def _get(self, *what: str) -> dict[str, Any]:
        try:
            found = json.loads(self._run("get", *what, "--output", "json"))
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{self._place}: kubectl's answer is no JSON") from error
        if not isinstance(found, dict):
            raise SourceError(f"{self._place}: kubectl's answer is no object")
        return found

    def _run(self, *arguments: str) -> bytes:
        return run(Command((*self._start, *arguments)), self._options.timeout, self._place, feed=b"")


def read_status(data: bytes, name: str) -> dict[str, Any]:
    """An agent's status.

    Raises:
        SourceError: it is no JSON object, or not a status.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: not JSON", "Give what `cilium-dbg status -o json` prints.") from error
    if not isinstance(found, dict) or "cilium" not in found:
        raise SourceError(f"{name}: not an agent's status", "Give what `cilium-dbg status -o json` prints.")
    return found


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _agent(item: Mapping[str, Any]) -> Agent:
    meta, spec, status = (_map(item.get(k)) for k in ("metadata", "spec", "status"))
    name = str(meta.get("name", ""))
    if not _NAME.fullmatch(name):
        raise SourceError(f"a pod is called {name[:60]!r}, which no pod is")
    ours, said = (
        next((c for c in map(_map, _list(rows)) if c.get("name") == _AGENT), {})
        for rows in (spec.get("containers"), status.get("containerStatuses"))
    )
    started = _map(_map(said.get("state")).get("running")).get("startedAt")
    return Agent(str(spec.get("nodeName") or ""), name, str(ours.get("image") or ""), str(started or ""))
