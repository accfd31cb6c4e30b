"""A user's own Helm values or cilium-config, held against a kernel: what breaks, line by line.

What is not set has the chart's default. A feature that the values switch on is judged by the same facts as the advice;
a need of another feature is met only where the values switch that one on, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from kina_audit.cilium.capabilities import capabilities as every_capability
from kina_audit.cilium.features import Basis, Effect
from kina_audit.cilium.keys import Given, Key, defaults, every_row, keys, of_release, on_when
from kina_audit.cilium.ladder import excluded
from kina_audit.cilium.model import Capability, State
from kina_audit.cilium.reading import Reader, Results
from kina_audit.cilium.release import Release
from kina_audit.kernel.config import KernelConfig

AGENT = "agent"
BREAKS = (State.FATAL, State.BROKEN)


@dataclass(frozen=True, slots=True)
class Remark:
    """What one line, or one default, comes to on this kernel.

    Attributes:
        line: where it stands; 0: nobody set it, it is the chart's default.
        key: the Helm path or ConfigMap key.
        value: its value.
        feature: the feature it is about, or an empty string.
        state: what happens.
        because: one sentence.
        says: what to search the agent's log for, or an empty string.
        unlock: assignments to the kernel's config that would mend it.
        evidence: how well it is known, or an empty string.
        link: where it is from, or an empty string.
    """

    line: int
    key: str
    value: str
    feature: str
    state: State
    because: str
    says: str = ""
    unlock: tuple[str, ...] = ()
    evidence: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """Every remark: the agent's own first, then in the order of the lines; defaults come last.

    Attributes:
        release: the Cilium release.
        kind: ``helm-values`` or ``configmap``.
        remarks: what was found.
        judged: how many of the user's values decide about features.
        others: how many do not, or are not known here.
    """

    release: str
    kind: str
    remarks: tuple[Remark, ...]
    judged: int
    others: int

    @property
    def breaks(self) -> bool:
        """Something breaks."""
        return any(r.state in BREAKS for r in self.remarks)

    @property
    def undecided(self) -> bool:
        """The input cannot tell whether something breaks."""
        return any(r.state is State.UNKNOWN for r in self.remarks)


def review(given: Sequence[Given], kind: str, results: Results, release: Release, kernel: KernelConfig) -> Review:
    """Hold values against a kernel.

    Args:
        given: the values, in the order of their lines.
        kind: ``helm-values`` or ``configmap``.
        results: every profile tagged ``cilium``, by id.
        release: the Cilium release.
        kernel: what is audited.
    """
    known = keys(release)
    values, places, used = _effective(given, kind, known)
    refused = excluded(release, kernel.target)
    states = {c.feature: c for c in every_capability(results, release, kernel, refused)}
    on = {name for name, wanted in on_when().items() if name in states and _matches(wanted, values)}
    reader = Reader(results, release, kernel, optimistic=False)
    remarks = [*_refused(given, kind, release), *_typos(given, kind, known, values)]
    for name in (n for n in states if n in on):
        line, key, value = _place(name, places, values)
        remarks += _judge(name, states[name], on, reader, line, key, value)
    remarks.sort(key=lambda r: (r.feature != AGENT, r.line == 0, r.line))
    return Review(str(release), kind, tuple(remarks), len(used), len(given) - len(used))


def _effective(
    given: Sequence[Given], kind: str, known: list[Key]
) -> tuple[dict[str, str], dict[str, Given], set[int]]:
    """(the value of each key, the line that set it, the positions in ``given`` that were used)."""
    last = {g.key: i for i, g in enumerate(given)}
    values: dict[str, str] = {}
    places: dict[str, Given] = {}
    used: set[int] = set()
    for key in known:
        values.setdefault(key.config, key.default)
        names = (
            [key.config] if kind == "configmap" else [f"extraConfig.{key.config}", *([] if key.when else [key.helm])]
        )
        for name in reversed(names):
            if name in last:
                used.add(last[name])
                row = given[last[name]]
                if row.value not in ("", "null"):
                    values[key.config], places[key.config] = row.value, row
        if key.when and kind != "configmap":
            texts = {p: given[last[p]].value if p in last else defaults()[p] for p in key.when}
            used |= {last[p] for p in key.when if p in last}
            if all(texts[p] == v for p, v in key.when.items()):
                values[key.config] = "true"
                places[key.config] = next(given[last[p]] for p in reversed(list(key.when)) if p in last)
    return values, places, used


def _matches(wanted: Mapping[str, str | list[str]], values: Mapping[str, str]) -> bool:
    for names, allowed in wanted.items():
        found = {values[n] for n in names.split("|") if n in values}
        if not found & set([allowed] if isinstance(allowed, str) else allowed):
            return False
    return True


def _place(name: str, places: dict[str, Given], values: dict[str, str]) -> tuple[int, str, str]:
    """(line, key, value) of what switches a feature on: the user's line where there is one, else the default."""
    names = [n for group in on_when()[name] for n in group.split("|")]
    for key in names:
        if key in places:
            return places[key].line, places[key].key, places[key].value
    key = next((n for n in names if n in values), "")
    return 0, key, values.get(key, "")


