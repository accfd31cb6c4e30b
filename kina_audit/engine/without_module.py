"""What to do about a symbol that is m, and whose module cannot be relied on."""

from collections.abc import Sequence

from kina_audit.kernel.config import WITHOUT_MODULE, SymbolFact, SymbolState

_INSTALL = (
    "Install the package with the kernel's module files (Debian linux-image-RELEASE or linux-modules-RELEASE, Ubuntu "
    "linux-modules-extra-RELEASE, RHEL and Fedora kernel-modules-extra, Raspberry Pi OS the kernel's own)"
)
_UNBLOCK = "Take away what keeps the module from being loaded, and load it"
_LOAD = "Have the module loaded at boot, by /etc/modules-load.d (Talos: machine.kernel.modules)"
_WAYS = {SymbolState.MISSING: _INSTALL, SymbolState.BLOCKED: _UNBLOCK, SymbolState.UNLOADED: _LOAD}
_SAID = 3


def fixed(fix: str, facts: Sequence[SymbolFact]) -> str:
    """A requirement's fix, made about modules where symbols are m and their modules are what is missing.

    Args:
        fix: what the requirement says to do about its symbols.
        facts: the symbols of its condition.
    """
    ways = {_WAYS[f.state]: None for f in facts if f.state in WITHOUT_MODULE}
    if not ways:
        return fix
    told = " ".join(f"{way}." for way in ways)
    return f"{told} {fix}" if any(f.value == "n" for f in facts) else told


def because(facts: Sequence[SymbolFact]) -> list[str]:
    """A sentence for each module that cannot be relied on, and how many more there are."""
    notes = list(dict.fromkeys(f"CONFIG_{f.name}=m, and {f.note}" for f in facts if f.state in WITHOUT_MODULE))
    more = len(notes) - _SAID
    return [*notes[:_SAID], f"{more} more likewise"] if more > 0 else notes
