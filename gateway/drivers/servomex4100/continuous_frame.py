"""One continuous ASCII frame: strict grammar in, AnalyserFrame out.

    space  date;time;FM;groups;NN;  N x (id;name;value;unit;alarms;FM;cal;warm;)  checksum;

Source: 4100 manual, continuous output; verified on frames of a 4100D. Checks run in a fixed order: start byte, checksum
field, sum, number of fields, widths, flags, identities. A value that is not a plain decimal number is no value, and a
clock that is not a date is no clock; neither spoils the frame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from gateway.drivers.servomex4100.channels import CALIBRATION_GROUPS, SLOTS
from gateway.drivers.servomex4100.checksum import checksum, parse_checksum
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import (
    AnalyserFrame,
    AnalyserStatus,
    CalibrationGroup,
    ChannelKind,
    ChannelStatus,
    Reading,
)

FEWEST_CHANNELS = 3
MOST_CHANNELS = 7

HEADER_FIELDS = (("date", 8), ("time", 8), ("analyser flags", 2), ("calibration groups", 8), ("number of channels", 2))
BLOCK_FIELDS = (
    ("identity", 2),
    ("name", 6),
    ("value", 6),
    ("unit", 3),
    ("alarms", 4),
    ("flags", 2),
    ("calibrating", 1),
    ("warming up", 1),
)
_COUNT_FIELD = len(HEADER_FIELDS) - 1
_WIDTHS = {
    count: (
        *(width for _, width in HEADER_FIELDS),
        *(width for _ in range(count) for _, width in BLOCK_FIELDS),
        4,
        0,
    )
    for count in range(FEWEST_CHANNELS, MOST_CHANNELS + 1)
}
_COUNTS = {f"{count:02d}".encode(): count for count in _WIDTHS}
_SLOT_BY_FIELD = {slot.id.encode(): slot for slot in SLOTS}
_EXTERNALS = [slot.id.encode() for slot in SLOTS if slot.kind is ChannelKind.EXTERNAL]

_NUMBER = re.compile(rb"[+-]?[0-9]+(?:\.[0-9]+)?")
_CLOCK = re.compile(rb"([0-9]{2})-([0-9]{2})-([0-9]{2});([0-9]{2}):([0-9]{2}):([0-9]{2})")
_ANALYSER_FLAGS = {flags: (b"F" in flags, b"M" in flags) for flags in (b"  ", b"F ", b" M", b"FM")}
_GROUP = {f"{letter}{gas}".encode(): CalibrationGroup(letter == "C", gas) for letter in "SC" for gas in (1, 2)}
_FIRST_PRINTABLE, _LAST_PRINTABLE = 0x20, 0x7E

_NOISE_HINT = "single frames are line noise; if every frame fails, compare baud rate, data bits and parity"
_GRAMMAR_HINT = "check that the analyser is in continuous mode and that its firmware sends this frame format"


def frame_length(channels: int) -> int:
    """Bytes on the wire of a frame with that many channels, CR and LF included."""
    return sum(_WIDTHS[channels]) + len(_WIDTHS[channels]) - 1 + len(b" \r\n")


def decode_frame(line: bytes, text: DisplayText) -> AnalyserFrame:
    """Decode one frame.

    Args:
        line: The frame from its start space to its last semicolon, without CR and LF.
        text: Decoder of the names and units of this analyser.

    Raises:
        ProtocolError: The line is not a frame; the message says why, `where` which byte and field.
    """
    if not line.startswith(b" "):
        raise _error(line, 0, "start", "the frame does not start with a space", _NOISE_HINT)
    _check_sum(line)
    fields = line[1:].split(b";")
    count = _check_shape(line, fields)
    readings = []
    for first in range(len(HEADER_FIELDS), len(HEADER_FIELDS) + count * len(BLOCK_FIELDS), len(BLOCK_FIELDS)):
        identity, name, value, unit, alarms, flags, calibrating, warming_up = fields[first : first + len(BLOCK_FIELDS)]
        slot = _SLOT_BY_FIELD.get(identity)
        if slot is None:
            raise _field_error(line, fields, first, "there is no such channel")
        try:
            status = _channel_status(slot.kind, alarms, flags, calibrating, warming_up)
        except _IllegalFlag as problem:
            raise _field_error(line, fields, first + problem.offset, "the flag is not one of this field") from None
        number = float(value) if _NUMBER.fullmatch(value.strip(b" ")) else None
        readings.append(Reading(slot.id, slot.kind, text.name(name), number, text.unit(unit), status, value))
    _check_identities(line, fields)
    return AnalyserFrame(tuple(readings), _analyser_status(line, fields))


def _check_sum(line: bytes) -> None:
    carried = parse_checksum(line[-5:-1]) if line.endswith(b";") else None
    if carried is None:
        what = "the frame does not end in four upper-case hexadecimal digits and a semicolon"
        raise _error(line, max(len(line) - 5, 0), "checksum", what, _NOISE_HINT)
    computed = checksum(line[1:-5])
    if carried != computed:
        what = f"the frame carries checksum {carried:04X}, its bytes add up to {computed:04X}"
        raise _error(line, len(line) - 5, "checksum", what, _NOISE_HINT)


def _check_shape(line: bytes, fields: Sequence[bytes]) -> int:
    """Number of channels, after it, the number of fields and the width of each have been checked."""
    if len(fields) <= _COUNT_FIELD:
        raise _error(line, len(line), "header", "the frame ends inside its header", _GRAMMAR_HINT)
    count = _COUNTS.get(fields[_COUNT_FIELD])
    if count is None:
        what = f"the number of channels is not {FEWEST_CHANNELS:02d} to {MOST_CHANNELS:02d}"
        raise _field_error(line, fields, _COUNT_FIELD, what)
    widths = _WIDTHS[count]
    if len(fields) != len(widths):
        what = f"{count} channels need {len(widths)} fields, the frame has {len(fields)}"
        raise _field_error(line, fields, _COUNT_FIELD, what)
    if tuple(map(len, fields)) != widths:
        index = next(index for index, field in enumerate(fields) if len(field) != widths[index])
        what = f"the field is {len(fields[index])} characters wide instead of {widths[index]}"
        raise _field_error(line, fields, index, what)
    return count


def _check_identities(line: bytes, fields: Sequence[bytes]) -> None:
    identities = fields[len(HEADER_FIELDS) : -2 : len(BLOCK_FIELDS)]
    last_field = len(fields) - 2 - len(BLOCK_FIELDS)
    if len(set(identities)) != len(identities):
        raise _field_error(line, fields, last_field, "a channel occurs twice")
    if identities[-len(_EXTERNALS) :] != _EXTERNALS:
        raise _field_error(line, fields, last_field, "the external inputs E1 and E2 are not the last channels")


def _analyser_status(line: bytes, fields: Sequence[bytes]) -> AnalyserStatus:
    date, time, flags, groups = fields[:_COUNT_FIELD]
    if flags not in _ANALYSER_FLAGS:
        raise _field_error(line, fields, 2, "the flags are not F or space, M or space")
    fault, maintenance = _ANALYSER_FLAGS[flags]
    try:
        states = tuple(_GROUP[groups[2 * index : 2 * index + 2]] for index in range(CALIBRATION_GROUPS))
    except KeyError:
        raise _field_error(line, fields, 3, "the groups are not four times S or C and gas 1 or 2") from None
    return AnalyserStatus(fault, maintenance, states, _clock(date + b";" + time))


def _clock(field: bytes) -> datetime | None:
    match = _CLOCK.fullmatch(field)
    if match is None:
        return None
    day, month, year, hour, minute, second = map(int, match.groups())
    try:
        return datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001  the instrument knows no zone
    except ValueError:
        return None


class _IllegalFlag(ValueError):  # noqa: N818  carries a place, is always translated
    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@lru_cache(maxsize=1024)
def _channel_status(
    kind: ChannelKind, alarms: bytes, flags: bytes, calibrating: bytes, warming_up: bytes
) -> ChannelStatus:
    """Flags of one channel.

    An alarm is up where its character is not a space; the instrument sends the alarm's digit, the manual promises no
    more than "not a space". F of an external input means what bit 0 of its discrete inputs means: unusable.
    """
    if not all(_FIRST_PRINTABLE <= character <= _LAST_PRINTABLE for character in alarms):
        raise _IllegalFlag(4)
    if flags not in _ANALYSER_FLAGS:
        raise _IllegalFlag(5)
    if calibrating not in b"C ":
        raise _IllegalFlag(6)
    if warming_up not in b"W ":
        raise _IllegalFlag(7)
    failed, maintenance = _ANALYSER_FLAGS[flags]
    external = kind is ChannelKind.EXTERNAL
    first, second, third, fourth = (character != _FIRST_PRINTABLE for character in alarms)
    return ChannelStatus(
        fault=failed and not external,
        maintenance=maintenance,
        calibrating=calibrating == b"C",
        warming_up=warming_up == b"W",
        invalid=failed and external,
        alarms=(first, second, third, fourth),
    )


def _field_error(line: bytes, fields: Sequence[bytes], index: int, what: str) -> ProtocolError:
    position = 1 + sum(len(field) + 1 for field in fields[:index])
    place, number = index - len(HEADER_FIELDS), len(fields) - len(HEADER_FIELDS) - 2
    if place < 0:
        name = HEADER_FIELDS[index][0]
    elif place < number:
        channel = fields[index - place % len(BLOCK_FIELDS)]
        name = f"{channel.decode('ascii', 'backslashreplace')} {BLOCK_FIELDS[place % len(BLOCK_FIELDS)][0]}"
    else:
        name = "checksum"
    return _error(line, position, name, what, _GRAMMAR_HINT)


def _error(line: bytes, position: int, field: str, what: str, hint: str) -> ProtocolError:
    return ProtocolError(what, where=f"frame byte {position}, {field}", hint=hint, raw=line)
