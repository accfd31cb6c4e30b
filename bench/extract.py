"""`kina-audit extract` against the kernel's own scripts/extract-ikconfig, as whole processes; ratios, memory, work.

    python bench/extract.py SCRIPT --image IMAGE --bzimage BZIMAGE [--runs 5]

SCRIPT is scripts/extract-ikconfig of a kernel source tree. IMAGE is an uncompressed arm64 Image, BZIMAGE an x86 bzImage,
both without IKCONFIG (Debian's are); a config is laid into copies of them, in the middle of the kernel, where builds put
theirs. Three tables:

- whole processes: script over ours, the best of some runs; a bare `python -c pass` shows how much is start-up;
- the work alone, in one process: ours over a bare loop of the same library that decompresses up to the end marker;
- peak memory of the process, and of one that is given a bomb.
"""

import argparse
import bz2
import gzip
import lzma
import multiprocessing
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kina_audit.kernel.compression.expansion import Expansion, compression_of
from kina_audit.kernel.compression.limits import Budget, Limits
from kina_audit.kernel.compression.reader import ViewReader
from kina_audit.kernel.image import bzimage
from kina_audit.kernel.image.markers import CONFIG_MARK, CONFIG_START

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
WORK = """
import mmap, sys, time
{imports}
data = open(sys.argv[1], "rb")
best = 9e9
for _ in range(5):
    view = memoryview(mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ))
    start = time.perf_counter()
    {work}
    best = min(best, time.perf_counter() - start)
print(best)
"""
OURS = (
    (
        "from kina_audit.kernel.compression.limits import Budget, Limits\n"
        "from kina_audit.kernel.compression.reader import ViewReader\n"
        "from kina_audit.sources.local.content import read_config\n"
        "from kina_audit.errors import KinaAuditError"
    ),
    """try:
        read_config(ViewReader(view), "bench", Budget(Limits(), "bench"))
    except KinaAuditError:
        pass""",
)
LOOP = """engine = {engine}
    part, tail, at = view[{start}:{end}], b"", 0
    while at < len(part) and not getattr(engine, "eof", False):
        out = engine.decompress(part[at : at + 131072])
        at += 131072
        if b"IKCFG_ED" in tail + out:
            break
        tail = out[-8:]"""
ENGINES = {
    "gzip": ("import zlib", "zlib.decompressobj(31)"),
    "xz": ("import lzma", "lzma.LZMADecompressor()"),
    "bzip2": ("import bz2", "bz2.BZ2Decompressor()"),
    "zstd": (
        (
            "import sys\nif sys.version_info >= (3, 14):\n    from compression import zstd\n"
            "else:\n    from backports import zstd"
        ),
        "zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 27})",
    ),
}


LABELS = (
    "Image", "Image.gz", "Image.zst", "Image.xz", "Image.bz2", "bzImage", "Image without", "Image.gz without",
    "bzImage without",
)  # fmt: skip


def config() -> bytes:
    """A config of 5,000 symbols that compresses as real ones do."""
    rng = random.Random(1)
    words = [
        "NET",
        "USB",
        "SND",
        "DRM",
        "PCI",
        "ARM",
        "SCSI",
        "NFS",
        "EXT4",
        "CRYPTO",
        "HID",
        "I2C",
        "SPI",
        "MFD",
        "GPIO",
        "PWM",
        "RTC",
        "LEDS",
        "PHY",
        "CLK",
    ]
    lines = ["#", "# Linux/arm64 6.1.0 Kernel Configuration", "#", "CONFIG_ARM64=y", "CONFIG_NET=y"]
    for _ in range(5000):
        name = "_".join(rng.sample(words, 3)) + f"_{rng.randrange(500)}"
        lines.append(rng.choice((f"CONFIG_{name}=y", f"CONFIG_{name}=m", f"# CONFIG_{name} is not set")))
    return ("\n".join(lines) + "\n").encode()


def with_config(kernel: bytes, text: bytes) -> bytes:
    blob = CONFIG_START[:CONFIG_MARK] + gzip.compress(text, mtime=0) + b"IKCFG_ED"
    at = len(kernel) * 55 // 100
    return kernel[:at] + blob + kernel[at + len(blob) :]


def payload_of(data: bytes) -> tuple[int, int]:
    found = bzimage.read_bzimage(data)
    if found is None or not found.parts:
        sys.exit("--bzimage: no bzImage with a payload")
    return found.parts[0].offset, found.parts[0].offset + found.parts[0].length


