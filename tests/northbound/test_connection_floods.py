"""Connections by the hundred, dropped in every way: nobody is late, nothing is left over."""

from __future__ import annotations

from tests.northbound.ca_attacks import VERSION, create
from tests.northbound.conftest import OpenScene
from tests.northbound.opcua_attacks import hello, open_channel

CONNECTIONS = 500
CA_BEGINNING = VERSION + create("T:north:I1", 1)
OPCUA_BEGINNING = hello() + open_channel()


async def test_connections_opened_and_dropped(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before = await scene.look()
        rounds = []
        for _ in range(2):
            floods = [
                ("flood", {"port": port, "count": CONNECTIONS, "beginning": beginning.hex()})
                for port, beginning in ((scene.opcua_port, OPCUA_BEGINNING), (scene.gateway.ca_port, CA_BEGINNING))
            ]
            async with scene.under_attack(*floods) as (_, through):
                await scene.clients.see_ticks(3)
                assert through == [CONNECTIONS] * 2
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds)
