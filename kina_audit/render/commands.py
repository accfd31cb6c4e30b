"""What to do next, as commands that can be pasted; options of the run that matter to them are kept."""

from collections.abc import Sequence
from shlex import quote, split

from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.cilium.model import Advice, Mode, Unlock
from kina_audit.cilium.unlock_on_lines import has_line, told_arch
from kina_audit.kernel.config import TOOLS_DECIDE, TOOLS_SUCH_AS, Completeness, KernelConfig
from kina_audit.kernel.shape import CUT, says_cut
from kina_audit.render import one_line
from kina_audit.render.lacking import Lacking, lacking
from kina_audit.report.by_tools import by_tools
from kina_audit.report.compare import Comparison, mode_rank
from kina_audit.report.model import FailOn, Report, Verdict

FRAGMENT = "cilium.fragment"
FEATURES = "features.fragment"
_MOST = 8
VALUES = "cilium-values.yaml"
CHART = "https://helm.cilium.io"
CONFIG_MAP = "cilium-config.yaml"
RESTART = "kubectl -n kube-system rollout restart daemonset/cilium deployment/cilium-operator"
VERIFY = "cilium status --wait && cilium connectivity test"
_PLACEHOLDER = "REPLACE"
"""What stands in the values where nobody but the user knows: the API server's address, without kube-proxy."""
_NAMES_THE_SERVER = (Mode.FULL_EBPF, Mode.EBPF_VETH, Mode.HYBRID)
_BUILD_AND_FILL = f"build and boot it; fill in what says {_PLACEHOLDER} in the values, go on at helm"
_BUILD = "build the kernel with it, boot it, and then"
GUARD = f"{_PLACEHOLDER}-WITH"
"""What keeps Helm from a file of values: what is to be filled in begins with it, and a file of none says it, too."""
_CONFIG, _FRAGMENT, _TREE = f"{GUARD}-CONFIG", f"{GUARD}-FRAGMENT", f"{GUARD}-KERNEL-SOURCE"
_VERSION, _ARCH = f"{GUARD}-VERSION", f"{GUARD}-ARCH"
"""What only the user knows; kina-audit runs no command in which one of them is left."""
NOTE = ": "
"""What begins a line that is to be read: the shell's command that does nothing, for an interactive zsh knows no comments."""
_STDIN = "-"
_FIX = (
    "--cilium",
    "--profile-dir",
    "--kernel-tree",
    "-F",
    "--target-kernel",
    "--toolchain",
    "--arch",
    "--offline",
    "--refresh",
)
_READ = ("--cilium", *_FIX[3:], "--built", "--no-fallback", "--allow-http", "--max-decompressed", "--timeout")
_ADVISE = (*_READ, "--want", "--avoid", "--min-mode", "--for")
_CHECK = ("--profile", "--profile-dir", "--kernel-tree", *_READ)
_READ_FROM_STDIN = ("-F", _STDIN)
_GATE = ("--waivers", "--today", "--strict")
_REPEATABLE = ("--waivers", "-F", "--want", "--avoid", "--profile", "--profile-dir")


def note(text: str) -> str:
    """A line between commands that is to be read: pasted with them, it does nothing in any shell."""
    return NOTE + "'" + one_line(text).replace("'", "\u2019") + "'"


def noted(line: str) -> str:
    """What a line of `note` says; empty for a command."""
    return split(line)[1] if line.startswith(NOTE) else ""


