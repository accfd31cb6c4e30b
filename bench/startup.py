"""Whole-process start-up: `check FILE --format json` with every shipped profile, as a ratio to two baselines.

    python bench/startup.py [--runs 15]

Baselines of the same run, in the same environment: `python -c pass`, and a trivial app of the same typer version.
The config is a synthetic one of the size of Apple's, made here, so that a fresh clone can run this.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRIVIAL = """
import typer
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
@app.command()
def main(word: str = "x", number: int = 1) -> None:
    pass
app()
"""


def synthetic_config() -> str:
    """About 3,300 symbols, 107 KB, complete by its promptless symbols."""
    lines = ["#", "# Automatically generated file; DO NOT EDIT.", "# Linux/arm64 6.18.5 Kernel Configuration", "#"]
    lines += [f"CONFIG_HAVE_FEATURE_{i:04}=y" for i in range(1300)]
    lines += [f"# CONFIG_DRIVER_NUMBER_{i:04} is not set" for i in range(1700)]
    named = "ARM64 BPF BPF_SYSCALL NET INET NETFILTER VXLAN GENEVE WIREGUARD VETH CGROUPS CGROUP_BPF PERF_EVENTS"
    lines += [f"CONFIG_{name}=y" for name in named.split()]
    lines += [f'CONFIG_TEXT_{i:03}="value {i}"' for i in range(300)]
    return "\n".join(lines) + "\n"


def time_of(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        config.write_text(synthetic_config(), encoding="utf-8")
        trivial = Path(folder, "trivial.py")
        trivial.write_text(TRIVIAL, encoding="utf-8")
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        names = subprocess.run(
            [sys.executable, "-c", "from kina_audit.profiles.load import ProfileLibrary as L; print(*L().ids())"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        selected = [word for name in names for word in ("-p", name)]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "trivial typer app": [sys.executable, str(trivial)],
            f"check, {len(names)} profiles": [
                sys.executable, "-m", "kina_audit", "check", str(config), "--format", "json", *selected,
            ],
        }  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(runs + 2):
            for name, command in commands.items():
                elapsed = time_of(command, environment)
                if run >= 2:
                    times[name].append(elapsed)
        bare, trivial_name, ours = commands
        for name, values in times.items():
            ratio = statistics.median(v / b for v, b in zip(values, times[bare], strict=True))
            print(f"{name:<24} median {statistics.median(values) * 1e3:7.1f} ms   {ratio:5.2f} x {bare}")
        over = statistics.median(v / b for v, b in zip(times[ours], times[trivial_name], strict=True))
        print(f"{ours} is {over:.2f} x a {trivial_name}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the largest run: {peak:.1f} MiB")


if __name__ == "__main__":
    main()
