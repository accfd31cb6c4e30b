"""When two configurations are so alike that one audit does for both: the nodes of one pool, a commit that takes another back."""

from hashlib import blake2b

from kina_audit.kernel.config import KernelConfig


def alike(config: KernelConfig) -> tuple[object, ...] | None:
    """Equal for configs of which every audit says the same; None: a record, which has no text."""
    if not config.text:
        return None
    # What is known of the files of its modules; what a resolved one becomes follows from the rest.
    modules = None if config.resolved else frozenset(config.predicted.values())
    return (
        blake2b(config.text.encode("utf-8", "surrogatepass"), digest_size=32).digest(), config.header, config.target,
        config.arch, config.origin, config.completeness, config.cut, config.minimal, config.toolchain, config.untold,
        config.warnings, tuple(sorted(config.live.items())), config.resolved, modules,
    )  # fmt: skip
