"""Whole-process start-up: `--version`, and `check FILE --format json` with the default and with every shipped profile.

    python bench/startup.py [--runs 15] [--baseline CHECKOUT]

Processor time as ratios to `python -c pass` of the same run, in the same environment; a trivial app of the same click
version, and another checkout, for comparison. Both should have fresh `data/compiled.jsonl` (an install makes it).
The config is Apple's, as `resolve` makes it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRIVIAL = """
import click
@click.command()
@click.argument("word", default="x")
@click.option("--number", default=1)
def main(word, number):
    pass
main()
"""


def real_config() -> str:
    """Apple's config as ``olddefconfig`` leaves it, from what ships, so that a fresh clone can run this."""
    words = ["resolve", "recorded:apple@0.38.0", "--offline", "--quiet", "--toolchain", "gcc-14"]
    command = [sys.executable, "-m", "kina_audit", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def measured(command: list[str], environment: dict[str, str], folder: str) -> tuple[float, float]:
    """(processor seconds, peak MiB) of one process."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=folder
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--baseline", type=Path, help="another checkout, measured in the same run")
    chosen = parser.parse_args()
    checkouts = {"": ROOT} | ({f" ({chosen.baseline.name})": chosen.baseline.resolve()} if chosen.baseline else {})
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        config.write_text(real_config(), encoding="utf-8")
        trivial = Path(folder, "trivial.py")
        trivial.write_text(TRIVIAL, encoding="utf-8")
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], ROOT),
            "trivial click app": ([sys.executable, str(trivial)], ROOT),
        }
        check = ["check", str(config), "--format", "json"]
        for label, root in checkouts.items():
            for name, words in (
                ("--version", ["--version"]),
                ("check", check),
                ("check -p all", [*check, "-p", "all"]),
            ):
                commands[name + label] = ([sys.executable, "-m", "kina_audit", *words], root)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for run in range(chosen.runs + 1):
            for name, (command, root) in commands.items():
                environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": str(root)}
                one = measured(command, environment, folder)
                # The first one compiles.
                if run:
                    found[name].append(one)
    bare = next(iter(commands))
    least = min(found[bare])[0]
    for name, values in found.items():
        ratio = statistics.median(one[0] / other[0] for one, other in zip(values, found[bare], strict=True))
        print(
            f"{name:<28} least {min(values)[0] * 1e3:6.1f} ms  {min(values)[0] / least:6.2f} x {bare}"
            f"   median ratio {ratio:6.2f}   {max(peak for _, peak in values):5.1f} MiB"
        )


if __name__ == "__main__":
    main()
