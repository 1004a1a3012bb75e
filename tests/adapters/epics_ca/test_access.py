"""Access security as clients meet it: libca for what its users see, bytes for what libca would keep from the server."""

from __future__ import annotations

import logging
import os
import pwd
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.access_rules import Permission, Rule
from gateway.adapters.epics_ca.access_settings import AccessSettings, Membership
from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.access import Access
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from tests.adapters.epics_ca.acting import ACTING_SITE, BEGIN_US, CONFIRM, MEASURED, START, ManualClock, RecordingDesk
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, claim, put, subscribe
from tests.clients.libca import PATIENCE, LibcaProcess

ME = pwd.getpwuid(os.getuid()).pw_name
READ_DENIED, WRITE_DENIED = "Read access denied", "Write access denied"
NORMAL, NO_READ, NO_WRITE = 1, 368, 376
EVENT, ERROR, READ_NOTIFY, RIGHTS, ECHO = 1, 11, 15, 22, 23
LONG, DOUBLE = 5, 6
READ, WRITE = Rule(Permission.READ), Permission.WRITE
COMMANDS = Membership("COMMANDS", ("*:Action:*",))

Served = AbstractAsyncContextManager[int]
Serve = Callable[[AccessSettings], Served]


@pytest.fixture
def serve(settings: ChannelAccessSettings, desk: RecordingDesk, clock: ManualClock, serving: Any) -> Serve:
    """Serve the site with open actions under such rules."""

    @asynccontextmanager
    async def start(access: AccessSettings) -> AsyncIterator[int]:
        chosen = ChannelAccessSettings(
            prefix=settings.prefix, interfaces=settings.interfaces, port=0, beacons=(), access=access
        )
        adapter = ChannelAccessAdapter(ACTING_SITE, chosen, clock)
        adapter.offer(desk)
        serve.adapter = adapter  # type: ignore[attr-defined]
        async with serving(adapter) as port:
            yield port

    serve = start
    return start


def measured(number: float) -> Update:
    return Update(0, Stamp(0, BEGIN_US), [number], [State.GOOD], [0])


@asynccontextmanager
async def raw(port: int, user: str, host: str = "127.0.0.1") -> AsyncIterator[RawClient]:
    async with await anyio.connect_tcp("127.0.0.1", port, local_host=host) as stream:
        client = RawClient(stream)
        await stream.send(VERSION + HEADER.pack(21, 8, 0, 0, 0, 0) + b"console\0" + claim(user.encode()))
        yield client


async def told(client: RawClient, name: str, cid: int = 1) -> tuple[int, int]:
    """Connect to a PV; returns the rights that the client is told of, and the number of the channel."""
    await client.stream.send(HEADER.pack(18, 48, 0, 0, cid, 13) + name.encode().ljust(48, b"\0"))
    rights = (await client.until(RIGHTS))[4]
    return rights, (await client.until(18))[4]


async def test_whoever_no_rule_allows_to_write_is_told_so_and_refused(serve: Serve, connect: Any, desk: RecordingDesk):
    operators = Rule(WRITE, trapwrite=True, users=("operators",), hosts=("here",))
    rules = {"DEFAULT": (READ,), "COMMANDS": (READ, operators)}
    access = AccessSettings(
        users={"operators": (ME,)}, hosts={"here": ("127.0.0.1",)}, groups=rules, members=(COMMANDS,)
    )
    async with serve(access) as port, connect(port) as client:
        assert (await client.ask("info", START))["write"] is True
        assert (await client.ask("info", MEASURED))["write"] is False
        await client.put(START, 2)
        await client.put(CONFIRM, 1)
        assert [request.arguments for request in desk.requests] == [(2,)]
        with pytest.raises(RuntimeError, match=WRITE_DENIED):
            await client.put(MEASURED, 2)
        for user, host, rights in ((ME, "127.0.0.1", 3), ("mallory", "127.0.0.1", 1), (ME, "127.0.0.2", 1)):
            async with raw(port, user, host) as other:
                granted, sid = await told(other, START)
                assert granted == rights, (user, host)
                await other.stream.send(put(sid, struct.pack(">i", 3), LONG))
                assert (await other.until(19))[3] == (NORMAL if rights == 3 else NO_WRITE)
    assert len(desk.requests) == 1


