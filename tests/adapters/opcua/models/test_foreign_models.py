"""node-opcua, which shares no code with the gateway, sees the same in the models as in the plain tree."""

from __future__ import annotations

from typing import Any

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.model.device_health import DeviceHealth
from gateway.model.points import SiteSpec
from gateway.model.value import Value
from tests.adapters.opcua.models.model_site import MODELS, UNIX_US, sample

PADIM, ADI = "ns=2;s=stack/PADIM", "ns=2;s=flue/ADI"


def _nodes(tree: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for entry in tree:
        found[entry["id"]] = entry["class"], entry["type"]
        found |= _nodes(entry["children"])
    return found


async def test_browse(url: str, node_client: Any) -> None:
    padim = _nodes(await node_client.ask(url, "browse", root=PADIM))
    assert padim[f"{PADIM}/SignalSet/I1"] == ("Object", "ns=5;i=1075")
    assert padim[f"{PADIM}/SignalSet/I1/AnalogSignal"] == ("Variable", "ns=5;i=1274")
    adi = _nodes(await node_client.ask(url, "browse", root=ADI))
    assert adi[f"{ADI}/I1/Sample"] == ("Object", "ns=6;i=1010")
    assert adi[f"{ADI}/I1/Sample/ParameterSet/ScaledData"] == ("Variable", "ns=0;i=17570")
    assert adi["ns=6;i=9703"][0] == "Method"
    names = {node.partition(";s=")[2] for node in (*padim, *adi) if ";s=" in node}
    assert all(name.startswith(("stack/", "flue/")) for name in names)


async def test_values_are_those_of_the_plain_tree(
    url: str, adapter: OpcUaAdapter, site: SiteSpec, node_client: Any
) -> None:
    values: dict[str, Value] = {"I1/Value": 20.375, "I2/Value": 12.5, "Status/Tick": 7, "I2/Maintenance": True}
    for analyser in MODELS:
        adapter.apply(sample(site, analyser, values))
    pairs = {
        f"{PADIM}/SignalSet/I1/AnalogSignal": "ns=2;s=stack/I1/Value",
        f"{PADIM}/SignalSet/I2/AnalogSignal": "ns=2;s=stack/I2/Value",
        f"{ADI}/I1/Sample/ParameterSet/ScaledData": "ns=2;s=flue/I1/Value",
        f"{ADI}/I1/Sample/ParameterSet/AcquisitionCounter": "ns=2;s=flue/Status/Tick",
    }
    seen = await node_client.ask(url, "read", ids=[*pairs, *pairs.values(), f"{ADI}/I2/ParameterSet/DiagnosticStatus"])
    for model, plain in pairs.items():
        same = ("value", "code", "source_us")
        assert [seen[model][key] for key in same] == [seen[plain][key] for key in same]
    assert seen[f"{ADI}/I2/ParameterSet/DiagnosticStatus"]["value"] == DeviceHealth.MAINTENANCE_REQUIRED


async def test_a_subscription_tells_changes_of_what_is_derived(
    url: str, adapter: OpcUaAdapter, site: SiteSpec, node_client: Any
) -> None:
    faults = (False, False, True, True, False)

    async def play() -> None:
        for tick, fault in enumerate(faults, start=1):
            adapter.apply(sample(site, "flue", {"I1/Fault": fault}, unix_us=UNIX_US + tick))

    health, state = f"{ADI}/DeviceHealth", f"{ADI}/I1/ChannelStateMachine/OperatingSubStateMachine/CurrentState"
    answer = await node_client.subscribe(url, [health, state], 8, play)
    seen = [(one["id"], one["value"]) for one in answer["notifications"]]
    assert [value for node, value in seen if node == health] == [None, 0, 1, 0]
    names = [value and value["text"] for node, value in seen if node == state]
    assert names == [None, "Execute", "Aborted", "Execute"]
