"""What the back end uses of the package `uldaq` 1.2, with a device that gives samples when told.

Names, arguments and the ring buffer are those of the package's documentation; nothing of libuldaq is in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from ctypes import Array, c_double
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.daq.back_ends.uldaq import ul_device

InterfaceType = IntEnum("InterfaceType", {"ANY": 7})
AiInputMode = IntEnum("AiInputMode", {"DIFFERENTIAL": 1, "SINGLE_ENDED": 2})
Range = IntEnum("Range", {"BIP10VOLTS": 5, "BIP2PT5VOLTS": 8, "BIPPT625VOLTS": 12, "UNI5VOLTS": 1005, "MA0TO20": 2000})
ScanOption = IntEnum("ScanOption", {"CONTINUOUS": 8})
AInScanFlag = IntEnum("AInScanFlag", {"DEFAULT": 0})
AInFlag = IntEnum("AInFlag", {"DEFAULT": 0})
AOutFlag = IntEnum("AOutFlag", {"DEFAULT": 0})


class DaqEventType(IntEnum):
    ON_DATA_AVAILABLE = 1
    ON_INPUT_SCAN_ERROR = 2


class ULException(Exception):  # noqa: N818  the package calls it so
    def __init__(self, error_code: int) -> None:
        super().__init__(f"error {error_code}")
        self.error_code = error_code


def create_float_buffer(channels: int, samples: int) -> Array[c_double]:
    return (c_double * (channels * samples))()


class Board:
    """The only device there is.

    Attributes:
        present: Whether it is plugged in.
        scan: What a running scan was started with.
        put_out: Channel, range and value of each output.
        fails: Name of a call to the code with which its next one fails.
        log: Calls, in order.
    """

    def __init__(self) -> None:
        self.present = True
        self.scan: dict[str, Any] = {}
        self.put_out: list[tuple[int, str, float]] = []
        self.fails: dict[str, int] = {}
        self.log: list[str] = []
        self.event: Callable[[Any], None] = lambda _event: None
        self._written = 0

    def call(self, name: str) -> None:
        self.log.append(name)
        if (code := self.fails.pop(name, 0)) > 0:
            raise ULException(code)

    def acquire(self, samples: NDArray[np.float64], *, tell: bool = True) -> None:
        """Write scans into the ring, and call back as the library does."""
        ring = np.frombuffer(self.scan["memory"], np.float64).reshape(-1, samples.shape[1])
        for scan in samples:
            ring[self._written % len(ring)] = scan
            self._written += 1
        if tell:
            self.event(SimpleNamespace(event_type=DaqEventType.ON_DATA_AVAILABLE, event_data=self._written))

    def fail(self, code: int) -> None:
        """The scan ends with an error."""
        self.event(SimpleNamespace(event_type=DaqEventType.ON_INPUT_SCAN_ERROR, event_data=code))


BOARD = Board()


def get_daq_device_inventory(_interface: InterfaceType) -> list[Any]:
    return [SimpleNamespace(product_name="USB-1608G", unique_id="01D0")] if BOARD.present else []


class DaqDevice:
    def __init__(self, descriptor: Any) -> None:
        assert descriptor.unique_id == "01D0"

    def connect(self) -> None:
        BOARD.call("connect")

    def is_connected(self) -> bool:
        return True

    def disconnect(self) -> None:
        BOARD.call("disconnect")

    def release(self) -> None:
        BOARD.call("release")

    def get_ai_device(self) -> Inputs:
        return Inputs()

    def get_ao_device(self) -> Outputs:
        return Outputs()

    def enable_event(self, _types: int, size: int, callback: Callable[[Any], None], _data: object) -> None:
        BOARD.call(f"enable_event {size}")
        BOARD.event = callback

    def disable_event(self, _types: int) -> None:
        BOARD.call("disable_event")


class Inputs:
    def get_info(self) -> Any:
        return SimpleNamespace(get_ranges=lambda _mode: list(Range))

    def a_in_scan(
        self,
        low: int,
        high: int,
        mode: int,
        range_: Range,
        count: int,
        rate: float,
        option: int,
        flag: int,
        memory: Any,
    ) -> float:
        BOARD.call("a_in_scan")
        assert (option, flag) == (ScanOption.CONTINUOUS, AInScanFlag.DEFAULT)
        BOARD.scan = {"channels": (low, high), "mode": mode, "range": range_.name, "count": count, "memory": memory}
        return rate

    def scan_stop(self) -> None:
        BOARD.call("scan_stop")

    def a_in(self, channel: int, _mode: int, _range: Range, _flag: int) -> float:
        BOARD.call("a_in")
        return channel / 2


class Outputs:
    def get_info(self) -> Any:
        return SimpleNamespace(get_ranges=lambda: list(Range))

    def a_out(self, channel: int, range_: Range, _flag: int, value: float) -> None:
        BOARD.call("a_out")
        BOARD.put_out.append((channel, range_.name, value))


def install(monkeypatch: pytest.MonkeyPatch) -> Board:
    """Take the package's place; returns its device."""
    BOARD.__init__()  # type: ignore[misc]
    monkeypatch.setattr(ul_device, "_connections", {})
    monkeypatch.setitem(sys.modules, "uldaq", sys.modules[__name__])
    return BOARD
