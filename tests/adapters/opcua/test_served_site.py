"""What cannot be served is refused before anything starts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.conditions.site_alarms import alarms_of
from gateway.adapters.opcua.kind import OPCUA, OpcUaKind
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import SettingsError
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DescribedPoint, DeviceDescription
from gateway.model.meaning import CompanionModel
from gateway.model.points import AlarmLimits, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.site_builder import build_site, value_point
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from tests.adapters.opcua.arrays import LONGEST, SITE, UNIX_US, array
from tests.adapters.opcua.conftest import Serving
from tests.adapters.opcua.models.model_site import model_site
from tests.adapters.opcua.recording_desk import PLAY, with_actions


def _problems(site: SiteSpec, settings: OpcUaSettings) -> list[str]:
    assert isinstance(OPCUA, OpcUaKind)
    try:
        OPCUA.check(site, settings)
    except SettingsError as error:
        return list(error.problems)
    return []


async def test_the_longest_array_is_what_is_announced(settings: OpcUaSettings, serving: Serving) -> None:
    assert _problems(SITE, settings) == []
    strict = replace(settings, limits=Limits(array_length=LONGEST - 1))
    first, second = _problems(SITE, strict)
    assert first == (
        "scope/A/Waveform has up to 65535 numbers, and `limits.array_length` is 65534; "
        "set it to 65535 or more, or let the array be shorter"
    )
    assert second.startswith("scope/B/Waveform ")
    async with serving(OpcUaAdapter(SITE, settings)) as url, Client(url) as client:
        announced = client.get_node(ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_MaxArrayLength))
        assert await announced.read_value() == LONGEST


def test_arguments_must_go_into_a_request(site: SiteSpec, settings: OpcUaSettings) -> None:
    opened = with_actions(site, (PLAY,))
    assert _problems(opened, settings) == []
    (short,) = _problems(opened, replace(settings, limits=Limits(array_length=59_999)))
    assert (
        short == "stack: action Play takes 60000 numbers, and `limits.array_length` is 59999; set it to 60000 or more"
    )
    (large,) = _problems(opened, replace(settings, limits=Limits(message_kbyte=400)))
    assert large == (
        "stack: action Play takes 496384 bytes in one request, and `limits.message_kbyte` is 400; set it to 485 or more"
    )


@pytest.mark.parametrize("model", [CompanionModel.PADIM, CompanionModel.ADI])
def test_models_need_an_analyser_that_says_enough(model: CompanionModel, settings: OpcUaSettings) -> None:
    channels = {"T": ChannelSpec("degC"), "N": ChannelSpec("counts")}
    points = (
        DescribedPoint(value_point("T", channels["T"]), "T"),
        DescribedPoint(value_point("N", channels["N"], ValueKind.INTEGER), "N"),
    )
    described = DeviceDescription("", "", channels, companion_model=model, points=points)
    health, channel = _problems(build_site("works", [("oven", "", described)]), settings)
    assert health == (
        f"oven: no point says whether the analyser is in order, as `model: {model}` has to; set `model: plain`"
    )
    assert channel == f"oven: channel N has no single number for `model: {model}`; set `model: plain`"
    plain = replace(described, companion_model=CompanionModel.PLAIN)
    assert _problems(build_site("works", [("oven", "", plain)]), settings) == []
    assert _problems(model_site(), settings) == []


async def test_an_analyser_that_lays_out_its_points_itself(settings: OpcUaSettings, serving: Serving) -> None:
    limits = AlarmLimits(high=100.0)
    channels = {"Temperature": ChannelSpec("degC", (0.0, 200.0), limits=limits), "Door": ChannelSpec("")}
    points = (
        DescribedPoint(value_point("Temperature", channels["Temperature"], ValueKind.INTEGER), "Temperature"),
        DescribedPoint(value_point("Temperature", channels["Temperature"], name="Peak"), "Temperature"),
        DescribedPoint(replace(value_point("Temperature", channels["Temperature"], name="Trend"), length=9)),
        DescribedPoint(value_point("Door", channels["Door"], ValueKind.BOOLEAN), "Door"),
        DescribedPoint(value_point("Batch", channels["Door"], ValueKind.TEXT)),
    )
    site = build_site("works", [("oven", "", DeviceDescription("", "", channels, points=points))])
    limited = [alarm.title for alarm in alarms_of(site.devices[0]) if alarm.limits is not None]
    assert limited == ["Temperature Value Limits", "Temperature Peak Limits"]
    adapter = OpcUaAdapter(site, settings)
    async with serving(adapter) as url, Client(url) as client:
        trend = array([120.0, 130.0])
        told = {"Temperature/Value": 120, "Temperature/Peak": 130.0, "Door/Value": True, "Batch/Value": "A7"}
        given = [
            {**told, "Temperature/Trend": trend, "Status/Tick": 1}.get(point.browse_path, "ok")
            for point in site.groups[0].points
        ]
        states = [State.HIGH, *[State.GOOD] * (len(given) - 1)]
        adapter.apply(Update(0, Stamp(0, UNIX_US), given, states, range(len(given))))
        for path, value in told.items():
            assert await client.get_node(f"ns=2;s=oven/{path}").read_value() == value
        assert await client.get_node("ns=2;s=oven/Temperature/Trend").read_value() == [120.0, 130.0]
        span = await client.get_node("ns=2;s=oven/Temperature/Value/EURange").read_value()
        assert (span.Low, span.High) == (0.0, 200.0)
