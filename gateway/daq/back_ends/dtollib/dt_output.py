"""Analog outputs of a Data Translation board, one value at a time."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.dtollib.board import Board, constants, translated
from gateway.daq.back_ends.vendor_back_end import VendorBackEnd
from gateway.daq.task import TaskSpec


class DtOutput(VendorBackEnd):
    """Back end of the outputs; a `BackEnd`. Terminals are numbers.

    Args:
        driver: A `dtollib.backend.DtolBackend`; None for the vendor's driver.
    """

    capabilities = Capabilities(single_value_output=True)

    def __init__(self, driver: Any = None) -> None:  # noqa: ANN401
        super().__init__()
        self._driver = driver
        self._board: Board | None = None
        self._terminals: list[int] = []
        self._where = "dtollib"

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        self.close()
        names = constants()
        self._where = task.board or "dtollib"
        self._terminals = [int(channel.terminal) for channel in task.outputs]
        board = self._board = Board(self._driver, task.board or "", names.OLSS_DA, task.element)
        voltage = import_module("dtollib.channels").AnalogOutputVoltage
        with translated(self._where):
            board.driver.set_data_flow(board.handle, names.OL_DF_SINGLEVALUE)
            for place, one in enumerate(task.outputs):
                low, high = one.min_val / one.gain, one.max_val / one.gain
                spec = voltage(physical_channel=int(one.terminal), name=one.name, min_val=low, max_val=high)
                board.driver.add_channel(board.handle, place, spec)
            board.driver.commit(board.handle)
            return Commitment(None, board.encoding())

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def write_values(self, values: NDArray[Any]) -> None:
        """See `BackEnd.write_values`."""
        assert self._board is not None  # noqa: S101  the order of calls
        with translated(self._where):
            for terminal, code in zip(self._terminals, values, strict=True):
                self._board.driver.put_single_value(self._board.handle, terminal, int(code), 1.0)

    def close(self) -> None:
        """See `BackEnd.close`."""
        if self._board is not None:
            board, self._board = self._board, None
            with translated(self._where):
                board.close()
