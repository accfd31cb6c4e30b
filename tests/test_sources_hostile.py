"""Archives made to cost time or memory: one clear error each, within seconds and under 300 MB."""

import bz2
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.sources import open_source
from kina_audit.sources.archive import member, tar, zip_archive

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CONFIG = (Path(__file__).resolve().parents[1] / "fixtures/images.config").read_bytes()
MIB = 1024 * 1024
MOST_MEMORY = 300 * MIB
MOST_SECONDS = 30
"""Of processor time; each of these takes a few here, and took minutes."""

BLOCK = tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT)


def extract(path: Path) -> "tuple[subprocess.CompletedProcess[str], float, int]":
    """``kina-audit extract``, with the processor time it took and the most memory it had."""
    measure = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'kina_audit', 'extract', '-q', sys.argv[1]])\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss, done.returncode, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measure, str(path)], capture_output=True, text=True, check=True, timeout=600
    )
    *said, seconds, memory, status = done.stderr.splitlines()
    unit = 1 if sys.platform == "darwin" else 1024
    return (
        subprocess.CompletedProcess(path.name, int(status), done.stdout, "\n".join(said)),
        float(seconds),
        int(memory) * unit,
    )


def held(path: Path, words: str) -> None:
    done, seconds, memory = extract(path)
    assert done.returncode == 3
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < MOST_SECONDS
    assert memory < MOST_MEMORY


def pax(data: bytes, behind: bytes = b"") -> bytes:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, len(data)
    return header.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512) + behind


def record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def config_member() -> bytes:
    entry = tarfile.TarInfo("boot/config-1")
    entry.size = len(CONFIG)
    return entry.tobuf(tarfile.USTAR_FORMAT) + CONFIG + bytes(-len(CONFIG) % 512 + 1024)


