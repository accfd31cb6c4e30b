"""What would have to be set for a better mode: searched for, then confirmed by evaluating again."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from kina_audit.cilium.ladder import AGENT, LOOKED_AT, Results, above, finding, stand
from kina_audit.cilium.model import Mode, Unlock
from kina_audit.cilium.release import Release
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Node
from kina_audit.packaged import data_file, toml_document
from kina_audit.profiles.model import Level

Choice = frozenset[str]
_MOST = 64
"""How many ways to satisfy one condition are looked at; conditions have a handful."""


def next_mode(kernel: KernelConfig, results: Results, release: Release, mode: Mode) -> Unlock | None:
    """The nearest better mode that setting symbols reaches, with the symbols; None when there is none."""
    for better in above(mode):
        unmet = wanted(results, better)
        chosen = _choose(unmet, kernel)
        if chosen is None:
            continue
        for trial in (_trimmed(chosen, kernel, results, release, better), chosen):
            reached = _mode_with(trial, kernel, results, release)
            if trial and reached in (better, *above(better)):
                return Unlock(reached, tuple(f"CONFIG_{s}=y" for s in visible(trial, kernel)), _because(trial, kernel))
    return None


def wanted(results: Results, mode: Mode) -> list[Finding]:
    """The unmet findings that stand between a kernel and a mode, in the order the agent would meet them."""
    rows = _required(results, "cilium-agent")
    if mode is not Mode.MINIMAL:
        rows += [*_required(results, "cilium-l7-proxy"), finding(results, AGENT, "perf-events")]
    if mode in (Mode.COMPAT, Mode.HYBRID):
        rows += _required(results, "cilium-iptables-masquerade")
    if mode in (Mode.HYBRID, Mode.EBPF_VETH, Mode.FULL_EBPF):
        rows.append(finding(results, AGENT, "btf"))
    if mode is Mode.FULL_EBPF:
        rows += _required(results, "cilium-hubble")
        rows.append(finding(results, "cilium-kube-proxy-replacement", "socket-termination"))
    return [f for f in rows if f.status not in (Status.PASS, Status.SKIP)]


def _required(results: Results, profile: str) -> list[Finding]:
    return [f for f in results[profile].findings if f.level is Level.REQUIRED]


def ways(node: Node, kernel: KernelConfig) -> list[Choice]:
    """The sets of symbols that, set to y, make a condition true; fewest first. Comparisons are left alone."""
    kind = node[0]
    if kind == "sym":
        name = str(node[1])
        value = kernel.fact(name).value
        if value in ("y", "m"):
            return [frozenset()]
        return [frozenset((name,))] if _settable(name, kernel) else []
    if kind in ("&&", "||"):
        left, right = (ways(n, kernel) for n in node[1:])  # type: ignore[arg-type]
        found = {a | b for a in left for b in right} if kind == "&&" else {*left, *right}
        return sorted(found, key=lambda c: (len(c), sorted(c)))[:_MOST]
    return []


def _settable(symbol: str, kernel: KernelConfig) -> bool:
    """Whether an assignment turns a symbol on; one without a prompt follows others, which may all be on in vain."""
    if symbol in _unsettable():
        return False
    others = _how().get(symbol, {"set": [symbol]})["set"]
    return symbol in others or any(kernel.fact(o).value not in ("y", "m") for o in others)


def assignments(item: Finding, kernel: KernelConfig) -> tuple[str, ...]:
    """The fewest visible symbols that satisfy a finding's condition, as ``CONFIG_X=y``; empty when none is known."""
    found = ways(item.expr.node, kernel)
    return tuple(f"CONFIG_{s}=y" for s in visible(found[0], kernel)) if found else ()


def _choose(rows: Iterable[Finding], kernel: KernelConfig) -> list[str] | None:
    chosen: dict[str, None] = {}
    for row in rows:
        found = ways(row.expr.node, kernel)
        if not found:
            return None
        best = min(found, key=lambda c: (len(c - chosen.keys()), sorted(c)))
        chosen.update(dict.fromkeys(sorted(best)))
    return list(chosen)


def _trimmed(chosen: list[str], kernel: KernelConfig, results: Results, release: Release, mode: Mode) -> list[str]:
    """``chosen`` without the symbols that the mode is reached without."""
    kept = list(chosen)
    for symbol in reversed(chosen):
        without = [s for s in kept if s != symbol]
        if _mode_with(without, kernel, results, release) in (mode, *above(mode)):
            kept = without
    return kept


def _mode_with(symbols: Iterable[str], kernel: KernelConfig, results: Results, release: Release) -> Mode:
    changed = with_symbols(kernel, symbols)
    evaluator = Evaluator(changed)
    again = {name: evaluator.profile(results[name].profile) for name in LOOKED_AT}
    return stand(again, release, kernel.target)[0]


def with_symbols(kernel: KernelConfig, symbols: Iterable[str]) -> KernelConfig:
    """A copy of a kernel's configuration with more symbols set to y."""
    names = set(symbols)
    return replace(
        kernel,
        raw={**kernel.raw, **dict.fromkeys(names, "y")},
        predicted={s: f for s, f in kernel.predicted.items() if s not in names},
    )


def visible(symbols: Iterable[str], kernel: KernelConfig) -> list[str]:
    """Symbols a person can set: promptless ones replaced by what turns them on, and what they need added."""
    shown: dict[str, None] = {}
    for symbol in symbols:
        for name in _how().get(symbol, {"set": [symbol]})["set"]:
            if kernel.fact(name).value not in ("y", "m"):
                shown[name] = None
    return list(shown)


def _because(symbols: Iterable[str], kernel: KernelConfig) -> str:
    hidden = [s for s in symbols if s in _how() and s not in _how()[s]["set"]]
    text = f"They turn CONFIG_{' and CONFIG_'.join(hidden)} on, which cannot be set by hand. " if hidden else ""
    notes = [str(_how()[s]["note"]) for s in symbols if s in _how() and "note" in _how()[s]]
    if (
        kernel.target is not None
        and "BPF_JIT" in symbols
        and kernel.target.triple < (6, 10, 0)
        and not kernel.has_modules
    ):
        notes.append("Before Linux 6.10 CONFIG_BPF_JIT also needs CONFIG_MODULES=y.")
    return (text + " ".join(notes)).strip() or "With them set, the audit reaches this mode."


@cache
def _how() -> dict[str, dict[str, Any]]:
    return {e["symbol"]: e for e in toml_document(data_file("symbols.toml")).get("turn_on", ())}


@cache
def _unsettable() -> frozenset[str]:
    return frozenset(toml_document(data_file("symbols.toml")).get("unsettable", ()))
