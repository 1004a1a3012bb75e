"""The version of asyncua whose insides we know.

We override methods of asyncua and use what it has not promised to keep. With another version all of it may still work,
but nobody has tried.
"""

from __future__ import annotations

import logging
from importlib.metadata import version

TESTED = "2.1.0"
"""The overrides are tested against this very version."""

_LOG = logging.getLogger("gateway.adapters.opcua")
_reported: set[str] = set()


def report_untested_engine() -> None:
    """Log one warning if another version of asyncua is installed; once per process."""
    installed = version("asyncua")
    if installed != TESTED and installed not in _reported:
        _reported.add(installed)
        _LOG.warning(
            "asyncua %s is installed, but the OPC UA server is tested with asyncua %s: install that version",
            installed,
            TESTED,
        )
