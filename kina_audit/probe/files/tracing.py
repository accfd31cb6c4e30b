"""What a private tracefs offers: probes, tracers, tracepoints."""

from collections.abc import Callable

from kina_audit.probe import libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside


def _in_tracefs(path: str, wanted: str = "") -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        place = bench.folder("tracing")
        bench.doing("mount tracefs")
        try:
            libc.mount("tracefs", str(place), "tracefs")
        except OSError as error:
            raise MissingError(f"no tracefs: {error.strerror}") from error
        bench.doing(f"look for {path} in tracefs")
        found = (place / path).exists()
        has = not wanted or (found and wanted in (place / path).read_text(encoding="ascii").split())
        libc.unmount(str(place))
        if not found or not has:
            raise RefusedError("it is not there" if not found else f"{wanted} is not among them")

    return run


for _name, _symbol, _path, _wanted in (
    ("tracefs_kprobe_events", "KPROBE_EVENTS", "kprobe_events", ""),
    ("tracefs_uprobe_events", "UPROBE_EVENTS", "uprobe_events", ""),
    ("ftrace_function", "FUNCTION_TRACER", "available_tracers", "function"),
    ("ftrace_dynamic", "DYNAMIC_FTRACE", "available_filter_functions", ""),
    ("tracepoint_syscalls", "FTRACE_SYSCALLS", "events/syscalls", ""),
    ("tracepoint_sched", "TRACEPOINTS", "events/sched/sched_switch", ""),
):
    outside(_name, _symbol, f"reads {_path} of a private tracefs")(_in_tracefs(_path, _wanted))
