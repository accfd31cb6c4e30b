"""``matrix --format json``: described by ``data/schemas/matrix.schema.json``."""

from kina_audit.base.json_text import indented
from kina_audit.report.matrix import Matrix, matrix_document


def render(matrix: Matrix, _width: int, _color: bool) -> str:
    """Indented JSON, one trailing newline."""
    return indented(matrix_document(matrix))
