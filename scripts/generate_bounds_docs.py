"""Write docs/bounds.md from kina_audit/base/bounds.py. Run: python scripts/generate_bounds_docs.py > docs/bounds.md ."""

from kina_audit.base.bounds import KIB, MIB, TABLE

TOP = """# Bounds

All input is untrusted: configs, images, archives, kernel trees, profiles, waivers, settings, answers of servers and guests, caches. Every size is bounded,
far above what real input asks for and low enough that no command holds more than 300 MB or, for a megabyte of input, works longer than ten seconds. What is
over a bound is one error (exit status 3; 2 for files of options), never a part of an answer.

This page is generated from `kina_audit/base/bounds.py` by `scripts/generate_bounds_docs.py`; `tests/test_bounds.py` tries each at the bound and above it.

| bound | at most | of |
|---|---|---|"""


def amount(most: int, unit: str) -> str:
    """A number as people read it."""
    if unit == "bytes" and most % MIB == 0:
        return f"{most // MIB:,} MiB"
    if unit == "bytes" and most % KIB == 0:
        return f"{most // KIB} KiB"
    return f"{most:,} {unit}"


def main() -> None:
    """Print the page."""
    print(TOP)
    for bound in TABLE:
        print(f"| `{bound.name}` | {amount(bound.most, bound.unit)} | {bound.of} |")
    print(
        "\nTwo of them are options: `--max-decompressed` and `--timeout`. Not in the table, because they bound our own search and not an input: how many"
        "\nways `fix` tries, how deep `explain` looks."
    )


if __name__ == "__main__":
    main()
