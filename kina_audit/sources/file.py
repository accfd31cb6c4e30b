"""A config in a file or on stdin, plain or compressed."""

import stat
import sys
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kernel.parse import MAX_CONFIG_BYTES, parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.decompress import decompress
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim


def open_file(source: str, options: SourceOptions) -> Kernel:
    """Read a path, or ``-`` for stdin.

    Raises:
        SourceError: nothing there, no permission, too large, corrupt, or no kernel config.
    """
    if source == "-":
        data, kind, location = _read(sys.stdin.buffer, "stdin"), "stdin", "stdin"
    else:
        data, kind, location = read_path(Path(source)), "file", source
    return kernel_of(data, Provenance(source, kind, location, sha256=sha256(data).hexdigest()), options)


def kernel_of(data: bytes, provenance: Provenance, options: SourceOptions) -> Kernel:
    """A kernel from the bytes of a config, compressed or not.

    Raises:
        SourceError: corrupt, too large, or no kernel config.
    """
    config = parse_config(decompress(data, provenance.location), name=provenance.location)
    return aim(config, provenance, options.target_kernel)


def read_path(path: Path) -> bytes:
    """The bytes of a regular file (or a pipe), bounded.

    Raises:
        SourceNotFoundError: nothing there, or a folder.
        SourceTooLargeError: larger than any config.
        SourceError: it cannot be read.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceNotFoundError(f"{path} is a folder", "Give the config file in it, e.g. its .config.")
        if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            raise SourceError(f"{path} is a device or a socket, not a config file", "Give a file.")
        with open(path, "rb") as file:
            return _read(file, str(path))
    except FileNotFoundError:
        raise SourceNotFoundError(
            f"{path}: no such file", "Sources: a path, -, running, apple[@REF], recorded:NAME, https://..."
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"{path}: cannot be read: {reason}", "Check the path and its permissions.") from error


def _read(file: BinaryIO, name: str) -> bytes:
    data = file.read(MAX_CONFIG_BYTES + 1)
    if len(data) > MAX_CONFIG_BYTES:
        raise SourceTooLargeError(f"{name}: more than 16 MiB, which no kernel config is", "Give the kernel's .config.")
    return data
