"""Hold requirements against a kernel's configuration."""

from collections.abc import Callable, Iterable

from kina_audit.engine.family import odd_one_out
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.engine.left_to_do import left_to_do
from kina_audit.engine.out_of_reach import out_of_reach
from kina_audit.engine.without_module import because, fixed
from kina_audit.kernel.changes import later_names
from kina_audit.kernel.config import WITHOUT_MODULE, Completeness, KernelConfig, SymbolFact, SymbolState
from kina_audit.kernel.expression import Bounds, Expression
from kina_audit.kernel.vendors import newer_code, support, vendor_kernel
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level, Profile, Requirement
from kina_audit.profiles.shown import Shown

# Asked for a thousand times in a run: in Python 3.11 a member of an enumeration is found by code in Python.
_PASS, _FAIL, _WARN, _SKIP, _UNKNOWN = Status
_REQUIRED, _RECOMMENDED, _OPTIONAL = Level
UNTOLD_VERSION = (
    "what is asked depends on the kernel's version, which this input does not tell; give it with --target-kernel"
)
UNTOLD_ARCH = "what is asked depends on the architecture, which this input does not tell; give it with --arch"


class _Facts(dict[str, SymbolFact]):
    """What a kernel's input says of symbols, looked up once."""

    def __init__(self, kernel: KernelConfig) -> None:
        super().__init__()
        self._kernel = kernel

    def __missing__(self, symbol: str) -> SymbolFact:
        found = self[symbol] = self._kernel.fact(symbol)
        return found


