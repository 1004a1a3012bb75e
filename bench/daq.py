"""The highest rate at which blocks of the simulated DAQ device arrive without loss, every one checked."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from bench.table import Cell, print_table
from gateway.daq import BufferPlan, DaqBlock, DataFlow, ErrorPolicy, InputChannel, TaskSpec, Timing, open_device, record
from gateway.daq.back_ends.simulated import SimulatedDevice
from gateway.daq.back_ends.simulated.signals import ENCODING, counter

CHANNELS = 8
BLOCKS_PER_S = 100
BUFFERS = 32
SECONDS = 3.0
FIRST_HZ = 125_000
"""Scan rate of the first run: a million samples per second."""

REFINEMENTS = 3
"""Halvings between the last rate that held and the first one that did not."""


@dataclass(frozen=True, slots=True)
class DaqRun:
    """One measurement.

    Attributes:
        rate_hz: Scans per second asked for.
        samples_per_s: Samples of all channels per second that arrived.
        cpu: Share of one core, the device's thread included.
        lost: Samples per channel lost, in the device or on the way.
        wrong: Blocks whose first or last scan is not what its index says.
    """

    rate_hz: float
    samples_per_s: float
    cpu: float
    lost: int
    wrong: int

    @property
    def holds(self) -> bool:
        """Whether everything arrived, in time and right."""
        on_time = self.samples_per_s >= 0.98 * self.rate_hz * CHANNELS
        return on_time and not self.lost and not self.wrong

    @property
    def row(self) -> tuple[Cell, ...]:
        """For the table."""
        asked, arrived = self.rate_hz * CHANNELS / 1e6, self.samples_per_s / 1e6
        return f"{asked:g}", arrived, arrived * 8, self.cpu * 100, self.lost, self.wrong


def is_right(block: DaqBlock) -> bool:
    """Whether the first and the last scan are those that belong to the block's index."""
    assert block.first_sample_index is not None
    for column in (0, block.samples_per_channel - 1):
        codes = counter(block.first_sample_index + column, 1, CHANNELS, block.sample_rate_hz)[0]
        if not np.array_equal(block.data[:, column], codes * ENCODING.scale + ENCODING.offset):
            return False
    return True


def gap(before: DaqBlock, block: DaqBlock) -> int:
    """Samples per channel that are missing between two blocks."""
    assert before.first_sample_index is not None
    assert block.first_sample_index is not None
    return block.first_sample_index - before.first_sample_index - before.samples_per_channel


async def run_at(rate_hz: float, seconds: float = SECONDS) -> DaqRun:
    """Record for some seconds."""
    task = TaskSpec(
        name="bench",
        channels=tuple(InputChannel(name=f"ai{number}", terminal=number) for number in range(CHANNELS)),
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=rate_hz),
        buffers=BufferPlan(buffers=BUFFERS, samples_per_buffer=max(1, round(rate_hz / BLOCKS_PER_S))),
    )
    scans = wrong = lost = 0
    async with await open_device(task, back_end=SimulatedDevice(), autostart=False) as session:
        recording_context = record(session, error_policy=ErrorPolicy.SKIP, stream_buffer_size=BUFFERS)
        async with recording_context as recording:
            block = await recording.stream.receive()
            began, cpu = time.perf_counter(), time.process_time()
            while (elapsed := time.perf_counter() - began) < seconds:
                before, block = block, await recording.stream.receive()
                lost += gap(before, block)
                scans += block.samples_per_channel
                wrong += not is_right(block)
            used = time.process_time() - cpu
    return DaqRun(rate_hz, scans * CHANNELS / elapsed, used / elapsed, lost, wrong)


async def daq() -> bool:
    """Double the rate until samples are lost, then close in; False if not even the first rate holds."""
    runs = [await run_at(FIRST_HZ)]
    while runs[-1].holds:
        runs.append(await run_at(runs[-1].rate_hz * 2))
    low, high = runs[-1].rate_hz / 2, runs[-1].rate_hz
    for _ in range(REFINEMENTS if len(runs) > 1 else 0):
        middle = await run_at((low + high) / 2)
        runs.append(middle)
        low, high = (middle.rate_hz, high) if middle.holds else (low, middle.rate_hz)
    print_table(
        f"DAQ blocks: simulated device, {CHANNELS} channels, {BLOCKS_PER_S} blocks per second, {SECONDS:g} s each",
        ("MS/s asked", "MS/s", "MB/s", "CPU %", "lost", "wrong blocks"),
        [run.row for run in sorted(runs, key=lambda run: run.rate_hz)],
    )
    held = [run for run in runs if run.holds]
    if held:
        best = max(held, key=lambda run: run.rate_hz)
        print(f"  without loss: {best.samples_per_s / 1e6:.3g} million samples per second\n")
    return bool(held)
