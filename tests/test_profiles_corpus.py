"""Every real config audited with every profile: no crash, and every symbol shown has the value and line that is shown."""

import re
from pathlib import Path

import pytest

from kina_audit.api import audit
from kina_audit.kernel.config import SymbolState
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import SHARED, config_text

LIBRARY = ProfileLibrary()
PROFILES = [LIBRARY.get(name) for name in LIBRARY.ids()]
CONFIGS = sorted(SHARED.glob("corpus/*/*.gz")) + sorted(SHARED.glob("kernels/*.gz"))


def reread(text: str) -> dict[str, tuple[str, int]]:
    """Symbol to (value, line), by a reader of the test's own."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"CONFIG_(\w+)=(.*)", line):
            found[match[1]] = (match[2].strip('"'), number)
        elif match := re.match(r"# CONFIG_(\w+) is not set$", line):
            found[match[1]] = ("n", number)
    return found


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_every_symbol_shown_is_in_the_file(path: Path) -> None:
    text = config_text(path).decode()
    seen = reread(text)
    modules = seen.get("MODULES", ("n", 0))[0] == "y"
    report = audit(Kernel(parse_config(text), Provenance("x", "file", "x")), PROFILES, cilium="1.20.0", library=LIBRARY)
    for result in report.results:
        for finding in result.findings:
            for fact in finding.symbols:
                if fact.state is SymbolState.ABSENT:
                    assert fact.name not in seen
                    continue
                value, line = seen[fact.name]
                assert fact.line == line
                assert fact.value == ("y" if value == "m" and not modules else value)


def test_there_is_a_corpus_to_audit(shared: Path) -> None:
    assert len(CONFIGS) > 100
    assert shared.is_dir()
