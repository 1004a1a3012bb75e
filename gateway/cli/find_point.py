"""Finding the one point that a user means, by any of its names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gateway import registry
from gateway.errors import InputError
from gateway.model.points import DeviceSpec, PointGroup, PointSpec
from gateway.settings.site_settings import GatewaySettings
from gateway.settings.site_spec import site_spec

_MOST_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class FoundPoint:
    """One point of the site.

    Attributes:
        device: Its analyser.
        group: Its group.
        spec: The point.
        names: Adapter to the name it has there.
    """

    device: DeviceSpec
    group: PointGroup
    spec: PointSpec
    names: Mapping[str, str]


def find_point(settings: GatewaySettings, name: str, config: Path) -> FoundPoint:
    """The point of that name.

    Args:
        settings: Those that were read from `config`.
        name: PV name or alias, NodeId, or `analyser/path`.
        config: For messages.

    Raises:
        InputError: There is none; up to three that are called much the same are named.
    """
    site = site_spec(settings)
    served = {name: registry.adapter(name).names(site, section) for name, section in settings.adapters.items()}
    points = [(device, group, spec) for device in site.devices for group in device.groups for spec in group.points]
    known: dict[str, FoundPoint] = {}
    for index, (device, group, spec) in enumerate(points):
        names = {adapter: of_site[index].name for adapter, of_site in served.items()}
        aliases = [alias for of_site in served.values() for alias in of_site[index].aliases]
        for one in (f"{device.name}/{spec.browse_path}", *names.values(), *aliases):
            known.setdefault(one, FoundPoint(device, group, spec, names))
    if name in known:
        return known[name]
    folded = {one.casefold(): one for one in known}
    close = [folded[one] for one in get_close_matches(name.casefold(), folded, n=_MOST_SUGGESTIONS)]
    hint = f"did you mean {' or '.join(close)}?" if close else f"`analyser-gateway describe {config}` lists them all"
    raise InputError(f"there is no point '{name}'", where=str(config), hint=hint)
