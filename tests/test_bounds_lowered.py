"""Bounds that are tried lowered, since the real ones take minutes or gigabytes, and bounds above which less is kept, not refused.

With `tests/test_bounds.py` that is every bound of the table.
"""

import gzip
import importlib
import inspect
import io
import lzma
import os
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from kina_audit.base import bounds
from kina_audit.base.bounds import MIB
from kina_audit.errors import KinaAuditError

CONFIG = b"#\n# Linux/arm64 6.12.1 Kernel Configuration\n#\nCONFIG_MODULES=y\nCONFIG_NET=y\n"
Try = Callable[[int, Path], object]


def answering(body: bytes = b"", **more: Any) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(body), **more))


def expanded(limits: Any, data: bytes) -> object:
    from kina_audit.kernel.compression.limits import Budget
    from kina_audit.kernel.compression.reader import ViewReader
    from kina_audit.sources.local.content import read_config

    return read_config(ViewReader(memoryview(data)), "x", Budget(limits, "x"))


def decompressed(count: int, folder: Path) -> object:
    from kina_audit.sources import open_source
    from kina_audit.sources.options import SourceOptions

    text = CONFIG + (b"#" + b"x" * 1022 + b"\n") * 1023
    (folder / "x").write_bytes(gzip.compress(text + b"\n" * (MIB + count - 1 - len(text)), 1))
    return open_source(str(folder / "x"), SourceOptions(max_decompressed=1))


def window(count: int, _: Path) -> object:
    from kina_audit.kernel.compression.limits import Limits

    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": MIB << count}]
    return expanded(Limits(window=4 * MIB), lzma.compress(CONFIG, filters=filters))


def tar_with(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for member, data in members:
            packed.addfile(member, io.BytesIO(data))
    return out.getvalue()


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


def in_archive(data: bytes, wanted: str = "") -> object:
    from kina_audit.kernel.compression.limits import Limits
    from kina_audit.kernel.compression.reader import CallReader
    from kina_audit.sources.archive.read import read_archive

    @contextmanager
    def opened() -> Iterator[Any]:
        yield CallReader(io.BytesIO(data).read), io.BytesIO(data)

    return read_archive(opened, "x", wanted, Limits())


def images(count: int, _: Path) -> object:
    """The image that has the config is the last one; ``MEMBER_IMAGES`` of them are looked into."""
    good = (Path(__file__).resolve().parents[1] / "fixtures/images/Image.gz").read_bytes()
    rows = [member(f"boot/vmlinuz-{i}", b"MZ" + bytes(100)) for i in range(count - 1)]
    return in_archive(tar_with(*rows, member(f"boot/vmlinuz-{count}", good)))


def fetched_tree(count: int, folder: Path) -> object:
    """At the bound the archive is fetched, and refused for another reason: its digest is not the published one."""
    from kina_audit.sources.options import SourceOptions
    from kina_audit.sources.tree.find import find_tree

    def answer(request: httpx.Request) -> httpx.Response:
        sums = f"{'0' * 64}  linux-6.12.1.tar.xz\n".encode()
        return httpx.Response(200, stream=httpx.ByteStream(sums if request.url.path.endswith(".asc") else b"x" * count))

    try:
        return find_tree("6.12.1", SourceOptions(cache=folder), transport=httpx.MockTransport(answer))
    except KinaAuditError as error:
        if "sha256" not in error.message:
            raise
        return error


def kconfig(text: str, folder: Path) -> object:
    from kina_audit.kconfig.loaded import read_tree
    from kina_audit.kconfig.toolchain import DEFAULT_TOOLCHAIN, Toolchain
    from tests.attacks import tree

    tree(folder / str(len(list(folder.iterdir()))), text)
    return read_tree(
        max(folder.iterdir(), key=lambda p: int(p.name)), "t", "x86_64", Toolchain.parse(DEFAULT_TOOLCHAIN)
    )


def http_seconds(count: int, _: Path) -> object:
    """Tenths of a second that an answer takes."""
    from kina_audit.sources.network.http import fetch

    return slowly(count, lambda transport: fetch("https://x.example/", seconds=0.5, transport=transport))


def download_seconds(count: int, _: Path) -> object:
    from kina_audit.sources.network.http import download

    got: list[bytes] = []
    slowly(
        count,
        lambda t: download("https://x.example/", got.append, hosts=("x.example",), limit=9, seconds=0.5, transport=t),
    )
    return got


def slowly(tenths: int, ask: Callable[[httpx.MockTransport], object]) -> object:
    class Dripping(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            if tenths > 1:
                time.sleep(tenths / 10)
                raise httpx.ReadError("the connection was shut down, as the deadline does")
            yield b"x"

    return ask(httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping())))


