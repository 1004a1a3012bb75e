"""Measurement Computing devices on Linux and macOS by the vendor's package `uldaq` and its library libuldaq.

Not run on hardware: written after the package's documentation, and tested against a small fake of it. Waveform output
is not offered: the library refills a circular buffer without telling when, so no sample could be accounted for.
"""

from gateway.daq.back_ends.uldaq.ul_input import UlInput
from gateway.daq.back_ends.uldaq.ul_output import UlOutput

__all__ = ["UlInput", "UlOutput"]
