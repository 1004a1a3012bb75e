"""PVs about the gateway, as a client of iocStats would read them."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.ioc_statistics import measured, uptime_text
from gateway.adapters.epics_ca.ioc_statistics_host import HostReading, read_host
from gateway.adapters.epics_ca.ioc_statistics_points import STATISTICS
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, StatisticsSettings
from gateway.model.points import PointSpec, SiteSpec, ValueKind
from tests.adapters.epics_ca.raw_client import HEADER, VERSION, RawClient, subscribe
from tests.clients.libca import LibcaProcess, connected

EVENTS_OFF, ECHO = HEADER.pack(8, 0, 0, 0, 0, 0), HEADER.pack(23, 0, 0, 0, 0, 0)

Serving = Callable[..., Any]


@pytest.fixture
def telling(site: SiteSpec, settings: ChannelAccessSettings) -> ChannelAccessAdapter:
    statistics = StatisticsSettings("T:GW:", engineer="A. Person", location="Hall 3")
    return ChannelAccessAdapter(site, replace(settings, statistics=statistics, aliases={"LAB:O2": "stack/I1"}))


async def beats(client: LibcaProcess, number: int) -> list[dict[str, Any]]:
    await client.monitor("T:GW:HEARTBEAT", format="TIME")
    return await client.events("T:GW:HEARTBEAT", number)


async def test_a_client_reads_what_the_host_says(telling: ChannelAccessAdapter, serving: Serving):
    async with serving(telling) as port, connected(port) as client:
        await beats(client, 3)
        seen = {point.path[0]: await client.get(f"T:GW:{point.path[0]}", format="TIME") for point in STATISTICS}
        assert {name: one["severity"] for name, one in seen.items() if one["severity"]} == {}
        value = {name: one["value"] for name, one in seen.items()}
        process = psutil.Process()
        assert value["PROCESS_ID"] == os.getpid()
        assert value["HOSTNAME"] == socket.gethostname()
        assert (value["ENGINEER"], value["LOCATION"]) == ("A. Person", "Hall 3")
        assert value["MEM_MAX"] == psutil.virtual_memory().total
        assert value["MEM_USED"] == pytest.approx(process.memory_info().rss, rel=0.5)
        assert value["FD_CNT"] == pytest.approx(process.num_fds(), abs=5)
        assert value["FD_MAX"] == value["FD_CNT"] + value["FD_FREE"] == process.rlimit(psutil.RLIMIT_NOFILE)[0]
        assert value["CPU_CNT"] == os.cpu_count()
        assert 0.0 <= value["IOC_CPU_LOAD"] <= 100.0
        assert 0.0 <= value["SYS_CPU_LOAD"] <= 100.0
        assert value["EPICS_VERS"].startswith("caproto ")
        assert value["RECORD_CNT"] == 6 + len(STATISTICS)
        assert (await client.get("T:GW:MEM_USED", format="CTRL"))["units"] == "byte"


async def test_clients_and_channels_are_counted_as_they_come_and_go(telling: ChannelAccessAdapter, serving: Serving):
    async def counted(client: LibcaProcess, name: str, wanted: int) -> None:
        number = 1
        while (await client.events(name, number))[-1]["value"] != wanted:
            number += 1

    async with serving(telling) as port, connected(port) as watcher:
        for name in ("T:GW:CA_CLNT_CNT", "T:GW:CA_CONN_CNT"):
            await watcher.monitor(name)
        await counted(watcher, "T:GW:CA_CLNT_CNT", 1)
        await counted(watcher, "T:GW:CA_CONN_CNT", 2)
        async with connected(port) as guest:
            await guest.get("T:stack:I1")
            await counted(watcher, "T:GW:CA_CLNT_CNT", 2)
            await counted(watcher, "T:GW:CA_CONN_CNT", 3)
        await counted(watcher, "T:GW:CA_CLNT_CNT", 1)


async def test_events_that_a_client_has_missed_are_counted_even_when_it_has_left(
    telling: ChannelAccessAdapter, serving: Serving, update: Any
):
    async with serving(telling) as port, connected(port) as watcher:
        await watcher.monitor("T:GW:CA_DROP_CNT")
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            slow = RawClient(stream)
            await stream.send(VERSION)
            for subscription, name in enumerate((b"T:stack:I1", b"T:stack:I1:Name")):
                sid = await slow.channel(name, subscription)
                await stream.send(subscribe(sid, subscription))
                await slow.until(1)
            await stream.send(EVENTS_OFF + ECHO)
            await slow.until(23)
            for number in range(4):
                telling.apply(update({"I1": 1.0 + number, "I1:Name": str(number)}))
            assert (await watcher.events("T:GW:CA_DROP_CNT", 2))[-1]["value"] == 2 * 3
        await beats(watcher, 3)
        assert (await watcher.get("T:GW:CA_DROP_CNT"))["value"] == 2 * 3


async def test_what_was_refused_is_counted(telling: ChannelAccessAdapter, serving: Serving):
    async with serving(telling) as port, connected(port) as watcher:
        assert (await watcher.monitor("T:GW:CA_REFUSE_CNT"))["value"] == 0
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(HEADER.pack(999, 0, 0, 0, 0, 0))
            assert (await watcher.events("T:GW:CA_REFUSE_CNT", 2))[-1]["value"] == 1


async def test_the_heart_beats_and_nothing_can_be_written(telling: ChannelAccessAdapter, serving: Serving):
    async with serving(telling) as port, connected(port) as client:
        values = [one["value"] for one in await beats(client, 3)]
        assert values == sorted(set(values))
        with pytest.raises(RuntimeError, match="T:GW:SYSRESET"):
            await client.get("T:GW:SYSRESET", timeout=0.3)
        for point in STATISTICS:
            info = await client.ask("info", f"T:GW:{point.path[0]}")
            assert (info["read"], info["write"]) == (True, False)


async def test_there_are_none_unless_asked_for(client: LibcaProcess):
    with pytest.raises(RuntimeError, match="HEARTBEAT"):
        await client.get("HEARTBEAT", timeout=0.5)


def test_shares_are_of_all_processors():
    before = HostReading(10.0, 1.0, (100, 1000))
    after = replace(before, monotonic_s=12.0, processor_s=2.0, processors=(150, 1200))
    values = measured(after, before)
    assert values["IOC_CPU_LOAD"] == pytest.approx(50.0 / (os.cpu_count() or 1))
    assert values["SYS_CPU_LOAD"] == 25.0
    assert measured(after, after)["IOC_CPU_LOAD"] is None


def test_a_host_that_tells_nothing_leaves_gaps(tmp_path: Path):
    reading = read_host(tmp_path)
    values = measured(reading, reading)
    assert [name for name, value in values.items() if value is not None] == ["FD_MAX"]


def test_uptime_is_written_as_iocstats_writes_it():
    texts = [uptime_text(seconds) for seconds in (0, 86_399, 86_400, 90_061, 1_000_000)]
    assert texts == ["00:00:00", "23:59:59", "1 day, 00:00:00", "1 day, 01:01:01", "11 days, 13:46:40"]


def test_names_and_units_are_those_of_iocstats():
    module = pytest.importorskip("softioc")
    database = Path(module.__file__).parent / "iocStats" / "iocAdmin" / "Db" / "ioc.template"
    records = re.findall(r'record\( *(\w+) *, *"\$\(IOCNAME\):(\w+)"\) *\{(.*?)\n\}', database.read_text(), re.DOTALL)
    theirs = {name: (kind, "".join(re.findall(r'EGU, *"(.*?)"', fields))) for kind, name, fields in records}
    ours = {point.path[0]: (kind_of(point), point.unit) for point in STATISTICS}
    assert set(ours) - set(theirs) == {"GATEWAY_VERS", "CA_DROP_CNT", "CA_REFUSE_CNT"}
    computed = {"HEARTBEAT": "calcout", "FD_FREE": "calc"}
    for name in set(ours) & set(theirs):
        kind, unit = ours[name]
        assert theirs[name] == (computed.get(name, kind), unit)


def kind_of(point: PointSpec) -> str:
    return {ValueKind.FLOAT: "ai", ValueKind.TEXT: "stringin"}[point.kind]
