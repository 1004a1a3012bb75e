"""What a device says while it runs. The kinds are those of DT-Open Layers; other drivers have fewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.daq.buffer import Buffer


class MessageKind(StrEnum):
    """What has happened."""

    BUFFER_DONE = "buffer done"
    """Input: the buffer is filled. Output: it has been put out. `valid` may be less than its length, or 0."""

    QUEUE_DONE = "queue done"
    """No buffer is left and none is needed: a finite input, or an output after its last buffer."""

    QUEUE_STOPPED = "queue stopped"
    IO_COMPLETE = "I/O complete"

    OVERRUN = "overrun"
    """Samples were lost before the next buffer, because no buffer was queued; `lost` says how many, if known."""

    BUFFER_REUSED = "buffer reused"
    """The device has overwritten a buffer that nobody had read: samples are lost, `lost` as above."""

    UNDERRUN = "underrun"
    """Output: no buffer was queued when one was needed."""

    TRIGGER_ERROR = "trigger error"
    EVENT_ERROR = "event error"
    """Any other fault of the device while it runs."""

    DEVICE_REMOVED = "device removed"

    STALLED = "stalled"
    """No block for too long. Posted by the watchdog; back ends do not post it."""

    PRETRIGGER_DONE = "pre-trigger done"
    EVENT_DONE = "event done"
    MEASURE_DONE = "measure done"


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        kind: What has happened.
        monotonic_ns: When, on the clock of `time.monotonic_ns`. For BUFFER_DONE of an input: when the **last** sample
            of the buffer was taken, as near as the driver knows.
        buffer: The buffer it is about: with BUFFER_DONE and nothing else; the device no longer has it.
        lost: Samples per channel that were lost, None where the device does not know.
        detail: What else the driver says, for people.
        count: Messages of this kind that this one stands for.
    """

    kind: MessageKind
    monotonic_ns: int
    buffer: Buffer | None = None
    lost: int | None = None
    detail: str = ""
    count: int = 1


Post = Callable[[Message], None]
"""Takes a message from any thread, a real-time one included: it appends to a queue and returns. Never raises."""
