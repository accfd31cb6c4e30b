"""What to say when a kernel image does not hold its config: which kernel it is, and where its config usually is."""

import re

from kina_audit.errors import NoIkconfigError

# Release pattern, and where that distribution or project puts the config.
_DEBIAN = r"-(?:cloud-|rt-)?(?:amd64|arm64|686|686-pae|armmp|riscv64|ppc64el|s390x)(?:-unsigned)?$"
_HOMES = (
    # Debian took its packages apart in linux 6.19~rc4-1~exp1 (its changelog): base, binary, modules, and an empty image.
    (
        r"^(?:6\.(?:19|[2-9]\d)|[7-9]\.|\d\d+\.).*" + _DEBIAN,
        "/usr/lib/modules/{release}/config on the machine, or that member of Debian's linux-base-{release} .deb",
    ),
    (
        r"^(?:[2-5]\.|6\.(?:\d|1[0-8])\.).*" + _DEBIAN,
        "/boot/config-{release} on the machine, or that member of Debian's linux-image-{release} .deb",
    ),
    (
        r"-(?:generic|lowlatency|aws|azure|gcp|oracle|raspi|kvm|virtual)(?:-\w+)?$",
        "/boot/config-{release} on the machine, or that member of Ubuntu's linux-modules-{release} .deb",
    ),
    (
        r"\.(?:el|fc|amzn)\d+",
        "/lib/modules/{release}/config on the machine, or that member of the kernel-core .rpm",
    ),
    (
        r"-(?:default|preempt)$",
        "/lib/modules/{release}/config on the machine, or that member of the kernel-default .rpm",
    ),
    (
        r"-(?:arch|zen|lts|hardened)\d*|-MANJARO",
        "/proc/config.gz on the running machine, or usr/lib/modules/{release}/build/.config of its headers package",
    ),
    (r"-(?:linuxkit|orbstack)", "/proc/config.gz in a container there (kina-audit check docker:)"),
    (r"-WSL2", "/proc/config.gz in the running machine"),
)


def no_ikconfig(name: str, kinds: tuple[str, ...], release: str) -> NoIkconfigError:
    """The error for an image that was read to its end and has no config.

    Args:
        name: what the image is called.
        kinds: the layers that were read.
        release: the kernel release found in it, or an empty string.
    """
    layers = ", ".join(kinds)
    inside = f" ({layers})" if layers else ""
    if not release:
        return NoIkconfigError(
            f"{name}{inside}: neither a kernel's config nor a kernel's version string is in it",
            "It may be no kernel image. Give a kernel image, an archive that holds one, or the kernel's .config.",
        )
    places = [place.format(release=release) for pattern, place in _HOMES if re.search(pattern, release)]
    if not places:
        places = [
            f"/boot/config-{release}, /lib/modules/{release}/config or /proc/config.gz on a machine that runs it",
            "the member config-* beside the kernel in the package or archive it came from",
        ]
    return NoIkconfigError(
        f"{name}{inside}: Linux {release} was built without CONFIG_IKCONFIG=y, so the image does not hold its config",
        f"Its config is usually {'; or '.join(places)}.",
        release,
    )
