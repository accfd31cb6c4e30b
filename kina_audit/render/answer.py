"""The answer, before everything else: which kernel, does Cilium run, what would better it, what to do next.

Every format for people begins with it, in the same words and the same order.
"""

from collections.abc import Iterable, Sequence

from kina_audit.base.datatype import datatype
from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.cilium.model import Advice, Mode, State
from kina_audit.engine.finding import MET, UNMET, ProfileResult, Status
from kina_audit.engine.observed import ID as OBSERVED
from kina_audit.kernel.config import Completeness, KernelConfig, Origin, SymbolState
from kina_audit.kernel.provenance import SET_RECOMMENDED, Provenance
from kina_audit.kernel.setting import setting
from kina_audit.kernel.shape import says_cut
from kina_audit.profiles.model import Level
from kina_audit.render import cut, one_line
from kina_audit.render.commands import next_commands
from kina_audit.render.sentences import other_kernel, which_holds
from kina_audit.report.compare import MODE, Comparison
from kina_audit.report.decision import Kind
from kina_audit.report.model import FailOn, Report, verdict_of

_MOST_NAMES = 12
_MOST_LOST = 8
_MOST_SYMBOLS = 2
_MOST_MERGED = 3
_MOST_STALE = 2
_LONGEST_NAME = 60
_FILES = ("file", "stdin", "image", "archive", "directory", "url", "git")
_LONGEST = 240


@datatype
class Answer:
    """What the first screen says, each a sentence or a list of them.

    Attributes:
        kernel: which kernel it is, and how sure that is.
        results: the two results behind the verdict, and what is to be said beside them.
        cilium: whether the release runs, and in which mode; empty where nobody asked.
        ladder: every mode above, the nearest first, with the symbols that it takes beyond the one before.
        without_rebuild: what else leads to a better mode, each with its label.
        features: the features that were asked for, by how they stand.
        next: commands, and comments between them.
    """

    kernel: str
    results: str
    cilium: str
    ladder: tuple[str, ...]
    without_rebuild: tuple[str, ...]
    features: str
    next: tuple[str, ...]


def answer(report: Report, *, short: int = 0) -> Answer:
    """The answer that a report gives.

    Args:
        report: the report.
        short: 1: count what passes rather than name it, and give the first of the ways without a rebuild alone; 2: also
            only some of each rung's symbols, which `fix` has all of.
    """
    advice = report.advice
    # What has fragments merged into it is to be built first.
    how = "without another rebuild" if report.kernel.provenance.fragments else "without a rebuild"
    without_rebuild = tuple([f"{how}: {text}" for text in _without_rebuild(report, advice)]) if advice else ()
    return Answer(
        kernel=_kernel(report),
        results=_results(report),
        cilium=cilium_line(advice) if advice else "",
        ladder=(rungs(advice, _MOST_SYMBOLS if short > 1 else None) or (*filter(None, [brief(advice.barred)]),))
        if advice
        else (),
        without_rebuild=without_rebuild[:1] if short else without_rebuild,
        features=_features(report, short=bool(short)),
        next=next_commands(report),
    )


def _kernel(report: Report) -> str:
    config, origin = report.kernel.config, report.kernel.provenance
    target = f"Linux {config.target}" if config.target else "Linux of unknown version"
    parts = [how_sure(config, origin), *([one_line(origin.doubt)] if origin.doubt else [])]
    # The whole sentence stands below, among what may make the answer one about something else.
    parts += [one_line(text.partition(", which")[0]) for text in report.knowledge.newer]
    if report.audited:
        parts.append(f"audited at {one_line(report.audited)}")
    if warned := len(config.warnings) + len(report.knowledge.newer):
        parts.append(f"{warned} warning{'s' * (warned > 1)} below")
    return f"{one_line(origin.source)}: {target}, {config.arch or 'unknown architecture'}; {'; '.join(parts)}"


