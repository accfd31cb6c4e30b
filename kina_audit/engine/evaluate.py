"""Hold requirements against a kernel's configuration."""

from collections.abc import Callable, Iterable

from kina_audit.engine.explanation import Explanation, WithFix
from kina_audit.engine.finding import Finding, ProfileResult, Status, explained_by
from kina_audit.kernel.config import KernelConfig, SymbolFact
from kina_audit.kernel.expression import Bounds, Expression
from kina_audit.kernel.vendors import newer_code, support, vendor_kernel
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level, Profile, Requirement
from kina_audit.profiles.shown import Shown

UNTOLD_VERSION = (
    "what is asked depends on the kernel's version, which this input does not tell; give it with --target-kernel"
)
UNTOLD_ARCH = "what is asked depends on the architecture, which this input does not tell; give it with --arch"


PASS, FAIL, WARN, SKIP, UNKNOWN = Status.PASS, Status.FAIL, Status.WARN, Status.SKIP, Status.UNKNOWN
REQUIRED, RECOMMENDED = Level.REQUIRED, Level.RECOMMENDED
"""By name: until Python 3.12 a member of an enumeration takes ten times as long to look up, and rows are many."""


class _Facts(dict[str, SymbolFact]):
    """Symbol to what the kernel's input says of it, asked for once."""

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
        self._this = f"this is {kernel.target}"
        self._explanation = Explanation(kernel, self.fact)
        # By the object, which what is kept holds on to: profiles that include others share requirements, and every other
        # row shares its condition.
        self._findings: dict[int, Finding] = {}
        self._bounds: dict[int, tuple[Bounds, Expression]] = {}

    def profile(self, profile: Profile) -> ProfileResult:
        """Every requirement of a profile, and the status they add up to."""
        # An included row was evaluated before, most often.
        known = self._findings.get
        findings = tuple([known(id(row)) or self._evaluated(row) for row in profile.requirements])
        return ProfileResult(profile, findings, overall(findings))

    def requirement(self, row: Requirement) -> Finding:
        """One requirement."""
        return self._findings.get(id(row)) or self._evaluated(row)

    def _evaluated(self, row: Requirement) -> Finding:
        kernel, near = self.kernel, self._near
        if near is not None and not any(map(near[1], row.symbols)):
            found = near[0].requirement(row)
        elif row.plain:
            found = self._held(row, row.expr, row.fix)
        elif (row.gated and kernel.target is None) or (row.by_arch and kernel.arch is None):
            found = self._untold(row)
        else:
            found = self._on(row, kernel.target, kernel.arch)
        self._findings[id(row)] = found
        return found

    def _untold(self, row: Requirement) -> Finding:
        """What is asked depends on what the input does not tell; where the answer does not, it is given all the same."""
        kernel = self.kernel
        found = [self._on(row, version, arch) for version, arch in row.kernels(kernel.target, kernel.arch)]
        answers = {f.status for f in found}
        if answers == {PASS, SKIP}:
            # Met wherever it is asked.
            found = [f for f in found if f.status is PASS]
        elif len(answers) > 1:
            by_version = row.gated and kernel.target is None
            reason = UNTOLD_VERSION if by_version else UNTOLD_ARCH
            return Finding(row, UNKNOWN, row.expr, row.fix, self._facts_of(row.expr.symbols), reason)
        return found[-1]

    def _on(self, row: Requirement, version: KernelVersion | None, arch: str | None) -> Finding:
        """One requirement, as it is asked on a version and architecture."""
        applies = row.condition(version, arch)
        if applies is None:
            since = row.since(arch) if version else None
            too_old = since is not None and version is not None and version.triple < since
            return Finding(row, SKIP, row.expr, row.fix, (), self._why_skipped(row), too_old=too_old)
        if row.live is not None:
            return self._live(row, row.live)
        expr, fix = applies
        return self._one_of(row, expr) if row.alternatives else self._held(row, expr, fix)

    def _held(self, row: Requirement, expr: Expression, fix: str) -> Finding:
        """One requirement by the condition that applies."""
        known = self._bounds.get(id(expr))
        if known is None:
            known = self._bounds[id(expr)] = (expr.bounds(self.fact), expr)
        status = _status(row, known[0])
        if not expr.symbols and status in (FAIL, WARN) and (vendor := self._by_vendor(row)):
            return Finding(row, vendor[0], expr, fix, (), vendor[1])
        if self._terse:
            return Finding(row, status, expr, fix, ())
        explanation = self._explanation
        return explained_by(explanation if fix is row.fix else WithFix(explanation, fix), row, status, expr)

    def _live(self, row: Requirement, asked: Shown) -> Finding:
        """A requirement of what the kernel shows while it runs; elsewhere, or where it was not seen, it is skipped."""
        value = self.kernel.live.get(asked.fact)
        if value is None:
            return Finding(row, SKIP, row.expr, row.fix, (), f"this input does not show {asked.fact}")
        status = FAIL if row.level is REQUIRED else WARN
        if asked.holds(value):
            status = PASS
        return Finding(row, status, row.expr, row.fix, (), f"the running kernel shows {asked.fact} {value}")

    def _by_vendor(self, row: Requirement) -> tuple[Status, str] | None:
        """What a vendor's kernel whose number is too low makes of a requirement that only asks for a number; None: it counts."""
        target = self.kernel.target
        if target is None or (vendor := vendor_kernel(target)) is None:
            return None
        found = support(f"{row.profile}/{row.id}", target)
        if found and found.documented:
            return PASS, f"{found.kernel} is documented to work from {found.oldest} on: {found.says}"
        # Evidence is then a line of a program that compares the number itself, whatever the vendor carried back.
        if row.evidence and (found is None or found.documented is False):
            return None
        return (
            UNKNOWN,
            newer_code(vendor, target, "what is asked for"),
        )

    def _one_of(self, row: Requirement, expr: Expression) -> Finding:
        """Says which alternative holds, or what keeps each from holding; the symbols are the nearest one's."""
        status = _status(row, expr.bounds(self.fact))
        unmet = {
            p.id: [f for r in p.required if (f := self.requirement(r)).status not in (PASS, SKIP)]
            for p in row.alternatives
        }
        # What the alternatives' conditions say of a number, a vendor's kernel may answer otherwise.
        if any(all(f.status is UNKNOWN for f in found) for found in unmet.values()):
            status = PASS if not all(unmet.values()) else UNKNOWN
        nearest = min(unmet, key=lambda name: len(unmet[name]))
        if status is PASS:
            held = [name for name, findings in unmet.items() if not findings]
            return Finding(row, status, expr, row.fix, (), f"{', '.join(held) or 'one of them'} works")
        symbols = {s.name: s for f in unmet[nearest] for s in f.symbols}
        why = "; ".join(
            f"{name} {'cannot be told' if all(f.status is UNKNOWN for f in found) else 'lacks'}: "
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
        return f"only on Linux {row.kernel}, {self._this}"


def _status(row: Requirement, bounds: Bounds) -> Status:
    low, high = bounds
    needed = 1 if row.module else 2
    if low >= needed:
        return PASS
    if high >= needed:
        return UNKNOWN
    return FAIL if row.level is REQUIRED else WARN


def overall(findings: tuple[Finding, ...]) -> Status:
    """What findings add up to; optional ones never count."""
    required = [f.status for f in findings if f.requirement.level is REQUIRED]
    if FAIL in required:
        return FAIL
    if UNKNOWN in required:
        return UNKNOWN
    recommended = [f.status for f in findings if f.requirement.level is RECOMMENDED]
    if WARN in recommended:
        return WARN
    if UNKNOWN in recommended:
        return UNKNOWN
    if PASS in required or PASS in recommended:
        return PASS
    optional = [f.status for f in findings]
    return PASS if PASS in optional or WARN in optional else SKIP
