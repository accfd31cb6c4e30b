"""The options that commands share; those of every command that reads a kernel make its `SourceOptions`."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from kina_audit.base.bounds import DECOMPRESSED_MIB, GUEST_SECONDS
from kina_audit.cli import terminal
from kina_audit.cli.help import ASKED, OUTPUT, READING, TREE
from kina_audit.cli.mix_ups import refuse_profiles
from kina_audit.cli.parameters import Argument, Parameter, option, parameters_of

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions

SOURCE_HELP = (
    "A config, kernel image, package or archive (ARCHIVE!MEMBER), folder, - for stdin, running, installed, apple[@REF], "
    "recorded:NAME, container:, docker:, podman:, ssh:HOST, kubectl:NODE, REV:PATH (of git) or https://..."
)

Source = Annotated[str, Argument(help=SOURCE_HELP)]
Sources = Annotated[
    list[str] | None, Argument(metavar="[SOURCE]...", help=f"[apple] {SOURCE_HELP}", show_default=False)
]
Arch = Annotated[
    str,
    option(
        "--arch",
        help="Architecture of a config that does not tell; which of Apple's configs or kernels. [arm64]",
        group=READING,
    ),
]
TargetKernel = Annotated[
    str,
    option("--target-kernel", metavar="VERSION", help="The kernel version built from the config.", group=READING),
]
Built = Annotated[
    bool,
    option(
        "--built",
        envvar="KINA_AUDIT_BUILT",
        help="The config is a kernel's own, copied from it: the truth, not olddefconfig's input.",
        group=READING,
    ),
]
Toolchain = Annotated[
    str,
    option(
        "--toolchain",
        metavar="NAME",
        help="What it is built with: gcc-12, clang-18, gcc-14,pahole=1.27, or cc:PROGRAM to ask it.",
        group=TREE,
    ),
]
Fragments = Annotated[
    list[Path] | None,
    option(
        "--fragment",
        "-F",
        help="Merge this fragment (- for stdin) first, as merge_config.sh does; repeatable.",
        group=READING,
    ),
]
Offline = Annotated[
    bool,
    option("--offline", envvar="KINA_AUDIT_OFFLINE", help="Never touch the network.", group=READING),
]
Refresh = Annotated[bool, option("--refresh", help="Ignore what is cached.", group=READING)]
NoFallback = Annotated[
    bool,
    option("--no-fallback", help="Fail rather than use the recorded kernel without a network.", group=READING),
]
AllowHttp = Annotated[bool, option("--allow-http", help="Accept http:// addresses.", group=READING)]
MaxDecompressed = Annotated[
    int,
    option(
        "--max-decompressed",
        metavar="MIB",
        least=1,
        help="What an image or a layer of it may expand to.",
        group=READING,
    ),
]
LONGEST = 86400
"""Seconds: no wait is longer than a day."""


def a_number(value: float) -> float:
    """Refuse ``nan``, which no range keeps out.

    Raises:
        click.BadParameter: it is none.
    """
    if value != value:  # noqa: PLR0124  (nan is the one that differs from itself)
        raise click.BadParameter("nan is no number of seconds")
    return value


Timeout = Annotated[
    float,
    option(
        "--timeout",
        metavar="SECONDS",
        least=1,
        most=LONGEST,
        checked=a_number,
        help="How long a guest, a node or a server may take.",
        group=READING,
    ),
]
Verbose = Annotated[
    bool,
    option("--verbose", "-v", help="Show more: findings that pass, commands that are run.", group=OUTPUT),
]
Quiet = Annotated[bool, option("--quiet", "-q", help="No progress and no notes on stderr.", group=OUTPUT)]
Cilium = Annotated[
    str,
    option("--cilium", metavar="RELEASE", help="Cilium release, e.g. 1.18 or 1.20.2. [newest known]", group=ASKED),
]
CiliumOrNone = Annotated[
    str,
    option(
        "--cilium",
        metavar="RELEASE",
        help="Cilium release, e.g. 1.18; none: no mode. [newest known]",
        group=ASKED,
    ),
]
TextOrJson = Annotated[str, option("--format", "-f", metavar="text|json", help="To stdout.", group=OUTPUT)]
TableOrJson = Annotated[str, option("--format", "-f", metavar="table|json", help="To stdout.", group=OUTPUT)]
TableJsonOrMarkdown = Annotated[
    str, option("--format", "-f", metavar="table|json|markdown", help="To stdout.", group=OUTPUT)
]
Outputs = Annotated[
    list[str] | None,
    option(
        "--output",
        "-o",
        metavar="FORMAT=PATH",
        help="Also write this format there; repeatable.",
        group=OUTPUT,
    ),
]
Color = Annotated[
    str,
    option("--color", metavar="auto|always|never", help="Whether stdout is coloured.", group=OUTPUT),
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
    from kina_audit.sources.options import PROJECT_ARCHES, SourceOptions

    stated = ""
    if arch:
        from kina_audit.kernel.architecture import kconfig_arch

        stated = kconfig_arch(arch)
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
    shared = {p.name: p for p in parameters_of(source_options) if p.name not in without}

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = {p.name: p for p in parameters_of(command)}
        merged: list[Parameter] = []
        for name, parameter in own.items():
            merged += [p for n, p in shared.items() if n not in own] if name == "options" else [parameter]

        @wraps(command)
        def run(**values: Any) -> int:
            sources = values.get("source") or values.get("sources") or []
            named_ones = [sources] if isinstance(sources, str) else sources
            refuse_stdin_twice(named_ones, values.get("fragment") or [])
            if "profile" in own:
                refuse_profiles(command.__name__, named_ones, values.get("profile") or [])
            named = {n: values[n] if n in own else values.pop(n) for n in shared}
            return command(**values, options=source_options(**named))

        # What makes the command.
        run.parameters = merged  # type: ignore[attr-defined]
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
