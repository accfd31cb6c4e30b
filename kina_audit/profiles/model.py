"""A feature profile and its requirements, as values."""

from enum import StrEnum
from itertools import chain

from kina_audit.base.datatype import datatype, field
from kina_audit.base.digest import sha256_hex
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.tristate import Node
from kina_audit.kernel.version import KernelVersion, Triple, VersionRange
from kina_audit.profiles.shown import Shown

ONE_OF = "one-of"
"""The id of the requirement that stands for a profile's alternatives."""


class Level(StrEnum):
    """How much an unmet requirement matters to the feature.

    required: its core function fails. recommended: a default function or protection is lost. optional: an extra.
    """

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


@datatype
class Variant:
    """The same requirement on other kernels: what differs where ``kernel`` (and ``arch``) match.

    Attributes:
        expr: the condition there.
        kernel: the versions it holds on; None: every version.
        arch: the architectures it holds on; empty: every one.
        fix: replaces the requirement's own fix when not empty.
    """

    expr: Expression
    kernel: VersionRange | None = None
    arch: tuple[str, ...] = ()
    fix: str = ""


@datatype
class Message:
    """What is logged where a requirement is unmet.

    Attributes:
        text: the message, with ``*`` for what differs from case to case.
        source: where it is known from: a report, or the line of a program that prints it.
    """

    text: str
    source: str


@datatype
class Way:
    """One of several ways to meet a requirement, such as a back-end that a component may use.

    Attributes:
        name: what it is called.
        expr: what it takes.
        without: a clause on who notices that it is missing while another way works.
    """

    name: str
    expr: Expression
    without: str


