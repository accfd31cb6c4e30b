"""Kernel images: bytes in, config text out. One module a container; `extract` walks down their layers.

Only the kernel's own containers are read by code of ours; decompression is left to libraries. Pure: no file is opened.
"""
