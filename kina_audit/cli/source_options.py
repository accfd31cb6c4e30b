"""The options of every command that reads a kernel, and the `SourceOptions` they make."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.cli import terminal
from kina_audit.sources.options import COMMAND_TIMEOUT, MOST_DECOMPRESSED

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions

SOURCE_HELP = (
    "A config, kernel image, package or archive (ARCHIVE!MEMBER), folder, - for stdin, running, installed, apple[@REF], "
    "recorded:NAME, container:, docker:, podman:, ssh:HOST, kubectl:NODE or https://..."
)

Source = Annotated[str, typer.Argument(help=f"{SOURCE_HELP} (default: apple).")]
Arch = Annotated[str, typer.Option("--arch", help="arm64 or x86_64: which of Apple's configs, or installed kernels.")]
TargetKernel = Annotated[
    str, typer.Option("--target-kernel", metavar="VERSION", help="The kernel version built from the config.")
]
Offline = Annotated[bool, typer.Option("--offline", envvar="KINA_AUDIT_OFFLINE", help="Never touch the network.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ignore what is cached.")]
NoFallback = Annotated[
    bool, typer.Option("--no-fallback", help="Fail rather than use the recorded kernel without a network.")
]
AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Accept http:// addresses.")]
MaxDecompressed = Annotated[
    int,
    typer.Option("--max-decompressed", metavar="MIB", min=1, help="What an image or a layer of it may expand to."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long a guest or node may take to answer.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show more: findings that pass, commands that are run.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]


def source_options(
    *,
    arch: str = "arm64",
    target_kernel: str = "",
    offline: bool = False,
    refresh: bool = False,
    no_fallback: bool = False,
    allow_http: bool = False,
    max_decompressed: int = MOST_DECOMPRESSED,
    timeout: float = COMMAND_TIMEOUT,
    verbose: bool = False,
    quiet: bool = False,
) -> "SourceOptions":
    """What the command line says about reading sources.

    Raises:
        UsageError: an unknown architecture.
    """
    from kina_audit.sources.options import SourceOptions

    return SourceOptions(
        arch=one_of(("arm64", "x86_64"), arch, "--arch"),
        target_kernel=target_kernel,
        offline=offline,
        refresh=refresh,
        fallback=not no_fallback,
        allow_http=allow_http,
        max_decompressed=max_decompressed,
        timeout=timeout,
        verbose=verbose and not quiet,
        say=(lambda _: None) if quiet else terminal.say,
    )


def one_of(allowed: Iterable[str], text: str, option: str) -> str:
    """``text``, if it is one of the words an option takes.

    Raises:
        UsageError: it is not.
    """
    from kina_audit.errors import UsageError

    choices = list(allowed)
    if text not in choices:
        raise UsageError(f"{option} {text}: not one of {', '.join(choices)}")
    return text