def how_sure(config: KernelConfig, origin: Provenance) -> str:
    """What the values stand on, in a few words."""
    header = config.header.version
    other = header is not None and (config.target is None or header.triple != config.target.triple)
    headed = f" headed {header}" if other else ""
    merged = f" with {_named([one_line(name) for name in origin.fragments], _MOST_MERGED)}" if origin.fragments else ""
    if origin.observed is not None:
        return f"the kernel that runs, by its own config{headed}"
    if config.resolved is not None and config.resolved.lines:
        if config.origin is Origin.BUILT:
            return f"recorded{headed}"
        return f"resolved from {_made_of(config, origin)}{headed}{merged}"
    if config.completeness is Completeness.PARTIAL:
        what = "a config that is cut" if says_cut(config) else "a fragment or defconfig"
        return f"{what}{headed}{merged}: what it does not say is unknown"
    if config.origin is Origin.BUILT:
        return f"the kernel's own config{headed}"
    return f"a config{headed}{merged}, as it is written"


def _made_of(config: KernelConfig, origin: Provenance) -> str:
    if origin.kind not in _FILES:
        return "its config"
    return "a file" if config.completeness is Completeness.COMPLETE else "a fragment or defconfig"


def _results(report: Report) -> str:
    parts = []
    stale = [one_line(item.name) for item in report.deciding if item.kind is Kind.WAIVER]
    cilium = _cilium_result(report)
    if report.baseline is not None:
        # What was accepted is no news; what was lost is.
        parts.append(_since(report, report.baseline))
        parts += [cilium] if cilium and report.advice is not None and report.advice.starts is not True else []
    elif cilium:
        features = verdict_of(i for i in report.deciding if not i.cilium and i.kind is not Kind.WAIVER)
        parts.append(f"features {features}, {cilium}")
    if stale:
        parts.append(f"stale: {_named(stale, _MOST_STALE)}")
    if report.fail_on is FailOn.NEVER and report.deciding:
        parts.append("the exit status does not count it: --fail-on never")
    if report.settings:
        parts.append(one_line(report.settings))
    return "; ".join(parts)


def _cilium_result(report: Report) -> str:
    """How Cilium stands in the verdict; empty where it was no question."""
    advice = report.advice
    if report.baseline is not None and advice is not None:
        compared = report.baseline.mode
        accepted = compared is not None and compared.before is compared.after
        return f"Cilium {advice.reaches}{', as before' if accepted else ''}"
    if report.cilium != "pass":
        return f"Cilium {report.cilium}"
    if advice is None:
        return ""
    if not advice.asked:
        return "Cilium not asked for"
    doubt = "untested" if advice.untested else "mode unknown" if advice.mode is Mode.UNKNOWN else ""
    return f"Cilium pass{f' ({doubt})' if doubt else ''}"


def _since(report: Report, compared: Comparison) -> str:
    """What was lost since the baseline, as far as it counts, and what the baseline is of where that is something else."""
    since = f"since {cut(compared.origin, _LONGEST_NAME)}"
    if other := other_kernel(compared):
        since += f", taken {' and '.join(other)}"
    untold = {c.name for c in compared.findings if c.fails}
    untold |= {"/".join(MODE)} if compared.mode is not None and compared.mode.fails else set()
    decides = [item for item in report.deciding if item.kind is not Kind.WAIVER]
    lost = [one_line(item.name) for item in decides if not untold.issuperset(item.names)]
    fails = [one_line(item.name) for item in decides if untold.issuperset(item.names)]
    said = f"nothing {'that counts was ' if compared.lost_at_all else ''}lost {since}"
    if lost:
        said = f"lost {since}: {_named(lost, _MOST_LOST)}"
    return f"{said}; unknown there, and fails: {_named(fails, _MOST_LOST)}" if fails else said


def cilium_line(advice: Advice) -> str:
    """Whether the agent starts, and the mode, in words."""
    why = advice.summary.removeprefix(f"Cilium {advice.release} does not work on this kernel. ")
    if advice.mode is Mode.UNSUPPORTED and advice.starts is False:
        how = "leaves every pod without a network" if advice.agent is State.NO_PODS else "does not start"
        return brief(f"{advice.headline}, {how}: {why}")
    if advice.mode is Mode.UNSUPPORTED:
        # Not promised is not known to fail.
        why = why.removeprefix(f"Cilium {advice.release} does not support this kernel. ")
        return f"{advice.headline}. {brief(why)}"
    return f"{advice.headline}. {brief(why)}"


