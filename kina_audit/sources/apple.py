"""Apple containerization's kernel config, at a branch, tag or commit of its repository.

The file is the *input* of a build: the version that is really built stands in ``kernel/Makefile`` at the same ref.
"""

import re
from datetime import UTC, date, datetime

from kina_audit.base.datatype import replace
from kina_audit.base.digest import git_blob_id, sha256_hex
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.config import Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.sources import recorded
from kina_audit.sources.git.checkout import built_version
from kina_audit.sources.network.http import GITHUB_HOSTS, NetworkError
from kina_audit.sources.network.url import fetch_cached
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim

PROJECT = "apple/containerization"
DEFAULT_REF = "main"
_RAW = "https://raw.githubusercontent.com/{project}/{ref}/kernel/{file}"
_REF = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._/-]{0,120}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"\d+\.\d+\.\d+")


def open_apple(source: str, options: SourceOptions) -> Kernel:
    """Fetch ``kernel/config-<arch>`` and the Makefile beside it; without a network, the newest fitting record.

    Raises:
        SourceNotFoundError: no such ref or file; the message says which refs have it.
        SourceError: no network, no cache and no record (or ``fallback`` is off).
    """
    ref = source.partition("@")[2] if "@" in source else DEFAULT_REF
    _refuse_ref(ref)
    # A tag or a commit never changes; a branch is asked whether it did.
    immutable = bool(_COMMIT.fullmatch(ref) or _TAG.fullmatch(ref))
    file = f"config-{options.project_arch()}"
    url = _RAW.format(project=PROJECT, ref=ref, file=file)
    if not options.offline:
        options.progress(f"fetching {PROJECT} kernel/{file} at {ref}")
    try:
        entry = fetch_cached(url, options, hosts=GITHUB_HOSTS, immutable=immutable)
    except NetworkError as error:
        return _fall_back(source, ref, options, error)
    except SourceNotFoundError as error:
        if options.offline:
            return _fall_back(source, ref, options, error)
        refs = ", ".join(f"{r.first} to {r.last}" for r in recorded.ranges("apple", options.arch))
        raise SourceNotFoundError(
            f"{PROJECT} has no kernel/{file} at {ref!r}", f"It exists at these tags and on main: {refs}."
        ) from error
    makefile_url = _RAW.format(project=PROJECT, ref=ref, file="Makefile")
    notes: tuple[str, ...] = ()
    target: KernelVersion | None = None
    try:
        makefile = fetch_cached(makefile_url, options, hosts=GITHUB_HOSTS, immutable=immutable).body
    except SourceError as error:
        notes = (f"kernel/Makefile could not be read ({error.message}), so the version that is built is not known",)
    else:
        target = built_version(makefile)
        if target is None:
            notes = (
                "kernel/Makefile names no linux-VERSION.tar in KSOURCE, so the version that is built is not known",
            )
    for note in notes:
        options.say(note)
    config = parse_config(entry.body, name=f"{PROJECT} kernel/{file} at {ref}", origin=Origin.INPUT)
    provenance = Provenance(
        source,
        "apple",
        url,
        project=PROJECT,
        ref=ref,
        commit=ref if _COMMIT.fullmatch(ref) else "",
        blob=git_blob_id(entry.body),
        sha256=sha256_hex(entry.body),
        fetched=entry.fetched,
        target_from="kernel/Makefile KSOURCE" if target else "",
        notes=notes,
    )
    # The header's version is not the one that is built; without the Makefile the target is unknown, not the header's.
    kernel = aim(replace(config, target=target), provenance, options.target_kernel)
    return replace(kernel, config_bytes=entry.body)


def _refuse_ref(ref: str) -> None:
    if not _REF.fullmatch(ref) or ".." in ref or "//" in ref:
        raise SourceNotFoundError(
            f"{ref[:60]!r} is no branch, tag or commit", "For example apple@0.38.0 or apple@main."
        )
    if re.fullmatch(r"v\d+\.\d+.*", ref):
        raise SourceNotFoundError(
            f"{PROJECT} has no tag {ref!r}: its tags have no v prefix", f"Use apple@{ref.removeprefix('v')}."
        )


def _fall_back(source: str, ref: str, options: SourceOptions, error: SourceError) -> Kernel:
    """The record that is this ref, or the newest one for the default branch; never another ref's kernel."""
    if not options.fallback:
        raise SourceError(error.message, "Without --no-fallback the recorded kernel would be used.") from error
    name = recorded.name_of_ref("apple", options.arch, ref)
    if name is None and ref == DEFAULT_REF:
        name = recorded.newest("apple", options.arch).name
    if name is None:
        raise SourceError(f"{error.message}; no record covers {ref!r} either", "`kina-audit kernels` lists them.")
    kernel = recorded.open_recorded(f"recorded:{name}", options)
    provenance = kernel.provenance
    age = (datetime.now(UTC).date() - date.fromisoformat(provenance.date)).days
    moved = "" if _TAG.fullmatch(ref) or _COMMIT.fullmatch(ref) else "; the repository may have moved on"
    note = (
        f"{PROJECT} at {ref} was not fetched ({'--offline' if options.offline else error.message}); this is the recorded "
        f"kernel {name}, whose content is of {provenance.date}, {age} days ago{moved}"
    )
    options.say(note)
    return replace(kernel, provenance=replace(provenance, source=source, notes=(note, *provenance.notes)))
