"""Audit many kernels on every core of the machine.

::

    from kina_audit.matrix import MatrixRequest, rows
    from kina_audit.sources.expand import expand

    request = MatrixRequest(profiles=("tag:default",), cilium="1.18")
    for row in rows(expand(["configs/", "recorded:*"]), request):
        print(row.source, row.verdict, row.mode)
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from kina_audit.api import CILIUM_TAG, load_profiles
from kina_audit.base.bounds import REPORT_BYTES
from kina_audit.base.datatype import datatype, field, replace
from kina_audit.base.files import read_regular
from kina_audit.base.json_text import read_json
from kina_audit.base.version import __version__
from kina_audit.base.workers import Spread, cores
from kina_audit.cilium.agent_profile import of_release
from kina_audit.cilium.capabilities import agent_state
from kina_audit.cilium.features import AGENT
from kina_audit.cilium.model import Advice, Capability
from kina_audit.cilium.on_demand import Asked, OnDemand
from kina_audit.cilium.reading import Readings
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.errors import KinaAuditError, SourceError
from kina_audit.kernel.alike import alike
from kina_audit.kernel.provenance import Kernel
from kina_audit.loading import as_checked, as_read
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile
from kina_audit.report.matrix import Matrix, Row, make_row, row_of_document
from kina_audit.report.model import FailOn, Report
from kina_audit.sources.expand import Named
from kina_audit.sources.local.stdin import shown
from kina_audit.sources.options import SourceOptions


@datatype
class MatrixRequest:
    """What is asked of every kernel.

    Attributes:
        profiles: as `ProfileLibrary.select` takes them; empty: the ones tagged ``default``.
        folders: more profiles.
        cilium: a release; empty: the newest known; None: no mode.
        fail_on: which unmet level fails a kernel.
        details: keep what is unmet.
        options: how sources are read.
    """

    profiles: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    cilium: str | None = ""
    fail_on: str = "required"
    details: bool = False
    options: SourceOptions = field(default_factory=SourceOptions)


def make_matrix(request: MatrixRequest, found: Iterable[Row]) -> Matrix:
    """Rows with what their columns mean.

    Raises:
        ProfileError: an unknown name or a bad file.
    """
    from kina_audit.cilium.release import find_release

    release = str(find_release(request.cilium)) if request.cilium is not None else ""
    asked = _Auditor(request)
    shown = tuple((p.id, p.title) for p in asked.profiles)
    by_choice = asked.by_choice
    return Matrix(
        shown, release, str(FailOn(request.fail_on)), tuple(found), __version__,
        by_choice=by_choice, cilium_asked=asked.asked or not release,
    )  # fmt: skip


def rows(sources: Iterable[str | Named], request: MatrixRequest, jobs: int = 0) -> Iterator[Row]:
    """A row for each source, in their order, as soon as it is there.

    Args:
        sources: from `kina_audit.sources.expand.expand`, or names that `open_source` takes.
        request: what is asked.
        jobs: processes; 0: one a core, 1: this process alone.

    Raises:
        ProfileError, UsageError: of the request; a source that cannot be audited is a row that says so.
    """
    auditor = _Auditor(request)
    processes = jobs or cores()
    if processes == 1:
        yield from map(auditor.row, sources)
        return
    # Progress and questions belong to this process.
    quiet = replace(request, options=replace(request.options, say=_silent, progress=_silent))
    yield from Spread(_row_of, quiet, _lost, processes).over(sources)


def _silent(_: str) -> None:
    """A worker says nothing."""


def _row_of(request: MatrixRequest) -> Callable[[str | Named], Row]:
    return _Auditor(request).row


def _lost(named: str | Named) -> Row:
    source = shown(named if isinstance(named, str) else named.source)
    return Row(source, f"{source}: the process that read it ended abruptly; it may have been short of memory")


_KEPT = 1024
"""Rows that are kept for kernels that are like one before."""


class _Auditor:
    """Profiles and release, looked up once for every kernel of a process."""

    def __init__(self, request: MatrixRequest) -> None:
        from kina_audit.cilium.release import find_release

        self.request = request
        files = [Path(n) for n in request.profiles if n.endswith(".toml")]
        library = ProfileLibrary(request.folders, files)
        self.profiles: list[Profile] = load_profiles(
            request.profiles, library=library, cilium=request.cilium is not None
        )
        self.fail_on = FailOn(request.fail_on)
        self.release = find_release(request.cilium) if request.cilium is not None else None
        self.asked = bool(request.cilium) or any(CILIUM_TAG in p.tags for p in self.profiles)
        self.by_choice = frozenset(p.id for p in self.profiles if not p.asked)
        self.cilium = Asked(library.tagged(CILIUM_TAG) if self.release is not None else ())
        self._rows: dict[tuple[object, ...], Row] = {}

    def row(self, named: str | Named) -> Row:
        """One kernel's row; its error, if it cannot be audited."""
        source = named if isinstance(named, str) else named.source
        if isinstance(named, Named) and named.error:
            return Row(source, named.error)
        try:
            if (document := _stored(source)) is not None:
                ids = [p.id for p in self.profiles]
                release = str(self.release or "")
                return row_of_document(
                    source,
                    document,
                    ids,
                    self.fail_on,
                    release,
                    details=self.request.details,
                    asked=self.asked,
                    by_choice=self.by_choice,
                )
            return self._audited(source)
        except KinaAuditError as error:
            return Row(shown(source), error.message)
        except OSError as error:
            return Row(shown(source), f"{shown(source)}: cannot be read: {error.strerror or error}")
        except MemoryError:
            return Row(shown(source), f"{shown(source)}: there is not enough memory for it")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # A stored report is somebody's JSON: what is wrong in it must not end the other rows.
            said = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
            return Row(shown(source), f"{shown(source)}: not a whole report: {said[:200]}")

    def _audited(self, source: str) -> Row:
        kernel = as_read(source, self.request.options)
        # What a config becomes on its kernel is the same for all that are alike.
        key = alike(kernel.config)
        if key is not None and key in self._rows:
            return replace(self._rows[key], source=shown(source))
        kernel = as_checked(kernel, self.request.options.fragments, self.request.options)
        config = kernel.config
        evaluator = Evaluator(config)
        results = tuple([evaluator.profile(p) for p in self.profiles])
        advice = self._advice(evaluator)
        if self.release is not None:
            results = tuple([of_release(r, self.release, config) for r in results])
        report = Report(Kernel(config, kernel.provenance), results, advice, self.fail_on, __version__)
        row = make_row(
            shown(source), config, results, str(report.verdict), str(advice.mode) if advice else "",
            details=self.request.details, untested=advice is not None and advice.untested,
        )  # fmt: skip
        row = replace(row, note=self._note(kernel))
        if key is not None and len(self._rows) < _KEPT:
            self._rows[key] = row
        return row

    def _note(self, kernel: Kernel) -> str:
        """What may make a row one about something else: a config that was cut, lines of fragments that did not survive."""
        begins = tuple(f"{name} line " for name, _ in self.request.options.fragments)
        lost = [n for n in kernel.provenance.notes if begins and n.startswith(begins)]
        more = [f"and {len(lost) - 3} more lines of fragments"] if len(lost) > 3 else []
        return "; ".join([*filter(None, [kernel.config.cut]), *lost[:3], *more])

    def _advice(self, evaluator: Evaluator) -> Advice | None:
        """As much of the recommendation as the verdict and the mode need."""
        if self.release is None:
            return None
        from kina_audit.cilium.ladder import stand

        readings = Readings(OnDemand(self.cilium, evaluator), evaluator.kernel)
        state = agent_state(readings, self.release)
        agent = Capability(f"cilium-{AGENT}", "", Status.UNKNOWN, "", state=state)
        mode = stand(readings, self.release)[0]
        return Advice(str(self.release), mode, "", capabilities=(agent,), asked=self.asked)


def _stored(source: str) -> dict[str, Any] | None:
    """A stored JSON report; None: the source is something else.

    Raises:
        SourceError: a JSON file that is too large or broken.
    """
    if not source.endswith(".json"):
        return None
    path = Path(source)
    if not path.is_file():
        return None
    try:
        data = read_regular(path, REPORT_BYTES)
    except OSError as error:
        raise SourceError(f"{source}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{source}: {error}, which no report has") from error
    try:
        document = read_json(data, once=True)
    except ValueError as error:
        raise SourceError(f"{source}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SourceError(f"{source}: not a kina-audit report", "`kina-audit check --format json` writes one.")
    return document
