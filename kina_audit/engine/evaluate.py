"""Hold requirements against a kernel's configuration."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kina_audit.engine.explanation import Explanation, WithFix
from kina_audit.engine.finding import MET, Finding, ProfileResult, Status, explained_by, judged_by
from kina_audit.kernel.config import KernelConfig, SymbolFact
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.tristate import Bounds
from kina_audit.kernel.vendors import newer_code, support, vendor_kernel
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level, Profile, Requirement
from kina_audit.profiles.shown import Shown

T = TypeVar("T")

UNTOLD_VERSION = (
    "what is asked depends on the kernel's version, which this input does not tell; give it with --target-kernel"
)
UNTOLD_ARCH = "what is asked depends on the architecture, which this input does not tell; give it with --arch"


PASS, FAIL, WARN, SKIP, UNKNOWN = Status.PASS, Status.FAIL, Status.WARN, Status.SKIP, Status.UNKNOWN
REQUIRED, RECOMMENDED, OPTIONAL = Level.REQUIRED, Level.RECOMMENDED, Level.OPTIONAL
"""By name: until Python 3.12 a member of an enumeration takes ten times as long to look up, and rows are many."""


class _Kept(dict[str, T]):
    """Symbol to what is known of it, asked for once."""

    def __init__(self, asked: Callable[[str], T]) -> None:
        super().__init__()
        self._asked = asked

    def __missing__(self, symbol: str) -> T:
        found = self[symbol] = self._asked(symbol)
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
        self.fact = _Kept(kernel.fact).__getitem__
        self._symbol_bounds = _Kept(kernel.bounds).__getitem__
        self._this = f"this is {kernel.target}"
        self._explanation = Explanation(kernel, self.fact)
        # By the object, which what is kept holds on to: profiles that include others share requirements, and every other
        # row shares its condition.
        self._findings: dict[int, Finding] = {}
        self._statuses: dict[int, Status] = {}
        self._rows: list[Requirement] = []  # of which the statuses are: a status holds on to nothing
        self._bounds: dict[int, tuple[Bounds, Expression]] = {}

    def profile(self, profile: Profile) -> ProfileResult:
        """Every requirement of a profile, and the status they add up to."""
        return judged_by(self, profile, _added_up(self.statuses, profile))

    def statuses(self, profile: Profile, level: Level | None) -> list[Status]:
        """How the requirements of one level of a profile stand, or None: all of them."""
        rows = profile.at(level)
        found: list[Any] = list(map(self._statuses.get, rows.keys))
        # Those that are included were asked about before, most often.
        return found if None not in found else [s or self._status(r) for s, r in zip(found, rows.rows, strict=True)]

    def requirement(self, row: Requirement) -> Finding:
        """One requirement."""
        return self._findings.get(id(row)) or self._evaluated(row)

    def _status(self, row: Requirement) -> Status:
        """How a requirement stands, as its finding has it, which takes longer to make."""
        expr = row.expr
        # Most are of this kind.
        short = row.plain and expr.symbols and self._near is None
        found = self._statuses[id(row)] = _by_bounds(row, self._bounds_of(expr)) if short else self._other_status(row)
        self._rows.append(row)
        return found

    def _other_status(self, row: Requirement) -> Status:
        kernel = self.kernel
        if row.plain:
            expr = row.expr
        elif row.live or (row.gated and kernel.target is None) or (row.by_arch and kernel.arch is None):
            return self.requirement(row).status
        elif row.alternatives:
            return self._of_alternatives(row)
        elif (applies := row.condition(kernel.target, kernel.arch)) is None:
            return SKIP
        else:
            expr = applies[0]
        # Of a condition without symbols, a vendor's kernel may make something else; near another state, its findings tell.
        return (
            self.requirement(row).status if not expr.symbols or self._near else _by_bounds(row, self._bounds_of(expr))
        )

    def _of_alternatives(self, row: Requirement) -> Status:
        """One of them has to hold; what their conditions say of a number, a vendor's kernel may answer otherwise."""
        unmet = [[s for s in self.statuses(p, REQUIRED) if s not in MET] for p in row.alternatives]
        if not all(unmet):
            return PASS
        if any(all(s is UNKNOWN for s in found) for found in unmet):
            return UNKNOWN
        return FAIL if row.level is REQUIRED else WARN

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
        status = _by_bounds(row, self._bounds_of(expr))
        if not expr.symbols and status in (FAIL, WARN) and (vendor := self._by_vendor(row)):
            return Finding(row, vendor[0], expr, fix, (), vendor[1])
        if self._terse:
            return Finding(row, status, expr, fix, ())
        explanation = self._explanation
        return explained_by(explanation if fix is row.fix else WithFix(explanation, fix), row, status, expr)

    def _bounds_of(self, expr: Expression) -> Bounds:
        of_symbol = self._symbol_bounds
        if expr.flat and len(expr.symbols) == 1:
            return of_symbol(expr.symbols[0])
        known = self._bounds.get(id(expr))
        if known is None:
            known = self._bounds[id(expr)] = (expr.bounds(self.fact, of_symbol), expr)
        return known[0]

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
        status = self._of_alternatives(row)
        unmet = {
            p.id: [f for r in p.required if (f := self.requirement(r)).status not in MET] for p in row.alternatives
        }
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


def _by_bounds(row: Requirement, bounds: Bounds) -> Status:
    low, high = bounds
    needed = 1 if row.module else 2
    if low >= needed:
        return PASS
    if high >= needed:
        return UNKNOWN
    return FAIL if row.level is REQUIRED else WARN


def overall(findings: tuple[Finding, ...]) -> Status:
    """What findings add up to; optional ones never count."""
    return _added_up(lambda of, level: [f.status for f in of if f.requirement.level is level], findings)


def _added_up(at: Callable[[T, Level], list[Status]], of: T) -> Status:
    """What the statuses of each level add up to; those of the next one are asked for where they matter."""
    required = at(of, REQUIRED)
    if FAIL in required:
        return FAIL
    if UNKNOWN in required:
        return UNKNOWN
    recommended = at(of, RECOMMENDED)
    if WARN in recommended:
        return WARN
    if UNKNOWN in recommended:
        return UNKNOWN
    if PASS in required or PASS in recommended:
        return PASS
    optional = at(of, OPTIONAL)
    return PASS if PASS in optional or WARN in optional else SKIP
