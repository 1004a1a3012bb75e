"""Serial lines as byte links: local ports, and remote ones by RFC 2217. The serial libraries are imported only here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import serial
import serial.rfc2217
import serial_asyncio

from gateway.errors import LinkError
from gateway.model.bus_spec import BusSpec
from gateway.model.stamp import Clock
from gateway.ports import ByteLink
from gateway.wire.receiver import Receiver

PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_REMOTE_READ_S = 0.2  # how long the thread of a remote port may sit in a read before it looks at the stop flag


@asynccontextmanager
async def open_serial(name: str, spec: BusSpec, clock: Clock) -> AsyncIterator[ByteLink]:
    """Open a local serial port exclusively and read from it.

    Raises:
        LinkError: The port is missing, in use, or not permitted.
    """
    path = spec.parsed_link.path
    where = f"bus {name} ({path})"
    receiver = Receiver(where, clock)
    try:
        await serial_asyncio.create_serial_connection(  # type: ignore[no-untyped-call]
            asyncio.get_running_loop(),
            lambda: receiver,
            path,
            baudrate=spec.baudrate,
            bytesize=spec.bytesize,
            parity=PARITY[spec.parity],
            stopbits=spec.stopbits,
            exclusive=True,
        )
    except (serial.SerialException, OSError, ValueError) as error:
        raise LinkError(
            f"the serial port cannot be opened: {error}",
            where=where,
            hint="check the path, the permissions (group dialout) and that no other program has the port open",
        ) from error
    try:
        yield receiver
    finally:
        await receiver.aclose()


@asynccontextmanager
async def open_rfc2217(name: str, spec: BusSpec, clock: Clock) -> AsyncIterator[ByteLink]:
    """Open a remote serial port by RFC 2217 and read from it.

    pyserial's RFC 2217 client is blocking, so a worker thread owns it; bytes are stamped in that thread.

    Raises:
        LinkError: The serial server cannot be reached or refuses the settings.
    """
    link = spec.parsed_link
    where = f"bus {name} ({link})"
    receiver = Receiver(where, clock)
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    def connect() -> serial.rfc2217.Serial:
        return serial.rfc2217.Serial(
            f"rfc2217://{link.host}:{link.port}?timeout=5",
            baudrate=spec.baudrate,
            bytesize=spec.bytesize,
            parity=PARITY[spec.parity],
            stopbits=spec.stopbits,
            timeout=_REMOTE_READ_S,
        )

    def tell(call: Callable[..., None], *args: object) -> None:
        if not stop.is_set():
            loop.call_soon_threadsafe(call, *args)

    def read(port: serial.rfc2217.Serial) -> None:
        error: Exception | None = None
        try:
            while not stop.is_set():
                data = port.read(max(1, port.in_waiting))
                if data:
                    tell(receiver.arrived, bytes(data), clock.stamp())
                while receiver.backlogged and not stop.wait(_REMOTE_READ_S):
                    pass
        except (serial.SerialException, OSError) as caught:
            error = caught
        finally:
            port.close()
            tell(receiver.connection_lost, error)

    try:
        port = await anyio.to_thread.run_sync(connect, abandon_on_cancel=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise LinkError(
            f"the remote serial port cannot be opened: {error}",
            where=where,
            hint="check host and port, and that the server speaks RFC 2217; use socket:// for a raw port",
        ) from error
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, read, port)
        try:
            yield receiver
        finally:
            stop.set()