def bzimage_with_config(data: bytes, text: bytes) -> bytes:
    start, end = payload_of(data)
    reader = ViewReader(memoryview(data)[start:end])
    kind = compression_of(reader.peek(16))
    expansion = Expansion(reader, kind, Budget(Limits(), "bench"), where="payload", window=Limits().window)
    kernel = expansion.read_exactly(512 * MIB)
    packed = lzma.compress(with_config(kernel, text), check=lzma.CHECK_CRC32, filters=[
        {"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 32 * MIB},
    ])  # fmt: skip
    packed += struct.pack("<I", len(kernel))
    new = bytearray(data[:start] + packed + data[end:])
    struct.pack_into("<I", new, bzimage.PAYLOAD_LENGTH_AT, len(packed))
    return bytes(new)


def make_files(image_path: Path, bzimage_path: Path, folder: Path) -> None:
    text = config()
    plain, boxed = image_path.read_bytes(), bzimage_path.read_bytes()
    image = with_config(plain, text)
    files = {
        "Image": image,
        "Image.gz": gzip.compress(image, 9, mtime=0),
        "Image.zst": zstd.compress(image, 19),
        "Image.xz": lzma.compress(image, check=lzma.CHECK_CRC32, preset=6),
        "Image.bz2": bz2.compress(image),
        "bzImage": bzimage_with_config(boxed, text),
        "Image without": plain,
        "Image.gz without": gzip.compress(plain, 9, mtime=0),
        "bzImage without": boxed,
    }
    files["bomb"] = gzip.compress(bytes(2048 * MIB), 1)
    for label, data in files.items():
        (folder / label.replace(" ", "-")).write_bytes(data)


def run(words: list[str]) -> tuple[float, float, int]:
    """(seconds, peak MiB, exit status) of one process with its children."""
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def best(words: list[str], runs: int) -> tuple[float, float, int]:
    return min(run(words) for _ in range(runs))


def work(imports: str, code: str, path: Path) -> float:
    words = [sys.executable, "-c", WORK.format(imports=imports, work=code), str(path)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=Path)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--bzimage", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak memory counts what its parent held when it was forked.
        maker = multiprocessing.get_context("spawn").Process(
            target=make_files, args=(chosen.image, chosen.bzimage, folder)
        )
        maker.start()
        maker.join()
        bare, _, _ = best([sys.executable, "-c", "pass"], chosen.runs)
        print(f"python -c pass: {bare * 1000:.0f} ms\n")
        print(f"{'':18}{'MiB':>6}{'script ms':>11}{'ours ms':>9}{'ratio':>7}{'peak MiB':>10}")
        for label in LABELS:
            path = folder / label.replace(" ", "-")
            size = path.stat().st_size / MIB
            theirs, _, status = best(["sh", str(chosen.script), str(path)], chosen.runs)
            ours, peak, code = best([sys.executable, "-m", "kina_audit", "extract", str(path), "-q"], chosen.runs)
            expected = 3 if label.endswith("without") else 0
            if code != expected or (status == 0) != (expected == 0):
                sys.exit(f"{label}: the script ended with {status}, we with {code}")
            print(f"{label:18}{size:6.1f}{theirs * 1000:11.0f}{ours * 1000:9.0f}{theirs / ours:7.1f}{peak:10.0f}")
        print(f"\n{'the work alone':18}{'bare ms':>11}{'ours ms':>9}{'ratio':>7}")
        for label, kind in (("Image.gz", "gzip"), ("Image.zst", "zstd"), ("Image.xz", "xz"), ("Image.bz2", "bzip2"),
                            ("bzImage", "xz")):  # fmt: skip
            path = folder / label
            start, end = payload_of(path.read_bytes()) if label == "bzImage" else (0, path.stat().st_size)
            imports, engine = ENGINES[kind]
            bare = work(imports, LOOP.format(engine=engine, start=start, end=end), path)
            ours = work(*OURS, path)
            print(f"{label:18}{bare * 1000:11.1f}{ours * 1000:9.1f}{ours / bare:7.2f}")
        bomb = folder / "bomb"
        seconds, peak, code = run([sys.executable, "-m", "kina_audit", "extract", str(bomb), "-q"])
        print(
            f"\na bomb of {bomb.stat().st_size / MIB:.0f} MiB: exit {code} after {seconds:.1f} s, peak {peak:.0f} MiB"
        )


if __name__ == "__main__":
    main()
