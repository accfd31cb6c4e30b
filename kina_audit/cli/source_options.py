"""The options that commands share; those of every command that reads a kernel make its `SourceOptions`."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kina_audit.base.bounds import DECOMPRESSED_MIB, GUEST_SECONDS
from kina_audit.cli import terminal
from kina_audit.cli.help import ASKED, OUTPUT, READING, TREE
from kina_audit.cli.mix_ups import refuse_profiles

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions

SOURCE_HELP = (
    "A config, kernel image, package or archive (ARCHIVE!MEMBER), folder, - for stdin, running, installed, apple[@REF], "
    "recorded:NAME, container:, docker:, podman:, ssh:HOST, kubectl:NODE, REV:PATH (of git) or https://..."
)

Source = Annotated[str, typer.Argument(help=SOURCE_HELP)]
Sources = Annotated[
    list[str] | None, typer.Argument(metavar="[SOURCE]...", help=f"[apple] {SOURCE_HELP}", show_default=False)
]
Arch = Annotated[
    str,
    typer.Option(
        "--arch",
        help="Architecture of a config that does not tell; which of Apple's configs or kernels. [arm64]",
        rich_help_panel=READING,
    ),
]
TargetKernel = Annotated[
    str,
    typer.Option(
        "--target-kernel", metavar="VERSION", help="The kernel version built from the config.", rich_help_panel=READING
    ),
]
Built = Annotated[
    bool,
    typer.Option(
        "--built",
        envvar="KINA_AUDIT_BUILT",
        help="The config is a kernel's own, copied from it: the truth, not olddefconfig's input.",
        rich_help_panel=READING,
    ),
]
Toolchain = Annotated[
    str,
    typer.Option(
        "--toolchain",
        metavar="NAME",
        help="What it is built with: gcc-12, clang-18, gcc-14,pahole=1.27, or cc:PROGRAM to ask it.",
        rich_help_panel=TREE,
    ),
]
Fragments = Annotated[
    list[Path] | None,
    typer.Option(
        "--fragment",
        "-F",
        help="Merge this fragment (- for stdin) first, as merge_config.sh does; repeatable.",
        rich_help_panel=READING,
    ),
]
Offline = Annotated[
    bool,
    typer.Option("--offline", envvar="KINA_AUDIT_OFFLINE", help="Never touch the network.", rich_help_panel=READING),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ignore what is cached.", rich_help_panel=READING)]
NoFallback = Annotated[
    bool,
    typer.Option(
        "--no-fallback", help="Fail rather than use the recorded kernel without a network.", rich_help_panel=READING
    ),
]
AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Accept http:// addresses.", rich_help_panel=READING)]
MaxDecompressed = Annotated[
    int,
    typer.Option(
        "--max-decompressed",
        metavar="MIB",
        min=1,
        help="What an image or a layer of it may expand to.",
        rich_help_panel=READING,
    ),
]
LONGEST = 86400
"""Seconds: no wait is longer than a day."""


def a_number(value: float) -> float:
    """Refuse ``nan``, which no range keeps out.

    Raises:
        typer.BadParameter: it is none.
    """
    if value != value:  # noqa: PLR0124  (nan is the one that differs from itself)
        raise typer.BadParameter("nan is no number of seconds")
    return value


Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=1,
        max=LONGEST,
        callback=a_number,
        help="How long a guest, a node or a server may take.",
        rich_help_panel=READING,
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Show more: findings that pass, commands that are run.", rich_help_panel=OUTPUT
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.", rich_help_panel=OUTPUT)
]
Cilium = Annotated[
    str,
    typer.Option(
        "--cilium", metavar="RELEASE", help="Cilium release, e.g. 1.18 or 1.20.2. [newest known]", rich_help_panel=ASKED
    ),
]
CiliumOrNone = Annotated[
    str,
    typer.Option(
        "--cilium",
        metavar="RELEASE",
        help="Cilium release, e.g. 1.18; none: no mode. [newest known]",
        rich_help_panel=ASKED,
    ),
]
TextOrJson = Annotated[
    str, typer.Option("--format", "-f", metavar="text|json", help="To stdout.", rich_help_panel=OUTPUT)
]
TableOrJson = Annotated[
    str, typer.Option("--format", "-f", metavar="table|json", help="To stdout.", rich_help_panel=OUTPUT)
]
TableJsonOrMarkdown = Annotated[
    str, typer.Option("--format", "-f", metavar="table|json|markdown", help="To stdout.", rich_help_panel=OUTPUT)
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FORMAT=PATH",
        help="Also write this format there; repeatable.",
        rich_help_panel=OUTPUT,
    ),
]
Color = Annotated[
    str,
    typer.Option("--color", metavar="auto|always|never", help="Whether stdout is coloured.", rich_help_panel=OUTPUT),
]


def source_options(
    *,
    arch: Arch = "",
    target_kernel: TargetKernel = "",
    fragment: Fragments = None,
    toolchain: Toolchain = "",
    built: Built = False,
    offline: Offline = False,
    refresh: Refresh = False,
    no_fallback: NoFallback = False,
    allow_http: AllowHttp = False,
    max_decompressed: MaxDecompressed = DECOMPRESSED_MIB,
    timeout: Timeout = GUEST_SECONDS,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> "SourceOptions":
    """What the command line says about reading sources.

    Raises:
        UsageError: an unknown architecture.
    """
    from kina_audit.kernel.architecture import kconfig_arch
    from kina_audit.sources.options import PROJECT_ARCHES, SourceOptions

    stated = kconfig_arch(arch) if arch else ""
    options = SourceOptions(
        arch=stated if stated in PROJECT_ARCHES else PROJECT_ARCHES[0],
        stated_arch=stated,
        target_kernel=target_kernel,
        fragments=tuple(_fragments(fragment)) if fragment else (),
        toolchain=toolchain,
        built=built,
        offline=offline,
        refresh=refresh,
        fallback=not no_fallback,
        allow_http=allow_http,
        max_decompressed=max_decompressed,
        timeout=timeout,
        verbose=verbose and not quiet,
        say=(lambda _: None) if quiet else terminal.say,
        progress=(lambda _: None) if quiet else terminal.progress,
    )
    refuse_built(options, options.fragments)
    return options


def _fragments(paths: list[Path]) -> list[tuple[str, str]]:
    from kina_audit.cli.tree_options import read_fragments

    return read_fragments(paths, "")


def refuse_built(options: "SourceOptions", fragments: "Sequence[tuple[str, str]]") -> None:
    """Stop at ``--built`` beside what makes another kernel of the config.

    Raises:
        UsageError: fragments are to be merged into it.
    """
    if options.built and fragments:
        from kina_audit.errors import UsageError

        raise UsageError(
            "--built with --fragment: with a fragment merged into it, a config is the input of a build, and no kernel's own",
            "Leave one of them out.",
        )


def refuse_stdin_twice(sources: "Sequence[str]", fragments: "Sequence[Path]") -> None:
    """Stop where a kernel and a fragment, or two fragments, would be read from one stdin.

    Raises:
        UsageError: they would.
    """
    if [*sources, *map(str, fragments)].count("-") > 1:
        from kina_audit.errors import UsageError

        raise UsageError("more than one of the kernel and the fragments is -", "Give the others as files.")


def reads_sources(*without: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of `source_options`, where its parameter ``options`` stands.

    The command gets the `SourceOptions` they make; one that wants an option's own value, too, has a parameter of that
    name.

    Args:
        without: names of options that the command does not have.
    """
    shared = {n: p for n, p in signature(source_options).parameters.items() if n not in without}

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = signature(command).parameters
        merged: list[Parameter] = []
        for name, parameter in own.items():
            added = [p for n, p in shared.items() if n not in own] if name == "options" else [parameter]
            merged += [p.replace(kind=Parameter.KEYWORD_ONLY) for p in added]

        @wraps(command)
        def run(**values: Any) -> int:
            sources = values.get("source") or values.get("sources") or []
            named_ones = [sources] if isinstance(sources, str) else sources
            refuse_stdin_twice(named_ones, values.get("fragment") or [])
            if "profile" in own:
                refuse_profiles(command.__name__, named_ones, values.get("profile") or [])
            named = {n: values[n] if n in own else values.pop(n) for n in shared}
            return command(**values, options=source_options(**named))

        # What typer reads.
        run.__signature__ = Signature(merged, return_annotation=int)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in merged}
        return run

    return decorate


def release(text: str) -> str | None:
    """What `kina_audit.api.audit` takes for ``--cilium``: None, and so no recommendation, for ``none``."""
    return None if text == "none" else text


def one_of(allowed: Iterable[str], text: str, option: str) -> str:
    """``text``, if it is one of the words an option takes.

    Raises:
        UsageError: it is not.
    """
    from kina_audit.base.near import near
    from kina_audit.errors import UsageError

    choices = list(allowed)
    if text not in choices:
        raise UsageError(f"{option} {text}: not one of {', '.join(choices)}{near(text, choices)}")
    return text
