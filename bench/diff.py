"""`kina-audit diff` of two configs against `kina-audit check` of one, as whole processes; the ratio.

    python bench/diff.py OLD NEW [--runs 7]

Give the two largest configs there are; the target is 1.5.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path


def best(words: list[str], runs: int) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "kina_audit", *words], stdout=subprocess.DEVNULL, check=False)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    check = max(best(["check", str(p), "-f", "json", "-q"], chosen.runs) for p in (chosen.old, chosen.new))
    diff = best(["diff", str(chosen.old), str(chosen.new), "-f", "json", "-q"], chosen.runs)
    print(f"check {check * 1000:.0f} ms, diff {diff * 1000:.0f} ms: {diff / check:.2f} x")


if __name__ == "__main__":
    main()
