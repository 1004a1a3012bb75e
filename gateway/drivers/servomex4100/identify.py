"""What an instrument of this family says about itself before anybody has described it: by its frames, or when asked."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.drivers.servomex4100.channels import ALL_REGISTERS, SLOT_REGISTERS, SLOTS
from gateway.drivers.servomex4100.continuous_frame import MOST_CHANNELS, frame_length
from gateway.drivers.servomex4100.frame_stream import FrameStream
from gateway.drivers.servomex4100.read_plan import BlockRead, ReadPlan, Table
from gateway.drivers.servomex4100.sweep import decode_sweep
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import DeviceRefusedError, DeviceTimeoutError, ProtocolError
from gateway.model.discovery import FoundChannel, Identity
from gateway.model.readings import ChannelKind, Reading
from gateway.model.stamp import Stamp
from gateway.ports import Exchange, ModbusBus

_MANUFACTURER, _MODEL = "Servomex", "4100"
_ILLEGAL_DATA_ADDRESS = 2
_LONGEST_INTERVAL_S = 9999
_SHORTEST_MEASURED_S = 0.5  # half of the shortest interval there is; anything shorter came out of a buffer on the way


class ServomexFrames:
    """Recognises an analyser in continuous mode; a `ports.FrameRecogniser`.

    The interval between frames is measured from one frame to the next. The instrument counts it in whole seconds (4100
    manual: 1 to 9999 s).
    """

    longest_frame = frame_length(MOST_CHANNELS)

    def __init__(self, assumed_interval_s: float) -> None:
        self._interval_s: int | float = assumed_interval_s
        self._how = "assumed, for no second frame was heard"
        self._text = DisplayText()
        self._frames = FrameStream(self._text)
        self._before: Stamp | None = None
        self._remarks: list[str] = []

    def feed(self, data: bytes, stamp: Stamp) -> Identity | None:
        """See `ports.FrameRecogniser`."""
        identity: Identity | None = None
        for result in self._frames.feed(data):
            if isinstance(result, ProtocolError):
                self._before = None
                continue
            self._measure(stamp)
            self._remarks += _unknown_characters(self._text)
            identity = Identity(
                _MANUFACTURER,
                _MODEL,
                tuple(_found(reading, _decimals(reading.raw)) for reading in result.readings),
                {"frame_interval_s": self._interval_s},
                stamp.utc,
                (f"frame interval {self._interval_s:g} s, {self._how}", *self._remarks),
            )
        return identity

    def _measure(self, stamp: Stamp) -> None:
        before, self._before = self._before, stamp
        if before is None:
            return
        passed_s = (stamp.monotonic_ns - before.monotonic_ns) / 1e9
        if passed_s >= _SHORTEST_MEASURED_S:
            self._interval_s = min(max(round(passed_s), 1), _LONGEST_INTERVAL_S)
            self._how = f"measured from one frame to the next as {passed_s:.2f} s"


async def identify_by_modbus(bus: ModbusBus, address: int) -> Identity | None:
    """Read the slots and tell what is in them; None when it cannot be an instrument of this family.

    All slots are read at once. An instrument that refuses or ignores that is asked slot by slot, for some do so when a
    read touches a slot that they do not have.

    Raises:
        LinkError: The wire is down.
        DeviceTimeoutError: No usable answer, not even for the first slot alone.
        ProtocolError: Damaged answers.
    """
    text = DisplayText()
    remarks: tuple[str, ...] = ()
    every = BlockRead(Table.INPUT_REGISTERS, 0, ALL_REGISTERS)
    try:
        answers = [(every, await _read(bus, address, every))]
    except (DeviceTimeoutError, DeviceRefusedError) as error:
        if isinstance(error, DeviceRefusedError) and error.code != _ILLEGAL_DATA_ADDRESS:
            return None
        answers = await _slot_by_slot(bus, address)
        if not answers:
            return None
        said = "refused" if isinstance(error, DeviceRefusedError) else "not answered"
        remarks = (f"a read over all slots is {said}, so the gateway will read its channels one by one",)
    plan = ReadPlan(tuple(slot.id for slot in SLOTS), tuple(read for read, _ in answers))
    frame = decode_sweep(plan, [exchange.values for _, exchange in answers], text)
    channels = tuple(_found(reading) for reading in frame.readings if _holds_something(reading))
    if not _plausible(channels):
        return None
    received = answers[-1][1].received.utc
    remarks += tuple(_unknown_characters(text))
    return Identity(_MANUFACTURER, _MODEL, channels, {"address": address}, received, remarks)


async def _slot_by_slot(bus: ModbusBus, address: int) -> list[tuple[BlockRead, Exchange]]:
    """Reads of single slots that were answered. Silence in the first slot is silence of the instrument."""
    answers: list[tuple[BlockRead, Exchange]] = []
    for slot in SLOTS:
        read = BlockRead(Table.INPUT_REGISTERS, slot.value_address, SLOT_REGISTERS)
        try:
            answers.append((read, await _read(bus, address, read)))
        except DeviceRefusedError:
            continue
        except DeviceTimeoutError:
            if slot.index == 0:
                raise
    return answers


async def _read(bus: ModbusBus, address: int, read: BlockRead) -> Exchange:
    return await bus.read_input_registers(address, read.address, read.count)


def _found(reading: Reading, precision: int | None = None) -> FoundChannel:
    value = reading.value if isinstance(reading.value, float) else None
    return FoundChannel(reading.channel, reading.kind, reading.name, reading.unit, value, precision)


def _holds_something(reading: Reading) -> bool:
    """A slot without name and unit that shows zero is empty (bench 4100D, I4)."""
    return bool(reading.name or reading.unit or reading.value)


def _plausible(channels: Sequence[FoundChannel]) -> bool:
    """Whether this can be the instrument, and not another one that has some registers at these addresses, too.

    A display shows no control characters. Codes from 0x80 are no sign of anything, for few of them are known.
    """
    return any(channel.kind is ChannelKind.MEASURED and channel.unit for channel in channels) and not any(
        character < " " for channel in channels for character in channel.name + channel.unit
    )


def _decimals(raw: bytes) -> int | None:
    """Digits after the point in the value field of a frame; None when it holds no number."""
    whole, point, decimals = raw.strip(b" ").partition(b".")
    if not point:
        return 0 if whole.lstrip(b"+-").isdigit() else None
    return len(decimals) if decimals.isdigit() else None


def _unknown_characters(text: DisplayText) -> list[str]:
    return [f"character {code} in a name or unit is not known" for code in text.take_new_codes()]
