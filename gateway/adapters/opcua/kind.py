"""What the registry knows of OPC UA. Importing this does not import the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gateway.adapters.opcua.node_ids import point_nodes
from gateway.adapters.opcua.served_site import require_served
from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings, PolicyName
from gateway.model.points import SiteSpec
from gateway.ports import Adapter, AdapterKind, CertificateReport, ReadBack, ServedName


def _own(settings: object) -> OpcUaSettings:
    if not isinstance(settings, OpcUaSettings):
        raise TypeError(f"OpcUaSettings are needed, got {settings!r}")
    return settings


class OpcUaKind:
    """The OPC UA server as one of the northbound protocols."""

    @property
    def settings(self) -> type:
        """Dataclass of the `opcua` section."""
        return OpcUaSettings

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:  # noqa: ARG002  no setting changes a NodeId
        """NodeId of every point, in the order of the site.

        Raises:
            SettingsError: A name is too long, malformed or given twice.
        """
        return [ServedName(node.device, node.path, node.node_id) for node in point_nodes(site)]

    def check(self, site: SiteSpec, settings: object) -> None:
        """See `ports.CheckingKind`."""
        require_served(site, _own(settings).limits)
        folder = _own(settings).nodesets
        if folder is not None:
            from gateway.adapters.opcua.models.install import namespaces
            from gateway.adapters.opcua.models.nodeset_folder import plan_import

            plan_import(folder, namespaces(site))

    def create(self, site: SiteSpec, settings: object) -> Adapter:
        """Build the adapter.

        Raises:
            SettingsError: A name is too long, malformed or given twice.
            TypeError: `settings` are not `OpcUaSettings`.
        """
        from gateway.adapters.opcua.adapter import OpcUaAdapter

        return OpcUaAdapter(site, _own(settings))

    async def probe(self, settings: object) -> str:
        """See `ports.AdapterKind.probe`."""
        from gateway.adapters.opcua.probe import probe

        return await probe(_own(settings))

    def needs_users(self, settings: object) -> bool:
        """See `ports.GuardedKind`."""
        return _own(settings).anonymous is AnonymousAccess.OFF

    def certificates(self, settings: object) -> CertificateReport:
        """See `ports.CertifiedKind`."""
        from gateway.adapters.opcua.security.certificate_report import report_certificates

        return report_certificates(_own(settings))

    def listening(self, settings: object) -> Sequence[tuple[str, int]]:
        """See `ports.SelfReadingKind`."""
        own = _own(settings)
        return [(own.host, own.port)]

    def on_loopback(self, settings: object, folder: Path) -> object:
        """See `ports.SelfReadingKind`. Certificates are new ones, in the folder."""
        own = _own(settings)
        policies = (PolicyName.NONE, *own.security.secure_policies)
        security = replace(own.security, policies=policies, pki=folder / "pki", hosts=())
        return replace(
            own,
            host="127.0.0.1",
            port=0,
            advertised_host=None,
            security=security,
            anonymous=AnonymousAccess.OBSERVER,
        )

    async def read_back(self, endpoint: str, names: Sequence[str], folder: Path) -> Sequence[ReadBack]:
        """See `ports.SelfReadingKind`."""
        from gateway.adapters.opcua.self_read import read_back

        return await read_back(endpoint, names, folder)


OPCUA: AdapterKind = OpcUaKind()
