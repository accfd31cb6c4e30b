"""Profiles from TOML files: the built-in library and users' own files.

Built-in files are validated by the tests; users' files are validated against the JSON Schema when they are read, so
that the schema library is loaded only for them.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kina_audit.errors import ProfileError
from kina_audit.kernel.expression import Expression, ExpressionError
from kina_audit.kernel.version import VersionRange
from kina_audit.packaged import profiles_folder, toml_document
from kina_audit.profiles.model import Level, Profile, Requirement, Variant

MAX_PROFILE_BYTES = 1024 * 1024
"""A profile file larger than this is refused."""

MAX_INCLUDE_DEPTH = 8


class ProfileLibrary:
    """Every profile that can be named: the built-in ones and those of the folders and files a user adds.

    A user's profile with the id of a built-in one replaces it.
    """

    def __init__(self, folders: Iterable[Path] = (), files: Iterable[Path] = ()) -> None:
        """Read the built-in profiles, then every ``*.toml`` of ``folders``, then ``files``.

        Raises:
            ProfileError: a file cannot be read or is not a valid profile.
        """
        self._profiles: dict[str, Profile] = {}
        for path in sorted(profiles_folder().rglob("*.toml")):
            self._add(build_profile(toml_document(path), str(path)))
        for folder in folders:
            found = sorted(folder.rglob("*.toml")) if folder.is_dir() else []
            if not found:
                raise ProfileError(f"{folder}: no profile (*.toml) in this folder", "Give a folder of profile files.")
            for path in found:
                self._add(read_profile(path))
        for path in files:
            self._add(read_profile(path))

    def _add(self, profile: Profile) -> None:
        self._profiles[profile.id] = profile

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._profiles.values())

    def ids(self) -> list[str]:
        """Every profile id, sorted."""
        return sorted(self._profiles)

    def get(self, name: str) -> Profile:
        """A profile by id, with the requirements of everything it includes.

        Raises:
            ProfileError: no such profile (the message names near ones), or includes that form a circle.
        """
        return self._expand(name, ())

    def tagged(self, tag: str) -> list[Profile]:
        """The profiles with a tag, in the order of their ids."""
        return [self.get(i) for i in self.ids() if tag in self._profiles[i].tags]

    def _expand(self, name: str, trail: tuple[str, ...]) -> Profile:
        profile = self._profiles.get(name)
        if profile is None:
            raise ProfileError(
                f"no profile {name!r}{_near(name, self._profiles)}", "`kina-audit profiles list` has all."
            )
        if name in trail or len(trail) > MAX_INCLUDE_DEPTH:
            raise ProfileError(f"profile {trail[0]!r}: its includes form a circle: {' -> '.join((*trail, name))}")
        rows = {r.id: r for r in profile.requirements}
        for included in profile.includes:
            for row in self._expand(included, (*trail, name)).requirements:
                rows.setdefault(row.id, row)
        return replace(profile, requirements=tuple(rows.values()))


def _near(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def read_profile(path: Path) -> Profile:
    """One profile file.

    Raises:
        ProfileError: it cannot be read, is no TOML, breaks the schema or holds a bad expression.
    """
    try:
        if path.stat().st_size > MAX_PROFILE_BYTES:
            raise ProfileError(f"{path}: larger than 1 MiB, which no profile is")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}", "Give the path of a profile file.") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: not valid TOML: {error}") from error
    from kina_audit.profiles.validate import check_document

    check_document(document, str(path))
    try:
        return build_profile(document, str(path))
    except (ExpressionError, ValueError) as error:
        raise ProfileError(f"{path}: {error}") from error


def build_profile(document: Mapping[str, Any], path: str) -> Profile:
    """A `Profile` from a document that follows the schema.

    Raises:
        ValueError: an expression, a version range or an id is wrong; the message names the requirement.
    """
    rows: dict[str, Requirement] = {}
    for table in document.get("requirement", ()):
        try:
            row = _requirement(table, document["id"])
        except ValueError as error:
            raise ValueError(f"requirement {table.get('id')!r}: {error}") from error
        if row.id in rows:
            raise ValueError(f"requirement {row.id!r} is there twice")
        rows[row.id] = row
    return Profile(
        id=document["id"],
        title=document["title"],
        description=document["description"],
        requirements=tuple(rows.values()),
        references=tuple(document.get("references", ())),
        tags=tuple(document.get("tags", ())),
        includes=tuple(document.get("includes", ())),
        path=path,
    )


def _requirement(table: Mapping[str, Any], profile: str) -> Requirement:
    return Requirement(
        id=table["id"],
        expr=Expression.parse(table["expr"]),
        level=Level(table["level"]),
        why=table["why"],
        fix=table["fix"],
        source=table["source"],
        module=table.get("module", True),
        kernel=_range(table),
        arch=tuple(table.get("arch", ())),
        variants=tuple(
            Variant(Expression.parse(v["expr"]), _range(v), tuple(v.get("arch", ())), v.get("fix", ""))
            for v in table.get("variant", ())
        ),
        profile=profile,
    )


def _range(table: Mapping[str, Any]) -> VersionRange | None:
    text = table.get("kernel")
    return None if text is None else VersionRange.parse(text)
