"""What a gateway's settings call their points on both protocols."""

from __future__ import annotations

from gateway import registry
from gateway.settings.site_settings import GatewaySettings
from gateway.settings.site_spec import site_spec


def served_names(settings: GatewaySettings, adapter: str) -> dict[tuple[str, ...], str]:
    """Analyser and path of every point, to its NodeId or PV name."""
    names = registry.adapter(adapter).names(site_spec(settings), settings.adapters[adapter])
    return {(name.device, *name.path): name.name for name in names}
