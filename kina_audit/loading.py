"""A kernel as it was read becomes the one that is audited: fragments are merged into it, and its line tells what that is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.errors import UsageError
from kina_audit.kconfig.carry import carry
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import Origin
from kina_audit.kernel.provenance import Kernel

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions


def as_read(source: str, options: "SourceOptions") -> Kernel:
    """A kernel as its source gives it; `as_checked` tells what it becomes.

    Raises:
        SourceError: the configuration could not be obtained or read.
    """
    from kina_audit.sources import open_source

    kernel = open_source(source, options)
    return not_built(kernel, options) if options.built and kernel.config.origin is Origin.INPUT else kernel


def as_checked(kernel: Kernel, fragments: "Sequence[tuple[str, str]]", options: "SourceOptions") -> Kernel:
    """A kernel with fragments merged into its config, and what that becomes.

    Args:
        kernel: as a source gives it.
        fragments: (name, text) of each.
        options: the toolchain.

    Raises:
        UsageError: an unknown toolchain.
    """
    tools: str | Toolchain = ""
    if options.toolchain:
        from kina_audit.sources.tree.toolchain import named_toolchain

        tools = named_toolchain(options.toolchain, options)
    carried = carry(kernel.config, tools)
    if not fragments:
        return replace(kernel, config=carried)
    from kina_audit.kconfig.survived import lost_lines
    from kina_audit.kernel.merge import merged

    names = ", ".join(name for name, _ in fragments)
    # Whether the base was cut, its line may have told.
    config = merged(carried, fragments, f"{kernel.provenance.source} with {names}")
    if carried.is_vendors:
        # What its own Kconfig made of the rest is not undone by a fragment.
        config = replace(config, base=carried)
    config = carry(config, tools)
    lost = lost_lines(kernel.config, fragments, config)
    for line in lost:
        options.say(f"warning: {line}")
    notes = (*kernel.provenance.notes, f"with {names} merged into it", *lost)
    # What a kernel shows while it runs is of that kernel, and not of the one that would be built.
    given = tuple([name for name, _ in fragments])
    origin = replace(kernel.provenance, notes=notes, observed=None, fragments=(*kernel.provenance.fragments, *given))
    return Kernel(config, origin, kernel.config_bytes)


def not_built(kernel: Kernel, options: "SourceOptions") -> Kernel:
    """A kernel of which ``--built`` says what cannot be.

    Raises:
        UsageError: it is to be judged as another version than the one that its file is of.
    """
    origin, config = kernel.provenance, kernel.config
    if options.target_kernel and origin.target_from == "--target-kernel":
        raise UsageError(
            f"--built with --target-kernel {options.target_kernel}: the config is of Linux {config.header.version or '?'}, "
            "and what another version makes of it is no kernel's own config",
            "Leave one of them out.",
        )
    why = "it is what a kernel is built from"
    if origin.target_from:
        why += f": {config.target} ({origin.target_from})"
    note = f"--built is not used: {why}"
    options.say(f"{origin.location}: {note}")
    return replace(kernel, provenance=replace(origin, notes=(*origin.notes, note)))