def asked(*words: str) -> object:
    from kina_audit.sources.guest.commands import Command
    from kina_audit.sources.guest.read import run

    return run(Command(words), 0.5, "x")


def answered(count: int, _: Path) -> object:
    from kina_audit.sources.guest.script import read_answer

    said = (
        b"\nkina-audit release 6.12\n"
        + b"kina-audit loaded a\n" * (count - 3)
        + b"kina-audit hex /x\n2320\nkina-audit end\n"
    )
    return read_answer(said, "x")


def of_git(count: int, folder: Path) -> object:
    """A commit of so many MiB, which git holds in memory."""
    from kina_audit.sources.git.command import git

    place = folder / str(count)
    place.mkdir()
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    words = ["git", "-C", str(place), "hash-object", "-w", "-t", "commit", "--literally", "--stdin"]
    made = subprocess.run(words, check=True, capture_output=True, input=bytes(count * MIB)).stdout.decode().strip()
    return git(place, "cat-file", "commit", made)


def compiler(count: int, folder: Path) -> object:
    """A compiler that answers after so many tenths of a second."""
    from kina_audit.sources.tree.compiler import identify

    program = folder / f"cc{count}"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && sleep {(count - 3) * 3} && echo gcc 12.2.0\n[ "$1" = -dumpfullversion ] && sleep {(count - 3) * 3} && echo 12.2.0\nexit 0\n'
    )
    program.chmod(0o755)
    return identify(str(program))


def cached(count: int, folder: Path) -> object:
    from kina_audit.sources.options import SourceOptions
    from kina_audit.sources.tree.find import load_document

    (folder / "models").mkdir(exist_ok=True)
    (folder / "models/k.json").write_text("x" * count)
    return none_is_error(load_document("k", SourceOptions(cache=folder)))


def none_is_error(value: object) -> object:
    if value is None:
        raise KinaAuditError("nothing")
    return value


def profile_text(name: str, more: str) -> str:
    return f'schema = 1\nid = "{name}"\ntitle = "T"\ndescription = "D."\n{more}\n'


REQUIREMENT = '[[requirement]]\nid = "r"\nexpr = "VXLAN"\nlevel = "required"\nwhy = "W."\nfix = "F."\nsource = "S"\n'


def library(folder: Path, texts: dict[str, str]) -> object:
    from kina_audit.profiles.load import ProfileLibrary

    place = folder / f"p{len(list(folder.iterdir()))}"
    place.mkdir()
    for name, text in texts.items():
        (place / f"{name}.toml").write_text(profile_text(name, text))
    return ProfileLibrary([place])


def alternatives(count: int, folder: Path) -> object:
    rows = "".join(REQUIREMENT.replace('"r"', f'"r{i}"') for i in range(count - 1))
    return library(folder, {"a": rows, "b": REQUIREMENT, "c": 'any_of = ["a", "b"]'})


def values(text: str, folder: Path) -> object:
    from kina_audit.sources.cilium_values import read_values

    (folder / "v").write_text(text)
    return read_values(str(folder / "v"))


def named(count: int) -> object:
    from kina_audit.sources.expand import expand

    return list(expand(["recorded:apple"] * count))


def unindexed(count: int, folder: Path) -> object:
    from kina_audit.sources.local.modules import _walked

    place = folder / str(count)
    place.mkdir()
    for number in range(count - 1):
        (place / f"{number}.ko").touch()
    return _walked(place)


def modprobe_files(count: int, folder: Path) -> object:
    from kina_audit.sources.local.modules import _settings

    place = folder / str(count) / "etc/modprobe.d"
    place.mkdir(parents=True)
    for number in range(count):
        (place / f"{number}.conf").touch()
    return _settings(folder / str(count), live=False)


def agents(count: int, _: Path) -> object:
    import json

    from kina_audit.sources.guest import cluster
    from kina_audit.sources.options import SourceOptions

    pods = {"items": [{"metadata": {"name": f"cilium-{i}"}} for i in range(count)]}
    found = cluster.Cluster("", "kube-system", SourceOptions())
    found._run = lambda *_: json.dumps(pods).encode()  # type: ignore[method-assign]
    return found.agents()


def sparse(count: int, folder: Path) -> object:
    """A file of so many MiB that is neither text nor an archive, and no image either."""
    from kina_audit.errors import NoIkconfigError
    from kina_audit.sources import open_source
    from kina_audit.sources.options import SourceOptions

    with (folder / "x").open("wb") as file:
        file.truncate(count * MIB)
    try:
        return open_source(str(folder / "x"), SourceOptions(max_decompressed=1))
    except NoIkconfigError as error:
        return error


