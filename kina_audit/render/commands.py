"""What to do next, as commands that can be pasted; options of the run that matter to them are kept."""

from pathlib import Path
from shlex import quote

from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.cilium.model import Advice, Mode
from kina_audit.cilium.unlock_on_lines import has_line
from kina_audit.engine.finding import Status
from kina_audit.kernel.config import TOOLS_DECIDE, KernelConfig
from kina_audit.render import one_line
from kina_audit.report.model import FailOn, Report

FRAGMENT = "cilium.fragment"
FEATURES = "features.fragment"
TREE = "linux"
_MOST = 8
VALUES = "cilium-values.yaml"
CHART = "https://helm.cilium.io"
CONFIG_MAP = "cilium-config.yaml"
RESTART = "kubectl -n kube-system rollout restart daemonset/cilium deployment/cilium-operator"
VERIFY = "cilium status --wait && cilium connectivity test"
_PLACEHOLDER = "REPLACE"
"""What stands in the values where nobody but the user knows: the API server's address, without kube-proxy."""
_NAMES_THE_SERVER = (Mode.FULL_EBPF, Mode.EBPF_VETH, Mode.HYBRID)
_BUILD_AND_FILL = f"# build and boot it, write the values, fill in what says {_PLACEHOLDER}, install:"
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
_REPEATABLE = ("-F", "--want", "--avoid", "--profile", "--profile-dir")
_TOOLS = "gcc-12,pahole=1.24"
"""What `kina-audit fix` assumes where nobody names a toolchain (kina_audit.kconfig.possible_tools.POSSIBLE_TOOLS)."""


def next_commands(report: Report, *, restart: bool = False) -> tuple[str, ...]:
    """The commands, in their order, with comments between them; none where there was no question about Cilium."""
    advice, config = report.advice, report.kernel.config
    if advice is None:
        return (*_by_tools(report), *_features(report))
    lines: list[str] = []
    if config.target is None or (config.arch is None and advice.mode is Mode.UNKNOWN):
        lines += _untold(report, config)
    lines += _by_tools(report)
    runs = advice.mode not in (Mode.UNSUPPORTED, Mode.UNKNOWN)
    if runs:
        fill = (
            [f"# fill in what says {_PLACEHOLDER} in {VALUES}, then:"]
            if _PLACEHOLDER in str(advice.helm_values)
            else []
        )
        better = next((i for i in advice.instead if i.mode is not advice.mode and i.options), None)
        wish = [f"# for {better.reaches}, with {', '.join(better.values)}:"] if better else []
        wished = better.options if better else ()
        lines += [*wish, advise_command(report, wished), *fill, *apply_commands(advice, restart=restart)]
    release = next((e.release for e in advice.elsewhere if not e.kernel), "")
    if release:
        lines.append(_command(report, "check", _CHECK, more=("--cilium", release)))
    failing = _failing(report)
    if advice.ladder and not (runs and _reached(advice)):
        rung = advice.ladder[-1].mode
        said = f"for {rung}{' and what fails' if failing else ''}, the symbols to build the kernel with:"
        lines += [f"# {said}"] if runs else []
        lines.append(
            _command(report, "fix", _FIX, more=("--mode", str(rung), *_options(report, failing), "-o", FRAGMENT))
        )
        if not runs:
            lines += [
                _BUILD_AND_FILL if rung in _NAMES_THE_SERVER else "# build the kernel with it, boot it, and then:"
            ]
            more = ["-F", FRAGMENT]
            more += [] if any(g[0] == "--toolchain" for g in report.options) else ["--toolchain", _TOOLS]
            lines.append(_command(report, "cilium", _ADVISE, more=(*more, "-o", f"helm-values={VALUES}")))
            lines += apply_commands(advice)
        return tuple(lines)
    if not lines and advice.alternatives:
        others = ("--cilium", "none", "-p", "cni/ptp", "-p", "cni/kindnet")
        lines.append(_command(report, "check", _READ[1:], more=others))
    return (*lines, *_features(report))


