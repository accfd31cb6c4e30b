"""Kernel trees: found, fetched and unpacked; the compilers that would build them."""
