"""Clients that the rules keep out get the same bytes from the gateway and from a soft IOC of EPICS base."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.epics_ca.access_settings import AccessSettings, Membership
from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from tests.adapters.epics_ca.acting import ACTING_SITE, MEASURED, START, ManualClock, RecordingDesk
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, claim, create, put, subscribe
from tests.clients.libca import PATIENCE

RULES = """
UAG(operators) {alice}
HAG(here) {127.0.0.1}
ASG(DEFAULT) {RULE(0, READ) RULE(1, READ) {UAG(operators)}}
ASG(COMMANDS) {RULE(1, WRITE, TRAPWRITE) {UAG(operators) HAG(here)}}
"""
DATABASE = f"""
record(ai, "{MEASURED}") {{}}
record(longout, "{START}") {{field(ASG, "COMMANDS")}}
"""
LONG = 5
TYPES = (0, 6, 13, 20, 34, 37, 38)
"""STRING, DOUBLE, STS_DOUBLE, TIME_DOUBLE, CTRL_DOUBLE, STSACK_STRING, CLASS_NAME."""
RIGHTS, ERROR, CREATED = 22, 11, 18


@asynccontextmanager
async def base(folder: Path, port: int) -> AsyncIterator[None]:
    """A soft IOC on a port of loopback."""
    (folder / "site.db").write_text(DATABASE)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EPICS_")}
    chosen = {"EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_CAS_SERVER_PORT": str(port)}
    chosen |= {"EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO", "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1"}
    script = Path(__file__).with_name("base_ioc.py")
    command = [sys.executable, str(script), str(folder / "site.db"), str(folder / "site.acf")]
    quiet = subprocess.DEVNULL
    async with await anyio.open_process(command, env=clean | chosen, cwd=folder, stderr=quiet) as process:
        try:
            assert process.stdout is not None
            with anyio.fail_after(PATIENCE):
                await BufferedByteReceiveStream(process.stdout).receive_until(b"serving\n", 10_000)
            yield
        finally:
            process.kill()


async def witness(port: int, user: str) -> list[tuple[Any, ...]]:
    """Everything that a client of that name gets to hear, without numbers of channels and words for people."""
    heard: list[tuple[Any, ...]] = []
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        client = RawClient(stream)
        await stream.send(VERSION + HEADER.pack(21, 8, 0, 0, 0, 0) + b"console\0" + claim(user.encode()))
        for cid, name in enumerate((MEASURED, f"{MEASURED}.DESC", f"{MEASURED}.HOPR", START)):
            await stream.send(create(name.encode(), cid))
            heard.append((name, (await client.until(RIGHTS))[3:]))
            sid = (await client.until(CREATED))[4]
            rights = heard[-1][1][1]
            for dbr_type in () if rights else TYPES:
                for count in (0, 1):
                    await stream.send(HEADER.pack(15, 0, dbr_type, count, sid, 7))
                    heard.append((name, dbr_type, count, await client.until(15)))
                    await stream.send(subscribe(sid, 8, dbr_type, count))
                    heard.append((name, dbr_type, count, await client.until(1)))
                    await stream.send(HEADER.pack(2, 0, dbr_type, count, sid, 8))
                    await client.until(1)
                await stream.send(HEADER.pack(3, 0, dbr_type, 1, sid, 7))
                heard.append((name, dbr_type, (await client.until(ERROR))[4]))
            await stream.send(put(sid, struct.pack(">i", 2), LONG))
            heard.append((name, (await client.until(19))[:5]))
    return heard


async def test_who_is_kept_out_hears_what_base_would_say(
    serving: Any, clock: ManualClock, tmp_path: Path, unused_port: int
) -> None:
    (tmp_path / "site.acf").write_text(RULES)
    access = AccessSettings(file=tmp_path / "site.acf", members=(Membership("COMMANDS", ("*:Action:*",)),))
    settings = ChannelAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=(), access=access)
    adapter = ChannelAccessAdapter(ACTING_SITE, settings, clock)
    adapter.offer(RecordingDesk())
    async with serving(adapter) as port, base(tmp_path, unused_port):
        for user in ("mallory", "alice"):
            ours, theirs = await witness(port, user), await witness(unused_port, user)
            assert ours == theirs
            assert len(ours) == (113 if user == "mallory" else 8)
