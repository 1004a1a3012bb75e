"""From the settings to the back ends of one device: one for its inputs, one for its outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.daq.back_end import BackEnd
from gateway.drivers.daq.settings import DaqSettings


@dataclass(frozen=True, slots=True)
class BackEnds:
    """How one device is reached. They are made for one opening, and then thrown away.

    Attributes:
        input: Of its inputs.
        output: Of its outputs; None for a device that has none.
    """

    input: BackEnd
    output: BackEnd | None = None


def _simulated(settings: DaqSettings) -> BackEnds:
    from gateway.daq.back_ends.simulated import SimulatedDevice, counter, sine

    device = settings.device
    signal = counter if device.signal == "counter" else sine(device.signal_hz)
    return BackEnds(SimulatedDevice(signal=signal), SimulatedDevice())


def _sound(settings: DaqSettings) -> BackEnds:
    from gateway.daq.back_ends.sounddevice import SoundDevice

    device = SoundDevice(
        settings.device.name,
        settings.device.host_api,
        rate_hz=settings.sample_rate_hz,
        inputs=max(((one.number or 0) + 1 for one in settings.inputs.values()), default=0),
        outputs=max(((one.number or 0) + 1 for one in settings.outputs.values()), default=0),
    )
    return BackEnds(device.input, device.output)


def _file(settings: DaqSettings) -> BackEnds:
    from gateway.daq.back_ends.file import FileReplay

    assert settings.device.path is not None  # noqa: S101  `check` has seen it
    return BackEnds(FileReplay(settings.device.path))


def _nidaqmx(settings: DaqSettings) -> BackEnds:
    from gateway.daq.back_ends.nidaqmx import NiInput, NiOutput

    return BackEnds(NiInput(settings.device.terminal), NiOutput())


def _uldaq(settings: DaqSettings) -> BackEnds:
    from gateway.daq.back_ends.uldaq import UlInput, UlOutput

    return BackEnds(UlInput(settings.device.terminal), UlOutput())


def _dtollib(settings: DaqSettings) -> BackEnds:  # noqa: ARG001  a task names the board
    from gateway.daq.back_ends.dtollib import DtInput, DtOutput

    return BackEnds(DtInput(), DtOutput())


MAKERS: dict[str, Callable[[DaqSettings], BackEnds]] = {
    "simulated": _simulated,
    "sounddevice": _sound,
    "file": _file,
    "nidaqmx": _nidaqmx,
    "uldaq": _uldaq,
    "dtollib": _dtollib,
}
"""By the name in the settings. What a back end stands on is imported when it is made, or later."""


def make_back_ends(settings: DaqSettings) -> BackEnds:
    """The back ends of a device; nothing is opened yet."""
    return MAKERS[settings.device.backend](settings)
