"""Which profiles: the options of every command that audits."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kina_audit.cli.help import ASKED
from kina_audit.cli.mix_ups import is_source_word
from kina_audit.cli.parameters import option

if TYPE_CHECKING:
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.profiles.model import Profile

PROFILE_DIR_VARIABLE = "KINA_AUDIT_PROFILE_DIR"

FolderOption = Annotated[
    list[Path] | None,
    option(
        "--profile-dir",
        envvar=PROFILE_DIR_VARIABLE,
        help="A folder with more profiles; repeatable.",
        group=ASKED,
    ),
]
ProfileOption = Annotated[
    list[str] | None,
    option(
        "--profile",
        "-p",
        metavar="NAME|PATH",
        help="A profile's id, its path in the library (cni/flannel-vxlan), a pattern ('cni/*'), tag:NAME, all, or a file; "
        "repeatable.",
        group=ASKED,
    ),
]


def chosen(
    names: Sequence[str] | None, folders: Sequence[Path] | None, *, cilium: bool = True
) -> "tuple[ProfileLibrary, list[Profile]]":
    """The library of ``--profile-dir`` and the built-in profiles, and what ``--profile`` selects of it.

    Args:
        names: of ``--profile``.
        folders: of ``--profile-dir``.
        cilium: False: ``--cilium none``.

    Raises:
        ProfileError: an unknown name or a bad file.
    """
    from kina_audit.api import load_profiles
    from kina_audit.errors import ProfileError
    from kina_audit.profiles.load import ProfileLibrary

    names = names or []
    files = [Path(n) for n in names if n.endswith(".toml")]
    library = ProfileLibrary(folders or [], files)
    for name in names:
        _refuse_path(name)
    try:
        profiles = load_profiles(names, library=library, cilium=cilium)
    except ProfileError as error:
        near = next((f for n in names if error.message.startswith(f"no profile {n!r}") for f in _files_like(n)), "")
        raise (
            ProfileError(f"{error.message.partition('; ')[0]}; did you mean ./{near}?", error.hint) if near else error
        ) from None
    if files or folders:
        _refuse_vacuous(profiles, library)
    return library, profiles


def _refuse_path(name: str) -> None:
    """Refuse a path that is no profile's.

    Raises:
        ProfileError: it is one.
    """
    from kina_audit.errors import ProfileError

    if is_source_word(name):
        raise ProfileError(
            f"--profile {name}: that is a kernel, and no profile", f"A kernel stands by itself: kina-audit check {name}"
        )
    path = name.startswith(("./", "../", "/", "~")) or ("." in name and os.path.lexists(name))
    if path and not name.endswith(".toml"):
        raise ProfileError(
            f"--profile {name}: a profile is a TOML file, and this is called otherwise",
            "Name a profile, or a file that ends in .toml; a page is written with -o html=PATH.",
        )


def _files_like(name: str) -> list[str]:
    """Profile files of the working folder that are called much like a name."""
    from kina_audit.base.near import alike

    here = {p.stem: p.name for p in islice(Path().glob("*.toml"), 1000)}
    return [here[stem] for stem in alike(name, here, cutoff=0.75)]


def _refuse_vacuous(profiles: "Sequence[Profile]", library: "ProfileLibrary") -> None:
    """Refuse a profile that a misspelt symbol makes pass.

    Raises:
        ProfileError: a requirement is met because a symbol is off that no kernel has.
    """
    from kina_audit.errors import ProfileError
    from kina_audit.profiles.review import negated_unknown

    for profile in profiles:
        problem = negated_unknown(profile, library) if any("!" in r.expr.text for r in profile.requirements) else None
        if problem is not None:
            raise ProfileError(
                str(problem), "Correct the name; for a vendor's own symbol write SYMBOL=n, which says that it is meant."
            )
