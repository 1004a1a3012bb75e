"""`play`: sources, ends, policies, and what is left behind when it is broken off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import numpy as np
import pytest
from anyio.lowlevel import checkpoint
from numpy.typing import NDArray

from gateway.daq import (
    DaqSession,
    DataFlow,
    ErrorPolicy,
    OutputChannel,
    PlaybackEnd,
    PlaybackSource,
    TaskSpec,
    WrapMode,
    open_device,
    play,
)
from gateway.daq.errors import (
    DaqCapabilityError,
    DaqDeviceError,
    DaqDeviceRemovedError,
    DaqIncompleteError,
    DaqStalledError,
    DaqTaskStateError,
    DaqUnderrunError,
    DaqValidationError,
)
from gateway.daq.messages import MessageKind
from gateway.testing.virtual_clock import VirtualClock
from tests.daq.scripted_device import ScriptedDevice, volts
from tests.daq.tasks import BLOCK, input_task, output_task

STEP = 20 / 65536


@pytest.fixture
def device(clock: VirtualClock) -> ScriptedDevice:
    return ScriptedDevice(clock)


@asynccontextmanager
async def opened(
    device: ScriptedDevice, clock: VirtualClock, task: TaskSpec | None = None
) -> AsyncIterator[DaqSession]:
    async with await open_device(task or output_task(), back_end=device, autostart=False, clock=clock) as session:
        yield session


def wave(samples: int) -> NDArray[np.float64]:
    return np.linspace(1.0, 3.0, samples)


async def play_out(device: ScriptedDevice, clock: VirtualClock, session: DaqSession) -> None:
    with anyio.fail_after(20):
        while session.is_running():
            if device.queued:
                await clock.sleep(0.1)
                device.done()
            await checkpoint()  # a function is called in a thread, and virtual time does not wait for threads


def heard(device: ScriptedDevice) -> NDArray[np.float64]:
    return np.concatenate(device.put_out)[:, 0]


def chunks(*lengths: int) -> list[NDArray[np.float64]]:
    return np.split(wave(sum(lengths)), np.cumsum(lengths)[:-1])


def function(*lengths: int) -> Callable[[], NDArray[np.float64] | None]:
    pieces = iter(chunks(*lengths))
    return lambda: next(pieces, None)


async def iterator(*lengths: int) -> AsyncIterator[NDArray[np.float64]]:
    for piece in chunks(*lengths):
        yield piece


SOURCES: dict[str, tuple[Callable[[], PlaybackSource], int]] = {
    "array": (lambda: wave(57), 57),
    "array of two dimensions": (lambda: wave(57)[np.newaxis], 57),
    "short array": (lambda: wave(7), 7),
    "whole numbers": (lambda: np.arange(5), 5),
    "function": (lambda: function(10, 10, 10, 4, 10, 1), 45),
    "iterator": (lambda: iterator(10, 3, 10, 10, 10), 43),
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("end", PlaybackEnd)
async def test_every_source_is_put_out_sample_for_sample_and_ends_as_agreed(
    clock: VirtualClock, device: ScriptedDevice, kind: str, end: PlaybackEnd
) -> None:
    source, length = SOURCES[kind]
    async with opened(device, clock) as session:
        async with play(session, source(), end=end, stall_after_blocks=None) as playback:
            await play_out(device, clock, session)
            await playback.drained()
        expected = np.arange(5) if kind == "whole numbers" else wave(length)
        np.testing.assert_allclose(heard(device)[:length], expected, atol=STEP)
        tail, last = heard(device)[length:], expected[-1]
        if end is PlaybackEnd.HOLD:
            np.testing.assert_allclose(tail, [last], atol=STEP)
        else:
            np.testing.assert_allclose(tail, last * (1 - np.arange(1, BLOCK + 1) / BLOCK), atol=STEP)
            assert tail[-1] == 0.0
        assert device.written == []
        assert "mute" not in device.calls
        assert playback.samples_produced == length
        assert playback.payloads_emitted == playback.payloads_produced == -(-length // BLOCK) or kind != "array"


async def test_order_of_the_calls(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        async with play(session, wave(100), end=PlaybackEnd.HOLD):
            assert [buffer.valid for buffer in device.queued] == [BLOCK] * 3, "filled before they are queued"
        up = ["commit", "register", "queue 0", "queue 1", "queue 2", "arm", "start"]
        assert device.calls == [*up, "stop", "unregister", "flush"]


async def test_breaking_off_makes_the_outputs_safe_at_once(clock: VirtualClock, device: ScriptedDevice) -> None:
    channel = OutputChannel(name="ao0", requires_confirm=False, safe_min=0.5, safe_max=4.0, gain=2.0)
    async with opened(device, clock, output_task(channel)) as session:
        async with play(session, wave(100)) as playback:
            await clock.sleep(0.1)
            device.done()
            await clock.sleep(0.01)
        assert device.calls[-5:] == ["mute", "stop", "unregister", "flush", "write_values"]
    np.testing.assert_allclose(device.written, [[0.25]], atol=STEP)  # 0.5 V behind the amplifier
    assert (playback.payloads_produced, playback.payloads_emitted, playback.payloads_dropped) == (4, 1, 3)
    assert not playback.is_complete
    with pytest.raises(DaqTaskStateError, match="broken off"):
        await playback.drained()


async def test_breaking_off_with_hold_touches_nothing(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(KeyError):
            async with play(session, wave(100), end=PlaybackEnd.HOLD):
                raise KeyError
    assert device.written == []
    assert "mute" not in device.calls


@pytest.mark.parametrize("replays", [True, False])
async def test_single_wrap_replays_its_buffers(clock: VirtualClock, *, replays: bool) -> None:
    device = ScriptedDevice(clock, wrap_single=replays)
    async with opened(device, clock, output_task(wrap_mode=WrapMode.SINGLE)) as session:
        async with play(session, wave(30)) as playback:
            if not replays:  # then the buffers are given back again and again
                for _ in range(7):
                    await clock.sleep(0.1)
                    device.done()
                await clock.sleep(0.01)
            assert len(device.queued) == 3
            with pytest.raises(DaqTaskStateError, match="for ever"):
                await playback.drained()
        assert (playback.payloads_produced, playback.payloads_dropped) == (3, 0)
    if not replays:
        np.testing.assert_allclose(heard(device), np.tile(wave(30), 3)[:70], atol=STEP)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "too short for single wrap": (lambda: wave(29), "exactly 30"),
    "no array for single wrap": (lambda: function(10, 10, 10), "WrapMode.MULTIPLE"),
    "too few chunks": (lambda: function(10, 10), "after 2 chunks"),
    "two rows for one channel": (lambda: np.zeros((2, 10)), r"\(1, samples\)"),
    "empty": (lambda: np.zeros((1, 0)), r"\(1, samples\)"),
    "too long a chunk": (lambda: function(10, 11, 10), "does not fit"),
    "complex": (lambda: np.zeros(10, complex), "real numbers"),
    "text": (lambda: np.array(["1"]), "real numbers"),
    "list": (lambda: [1.0, 2.0], "no array, no function"),
    "function of lists": (lambda: lambda: [1.0], "real numbers"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_sources_that_do_not_fit_are_refused_before_the_device_is_asked(
    clock: VirtualClock, device: ScriptedDevice, kind: str
) -> None:
    source, message = REFUSED[kind]
    wrap = WrapMode.SINGLE if "single" in kind else WrapMode.MULTIPLE
    async with opened(device, clock, output_task(wrap_mode=wrap)) as session:
        with pytest.raises(DaqValidationError, match=message):
            async with play(session, source()):
                pytest.fail("the playback has started")
    assert device.calls == ["close"]


async def test_what_the_converter_cannot_put_out_is_refused_not_clipped(
    clock: VirtualClock, device: ScriptedDevice
) -> None:
    """The channel allows 24 V, the converter behind its divider ends at 10 V."""
    channel = OutputChannel(name="ao0", max_val=24.0, requires_confirm=False)
    async with opened(device, clock, output_task(channel)) as session:
        with pytest.raises(DaqValidationError, match="the converter reaches from -10 to 10"):
            async with play(session, np.full(30, 12.0)):
                pytest.fail("the playback has started")
        assert "start" not in device.calls
        async with play(session, np.full(30, 10.0)):
            assert session.is_running()


async def test_what_the_caller_changes_afterwards_is_not_put_out(clock: VirtualClock, device: ScriptedDevice) -> None:
    samples = wave(60)
    async with opened(device, clock) as session, play(session, samples):
        samples[:] = np.nan
        await play_out(device, clock, session)
    np.testing.assert_allclose(heard(device)[:60], wave(60), atol=STEP)


async def test_an_underrun_ends_it_or_is_counted(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqUnderrunError):
            async with play(session, wave(100)) as playback:
                device.say(MessageKind.UNDERRUN)
                await anyio.sleep_forever()
        assert playback.underruns_observed == 1
        for policy in (ErrorPolicy.SKIP, ErrorPolicy.RETURN):
            device.put_out.clear()
            async with play(session, wave(50), error_policy=policy) as playback:
                device.say(MessageKind.UNDERRUN)
                await play_out(device, clock, session)
                await playback.drained()
            assert (playback.underruns_observed, playback.errors_observed) == (1, 1)
            np.testing.assert_allclose(heard(device)[:50], wave(50), atol=STEP)


@pytest.mark.parametrize(
    ("kind", "error"),
    [(MessageKind.DEVICE_REMOVED, DaqDeviceRemovedError), (MessageKind.QUEUE_STOPPED, DaqIncompleteError)],
)
async def test_what_ends_it_under_every_policy(
    clock: VirtualClock, device: ScriptedDevice, kind: MessageKind, error: type[Exception]
) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(error):
            async with play(session, wave(100), error_policy=ErrorPolicy.SKIP):
                device.say(kind)
                await anyio.sleep_forever()
        assert not session.is_running()


async def test_a_device_that_puts_nothing_out_is_noticed(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        with pytest.raises(DaqStalledError):
            async with play(session, wave(100), stall_after_blocks=12):
                await anyio.sleep_forever()


async def test_a_slow_source_is_no_stalled_device(clock: VirtualClock, device: ScriptedDevice) -> None:
    async def slow() -> AsyncIterator[NDArray[np.float64]]:
        for piece in chunks(10, 10, 10):
            yield piece
        await clock.sleep(1000.5)  # not a multiple of what the watch allows
        yield wave(10)

    async with opened(device, clock) as session:
        async with play(session, slow()) as playback:
            for _ in range(3):
                await clock.sleep(0.1)
                device.done()
            while not device.queued:
                await clock.sleep(0.01)
            await clock.sleep(0.8)
            await play_out(device, clock, session)
            await playback.drained()
    assert (playback.samples_produced, playback.errors_observed) == (40, 0)


async def test_a_source_that_fails_ends_it_with_its_own_error(clock: VirtualClock, device: ScriptedDevice) -> None:
    async def failing() -> AsyncIterator[NDArray[np.float64]]:
        for piece in chunks(10, 10, 10):
            yield piece
        raise LookupError("no more")

    async with opened(device, clock) as session:
        with pytest.raises(LookupError, match="no more"):
            async with play(session, failing()):
                device.done()
                await anyio.sleep_forever()
    assert device.written == [[0.0]]


@pytest.mark.parametrize("call", ["commit", "register", "queue", "arm", "start"])
async def test_a_driver_that_refuses_a_step_is_taken_down_again(
    clock: VirtualClock, device: ScriptedDevice, call: str
) -> None:
    device.failing[call] = RuntimeError("error code 7")
    async with opened(device, clock) as session:
        with pytest.raises(DaqDeviceError, match=f"{call}: RuntimeError: error code 7"):
            async with play(session, wave(100)):
                pytest.fail("the playback has started")
        after = device.calls[device.calls.index("commit") + 1 :]
        assert ("stop" in after) == (call != "commit")
        assert "start" not in after or call == "start"
        device.failing.clear()
        async with play(session, wave(30)):
            assert session.is_running()


async def test_tasks_of_another_kind_are_refused(clock: VirtualClock, device: ScriptedDevice) -> None:
    single = TaskSpec(name="single", channels=output_task().channels)
    for task in (input_task(), single):
        async with opened(device, clock, task) as session:
            with pytest.raises(DaqTaskStateError):
                async with play(session, wave(30)):
                    pytest.fail("the playback has started")
    assert single.data_flow is DataFlow.SINGLE_VALUE
    with pytest.raises(DaqCapabilityError, match="no hardware-clocked output"):
        DaqSession(output_task(), ScriptedDevice(clock, continuous_output=False))


async def test_single_values_are_written_behind_the_same_gate(clock: VirtualClock, device: ScriptedDevice) -> None:
    channels = (OutputChannel(name="a", requires_confirm=False), OutputChannel(name="b", requires_confirm=False))
    task = TaskSpec(name="single", channels=channels)
    async with await open_device(task, back_end=device, clock=clock) as session:
        with pytest.raises(DaqValidationError, match="channel b"):
            await session.write({"a": 1.0, "b": 99.0})
        with pytest.raises(DaqValidationError, match="needed for a, b"):
            await session.write({"a": 1.0})
        assert device.written == [], "not even the good half"
        await session.write({"b": 2.0, "a": 1.0})
    np.testing.assert_allclose(device.written, [[1.0, 2.0]], atol=STEP)
    assert volts(np.array([32768])) == 0.0