class Evaluator:
    """Evaluates requirements on one kernel; what is known of each symbol is looked up once.

    Args:
        kernel: the config.
        terse: findings without their symbols and reasons, for who only asks what holds.
        near: a terse one of another state of the same kernel, and which symbols stand otherwise here; for a terse one.
    """

    def __init__(
        self,
        kernel: KernelConfig,
        *,
        terse: bool = False,
        near: "tuple[Evaluator, Callable[[str], bool]] | None" = None,
    ) -> None:
        self.kernel = kernel
        self._terse = terse
        self._near = near
        # What the kernel's input says of a symbol.
        self.fact = _Facts(kernel).__getitem__
        # Profiles that include others share requirement objects; each is evaluated once.
        self._findings: dict[int, Finding] = {}
        # Half of the requirements share their condition with another one.
        self._weighed: dict[int, tuple[Expression, Bounds]] = {}

    def profile(self, profile: Profile) -> ProfileResult:
        """Every requirement of a profile, and the status they add up to."""
        known = self._findings
        # An included row was evaluated before, most often.
        findings = tuple(
            [
                found if (found := known.get(id(r))) is not None and found.requirement is r else self.requirement(r)
                for r in profile.requirements
            ]
        )
        return ProfileResult(profile, findings, overall(findings))

    def requirement(self, row: Requirement) -> Finding:
        """One requirement."""
        found = self._findings.get(id(row))
        if found is None or found.requirement is not row:
            found = self._findings[id(row)] = self._evaluate(row)
        return found

    def _evaluate(self, row: Requirement) -> Finding:
        if self._near is not None:
            near, differs = self._near
            if not any(map(differs, row.symbols)):
                return near.requirement(row)
        if row.plain:
            return self._held(row, row.expr, row.fix)
        kernel = self.kernel
        if (row.gated and kernel.target is None) or (row.by_arch and kernel.arch is None):
            return self._untold(row)
        return self._on(row, kernel.target, kernel.arch)

    def _untold(self, row: Requirement) -> Finding:
        """What is asked depends on what the input does not tell; where the answer does not, it is given all the same."""
        kernel = self.kernel
        found = [self._on(row, version, arch) for version, arch in row.kernels(kernel.target, kernel.arch)]
        answers = {f.status for f in found}
        if answers == {_PASS, _SKIP}:
            # Met wherever it is asked.
            found = [f for f in found if f.status is _PASS]
        elif len(answers) > 1:
            by_version = row.gated and kernel.target is None
            reason = UNTOLD_VERSION if by_version else UNTOLD_ARCH
            return Finding(row, _UNKNOWN, row.expr, row.fix, self._facts_of(row.expr.symbols), reason)
        return found[-1]

    def _on(self, row: Requirement, version: KernelVersion | None, arch: str | None) -> Finding:
        """One requirement, as it is asked on a version and architecture."""
        applies = row.condition(version, arch)
        if applies is None:
            since = row.since(arch) if version else None
            too_old = since is not None and version is not None and version.triple < since
            return Finding(row, _SKIP, row.expr, row.fix, (), self._why_skipped(row), too_old=too_old)
        if row.live is not None:
            return self._live(row, row.live)
        return self._held(row, *applies)

    def _held(self, row: Requirement, expr: Expression, fix: str) -> Finding:
        """One requirement by the condition that applies."""
        weighed = self._weighed.get(id(expr))
        if weighed is None or weighed[0] is not expr:
            weighed = self._weighed[id(expr)] = (expr, expr.bounds(self.fact))
        low, high = weighed[1]
        needed = 1 if row.module else 2
        if low >= needed:
            status = _PASS
        elif high < needed:
            status = _FAIL if row.level is _REQUIRED else _WARN
        else:
            status = _UNKNOWN
        if row.alternatives:
            return self._one_of(row, status, expr)
        if not expr.symbols and status in (_FAIL, _WARN) and (vendor := self._by_vendor(row)):
            return Finding(row, vendor[0], expr, fix, (), vendor[1])
        if self._terse:
            return Finding(row, status, expr, fix, (), "")
        facts = self._facts_of(expr.symbols)
        if status is not _PASS:
            fix = left_to_do(fix, facts, module=row.module, expr=expr)
            fix = fixed(fix, facts) if row.module else fix
        left = self._left(row, needed) if status is _PASS and row.ways else ""
        reason = left or _reason(status, facts, self.kernel)
        if status is _FAIL or status is _WARN:
            reason = "; ".join(filter(None, (odd_one_out(facts, self.fact), reason)))
            fix = out_of_reach(expr, needed, self.kernel, self.fact) or fix
        if status is not _PASS:
            reason = "; ".join(filter(None, (reason, *self._renamed(facts))))
        return Finding(row, status, expr, fix, facts, reason, left=left)

    def _renamed(self, facts: tuple[SymbolFact, ...]) -> list[str]:
        """Of symbols that the kernel has under another name by now: that name, and its value here."""
        found = []
        for fact in facts:
            new, since = later_names().get(fact.name, ("", "")) if fact.state is SymbolState.ABSENT else ("", "")
            value = self.fact(new).value if new else None
            if value not in (None, "n"):
                found.append(f"CONFIG_{fact.name} is called CONFIG_{new} since Linux {since}, and that is {value}")
        return found

    def _live(self, row: Requirement, asked: Shown) -> Finding:
        """A requirement of what the kernel shows while it runs; elsewhere, or where it was not seen, it is skipped."""
        value = self.kernel.live.get(asked.fact)
        if value is None:
            return Finding(row, _SKIP, row.expr, row.fix, (), f"this input does not show {asked.fact}")
        status = _FAIL if row.level is _REQUIRED else _WARN
        if asked.holds(value):
            status = _PASS
        return Finding(row, status, row.expr, row.fix, (), f"the running kernel shows {asked.fact} {value}")

    def _by_vendor(self, row: Requirement) -> tuple[Status, str] | None:
        """What a vendor's kernel whose number is too low makes of a requirement that only asks for a number; None: it counts."""
        target = self.kernel.target
        if target is None or (vendor := vendor_kernel(target)) is None:
            return None
        found = support(f"{row.profile}/{row.id}", target)
        if found and found.documented:
            return _PASS, f"{found.kernel} is documented to work from {found.oldest} on: {found.says}"
        # Evidence is then a line of a program that compares the number itself, whatever the vendor carried back.
        if row.evidence and (found is None or found.documented is False):
            return None
        return (
            _UNKNOWN,
            newer_code(vendor, target, "what is asked for"),
        )

    def _left(self, row: Requirement, needed: int) -> str:
        """Of several ways to meet a requirement, the only one that this kernel leaves, and who notices."""
        bounds = [(way, *way.expr.bounds(self.fact)) for way in row.ways]
        works = [way for way, low, _ in bounds if low >= needed]
        if len(works) != 1 or any(low < needed <= high for _, low, high in bounds):
            return ""
        lost = "; ".join(way.without for way in row.ways if way is not works[0])
        return f"only {works[0].name} works here: {lost}"

    def _one_of(self, row: Requirement, status: Status, expr: Expression) -> Finding:
        """Says which alternative holds, or what keeps each from holding; the symbols are the nearest one's."""
        unmet = {
            p.id: [f for r in p.required if (f := self.requirement(r)).status not in (_PASS, _SKIP)]
            for p in row.alternatives
        }
        # What the alternatives' conditions say of a number, a vendor's kernel may answer otherwise.
        if any(all(f.status is _UNKNOWN for f in found) for found in unmet.values()):
            status = _PASS if not all(unmet.values()) else _UNKNOWN
        nearest = min(unmet, key=lambda name: len(unmet[name]))
        if status is _PASS:
            held = [name for name, findings in unmet.items() if not findings]
            return Finding(row, status, expr, row.fix, (), f"{', '.join(held) or 'one of them'} works")
        symbols = {s.name: s for f in unmet[nearest] for s in f.symbols}
        why = "; ".join(
            f"{name} {'cannot be told' if all(f.status is _UNKNOWN for f in found) else 'lacks'}: "
            + ", ".join(f.requirement.id for f in found)
            for name, found in unmet.items()
        )
        fix = " ".join(dict.fromkeys(f.fix for f in unmet[nearest]))
        return Finding(row, status, expr, f"For {nearest}: {fix}", tuple(symbols.values()), why)

    def _facts_of(self, symbols: Iterable[str]) -> tuple[SymbolFact, ...]:
        return tuple(map(self.fact, symbols))

    def _why_skipped(self, row: Requirement) -> str:
        if row.arch and self.kernel.arch not in row.arch:
            return f"only on {', '.join(row.arch)}"
        if self.kernel.target is None:
            return f"only on Linux {row.kernel}"
        return f"only on Linux {row.kernel}, this is {self.kernel.target}"


