"""Quality as the settings want it for one analyser, with limit bits, as clients see it over the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.model.points import SiteSpec
from gateway.model.quality import QUALITY, State
from gateway.model.quality_overrides import QualityOverride, quality_table
from gateway.model.status_codes import STATUS_CODES
from gateway.model.update import Update

MakeUpdate = Callable[..., Update]
STACK, DUCT = "ns=2;s=stack/I1/Value", "ns=2;s=duct gas/D1/Value"
TABLE = quality_table({State.CALIBRATING: QualityOverride("Uncertain"), State.OUT_OF_RANGE_LOW: QualityOverride("Bad")})
_INFO_TYPE_DATA_VALUE, _LOW, _HIGH = 0x400, 0x100, 0x200


@pytest.fixture
def site(site: SiteSpec) -> SiteSpec:
    """The first analyser has a table of its own, its diagnostics and the second analyser have not."""
    stack, *others = site.devices
    acquired, *rest = stack.groups
    return replace(site, devices=(replace(stack, groups=(replace(acquired, quality=TABLE), *rest)), *others))


@pytest.mark.parametrize("name", STATUS_CODES)
def test_names_and_codes_are_those_of_the_standard(name: str) -> None:
    assert getattr(ua.StatusCodes, name) == STATUS_CODES[name]


async def test_each_analyser_shows_its_own_table(url: str, adapter: OpcUaAdapter, update: MakeUpdate) -> None:
    async with Client(url) as client:
        for state in State:
            adapter.apply(update(state=state))
            adapter.apply(update([84.0], state=state, group=2))
            for node, table, value in ((STACK, TABLE, 20.9), (DUCT, QUALITY, 84.0)):
                seen = await client.get_node(node).read_data_value(raise_on_bad_status=False)
                assert seen.StatusCode is not None
                assert seen.StatusCode.value == table[state].status_code
                assert seen.StatusCode.is_bad() != table[state].keeps_value
                assert seen.Value is not None
                assert seen.Value.Value == (value if table[state].keeps_value else None)


async def test_another_implementation_reads_the_limit_bits(
    url: str, adapter: OpcUaAdapter, update: MakeUpdate, node_client: Any
) -> None:
    expected = {
        State.HIGH_HIGH: 0,
        State.OUT_OF_RANGE_LOW: STATUS_CODES["Bad"] | _INFO_TYPE_DATA_VALUE | _LOW,
        State.OUT_OF_RANGE_HIGH: STATUS_CODES["UncertainEngineeringUnitsExceeded"] | _INFO_TYPE_DATA_VALUE | _HIGH,
        State.CLAMPED_LOW: STATUS_CODES["UncertainSensorNotAccurate"] | _INFO_TYPE_DATA_VALUE | _LOW,
        State.WARMING_UP: STATUS_CODES["UncertainSensorNotAccurate"],
    }

    async def play() -> None:
        for tick, state in enumerate(expected, start=1):
            adapter.apply(update(state=state, unix_us=update().stamp.unix_us + tick))

    answer = await node_client.subscribe(url, [STACK], 1 + len(expected), play)
    assert [one["code"] for one in answer["notifications"]][1:] == list(expected.values())
