"""What a kernel may be built with, where nobody says or somebody says a part of it."""

from functools import cache

from kina_audit.base.datatype import replace
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import TOOLS_SUCH_AS

POSSIBLE_TOOLS = (
    ("gcc 12 with pahole 1.24", TOOLS_SUCH_AS),
    ("no pahole", "gcc-12,pahole=0,can_link=n"),
    ("an old gcc", "gcc-8,pahole=1.24"),
    ("a new gcc with Rust and pahole 1.30", "gcc-15,pahole=1.30,rustc=1.85,plugins=y"),
    ("clang", "clang-19,pahole=1.30,rustc=1.85"),
)
"""What a kernel may be built with, when nobody says: where these differ, a value is unknown."""


@cache
def tools_named(name: str) -> Toolchain:
    """`Toolchain.parse`, once a name."""
    return Toolchain.parse(name)


def alternatives(tools: Toolchain) -> dict[str, Toolchain]:
    """A named toolchain; with and without a pahole, where nobody said which one there is."""
    if "pahole" in tools.facts:
        return {tools.name: tools}
    versions = {"pahole 1.24": "1.24", "no pahole": "0"}
    return {
        f"{tools.name} and {label}": replace(
            tools, name=f"{tools.name},pahole={version}", facts={**tools.facts, "pahole": version}
        )
        for label, version in versions.items()
    }
