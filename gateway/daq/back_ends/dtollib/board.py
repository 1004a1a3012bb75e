"""One subsystem of a board, with errors in the words of this layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from gateway.daq.back_ends.vendor_package import vendor_package
from gateway.daq.encoding import Encoding
from gateway.daq.errors import DaqCapabilityError, DaqDependencyError, DaqDeviceError, DaqDeviceRemovedError

_INSTALL = "dtollib"
_LIBRARY = "Python 3.13 and DT-Open Layers for Windows, from mccdaq.com"


def constants() -> Any:  # noqa: ANN401
    """Numbers of the vendor's header files.

    Raises:
        DaqDependencyError: The package is not installed.
    """
    return vendor_package("dtollib.capi.constants", install=_INSTALL, library=_LIBRARY)


@cache
def _vendor_driver() -> Any:  # noqa: ANN401
    """The driver of the vendor, one for all: it counts who has opened a board."""
    return import_module("dtollib.backend.dataacq").DataAcqBackend()


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Errors of the package become those of this layer, by the names of their classes."""
    try:
        yield
    except Exception as error:
        what, kind = str(error), type(error).__name__
        if not kind.startswith("Dtol"):
            raise
        if kind == "DtolDependencyError":
            raise DaqDependencyError(what, where=where, hint=f"install {_LIBRARY}") from error
        if kind == "DtolCapabilityError":
            raise DaqCapabilityError(what, where=where) from error
        if kind in ("DtolConnectionError", "DtolResourceError") or "unknown board" in what:
            raise DaqDeviceRemovedError(
                what, where=where, hint="plug it in; `dtol-discover` lists the boards"
            ) from error
        raise DaqDeviceError(what, where=where) from error


class Board:
    """A subsystem that is taken.

    Args:
        driver: A `dtollib.backend.DtolBackend`; None for the vendor's driver.
        name: Name of the board, as the vendor's control panel shows it.
        subsystem: `OLSS_AD` or `OLSS_DA`.
        element: Number of the subsystem, where there are several.

    Attributes:
        driver: What is called.
        handle: Of the subsystem.

    Raises:
        DaqDependencyError: The package or the vendor's driver is not installed.
        DaqDeviceRemovedError: There is no such board.
    """

    def __init__(self, driver: Any, name: str, subsystem: int, element: int) -> None:  # noqa: ANN401
        constants()
        with translated(name):
            self.driver: Any = driver or _vendor_driver()
            self._board = self.driver.initialize(name)
            try:
                self.handle = self.driver.get_dass(self._board, subsystem, element)
            except BaseException:
                self.driver.terminate(self._board)
                raise

    def encoding(self) -> Encoding:
        """How its codes stand for volts. The type says whether they are signed, whatever the package views them as."""
        low, high, bits, twos_complement = self.driver.get_scaling(self.handle)
        if not twos_complement:
            return Encoding.offset_binary(bits, low, high)
        dtype = np.dtype(np.int16 if bits <= 16 else np.int32)
        return Encoding(dtype, (high - low) / 2**bits, (high + low) / 2)

    def close(self) -> None:
        """Give it back."""
        self.driver.release_dass(self.handle)
        self.driver.terminate(self._board)
