"""``matrix --format json``: described by ``data/schemas/matrix.schema.json``."""

import json

from kina_audit.report.matrix import Matrix, matrix_document


def render(matrix: Matrix, _width: int, _color: bool) -> str:
    """Indented JSON, one trailing newline."""
    return json.dumps(matrix_document(matrix), indent=2) + "\n"