@datatype
class Requirement:
    """One thing a feature asks of a kernel.

    Attributes:
        id: unique within its profile.
        expr: the condition, a Kconfig expression.
        level: how much it matters.
        why: one sentence on what goes wrong without it.
        fix: one sentence on what to do.
        source: where the fact comes from: a file in the kernel tree, a document or an issue.
        module: whether m satisfies it; False asks for built-in.
        kernel: the versions it applies to; elsewhere it is skipped unless a variant matches.
        arch: the architectures it applies to; empty: every one.
        variants: the same requirement on other kernels; the first that matches wins.
        profile: id of the profile whose file holds it.
        evidence: lines of the kernel's source, or of a program's, that show what is missing without it, where no probe can.
        says: what is logged where it is unmet.
        ways: the ways to meet it, of which ``expr`` asks for any one; empty: there is only the one.
        alternatives: profiles of which one must have its required requirements met; ``expr`` then only names them.
        live: what the kernel must show while it runs, in place of a condition on symbols; None: nothing.
        probes: names of probes that prove it on a running kernel: it is met exactly where all of one group work.
        older_need_none: kernels older than `kernel` need nothing here; without it they lack what is asked.
        gated: whether the kernel's version decides what is asked.
        by_arch: whether the architecture decides what is asked.
        symbols: every symbol of the condition, of its variants and of its alternatives.
        plain: whether it is the same condition on every kernel, as most are.
    """

    id: str
    expr: Expression
    level: Level
    why: str
    fix: str
    source: str
    module: bool = True
    kernel: VersionRange | None = None
    arch: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    profile: str = ""
    evidence: tuple[str, ...] = ()
    says: tuple[Message, ...] = ()
    ways: tuple[Way, ...] = ()
    alternatives: tuple["Profile", ...] = ()
    probes: tuple[tuple[str, ...], ...] = ()
    live: Shown | None = None
    older_need_none: bool = False

    # Asked of every requirement on every kernel, and the same on all of them.
    gated: bool = field(init=False, repr=False, compare=False)
    by_arch: bool = field(init=False, repr=False, compare=False)
    symbols: tuple[str, ...] = field(init=False, repr=False, compare=False)
    plain: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what the other fields say."""
        gated, by_arch, symbols = self.kernel is not None, bool(self.arch), self.expr.symbols
        if self.variants or self.alternatives:
            rows = self._rows()
            # Variants that ask the same and differ in what to do about it leave the answer to the config alone.
            asked_otherwise = [v for v in self.variants if v.expr.text != self.expr.text]
            gated |= any(r.gated for r in rows) or any(v.kernel is not None for v in asked_otherwise)
            by_arch |= any(r.by_arch for r in rows) or any(v.arch for v in self.variants)
            others = (*(v.expr.symbols for v in self.variants), *(r.symbols for r in rows))
            symbols = tuple(dict.fromkeys((*symbols, *chain(*others))))
        put = object.__setattr__
        put(self, "gated", gated)
        put(self, "by_arch", by_arch)
        put(self, "symbols", symbols)
        put(self, "plain", not (gated or by_arch or self.variants or self.alternatives or self.live))

    def condition(self, version: KernelVersion | None, arch: str | None) -> tuple[Expression, str] | None:
        """(expression, fix) that applies on this kernel, or None when the requirement is skipped there.

        ``version`` may be None only for a requirement that is not `gated`, ``arch`` only for one that is not `by_arch`.
        """
        if self.alternatives:
            return self._one_of(version, arch), self.fix
        if not (self.gated or self.by_arch or self.variants):
            return self.expr, self.fix
        for variant in self.variants:
            if _matches(variant.kernel, variant.arch, version, arch):
                return variant.expr, variant.fix or self.fix
        if _matches(self.kernel, self.arch, version, arch):
            return self.expr, self.fix
        return None

    def since(self, arch: str | None) -> Triple | None:
        """The oldest version that has what is asked, where those before it lack it and are not asked; None: there is none."""
        # A condition that is never met forbids kernels, and older ones are not forbidden.
        if self.older_need_none or not self.gated or self.alternatives or not self.symbols:
            return None
        every = ((self.kernel, self.arch), *((v.kernel, v.arch) for v in self.variants))
        lowest = [kernel.lowest if kernel else None for kernel, arches in every if not arches or arch in arches]
        bounds = [bound for bound in lowest if bound is not None]
        return min(bounds) if bounds and len(bounds) == len(lowest) else None

    def kernels(
        self, version: KernelVersion | None, arch: str | None
    ) -> tuple[tuple[KernelVersion | None, str | None], ...]:
        """Kernels that stand for all on which something else may be asked, when version or architecture are not known.

        Oldest first; one for each side of every bound, and each architecture that is named with one that is not.
        """
        versions: list[KernelVersion | None] = [version]
        if version is None and self.gated:
            bounds = sorted({bound for gate in self._gates() for _, bound in gate.clauses})
            around = {near for bound in bounds for near in (_before(bound), bound, (*bound[:2], bound[2] + 1))}
            versions = [KernelVersion(*triple) for triple in sorted(around)]
        arches: list[str | None] = [arch]
        if arch is None and self.by_arch:
            arches = [*dict.fromkeys(self._arches()), _OTHER_ARCH]
        return tuple((v, a) for v in versions for a in arches)

    def asked(self, known: dict[int, str]) -> str:
        """What it asks in one line, without its prose; see `Profile.digest_with`."""
        variants = [p.digest_with(known) for p in self.alternatives]
        variants += [f"{v.kernel} {','.join(v.arch)} {v.expr.text}" for v in self.variants]
        told = [self.profile, self.id, self.level, self.expr.text, str(self.module), str(self.kernel)]
        told += ["older need none"] * self.older_need_none
        return "\t".join([*told, *self.arch, *variants])

    def _rows(self) -> list["Requirement"]:
        return [row for p in self.alternatives for row in p.required]

    def _gates(self) -> list[VersionRange]:
        own = [r for r in (self.kernel, *(v.kernel for v in self.variants)) if r is not None]
        return own + [gate for row in self._rows() for gate in row._gates()]

    def _arches(self) -> list[str]:
        own = [a for arches in (self.arch, *(v.arch for v in self.variants)) for a in arches]
        return own + [arch for row in self._rows() for arch in row._arches()]

    def _one_of(self, version: KernelVersion | None, arch: str | None) -> Expression:
        """The condition that one alternative's required requirements hold, under the text that names them."""
        either: Node | None = None
        for profile in self.alternatives:
            every: Node = ("const", "y")
            for row in profile.required:
                applies = row.condition(version, arch)
                if applies is not None:
                    every = ("&&", every, applies[0].node)
            either = every if either is None else ("||", either, every)
        return Expression(self.expr.text, either or ("const", "n"), self.symbols)