def next_commands(report: Report, *, restart: bool = False, written: str = "") -> tuple[str, ...]:
    """The commands, in their order, with notes between them; of Cilium none where there was no question about it.

    Args:
        report: the report.
        restart: restart the agents of a Cilium that is there already.
        written: the file that this run writes the values to; empty: none.
    """
    advice, config = report.advice, report.kernel.config
    if _cut_off(report):
        return (note(f"{CUT}: get the whole of it, and check that"),)
    lines: list[str] = []
    open_mode = advice is not None and advice.mode is Mode.UNKNOWN
    if (config.target is None and (advice or report.deciding)) or (
        config.arch is None and (open_mode or report.deciding)
    ):
        lines += _untold(report, config)
    fragment = _of_a_fragment(report, config, first=not lines) if report.deciding else []
    lines += fragment
    lines += _by_tools(report)
    if advice is None or not advice.asked:
        return (*lines, *_features(report, lacking(report, None), again=True))
    lost = report.baseline is not None and report.baseline.mode_lost
    runs = advice.mode not in (Mode.UNSUPPORTED, Mode.UNKNOWN) and advice.good_enough and not lost
    rung = _rung(advice, report.baseline, runs=runs)
    lacks = lacking(report, rung)
    mends = _mends(report, rung, lacks) if report.baseline is not None else []
    lines += mends
    if runs and not mends:
        lines += _install(report, advice, restart=restart, written=written)
    release = next((e.release for e in advice.elsewhere if not e.kernel), "")
    if release:
        held = [words[1] for words in report.options if words[0] == "--baseline" and len(words) > 1]
        lines += [note(f"without {name}, which is of Cilium {advice.release}") for name in held]
        lines.append(_command(report, "check", (*_CHECK, *_GATE), more=("--cilium", release)))
    if mends:
        return tuple(lines)
    if rung:
        said = f"for {rung.mode}{' and what fails' if lacks.names else ''}, the symbols to build the kernel with"
        lines += [note(f"{said}{lacks.partly}")] if runs else []
        lines.append(_fix(report, rung, lacks))
        if not runs:
            # A fragment is looked at in its config first; the file of values says how to apply them.
            filled = rung.mode not in _NAMES_THE_SERVER
            then = _BUILD if filled or fragment else _BUILD_AND_FILL
            lines.append(note(f"{lacks.partly[2:]}; {then}" if lacks.more else then))
            values = _advise(report, ("-F", FRAGMENT, "--toolchain", _tools(report)))
            lines += [values] if fragment else apply_commands(advice, filled=filled, after=values)
        return tuple(lines)
    if not lines and advice.alternatives:
        others = ("--cilium", "none", "-p", "cni/ptp", "-p", "cni/kindnet")
        lines.append(_command(report, "check", _READ[1:], more=others))
    return (*lines, *_features(report, lacks))


def _cut_off(report: Report) -> bool:
    """Whether a part of the config is lost and the rest does not answer: no symbol is to be set for that."""
    return says_cut(report.kernel.config) and report.verdict is Verdict.UNKNOWN


def merged_fragments(report: Report) -> list[str]:
    """What was merged into the config, as people call it."""
    return ["the fragment" if w[1] == _STDIN else w[1] for w in report.options if w[0] == "-F" and len(w) > 1]


def _install(report: Report, advice: Advice, *, restart: bool, written: str) -> list[str]:
    """What writes the values and installs them: with fragments, on a kernel that is built with them first."""
    merged = merged_fragments(report)
    refused = [wish.feature for wish in advice.wishes if not wish.granted]
    better = next((i for i in advice.instead if i.mode is not advice.mode and i.options and not _tree(report)), None)
    lines = [note(f"build the kernel with {', '.join(merged)}, boot it, and then")] if merged else []
    lines += [note(f"without {', '.join(refused)}, which this kernel or another wish rules out")] if refused else []
    lines += [note(f"for {better.reaches}, with {', '.join(better.values)}")] if better else []
    placed = _PLACEHOLDER in str(advice.helm_values)
    written = "" if better else written
    if placed:
        how = "then" if written else "go on at helm"
        lines.append(note(f"fill in what says {_PLACEHOLDER} in {written or VALUES}, {how}"))
    values = "" if written else _advise(report, better.options if better else (), refused)
    return [*lines, *apply_commands(advice, restart=restart, values=written or VALUES, filled=not placed, after=values)]


