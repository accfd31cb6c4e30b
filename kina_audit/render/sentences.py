"""What is said of one finding, in the words that every format shares."""

from collections import Counter
from collections.abc import Iterable, Sequence

from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.probed import Agreement
from kina_audit.kernel.config import WITHOUT_MODULE, KernelConfig, SymbolFact, SymbolState
from kina_audit.kernel.provenance import Observed
from kina_audit.kernel.shape import says_cut
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import ONE_OF
from kina_audit.render import cut, one_line
from kina_audit.report.compare import CAPABILITY, Change, Comparison, Direction
from kina_audit.report.decision import Kind
from kina_audit.report.model import FailOn, Report

_VALUE_LENGTH = 80
_FEW = 3
"""Of so many symbols at once the lines are said."""
_AGREEMENTS = {
    Agreement.AGREES: "agree with the config",
    Agreement.REFUSED: "are refused though the config says yes",
    Agreement.UNEXPECTED: "work though the config says no",
    Agreement.DECIDED: "the config could not tell",
    Agreement.NOT_TRIED: "were not tried",
}
_KINDS = {
    Kind.FINDING: ("requirement", "requirements"),
    Kind.TOO_OLD: ("requirement that it is too old for", "requirements that it is too old for"),
    Kind.AGENT: ("Cilium agent", "Cilium agents"),
    Kind.WISH: ("wish that Cilium cannot grant", "wishes that Cilium cannot grant"),
    Kind.MODE: ("lost Cilium mode", "lost Cilium modes"),
    Kind.CAPABILITY: ("lost Cilium feature", "lost Cilium features"),
    Kind.WAIVER: ("stale waiver", "stale waivers"),
}


def note_line(text: str) -> str:
    """A note of a kernel as a sentence of its own."""
    return f"Note: {text}{'' if text.endswith(('.', '?', '!')) else '.'}"


def how_told(config: KernelConfig) -> list[str]:
    """How sure a config's values are those of the kernel."""
    resolved = config.resolved
    if resolved is None:
        partial = "This is a partial config: a symbol without a line is unknown. Audit the built .config."
        return [partial] if config.completeness == "partial" else []
    if config.origin != "input":
        return [f"{resolved.how[:1].upper()}{resolved.how[1:]}."]
    with_tools = f", built with {resolved.toolchain}" if resolved.toolchain else ""
    what = "a complete config" if config.completeness == "complete" else "a fragment or defconfig"
    what = "a config that is cut" if says_cut(config) else what
    return [f"The file is {what}, the input of olddefconfig: {resolved.how}{with_tools}."]


def fact(symbol: SymbolFact, prefix: str = "") -> str:
    """A symbol and what the input says of it."""
    name = prefix + symbol.name
    if symbol.value is None:
        return f"{name} unknown"
    line = f" (line {symbol.line})" if symbol.line else ""
    if symbol.state is SymbolState.ABSENT:
        return f"{name} absent"
    if symbol.state is SymbolState.NOT_SET:
        return f"{name} not set{line}"
    if symbol.state is SymbolState.PREDICTED:
        return f"{name}={symbol.value} predicted{line}"
    if symbol.state in WITHOUT_MODULE:
        return f"{name}={symbol.value}{line} and its module {symbol.state}"
    if symbol.is_string and symbol.value in ("y", "m", "n"):
        return f'{name}="{symbol.value}", a text where y or m belongs{line}'
    return f"{name}={cut(symbol.value, _VALUE_LENGTH)}{line}"


def stand(symbols: Sequence[SymbolFact]) -> str:
    """How symbols stand, those that stand alike together."""
    alike: dict[str, list[str]] = {}
    for symbol in symbols:
        how = fact(symbol).removeprefix(symbol.name)
        if len(symbols) > _FEW and symbol.line:
            how = how.replace(f" (line {symbol.line})", "")
        alike.setdefault(how, []).append(symbol.name)
    return "; ".join(f"{', '.join(names)}{how}" for how, names in alike.items())


