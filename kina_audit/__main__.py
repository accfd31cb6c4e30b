"""Run the command line: ``python -m kina_audit`` and the ``kina-audit`` script."""

import atexit
import gc
import os
import sys
from _thread import RLock
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn


def run() -> None:
    """Run the command line with the process's arguments and exit with its status."""
    # Importing makes many objects and no garbage: at the default threshold, looking for some is 5% of a short run.
    gc.set_threshold(200_000, 20, 20)
    # click imports it for texts that few runs show, and it takes a tenth of a start.
    _put_off("inspect")
    from kina_audit.cli import main

    _leave(main(sys.argv[1:]))


def _leave(status: int) -> NoReturn:
    """End the process without taking apart all that it made, which is a twentieth of a run; if nothing else goes on in it."""
    threads = sys.modules.get("threading")
    if (threads is None or threads.active_count() == 1) and not _is_watched():
        from kina_audit.cli import terminal

        atexit._run_exitfuncs()
        if terminal.flushed():
            os._exit(status)
    sys.exit(status)


def _is_watched() -> bool:
    """Whether a profiler, a tracer or an interactive session has something to do behind this program's end."""
    tools = getattr(sys, "monitoring", None)  # since Python 3.12
    if tools is not None and any(tools.get_tool(number) for number in range(6)):
        return True
    return bool(sys.getprofile() or sys.gettrace() or sys.flags.interactive or sys.flags.inspect)


class _PutOff(ModuleType):
    """A module that is executed when something of it is first used; `importlib.util.LazyLoader`'s is when it is imported."""

    def __init__(self, name: str, loader: Any) -> None:
        super().__init__(name)
        self._loader, self._lock, self._begun = loader, RLock(), False

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if not self._begun:
                self._begun = True
                self._loader.exec_module(self)
        try:
            return vars(self)[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None


def _put_off(name: str) -> None:
    spec = find_spec(name) if name not in sys.modules else None
    if spec is not None:
        sys.modules[name] = module = _PutOff(name, spec.loader)
        module.__spec__, module.__file__, module.__loader__ = spec, spec.origin, spec.loader


if __name__ == "__main__":
    run()
