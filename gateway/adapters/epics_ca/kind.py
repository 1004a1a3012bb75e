"""What the registry knows of Channel Access. Importing this does not import the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.adapters.epics_ca.names import names_beside_points, pv_names
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.points import SiteSpec
from gateway.ports import Adapter, AdapterKind, ReadBack, ServedName


def _own(settings: object) -> ChannelAccessSettings:
    if not isinstance(settings, ChannelAccessSettings):
        raise TypeError(f"ChannelAccessSettings are needed, got {settings!r}")
    return settings


class ChannelAccessKind:
    """The Channel Access server as one of the northbound protocols."""

    @property
    def settings(self) -> type:
        """Dataclass of the `epics_ca` section."""
        return ChannelAccessSettings

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:
        """PV name of every point, in the order of the site.

        Raises:
            SettingsError: A name is too long, malformed or given twice.
            TypeError: `settings` are not `ChannelAccessSettings`.
        """
        return pv_names(site, _own(settings))

    def check(self, site: SiteSpec, settings: object) -> None:
        """See `ports.CheckingKind`."""
        from gateway.adapters.epics_ca.access_control import AccessControl

        own = _own(settings)
        if own.access is not None:
            AccessControl(own.access, [*pv_names(site, own), *names_beside_points(site, own)])

    def create(self, site: SiteSpec, settings: object) -> Adapter:
        """Build the adapter.

        Raises:
            SettingsError: A name is too long, malformed or given twice.
            TypeError: `settings` are not `ChannelAccessSettings`.
        """
        from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter

        return ChannelAccessAdapter(site, _own(settings))

    async def probe(self, settings: object) -> str:
        """See `ports.AdapterKind.probe`."""
        from gateway.adapters.epics_ca.probe import probe

        return await probe(_own(settings))

    def listening(self, settings: object) -> Sequence[tuple[str, int]]:
        """See `ports.SelfReadingKind`."""
        from gateway.adapters.epics_ca.self_read import listening

        return listening(_own(settings))

    def on_loopback(self, settings: object, folder: Path) -> object:  # noqa: ARG002  it keeps no files
        """See `ports.SelfReadingKind`."""
        from gateway.adapters.epics_ca.self_read import on_loopback

        return on_loopback(_own(settings))

    async def read_back(self, endpoint: str, names: Sequence[str], folder: Path) -> Sequence[ReadBack]:  # noqa: ARG002
        """See `ports.SelfReadingKind`."""
        from gateway.adapters.epics_ca.self_read import read_back

        return await read_back(endpoint, names)


EPICS_CA: AdapterKind = ChannelAccessKind()
