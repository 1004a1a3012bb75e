"""Severities as the settings want them for one analyser, and the hysteresis of its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.model.points import AlarmLimits, SiteSpec
from gateway.model.quality import QUALITY, State
from gateway.model.quality_overrides import QualityOverride, quality_table

TABLE = quality_table(
    {
        State.CALIBRATING: QualityOverride(severity="INVALID"),
        State.HIGH_HIGH: QualityOverride("Uncertain", "INVALID"),
        State.LOW: QualityOverride(severity="NO_ALARM"),
    }
)


@pytest.fixture
def site(site: SiteSpec) -> SiteSpec:
    (stack,) = site.devices
    acquired, *rest = stack.groups
    value, *others = acquired.points
    points = (replace(value, limits=AlarmLimits(low=1.5, high_high=24.0, hysteresis=0.25)), *others)
    groups = (replace(acquired, points=points, quality=TABLE), *rest)
    return replace(site, devices=(replace(stack, groups=groups),))


async def test_every_state_has_the_severity_of_the_settings(
    adapter: ChannelAccessAdapter, client: Any, update: Any
) -> None:
    for state in State:
        adapter.apply(update({"I1": 2.0}, state=state))
        seen = await client.get("T:stack:I1", format="TIME")
        assert (seen["value"], seen["status"], seen["severity"]) == (2.0, TABLE[state].status, TABLE[state].severity)


async def test_fields_tell_severities_and_hysteresis(adapter: ChannelAccessAdapter, client: Any, update: Any) -> None:
    adapter.apply(update({"I1": 2.0, "Plain": 1.0}))
    names = ("HHSV", "HSV", "LSV", "LLSV", "HYST")
    assert {name: (await client.get(f"T:stack:I1.{name}"))["value"] for name in names} == {
        "HHSV": 3,
        "HSV": 0,  # no such limit
        "LSV": 0,
        "LLSV": 0,
        "HYST": 0.25,
    }
    assert (await client.get("T:stack:Plain.HYST"))["value"] == 0.0


async def test_counters_of_the_gateway_keep_the_default(client: Any) -> None:
    seen = await client.get("T:stack:Diagnostics:Emitted", format="TIME")
    waiting = QUALITY[State.WAITING]
    assert (seen["status"], seen["severity"]) == (waiting.status, waiting.severity)