def _failing(report: Report) -> list[str]:
    """The failing features.

    Cilium's own profile is not among them where there is advice: what the agent needs, the mode asks for.
    """
    failing = [r.profile.id for r in report.results if any(report.decides(r, f) for f in r.findings if f.symbols)]
    if report.baseline is not None or report.kernel.config.target is None:
        return []
    return [name for name in failing if name != PROFILE or report.advice is None][:_MOST]


def _options(report: Report, failing: list[str]) -> list[str]:
    """Features as options; own profiles are given by their files' names."""
    paths = {Path(words[1]).stem: words[1] for words in report.options if words[0] == "--profile" and len(words) > 1}
    return [word for name in failing for word in ("-p", paths.get(name, name))]


def _reached(advice: Advice) -> bool:
    """Whether another release reaches here, without a rebuild, the best mode that a rebuild would."""
    return any(e.mode is advice.ladder[-1].mode and not (e.kernel or e.untested) for e in advice.elsewhere)


def _features(report: Report) -> list[str]:
    """The command that finds what the failing features take; where no model that ships tells, with the kernel's tree."""
    failing = _failing(report)
    if not failing:
        return []
    tree = (
        []
        if has_line(report.kernel.config) or any(g[0] == "--kernel-tree" for g in report.options)
        else ["--kernel-tree", TREE]
    )
    where = f", with the kernel's source in {TREE}" if tree else ""
    return [
        one_line(f"# for {', '.join(failing)}{where}:"),
        _command(report, "fix", _FIX[1:], more=(*_options(report, failing), *tree, "-o", FEATURES)),
    ]


def advise_command(report: Report, wished: tuple[str, ...] = ()) -> str:
    """The command that writes the Helm values, with further wishes."""
    return _command(report, "cilium", _ADVISE, more=(*wished, "-o", f"helm-values={VALUES}"))


def apply_commands(advice: Advice, *, restart: bool = False) -> list[str]:
    """What installs Cilium with the values, or upgrades to them, and looks whether it works.

    With ``restart`` also what restarts the agents, for Cilium that is there already: Helm leaves those running whose
    ConfigMap alone has changed (the chart's ``rollOutCiliumPods`` is off by default).
    """
    return [
        f"helm upgrade --install cilium cilium --repo {CHART} --version {advice.release} -n kube-system -f {VALUES}",
        *([RESTART] if restart else []),
        VERIFY,
    ]


def _untold(report: Report, config: KernelConfig) -> list[str]:
    more = [] if config.target is not None else ["--target-kernel", "VERSION"]
    more += [] if config.arch is not None else ["--arch", "arm64"]
    command = _again(report, tuple(more))
    said = ["# VERSION is of the kernel that is built from it, such as 6.12.30:"] if config.target is None else []
    return [*said, command]


def _by_tools(report: Report) -> list[str]:
    """Where the tools that a kernel is built with decide, the command that names them."""
    if report.kernel.config.target is None or any(g[0] == "--toolchain" for g in report.options):
        return []
    matters = report.advice is not None and report.advice.mode is Mode.UNKNOWN
    names = [
        s.name
        for r in report.results
        for f in r.findings
        if f.status is Status.UNKNOWN and (matters or report.decides(r, f))
        for s in f.symbols
        if s.note.startswith(TOOLS_DECIDE)
    ]
    if not names:
        return []
    said = f"# {TOOLS_DECIDE} {', '.join(dict.fromkeys(names[:_MOST]))}; name yours, such as"
    return [said, _again(report, ("--toolchain", _TOOLS))]


def _again(report: Report, more: tuple[str, ...]) -> str:
    """The same audit, with more options."""
    more += ("--cilium", "none") if report.advice is None else ()
    more += ("--fail-on", str(report.fail_on)) if report.fail_on is not FailOn.REQUIRED else ()
    return _command(report, "check", _CHECK, more=more)


def _command(report: Report, name: str, known: tuple[str, ...], more: tuple[str, ...] = ()) -> str:
    source = one_line(report.kernel.provenance.source)
    words = ["kina-audit", name, quote(source)]
    words += [
        quote(one_line(w))
        for group in report.options
        if group[0] in known and (group[0] in _REPEATABLE or group[0] not in more)
        for w in group
    ]
    words += [quote(one_line(w)) for w in more]
    return " ".join(words) + (" < CONFIG" if source == _STDIN else "")
