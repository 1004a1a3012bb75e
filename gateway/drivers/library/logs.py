"""How much libraries may log, those that they stand on included."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

from gateway.drivers.library.settings import LogLevel


def quieten(package: str, level: LogLevel) -> None:
    """Set the least level of a package and of what its distribution requires: they tell of each read that fails."""
    for name in (package, *_required(package)):
        logging.getLogger(name).setLevel(level.upper())


def _required(package: str) -> Iterator[str]:
    try:
        requirements = requires(package) or ()
    except PackageNotFoundError:
        return
    for requirement in requirements:
        yield re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].replace("-", "_")
