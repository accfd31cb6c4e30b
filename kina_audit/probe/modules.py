"""Which probes would make the kernel load a module."""

from collections.abc import Sequence

from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.modules import files_of
from kina_audit.probe.catalogue import every_probe
from kina_audit.probe.surroundings import loaded_modules


def held_back(names: Sequence[str], config: KernelConfig) -> dict[str, str]:
    """The probes that rest on a module which is not loaded, and why each is left out."""
    known = every_probe()
    loaded = loaded_modules()
    found = {}
    for name in names:
        for symbol in Expression.parse(known[name].expr).symbols:
            value = config.fact(symbol).value
            if value not in (None, "m"):
                continue
            files = files_of(symbol, config) if value == "m" else ()
            if not files or not all(f.replace("-", "_") in loaded for f in files):
                what = "is a module that is not loaded" if value == "m" else "may be a module, and no config tells"
                found[name] = f"CONFIG_{symbol} {what}, and --no-new-modules was given"
                break
    return found
