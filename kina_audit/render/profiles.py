"""Profiles as text, as a table, as JSON, as Markdown pages; and the file a new one starts from."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from kina_audit.base.json_text import indented
from kina_audit.profiles.model import Profile, Requirement
from kina_audit.render.markdown_text import code, escape


def text(profile: Profile, width: int) -> str:
    """Everything about a profile, for a terminal of ``width`` columns."""

    def wrap(label: str, words: str) -> str:
        return fill(words, width, initial_indent=f"    {label:<7}", subsequent_indent=" " * 11)

    lines = [f"{profile.id}: {profile.title}", fill(profile.description, width), ""]
    for row in profile.requirements:
        built_in = "" if row.module else ", built-in only"
        via = f", from {row.profile}" if row.profile != profile.id else ""
        lines += [f"  {row.id} ({row.level}{_gate(row)}{built_in}{via})", wrap("needs", row.expr.text)]
        lines += [wrap(f"{v.kernel or '/'.join(v.arch)}", v.expr.text) for v in row.variants]
        lines += [wrap("way", f"{w.name}: {w.expr.text}; without it {w.without}") for w in row.ways]
        lines += [wrap("why", row.why), wrap("fix", row.fix), wrap("source", row.source)]
    if profile.references:
        lines += ["", *profile.references]
    return "\n".join(lines) + "\n"


def table(profile: Profile, width: int) -> str:
    """One line a requirement; conditions wrap at what is left of ``width`` columns."""
    from tabulate import tabulate

    rows = [
        [r.id, r.level, r.expr.text, _gate(r).removeprefix(", "), r.profile if r.profile != profile.id else ""]
        for r in profile.requirements
    ]
    others = max(len(r.id) for r in profile.requirements) + max(len(r[4]) for r in rows) + 40
    return (
        f"{profile.id}: {profile.title}\n\n"
        + tabulate(
            rows,
            headers=["requirement", "level", "needs", "where", "from"],
            tablefmt="plain",
            disable_numparse=True,
            maxcolwidths=[None, None, max(24, width - others), None, None],
        )
        + "\n"
    )


def json_text(profile: Profile, _width: int) -> str:
    """A profile as JSON, includes expanded."""
    return indented(document(profile))


def document(profile: Profile) -> dict[str, Any]:
    """A profile as plain values, includes expanded."""
    return {
        "id": profile.id,
        "title": profile.title,
        "description": profile.description,
        "references": list(profile.references),
        "tags": list(profile.tags),
        "includes": list(profile.includes),
        "any_of": list(profile.any_of),
        "requirements": [
            {
                "id": row.id,
                "defined_in": row.profile,
                "expr": row.expr.text,
                "level": str(row.level),
                "module": row.module,
                "kernel": str(row.kernel) if row.kernel else None,
                "arch": list(row.arch),
                "why": row.why,
                "fix": row.fix,
                "source": row.source,
                "symbols": list(row.symbols),
                "variants": [
                    {
                        "expr": v.expr.text,
                        "kernel": str(v.kernel) if v.kernel else None,
                        "arch": list(v.arch),
                        "fix": v.fix or row.fix,
                    }
                    for v in row.variants
                ],
            }
            for row in profile.requirements
        ],
    }


def pages(groups: Mapping[str, Sequence[Profile]]) -> dict[str, str]:
    """File name to Markdown: a page for each folder of profiles, and README.md, the index."""
    index = ["# Profiles", "", "Written by `kina-audit profiles docs`.", ""]
    found = {}
    for folder, profiles in sorted(groups.items()):
        index += [f"## [{folder}]({folder}.md)", "", "| profile | what it is | required | recommended | optional |"]
        index.append("|---|---|---:|---:|---:|")
        for profile in profiles:
            counts = " | ".join(str(sum(r.level == level for r in profile.requirements)) for level in _LEVELS)
            link = f"[`{profile.id}`]({folder}.md#{profile.id.replace('/', '')})"
            index.append(f"| {link} | {escape(profile.title)} | {counts} |")
        index.append("")
        body = [f"# Profiles: {folder}", "", "Written by `kina-audit profiles docs`.", ""]
        for profile in profiles:
            body += _section(profile)
        found[f"{folder}.md"] = "\n".join(body).rstrip() + "\n"
    found["README.md"] = "\n".join(index).rstrip() + "\n"
    return found


_LEVELS = ("required", "recommended", "optional")


def _section(profile: Profile) -> list[str]:
    lines = [f"## {profile.id}", "", f"{escape(profile.title)}. {escape(profile.description)}", ""]
    if profile.any_of:
        lines += ["One of these must pass: " + ", ".join(code(n) for n in profile.any_of) + ".", ""]
    if profile.includes:
        lines += ["With what these ask: " + ", ".join(code(n) for n in profile.includes) + ".", ""]
    own = [r for r in profile.requirements if r.profile == profile.id and not r.alternatives]
    if own:
        lines += ["| requirement | level | needs | without it | source |", "|---|---|---|---|---|"]
        for row in own:
            needs = code(row.expr.text, in_table=True) + escape(_gate(row))
            needs += "".join(
                f"; {v.kernel or '/'.join(v.arch)}: {code(v.expr.text, in_table=True)}" for v in row.variants
            )
            lines.append(f"| {row.id} | {row.level} | {needs} | {escape(row.why)} | {escape(row.source)} |")
        lines.append("")
    if profile.references:
        lines += [", ".join(f"<{r}>" for r in profile.references), ""]
    return lines


def _gate(row: Requirement) -> str:
    found = f", Linux {row.kernel}" if row.kernel else ""
    return found + (f", {'/'.join(row.arch)}" if row.arch else "")


def template(name: str, schema: str) -> str:
    """The text of a new profile file, valid as it is."""
    return f"""#:schema {schema}
schema = 1
id = "{name}"
title = "{name}"
description = "What it is, in a sentence."
references = ["https://docs.kernel.org/"]
# tags = ["mine"]            # `-p tag:mine` selects every profile with it
# includes = ["veth"]        # takes over what other profiles ask; `kina-audit profiles list` has their ids

[[requirement]]
id = "bridge"
expr = "BRIDGE && (NF_TABLES || IP_NF_FILTER)"   # Kconfig syntax, without CONFIG_; =y asks for built-in
level = "required"                               # or recommended, optional
why = "What goes wrong without it."
fix = "Set CONFIG_BRIDGE=y and CONFIG_NF_TABLES=y."
source = "Where the fact comes from."
# kernel = ">=5.10"          # only on these versions
# arch = ["arm64"]           # only on these architectures

# The same requirement, asked differently on other kernels:
# [[requirement.variant]]
# kernel = ">=6.17"
# expr = "BRIDGE && NF_TABLES"

# A condition that another profile already has:
# [[requirement]]
# same_as = "wireguard/wireguard-device"
# level = "recommended"
"""
