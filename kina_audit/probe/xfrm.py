"""IPsec states and policies (include/uapi/linux/xfrm.h), and the algorithms behind them."""

import errno
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from kina_audit.probe.model import Bench, MissingError, RefusedError, probe, reading
from kina_audit.probe.netlink import ACK, CREATE, EXCL, XFRM, attr

_NEWSA, _NEWPOLICY = 0x10, 0x13
_FOREVER = struct.pack("=4Q4Q", *[2**64 - 1] * 4, 0, 0, 0, 0)
ESP, AH, IPCOMP = 50, 51, 108


def _address(text: str) -> bytes:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text).ljust(16, b"\0")


def add_state(
    bench: Bench, source: str, destination: str, protocol: int, algorithms: bytes, *, spi: int = 0x1000, mode: int = 0
) -> None:  # fmt: skip
    """A state between two addresses; mode 0 transport, 1 tunnel.

    Raises:
        OSError: the kernel refused.
    """
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    bench.doing(f"add an XFRM state, protocol {protocol}")
    body = (
        bytes(40) + struct.pack("=H14x", family)
        + struct.pack("=16sIB3x", _address(destination), socket.htonl(spi), protocol)
        + _address(source) + _FOREVER + bytes(32) + bytes(12)
        + struct.pack("=IIHBBB7x", 0, 1, family, mode, 0 if protocol == IPCOMP else 32, 0)
    )  # fmt: skip
    bench.netlink(XFRM).ask(_NEWSA, CREATE | EXCL | ACK, body + algorithms)


def add_policy(bench: Bench, source: str, destination: str, direction: int, template: bytes = b"") -> None:
    """A policy for all that goes between two addresses; direction 0 in, 1 out, 2 forward.

    Raises:
        OSError: the kernel refused.
    """
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    length = 128 if family == socket.AF_INET6 else 32
    bench.doing("add an XFRM policy")
    selector = _address(destination) + _address(source) + bytes(8) + struct.pack("=HBBB11x", family, length, length, 0)
    body = selector + _FOREVER + bytes(32) + struct.pack("=IIBBBB4x", 0, 0, direction, 0, 0, 0)
    bench.netlink(XFRM).ask(_NEWPOLICY, CREATE | EXCL | ACK, body + template)


