"""A config's text becomes a kernel, of the version that the audit is about."""

from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.base.digest import sha256_hex
from kina_audit.errors import UsageError
from kina_audit.kernel.config import Completeness, KernelConfig, Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion

_LIVE = frozenset(("running", "container", "docker", "podman", "ssh", "kubectl", "installed"))

if TYPE_CHECKING:
    from kina_audit.sources.local.content import Content
    from kina_audit.sources.options import SourceOptions


def aim(config: KernelConfig, provenance: Provenance, target_kernel: str) -> Kernel:
    """A kernel with the user's ``--target-kernel`` applied, if there is one.

    A built kernel's config aimed at another kernel line becomes the input of ``olddefconfig`` there.

    Raises:
        UsageError: ``target_kernel`` is no kernel version.
    """
    if not target_kernel:
        return Kernel(config, provenance)
    try:
        target = KernelVersion.parse(target_kernel)
    except ValueError as error:
        raise UsageError(f"--target-kernel: {error}") from error
    header = config.header.version
    same_line = header is not None and header.triple[:2] == target.triple[:2]
    aimed = config.with_target(target, origin=config.origin if same_line else Origin.INPUT)
    return Kernel(aimed, replace(provenance, target_from="--target-kernel", doubt=""))


def aim_at_release(kernel: Kernel, release: str, target_from: str) -> Kernel:
    """A kernel whose config has no version of its own, aimed at the release that carries it.

    A config's header stays: it names the upstream version, where a distribution's release does not (6.1.0-13 of 6.1.55).
    """
    if kernel.config.target is not None or kernel.config.origin is Origin.INPUT or not release:
        return kernel
    if (version := KernelVersion.found_in(release)) is None:
        return kernel
    return replace(
        kernel,
        config=kernel.config.with_target(version),
        provenance=replace(kernel.provenance, target_from=target_from),
    )


def is_kernels_own(provenance: Provenance) -> bool:
    """Whether a config is where a kernel's own lies, as distributions and the kernel itself put it there."""
    if provenance.kind in _LIVE:
        return True
    match provenance.location.rpartition("!")[2].split("/"):
        # Debian's packages and most others have the first, Fedora's and kernel builders' the second.
        case [*_, "boot", name]:
            return name.startswith("config-") and name != "config-"
        case [*_, "lib", "modules", release, "config"]:
            return release != ""
        case [*_, "proc", "config.gz"]:
            return True
        case _:
            return False


def kernel_of(
    content: "Content", provenance: Provenance, options: "SourceOptions", *, file: Path | None = None
) -> Kernel:
    """A kernel from a config and where it was found, which may be a file of a build's checkout.

    Raises:
        SourceError: no kernel config.
    """
    provenance = replace(
        provenance, found_in=(*provenance.found_in, *content.found_in), kernel_release=content.kernel_release
    )
    image = content.kind == "image"
    return kernel_of_text(content.data, provenance, options, built=image, file=None if image else file)


def kernel_of_text(
    data: bytes, provenance: Provenance, options: "SourceOptions", *, built: bool = False, file: Path | None = None
) -> Kernel:
    """A kernel from the text of its config.

    Args:
        data: the text's bytes.
        provenance: where they are from; its digest is filled in.
        options: its target version.
        built: the kernel itself carries this config, so whatever it does not name is n.
        file: the file it is, beside which a Makefile may say what is built from it.

    Raises:
        SourceError: no kernel config.
    """
    origin = Origin.BUILT if built or options.built or is_kernels_own(provenance) else Origin.INPUT
    config = parse_config(
        data, name=provenance.location, origin=origin, completeness=Completeness.COMPLETE if built else None
    )
    if not built:
        from kina_audit.sources.git.checkout import as_checked_out, makefile_beside

        config, provenance = as_checked_out(config, provenance, data, makefile_beside(file) if file else b"")
    config, provenance = of_architecture(config, provenance, options)
    kernel = aim(config, replace(provenance, sha256=sha256_hex(data)), options.target_kernel)
    kernel = aim_at_release(kernel, provenance.kernel_release, "the image's version string")
    if kernel.provenance.doubt:
        options.say(f"{kernel.provenance.location}: {kernel.provenance.doubt}")
    return replace(kernel, config_bytes=data)


def of_architecture(
    config: KernelConfig, provenance: Provenance, options: "SourceOptions"
) -> tuple[KernelConfig, Provenance]:
    """A config of the architecture that the user states, where it does not tell its own; a contradiction is noted."""
    stated = options.stated_arch
    # A header says x86 for 32 and 64 bits alike.
    unsure = config.arch is None or (config.arch == "x86" and config.raw.get("X86_32") != "y")
    if stated and unsure:
        return replace(config, arch=stated), provenance
    if stated and config.arch != stated and (config.arch, stated) != ("x86", "i386"):
        note = f"the config is of {config.arch}; --arch {stated} is for one that does not tell, and is not used"
        options.say(f"{provenance.location}: {note}")
        return config, replace(provenance, notes=(*provenance.notes, note))
    return config, provenance
