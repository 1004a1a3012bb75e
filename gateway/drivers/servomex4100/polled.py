"""A Servomex 4100 on a Modbus bus: one sweep per poll."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.drivers.servomex4100.read_plan import BlockRead, ReadPlan, Table, full_plan, strict_plan
from gateway.drivers.servomex4100.sweep import decode_sweep
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import DeviceDemotedError, DeviceRefusedError, DeviceTimeoutError, GatewayError
from gateway.model.sample import Sample
from gateway.ports import Exchange, ModbusBus

_ILLEGAL_DATA_ADDRESS = 2


class PolledAnalyser:
    """One analyser that answers when asked; a `ports.PollSource`.

    It reads all slots in three broad transactions. Some instruments refuse or ignore reads that touch a slot they do
    not have; then it changes, for good, to reads of the wanted slots alone. A refusal decides that at once. Silence may
    just as well mean that the instrument is off, so the narrow reads are only tried, and kept once they have succeeded.
    """

    def __init__(self, device: str, address: int, channels: Sequence[str], bus: ModbusBus) -> None:
        self._device = device
        self._address = address
        self._bus = bus
        self._full = full_plan(channels)
        self._strict = strict_plan(channels)
        self._plan = self._full
        self._proven = False
        self._text = DisplayText()
        self._log = logging.getLogger(f"gateway.analyser.{device}")

    async def poll_samples(
        self,
        *,
        names: Sequence[str] | None = None,  # noqa: ARG002  a single analyser has nothing to select
        timeout: float | None = None,  # noqa: ARG002  the bus owns the time of each attempt
    ) -> Sequence[Sample]:
        """One sweep: a Sample per channel, all stamped with the arrival of the last value register.

        Raises:
            LinkError: The wire is down.
            DeviceTimeoutError: No usable answer.
            DeviceRefusedError: The instrument has no such registers.
            ProtocolError: An answer of the wrong shape.
        """
        try:
            batch = await self._sweep(self._plan)
        except (DeviceTimeoutError, DeviceRefusedError) as error:
            self._reconsider(error)
            raise
        self._proven = True
        return batch

    def _reconsider(self, error: GatewayError) -> None:
        if self._proven or isinstance(error, DeviceDemotedError):
            return
        refused = isinstance(error, DeviceRefusedError) and error.code == _ILLEGAL_DATA_ADDRESS
        if self._plan is self._full and (refused or isinstance(error, DeviceTimeoutError)):
            self._plan = self._strict
            if refused:
                self._log.info("%s: broad reads are refused; reading its channels one by one", self._device)
        elif self._plan is self._strict and isinstance(error, DeviceTimeoutError):
            self._plan = self._full

    async def _sweep(self, plan: ReadPlan) -> Sequence[Sample]:
        exchanges = [await self._read(read) for read in plan.reads]
        frame = decode_sweep(plan, [exchange.values for exchange in exchanges], self._text)
        for code in self._text.take_new_codes():
            self._log.warning("%s: unknown display character %s in a name or unit", self._device, code)
        values = [
            exchange
            for read, exchange in zip(plan.reads, exchanges, strict=True)
            if read.table is Table.INPUT_REGISTERS
        ]
        requested, received = values[0].requested, values[-1].received
        metadata = {"analyser": frame.analyser}
        return [
            Sample(
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
            for reading in frame.readings
        ]

    async def _read(self, read: BlockRead) -> Exchange:
        if read.table is Table.INPUT_REGISTERS:
            return await self._bus.read_input_registers(self._address, read.address, read.count)
        return await self._bus.read_discrete_inputs(self._address, read.address, read.count)
