"""One run of node-opcua over every endpoint, whose outcomes the tests look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.node_ids import SITE_NAMESPACE_INDEX
from gateway.adapters.opcua.security.pki_folders import PkiFolders
from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings, PolicyName, SecuritySettings
from gateway.model.meaning import CompanionModel
from tests.adapters.opcua.certificates import CLIENT, USER, Certified
from tests.clients.node_client import NodeClient
from tests.conformance.analysers import played, site_of
from tests.conformance.desk import PASSWORDS, AgreeingDesk
from tests.conformance.judge import ENDPOINTS, Endpoint, Judge, Outcome
from tests.conformance.tcp_proxy import Passed, tcp_proxy
from tests.serving import serving


@dataclass(frozen=True)
class Record:
    """Everything that node-opcua found, and what it said and heard meanwhile.

    Attributes:
        verdicts: Outcomes, by endpoint and name of the check.
        logs: What the library had to say, by endpoint.
        passed: Bytes of the run without security.
    """

    verdicts: dict[Endpoint, Mapping[str, Outcome]] = field(default_factory=dict)
    logs: dict[Endpoint, Path] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)


def _settings(pki: Path, anonymous: AnonymousAccess) -> OpcUaSettings:
    security = SecuritySettings(policies=tuple(PolicyName), pki=pki)
    return OpcUaSettings(host="127.0.0.1", port=0, security=security, anonymous=anonymous)


CAROL, MALLORY = (USER.but(name=name) for name in ("carol", "mallory"))
APPLICATIONS = {
    "first": CLIENT.but(name="first", uri="urn:localhost:conformance:first"),
    "second": CLIENT.but(name="second", uri="urn:localhost:conformance:second"),
    "stranger": CLIENT.but(name="stranger", uri="urn:localhost:conformance:stranger"),
    "expired": CLIENT.but(
        name="expired",
        uri="urn:localhost:conformance:expired",
        begins=timedelta(days=-20),
        lasts=timedelta(days=10),
    ),
}


class Court:
    """Servers, certificates and the judges of every endpoint.

    Args:
        folder: For everything that is written.
    """

    def __init__(self, folder: Path) -> None:
        made = {role: order.made() for role, order in APPLICATIONS.items()}
        carol, mallory = CAROL.made(), MALLORY.made()
        self._folder = folder
        self._setup: dict[str, Any] = {
            "namespace": SITE_NAMESPACE_INDEX,
            "users": PASSWORDS,
            "clients": {
                role: {"uri": APPLICATIONS[role].uri, "pki": str(folder / "managers" / role), **self._files(role, one)}
                for role, one in made.items()
            },
            "x509": self._files("carol", carol),
            "strangerX509": self._files("mallory", mallory),
        }
        self._pki = folder / "pki"
        folders = PkiFolders(self._pki)
        folders.make()
        for role in ("first", "second", "expired"):
            (folders.trusted.certificates / f"{role}.der").write_bytes(made[role].der)
        (folders.trusted_users.certificates / "carol.der").write_bytes(carol.der)
        self._desk = AgreeingDesk(folder / "users.json", [carol.der])

    def _files(self, name: str, one: Certified) -> dict[str, str]:
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key.pem"
        certificate.write_bytes(one.pem)
        key.write_bytes(one.key_pem)
        return {"certificate": str(certificate), "key": str(key)}

    async def sit(self) -> Record:
        """Serve, and let node-opcua judge every endpoint at the same time."""
        record = Record()
        for anonymous in AnonymousAccess:
            closed = anonymous is AnonymousAccess.OFF
            await self._judge([one for one in ENDPOINTS if (one.scope == "closed") is closed], anonymous, record)
        return record

    async def _judge(self, endpoints: list[Endpoint], anonymous: AnonymousAccess, record: Record) -> None:
        plain = {name: CompanionModel.PLAIN for endpoint in endpoints for name in endpoint.analysers}
        modelled = {name: CompanionModel(model) for endpoint in endpoints for model, name in endpoint.models.items()}
        site = site_of(plain | modelled)
        adapter = OpcUaAdapter(site, _settings(self._pki, anonymous))
        adapter.offer(self._desk)
        analysers = played(adapter, site)
        async with serving(adapter) as url, tcp_proxy(url, keep=True) as proxy, anyio.create_task_group() as tasks:
            for endpoint in endpoints:
                way = proxy.url if endpoint.scope == "none" else url
                judge = Judge(endpoint, way, analysers, self._setup, self._folder / "homes" / endpoint.name)
                record.verdicts[endpoint], record.logs[endpoint] = judge.outcomes, judge.log
                tasks.start_soon(judge.run)
        record.passed.extend(proxy.passed)


@pytest.fixture(scope="session")
def record(
    node_client: NodeClient,  # noqa: ARG001  installs the library
    tmp_path_factory: pytest.TempPathFactory,
) -> Record:
    """One run over every endpoint."""
    return anyio.run(Court(tmp_path_factory.mktemp("conformance")).sit)