async def test_every_put_is_in_the_audit_log(serve: Serve, desk: RecordingDesk):
    rules = {"DEFAULT": (READ,), "COMMANDS": (READ, Rule(WRITE, trapwrite=True, users=("operators",)))}
    async with serve(AccessSettings(users={"operators": ("alice",)}, groups=rules, members=(COMMANDS,))) as port:
        async with raw(port, "alice") as client:
            _rights, start = await told(client, START)
            _rights, plain = await told(client, MEASURED, 2)
            for sid, value, dbr_type in (
                (start, struct.pack(">i", 2), LONG),
                (start, struct.pack(">d", 2.5), DOUBLE),
                (start, b"two\x1b", 0),
                (plain, struct.pack(">d", 1.0), DOUBLE),
            ):
                await client.stream.send(put(sid, value, dbr_type))
                await client.until(19)
        async with raw(port, "mallory", "127.0.0.2") as client:
            _rights, start = await told(client, START)
            await client.stream.send(put(start, struct.pack(">ii", 1, 2), LONG, count=2, notify=False))
            assert (await client.until(ERROR))[4] == NO_WRITE
    assert {(note.protocol, note.application) for note in desk.notes} == {("epics_ca", "")}
    assert [(note.what, note.host, note.user, note.detail) for note in desk.notes] == [
        (Access.PUT, "127.0.0.1", "alice", f"{START} = 2, allowed by rule 2 of COMMANDS, TRAPWRITE"),
        (Access.PUT_REFUSED, "127.0.0.1", "alice", f"{START} = 2.5: a whole number is needed, got 2.5"),
        (Access.PUT_REFUSED, "127.0.0.1", "alice", f'{START} = "two\\u001b": a whole number is needed'),
        (Access.PUT_REFUSED, "127.0.0.1", "alice", f"{MEASURED} = 1.0: this PV is read-only"),
        (Access.PUT_REFUSED, "127.0.0.2", "mallory", f"{START} = 2 values [1, 2]: no rule of COMMANDS allows it"),
    ]


async def test_without_rules_everybody_reads_and_may_try_the_commands(
    acting_port: int, operator: LibcaProcess, desk: RecordingDesk
):
    assert await operator.ask("info", START) == {"type": 5, "count": 1, "read": True, "write": True}
    async with raw(acting_port, "anybody", "127.0.0.9") as client:
        _rights, sid = await told(client, START)
        await client.stream.send(put(sid, struct.pack(">i", 1), LONG))
        assert (await client.until(19))[3] == NORMAL
    assert [note.detail for note in desk.notes] == [f"{START} = 1"]


async def test_what_may_not_be_read_comes_as_zeros_with_the_reason(serve: Serve, connect: Any):
    access = AccessSettings(
        users={"operators": ("alice",)},
        groups={"DEFAULT": (Rule(Permission.READ, level=0, users=("operators",)),), "COMMANDS": ()},
        members=(COMMANDS,),
    )
    async with serve(access) as port:
        serve.adapter.apply(measured(20.9))  # type: ignore[attr-defined]
        async with connect(port) as client:
            info = await client.ask("info", MEASURED)
            assert (info["read"], info["write"]) == (False, False)
            with pytest.raises(RuntimeError, match=READ_DENIED):
                await client.get(MEASURED)
        async with raw(port, "alice") as client:
            granted, value = await told(client, MEASURED)
            assert granted == 1
            hidden_rights, hidden = await told(client, f"{MEASURED}.HOPR", 2)
            assert hidden_rights == 0, "a rule of level 0 is for the value alone"
            command_rights, _command = await told(client, START, 3)
            assert command_rights == 0
            await client.stream.send(HEADER.pack(15, 0, DOUBLE, 1, value, 1))
            assert (await client.until(READ_NOTIFY))[3:] == (NORMAL, 1, struct.pack(">d", 20.9))
            await client.stream.send(HEADER.pack(15, 0, DOUBLE, 1, hidden, 2))
            assert (await client.until(READ_NOTIFY))[2:] == (1, NO_READ, 2, bytes(8))
            await client.stream.send(HEADER.pack(3, 0, DOUBLE, 1, hidden, 3))
            assert (await client.until(ERROR))[4] == NO_READ
            await client.stream.send(subscribe(hidden, 7, DOUBLE))
            assert (await client.until(EVENT))[1:] == (DOUBLE, 1, NO_READ, 7, bytes(8))


