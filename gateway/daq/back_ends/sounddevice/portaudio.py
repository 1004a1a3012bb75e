"""PortAudio as one resource of the process: started for the first stream, and left after the last one."""

# ruff: noqa: SLF001  sounddevice has no other door to start and to end PortAudio

from __future__ import annotations

import atexit
import threading
from typing import Any

from gateway.daq.back_ends.vendor_package import vendor_package
from gateway.daq.errors import DaqCapabilityError, DaqDeviceRemovedError, DaqError

JACK = "JACK Audio Connection Kit"

_BAD_REQUESTS = {-9998: "channels", -9997: "rate", -9994: "sample format", -9993: "pair of devices"}
"""Error codes of `portaudio.h` that trying again cannot cure."""

_lock = threading.Lock()
_users = 0
_abandoned: list[Any] = []


def enter() -> Any:  # noqa: ANN401  the module sounddevice, which has no types
    """The module `sounddevice`, with PortAudio running. Every call is followed by one of `leave`.

    PortAudio lists the devices when it is started, so for the first user it is started anew. Only with JACK it keeps
    running: version 19.6 ends the process with a failed assertion in `Pa_Terminate` once the JACK server has ended.

    Raises:
        DaqDependencyError: The package or PortAudio is not installed.
        DaqDeviceRemovedError: PortAudio cannot be started.
    """
    global _users
    sounddevice = vendor_package(
        "sounddevice", install="'analyser-gateway[audio]'", library="PortAudio, on Debian the package libportaudio2"
    )
    with _lock:
        try:
            if not _users and not _has_jack(sounddevice):
                _stop(sounddevice)
            if not sounddevice._initialized:
                sounddevice._initialize()
        except sounddevice.PortAudioError as error:
            raise DaqDeviceRemovedError("PortAudio cannot be started", hint=_text(error)) from error
        if _has_jack(sounddevice):
            atexit.unregister(sounddevice._exit_handler)
        _users += 1
    return sounddevice


def leave(sounddevice: Any) -> None:  # noqa: ANN401  what `enter` returned
    """Nothing of this user is open any longer."""
    global _users
    with _lock:
        _users -= 1
        if not _users and not _has_jack(sounddevice):
            _stop(sounddevice)


def abandon(stream: Any) -> None:  # noqa: ANN401
    """Leave a stream alone whose JACK server has ended: `Pa_CloseStream` of 19.6 would wait for it for ten minutes.

    From then on PortAudio finds no JACK server in this process, not even the same one after it has come back.
    """
    _abandoned.append(stream)


def on_jack(sounddevice: Any, stream: Any) -> bool:  # noqa: ANN401
    """Whether a stream belongs to a JACK server."""
    number = stream.device if isinstance(stream.device, int) else stream.device[0]
    device = sounddevice.query_devices(number)
    return bool(sounddevice.query_hostapis(device["hostapi"])["name"] == JACK)


def translated(error: Exception, where: str) -> DaqError:
    """What a PortAudioError, or the ValueError for a device that is not there, means here."""
    if _abandoned:
        what = "the JACK server has ended, and PortAudio finds no other one in the same process"
        return DaqDeviceRemovedError(what, where=where, hint="start the server, then the gateway again")
    code = error.args[1] if len(error.args) > 1 else None
    if isinstance(code, int) and code in _BAD_REQUESTS:
        what = f"the device cannot do this ({_BAD_REQUESTS[code]}): {_text(error)}"
        return DaqCapabilityError(what, where=where, hint="`python -m sounddevice` lists what there is")
    return DaqDeviceRemovedError(
        _text(error), where=where, hint="plug it in, or see what `python -m sounddevice` lists"
    )


def _text(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _stop(sounddevice: Any) -> None:  # noqa: ANN401
    while sounddevice._initialized:
        sounddevice._terminate()


def _has_jack(sounddevice: Any) -> bool:  # noqa: ANN401
    return bool(sounddevice._initialized) and any(one["name"] == JACK for one in sounddevice.query_hostapis())
