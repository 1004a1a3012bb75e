"""Tasks that the tests of this folder use: blocks of 10 samples at 100 Hz, so a block takes 100 ms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq import BufferPlan, DaqBlock, DataFlow, InputChannel, OutputChannel, TaskSpec, Timing, WrapMode
from gateway.daq.back_ends.simulated.signals import ENCODING, counter

BLOCK = 10
RATE_HZ = 100.0


def inputs(count: int = 2) -> tuple[InputChannel, ...]:
    return tuple(InputChannel(name=f"ai{number}", terminal=number) for number in range(count))


def input_task(channels: int | tuple[InputChannel, ...] = 2, *, buffers: int = 4, **more: Any) -> TaskSpec:
    return TaskSpec(
        name="scan",
        channels=inputs(channels) if isinstance(channels, int) else channels,
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=RATE_HZ),
        buffers=BufferPlan(buffers=buffers, samples_per_buffer=BLOCK),
        **more,
    )


def finite_task(samples: int) -> TaskSpec:
    return TaskSpec(
        name="scan",
        channels=inputs(),
        data_flow=DataFlow.FINITE,
        timing=Timing(rate_hz=RATE_HZ, samples_per_channel=samples),
        buffers=BufferPlan(samples_per_buffer=BLOCK, wrap_mode=WrapMode.NONE),
    )


def output_task(*channels: OutputChannel, wrap_mode: WrapMode = WrapMode.MULTIPLE, buffers: int = 3) -> TaskSpec:
    return TaskSpec(
        name="wave",
        channels=channels or (OutputChannel(name="ao0", requires_confirm=False),),
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=RATE_HZ),
        buffers=BufferPlan(buffers=buffers, samples_per_buffer=BLOCK, wrap_mode=wrap_mode),
    )


def counted(first: int, samples: int, channels: int = 2) -> NDArray[np.float64]:
    """Volts that a counting input takes, shape (channels, samples)."""
    return (counter(first, samples, channels, RATE_HZ) * ENCODING.scale + ENCODING.offset).T


def spans(blocks: list[DaqBlock]) -> list[tuple[int | None, int | None, int]]:
    return [(block.block_index, block.first_sample_index, block.samples_per_channel) for block in blocks]
