"""``kina-audit fix``: the smallest fragment that makes a profile pass or a Cilium mode possible."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.json_text import indented
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.mix_ups import refuse_profiles
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.profile_options import FolderOption, chosen
from kina_audit.cli.tree_options import (
    NOTHING,
    FragmentOption,
    KernelTreeOption,
    ProbesOption,
    ToolchainOption,
    opened,
    read_fragments,
    read_kernel,
    refuse_unknown,
    write_or_print,
)

if TYPE_CHECKING:
    from kina_audit.cli.kept_options import Words
    from kina_audit.kconfig.fix import Fix
    from kina_audit.sources.options import SourceOptions

_BUILT = "new.config"
"""What the merged config is called in what is said."""
_RESOLVED = ("--target-kernel", "--arch", "-F", "--toolchain", "--offline", "--refresh")
"""The options that `kina-audit resolve` has, too."""


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(fix, "fix", short_help="Find the smallest fragment that makes a profile or mode pass."))


def fix(
    source: Annotated[str, Argument(help=f"{given.SOURCE_HELP}; none: the empty config.")] = "apple",
    profile: Annotated[
        list[str] | None, option("--profile", "-p", metavar="NAME|PATH", help="Make it pass; repeatable.")
    ] = None,
    profile_dir: FolderOption = None,
    mode: Annotated[str, option("--mode", metavar="MODE", help="Make this Cilium mode possible, e.g. full-ebpf.")] = "",
    cilium: Annotated[str, option("--cilium", metavar="RELEASE", help="Cilium release, with --mode.")] = "",
    recommended: Annotated[bool, option("--recommended", help="Recommended requirements, too.")] = False,
    kernel_tree: KernelTreeOption = "",
    fragment: FragmentOption = None,
    target_kernel: given.TargetKernel = "",
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FRAGMENT", help="Write the fragment there. [stdout]")
    ] = None,
    format_: given.TextOrJson = "text",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    built: given.Built = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Find the smallest fragment that, merged and resolved, makes profiles pass and a Cilium mode possible.

    It is proven before it is shown: merged, resolved with the tree (without one, with the model of the kernel line that
    ships), audited. Where some of it cannot be had, the file of -o gets the rest and says what it lacks.

    Exit status: 0 there is a fragment or nothing is missing, 1 there is none, or not for all of it.
    """
    from kina_audit.base.datatype import replace
    from kina_audit.cilium.agent_profile import PROFILE
    from kina_audit.cilium.model import LADDER
    from kina_audit.cilium.release import find_release
    from kina_audit.cli.kept_options import kept
    from kina_audit.errors import UsageError
    from kina_audit.fixing import assumed_for, fix_mode, fix_profiles
    from kina_audit.kconfig.possible_tools import POSSIBLE_TOOLS
    from kina_audit.kconfig.text import fix_document, fragment_text, nothing_missing
    from kina_audit.loading import as_checked
    from kina_audit.sources.local.stdin import STDIN
    from kina_audit.trees import start_of

    refuse_profiles("fix", [source], profile or [])
    if not profile and not mode:
        raise UsageError("give --profile, --mode or both", "For example --mode full-ebpf.")
    given.one_of(("text", "json"), format_, "--format")
    if mode:
        given.one_of(map(str, LADDER[:-1]), mode, "--mode")
    if cilium and not mode:
        raise UsageError(f"--cilium {cilium} without --mode: profiles ask the same of every release", "Drop it.")
    find_release(cilium)
    fragments = read_fragments(fragment or [], source)
    options = given.source_options(
        arch=arch, target_kernel=target_kernel, toolchain=toolchain, built=built, offline=offline, refresh=refresh,
        quiet=quiet,
    )  # fmt: skip
    given.refuse_built(options, fragments)
    kernel = read_kernel(source, options)
    profiles = chosen(profile, profile_dir)[1] if profile else []
    *also, tree = opened(
        kernel, kernel_tree, toolchain, run_probes=run_probes, options=options, between="what is found has to hold on both",
    )  # fmt: skip
    refuse_unknown([start_of(kernel, t, fragments) for t in (*also, tree)], {name for name, _ in fragments})
    follow = not kernel_tree
    found = (
        fix_mode(
            kernel,
            tree,
            mode,
            cilium=cilium,
            fragments=fragments,
            also=also,
            follow=follow,
            profiles=profiles,
            recommended=recommended,
        )
        if mode
        else fix_profiles(
            kernel, tree, profiles, recommended=recommended, fragments=fragments, also=also, follow=follow
        )
    )
    named = [f"Cilium mode {mode}"] if mode else []
    named += [f"profile{'s' * (len(profiles) > 1)} {', '.join(p.id for p in profiles)}"] if profiles else []
    wanted = " and ".join(named)
    whole = follow and not (found.changes or found.blocked)
    assumed = assumed_for(
        found, profiles, cilium=bool(mode), recommended=recommended,
        checked=as_checked(kernel, fragments, options).config if whole else None,
    )  # fmt: skip
    proven_on = [t.model.version for t in (*also, tree)]
    to_file = output is not None and str(output) != STDIN
    if format_ == "json":
        write_or_print(indented(fix_document(found, assumed, proven_on, kernel.config.cut)), output)
    elif found.changes:
        write_or_print(
            fragment_text(found, f"For {wanted}, by kina-audit fix.", assumed, proven_on, kernel.config.cut), output
        )
        if follow and source != NOTHING and to_file:
            words = kept(
                replace(options, fragments=tuple(fragments), toolchain=toolchain or POSSIBLE_TOOLS[0][1]),
                cilium=cilium, profile=[*(profile or []), *([PROFILE] if mode and profiles else [])], profile_dir=profile_dir or [],
            )  # fmt: skip
            for line in _to_go_on(source, words, str(output), cilium=bool(mode), recommended=recommended):
                options.say(line)
    if found.blocked:
        if format_ != "json":
            _say_blocked(found, wanted, proven_on, output if to_file else None, options, kernel.config.cut)
        return 1
    if not found.changes and format_ != "json":
        terminal.say(nothing_missing(wanted, assumed))
    return 0


