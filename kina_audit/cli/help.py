"""The help of commands with many options: the options stand in groups, and the arguments are told, too."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click import Context, HelpFormatter

ASKED, READING, TREE, PROBE, GATE, OUTPUT = (
    "What is asked", "Reading the kernel", "Kernel tree", "The kernel that runs", "Gate", "Output",
)  # fmt: skip
"""The groups, in the order of the help."""

_OTHER = "Options"


class WithHelp(click.Argument):
    """An argument that the help tells something of; click has none before 8.5, and from then on its own way beside ours."""

    def __init__(self, names: list[str], *, told: str, show_default: bool, **stated: Any) -> None:
        super().__init__(names, **stated)
        self.told = told
        self.show_default = show_default

    def make_metavar(self, ctx: "Context") -> str:  # noqa: ARG002  (click's signature)
        """Its name, with what says that it may be left out, or stand more than once."""
        shown = self.metavar or (self.name or "").upper()
        if not self.required and not shown.startswith("["):
            shown = f"[{shown}]"
        return shown if self.metavar or self.nargs == 1 else f"{shown}..."

    def get_help_record(self, ctx: "Context") -> tuple[str, str]:
        """Its name and what the help says."""
        default = self.default if self.show_default and isinstance(self.default, str) else ""
        notes = [f"default: {default}"] * bool(default) + ["required"] * self.required
        return self.make_metavar(ctx), f"{self.told}  [{'; '.join(notes)}]" if notes else self.told


class WithText(click.Option):
    """An option whose help is taken as it is written: click takes blanks off it with a library that takes long to load."""

    def __init__(self, names: list[str], *, text: str, **stated: Any) -> None:
        super().__init__(names, **stated)
        self.help = text


class _WithOwnHelp(click.Command):
    """A command whose ``--help`` is click's from when it is asked for: click looks for a translation of its text first."""

    _own_help: click.Option | None = None

    def get_help_option(self, ctx: "Context") -> click.Option | None:
        """The option, always the same one."""
        if self._own_help is None:
            self._own_help = WithText(
                self.get_help_option_names(ctx), is_flag=True, is_eager=True, expose_value=False,
                callback=self._show_help, text="Show this message and exit.",
            )  # fmt: skip
        return self._own_help

    def _show_help(self, ctx: "Context", parameter: click.Parameter, asked: bool) -> None:
        theirs = super().get_help_option(ctx) if asked else None
        if theirs is not None and theirs.callback is not None:
            theirs.callback(ctx, parameter, asked)


class _Found(dict[str, Any]):
    """click's long options by name, of which those are suggested, and behind them the short ones."""

    def __init__(self, long: dict[str, Any], short: dict[str, Any]) -> None:
        super().__init__(long)
        self._short = short

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._short

    def __missing__(self, name: str) -> Any:
        return self._short[name]


class Grouped(_WithOwnHelp):
    """A command whose help has its options in groups, if they are many."""

    def make_parser(self, ctx: "Context") -> Any:
        """click's; it takes ``-f`` for a long option first, and loads what finds options that are spelled like one to say so."""
        parser = super().make_parser(ctx)
        if hasattr(parser, "_long_opt") and hasattr(parser, "_short_opt"):
            parser._long_opt = _Found(parser._long_opt, parser._short_opt)
        return parser

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Read the words; click does not tell of which command an option is that lacks its value."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_arguments(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write nothing: click 8.5 and later ask for the arguments here, and they stand with the options."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the arguments, and each group of options under its name."""
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{name: [] for name in _GROUPS}}
        grouped = len(self.params) > _FEW
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                argument = parameter.param_type_name == "argument"
                group = str(getattr(parameter, "group", "")) if grouped else ""
                rows["Arguments" if argument else group or _OTHER].append(row)
        for name, records in rows.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


class Ordered(_WithOwnHelp, click.Group):
    """A group whose help lists the commands as they were added."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002  (click's signature)
        """Their names."""
        return list(self.commands)


_FEW = 9
"""Parameters that are found without headings."""

_GROUPS = (ASKED, READING, TREE, PROBE, GATE, OUTPUT, _OTHER)
