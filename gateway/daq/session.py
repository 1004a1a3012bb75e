"""One task on one device: what `record`, `record_polled` and `play` run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Self

import numpy as np
from anyio import CancelScope

from gateway.daq.back_end import BackEnd, Capabilities, Commitment
from gateway.daq.block import SensorStatus
from gateway.daq.capability_check import check_capabilities
from gateway.daq.decoding import Decoder
from gateway.daq.errors import DaqConfirmationRequiredError, DaqTaskStateError, DaqValidationError
from gateway.daq.lifecycle import Lifecycle, SubsystemState
from gateway.daq.output_gate import OutputGate, at_converter
from gateway.daq.reading import DaqReading
from gateway.daq.task import DataFlow, TaskSpec
from gateway.model.stamp import Clock
from gateway.streaming.arguments import positive
from gateway.streaming.clock import SystemClock


async def open_device(
    task: TaskSpec,
    *,
    back_end: BackEnd,
    device: str = "",
    autostart: bool = True,
    confirm_start: bool = False,
    timeout: float = 10.0,
    clock: Clock | None = None,
) -> DaqSession:
    """Take a device for a task.

    ```
    async with await open_device(task, back_end=SimulatedBackEnd(), autostart=False) as session:
        async with record(session) as recording:
            ...
    ```

    Args:
        task: What it shall do.
        back_end: The device.
        device: Name in payloads and errors; by default the task's board or name.
        autostart: Make single values ready at once. With a hardware clock the start belongs to `record` and `play`,
            so it must be False.
        confirm_start: Allow `autostart` of outputs that need confirmation.
        timeout: Seconds that each call into the driver may take.
        clock: Time; by default the machine's.

    Raises:
        DaqCapabilityError: The device cannot do it.
        DaqTaskStateError: `autostart` of a task with a hardware clock.
        DaqConfirmationRequiredError: `autostart` of outputs that need confirmation, without it.
        DaqError: The driver refuses it.
    """
    session = DaqSession(task, back_end, device=device, timeout=timeout, clock=clock)
    if autostart:
        if task.data_flow is not DataFlow.SINGLE_VALUE:
            raise DaqTaskStateError(
                f"a {task.data_flow} task cannot start by itself", where=session.device, hint="give autostart=False"
            )
        unconfirmed = [channel.name for channel in task.outputs if channel.requires_confirm]
        if unconfirmed and not confirm_start:
            raise DaqConfirmationRequiredError(
                f"outputs {', '.join(unconfirmed)} need confirmation", where=session.device, hint="give confirm_start"
            )
        await session.start()
    return session


class DaqSession:
    """A device that is taken for one task; see `open_device`. Async context manager that closes it.

    Attributes:
        task: What it does.
        device: Its name.
        clock: Time.
        lifecycle: Its calls; for this layer alone.
    """

    def __init__(
        self, task: TaskSpec, back_end: BackEnd, *, device: str = "", timeout: float = 10.0, clock: Clock | None = None
    ) -> None:
        check_capabilities(task, back_end.capabilities)
        self.task = task
        self.device = device or task.board or task.name
        self.clock: Clock = SystemClock() if clock is None else clock
        self.lifecycle = Lifecycle(back_end, task, device=self.device, timeout=positive("timeout", timeout))
        self._commitment: Commitment | None = None
        self._claimed = False
        self._closed = False

    @property
    def state(self) -> SubsystemState:
        """What the subsystem is doing."""
        return self.lifecycle.state

    @property
    def capabilities(self) -> Capabilities:
        """What the device can do."""
        return self.lifecycle.back_end.capabilities

    def is_running(self) -> bool:
        """Whether the device's clock runs; False again as soon as a finite acquisition or a playback has ended."""
        return self.state is SubsystemState.RUNNING

    async def start(self) -> None:
        """Make single values ready. Repeatable.

        Raises:
            DaqTaskStateError: The task has a hardware clock.
            DaqError: The driver refuses it.
        """
        self._require_single_value()
        if self._commitment is None:
            self._commitment = await self.lifecycle.commit()

    async def poll(self) -> DaqReading:
        """One value per channel, now.

        Raises:
            DaqTaskStateError: The task has a hardware clock, or only outputs.
            DaqError: The device cannot be read.
        """
        if self.task.is_output:
            raise DaqTaskStateError("outputs cannot be read", where=self.device)
        await self.start()
        assert self._commitment is not None  # noqa: S101 - by start
        decoder = Decoder(self.task.inputs, self._commitment.encoding)
        asked = self.clock.stamp()
        scan = await self.lifecycle.call(self.lifecycle.back_end.read_values)
        answered = self.clock.stamp()
        decoded = decoder.decode(np.asarray(scan).reshape(1, len(self.task.channels)))
        latency_ns = answered.monotonic_ns - asked.monotonic_ns
        return DaqReading(
            device=self.device,
            task=self.task.name,
            values=dict(zip(decoder.names, decoded.data[:, 0].tolist(), strict=True)),
            units=decoder.units,
            requested_at=asked.utc,
            received_at=answered.utc,
            t_utc=asked.utc + timedelta(microseconds=latency_ns // 2000),
            t_mono_ns=asked.monotonic_ns,
            t_midpoint_mono_ns=asked.monotonic_ns + latency_ns // 2,
            latency_s=latency_ns / 1e9,
            sensor_status={name: SensorStatus(int(one[0])) for name, one in decoded.sensor_status.items()},
            metadata=self.task.metadata,
        )

    async def write(self, values: Mapping[str, float], *, confirm: bool = False) -> None:
        """Put out one value per channel; all of them are checked before the device is asked for any.

        Raises:
            DaqTaskStateError: The task has a hardware clock, or inputs.
            DaqValidationError: A channel is missing or unknown, or a value is not finite or out of range.
            DaqConfirmationRequiredError: Confirmation is needed.
            DaqError: The device refuses it.
        """
        if not self.task.is_output:
            raise DaqTaskStateError("inputs cannot be written", where=self.device)
        self._require_single_value()
        names = [channel.name for channel in self.task.channels]
        if set(values) != set(names):
            raise DaqValidationError(f"values are needed for {', '.join(names)}", where=self.device)
        scan = np.array([[float(values[name])] for name in names])
        OutputGate(self.task.outputs, confirm=confirm).check(scan)
        await self.start()
        assert self._commitment is not None  # noqa: S101 - by start
        codes = at_converter(scan, self.task.outputs, self._commitment.encoding)[0]
        await self.lifecycle.call(self.lifecycle.back_end.write_values, codes)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the session for one run.

        Raises:
            DaqTaskStateError: It is closed, or another run holds it.
        """
        if self._closed or self._claimed:
            what = "is closed" if self._closed else "already runs"
            raise DaqTaskStateError(f"the session {what}", where=self.device)
        self._claimed = True
        try:
            yield
        finally:
            self._claimed = False

    async def aclose(self) -> None:
        """Give the device back, also when cancelled. Repeatable."""
        if self._closed:
            return
        self._closed = True
        with CancelScope(shield=True):
            await self.lifecycle.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _require_single_value(self) -> None:
        if self.task.data_flow is not DataFlow.SINGLE_VALUE:
            raise DaqTaskStateError(f"the task is {self.task.data_flow}, not single_value", where=self.device)
        if self._closed:
            raise DaqTaskStateError("the session is closed", where=self.device)