def zipped(
    packed: bytes, method: int, size: int, *, name: bytes = b"boot/config-1", checksum: int = 0, offset: int = 0
) -> bytes:
    common = struct.pack("<HHHHIII", 0, method, 0, 33, checksum, len(packed), size)
    local = b"PK\x03\x04\x14\0" + common + struct.pack("<HH", len(name), 0) + name + packed
    directory = b"PK\x01\x02\x14\0\x14\0" + common + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, offset) + name
    return local + directory + struct.pack("<4s4HIIH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(local), 0)


def zeros(compressor: bz2.BZ2Compressor, mib: int) -> bytes:
    block = bytes(16 * MIB)
    return b"".join(compressor.compress(block) for _ in range(mib // 16)) + compressor.flush()


@pytest.mark.parametrize("mib", [80, pytest.param(320, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_zip_member_that_expands_a_millionfold(tmp_path: Path, mib: int) -> None:
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(zipped(zeros(bz2.BZ2Compressor(), mib), 12, 60 * MIB))
    held(bomb, "checksum is wrong")


@pytest.mark.parametrize("method", ["stored", "deflate", "bzip2", "xz", "zstd"])
def test_every_method_of_zip_is_read(tmp_path: Path, method: str) -> None:
    deflate = zlib.compressobj(9, wbits=-15)
    number, packed = {
        "stored": (0, CONFIG),
        "deflate": (8, deflate.compress(CONFIG) + deflate.flush()),
        "bzip2": (12, bz2.compress(CONFIG)),
        "xz": (95, lzma.compress(CONFIG)),
        "zstd": (93, zstd.compress(CONFIG)),
    }[method]
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(packed, number, len(CONFIG), checksum=zlib.crc32(CONFIG)))
    assert open_source(str(path)).config_bytes == CONFIG
    path.write_bytes(zipped(packed, number, len(CONFIG), checksum=1))
    with pytest.raises(SourceError, match="its checksum is wrong"):
        open_source(str(path))
    path.write_bytes(zipped(packed, number, len(CONFIG) + 1, checksum=zlib.crc32(CONFIG)))
    with pytest.raises(SourceError, match=r"shorter than the zip archive's directory says|ends too early"):
        open_source(str(path))


def test_a_zip_made_by_a_real_program_with_a_long_comment_and_zip64(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"x" * 60000
        with archive.open("boot/config-1", "w", force_zip64=True) as inner:
            inner.write(CONFIG)
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())  # told by its content, which is not a zip's
    with pytest.raises(SourceError):
        open_source(str(path))
    path.write_bytes(path.read_bytes()[10:])
    assert open_source(str(path)).config_bytes == CONFIG


def test_a_method_of_zip_that_is_not_read_and_a_place_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(b"x", 14, 1))
    with pytest.raises(SourceError, match="method 14 is not read here") as caught:
        open_source(str(path))
    assert caught.value.hint == "Unpack the archive first."
    path.write_bytes(zipped(b"x", 0, 1, offset=0xFFFFFFF0))
    with pytest.raises(SourceError, match="no zip member at 0xfffffff0"):
        open_source(str(path))


@pytest.mark.parametrize("zip64", [False, True])
def test_a_zip_with_a_huge_directory(tmp_path: Path, *, zip64: bool) -> None:
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\0" + bytes(16) + b"a"
    count = zip_archive.ZIP_DIRECTORY // len(entry) + 1
    size, claimed = count * len(entry), 47 if zip64 else count * len(entry)
    path = tmp_path / "a.zip"
    with open(path, "wb") as file:
        file.write(b"PK\x03\x04" + bytes(26) + entry * count)
        if zip64:
            file.write(struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 30))
            file.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, 30 + size, 1))
        file.write(struct.pack("<4s4HIIH", b"PK\x05\x06", 0, 0, 1, 1, claimed, 30, 0))
    held(path, "its directory has more than 12 MiB")


def named_only(kind: bytes, form: int) -> bytes:
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = kind, 1
    return entry.tobuf(form) + b"x" + bytes(511)


MANY = {"members": BLOCK, "names": named_only(tarfile.GNUTYPE_LONGNAME, tarfile.GNU_FORMAT)}
"""A header that only announces a name is counted, too."""


def many(path: Path, block: bytes, count: int) -> Path:
    compressor = zstd.ZstdCompressor()
    packed = b"".join(compressor.compress(block * 1000) for _ in range(count // 1000 + 1))
    path.write_bytes(packed + compressor.flush())
    return path


@pytest.mark.parametrize("kind", MANY)
def test_members_are_counted(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "MEMBERS", 4000)
    with pytest.raises(SourceTooLargeError, match="more than 4,000 members"):
        open_source(str(many(tmp_path / "many.tar.zst", MANY[kind], 4000)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", MANY)
def test_more_members_than_any_kernel_archive_has(tmp_path: Path, kind: str) -> None:
    held(many(tmp_path / "many.tar.zst", MANY[kind], 400_000), "more than 400,000 members")


@pytest.mark.parametrize("count", [15_000, pytest.param(60_000, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_many_links_take_no_more_than_as_many_files(tmp_path: Path, count: int) -> None:
    path = tmp_path / "links.tar"
    with open(path, "wb") as file:
        for number in range(count):
            entry = tarfile.TarInfo(f"link{number}")
            entry.type, entry.linkname = tarfile.SYMTYPE, f"link{number + 1}"
            file.write(entry.tobuf(tarfile.USTAR_FORMAT))
    held(path, "no kernel config and no kernel image")


@pytest.mark.slow
def test_long_links_are_not_remembered(tmp_path: Path) -> None:
    compressor = zstd.ZstdCompressor(level=1)
    entry = tarfile.TarInfo("link")
    entry.type = tarfile.SYMTYPE
    link = entry.tobuf(tarfile.USTAR_FORMAT)
    with open(tmp_path / "links.tar.zst", "wb") as file:
        for number in range(5000):
            names = record("path", f"{number:05}" + "x" * 4000) + record("linkpath", f"{number:05}" + "y" * 80_000)
            file.write(compressor.compress(pax(names, link)))
        file.write(compressor.flush())
    held(tmp_path / "links.tar.zst", "no kernel config and no kernel image")


@pytest.mark.parametrize(
    "data",
    [b"5 a=\n" * 200_000, record("size", "²"), b"9" * 5000 + b" path=x\n", b"0 path=x\n", b" path=x\n", b"12 path=x"],
    ids=["many", "superscript", "digits", "zero", "none", "short"],
)
def test_odd_pax_headers_are_passed_over(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(pax(data, config_member()))
    done, seconds, _ = extract(path)
    assert done.stdout.encode() == CONFIG
    assert seconds < 5


def test_headers_are_read_as_tarfile_reads_them() -> None:
    entry = tarfile.TarInfo("name/" * 30 + "x")
    entry.size, entry.linkname = 1234567, "l" * 100
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT):
        block = entry.tobuf(form)[-512:]
        ours, theirs = tar._header(block), tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        assert ours is not None
        assert (ours.kind, ours.name, ours.link, ours.size) == (theirs.type, theirs.name, theirs.linkname, theirs.size)
    entry.size = 9 * 1024**3 + 5  # more than octal digits have room for
    ours = tar._header(entry.tobuf(tarfile.GNU_FORMAT)[-512:])
    assert ours is not None
    assert ours.size == entry.size
    assert tar._header(b"x" + BLOCK[1:]) is None
    assert tar._header(BLOCK[:124] + b"\xff" * 12 + BLOCK[136:]) is None


def _window(size: int) -> list[dict[str, int]]:
    return [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": size}]


def _number(value: int) -> bytes:
    """A number as xz writes it (xz-file-format.txt 1.2)."""
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _xz(window: int, *parts: tuple[bytes, int]) -> bytes:
    """What ``xz`` makes of each part repeated so many times, with a dictionary of ``window`` bytes and no checksum.

    Each part is compressed once and its LZMA2 chunks are repeated; only the first of all may reset the dictionary
    (the control bytes 1 and 0xe0 to 0xff), so the window fills as it does with data that really took minutes to compress.
    A part has whole words and ends with a zero: LZMA looks at a byte's place and at the byte before.
    """
    packed, plain = bytearray(), 0
    for data, times in parts:
        chunks = lzma.compress(data, lzma.FORMAT_RAW, filters=_window(window))[:-1]
        kept = (b"\x02" if chunks[0] == 1 else bytes([chunks[0] & 0xDF])) + chunks[1:]
        packed += kept * times if packed else chunks + kept * (times - 1)
        plain += len(data) * times
    packed += b"\0"
    flags = b"\0\0"
    size_code = (window.bit_length() - 13) * 2  # xz-file-format.txt 5.3.1, for powers of two
    head = b"\x02\0\x21\x01" + bytes([size_code]) + bytes(3)
    index = b"\0\x01" + _number(len(head) + 4 + len(packed)) + _number(plain)
    index += bytes(-len(index) % 4)
    back = struct.pack("<I", (len(index) + 4) // 4 - 1) + flags

    def summed(data: bytes) -> bytes:
        return data + struct.pack("<I", zlib.crc32(data))

    stream = b"\xfd7zXZ\0" + flags + struct.pack("<I", zlib.crc32(flags)) + summed(head)
    stream += bytes(packed) + bytes(-len(packed) % 4) + summed(index)
    return stream + struct.pack("<I", zlib.crc32(back)) + back + b"YZ"


def test_windows_are_filled_as_xz_fills_them() -> None:
    unit = (os.urandom((1 << 16) - 1) + b"\0") * 2
    made = _xz(8 * MIB, (b"a head\0\0", 1), (unit, 3), (b"text" * 99 + bytes(4), 1), (bytes(MIB), 2))
    assert lzma.decompress(made) == b"a head\0\0" + unit * 3 + b"text" * 99 + bytes(4 + 2 * MIB)
    with pytest.raises(lzma.LZMAError, match="Memory usage limit"):
        lzma.decompress(made, memlimit=8 * MIB)
    assert lzma.decompress(made, memlimit=9 * MIB)


@pytest.mark.slow
def test_an_image_with_a_large_window_in_an_archive_with_one(tmp_path: Path) -> None:
    unit, times = (os.urandom((1 << 16) - 1) + b"\0") * 32, 78  # as much as fills the window
    image = _xz(128 * MIB, (bytes(4), 1), (unit, times))
    image += bytes(-len(image) % MIB)
    filler, kernel = tarfile.TarInfo("filler"), tarfile.TarInfo("boot/vmlinuz-1")
    filler.size, kernel.size = len(unit) * times, 60 * MIB
    parts = [
        (filler.tobuf(), 1), (unit, times), (kernel.tobuf(), 1),
        (image, 1), (bytes(MIB), 60 - len(image) // MIB), (bytes(1024), 1),
    ]  # fmt: skip
    path = tmp_path / "a.tar.xz"
    path.write_bytes(_xz(128 * MIB, *parts))
    held(path, "asks for more memory than the 64 MiB it may have")
    path.write_bytes(_xz(8 * MIB, *parts))
    held(path, "neither a kernel's config nor")


def test_a_window_that_no_kernel_has(tmp_path: Path) -> None:
    path = tmp_path / "a.xz"
    path.write_bytes(lzma.compress(b"\0", filters=_window(1 << 30)))
    held(path, "asks for more memory than the 128 MiB it may have")
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + bytes(100))
    held(path, "asks for more memory than the 128 MiB it may have")
