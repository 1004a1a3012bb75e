"""The back end `simulated`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.call_order import CallOrder
from gateway.daq.back_ends.simulated.fault import Fault, FaultPlan
from gateway.daq.back_ends.simulated.input_clock import InputClock
from gateway.daq.back_ends.simulated.output_clock import OutputClock
from gateway.daq.back_ends.simulated.signals import ENCODING, Signal, counter
from gateway.daq.back_ends.thread_clock import SystemThreadClock, ThreadClock
from gateway.daq.buffer import Buffer
from gateway.daq.errors import DaqDeviceRemovedError, DaqTaskStateError
from gateway.daq.messages import Post
from gateway.daq.task import TaskSpec

CAPABILITIES = Capabilities(
    continuous_input=True,
    continuous_output=True,
    single_value_input=True,
    single_value_output=True,
    wrap_single=True,
    mute=True,
)


class SimulatedDevice:
    """A BackEnd with a 16-bit converter of -10 V to +10 V for inputs and outputs. Refuses calls that are out of order.

    Args:
        signal: What the inputs see.
        faults: Block number since the start to what goes wrong with it.
        ppm: By how much the scan clock is too fast, in parts per million.
        clock: Time of the scan clock; by default the machine's.
        put_out: Shown the codes of each buffer when it has been put out; called in the device's thread.
        capabilities: What the device admits to.

    Attributes:
        terminals: Codes that the outputs hold, one per channel; empty before the first output.
    """

    def __init__(
        self,
        *,
        signal: Signal = counter,
        faults: Mapping[int, Fault] | None = None,
        ppm: float = 0.0,
        clock: ThreadClock | None = None,
        put_out: Callable[[NDArray[Any]], None] | None = None,
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        self.terminals: NDArray[Any] = np.empty(0, ENCODING.dtype)
        self._capabilities = capabilities
        self._signal = signal
        self._faults = FaultPlan(faults or {})
        self._speed = 1 + ppm * 1e-6
        self._clock: ThreadClock = SystemThreadClock() if clock is None else clock
        self._shown = put_out
        self._order = CallOrder()
        self._task: TaskSpec | None = None
        self._post: Post | None = None
        self._queue: deque[Buffer] = deque()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._running: InputClock | OutputClock | None = None
        self._present = True
        self._scans = 0

    def inject(self, fault: Fault) -> None:
        """Show a fault with the next block; from any thread."""
        self._faults.order(fault)

    def plug_in(self) -> None:
        """Bring a removed device back."""
        self._present = True

    @property
    def capabilities(self) -> Capabilities:
        """What the device can do."""
        return self._capabilities

    def commit(self, task: TaskSpec) -> Commitment:
        """Take the task as it is.

        Raises:
            DaqDeviceRemovedError: The device is away.
            DaqTaskStateError: Out of order, like all the others.
        """
        if not self._present:
            raise DaqDeviceRemovedError("the simulated device is unplugged", where=task.name, hint="plug it in")
        self._order.enter("commit")
        self._task = task
        return Commitment(None if task.timing is None else task.timing.rate_hz, ENCODING)

    def register(self, post: Post) -> None:
        """Tell `post`."""
        self._order.enter("register")
        self._post = post

    def queue(self, buffer: Buffer) -> None:
        """Take a buffer."""
        self._order.enter("queue")
        self._queue.append(buffer)

    def arm(self) -> None:
        """Refuse to go on without buffers."""
        self._order.enter("arm")
        if not self._queue:
            raise DaqTaskStateError("no buffer is queued", where="back end")

    def start(self) -> None:
        """Start the device's thread."""
        self._order.enter("start")
        self._stop.clear()
        self._running = self._scan_clock()
        self._thread = threading.Thread(target=self._running.run, name="simulated DAQ device", daemon=True)
        self._thread.start()

    def mute(self) -> None:
        """Hold 0 V."""
        self._order.enter("mute")
        self.terminals = ENCODING.encode(np.zeros(len(self.terminals)))

    def stop(self) -> None:
        """End the device's thread."""
        self._order.enter("stop")
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._running is not None:
            self._present = self._present and not self._running.removed
            self._running = None

    def unregister(self) -> None:
        """Say nothing more."""
        self._order.enter("unregister")
        self._post = None

    def flush(self) -> Sequence[Buffer]:
        """Give back what is queued."""
        self._order.enter("flush")
        buffers = tuple(self._queue)
        self._queue.clear()
        return buffers

    def read_values(self) -> NDArray[Any]:
        """The next scan of the signal.

        Raises:
            DaqDeviceRemovedError: The device is away.
        """
        self._order.enter("read_values")
        task = self._committed()
        self._scans += 1
        scan: NDArray[Any] = self._signal(self._scans - 1, 1, len(task.channels), 1.0)[0]
        return scan

    def write_values(self, values: NDArray[Any]) -> None:
        """Hold the values.

        Raises:
            DaqDeviceRemovedError: The device is away.
        """
        self._order.enter("write_values")
        self._committed()
        self.terminals = values.copy()

    def close(self) -> None:
        """End everything."""
        self._order.enter("close")
        self._stop.set()

    def _committed(self) -> TaskSpec:
        if not self._present:
            raise DaqDeviceRemovedError("the simulated device is unplugged", where="back end", hint="plug it in")
        if self._task is None:
            raise DaqTaskStateError("no task is committed", where="back end")
        return self._task

    def _scan_clock(self) -> InputClock | OutputClock:
        task = self._committed()
        if task.timing is None or task.buffers is None or self._post is None:
            raise DaqTaskStateError(f"a {task.data_flow} task has no scan clock", where="back end")
        true_rate_hz = task.timing.rate_hz * self._speed
        if task.is_output:
            return OutputClock(
                task.buffers,
                true_rate_hz=true_rate_hz,
                queue=self._queue,
                put_out=self._put_out,
                faults=self._faults,
                clock=self._clock,
                post=self._post,
                stop=self._stop,
            )
        return InputClock(
            task.timing,
            task.buffers,
            len(task.channels),
            signal=self._signal,
            true_rate_hz=true_rate_hz,
            queue=self._queue,
            faults=self._faults,
            clock=self._clock,
            post=self._post,
            stop=self._stop,
        )

    def _put_out(self, codes: NDArray[Any]) -> None:
        self.terminals = codes[-1].copy()
        if self._shown is not None:
            self._shown(codes.copy())
