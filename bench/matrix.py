"""`kina-audit matrix` over 10,000 configs, as ratios to one bare regex pass over the same files.

    python bench/matrix.py [--count 10000] [--baseline CHECKOUT] [FOLDER ...]

The configs below the folders (default: the research data beside the checkout) are repeated under other names in a temporary
folder. Prints configs per second for the bare pass, one process and one a core, and the peak memory of each; the same for
another checkout, if one is given.
"""

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.audit import SHARED, texts

ROOT = Path(__file__).resolve().parents[1]
BARE = re.compile(rb"^(?:# )?CONFIG_(\w+)(?:=(.*)| is not set)$", re.MULTILINE)


def fill(folder: Path, folders: list[Path], count: int) -> None:
    """So many configs, the ones below the folders again and again."""
    configs = texts(folders)
    if not configs:
        sys.exit(1)
    for number in range(count):
        (folder / f"node-{number:05}.config").write_bytes(configs[number % len(configs)])


def bare(folder: Path) -> float:
    """Seconds for a regex pass over every file."""
    start = time.perf_counter()
    for path in sorted(folder.iterdir()):
        BARE.findall(path.read_bytes())
    return time.perf_counter() - start


def ours(folder: Path, jobs: int, checkout: Path) -> tuple[float, float, float]:
    """(seconds, processor seconds, MiB of the largest process) of a whole run."""
    command = [sys.executable, "-m", "kina_audit", "matrix", str(folder), "-q", "-f", "csv", "-j", str(jobs)]
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment, cwd=folder.parent)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("folders", nargs="*", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak memory counts what its parent held when it was started.
        given = (folder, options.folders or [SHARED / "corpus", SHARED / "kernels"], options.count)
        maker = multiprocessing.get_context("spawn").Process(target=fill, args=given)
        maker.start()
        maker.join()
        if maker.exitcode:
            sys.exit("no config found; name folders with *.gz or *.config")
        bare(folder)
        baseline = bare(folder)
        count = options.count
        print(f"{count} configs; bare regex pass: {count / baseline:.0f} configs/s")
        for checkout in filter(None, (ROOT, options.baseline)):
            print(f"{checkout}:")
            alone = 0.0
            for jobs in (1, os.cpu_count() or 1):
                seconds, used, memory = ours(folder, jobs, checkout.resolve())
                alone = alone or seconds
                print(
                    f"{jobs} process{'es' if jobs > 1 else ''}: {count / seconds:.0f} configs/s, "
                    f"{seconds / baseline:.2f} x the bare pass ({used / baseline:.2f} in processor time), "
                    f"{alone / seconds:.2f} x one process, {used / seconds:.2f} cores, {memory:.0f} MiB at most"
                )


if __name__ == "__main__":
    main()
