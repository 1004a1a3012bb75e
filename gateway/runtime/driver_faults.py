"""Program faults of a driver: logged with their traceback, once per kind, while acquisition goes on."""

from __future__ import annotations

import logging

from gateway.errors import ProtocolError

_MOST_KINDS = 100


class DriverFaults:
    """What has gone wrong in the driver of one analyser so far.

    Args:
        device: Name of the analyser.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._seen: set[str] = set()
        self._log = logging.getLogger(f"gateway.analyser.{device}")

    def reported(self, error: Exception) -> ProtocolError:
        """Log a fault unless one of its kind has been logged; what the analyser shows is a failed read."""
        kind = f"{type(error).__name__}: {error}"
        if len(self._seen) < _MOST_KINDS and kind not in self._seen:
            self._seen.add(kind)
            self._log.error("%s: fault of the driver", self._device, exc_info=error)
        return ProtocolError(f"fault of the driver: {kind}", where=self._device, hint="report it")
