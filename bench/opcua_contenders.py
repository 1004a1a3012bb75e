"""OPC UA servers that the bench compares: the gateway, the stock asyncua, node-opcua and open62541."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.child import ROOT, Child, child, foreign_child
from bench.opcua_keys import PKI
from bench.opcua_o6 import MODULE as O6
from bench.ports import free_port

SERVER_CORE, CLIENT_CORE = 0, 1
_NODE = ROOT / "bench" / "opcua_node"


def _always() -> str:
    return ""


def _node_missing() -> str:
    if shutil.which("node") is None:
        return "Node.js is not installed"
    return "" if (_NODE / "node_modules").is_dir() else "run `npm ci` in bench/opcua_node"


def _o6_missing() -> str:
    return "" if find_spec(O6) is not None else "run `pip install o6`"


@dataclass(frozen=True, slots=True)
class Contender:
    """One server of the comparison.

    Attributes:
        name: What the table calls it.
        engine: Key of `ENGINES`; empty for node-opcua, which is a program of its own.
        encrypted: Whether its clients sign and encrypt.
        missing: Why it cannot run here; empty when it can.
    """

    name: str
    engine: str
    encrypted: bool = False
    missing: Callable[[], str] = _always

    @property
    def in_python(self) -> bool:
        """Whether making the values costs it what it costs the others written in Python."""
        return bool(self.engine)

    @asynccontextmanager
    async def start(self, task: Mapping[str, Any], folder: Path) -> AsyncIterator[Child]:
        """Run it for the length of a block.

        Args:
            task: `devices`, `points` and `rate_hz`.
            folder: Of the keys, and for what the server wants to keep.
        """
        if self.engine:
            settings = {"pki": str(folder / PKI)} if self.encrypted else {}
            whole = {**task, "engine": self.engine, "core": SERVER_CORE, "settings": settings}
            async with child("bench.publisher", whole) as server:
                yield server
        else:
            home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
            program = [*_pinned(), "node", str(_NODE / "server.js")]
            async with foreign_child(program, {**task, "port": free_port()}, home) as server:
                yield server


def _pinned() -> list[str]:
    return [] if shutil.which("taskset") is None else ["taskset", "-c", str(SERVER_CORE)]


NOTHING = Contender("(making the values)", "nothing")
GATEWAY = Contender("gateway", "ours-opcua")
ENCRYPTED = Contender("gateway, encrypted", "ours-opcua", encrypted=True)
STOCK = Contender("asyncua", "stock-opcua")
NODE = Contender("node-opcua", "", missing=_node_missing)
OPEN62541 = Contender("open62541 (o6)", "o6-opcua", missing=_o6_missing)
CONTENDERS = {
    "gateway": GATEWAY,
    "encrypted": ENCRYPTED,
    "asyncua": STOCK,
    "node": NODE,
    "open62541": OPEN62541,
}
