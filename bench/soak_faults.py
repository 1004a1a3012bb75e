"""What goes wrong during a soak with faults: analysers that fall silent or send damage, and clients that mean harm."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from bench.child import ROOT
from bench.gateway_process import RunningGateway

ATTACK_S = 10.0
"""Clients that do not read keep their connections for so long, and as long is peace afterwards."""

CONNECTIONS = 200
PIECES = 50
MOST_BYTES = 50_000_000
MOST_REQUESTS = 100_000
_PATIENCE_S = 60.0
_SILENT = {"kind": "silent", "start_s": 20.0, "duration_s": 15.0, "period_s": 60.0}
_DAMAGED = {"kind": "damaged", "start_s": 40.0, "duration_s": 10.0, "period_s": 90.0}


def wire_faults(addresses: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Address to what comes and goes there: the last one falls silent, the one before it is damaged."""
    *_, damaged, silent = addresses
    return {str(damaged): [_DAMAGED], str(silent): [_SILENT]}


async def attack(running: RunningGateway, pvs: Sequence[str], nodes: Sequence[str], rounds: list[int]) -> None:
    """Attack in rounds, until cancelled; the attacks are those of the tests.

    Args:
        running: The gateway.
        pvs: What to monitor and never read.
        nodes: What to read and never take the answers of.
        rounds: Gets the seed of every round that has been done.
    """
    opcua_port = int(running.opcua_url.rpartition(":")[2].partition("/")[0])
    ca_port = int(running.ca_environment["EPICS_CA_SERVER_PORT"])
    while True:
        seed = random.randrange(2**32)
        tasks = [
            ("ca_monitors_unread", {"port": ca_port, "pvs": list(pvs), "circuits": 3}),
            ("ca_reads_unread", {"port": ca_port, "pv": pvs[0], "most": MOST_BYTES}),
            ("opcua_reads_unread", {"url": running.opcua_url, "ids": list(nodes[:50]), "most": MOST_REQUESTS}),
            ("flood", {"port": opcua_port, "count": CONNECTIONS, "beginning": b"HELF".hex()}),
            ("flood", {"port": ca_port, "count": CONNECTIONS, "beginning": bytes(16).hex()}),
            ("opcua_garbage", {"port": opcua_port, "seed": seed, "count": PIECES}),
            ("ca_garbage", {"port": ca_port, "seed": seed, "count": PIECES}),
        ]
        command = [sys.executable, "-m", "tests.northbound.hostile_process", json.dumps(tasks)]
        async with await anyio.open_process(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            try:
                assert process.stdout is not None
                with anyio.fail_after(_PATIENCE_S):
                    await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 10_000)
                await anyio.sleep(ATTACK_S)
            finally:
                process.kill()
        rounds.append(seed)
        await anyio.sleep(ATTACK_S)
