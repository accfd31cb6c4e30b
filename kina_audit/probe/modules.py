"""Which probes would make the kernel load a module."""

import re
from collections.abc import Sequence

from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Expression
from kina_audit.probe.catalogue import every_probe
from kina_audit.probe.surroundings import loaded_modules

_PREFIXES = (
    ("NETFILTER_XT_MATCH_", "xt_"), ("NETFILTER_XT_TARGET_", "xt_"), ("NETFILTER_XT_", "xt_"), ("NETFILTER_", "nf"),
    ("NET_SCH_", "sch_"), ("NET_CLS_", "cls_"), ("NET_ACT_", "act_"), ("NET_", ""), ("IP_NF_", "iptable_"),
    ("IP6_NF_", "ip6table_"), ("", ""),
)  # fmt: skip
"""How modules are called after their symbols, in most of net/; a wrong guess only leaves a probe out."""


def held_back(names: Sequence[str], config: KernelConfig) -> dict[str, str]:
    """The probes that rest on a module which is not loaded, and why each is left out."""
    known = every_probe()
    loaded = {m.replace("-", "_").lower() for m in loaded_modules()}
    found = {}
    for name in names:
        for symbol in Expression.parse(known[name].expr).symbols:
            value = config.fact(symbol).value
            if value in ("y", "n") or (value is not None and value != "m"):
                continue
            if not _loaded(symbol, loaded):
                what = "is a module that is not loaded" if value == "m" else "may be a module, and no config tells"
                found[name] = f"CONFIG_{symbol} {what}, and --no-new-modules was given"
                break
    return found


def _loaded(symbol: str, loaded: set[str]) -> bool:
    guesses = {into + symbol[len(prefix) :] for prefix, into in _PREFIXES if symbol.startswith(prefix)}
    return any(re.sub(r"\W", "_", g).lower() in loaded for g in guesses)
