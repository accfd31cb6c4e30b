"""Every error this project raises on purpose.

KinaAuditError                exit code 2
├── UsageError                2   an option, a setting or a combination of them makes no sense
├── ProfileError              2   a profile or expression is wrong (file, table, key, what is allowed)
├── OutputError               2   a requested output cannot be written
└── SourceError               3   the kernel's configuration could not be obtained or read
    ├── SourceNotFoundError   3   nothing is there (no such file, 404, no such record)
    ├── NotAConfigError       3   something is there, but it is no kernel config
    ├── NoIkconfigError       3   a kernel image that does not hold its config
    ├── SourceTooLargeError   3   a bound on untrusted input was hit
    └── NothingCheckedError   3   the audit had nothing to decide on; never silently green
"""

from typing import ClassVar


class KinaAuditError(Exception):
    """The base of every expected error.

    Attributes:
        message: one sentence on what is wrong, naming the file and the line where there is one.
        hint: what the reader should do next; may be empty.
        exit_code: the process exit status the command line ends with.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KinaAuditError):
    """An option, a setting or a combination of them makes no sense."""


class ProfileError(KinaAuditError):
    """A profile file, or an expression in one, is not valid."""


class OutputError(KinaAuditError):
    """A requested output file cannot be written."""


class SourceError(KinaAuditError):
    """The kernel's configuration could not be obtained or read."""

    exit_code: ClassVar[int] = 3


class SourceNotFoundError(SourceError):
    """There is nothing at the place the source names."""


class NotAConfigError(SourceError):
    """The bytes that were read are not a kernel configuration."""


class NoIkconfigError(SourceError):
    """A kernel image was read to its end, and its config is not in it (CONFIG_IKCONFIG is not y).

    Attributes:
        release: the kernel release that the image names; empty: none.
    """

    def __init__(self, message: str, hint: str = "", release: str = "") -> None:
        super().__init__(message, hint)
        self.release = release


class SourceTooLargeError(SourceError):
    """A bound on untrusted input was reached."""


class NothingCheckedError(SourceError):
    """No requirement could be decided, so no verdict may be given."""
