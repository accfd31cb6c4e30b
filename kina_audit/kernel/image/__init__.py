"""Kernel images: bytes in, config text out. One module a container; `extract` walks down their layers.

Only the kernel's own containers are read by code of ours; decompression is left to libraries. Pure: no file is opened.
"""

from kina_audit.kernel.image.extract import Extracted, extract_config
from kina_audit.kernel.image.identify import looks_like_image
from kina_audit.kernel.image.limits import Limits
from kina_audit.kernel.image.reader import CallReader, Reader

__all__ = ["CallReader", "Extracted", "Limits", "Reader", "extract_config", "looks_like_image"]
