"""Analog outputs of a Measurement Computing device, one value at a time."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.uldaq.ul_device import connected, part, release, translated, uldaq_package, voltage_range
from gateway.daq.back_ends.vendor_back_end import VendorBackEnd
from gateway.daq.task import TaskSpec


class UlOutput(VendorBackEnd):
    """Back end of the outputs; a `BackEnd`. Terminals are numbers."""

    capabilities = Capabilities(single_value_output=True)

    def __init__(self) -> None:
        super().__init__()
        self._device: Any = None
        self._places: list[tuple[int, Any]] = []
        self._where = "uldaq"

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        package = uldaq_package()
        self.close()
        self._where = task.board or "uldaq"
        self._device = connected(package, task.board)
        try:
            outputs = part(self._device, "ao", self._where)
            ranges = outputs.get_info().get_ranges()
            self._places = [
                (int(one.terminal), voltage_range(ranges, one.min_val / one.gain, one.max_val / one.gain))
                for one in task.outputs
            ]
        except package.ULException as error:
            self.close()
            raise translated(error, self._where) from error
        except BaseException:
            self.close()
            raise
        return Commitment()

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def write_values(self, values: NDArray[Any]) -> None:
        """See `BackEnd.write_values`."""
        package = uldaq_package()
        outputs = self._device.get_ao_device()
        try:
            for (terminal, one), value in zip(self._places, values, strict=True):
                outputs.a_out(terminal, one, package.AOutFlag.DEFAULT, float(value))
        except package.ULException as error:
            raise translated(error, self._where) from error

    def close(self) -> None:
        """See `BackEnd.close`."""
        if self._device is not None:
            device, self._device = self._device, None
            release(uldaq_package(), device, self._where)
