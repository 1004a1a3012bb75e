"""Waveforms of a simulated device through a whole gateway to a client of each protocol: how fast, and how long."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from bench.child import Child, child
from bench.gateway_process import PREFIX, RunningGateway, gateway
from bench.table import Cell, print_table

CHANNELS = 2
BLOCKS_PER_S = 20
"""Blocks come at this rate, whatever that of the samples: a block is what a client draws at once."""

RATES_HZ = (50_000, 200_000, 800_000, 1_600_000, 3_200_000, 6_400_000, 12_800_000)
"""Samples per second and channel."""

WINDOW_S = 5.0
PROTOCOLS = ("epics_ca", "epics_pva", "opcua")
_LIMIT_MB = 16.0
"""How much the memory of the gateway may grow from the first minute to the last."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen in one window.

    Attributes:
        seconds: Its length.
        cpu_s: CPU seconds of the gateway.
        memory_mb: Its resident memory in the end.
        seen: By protocol, what its client counted.
    """

    seconds: float
    cpu_s: float
    memory_mb: float
    seen: dict[str, dict[str, float]]

    def expected(self, rate_hz: float) -> float:
        """Samples that a client should have got."""
        return rate_hz * CHANNELS * self.seconds

    def is_whole(self, rate_hz: float) -> bool:
        """Whether every client got every sample, in order; a block may be on its way at either end of the window."""
        enough = 0.95 * self.expected(rate_hz)
        return all(
            not counted["gaps"] and not counted["torn"] and counted["samples"] >= enough
            for counted in self.seen.values()
        )


class Stage:
    """A gateway with its clients.

    Args:
        running: The gateway.
        clients: By protocol.
    """

    def __init__(self, running: RunningGateway, clients: dict[str, Child]) -> None:
        self._running = running
        self._clients = clients

    async def window(self, seconds: float) -> Window:
        """Watch for a while."""
        for one in self._clients.values():
            await one.mark()
        begin_s, begin_cpu = time.monotonic(), self._running.cpu_s()
        await anyio.sleep(seconds)
        cpu_s, passed_s = self._running.cpu_s() - begin_cpu, time.monotonic() - begin_s
        seen = {name: await one.mark() for name, one in self._clients.items()}
        return Window(passed_s, cpu_s, self._running.memory_mb(), seen)


@asynccontextmanager
async def stage(rate_hz: float) -> AsyncIterator[Stage]:
    """Serve a device that counts, and connect one client of each protocol."""
    names = [f"ai{number}" for number in range(CHANNELS)]
    device: dict[str, Any] = {
        "driver": "daq",
        "device": {"backend": "simulated", "signal": "counter"},
        "sample_rate_hz": rate_hz,
        "block_size": round(rate_hz / BLOCKS_PER_S),
        "buffers": 16,
        "channels": {name: {"unit": "V"} for name in names},
    }
    with tempfile.TemporaryDirectory() as folder:
        limits = {"array_length": max(65_535, device["block_size"]), "message_kbyte": 16_384}
        serving = gateway(Path(folder), {}, {"scope": device}, pv_access=True, opcua_limits=limits)
        async with serving as running, AsyncExitStack() as stack:
            pvs = [f"{PREFIX}scope:{name}:Waveform" for name in names]
            limit = {"EPICS_CA_MAX_ARRAY_BYTES": "100000000"}
            tasks: dict[str, dict[str, Any]] = {
                "epics_ca": {"names": pvs, "environment": {**running.ca_environment, **limit}},
                "epics_pva": {"names": pvs, "environment": dict(running.pva_environment)},
                "opcua": {"names": [f"ns=2;s=scope/{name}/Waveform" for name in names], "url": running.opcua_url},
            }
            clients = {
                name: await stack.enter_async_context(
                    child("bench.waveform_client", {"protocol": name, **task}, task.get("environment"))
                )
                for name, task in tasks.items()
            }
            yield Stage(running, clients)


def _row(rate_hz: float, window: Window) -> list[Cell]:
    sent = sum(counted["samples"] for counted in window.seen.values()) * 8 / window.seconds / 1e6
    gaps = int(sum(counted["gaps"] + counted["torn"] for counted in window.seen.values()))
    shares = [f"{window.seen[name]['samples'] / window.expected(rate_hz):.0%}" for name in PROTOCOLS]
    whole = "yes" if window.is_whole(rate_hz) else "no"
    figures: list[Cell] = [rate_hz * CHANNELS / 1e6, sent, f"{window.cpu_s / window.seconds:.0%}", window.memory_mb]
    return [f"{rate_hz / 1000:g} kHz x {CHANNELS}", *figures, *shares, gaps, whole]


_HEADER = ("rate", "MS/s", "MB/s sent", "CPU", "MB", *PROTOCOLS, "gaps", "whole")


async def waveforms(minutes: float, rates_hz: Sequence[float] = RATES_HZ, window_s: float = WINDOW_S) -> bool:
    """Print how fast waveforms reach all clients whole, then hold half of that for a while; False when that fails.

    Args:
        minutes: How long it is held; 0 for not at all.
        rates_hz: Rates to try, per channel, upwards.
        window_s: Length of each try.
    """
    rows: list[list[Cell]] = []
    held = 0.0
    for rate_hz in rates_hz:
        async with stage(rate_hz) as one:
            window = await one.window(window_s)
        rows.append(_row(rate_hz, window))
        if not window.is_whole(rate_hz):
            break
        held = rate_hz
    title = f"Waveforms of {CHANNELS} channels, {BLOCKS_PER_S} blocks a second, to one client of each protocol"
    print_table(title, _HEADER, rows)
    return bool(held) and (not minutes or await _hold(held / 2, minutes))


async def _hold(rate_hz: float, minutes: float) -> bool:
    number, seconds = max(2, round(minutes * 6)), min(10.0, minutes * 30)
    async with stage(rate_hz) as one:
        await one.window(seconds)
        windows = [await one.window(seconds) for _ in range(number)]
    whole = all(window.is_whole(rate_hz) for window in windows)
    grown_mb = windows[-1].memory_mb - windows[min(5, len(windows) - 2)].memory_mb
    print_table(
        f"Half of the highest rate for {minutes:g} min; memory grew by {grown_mb:.1f} MB, limit {_LIMIT_MB:g}",
        _HEADER,
        [_row(rate_hz, window) for window in (windows[0], windows[len(windows) // 2], windows[-1])],
    )
    return whole and grown_mb <= _LIMIT_MB
