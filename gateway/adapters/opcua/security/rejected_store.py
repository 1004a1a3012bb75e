"""Certificates that were turned away, kept so that an administrator can trust them."""

from __future__ import annotations

import logging
from pathlib import Path

from cryptography import x509

from gateway.adapters.opcua.security.pki_folders import file_name, keep_certificate
from gateway.model.line_budget import LineBudget
from gateway.model.stamp import Clock
from gateway.streaming.clock import SystemClock

MOST_KEPT = 50
"""Certificates in the folder; the newest stay."""

BURST, PER_S = 20, 0.2
"""New ones kept at once, and in the long run: who makes certificates faster takes neither disk nor time from others."""

_LOG = logging.getLogger("gateway.adapters.opcua")


class RejectedStore:
    """A folder of bounded size.

    Args:
        folder: Where the certificates go.
        clock: Time; by default the machine's.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._new = LineBudget(BURST, PER_S, SystemClock() if clock is None else clock)
        self._writable = True

    def keep(self, certificate: x509.Certificate) -> Path | None:
        """Keep one unless it is there already; returns its file, None when it could not be kept."""
        path = self._folder / file_name(certificate)
        try:
            if path.exists():
                return path
            if not self._new.take():
                return None
            self._make_room()
            keep_certificate(certificate, self._folder, durable=False)
        except OSError as error:
            if self._writable:
                _LOG.warning("rejected certificates cannot be kept in %s: %s", self._folder, error)
            self._writable = False
            return None
        self._writable = True
        return path

    def _make_room(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        for file in files[: max(0, len(files) - MOST_KEPT + 1)]:
            file.unlink(missing_ok=True)
