"""Channel filters: the same events through the gateway and through a soft IOC of EPICS base that is fed the same."""

from __future__ import annotations

from array import array
from contextlib import AsyncExitStack
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.model.quality import State
from gateway.model.value import Value
from tests.adapters.epics_ca.acting import ManualClock
from tests.clients.libca import LibcaProcess, connected
from tests.oracle.oracle_site import (
    COUNTER,
    FLAG,
    NAME,
    OXYGEN,
    PLAIN,
    POINTS,
    SETTINGS,
    SITE,
    feed_gateway,
    soft_ioc,
)
from tests.serving import serving

MEASURED, UNLIMITED, COUNT, FLAGGED, TEXT = (f"T:stack:{name}" for name in ("I1", "Plain", "Count", "Flag", "Name"))
DEADBANDS = (
    '.{"dbnd":{"abs":1.5}}',
    '.VAL{"dbnd":{"abs":1.5}}',
    '.{"dbnd":{"d":1.5}}',
    '.{"dbnd":{"m":"rel","d":20}}',
    '.{"dbnd":{"rel":"20"}}',
    '.{"dbnd":{"abs":0}}',
    '.{"dbnd":{"abs":-1}}',
    '.{"dbnd":{}}',
)
OTHERS = (
    '.{"dec":{"n":3}}',
    '.{"dec":{"n":1}}',
    '.{"dec":{"n":2},"dbnd":{"abs":1}}',
    '.{"dbnd":{"abs":1},"dec":{"n":2}}',
    '.{"utag":{"M":1,"V":0}}',
    '.{"ts":{}}',
    '.{"ts":{},"dbnd":{"abs":1.5}}',
    '.{"arr":{"s":0,"e":-1}}',
    '.{"arr":{"i":0},"dbnd":{"abs":1.5}}',
    ".VAL[0]",
    ".VAL[0:0]",
    ".{}",
    "",
)
FOLLOWED = (
    *(MEASURED + text for text in (*DEADBANDS, *OTHERS)),
    *(pv + text for pv in (UNLIMITED, COUNT, FLAGGED) for text in ("", *DEADBANDS[:4], *OTHERS[:2])),
    *(TEXT + text for text in ("", DEADBANDS[0], OTHERS[0])),
    *(f"{MEASURED}.{field}{text}" for field in ("SEVR", "STAT") for text in ('{"ts":{}}', '{"dbnd":{"abs":1}}')),
)
REFUSED = (
    '.{"sync":{"m":"while","s":"beam"}}',
    '.{"while":"beam"}',
    '.{"nope":{}}',
    '.{"dbnd":}',
    '.{"dbnd":{"abs":"x"}}',
    '.{"dbnd":{"abs":[1]}}',
    '.{"dbnd":{"m":"nope","d":1}}',
    '.{"dbnd":{"nope":1}}',
    '.{"dbnd":1}',
    '.{"dec":{"n":0}}',
    ".VAL[",
    ".VAL[x]",
    ".VAL[1:2:3:4]",
    '.NOPE{"ts":{}}',
)
VALUE, ALARM = 1, 4
MASKS = (VALUE | ALARM, VALUE)
STEPS: tuple[tuple[float, State], ...] = (
    *((value, State.GOOD) for value in (9.0, 10.0, 10.5, 11.0, 11.6, 13.1, 12.0, 11.7, 10.0, 8.9, 8.0, 7.9, 9.4, 2.0)),
    (0.0, State.LOW_LOW),
    (0.4, State.LOW_LOW),
    *((value, State.GOOD) for value in (3.0, 3.1, 2.9, 9.9)),
    *((value, State.HIGH_HIGH) for value in (24.5, 24.6, float("inf"), 30.0)),
    *((value, State.GOOD) for value in (20.0, 20.5)),
    *((value, State.COMMUNICATION_LOST) for value in (20.5, 20.6, 22.9)),
    *((value, State.GOOD) for value in (22.9, 10.0)),
)


def values_of(number: int, value: float) -> list[Value]:
    of: dict[str, Value] = {
        OXYGEN.browse_path: value,
        PLAIN.browse_path: value,
        COUNTER.browse_path: number // 2,
        FLAG.browse_path: number % 2 == 1,
        NAME.browse_path: f"step {number // 3}",
    }
    elements = memoryview(array("d", [float(number)])).toreadonly()
    return [of.get(point.browse_path, 0.0 if point.length is None else elements) for point in POINTS]


async def heard(client: LibcaProcess, name: str) -> list[tuple[Any, ...]]:
    """Events so far, the time aside where the filter replaces it."""
    events = await client.events(name, 1)
    keys = ("value", "severity", "status") if '"ts"' in name else ("value", "severity", "status", "raw_stamp")
    return [tuple(str(event[key]) for key in keys) for event in events]


async def is_not_found(client: LibcaProcess, name: str) -> None:
    with pytest.raises(RuntimeError, match="expired"):
        await client.get(name, timeout=1.0)


@pytest.mark.skipif(find_spec("softioc") is None, reason="there is no softioc for this machine")
async def test_filters_let_pass_what_they_let_pass_in_epics_base(tmp_path: Path, unused_port: int) -> None:
    adapter = ChannelAccessAdapter(SITE, SETTINGS, ManualClock())
    differences: list[str] = []
    async with soft_ioc(tmp_path, unused_port) as ioc, serving(adapter) as endpoint:
        port = int(endpoint.rpartition(":")[2])

        async def feed(number: int, value: float, state: State) -> None:
            feed_gateway(adapter, values_of(number, value), state, number)
            await ioc.feed(values_of(number, value), state, number)

        await feed(0, 0.75, State.LOW)
        async with AsyncExitStack() as clients:
            # each mask has a client of its own: in EPICS base, monitors of one channel share what a filter remembers
            pairs = [[await clients.enter_async_context(connected(one)) for one in (port, unused_port)] for _ in MASKS]
            async with anyio.create_task_group() as tasks:
                for mask, pair in zip(MASKS, pairs, strict=True):
                    for client, name in product(pair, FOLLOWED):
                        tasks.start_soon(partial(client.monitor, name, format="TIME", events=mask))
            for number, (value, state) in enumerate(STEPS, 1):
                await feed(number, value, state)
                for pair in pairs:
                    for client in pair:
                        await client.events(FLAGGED, number + 1)
            for mask, pair in zip(MASKS, pairs, strict=True):
                for name in FOLLOWED:
                    ours, theirs = [await heard(client, name) for client in pair]
                    if ours != theirs:
                        differences.append(f"{name}, mask {mask}:\n  {ours}\n  {theirs}")
            async with anyio.create_task_group() as tasks:
                for client, text in product(pairs[0], REFUSED):
                    tasks.start_soon(is_not_found, client, MEASURED + text)
    assert not differences, "\n".join(differences)


async def test_what_is_asked_for_in_another_form_is_not_served_as_if_it_were() -> None:
    """EPICS base can turn a value into its time stamp; here such a name is not found, rather than give the value."""
    adapter = ChannelAccessAdapter(SITE, SETTINGS, ManualClock())
    async with serving(adapter) as endpoint, connected(int(endpoint.rpartition(":")[2])) as client:
        for options in ('{"num":"sec"}', '{"str":"iso"}'):
            await is_not_found(client, f'{MEASURED}.{{"ts":{options}}}')
        now = await client.get(f'{MEASURED}.{{"ts":{{}}}}', format="TIME")
        assert now["raw_stamp"][0] > 1_750_000_000
