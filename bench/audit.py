"""Load plus audit in one process, as a ratio to one bare regex pass over the same files in the same process.

    python bench/audit.py [--baseline CHECKOUT] [FOLDER ...]

Reads every *.gz and *.config below the folders (default: the research data beside the checkout) into memory first.
Prints configs per second of processor time for parse, and for parse plus `audit()` with every shipped profile; then what
another checkout's own script says of the same folders.
"""

import argparse
import gzip
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from kina_audit.api import audit
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary

BARE = re.compile(rb"^(?:# )?CONFIG_(\w+)(?:=(.*)| is not set)$", re.MULTILINE)
SHARED = Path(__file__).resolve().parents[2] / "shared"


def texts(folders: list[Path]) -> list[bytes]:
    """Every config below the folders, decompressed."""
    found = []
    for folder in folders:
        for path in sorted([*folder.rglob("*.gz"), *folder.rglob("*.config")]):
            data = path.read_bytes()
            found.append(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found


def best(function: object, rounds: int = 5) -> float:
    """The fastest of several passes, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        function()  # type: ignore[operator]
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("folders", nargs="*", type=Path)
    chosen = parser.parse_args()
    folders = chosen.folders or [SHARED / "corpus", SHARED / "kernels"]
    configs = texts(folders)
    if not configs:
        sys.exit("no config found; name folders with *.gz or *.config")
    library = ProfileLibrary()
    profiles = [library.get(name) for name in library.ids()]
    source = Provenance("bench", "file", "bench")

    def load_and_audit() -> None:
        for data in configs:
            audit(Kernel(parse_config(data), source), profiles, cilium=None)

    bare = best(lambda: [BARE.findall(data) for data in configs])
    parse = best(lambda: [parse_config(data) for data in configs])
    both = best(load_and_audit)
    rows = sum(len(p.requirements) for p in profiles)
    print(
        f"{len(configs)} configs, {sum(map(len, configs)) / 1e6:.1f} MB, {len(profiles)} profiles, {rows} requirements"
    )
    for name, seconds in (("bare regex pass", bare), ("parse", parse), ("parse + audit", both)):
        print(f"{name:<16} {len(configs) / seconds:8.0f} configs/s   {seconds / bare:5.2f} x bare")
    if chosen.baseline:
        print(f"\n{chosen.baseline}:", flush=True)
        environment = {**os.environ, "PYTHONPATH": str(chosen.baseline)}
        script = chosen.baseline / "bench" / "audit.py"
        subprocess.run([sys.executable, script, *map(str, folders)], env=environment, check=True)


if __name__ == "__main__":
    main()
