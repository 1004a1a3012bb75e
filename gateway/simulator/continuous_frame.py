"""Encoder of the continuous ASCII frame.

Layout: manual, continuous output chapter. Checksum: sum of every byte after the start space up to and with the
semicolon before the checksum, modulo 65536, as four upper-case hexadecimal digits.
"""

from __future__ import annotations

from gateway.errors import SettingsError
from gateway.simulator.instrument import ChannelState, InstrumentState
from gateway.simulator.slots import UNNAMED

FEWEST_CHANNELS = 3
MOST_CHANNELS = 7

_VALUE_WIDTH = 6
_NO_VALUE = " ---- "
_UNSET_CLOCK = "00-00-00;99:99:99"


def encode_frame(state: InstrumentState, line_ending: bytes = b"\r\n") -> bytes:
    """One frame, 39 + 33 x channels bytes and the line ending.

    Raises:
        SettingsError: Fewer than three or more than seven channels; the frame has no form for them.
    """
    count = len(state.channels)
    if not FEWEST_CHANNELS <= count <= MOST_CHANNELS:
        raise SettingsError([f"a continuous frame carries 3 to 7 channels, not {count}"])
    analyser = state.analyser
    clock = _UNSET_CLOCK if analyser.clock is None else f"{analyser.clock:%d-%m-%y;%H:%M:%S}"
    groups = "".join(f"{'C' if group.calibrating else 'S'}{group.gas}" for group in analyser.groups)
    header = f"{clock};{_flag('F', analyser.fault)}{_flag('M', analyser.maintenance)};{groups};{count:02d};"
    body = (header + "".join(_block(channel) for channel in state.channels)).encode("latin-1")
    return b" " + body + f"{sum(body) & 0xFFFF:04X};".encode() + line_ending


def _block(channel: ChannelState) -> str:
    settings, status = channel.settings, channel.status
    # An external input has no failure flag of its own on the wire: F is where an unusable input can show.
    flags = _flag("F", status.fault or status.invalid) + _flag("M", status.maintenance)
    alarms = "".join(_flag(str(number), up) for number, up in enumerate(status.alarms, start=1))
    fields = (
        channel.slot,
        continuous_name(settings.name),
        _value(channel.value, settings.decimals),
        padded_unit(settings.unit),
        alarms,
        flags,
        _flag("C", status.calibrating),
        _flag("W", status.warming_up),
    )
    return ";".join(fields) + ";"


def continuous_name(name: str) -> str:
    """Six characters; subscript two is an ordinary 2 in this mode."""
    return (name.replace("₂", "2") or UNNAMED).ljust(6)


def padded_unit(unit: str) -> str:
    """Three characters the way the instrument places them: ` % `, ` mA`, `vpm`."""
    return unit if len(unit) >= 3 else f" {unit}".ljust(3)


def _value(value: float | None, decimals: int) -> str:
    """Six characters, right-justified; decimals give way to a long whole part, and no fit means no number."""
    if value is not None:
        for places in range(decimals, -1, -1):
            text = f"{value:z.{places}f}"
            if len(text) <= _VALUE_WIDTH:
                return text.rjust(_VALUE_WIDTH)
    return _NO_VALUE


def _flag(letter: str, up: bool) -> str:  # noqa: FBT001 - letter and state read as one column of the frame
    return letter if up else " "
