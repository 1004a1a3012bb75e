"""An instrument with a register table on a Modbus bus: one sweep per poll."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from gateway.drivers.modbus_table.addresses import Span, Table
from gateway.drivers.modbus_table.image import TableImage
from gateway.drivers.modbus_table.points import STATUS, flag_path, value_path
from gateway.drivers.modbus_table.read_plan import Block
from gateway.drivers.modbus_table.schedule import ReadSchedule
from gateway.drivers.modbus_table.table import Flag, RegisterTable, TableValue
from gateway.errors import DeviceRefusedError, GatewayError
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, Reading
from gateway.model.sample import Sample
from gateway.ports import Exchange, ModbusBus

_ILLEGAL_FUNCTION = 1
_NO_SUCH_TABLE_ENTRY = frozenset({_ILLEGAL_FUNCTION, 2, 3})
"""Exceptions that speak of the request, not of the state of the instrument; Modbus application protocol, section 7."""

_FIRST_ADDRESS_HINT = (
    "compare with the vendor's table: does it count from 1 (first_address: 1), does it print 4xxxx numbers ('number"
    " 40001'), is it another table (holding, input)? else drop the channel"
)
_GOOD = ChannelStatus()


class PolledTable:
    """One instrument that answers when asked; a `ports.PollSource`.

    A batch holds what is new: the values and flags that were read, and values whose status has changed. A block that
    the instrument refuses is read in halves until the register is found that it does not have; that one alone is left
    without a value, and asked for again now and then.

    Args:
        device: Name of the analyser.
        address: Its Modbus address.
        table: What is where.
        blocks: The plan of its reads.
        bus: Its wire.
    """

    def __init__(
        self, device: str, address: int, table: RegisterTable, blocks: Sequence[Block], bus: ModbusBus
    ) -> None:
        self._device = device
        self._address = address
        self._table = table
        self._bus = bus
        self._schedule = ReadSchedule(blocks)
        self._image = TableImage()
        self._analyser = AnalyserStatus()
        self._shown: dict[str, tuple[ChannelStatus | None, AnalyserStatus]] = {}
        self._log = logging.getLogger(f"gateway.analyser.{device}")

    async def poll_samples(
        self,
        *,
        names: Sequence[str] | None = None,  # noqa: ARG002  a single analyser has nothing to select
        timeout: float | None = None,  # noqa: ARG002  the bus owns the time of each attempt
    ) -> Sequence[Sample]:
        """One sweep: a Sample per point that is new, all stamped with the arrival of the last answer.

        Raises:
            LinkError: The wire is down.
            DeviceTimeoutError: No usable answer.
            DeviceRefusedError: The instrument refuses everything that was asked.
            ProtocolError: An answer of the wrong shape.
        """
        blocks = self._schedule.next_sweep()
        self._image.begin()
        exchanges: list[Exchange] = []
        refusal: DeviceRefusedError | None = None
        try:
            for block in blocks:
                try:
                    exchange = await self._read(block.span)
                except DeviceRefusedError as error:
                    if error.code not in _NO_SUCH_TABLE_ENTRY:
                        raise
                    refusal = error
                    self._refused(block, error)
                else:
                    exchanges.append(exchange)
                    self._given(block, exchange)
        except GatewayError:
            self._schedule.interrupted()
            raise
        if exchanges:
            self._schedule.swept(blocks, exchanges[-1].received.monotonic_ns)
            if batch := list(self._batch(exchanges)):
                return batch
        raise refusal or GatewayError("nothing that was read is a value", where=self._device)

    async def _read(self, span: Span) -> Exchange:
        bus, asked = self._bus, (self._address, span.address, span.count)
        match span.table:
            case Table.COIL:
                return await bus.read_coils(*asked)
            case Table.DISCRETE:
                return await bus.read_discrete_inputs(*asked)
            case Table.INPUT:
                return await bus.read_input_registers(*asked)
            case Table.HOLDING:
                return await bus.read_holding_registers(*asked)

    def _given(self, block: Block, exchange: Exchange) -> None:
        self._image.take(block.pieces, block.span, exchange.values)
        if self._schedule.set_refused(block, refused=False):
            self._log.warning("%s: %s: given after all", self._device, block.span)

    def _refused(self, block: Block, error: DeviceRefusedError) -> None:
        if len(block.pieces) > 1 and error.code != _ILLEGAL_FUNCTION:
            self._schedule.take_apart(block)
            self._log.info("%s: %s: %s; reading them in two parts", self._device, block.span, error.what)
            return
        for piece in block.pieces:
            self._image.refuse(piece)
        if self._schedule.set_refused(block, refused=True):
            wanted = ", ".join(self._users(block.pieces))
            where = f"{self._device}: {block.span}"
            self._log.error("%s: %s, so there is no %s; %s", where, error.what, wanted, _FIRST_ADDRESS_HINT)

    def _users(self, pieces: Sequence[Span]) -> Iterator[str]:
        """What depends on pieces of the table, as browse paths."""
        for value in self._table.values:
            if value.span in pieces:
                yield value_path(value.name)
        for owner, flags in ((STATUS, self._table.flags), *((value.name, value.flags) for value in self._table.values)):
            for name, sources in flags.items():
                if any(source.span in pieces for source in sources):
                    yield flag_path(owner, name)

    def _batch(self, exchanges: Sequence[Exchange]) -> Iterator[Sample]:
        received = exchanges[-1].received
        requested = exchanges[0].requested
        common = self._flags_up(self._table.flags)
        self._analyser = AnalyserStatus(bool(common.get("fault")), bool(common.get("maintenance")))
        metadata = {"analyser": self._analyser}
        for reading in self._readings(common):
            yield Sample(
                device=self._device,
                channel=reading.channel,
                reading=reading,
                protocol=self._bus.protocol,
                monotonic_ns=received.monotonic_ns,
                received_at=received.utc,
                requested_at=requested.utc,
                latency_s=(received.monotonic_ns - requested.monotonic_ns) / 1e9,
                metadata=metadata,
            )

    def _readings(self, common: Mapping[str, bool | None]) -> Iterator[Reading]:
        for value in self._table.values:
            own = self._flags_up(value.flags)
            if (reading := self._value(value, own, common)) is not None:
                yield reading
            yield from self._flag_readings(value.name, value.flags, own)
        yield from self._flag_readings(STATUS, self._table.flags, common)

    def _value(
        self, value: TableValue, own: Mapping[str, bool | None], common: Mapping[str, bool | None]
    ) -> Reading | None:
        """The reading of a channel when it, or its status, is new."""
        entries = self._image.entries(value.span)
        refused = self._image.is_refused(value.span)
        status = _status(own, common)
        if not (entries or refused) or (status is None and not self._unknown_for_good(value)):
            return None
        if not self._image.is_new(value.span) and self._shown.get(value.name) == (status, self._analyser):
            return None
        self._shown[value.name] = (status, self._analyser)
        size = 1 if value.span.table.of_bits else 2
        raw = b"" if refused or entries is None else b"".join(entry.to_bytes(size, "big") for entry in entries)
        usable = None if refused or status is None or entries is None else value.value(entries)
        return Reading(value_path(value.name), ChannelKind.MEASURED, "", usable, "", status or _GOOD, raw)

    def _unknown_for_good(self, value: TableValue) -> bool:
        """Whether some of what decides on a value is refused, so that waiting for it would not help."""
        flags = (*value.flags.values(), *self._table.flags.values())
        return any(self._image.is_refused(source.span) for sources in flags for source in sources)

    def _flag_readings(
        self, owner: str, flags: Mapping[str, Sequence[Flag]], up: Mapping[str, bool | None]
    ) -> Iterator[Reading]:
        for name, sources in flags.items():
            if any(self._image.is_new(source.span) for source in sources):
                yield Reading(flag_path(owner, name), ChannelKind.MEASURED, "", up[name], "", _GOOD)

    def _flags_up(self, flags: Mapping[str, Sequence[Flag]]) -> dict[str, bool | None]:
        """Each flag: up when any source is, None when none is but one is not known."""
        return {name: self._is_up(sources) for name, sources in flags.items()}

    def _is_up(self, sources: Sequence[Flag]) -> bool | None:
        known: list[bool | None] = []
        for source in sources:
            entries = None if self._image.is_refused(source.span) else self._image.entries(source.span)
            known.append(None if entries is None else source.is_up(entries[0]))
        return True if True in known else None if None in known else False


def _status(own: Mapping[str, bool | None], common: Mapping[str, bool | None]) -> ChannelStatus | None:
    """Flags of a channel with those of the instrument; None when one of them is not known.

    A fault of the instrument and its maintenance are not among them: they have states of their own.
    """
    if None in (*own.values(), *common.values()):
        return None
    up = {name: bool(own.get(name)) or bool(common.get(name)) for name in (*own, *common)}
    up |= {name: bool(own.get(name)) for name in ("fault", "maintenance")}
    first, second, third, fourth = (up.pop(f"alarm{number}", False) for number in (1, 2, 3, 4))
    return ChannelStatus(**up, alarms=(first, second, third, fourth))
