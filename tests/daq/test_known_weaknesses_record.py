"""What is known to go wrong in acquisition elsewhere, row by row; here it does not. Rows on output are in `_play`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import numpy as np
import pytest

from gateway.daq import (
    DaqBlock,
    DaqReading,
    DaqSession,
    ErrorPolicy,
    OverflowPolicy,
    Recording,
    TaskSpec,
    block_to_long_rows,
    open_device,
    record,
    record_polled,
)
from gateway.daq.back_end import Commitment
from gateway.daq.back_ends.simulated import SimulatedDevice
from gateway.daq.block_file import open_reader
from gateway.daq.encoding import Encoding
from gateway.daq.errors import (
    DaqBufferOverrunError,
    DaqCapabilityError,
    DaqDeviceError,
    DaqDeviceRemovedError,
    DaqStalledError,
    DaqTimeoutError,
)
from gateway.daq.messages import MessageKind
from gateway.daq.task import RawLogging
from gateway.testing.virtual_clock import VirtualClock
from tests.daq.manual_clock import ManualClock
from tests.daq.scripted_device import ScriptedDevice
from tests.daq.tasks import RATE_HZ, counted, finite_task, input_task, spans

BLOCK_S = 0.1


@pytest.fixture
def device(clock: VirtualClock) -> ScriptedDevice:
    return ScriptedDevice(clock)


@asynccontextmanager
async def opened(
    device: ScriptedDevice | SimulatedDevice, clock: VirtualClock | ManualClock, task: TaskSpec | None = None
) -> AsyncIterator[DaqSession]:
    async with await open_device(task or input_task(), back_end=device, autostart=False, clock=clock) as session:
        yield session


def unread(recording: Recording[DaqBlock]) -> list[DaqBlock]:
    blocks = []
    while True:
        try:
            blocks.append(recording.stream.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream):
            return blocks


async def blocks_taken(device: ScriptedDevice, clock: VirtualClock, count: int) -> None:
    for _ in range(count):
        await clock.sleep(BLOCK_S)
        device.done()
    await clock.sleep(0.001)


async def test_01_block_time_is_that_of_the_first_sample(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session) as recording:
        started_ns = clock.monotonic_ns()
        await blocks_taken(device, clock, 3)
        first, second, third = unread(recording)
        assert [block.t_mono_ns - started_ns for block in (first, second, third)] == [0, 100_000_000, 200_000_000]
        assert first.t_midpoint_mono_ns == started_ns + 50_000_000
        assert third.t_midpoint_mono_ns < clock.monotonic_ns()
        assert first.t0 == first.t_utc == first.task_started_at


async def test_02_every_row_has_the_utc_of_its_sample(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session) as recording:
        await blocks_taken(device, clock, 2)
        _, block = unread(recording)
        rows = [row for row in block_to_long_rows(block) if row.channel == "ai1"]
        assert [row.t_utc - block.t_utc for row in rows] == [timedelta(milliseconds=10 * k) for k in range(10)]
        assert [row.t_mono_ns - block.t_mono_ns for row in rows] == [10_000_000 * k for k in range(10)]
        assert [row.sample_index for row in rows] == list(range(10, 20))


async def test_03_an_error_block_has_no_samples_and_no_index(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session, error_policy=ErrorPolicy.RETURN) as recording:
        await blocks_taken(device, clock, 1)
        device.say(MessageKind.TRIGGER_ERROR)
        await blocks_taken(device, clock, 1)
        blocks = unread(recording)
    assert spans(blocks) == [(0, 0, 10), (None, None, 0), (1, 10, 10)]
    assert blocks[1].error is not None
    assert blocks[1].data.shape == (2, 0)
    assert list(block_to_long_rows(blocks[1])) == []


async def test_04_a_short_block_advances_by_what_it_holds(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session) as recording:
        started_ns = clock.monotonic_ns()
        await clock.sleep(0.03)
        device.done(3)
        await blocks_taken(device, clock, 1)
        blocks = unread(recording)
    assert spans(blocks) == [(0, 0, 3), (1, 3, 10)]
    assert not blocks[1].discontinuity
    assert [block.t_mono_ns - started_ns for block in blocks] == [0, 30_000_000]
    np.testing.assert_array_equal(blocks[1].data, counted(3, 10))


@pytest.mark.parametrize("length", [15, 20, 47])
async def test_05_a_finite_task_delivers_exactly_its_length(
    clock: VirtualClock, device: ScriptedDevice, length: int
) -> None:
    async with opened(device, clock, finite_task(length)) as session, record(session) as recording:
        await blocks_taken(device, clock, -(-length // 10))
        blocks = [block async for block in recording.stream]
        assert not session.is_running()
    np.testing.assert_array_equal(np.hstack([block.data for block in blocks]), counted(0, length))
    assert blocks[-1].samples_per_channel == length % 10 or 10
    assert device.calls.count("stop") == 1


async def test_06_leaving_never_waits_for_a_consumer(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with anyio.fail_after(20):
            async with record(session, overflow=OverflowPolicy.BLOCK, stream_buffer_size=1) as recording:
                await blocks_taken(device, clock, 4)
        summary = recording.summary
    assert (summary.payloads_produced, summary.payloads_emitted, summary.payloads_dropped) == (2, 0, 2)
    assert device.calls[-4:] == ["stop", "unregister", "flush", "close"]


async def test_07_raise_cancels_the_body_and_leaves_bare(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqBufferOverrunError) as caught:
            async with record(session):
                device.say(MessageKind.OVERRUN, lost=10)
                await anyio.sleep_forever()
        assert caught.value.__cause__ is None
        assert device.calls[-3:] == ["stop", "unregister", "flush"]


async def test_07_an_error_of_the_body_is_chained_not_lost(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqBufferOverrunError) as caught:
            async with record(session):
                device.say(MessageKind.OVERRUN)
                try:
                    await anyio.sleep_forever()
                finally:
                    raise KeyError("what the body was about")
        assert isinstance(caught.value.__cause__, KeyError)
        with pytest.raises(KeyError, match="alone"):
            async with record(session):
                raise KeyError("alone")


async def test_10_blocks_and_readings_have_the_same_unit(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session) as recording:
        await blocks_taken(device, clock, 1)
        block = unread(recording)[0]
    single = TaskSpec(name="single", channels=input_task().channels)
    async with await open_device(single, back_end=ScriptedDevice(clock), clock=clock) as session:
        reading = await session.poll()
    assert block.units == reading.units == {"ai0": "V", "ai1": "V"}


async def test_11_a_reused_buffer_is_lost_data(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqBufferOverrunError, match="overwritten"):
            async with record(session):
                device.say(MessageKind.BUFFER_REUSED, lost=10)
                await anyio.sleep_forever()
        async with record(session, error_policy=ErrorPolicy.SKIP) as recording:
            await blocks_taken(device, clock, 1)
            device.say(MessageKind.BUFFER_REUSED, lost=10)
            await blocks_taken(device, clock, 1)
            after = unread(recording)[1]
    assert (after.first_sample_index, after.discontinuity, after.samples_lost) == (20, True, 10)
    assert recording.summary.errors_observed == recording.summary.extra["buffer_reused"] == 1


async def test_12_a_device_without_a_free_buffer_overruns_by_itself(manual: ManualClock) -> None:
    device = SimulatedDevice(clock=manual)
    async with opened(device, manual) as session:
        blocking = record(session, overflow=OverflowPolicy.BLOCK, stream_buffer_size=1, error_policy=ErrorPolicy.SKIP)
        async with blocking as recording:
            for _ in range(9):
                await manual.advance(100)
            blocks = [await recording.stream.receive() for _ in range(6)]
            await manual.advance(100)
            blocks.append(await recording.stream.receive())
    # Blocks 0 to 5: one read, one waiting for room, four in buffers; blocks 6 to 8 found no buffer.
    assert [block.first_sample_index for block in blocks] == [0, 10, 20, 30, 40, 50, 90]
    assert [block.discontinuity for block in blocks] == [False] * 6 + [True]
    assert (recording.summary.overruns_observed, recording.summary.errors_observed) == (3, 3)
    assert recording.summary.samples_lost == 30
    np.testing.assert_array_equal(blocks[-1].data, counted(90, 10))


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
async def test_13_the_log_of_the_task_is_written(
    clock: VirtualClock, device: ScriptedDevice, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"log{suffix}"
    async with opened(device, clock, input_task(logging=RawLogging(path))) as session, record(session) as recording:
        await blocks_taken(device, clock, 1)
        device.say(MessageKind.PRETRIGGER_DONE)
        await blocks_taken(device, clock, 2)
        while recording.summary.payloads_produced < 3:
            await clock.sleep(0.001)
    reader = open_reader(path)
    assert (reader.header.channels, reader.header.rate_hz) == (("ai0", "ai1"), RATE_HZ)
    np.testing.assert_array_equal(np.hstack([block.data for block in reader.blocks()]), counted(0, 30))
    reader.close()


async def test_14_the_rate_is_that_of_each_channel(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock, input_task(4)) as session, record(session) as recording:
        started_ns = clock.monotonic_ns()
        await blocks_taken(device, clock, 2)
        _, block = unread(recording)
    assert session.task.aggregate_rate_hz == 4 * RATE_HZ
    assert (block.sample_rate_hz, block.block_period_ns) == (RATE_HZ, 10_000_000)
    assert block.sample_mono_ns(9) - started_ns == 190_000_000
    slow = ScriptedDevice(clock, max_aggregate_rate_hz=300.0)
    with pytest.raises(DaqCapabilityError, match="4 channels can have at most 75 Hz each"):
        DaqSession(input_task(4), slow)


async def test_15_offset_binary_codes_are_unsigned(clock: VirtualClock) -> None:
    codes = Encoding.offset_binary(16, -10.0, 10.0)
    single = TaskSpec(name="single", channels=input_task().channels)
    device = ScriptedDevice(clock)  # its single values are the codes 40000 and 44096
    device.commitment = Commitment(None, codes)
    async with await open_device(single, back_end=device, clock=clock) as session:
        reading = await session.poll()
    assert reading.values["ai0"] == pytest.approx(2.207, abs=5e-4)
    assert codes.dtype == np.uint16
    np.testing.assert_array_equal(codes.encode(np.array([-10.0, 0.0, 10.0])), [0, 32768, 65535])


@pytest.mark.parametrize(
    ("overflow", "kept"), [(OverflowPolicy.DROP_OLDEST, [80, 90]), (OverflowPolicy.DROP_NEWEST, [0, 10])]
)
async def test_16_evicted_blocks_leave_the_count_of_emitted(
    clock: VirtualClock, device: ScriptedDevice, overflow: OverflowPolicy, kept: list[int]
) -> None:
    async with opened(device, clock) as session:
        async with record(session, overflow=overflow, stream_buffer_size=2) as recording:
            await blocks_taken(device, clock, 10)
            summary = recording.summary
            assert (summary.payloads_produced, summary.payloads_emitted, summary.payloads_dropped) == (10, 2, 8)
            assert [block.first_sample_index for block in unread(recording)] == kept
    assert (summary.payloads_emitted, summary.payloads_dropped) == (2, 8)


class FailingDevice:
    async def poll(self) -> DaqReading:
        raise DaqDeviceError("no answer")


async def test_17_a_polled_error_is_bare_and_the_summary_finished(clock: VirtualClock) -> None:
    with pytest.raises(DaqDeviceError, match="no answer"):
        async with record_polled(FailingDevice(), rate_hz=10, clock=clock) as recording:
            await anyio.sleep_forever()
    assert recording.summary.finished_at is not None
    assert recording.summary.errors_observed == 1


@pytest.mark.parametrize("call", ["commit", "start"])
async def test_18_the_timeout_is_kept(clock: VirtualClock, device: ScriptedDevice, call: str) -> None:
    device.stuck[call] = threading.Event()
    try:
        async with opened(device, clock) as session:
            with anyio.fail_after(20), pytest.raises(DaqTimeoutError, match=call):
                async with record(session, timeout=0.05):
                    pytest.fail("the device has not started")
            calls = list(device.calls)
            with pytest.raises(DaqTimeoutError, match="earlier call"):
                async with record(session):
                    pytest.fail("the driver is still busy")
    finally:
        device.stuck[call].set()
    assert device.calls == calls, "nothing is asked of a driver that has not come back"


@pytest.mark.parametrize("policy", ErrorPolicy)
async def test_19_a_removed_device_is_an_error_under_every_policy(
    clock: VirtualClock, device: ScriptedDevice, policy: ErrorPolicy
) -> None:
    async with opened(device, clock) as session:
        read: list[DaqBlock] = []
        with pytest.raises(DaqDeviceRemovedError):
            async with record(session, error_policy=policy) as recording:
                await blocks_taken(device, clock, 1)
                device.say(MessageKind.DEVICE_REMOVED)
                while True:
                    read.append(await recording.stream.receive())
        assert recording.summary.extra["device_removed"] == 1
        assert not session.is_running()
    before_it = {ErrorPolicy.RETURN: [(0, 0, 10), (None, None, 0)], ErrorPolicy.SKIP: [(0, 0, 10)]}
    if policy is not ErrorPolicy.RAISE:  # which cancels the body at once
        assert spans(read) == before_it[policy]


async def test_19_a_silent_device_is_noticed(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqStalledError):
            async with record(session, stall_after_blocks=20):
                await blocks_taken(device, clock, 3)
                last_ns = clock.monotonic_ns()
                await anyio.sleep_forever()
        assert clock.monotonic_ns() - last_ns == pytest.approx(20 * BLOCK_S * 1e9, rel=0.01)


async def test_20_an_empty_buffer_advances_nothing(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session) as recording:
        await blocks_taken(device, clock, 1)
        device.done(0)
        await blocks_taken(device, clock, 1)
        blocks = unread(recording)
    assert spans(blocks) == [(0, 0, 10), (1, 10, 10)]
    assert not blocks[1].discontinuity
    assert device.calls.count("queue 1") >= 2, "the empty buffer went back to the device"
