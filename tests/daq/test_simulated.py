"""The simulated device: every sample proves itself, every fault comes as ordered, calls out of order are refused."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import numpy as np
import pytest

from gateway.daq import (
    BufferPlan,
    DaqBlock,
    DaqSession,
    DataFlow,
    ErrorPolicy,
    OutputChannel,
    TaskSpec,
    Timing,
    WrapMode,
    open_device,
    play,
    record,
)
from gateway.daq.back_ends.call_order import CALLS, CallOrder, Stage
from gateway.daq.back_ends.simulated import Fault, FaultKind, SimulatedDevice, constant, sine
from gateway.daq.back_ends.simulated.signals import ENCODING
from gateway.daq.decoding import Decoder
from gateway.daq.errors import DaqDeviceRemovedError, DaqStalledError, DaqTaskStateError
from gateway.daq.output_gate import OutputGate
from gateway.daq.player import Player
from tests.daq.manual_clock import ManualClock
from tests.daq.tasks import counted, finite_task, input_task, inputs, output_task, spans


@asynccontextmanager
async def opened(
    device: SimulatedDevice, clock: ManualClock, task: TaskSpec | None = None
) -> AsyncIterator[DaqSession]:
    async with await open_device(task or input_task(), back_end=device, autostart=False, clock=clock) as session:
        yield session


async def blocks_with(manual: ManualClock, faults: dict[int, Fault], periods: int) -> list[DaqBlock]:
    """What a recording delivers in some block periods."""
    device = SimulatedDevice(clock=manual, faults=faults)
    async with opened(device, manual) as session, record(session, error_policy=ErrorPolicy.RETURN) as recording:
        blocks = []
        for _ in range(periods):
            await manual.advance(100)
            while recording.stream.unread:
                blocks.append(await recording.stream.receive())
    return blocks


def check_values(blocks: list[DaqBlock]) -> None:
    for block in blocks:
        if block.first_sample_index is not None:
            np.testing.assert_array_equal(block.data, counted(block.first_sample_index, block.samples_per_channel))


async def test_every_sample_is_where_it_belongs(manual: ManualClock) -> None:
    blocks = await blocks_with(manual, {}, 5)
    assert spans(blocks) == [(number, number * 10, 10) for number in range(5)]
    assert [block.t_mono_ns for block in blocks] == [1_000_000_000 + number * 100_000_000 for number in range(5)]
    check_values(blocks)


@pytest.mark.parametrize(
    ("fault", "expected", "losses"),
    [
        (Fault(FaultKind.OVERRUN), [(0, 0, 10), (None, None, 0), (1, 20, 10)], [0, 0, 10]),
        (Fault(FaultKind.OVERRUN, counted=False), [(0, 0, 10), (None, None, 0), (1, 10, 10)], [0, 0, None]),
        (Fault(FaultKind.BUFFER_REUSED), [(0, 0, 10), (None, None, 0), (1, 20, 10)], [0, 0, 10]),
        (Fault(FaultKind.SHORT_BLOCK, samples=4), [(0, 0, 10), (1, 10, 4), (2, 14, 10)], [0, 0, 0]),
        (Fault(FaultKind.EMPTY_BLOCK), [(0, 0, 10), (1, 10, 10), (2, 20, 10)], [0, 0, 0]),
        (Fault(FaultKind.TRIGGER_ERROR), [(0, 0, 10), (None, None, 0), (1, 10, 10), (2, 20, 10)], [0, 0, 0, 0]),
    ],
)
async def test_faults(
    manual: ManualClock, fault: Fault, expected: list[tuple[int, int, int]], losses: list[int | None]
) -> None:
    blocks = await blocks_with(manual, {1: fault}, 3)
    assert spans(blocks) == expected
    assert [block.samples_lost for block in blocks] == losses
    if fault.counted:
        check_values(blocks)


async def test_a_removed_device_stays_away_until_it_is_plugged_in(manual: ManualClock) -> None:
    device = SimulatedDevice(clock=manual)
    async with opened(device, manual) as session:
        for _ in range(2):
            with pytest.raises(DaqDeviceRemovedError):
                async with record(session):
                    device.inject(Fault(FaultKind.REMOVAL))
                    await manual.advance(250)
                    await anyio.sleep_forever()
        device.plug_in()
        async with record(session) as recording:
            await manual.advance(250)
            assert (await recording.stream.receive()).first_sample_index == 0


async def test_a_stalled_clock_goes_on_where_it_stood(manual: ManualClock) -> None:
    device = SimulatedDevice(clock=manual, faults={2: Fault(FaultKind.STALL, seconds=0.3)})
    async with opened(device, manual) as session, record(session) as recording:
        for _ in range(7):
            await manual.advance(100)
        blocks = [await recording.stream.receive() for _ in range(4)]
    check_values(blocks)
    assert spans(blocks) == [(number, number * 10, 10) for number in range(4)]


async def test_a_clock_that_stands_still_is_noticed(manual: ManualClock) -> None:
    device = SimulatedDevice(clock=manual, faults={1: Fault(FaultKind.STALL)})
    async with opened(device, manual) as session:
        with pytest.raises(DaqStalledError):
            async with record(session):
                for _ in range(15):
                    await manual.advance(100, device_stands=True)


async def test_a_wrong_rate_is_estimated(manual: ManualClock) -> None:
    device = SimulatedDevice(clock=manual, ppm=150)
    async with opened(device, manual) as session, record(session) as recording:
        for _ in range(300):
            await manual.advance(100 / (1 + 150e-6) + 1e-5)  # and a little, as messages come late
            block = await recording.stream.receive()
    assert (block.sample_rate_hz, block.sample_rate_hz_requested) == (100.0, 100.0)
    assert block.sample_rate_hz_estimated == pytest.approx(100 * (1 + 150e-6), rel=2e-5)


async def test_a_finite_task_ends_by_itself(manual: ManualClock) -> None:
    device = SimulatedDevice(clock=manual)
    async with opened(device, manual, finite_task(65)) as session, record(session) as recording:
        for _ in range(7):
            await manual.advance(100)
        blocks = [block async for block in recording.stream]
    assert [block.samples_per_channel for block in blocks] == [10] * 6 + [5]
    check_values(blocks)


async def test_outputs_put_out_what_they_are_given(manual: ManualClock) -> None:
    heard: list[int] = []
    device = SimulatedDevice(clock=manual, put_out=lambda codes: heard.extend(codes[:, 0].tolist()))
    wave = np.linspace(-5, 5, 45)
    async with opened(device, manual, output_task()) as session:
        async with play(session, wave) as playback:
            for _ in range(6):
                await manual.advance(100)
            await playback.drained()
        assert heard[:45] == ENCODING.encode(wave).tolist()
        assert device.terminals.tolist() == [32768]
        device.inject(Fault(FaultKind.UNDERRUN))
        async with play(session, wave, error_policy=ErrorPolicy.SKIP) as playback:
            await manual.advance(100)
            assert playback.underruns_observed == 1


async def test_buffers_are_replayed_by_the_device_itself(manual: ManualClock) -> None:
    heard: list[int] = []
    device = SimulatedDevice(clock=manual, put_out=lambda codes: heard.extend(codes[:, 0].tolist()))
    wave = np.linspace(-5, 5, 30)
    async with opened(device, manual, output_task(wrap_mode=WrapMode.SINGLE)) as session, play(session, wave):
        for _ in range(7):
            await manual.advance(100)
    assert heard == np.tile(ENCODING.encode(wave), 3)[:70].tolist()


def test_signals_are_functions_of_the_sample_number() -> None:
    tone = sine(50.0, amplitude=2.0)
    whole = tone(0, 1000, 2, 1000.0)
    np.testing.assert_array_equal(whole[400:500], tone(400, 100, 2, 1000.0))
    assert (whole * ENCODING.scale + ENCODING.offset).max() == pytest.approx(2.0, abs=1e-3)
    assert constant(1.0, 2.0)(7, 3, 3, 1.0).tolist() == [ENCODING.encode(np.array([1.0, 2.0, 2.0])).tolist()] * 3


def test_calls_out_of_order_are_refused() -> None:
    device = SimulatedDevice()
    for call in (device.arm, device.start, lambda: device.register(lambda _: None)):
        with pytest.raises(DaqTaskStateError, match="out of order"):
            call()
    device.commit(input_task())
    device.register(lambda _: None)
    with pytest.raises(DaqTaskStateError, match="no buffer"):
        device.arm()
    for stage in Stage:
        for call_name, (allowed, _) in CALLS.items():
            order = CallOrder()
            order.stage = stage
            if stage in allowed:
                order.enter(call_name)
            else:
                with pytest.raises(DaqTaskStateError):
                    order.enter(call_name)


async def test_by_the_machines_own_clock_every_sample_is_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million samples per second, on real threads; a machine too busy for it loses blocks, but says so."""
    threads = threads_of(monkeypatch, Decoder, "decode")
    task = TaskSpec(
        name="fast",
        channels=inputs(2),
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=500_000),
        buffers=BufferPlan(buffers=16, samples_per_buffer=50_000),
    )
    async with await open_device(task, back_end=SimulatedDevice(), autostart=False) as session:
        async with record(session, error_policy=ErrorPolicy.SKIP) as recording:
            blocks = [await recording.stream.receive() for _ in range(5)]
    check_values(blocks)
    lost = recording.summary.samples_lost + 50_000 * recording.summary.payloads_dropped
    assert blocks[-1].first_sample_index is not None
    assert 200_000 <= blocks[-1].first_sample_index <= 200_000 + lost
    assert threads
    assert threading.get_ident() not in threads, "blocks as big as these are converted beside the event loop"