def _judge(
    name: str, capability: Capability, on: set[str], reader: Reader, line: int, key: str, value: str
) -> list[Remark]:
    feature = reader.features[name]
    # That the agent does not start is said once, not again for everything that needs it.
    only_agent = name != AGENT and all(u.need.feature == AGENT for u in reader.breaking(name))
    if capability.state not in (State.WORKS, State.UNAVAILABLE) and not (capability.state in BREAKS and only_agent):
        return [
            Remark(
                line, key, value, name, capability.state, capability.because, capability.says, capability.unlock,
                capability.evidence, capability.link,
            )
        ]  # fmt: skip
    found = []
    for need in feature.needs:
        if not need.feature or need.feature in on or need.feature not in on_when() or need.basis is Basis.UNVERIFIED:
            continue
        state = State.FATAL if need.effect is Effect.FATAL else State.BROKEN
        because = f"It needs {need.feature}, which these values leave off."
        found.append(Remark(line, key, value, name, state, because, need.says, (), str(need.basis), need.link))
        break
    for clash in feature.conflicts:
        if clash.other in on:
            state = State.FATAL if clash.effect is Effect.FATAL else State.BROKEN
            found.append(Remark(line, key, value, name, state, clash.why, "", (), str(clash.basis), clash.link))
    return found


def _refused(given: Sequence[Given], kind: str, release: Release) -> list[Remark]:
    column = "config" if kind == "configmap" else "helm"
    rows = [row for row in of_release("refused", release) if column in row]
    return [
        Remark(g.line, g.key, g.value, "", State.BROKEN, row["why"], "", (), row["evidence"], row["link"])
        for g in given
        for row in rows
        if g.key == row[column] and g.value not in ("", "null", "false") and g.value in row.get("values", [g.value])
    ]


def _typos(given: Sequence[Given], kind: str, known: list[Key], values: dict[str, str]) -> list[Remark]:
    """Values that a key does not take, and keys that are one slip from a known one."""
    column = "config" if kind == "configmap" else "helm"
    names = {k.config if kind == "configmap" else k.helm: k for k in known}
    rows = [row for row in every_row("refused") if column in row]
    refused = {(row[column], value) for row in rows for value in row.get("values", ())}
    elsewhere = {row[column] for row in rows} | {row[column] for row in every_row("key")}
    elsewhere |= {path for k in known for path in k.when} | values.keys()
    found = []
    for g in given:
        key = names.get(g.key)
        if key is not None and not key.when:
            if g.value not in (*key.values, "", "null") and (g.key, g.value) not in refused:
                because = f"It is one of {', '.join(key.values)}."
                found.append(Remark(g.line, g.key, g.value, "", State.BROKEN, because))
        elif g.key not in elsewhere and (near := get_close_matches(g.key, names, 1, 0.88)):
            found.append(Remark(g.line, g.key, g.value, "", State.UNKNOWN, f"Not known here; {near[0]} is."))
    return found
