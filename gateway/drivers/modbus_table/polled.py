"""An instrument with a register table on a Modbus bus: one sweep per poll."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from gateway.drivers.modbus_table.addresses import Span, Table
from gateway.drivers.modbus_table.image import TableImage
from gateway.drivers.modbus_table.read_plan import Block
from gateway.drivers.modbus_table.readings import TableReadings
from gateway.drivers.modbus_table.schedule import ReadSchedule
from gateway.drivers.modbus_table.table import RegisterTable
from gateway.errors import DeviceRefusedError, GatewayError
from gateway.model.sample import Sample
from gateway.ports import Exchange, ModbusBus

_ILLEGAL_FUNCTION = 1
_NO_SUCH_TABLE_ENTRY = frozenset({_ILLEGAL_FUNCTION, 2, 3})
"""Exceptions that speak of the request, not of the state of the instrument; Modbus application protocol, section 7."""

_FIRST_ADDRESS_HINT = (
    "compare with the vendor's table: does it count from 1 (first_address: 1), does it print 4xxxx numbers ('number"
    " 40001'), is it another table (holding, input)? else drop the channel"
)


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
        self._bus = bus
        self._schedule = ReadSchedule(blocks)
        self._image = TableImage()
        self._readings = TableReadings(table, self._image)
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
            GatewayError: It answered, but nothing of it is a value.
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
        raise refusal or GatewayError(
            "nothing that was read is a value", where=self._device, hint="compare its registers with the table"
        )

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
            wanted = ", ".join(self._readings.users(block.pieces))
            where = f"{self._device}: {block.span}"
            self._log.error("%s: %s, so there is no %s; %s", where, error.what, wanted, _FIRST_ADDRESS_HINT)

    def _batch(self, exchanges: Sequence[Exchange]) -> Iterator[Sample]:
        received = exchanges[-1].received
        requested = exchanges[0].requested
        readings = self._readings.new()
        metadata = {"analyser": self._readings.analyser}
        for reading in readings:
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
