"""Clients that stop reading cost themselves their connection, and nobody else anything."""

from __future__ import annotations

import signal

from tests.northbound.conftest import OpenScene

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
