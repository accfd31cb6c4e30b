"""A user's own Helm values or cilium-config, held against a kernel: what breaks, line by line.

What is not set has the chart's default. A feature that the values switch on is judged by the same facts as the advice;
a need of another feature is met only where the values switch that one on, too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import datatype, replace
from kina_audit.base.near import near
from kina_audit.cilium import chart_review
from kina_audit.cilium.capabilities import capabilities as every_capability
from kina_audit.cilium.chart import MAPPING, Chart, chart_of, parts
from kina_audit.cilium.combinations import Caution, clashes, lone, unshown
from kina_audit.cilium.evidence import Basis, where
from kina_audit.cilium.features import Conflict, Effect, Need
from kina_audit.cilium.keys import (
    CONFIGMAP,
    Given,
    Key,
    charted,
    defaults,
    derive,
    every_row,
    keys,
    matches,
    of_release,
    on_when,
    switches_on,
)
from kina_audit.cilium.ladder import doubted, excluded
from kina_audit.cilium.model import Capability, State, WithAgent
from kina_audit.cilium.predict import Prediction, device_of, predict
from kina_audit.cilium.reading import Reader, Readings, Results, Unmet, worst
from kina_audit.cilium.release import Release
from kina_audit.errors import NothingCheckedError
from kina_audit.kernel.config import KernelConfig

AGENT = "agent"
_GUESSES = 1_000
"""How many keys of a file that nobody knows are held against the known ones."""
TCX = "tcx"
BREAKS = (State.FATAL, State.NO_PODS, State.BROKEN)


@datatype
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
        with_agent: how it would stand if the agent ran, where the agent is what breaks it or breaks beside it.
        gives_way: at worst the agent does without it.
    """

    line: int
    key: str
    value: str
    feature: str
    state: State
    because: str
    says: str = ""
    unlock: Sequence[str] = ()
    evidence: str = ""
    link: str = ""
    with_agent: WithAgent | None = None
    gives_way: bool = False


@datatype
class Review:
    """Every remark: the agent's own first, then in the order of the lines; defaults come last.

    Attributes:
        release: the Cilium release.
        kind: ``helm-values`` or ``configmap``.
        remarks: what was found.
        judged: how many of the user's values decide about features.
        others: how many do not, or are not known here.
        within: what the values stand under in those of a chart around Cilium's, or an empty string.
        prediction: what the agent does with them, and reports of itself.
        cautions: what else the values need that they do not say, and no kernel decides.
    """

    release: str
    kind: str
    remarks: tuple[Remark, ...]
    judged: int
    others: int
    within: str
    prediction: Prediction
    cautions: tuple[Caution, ...] = ()

    @property
    def breaks(self) -> bool:
        """Something breaks."""
        return any(r.state in BREAKS for r in self.remarks)

    @property
    def undecided(self) -> bool:
        """The input cannot tell whether something breaks."""
        return any(r.state is State.UNKNOWN and not r.gives_way for r in self.remarks)


