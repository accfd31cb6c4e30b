"""Why findings of one kernel stand as they do, and what is left to do about them: made for who shows them."""

from collections.abc import Callable

from kina_audit.base.datatype import datatype
from kina_audit.engine.family import odd_one_out
from kina_audit.engine.finding import Finding, Status
from kina_audit.engine.left_to_do import left_to_do
from kina_audit.engine.out_of_reach import out_of_reach
from kina_audit.engine.without_module import because, fixed
from kina_audit.kernel.config import WITHOUT_MODULE, Completeness, KernelConfig, SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.renames import later_names
from kina_audit.profiles.model import Requirement

Facts = tuple[SymbolFact, ...]


class Explanation:
    """Explains findings that were made by their condition.

    Args:
        kernel: the config they are of.
        fact: what the kernel's input says of a symbol.
    """

    def __init__(self, kernel: KernelConfig, fact: Callable[[str], SymbolFact]) -> None:
        self._kernel, self._fact = kernel, fact
        # By the object, which the entry holds on to: every other finding shares its condition with another.
        self._conditions: dict[int, tuple[Expression, Facts, dict[Status, str]]] = {}

    def explain(self, finding: Finding) -> tuple[str, Facts, str, str]:
        """(fix, symbols, reason, left) of a finding, as it has them."""
        return self.with_fix(finding, finding.requirement.fix)

    def with_fix(self, finding: Finding, fix: str) -> tuple[str, Facts, str, str]:
        """The same where the fix is not the requirement's own, but a variant's."""
        row, expr, status = finding.requirement, finding.expr, finding.status
        needed = 1 if row.module else 2
        known = self._conditions.get(id(expr))
        if known is None:
            known = self._conditions[id(expr)] = (expr, tuple(map(self._fact, expr.symbols)), {})
        _, facts, reasons = known
        reason = reasons.get(status)
        if reason is None:
            reason = reasons[status] = self._reason(status, facts)
        if status is Status.PASS:
            left = self._left(row, needed) if row.ways else ""
            return fix, facts, left or reason, left
        fix = left_to_do(fix, self._fact, module=row.module, expr=expr)
        fix = fixed(fix, facts) if row.module else fix
        if status is not Status.UNKNOWN:
            fix = out_of_reach(expr, needed, self._kernel, self._fact) or fix
        return fix, facts, reason, ""

    def _reason(self, status: Status, facts: Facts) -> str:
        if status is Status.PASS:
            return _reason(status, facts, self._kernel) if self._kernel.predicted else ""
        said = _reason(status, facts, self._kernel)
        odd = "" if status is Status.UNKNOWN else odd_one_out(facts, self._fact)
        return "; ".join(filter(None, (odd, said, *self._renamed(facts))))

    def _renamed(self, facts: Facts) -> list[str]:
        """Of symbols that the kernel has under another name by now: that name, and its value here."""
        found, later = [], later_names()
        for name in [f.name for f in facts if f.name in later and f.state is SymbolState.ABSENT]:
            new, since = later[name]
            value = self._fact(new).value
            if value not in (None, "n"):
                found.append(f"CONFIG_{name} is called CONFIG_{new} since Linux {since}, and that is {value}")
        return found

    def _left(self, row: Requirement, needed: int) -> str:
        """Of several ways to meet a requirement, the only one that this kernel leaves, and who notices."""
        bounds = [(way, *way.expr.bounds(self._fact)) for way in row.ways]
        works = [way for way, low, _ in bounds if low >= needed]
        if len(works) != 1 or any(low < needed <= high for _, low, high in bounds):
            return ""
        lost = "; ".join(way.without for way in row.ways if way is not works[0])
        return f"only {works[0].name} works here: {lost}"


@datatype
class WithFix:
    """Explains a finding of a variant that has a fix of its own."""

    explanation: Explanation
    fix: str

    def explain(self, finding: Finding) -> tuple[str, Facts, str, str]:
        """(fix, symbols, reason, left) of a finding, as it has them."""
        return self.explanation.with_fix(finding, self.fix)


def _reason(status: Status, facts: Facts, kernel: KernelConfig) -> str:
    if status is Status.UNKNOWN:
        unknown = [f for f in facts if f.value is None or f.state is SymbolState.UNLOADED]
        names = ", ".join(f"CONFIG_{f.name}" for f in unknown)
        if kernel.completeness is Completeness.PARTIAL and not (kernel.resolved and kernel.resolved.lines):
            what = kernel.cut or "this is a partial config, which does not say"
            return f"{names}: {what}; audit the built kernel's .config"
        return f"{names}: {unknown[0].note}" if unknown else "this input cannot tell"
    if not kernel.predicted or (status is Status.PASS and any(f.state in WITHOUT_MODULE for f in facts)):
        return ""
    notes = [f"CONFIG_{f.name}: {f.note}" for f in facts if f.state is SymbolState.PREDICTED and f.note]
    return "; ".join([*notes, *because(facts)])
