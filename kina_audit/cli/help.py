"""The help of commands with many options: the options stand in groups."""

from typing import TYPE_CHECKING

import typer.core

if TYPE_CHECKING:
    from click import Context, HelpFormatter

ASKED, READING, TREE, PROBE, GATE, OUTPUT = (
    "What is asked", "Reading the kernel", "Kernel tree", "The kernel that runs", "Gate", "Output",
)  # fmt: skip
"""The groups, in the order of the help; an option names its own as ``rich_help_panel``, typer's word for it."""

_OTHER = "Options"


class Grouped(typer.core.TyperCommand):
    """A command whose help has its options in groups, in plain text: typer alone does that with rich only."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the arguments, and each group of options under its name."""
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{name: [] for name in _GROUPS}}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                argument = parameter.param_type_name == "argument"
                group = "Arguments" if argument else getattr(parameter, "rich_help_panel", None) or _OTHER
                rows[group].append(row)
        for name, records in rows.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


_GROUPS = (ASKED, READING, TREE, PROBE, GATE, OUTPUT, _OTHER)
