"""200,000 mutations of the fixtures through the readers, guided by coverage: only our own errors, within the memory bound."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
RUNS = 200_000


def test_only_our_own_errors_come_out(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for folder in ("images", "archives"):
        for path in (ROOT / "fixtures" / folder).iterdir():
            shutil.copyfile(path, corpus / path.name)
    command = [
        sys.executable, str(ROOT / "tests/fuzz_sources.py"), f"-runs={RUNS}", "-max_len=16384", "-rss_limit_mb=300",
        "-timeout=20", "-seed=1", "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", str(corpus),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"stat::number_of_executed_units: {RUNS}" in done.stderr
