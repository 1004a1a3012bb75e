"""From validated settings to what clients will see, still without input or output."""

from __future__ import annotations

from dataclasses import replace

from gateway import registry
from gateway.model.device_description import DeviceDescription
from gateway.model.nameplate import Nameplate
from gateway.model.points import SiteSpec
from gateway.model.site_builder import build_site
from gateway.ports import ActionDriver
from gateway.settings.open_actions import open_actions
from gateway.settings.quality_checks import resolved_quality
from gateway.settings.site_settings import AnalyserSettings, GatewaySettings


def describe_devices(settings: GatewaySettings) -> dict[str, DeviceDescription]:
    """Each analyser as its driver describes it, with the actions that are open, by name, in the order of the file."""
    return {name: _describe(analyser, settings) for name, analyser in settings.analysers.items()}


def _describe(analyser: AnalyserSettings, settings: GatewaySettings) -> DeviceDescription:
    driver, protocol = registry.driver(analyser.driver), settings.protocol(analyser)
    specs = driver.actions(analyser.options, protocol) if isinstance(driver, ActionDriver) else ()
    description = driver.describe(analyser.options, protocol)
    opened = open_actions(specs, analyser.actions)
    return replace(
        description,
        actions=opened,
        companion_model=analyser.model,
        quality=resolved_quality(analyser),
        nameplate=analyser.nameplate or Nameplate(),
    )


def site_spec(settings: GatewaySettings) -> SiteSpec:
    """Every point of the site."""
    described = describe_devices(settings)
    analysers = [(name, analyser.description, described[name]) for name, analyser in settings.analysers.items()]
    return build_site(settings.site, analysers)