def piped(count: int, folder: Path) -> object:
    """A named pipe that is written to at once, or only after the bound."""
    from threading import Timer

    from kina_audit.sources import open_source

    os.mkfifo(folder / str(count))

    def write() -> None:
        with suppress(OSError):  # whoever waited has given up
            handle = os.open(folder / str(count), os.O_WRONLY | os.O_NONBLOCK)
            os.write(handle, b"CONFIG_NET=y\n")
            os.close(handle)

    timer = Timer(0.05 if count == PIPE_TENTHS else 1.5, write)
    timer.start()
    try:
        return open_source(str(folder / str(count)))
    finally:
        timer.join()


PIPE_TENTHS = 8
"""Of a second, which is more than enough to open a pipe in."""

LOWERED: dict[str, tuple[int, tuple[str, ...], Try]] = {
    "DECOMPRESSED_MIB": (1, (), decompressed),
    "IMAGE_BYTES": (3, ("sources.local.file",), sparse),
    "WINDOW": (2, (), window),
    "MEMBER_IMAGES": (3, ("sources.archive.choose",), images),
    "TREE_ARCHIVE": (100, ("sources.tree.find",), fetched_tree),
    "KCONFIG_MACROS": (
        20,
        ("kconfig.tree",),
        lambda n, f: kconfig("a = x\n" + "b := $(a)\n" * n + "config A\n\tbool\n", f),
    ),
    "KCONFIG_EXPANSION": (
        50,
        ("kconfig.tree",),
        lambda n, f: kconfig(f"a = {'x' * n}\nb := $(a)\nconfig A\n\tbool\n", f),
    ),
    "HTTP_SECONDS": (1, (), lambda n, f: http_seconds(1 if n == 1 else 8, f)),
    "DOWNLOAD_SECONDS": (1, (), lambda n, f: download_seconds(1 if n == 1 else 8, f)),
    "PIPE_SECONDS": (PIPE_TENTHS, ("sources.local.file",), piped),
    "GUEST_SECONDS": (1, (), lambda n, _: asked("sleep", "0" if n == 1 else "5")),
    "GUEST_BYTES": (1000, ("sources.guest.read",), lambda n, _: asked("head", "-c", str(n), "/dev/zero")),
    "GUEST_LINES": (10, ("sources.guest.script",), answered),
    "GIT_MEMORY": (12, ("sources.git.command",), lambda n, f: of_git(1 if n == 12 else 14, f)),
    "COMPILER_SECONDS": (3, ("sources.tree.compiler",), compiler),
    "CACHE_BYTES": (10, ("sources.tree.find",), cached),
    "PROFILES": (3, ("profiles.load",), lambda n, f: library(f, {f"a{i}": REQUIREMENT for i in range(n)})),
    "ALTERNATIVES": (4, ("profiles.load",), alternatives),
    "VALUES_TEXT": (100, ("sources.cilium_values",), lambda n, f: values("a: " + "x" * (n - 1) + "\n", f)),
    "MODULE_FILES": (10, ("sources.local.modules",), unindexed),
    "MODPROBE_FILES": (3, ("sources.local.modules",), modprobe_files),
    "SOURCES": (10, ("sources.expand",), lambda n, _: named(n)),
    "VALUES_EVENTS": (100, ("sources.cilium_values",), lambda n, f: values("a: [" + "1," * (n - 9) + "]\n", f)),
    "NODES": (5, ("sources.guest.cluster",), agents),
}
"""Bound to a smaller one, the modules that have it, and what is tried: at the smaller bound and one above."""

UNITS = {"IMAGE_BYTES": MIB, "GIT_MEMORY": MIB, "COMPILER_SECONDS": 0.1, "PIPE_SECONDS": 0.1}