def running(observed: Observed) -> list[str]:
    """Which kernel runs, and what it shows beside its config."""
    btf = {True: "with BTF", False: "without BTF", None: "BTF not visible"}[observed.btf]
    machine = f", {observed.machine}" if observed.machine else ""
    said = [one_line(f"It runs as {observed.release}{machine}, {btf}.")]
    if observed.facts:
        shown = [f"{n}={cut(v, _VALUE_LENGTH)}" if "." in n else f"{n} {v}" for n, v in observed.facts if n != "btf"]
        said.append(one_line(f"Beside its config it shows {', '.join(shown)}."))
    return said


def facts(finding: Finding) -> str:
    """Every symbol of a finding."""
    return "; ".join(fact(s) for s in finding.symbols)


def name(result: ProfileResult, finding: Finding) -> str:
    """``profile/requirement``."""
    return f"{result.profile.id}/{finding.requirement.id}"


def headline(result: ProfileResult, finding: Finding) -> str:
    """One line: what is asked and what the kernel has."""
    has = f"; it has {facts(finding)}" if finding.symbols else ""
    return f"{name(result, finding)} {finding.unmet}{has}."


def paragraphs(finding: Finding) -> list[tuple[str, str]]:
    """(label, sentence) of everything a reader of an unmet finding wants to know."""
    found = [("needs", finding.needs), ("has", facts(finding)), ("tried", tried(finding)), ("because", finding.reason)]
    if finding.status is not Status.PASS:
        found.append(("why", finding.requirement.why))
    if finding.status in UNMET:
        found.append(("fix", finding.fix))
    if finding.waiver is not None:
        found.append(("waived", waived(finding)))
    return [(label, text) for label, text in found if text]


def tried(finding: Finding) -> str:
    """The probes that decide how the running kernel stands, and what came of each; empty where it was not asked."""
    seen = finding.observed
    if seen is None:
        return ""
    return f"{seen.outcome} ({'; '.join(f'{a.probe}: {a.said}' if a.said else a.probe for a in seen.attempts)})"


def observed_line(report: Report) -> str:
    """How many requirements were tried, and how what happened compares with the config; empty where none was."""
    found = {(f.requirement.profile, f.requirement.id): f.observed for r in report.results for f in r.findings}
    counted = Counter(seen.agreement for seen in found.values() if seen is not None)
    if not counted:
        return ""
    parts = [f"{counted[a]} {words}" for a, words in _AGREEMENTS.items() if counted[a]]
    return f"Tried on the running kernel: of {counted.total()} requirements with probes, {', '.join(parts)}."


def which_holds(result: ProfileResult) -> str:
    """Of a profile with alternatives, the ones that hold, where not all do."""
    if not result.profile.any_of:
        return ""
    held = [f.reason for f in result.findings if f.requirement.id == ONE_OF and f.status is Status.PASS]
    if not held or held[0].count(",") + 1 >= len(result.profile.any_of):
        return ""
    return f" ({held[0].removesuffix(' works')})"


def titled(result: ProfileResult, most: int = 100) -> str:
    """A profile's title in so many characters, and that nobody asked for it where it fails nothing by what it requires."""
    lacks = not result.profile.asked and result.status in (Status.FAIL, Status.UNKNOWN)
    note = " (not asked for)" if lacks else which_holds(result)
    return f"{one_line(result.profile.title)[: max(0, most - len(note))].rstrip()}{note}"[: max(0, most)]


def standing(report: Report, result: ProfileResult) -> Status:
    """A profile's status; one that fails nothing is no more than a warning."""
    counts = result.status is not Status.FAIL or any(report.decides(result, f) for f in result.findings)
    return result.status if counts else Status.WARN


def waived(finding: Finding) -> str:
    """Until when and why a finding is waived, and by whom."""
    waiver = finding.waiver
    if waiver is None:
        return ""
    who = "".join(f"; {label} {text}" for label, text in (("owner", waiver.owner), ("see", waiver.link)) if text)
    return one_line(f"until {waiver.expires}: {waiver.reason}{who}")


def change(item: Change) -> str:
    """One line about something that does not stand as it did."""
    level = f" ({item.level})" if item.level else ""
    symbols = ", ".join(f"{n} {told(old)} to {told(new)}" for n, old, new in item.symbols)
    note = " [waived]" if item.waived else ""
    age = "" if not item.too_old else ", too old for it" if item.after is Status.SKIP else ", no longer too old for it"
    went = f"{item.before or 'new'} to {item.after or 'gone'}{age}"
    return f"{item.name}{level}: {went}{f' ({symbols})' if symbols else ''}{note}"