async def test_big_waveforms_are_checked_and_encoded_beside_the_event_loop(
    manual: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking = threads_of(monkeypatch, OutputGate, "check")
    encoding = threads_of(monkeypatch, Player, "_encode")
    task = replace(output_task(), buffers=BufferPlan(buffers=3, samples_per_buffer=100_000))
    async with opened(SimulatedDevice(clock=manual), manual, task) as session:
        async with play(session, np.zeros(300_000)):
            pass
    assert len(encoding) == 3
    assert threading.get_ident() not in {*checking, *encoding}


def threads_of(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> list[int]:
    """In which threads a method is called from now on."""
    threads: list[int] = []
    original = getattr(owner, method)

    def watched(*arguments: object, **options: object) -> object:
        threads.append(threading.get_ident())
        return original(*arguments, **options)

    monkeypatch.setattr(owner, method, watched)
    return threads


async def test_output_channels_of_the_spec_are_those_of_the_device(manual: ManualClock) -> None:
    heard: list[list[int]] = []
    device = SimulatedDevice(clock=manual, put_out=lambda codes: heard.append(codes[0].tolist()))
    channels = tuple(OutputChannel(name=f"ao{number}", requires_confirm=False) for number in range(2))
    async with opened(device, manual, output_task(*channels)) as session:
        async with play(session, np.array([[1.0] * 10, [-1.0] * 10])):
            await manual.advance(100)
    assert heard[0] == ENCODING.encode(np.array([1.0, -1.0])).tolist()
