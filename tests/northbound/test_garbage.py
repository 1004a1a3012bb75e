"""Bytes that are no protocol, or one that lies about sizes."""

from __future__ import annotations

from tests.northbound.conftest import OpenScene

PIECES = 100
MOST_BYTES = 20_000_000


async def test_garbage_on_every_port(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before = await scene.look()
        rounds = []
        for seed in range(2):
            garbage = (
                ("ca_garbage", {"port": scene.gateway.ca_port, "seed": seed, "count": PIECES}),
                ("opcua_garbage", {"port": scene.opcua_port, "seed": seed, "count": PIECES}),
                ("opcua_endless_request", {"port": scene.opcua_port, "most": MOST_BYTES}),
            )
            async with scene.under_attack(*garbage) as (_, (_, _, endless)):
                await scene.clients.see_ticks(3)
                assert endless < MOST_BYTES, "the gateway took a request without end"
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds)
