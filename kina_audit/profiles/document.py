"""One profile file as a document: read within bounds, and held against the schema."""

from pathlib import Path
from typing import Any

from kina_audit.base.bounds import TOML_BYTES
from kina_audit.base.files import read_regular
from kina_audit.base.toml_text import read_toml
from kina_audit.errors import ProfileError


def read_text(path: Path) -> str:
    """The text of a profile file, with LF alone at the ends of its lines.

    Raises:
        ProfileError: it cannot be read, or is larger than any.
    """
    try:
        return read_regular(path, TOML_BYTES).decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}", "Give the path of a profile file.") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except ValueError as error:
        raise ProfileError(f"{path}: {error}, which no profile has", "Give the path of a profile file.") from error


def checked(text: str, name: str) -> dict[str, Any]:
    """The document that a profile's text spells out; ``name`` is the file, for errors.

    Raises:
        ProfileError: it is no TOML or breaks the schema.
    """
    try:
        document = read_toml(text)
    except ValueError as error:
        raise ProfileError(f"{name}: not valid TOML: {error}") from error
    from kina_audit.profiles.validate import check_document

    check_document(document, name, text)
    return document
