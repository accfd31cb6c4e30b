"""Profiles from TOML files: the built-in library and users' own files.

Built-in files are validated by the tests; users' files are validated against the JSON Schema when they are read, so
that the schema library is loaded only for them.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from kina_audit.base.bounds import ALTERNATIVES, FOLDER_DEPTH, INCLUDES, PROFILES
from kina_audit.base.datatype import replace
from kina_audit.base.files import files_below
from kina_audit.base.near import near_names
from kina_audit.base.packaged import Listed, listed_profiles, toml_document
from kina_audit.errors import ProfileError
from kina_audit.kernel.expression import ExpressionError
from kina_audit.profiles.build import RequirementError, build_profile, row_id
from kina_audit.profiles.included import one_of, take
from kina_audit.profiles.model import Message, Profile, Requirement

DEFAULT_TAG = "default"
CHOICE_TAG = "by-choice"
"""Marks a profile of the default set that only some clusters choose: told to everybody, and it fails nothing there."""
PART_TAG = "part"
"""Marks a profile that only others include; patterns and ``all`` leave it out."""

_SYNTAX = "Conditions are Kconfig's own, without CONFIG_: A && (B || C=y) && !D."

_LIST = "`kina-audit profiles list` has all."


class ProfileLibrary:
    """Every profile that can be named: the built-in ones and those of the folders and files a user adds.

    A user's profile with the id of a built-in one replaces it. Built-in profiles become objects only when one is asked
    for.
    """

    def __init__(self, folders: Iterable[Path] = (), files: Iterable[Path] = ()) -> None:
        """Read the built-in profiles, then every ``*.toml`` of ``folders``, then ``files``.

        Raises:
            ProfileError: a file cannot be read or is not a valid profile.
        """
        # The file of each, and what is known of it without reading a built-in one's document.
        self._listed: dict[str, Listed] = {}
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._tables: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self._built: dict[str, Profile] = {}
        self._whole: dict[str, Profile] = {}
        # What else a profile may be called: its path under the folder it was found in, and its file.
        self._names: dict[str, str] = {}
        # The text of users' files, for the lines in errors; and how many includes deep each profile is.
        self._texts: dict[str, str] = {}
        self._depths: dict[str, int] = {}
        # How many conditions the any_of of a profile leads to.
        self._alternatives: dict[str, int] = {}
        for listed in _built_in():
            self._add(listed)
        given: list[Path] = []
        for folder in folders:
            found = profile_files(folder)
            if not found:
                raise ProfileError(f"{folder}: no profile (*.toml) in this folder", "Give a folder of profile files.")
            for path in found:
                self._add_users(path, folder)
            given += found
        for path in files:
            self._add_users(path, path.parent)
            given.append(path)
        for path in given:
            self.get(self._names[str(path)])

    def _add_users(self, path: Path, base: Path) -> None:
        from kina_audit.profiles.document import checked, read_text

        text = self._texts[str(path)] = read_text(path)
        document = checked(text, str(path))
        short = path.relative_to(base).with_suffix("").as_posix()
        self._add(Listed(str(path), short, document["id"], document.get("tags", ())))
        self._documents[document["id"]] = document

    def place(self, profile: str, requirement: str = "") -> str:
        """Where a profile, or one of its own requirements, stands: ``FILE``, with ``:LINE`` in a user's file."""
        path = self._listed[profile].path
        if path not in self._texts:
            return path
        ids = [row_id(t) for t in self._document(profile).get("requirement", ())]
        if requirement not in ids:
            return path
        from kina_audit.profiles.place import line_of

        line = line_of(self._texts[path], ("requirement", ids.index(requirement)))
        return f"{path}:{line}" if line else path

    def _add(self, listed: Listed) -> None:
        name = listed.id
        self._listed[name] = listed
        self._documents.pop(name, None)
        self._tables.pop(name, None)
        self._names[listed.path] = name
        self._names[listed.name] = name

    def _document(self, name: str) -> Mapping[str, Any]:
        """What the file of a profile says."""
        found = self._documents.get(name)
        if found is None:
            found = self._documents[name] = toml_document(self._listed[name].path)
        return found

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._own(name) for name in self.ids())

    def ids(self) -> list[str]:
        """Every profile id, sorted."""
        return sorted(self._listed)

    def get(self, name: str) -> Profile:
        """A profile by id, by its path in the library (``cni/flannel-vxlan``) or by the file it was read from.

        It has the requirements of everything it includes.

        Raises:
            ProfileError: no such profile (the message names near ones), or includes that form a circle.
        """
        if name not in self._listed:
            name = self._names.get(str(Path(name)) if name.endswith(".toml") else name, name)
        return self._expand(name, ())

    def messages(self) -> Iterator[tuple[Requirement, Message]]:
        """Every requirement with each of its messages; those that take another's condition, and messages, come last."""
        found = [(row, message) for profile in self for row in profile.requirements for message in row.says]
        own = {
            (name, row_id(table), message["text"])
            for name in self._listed
            for table in self._document(name).get("requirement", ())
            for message in table.get("says", ())
        }
        yield from sorted(found, key=lambda pair: (pair[0].profile, pair[0].id, pair[1].text) not in own)

    def tagged(self, tag: str) -> list[Profile]:
        """The profiles with a tag, in the order of their ids."""
        return [self.get(i) for i in self.ids() if tag in self._listed[i].tags]

    def select(self, names: Iterable[str]) -> list[Profile]:
        """The profiles that selectors name, each once, in the order they are named.

        Args:
            names: ids, paths in the library, patterns of either (``cni/*``), ``tag:NAME``, ``all`` (every profile that
                is not only a part of others), or files (``*.toml``) the library was made with.

        Raises:
            ProfileError: a selector matches nothing; the message names near profiles.
        """
        chosen: dict[str, Profile] = {}
        for name in names:
            for profile in self._selected(name):
                if profile.asked or profile.id not in chosen:
                    chosen[profile.id] = profile
        return list(chosen.values())

    def default(self) -> list[Profile]:
        """What a plain ``check`` looks at; nobody asked for those of it that only some clusters choose."""
        found = self.tagged(DEFAULT_TAG)
        return [replace(p, asked=False) if CHOICE_TAG in p.tags else p for p in found]

    def _selected(self, name: str) -> list[Profile]:
        if name == "all" and name not in self._listed:
            return [p for p in map(self.get, self.ids()) if PART_TAG not in p.tags]
        if name == f"tag:{DEFAULT_TAG}":
            return self.default()
        if name.startswith("tag:"):
            found = self.tagged(name[4:])
            if not found:
                raise ProfileError(f"no profile has the tag {name[4:]!r}{near_names(name[4:], self._tags())}", _LIST)
            return found
        if any(c in name for c in "*?["):
            ids = {i for n, i in [*self._names.items(), *zip(self._listed, self._listed, strict=True)]
                   if fnmatchcase(n, name)}  # fmt: skip
            found = [p for p in map(self.get, sorted(ids)) if PART_TAG not in p.tags]
            if not found:
                raise ProfileError(f"no profile matches {name!r}", _LIST)
            return found
        return [self.get(name)]

    def _tags(self) -> set[str]:
        return {t for listed in self._listed.values() for t in listed.tags}

    def _own(self, name: str) -> Profile:
        """A profile without what it includes."""
        found = self._built.get(name)
        if found is None:
            document, path = self._document(name), self._listed[name].path
            try:
                found = self._built[name] = build_profile(document, path, self._borrowed)
            except RequirementError as error:
                hint = _SYNTAX if isinstance(error.__cause__, ExpressionError) else ""
                raise ProfileError(f"{self.place(name, error.requirement)}: {error}", hint) from error
            except ValueError as error:
                raise ProfileError(f"{path}: {error}") from error
        return found

    def _borrowed(self, reference: str, trail: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """The table of a requirement that another one takes its condition from.

        Raises:
            ValueError: there is none, or the references form a circle.
        """
        if reference in trail:
            raise ValueError(f"same_as forms a circle: {' -> '.join((*trail, reference))}")
        if len(trail) > INCLUDES:
            raise ValueError(f"same_as leads on more than {INCLUDES} times: {' -> '.join((*trail, reference))}")
        profile, _, row = reference.rpartition("/")
        if profile not in self._listed:
            raise ValueError(f"same_as {reference!r}: no profile {profile!r}{near_names(profile, self._listed)}")
        tables = self._tables.get(profile)
        if tables is None:
            found = {row_id(t): t for t in self._document(profile).get("requirement", ())}
            tables = self._tables[profile] = found
        if row not in tables:
            raise ValueError(f"same_as {reference!r}: {profile!r} has no requirement {row!r}{near_names(row, tables)}")
        table: Mapping[str, Any] = tables[row]
        if "same_as" in table:
            lent = self._borrowed(table["same_as"], (*trail, reference))
            return {**lent, **table, "says": [*table.get("says", ()), *lent.get("says", ())]}
        return table

    def _expand(self, name: str, trail: tuple[str, ...]) -> Profile:
        found = self._whole.get(name)
        if found is not None:
            return found
        asking = f"{self.place(trail[-1])}: " if trail else ""
        if name not in self._listed:
            paths = (n for n in self._names if "/" in name and not n.endswith(".toml"))
            several = name.replace(",", " ").split()
            if len(several) > 1 and all(one in self._listed for one in several):
                raise ProfileError(f"{asking}no profile {name!r}", f"One each: {' '.join(f'-p {n}' for n in several)}")
            raise ProfileError(
                f"{asking}no profile {name!r}{near_names(name, {*self._listed, *paths}, self._tags())}", _LIST
            )
        way = " -> ".join((*trail, name))
        if name in trail:
            raise ProfileError(f"{asking}profile {trail[0]!r}: its includes form a circle: {way}", "Take one out.")
        profile = self._own(name)
        rows = {r.id: r for r in profile.requirements}
        for included in profile.includes:
            for row in self._expand(included, (*trail, name)).requirements:
                take(rows, row, name)
        if profile.any_of:
            alternatives = [self._expand(n, (*trail, name)) for n in profile.any_of]
            self._alternatives[name] = sum(self._conditions(r) for p in alternatives for r in p.required)
            if self._alternatives[name] > ALTERNATIVES:
                raise ProfileError(f"{self.place(name)}: its any_of leads to more than {ALTERNATIVES} requirements")
            choice = one_of(profile, alternatives)
            rows = {choice.id: choice, **rows}
        depth = self._depths[name] = 1 + max((self._depths[n] for n in (*profile.includes, *profile.any_of)), default=0)
        if depth > INCLUDES:
            raise ProfileError(f"{self.place(name)}: its includes lead on more than {INCLUDES} times")
        found = self._whole[name] = replace(profile, requirements=tuple(rows.values()))
        return found

    def _conditions(self, row: Requirement) -> int:
        return self._alternatives[row.profile] if row.alternatives else 1


def profile_files(folder: Path) -> list[Path]:
    """The profile files below a folder; none where there is no such folder.

    Raises:
        ProfileError: more than anybody has, or folders too deep inside each other.
    """
    hint = "Give a folder of profile files."
    try:
        # os.path's answer for a name too long to exist is no; Path's is an exception.
        found = files_below(folder, ".toml", PROFILES, FOLDER_DEPTH) if os.path.isdir(folder) else []  # noqa: PTH112
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ProfileError(f"{folder}: cannot be read: {reason}", hint) from error
    if len(found) > PROFILES:
        raise ProfileError(f"{folder}: more than {PROFILES:,} profiles", hint)
    return found


@cache
def _built_in() -> tuple[Listed, ...]:
    """The built-in profiles; they are listed once in a process."""
    return tuple(listed_profiles())


def read_profile(path: Path) -> Profile:
    """One profile file, with what it includes from the built-in library.

    Raises:
        ProfileError: it cannot be read, is no TOML, breaks the schema or holds a bad expression.
    """
    return ProfileLibrary(files=[path]).get(str(path))
