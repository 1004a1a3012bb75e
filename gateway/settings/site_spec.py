"""From validated settings to what clients will see, still without input or output."""

from __future__ import annotations

from gateway import registry
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.site_builder import build_site
from gateway.settings.site_settings import GatewaySettings


def describe_devices(settings: GatewaySettings) -> dict[str, DeviceDescription]:
    """Each analyser as its driver describes it, by name, in the order of the file."""
    return {
        name: registry.driver(analyser.driver).describe(analyser.options, settings.buses[analyser.bus].protocol)
        for name, analyser in settings.analysers.items()
    }


def site_spec(settings: GatewaySettings) -> SiteSpec:
    """Every point of the site."""
    described = describe_devices(settings)
    analysers = [(name, analyser.description, described[name]) for name, analyser in settings.analysers.items()]
    return build_site(settings.site, analysers)
