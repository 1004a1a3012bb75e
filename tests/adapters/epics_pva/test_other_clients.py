"""pvAccess as a stack that shares no code with the server sees it, and a client that no longer reads."""

from __future__ import annotations

import json
import os
import signal

import anyio.lowlevel
import pytest
from anyio import to_thread

from gateway.model.quality import State
from tests.adapters.epics_pva.works import UNIX_US, made, update
from tests.clients.client_process import client_process
from tests.clients.pva_client import got
from tests.ports import free_port
from tests.serving import serving

PVAPY = """
import json, sys
import pvaccess
found = {name: pvaccess.Channel(name, pvaccess.PVA).get("field()").toDict() for name in sys.argv[1:]}
try:
    pvaccess.Channel(sys.argv[1], pvaccess.PVA).putDouble(5.0)
    found["put"] = "taken"
except pvaccess.PvaException as error:
    found["put"] = str(error)
print(json.dumps(found, default=lambda array: array.tolist()), flush=True)
channel = pvaccess.Channel(sys.argv[1], pvaccess.PVA)
channel.monitor(lambda pv: print("event", pv["value"], flush=True), "field(value)")
sys.stdin.readline()
"""
STUCK = """
import sys
from tests.clients.pva_client import Events, pva_client
with pva_client(sys.argv[1]) as client:
    events = [Events(client, name) for name in sys.argv[2:]]
    for one in events:
        one.until(lambda event: True)
    print("watching", flush=True)
    sys.stdin.readline()
"""


async def test_pvapy_finds_the_server_by_a_search_and_reads_all_types() -> None:
    search = free_port()
    adapter = made(broadcast_port=search)
    adapter.apply(update({"I1/Value": 20.95, "I1/Fault": True, "I1/Name": "O2"}, {"I1/Value": State.HIGH}))
    environment = os.environ | {"EPICS_PVA_BROADCAST_PORT": str(search), "EPICS_PVA_ADDR_LIST": "127.0.0.1"}
    names = ["W:stack:I1", "W:stack:I1:Fault", "W:stack:I1:Name", "W:stack:TABLE", "W:stack:PVI"]
    async with serving(adapter), client_process(PVAPY, *names, environment=environment) as (_process, output):
        found = json.loads(await output.line())
        assert await output.line() == "event 20.95"
        adapter.apply(update({"I1/Value": 21.5}, unix_us=UNIX_US + 1))
        assert await output.line() == "event 21.5"
    value, flag, text, table, pvi = (found[name] for name in names)
    assert value["value"] == 20.95
    assert value["alarm"] == {"severity": 1, "status": 1, "message": "high"}
    assert value["display"]["units"] == "%"
    assert value["timeStamp"] == {"secondsPastEpoch": 1_763_689_123, "nanoseconds": 456_789_000, "userTag": 0}
    assert flag["value"] == {"index": 1, "choices": ["No", "Yes"]}
    assert text["value"] == "O2"
    assert table["value"]["channel"] == ["I1", "I2"]
    assert table["value"]["value"][0] == 20.95
    assert pvi["value"]["i1"] == {"d": "W:stack:I1:PVI"}
    assert "read-only" in found["put"]


@pytest.mark.skipif(os.name != "posix", reason="a process is stopped by a signal")
async def test_a_client_that_no_longer_reads_holds_up_nobody() -> None:
    adapter = made()
    adapter.apply(update({"I1/Value": 0.0, "I1/Name": ""}))
    big = "x" * 10_000
    names = ("W:stack:I1", "W:stack:I1:Name", "W:stack:TABLE")
    async with serving(adapter) as endpoint, client_process(STUCK, endpoint, *names) as (process, output):
        assert await output.line() == "watching"
        process.send_signal(signal.SIGSTOP)
        for tick in range(3000):
            adapter.apply(update({"I1/Value": float(tick), "I1/Name": f"{big}{tick}"}, unix_us=UNIX_US + tick))
            await anyio.lowlevel.checkpoint()
        (pv,) = await to_thread.run_sync(got, endpoint, "W:stack:I1")
        assert pv["value"] == 2999.0
