"""Which member of an archive, or file of a folder, is the kernel's config."""

import posixpath
import re

from kina_audit.base.bounds import LINK_TEXT, MEMBER_HELD, MEMBER_IMAGES
from kina_audit.errors import NoIkconfigError, SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.limits import Budget
from kina_audit.kernel.compression.reader import ViewReader
from kina_audit.sources.archive.member import Member, clean, follow
from kina_audit.sources.local.content import Content, Kind, corrupt, read_config

CONFIG_NAME = re.compile(r"(?:^|/)(?:config-[^/]+|\.config|config(?:\.gz)?|lib/modules/[^/]+/config)$")
IMAGE_NAME = re.compile(r"(?:^|/)(?:vmlinu[xz][^/]*|[bz]?Image[^/]*|configs\.ko[^/]*|[^/]+\.efi)$")
OF_NO_KERNEL = re.compile(r"(?:^|/)(?:tests|testing|selftests|examples)/")
"""In the kernel's own source every self-test, and some more below these folders, has a ``config``: a fragment."""
_DEBIANS = re.compile(r"(?<=^usr/share/doc/)linux-(?:image|modules|headers)-(\d[^/]*)$")
"""A package of one of Debian's kernels, which is in several since 6.19; each links to the documents of linux-base-RELEASE."""
KATA_LINK = "vmlinux.container"
"""In Kata's releases the link to the kernel that Kata boots (kata-containers' build-kernel.sh, ``install_kata``)."""

_ASSIGNMENT = re.compile(rb"^CONFIG_\w+=|^# CONFIG_\w+ is not set$", re.MULTILINE)
_SHOWN = 12


class Redirect(Exception):  # noqa: N818 - a way back to the reader of the archive, never an error that a user sees
    """The config is in a member that has gone by; read again, for that one.

    Attributes:
        member: its exact name.
    """

    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


