"""`apple`: the file and the version that is really built, the cache, and what happens without a network."""

from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.base.digest import git_blob_id
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.config import Origin
from kina_audit.sources import open_source
from kina_audit.sources.git.checkout import built_version
from kina_audit.sources.network import http
from kina_audit.sources.options import SourceOptions

CONFIG = (
    "# Linux/arm64 6.1.68 Kernel Configuration\nCONFIG_ARM64=y\nCONFIG_NET=y\n"
    + "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
).encode()
MAKEFILE = b"KSOURCE ?= https://cdn.example/linux-6.18.5.tar.xz\n"


class Network:
    """Answers from a table of addresses, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages: dict[str, bytes | Exception] = {"config-arm64": CONFIG, "Makefile": MAKEFILE}
        self.asked: list[tuple[str, str]] = []
        monkeypatch.setattr(http, "fetch", self.fetch)

    def fetch(self, url: str, *, etag: str = "", **_: object) -> http.Response:
        self.asked.append((url, etag))
        page = self.pages.get(url.rpartition("/")[2], SourceNotFoundError(f"{url}: not found (404)"))
        if isinstance(page, Exception):
            raise page
        if etag == '"tag"':
            return http.Response(304, b"", etag, url)
        return http.Response(200, page, '"tag"', url)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


@pytest.fixture
def options(tmp_path: Path) -> SourceOptions:
    return SourceOptions(cache=tmp_path / "cache")


def test_the_makefile_names_the_version_that_is_built(network: Network, options: SourceOptions) -> None:
    kernel = open_source("apple@main", options)
    assert str(kernel.config.header.version) == "6.1.68"
    assert str(kernel.config.target) == "6.18.5"
    assert kernel.config.origin is Origin.INPUT
    assert kernel.provenance.blob == git_blob_id(CONFIG)
    assert kernel.provenance.ref == "main"
    assert len(network.asked) == 2


def test_without_the_makefile_the_target_is_unknown_not_the_header(network: Network, options: SourceOptions) -> None:
    network.pages["Makefile"] = SourceError("boom")
    kernel = open_source("apple", options)
    assert kernel.config.target is None
    assert "not known" in kernel.provenance.notes[0]


def test_branches_are_revalidated_and_commits_are_not(network: Network, options: SourceOptions) -> None:
    open_source("apple@main", options)
    open_source("apple@main", options)
    assert [etag for _, etag in network.asked] == ["", "", '"tag"', '"tag"']
    network.asked.clear()
    commit = "a" * 40
    open_source(f"apple@{commit}", options)
    open_source(f"apple@{commit}", options)
    assert len(network.asked) == 2
    open_source(f"apple@{commit}", replace(options, refresh=True))
    assert len(network.asked) == 4


def test_offline_never_asks_and_uses_the_cache(network: Network, options: SourceOptions) -> None:
    open_source("apple@main", options)
    network.asked.clear()
    kernel = open_source("apple@main", replace(options, offline=True))
    assert network.asked == []
    assert kernel.provenance.kind == "apple"


def test_no_network_and_no_cache_uses_the_newest_record_and_says_so(network: Network, options: SourceOptions) -> None:
    network.pages["config-arm64"] = http.NetworkError("no route to host")
    said: list[str] = []
    kernel = open_source("apple", replace(options, say=said.append))
    assert kernel.provenance.kind == "recorded"
    assert "days ago" in kernel.provenance.notes[0]
    assert any("days ago" in s for s in said)
    with pytest.raises(SourceError) as caught:
        open_source("apple", replace(options, fallback=False))
    assert caught.value.exit_code == 3


def test_a_recorded_tag_is_used_and_an_unknown_ref_never_replaced(network: Network, options: SourceOptions) -> None:
    offline = replace(options, offline=True)
    assert "0.24.3 to 0.30.0" in open_source("apple@0.26.0", offline).provenance.ref
    with pytest.raises(SourceError, match="no record"):
        open_source("apple@some-branch", offline)
    assert network.asked == []


def test_not_found_says_where_the_file_is(network: Network, options: SourceOptions) -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        open_source("apple@0.20.0", replace(options, arch="x86_64"))
    assert "0.34.0" in caught.value.hint


@pytest.mark.parametrize("ref", ["../../etc", "a//b", "-x", "a b", "x" * 300, "v0.38.0", ""])
def test_strange_refs_are_refused_before_anything_is_asked(network: Network, options: SourceOptions, ref: str) -> None:
    with pytest.raises(SourceNotFoundError):
        open_source(f"apple@{ref}", options)
    assert network.asked == []


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"KSOURCE=https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-6.14.9.tar.xz\n", "6.14.9"),
        (b"export KSOURCE := linux-6.18.tar.gz\n", "6.18.0"),
        (b"# KSOURCE=linux-9.9.9.tar.xz\n", "None"),
        (b"all:\n", "None"),
        (b"KSOURCE=linux-6318.5.tar.xz\n", "None"),
    ],
)
def test_ksource(text: bytes, version: str) -> None:
    assert str(built_version(text)) == version


def test_blob_id_is_gits() -> None:
    assert git_blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
