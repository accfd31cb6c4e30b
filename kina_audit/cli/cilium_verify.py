"""``kina-audit cilium verify``: what the agents of a cluster run, against what was wanted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument, option

if TYPE_CHECKING:
    from kina_audit.cilium.verify import Verification
    from kina_audit.sources.options import SourceOptions

_KUBECTL = "kubectl:"


@given.reads_sources("refresh", "no_fallback", "allow_http", "max_decompressed", "built", "fragment", "toolchain")
def verify(
    source: Annotated[
        str,
        Argument(
            metavar="[SOURCE]", help="kubectl:CONTEXT (kubectl: is the current one); with --status the node's kernel."
        ),
    ] = _KUBECTL,
    status: Annotated[
        Path | None, option("--status", metavar="FILE", help="A saved `cilium-dbg status -o json`; - for stdin.")
    ] = None,
    config: Annotated[
        str, option("--config", metavar="FILE", help="With --status: the ConfigMap cilium-config, YAML or JSON.")
    ] = "",
    namespace: Annotated[str, option("--namespace", "-n", help="Where Cilium runs.")] = "kube-system",
    cilium: Annotated[
        str,
        option("--cilium", metavar="RELEASE", help="Cilium release. [the agents' image, or the newest known]"),
    ] = "",
    format_: given.TextOrJson = "text",
    *,
    options: "SourceOptions",
) -> int:
    """Hold what the agents say they run against cilium-config, and say why it differs. Reads only.

    Per node: the agent's own status, its BPF programs, and its kernel, by exec in the agent's pod.

    Exit status: 0 everything runs as wanted, 1 something does not, 2 usage, 3 something could not be read.
    """
    from kina_audit.clusters import verify_cluster
    from kina_audit.errors import UsageError
    from kina_audit.render.cilium_verify import as_json, as_text
    from kina_audit.sources.guest.cluster import Cluster

    given.one_of(("text", "json"), format_, "--format")
    if status is not None:
        found = [_saved(status, config, "" if source == _KUBECTL else source, cilium, options)]
    elif config:
        raise UsageError("--config without --status", "In a cluster, cilium-config is read from there.")
    elif not source.startswith(_KUBECTL):
        raise UsageError(f"{source}: not a cluster", "Give kubectl:CONTEXT, or the agent's saved --status.")
    else:
        cluster = Cluster(source.removeprefix(_KUBECTL), namespace, options)
        found = list(verify_cluster(cluster, cilium=cilium))
    terminal.print_out(as_json(found) if format_ == "json" else as_text(found, terminal.width()))
    if any(n.differs for n in found):
        return 1
    return 0 if all(n.as_wanted for n in found) else 3


def _saved(status: Path, config: str, source: str, cilium: str, options: "SourceOptions") -> "Verification":
    from kina_audit.api import load_kernel
    from kina_audit.base.bounds import STATUS_BYTES
    from kina_audit.cli.input_files import read_text
    from kina_audit.clusters import verify_saved
    from kina_audit.errors import SourceError, UsageError
    from kina_audit.sources.cilium_values import CONFIGMAP, read_values
    from kina_audit.sources.guest.cluster import read_status

    if not config:
        raise UsageError(
            "--status without --config",
            "Save cilium-config too: kubectl -n kube-system get configmap cilium-config -o yaml.",
        )
    given_twice = [str(status), config, source].count("-")
    if given_twice > 1:
        raise UsageError("two inputs are stdin", "Give one of them as a file.")
    read = read_values(config)
    if read.kind != CONFIGMAP:
        raise UsageError(f"{config}: Helm values, not the ConfigMap cilium-config", "The agent reads the ConfigMap.")
    try:
        text = read_text(status, STATUS_BYTES, "an agent's status")
    except UsageError as error:
        # It is what is judged, as the ConfigMap is.
        raise SourceError(error.message, error.hint) from error
    told = read_status(text.encode(), str(status))
    kernel = load_kernel(source, options) if source else None
    return verify_saved({key: value for key, value, *_ in read.rows}, told, kernel, cilium=cilium)
