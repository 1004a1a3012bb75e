"""A JACK server without hardware, of its own name, in a process that the test ends itself."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

START_S = 20.0


@dataclass(frozen=True)
class JackServer:
    """A running server.

    Attributes:
        environment: Variables by which clients find it.
        process: The server.
    """

    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def tool(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, check=False)

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports, as soon as both are there."""
        deadline = time.monotonic() + START_S
        while (made := self.tool("jack_connect", source, sink)).returncode:
            assert time.monotonic() < deadline, f"{source} to {sink}: {made.stdout}{made.stderr}"
            time.sleep(0.02)


@contextmanager
def jack_server(name: str, *, rate_hz: int = 48000, period: int = 1024) -> Iterator[JackServer]:
    """Run a server with the driver `dummy`, whose clock is that of the machine."""
    environment = {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    command = ["jackd", "-n", name, "--no-realtime", "-d", "dummy", "-r", str(rate_hz), "-p", str(period)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = JackServer(environment, process)
    try:
        deadline = time.monotonic() + START_S
        while server.tool("jack_lsp").returncode:
            assert process.poll() is None, "jackd has ended"
            assert time.monotonic() < deadline, "jackd does not start"
            time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(10)
