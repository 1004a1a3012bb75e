"""What the registry knows of pvAccess. Importing this does not import the engine, which need not be installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from gateway.adapters.epics_pva.names import pv_names
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.errors import SettingsError
from gateway.model.points import SiteSpec
from gateway.ports import Adapter, AdapterKind, ReadBack, ServedName

_ENGINE = "p4p"
_MISSING = (
    "epics_pva: pvAccess needs the package p4p, which is not installed; "
    "pip install 'analyser-gateway[pva]', or remove the section "
    "(p4p has wheels for Linux with glibc on x86-64, macOS and Windows; on ARM Linux from Python 3.14)"
)


def _own(settings: object) -> PvAccessSettings:
    if not isinstance(settings, PvAccessSettings):
        raise TypeError(f"PvAccessSettings are needed, got {settings!r}")
    return settings


class PvAccessKind:
    """The pvAccess server as one of the northbound protocols."""

    @property
    def settings(self) -> type:
        """Dataclass of the `epics_pva` section."""
        return PvAccessSettings

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:
        """PV name of every point, in the order of the site.

        Raises:
            SettingsError: A name is too long, malformed or given twice.
            TypeError: `settings` are not `PvAccessSettings`.
        """
        return pv_names(site, _own(settings))

    def check(self, site: SiteSpec, settings: object) -> None:  # noqa: ARG002  the machine is looked at
        """See `ports.CheckingKind`."""
        if find_spec(_ENGINE) is None:
            raise SettingsError([_MISSING])

    def create(self, site: SiteSpec, settings: object) -> Adapter:
        """Build the adapter.

        Raises:
            SettingsError: A name is too long, malformed or given twice, or p4p is not installed.
            TypeError: `settings` are not `PvAccessSettings`.
        """
        self.check(site, settings)
        from gateway.adapters.epics_pva.adapter import PvAccessAdapter

        return PvAccessAdapter(site, _own(settings))

    async def probe(self, settings: object) -> str:
        """See `ports.AdapterKind.probe`."""
        from gateway.adapters.epics_pva.probe import probe

        return await probe(_own(settings))

    def listening(self, settings: object) -> Sequence[tuple[str, int]]:
        """See `ports.SelfReadingKind`."""
        from gateway.adapters.epics_pva.probe import listening

        return listening(_own(settings))

    def on_loopback(self, settings: object, folder: Path) -> object:  # noqa: ARG002  it keeps no files
        """See `ports.SelfReadingKind`."""
        return replace(_own(settings), interfaces=("127.0.0.1",), port=0, broadcast_port=0, beacons=())

    async def read_back(self, endpoint: str, names: Sequence[str], folder: Path) -> Sequence[ReadBack]:  # noqa: ARG002
        """See `ports.SelfReadingKind`."""
        from gateway.adapters.epics_pva.self_read import read_back

        return await read_back(endpoint, names)


EPICS_PVA: AdapterKind = PvAccessKind()
