"""`record_polled`: schedule, policies, one device and several."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.daq import (
    DaqManager,
    DaqReading,
    ErrorPolicy,
    OutputChannel,
    OverflowPolicy,
    TaskSpec,
    open_device,
    record_polled,
)
from gateway.daq.errors import DaqConfirmationRequiredError, DaqDeviceError, DaqTaskStateError
from gateway.testing.virtual_clock import VirtualClock
from tests.daq.scripted_device import ScriptedDevice
from tests.daq.tasks import inputs, output_task

SINGLE = TaskSpec(name="single", channels=inputs(), metadata={"rack": 3})


class PolledScript:
    """Each poll takes the scripted time, or fails after it."""

    device = "script"

    def __init__(self, clock: VirtualClock, script: Callable[[int], float | Exception] = lambda _: 0.0) -> None:
        self._clock = clock
        self._script = script
        self.polled_ms: list[int] = []

    async def poll(self) -> DaqReading:
        asked = self._clock.stamp()
        step = self._script(len(self.polled_ms))
        self.polled_ms.append(round(asked.monotonic_ns / 1e6) - 1000)
        if isinstance(step, Exception):
            raise step
        await self._clock.sleep(step)
        return DaqReading(
            device=self.device,
            task="",
            values={"x": float(len(self.polled_ms))},
            requested_at=asked.utc,
            received_at=asked.utc,
            t_utc=asked.utc,
            t_mono_ns=asked.monotonic_ns,
            t_midpoint_mono_ns=asked.monotonic_ns,
            latency_s=0.0,
        )


async def test_ticks_are_absolute_and_missed_ones_are_counted(clock: VirtualClock) -> None:
    source = PolledScript(clock, lambda number: 0.35 if number == 2 else 0.03)
    async with record_polled(source, rate_hz=10, clock=clock) as recording:
        await clock.sleep(0.95)
    # The third poll, begun at 200 ms, ends at 550 ms: 300 and 400 are missed, 500 is polled at once.
    assert source.polled_ms == [0, 100, 200, 550, 600, 700, 800, 900]
    assert (recording.summary.ticks_late, recording.summary.payloads_produced) == (2, 8)
    assert recording.summary.payloads_dropped == 8, "nobody has read them"


@pytest.mark.parametrize("policy", [ErrorPolicy.RETURN, ErrorPolicy.SKIP])
async def test_errors_are_returned_or_skipped(clock: VirtualClock, policy: ErrorPolicy) -> None:
    source = PolledScript(clock, lambda number: DaqDeviceError("no answer") if number == 1 else 0.0)
    async with record_polled(source, rate_hz=10, error_policy=policy, clock=clock) as recording:
        readings = [await recording.stream.receive() for _ in range(3)]
    assert recording.summary.errors_observed == 1
    if policy is ErrorPolicy.RETURN:
        assert [reading.values.get("x") for reading in readings] == [1.0, None, 3.0]
        assert (readings[1].device, str(readings[1].error)) == ("script", "no answer")
    else:
        assert [reading.values.get("x") for reading in readings] == [1.0, 3.0, 4.0]


async def test_a_fault_of_the_program_ends_it_under_every_policy(clock: VirtualClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with record_polled(
            PolledScript(clock, lambda _: ZeroDivisionError()), rate_hz=10, error_policy=ErrorPolicy.SKIP, clock=clock
        ) as recording:
            await recording.stream.receive()


@pytest.mark.parametrize("arguments", [{"rate_hz": 0}, {"rate_hz": float("nan")}, {"rate_hz": 1, "buffer_size": 0}])
def test_arguments_out_of_range_are_refused_on_the_call(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        record_polled(PolledScript(VirtualClock()), **arguments)  # type: ignore[call-overload]


async def test_a_session_gives_readings_with_times_and_units(clock: VirtualClock) -> None:
    async with await open_device(SINGLE, back_end=ScriptedDevice(clock), device="bench", clock=clock) as session:
        async with record_polled(session, rate_hz=10) as recording:
            reading = await recording.stream.receive()
    assert (reading.device, reading.task, dict(reading.metadata)) == ("bench", "single", {"rack": 3})
    assert set(reading.values) == {"ai0", "ai1"}
    assert reading.requested_at <= reading.t_utc <= reading.received_at
    assert reading.received_at - reading.requested_at == timedelta(seconds=reading.latency_s)


async def test_of_several_devices_one_that_fails_does_not_hide_the_others(clock: VirtualClock) -> None:
    broken = ScriptedDevice(clock)
    async with (
        await open_device(SINGLE, back_end=ScriptedDevice(clock), clock=clock) as good,
        await open_device(SINGLE, back_end=broken, clock=clock) as bad,
    ):
        manager = DaqManager({"good": good, "bad": bad})
        broken.failing["read_values"] = RuntimeError("error code 7")
        async with record_polled(manager, rate_hz=10, error_policy=ErrorPolicy.RETURN, clock=clock) as recording:
            results = await recording.stream.receive()
            assert {name: result.ok for name, result in results.items()} == {"good": True, "bad": False}
        async with record_polled(manager, rate_hz=10, error_policy=ErrorPolicy.SKIP, clock=clock) as recording:
            assert list(await recording.stream.receive()) == ["good"]
        with pytest.raises(DaqDeviceError, match="error code 7"):
            async with record_polled(manager, rate_hz=10, clock=clock) as recording:
                await anyio.sleep_forever()
    with pytest.raises(DaqTaskStateError):
        DaqManager({})


async def test_a_fault_of_the_program_in_one_of_several_devices_is_bare(clock: VirtualClock) -> None:
    async with await open_device(SINGLE, back_end=ScriptedDevice(clock), clock=clock) as session:
        script = PolledScript(clock, lambda _: ZeroDivisionError())
        manager = DaqManager({"good": session, "faulty": script})
        with pytest.raises(ZeroDivisionError):
            async with record_polled(manager, rate_hz=10, error_policy=ErrorPolicy.SKIP, clock=clock) as recording:
                await recording.stream.receive()


async def test_single_values_are_refused_where_they_do_not_belong(clock: VirtualClock) -> None:
    device = ScriptedDevice(clock)
    outputs = TaskSpec(name="out", channels=(OutputChannel(name="ao0"),))
    with pytest.raises(DaqConfirmationRequiredError):
        await open_device(outputs, back_end=device)
    assert device.calls == []
    async with await open_device(outputs, back_end=device, confirm_start=True) as session:
        with pytest.raises(DaqTaskStateError, match="outputs cannot be read"):
            await session.poll()
        with pytest.raises(DaqConfirmationRequiredError):
            await session.write({"ao0": 0.0})
        await session.write({"ao0": 0.0}, confirm=True)
    with pytest.raises(DaqTaskStateError, match="closed"):
        await session.write({"ao0": 0.0}, confirm=True)
    async with await open_device(output_task(), back_end=device, autostart=False) as clocked:
        with pytest.raises(DaqTaskStateError, match="continuous"):
            await clocked.write({"ao0": 0.0})


@settings(max_examples=60, deadline=None)
@given(
    durations=st.lists(st.floats(0, 0.5), max_size=20),
    pauses=st.lists(st.floats(0, 0.5), max_size=20),
    overflow=st.sampled_from(OverflowPolicy),
    capacity=st.integers(1, 4),
)
def test_the_books_balance(
    durations: list[float], pauses: list[float], overflow: OverflowPolicy, capacity: int
) -> None:
    async def run() -> None:
        clock = VirtualClock(start_ns=1_000_000_000)
        source = PolledScript(clock, lambda number: durations[number] if number < len(durations) else 0.0)
        values: list[float] = []
        async with record_polled(source, rate_hz=10, overflow=overflow, buffer_size=capacity, clock=clock) as recording:
            summary = recording.summary
            for pause in pauses:
                await clock.sleep(pause)
                values.append((await recording.stream.receive()).values["x"])
                assert summary.payloads_emitted + summary.payloads_dropped == summary.payloads_produced
        assert summary.payloads_emitted + summary.payloads_dropped == summary.payloads_produced
        assert summary.payloads_emitted == len(values)
        assert values == sorted(set(values))
        assert overflow is not OverflowPolicy.BLOCK or values == [float(n + 1) for n in range(len(values))]

    anyio.run(run)
