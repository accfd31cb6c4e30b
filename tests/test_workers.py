"""Work on several processes: in order, bounded, and whatever happens to a process costs what it was at, not the run."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kina_audit.base.workers import Spread, cores

ROOT = Path(__file__).resolve().parents[1]


def squares(setting: int) -> Callable[[int], int]:
    def work(item: int) -> int:
        if item == setting:
            os.kill(os.getpid(), signal.SIGKILL)
        if item < 0:
            raise ValueError(f"no square of {item}")
        time.sleep(0.002 * (item % 3))
        return item * item

    return work


def lost(item: int) -> int:
    return -item


@pytest.mark.slow
def test_results_come_in_order() -> None:
    assert list(Spread(squares, -1, lost, 3).over(range(500))) == [i * i for i in range(500)]
    assert list(Spread(squares, -1, lost, 3).over([])) == []
    assert list(Spread(squares, -1, lost, 8).over([7])) == [49]


@pytest.mark.slow
@pytest.mark.parametrize("deadly", [0, 3, 64, 150, 299])
def test_a_process_that_dies_costs_one_item(deadly: int) -> None:
    expected = [i * i for i in range(300)]
    expected[deadly] = -deadly
    assert list(Spread(squares, deadly, lost, 2).over(range(300))) == expected


def test_what_the_function_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="no square of -5"):
        list(Spread(squares, -1, lost, 2).over([1, 2, -5, 3]))


def test_only_so_much_is_taken_ahead() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = Spread(squares, -1, lost, 2).over(items())
    for _ in range(10):
        next(results)
    assert taken < 1000
    results.close()
    assert multiprocessing.active_children() == []


def test_there_is_a_core() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


SCRIPT = """
import multiprocessing, sys
from tests.test_workers import squares, lost
from kina_audit.base.workers import Spread
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    for n, result in enumerate(Spread(squares, -1, lost, 2).over(range(int(sys.argv[2])))):
        if n == 20:
            print(*[p.pid for p in multiprocessing.active_children()], flush=True)
    print("sum", result)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_platforms_way_to_start_processes(method: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), method, "100"],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sum 9801"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nobody_is_left_when_the_first_process_ends(number: int, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), "fork", "1000000"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with running:
        assert running.stdout is not None
        workers = [int(p) for p in running.stdout.readline().split()]
        assert len(workers) == 2
        running.send_signal(number)
    for _ in range(200):
        left = [p for p in workers if alive(p)]
        if not left:
            break
        time.sleep(0.05)
    assert left == []


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
