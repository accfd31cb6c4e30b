"""Write a recorded kernel: the few lines of its config from which the shipped kernel lines give every symbol back.

    python scripts/record_kernel.py --facts FACTS.toml CONFIG[@LINE] [CONFIG@LINE ...] -o kina_audit/data/records/NAME.toml

CONFIG is a config file, plain or compressed. FACTS.toml holds everything else a record says (family, project, ranges,
dates, notes); an existing record serves as its own FACTS.

An input of olddefconfig (origin = "input") is given as it is, without a line: what it turns on is kept, and of what it
turns off whatever makes a difference on some line. A built kernel's config (origin = "built") is given with the line it
was resolved on, such as kata.config@6.12; with several, on lines that bracket the kernel's own, the record gives each
back on its line. Either way the result is checked symbol by symbol before it is written.
"""

import argparse
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kina_audit.kconfig.dotconfig import user_values  # noqa: E402
from kina_audit.kconfig.lines import Line, find_line, line_text, lines, shipped_tree  # noqa: E402
from kina_audit.kconfig.solve import Solver  # noqa: E402
from kina_audit.kconfig.toolchain import Toolchain  # noqa: E402
from kina_audit.kernel.config import KernelConfig, Origin  # noqa: E402
from kina_audit.sources import open_source  # noqa: E402

TOOLCHAIN = "gcc-12,pahole=1.24"


def values(raw: dict[str, str], line: Line, arch: str, toolchain: str) -> dict[str, str]:
    """Every symbol's value on a line."""
    model = shipped_tree(line, arch, Toolchain.parse(toolchain)).model
    solver = Solver(model, user_values(model, raw.items()))
    solver.evaluate_all()
    return {name: solver.text(number) for name, number in model.index.items() if number not in solver.trans}


def smallest_input(raw: dict[str, str], arch: str, toolchain: str) -> dict[str, str]:
    """What an input needs to say to become the same on every line, and what it asks for in vain on some line."""
    wanted = {line: values(raw, line, arch, toolchain) for line in lines()}
    in_vain = {n: v for n, v in raw.items() if v in ("y", "m") and any(w.get(n, "n") != v for w in wanted.values())}
    return grown(in_vain, raw, wanted, arch, toolchain)


def smallest_built(
    configs: list[tuple[dict[str, str], Line]], arch: str, toolchain: str, untold: frozenset[str]
) -> dict[str, str]:
    """Assignments that become each config on its line, whose models may be of an other stable update."""
    raw: dict[str, str] = {}
    for config, _ in configs:
        raw.update({n: v for n, v in config.items() if all(c.get(n, v) == v for c, _ in configs)})
    wanted = {line: values(config, line, arch, toolchain) for config, line in configs}
    return grown({}, raw, wanted, arch, toolchain, untold)


def grown(
    kept: dict[str, str],
    raw: dict[str, str],
    wanted: dict[Line, dict[str, str]],
    arch: str,
    toolchain: str,
    untold: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """``kept`` with what it takes of ``raw`` to become what is wanted on each line, save what stays untold."""
    while True:
        off = {
            name
            for line, expected in wanted.items()
            for name, value in values(kept, line, arch, toolchain).items()
            if value != expected[name] and name not in untold
        }
        if not off:
            return kept
        more = {n: raw[n] for n in off if n in raw and n not in kept}
        if not more:
            more = {n: v for n, v in raw.items() if n not in kept}
        if not more:
            raise SystemExit(
                f"the lines do not give back: {', '.join(sorted(off))}; name them in `untold` of the facts"
            )
        kept = {**kept, **more}


def check(configs: list[tuple[KernelConfig, Line | None]], kept: dict[str, str], arch: str, toolchain: str) -> None:
    """Say what a model makes of a built config other than its own tree did: a stable update's symbols at most."""
    for config, line in configs:
        if line is None:
            continue
        now = values(kept, line, arch, toolchain)
        for name, value in sorted(now.items()):
            says = config.written(name).value or ""
            if name in config.raw and says != value:
                print(f"  {line_text(line)}: {name} is {says} in the config and {value} by the model")


def wrapped(names: list[str]) -> str:
    """Names as lines of at most 120 columns inside a TOML multi-line string."""
    rows, row = [], ""
    for name in names:
        if len(row) + len(name) > 118:
            rows.append(row.rstrip())
            row = ""
        row += name + " "
    return "\n".join([*rows, row.rstrip()]).strip()


def write_record(facts: dict[str, object], kept: dict[str, str], target: Path) -> None:
    """Write one record file."""
    out = ["# Written by scripts/record_kernel.py; see docs/records.md."]
    for key, value in facts.items():
        if key in ("symbols", "config", "range", "from_newest_tree"):
            continue
        if isinstance(value, list):
            out.append(f"{key} = [")
            out += [f"    {text(str(item))}," for item in value]
            out.append("]")
        else:
            out.append(f"{key} = {text(str(value))}")
    for table in facts["range"]:  # type: ignore[attr-defined]
        out += ["", "[[range]]", *(f"{key} = {text(value)}" for key, value in table.items())]
    out += ["", "[config]"]
    for key, value in (("y", "y"), ("m", "m"), ("not_set", "n")):
        out.append(f'{key} = """\n{wrapped(sorted(n for n, v in kept.items() if v == value))}"""')
    out += ["", "[config.values]"]
    out += [f"{n} = {text(v)}" for n, v in sorted(kept.items()) if v not in ("y", "m", "n")]
    target.write_text("\n".join(out) + "\n", encoding="utf-8")


def text(value: str) -> str:
    """A TOML string."""
    return "'" + value + "'" if '"' in value or "\\" in value else '"' + value + '"'


def main() -> None:
    """Run the command line described above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", metavar="CONFIG[@LINE]")
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    facts = tomllib.loads(options.facts.read_text(encoding="utf-8"))
    arch = str(facts["arch"])
    read: list[tuple[KernelConfig, Line | None]] = []
    for spec in options.configs:
        path, _, line = spec.partition("@")
        read.append((open_source(path).config, find_line(line) if line else None))
    if facts["origin"] == Origin.INPUT:
        [(config, _)] = read
        kept = smallest_input(dict(config.raw), arch, TOOLCHAIN)
    else:
        facts = {"toolchain": TOOLCHAIN, **{k: v for k, v in facts.items() if k != "toolchain"}}
        built = [(dict(config.raw), line) for config, line in read if line is not None]
        kept = smallest_built(built, arch, TOOLCHAIN, frozenset(str(facts.get("untold", "")).split()))
        check(read, kept, arch, TOOLCHAIN)
    write_record(facts, kept, options.output)
    print(f"{options.output}: {len(kept)} lines of {len(read[0][0].raw)}")


if __name__ == "__main__":
    main()
