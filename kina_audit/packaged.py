"""Where the data files that ship with the package are, in a wheel, an editable install or a plain checkout."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_file(name: str) -> Path:
    """The path of a file or folder in the package's own ``data`` folder."""
    return _PACKAGE / "data" / name


@cache
def profiles_folder() -> Path:
    """The folder of built-in profiles: inside an installed wheel, else the checkout's top-level ``profiles``."""
    installed = data_file("profiles")
    return installed if installed.is_dir() else _PACKAGE.parent / "profiles"