class Chooser:
    """Is offered every member once, in order, and picks one at the end.

    Args:
        place: the archive or folder, for messages.
        wanted: the member the user named; empty: any that fits.
        budget: what may be decompressed from members.
        separator: what stands between the place and a member when both are named.
    """

    def __init__(self, place: str, wanted: str, budget: Budget, *, separator: str = "!") -> None:
        self.place = place
        self._separator = separator
        self.wanted = clean(wanted)
        self._budget = budget
        self._found: dict[str, Content] = {}
        self._links: dict[str, str] = {}
        self._link_text = 0
        self._kata_link = ""
        self._images = 0
        self._hopeless: dict[str, SourceError] = {}
        self._near: list[str] = []

    def offer(self, member: Member) -> bool:
        """Look at a member; True when no other one can be better."""
        name = member.name
        if member.link:
            self._remember_link(name, member.target)
            return self._kata_config() in self._found
        if self.wanted:
            if self._is_wanted(name):
                self._try(member, certain=name == self.wanted)
                return name == self.wanted
            self._remember_near(name)
            return False
        if CONFIG_NAME.search(name) and not OF_NO_KERNEL.search(name):
            self._try(member)
            return ".config" in self._found or self._kata_config() in self._found
        if IMAGE_NAME.search(name):
            if not self._found and self._images < MEMBER_IMAGES:
                self._images += 1
                self._try(member)
        else:
            self._remember_near(name)
        return False

    def choose(self) -> tuple[str, Content]:
        """The best member's name and its config.

        Raises:
            Redirect: it must be read again, for the member that a link names.
            SourceError: none, or several that fit equally.
        """
        if self.wanted:
            return self._wanted()
        if ".config" in self._found:
            return ".config", self._found[".config"]
        if kata := self._kata_kernel():
            config = self._kata_config()
            if config in self._found:
                return config, self._found[config]
            if kata in self._found:
                return kata, self._found[kata]
            raise Redirect(kata)  # whatever else is here belongs to another kernel than the one that is booted
        configs = {name: content for name, content in self._found.items() if CONFIG_NAME.search(name)}
        different = {content.data: name for name, content in reversed((configs or self._found).items())}
        if len(different) == 1:
            name = next(iter(different.values()))
            return name, self._found[name]
        if different:
            raise self._several(sorted(different.values()))
        raise self._nothing()

    def _wanted(self) -> tuple[str, Content]:
        exact = self.wanted in self._found or self.wanted in self._links
        named = [self.wanted] if exact else sorted({n for n in (*self._found, *self._links) if self._is_wanted(n)})
        if len(named) > 1:
            raise self._several(named)
        if named and named[0] in self._found:
            return named[0], self._found[named[0]]
        if named:
            raise Redirect(follow(named[0], self._links, self.place))
        for error in self._hopeless.values():
            raise error
        hint = f"It has {_listed(self._near)}." if self._near else "Name one that it has."
        raise SourceNotFoundError(f"{self.place}: no member {self.wanted} in it", hint)

    def _is_wanted(self, name: str) -> bool:
        return name == self.wanted or name.endswith(f"/{self.wanted}")

    def _remember_link(self, name: str, target: str) -> None:
        self._link_text += len(name) + len(target)
        if posixpath.basename(name) == KATA_LINK and not self._kata_link:
            self._kata_link = name
        elif self._link_text > LINK_TEXT and not (self.wanted and self._is_wanted(name)):
            return
        self._links[name] = target

    def _kata_kernel(self) -> str:
        return follow(self._kata_link, self._links, self.place) if self._kata_link else ""

    def _kata_config(self) -> str:
        """The config beside the kernel that Kata boots; an empty string matches no member."""
        folder, kernel = posixpath.split(self._kata_kernel())
        return posixpath.join(folder, f"config-{kernel.removeprefix('vmlinux-')}") if kernel else ""

    def _try(self, member: Member, *, certain: bool = False) -> None:
        """Read a member and keep what is found; what is wrong with it is kept too, unless it is ``certain`` to be meant.

        Args:
            member: what to read.
            certain: an error ends the search.
        """
        try:
            content = self._read(member)
        except SourceTooLargeError:
            raise
        except SourceError as error:
            if certain:
                raise
            # Without its traceback, which would hold the member's content for as long as the archive is read.
            self._hopeless[member.name] = type(error)(error.message, error.hint)
            return
        # Text that was not asked for must look like a config: vmlinux.lds.S and scripts/config are none.
        if self.wanted or content.kind is Kind.IMAGE or _ASSIGNMENT.search(content.data[: 1 << 16]):
            self._found[member.name] = content

    def _read(self, member: Member) -> Content:
        name = self._full(member.name)
        try:
            if member.size <= MEMBER_HELD:
                return read_config(ViewReader(memoryview(member.content.read_exactly(member.size))), name, self._budget)
            return read_config(member.content, name, self._budget)
        except CorruptData as error:
            raise corrupt(name, error) from error

    def _full(self, name: str) -> str:
        return f"{self.place}{self._separator}{name}"

    def _remember_near(self, name: str) -> None:
        if len(self._near) < _SHOWN and (CONFIG_NAME.search(name) or IMAGE_NAME.search(name) or "config" in name):
            self._near.append(name)

    def _several(self, names: list[str]) -> SourceError:
        return SourceError(
            f"{self.place}: {len(names)} kernels' configs are in it: {_listed(names)}",
            f"Name one, for example: {self._full(names[0])}",
        )

    def _nothing(self) -> SourceError:
        for error in self._hopeless.values():
            return error if isinstance(error, NoIkconfigError) else SourceError(error.message, error.hint)
        near = f" Members that might be: {_listed(self._near)}." if self._near else ""
        astray = [name for name in self._links if CONFIG_NAME.search(name) or IMAGE_NAME.search(name)]
        near += f" Links to what is not in it: {_listed(astray)}." if astray else ""
        for name in self._links:
            if match := _DEBIANS.search(name):
                near += f" This is Debian's {match[0]}: the config is in linux-base-{match[1]}, the image in linux-binary-{match[1]}."
                break
        return SourceNotFoundError(
            f"{self.place}: no kernel config and no kernel image in it",
            f"Name a member with {self._full('MEMBER')}, or give another file.{near}",
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
