"""A small site, a server for it, and clients to judge it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from asyncua import ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.security.own_identity import WantedIdentity
from gateway.adapters.opcua.security.pki import Pki
from gateway.adapters.opcua.settings import (
    AnonymousAccess,
    ModeName,
    OpcUaSettings,
    PolicyName,
    SecuritySettings,
)
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from tests.adapters.opcua.certificates import CLIENT
from tests.adapters.opcua.recording_desk import ClientKeys, RecordingDesk, with_actions
from tests.serving import serving as serve_adapter


def _site() -> SiteSpec:
    stack = (
        PointSpec(
            ("I1", "Value"), ValueKind.FLOAT, "Oxygen", unit="%", display_range=(0.0, 25.0), precision=2, cyclic=True
        ),
        PointSpec(("I1", "Name"), ValueKind.TEXT, "Name that the analyser gives"),
        PointSpec(("I1", "Fault"), ValueKind.BOOLEAN, "The transducer reports a fault"),
        PointSpec(("Status", "Tick"), ValueKind.INTEGER, "Good batches", cyclic=True),
        PointSpec(("Clock", "Offset"), ValueKind.FLOAT, "Analyser clock minus UTC", unit="s", precision=3),
        PointSpec(("Ratio",), ValueKind.FLOAT, "A ratio", display_range=(0.0, 1.0), precision=4),
        PointSpec(("Index",), ValueKind.FLOAT, "No unit, no range"),
    )
    diagnostics = (
        PointSpec(("Diagnostics", "Emitted"), ValueKind.INTEGER, "Ticks delivered"),
        PointSpec(("Diagnostics", "Odd"), ValueKind.FLOAT, "A unit nobody knows", unit="blobs", precision=1),
    )
    duct = (PointSpec(("D1", "Value"), ValueKind.FLOAT, "CO", unit="vpm", display_range=(0.0, 500.0), cyclic=True),)
    return SiteSpec(
        "works 7",
        (
            DeviceSpec(
                "stack",
                "Stack analyser",
                "Servomex",
                "4100",
                (PointGroup(0, "stack", stack), PointGroup(1, "stack", diagnostics)),
            ),
            DeviceSpec("duct gas", "Duct analyser", "", "", (PointGroup(2, "duct gas", duct),)),
        ),
    )


@pytest.fixture
def site() -> SiteSpec:
    return _site()


@pytest.fixture
def settings() -> OpcUaSettings:
    """Open to everybody on this machine, without security."""
    return OpcUaSettings(
        host="127.0.0.1",
        port=0,
        security=SecuritySettings(policies=(PolicyName.NONE,)),
        anonymous=AnonymousAccess.OBSERVER,
    )


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ClientKeys:
    """Certificate and key of the client that `pki_folder` trusts."""
    return ClientKeys.write(tmp_path_factory.mktemp("keys"), CLIENT.made())


@pytest.fixture(scope="session")
def pki_template(tmp_path_factory: pytest.TempPathFactory, keys: ClientKeys) -> Path:
    """Folder of a server that trusts the client of `keys`."""
    folder = tmp_path_factory.mktemp("pki")
    pki = Pki(folder)
    pki.open(WantedIdentity("urn:test:analyser-gateway:works%207", "Analyser gateway", ["localhost", "127.0.0.1"]))
    shutil.copy(keys.certificate, pki.folders.trusted.certificates)
    return folder


@pytest.fixture
def pki_folder(tmp_path: Path, pki_template: Path) -> Path:
    """A folder of its own for each test."""
    folder = tmp_path / "pki"
    shutil.copytree(pki_template, folder)
    return folder


@pytest.fixture
def guarded(settings: OpcUaSettings, pki_folder: Path) -> OpcUaSettings:
    """Open to everybody for looking, and encrypted for those that the server trusts."""
    security = SecuritySettings(
        policies=(PolicyName.NONE, PolicyName.BASIC256SHA256), modes=(ModeName.SIGN_AND_ENCRYPT,), pki=pki_folder
    )
    return replace(settings, security=security)


@pytest.fixture
def adapter(site: SiteSpec, settings: OpcUaSettings) -> OpcUaAdapter:
    return OpcUaAdapter(site, settings)


Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]


@pytest.fixture
def serving() -> Serving:
    """Context manager: the endpoint URL of a running server."""
    return serve_adapter


@pytest.fixture
async def url(adapter: OpcUaAdapter) -> AsyncIterator[str]:
    async with serve_adapter(adapter) as endpoint:
        yield endpoint


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk()


@pytest.fixture
def action_adapter(site: SiteSpec, guarded: OpcUaSettings, desk: RecordingDesk) -> OpcUaAdapter:
    """Three actions are open on the first analyser."""
    adapter = OpcUaAdapter(with_actions(site), guarded)
    adapter.offer(desk)
    return adapter


@pytest.fixture
async def action_url(action_adapter: OpcUaAdapter) -> AsyncIterator[str]:
    async with serve_adapter(action_adapter) as endpoint:
        yield endpoint


STACK_VALUES: tuple[Value, ...] = (20.9, "O2", False, 7, -0.25, 0.5, 3.0)
UNIX_US = 1_763_689_123_456_789


@pytest.fixture
def update() -> Callable[..., Update]:
    """Update of one group, the first unless said otherwise; all points good and changed likewise."""

    def make(
        values: Sequence[Value] = STACK_VALUES,
        *,
        state: State = State.GOOD,
        changed: Sequence[int] | None = None,
        unix_us: int = UNIX_US,
        group: int = 0,
    ) -> Update:
        indices = range(len(values)) if changed is None else changed
        return Update(group, Stamp(0, unix_us), tuple(values), (state,) * len(values), indices)

    return make


@dataclass
class Collector:
    """Subscription handler that can be waited on."""

    values: list[ua.DataValue] = field(default_factory=list)
    _news: anyio.Event = field(default_factory=anyio.Event)

    def datachange_notification(self, _node: object, _value: object, data: Any) -> None:
        self.values.append(data.monitored_item.Value)
        self._news.set()

    async def until(self, enough: Callable[[list[ua.DataValue]], bool]) -> list[ua.DataValue]:
        with anyio.fail_after(20):
            while not enough(self.values):
                self._news = anyio.Event()
                await self._news.wait()
        return self.values

    async def until_count(self, count: int) -> list[ua.DataValue]:
        return await self.until(lambda values: len(values) >= count)


@pytest.fixture
def collector() -> type[Collector]:
    return Collector
