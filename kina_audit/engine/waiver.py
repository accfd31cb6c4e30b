"""Waivers: an unmet requirement that somebody accepted, with a reason and a day on which that ends.

[[waiver]]
requirement = "wireguard/wireguard-device"   # or profile = "wireguard"; * and ? match
source = "kernels/edge*.config"              # optional: only for this source
kernel = ">=6.18"                            # optional: only for these versions (a range, or a pattern: 6.18.*)
reason = "The edge nodes do not encrypt; NET-1234."
expires = 2027-03-31                         # the last day it holds
owner = "network team"
link = "https://tracker.example/NET-1234"
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from kina_audit.base.bounds import WAIVER_TEXT, WAIVERS
from kina_audit.base.datatype import datatype
from kina_audit.base.near import near
from kina_audit.errors import UsageError
from kina_audit.kernel.provenance import Kernel
from kina_audit.kernel.version import VersionRange

_VERSION = re.compile(r"\d+\.\d+(\.\d+|-rc\d+).*")
"""What a kernel's version looks like in full, as `KernelVersion` writes it."""
_VERSION_START = re.compile(r"(\d+(\.(\d+([.-].*)?)?)?)?")
_KEYS = ("requirement", "profile", "source", "kernel", "reason", "expires", "owner", "link")
_HINT = (
    "A waiver needs requirement (PROFILE/REQUIREMENT) or profile, a reason, and expires (a day such as 2027-03-31); "
    "source, kernel, owner and link are optional."
)


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern matches: ``*`` and ``?`` stand for others and nothing else does; ``[a-z]*/*`` would waive everything."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


@datatype
class Waiver:
    """One accepted deviation.

    Attributes:
        pattern: pattern on ``profile/requirement``: ``*`` and ``?`` stand for others.
        reason: why it is accepted.
        expires: the last day it holds.
        source: pattern on the source as the user named it, or on the place it was read from; empty: any.
        kernel: a version range such as ``>=6.18``, or a shell pattern such as ``6.18.*``; empty: any.
        owner: who answers for it; may be empty.
        link: where it was decided; may be empty.
        origin: the file and position it was read from.
    """

    pattern: str
    reason: str
    expires: date
    source: str = ""
    kernel: str = ""
    owner: str = ""
    link: str = ""
    origin: str = ""

    def covers(self, profile: str, requirement: str) -> bool:
        """Whether the pattern matches a requirement, named by a profile."""
        return matches(f"{profile}/{requirement}", self.pattern)

    def is_for(self, kernel: Kernel) -> bool:
        """Whether it speaks of this kernel and source."""
        origin = kernel.provenance
        if self.source and not any(matches(name, self.source) for name in (origin.source, origin.location)):
            return False
        target = kernel.config.target
        if not self.kernel:
            return True
        if target is None:
            return False
        if self.kernel[0] in "<>=!":
            return target in VersionRange.parse(self.kernel)
        return fnmatchcase(str(target), self.kernel)

    @property
    def impossible(self) -> str:
        """Why no kernel at all is meant by it; empty when one may be."""
        if not self.kernel:
            return ""
        if self.kernel[0] in "<>=!":
            return "" if VersionRange.parse(self.kernel).possible else f"no version is in {self.kernel!r}"
        literal = re.split(r"[*?\[]", self.kernel, maxsplit=1)[0]
        whole = literal == self.kernel
        if (_VERSION if whole else _VERSION_START).fullmatch(literal):
            return ""
        return f"no kernel's version looks like {self.kernel!r}; write a range such as >=6.18,<7.4, or a pattern such as 7.2.*"

    @property
    def expiry(self) -> str:
        """What to say once its last day is over and somebody relied on it."""
        return f"{self.origin} expired on {self.expires}; what it covered counts again"

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.expires


def read_waivers(tables: Sequence[Mapping[str, Any]], origin: str) -> tuple[Waiver, ...]:
    """Waivers from parsed ``[[waiver]]`` tables.

    Args:
        tables: what a TOML reader made of them.
        origin: the file they stand in, for messages.

    Raises:
        UsageError: a key is missing, unknown or of the wrong type; the message names the file and the waiver.
    """
    rows: Any = tables
    if not isinstance(rows, list | tuple) or not all(isinstance(t, Mapping) for t in rows):
        raise UsageError(f"{origin}: waiver is not a list of tables", "Write each one under [[waiver]].")
    if len(tables) > WAIVERS:
        raise UsageError(f"{origin}: more than {WAIVERS} waivers")
    return tuple([_read(table, f"{origin}: waiver {number}") for number, table in enumerate(tables, 1)])


def _read(table: Mapping[str, Any], where: str) -> Waiver:
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0][:80]!r}{near(unknown[0], _KEYS)}", _HINT)
    texts = {key: _text(table, key, where) for key in _KEYS if key != "expires"}
    if bool(texts["requirement"]) == bool(texts["profile"]):
        raise UsageError(f"{where}: name either a requirement or a profile", _HINT)
    pattern = texts["requirement"] or f"{texts['profile']}/*"
    where = f"{where} ({pattern[:80]})"
    if "/" not in pattern:
        raise UsageError(f"{where}: a requirement is named PROFILE/REQUIREMENT", _HINT)
    if not any(c.isalnum() for c in pattern):
        raise UsageError(f"{where}: it would waive everything", "Name a profile or a requirement.")
    if not texts["reason"]:
        raise UsageError(f"{where}: no reason", _HINT)
    kernel = texts["kernel"].strip()
    if kernel and kernel[0] in "<>=!":
        try:
            VersionRange.parse(kernel)
        except ValueError as error:
            raise UsageError(f"{where}: kernel: {error}") from error
    return Waiver(
        pattern=pattern,
        reason=texts["reason"],
        expires=_day(table.get("expires"), where),
        source=texts["source"],
        kernel=kernel,
        owner=texts["owner"],
        link=texts["link"],
        origin=where,
    )


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or (key in table and not value.strip()):
        raise UsageError(f"{where}: {key} is not a text, or is empty", _HINT)
    if len(value) > WAIVER_TEXT:
        raise UsageError(f"{where}: {key} is longer than {WAIVER_TEXT} characters")
    return value.strip()


def _day(value: Any, where: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    what = "is missing" if value is None else f"{str(value)[:40]!r} is not a day"
    raise UsageError(f"{where}: expires {what}", _HINT)
