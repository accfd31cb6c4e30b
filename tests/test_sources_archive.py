"""Archives and packages: which member is the kernel's config, within bounds, and one clear error otherwise."""

import gzip
import importlib.util
import io
import random
import struct
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.errors import KinaAuditError, NoIkconfigError, SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kernel.provenance import Kernel
from kina_audit.sources import open_source
from kina_audit.sources.archive import zip_archive
from kina_audit.sources.archive.member import follow, link_target
from kina_audit.sources.options import SourceOptions
from tests.conftest import examples

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CONFIG = (FIXTURES / "images.config").read_bytes()
ARCHIVES = sorted((FIXTURES / "archives").iterdir())
KATA = "opt/kata/share/kata-containers/"


def _make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_fixtures", FIXTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = _make()


def saved(folder: Path, members: dict[str, bytes | str], name: str = "a.tar") -> Path:
    path = folder / name
    path.write_bytes(MAKE.tar(members))
    return path


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda p: p.name)
def test_the_config_is_found_and_its_place_said(path: Path) -> None:
    kernel = open_source(str(path))
    assert kernel.config_bytes == CONFIG
    assert kernel.provenance.kind == "archive"
    assert kernel.provenance.location.startswith(f"{path}!")
    assert kernel.config.fact("VXLAN").value == "y"


@pytest.mark.parametrize("path", [p for p in ARCHIVES if p.suffix != ".zip"], ids=lambda p: p.name)
def test_from_a_pipe_as_from_a_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(path.read_bytes())

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert open_source("-").config_bytes == CONFIG


def test_a_zip_from_a_pipe_asks_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO((FIXTURES / "archives/kernel.zip").read_bytes())

    monkeypatch.setattr(sys, "stdin", Stdin)
    with pytest.raises(SourceError, match="read from its end"):
        open_source("-")


def test_kata_prefers_the_config_beside_the_kernel_it_boots() -> None:
    kernel = open_source(str(FIXTURES / "archives/kata-static.tar.zst"))
    assert kernel.provenance.location.endswith(f"!{KATA}config-6.12.3-153")
    kernel = open_source(str(FIXTURES / "archives/kata-static-images.tar.xz"))
    assert kernel.provenance.location.endswith(f"!{KATA}vmlinux-6.12.3-153")
    assert kernel.provenance.found_in[0] == "arm64 Image"


@pytest.mark.parametrize("member", [f"{KATA}config-6.12.3-153-confidential", "config-6.12.3-153-confidential"])
def test_a_member_can_be_named_in_full_or_by_its_end(member: str) -> None:
    kernel = open_source(f"{FIXTURES / 'archives/kata-static.tar.zst'}!{member}")
    assert kernel.config.fact("EFI").value == "y"


def test_a_named_link_is_followed_inside_the_archive(tmp_path: Path) -> None:
    kernel = open_source(f"{FIXTURES / 'archives/kata-static.tar.zst'}!./{KATA}vmlinux.container")
    assert kernel.provenance.location.endswith("vmlinux-6.12.3-153")
    before = saved(tmp_path, {"boot/config-1": CONFIG, "config": "boot/config-1"})
    after = saved(tmp_path, {"config": "boot/config-1", "boot/config-1": CONFIG}, "b.tar")
    for path in (before, after):
        assert open_source(f"{path}!config").provenance.location.endswith("!boot/config-1")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"config": "../../etc/shadow"}, "leads out of the archive"),
        ({"config": "b", "b": "config"}, "in a circle"),
        ({"config": "nowhere"}, "no member nowhere"),
        ({"other": b"CONFIG_NET=y\n"}, "no member config"),
    ],
)
def test_links_that_lead_nowhere(tmp_path: Path, members: dict[str, bytes | str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(f"{saved(tmp_path, members)}!config")


def test_several_kernels_are_listed_and_one_is_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path, {"boot/config-1": CONFIG, "boot/config-2": CONFIG + b"CONFIG_EFI=y\n"})
    with pytest.raises(SourceError, match="2 kernels' configs are in it: boot/config-1, boot/config-2") as caught:
        open_source(str(path))
    assert f"{path}!boot/config-1" in caught.value.hint
    same = saved(tmp_path, {"boot/config-1": CONFIG, "lib/modules/1/config": CONFIG}, "same.tar")
    assert open_source(str(same)).config_bytes == CONFIG


@pytest.mark.parametrize("image_first", [True, False])
def test_a_config_is_preferred_to_an_image_in_whichever_order(tmp_path: Path, *, image_first: bool) -> None:
    other = CONFIG + b"CONFIG_EFI=y\n"
    image: dict[str, bytes | str] = {"boot/vmlinuz-1": (FIXTURES / "images/Image").read_bytes()}
    config: dict[str, bytes | str] = {"boot/config-1": other}
    path = saved(tmp_path, image | config if image_first else config | image)
    assert open_source(str(path)).config_bytes == other


def test_the_configs_of_the_kernels_self_tests_are_of_no_kernel(tmp_path: Path) -> None:
    source: dict[str, bytes | str] = {"linux/tools/testing/selftests/bpf/config": CONFIG, "linux/scripts/tests/1/config": CONFIG,
                                      "linux/scripts/config": b"# CONFIG_X\nset_var CONFIG_Y=y\n", "linux/kernel/vmlinux.lds.S": b"/* CONFIG_SMP */\n"}  # fmt: skip
    path = saved(tmp_path, source)
    with pytest.raises(SourceNotFoundError):
        open_source(str(path))


def test_a_dot_config_that_is_none_ends_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path, {".config": b"some settings\n", "boot/config-1": CONFIG})
    assert open_source(str(path)).provenance.location.endswith("!boot/config-1")


