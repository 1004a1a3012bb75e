"""Is anybody at a Modbus address? Function code 08, the loopback, changes nothing and every answer to it counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from gateway.errors import DeviceRefusedError, DeviceTimeoutError, ProtocolError
from gateway.ports import ModbusBus

GATEWAY_EXCEPTIONS = (10, 11)
"""By these a Modbus gateway says that nobody answers behind it (Modbus application protocol V1.1b3, section 7)."""


class Outcome(Enum):
    """What became of one loopback."""

    SILENT = auto()
    """Nothing came."""

    RETURNED = auto()
    """The same bytes came back. An adapter that hears itself would do that, too."""

    REFUSED = auto()
    """A Modbus exception: there is an instrument, and it speaks this framing."""

    ABSENT = auto()
    """A Modbus gateway says that nobody answers: it speaks this framing, but there is no instrument."""

    GARBLED = auto()
    """Bytes came that are no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one loopback, with a sentence for people."""

    outcome: Outcome
    words: str = ""


async def ask(bus: ModbusBus, address: int, number: int) -> Answer:
    """Send a loopback.

    Args:
        bus: The wire.
        address: Modbus address.
        number: 0 to 65535; a new one each time, so that a late answer is never taken for this one.

    Raises:
        LinkError: The wire is down.
    """
    data = number.to_bytes(2, "big")
    try:
        exchange = await bus.echo(address, data)
    except DeviceRefusedError as error:
        return _exception(error)
    except DeviceTimeoutError as error:
        if isinstance(error.__cause__, DeviceRefusedError):
            return _exception(error.__cause__)
        return Answer(Outcome.SILENT)
    except ProtocolError as error:
        return Answer(Outcome.GARBLED, f"{error.what} [{error.raw.hex(' ')}]" if error.raw else error.what)
    took_ms = (exchange.received.monotonic_ns - exchange.requested.monotonic_ns) / 1e6
    return Answer(Outcome.RETURNED, f"returned the loopback {data.hex().upper()} within {took_ms:.0f} ms")


def _exception(error: DeviceRefusedError) -> Answer:
    outcome = Outcome.ABSENT if error.code in GATEWAY_EXCEPTIONS else Outcome.REFUSED
    return Answer(outcome, f"answered the loopback with Modbus exception {error.code}")


async def answers_reads(bus: ModbusBus, address: int) -> bool:
    """Whether a read is answered, if only by an exception: no echo of a request is an answer to a read.

    Raises:
        LinkError: The wire is down.
    """
    try:
        await bus.read_discrete_inputs(address, 0, 1)
    except DeviceRefusedError:
        return True
    except (DeviceTimeoutError, ProtocolError):
        return False
    return True
