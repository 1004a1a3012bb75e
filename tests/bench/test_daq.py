"""The DAQ bench counts what it should; how fast a machine is, is not for a test."""

from __future__ import annotations

from dataclasses import replace

from bench.daq import DaqRun, gap, is_right, run_at
from tests.daq.tasks import counted
from tests.daq.test_blocks import block


async def test_a_slow_device_is_received_without_loss() -> None:
    run = await run_at(1000.0, seconds=0.3)
    assert (run.lost, run.wrong) == (0, 0)
    assert run.samples_per_s > 0


def test_wrong_values_and_gaps_are_seen() -> None:
    good = block(8, 10, data=counted(65_530, 10, 8), first_sample_index=65_530, sensor_status={})
    assert is_right(good)
    assert not is_right(replace(good, first_sample_index=65_531))
    assert gap(good, replace(good, first_sample_index=65_540)) == 0
    assert gap(good, replace(good, first_sample_index=65_560)) == 20
    assert DaqRun(1000.0, 8000.0, 0.5, 0, 0).holds
    assert not any(
        run.holds for run in (DaqRun(1e3, 8e3, 0.5, 1, 0), DaqRun(1e3, 8e3, 0.5, 0, 1), DaqRun(1e3, 7e3, 1, 0, 0))
    )
