"""What is known to go wrong in output elsewhere, row by row; here it does not."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.daq import DaqSession, OutputChannel, TaskSpec, open_device, play
from gateway.daq.errors import DaqConfirmationRequiredError, DaqValidationError
from gateway.daq.task import DataFlow
from gateway.testing.virtual_clock import VirtualClock
from tests.daq.scripted_device import ScriptedDevice
from tests.daq.tasks import BLOCK, output_task


@pytest.fixture
def device(clock: VirtualClock) -> ScriptedDevice:
    return ScriptedDevice(clock)


@asynccontextmanager
async def opened(
    device: ScriptedDevice, clock: VirtualClock, task: TaskSpec | None = None
) -> AsyncIterator[DaqSession]:
    async with await open_device(task or output_task(), back_end=device, autostart=False, clock=clock) as session:
        yield session


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("confirm", [False, True])
async def test_08_what_is_no_number_never_reaches_the_device(
    clock: VirtualClock, device: ScriptedDevice, value: float, *, confirm: bool
) -> None:
    wave = np.zeros(5 * BLOCK)
    wave[-1] = value  # beyond what the buffers hold at first: an array is checked as a whole
    async with opened(device, clock) as session:
        with pytest.raises(DaqValidationError, match=r"channel ao0, sample 49: .* is no finite number"):
            async with play(session, wave, confirm=confirm):
                pytest.fail("the playback has started")
        assert device.calls == []
    single = TaskSpec(name="single", channels=(OutputChannel(name="ao0"),))
    async with await open_device(single, back_end=device, autostart=False, clock=clock) as session:
        with pytest.raises(DaqValidationError):
            await session.write({"ao0": value}, confirm=confirm)
    assert set(device.calls) == {"close"}


async def test_08_nor_in_a_later_chunk(clock: VirtualClock, device: ScriptedDevice) -> None:
    chunks = iter([*[np.full(BLOCK, 1.0)] * 3, np.full(BLOCK, np.nan)])
    async with opened(device, clock) as session:
        with pytest.raises(DaqValidationError):
            async with play(session, lambda: next(chunks), stall_after_blocks=None):
                device.done()
                await anyio.sleep_forever()
    assert [buffer.tolist() for buffer in device.put_out] == [[[pytest.approx(1.0, abs=4e-4)]] * BLOCK]
    assert device.written == [[0.0]], "the outputs are safe"


async def test_09_the_playback_ends_with_its_source(clock: VirtualClock, device: ScriptedDevice) -> None:
    async with opened(device, clock) as session:
        async with play(session, np.full(4 * BLOCK, 5.0)) as playback:
            assert session.is_running()
            ended = anyio.Event()

            async def watch() -> None:
                await playback.drained()
                ended.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch)
                for _ in range(4):
                    await clock.sleep(0.1)
                    assert session.is_running()
                    assert not ended.is_set()
                    device.done()
                await clock.sleep(0.1)
                device.done()  # the ramp
            assert not session.is_running()
            assert playback.is_complete
    assert device.put_out[-1][-1] == [0.0]
    assert device.calls.count("stop") == 1


async def test_21_a_slow_function_does_not_hold_up_the_program(clock: VirtualClock, device: ScriptedDevice) -> None:
    asked, goes_on = threading.Event(), threading.Event()
    calls: list[int] = []

    def slow() -> NDArray[np.float64]:
        calls.append(threading.get_ident())
        if len(calls) > 3:
            asked.set()
            goes_on.wait(10)
        return np.full(BLOCK, 1.0)

    async with opened(device, clock) as session:
        try:
            with anyio.fail_after(20):
                async with play(session, slow, stall_after_blocks=None) as playback:
                    device.done()
                    assert await anyio.to_thread.run_sync(asked.wait, 10)
                    device.done()  # messages are still taken up
                    await clock.sleep(0.001)
                    assert playback.samples_produced == 2 * BLOCK
        finally:
            goes_on.set()
    assert threading.get_ident() not in calls


async def test_confirmation_is_asked_for_before_the_device_is(clock: VirtualClock, device: ScriptedDevice) -> None:
    channel = OutputChannel(name="ao0")
    async with opened(device, clock, output_task(channel)) as session:
        with pytest.raises(DaqConfirmationRequiredError):
            async with play(session, np.zeros(BLOCK)):
                pytest.fail("the playback has started")
        assert device.calls == []
        assert session.task.data_flow is DataFlow.CONTINUOUS
