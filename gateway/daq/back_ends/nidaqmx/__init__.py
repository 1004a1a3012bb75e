"""National Instruments devices by the vendor's package `nidaqmx` and its driver NI-DAQmx.

Not run on hardware: written after the package's documentation, and tested against a small fake of it.
"""

from gateway.daq.back_ends.nidaqmx.ni_input import NiInput
from gateway.daq.back_ends.nidaqmx.ni_output import NiOutput

__all__ = ["NiInput", "NiOutput"]
