"""What is wrong with settings is said at the key where it is wrong, with a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.drivers.daq.driver import DRIVER
from gateway.drivers.daq.settings import DaqChannel, DaqDevice, DaqSettings, SignalSpec
from gateway.model.readings import ProtocolKind

INPUT = DaqChannel("V")
OUTPUT = DaqChannel("V", (-5, 5), direction="output")


def found(device: DaqDevice | None = None, **given: Any) -> dict[tuple[str, ...], str]:
    settings = DaqSettings(device or DaqDevice("simulated"), **{"channels": {"A": INPUT}} | given)
    problems = DRIVER.check(settings, ProtocolKind.LOCAL)
    assert all("; " in text for _path, text in problems)  # what is wrong; what to do about it
    return dict(problems)


def with_output(**signal: Any) -> dict[str, Any]:
    return {"channels": {"A": INPUT, "Out": OUTPUT}, "signals": {"wave": SignalSpec(**signal)}}


RIGHT: list[dict[str, Any]] = [
    {},
    {"channels": {"Out": OUTPUT}},
    {"mode": "polled", "sample_rate_hz": 1.0, "block_size": 1},
    {
        "device": DaqDevice("sounddevice", host_api="ALSA"),
        "channels": {"Out": DaqChannel("FS", (-1, 1), direction="output")},
    },
    {"device": DaqDevice("nidaqmx", "Dev1", terminal="differential")},
    {"channels": {"Out": DaqChannel("mm", (-50, 50), direction="output", scale=10, safe_range=(-1, 1))}},
    with_output(shape="sine", amplitude=5, frequency_hz=500),
    with_output(shape="constant", offset=-5, amplitude=99),
]


@pytest.mark.parametrize("given", RIGHT, ids=range(len(RIGHT)))
def test_right_settings_have_no_problems(given: dict[str, Any]) -> None:
    assert found(**given) == {}


WRONG: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"device": DaqDevice("simulated", host_api="ALSA")}, ("device", "host_api"), "it is for sounddevice"),
    ({"device": DaqDevice("sounddevice", signal_hz=3)}, ("device", "signal_hz"), "it is for simulated"),
    ({"device": DaqDevice("file")}, ("device",), "add 'path: recording.npz'"),
    ({"device": DaqDevice("file", path=Path("no.npz"))}, ("device", "path"), "there is no file 'no.npz'"),
    ({"device": DaqDevice("dtollib")}, ("device",), "add 'name: Dev1'"),
    ({"device": DaqDevice("sounddevice"), "mode": "polled"}, ("mode",), "never single values"),
    ({"sample_rate_hz": 0.0}, ("sample_rate_hz",), "must be more than 0"),
    ({"sample_rate_hz": 1e9}, ("sample_rate_hz",), "at most 1e+07"),
    ({"block_size": 0}, ("block_size",), "must be 1 to 1000000"),
    ({"block_size": 1}, ("block_size",), "take 0.001 s, but must take 0.002 to 60 s; write 100"),
    ({"block_size": 70_000}, ("block_size",), "take 70 s"),
    ({"buffers": 2}, ("buffers",), "must be 3 to 1024"),
    ({"block_size": 1_000_000, "sample_rate_hz": 1e6, "buffers": 17}, ("buffers",), "are more than 16777216 values"),
    ({"trend_interval_s": 0.0}, ("trend_interval_s",), "must be more than 0"),
    ({"trend_length": 0}, ("trend_length",), "must be 1 to"),
    ({"longest_waveform": 0}, ("longest_waveform",), "must be 1 to"),
    ({"channels": {}}, ("channels",), "name at least one"),
    ({"channels": {"A": DaqChannel("V", number=1), "B": INPUT}}, ("channels", "B"), "is input 1 like A"),
    ({"channels": {"A": DaqChannel("V", number=-1)}}, ("channels", "A", "number"), "must not be less than 0"),
    ({"channels": {"A": DaqChannel("V", scale=0)}}, ("channels", "A", "scale"), "must not be 0"),
    ({"channels": {"A": DaqChannel("V", device_range=(5, -5))}}, ("channels", "A", "device_range"), "must go up"),
    ({"channels": {"A": DaqChannel("V", safe_range=(0, 1))}}, ("channels", "A", "safe_range"), "not played to"),
    ({"channels": {"A": INPUT, "O": DaqChannel("V", direction="output")}}, ("channels", "O"), "needs a range"),
    (
        {"channels": {"A": INPUT, "O": DaqChannel("V", (1, 5), direction="output")}},
        ("channels", "O", "safe_value"),
        "0 is outside the range 1 to 5",
    ),
    (
        {"channels": {"A": INPUT, "O": DaqChannel("V", (-5, 5), direction="output", safe_range=(1, 2))}},
        ("channels", "O", "safe_range"),
        "the safe_value within it",
    ),
    (
        {"channels": {"A": INPUT, "O": DaqChannel("V", (-20, 5), direction="output")}},
        ("channels", "O", "range"),
        "-20 to 5 at the terminals, but the device gives -10 to 10",
    ),
    (
        {"channels": {"A": INPUT, "O": DaqChannel("V", (-5, 5), direction="output", offset=1)}},
        ("channels", "O", "offset"),
        "an output has no offset",
    ),
    ({"channels": {"A": INPUT, "O": OUTPUT}, "mode": "polled"}, ("mode",), "outputs are played in blocks"),
    ({"signals": {"wave": SignalSpec("sine")}}, ("signals",), "no output could play them"),
    (with_output(), ("signals", "wave"), "either a shape or a file"),
    (with_output(shape="sine", amplitude=6), ("signals", "wave"), "goes from -6 to 6, but Out takes -5 to 5"),
    (with_output(shape="sine", frequency_hz=501), ("signals", "wave", "frequency_hz"), "half the sample rate, 500"),
    (with_output(shape="sine", duration_s=0), ("signals", "wave", "duration_s"), "must be more than 0"),
    (with_output(file=Path("no.npy")), ("signals", "wave", "file"), "cannot be read"),
    (
        {"channels": {"A": INPUT, "O": OUTPUT}, "signals": {"a wave": SignalSpec("sine")}},
        ("signals", "a wave"),
        "is no name for a signal",
    ),
    (
        {"channels": {"A": INPUT, "O": OUTPUT}, "signals": {"up": SignalSpec("sine"), "Up": SignalSpec("sine")}},
        ("signals", "Up"),
        "too like 'up'",
    ),
    (
        {"device": DaqDevice("uldaq"), **with_output(shape="sine")},
        ("signals",),
        "uldaq puts out single values only",
    ),
]


@pytest.mark.parametrize(("given", "path", "text"), WRONG, ids=[".".join(path) for _given, path, _text in WRONG])
def test_wrong_settings_are_told_where_they_are_wrong(given: dict[str, Any], path: tuple[str, ...], text: str) -> None:
    problems = found(**given)
    assert path in problems
    assert text in problems[path]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("0.5\n1.5\n", ""),
        ("0.5, 0.5\n", "give one column"),
        ("a\n", "does not hold numbers alone"),
        ("nan\n", "NaN or infinity"),
        ("7\n", "goes from 7 to 7, but Out takes -5 to 5"),
    ],
)
def test_files_of_signals_are_read_when_settings_are_checked(tmp_path: Path, content: str, text: str) -> None:
    file = tmp_path / "wave.csv"
    file.write_text(content)
    problems = found(**with_output(file=file))
    assert (text in problems[("signals", "wave", "file")]) if text else not problems


def test_a_file_may_have_a_column_for_each_output(tmp_path: Path) -> None:
    file = tmp_path / "wave.npy"
    np.save(file, np.zeros((2, 10)))
    channels = {"A": INPUT, "X": OUTPUT, "Y": OUTPUT}
    assert found(channels=channels, signals={"wave": SignalSpec(file=file)}) == {}
    assert "give one column, or 3" in next(
        iter(found(channels=channels | {"Z": OUTPUT}, signals={"wave": SignalSpec(file=file)}).values())
    )


def test_boards_without_waveform_output_take_single_values_only() -> None:
    channels = {"A": INPUT, "Out": OUTPUT}
    for backend, names in (("uldaq", ["WriteValueOut"]), ("simulated", ["WriteWaveformOut", "WriteValueOut", "Stop"])):
        device = DaqDevice(backend)  # type: ignore[arg-type]
        actions = DRIVER.actions(DaqSettings(device, channels), ProtocolKind.LOCAL)
        assert [one.name for one in actions] == names
