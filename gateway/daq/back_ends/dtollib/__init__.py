"""Data Translation boards by DT-Open Layers, through the package `dtollib`; Windows only, as the vendor's driver is.

Not run on hardware: tested against the fake that the package brings. Waveform output is not offered: the D/A of the
boards that the package was tried on takes single values only.
"""

from gateway.daq.back_ends.dtollib.dt_input import DtInput
from gateway.daq.back_ends.dtollib.dt_output import DtOutput

__all__ = ["DtInput", "DtOutput"]
