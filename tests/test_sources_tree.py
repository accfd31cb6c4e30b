"""Kernel trees from folders, archives and kernel.org; caching; hostile archives."""

import gzip
import io
import json
import lzma
import tarfile
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError, UsageError
from kina_audit.kconfig.loaded import read_tree
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.tree import archive as archive_module
from kina_audit.sources.tree.find import cached_trees, find_tree, load_document, remove_tree, save_document

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"


def tar_of_fixture(top: str = "linux-6.12.1/", extra: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    """An uncompressed archive of the hand-written tree, with more than Kconfig needs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in sorted(FIXTURE.rglob("*")):
            tar.add(path, f"{top}{path.relative_to(FIXTURE)}", recursive=False)
        more = (
            (f"{top}kernel/fork.c", b"int x;\n" * 1000),
            (f"{top}scripts/cc-version.sh", b"#!/bin/sh\n"),
            (f"{top}net/Kconfig.debug", b"# nothing\n"),
            *extra,
        )
        for name, data in more:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def options(tmp_path: Path) -> SourceOptions:
    return SourceOptions(cache=tmp_path / "cache")


def zstd(data: bytes) -> bytes:
    try:
        from compression import zstd as module  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from backports import zstd as module
    return bytes(module.compress(data))


@pytest.mark.parametrize("top", ["", "./", "./linux/", "linux-6.12.1/"])
def test_the_tree_may_be_the_archives_top_or_a_folder_in_it(tmp_path: Path, options: SourceOptions, top: str) -> None:
    """As ``git archive`` without a prefix and ``tar -C linux .`` have it, and a release archive."""
    more = (("elsewhere/Kconfig", b"config X\n"), ("elsewhere/scripts/no.sh", b""))
    (tmp_path / "t.tar").write_bytes(tar_of_fixture(top, more))
    place = find_tree(str(tmp_path / "t.tar"), options)
    assert (place.root / "arch/x86/Kconfig").is_file()
    assert json.loads((place.root / "kina-audit.json").read_text())["scripts"] == ["cc-version.sh"]
    assert read_tree(place.root, "t", "x86", Toolchain.parse("gcc-12"))[0].model.version == "6.12.0"
    assert [name for name, _, _ in cached_trees(options)] == [place.root.name]


@pytest.mark.parametrize(
    ("name", "pack"), [("t.tar.xz", lzma.compress), ("t.tar.gz", gzip.compress), ("t.tar.zst", zstd), ("t.tar", bytes)]
)
def test_an_archive_keeps_only_what_kconfig_needs(tmp_path: Path, options: SourceOptions, name: str, pack) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / name).write_bytes(pack(tar_of_fixture()))
    place = find_tree(str(tmp_path / name), options)
    kept = {str(p.relative_to(place.root)) for p in place.root.rglob("*") if p.is_file()}
    assert {"Kconfig", "Makefile", "net/Kconfig", "net/Kconfig.debug", "arch/x86/Kconfig"} <= kept
    assert not any(n.endswith((".c", ".sh")) for n in kept)
    tree, _ = read_tree(place.root, place.origin, "x86", Toolchain.parse("gcc-12"))
    assert tree.model.version == "6.12.0"
    (tmp_path / "cache" / "mark").write_text("")
    assert find_tree(str(tmp_path / name), options).root == place.root


@pytest.mark.parametrize(
    "member",
    ["../escape/Kconfig", "/absolute/Kconfig", "linux-6.12.1/../../Kconfig.escape", "linux-6.12.1/a/../../../Kconfig"],
)
def test_members_that_leave_the_folder_are_left_out(tmp_path: Path, options: SourceOptions, member: str) -> None:
    (tmp_path / "t.tar").write_bytes(tar_of_fixture(extra=((member, b"config STOLEN\n"),)))
    before = {p for p in tmp_path.rglob("*") if p.name.startswith("Kconfig")}
    root = find_tree(str(tmp_path / "t.tar"), options).root
    after = {p for p in tmp_path.rglob("*") if p.name.startswith("Kconfig")}
    assert all(p.is_relative_to(root) for p in after - before)
    assert not any("STOLEN" in p.read_text() for p in after)


def test_a_member_in_the_place_of_our_note_is_left_out(tmp_path: Path, options: SourceOptions) -> None:
    (tmp_path / "t.tar").write_bytes(tar_of_fixture(extra=((f"linux-6.12.1/{archive_module.META}/Kconfig", b"x\n"),)))
    place = find_tree(str(tmp_path / "t.tar"), options)
    assert [origin for _, origin, _ in cached_trees(options)] == [str(tmp_path / "t.tar")]
    assert archive_module.is_kept(place.root)


def test_a_damaged_cached_tree_is_made_again(tmp_path: Path, options: SourceOptions) -> None:
    (tmp_path / "t.tar").write_bytes(tar_of_fixture())
    root = find_tree(str(tmp_path / "t.tar"), options).root
    (root / "Kconfig").unlink()
    assert find_tree(str(tmp_path / "t.tar"), options).root == root
    assert (root / "Kconfig").is_file()


@pytest.mark.parametrize("spec", ["t.tar", "6.12.1"])
def test_a_cache_that_cannot_be_written_is_one_error(tmp_path: Path, spec: str) -> None:
    (tmp_path / "t.tar").write_bytes(tar_of_fixture())
    (tmp_path / "file").write_text("")
    told = SourceOptions(cache=tmp_path / "file")
    where = str(tmp_path / spec) if spec == "t.tar" else spec
    with pytest.raises(SourceError, match="the cache cannot be written"):
        find_tree(where, told, transport=kernel_org(lzma.compress(tar_of_fixture())))


def test_links_in_an_archive_are_left_out(tmp_path: Path, options: SourceOptions) -> None:
    out = io.BytesIO(tar_of_fixture())
    with tarfile.open(fileobj=out, mode="a") as tar:
        link = tarfile.TarInfo("linux-6.12.1/drivers/Kconfig")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (tmp_path / "t.tar").write_bytes(out.getvalue())
    assert not (find_tree(str(tmp_path / "t.tar"), options).root / "drivers").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an archive",
        lzma.compress(b"x" * 2000),
        lzma.compress(tar_of_fixture())[:-400],
        tar_of_fixture()[:3000],
    ],
)
def test_a_damaged_archive_is_one_error_and_leaves_nothing(tmp_path: Path, options: SourceOptions, data: bytes) -> None:
    (tmp_path / "t.tar.xz").write_bytes(data)
    with pytest.raises(SourceError):
        find_tree(str(tmp_path / "t.tar.xz"), options)
    assert list(cached_trees(options)) == []
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


def test_archives_are_bounded(tmp_path: Path, options: SourceOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.tar").write_bytes(tar_of_fixture())
    for name, limit in (
        ("TREE_FILES", 5),
        ("TREE_FOLDERS", 2),
        ("TREE_DEPTH", 1),
        ("KCONFIG_BYTES", 100),
        ("KCONFIG_FILE", 100),
        ("TREE_UNPACKED", 1000),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(archive_module, name, limit)
            with pytest.raises(SourceTooLargeError):
                find_tree(str(tmp_path / "t.tar"), options)


def kernel_org(archive: bytes, *, digest: str = "") -> httpx.MockTransport:
    sums = f"-----BEGIN PGP SIGNED MESSAGE-----\n\n{digest or sha256(archive).hexdigest()}  linux-6.12.1.tar.xz\n"

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "cdn.kernel.org"
        body = {
            "/pub/linux/kernel/v6.x/sha256sums.asc": sums.encode(),
            "/pub/linux/kernel/v6.x/linux-6.12.1.tar.xz": archive,
        }.get(request.url.path)
        return httpx.Response(404) if body is None else httpx.Response(200, stream=httpx.ByteStream(body))

    return httpx.MockTransport(answer)


def test_a_version_is_fetched_checked_and_kept(tmp_path: Path) -> None:
    said: list[str] = []
    options = SourceOptions(cache=tmp_path / "cache", progress=said.append)
    place = find_tree("6.12.1", options, transport=kernel_org(lzma.compress(tar_of_fixture())))
    assert place.origin == "Linux 6.12.1 from kernel.org"
    assert any("fetching linux-6.12.1.tar.xz" in s for s in said)
    assert [(n, o) for n, o, _ in cached_trees(options)] == [("linux-6.12.1", "Linux 6.12.1 from kernel.org")]
    offline = SourceOptions(cache=tmp_path / "cache", offline=True)
    assert find_tree("v6.12.1", offline).root == place.root
    assert find_tree("linux-6.12.1", offline).root == place.root
    remove_tree("6.12.1", options)
    assert list(cached_trees(options)) == []
    with pytest.raises(SourceNotFoundError):
        remove_tree("6.12.1", options)


def test_a_wrong_digest_is_not_used(tmp_path: Path, options: SourceOptions) -> None:
    with pytest.raises(SourceError, match="sha256 is not the one"):
        find_tree("6.12.1", options, transport=kernel_org(lzma.compress(tar_of_fixture()), digest="0" * 64))
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


@pytest.mark.parametrize("version", ["6.12.2", "9.99", "6.18-rc3"])
def test_a_version_kernel_org_lacks(options: SourceOptions, version: str) -> None:
    with pytest.raises(SourceNotFoundError):
        find_tree(version, options, transport=kernel_org(b""))


def test_offline_and_nonsense(options: SourceOptions, tmp_path: Path) -> None:
    offline = SourceOptions(cache=tmp_path / "cache", offline=True)
    with pytest.raises(SourceNotFoundError, match="--offline"):
        find_tree("6.12.1", offline)
    with pytest.raises(SourceNotFoundError, match="no such kernel tree"):
        find_tree("../nowhere", options)
    with pytest.raises(UsageError):
        find_tree("", options)


def test_documents_are_cached_and_survive_nothing_readable(options: SourceOptions, tmp_path: Path) -> None:
    assert load_document("k", options) is None
    save_document("k", "text", options)
    assert load_document("k", options) == "text"
    blocked = SourceOptions(cache=tmp_path / "cache" / "models" / "k.json")
    save_document("k", "text", blocked)
    assert load_document("k", blocked) is None
