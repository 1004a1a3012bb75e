"""What the status codes of NI-DAQmx mean here. Source: `DAQmxErrors` in `nidaqmx/error_codes.py` 1.7."""

from __future__ import annotations

from typing import Any

from gateway.daq.back_ends.vendor_package import vendor_package
from gateway.daq.errors import DaqDependencyError, DaqDeviceError, DaqDeviceRemovedError, DaqError
from gateway.daq.messages import MessageKind

OVERRUNS = frozenset({-200010, -200222, -200279, -200283, -200361, -200613, -209829})
UNDERRUNS = frozenset({-200016, -200018, -200290, -200621})
REMOVALS = frozenset({-200045, -200170, -200220, -201003, -201252})
"""Removed, or not there: no such physical channel, no such device, not accessible, network target unreachable."""


def nidaqmx_package() -> Any:  # noqa: ANN401
    """The package.

    Raises:
        DaqDependencyError: It is not installed.
    """
    return vendor_package("nidaqmx", install="'analyser-gateway[nidaqmx]'", library="NI-DAQmx from ni.com")


def translated(error: Exception, where: str) -> DaqError:
    """An error of the package in the words of this layer."""
    if type(error).__name__ in ("DaqNotFoundError", "DaqNotSupportedError"):
        return DaqDependencyError(str(error), where=where, hint="install NI-DAQmx from ni.com on this machine")
    code = getattr(error, "error_code", 0)
    what = str(error).partition("\n")[0]
    if code in REMOVALS:
        return DaqDeviceRemovedError(what, where=where, hint="plug it in, or give the name that NI MAX shows")
    return DaqDeviceError(what, where=where, hint=f"NI-DAQmx status {code}")


def message_kind(code: int) -> MessageKind:
    """What a negative status of a running task is told as."""
    if code in OVERRUNS:
        return MessageKind.OVERRUN
    if code in UNDERRUNS:
        return MessageKind.UNDERRUN
    return MessageKind.DEVICE_REMOVED if code in REMOVALS else MessageKind.EVENT_ERROR
