"""Upkeep: what the projects that kina-audit knows facts of say today, held against those facts.

A tool for maintainers, not part of the package. docs/upkeep.md says how it is used and what to do with its report.
"""
