"""Where a point comes from: the words are as recorded, and what they say is what the decoders do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from gateway.drivers.servomex4100.channels import SLOT_BY_ID
from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.driver import DRIVER
from gateway.drivers.servomex4100.read_plan import full_plan
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.drivers.servomex4100.sweep import decode_sweep
from gateway.drivers.servomex4100.text import DisplayText
from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import PointGroup
from gateway.model.readings import AnalyserFrame, ProtocolKind
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.model.value import Value
from gateway.ports import ExplainingDriver
from tests.drivers.servomex4100.frames import EXTERNALS, Channel, State, frame, registers, sealed

GOLDEN = Path(__file__).parent / "golden"
MODBUS = [kind for kind in ProtocolKind if kind is not ProtocolKind.CONTINUOUS]
BY_GATEWAY = {("Status", "Communication"), ("Status", "Tick")}
SENT = State((Channel("I1", "Oxygen"), Channel("I2", "CO", unit="vpm"), Channel("D1", "dry"), *EXTERNALS))
QUIET_BITS = [0] * 80
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def settings(channels: tuple[str, ...]) -> Servomex4100Settings:
    return Servomex4100Settings({channel: ChannelSpec("%") for channel in channels})


def acquired(protocol: ProtocolKind, channels: tuple[str, ...]) -> PointGroup:
    return build_site("site", [("stack", "", DRIVER.describe(settings(channels), protocol))]).groups[0]


def shown(decoded: AnalyserFrame, protocol: ProtocolKind) -> dict[tuple[str, ...], Value]:
    """Every point after this sweep or frame."""
    channels = tuple(reading.channel for reading in decoded.readings)
    group = acquired(protocol, channels)
    batch = [
        Sample("stack", one.channel, one, protocol, 1, NOON, metadata={"analyser": decoded.analyser})
        for one in decoded.readings
    ]
    update = ChannelProjector(group, settings(channels).channels).project(batch)
    return dict(zip((point.path for point in group.points), update.values, strict=True))


def changed(before: Mapping[tuple[str, ...], Value], after: Mapping[tuple[str, ...], Value]) -> set[tuple[str, ...]]:
    return {path for path, value in after.items() if value != before[path]}


def all_origins(protocol: ProtocolKind) -> dict[tuple[str, ...], str]:
    points = acquired(protocol, tuple(SLOT_BY_ID)).points
    return {point.path: DRIVER.origin(settings(()), protocol, point.path) for point in points}


@pytest.mark.parametrize("protocol", ProtocolKind)
def test_every_point_of_every_mode_is_as_recorded(protocol: ProtocolKind):
    lines = "".join(f"{'/'.join(path)}: {text}\n" for path, text in all_origins(protocol).items())
    name = "continuous" if protocol is ProtocolKind.CONTINUOUS else "modbus"
    assert lines == (GOLDEN / f"origins.{name}").read_text()


def test_the_driver_explains_what_its_analyser_sends_and_nothing_else():
    assert isinstance(DRIVER, ExplainingDriver)
    for protocol in ProtocolKind:
        assert {path for path, text in all_origins(protocol).items() if not text} == BY_GATEWAY
        assert DRIVER.origin(settings(()), protocol, ("Diagnostics", "Late")) == ""


def sweep(bits: list[int], own: list[int]) -> dict[tuple[str, ...], Value]:
    plan = full_plan(tuple(SLOT_BY_ID))
    return shown(decode_sweep(plan, [own, bits, registers(SENT)], DisplayText()), ProtocolKind.MODBUS_RTU)


def test_each_discrete_input_moves_the_points_that_say_so_and_no_other():
    said: dict[int, set[tuple[str, ...]]] = {}
    for path, text in all_origins(ProtocolKind.MODBUS_RTU).items():
        for number, address in re.findall(r"(1\d{4}) \(PDU address (\d+)\)", text):
            assert int(number) == 10001 + int(address)
            said.setdefault(int(address), set()).add(path)
    quiet = sweep(QUIET_BITS, [0] * 16)
    for address in range(80):
        bits = [int(place == address) for place in range(80)]
        assert changed(quiet, sweep(bits, [0] * 16)) - {("Status", "Tick")} == said.pop(address, set()), address
    for address in range(16):
        own = [int(place == address) for place in range(16)]
        assert changed(quiet, sweep(QUIET_BITS, own)) - {("Status", "Tick")} == said.pop(1000 + address, set())
    assert not said


def test_points_that_are_always_off_stay_off_when_every_bit_is_set():
    loud = sweep([1] * 80, [1] * 16)
    for path, text in all_origins(ProtocolKind.MODBUS_RTU).items():
        if text.startswith("Always off"):
            assert loud[path] is False, path
        elif loud[path] is False:
            pytest.fail(f"{path} is off")


def test_each_register_named_carries_its_value_or_name():
    plan = full_plan(tuple(SLOT_BY_ID))
    before = registers(SENT)
    sent = {channel.id for channel in SENT.channels}
    moved = set()
    quiet = sweep(QUIET_BITS, [0] * 16)
    for path, text in all_origins(ProtocolKind.MODBUS_RTU).items():
        found = re.match(r"Input registers (\d+) (?:to|and) \d+ \(PDU addresses (\d+) (?:to|and) (\d+)\)", text)
        if found is None or path[0] not in sent:
            continue
        number, first, last = map(int, found.groups())
        assert number == 30001 + first
        for address in (first, last):
            image = [*before]
            image[address] ^= 0x0101
            after = shown(decode_sweep(plan, [[0] * 16, QUIET_BITS, image], DisplayText()), ProtocolKind.MODBUS_RTU)
            assert changed(quiet, after) == {path}, address
            moved.add(path)
    assert moved == {(channel, leaf) for channel in sent for leaf in ("Value", "Name")}


def continuous(line: bytes) -> dict[tuple[str, ...], Value]:
    return shown(decode_frame(line, DisplayText()), ProtocolKind.CONTINUOUS)


WRITTEN = {"F": b"F", "M": b"M", "C": b"C", "W": b"W", "anything": b"#", "the": b"2"}


def edited(field: int, character: int, sign: bytes) -> bytes:
    """The frame with one character of one field replaced; fields count from 1 over the whole frame."""
    body = frame(SENT, b"")[1:-5].split(b";")
    old = body[field - 1]
    body[field - 1] = old[: character - 1] + sign + old[character:]
    return sealed(b";".join(body), b"")


def test_each_character_of_a_frame_moves_the_points_that_say_so_and_no_other():
    moved = set()
    origins = all_origins(ProtocolKind.CONTINUOUS)
    quiet = continuous(frame(SENT, b""))
    blocks = {channel.id: 6 + 8 * place for place, channel in enumerate(SENT.channels)}
    for path, text in origins.items():
        place = re.match(r"Field (\d+) .*(?:begin with (\w\d)|the (header)).*?: (?:character (\d): )?(\w+)", text)
        if place is None or path == ("Clock", "Time") or (place[2] and place[2] not in blocks):
            continue
        field = int(place[1]) + (0 if place[3] else blocks[place[2]] - 1)
        sign = WRITTEN.get(place[5], b"7")
        after = continuous(edited(field, int(place[4] or 1), sign))
        assert changed(quiet, after) == {path}, text
        moved.add(path)
    always_off = {path for path, text in origins.items() if text.startswith("Always off")}
    served = {path for path in origins if path[0] in blocks or path[0] not in SLOT_BY_ID}
    assert served - moved - always_off == BY_GATEWAY | {("Clock", "Time"), ("Clock", "Offset")}
    assert changed(quiet, continuous(frame(replace(SENT, clock="10-08-31;17:45:06"), b""))) == {
        ("Clock", "Time"),
        ("Clock", "Offset"),
    }


def test_what_is_always_off_in_a_frame_stays_off():
    loud = replace(SENT, channels=tuple(replace(each, failed=True, maintenance=True) for each in SENT.channels))
    values = continuous(frame(loud, b""))
    for path, text in all_origins(ProtocolKind.CONTINUOUS).items():
        if text.startswith("Always off") and path in values:
            assert values[path] is False
    for channel, flag in product(("I1", "D1"), ("Fault", "Maintenance")):
        assert values[channel, flag] is True