@pytest.mark.slow
@pytest.mark.parametrize("name", LOWERED)
def test_at_the_lowered_bound_and_above(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most, modules, attempt = LOWERED[name]
    for module in modules:
        found = importlib.import_module(f"kina_audit.{module}")
        assert getattr(found, name) == getattr(bounds, name)
        monkeypatch.setattr(found, name, most * UNITS.get(name, 1))
    monkeypatch.setattr("kina_audit.sources.local.file._MAPPED", MIB)  # from there on files are streamed
    assert attempt(most, tmp_path) is not None
    with pytest.raises(KinaAuditError):
        attempt(most + 1, tmp_path)


def test_what_is_given_a_bound_as_a_default_has_the_tables() -> None:
    from kina_audit.kernel.compression.limits import Limits
    from kina_audit.sources.network import http
    from kina_audit.sources.options import SourceOptions

    assert (Limits().layer, Limits().window, Limits().depth) == (
        bounds.DECOMPRESSED_MIB * MIB,
        bounds.WINDOW,
        bounds.LAYERS,
    )
    assert (SourceOptions().max_decompressed, SourceOptions().timeout) == (
        bounds.DECOMPRESSED_MIB,
        bounds.GUEST_SECONDS,
    )
    assert inspect.signature(http.fetch).parameters["seconds"].default == bounds.HTTP_SECONDS
    assert inspect.signature(http.download).parameters["seconds"].default == bounds.DOWNLOAD_SECONDS


# Above these, less is kept or waited for; nothing is refused.
def etag(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from kina_audit.sources.network.http import fetch

    for length, kept in ((bounds.ETAG, bounds.ETAG), (bounds.ETAG + 1, 0)):
        assert len(fetch("https://x.example/", transport=answering(b"x", headers={"etag": "e" * length})).etag) == kept


def wait(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from kina_audit.sources.network.http import fetch

    for asked_for in (bounds.HTTP_WAIT - 1, bounds.HTTP_WAIT, bounds.HTTP_WAIT + 1):
        slept: list[float] = []
        answers = iter(
            [
                httpx.Response(503, headers={"retry-after": str(asked_for)}),
                httpx.Response(200, stream=httpx.ByteStream(b"x")),
            ]
        )
        fetch("https://x.example/", sleep=slept.append, transport=httpx.MockTransport(lambda _, a=answers: next(a)))
        assert slept == [min(asked_for, bounds.HTTP_WAIT)]


def timeouts(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """What the library is told to wait: no test waits so long."""
    from kina_audit.sources.network.http import fetch

    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, stream=httpx.ByteStream(b"x"))

    fetch("https://x.example/", transport=httpx.MockTransport(answer))
    assert (seen[0]["connect"], seen[0]["read"]) == (bounds.HTTP_CONNECT, bounds.HTTP_READ)


def folder_files(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from kina_audit.sources.local import directory

    monkeypatch.setattr(directory, "FOLDER_FILES", 3)
    (folder / "boot").mkdir()
    for number in range(5):
        (folder / f"boot/config-{number}").touch()
        assert len(directory._paths(folder, "")) == min(number + 1, 3)


def held(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A larger member is read forward and never held whole."""
    from kina_audit.kernel.compression.reader import ViewReader
    from kina_audit.sources.archive import choose

    seen: list[bool] = []
    real = choose.read_config
    monkeypatch.setattr(choose, "MEMBER_HELD", 200)
    monkeypatch.setattr(
        choose,
        "read_config",
        lambda reader, *more: (seen.append(isinstance(reader, ViewReader)), real(reader, *more))[1],
    )
    for size in (200, 201):
        in_archive(tar_with(member("boot/config-1", CONFIG + b"#" * (size - len(CONFIG)))))
    assert seen == [True, False]


def link_text(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from kina_audit.kernel.compression.limits import Budget, Limits
    from kina_audit.sources.archive import choose

    monkeypatch.setattr(choose, "LINK_TEXT", 20)
    chooser = choose.Chooser("x", "", Budget(Limits(), "x"))
    for name, target in (("a", "b" * 9), ("c", "d" * 9), ("e", "f")):
        chooser._remember_link(name, target)
    assert list(chooser._links) == ["a", "c"]


def said(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from kina_audit.cli import terminal

    texts: list[str] = []
    monkeypatch.setattr(terminal, "tell", texts.append)
    for length in (bounds.SAID, bounds.SAID + 1):
        terminal.say("x" * (length - len("kina-audit: ")))
    assert [t.endswith(" ...") for t in texts] == [False, True]
    assert max(map(len, texts)) == bounds.SAID + 4


CUT: dict[tuple[str, ...], Callable[[pytest.MonkeyPatch, Path], None]] = {
    ("ETAG",): etag,
    ("HTTP_WAIT",): wait,
    ("HTTP_CONNECT", "HTTP_READ"): timeouts,
    ("FOLDER_FILES",): folder_files,
    ("MEMBER_HELD",): held,
    ("LINK_TEXT",): link_text,
    ("SAID",): said,
}


@pytest.mark.parametrize("names", CUT, ids="-".join)
def test_above_the_bound_less_is_kept(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    CUT[names](monkeypatch, tmp_path)


def test_every_bound_is_tried() -> None:
    """A new bound comes with its case, here or in `tests/test_bounds.py`."""
    from tests.test_bounds import ELSEWHERE, TRIED

    tried = [
        *TRIED,
        *LOWERED,
        *(n for names in CUT for n in names),
        *(n for names in ELSEWHERE.values() for n in names),
        "CONFIG_WARNINGS",
    ]
    assert sorted(tried) == sorted(b.name for b in bounds.TABLE)
