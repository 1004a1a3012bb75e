"""node-opcua, an OPC UA client that shares no code with the gateway, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio

NODE_FOLDER = Path(__file__).parent / "node"


class NodeClient:
    """Runs requests; see `node/opcua_client.js` for what can be asked."""

    def __init__(self, home: Path) -> None:
        self._environment: Mapping[str, str] = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}

    def _command(self, request: Mapping[str, object]) -> list[str]:
        return ["node", str(NODE_FOLDER / "opcua_client.js"), json.dumps(request)]

    async def ask(self, url: str, what: str, **request: object) -> Any:
        """The answer to one request."""
        with anyio.fail_after(60):
            done = await anyio.run_process(
                self._command({"url": url, "do": what, **request}), env=self._environment, check=False
            )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    async def subscribe(self, url: str, ids: Sequence[str], count: int, when_ready: Callable[[], Any]) -> Any:
        """Subscribe, await `when_ready()` once the first values are there, and return what came until `count`."""
        request = {"url": url, "do": "subscribe", "ids": list(ids), "count": count}
        answer: Any = None
        with anyio.fail_after(60):
            async with await anyio.open_process(
                self._command(request), env=self._environment, stderr=subprocess.DEVNULL
            ) as process:
                assert process.stdout is not None
                text = b""
                async for chunk in process.stdout:
                    text += chunk
                    *lines, text = text.split(b"\n")
                    for line in lines:
                        answer = json.loads(line)
                        if "ready" in answer:
                            await when_ready()
        assert process.returncode == 0
        return answer
