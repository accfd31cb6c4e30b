"""``kina-audit cilium``: what each of Cilium's features does on a kernel, and the best configuration."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.cilium_review import review
from kina_audit.cli.cilium_verify import verify
from kina_audit.cli.help import OUTPUT, Ordered
from kina_audit.cli.parameters import command, option

if TYPE_CHECKING:
    from kina_audit.cilium.model import Advice
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.report.model import Report
    from kina_audit.sources.options import SourceOptions

ADVISE = "advise"


class _SourceFirst(Ordered):
    """``cilium SOURCE`` is ``cilium advise SOURCE``; a file called review or verify is ``./review``."""

    default = ADVISE

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, "-h", "--help"):
            _refuse_misspelt(args, list(self.commands))
            args = [ADVISE, *args]
        return super().parse_args(ctx, args)


def _refuse_misspelt(words: Sequence[str], commands: Sequence[str]) -> None:
    """Stop at what is no kernel and almost a command, and at a command behind a kernel.

    Raises:
        UsageError: it is one.
    """
    from kina_audit.base.near import near
    from kina_audit.cli.mix_ups import is_source
    from kina_audit.errors import UsageError

    if words and not words[0].startswith("-") and not is_source(words[0]) and (told := near(words[0], commands)):
        raise UsageError(
            f"cilium {words[0]}: no such command, and no such file{told}", "Try 'kina-audit cilium --help'."
        )
    if len(words) > 1 and words[1] in commands and not is_source(f"./{words[1]}"):
        raise UsageError(f"cilium {words[0]} {words[1]}: the command comes first", f"kina-audit cilium {words[1]} ...")


def register(app: click.Group) -> None:
    """Add the commands."""
    app.add_command(
        _SourceFirst(
            "cilium",
            commands=[
                command(advise, ADVISE, short_help="The best configuration for a kernel, and what each feature does."),
                command(review, "review", short_help="What breaks of the values you have, line by line."),
                command(verify, "verify", short_help="What the agents of a cluster really run, and why."),
            ],
            help="Recommend Cilium settings, review yours, verify a cluster.\n\n`kina-audit cilium SOURCE` is short for "
            "`kina-audit cilium advise SOURCE`, whose options `kina-audit cilium advise --help` lists.",
            short_help="Recommend Cilium settings, review yours, verify a cluster.",
            subcommand_metavar="[SOURCE] | COMMAND [ARGS]...",
        )
    )


@given.reads_sources()
def advise(
    source: given.Source = "apple",
    cilium: given.Cilium = "",
    want: Annotated[
        list[str] | None, option("--want", metavar="FEATURE", help="Must be on, e.g. wireguard; repeatable.")
    ] = None,
    avoid: Annotated[
        list[str] | None, option("--avoid", metavar="FEATURE", help="Must not be used; repeatable.")
    ] = None,
    ipv6: Annotated[bool, option("--ipv6", help="IPv6 must work; the same as --want ipv6.")] = False,
    keep_kube_proxy: Annotated[
        bool, option("--keep-kube-proxy", help="The same as --avoid kube-proxy-replacement.")
    ] = False,
    min_mode: Annotated[str, option("--min-mode", metavar="MODE", help="Fail below this mode.")] = "",
    place: Annotated[
        str,
        option("--for", metavar="PLACE", help="Keep the values of kina, k3s, talos, kind or kubeadm clusters."),
    ] = "",
    explain: Annotated[
        str, option("--explain", metavar="MODE", help="What a mode rests on, fact by fact, and nothing else.")
    ] = "",
    all_releases: Annotated[
        bool, option("--all-releases", help="The mode with every known release, and which release to take.")
    ] = False,
    format_: Annotated[
        str,
        option(
            "--format",
            "-f",
            metavar="cilium|json|helm-values|configmap|cilium-cli|table",
            help="To stdout.",
            group=OUTPUT,
        ),
    ] = "cilium",
    output: given.Outputs = None,
    *,
    options: "SourceOptions",
    verbose: given.Verbose = False,
    color: given.Color = "auto",
) -> int:
    """What each of Cilium's features does on a kernel, and the best configuration.

    `kina-audit cilium review VALUES [SOURCE]` does the opposite: it says what breaks of a configuration you have.
    FEATURE is a name of the first column. Exit status: 0 Cilium runs with everything that is wanted, 1 it does not or
    the input cannot tell, 2 usage error, 3 the source could not be read.
    """
    from kina_audit.api import audit, load_kernel
    from kina_audit.base.datatype import replace
    from kina_audit.cilium.model import LADDER, Mode
    from kina_audit.cilium.request import make_request
    from kina_audit.cli import outputs
    from kina_audit.cli.kept_options import kept
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.render import RenderOptions
    from kina_audit.report.model import FailOn

    request = make_request(
        want or [], avoid or [], ipv6=ipv6, keep_kube_proxy=keep_kube_proxy, min_mode=min_mode, preset=place
    )
    colour = terminal.use_colour(color)
    planned = outputs.plan(format_, output or [], source) if not all_releases else []
    library = ProfileLibrary()
    kernel = load_kernel(source, options)
    if explain:
        return _explain(kernel, explain, cilium, library)
    report = audit(
        kernel, [library.get("cilium-agent")], cilium=cilium, fail_on=FailOn.REQUIRED, library=library, request=request
    )
    wishes = (("--want", w) for w in request.want), (("--avoid", a) for a in sorted(request.avoid))
    words = (*kept(options, cilium=cilium), *wishes[0], *wishes[1], *_given(("--min-mode", min_mode), ("--for", place)))
    # The command answers which mode it is: one that cannot be told keeps it from passing, too.
    advice = report.advice
    if advice is not None and advice.mode is Mode.UNKNOWN and not report.deciding:
        advice = replace(advice, least=LADDER[-2])
    report = replace(report, options=words, advice=advice)
    if all_releases:
        return _matrix(report, request, format_, colour=colour)
    values = next((str(o.path) for o in planned if o.format == "helm-values" and o.path is not None), "")
    outputs.write(report, planned, RenderOptions(color=colour, verbose=verbose, values=values), quiet=True)
    return report.exit_code


def _given(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if pair[1]]


def _explain(kernel: "Kernel", mode: str, cilium: str, library: "ProfileLibrary") -> int:
    from kina_audit.api import explain_mode
    from kina_audit.render.cilium_mode import as_text

    terminal.print_out(as_text(explain_mode(kernel, mode, cilium=cilium, library=library), mode, terminal.width()))
    return 0


def _matrix(report: "Report", request: object, format_: str, *, colour: bool) -> int:
    from kina_audit.api import advise_every_release
    from kina_audit.cilium.advise import best_release
    from kina_audit.cilium.request import Request
    from kina_audit.errors import UsageError
    from kina_audit.render.cilium_releases import as_json, as_text

    if format_ not in ("cilium", "json"):
        raise UsageError(f"--all-releases --format {format_}: not one of cilium, json")
    rows: Sequence[Advice] = advise_every_release(report.kernel, request if isinstance(request, Request) else None)
    best = best_release(list(rows))
    terminal.print_out(
        as_json(rows, best) if format_ == "json" else as_text(report.kernel, rows, best, terminal.width(), colour),
        color=colour,
    )
    return 0 if best is not None else 1
