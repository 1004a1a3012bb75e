"""Circuits by the hundred, idle, coming and going, monitoring, malformed: nobody is late, nothing is left.

`NORTHBOUND_CIRCUITS=all` takes thousands, which takes a minute.
"""

from __future__ import annotations

import os

import pytest

from tests.northbound.ca_attacks import VERSION, create
from tests.northbound.conftest import OpenScene

ALL = os.environ.get("NORTHBOUND_CIRCUITS") == "all"
IDLE, COMING_AND_GOING, MONITORING = (2000, 3000, 500) if ALL else (300, 300, 60)
BEGINNING = (VERSION + create("T:north:I1", 1)).hex()
PLACES = IDLE + COMING_AND_GOING + MONITORING
ROOM = {"limits": {"circuits": PLACES, "circuits_per_address": PLACES}}
ROUNDS = 2


@pytest.mark.timeout(600 if ALL else 120)
async def test_circuits_of_every_kind(open_scene: OpenScene) -> None:
    async with open_scene(epics_ca=ROOM) as scene:
        port = scene.gateway.ca_port
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before = await scene.look()
        rounds = []
        for _ in range(ROUNDS):
            attacks = (
                ("ca_malformed", {"port": port}),
                ("flood", {"port": port, "count": COMING_AND_GOING, "beginning": BEGINNING}),
                ("ca_monitoring", {"port": port, "pv": "T:north:Status:Tick", "circuits": MONITORING}),
                ("ca_idle", {"port": port, "count": IDLE}),
            )
            async with scene.under_attack(*attacks) as (_, (mute, through, monitoring, idle)):
                await scene.clients.see_ticks(5)
                assert mute == []
                assert (through, monitoring) == (COMING_AND_GOING, MONITORING)
                assert idle == IDLE
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds)


async def test_more_circuits_than_there_are_places(open_scene: OpenScene) -> None:
    async with open_scene(epics_ca={"limits": {"circuits": 40, "circuits_per_address": 20}}) as scene:
        port = scene.gateway.ca_port
        quiet = await scene.look()
        await scene.clients.see_ticks(10)
        before = await scene.look()
        rounds = []
        for _ in range(ROUNDS):
            async with scene.under_attack(("flood", {"port": port, "count": 300, "beginning": BEGINNING})):
                await scene.clients.see_ticks(3)
            rounds.append(await scene.look())
        await scene.judge(quiet, before, rounds)