_OTHER_ARCH = "another"


def _before(bound: tuple[int, int, int]) -> tuple[int, int, int]:
    """The last version before a bound, as far as comparisons go."""
    major, minor, patch = bound
    if patch:
        return major, minor, patch - 1
    return (major, minor - 1, 9999) if minor else (major - 1, 9999, 9999)


def _matches(
    kernel: VersionRange | None, arches: tuple[str, ...], version: KernelVersion | None, arch: str | None
) -> bool:
    if kernel is not None and (version is None or version not in kernel):
        return False
    return not arches or arch is None or arch in arches


class Rows:
    """Some requirements of a profile, and by which numbers what is known of the very same objects is kept."""

    __slots__ = ("keys", "rows")

    def __init__(self, rows: tuple[Requirement, ...]) -> None:
        self.rows, self.keys = rows, tuple(map(id, rows))


class _WorkedOut:
    """Holds what a profile's fields come to, and is no part of what it is: a copy has other objects for requirements."""

    __slots__ = ("_rows", "_symbols")
    _rows: dict[Level | None, Rows]
    _symbols: frozenset[str]


_put_rows, _put_symbols = (getattr(_WorkedOut, name).__set__ for name in ("_rows", "_symbols"))


@datatype
class Profile(_WorkedOut):
    """What one feature asks of a kernel.

    Attributes:
        id: the name used on the command line.
        title: a few words for tables.
        description: a sentence or two.
        references: addresses a reader can follow.
        tags: families the profile belongs to; ``default`` puts it into a plain ``check``, and ``by-choice`` lets it fail nothing there.
        includes: ids of profiles whose requirements this one takes over.
        requirements: its own requirements and, once loaded, those of ``includes`` behind them.
        any_of: ids of profiles of which one must hold; once loaded, a requirement ``one-of`` stands for them.
        path: the file it was read from.
        asked: whether somebody asked for it; False: it came with the default set, for those who choose it, and lacking what
            it requires fails nothing.
    """

    id: str
    title: str
    description: str
    requirements: tuple[Requirement, ...]
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    path: str = ""
    asked: bool = True

    @property
    def required(self) -> tuple[Requirement, ...]:
        """The requirements without which the feature does not work."""
        return self.at(Level.REQUIRED).rows

    def at(self, level: Level | None) -> "Rows":
        """The requirements of one level, or None: of all, in the profile's order."""
        try:
            return self._rows[level]
        except AttributeError:
            _put_rows(self, {})
        except KeyError:
            pass
        rows = self.requirements if level is None else tuple([r for r in self.requirements if r.level is level])
        self._rows[level] = found = Rows(rows)
        return found

    @property
    def symbols(self) -> frozenset[str]:
        """Every symbol that some requirement of it asks for on some kernel."""
        try:
            return self._symbols
        except AttributeError:
            _put_symbols(self, frozenset(chain.from_iterable(r.symbols for r in self.requirements)))
            return self._symbols

    @property
    def digest(self) -> str:
        """A digest of what it asks: its requirements' conditions, levels and gates, not their prose."""
        return self.digest_with({})

    def digest_with(self, known: dict[int, str]) -> str:
        """`digest`, for who asks it of many profiles that share requirements, and keeps what is known of those by object."""
        for row in self.requirements:
            if id(row) not in known:
                known[id(row)] = row.asked(known)
        lines = sorted([known[id(row)] for row in self.requirements])
        return sha256_hex("\n".join(lines).encode())[:16]
