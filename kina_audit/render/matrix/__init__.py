"""A matrix of kernels in: one module a format, each with ``render(matrix, width, color)``."""

from importlib import import_module

from kina_audit.report.matrix import Matrix, Row

MATRIX_FORMATS = {
    "table": "kina_audit.render.matrix.table",
    "json": "kina_audit.render.matrix.json",
    "markdown": "kina_audit.render.matrix.markdown",
    "csv": "kina_audit.render.matrix.csv",
    "html": "kina_audit.render.matrix.html",
}
"""Format name to the module that renders it."""


LACKS = {"fail": "lacks", "unknown": "may lack"}
"""What is said of a profile that nobody asked for, in which a required symbol is missing or cannot be told."""


def standing(matrix: Matrix, row: Row) -> list[str]:
    """How each profile stands for people, as `check` says it: what fails no kernel is not said to fail."""
    unasked = set(matrix.unasked)
    pairs = zip(matrix.profiles, row.statuses, strict=False)
    return [said(status, asked=name not in unasked) for (name, _), status in pairs]


def said(status: str, *, asked: bool) -> str:
    """How something of a profile stands for people; of one that nobody asked for nothing fails."""
    return status if asked else LACKS.get(status, status)


def render_matrix(name: str, matrix: Matrix, width: int = 80, *, color: bool = False) -> str:
    """A matrix in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    text: str = import_module(MATRIX_FORMATS[name]).render(matrix, width, color)
    return text
