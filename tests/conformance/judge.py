"""Runs every check of node-opcua against one endpoint; see `tests/clients/node/conformance/main.js`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.model.meaning import CompanionModel
from tests.clients.node_client import NODE_FOLDER
from tests.conformance.analysers import PlayedAnalyser

SCRIPTS = NODE_FOLDER / "conformance"
LONGEST_S = 300
LONGEST_LINE = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """What became of one check.

    Attributes:
        error: Why it failed; None if it holds.
        milliseconds: How long it took.
    """

    error: str | None
    milliseconds: int


@dataclass(frozen=True)
class Endpoint:
    """One endpoint to be judged.

    Attributes:
        scope: Which checks: none, sign, encrypt, brief, closed.
        mode: MessageSecurityMode.
        policy: Name of the security policy.
        workers: Checks at the same time, each with an analyser of its own.
    """

    scope: str
    mode: str
    policy: str
    workers: int

    @property
    def name(self) -> str:
        """For people, and for the names of the analysers."""
        return f"{self.policy}-{self.mode}" if self.scope != "closed" else "closed"

    @property
    def analysers(self) -> list[str]:
        """One for each worker."""
        return [f"{self.name}-{number}" for number in range(self.workers)]

    @property
    def models(self) -> dict[str, str]:
        """Name of the analyser of each companion model."""
        return {model.value: f"{self.name}-{model.value}" for model in (CompanionModel.PADIM, CompanionModel.ADI)}


ENDPOINTS = (
    Endpoint("none", "None", "None", 4),
    Endpoint("sign", "Sign", "Basic256Sha256", 4),
    Endpoint("encrypt", "SignAndEncrypt", "Basic256Sha256", 4),
    Endpoint("brief", "Sign", "Aes128_Sha256_RsaOaep", 1),
    Endpoint("brief", "SignAndEncrypt", "Aes128_Sha256_RsaOaep", 1),
    Endpoint("brief", "Sign", "Aes256_Sha256_RsaPss", 1),
    Endpoint("brief", "SignAndEncrypt", "Aes256_Sha256_RsaPss", 1),
    Endpoint("closed", "SignAndEncrypt", "Basic256Sha256", 1),
)

_CHECK = re.compile(r'^check(?:\.(\w+))?\("([^"]+)"', re.MULTILINE)
_SCOPES: Mapping[str, frozenset[str]] = {
    "": frozenset({"none", "sign", "encrypt"}),
    "brief": frozenset({"none", "sign", "encrypt", "brief"}),
    "trusting": frozenset({"sign", "encrypt", "brief"}),
    "secured": frozenset({"sign", "encrypt"}),
    "encrypted": frozenset({"encrypt"}),
    "unsecured": frozenset({"none"}),
    "closed": frozenset({"closed"}),
}
"""As in `harness.js`."""


def checks_of(endpoint: Endpoint) -> list[str]:
    """Names of the checks for an endpoint; read from the text of the scripts, because pytest collects without node."""
    found = [match for script in sorted(SCRIPTS.glob("*.js")) for match in _CHECK.findall(script.read_text())]
    return [name for kind, name in found if endpoint.scope in _SCOPES[kind]]


@dataclass
class Judge:
    """A node process with one endpoint to judge.

    Attributes:
        endpoint: Which.
        url: Where it is reached.
        analysers: To play on, by name.
        setup: Further setup for the script: clients, users.
        home: Folder for what the library wants to keep.
    """

    endpoint: Endpoint
    url: str
    analysers: Mapping[str, PlayedAnalyser]
    setup: Mapping[str, Any]
    home: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the library has to say."""
        return self.home / "node.log"

    async def run(self) -> None:
        """Run all checks; `outcomes` holds what there is even when the process breaks down."""
        setup = {
            "url": self.url,
            "scope": self.endpoint.scope,
            "mode": self.endpoint.mode,
            "policy": self.endpoint.policy,
            "devices": self.endpoint.analysers,
            "models": self.endpoint.models,
            **self.setup,
        }
        environment = {**os.environ, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)}
        command = ["node", str(SCRIPTS / "main.js"), json.dumps(setup)]
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log, anyio.move_on_after(LONGEST_S):
            async with await anyio.open_process(command, stderr=log, env=environment) as process:
                try:
                    await self._listen(process)
                finally:
                    if process.returncode is None:
                        process.kill()

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        lines = BufferedByteReceiveStream(process.stdout)
        while True:
            try:
                line = json.loads(await lines.receive_until(b"\n", LONGEST_LINE))
            except (anyio.IncompleteRead, anyio.EndOfStream):
                return
            if "done" in line:
                return
            if "check" in line:
                self.outcomes[line["check"]] = Outcome(line["error"], line["ms"])
            else:
                answer = {"ask": line["ask"], "answer": await self._play(line)}
                await process.stdin.send(json.dumps(answer).encode() + b"\n")

    async def _play(self, line: Mapping[str, Any]) -> dict[str, Any]:
        analyser = self.analysers[line["device"]]
        if line.get("reset"):
            analyser.reset()
            return {}
        return {"stamps": await analyser.play(line["steps"], line.get("gap", 0.0))}
