"""The options of a run that the commands of its report keep, so that they ask about the same kernel."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.bounds import DECOMPRESSED_MIB, GUEST_SECONDS

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions

Words = tuple[tuple[str, ...], ...]


def kept(
    options: "SourceOptions", *, cilium: str = "", kernel_tree: str = "", profile: Sequence[str] = (),
    profile_dir: Sequence[Path] = (), baseline: Path | None = None, waivers: Sequence[Path] = (), today: str = "",
    strict: bool = False,
) -> Words:  # fmt: skip
    """Each option that was given, with its value; an address is left out, for it may hold a password."""
    from kina_audit.sources.local.stdin import STDIN, shown

    found: list[tuple[str, str]] = [
        *(("--profile", name) for name in profile),
        *(("--profile-dir", str(path)) for path in profile_dir),
        ("--cilium", cilium if cilium != "none" else ""),
        ("--kernel-tree", kernel_tree),
        ("--target-kernel", options.target_kernel),
        ("--arch", options.stated_arch),
        *(("-F", STDIN if name == shown(STDIN) else name) for name, _ in options.fragments),
        ("--toolchain", options.toolchain),
        ("--max-decompressed", _unless(options.max_decompressed, DECOMPRESSED_MIB)),
        ("--baseline", str(baseline or "")),
        *(("--waivers", str(path)) for path in waivers),
        ("--today", today),
        ("--timeout", _unless(options.timeout, GUEST_SECONDS)),
    ]
    flags = {
        "--built": options.built, "--offline": options.offline, "--refresh": options.refresh,
        "--strict": strict,
        "--no-fallback": not options.fallback, "--allow-http": options.allow_http,
    }  # fmt: skip
    words = [(name, value) for name, value in found if value and "://" not in value]
    return (*words, *((name,) for name, on in flags.items() if on))


def _unless(value: float, default: float) -> str:
    return "" if value == default else f"{value:g}"