async def test_a_client_that_claims_another_user_hears_of_its_new_rights(serve: Serve):
    access = AccessSettings(users={"operators": ("alice",)}, groups={"DEFAULT": (Rule(WRITE, users=("operators",)),)})
    async with serve(access) as port, raw(port, "bob") as client:
        assert (await told(client, MEASURED, 1))[0] == 0
        granted, sid = await told(client, START, 2)
        assert granted == 0
        await client.stream.send(subscribe(sid, 9, LONG))
        assert (await client.until(EVENT))[3:] == (NO_READ, 9, bytes(8))
        await client.stream.send(claim(b"alice"))
        assert [(await client.until(RIGHTS))[3:5] for _ in range(2)] == [(1, 1), (2, 3)]
        assert (await client.until(EVENT))[3:5] == (NORMAL, 9)
        await client.stream.send(claim(b"alice") + HEADER.pack(23, 0, 0, 0, 0, 0))
        assert (await client.message())[0] == ECHO, "nothing is new"


async def rights_of(client: LibcaProcess, pv: str, *, read: bool, write: bool) -> None:
    """Wait until libca shows these rights of a PV."""
    with anyio.fail_after(PATIENCE):
        while True:
            info = await client.ask("info", pv)
            if (info["read"], info["write"]) == (read, write):
                return


async def two_events(client: RawClient) -> set[tuple[int, int, bytes]]:
    """Status, subscription and value of the next two events."""
    return {(await client.until(EVENT))[3:] for _ in range(2)}


async def test_a_new_file_changes_rights_and_monitors_of_clients_that_stay(
    serve: Serve, connect: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "site.acf"

    def write(text: str) -> None:
        beside = tmp_path / "new"
        beside.write_text(text)
        beside.replace(path)

    write(
        f"UAG(ops) {{{ME}}} HAG(here) {{localhost}} ASG(DEFAULT) {{RULE(1,READ) RULE(1,WRITE) {{UAG(ops) HAG(here)}}}}"
    )
    async with serve(AccessSettings(file=path)) as port, connect(port) as client, raw(port, "bob") as other:
        adapter: ChannelAccessAdapter = serve.adapter  # type: ignore[attr-defined]
        adapter.apply(measured(1.0))
        await rights_of(client, START, read=True, write=True)
        _rights, plain = await told(other, MEASURED)
        _rights, filtered = await told(other, f'{MEASURED}.{{"dbnd":{{"abs":0.5}}}}', 2)
        await other.stream.send(subscribe(plain, 4, DOUBLE) + subscribe(filtered, 5, DOUBLE))
        assert await two_events(other) == {(NORMAL, 4, one := struct.pack(">d", 1.0)), (NORMAL, 5, one)}
        with caplog.at_level(logging.WARNING):
            write("ASG(DEFAULT)")
            await rights_of(client, START, read=False, write=False)
            assert await two_events(other) == {(NO_READ, 4, bytes(8)), (NO_READ, 5, bytes(8))}
            adapter.apply(measured(2.0))
            write("ASG(DEFAULT) {RULE(1,")
            with anyio.fail_after(PATIENCE):
                while "the rules stay as before" not in caplog.text:
                    await client.ask("info", START)
            write("ASG(DEFAULT) {RULE(1,READ)}")
            await rights_of(client, START, read=True, write=False)
        assert await two_events(other) == {(NORMAL, 4, two := struct.pack(">d", 2.0)), (NORMAL, 5, two)}
        adapter.apply(measured(3.0))
        assert await two_events(other) == {(NORMAL, 4, three := struct.pack(">d", 3.0)), (NORMAL, 5, three)}
    said = [record.getMessage() for record in caplog.records if "access security" in record.getMessage()]
    assert [line.partition("; ")[0] for line in said] == [
        f"access security: new rules from {path}",
        f"access security: {path}:1: NONE, READ or WRITE is missing before the end of the file",
        f"access security: new rules from {path}",
    ]


async def test_a_host_that_nobody_knows_matches_nobody(serve: Serve, caplog: pytest.LogCaptureFixture):
    unknown = AccessSettings(
        hosts={"room": ("no-such-host.invalid",)}, groups={"DEFAULT": (READ, Rule(WRITE, hosts=("room",)))}
    )
    async with serve(unknown) as port, raw(port, ME) as client:
        assert (await told(client, START))[0] == 1
    assert [record.getMessage() for record in caplog.records] == [
        "access security: host no-such-host.invalid is not known; it matches nobody until it is known"
    ]
