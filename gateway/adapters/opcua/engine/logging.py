"""asyncua logs every client that vanishes or sends nonsense, with tracebacks; that is no news to an operator."""

from __future__ import annotations

import logging

_ENGINE = "asyncua"


def quieten_engine() -> None:
    """Keep asyncua silent below CRITICAL, unless somebody has chosen a level for its logger to look inside."""
    logger = logging.getLogger(_ENGINE)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
