"""A JACK server without hardware, of its own name, in a process that is ended by its id. Needs Debian's jackd2."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class JackServer:
    """A running server.

    Attributes:
        environment: Variables by which clients find it.
        process: The server.
    """

    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def tool(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of the tools that come with the server."""
        return subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, check=False)

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports, as soon as both are there. Blocks.

        Raises:
            TimeoutError: They do not come.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while (made := self.tool("jack_connect", source, sink)).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{source} to {sink}: {made.stdout}{made.stderr}")
            time.sleep(0.02)


@contextmanager
def jack_server(name: str, *, rate_hz: int = 48000, period: int = 1024) -> Iterator[JackServer]:
    """Run a server with the driver `dummy`, whose clock is that of the machine.

    Args:
        name: Its name; several can run beside each other.
        rate_hz: Samples per second.
        period: Samples in which each client gets its turn.

    Raises:
        TimeoutError: It does not start.
    """
    environment = {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    command = ["jackd", "-n", name, "--no-realtime", "-d", "dummy", "-r", str(rate_hz), "-p", str(period)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = JackServer(environment, process)
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while server.tool("jack_lsp").returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError("jackd does not start")
            time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(10)
