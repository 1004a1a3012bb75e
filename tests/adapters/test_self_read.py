"""Reading a server back on loopback sees value, stamp and quality as they were published, and no other way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway import registry
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import AdapterError
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.quality import QUALITY, State
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.ports import SelfReadingKind
from tests.open_server import OPEN_SETTINGS
from tests.serving import serving

SITE: SiteSpec = build_site("plant", [("stack", "", DeviceDescription("", "", {"I1": ChannelSpec("%")}))])
STAMP = Stamp(1, 1_777_896_000_123_457)
KINDS = ["opcua", "epics_ca", "epics_pva"]


def kind(name: str) -> SelfReadingKind:
    found = registry.adapter(name)
    assert isinstance(found, SelfReadingKind)
    return found


def update(value: float, state: State) -> Update:
    count = len(SITE.groups[0].points)
    values = [value, *[None] * (count - 1)]
    return Update(0, STAMP, values, [state] * count, [0])


def names(adapter: str) -> Mapping[str, str]:
    served = registry.adapter(adapter).names(SITE, registry.adapter(adapter).settings())
    return {"/".join(one.path): one.name for one in served}


def looks_alike(adapter: str, one: State, other: State) -> bool:
    first, second = QUALITY[one], QUALITY[other]
    if adapter == "opcua":
        return first.status_code == second.status_code
    return (first.status, first.severity) == (second.status, second.severity)


@pytest.mark.parametrize("name", KINDS)
async def test_every_state_is_read_back_with_its_value_and_stamp(name: str, tmp_path: Path) -> None:
    found = registry.adapter(name)
    settings = OPEN_SETTINGS if name == "opcua" else found.settings()
    adapter = found.create(SITE, kind(name).on_loopback(settings, tmp_path))
    async with serving(adapter) as endpoint:
        for number, (state, quality) in enumerate(QUALITY.items()):
            adapter.apply(update(20.375 + number, state))
            (read,) = await kind(name).read_back(endpoint, [names(name)["I1/Value"]], tmp_path)
            alike = {other for other in State if read.shows(QUALITY[other])}
            assert alike == {other for other in State if looks_alike(name, other, state)}
            assert read.unix_us == STAMP.unix_us
            if quality.keeps_value or name != "opcua":
                assert read.value == 20.375 + number
            else:
                assert read.value is None
        with pytest.raises(AdapterError, match="there is no"):
            unknown = "ns=2;s=stack/I9/Value" if name == "opcua" else "stack:I9"
            await kind(name).read_back(endpoint, [unknown], tmp_path)


async def test_a_secure_server_is_read_in_every_way_that_it_offers(tmp_path: Path) -> None:
    found = registry.adapter("opcua")
    settings = kind("opcua").on_loopback(found.settings(), tmp_path)
    assert isinstance(settings, OpcUaSettings)
    async with serving(found.create(SITE, settings)) as endpoint:
        (read,) = await kind("opcua").read_back(endpoint, ["ns=2;s=stack/I1/Value"], tmp_path)
        assert read.status_code == QUALITY[State.WAITING].status_code
        (trusted,) = (settings.security.pki / "trusted" / "certs").iterdir()
        trusted.unlink()
        with pytest.raises(AdapterError, match=r"cannot be read over .*#Basic256Sha256, Sign: "):
            await kind("opcua").read_back(endpoint, ["ns=2;s=stack/I1/Value"], tmp_path)


@pytest.mark.parametrize("name", KINDS)
async def test_nobody_there_is_an_adapter_error(name: str, unused_port: int, tmp_path: Path) -> None:
    endpoint = f"opc.tcp://127.0.0.1:{unused_port}/x" if name == "opcua" else f"127.0.0.1:{unused_port}"
    with pytest.raises(AdapterError, match="cannot be read"):
        await kind(name).read_back(endpoint, ["stack:I1"], tmp_path)
