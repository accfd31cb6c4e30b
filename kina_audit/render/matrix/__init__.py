"""A matrix of kernels in: one module a format, each with ``render(matrix, width, color)``."""

from importlib import import_module

from kina_audit.report.matrix import Matrix

MATRIX_FORMATS = {
    "table": "kina_audit.render.matrix.table",
    "json": "kina_audit.render.matrix.json",
    "markdown": "kina_audit.render.matrix.markdown",
    "csv": "kina_audit.render.matrix.csv",
    "html": "kina_audit.render.matrix.html",
}
"""Format name to the module that renders it."""


def render_matrix(name: str, matrix: Matrix, width: int = 80, *, color: bool = False) -> str:
    """A matrix in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    text: str = import_module(MATRIX_FORMATS[name]).render(matrix, width, color)
    return text