def overall(findings: tuple[Finding, ...]) -> Status:
    """What findings add up to; optional ones never count."""
    # Lists, not sets: members of an enumeration are found by identity, while hashing one runs Python code.
    required = [f.status for f in findings if f.requirement.level is _REQUIRED]
    if _FAIL in required:
        return _FAIL
    if _UNKNOWN in required:
        return _UNKNOWN
    recommended = [f.status for f in findings if f.requirement.level is _RECOMMENDED]
    if _WARN in recommended:
        return _WARN
    if _UNKNOWN in recommended:
        return _UNKNOWN
    if _PASS in required or _PASS in recommended:
        return _PASS
    optional = [f.status for f in findings]
    return _PASS if _PASS in optional or _WARN in optional else _SKIP


def _reason(status: Status, facts: tuple[SymbolFact, ...], kernel: KernelConfig) -> str:
    if status is _UNKNOWN:
        unknown = [f for f in facts if f.value is None or f.state is SymbolState.UNLOADED]
        names = ", ".join(f"CONFIG_{f.name}" for f in unknown)
        if kernel.completeness is Completeness.PARTIAL and not (kernel.resolved and kernel.resolved.lines):
            what = kernel.cut or "this is a partial config, which does not say"
            return f"{names}: {what}; audit the built kernel's .config"
        return f"{names}: {unknown[0].note}" if unknown else "this input cannot tell"
    if not kernel.predicted or (status is _PASS and any(f.state in WITHOUT_MODULE for f in facts)):
        return ""
    notes = [f"CONFIG_{f.name}: {f.note}" for f in facts if f.state is SymbolState.PREDICTED and f.note]
    return "; ".join([*notes, *because(facts)])