def _rung(advice: Advice, compared: Comparison | None, *, runs: bool) -> Unlock | None:
    """The mode that the kernel is to be built for: the best one, and after a baseline no other than what was lost."""
    if compared is not None and compared.mode is not None:
        before = mode_rank(compared.mode.before)
        return next((r for r in advice.ladder if compared.mode_lost and mode_rank(r.mode) <= before), None)
    return None if not advice.ladder or (runs and _reached(advice)) else advice.ladder[-1]


def _mends(report: Report, rung: Unlock | None, lacks: Lacking) -> list[str]:
    """What brings back what a baseline had, and the audit that shows it: before that there is nothing to install."""
    if rung is None:
        return _features(report, lacks, again=True)
    return [_fix(report, rung, lacks), *([note(lacks.partly[2:])] if lacks.more else []), _check_with(report, FRAGMENT)]


def _fix(report: Report, rung: Unlock, lacks: Lacking) -> str:
    return _command(report, "fix", _FIX, more=("--mode", str(rung.mode), *lacks.options, "-o", FRAGMENT))


def _check_with(report: Report, fragment: str, tree: Sequence[str] = ()) -> str:
    return _again(report, (*tree, "-F", fragment, "--toolchain", _tools(report)))


def _reached(advice: Advice) -> bool:
    """Whether another release reaches here, without a rebuild, the best mode that a rebuild would."""
    return any(e.mode is advice.ladder[-1].mode and not (e.kernel or e.untested) for e in advice.elsewhere)


def _features(report: Report, lacks: Lacking, *, again: bool = False) -> list[str]:
    """The command that finds what the failing features take; where no model that ships tells, with the kernel's tree.

    With ``again`` also the audit with that, which is all there is left to do.
    """
    if not lacks.names:
        return []
    tree = [] if has_line(report.kernel.config) or _tree(report) else ["--kernel-tree", _TREE]
    where = f", by the kernel's source: fill in {_TREE}" if tree else ""
    return [
        note(f"for {', '.join(lacks.names)}{where}{lacks.partly}"),
        _command(report, "fix", _FIX[1:], more=(*lacks.options, *tree, "-o", FEATURES)),
        *([_check_with(report, FEATURES, tree)] if again else []),
    ]


def _tree(report: Report) -> bool:
    """Whether the kernel's own tree was given."""
    return any(group[0] == "--kernel-tree" for group in report.options)


def _tools(report: Report) -> str:
    """The toolchain that a config with a fragment of `fix` is looked at with: what `fix` assumes is a part of it."""
    given = next((g[1] for g in report.options if g[0] == "--toolchain"), "")
    if not given:
        return TOOLS_SUCH_AS
    return given if "pahole=" in given or given.startswith("cc:") else f"{given},{TOOLS_SUCH_AS.partition(',')[2]}"


def _advise(report: Report, more: tuple[str, ...] = (), refused: Sequence[str] = ()) -> str:
    """The command that writes the Helm values, without what was refused; `check` where there is a tree, which `cilium` does not take."""
    last = (*more, "-o", f"helm-values={VALUES}")
    if _tree(report):
        return _command(report, "check", (*_READ, "--kernel-tree"), more=("-p", PROFILE, *last))
    return _command(report, "cilium", _ADVISE, more=last, without=[("--want", name) for name in refused])


def apply_commands(
    advice: Advice, *, restart: bool = False, values: str = VALUES, filled: bool = True, after: str = ""
) -> list[str]:
    """What installs Cilium with the values, or upgrades to them, and looks whether it works.

    With ``restart`` also what restarts the agents, for Cilium that is there already: Helm leaves those running whose
    ConfigMap alone has changed (the chart's ``rollOutCiliumPods`` is off by default).

    Args:
        advice: whose release is installed.
        restart: restart the agents.
        values: the file with the values.
        filled: nothing is left in it for people to fill in; else Helm is not run before they have.
        after: the command that writes it, without whose success Helm is not run.
    """
    first = f"{after} && " if after else ""
    first += "" if filled else f"! grep -n {GUARD} {quote(values)} && "
    helm = f"helm upgrade --install cilium cilium --repo {CHART} --version {advice.release} -n kube-system"
    helm = f"{first}{helm} -f {quote(values)}"
    # Where Helm may be kept from the values, no agent is restarted for them either.
    steps = [f"{helm} && {RESTART}"] if first and restart else [helm, *([RESTART] if restart else [])]
    return [*steps, VERIFY]