ALL_NAMES = 4000
"""Characters that are enough for a line of `changes` which names every feature of Cilium."""


def changes(items: Iterable[Change]) -> list[str]:
    """A line for each requirement and profile; Cilium's features that stand alike are one, with every name."""
    lines: list[str] = []
    alike: dict[str, list[str]] = {}
    for item in items:
        if item.requirement != CAPABILITY:
            lines.append(f"{'' if item.requirement else 'profile '}{change(item)}")
        else:
            how = change(item).partition(": ")[2]
            alike.setdefault(how, []).append(item.profile)
    return lines + [f"Cilium feature{'s' * (len(names) > 1)} {', '.join(names)}: {how}" for how, names in alike.items()]


def differing(symbols: int) -> str:
    """How many symbols' lines are others than before."""
    return f"{symbols} symbol{' differs' if symbols == 1 else 's differ'}"


def told(value: str | None) -> str:
    """A symbol's value, or that nobody can tell."""
    return "unknown" if value is None else cut(value, _VALUE_LENGTH)


def deciding_line(report: Report) -> str:
    """How many things keep the report from passing, by kind; empty when nothing does."""
    number = len(report.deciding)
    if not number:
        return ""
    kinds = Counter(item.kind for item in report.deciding)
    parts = ", ".join(f"{count} {_KINDS[kind][count != 1]}" for kind, count in kinds.items())
    never = "; the exit status does not count it (--fail-on never)" if report.fail_on is FailOn.NEVER else ""
    return f"{parts} keep{'s' if number == 1 else ''} it from passing{never}"


def baseline_lines(report: Report) -> list[str]:
    """What changed against the baseline, one line each; empty without one."""
    compared = report.baseline
    if compared is None:
        return []
    lines = []
    mode = compared.mode
    if mode is not None and (mode.fails or mode.direction is not Direction.SAME):
        note = " [waived]" if mode.waived else ""
        after = report.advice.reaches if report.advice is not None else mode.after
        way = "fails" if mode.fails else str(mode.direction)
        lines.append(f"{way}: Cilium {mode.release} mode {mode.before} to {after}{note}")
    every = (*compared.findings, *compared.capabilities)
    for word, wanted in (
        ("lost", Direction.LOST),
        ("fails", None),
        ("gained", Direction.GAINED),
        ("changed", Direction.SAME),
    ):
        lines += [f"{word}: {line}" for line in changes(c for c in every if went(c) is wanted)]
    levels = " and ".join(report.fail_on.levels)
    counted = f"of what was lost, {levels} requirements count, and what Cilium had (--fail-on {report.fail_on})"
    return [*_other_version(compared), *(lines or ["nothing was lost or gained"]), counted]


def went(item: Change) -> Direction | None:
    """Which way something went; None: it fails, which nobody could tell before."""
    return None if item.fails else item.direction


def other_kernel(compared: Comparison) -> list[str]:
    """What a baseline is taken for that differs from what is checked: the version, the toolchain."""
    found = []
    for key, known, unknown in (
        ("target_version", "for Linux ", "for no version"),
        ("toolchain", "with --toolchain ", "without --toolchain"),
    ):
        before, after = (side.kernel.get(key, "") for side in (compared.before, compared.after))
        if before != after:
            found.append(f"{known}{cut(one_line(before), _VALUE_LENGTH)}" if before else unknown)
    return found


def _other_version(compared: Comparison) -> list[str]:
    """That the baseline is of another kernel version: what was asked of one need not be asked of the other."""
    before, after = (side.kernel.get("target_version", "") for side in (compared.before, compared.after))
    if not before or not after or before == after:
        return []
    said = f"it is of Linux {cut(before, _VALUE_LENGTH)}, and this is Linux {cut(after, _VALUE_LENGTH)}"
    try:
        older = KernelVersion.parse(after) < KernelVersion.parse(before)
    except ValueError:  # the baseline is somebody's file
        older = False
    return [
        f"{said}, an older one: what that does without is `pass to skip`, and what it is too old for is lost"
        if older
        else said
    ]
