"""Sound devices, with JACK's own clock: what is played comes back, sample for sample, and every gap is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import numpy as np
import pytest

from bench.jack_server import JackServer, jack_server
from gateway.daq import (
    BufferPlan,
    DaqBlock,
    DataFlow,
    ErrorPolicy,
    InputChannel,
    OutputChannel,
    OverflowPolicy,
    TaskSpec,
    Timing,
)
from gateway.daq.back_ends.sounddevice import SoundDevice
from gateway.daq.errors import DaqCapabilityError, DaqDependencyError, DaqDeviceRemovedError
from gateway.daq.play import play
from gateway.daq.record import record
from gateway.daq.session import open_device

RATE_HZ = 48000
JACK = "JACK Audio Connection Kit"
ANSWER_S = 20.0
ATTEMPTS = 3
PERIOD = 8192
"""Samples in which PortAudio's thread gets its turn; long, for this machine may be busy with other tests."""
STEP = 2.0**-20
"""A sample's value is its number times this, which single precision holds exactly."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the threads are the same


@pytest.fixture(scope="module")
def jack(program: Callable[[str], str]) -> Iterator[JackServer]:
    program("jackd")
    sounddevice = pytest.importorskip("sounddevice", exc_type=OSError)
    with jack_server(f"gateway{os.getpid()}", period=PERIOD) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        while sounddevice._initialized:  # started by the import, when this server was not there yet
            sounddevice._terminate()
        yield server
        while sounddevice._initialized:  # PortAudio must not outlive the server
            sounddevice._terminate()


def loopback(jack: JackServer) -> None:
    for channel in (0, 1):
        jack.connect(f"PortAudio:out_{channel}", f"PortAudio:in_{channel}")


def inputs(block: int, *, rate_hz: float = RATE_HZ, terminals: tuple[int, ...] = (0, 1)) -> TaskSpec:
    return TaskSpec(
        name="in",
        channels=tuple(InputChannel(name=f"in{terminal}", terminal=terminal) for terminal in terminals),
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=rate_hz),
        buffers=BufferPlan(buffers=8, samples_per_buffer=block),
    )


def outputs(block: int, *, safe_value: float = 0.0) -> TaskSpec:
    return TaskSpec(
        name="out",
        channels=tuple(
            OutputChannel(
                name=f"out{terminal}", terminal=terminal, unit="FS", min_val=-1, max_val=1, safe_value=safe_value
            )
            for terminal in (0, 1)
        ),
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=RATE_HZ),
        buffers=BufferPlan(buffers=8, samples_per_buffer=block),
    )


def duplex() -> SoundDevice:
    return SoundDevice("system", JACK, rate_hz=RATE_HZ, inputs=2, outputs=2)


async def test_what_is_played_comes_back_sample_for_sample(jack: JackServer) -> None:
    device, block = duplex(), 1600
    numbers = np.arange(1, RATE_HZ // 4 + 1)
    wave = np.stack((numbers * STEP, -numbers * STEP))
    blocks: list[DaqBlock] = []
    with anyio.fail_after(ANSWER_S):
        async with (
            await open_device(inputs(block), back_end=device.input, autostart=False) as listening,
            await open_device(outputs(block, safe_value=0.25), back_end=device.output, autostart=False) as playing,
            record(listening, stream_buffer_size=200) as recording,
        ):
            await anyio.to_thread.run_sync(loopback, jack)
            async with play(playing, wave, confirm=True) as playback:
                await playback.drained()
            async for taken in recording.stream:
                blocks.append(taken)
                if (taken.data[:, -1] == 0.25).all():
                    break
        overruns, underruns = recording.summary.overruns_observed, playback.underruns_observed
    heard = np.concatenate([one.data for one in blocks], axis=1)
    first = int(np.flatnonzero(heard[0])[0])
    np.testing.assert_array_equal(heard[:, first : first + numbers.size], wave)
    ramp = heard[:, first + numbers.size : first + numbers.size + block]
    assert (np.diff(ramp[0]) >= 0).all()  # from the last value to the safe one, over a block
    assert ramp[0, -1] == 0.25
    assert (overruns, underruns) == (0, 0)
    assert not any(one.discontinuity for one in blocks)
    assert [one.first_sample_index for one in blocks] == [number * block for number in range(len(blocks))]
    assert blocks[-1].sample_rate_hz_estimated == pytest.approx(RATE_HZ, rel=0.02)
    assert (
        recording.summary.payloads_emitted + recording.summary.payloads_dropped == recording.summary.payloads_produced
    )


@pytest.mark.usefixtures("jack")
async def test_an_xrun_ends_the_block_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    device, block, late = duplex(), 4800, anyio.Event()
    take, hold = device.input.take, [False]

    def held_up(samples: object, first_ns: int, *, lost: bool) -> None:
        if hold[0]:
            hold[0] = False
            time.sleep(2.5 * PERIOD / RATE_HZ)  # in PortAudio's thread: JACK goes on without this client
        take(samples, first_ns, lost=lost)  # type: ignore[arg-type]

    monkeypatch.setattr(device.input, "take", held_up)
    seen: list[DaqBlock] = []
    with anyio.fail_after(ANSWER_S):
        async with (
            await open_device(inputs(block), back_end=device.input, autostart=False) as session,
            record(
                session, error_policy=ErrorPolicy.RETURN, overflow=OverflowPolicy.BLOCK, stream_buffer_size=50
            ) as recording,
        ):
            async for taken in recording.stream:
                seen.append(taken)
                if taken.error is not None:
                    late.set()
                elif late.is_set():
                    break
                elif len(seen) == 2:
                    hold[0] = True
        summary = recording.summary
    errors = [one for one in seen if one.error is not None]
    before, error, after = seen[: -1 - len(errors)], errors[0], seen[-1]
    assert summary.overruns_observed >= len(errors) > 0  # JACK tells of one for each period without this client
    assert error.samples_per_channel == 0
    assert "xrun" in str(error.error)
    assert after.discontinuity
    assert after.samples_lost is None  # PortAudio does not say how many
    assert 0 < before[-1].samples_per_channel <= block  # what had come before the gap, and no more
    assert after.first_sample_index == sum(one.samples_per_channel for one in before)


@pytest.mark.parametrize(
    ("device", "task", "kind", "text"),
    [
        (SoundDevice("no such thing", rate_hz=RATE_HZ, inputs=2), inputs(100), DaqDeviceRemovedError, "no device like"),
        (SoundDevice("system", rate_hz=44100, inputs=2), inputs(100), DaqCapabilityError, "44100 Hz"),
        (SoundDevice("system", rate_hz=44100, inputs=2), inputs(100, rate_hz=44100), DaqCapabilityError, "rate"),
        (
            SoundDevice("system", rate_hz=RATE_HZ, inputs=2),
            inputs(100, terminals=(5,)),
            DaqCapabilityError,
            "channel 5",
        ),
    ],
    ids=["absent", "other rate", "rate it cannot", "channel it has not"],
)
@pytest.mark.usefixtures("jack")
async def test_what_it_cannot_do_is_refused(
    device: SoundDevice,
    task: TaskSpec,
    kind: type[Exception],
    text: str,
) -> None:
    session = await open_device(task, back_end=device.input, autostart=False)
    with anyio.fail_after(ANSWER_S), pytest.raises(kind, match=text):
        async with session, record(session):
            pass


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    session = await open_device(inputs(100), back_end=duplex().input, autostart=False)
    with pytest.raises(DaqDependencyError, match=r"pip install 'analyser-gateway\[audio\]'"):
        async with session, record(session):
            pass


UNTIL_THE_END = """
import anyio
from gateway.daq.errors import DaqDeviceRemovedError
from gateway.daq.record import record
from gateway.daq.session import open_device
from tests.daq.test_sounddevice import duplex, inputs

