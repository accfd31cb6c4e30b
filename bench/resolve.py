"""Cold resolve against ``make olddefconfig``, warm commands, memory; as ratios, on the same tree, config and machine.

    python bench/resolve.py TREE [CONFIG] [--arch arm64] [--cross aarch64-linux-gnu-]

TREE is a whole kernel source tree. Both sides start without anything of theirs built or cached. Each figure is the best
of three runs of whole processes; memory is the peak of the child process.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(words: list[str], environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """(seconds, peak MiB) of one process and its children."""
    start = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{' '.join(words)} failed")
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    return time.perf_counter() - start, usage.ru_maxrss / scale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("config", type=Path, nargs="?")
    parser.add_argument("--arch", default="arm64")
    parser.add_argument("--cross", default="aarch64-linux-gnu-")
    chosen = parser.parse_args()
    tree = chosen.tree.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "config"
        if chosen.config:
            shutil.copy(chosen.config, config)
        else:
            config.write_text("CONFIG_NET=y\n")
        environment = {
            **os.environ,
            "KINA_AUDIT_CACHE": str(folder / "cache"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }

        def make(*, fresh: bool) -> tuple[float, float]:
            out = folder / "out"
            if fresh:
                shutil.rmtree(out, ignore_errors=True)
            out.mkdir(exist_ok=True)
            shutil.copy(config, out / ".config")
            words = ["make", "-s", f"O={out}", f"ARCH={chosen.arch}", f"CROSS_COMPILE={chosen.cross}", "olddefconfig"]
            return run(words, environment, tree)

        def ours(*words: str, fresh: bool = False) -> tuple[float, float]:
            if fresh:
                shutil.rmtree(folder / "cache", ignore_errors=True)
            command = [sys.executable, "-m", "kina_audit", *words, "-t", str(tree), "--arch", chosen.arch, "-q"]
            return run(command, environment, folder)

        bare = min(run([sys.executable, "-c", "pass"], environment, folder) for _ in range(5))
        rows = [
            ("make olddefconfig, first", [make(fresh=True) for _ in range(3)]),
            ("make olddefconfig, again", [make(fresh=False) for _ in range(3)]),
            ("resolve, cold", [ours("resolve", "config", "-o", "new", fresh=True) for _ in range(3)]),
            ("resolve, warm", [ours("resolve", "config", "-o", "new") for _ in range(3)]),
            ("explain BPF_JIT, warm", [ours("explain", "BPF_JIT", "config") for _ in range(3)]),
            ("fix --mode full-ebpf, warm", [ours("fix", "config", "--mode", "full-ebpf") for _ in range(3)]),
        ]
        base = min(rows[0][1])[0]
        print(f"{'':<28} {'seconds':>8} {'of make':>8} {'of bare':>8} {'MiB':>6}")
        for title, runs in rows:
            seconds, memory = min(runs)[0], max(r[1] for r in runs)
            print(f"{title:<28} {seconds:>8.2f} {seconds / base:>8.2f} {seconds / bare[0]:>8.1f} {memory:>6.0f}")
        print(f"children in all: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.1f} s of user time")


if __name__ == "__main__":
    main()
