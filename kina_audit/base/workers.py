"""Work spread over processes: results in order, bounded memory, and a process that dies costs one item, not the run.

`multiprocessing.Pool` waits for ever for what a killed worker had; here each worker has a pipe of its own, so that its
death is seen at once and it is known what it was at.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from kina_audit.base.datatype import datatype

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Setting = TypeVar("Setting")
Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_WORKERS = 256
_SINGLY = 64
"""So many items go out one by one, so that a few slow ones are not done by one worker."""
_BUNCH = 16
_AHEAD = 8
"""Bunches a worker that may be out while an earlier one is still being worked on."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@datatype(frozen=False)
class _Worker:
    process: "BaseProcess"
    pipe: "Connection"
    number: int = -1
    """The bunch it is at; -1: it waits."""


class Spread(Generic[Setting, Item, Result]):
    """A function over items, on several processes.

    Args:
        make: called once a process with ``setting``; gives the function of an item. Both must be picklable.
        setting: for ``make``.
        lost: what stands for an item whose process died of it.
        processes: how many.
    """

    def __init__(
        self,
        make: Callable[[Setting], Callable[[Item], Result]],
        setting: Setting,
        lost: Callable[[Item], Result],
        processes: int,
    ) -> None:
        self._make, self._setting, self._lost = make, setting, lost
        self._processes = min(processes, MOST_WORKERS)
        self._workers: list[_Worker] = []
        self._out: dict[int, list[Item]] = {}

    def over(self, items: Iterable[Item]) -> Iterator[Result]:
        """The results, in the order of the items, each as soon as those before it are there.

        Where not one process can be started, this one does the work.

        Raises:
            Exception: what the function raised.
        """
        items = iter(items)
        try:
            self._hire()
        except OSError:
            yield from map(self._make(self._setting), items)
            return
        bunches = enumerate(_bunched(items))
        done: dict[int, list[Result]] = {}
        following, exhausted = 0, False
        try:
            while True:
                while following in done:
                    del self._out[following]
                    yield from done.pop(following)
                    following += 1
                for worker in self._idle():
                    if not exhausted and len(self._out) < self._processes * _AHEAD:
                        number, bunch = next(bunches, (-1, []))
                        exhausted = number < 0
                        if not exhausted:
                            self._out[number] = bunch
                            self._send(worker, number)
                if not self._out:
                    return
                for worker in self._ready():
                    try:
                        answer = worker.pipe.recv()
                    except (EOFError, OSError):
                        done[worker.number] = self._one_by_one(worker)
                        continue
                    if isinstance(answer, Exception):
                        raise answer
                    done[worker.number] = answer
                    worker.number = -1
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()
                worker.pipe.close()
            self._workers.clear()

    def _idle(self) -> Iterator[_Worker]:
        yield from [w for w in self._workers if w.number < 0]
        while len(self._workers) < self._processes:
            try:
                worker = self._hire()
            except OSError:
                if not self._workers:
                    raise
                # No more processes or open files than these: they do the work.
                self._processes = len(self._workers)
                return
            yield worker

    def _ready(self) -> list[_Worker]:
        from multiprocessing.connection import wait

        pipes = {w.pipe: w for w in self._workers if w.number >= 0}
        return [pipes[p] for p in wait(list(pipes)) if p in pipes]

    def _hire(self) -> _Worker:
        from multiprocessing import Pipe, Process

        ours, theirs = Pipe()
        try:
            process = Process(target=_work, args=(theirs, self._make, self._setting), daemon=True)
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _send(self, worker: _Worker, number: int) -> None:
        worker.number = number
        # A worker that died while it waited is found out when its answer is read.
        with suppress(OSError):
            worker.pipe.send(self._out[number])

    def _one_by_one(self, dead: _Worker) -> list[Result]:
        """The results of a bunch whose worker died, from workers that are at one item only."""
        self._dismiss(dead)
        found = []
        for item in self._out[dead.number]:
            try:
                worker = self._hire()
            except OSError:
                found.append(self._lost(item))
                continue
            try:
                worker.pipe.send([item])
                answer = worker.pipe.recv()
            except (EOFError, OSError):
                answer = [self._lost(item)]
            self._dismiss(worker)
            if isinstance(answer, Exception):
                raise answer
            found += answer
        return found

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()


def _bunched(items: Iterator[Item]) -> Iterator[list[Item]]:
    for item in islice(items, _SINGLY):
        yield [item]
    while bunch := list(islice(items, _BUNCH)):
        yield bunch


def _work(pipe: "Connection", make: Callable[[Setting], Callable[[Item], Result]], setting: Setting) -> None:
    """A worker's life: bunches in, results out, until the first process is gone."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    # An interrupt from the keyboard reaches every process; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = parent_process()
    assert first is not None
    try:
        function = make(setting)
        # The pipe alone does not tell: with fork, workers hold each other's ends, and their own.
        while pipe in wait([pipe, first.sentinel]):
            bunch = pipe.recv()
            try:
                answer: object = [function(item) for item in bunch]
            except Exception as error:  # noqa: BLE001  (raised again in the first process)
                answer = error
            pipe.send(answer)
    except (EOFError, OSError):
        return
