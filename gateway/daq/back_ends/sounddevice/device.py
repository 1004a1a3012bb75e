"""One sound device with one stream, whichever of its input and its output is in use."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.daq.back_ends.sounddevice import portaudio
from gateway.daq.back_ends.sounddevice.sound_input import SoundInput
from gateway.daq.back_ends.sounddevice.sound_output import SoundOutput
from gateway.daq.errors import DaqCapabilityError

_WATCH_S = 0.1


class SoundDevice:
    """A sound device; its input and its output are back ends of their own that share a stream, and so a clock.

    The stream is opened by the first commit and runs until input and output are closed. Whatever PortAudio calls
    happens in its own thread, which copies samples and posts messages, and never waits.

    It is opened once: after it has been closed, or is gone, another one is built.

    Args:
        name: Part of its name, empty for the default one.
        host_api: Its sound system as PortAudio calls it, empty for any.
        rate_hz: Samples per second.
        inputs: Number of input channels, 0 for none.
        outputs: Number of output channels, 0 for none.

    Attributes:
        rate_hz: Samples per second that were asked for.
        input: Back end of its input.
        output: Back end of its output.
    """

    def __init__(
        self, name: str = "", host_api: str = "", *, rate_hz: float, inputs: int = 0, outputs: int = 0
    ) -> None:
        self.rate_hz = rate_hz
        self._name = name
        self._host_api = host_api
        self._inputs = inputs
        self._outputs = outputs
        self.input = SoundInput(self)
        self.output = SoundOutput(self)
        self._lock = threading.Lock()
        self._users: set[object] = set()
        self._portaudio: Any = None
        self._stream: Any = None
        self._started = False
        self._closed = threading.Event()

    @property
    def label(self) -> str:
        """How errors call it."""
        return f"sound device {self._name or 'default'}"

    def open(self, user: object, terminals: Sequence[int | str], *, output: bool) -> float:
        """Open the stream if it is not; the rate at which it will run.

        Raises:
            DaqCapabilityError: It has no such channels, or cannot run at that rate.
            DaqDependencyError: PortAudio is not installed.
            DaqDeviceRemovedError: There is no such device.
        """
        available = self._outputs if output else self._inputs
        for terminal in terminals:
            if not isinstance(terminal, int) or not 0 <= terminal < available:
                raise DaqCapabilityError(f"there is no channel {terminal!r} among {available}", where=self.label)
        with self._lock:
            if self._stream is None:
                self._open()
            self._users.add(user)
            return float(self._stream.samplerate)

    def run(self) -> None:
        """Let the stream run, if it does not yet.

        Raises:
            DaqDeviceRemovedError: The device is gone.
        """
        with self._lock:
            if self._stream is not None and not self._started:
                try:
                    self._stream.start()
                except self._portaudio.PortAudioError as error:
                    raise portaudio.translated(error, self.label) from error
                self._started = True
                threading.Thread(target=self._watch, args=(self._stream,), name=self.label, daemon=True).start()

    def close(self, user: object) -> None:
        """The user does without; the last one closes the stream."""
        with self._lock:
            self._users.discard(user)
            if self._users or self._stream is None:
                return
            stream, self._stream = self._stream, None
            self._closed.set()
            if stream.active:
                stream.stop()  # with what has been handed over still played; `close` alone would cut it off
            elif portaudio.on_jack(self._portaudio, stream) and self._started:
                portaudio.abandon(stream)
                return
            stream.close()
            portaudio.leave(self._portaudio)

    def _open(self) -> None:
        module = self._portaudio = portaudio.enter()
        try:
            device = self._device(module)
            options = {"samplerate": self.rate_hz, "device": device, "dtype": "float32", "latency": "high"}
            # With a block size of its own, here eight buffers of JACK, PortAudio 19.6 did not show the flag of an xrun
            # that cost 4,300 samples: it hands on that of the last buffer alone. With 0 each buffer comes as it is.
            options["blocksize"] = 0
            if self._inputs and self._outputs:
                channels = (self._inputs, self._outputs)
                self._stream = module.RawStream(**options, channels=channels, callback=self._both)
            elif self._outputs:
                self._stream = module.RawOutputStream(**options, channels=self._outputs, callback=self._out)
            else:
                self._stream = module.RawInputStream(**options, channels=self._inputs, callback=self._in)
        except BaseException as error:
            portaudio.leave(module)
            if isinstance(error, module.PortAudioError | ValueError):
                raise portaudio.translated(error, self.label) from error
            raise

    def _device(self, module: Any) -> int | None:  # noqa: ANN401
        """Its number in the list of PortAudio, None for the default one."""
        if not self._name and not self._host_api:
            return None
        systems = module.query_hostapis()
        for number, one in enumerate(module.query_devices()):
            system = systems[one["hostapi"]]["name"]
            enough = one["max_input_channels"] >= self._inputs and one["max_output_channels"] >= self._outputs
            if enough and self._name.lower() in one["name"].lower() and self._host_api in ("", system):
                return number
        wanted = f"{self._name or 'any device'}{f' of {self._host_api}' if self._host_api else ''}"
        raise ValueError(f"no device like '{wanted}' with {self._inputs} inputs and {self._outputs} outputs")

    def _both(self, indata: Any, outdata: Any, frames: int, times: Any, status: Any) -> None:  # noqa: ANN401
        self._in(indata, frames, times, status)
        self._out(outdata, frames, times, status)

    def _in(self, indata: Any, frames: int, times: Any, status: Any) -> None:  # noqa: ANN401
        now_ns = time.monotonic_ns()
        # Some sound systems do not say when a sample was taken; the last one is then as old as the call.
        age_s = times.currentTime - times.inputBufferAdcTime if times.inputBufferAdcTime else frames / self.rate_hz
        samples = np.frombuffer(indata, np.float32).reshape(frames, self._inputs)
        lost = status.input_overflow or status.input_underflow
        self.input.take(samples, now_ns - round(age_s * 1e9), lost=lost)

    def _out(self, outdata: Any, frames: int, times: Any, status: Any) -> None:  # noqa: ANN401
        samples = np.frombuffer(outdata, np.float32).reshape(frames, self._outputs)
        delay_s = times.outputBufferDacTime - times.currentTime if times.outputBufferDacTime else 0.0
        lost = status.output_underflow or status.output_overflow
        self.output.give(samples, round(delay_s * self.rate_hz), lost=lost)

    def _watch(self, stream: Any) -> None:  # noqa: ANN401
        """Notice that the stream has ended by itself: with JACK, PortAudio tells nobody when its server ends."""
        while not self._closed.wait(_WATCH_S):
            with self._lock:
                if self._closed.is_set() or stream.active:
                    continue
            self.input.gone()
            self.output.gone()
            return
