"""`python -m gateway` and the command `analyser-gateway`."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from gateway.cli.command import run_command


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _end)  # the kernel ignores it for process 1 of a container that does not handle it
    sys.exit(run_command(sys.argv[1:]))


if __name__ == "__main__":
    main()
