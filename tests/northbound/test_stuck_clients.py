"""Clients that stop reading cost themselves their connection, and nobody else anything."""

from __future__ import annotations

import logging
import signal
from contextlib import closing

import anyio
import pytest
from anyio import to_thread

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.limits import Limits
from gateway.adapters.epics_ca.refusals import Refusal
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.quality import State
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from tests.clients.libca import connected
from tests.northbound import ca_attacks
from tests.northbound.conftest import OpenScene
from tests.serving import serving

MOST_BYTES = 50_000_000
"""More than the kernels' buffers of one connection hold."""

MOST_READS = MOST_BYTES // 500
MOST_QUESTIONS = MOST_BYTES // 80


async def test_clients_that_stop_reading(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before = await scene.look()
        rounds = []
        for _ in range(2):
            unread = (
                ("ca_monitors_unread", {"port": scene.gateway.ca_port, "pvs": scene.pvs, "circuits": 3}),
                (
                    "ca_waveforms_unread",
                    {"port": scene.gateway.ca_port, "pv": scene.pvs[3], "circuits": 3, "monitors": 900},
                ),
                ("ca_reads_unread", {"port": scene.gateway.ca_port, "pv": scene.pvs[3], "most": MOST_BYTES}),
                ("opcua_endpoints_unread", {"port": scene.opcua_port, "most": MOST_QUESTIONS}),
                ("opcua_reads_unread", {"url": scene.gateway.opcua_url, "ids": scene.node_ids, "most": MOST_READS}),
            )
            subscription = ("opcua_subscription", {"url": scene.gateway.opcua_url, "ids": scene.node_ids})
            async with scene.under_attack(subscription) as (subscriber, _), scene.under_attack(*unread) as (_, sent):
                subscriber.send_signal(signal.SIGSTOP)
                await scene.clients.see_ticks(10)
                _, _, ca_bytes, questions, reads = sent
                assert ca_bytes < MOST_BYTES
                assert questions < MOST_QUESTIONS
                assert reads < MOST_READS
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds)


async def test_a_client_that_does_not_keep_up_is_held_back_and_then_disconnected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "gateway")
    site = build_site("plant", [("stack", "", DeviceDescription("", "", {"I1": ChannelSpec("%")}))])
    paths = [point.browse_path for point in site.groups[0].points]
    number, text = paths.index("I1/Value"), paths.index("I1/Name")
    limits = Limits(unsent_bytes=20_000, unsent_s=1.0, untaken_s=600)
    settings = ChannelAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=(), limits=limits)
    adapter = ChannelAccessAdapter(site, settings)
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        values = [None] * len(paths)
        values[number], values[text] = float(ticks), f"{ticks:0250}"  # type: ignore[call-overload]
        states = [State.GOOD] * len(paths)
        adapter.apply(Update(0, Stamp(ticks, 1_777_896_000_000_000 + ticks), values, states, [number, text]))

    async with serving(adapter) as endpoint:
        port = int(endpoint.rpartition(":")[2])
        async with connected(port) as healthy:
            await healthy.monitor("T:stack:I1", tag="healthy")
            attack = port, "T:stack:I1:Name", 2, 900
            assert await to_thread.run_sync(ca_attacks.waveforms_unread, *attack) == 2
            stuck = [ca_attacks.kept.pop() for _ in range(2)]
            with closing(stuck[0]), closing(stuck[1]), anyio.fail_after(20):
                while adapter.refusals[Refusal.STUCK] < 2:
                    tick()
                    await healthy.events("healthy", 1 + ticks)
            assert adapter.refusals == {Refusal.STUCK: 2}
            (warning,) = caplog.messages
            assert "disconnected: for 1 s more than 20000 bytes have waited for it" in warning
            seen = [event["value"] for event in await healthy.events("healthy", 1 + ticks)]
            assert seen == [float(one) for one in range(1 + ticks)]