def _say_blocked(
    found: "Fix", wanted: str, asked: list[str], output: Path | None, options: "SourceOptions", cut: str
) -> None:
    """Why there is no fragment for all of it, and to the file that was named what can be had."""
    from kina_audit.kconfig.text import blocked_text, fragment_text

    between = len(asked) > 1
    none = any(b.goal.stuck or (b.proven and not between) for b in found.blocked)
    said = f"No fragment gives {wanted}" if none else f"No fragment was found for {wanted}"
    said += f" that holds on Linux {' and '.join(asked)}" if between and not none else ""
    terminal.print_out(f"{said}.\n" + blocked_text(found, terminal.width(), between=between))
    if output is not None and found.partial:
        write_or_print(fragment_text(found, f"For {wanted}, by kina-audit fix.", cut=cut), output)
        options.say(f"{output}: written without {', '.join(b.goal.id for b in found.blocked)}; the audit of it fails")
    elif output is not None:
        options.say(f"{output}: not written, for there is nothing to write")


def _to_go_on(source: str, words: "Words", fragment: str, *, cilium: bool, recommended: bool) -> tuple[str, str]:
    """The commands that audit the kernel with the fragment as it was asked for here, and write the config to build."""
    import shlex

    from kina_audit.render.commands import piped

    # Not over what was read, which may be what these commands wrote before.
    built = _BUILT if os.path.realpath(source) != os.path.realpath(_BUILT) else f"new-{_BUILT}"
    check = ["check", source, *(w for group in words for w in group), "-F", fragment]
    check += [] if cilium else ["--cilium", "none"]
    check += ["--fail-on", "recommended"] if recommended else []
    read = [w for group in words if group[0] in _RESOLVED for w in group]
    resolve = ["resolve", source, *read, "-F", fragment, "-o", built]
    read_from = piped(source, words)
    return (
        f"to check it: kina-audit {shlex.join(check)}{read_from}",
        f"to build with it, the config: kina-audit {shlex.join(resolve)}{read_from}",
    )
