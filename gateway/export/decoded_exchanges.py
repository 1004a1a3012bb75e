"""Exchanges of a captured Modbus bus as text: JSON lines, CSV, or a table for people.

Each writer yields text as exchanges come in and holds one at a time, so a capture may be of any length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.capture.modbus_meaning import BAD, ModbusMeaning, Outcome
from gateway.export.csv_line import csv_line
from gateway.export.decoded_frames import printable, utc_text

_MOST_VALUES_SHOWN = 8
_WRITE_COIL = 5
_LOOPBACK = 8
_COLUMNS = (
    *("exchange", "time", "unit", "function", "address", "count"),
    *("outcome", "answer_ms", "values", "exception", "decoded", "problem"),
)
_FUNCTIONS = {
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write coil",
    6: "write register",
    8: "loopback",
    15: "write coils",
    16: "write registers",
}
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}
"""Modbus application protocol V1.1b3, sections 6 and 7."""


class ChannelValue(Protocol):
    """Value of one channel, decoded from registers."""

    @property
    def channel(self) -> str:
        """Identity on the instrument."""
        ...

    @property
    def name(self) -> str:
        """Its name, empty for none."""
        ...

    @property
    def value(self) -> float | None:
        """The number, None for none."""
        ...

    @property
    def unit(self) -> str:
        """Its unit, empty for none."""
        ...


class DecodedRead(Protocol):
    """What a driver makes of one answer."""

    @property
    def channels(self) -> Sequence[ChannelValue]:
        """Values of channels."""
        ...

    @property
    def flags(self) -> Sequence[str]:
        """Flags that are up, in words."""
        ...


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """One exchange of a capture.

    Attributes:
        number: Count of exchanges before it.
        time: UTC of the request.
        meaning: What it says.
        decoded: What the driver of that address makes of it, None if there is none or if it cannot.
    """

    number: int
    time: datetime
    meaning: ModbusMeaning
    decoded: DecodedRead | None

    @property
    def bad(self) -> bool:
        """Whether the request had no success."""
        return self.meaning.outcome in BAD


def jsonl_text(records: Iterable[ExchangeRecord]) -> Iterator[str]:
    """One JSON object per exchange and line.

    Keys: exchange, time (UTC), unit, function (code), address and count (protocol data unit, or null), outcome,
    answer_ms (or null), values, exception (code, or null), channels (id, name, value, unit), flags, problem.
    """
    for record in records:
        said, decoded = record.meaning, record.decoded
        line = {
            "exchange": record.number,
            "time": utc_text(record.time),
            "unit": said.unit,
            "function": said.function,
            "address": said.address,
            "count": said.count,
            "outcome": said.outcome,
            "answer_ms": said.answer_ms,
            "values": list(said.values),
            "exception": said.exception,
            "channels": [_channel_object(channel) for channel in decoded.channels] if decoded else [],
            "flags": list(decoded.flags) if decoded else [],
            "problem": said.problem,
        }
        yield json.dumps(line, allow_nan=False) + "\n"


def csv_text(records: Iterable[ExchangeRecord]) -> Iterator[str]:
    """A heading, then one row per exchange; values are separated by spaces, what is not known is empty."""
    yield csv_line(_COLUMNS)
    for record in records:
        said = record.meaning
        place = (record.number, utc_text(record.time), said.unit, said.function, said.address, said.count)
        values = " ".join(map(str, said.values))
        yield csv_line([*place, said.outcome, said.answer_ms, values, said.exception, _decoded(record), said.problem])


def table_text(records: Iterable[ExchangeRecord]) -> Iterator[str]:
    """A line per exchange, and a count at the end."""
    good = bad = open_ended = 0
    yield f"{'time (UTC)':<27}  {'unit':>4}  {'function':<22}  {'range':>11}  {'answer':>10}  result\n"
    for record in records:
        said = record.meaning
        bad += record.bad
        open_ended += said.outcome is Outcome.UNKNOWN
        good += not record.bad and said.outcome is not Outcome.UNKNOWN
        unit = "" if said.unit is None else said.unit
        answer = "-" if said.answer_ms is None else f"{said.answer_ms:.1f} ms"
        yield (
            f"{utc_text(record.time)}  {unit:>4}  {_function(said):<22}  {_range(said):>11}  {answer:>10}"
            f"  {_result(record)}\n"
        )
    unclear = f", {open_ended} unclear" if open_ended else ""
    yield f"{good + bad + open_ended} exchanges, {good} good, {bad} bad{unclear}\n"


FORMATS: dict[str, Callable[[Iterable[ExchangeRecord]], Iterator[str]]] = {
    "table": table_text,
    "jsonl": jsonl_text,
    "csv": csv_text,
}
"""Writers by the name of their format."""


def _function(said: ModbusMeaning) -> str:
    return "" if said.function is None else _FUNCTIONS.get(said.function, f"function {said.function}")


def _range(said: ModbusMeaning) -> str:
    if said.address is None or said.count is None:
        return "-"
    return f"{said.address}" if said.count == 1 else f"{said.address}-{said.address + said.count - 1}"


def _result(record: ExchangeRecord) -> str:
    said = record.meaning
    if said.outcome is Outcome.EXCEPTION:
        return f"BAD: exception {said.exception} ({_EXCEPTIONS.get(said.exception or 0, 'unknown')})"
    if said.outcome is not Outcome.ANSWERED:
        what = f"{said.outcome}: {said.problem}" if said.problem else said.outcome
        return f"BAD: {what}" if record.bad else str(what)
    if record.decoded is not None:
        return _decoded(record) or "no flag is up"
    if said.function == _WRITE_COIL:
        return "on" if any(said.values) else "off"
    if said.function == _LOOPBACK:
        return " ".join(f"0x{value:04X}" for value in said.values)
    if len(said.values) <= _MOST_VALUES_SHOWN:
        return " ".join(map(str, said.values)) or "done"
    return f"{len(said.values)} values"


def _decoded(record: ExchangeRecord) -> str:
    if record.decoded is None:
        return ""
    return ", ".join([*map(_channel_text, record.decoded.channels), *record.decoded.flags])


def _channel_text(channel: ChannelValue) -> str:
    value = "-" if channel.value is None else str(channel.value)
    return " ".join(filter(None, [channel.channel, printable(channel.name), value, printable(channel.unit)]))


def _channel_object(channel: ChannelValue) -> dict[str, object]:
    return {"id": channel.channel, "name": channel.name, "value": channel.value, "unit": channel.unit}
