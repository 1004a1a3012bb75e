"""The registry's view: settings, names, creation."""

from __future__ import annotations

import pytest

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.kind import OPCUA
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.points import SiteSpec


def test_names_in_order(site: SiteSpec) -> None:
    names = OPCUA.names(site, OpcUaSettings())
    assert (names[0].device, names[0].path, names[0].name) == ("stack", ("I1", "Value"), "ns=2;s=stack/I1/Value")


def test_creates_the_adapter(site: SiteSpec, settings: OpcUaSettings) -> None:
    adapter = OPCUA.create(site, settings)
    assert isinstance(adapter, OpcUaAdapter)
    assert adapter.endpoints == ()
    with pytest.raises(TypeError, match="OpcUaSettings"):
        OPCUA.create(site, object())


def test_every_setting_has_a_default() -> None:
    assert OPCUA.settings() == OpcUaSettings(port=4840, path="/analyser-gateway")


@pytest.mark.parametrize(
    ("field", "value"),
    [("port", -1), ("port", 65536), ("host", ""), ("path", "x"), ("application_name", ""), ("advertised_host", "")],
)
def test_settings_that_cannot_be_used(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        OpcUaSettings(**{field: value})  # type: ignore[arg-type]


def test_endpoint_url_brackets_ipv6() -> None:
    assert OpcUaSettings().endpoint_url("::1", 4840) == "opc.tcp://[::1]:4840/analyser-gateway"
