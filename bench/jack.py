"""Sound through a whole gateway process: played by an action, looped back by JACK, followed by clients to the sample.

The value of a sample is its number, so a client sees each one that is lost or comes twice, in the device, in the
gateway or on its way to the client. JACK's server runs without hardware, on the clock of the machine.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from anyio import to_thread

from bench.child import ROOT, child
from bench.cores import load_average
from bench.gateway_process import PREFIX, RunningGateway, gateway
from bench.jack_server import JackServer, jack_server
from bench.sample_numbers import numbered
from bench.served_names import served_names
from bench.table import print_table
from gateway.drivers.daq.points import COUNTERS

RATE_HZ = 48000
BLOCK = 4800
PERIOD = 4096
"""Samples in which JACK gives the gateway its turn: 85 ms, on machines without real-time priority."""

ROWS = 20
MOST_GROWTH_MB = 20.0
_WARM_UP_S = 5.0
_TAIL_S = 120.0
_CHANNELS = {"Left": 0, "Right": 1}


def _analyser(folder: Path, minutes: float) -> dict[str, Any]:
    np.save(folder / "numbers.npy", numbered())
    inputs = {name: {"unit": "FS", "range": [-1, 1], "number": number} for name, number in _CHANNELS.items()}
    outputs = {
        f"{name}Out": {"unit": "FS", "range": [-1, 1], "number": number, "direction": "output"}
        for name, number in _CHANNELS.items()
    }
    signal = {"file": str(folder / "numbers.npy"), "duration_s": 60 * minutes + _TAIL_S}
    return {
        "driver": "daq",
        "device": {"backend": "sounddevice", "name": "system", "host_api": "JACK Audio Connection Kit"},
        "sample_rate_hz": RATE_HZ,
        "block_size": BLOCK,
        "buffers": 16,
        "channels": inputs | outputs,
        "signals": {"numbers": signal},
        "actions": {"PlayNumbers": [getpass.getuser()]},
    }


def _loop_back(server: JackServer) -> None:
    for number in _CHANNELS.values():
        server.connect(f"PortAudio:out_{number}", f"PortAudio:in_{number}")


async def _counters(running: RunningGateway, names: Mapping[tuple[str, ...], str]) -> dict[str, float]:
    wanted = {counter.attribute: names["sound", *counter.point.path] for counter in COUNTERS}
    wanted["rate"] = names["sound", "SampleRate", "Estimated"]
    done = await anyio.run_process(
        [sys.executable, "-m", "bench.ca_reader", json.dumps({"pvs": list(wanted.values())})],
        env={**os.environ, **running.ca_environment},
        stderr=None,
        cwd=ROOT,
    )
    values: dict[str, float] = json.loads(done.stdout)
    return {what: values[pv] for what, pv in wanted.items()}


async def jack(minutes: float) -> bool:
    """Run it, print what came of it, and tell whether every sample arrived, or each gap was counted.

    Args:
        minutes: How long samples are followed.
    """
    rows: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder, jack_server(f"bench{os.getpid()}", period=PERIOD) as server:
        os.environ.update(server.environment)
        operators = {getpass.getuser(): {"hosts": ["127.0.0.1"]}}
        analysers = {"sound": _analyser(Path(folder), minutes)}
        async with gateway(Path(folder), {}, analysers, operators=operators) as running:
            pvs, nodes = served_names(running.settings, "epics_ca"), served_names(running.settings, "opcua")
            await to_thread.run_sync(_loop_back, server)
            waves = [("sound", channel, "Waveform") for channel in _CHANNELS]
            puts = [[f"{PREFIX}sound:Action:{name}", 1] for name in ("PlayNumbers", "Confirm")]
            task = {"url": running.opcua_url, "ids": [nodes[one] for one in waves]}
            async with (
                child("bench.jack_opcua_client", task) as opcua,
                child(
                    "bench.jack_ca_client", {"pvs": [pvs[one] for one in waves], "puts": puts}, running.ca_environment
                ) as libca,
            ):
                await anyio.sleep(min(_WARM_UP_S, 10 * minutes))
                begin_load, begin_s, cpu_s = load_average(), time.monotonic(), running.cpu_s()
                before_s, before_cpu = begin_s, cpu_s
                while (left_s := 60 * minutes - (time.monotonic() - begin_s)) > 0:
                    await anyio.sleep(min(left_s, max(60 * minutes / ROWS, 2.0)))
                    counts, now_s, now_cpu = await _counters(running, pvs), time.monotonic(), running.cpu_s()
                    cpu = 100 * (now_cpu - before_cpu) / (now_s - before_s)
                    rows.append([(now_s - begin_s) / 60, running.memory_mb(), cpu, *counts.values()])
                    before_s, before_cpu = now_s, now_cpu
                seen = {"OPC UA": await opcua.mark(), "libca": await libca.mark()}
            counts = await _counters(running, pvs)
            log = list(running.log)

    header = ["minute", "RSS MB", "CPU %", *(counter.point.path[-1] for counter in COUNTERS), "rate Hz"]
    print_table(f"The gateway, {len(_CHANNELS)} channels at {RATE_HZ} Hz in blocks of {BLOCK}", header, rows)
    followed = [
        [f"{protocol}, {channel}", one["arrays"], one["samples"], one["jumps"], one["odd"]]
        for protocol, channels in seen.items()
        for channel, one in zip(_CHANNELS, channels.values(), strict=True)
    ]
    print_table("What clients have followed", ["client", "arrays", "samples", "jumps", "odd"], followed)
    trouble = [line for line in log if "WARNING" in line or "ERROR" in line]
    print(f"gateway log: {len(trouble)} warnings and errors, {sum('Traceback' in line for line in log)} tracebacks")
    print("\n".join(trouble[:10]))
    print(f"load average {begin_load:.2f} to {load_average():.2f}")
    broken = _broken(counts, rows, seen, minutes)
    print("\n".join(f"A PROMISE IS BROKEN: {one}" for one in broken) or "every promise kept", flush=True)
    return not broken


def _broken(
    counts: Mapping[str, float], rows: list[list[float]], seen: Mapping[str, Mapping[str, Any]], minutes: float
) -> list[str]:
    broken = []
    xruns = counts["overruns_observed"] + counts["underruns_observed"]
    for protocol, channels in seen.items():
        for point, one in channels.items():
            if one["odd"]:
                broken.append(f"{protocol}: {one['odd']} samples of {point} are none that was played")
            if one["jumps"] > xruns:
                broken.append(f"{protocol}: {one['jumps']} gaps in {point}, but only {xruns:.0f} xruns were counted")
            if one["samples"] < 0.99 * 60 * minutes * RATE_HZ:
                broken.append(f"{protocol}: only {one['samples']} samples of {point}")
    if counts["produced"] != counts["payloads_emitted"] + counts["payloads_dropped"]:
        broken.append("blocks are unaccounted for")
    if counts["payloads_dropped"]:
        broken.append(f"{counts['payloads_dropped']:.0f} blocks were dropped")
    settled, last = rows[len(rows) // 5], rows[-1]
    if last[1] - settled[1] > MOST_GROWTH_MB:
        broken.append(f"memory grew from {settled[1]:.0f} to {last[1]:.0f} MB")
    return broken
