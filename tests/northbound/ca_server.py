"""A Channel Access server in a process of its own, for tests that need it in another network.

`python -m tests.northbound.ca_server NAME '{"interfaces": [...], "port": ...}'` serves one analyser of that name, with
the PV `NAME:I1` at `VALUE`, prints the endpoint, and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys

import anyio

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.quality import State
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from tests.serving import serving

VALUE = 20.5


async def main(name: str, options: dict[str, object]) -> None:
    site = build_site("plant", [(name, "", DeviceDescription("", "", {"I1": ChannelSpec("%")}))])
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    adapter = ChannelAccessAdapter(site, ChannelAccessSettings(**lists))  # type: ignore[arg-type]
    count = len(site.groups[0].points)
    values = [VALUE, *[None] * (count - 1)]
    adapter.apply(Update(0, Stamp(1, 1_777_896_000_000_000), values, [State.GOOD] * count, [0]))
    async with serving(adapter) as endpoint:
        sys.stdout.write(endpoint + "\n")
        sys.stdout.flush()
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], json.loads(sys.argv[2]))
