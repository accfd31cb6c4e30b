"""Judged claims as a table, as JSON and as Markdown."""

from collections.abc import Sequence
from textwrap import wrap

from kina_audit.base.json_text import indented
from kina_audit.render import one_line
from kina_audit.render.markdown_text import code, escape
from kina_audit.report.claims import Answer, Truth


def as_table(answers: Sequence[Answer], kernel: str, width: int) -> str:
    """One paragraph a claim, the answer first."""
    lines = [one_line(kernel), ""]
    for answer in answers:
        lines.append(f"{answer.truth:<8} {one_line(answer.claim.text)}")
        lines += wrap(one_line(answer.because), width, initial_indent=" " * 9, subsequent_indent=" " * 9)
    return "\n".join([*lines, "", _sum(answers)]) + "\n"


def as_json(answers: Sequence[Answer], kernel: str) -> str:
    """A list of claims with their answers; counts first."""
    document = {
        "kernel": kernel,
        "counts": {str(t): sum(a.truth is t for a in answers) for t in Truth},
        "claims": [
            {"line": a.claim.line, "claim": a.claim.text, "answer": str(a.truth), "because": a.because} for a in answers
        ],
    }
    return indented(document)


def as_markdown(answers: Sequence[Answer], kernel: str) -> str:
    """A table."""
    lines = [f"**{escape(one_line(kernel))}**", "", "| claim | answer | because |", "|---|---|---|"]
    lines += [
        f"| {code(one_line(a.claim.text), in_table=True)} | {a.truth} | {escape(one_line(a.because))} |"
        for a in answers
    ]
    return "\n".join([*lines, "", _sum(answers)]) + "\n"


def _sum(answers: Sequence[Answer]) -> str:
    counts = {t: sum(a.truth is t for a in answers) for t in Truth}
    return ", ".join(
        f"{n} {'cannot be told' if t is Truth.UNKNOWN else t}" for t, n in counts.items() if n or t is not Truth.UNKNOWN
    )
