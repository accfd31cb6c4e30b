"""The command that reaches each kind of guest or node. Every one runs ``sh``, which reads `script.SCRIPT` from its input."""

import re

from kina_audit.base.datatype import datatype
from kina_audit.errors import UsageError

SHELL = "sh"
IMAGE = "docker.io/library/busybox:stable"
"""The image that is run when none is named: a shell and little else, 2 MB."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:/+-]{0,254}")
_HOST = re.compile(
    r"(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}@)?"
    r"(?:(?P<host>[A-Za-z0-9][A-Za-z0-9._-]{0,253})|\[(?P<address>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\])"
    r"(?::(?P<port>\d{1,5}))?"
)


@datatype
class Command:
    """What to run.

    Attributes:
        arguments: the program and its arguments; names are whole arguments, never part of a shell's text.
        leaves: what it leaves behind, as a sentence, or an empty string.
    """

    arguments: tuple[str, ...]
    leaves: str = ""


def command_for(transport: str, guest: str) -> Command:
    """The command for ``transport:guest``.

    Args:
        transport: ``container``, ``docker``, ``podman``, ``ssh`` or ``kubectl``.
        guest: for the container tools an image (it has a ``/`` or a ``:``), a container's name or id, or nothing; a host;
            a node's name, or ``pod/NAMESPACE/NAME``.

    Raises:
        UsageError: a name is missing, or is none.
    """
    if transport == "ssh":
        return _ssh(guest)
    if transport == "kubectl":
        return _kubectl(guest)
    if guest and not _NAME.fullmatch(guest):
        raise UsageError(f"{transport}:{guest}: no image and no container has such a name", f"For example {transport}:")
    if guest and not re.search("[/:]", guest):
        return Command((transport, "exec", "-i", guest, SHELL))
    network = () if transport == "container" else ("--network", "none")
    return Command((transport, "run", "--rm", "-i", *network, guest or IMAGE, SHELL))


def _ssh(guest: str) -> Command:
    match = _HOST.fullmatch(guest)
    if match is None:
        raise UsageError(f"ssh:{guest}: no host name", "For example ssh:node1 or ssh:admin@node1:2222.")
    # ssh takes an IPv6 address without the brackets that keep it apart from a port here.
    host = (match["user"] or "") + (match["host"] or match["address"])
    port = ("-p", match["port"]) if match["port"] else ()
    return Command(("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", *port, "--", host, SHELL))


def _kubectl(guest: str) -> Command:
    if not _NAME.fullmatch(guest) or ":" in guest or ("/" in guest and not guest.startswith("pod/")):
        raise UsageError(
            f"kubectl:{guest}: no node's name", "For example kubectl:node1, or kubectl:pod/NAMESPACE/NAME."
        )
    if guest.startswith("pod/"):
        _, namespace, *name = guest.split("/")
        if len(name) != 1 or not namespace or not name[0]:
            raise UsageError(
                f"kubectl:{guest}: expected pod/NAMESPACE/NAME", "For example kubectl:pod/kube-system/cilium-x1."
            )
        return Command(("kubectl", "exec", "-i", "--namespace", namespace, f"pod/{name[0]}", "--", SHELL))
    return Command(
        ("kubectl", "debug", f"node/{guest}", "-i", "--quiet", f"--image={IMAGE}", "--profile=general", "--", SHELL),
        leaves=f"kubectl leaves a finished pod node-debugger-{guest}-...; `kubectl get pods` shows it, `kubectl delete pod` "
        "removes it",
    )
