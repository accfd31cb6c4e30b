"""Vendor kernels: told by their release, and judged by what a project documents, never by their number."""

import pytest

from kina_audit.kernel.vendors import support, vendor_kernel
from kina_audit.kernel.version import KernelVersion


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("4.18.0-553.el8_10.x86_64", (8, 10)), ("4.18.0-147.5.1.el8_1.x86_64", (8, 1)),
        ("4.18.0-372.9.1.el8.x86_64", (8, 6)), ("4.18.0-80.el8.x86_64", (8, 0)), ("5.14.0-427.el9.x86_64", (9, 4)),
        ("3.10.0-1160.el7.x86_64", (7, 9)), ("6.12.0-55.el10_0.x86_64", (10, 0)), ("4.18.0.el8", (8, None)),
        # Oracle's UEK and ELRepo's mainline builds end alike, and are near the mainline of their number.
        ("4.14.35-2047.543.3.1.el7uek.x86_64", None), ("5.4.17-2136.el8uek.x86_64", None),
        ("6.5.1-1.el8.elrepo.x86_64", None), ("6.12.117+deb12-cloud-amd64", None), ("5.10.1", None),
    ],
)  # fmt: skip
def test_whose_kernel(release: str, found: tuple[int, int | None] | None) -> None:
    kernel = vendor_kernel(KernelVersion.parse(release))
    assert (kernel and (kernel.major, kernel.minor)) == found


@pytest.mark.parametrize(
    ("release", "cilium", "documented"),
    [
        ("4.18.0-553.el8_10.x86_64", "1.20.2", True), ("4.18.0-372.9.1.el8.x86_64", "1.18.12", True),
        ("4.18.0-372.9.1.el8.x86_64", "1.19.7", False), ("4.18.0-147.5.1.el8_1.x86_64", "1.18.12", False),
        ("4.18.0-147.5.1.el8_1.x86_64", "1.14.19", True), ("3.10.0-1160.el7.x86_64", "1.14.19", False),
        ("5.14.0-427.el9.x86_64", "1.20.2", True), ("4.18.0.el8", "1.20.2", None),
    ],
)  # fmt: skip
def test_what_cilium_documents(release: str, cilium: str, documented: bool | None) -> None:
    found = support("cilium", KernelVersion.parse(release), KernelVersion.parse(cilium))
    assert found is not None
    assert found.documented is documented
    assert found.at.startswith("cilium/cilium@")


def test_nothing_is_said_where_nothing_is_documented() -> None:
    assert support("cilium", KernelVersion.parse("6.12.1"), KernelVersion.parse("1.20.2")) is None
    assert support("nothing", KernelVersion.parse("4.18.0-553.el8_10.x86_64")) is None
