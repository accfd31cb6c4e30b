"""Write a recorded kernel: the symbols of record-symbols.txt, as one or more configs of one kernel have them.

    python scripts/record_kernel.py --facts FACTS.toml CONFIG [CONFIG ...] -o kina_audit/data/records/NAME.toml
    python scripts/record_kernel.py --list --kernel-tree TREE [--kernel-tree TREE] > scripts/record-symbols.txt

CONFIG is a config file, plain or compressed. With several (one kernel's fragments resolved on two trees that bracket its
version), a symbol is recorded only where all agree. FACTS.toml holds everything else a record says (family, project,
ranges, dates, notes); an existing record serves as its own FACTS. --list prints the symbols worth recording: everything a
profile or data/symbols.toml names, and their first-order Kconfig dependencies in the given trees.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kina_audit.kernel.config import KernelConfig, SymbolState  # noqa: E402
from kina_audit.kernel.forecast import rules  # noqa: E402
from kina_audit.profiles.load import ProfileLibrary  # noqa: E402
from kina_audit.sources import open_source  # noqa: E402

SYMBOL_LIST = Path(__file__).with_name("record-symbols.txt")
WORD = re.compile(r"\b[A-Z0-9][A-Z0-9_]*[A-Z][A-Z0-9_]*\b")


def named_symbols() -> set[str]:
    """Every symbol that a profile or the forecast names."""
    names = {s for p in ProfileLibrary() for r in p.requirements for s in r.symbols}
    for rule in rules():
        names.add(rule.symbol)
        names.update(*(e.symbols for e in rule.expressions))
    return names


def first_order(tree: Path, symbols: set[str]) -> set[str]:
    """Symbols in the ``depends on`` and ``select ... if`` lines of the given symbols' definitions."""
    found: set[str] = set()
    for path in tree.rglob("Kconfig*"):
        if not path.is_file():
            continue
        current = ""
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split("#")[0].split()
            if words[:1] and words[0] in ("config", "menuconfig"):
                current = words[1] if len(words) > 1 else ""
            elif current in symbols and words[:2] == ["depends", "on"]:
                found.update(WORD.findall(" ".join(words[2:])))
    return found


def state_of(config: KernelConfig, symbol: str) -> tuple[str, str]:
    """(list a symbol goes to, value)."""
    fact = config.fact(symbol)
    if fact.state is SymbolState.ABSENT or (fact.state is SymbolState.UNKNOWN and symbol not in config.raw):
        return "absent", ""
    if fact.value in ("y", "m"):
        return fact.value, ""
    if fact.value == "n":
        return "not_set", ""
    return "values", config.raw[symbol]


def wrapped(names: list[str]) -> str:
    """Names as lines of at most 120 columns inside a TOML multi-line string."""
    lines, line = [], ""
    for name in names:
        if len(line) + len(name) > 118:
            lines.append(line.rstrip())
            line = ""
        line += name + " "
    return "\n".join([*lines, line.rstrip()]).strip()


def write_record(facts: dict[str, object], configs: list[KernelConfig], target: Path) -> None:
    """Write one record file."""
    states = {}
    for symbol in SYMBOL_LIST.read_text(encoding="utf-8").split():
        # With several trees, facts may name symbols for which only the newest one speaks, and its notes say why.
        voices = configs[-1:] if symbol in str(facts.get("from_newest_tree", "")).split() else configs
        seen = {state_of(c, symbol) for c in voices}
        if {kind for kind, _ in seen} == {"absent", "not_set"}:  # n on every tree, for different reasons
            seen = {("absent", "")}
        if len(seen) == 1:
            states[symbol] = seen.pop()
    out = ["# Written by scripts/record_kernel.py; see docs/records.md."]
    for key, value in facts.items():
        if key in ("symbols", "range"):
            continue
        if isinstance(value, list):
            out.append(f"{key} = [")
            out += [f"    {text(str(item))}," for item in value]
            out.append("]")
        else:
            out.append(f"{key} = {text(str(value))}")
    for table in facts["range"]:  # type: ignore[attr-defined]
        out += ["", "[[range]]", *(f"{key} = {text(value)}" for key, value in table.items())]
    out += ["", "[symbols]"]
    for kind in ("y", "m", "not_set", "absent"):
        names = sorted(s for s, (k, _) in states.items() if k == kind)
        out.append(f'{kind} = """\n{wrapped(names)}"""')
    out += ["", "[symbols.values]"]
    out += [f"{s} = {text(v)}" for s, (k, v) in sorted(states.items()) if k == "values"]
    target.write_text("\n".join(out) + "\n", encoding="utf-8")


def text(value: str) -> str:
    """A TOML string."""
    return "'" + value + "'" if '"' in value else '"' + value + '"'


def main() -> None:
    """Run the command line described above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="*", type=Path)
    parser.add_argument("--facts", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--kernel-tree", action="append", type=Path, default=[])
    options = parser.parse_args()
    if options.list:
        names = named_symbols()
        if SYMBOL_LIST.exists():  # never forget a symbol that older records hold
            names |= set(SYMBOL_LIST.read_text(encoding="utf-8").split())
        for tree in options.kernel_tree:
            names |= first_order(tree, named_symbols())
        print("\n".join(sorted(names)))
        return
    if not options.configs or not options.facts or not options.output:
        parser.error("give CONFIG, --facts and --output")
    configs = [open_source(str(p)).config for p in options.configs]
    write_record(tomllib.loads(options.facts.read_text(encoding="utf-8")), configs, options.output)


if __name__ == "__main__":
    main()
