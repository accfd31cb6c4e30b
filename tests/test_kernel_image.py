"""Images: every container and compressor gives its config back; anything else is one error of ours, within bounds."""

import bz2
import gzip
import lzma
import random
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.base.bounds import MIB
from kina_audit.errors import KinaAuditError, NoIkconfigError, SourceError, SourceTooLargeError
from kina_audit.kernel.compression.limits import Limits
from kina_audit.kernel.compression.reader import CallReader
from kina_audit.kernel.image.extract import extract_config
from tests.conftest import examples

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CONFIG = (FIXTURES / "images.config").read_bytes()
IMAGES = sorted((FIXTURES / "images").iterdir())
READABLE = [p for p in IMAGES if p.name != "Image-no-ikconfig"]


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.name)
def test_the_config_comes_out_byte_for_byte(path: Path) -> None:
    found = extract_config(path.read_bytes(), path.name)
    assert found.config_text == CONFIG
    assert found.found_in[-1].startswith("IKCONFIG at 0x")
    assert found.kernel_release == (None if path.name == "Image-no-banner" else "6.12.3-fixture")


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.name)
@pytest.mark.parametrize("step", [1, 100, 1 << 20])
def test_a_stream_gives_the_same(path: Path, step: int) -> None:
    with open(path, "rb") as file:
        found = extract_config(CallReader(lambda size: file.read(min(size, step))), path.name)
    assert found.config_text == CONFIG


def test_an_image_without_ikconfig_names_its_kernel_and_where_its_config_is() -> None:
    with pytest.raises(NoIkconfigError, match=r"6\.12\.3-fixture was built without CONFIG_IKCONFIG=y") as caught:
        extract_config((FIXTURES / "images/Image-no-ikconfig").read_bytes(), "Image")
    assert "/boot/config-6.12.3-fixture" in caught.value.hint


@pytest.mark.parametrize(
    ("release", "place"),
    [
        ("6.1.0-13-amd64", "/boot/config-6.1.0-13-amd64"),
        ("6.8.0-45-generic", "linux-modules-6.8.0-45-generic .deb"),
        ("5.14.0-503.el9.x86_64", "/lib/modules/5.14.0-503.el9.x86_64/config"),
        ("6.12.10-linuxkit", "docker:"),
    ],
)
def test_where_the_config_usually_is_depends_on_who_built_the_kernel(release: str, place: str) -> None:
    with pytest.raises(NoIkconfigError) as caught:
        extract_config(b"\x7fELF\x02\x01" + bytes(100) + f"Linux version {release} (x) #1".encode(), "vmlinux")
    assert place in caught.value.hint


