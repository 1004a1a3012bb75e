"""From a device's blocks to the points of an analyser, and from actions to what its outputs do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.daq import DaqBlock
from gateway.daq.back_ends.simulated import Fault, FaultKind, SimulatedDevice, constant
from gateway.daq.back_ends.simulated.signals import CHANNEL_STEP, ENCODING
from gateway.daq.errors import DaqDeviceError, DaqDeviceRemovedError
from gateway.daq.record import record
from gateway.daq.session import open_device
from gateway.daq.task import RawLogging
from gateway.drivers.daq.block_samples import BlockSamples
from gateway.drivers.daq.driver import DRIVER
from gateway.drivers.daq.points import COUNTERS
from gateway.drivers.daq.settings import DaqChannel, DaqDevice, DaqSettings, SignalSpec
from gateway.drivers.daq.tasks import input_task
from gateway.errors import ActionNotNowError, ActionRefusedError
from gateway.model.projection import projection
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.streaming.clock import SystemClock
from tests.drivers.daq.opened import PATIENCE_S, Batch, device_settings, opened

STEP = ENCODING.scale


def at(batch: Batch, path: str) -> object:
    (sample,) = (one for one in batch if one.channel == path)
    assert sample.reading is not None
    return sample.reading.value


def wave(batch: Batch, channel: str) -> list[float]:
    value = at(batch, f"{channel}/Waveform")
    assert isinstance(value, memoryview)
    assert (value.format, value.ndim, value.readonly, value.contiguous) == ("d", 1, True, True)
    return value.tolist()


def first_time(batch: Batch) -> datetime:
    return datetime.fromisoformat(str(at(batch, "Block/FirstSampleTime")))


def first_sample(batch: Batch) -> Sample:
    return batch[0]


async def test_each_block_is_a_batch_whose_every_sample_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(monkeypatch, device_settings()) as device:
        await device.until(lambda: len(device.batches) >= 4)
        batches = device.batches[:4]
        assert device.source.counters.payloads_dropped == 0
    for number, batch in enumerate(batches):
        codes = np.arange(20 * number, 20 * number + 20)
        for row, channel in enumerate(("A", "B")):
            volts = (codes + row * CHANNEL_STEP) * STEP - 10
            assert wave(batch, channel) == volts.tolist()
            assert at(batch, f"{channel}/Mean") == pytest.approx(volts.mean())
            assert at(batch, f"{channel}/RMS") == pytest.approx(np.sqrt((volts**2).mean()))
            assert at(batch, f"{channel}/PeakToPeak") == pytest.approx(19 * STEP)
            assert at(batch, f"{channel}/StandardDeviation") == pytest.approx(codes.std() * STEP)
            assert at(batch, f"{channel}/SensorStatus") == "ok"
        assert (at(batch, "Block/Index"), at(batch, "Block/FirstSampleIndex")) == (number, 20 * number)
        assert at(batch, "Block/Discontinuity") is False
        assert at(batch, "SampleRate/Requested") == 1000
        assert {one.received_at for one in batch[:10]} == {first_sample(batch).received_at}
        length = first_sample(batch).received_at - first_time(batch)
        assert length == pytest.approx(timedelta(milliseconds=19), abs=timedelta(milliseconds=2))


async def test_a_batch_is_what_was_described(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = device_settings(trend_interval_s=0.04)
    description = DRIVER.describe(settings, ProtocolKind.LOCAL)
    group = build_site("site", [("dev", "", description)]).groups[0]
    project = projection(group, description).project
    async with opened(monkeypatch, settings) as device:
        await device.until(lambda: len(device.batches) >= 3)
        for batch in device.batches[:3]:
            update = project(batch)
        assert isinstance(device.source.counters, object)
        assert {getattr(device.source.counters, one.attribute) for one in COUNTERS} >= {0}
    states = {point.browse_path: state for point, state in zip(group.points, update.states, strict=True)}
    waiting = {path for path, state in states.items() if state is State.WAITING}
    assert waiting == {"Out/Value"}  # nobody has put anything out yet
    assert set(states.values()) == {State.GOOD, State.WAITING}
    values = dict(zip((point.browse_path for point in group.points), update.values, strict=True))
    assert isinstance(values["A/Trend"], memoryview)
    assert values["A/Trend"].tolist() == [pytest.approx(19.5 * STEP - 10)]


async def test_a_loss_is_a_gap_that_is_counted_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lossy = SimulatedDevice(faults={number: Fault(FaultKind.OVERRUN) for number in (2, 4)})
    async with opened(monkeypatch, device_settings(), inputs=[lossy]) as device:
        await device.until(lambda: len(device.batches) >= 4)
        batches = device.batches[:4]
        assert device.failures == []
        counters = device.source.counters
        assert (counters.overruns_observed, counters.errors_observed) == (2, 2)
        assert counters.produced == counters.payloads_emitted + counters.payloads_dropped
    assert [at(batch, "Block/FirstSampleIndex") for batch in batches] == [0, 20, 60, 100]
    assert [at(batch, "Block/Discontinuity") for batch in batches] == [False, False, True, True]
    assert len([record for record in caplog.records if "samples were lost" in record.message]) == 1


async def test_another_error_of_the_device_is_one_of_the_analyser(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = SimulatedDevice(faults={1: Fault(FaultKind.EVENT_ERROR)})
    async with opened(monkeypatch, device_settings(), inputs=[faulty]) as device:
        await device.until(lambda: len(device.batches) >= 3)
        _, error, after = device.batches[:3]
        assert device.failures == []
    assert len(error) == 1
    assert isinstance(first_sample(error).error, DaqDeviceError)
    assert at(after, "Block/Discontinuity") is False


async def test_a_removed_device_is_a_lost_link_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    unplugged = [SimulatedDevice(faults={number: Fault(FaultKind.REMOVAL)}) for number in (1, 0)]
    async with opened(monkeypatch, device_settings(), inputs=unplugged) as device:
        await device.until(lambda: device.failures)
        assert len(device.batches) == 2
        assert isinstance(first_sample(device.batches[-1]).error, DaqDeviceRemovedError)
        with pytest.raises(ActionNotNowError, match="not open"):
            await device.source.perform("Stop", ())
        await device.until(lambda: len(device.batches) >= 6)
        assert len(device.failures) == 2
        assert at(device.batches[3], "Block/Index") == 0
        assert at(device.batches[3], "Block/Discontinuity") is False
        assert device.source.counters.errors_observed == 2
        assert device.source.counters.produced == len(device.batches)


async def test_a_polled_device_is_an_ordinary_analyser(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = device_settings(mode="polled", channels={"T": DaqChannel("degC", (0, 100), scale=10, offset=50)})
    description = DRIVER.describe(settings, ProtocolKind.LOCAL)
    assert [point.point.path for point in description.points] == [("T", "Value"), ("T", "SensorStatus")]
    async with opened(monkeypatch, settings, inputs=[SimulatedDevice(signal=constant(2.5))]) as device:
        await device.until(lambda: len(device.batches) >= 3)
        assert device.values["T/Value"] == pytest.approx(75.0, abs=0.01)
        assert device.values["T/SensorStatus"] == "ok"
        assert device.source.counters.produced >= 3


SIGNALS = {"short": SignalSpec("constant", offset=3, duration_s=0.1), "endless": SignalSpec("sine", amplitude=4)}


async def test_a_signal_is_played_to_its_end_and_ends_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[float] = []
    output = SimulatedDevice(put_out=lambda codes: played.extend((codes[:, 0] * STEP - 10).tolist()))
    async with opened(monkeypatch, device_settings(signals=SIGNALS), output=output) as device:
        await device.until(lambda: device.batches)
        assert await device.source.perform("PlayShort", ()) == "playing short on Out: 100 samples, 0.1 s"
        with pytest.raises(ActionNotNowError, match="short is being played"):
            await device.source.perform("WriteValueOut", (1.0,))
        await device.until_value("Playback/Drained", True)
        told = {path: value for path, value in device.values.items() if path.startswith(("Playback", "Out"))}
    assert told == {
        "Playback/State": "idle",
        "Playback/Signal": "short",
        "Playback/Progress": 100.0,
        "Playback/Drained": True,
        "Playback/Result": "played to its end",
        "Out/Value": 0.0,
    }
    assert played[:100] == pytest.approx([3.0] * 100, abs=STEP)
    assert played[-1] == pytest.approx(0.0, abs=STEP)


async def test_stop_takes_the_outputs_to_their_safe_values(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {"A": DaqChannel("V"), "Out": DaqChannel("V", (-5, 5), direction="output", safe_value=1.5)}
    async with opened(monkeypatch, device_settings(signals=SIGNALS, channels=channels)) as device:
        await device.until(lambda: device.batches)
        assert await device.source.perform("Stop", ()) == "nothing was being played"
        assert await device.source.perform("PlayEndless", ()) == "playing endless on Out: until it is stopped"
        await device.until_value("Playback/State", "playing")
        assert device.values["Out/Value"] is None
        assert "safe values" in await device.source.perform("Stop", ())
        await device.until_value("Playback/State", "stopped")
        assert device.values["Out/Value"] == 1.5
        assert device.output.terminals.tolist() == ENCODING.encode(np.array([1.5])).tolist()
        await device.source.perform("WriteValueOut", (-2.5,))
        await device.until_value("Out/Value", -2.5)
        assert device.output.terminals.tolist() == ENCODING.encode(np.array([-2.5])).tolist()


async def test_an_output_that_runs_dry_is_counted_and_one_that_is_gone_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faulty = SimulatedDevice(faults={2: Fault(FaultKind.UNDERRUN), 5: Fault(FaultKind.REMOVAL)})
    async with opened(monkeypatch, device_settings(signals=SIGNALS), output=faulty) as device:
        await device.until(lambda: device.batches)
        await device.source.perform("PlayEndless", ())
        await device.until_value("Playback/State", "failed")
        assert "gone" in str(device.values["Playback/Result"])
        assert device.values["Playback/Drained"] is False
        assert device.source.counters.underruns_observed == 1
        before = len(device.batches)
        await device.until(lambda: len(device.batches) > before + 1)  # the inputs go on
        assert device.failures == []


async def test_what_is_played_ends_with_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(monkeypatch, device_settings(signals=SIGNALS)) as device:
        await device.until(lambda: device.batches)
        await device.source.perform("PlayEndless", ())
        await device.until(lambda: device.output.terminals.size and device.output.terminals[0] != 32768)
    assert device.output.terminals.tolist() == ENCODING.encode(np.array([0.0])).tolist()


async def test_samples_that_the_output_gate_refuses_are_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "wave.npy"
    np.save(file, np.zeros(50))
    settings = device_settings(signals={"wave": SignalSpec(file=file)})
    async with opened(monkeypatch, settings) as device:
        await device.until(lambda: device.batches)
        np.save(file, np.array([0.0, np.nan]))  # changed since the settings were checked
        with pytest.raises(ActionRefusedError, match="NaN or infinity"):
            await device.source.perform("PlayWave", ())
        np.save(file, np.array([0.0, 5.5]))
        with pytest.raises(ActionRefusedError, match=r"5\.5 V is outside of -5 to 5"):
            await device.source.perform("PlayWave", ())
        with pytest.raises(ActionRefusedError, match="no finite number"):
            await device.source.perform("WriteWaveformOut", (memoryview(np.array([np.inf])),))
        assert device.output.terminals.size == 0
        np.save(file, np.linspace(-1, 1, 60))
        await device.source.perform("PlayWave", ())
        await device.until_value("Playback/Drained", True)


async def test_a_device_without_inputs_tells_how_its_playback_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {"Out": DaqChannel("V", (-5, 5), direction="output")}
    settings = device_settings(channels=channels, signals=SIGNALS)
    assert DRIVER.describe(settings, ProtocolKind.LOCAL).frame_interval_s == 1.0
    async with opened(monkeypatch, settings) as device:
        await device.until_value("Playback/State", "idle")
        await device.source.perform("PlayShort", ())
        await device.until_value("Playback/Drained", True)


async def test_a_recording_is_played_back_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    task = replace(input_task("dev", device_settings()), logging=RawLogging(file))
    async with await open_device(task, back_end=SimulatedDevice(), autostart=False) as session:
        async with record(session) as recording:
            recorded = [await anext(aiter(recording.stream)) for _ in range(3)]
    settings = replace(device_settings(), device=DaqDevice("file", path=file), channels={"B": DaqChannel("V")})
    assert list(DRIVER.check(settings, ProtocolKind.LOCAL)) == []
    source = DRIVER.connect("dev", settings, 1.0, SystemClock())
    for _ in range(2):
        with anyio.fail_after(PATIENCE_S):
            batches = [batch async for batch in source.batches()]
        assert len(batches) >= 3
        for batch, block in zip(batches, recorded, strict=False):
            assert wave(batch, "B") == block.row("B").tolist()


async def test_statistics_of_large_blocks_are_made_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = device_settings(sample_rate_hz=2_000_000, block_size=100_000, buffers=4)
    threads: set[int] = set()
    statistics = BlockSamples.statistics

    def noted(block: DaqBlock) -> NDArray[np.float64]:
        threads.add(threading.get_ident())
        return statistics(block)

    monkeypatch.setattr(BlockSamples, "statistics", staticmethod(noted))
    async with opened(monkeypatch, settings) as device:
        await device.until(lambda: len(device.batches) >= 2)
        assert len(wave(device.batches[0], "A")) == 100_000
    assert threading.get_ident() not in threads


def test_settings_are_taken_from_beside_their_file(tmp_path: Path) -> None:
    settings = device_settings(signals={"wave": SignalSpec(file=Path("wave.npy"))})
    moved = settings.beside(tmp_path)
    assert moved.signals["wave"].file == tmp_path / "wave.npy"
    assert isinstance(moved, DaqSettings)
