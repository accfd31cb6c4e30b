"""Every surface that reads untrusted bytes, fuzzed: only our own errors come out, within memory and time.

Twenty seconds each; `KINA_AUDIT_FUZZ_SECONDS` says how long instead, `KINA_AUDIT_FUZZ_CORPUS` names a folder that keeps what was
learned, `KINA_AUDIT_FUZZ_LOG` a file for what was done::

    KINA_AUDIT_FUZZ_SECONDS=1800 KINA_AUDIT_FUZZ_CORPUS=build/corpus python -m pytest -m slow tests/test_fuzz.py -n 2
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "tests/fuzz_targets.py"
NAMES = re.search(r"^TARGETS = \((.*)\)", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)[1].split(", ")  # type: ignore[index]
SECONDS = int(os.environ.get("KINA_AUDIT_FUZZ_SECONDS", "20"))
FEWEST = 50
"""Executions below this mean that nothing was fuzzed; the slowest target does some hundred in a second."""


@pytest.mark.slow
@pytest.mark.parametrize("target", NAMES)
def test_only_our_own_errors_come_out(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed")
    corpus, starts = tmp_path / "corpus", tmp_path / "seeds"
    if kept := os.environ.get("KINA_AUDIT_FUZZ_CORPUS"):
        corpus = Path(kept).resolve() / target
    corpus.mkdir(parents=True, exist_ok=True)
    starts.mkdir()
    code = f"import json, sys; sys.argv = ['x']; from fuzz_targets import seeds; [open(f'{starts}/{{n}}', 'wb').write(d) for n, d in seeds('{target}').items()]"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "TMPDIR": str(tmp_path)}
    # A short run goes the same way each time, so that a commit is not judged by luck; a long one looks for something new.
    same_way = [] if "KINA_AUDIT_FUZZ_SECONDS" in os.environ else ["-seed=1"]
    environment.setdefault("PYTHONHASHSEED", "1")
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)
    # A program inherits the peak memory of whoever starts it, which libFuzzer would take for its own: a shell starts it anew.
    command = [
        "sh", "-c", '"$@"; exit $?', "sh", sys.executable, str(SCRIPT), target, *same_way, f"-max_total_time={SECONDS}", "-max_len=16384", "-rss_limit_mb=300", "-timeout=300",
        "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", str(corpus), str(starts),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", cwd=ROOT, env=environment, check=False
    )
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
    if log := os.environ.get("KINA_AUDIT_FUZZ_LOG"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(
                f"{target} {done.returncode} {stats.get('number_of_executed_units')} {stats.get('peak_rss_mb')}\n"
            )
    # What Python raised is on stdout; libFuzzer's stderr calls any of it "fuzz target exited".
    found = [f"{p.name}: {p.read_bytes()[:2000]!r}" for p in tmp_path.iterdir() if p.is_file()]
    assert done.returncode == 0, "\n".join([done.stdout[-4000:], *found, done.stderr[-2000:]])
    assert int(stats["number_of_executed_units"]) > FEWEST


def test_every_target_has_seeds() -> None:
    """What was found before is tried first, also where no fuzzer is installed (`test_seeds`)."""
    assert {p.name for p in (ROOT / "tests/fuzz_seeds").iterdir()} == set(NAMES)
    assert len(NAMES) >= 11
