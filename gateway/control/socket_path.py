"""Where a running gateway can be asked."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def control_path(site: str) -> Path:
    """The socket of the gateway of one site: in the user's run-time folder, else in a private temporary one."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) if runtime else Path(tempfile.gettempdir())
    owner = "analyser-gateway" if runtime else f"analyser-gateway-{os.getuid()}"
    return folder / owner / f"{site}.sock"
