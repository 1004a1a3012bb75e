"""Files of blocks, and the back end that replays them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.daq import DaqBlock, ErrorPolicy, InputChannel, TaskSpec, open_device, record
from gateway.daq.back_ends.file import FileReplay
from gateway.daq.back_ends.file.scans import cut
from gateway.daq.back_ends.simulated import Fault, FaultKind, SimulatedDevice
from gateway.daq.block_file import FileHeader, RecordedBlock, open_reader, writer_for
from gateway.daq.block_file.csv_text import CsvWriter
from gateway.daq.errors import DaqBufferOverrunError, DaqDeviceError, DaqLoggingError, DaqValidationError
from gateway.daq.task import RawLogging
from tests.daq.manual_clock import ManualClock
from tests.daq.tasks import counted, input_task
from tests.daq.test_blocks import block

HEADER = FileHeader("bench", "scan", ("ai0", "ai1"), ("V", ""), 100.0, "2026-01-01T00:00:00+00:00")

each_kind = pytest.mark.parametrize("suffix", [".npz", ".csv"])


def written(path: Path, *spans: tuple[int, int]) -> Path:
    """A file with blocks of these first samples and lengths, whose values count."""
    writer = writer_for(path, HEADER)
    for first, length in spans:
        writer.write(block(2, length, data=counted(first, length), first_sample_index=first, sensor_status={}))
    writer.close()
    return path


def task(path: Path | None = None, *names: str) -> TaskSpec:
    channels = tuple(InputChannel(name=name) for name in names or ("ai0", "ai1"))
    return input_task(channels, logging=None if path is None else RawLogging(path))


async def recorded(
    back_end: FileReplay | SimulatedDevice, spec: TaskSpec, policy: ErrorPolicy = ErrorPolicy.RAISE
) -> list[DaqBlock]:
    async with await open_device(spec, back_end=back_end, autostart=False) as session:
        async with record(session, error_policy=policy, stream_buffer_size=100) as recording:
            return [one async for one in recording.stream]


@each_kind
async def test_what_is_recorded_is_replayed(tmp_path: Path, manual: ManualClock, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    device = SimulatedDevice(clock=manual, faults={2: Fault(FaultKind.OVERRUN)})
    async with await open_device(task(path), back_end=device, autostart=False, clock=manual) as session:
        async with record(session, error_policy=ErrorPolicy.SKIP) as recording:
            for _ in range(5):
                await manual.advance(100)
            first_time = [await recording.stream.receive() for _ in range(4)]
    again = await recorded(FileReplay(path, as_fast_as_possible=True), task(), ErrorPolicy.SKIP)
    assert [one.first_sample_index for one in again] == [0, 10, 30, 40]
    assert [one.discontinuity for one in again] == [False, False, True, False]
    for one, other in zip(first_time, again, strict=True):
        np.testing.assert_array_equal(one.data, other.data)
    with pytest.raises(DaqBufferOverrunError, match="as recorded"):
        await recorded(FileReplay(path, as_fast_as_possible=True), task())


@each_kind
async def test_channels_are_found_by_name_and_blocks_cut_anew(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"log{suffix}", (0, 25), (25, 3), (28, 9))
    blocks = await recorded(FileReplay(path, as_fast_as_possible=True), task(None, "ai1"))
    assert [one.samples_per_channel for one in blocks] == [10, 10, 10, 7]
    np.testing.assert_array_equal(np.hstack([one.data for one in blocks])[0], counted(0, 37)[1])


async def test_at_its_own_pace_it_keeps_the_recorded_rate(tmp_path: Path, manual: ManualClock) -> None:
    path = written(tmp_path / "log.npz", (0, 30))
    device = FileReplay(path, clock=manual)
    async with await open_device(task(), back_end=device, autostart=False, clock=manual) as session:
        async with record(session) as recording:
            times = []
            for _ in range(3):
                await manual.advance(100)
                times.append((await recording.stream.receive()).t_mono_ns)
            assert [one async for one in recording.stream] == []
    assert times == [1_000_000_000, 1_100_000_000, 1_200_000_000]
    assert recording.rate_hz == 100.0


async def test_as_fast_as_possible_nothing_is_lost_to_a_slow_consumer(tmp_path: Path) -> None:
    path = written(tmp_path / "log.npz", *((first, 1000) for first in range(0, 20_000, 1000)))
    blocks = await recorded(FileReplay(path, as_fast_as_possible=True), replace(task(), buffers=task().buffers))
    assert sum(one.samples_per_channel for one in blocks) <= 20_000


@each_kind
async def test_files_that_cannot_be_replayed_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    with pytest.raises(DaqDeviceError, match="cannot be read"):
        await recorded(FileReplay(path), task())
    path.write_text("1,2,3\n")
    with pytest.raises(DaqValidationError):
        await recorded(FileReplay(path), task())
    with pytest.raises(DaqValidationError, match="it has ai0, ai1"):
        await recorded(FileReplay(written(path, (0, 10))), task(None, "ai7"))
    with pytest.raises(DaqValidationError, match=r"use \.npz or \.csv"):
        open_reader(tmp_path / "log.wav")


async def test_a_damaged_line_ends_the_replay_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", (0, 30))
    lines = path.read_text().splitlines()
    lines[25] = "23,2026-01-01T00:00:00+00:00,1.0,nonsense"
    path.write_text("\n".join(lines))
    with pytest.raises(DaqDeviceError, match=r"log.csv:26: the line is no scan"):
        await recorded(FileReplay(path, as_fast_as_possible=True), task())


@each_kind
async def test_a_log_that_cannot_be_written_is_told_before_the_start(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DaqLoggingError):
        await recorded(SimulatedDevice(), task(tmp_path / "nowhere" / f"log{suffix}"))


async def test_a_disk_that_fills_up_does_not_end_a_recording_that_may_go_on(
    manual: ManualClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "log.csv"
    device = SimulatedDevice(clock=manual)
    async with await open_device(task(path), back_end=device, autostart=False, clock=manual) as session:
        async with record(session, error_policy=ErrorPolicy.SKIP) as recording:
            monkeypatch.setattr(CsvWriter, "write", full)
            monkeypatch.setattr(CsvWriter, "close", full_at_the_end)
            for _ in range(3):
                await manual.advance(100)
                await recording.stream.receive()
    assert recording.summary.errors_observed == 1


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def full_at_the_end(writer: CsvWriter) -> None:
    writer._file.close()
    full()


@settings(deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 30)), min_size=1, max_size=10),
    length=st.integers(1, 12),
)
def test_cutting_keeps_every_sample_and_every_gap(spans: list[tuple[int, int]], length: int) -> None:
    blocks, expected, at = [], [], 0
    for number, (gap, samples) in enumerate(spans):
        at += gap if number else 0
        indices = np.arange(at, at + samples, dtype=float)
        blocks.append(RecordedBlock(at, np.vstack([indices, -indices])))
        expected += indices.tolist()
        at += samples
    seen, index = [], 0
    for scans in cut(iter(blocks), [1, 0], length):
        assert 1 <= len(scans.data) <= length
        index += scans.lost
        np.testing.assert_array_equal(scans.data[:, 1], np.arange(index, index + len(scans.data)))
        np.testing.assert_array_equal(scans.data[:, 0], -scans.data[:, 1])
        seen += scans.data[:, 1].tolist()
        index += len(scans.data)
    assert seen == expected
