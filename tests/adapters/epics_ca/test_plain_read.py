"""CA_PROTO_READ, which clients of EPICS before 3.13 send instead of a read with callback."""

from __future__ import annotations

import struct
from collections.abc import Callable

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.model.update import Update
from tests.adapters.epics_ca.conftest import Serving
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient

READ, ERROR, READ_NOTIFY = 3, 11, 15
DOUBLE, TIME_DOUBLE, UNKNOWN = 6, 20, 99
GETFAIL, BADTYPE = 152, 114
NUMBER_FILTER = b'T:stack:I1.{"ts":{}}'


@pytest.fixture
async def client(adapter: ChannelAccessAdapter, serving: Serving, update: Callable[..., Update]) -> RawClient:
    adapter.apply(update({"I1": 20.9, "I1:Name": "oxygen"}))
    async with serving(adapter) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(VERSION)
        yield RawClient(stream)


async def ask(client: RawClient, command: int, sid: int, dbr_type: int, ioid: int) -> tuple[int, ...]:
    await client.stream.send(HEADER.pack(command, 0, dbr_type, 1, sid, ioid))
    return await client.message()


@pytest.mark.parametrize("name", [b"T:stack:I1", b"T:stack:I1.HOPR", NUMBER_FILTER])
async def test_it_gets_what_a_read_with_callback_gets(client: RawClient, name: bytes) -> None:
    await client.message()
    sid = await client.channel(name, cid=9)
    for ioid, dbr_type in enumerate((DOUBLE, DOUBLE, TIME_DOUBLE)):
        notified = await ask(client, READ_NOTIFY, sid, dbr_type, ioid)
        plain = await ask(client, READ, sid, dbr_type, ioid)
        assert plain[:5] == (READ, dbr_type, 1, 9, ioid)
        if b"ts" not in name:
            assert plain[5] == notified[5]
    await client.stream.send(HEADER.pack(READ, 0, DOUBLE, 1, sid, 1) * 3)
    assert [(await client.message())[4] for _ in range(3)] == [1, 1, 1]


async def test_what_cannot_be_read_is_refused(client: RawClient) -> None:
    await client.message()
    sid = await client.channel(b"T:stack:I1:Name", cid=9)
    for dbr_type, status in ((DOUBLE, GETFAIL), (UNKNOWN, BADTYPE)):
        command, _, _, cid, code, body = await ask(client, READ, sid, dbr_type, 4)
        assert (command, cid, code) == (ERROR, 9, status)
        assert struct.unpack_from(">HHHHII", body) == (READ, 0, dbr_type, 1, sid, 4)
