"""Frames against byte vectors made from the published field table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.simulator import ChannelSettings, FaultKind, InstrumentSettings
from gateway.simulator.continuous_frame import encode_frame
from gateway.simulator.instrument import Instrument
from gateway.simulator.signals import Constant

OXYGEN = ChannelSettings("Oxygen", "%", 3, Constant(20.9))
E2 = ChannelSettings("", "mA", 1, Constant(12.5))


def oxygen_of(value: float) -> Mapping[str, ChannelSettings]:
    return {"I1": ChannelSettings("Oxygen", "%", 3, Constant(value))}


def gas(name: str, value: float, decimals: int = 2, unit: str = "%") -> ChannelSettings:
    return ChannelSettings(name, unit, decimals, Constant(value))


CASES: list[tuple[str, Mapping[str, ChannelSettings], list[tuple[FaultKind, str | None]]]] = [
    ("min_3ch_crlf", {"I1": OXYGEN}, []),
    ("min_3ch_lf", {"I1": OXYGEN}, []),
    ("analyser_fault", {"I1": OXYGEN}, [(FaultKind.ANALYSER_FAULT, None)]),
    ("analyser_maint", {"I1": OXYGEN}, [(FaultKind.ANALYSER_MAINTENANCE, None)]),
    ("channel_fault_maint", oxygen_of(0), [(FaultKind.FAULT, "I1"), (FaultKind.MAINTENANCE, "I1")]),
    ("alarms_1_and_3", oxygen_of(25), [(FaultKind.ALARM_1, "I1"), (FaultKind.ALARM_3, "I1")]),
    ("nonnumeric_value", {"I1": OXYGEN}, [(FaultKind.NO_VALUE, "I1")]),
    ("negative_value", oxygen_of(-0.012), []),
    ("bad_clock", {"I1": OXYGEN}, []),
    (
        "derived",
        {"I1": OXYGEN, "I2": gas("CO", 84, 1, "vpm"), "D1": gas("CO dry", 0.009, 3)},
        [],
    ),
    (
        "max_7ch",
        {
            "I1": gas("GAS1", 1),
            "I2": gas("GAS2", 2),
            "I3": gas("GAS3", 3),
            "I4": gas("GAS4", 4),
            "D1": gas("DRV1", 1, 3),
        },
        [],
    ),
]


@pytest.mark.parametrize(("name", "channels", "faults"), CASES, ids=[case[0] for case in CASES])
def test_vector(
    name: str,
    channels: Mapping[str, ChannelSettings],
    faults: list[tuple[FaultKind, str | None]],
    frame_vectors: dict[str, bytes],
    clock: Any,
) -> None:
    offset = None if name == "bad_clock" else 0.0
    instrument = Instrument(InstrumentSettings(channels={**channels, "E2": E2}, clock_offset_s=offset), clock)
    for kind, channel in faults:
        instrument.switch_on(kind, channel)
    ending = b"\n" if name == "min_3ch_lf" else b"\r\n"
    assert encode_frame(instrument.state(), ending) == frame_vectors[name]


def test_vector_of_a_calibration_on_gas_2(frame_vectors: dict[str, bytes], clock: Any) -> None:
    clock.started_at = clock.started_at.replace(second=28)
    instrument = Instrument(InstrumentSettings(channels={"I1": OXYGEN, "E2": E2}), clock)
    instrument.switch_on(FaultKind.WARMING_UP, "I1")
    instrument.coils.write(0, on=True, now_s=0)
    clock.advance(31)
    assert encode_frame(instrument.state()) == frame_vectors["calibrating_warming"]


def test_invalid_external_input_shows_as_failure(clock: Any) -> None:
    instrument = Instrument(InstrumentSettings(), clock)
    instrument.switch_on(FaultKind.INVALID, "E2")
    assert b";E2;||||||;   0.0; mA;    ;F ; ; ;" in encode_frame(instrument.state())


def test_subscript_two_is_a_plain_two_in_this_mode(clock: Any) -> None:
    instrument = Instrument(InstrumentSettings(channels={"I1": gas("SO₂", 1)}), clock)
    assert b";I1;SO2   ;" in encode_frame(instrument.state())


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (20.378, 3, b"20.378"),
        (0.0, 1, b"   0.0"),
        (-0.0001, 3, b" 0.000"),
        (120.5, 3, b"120.50"),
        (-20.9, 3, b"-20.90"),
        (123456, 2, b"123456"),
        (1234567, 0, b" ---- "),
    ],
)
def test_value_field(value: float, decimals: int, text: bytes, clock: Any) -> None:
    instrument = Instrument(InstrumentSettings(channels={"I1": gas("A", value, decimals)}), clock)
    assert encode_frame(instrument.state()).split(b";")[7] == text


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_frame_always_keeps_its_length(value: float, decimals: int) -> None:
    state = Instrument(InstrumentSettings(channels={"I1": gas("A", value, decimals)}), _StoppedClock()).state()
    assert len(encode_frame(state)) == 140


def test_too_many_channels_are_refused(clock: Any) -> None:
    channels = dict.fromkeys(("I1", "I2", "I3", "I4", "D1", "D2"), OXYGEN)
    with pytest.raises(SettingsError, match="3 to 7 channels, not 8"):
        encode_frame(Instrument(InstrumentSettings(channels=channels), clock).state())


class _StoppedClock:
    def monotonic_ns(self) -> int:
        return 0

    def stamp(self) -> Any:
        from gateway.model.stamp import Stamp

        return Stamp(0, 0)

    async def sleep_until(self, monotonic_ns: int) -> None:
        raise NotImplementedError