def test_what_is_no_kernel_is_not_called_one() -> None:
    for data in (b"", b"\0", b"\0" * 5000, gzip.compress(b"\0" * 5000), b"\x7fELF" + bytes(200), b"MZ" + bytes(300)):
        with pytest.raises(NoIkconfigError, match="neither a kernel's config nor a kernel's version"):
            extract_config(data, "thing")


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.name)
def test_cut_anywhere_it_is_one_error_or_the_whole_config(path: Path) -> None:
    data = path.read_bytes()
    for length in range(0, len(data), max(1, len(data) // 150)):
        found, problem = None, None
        try:
            found = extract_config(data[:length], path.name)
        except SourceError as error:
            problem = error
        assert (found is not None and found.config_text == CONFIG) or (problem is not None and problem.hint)
        assert problem is None or path.name in problem.message


def test_a_corrupt_layer_is_named_with_where_it_is() -> None:
    data = bytearray((FIXTURES / "images/bzImage-xz").read_bytes())
    data[0x410 + 100] ^= 0xFF
    with pytest.raises(SourceError, match=r"x86 bzImage > xz payload at 0x410.*corrupt xz data"):
        extract_config(bytes(data), "bzImage-xz")
    data = bytearray((FIXTURES / "images/Image").read_bytes())
    at = data.find(b"IKCFG_ST") + 40
    data[at] ^= 0xFF
    with pytest.raises(SourceError, match=r"arm64 Image: the config at 0x1be is corrupt"):
        extract_config(bytes(data), "Image")


FALSE_MARKERS = {
    "a string": b"IKCFG_ST in some text",
    "magic only": b"IKCFG_ST\x1f\x8b\x08\x00" + bytes(40),
    "no config": b"IKCFG_ST" + gzip.compress(b"something else"),
    "cut short": b"IKCFG_ST" + gzip.compress(CONFIG)[:200] + b"IKCFG_ED",
}


@pytest.mark.parametrize("mark", FALSE_MARKERS)
@pytest.mark.parametrize("gap", [0, 300, 600_000])
def test_a_marker_that_is_none_hides_no_config(mark: str, gap: int) -> None:
    image = (FIXTURES / "images/Image").read_bytes()
    data = image[:100] + FALSE_MARKERS[mark] + bytes(gap) + image[100:]
    with_two = data + b"IKCFG_ST" + gzip.compress(CONFIG + b"CONFIG_LATER=y\n")
    for source in (data, with_two, gzip.compress(data)):
        for reader in (source, CallReader(lambda size, rest=[source]: _take(rest, min(size, 1000)))):
            found = extract_config(reader, "Image")
            assert found.config_text == CONFIG
            assert found.kernel_release == "6.12.3-fixture"
    with pytest.raises(SourceError):
        extract_config(FALSE_MARKERS[mark].rjust(4096, b"\0"), "thing")


@pytest.mark.parametrize("step", [1, 7, 512 * 1024])
def test_a_marker_may_be_split_wherever_reading_stops(step: int) -> None:
    image = (FIXTURES / "images/Image").read_bytes()
    for shift in range(12) if step > 7 else [0]:
        data = image[:100] + bytes(512 * 1024 - 0x1BE - shift if step > 7 else 0) + image[100:]
        reader = CallReader(lambda size, rest=[data]: _take(rest, min(size, step)))
        assert extract_config(reader, "Image").config_text == CONFIG


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd", "lzma"])
def test_an_image_in_several_streams_and_with_something_behind(kind: str) -> None:
    """What pbzip2, pzstd and bgzip write; and device trees, signatures or padding behind an image."""
    compress = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstd.compress,
                "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE)}[kind]  # fmt: skip
    image = (FIXTURES / "images/Image").read_bytes()
    for behind in (b"", bytes(4096), b"\xd0\x0d\xfe\xed behind", b"~Module signature appended~\n"):
        assert extract_config(compress(image) + behind, "Image").config_text == CONFIG
        if kind != "lzma":
            parts = [compress(image[at : at + 200]) for at in range(0, len(image), 200)]
            assert len(parts) > 2
            assert extract_config(b"".join(parts) + behind, "Image").config_text == CONFIG


@pytest.mark.parametrize(
    "name", ["bzImage-xz", "bzImage-lz4", "vmlinuz-zstd.efi", "uki.efi", "configs.ko", "boot-v4.img"]
)
def test_a_signature_or_padding_behind_an_image_does_no_harm(name: str) -> None:
    data = (FIXTURES / "images" / name).read_bytes()
    for behind in (bytes(5000), b"\xff" * 5000, b"\x30\x82" + bytes(range(256)) * 8, b"~Module signature appended~\n"):
        assert extract_config(data + behind, name).config_text == CONFIG


def test_a_gzip_header_may_have_every_field() -> None:
    body = gzip.compress((FIXTURES / "images/Image").read_bytes())
    extra = b"\x04\x00abcd" + b"Image\0" + b"a comment\0"
    header = body[:3] + b"\x1e" + body[4:10] + extra
    header += (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little")
    assert extract_config(header + body[10:], "Image.gz").config_text == CONFIG


BOMBS = {
    "gzip": lambda size: gzip.compress(bytes(size), 9),
    "bzip2": lambda size: bz2.compress(bytes(size)),
    "xz": lambda size: lzma.compress(bytes(size), preset=0),
    "lzma": lambda size: lzma.compress(bytes(size), lzma.FORMAT_ALONE, preset=0),
    "zstd": lambda size: zstd.compress(bytes(size)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_stops_at_the_bound(kind: str) -> None:
    bomb = BOMBS[kind](9 * MIB)
    with pytest.raises(SourceTooLargeError, match="more than 8 MiB") as caught:
        extract_config(bomb, "bomb", Limits(layer=8 * MIB, total=8 * MIB))
    assert "--max-decompressed" in caught.value.hint


def test_layers_inside_each_other_end_at_the_depth() -> None:
    data = (FIXTURES / "images/Image").read_bytes()
    for _ in range(3):
        data = gzip.compress(data)
    assert extract_config(data, "image").config_text == CONFIG
    for _ in range(3):
        data = gzip.compress(data)
    with pytest.raises(SourceTooLargeError, match="more than 4 layers"):
        extract_config(data, "image")


def test_the_total_is_bounded_however_many_layers() -> None:
    inner = zlib.compress(b"")  # nothing useful
    data = gzip.compress(gzip.compress(bytes(6 * MIB) + inner, 0), 0)
    with pytest.raises(SourceTooLargeError):
        extract_config(data, "image", Limits(layer=8 * MIB, total=10 * MIB))


def test_without_the_lzo_library_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lzallright", None)
    with pytest.raises(SourceError, match="LZO needs a library") as caught:
        extract_config((FIXTURES / "images/Image.lzo").read_bytes(), "Image.lzo")
    assert "pip install '.[lzo]'" in caught.value.hint


@settings(max_examples=examples(400))
@given(st.sampled_from(IMAGES), st.randoms(use_true_random=False), st.integers(1, 12))
def test_mutations_give_only_our_own_errors(path: Path, chance: random.Random, changes: int) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(changes):
        data[chance.randrange(len(data))] = chance.randrange(256)
    for source in (bytes(data), CallReader(lambda size, rest=[bytes(data)]: _take(rest, size))):
        with suppress(KinaAuditError):
            extract_config(source, path.name, Limits(layer=8 * MIB, total=8 * MIB, window=8 * MIB))


def _take(rest: list[bytes], size: int) -> bytes:
    data, rest[0] = rest[0][:size], rest[0][size:]
    return data