def test_a_link_can_be_named_by_its_end(tmp_path: Path) -> None:
    kernel = open_source(f"{FIXTURES / 'archives/kata-static.tar.zst'}!vmlinux.container")
    assert kernel.provenance.location.endswith("!opt/kata/share/kata-containers/vmlinux-6.12.3-153")
    path = saved(tmp_path, {"a/config": "b", "a/b": CONFIG, "c/config": "../a/b"})
    with pytest.raises(SourceError, match="2 kernels' configs are in it: a/config, c/config"):
        open_source(f"{path}!config")


def test_the_named_member_itself_comes_before_one_of_that_name_elsewhere(tmp_path: Path) -> None:
    path = saved(
        tmp_path, {"debug/vmlinux": b"\x7fELF" + bytes(100), "vmlinux": (FIXTURES / "images/Image").read_bytes()}
    )
    assert open_source(f"{path}!vmlinux").provenance.location.endswith("!vmlinux")
    path = saved(tmp_path, {"debug/vmlinux": b"\x7fELF" + bytes(100)})
    with pytest.raises(NoIkconfigError, match="debug/vmlinux"):
        open_source(f"{path}!vmlinux")


def test_the_kernel_that_kata_boots_is_not_replaced_by_another(tmp_path: Path) -> None:
    path = saved(tmp_path, {f"{KATA}config-2": CONFIG, f"{KATA}vmlinux.container": "vmlinux-1"})
    with pytest.raises(SourceNotFoundError, match=f"no member {KATA}vmlinux-1 in it"):
        open_source(str(path))


def test_names_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    from tests.test_cli_extract import run

    evil = "boot/config-\x1b]0;owned\x07"
    path = saved(tmp_path, {f"{evil}1": CONFIG, f"{evil}2": CONFIG + b"CONFIG_EFI=y\n"})
    for arguments in ([str(path)], ["-v", f"{path}!{evil}1"], [str(tmp_path / "no\x1bfile")]):
        done = run("extract", *arguments)
        assert b"\x1b" not in done.stderr
        assert b"\x07" not in done.stderr
        assert b"\\x1b" in done.stderr


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2", "zstd"])
def test_a_stream_that_begins_where_a_piece_of_input_ends(kind: str) -> None:
    """The next stream's magic may be split between two reads."""
    from kina_audit.kernel.compression.expansion import Expansion
    from kina_audit.kernel.compression.limits import Budget, Limits
    from kina_audit.kernel.compression.reader import ViewReader

    one = MAKE.COMPRESSORS[kind][1](b"x" * 100)
    data = memoryview(one + bytes(8) + one + one)
    for step in range(1, len(one) + 8):
        budget = Budget(Limits(), "x")
        reader = Expansion(ViewReader(data), kind, budget, where="", window=16 << 20, concatenated=True, step=step)
        assert reader.read_exactly(1000) == b"x" * 300, step


def test_an_archive_of_an_image_without_a_config_says_which_kernel(tmp_path: Path) -> None:
    path = saved(tmp_path, {"boot/vmlinuz-1": MAKE.arm64_image(MAKE.kernel(config=None))})
    with pytest.raises(NoIkconfigError, match=r"a\.tar!boot/vmlinuz-1 .*6\.12\.3-fixture was built without"):
        open_source(str(path))


def test_nothing_in_it(tmp_path: Path) -> None:
    path = saved(tmp_path, {"readme": b"x", "etc/app/configuration": b"y"})
    with pytest.raises(SourceNotFoundError, match="no kernel config and no kernel image") as caught:
        open_source(str(path))
    assert "etc/app/configuration" in caught.value.hint


def test_a_file_with_an_exclamation_mark_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "odd!name"
    path.write_bytes(CONFIG)
    assert open_source(str(path)).config_bytes == CONFIG
    archive = saved(tmp_path, {"config-1": CONFIG}, "odd!archive.tar")
    assert open_source(f"{archive}!config-1").config_bytes == CONFIG
    with pytest.raises(SourceNotFoundError, match="missing"):
        open_source(str(tmp_path / "missing.tar!config"))


