"""Keys for a WireGuard tunnel between two ends of our own; nothing secret is done with them."""


def clamp(key: bytes) -> bytes:
    """A secret key, from any 32 bytes."""
    return bytes([key[0] & 248, *key[1:31], key[31] & 127 | 64])


def public(secret: bytes) -> bytes:
    """The public key of a secret one, by Curve25519 (RFC 7748, section 5)."""
    prime = 2**255 - 19
    k, u = int.from_bytes(clamp(secret), "little"), 9
    x1, x2, z2, x3, z3, swap = u, 1, 0, u, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a % prime, c * b % prime, a * a % prime, b * b % prime
        x3, z3 = (da + cb) ** 2 % prime, x1 * (da - cb) ** 2 % prime
        x2, z2 = aa * bb % prime, (aa - bb) * (aa + 121665 * (aa - bb)) % prime
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, prime - 2, prime) % prime).to_bytes(32, "little")
