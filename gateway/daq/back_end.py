"""The one door to a device: what every back end can be asked, in which order and from which thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from gateway.daq.buffer import Buffer
from gateway.daq.encoding import Encoding
from gateway.daq.messages import Post
from gateway.daq.task import TaskSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a device can do, known without asking it.

    A task that asks for more is refused with DaqCapabilityError before any other call.

    Attributes:
        continuous_input: Hardware-clocked input, CONTINUOUS and FINITE.
        continuous_output: Hardware-clocked output.
        single_value_input: `read_values`.
        single_value_output: `write_values`, for single values and for the safe values at the end of a playback.
        wrap_single: Output: replays its buffers for ever by itself.
        mute: `mute` takes the output to zero at once.
        external_clock: Scan clock from outside.
        triggers: Types of `gateway.daq.timing.Trigger` beside SoftwareStart.
        max_aggregate_rate_hz: Fastest converter rate, scan rate times channels; None for unknown.
    """

    continuous_input: bool = False
    continuous_output: bool = False
    single_value_input: bool = False
    single_value_output: bool = False
    wrap_single: bool = False
    mute: bool = False
    external_clock: bool = False
    triggers: frozenset[type] = frozenset()
    max_aggregate_rate_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Commitment:
    """What the device made of a task.

    Attributes:
        rate_hz: Scans per second that the device says it will make; None for single values.
        encoding: Of the samples in the buffers, and of single values.
    """

    rate_hz: float | None = None
    encoding: Encoding = field(default_factory=Encoding)


class BackEnd(Protocol):
    """One subsystem of one device. `Lifecycle` is the only caller.

    Order of calls, input and output alike:

        commit -> register -> queue (every buffer) -> arm -> start
               -> ... messages; `queue` for each buffer that can be used again ...
               -> [mute] -> stop -> unregister -> flush

    and then from commit again, or `close`. For single values: commit, then `read_values` or `write_values` at will.
    After a failed call the same take-down follows from `stop` on, so `stop`, `unregister` and `flush` must be safe in
    every state. No buffer is queued before an output buffer's samples are in it.

    Threads: all methods but `queue` may block and are called one at a time, each in some thread. `queue` is
    also called on the event loop while the device runs and must return at once. Messages may be posted from any
    thread, also before `start` returns; after `unregister` returns none may be posted. Between the two a back end
    writes a buffer only after `queue` gave it the buffer, and not after it has posted it.

    Errors: methods raise kinds of `DaqError`; `DaqDeviceRemovedError` when the device is gone. What a device's own
    thread notices is posted as a message instead. Anything else that is raised counts as a fault of the driver and
    becomes a DaqDeviceError.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the device can do."""
        ...

    def commit(self, task: TaskSpec) -> Commitment:
        """Take the device and configure it; nothing runs yet.

        Raises:
            DaqCapabilityError: The device cannot do it.
            DaqDependencyError: A library or driver is missing; the hint says what to install.
        """
        ...

    def register(self, post: Post) -> None:
        """From now on tell `post` what happens."""
        ...

    def queue(self, buffer: Buffer) -> None:
        """Give a buffer to the device: to be filled, or with `buffer.valid` samples to be put out."""
        ...

    def arm(self) -> None:
        """Second configuration, after which only the start or the trigger is waited for."""
        ...

    def start(self) -> None:
        """Start the scan clock, or wait for the trigger."""
        ...

    def mute(self) -> None:
        """Take all outputs to zero at once; only called with `Capabilities.mute`."""
        ...

    def stop(self) -> None:
        """Stop the scan clock. An output holds its last value."""
        ...

    def unregister(self) -> None:
        """End the messages; on return none is under way."""
        ...

    def flush(self) -> Sequence[Buffer]:
        """Give back every buffer that the device still has."""
        ...

    def read_values(self) -> NDArray[Any]:
        """One scan: one number per channel, encoded as the commitment says. NaN where a sensor is open."""
        ...

    def write_values(self, values: NDArray[Any]) -> None:
        """Put out one encoded number per channel and hold it; also called after `stop`, for the safe values."""
        ...

    def close(self) -> None:
        """Give the device back. Repeatable; nothing else is called afterwards but `close`."""
        ...
