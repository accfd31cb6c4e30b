"""Vendor kernels whose number says little, and where a project documents support for one: ``data/vendor-kernels.toml``."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.kernel.version import KernelVersion, VersionRange


@datatype
class VendorKernel:
    """Whose kernel a version is of.

    Attributes:
        vendor: the vendor's id, as ``rhel``.
        title: for people.
        major: the vendor's own major version.
        minor: its minor version, or None where the release does not tell it.
    """

    vendor: str
    title: str
    major: int
    minor: int | None

    def __str__(self) -> str:
        return f"{self.title}, release {self.major}{'' if self.minor is None else f'.{self.minor}'}"


@datatype
class Support:
    """What a project documents about the kernels of one vendor.

    Attributes:
        kernel: the vendor's kernel that was asked about.
        documented: it is one of those; None: the release does not tell which of the vendor's it is.
        oldest: the vendor's oldest release that is documented, as ``8.10``.
        says: the documentation's words.
        at: where they stand.
    """

    kernel: VendorKernel
    documented: bool | None
    oldest: str
    says: str
    at: str


def newer_code(vendor: VendorKernel, version: KernelVersion, what: str = "this") -> str:
    """The clause that what a version lacks by its number may be in it all the same."""
    return f"{vendor} has newer code in {version}; whether {what} is among it is not verified"


def beside_the_number(version: KernelVersion, ranges: Iterable[VersionRange], what: str = "the fix") -> str:
    """Why a version's number does not tell which stable update the code is of, for ranges that part some; empty: it does."""
    if vendor := vendor_kernel(version):
        return f"{newer_code(vendor, version, what)}."
    return "" if all(r.settled_by(version) for r in ranges) else f"{version} may stand for any update of its line."


def vendor_kernel(version: KernelVersion) -> VendorKernel | None:
    """The vendor that backports into this version; None: the number means what it says."""
    for row in _document()["vendor"]:
        match = re.search(row["pattern"], version.suffix)
        if match and not re.search(row["unless"], version.suffix):
            major = int(match[1])
            minor = int(match[2]) if match[2] else _minor(row["builds"].get(str(major), ()), version.suffix)
            return VendorKernel(row["id"], row["title"], major, minor)
    return None


def _minor(builds: list[int], suffix: str) -> int | None:
    """The minor release that a build number belongs to: the last one that began at or below it."""
    match = re.match(r"-(\d{1,6})\b", suffix)
    begun = [i for i, first in enumerate(builds) if match and int(match[1]) >= first]
    return begun[-1] if begun else None


def support(of: str, version: KernelVersion, release: KernelVersion | None = None) -> Support | None:
    """What is documented of a vendor's kernel; None: it is no such kernel, or nothing is documented of that vendor.

    Args:
        of: the project, or profile/requirement, as the data file names it.
        version: the kernel's.
        release: the project's, where the documentation differs between its releases.
    """
    kernel = vendor_kernel(version)
    if kernel is None:
        return None
    for row in _document()["support"]:
        of_release = "releases" not in row or (release is not None and release in VersionRange.parse(row["releases"]))
        if row["for"] == of and row["vendor"] == kernel.vendor and of_release:
            return Support(kernel, _reaches(kernel, row["from"]), row["from"], row["says"], row["at"])
    return None


def _reaches(kernel: VendorKernel, oldest: str) -> bool | None:
    major, _, minor = oldest.partition(".")
    if kernel.major != int(major):
        return kernel.major > int(major)
    wanted = int(minor or 0)
    return True if not wanted else None if kernel.minor is None else kernel.minor >= wanted


@cache
def _document() -> dict[str, Any]:
    return toml_document(data_file("vendor-kernels.toml"))
