"""What is done about an error while samples flow; what is done with a full stream is streaming's OverflowPolicy."""

from __future__ import annotations

from enum import StrEnum


class ErrorPolicy(StrEnum):
    """What an error of the device does to an acquisition or a playback.

    A device that is gone, a driver that can no longer be called, and an output value that the gate refuses end it
    under every policy.
    """

    RAISE = "raise"
    """The body is cancelled, and the error leaves the context bare. Its `__cause__` is the body's own error, if any."""

    RETURN = "return"
    """A payload with `error` and without values takes the place of the missing one; acquisition goes on."""

    SKIP = "skip"
    """The error is counted; acquisition goes on."""