def brief(text: str) -> str:
    """The sentences that there is room for; one that is too long by itself is cut."""
    found, *more = one_line(text).replace(". ", ".\n").split("\n")
    for sentence in more:
        if len(found) + len(sentence) > _LONGEST:
            break
        found += f" {sentence}"
    return cut(found, 2 * _LONGEST)


def rungs(advice: Advice, most: int | None = None) -> tuple[str, ...]:
    """Every mode above, the nearest first, with what it takes beyond the one before; of each so many symbols."""
    lines: list[str] = []
    had: set[str] = set()
    for rung in advice.ladder:
        more = ["=".join(setting(line)) for line in rung.symbols if line not in had]
        lines.append(f"for {rung.reaches}{' also' if had else ''}: {_named(more, most or len(more))}")
        had.update(rung.symbols)
    return tuple(lines)


def _without_rebuild(report: Report, advice: Advice) -> Iterable[str]:
    absent = missing_modules(report)
    if absent:
        yield f"by the package with the kernel's module files, of which it lacks {_named(absent, _MOST_LOST)}"
    for offer in [o for o in advice.instead if o.mode is not advice.mode]:
        values = f"value{'s' * (len(offer.values) > 1)} {', '.join(offer.values)}"
        yield f"{offer.reaches} with the Helm {values}: {offer.because.partition(';')[0].rstrip('.')}"
    for other in advice.elsewhere:
        if other.kernel and report.kernel.provenance.fragments:
            continue  # who builds a kernel does not ask for another's
        if other.kernel:
            which = f"the kernel that container {other.booted_by} boots ({other.kernel})"
            yield f"{other.reaches} on {which}; there: {SET_RECOMMENDED}"
        else:
            yield f"{other.reaches} with Cilium {other.release}"
    if advice.alternatives and not (advice.instead or advice.elsewhere or advice.ladder):
        yield f"instead of Cilium {', '.join(advice.alternatives)}"


def missing_modules(report: Report) -> list[str]:
    """The symbols that are m, are required, and whose module files are not there."""
    found = [
        s.name
        for result in report.results
        for f in result.findings
        if f.status in UNMET and f.level is Level.REQUIRED
        for s in f.symbols
        if s.state is SymbolState.MISSING
    ]
    return list(dict.fromkeys(found))


def _features(report: Report, *, short: bool) -> str:
    # The agent's own profile is the Cilium answer, where there is one.
    results = [r for r in report.results if r.profile.id != PROFILE or report.advice is None]
    unmet = {r.profile.id for r in results if any(f.status in UNMET and f.level is Level.REQUIRED for f in r.findings)}
    # With a threshold, a waiver or a baseline, a failing profile need not fail the audit; it is named all the same.
    counted = {r.profile.id: any(report.decides(r, f) for f in r.findings) for r in results}
    lesser = [r for r in results if not r.profile.asked and not counted[r.profile.id] and r.profile.id in unmet]
    seen = [r for r in results if r.profile.id == OBSERVED]
    results = [r for r in results if r.profile.id != OBSERVED]
    groups = {
        "fail": [r.profile.id for r in results if counted[r.profile.id] and r.status is not Status.UNKNOWN],
        "unknown": [r.profile.id for r in results if counted[r.profile.id] and r.status is Status.UNKNOWN],
        "not counted": [
            r.profile.id for r in results if not counted[r.profile.id] and r.profile.id in unmet and r.profile.asked
        ],
        "lacks": [r.profile.id for r in lesser if r.status is Status.FAIL],
        "may lack": [r.profile.id for r in lesser if r.status is not Status.FAIL],
        "pass": [
            r.profile.id + which_holds(r) for r in results if not counted[r.profile.id] and r.profile.id not in unmet
        ],
    }
    fold = short and len(groups["pass"]) > 1
    parts = [f"{label} {_named(n, _MOST_NAMES)}" for label, n in groups.items() if n and not (fold and label == "pass")]
    if fold:
        parts.append(f"{len(groups['pass'])} pass")
    return "; ".join([*parts, *map(_as_it_runs, seen)])


def _as_it_runs(seen: ProfileResult) -> str:
    """What the kernel that runs shows of itself: no feature that anybody asked for."""
    agrees = seen.status in MET
    return f"what runs {'agrees' if agrees else 'does not agree'} with this config" + f" ({OBSERVED})" * (not agrees)


def _named(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
