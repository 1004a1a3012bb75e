"""What the registers of an instrument say, point by point, as far as it is news."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.drivers.modbus_table.addresses import Span
from gateway.drivers.modbus_table.image import TableImage
from gateway.drivers.modbus_table.points import STATUS, flag_path, value_path
from gateway.drivers.modbus_table.table import Flag, RegisterTable, TableValue
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, Reading

_GOOD = ChannelStatus()

Flags = Mapping[str, bool | None]
"""Flag to whether it is up; None where that is not known."""


class TableReadings:
    """Makes readings of what was read.

    A value is news when it was read, and when its status has changed since: what is slow shows at once what has become
    of the instrument. A value whose status the instrument refuses to tell is no value.

    Args:
        table: What is where.
        image: What was read.

    Attributes:
        analyser: State of the whole instrument, as of the last readings.
    """

    def __init__(self, table: RegisterTable, image: TableImage) -> None:
        self.analyser = AnalyserStatus()
        self._table = table
        self._image = image
        self._shown: dict[str, tuple[ChannelStatus | None, AnalyserStatus]] = {}

    def new(self) -> list[Reading]:
        """What the sweep that has just ended says."""
        common = self._flags_up(self._table.flags)
        self.analyser = AnalyserStatus(bool(common.get("fault")), bool(common.get("maintenance")))
        return list(self._readings(common))

    def users(self, pieces: Sequence[Span]) -> Iterator[str]:
        """What depends on pieces of the table, as browse paths."""
        for value in self._table.values:
            if value.span in pieces:
                yield value_path(value.name)
        for owner, flags in ((STATUS, self._table.flags), *((value.name, value.flags) for value in self._table.values)):
            for name, sources in flags.items():
                if any(source.span in pieces for source in sources):
                    yield flag_path(owner, name)

    def _readings(self, common: Flags) -> Iterator[Reading]:
        for value in self._table.values:
            own = self._flags_up(value.flags)
            if (reading := self._value(value, own, common)) is not None:
                yield reading
            yield from self._flag_readings(value.name, value.flags, own)
        yield from self._flag_readings(STATUS, self._table.flags, common)

    def _value(self, value: TableValue, own: Flags, common: Flags) -> Reading | None:
        """The reading of a channel when it, or its status, is new."""
        entries = self._image.entries(value.span)
        refused = self._image.is_refused(value.span)
        status = _status(own, common)
        if not (entries or refused) or (status is None and not self._unknown_for_good(value)):
            return None
        if not self._image.is_new(value.span) and self._shown.get(value.name) == (status, self.analyser):
            return None
        self._shown[value.name] = (status, self.analyser)
        size = 1 if value.span.table.of_bits else 2
        raw = b"" if refused or entries is None else b"".join(entry.to_bytes(size, "big") for entry in entries)
        usable = None if refused or status is None or entries is None else value.value(entries)
        return Reading(value_path(value.name), ChannelKind.MEASURED, "", usable, "", status or _GOOD, raw)

    def _unknown_for_good(self, value: TableValue) -> bool:
        """Whether some of what decides on a value is refused, so that waiting for it would not help."""
        flags = (*value.flags.values(), *self._table.flags.values())
        return any(self._image.is_refused(source.span) for sources in flags for source in sources)

    def _flag_readings(self, owner: str, flags: Mapping[str, Sequence[Flag]], up: Flags) -> Iterator[Reading]:
        for name, sources in flags.items():
            if any(self._image.is_new(source.span) for source in sources):
                yield Reading(flag_path(owner, name), ChannelKind.MEASURED, "", up[name], "", _GOOD)

    def _flags_up(self, flags: Mapping[str, Sequence[Flag]]) -> Flags:
        """Each flag: up when any source is, None when none is but one is not known."""
        return {name: self._is_up(sources) for name, sources in flags.items()}

    def _is_up(self, sources: Sequence[Flag]) -> bool | None:
        known: list[bool | None] = []
        for source in sources:
            entries = None if self._image.is_refused(source.span) else self._image.entries(source.span)
            known.append(None if entries is None else source.is_up(entries[0]))
        return True if True in known else None if None in known else False


def _status(own: Flags, common: Flags) -> ChannelStatus | None:
    """Flags of a channel with those of the instrument; None when one of them is not known.

    A fault of the instrument and its maintenance are not among them: they have states of their own.
    """
    if None in (*own.values(), *common.values()):
        return None
    up = {name: bool(own.get(name)) or bool(common.get(name)) for name in (*own, *common)}
    up |= {name: bool(own.get(name)) for name in ("fault", "maintenance")}
    first, second, third, fourth = (up.pop(f"alarm{number}", False) for number in (1, 2, 3, 4))
    return ChannelStatus(**up, alarms=(first, second, third, fourth))
