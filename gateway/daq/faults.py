"""Which error a message of the device stands for."""

from __future__ import annotations

from gateway.daq.errors import (
    DaqBufferOverrunError,
    DaqDeviceError,
    DaqDeviceRemovedError,
    DaqError,
    DaqStalledError,
    DaqTriggerError,
    DaqUnderrunError,
)
from gateway.daq.messages import Message, MessageKind
from gateway.daq.summary import AcquisitionSummary

_FAULTS: dict[MessageKind, tuple[type[DaqError], str, str]] = {
    MessageKind.OVERRUN: (
        DaqBufferOverrunError,
        "samples were lost: no buffer was free",
        "give more or larger buffers",
    ),
    MessageKind.BUFFER_REUSED: (
        DaqBufferOverrunError,
        "samples were overwritten unread",
        "give more or larger buffers",
    ),
    MessageKind.UNDERRUN: (DaqUnderrunError, "the output ran out of samples", "give more buffers or a faster source"),
    MessageKind.TRIGGER_ERROR: (DaqTriggerError, "the trigger failed", "look at the trigger's signal"),
    MessageKind.EVENT_ERROR: (DaqDeviceError, "the device reports a fault", ""),
    MessageKind.DEVICE_REMOVED: (DaqDeviceRemovedError, "the device is gone", "look at its cable and power"),
    MessageKind.STALLED: (DaqStalledError, "no block has come for too long", "look at its clock, trigger and cable"),
}

ENDS = frozenset({MessageKind.QUEUE_DONE, MessageKind.QUEUE_STOPPED, MessageKind.IO_COMPLETE})
"""Messages after which no buffer comes."""

LOSSES = frozenset({MessageKind.OVERRUN, MessageKind.BUFFER_REUSED})
"""Messages that say that samples are missing."""


def fault(message: Message, device: str) -> DaqError | None:
    """The error that a message stands for; None for those that are none."""
    if message.kind not in _FAULTS:
        return None
    kind, what, hint = _FAULTS[message.kind]
    if message.kind in LOSSES and message.lost:
        what += f" ({message.lost} per channel)"
    if message.detail:
        what += f": {message.detail}"
    return kind(what, where=device, hint=hint)


def count_fault(message: Message, summary: AcquisitionSummary) -> None:
    """Count the message by its cause."""
    summary.errors_observed += message.count
    if message.kind is MessageKind.OVERRUN:
        summary.overruns_observed += message.count
    elif message.kind is MessageKind.UNDERRUN:
        summary.underruns_observed += message.count
    else:
        summary.count(message.kind.replace(" ", "_"), message.count)