def _untold(report: Report, config: KernelConfig) -> list[str]:
    """The same audit for the kernel that it is of; an architecture that the config's symbols tell is filled in."""
    more, said = [], []
    if config.target is None:
        more += ["--target-kernel", _VERSION]
        said.append(f"{_VERSION}, of the kernel built from it, such as 6.12.30")
    if config.arch is None:
        arch = told_arch(config.raw) or _ARCH
        more += ["--arch", arch]
        said += [f"{_ARCH}, such as arm64 or x86_64"] if arch == _ARCH else []
    return [*([note(f"fill in {' and '.join(said)}")] if said else []), _again(report, tuple(more))]


def _of_a_fragment(report: Report, config: KernelConfig, *, first: bool) -> list[str]:
    """Of a file that may be a fragment: the same audit of it merged into the config that it is for."""
    source, fragments = report.kernel.provenance.source, report.kernel.provenance.fragments
    if config.completeness is not Completeness.PARTIAL or config.minimal or fragments or source == _STDIN:
        return []
    said = f"of a fragment, fill in {_CONFIG}, which it is merged into"
    return [note(said if first else f"or, {said}"), _again(report, ("-F", source), _CONFIG)]


def _by_tools(report: Report) -> list[str]:
    """Where the tools that a kernel is built with decide, the command that names them."""
    tools = _tools(report)
    if report.kernel.config.target is None or ("--toolchain", tools) in report.options:
        return []
    matters = report.advice is not None and report.advice.mode is Mode.UNKNOWN
    names = by_tools([f for r in report.results for f in r.findings if matters or report.decides(r, f)])
    if not names:
        return []
    said = f"{TOOLS_DECIDE} {', '.join(names[:_MOST])}; name yours, such as"
    return [note(said), _again(report, ("--toolchain", tools))]


def _again(report: Report, more: tuple[str, ...], of: str = "") -> str:
    """The same audit, with more options, or of another kernel."""
    more += ("--cilium", "none") if report.advice is None else ()
    more += ("--fail-on", str(report.fail_on)) if report.fail_on is not FailOn.REQUIRED else ()
    held = any(words[0] == "--baseline" for words in report.options)
    # A baseline names its profiles.
    known = (*(name for name in _CHECK if not held or name != "--profile"), *_GATE, "--baseline")
    return _command(report, "check", known, more=more, of=of)


def _command(
    report: Report,
    name: str,
    known: tuple[str, ...],
    more: tuple[str, ...] = (),
    of: str = "",
    without: Sequence[tuple[str, ...]] = (),
) -> str:
    source = one_line(of or report.kernel.provenance.source)
    words = ["kina-audit", name, quote(source)]
    options = report.options
    if report.baseline is not None and report.advice is not None and "--baseline" not in known:
        # The baseline named the release, and does not come along.
        options += (("--cilium", report.advice.release),) if all(g[0] != "--cilium" for g in options) else ()
    words += [
        quote(one_line(w))
        for group in options
        if group[0] in known and group not in without and (group[0] in _REPEATABLE or group[0] not in more)
        for w in group
    ]
    words += [quote(one_line(w)) for w in more]
    return " ".join(words) + piped(source, report.options)


def piped(source: str, options: Sequence[tuple[str, ...]]) -> str:
    """What a command is to read from stdin, as this run did."""
    return f" < {_CONFIG}" if source == _STDIN else f" < {_FRAGMENT}" if _READ_FROM_STDIN in options else ""
