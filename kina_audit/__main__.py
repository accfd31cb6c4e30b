"""Run the command line: ``python -m kina_audit`` and the ``kina-audit`` script."""

import atexit
import gc
import sys


def run() -> None:
    """Run the command line with the process's arguments and exit with its status."""
    # Importing makes many objects and no garbage: at the default threshold, looking for some is 5% of a short run.
    gc.set_threshold(200_000, 20, 20)
    # The same at the end: the interpreter's last collections leave out what is frozen.
    atexit.register(gc.freeze)
    from kina_audit.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