def esp_template(source: str, destination: str, mode: int = 0) -> bytes:
    """XFRMA_TMPL that asks for ESP."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    one = struct.pack("=16sIB3x", _address(destination), 0, ESP) + struct.pack("=H2x", family) + _address(source)
    return attr(5, one + struct.pack("=IBBBxIII", 1, mode, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF))


def aead(name: str = "rfc4106(gcm(aes))") -> bytes:
    """XFRMA_ALG_AEAD with a key of 128 bits and a salt."""
    return attr(18, name.encode().ljust(64, b"\0") + struct.pack("=II", 160, 128) + bytes(range(20)))


def _plain(kind: int, name: str, bits: int) -> bytes:
    return attr(kind, name.encode().ljust(64, b"\0") + struct.pack("=I", bits) + bytes(range(bits // 8)))


_AUTH = _plain(1, "hmac(sha256)", 256)
_DEFLATE = attr(3, b"deflate".ljust(64, b"\0") + bytes(4))
_PAIRS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("fd00:7::1", "fd00:7::2")}
for _name, _expr, _version, _protocol, _algorithms in (
    ("xfrm_state_esp4_gcm", "XFRM_USER && INET_ESP && CRYPTO_GCM && CRYPTO_SEQIV", 4, ESP, aead()),
    ("xfrm_state_esp6_gcm", "XFRM_USER && INET6_ESP && CRYPTO_GCM && CRYPTO_SEQIV", 6, ESP, aead()),
    ("xfrm_state_esp4_cbc_sha256",
     "XFRM_USER && INET_ESP && CRYPTO_CBC && CRYPTO_AES && CRYPTO_HMAC && CRYPTO_SHA256 && CRYPTO_AUTHENC",
     4, ESP, _AUTH + _plain(2, "cbc(aes)", 128)),
    ("xfrm_state_esp6_cbc_sha256",
     "XFRM_USER && INET6_ESP && CRYPTO_CBC && CRYPTO_AES && CRYPTO_HMAC && CRYPTO_SHA256 && CRYPTO_AUTHENC",
     6, ESP, _AUTH + _plain(2, "cbc(aes)", 128)),
    ("xfrm_state_ah4", "XFRM_USER && INET_AH && CRYPTO_HMAC && CRYPTO_SHA256", 4, AH, _AUTH),
    ("xfrm_state_ah6", "XFRM_USER && INET6_AH && CRYPTO_HMAC && CRYPTO_SHA256", 6, AH, _AUTH),
    ("xfrm_state_ipcomp4", "XFRM_USER && INET_IPCOMP && CRYPTO_DEFLATE", 4, IPCOMP, _DEFLATE),
    ("xfrm_state_ipcomp6", "XFRM_USER && INET6_IPCOMP && CRYPTO_DEFLATE", 6, IPCOMP, _DEFLATE),
):  # fmt: skip

    def _state(
        bench: Bench, version: int = _version, protocol: int = _protocol, algorithms: bytes = _algorithms
    ) -> None:
        add_state(bench, *_PAIRS[version], protocol, algorithms, spi=0x100 if protocol == IPCOMP else 0x1000)

    probe(_name, _expr, "an IPsec state")(_state)


@probe("xfrm_policy_add", "XFRM_USER", "an IPsec policy for IPv4")
def _policy4(bench: Bench) -> None:
    add_policy(bench, *_PAIRS[4], 1)


@probe("xfrm_policy_add_v6", "XFRM_USER && IPV6", "an IPsec policy for IPv6")
def _policy6(bench: Bench) -> None:
    add_policy(bench, *_PAIRS[6], 1)


@probe("xfrm_stat", "XFRM_STATISTICS", "reads /proc/net/xfrm_stat", capabilities=())
def _statistics(bench: Bench) -> None:
    bench.doing("look for /proc/net/xfrm_stat")
    if not Path("/proc/self/net").is_dir():
        raise MissingError("no /proc/net here")
    if not Path("/proc/self/net/xfrm_stat").exists():
        raise RefusedError("no such file")


_KNOWN = {
    "hash": ("sha256", "sha1", "sha512", "md5", "crc32c", "sha384"),
    "skcipher": ("cbc(aes)", "ecb(aes)", "ctr(aes)", "xts(aes)", "ecb(cipher_null)", "chacha20"),
    "aead": ("gcm(aes)", "ccm(aes)", "rfc7539(chacha20,poly1305)", "authenc(hmac(sha256),cbc(aes))"),
}


def _registered(names: tuple[str, ...]) -> bool:
    """Whether /proc/crypto names one, which is so for what is built in or was asked for before."""
    path = Path("/proc/crypto")
    if not path.exists():
        return False
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    return any(line.partition(":")[2].strip() in names for line in lines if line.startswith("name"))


def _binds(kind: str, name: str) -> bool:
    try:
        with socket.socket(38, socket.SOCK_SEQPACKET) as one:
            one.bind((kind, name))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINVAL):
            return False
        raise MissingError(f"no AF_ALG socket: {error.strerror}") from error
    return True


def _algorithm(kind: str, *names: str) -> Callable[[Bench], None]:
    """One of the algorithms, by AF_ALG. The kernel gives one error for a kind and for an algorithm it does not have."""

    def run(bench: Bench) -> None:
        bench.doing(f"ask for {' or '.join(names)}")
        if _registered(names) or any(_binds(kind, name) for name in names):
            return
        if any(_binds(kind, name) for name in _KNOWN[kind]):
            raise RefusedError("the kernel has no such algorithm")
        raise MissingError(f"AF_ALG knows no algorithm of the kind {kind}, so likely has no such kind")

    return run


for _name, _expr, _run in (
    ("alg_sha256", "CRYPTO_SHA256", _algorithm("hash", "sha256")),
    ("alg_hmac", "CRYPTO_HMAC", _algorithm("hash", "hmac(sha256)", "hmac(sha1)")),
    ("alg_aes", "CRYPTO_AES", _algorithm("skcipher", "ecb(aes)", "cbc(aes)", "ctr(aes)", "xts(aes)", "aes")),
    ("alg_cbc", "CRYPTO_CBC", _algorithm("skcipher", "cbc(aes)")),
    ("alg_xts", "CRYPTO_XTS", _algorithm("skcipher", "xts(aes)")),
    ("alg_gcm", "CRYPTO_GCM", _algorithm("aead", "gcm(aes)")),
    ("alg_seqiv", "CRYPTO_SEQIV && CRYPTO_GCM", _algorithm("aead", "seqiv(rfc4106(gcm(aes)))")),
    (
        "alg_authenc",
        "CRYPTO_AUTHENC",
        _algorithm("aead", "authenc(hmac(sha256),cbc(aes))", "authenc(hmac(sha1),cbc(aes))"),
    ),
):
    reading(_name, _expr, "an algorithm, asked for by AF_ALG")(_run)


@reading("af_alg_skcipher", "CRYPTO_USER_API_SKCIPHER", "ciphers for user space, by AF_ALG")
def _skcipher(bench: Bench) -> None:
    bench.doing("ask for any cipher")
    try:
        found = any(_binds("skcipher", name) for name in _KNOWN["skcipher"])
    except MissingError as error:
        raise RefusedError(str(error)) from error
    if not found:
        raise RefusedError("it knows none of the usual ones")
