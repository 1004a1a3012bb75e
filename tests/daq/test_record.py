"""`record`: order of calls, policies, gaps, watch, and the invariants under whatever a device may say."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import numpy as np
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.daq import DaqBlock, DaqSession, ErrorPolicy, OverflowPolicy, TaskSpec, open_device, record
from gateway.daq.errors import (
    DaqBufferOverrunError,
    DaqDeviceError,
    DaqError,
    DaqIncompleteError,
    DaqStalledError,
    DaqTaskStateError,
)
from gateway.daq.lifecycle import SubsystemState
from gateway.daq.messages import MessageKind
from gateway.daq.timing import ExternalDigitalStart
from gateway.testing.virtual_clock import VirtualClock
from tests.daq.scripted_device import ScriptedDevice
from tests.daq.tasks import counted, finite_task, input_task, output_task, spans

UP = ["commit", "register", "queue 0", "queue 1", "queue 2", "queue 3", "arm", "start"]
DOWN = ["stop", "unregister", "flush"]


@pytest.fixture
def device(clock: VirtualClock) -> ScriptedDevice:
    return ScriptedDevice(clock)


@asynccontextmanager
async def opened(
    device: ScriptedDevice, clock: VirtualClock, task: TaskSpec | None = None
) -> AsyncIterator[DaqSession]:
    async with await open_device(task or input_task(), back_end=device, autostart=False, clock=clock) as session:
        yield session


async def test_order_of_the_calls_and_states(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        assert session.state is SubsystemState.INITIALIZED
        async with record(session) as recording:
            assert device.calls == UP
            assert session.state is SubsystemState.RUNNING
            assert recording.rate_hz == 100.0
            await clock.sleep(0.1)
            device.done()
            block = await recording.stream.receive()
            assert device.calls == [*UP, "queue 0"], "the buffer went back"
        assert device.calls == [*UP, "queue 0", *DOWN]
        assert session.state is SubsystemState.IO_COMPLETE
        with pytest.raises(anyio.ClosedResourceError):
            await recording.stream.receive()
        async with record(session) as again:
            await clock.sleep(0.1)
            device.done()
            assert spans([await again.stream.receive()]) == spans([block]) == [(0, 0, 10)]
    assert device.calls[-1] == "close"


async def test_blocks_are_read_only_and_own_their_memory(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock, input_task(keep_raw_codes=True)) as session, record(session) as recording:
        buffer = device.queued[0]
        await clock.sleep(0.1)
        device.done()
        block = await recording.stream.receive()
        buffer.samples[:] = 0  # the device goes on writing
    np.testing.assert_array_equal(block.data, counted(0, 10))
    assert block.raw_codes is not None
    assert block.raw_codes.tolist() == [list(range(10)), list(range(4096, 4106))]
    assert not block.data.flags.writeable
    assert not block.raw_codes.flags.writeable


@pytest.mark.parametrize("call", ["register", "queue", "arm", "start"])
async def test_a_driver_that_refuses_a_step_is_taken_down_again(
    clock: VirtualClock, device: ScriptedDevice, call: str
) -> None:
    device.failing[call] = OSError("error code 7")
    async with opened(device, clock) as session:
        with pytest.raises(DaqDeviceError, match=f"{call}: OSError: error code 7"):
            async with record(session):
                pytest.fail("the recording has started")
        assert device.calls[-3:] == DOWN
        assert ("start" in device.calls) == (call == "start")
        device.failing.clear()
        async with record(session):
            assert session.is_running()


async def test_a_session_records_once_at_a_time(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        async with record(session):
            with pytest.raises(DaqTaskStateError, match="already runs"):
                async with record(session):
                    pytest.fail("the recording has started")
    with pytest.raises(DaqTaskStateError, match="is closed"):
        async with record(session):
            pytest.fail("the recording has started")


async def test_tasks_of_another_kind_are_refused(clock: VirtualClock, device: ScriptedDevice) -> None:
    for task in (output_task(), TaskSpec(name="single", channels=input_task().channels)):
        async with opened(device, clock, task) as session:
            with pytest.raises(DaqTaskStateError):
                async with record(session):
                    pytest.fail("the recording has started")
    with pytest.raises(DaqTaskStateError, match="autostart=False"):
        await open_device(input_task(), back_end=device)


@pytest.mark.parametrize(
    "arguments",
    [
        {"timeout": 0},
        {"stream_buffer_size": 0},
        {"stall_after_blocks": -1},
        {"error_policy": "perhaps"},
        {"overflow": "spill"},
    ],
)
def test_arguments_out_of_range_are_refused_on_the_call(arguments: dict[str, object]) -> None:
    session = DaqSession(input_task(), ScriptedDevice(VirtualClock()))
    with pytest.raises(ValueError):
        record(session, **arguments)  # type: ignore[arg-type]


async def test_losses_that_are_counted_advance_the_index_and_others_are_flagged(
    clock: VirtualClock, device: ScriptedDevice
) -> None:
    async with opened(device, clock) as session, record(session, error_policy=ErrorPolicy.SKIP) as recording:
        started_ns = clock.monotonic_ns()
        for lost in (0, 25, None):
            if lost:
                await clock.sleep(lost / 100)
                device.say(MessageKind.OVERRUN, lost=lost)
            elif lost is None:
                await clock.sleep(3.0)
                device.say(MessageKind.OVERRUN)
            await clock.sleep(0.1)
            device.done()
        await clock.sleep(0.01)
        blocks = [await recording.stream.receive() for _ in range(3)]
    assert [block.first_sample_index for block in blocks] == [0, 35, 45]
    assert [(block.discontinuity, block.samples_lost) for block in blocks] == [(False, 0), (True, 25), (True, None)]
    assert [block.t_mono_ns - started_ns for block in blocks] == [0, 350_000_000, 3_450_000_000]
    assert (recording.summary.samples_lost, recording.summary.discontinuities) == (25, 2)
    assert recording.summary.overruns_observed == 2


@pytest.mark.parametrize("kind", [MessageKind.QUEUE_DONE, MessageKind.QUEUE_STOPPED, MessageKind.IO_COMPLETE])
async def test_a_device_that_ends_ends_the_stream(
    clock: VirtualClock, device: ScriptedDevice, kind: MessageKind
) -> None:
    async with opened(device, clock) as session, record(session) as recording:
        await clock.sleep(0.1)
        device.done()
        device.say(kind)
        assert len([block async for block in recording.stream]) == 1
        assert not session.is_running()
        assert recording.summary.producer_ended_at is not None
        assert recording.summary.finished_at is None


async def test_a_finite_task_that_ends_early_is_an_error(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock, finite_task(40)) as session:
        with pytest.raises(DaqIncompleteError, match="after 10 of 40 samples"):
            async with record(session, error_policy=ErrorPolicy.SKIP) as recording:
                await clock.sleep(0.1)
                device.done()
                device.say(MessageKind.QUEUE_DONE)
                assert len([block async for block in recording.stream]) == 1


async def test_under_return_an_end_nobody_has_read_of_is_raised_on_leaving(
    clock: VirtualClock, device: ScriptedDevice
) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqError, match="gone"):
            async with record(session, error_policy=ErrorPolicy.RETURN):
                device.say(MessageKind.DEVICE_REMOVED)
                await clock.sleep(0.1)
        async with record(session, error_policy=ErrorPolicy.RETURN) as recording:
            device.say(MessageKind.DEVICE_REMOVED)
            assert (await recording.stream.receive()).error is not None
            with pytest.raises(DaqError, match="gone"):
                await recording.stream.receive()
        assert not session.is_running(), "and the body, which knows, is not told again"


async def test_a_stall_is_told_once_and_recovers(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session, record(session, error_policy=ErrorPolicy.RETURN) as recording:
        for pause in (0.1, 30.0, 0.1):
            await clock.sleep(pause)
            device.done()
        await clock.sleep(0.01)
        blocks = [await recording.stream.receive() for _ in range(4)]
    assert [isinstance(block.error, DaqStalledError) for block in blocks] == [False, True, False, False]
    assert [block.discontinuity for block in blocks] == [False, False, True, False]
    assert recording.summary.extra == {"stalled": 1}


async def test_a_device_that_waits_for_its_trigger_is_not_stalled(clock: VirtualClock) -> None:
    device = ScriptedDevice(clock, triggers=frozenset({ExternalDigitalStart}))
    async with opened(device, clock, input_task(trigger=ExternalDigitalStart())) as session:
        with pytest.raises(DaqStalledError):
            async with record(session):
                await clock.sleep(1000)
                device.done()
                await anyio.sleep_forever()


async def test_a_consumer_that_is_slow_is_no_stalled_device(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        async with record(session, overflow=OverflowPolicy.BLOCK, stream_buffer_size=1) as recording:
            for _ in range(4):
                await clock.sleep(0.1)
                device.done()
            await clock.sleep(100)
            assert [(await recording.stream.receive()).block_index for _ in range(4)] == [0, 1, 2, 3]
            await clock.sleep(0.5)  # what the watch may have said is taken up


async def test_an_outer_cancellation_stops_the_device(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with anyio.CancelScope() as scope:
            async with record(session) as recording:
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert device.calls[-3:] == DOWN
        assert recording.summary.finished_at is not None


async def test_a_cancelled_start_is_not_overtaken_by_the_stop(clock: VirtualClock, device: ScriptedDevice) -> None:
    device.stuck["start"] = threading.Event()
    async with opened(device, clock) as session:
        with anyio.fail_after(20), anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def recording() -> None:
                    async with record(session):
                        pytest.fail("the recording has started")

                tasks.start_soon(recording)
                while "start" not in device.calls:
                    await checkpoint()
                scope.cancel()
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.05)
                    assert "stop" not in device.calls
                    device.stuck["start"].set()
    assert device.calls[-4:] == [*DOWN, "close"]


events = st.one_of(
    st.integers(0, 10),
    st.sampled_from([MessageKind.OVERRUN, MessageKind.BUFFER_REUSED]).flatmap(
        lambda kind: st.tuples(st.just(kind), st.none() | st.integers(0, 30))
    ),
    st.sampled_from([(MessageKind.EVENT_ERROR, None), (MessageKind.PRETRIGGER_DONE, None), "read"]),
)


@settings(max_examples=60, deadline=None)
@given(
    script=st.lists(events, max_size=25),
    policy=st.sampled_from(ErrorPolicy),
    overflow=st.sampled_from(OverflowPolicy),
    capacity=st.integers(1, 4),
    length=st.none() | st.integers(1, 60),
)
def test_whatever_the_device_says_the_books_balance(
    script: list[object], policy: ErrorPolicy, overflow: OverflowPolicy, capacity: int, length: int | None
) -> None:
    """Emitted + dropped == produced at every step, indices never overlap, and no sample stands at a wrong index."""

    async def run() -> None:
        clock = VirtualClock()
        device = ScriptedDevice(clock)
        task = input_task() if length is None else finite_task(length)
        read: list[DaqBlock] = []
        device_index = 0
        async with opened(device, clock, task) as session:
            with suppress(DaqBufferOverrunError, DaqDeviceError, DaqIncompleteError):
                recording_context = record(session, error_policy=policy, overflow=overflow, stream_buffer_size=capacity)
                async with recording_context as recording:
                    summary = recording.summary
                    for event in script:
                        if not session.is_running():
                            break
                        if event == "read":
                            with suppress(anyio.WouldBlock, anyio.EndOfStream):
                                read.append(recording.stream.receive_nowait())
                        elif isinstance(event, int) and device.queued:
                            device.done(event)
                            device_index += event
                        elif isinstance(event, tuple):
                            device.say(event[0], lost=event[1])
                            device.taken += event[1] or 0
                        await clock.sleep(0.01)
                        assert summary.payloads_emitted + summary.payloads_dropped == summary.payloads_produced
                        assert summary.payloads_emitted >= len(read)
            assert summary.payloads_emitted + summary.payloads_dropped == summary.payloads_produced
            assert summary.payloads_emitted == len(read)
        expected = 0
        for block in read:
            if block.error is not None:
                assert policy is ErrorPolicy.RETURN
                continue
            assert block.first_sample_index is not None
            assert block.first_sample_index >= expected
            expected = block.first_sample_index + block.samples_per_channel
            np.testing.assert_array_equal(block.data, counted(block.first_sample_index, block.samples_per_channel))
            assert length is None or expected <= length
        times = [block.t_mono_ns for block in read if block.error is None]
        assert times == sorted(set(times))

    anyio.run(run)
