"""The small parts on their own: specifications, decoding, buffers, and the bridge between threads."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.daq import (
    AcquisitionSummary,
    BufferPlan,
    DaqSession,
    DataFlow,
    InputChannel,
    OutputChannel,
    SensorStatus,
    TaskSpec,
    Timing,
    open_device,
)
from gateway.daq.back_end import Capabilities
from gateway.daq.block_builder import BlockBuilder
from gateway.daq.bridge import Bridge
from gateway.daq.buffer import Buffer, BufferState
from gateway.daq.buffer_pool import TRANSITIONS, BufferPool
from gateway.daq.capability_check import check_capabilities
from gateway.daq.channels import Row
from gateway.daq.decoding import Decoder
from gateway.daq.encoding import Encoding
from gateway.daq.errors import DaqCapabilityError, DaqTaskStateError, DaqTimeoutError, DaqValidationError
from gateway.daq.messages import Message, MessageKind
from gateway.daq.task import SubsystemType
from gateway.daq.timing import AnalogThresholdStart, ClockSource, ExternalDigitalStart
from gateway.testing.virtual_clock import VirtualClock
from tests.daq.scripted_device import ScriptedDevice
from tests.daq.tasks import finite_task, input_task, inputs
from tests.docs.pages import ROOT

CLOCKED: dict[str, Any] = {"timing": Timing(rate_hz=1.0), "buffers": BufferPlan()}


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({"channels": ()}, "no channels"),
        ({"channels": (InputChannel(name="a"), InputChannel(name="a"))}, "same name"),
        ({"channels": (InputChannel(name="a"), OutputChannel(name="b"))}, "mixed"),
        ({"subsystem_type": SubsystemType.ANALOG_OUTPUT}, "of the type analog_input"),
        ({"channels": tuple(InputChannel(name=name, cold_junction=True) for name in "ab")}, "two cold junctions"),
        ({"timing": Timing(rate_hz=1.0)}, "no timing"),
        ({"data_flow": DataFlow.CONTINUOUS}, "needs timing and buffers"),
        ({"data_flow": DataFlow.FINITE, **CLOCKED}, "FINITE needs it"),
        (
            {"data_flow": DataFlow.CONTINUOUS, **CLOCKED, "timing": Timing(rate_hz=1.0, samples_per_channel=5)},
            "belongs to FINITE",
        ),
        (
            {"data_flow": DataFlow.FINITE, **CLOCKED, "timing": Timing(rate_hz=1.0, samples_per_channel=5)},
            "WrapMode.NONE",
        ),
        ({"data_flow": DataFlow.CONTINUOUS, **CLOCKED, "trigger": AnalogThresholdStart("z", 1.0)}, "trigger's channel"),
    ],
)
def test_tasks_that_contradict_themselves_are_refused(specification: dict[str, Any], message: str) -> None:
    with pytest.raises(DaqValidationError, match=f"task scan: .*{message}"):
        TaskSpec(**{"name": "scan", "channels": inputs(), **specification})


@pytest.mark.parametrize(
    "build",
    [
        lambda: Timing(rate_hz=0),
        lambda: Timing(rate_hz=float("inf")),
        lambda: Timing(rate_hz=1, samples_per_channel=0),
        lambda: BufferPlan(buffers=2),
        lambda: BufferPlan(samples_per_buffer=0),
        lambda: InputChannel(name=""),
        lambda: InputChannel(name="a", gain=0),
        lambda: InputChannel(name="a", scale=0),
        lambda: InputChannel(name="a", sensor_low=float("nan")),
        lambda: InputChannel(name="a", min_val=float("nan")),
    ],
)
def test_specifications_out_of_range_are_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        build()


def test_a_device_is_only_asked_for_what_it_can() -> None:
    able = Capabilities(continuous_input=True, triggers=frozenset({ExternalDigitalStart}))
    check_capabilities(input_task(), able)
    check_capabilities(input_task(trigger=ExternalDigitalStart()), able)
    check_capabilities(finite_task(5), able)
    pretrigger = TaskSpec(name="p", channels=inputs(), data_flow=DataFlow.CONTINUOUS_PRETRIGGER, **CLOCKED)
    for task in (TaskSpec(name="s", channels=inputs()), pretrigger, input_task(trigger=AnalogThresholdStart("ai0", 1))):
        with pytest.raises(DaqCapabilityError):
            check_capabilities(task, able)
    outside = replace(input_task(), timing=Timing(rate_hz=1.0, clock_source=ClockSource.EXTERNAL))
    with pytest.raises(DaqCapabilityError, match="external clock"):
        check_capabilities(outside, able)
    check_capabilities(outside, replace(able, external_clock=True))


STUCK = """
import sys, threading
import anyio
from gateway.daq import InputChannel, TaskSpec, open_device
from gateway.daq.back_ends.simulated import SimulatedDevice

