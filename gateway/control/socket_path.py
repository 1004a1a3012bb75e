"""Where a running gateway can be asked."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


def control_path(site: str) -> Path:
    """The socket of the gateway of one site: in the user's run-time folder, else in a private temporary one."""
    return next(_paths(site))


def running_path(site: str) -> Path:
    """Where the running gateway of one site has its socket.

    A service and a login shell of the same user differ in whether they have a run-time folder, so both places are
    looked at; `control_path` if there is none.
    """
    return next((path for path in _paths(site) if path.exists()), control_path(site))


def _paths(site: str) -> Iterator[Path]:
    name = f"{site}.sock"
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "analyser-gateway" / name
    owner = "" if sys.platform == "win32" else f"-{os.getuid()}"
    yield Path(tempfile.gettempdir()) / f"analyser-gateway{owner}" / name
