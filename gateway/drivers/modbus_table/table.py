"""The register table of one instrument, worked out from its settings: what is where, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from gateway.drivers.modbus_table.addresses import Span, parse_place
from gateway.drivers.modbus_table.encoding import (
    FLOATS,
    INTEGER_BYTES,
    decode_number,
    decode_text,
    ordered_bytes,
    register_count,
)
from gateway.drivers.modbus_table.scaling import Scaling
from gateway.drivers.modbus_table.settings import (
    FlagSource,
    FlagSources,
    ModbusTableSettings,
    Order,
    RegisterType,
    TableChannel,
)
from gateway.model.points import ValueKind

FLAGS = tuple(field.name for field in fields(FlagSources))
"""Names of the flags, those of `ChannelStatus` first, then `alarm1` to `alarm4`."""

_INT64 = range(-(1 << 63), 1 << 63)
"""Whole numbers that OPC UA and EPICS can carry."""

Entries = Callable[[Span], Sequence[int] | None]
"""From a span to what its registers or bits were when they were last read; None before that."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One source of a flag.

    Attributes:
        span: One register or bit.
        source: What the settings say of it.
    """

    span: Span
    source: FlagSource

    def is_up(self, entry: int) -> bool:
        """Whether it is up, given its register or bit."""
        if self.source.bit is not None:
            up = bool(entry >> self.source.bit & 1)
        elif self.source.values:
            up = entry in self.source.values
        else:
            up = entry != 0
        return up is not self.source.inverted


@dataclass(frozen=True, slots=True)
class TableValue:
    """One channel.

    Attributes:
        name: Its name.
        spec: What the settings say of it.
        span: Its registers, or its bit.
        type: How they say the value.
        order: Order of their bytes.
        scaling: From number to value.
        no_data: Numbers that are no value.
        flags: Flag to its sources; those without any are left out.
    """

    name: str
    spec: TableChannel
    span: Span
    type: RegisterType
    order: Order
    scaling: Scaling
    no_data: frozenset[int | float]
    flags: Mapping[str, tuple[Flag, ...]]

    @property
    def kind(self) -> ValueKind:
        """Natural type of the value."""
        if self.type is RegisterType.STRING or self.spec.texts:
            return ValueKind.TEXT
        if self.type is RegisterType.BOOL:
            return ValueKind.BOOLEAN
        whole = self.type not in FLOATS and self.scaling.keeps_wholes
        return ValueKind.INTEGER if whole else ValueKind.FLOAT

    def value(self, entries: Sequence[int]) -> int | float | bool | str | None:
        """What the registers or the bit say; None when that is no usable value."""
        if self.type is RegisterType.STRING:
            return decode_text(entries, self.spec.length or 0, self.order)
        if self.type is RegisterType.BOOL:
            return bool(entries[0] >> (self.spec.bit or 0) & 1) if self.spec.bit is not None else bool(entries[0])
        number = decode_number(self.type, ordered_bytes(entries, self.order))
        if number is None or number in self.no_data:
            return None
        if self.spec.texts:
            return self.spec.texts.get(int(number), str(number))
        if self.kind is ValueKind.FLOAT:
            return float(number if self.scaling.is_identity else self.scaling.value(number))
        whole = int(self.scaling.value(int(number)))
        return whole if whole in _INT64 else None


@dataclass(frozen=True, slots=True)
class RegisterTable:
    """The table of one instrument.

    Attributes:
        values: Its channels, in order.
        flags: Flags of the whole instrument; those without a source are left out.
    """

    values: tuple[TableValue, ...]
    flags: Mapping[str, tuple[Flag, ...]]


def resolve_table(settings: ModbusTableSettings) -> RegisterTable:
    """The table of settings that have been checked.

    Raises:
        ValueError: A place in them is none.
    """
    values = tuple(resolve_value(name, channel, settings) for name, channel in settings.served.items())
    return RegisterTable(values, _flags(settings.status, settings.first_address))


def resolve_value(name: str, channel: TableChannel, settings: ModbusTableSettings) -> TableValue:
    """One channel of settings.

    Raises:
        ValueError: It is at no place.
    """
    table, address = parse_place(channel.at, settings.first_address)
    kind = channel.type or (RegisterType.BOOL if table.of_bits or channel.bit is not None else RegisterType.U16)
    count = 1 if table.of_bits else register_count(kind, channel.length or 0)
    # One register is high byte first whatever the wider types do: a vendor who swaps words rarely swaps bytes.
    wide = count > 1 and kind is not RegisterType.STRING
    return TableValue(
        name,
        channel,
        Span(table, address, count),
        kind,
        channel.order or (settings.order if wide else Order.ABCD),
        Scaling(channel.scale, channel.offset),
        frozenset(_as_decoded(number, kind) for number in channel.no_data),
        _flags(channel.status, settings.first_address),
    )


def _flags(sources: FlagSources, first_address: int) -> dict[str, tuple[Flag, ...]]:
    return {
        name: tuple(Flag(Span(*parse_place(source.at, first_address)), source) for source in given)
        for name in FLAGS
        if (given := getattr(sources, name))
    }


def _as_decoded(number: float, kind: RegisterType) -> int | float:
    """What the decoder makes of the bits of a whole number: 0x8000 is -32768 in an s16, and -1 is 65535 in a u16."""
    if kind not in INTEGER_BYTES or number != int(number):
        return number
    size = INTEGER_BYTES[kind]
    return decode_number(kind, (int(number) % (1 << 8 * size)).to_bytes(size, "big")) or 0