class Stuck(SimulatedDevice):
    def commit(self, task):
        threading.Event().wait()

async def main():
    await open_device(TaskSpec(name="t", channels=(InputChannel(name="a"),)), back_end=Stuck(), timeout=0.05)

try:
    anyio.run(main, backend=sys.argv[1])
except Exception as error:
    print(type(error).__name__)
"""


def test_a_driver_that_never_comes_back_does_not_hold_up_the_end_of_the_program(anyio_backend_name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", STUCK, anyio_backend_name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "DaqTimeoutError\n", "")


async def test_two_tasks_that_poll_one_session_take_turns(clock: VirtualClock) -> None:
    device = ScriptedDevice(clock)
    device.stuck["read_values"] = threading.Event()
    async with await open_device(TaskSpec(name="single", channels=inputs()), back_end=device) as session:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.poll)
            tasks.start_soon(session.poll)
            await anyio.wait_all_tasks_blocked()
            assert device.calls.count("read_values") <= 1
            device.stuck["read_values"].set()
    assert device.calls == ["commit", "read_values", "read_values", "close"]


def test_values_are_scaled_by_gain_scale_and_offset() -> None:
    channels = [InputChannel(name="volts", gain=10.0), InputChannel(name="bar", unit="bar", scale=2.5, offset=-1.0)]
    decoded = Decoder(channels, Encoding.offset_binary(16, -10.0, 10.0)).decode(
        np.array([[0, 0], [32768, 32768], [65535, 65535]], np.uint16)
    )
    top = 10.0 - 20 / 65536
    np.testing.assert_allclose(decoded.data, [[-1.0, 0.0, top / 10], [-26.0, -1.0, top * 2.5 - 1.0]], rtol=1e-12)
    assert decoded.sensor_status == {}
    assert decoded.raw_codes is None


def test_faulty_sensors_are_no_number_and_said() -> None:
    channels = [
        InputChannel(name="tested", sensor_low=-1.0, sensor_high=1.0),
        InputChannel(name="plain"),
        InputChannel(name="good"),
    ]
    codes = np.array([[0.5, 0.0, 0.0], [-2.0, np.nan, 0.0], [2.0, 0.0, 0.0], [np.inf, 0.0, 0.0]])
    decoded = Decoder(channels, Encoding()).decode(codes)
    ok, low, high, opened = SensorStatus.OK, SensorStatus.LOW, SensorStatus.HIGH, SensorStatus.OPEN
    assert {name: status.tolist() for name, status in decoded.sensor_status.items()} == {
        "tested": [ok, low, high, opened],
        "plain": [ok, opened, ok, ok],
    }
    np.testing.assert_array_equal(decoded.data[0], [0.5, np.nan, np.nan, np.nan])
    assert not any(array.flags.writeable for array in (decoded.data, *decoded.sensor_status.values()))


def test_times_of_blocks_go_forwards_even_if_those_of_the_messages_do_not() -> None:
    clock, summary = VirtualClock(), AcquisitionSummary(datetime(2026, 1, 1, tzinfo=UTC))
    decoder = Decoder([InputChannel(name="a")], Encoding())
    builder = BlockBuilder("bench", "scan", decoder, requested_hz=100.0, granted_hz=100.0, clock=clock, summary=summary)
    decoded = decoder.decode(np.zeros((10, 1)))
    times = [builder.block(decoded, 10, done_ns, clock.stamp()).t_mono_ns for done_ns in (10**9, 10**8, 10**7)]
    assert times == sorted(set(times))


def test_the_cold_junction_is_no_row_of_the_data_but_serves_the_others() -> None:
    def thermocouple(volts: Row, junction: Row | None) -> Row:
        assert junction is not None
        return volts * 25_000 + junction

    channels = [
        InputChannel(name="furnace", unit="degC", linearise=thermocouple),
        InputChannel(name="junction", unit="degC", scale=100.0, cold_junction=True),
    ]
    decoder = Decoder(channels, Encoding(), keep_raw_codes=True)
    decoded = decoder.decode(np.array([[0.02, 0.25], [0.04, 0.30]]))
    assert (decoder.names, decoder.units, decoder.is_linearised) == (("furnace",), {"furnace": "degC"}, True)
    np.testing.assert_allclose(decoded.data, [[525.0, 1030.0]])
    assert decoded.cold_junction is not None
    np.testing.assert_allclose(decoded.cold_junction, [25.0, 30.0])
    assert decoded.raw_codes is not None
    assert decoded.raw_codes.tolist() == [[0.02, 0.04]]


@settings(deadline=None)
@given(st.integers(0, 65535), st.floats(0.5, 100), st.floats(-5, 5))
def test_decoding_undoes_encoding(code: int, gain: float, offset: float) -> None:
    encoding = Encoding.offset_binary(16, -10.0, 10.0)
    channel = InputChannel(name="a", gain=gain, offset=offset)
    value = Decoder([channel], encoding).decode(np.array([[code]], np.uint16)).data[0, 0]
    assert encoding.encode(np.array([(value - offset) * gain])).tolist() == [code]


def pool(*, output: bool = False) -> BufferPool:
    return BufferPool(BufferPlan(buffers=3, samples_per_buffer=4), 2, np.dtype(np.uint16), output=output)


def test_what_the_device_has_is_never_released() -> None:
    buffers = pool()
    buffers.queued(buffers.buffers[1])
    assert buffers.with_device == 1
    with pytest.raises(DaqTaskStateError, match="buffer 1: it is queued"):
        buffers.queued(buffers.buffers[1])
    with pytest.raises(DaqTaskStateError, match="queued"):
        buffers.release()
    buffers = pool()
    buffers.queued(buffers.buffers[0])
    buffers.reclaim()
    buffers.release()
    with pytest.raises(DaqTaskStateError, match="released"):
        buffers.release()


def test_an_output_buffer_is_filled_before_it_is_queued() -> None:
    buffers = pool(output=True)
    with pytest.raises(DaqTaskStateError, match="filled before"):
        buffers.queued(buffers.buffers[0])
    buffers.filled(buffers.buffers[0])
    buffers.queued(buffers.buffers[0])
    with pytest.raises(DaqTaskStateError, match="not of this run"):
        buffers.filled(Buffer.empty(0, 4, 2, np.dtype(np.uint16)))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["queued", "filled", "completed"]), max_size=20))
def test_buffers_only_go_where_the_table_says(steps: list[str]) -> None:
    buffers = pool()
    buffer = buffers.buffers[0]
    for step in steps:
        before, after = buffer.state, BufferState(step)
        try:
            buffers.completed([buffer]) if step == "completed" else getattr(buffers, step)(buffer)
        except DaqTaskStateError:
            assert after not in TRANSITIONS[before]
            assert buffer.state is before
        else:
            assert after in TRANSITIONS[before]
            assert buffer.state is after


async def test_the_bridge_takes_from_any_thread_in_order() -> None:
    bridge = Bridge()
    buffers = [Buffer.empty(number, 1, 1, np.dtype(np.float64)) for number in range(400)]

    def foreign() -> None:
        for buffer in buffers:
            bridge.post(Message(MessageKind.BUFFER_DONE, 0, buffer))

    thread = threading.Thread(target=foreign)
    thread.start()
    with anyio.fail_after(20):
        received = [await bridge.receive() for _ in buffers]
    thread.join()
    assert [message.buffer for message in received] == buffers


async def test_the_bridge_merges_what_repeats_so_that_it_stays_bounded() -> None:
    bridge = Bridge()
    buffer = Buffer.empty(0, 1, 1, np.dtype(np.float64))
    for number in range(1000):
        bridge.post(Message(MessageKind.OVERRUN, number, lost=10))
        bridge.post(Message(MessageKind.TRIGGER_ERROR, number))
    bridge.post(Message(MessageKind.BUFFER_DONE, 1000, buffer))
    bridge.post(Message(MessageKind.OVERRUN, 1001, lost=None))
    bridge.post(Message(MessageKind.OVERRUN, 1002, lost=5))
    assert bridge.waiting == 4
    overrun, trigger, done, after = [await bridge.receive() for _ in range(4)]
    assert (overrun.lost, overrun.count, overrun.monotonic_ns) == (10_000, 1000, 999)
    assert (trigger.kind, trigger.count) == (MessageKind.TRIGGER_ERROR, 1000)
    assert done.buffer is buffer
    assert (after.lost, after.count) == (None, 2), "unknown stays unknown"
    bridge.close()
    bridge.post(Message(MessageKind.OVERRUN, 0))
    assert bridge.waiting == 0


async def test_a_driver_that_is_stuck_while_stopping_is_left_alone(clock: VirtualClock) -> None:
    device = ScriptedDevice(clock)
    session = DaqSession(TaskSpec(name="single", channels=inputs()), device, timeout=0.05, clock=clock)
    await session.start()
    device.stuck["read_values"] = threading.Event()
    try:
        with pytest.raises(DaqTimeoutError, match=r"read_values has not come back within 0\.05 s"):
            await session.poll()
        await session.aclose()
        assert device.calls == ["commit", "read_values"]
    finally:
        device.stuck["read_values"].set()