def test_long_names_and_pax_headers_are_read(tmp_path: Path) -> None:
    import tarfile

    name = "x" * 120 + "/" + "y" * 120 + "/config-1"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = tmp_path / f"{form}.tar.gz"
        with tarfile.open(path, "w:gz", format=form) as archive:
            entry = tarfile.TarInfo(name)
            entry.size = len(CONFIG)
            archive.addfile(entry, io.BytesIO(CONFIG))
        assert open_source(str(path)).provenance.location.endswith(name)


def test_concatenated_archives_and_streams_are_one(tmp_path: Path) -> None:
    path = tmp_path / "alpine.apk"
    path.write_bytes(gzip.compress(MAKE.tar({".PKGINFO": b"x"})) + gzip.compress(MAKE.tar({"boot/config-1": CONFIG})))
    assert open_source(str(path)).provenance.location.endswith("!boot/config-1")


def huge_names() -> bytes:
    import tarfile

    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 8 * 1024**3
    return entry.tobuf(tarfile.GNU_FORMAT)


def test_sizes_in_headers_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(huge_names() + bytes(2048))
    with pytest.raises(SourceTooLargeError, match="claims 8589934592 bytes of names"):
        open_source(str(path))
    path.write_bytes(MAKE.tar({"boot/config-1": CONFIG})[:900])
    with pytest.raises(SourceError, match=r"ends inside the member at 0x0|ends too early"):
        open_source(str(path))
    header = bytearray((FIXTURES / "archives/kernel.rpm").read_bytes())
    struct.pack_into(">I", header, 96 + 8, 0xFFFFFFF)
    path.write_bytes(bytes(header))
    with pytest.raises(SourceError, match="damaged RPM header at 0x60"):
        open_source(str(path))


def test_an_encrypted_zip_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config-1", CONFIG)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(SourceError, match="it is encrypted"):
        open_source(str(path))


@pytest.mark.slow
def test_a_bomb_is_told_by_how_much_it_expands(tmp_path: Path) -> None:
    small = SourceOptions(max_decompressed=4)
    members: dict[str, bytes | str] = {"a": bytes(16 * 1024 * 1024), "config-1": CONFIG}
    bomb = tmp_path / "bomb.tar.gz"
    bomb.write_bytes(gzip.compress(MAKE.tar(members)))
    with pytest.raises(SourceTooLargeError, match="which no kernel archive does"):
        open_source(str(bomb), small)
    # What does not expand much may be as large as Kata's releases are.
    members["a"] = random.Random(1).randbytes(8 * 1024 * 1024)
    real = tmp_path / "real.tar.gz"
    real.write_bytes(gzip.compress(MAKE.tar(members), 1))
    assert open_source(str(real), small).config_bytes == CONFIG
    # A member that is read is bounded by itself.
    members = {"boot/vmlinuz-1": gzip.compress(bytes(8 * 1024 * 1024))}
    with pytest.raises(SourceTooLargeError, match="more than 4 MiB"):
        open_source(str(saved(tmp_path, members, "inner.tar")), small)


def test_link_targets() -> None:
    assert link_target("a/b", "c") == "a/c"
    assert link_target("a/b", "/c/d") == "c/d"
    assert link_target("a/b", "../../x") == ""
    assert link_target("a/b", "c/d", hard=True) == "c/d"
    assert follow("a", {"a": "b", "b": "c"}, "x") == "c"


@settings(max_examples=examples(300))
@given(st.sampled_from(ARCHIVES), st.randoms(use_true_random=False), st.integers(1, 10))
def test_mutations_give_only_our_own_errors(
    tmp_path_factory: pytest.TempPathFactory, path: Path, chance: random.Random, changes: int
) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(changes):
        data[chance.randrange(len(data))] = chance.randrange(256)
    place = tmp_path_factory.getbasetemp() / f"mutated{path.suffix}"
    place.write_bytes(bytes(data))
    try:
        kernel = open_source(str(place), SourceOptions(max_decompressed=8))
        assert isinstance(kernel, Kernel)
    except KinaAuditError:
        pass


def test_zip_members_are_bounded_by_the_budget() -> None:
    from kina_audit.kernel.compression.limits import Budget, Limits

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config-1", bytes(4 * 1024 * 1024))
    budget = Budget(Limits(layer=1 << 20, total=1 << 20), "a.zip")
    members = zip_archive.members(data, "a.zip", budget)
    member = next(members)
    with pytest.raises(SourceTooLargeError):
        member.content.read_exactly(member.size)


@pytest.mark.parametrize(
    "name", ["kernel.deb", "kernel.rpm", "kernel.tar.gz", "kernel.tar.xz", "kernel.tar.zst", "kernel.tar.bz2"]
)
def test_a_truncated_archive_names_the_layer_and_how_far_it_was_read(name: str, tmp_path: Path) -> None:
    whole = (Path(__file__).resolve().parents[1] / "fixtures" / "archives" / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 10 // 12])
    with pytest.raises(
        SourceError, match=r"the (xz|zstd|gzip|bzip2) data ends too early \(after 0x[0-9a-f]+ bytes of it\)"
    ):
        open_source(str(tmp_path / name))
