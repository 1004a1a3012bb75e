"""Serial lines as byte links: local ports, and remote ones by RFC 2217. The serial libraries are imported only here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import anyio.to_thread
import serial
import serial.rfc2217
import serial.tools.list_ports
import serial_asyncio

from gateway.errors import LinkError
from gateway.model.bus_spec import BusSpec
from gateway.model.stamp import Clock
from gateway.ports import ByteLink
from gateway.wire.receiver import Receiver
from gateway.wire.tap import WireTap

PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_REMOTE_READ_S = 0.2  # how long the thread of a remote port may sit in a read before it looks at the stop flag


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One serial port of this machine.

    Attributes:
        path: What a `link` names it by.
        description: What the operating system knows of it, empty for nothing.
    """

    path: str
    description: str


def serial_ports() -> list[SerialPort]:
    """Serial ports of this machine, by path."""
    ports = serial.tools.list_ports.comports()
    known = [SerialPort(port.device, "" if port.description == "n/a" else port.description) for port in ports]
    return sorted(known, key=lambda port: port.path)


@asynccontextmanager
async def open_serial(name: str, spec: BusSpec, clock: Clock, tap: WireTap) -> AsyncIterator[ByteLink]:
    """Open a local serial port exclusively and read from it.

    Raises:
        LinkError: The port is missing, in use, or not permitted.
    """
    path = spec.parsed_link.path
    where = f"bus {name} ({path})"
    receiver = Receiver(where, clock, tap)
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
async def open_rfc2217(name: str, spec: BusSpec, clock: Clock, tap: WireTap) -> AsyncIterator[ByteLink]:
    """Open a remote serial port by RFC 2217 and read from it.

    pyserial's RFC 2217 client is blocking, so a worker thread opens, reads and closes it; bytes are stamped there. A
    thread that is still connecting at the end closes its port by itself, at the latest when the attempt gives up.

    Raises:
        LinkError: The serial server cannot be reached or refuses the settings.
    """
    link = spec.parsed_link
    where = f"bus {name} ({link})"
    receiver = Receiver(where, clock, tap)
    loop = asyncio.get_running_loop()
    decided = anyio.Event()
    failures: list[Exception] = []
    stop = threading.Event()

    def tell(call: Callable[..., None], *args: object) -> None:
        if not stop.is_set():
            loop.call_soon_threadsafe(call, *args)

    def own_port() -> None:
        try:
            port = _connect(spec)
        except (serial.SerialException, OSError, ValueError) as error:
            failures.append(error)
            tell(decided.set)
            return
        tell(decided.set)
        reason: Exception | None = None
        try:
            while not stop.is_set():
                data = port.read(max(1, port.in_waiting))
                if data:
                    tell(receiver.arrived, bytes(data), clock.stamp())
                while receiver.backlogged and not stop.wait(_REMOTE_READ_S):
                    pass
        except (serial.SerialException, OSError) as error:
            reason = error
        finally:
            _close(port)
            tell(receiver.connection_lost, reason)

    owner = threading.Thread(target=own_port, name=f"rfc2217 {name}", daemon=True)
    owner.start()
    try:
        await decided.wait()
        if failures:
            raise LinkError(
                f"the remote serial port cannot be opened: {failures[0]}",
                where=where,
                hint="check host and port, and that the server speaks RFC 2217; use socket:// for a raw port",
            ) from failures[0]
        yield receiver
    finally:
        stop.set()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(owner.join, 2 * _REMOTE_READ_S)


def _connect(spec: BusSpec) -> serial.rfc2217.Serial:
    link = spec.parsed_link
    return serial.rfc2217.Serial(
        f"rfc2217://{link.host}:{link.port}?ign_set_control&timeout=5",
        baudrate=spec.baudrate,
        bytesize=spec.bytesize,
        parity=PARITY[spec.parity],
        stopbits=spec.stopbits,
        timeout=_REMOTE_READ_S,
    )


def _close(port: serial.rfc2217.Serial) -> None:
    """Close for certain: pyserial 3.5 leaves the socket open when the server has hung up before it."""
    raw = getattr(port, "_socket", None)
    port.close()
    if raw is not None:
        raw.close()