def review(given: Sequence[Given], kind: str, results: Results, release: Release, kernel: KernelConfig) -> Review:
    """Hold values against the chart of a release, and against a kernel.

    Args:
        given: the values, in the order of their lines.
        kind: ``helm-values`` or ``configmap``.
        results: every profile tagged ``cilium``, by id.
        release: the Cilium release.
        kernel: what is audited.

    Raises:
        NothingCheckedError: none of the values is one of Cilium's.
    """
    known, chart = keys(release), chart_of(release)
    within = "" if kind == CONFIGMAP else chart_review.umbrella(given, chart)
    if within:
        start = f"{within}."
        given = [replace(g, key=g.key.removeprefix(start)) for g in given if g.key.startswith(start)]
    misfits = _typos(given, known) if kind == CONFIGMAP else chart_review.misfits(given, known, release, chart)
    leaves = [g for g in given if g.type != MAPPING]
    values, places, used = effective(leaves, kind, known)
    readings = Readings(results, kernel)
    values = derive(values, release)
    # Where the choice comes to netkit it is judged as netkit.
    if device := device_of(values, readings.reader(release, values=values)):
        values["datapath-mode"] = device
    refused, doubt = excluded(release, kernel.target), doubted(release, kernel.target)
    on = {name for name in on_when() if switches_on(name, values)}
    # Without it the agent needs the tc symbols; netkit devices bring it.
    off = frozenset({TCX} - on) if "netkit" not in on else frozenset()
    states = {c.feature: c for c in every_capability(readings, release, refused, doubt, off, values)}
    reader = readings.reader(release, off=off, values=values)
    remarks, fails = _refused(leaves, kind, release, on)
    if leaves and not used and not remarks and not _reads_any(leaves, kind, chart) and all(m.stray for m in misfits):
        raise NothingCheckedError(
            f"nothing was checked: none of the {len(leaves)} values is one of Cilium {release}'s",
            "Give the values of Cilium's chart, or of a chart around it with Cilium's under its name.",
        )
    told = {(r.line, r.key) for r in remarks}
    remarks += [_remark(m) for m in misfits if (m.given.line, m.given.key) not in told]
    # BPF TPROXY redirects in place of the iptables rules that the L7 proxy needs.
    judged = on - {"l7-proxy"} if "bpf-tproxy" in on else on
    blamed = {name: _place(name, places, values, release) for name in states if name in judged}
    for name in blamed:
        remarks += _judge(name, states[name], on, reader, refused, doubt, blamed)
    found_clashes = list(clashes(values, release, kernel.target))
    refuses = any(c.helm_fails for c in found_clashes) or any(m.refused for m in misfits) or fails
    for clash in found_clashes:
        row = max((places[k] for k in clash.keys if k in places), key=lambda g: g.line, default=None)
        line, key, value = (row.line, row.key, row.value) if row else (0, clash.keys[0], values[clash.keys[0]])
        remarks.append(Remark(line, key, value, "", clash.state, clash.because, "", (), clash.evidence, clash.link))
    cautions = () if kind == CONFIGMAP else lone(leaves, release, values, places)
    cautions += unshown(reader, blamed)
    remarks = list({(r.line, r.key, r.because): r for r in reversed(remarks)}.values())[::-1]
    remarks.sort(key=lambda r: (r.feature != AGENT, r.line == 0, r.line))
    doubts = [r for r in remarks if r.state is not State.UNKNOWN or not r.gives_way]
    told_of = [(r.state, r.says) for r in doubts if r.feature or r.state is State.FATAL]
    # A word that no release takes: some end the agent, some it passes over; nobody has held each against an agent.
    told_of += [(State.UNKNOWN, "") for m in misfits if m.word]
    unsure = {
        k.config for k in known if k.config in places and any(m.word and m.given is places[k.config] for m in misfits)
    }
    prediction = predict(values, told_of, reader, unsure=unsure, refused=kind != CONFIGMAP and refuses)
    if TCX in judged and states[TCX].state is State.UNKNOWN:
        prediction = replace(prediction, attach="")
    if within:
        remarks = [replace(r, key=f"{within}.{r.key}") if r.line else r for r in remarks]
        cautions = tuple(replace(c, key=f"{within}.{c.key}") for c in cautions)
    return Review(str(release), kind, tuple(remarks), len(used), len(leaves) - len(used), within, prediction, cautions)


def _reads_any(leaves: Sequence[Given], kind: str, chart: Chart) -> bool:
    return kind != CONFIGMAP and any(chart.knows(parts(g.key)) for g in leaves)


def _remark(misfit: chart_review.Misfit) -> Remark:
    state = State.BROKEN if misfit.sure else State.UNKNOWN
    row = misfit.given
    value = "{...}" if row.type == MAPPING else row.value
    return Remark(row.line, row.key, value, "", state, misfit.because, "", (), misfit.evidence, misfit.link)


def effective(given: Sequence[Given], kind: str, known: list[Key]) -> tuple[dict[str, str], dict[str, Given], set[int]]:
    """By a release's keys: (the value of each, the line that set it, the positions in ``given`` that were used)."""
    last = {g.key: i for i, g in enumerate(given)}
    values: dict[str, str] = {}
    places: dict[str, Given] = {}
    used: set[int] = set()
    for key in known:
        values.setdefault(key.config, key.unset if kind == CONFIGMAP else key.default)
        names = [key.config] if kind == CONFIGMAP else [f"extraConfig.{key.config}", *([] if key.when else [key.helm])]
        for name in reversed(names):
            if name in last:
                used.add(last[name])
                row = given[last[name]]
                if row.value not in ("", "null"):
                    values[key.config], places[key.config] = row.value, row
        if key.when and kind != CONFIGMAP:
            texts = {p: given[last[p]].value if p in last else defaults()[p] for p in key.when}
            used |= {last[p] for p in key.when if p in last}
            if matches(key.when, texts) and not (key.weak and key.config in places):
                values[key.config] = key.then
                places[key.config] = next(given[last[p]] for p in reversed(list(key.when)) if p in last)
    return values, places, used


def _place(name: str, places: dict[str, Given], values: dict[str, str], release: Release) -> tuple[int, str, str]:
    """(line, key, value) of what switches a feature on: the user's line where there is one, else the default.

    Of several lines it is the one that says what the chart would not, and of those the one that the fewest features ask for.
    """
    tables = on_when()
    groups = next(wanted for wanted in tables[name] if matches(wanted, values))
    names = [n for group in groups for n in group.split("|")]
    shared = Counter(
        n for rows in tables.values() for n in {n for row in rows for group in row for n in group.split("|")}
    )
    default = charted(release)
    names = [
        n for n in names if n in values and matches({n: groups[next(g for g in groups if n in g.split("|"))]}, values)
    ]
    names = [n for n in names if n in places] or names
    key = min(names, key=lambda n: (values[n] == default.get(n), shared[n]), default="")
    row = places.get(key)
    return (row.line, row.key, row.value) if row is not None else (0, key, values.get(key, ""))


