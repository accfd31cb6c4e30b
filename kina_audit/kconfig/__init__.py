"""The kernel tree: what ``make olddefconfig`` would make of a config, why, and which fragment mends it.

The only room that imports kconfiglib, and only to read a tree's Kconfig files; values are computed by `solve`, which
follows the kernel's own ``scripts/kconfig/symbol.c``.
"""
