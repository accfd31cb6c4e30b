"""Images whose compressor stored what it could not shrink: the config's marker shows in them, cut up by headers of blocks."""

import gzip
import lzma
import random
import struct
import zlib
from collections.abc import Callable

import lz4.block
import pytest

from kina_audit.errors import SourceError
from kina_audit.kernel.compression.lz4_legacy import BLOCK
from kina_audit.kernel.image.extract import extract_config
from kina_audit.kernel.image.markers import CONFIG_START

RANDOM = random.Random(13)
CONFIG = b"CONFIG_X=y\n" + b"".join(b"# %d\n" % RANDOM.getrandbits(120) for _ in range(4000))


def lz4_legacy(data: bytes) -> bytes:
    """As ``lz4 -l`` writes it."""
    out = struct.pack("<I", 0x184C2102)
    for at in range(0, len(data), BLOCK):
        packed = lz4.block.compress(data[at : at + BLOCK], store_size=False)
        out += struct.pack("<I", len(packed)) + packed
    return out


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip -0": lambda b: gzip.compress(b, 0),
    "gzip -1": lambda b: gzip.compress(b, 1),
    "xz -0": lambda b: lzma.compress(b, preset=0),
    "lz4 -l": lz4_legacy,
}


def payload(how: str) -> bytes:
    """What a kernel is to a compressor when nothing in it repeats; the config lies over a block's end."""
    noise = random.Random(7).randbytes
    packed = b"IKCFG_ST" + gzip.compress(CONFIG, 9) + b"IKCFG_ED"
    before = BLOCK - 400_000 if how.startswith("lz4") else 300_000
    kernel = noise(before) + b"Linux version 6.12.3-test (x)\0"
    return kernel + noise(BLOCK - len(kernel) - 20_000 if how.startswith("lz4") else 50_000) + packed + noise(100_000)


@pytest.mark.parametrize("wrapper", [b"", b"#!unknown wrapper\0" + bytes(4096)], ids=["alone", "wrapped"])
@pytest.mark.parametrize("how", COMPRESSORS)
def test_what_unpacking_finds_wins(how: str, wrapper: bytes) -> None:
    packed = COMPRESSORS[how](payload(how))
    with pytest.raises(zlib.error):  # the marker shows, and what follows it is cut up
        zlib.decompressobj(wbits=31).decompress(packed[packed.index(CONFIG_START) + 8 :])
    found = extract_config(wrapper + packed, "image")
    assert found.config_text == CONFIG
    assert found.kernel_release == "6.12.3-test"


def test_a_corrupt_config_is_still_an_error_when_nothing_else_is_found() -> None:
    packed = bytearray(gzip.compress(CONFIG))
    packed[2000:2100] = bytes(100)
    for image in (
        b"\0" * 5000 + b"IKCFG_ST" + packed,
        b"\0" * 5000 + b"IKCFG_ST" + packed + gzip.compress(b"no kernel" * 99),
    ):
        with pytest.raises(SourceError, match="the config at 0x1388 is corrupt"):
            extract_config(image, "image")
