"""Which profiles: the options of every command that audits."""

from pathlib import Path
from typing import Annotated

import typer

PROFILE_DIR_VARIABLE = "KINA_AUDIT_PROFILE_DIR"

FolderOption = Annotated[
    list[Path] | None,
    typer.Option("--profile-dir", envvar=PROFILE_DIR_VARIABLE, help="A folder with more profiles; repeatable."),
]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME|PATH",
        help="A profile's id, its path in the library (cni/flannel-vxlan), a pattern ('cni/*'), tag:NAME, all, or a file; "
        "repeatable.",
    ),
]