async def listen():
    async with await open_device(inputs(4800), back_end=duplex().input, autostart=False) as session:
        async with record(session) as recording:
            async for block in recording.stream:
                print("block", flush=True)

for attempt in range(2):
    try:
        anyio.run(listen)
    except DaqDeviceRemovedError as error:
        print(error, flush=True)
"""


def test_a_server_that_ends_is_a_device_removed(program: Callable[[str], str]) -> None:
    """In a process of its own: PortAudio cannot leave a JACK server that has ended, and must not take all down.

    On a busy machine version 19.6 was once seen to end the process while the server went: its own assertion
    `pa_jack.c:983 CleanUpStream`. That says nothing about the gateway, so it is tried again then.
    """
    program("jackd")
    for attempt in range(ATTEMPTS):
        with jack_server(f"ending{os.getpid()}-{attempt}") as server:
            ended, said = listen_until_the_end(server)
        if ended != -signal.SIGABRT:
            break
    assert ended == 0
    assert "the stream has ended" in said[0]
    assert "start the server, then the gateway again" in said[1]


def listen_until_the_end(server: JackServer) -> tuple[int, list[str]]:
    """Exit code of a listener whose server goes, and what it said after that."""
    environment = os.environ | server.environment | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", UNTIL_THE_END]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as listener:
        try:
            assert listener.stdout is not None
            assert listener.stdout.readline() == "block\n"
            server.process.terminate()
            said = [line for line in listener.stdout if line != "block\n"]
            return listener.wait(ANSWER_S), said
        finally:
            with suppress(ProcessLookupError):
                listener.kill()
