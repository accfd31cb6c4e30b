"""``kina-audit cilium verify`` in: text or JSON out."""

from collections.abc import Sequence
from typing import Any

from kina_audit.base.json_text import indented
from kina_audit.cilium.verify import Verification
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.table_style import Style


def as_text(found: Sequence[Verification], width: int) -> str:
    """Node by node: what is not as wanted first, each with its reason."""
    from tabulate import tabulate

    style = Style(RenderOptions(width=width))
    lines: list[str] = []
    for node in found:
        lines += [
            "",
            f"{one_line(node.node) or 'saved status'}: {one_line(node.kernel)}; Cilium {one_line(node.release)}",
        ]
        if node.problem:
            lines += style.wrap(f"could not be read: {node.problem}")
            continue
        rows = [
            ["ok" if n.same else "NO", n.topic, one_line(n.wanted)[:28], one_line(n.running)[:36]]
            for n in sorted(node.lines, key=lambda n: n.same)
        ]
        lines += tabulate(
            rows, headers=["", "", "wanted", "running"], tablefmt="plain", disable_numparse=True
        ).splitlines()
        for n in node.lines:
            if n.because:
                lines += [
                    "",
                    f"{'' if n.same else 'NO '}{n.topic}: wanted {one_line(n.wanted)}, running {one_line(n.running)}",
                ]
                lines += style.wrap(n.because)
    differing = sum(n.differs for n in found)
    unread = sum(not n.differs and not n.as_wanted for n in found)
    lines += [
        "",
        f"{len(found)} node{'' if len(found) == 1 else 's'}: {len(found) - unread - differing} as wanted, {differing} not, {unread} could not be read",
    ]
    return "\n".join(line.rstrip() for line in lines[1:]) + "\n"


def as_json(found: Sequence[Verification]) -> str:
    """The same for machines."""
    document: dict[str, Any] = {
        "schema_version": "1.0",
        "as_wanted": all(n.as_wanted for n in found),
        "nodes": [
            {
                "node": n.node or None,
                "kernel": n.kernel,
                "release": n.release,
                "as_wanted": n.as_wanted,
                "problem": n.problem or n.gap or None,
                "lines": [
                    {
                        "topic": line.topic,
                        "wanted": line.wanted,
                        "running": line.running,
                        "same": line.same,
                        "because": line.because or None,
                    }
                    for line in n.lines
                ],
            }
            for n in found
        ],
    }
    return indented(document)
