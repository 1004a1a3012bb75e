"""Packages from npm for tests, installed once even when several test processes want them at the same moment."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path


def install(npm: str, folder: Path) -> None:
    """Install what the lock file of a folder says, unless it is there."""
    with (folder / "package.json").open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not (folder / "node_modules").is_dir():
            subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=110
            )
