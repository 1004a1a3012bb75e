"""Sound devices as hardware-clocked inputs and outputs, by PortAudio: ALSA, JACK, Core Audio, WASAPI, ASIO.

One unit of the device is full scale: samples go from -1 to 1 in single precision, which carries 24 bits exactly.
"""

from gateway.daq.back_ends.sounddevice.device import SoundDevice
from gateway.daq.back_ends.sounddevice.sound_input import SoundInput
from gateway.daq.back_ends.sounddevice.sound_output import SoundOutput

__all__ = ["SoundDevice", "SoundInput", "SoundOutput"]
