"""What an instrument says about itself before anybody has described it, and what is no such instrument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.drivers.servomex4100.driver import DRIVER
from gateway.drivers.servomex4100.identify import ServomexFrames, identify_by_modbus
from gateway.errors import DeviceRefusedError, DeviceTimeoutError
from gateway.model.discovery import FoundChannel
from gateway.model.readings import ChannelKind, ProtocolKind
from gateway.model.stamp import Stamp
from gateway.ports import DiscoverableDriver, Exchange
from tests.drivers.servomex4100.frames import Channel, State, frame, registers

BENCH = State(
    (
        Channel("I1", "Oxygen", "20.376"),
        Channel("I2", "CO2", "0.25"),
        Channel("D1", "CO dry", "84", "vpm"),
        Channel("E1", unit=" mA"),
        Channel("E2", unit=" mA"),
    )
)
FOUND = [
    FoundChannel("I1", ChannelKind.MEASURED, "Oxygen", "%", 20.376, 3),
    FoundChannel("I2", ChannelKind.MEASURED, "CO2", "%", 0.25, 2),
    FoundChannel("D1", ChannelKind.DERIVED, "CO dry", "vpm", 84.0, 0),
    FoundChannel("E1", ChannelKind.EXTERNAL, "", "mA", 0.0, 1),
    FoundChannel("E2", ChannelKind.EXTERNAL, "", "mA", 0.0, 1),
]


def at(seconds: float) -> Stamp:
    return Stamp(round(seconds * 1e9), round(seconds * 1e6))


class Registers:
    """A Modbus bus on which one instrument has these input registers; `allowed` says which reads it answers."""

    name = "bus"
    protocol = ProtocolKind.MODBUS_RTU

    def __init__(self, values: list[int], allowed: Callable[[int, int], Exception | None]) -> None:
        self._values = values
        self._allowed = allowed
        self.reads: list[tuple[int, int]] = []

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        assert unit == 30
        self.reads.append((address, count))
        if refusal := self._allowed(address, count):
            raise refusal
        return Exchange(tuple(self._values[address : address + count]), at(1), at(2), b"")


def anything(address: int, count: int) -> None:
    del address, count


def test_the_driver_can_be_discovered() -> None:
    assert isinstance(DRIVER, DiscoverableDriver)


def test_a_frame_tells_the_channels_and_their_decimals() -> None:
    frames = ServomexFrames(2.0)
    assert frames.longest_frame == 272
    line = frame(BENCH)
    assert frames.feed(b"tail of a frame;\n" + line[:50], at(0)) is None
    identity = frames.feed(line[50:], at(1.5))
    assert identity is not None
    assert list(identity.channels) == FOUND
    assert (identity.manufacturer, identity.model, identity.at) == ("Servomex", "4100", at(1.5).utc)
    assert identity.keys == {"frame_interval_s": 2.0}
    assert identity.remarks == ("frame interval 2 s, assumed, for no second frame was heard",)


def test_a_frame_that_is_damaged_tells_nothing() -> None:
    frames = ServomexFrames(2.0)
    assert frames.feed(frame(BENCH).replace(b"Oxygen", b"Oxigen"), at(1)) is None
    assert frames.feed(frame(BENCH)[1:], at(2)) is None


@pytest.mark.parametrize(
    ("arrivals", "interval"),
    [
        ((0, 2.2), 2),
        ((0, 9.6, 19.4), 10),
        ((0, 0.7), 1),
        ((0, 0.001), 5.0),  # both came out of a buffer on the way
        ((0, 20000), 9999),
    ],
)
def test_the_interval_is_measured_in_whole_seconds(arrivals: tuple[float, ...], interval: float) -> None:
    frames = ServomexFrames(5.0)
    identities = [frames.feed(frame(BENCH), at(moment)) for moment in arrivals]
    assert identities[-1] is not None
    assert identities[-1].keys == {"frame_interval_s": interval}


def test_the_interval_is_not_measured_across_a_lost_frame() -> None:
    frames = ServomexFrames(5.0)
    damaged = frame(BENCH).replace(b"Oxygen", b"Oxigen")
    for moment, data in ((0, frame(BENCH)), (2, damaged)):
        frames.feed(data, at(moment))
    identity = frames.feed(frame(BENCH), at(4))
    assert identity is not None
    assert identity.keys == {"frame_interval_s": 5.0}


async def test_one_read_tells_all_channels() -> None:
    bus = Registers(registers(BENCH), anything)
    identity = await identify_by_modbus(bus, 30)
    assert bus.reads == [(0, 70)]
    assert identity is not None
    assert list(identity.channels) == [replace(channel, precision=None) for channel in FOUND]
    assert identity.keys == {"address": 30}
    assert identity.remarks == ()


@pytest.mark.parametrize(
    ("failure", "said"),
    [(DeviceRefusedError("refused", code=2), "refused"), (DeviceTimeoutError("silent"), "not answered")],
)
async def test_slots_are_read_one_by_one_where_all_at_once_do_not_work(failure: Exception, said: str) -> None:
    present = {0, 7, 28, 56, 63}
    bus = Registers(registers(BENCH), lambda address, count: None if count == 7 and address in present else failure)
    identity = await identify_by_modbus(bus, 30)
    assert identity is not None
    assert [channel.channel for channel in identity.channels] == ["I1", "I2", "D1", "E1", "E2"]
    assert said in identity.remarks[0]


async def test_an_instrument_that_falls_silent_is_not_asked_ten_times_more() -> None:
    bus = Registers([0] * 70, lambda _address, _count: DeviceTimeoutError("silent"))
    with pytest.raises(DeviceTimeoutError):
        await identify_by_modbus(bus, 30)
    assert bus.reads == [(0, 70), (0, 7)]


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ([0] * 70, None),
        ([0x0001] * 70, None),  # text of control characters
        ([0] * 70, DeviceRefusedError("refused", code=1)),
        ([0] * 70, DeviceRefusedError("refused", code=2)),
    ],
    ids=["zeros", "other registers", "no function 04", "no registers"],
)
async def test_another_instrument_is_not_mistaken_for_one(values: list[int], refusal: Exception | None) -> None:
    assert await identify_by_modbus(Registers(values, lambda _address, _count: refusal), 30) is None


async def test_unknown_characters_are_pointed_out() -> None:
    state = State((Channel("I1", "CH\x84", "1.0"),))
    identity = await identify_by_modbus(Registers(registers(state), anything), 30)
    assert identity is not None
    assert identity.channels[0].name == "CH\x84"
    assert identity.remarks == ("character 0x84 in a name or unit is not known",)
