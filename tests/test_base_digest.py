"""Digests are the same, whichever code computes them."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

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


def test_threads_that_meet_at_the_change_get_their_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "_left", 10_000)
    texts = [b"x" * n for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(digest.sha256_hex, texts)) == [hashlib.sha256(text).hexdigest() for text in texts]
    assert digest._left <= 0
