"""What the server refused to clients, and how often."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TypeAlias


class Refusal(StrEnum):
    """Why something was refused."""

    CIRCUIT = "circuit"
    """A connection for which there was no place."""

    SILENT = "silent"
    """A circuit that said nothing at first, or for long without having a channel."""

    MALFORMED = "malformed"
    """A circuit that broke the protocol."""

    OVERSIZED = "oversized"
    """A circuit with a request that was too large."""

    STUCK = "stuck"
    """A circuit that did not take what was sent."""

    CHANNEL = "channel"
    """A channel beyond those that one circuit may have."""

    SUBSCRIPTION = "subscription"
    """A monitor beyond those that one circuit may have."""

    SEARCH = "search"
    """A datagram of searches that came too fast or was too long."""


Refusals: TypeAlias = Counter[Refusal]
"""How often each was refused since the gateway was started; what never happened counts 0."""
