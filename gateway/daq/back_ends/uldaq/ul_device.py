"""One device of the library, found by its name, with errors in the words of this layer."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

from gateway.daq.back_ends.vendor_package import vendor_package
from gateway.daq.errors import DaqCapabilityError, DaqDeviceError, DaqDeviceRemovedError, DaqError
from gateway.daq.messages import MessageKind

REMOVALS = frozenset({6, 7, 8, 73, 97, 98, 103})
"""`ULError`: not found, not connected, dead, no connection, network interface gone, connection failed, timeout."""

OVERRUNS = frozenset({18, 27, 87, 108})
"""`ULError`: FIFO, converter, pacer and network buffer overruns."""

_RANGE = re.compile(r"(BIP|UNI)(\d*)(?:PT(\d+))?VOLTS")


def uldaq_package() -> Any:  # noqa: ANN401
    """The package.

    Raises:
        DaqDependencyError: It, or its library, is not installed.
    """
    return vendor_package(
        "uldaq", install="'analyser-gateway[uldaq]'", library="libuldaq, from github.com/mccdaq/uldaq on Linux"
    )


@dataclass(slots=True)
class _Connection:
    device: Any
    users: int = 1


_lock = threading.Lock()
_connections: dict[str, _Connection] = {}


def connected(package: Any, board: str | None) -> Any:  # noqa: ANN401
    """Connect to a device; inputs and outputs share the connection. Every call is followed by one of `release`.

    Args:
        package: `uldaq`.
        board: Its unique identifier or product name; None for the only one.

    Raises:
        DaqCapabilityError: There are several, and none is named.
        DaqDeviceRemovedError: It is not there.
    """
    try:
        with _lock:
            descriptor = _descriptor(package, board)
            connection = _connections.get(descriptor.unique_id)
            if connection is not None:
                connection.users += 1
                return connection.device
            device = package.DaqDevice(descriptor)
            device.connect()
            _connections[descriptor.unique_id] = _Connection(device)
    except package.ULException as error:
        raise translated(error, board or "uldaq") from error
    return device


def release(package: Any, device: Any, where: str) -> None:  # noqa: ANN401
    """Do without a device; after the last user it is disconnected.

    Raises:
        DaqError: The library refuses it.
    """
    with _lock:
        name = next(name for name, one in _connections.items() if one.device is device)
        _connections[name].users -= 1
        if _connections[name].users:
            return
        del _connections[name]
    try:
        if device.is_connected():
            device.disconnect()
        device.release()
    except package.ULException as error:
        raise translated(error, where) from error


def _descriptor(package: Any, board: str | None) -> Any:  # noqa: ANN401
    found = package.get_daq_device_inventory(package.InterfaceType.ANY)
    fitting = [one for one in found if board in (None, "", one.unique_id, one.product_name)]
    if len(fitting) > 1:
        names = ", ".join(f"{one.product_name} {one.unique_id}" for one in fitting)
        raise DaqCapabilityError(f"several devices fit: {names}", hint="give the unique identifier of one of them")
    if not fitting:
        what = f"there is no device '{board}'" if board else "there is no device"
        raise DaqDeviceRemovedError(what, where="uldaq", hint="plug it in; the user needs access to it (udev rules)")
    return fitting[0]


def part(device: Any, which: str, where: str) -> Any:  # noqa: ANN401
    """The analog inputs (`ai`) or outputs (`ao`) of a device.

    Raises:
        DaqCapabilityError: It has none.
    """
    found = getattr(device, f"get_{which}_device")()
    if found is None:
        kind = {"ai": "inputs", "ao": "outputs"}[which]
        raise DaqCapabilityError(f"the device has no analog {kind}", where=where)
    return found


def translated(error: Any, where: str) -> DaqError:  # noqa: ANN401
    """A `ULException` in the words of this layer."""
    code = int(error.error_code)
    if code in REMOVALS:
        return DaqDeviceRemovedError(str(error), where=where, hint="plug it in, or look at the network")
    return DaqDeviceError(str(error), where=where, hint=f"error {code} of libuldaq")


def message_kind(code: int) -> MessageKind:
    """What an error of a running scan is told as."""
    if code in OVERRUNS:
        return MessageKind.OVERRUN
    return MessageKind.DEVICE_REMOVED if code in REMOVALS else MessageKind.EVENT_ERROR


def voltage_range(ranges: list[Any], low: float, high: float) -> Any:  # noqa: ANN401
    """The narrowest range of a device that holds two voltages.

    Args:
        ranges: Members of `uldaq.Range`, `BIP10VOLTS` or `UNIPT5VOLTS`.
        low: Lowest voltage.
        high: Highest voltage.

    Raises:
        DaqCapabilityError: None does.
    """
    fitting: list[tuple[float, Any]] = []
    for one in ranges:
        match = _RANGE.fullmatch(one.name)
        if match is None:
            continue
        end = float(f"{match[2] or 0}.{match[3] or 0}")
        start = -end if match[1] == "BIP" else 0.0
        if start <= low and high <= end:
            fitting.append((end - start, one))
    if not fitting:
        names = ", ".join(one.name for one in ranges)
        raise DaqCapabilityError(f"no range holds {low:g} to {high:g} V", hint=f"the device has {names}")
    return min(fitting, key=lambda item: item[0])[1]
