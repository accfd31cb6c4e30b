"""``kina-audit kernels``: the recorded kernels, which ``container`` release boots which, and a one-line verdict."""

import click

from kina_audit.cli import terminal
from kina_audit.cli.parameters import command


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(kernels, "kernels", short_help="List the recorded kernels that recorded:NAME takes."))


def kernels() -> int:
    """List the recorded kernels that `check recorded:NAME` takes, with a one-line verdict on each."""
    from kina_audit.api import audit, load_kernel, load_profiles
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.sources.recorded import entries

    library = ProfileLibrary()
    profiles = load_profiles(library=library)
    lines = []
    for name, record, ref in entries():
        report = audit(load_kernel(f"recorded:{name}"), profiles, library=library)
        failed = [r.profile.id for r in report.results if any(report.decides(r, f) for f in r.findings)]
        verdict = f"fails {', '.join(failed)}" if failed else str(report.verdict)
        advice = report.advice
        mode = f"; {advice.headline}" if advice else ""
        tags = ref.first if ref.first == ref.last else f"{ref.first} to {ref.last}"
        lines += [
            f"{name}",
            f"    Linux {ref.target}, {record.arch}, {record.document['project']} {tags}, {record.date}",
            f"    booted by Apple container: {record.boots}",
            f"    {verdict}{mode}",
        ]
    terminal.print_out("\n".join(lines) + "\n")
    return 0