def _judge(
    name: str, capability: Capability, on: set[str], reader: Reader, refused: str, doubt: str,
    blamed: Mapping[str, tuple[int, str, str]],
) -> list[Remark]:  # fmt: skip
    feature = reader.features[name]
    line, key, value = blamed[name]
    # That the agent does not start is said once, not again for everything that needs it; and so is what breaks a feature
    # that these values switch on, too.
    only_agent = name != AGENT and all(_told_elsewhere(u, name, reader, blamed) for u in reader.breaking(name))
    state = capability.state
    if state is State.UNVERIFIED and (reader.breaking(name) or (doubt and name == AGENT)):
        state = State.UNKNOWN  # it would be fatal, and nobody knows
    if state in BREAKS and feature.gives_way:
        if not line or only_agent or capability.because == refused:
            return []
        state = State.DEGRADED
    if state is State.UNKNOWN and feature.gives_way and not line:
        return []  # neither is said of what nobody asked for: that it is there, and that it is not
    found = []
    if state not in (State.WORKS, State.UNAVAILABLE) and not (state in BREAKS and only_agent):
        found.append(
            Remark(
                line, key, value, name, state, capability.because, capability.says, capability.unlock,
                capability.evidence, capability.link, capability.with_agent if state in BREAKS else None,
                feature.gives_way,
            )
        )  # fmt: skip
    if state in BREAKS and found:
        return found
    clashing: list[Conflict | Need] = [c for c in reader.conflicts(name) if c.other in on]
    wanting: list[Conflict | Need] = [
        n
        for n in feature.needs
        if n.feature
        and n.feature not in on
        and n.feature in on_when()
        and n.basis is not Basis.UNVERIFIED
        and n.effect is not Effect.NONE
        and matches(n.when, reader.values)
    ]
    for item in (clashing or wanting[:1]) if not feature.gives_way else []:
        if isinstance(item, Need):
            because = item.why or f"It needs {item.feature}, which these values leave off."
        else:
            because = f"{item.why} {item.mend}".strip()
        found.append(Remark(line, key, value, name, _state(item), because, "", (), str(item.basis), item.link))
    return found


def _told_elsewhere(unmet: Unmet, name: str, reader: Reader, blamed: Mapping[str, tuple[int, str, str]]) -> bool:
    """Whether a need is unmet for what is said of another feature, which breaks no less: the one that is needed, or whose need it is.

    What is said of a default does not do for a line that somebody wrote.
    """
    other = unmet.need.feature or unmet.need.requirement.partition("/")[0].removeprefix("cilium-")
    if other == AGENT and unmet.need.feature:
        return True
    if other == name or other not in blamed or (blamed[name][0] and not blamed[other][0]):
        return False
    found = worst(reader.breaking(other))
    return found is not None and list(Effect).index(found.need.effect) <= list(Effect).index(unmet.need.effect)


def _state(item: Conflict | Need) -> State:
    if item.basis is Basis.UNVERIFIED:
        return State.UNVERIFIED
    return {Effect.FATAL: State.FATAL, Effect.NO_PODS: State.NO_PODS}.get(item.effect, State.BROKEN)


def _refused(given: Sequence[Given], kind: str, release: Release, on: set[str]) -> tuple[list[Remark], bool]:
    """(what is said of values that are refused, whether Helm installs nothing because of one)."""
    column = "config" if kind == CONFIGMAP else "helm"
    found = [
        (g, row)
        for g in given
        for row in of_release("refused", release)
        if g.key == row.get(column) and g.value not in ("", "null", "false") and g.value in row.get("values", [g.value])
    ]
    remarks = [
        Remark(
            g.line, g.key, g.value, "",
            State.SILENT if row.get("instead") in on else State(row.get("state", State.BROKEN)), row["why"], "", (),
            row["evidence"], where(row),
        )
        for g, row in found
    ]  # fmt: skip
    return remarks, any(row.get("helm_fails") for _, row in found)


def _typos(given: Sequence[Given], known: list[Key]) -> list[chart_review.Misfit]:
    """Values that a cilium-config key does not take, and keys that are one slip from a known one."""
    names = {k.config: k for k in reversed(known)}  # the first row is the key's own
    rows = [row for row in every_row("refused") if "config" in row]
    elsewhere = {row["config"] for row in (*rows, *every_row("key"))}
    guesses = iter(range(1, _GUESSES))
    found = []
    for g in given:
        key = names.get(g.key)
        if key is not None:
            misfit = chart_review.of_words(g, {g.key: key}, {})
        elif g.key not in elsewhere and next(guesses, None) and (meant := near(g.key, names, cutoff=0.88)):
            misfit = chart_review.Misfit(g, f"Unknown key{meant}", sure=False)
        else:
            misfit = None
        found += [misfit] if misfit else []
    return found
