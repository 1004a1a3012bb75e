"""Where a running gateway can be asked."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def control_path(site: str) -> Path:
    """The socket of the gateway of one site: in the user's run-time folder, else in a private temporary one."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime or sys.platform == "win32":
        return Path(runtime or tempfile.gettempdir()) / "analyser-gateway" / f"{site}.sock"
    return Path(tempfile.gettempdir()) / f"analyser-gateway-{os.getuid()}" / f"{site}.sock"
