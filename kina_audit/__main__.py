"""Run the command line: ``python -m kina_audit`` and the ``kina-audit`` script."""

import sys


def run() -> None:
    """Run the command line with the process's arguments and exit with its status."""
    from kina_audit.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
