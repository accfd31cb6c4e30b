"""Lines of a config that set a symbol of no kernel, one slip away from a symbol that is asked for and has no line."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import filterfalse

from kina_audit.base.datatype import replace
from kina_audit.engine.finding import ProfileResult, Status
from kina_audit.kernel.config import ConfigWarning, KernelConfig

_SHORTEST = 5
"""Characters of a name of which one more or less still tells it from others."""
_MOST = 20
_SKIP = Status.SKIP


def with_slips(
    config: KernelConfig, results: Sequence[ProfileResult], since: tuple[int, int], own: Sequence[Collection[str]] = ()
) -> KernelConfig:
    """A config with a warning for each line that most likely means a symbol that profiles ask for.

    Args:
        config: what is audited.
        results: of profiles on it.
        since: the oldest kernel of which every symbol is known.
        own: the symbols of the kernel lines that told about the config, where they are at hand.
    """
    old = config.target is not None and config.target.triple[:2] < since
    strange = [] if old else _strange(config, own)
    if not strange:
        return config
    from kina_audit.engine.slips import may_be_meant

    # Few have anything near a symbol, and which ones findings ask for takes longer to find out than all the rest.
    if not may_be_meant(strange, config.raw, [r.profile for r in results]):
        return config
    odd = _told(config, _asked(results), strange)
    return replace(config, warnings=(*config.warnings, *odd), _lines={}) if odd else config


def _asked(results: Sequence[ProfileResult]) -> Iterator[str]:
    """Each symbol that findings ask for, in the order in which they do so last."""
    # Findings share their condition's symbols, and half of them do; of alternatives the nearest one's count.
    every = [f for r in reversed(results) for f in reversed(r.findings) if f.status is not _SKIP]
    shared = {id(f.expr): [s.name for s in f.symbols] if f.requirement.alternatives else f.expr.symbols for f in every}
    yield from reversed(dict.fromkeys(name for symbols in shared.values() for name in reversed(symbols)))


def misspelt(
    config: KernelConfig, asked: Iterable[str], own: Sequence[Collection[str]] = ()
) -> tuple[ConfigWarning, ...]:
    """A warning for each line that most likely means another symbol, at most `_MOST`.

    Args:
        config: what is audited.
        asked: the symbols that were asked about.
        own: the symbols of the config's own kernel lines: what is not among them is held against every kernel's.
    """
    return _told(config, asked, _strange(config, own))


def _told(config: KernelConfig, asked: Iterable[str], strange: Sequence[str]) -> tuple[ConfigWarning, ...]:
    from kina_audit.engine.slips import is_slip, near, near_asked

    missing: dict[str, str] = {}
    for symbol in asked:
        if symbol not in config.raw and len(symbol) >= _SHORTEST:
            missing.update(dict.fromkeys(near_asked(symbol), symbol))
    found = []
    for name in strange:
        meant = next((missing[n] for n in near(name) if n in missing), None)
        if meant is not None and is_slip(name, meant) and name not in _known_symbols():
            text = f"no kernel that is known here has CONFIG_{name[:80]}; did you mean CONFIG_{meant}?"
            found.append(ConfigWarning(config.line(name) or 0, text))
    return tuple(sorted(found, key=lambda w: (w.line, w.text))[:_MOST])


def _strange(config: KernelConfig, own: Sequence[Collection[str]]) -> list[str]:
    """The names that are turned on and that are no symbols."""
    strange: Iterable[str] = config.raw
    for known in own or (_known_symbols(),):
        strange = filterfalse(known.__contains__, strange)
    return [n for n in strange if config.raw[n] in ("y", "m") and len(n) >= _SHORTEST and not n.startswith("HAVE_")]


def _known_symbols() -> frozenset[str]:
    from kina_audit.profiles.review import known_symbols

    return known_symbols()
