"""Digests are the same, whichever code computes them."""

import hashlib
import subprocess
import sys
from typing import Any

import pytest

from kina_audit.base import digest


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_digests_before_and_after_openssl_is_loaded(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "_left", 800_000)
    data = b"x" * size
    for _ in range(5):
        assert digest.sha256_hex(data) == hashlib.sha256(data).hexdigest()
        assert digest.git_blob_id(data) == hashlib.sha1(b"blob %d\0" % size + data, usedforsecurity=False).hexdigest()


def test_a_few_short_texts_do_not_load_openssl() -> None:
    code = (
        "import sys; from kina_audit.base.digest import sha256_hex; sha256_hex(b'x' * 100_000);"
        "print('_hashlib' in sys.modules); [sha256_hex(b'x' * 100_000) for _ in range(9)]; print('_hashlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_thread_that_comes_late_to_the_change_gets_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "_left", 1)

    def held(data: bytes, *, usedforsecurity: bool) -> Any:
        """What the thread had before another one put OpenSSL's in its place."""
        return hashlib.sha256(data, usedforsecurity=usedforsecurity)

    assert digest._hex(held, b"xx") == hashlib.sha256(b"xx").hexdigest()
