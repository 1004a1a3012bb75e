"""A desk that remembers what it was asked and does what a test wants, and operators who come to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from gateway.errors import ActionRefusedError
from gateway.model.access import AccessRecord
from gateway.model.actions import ActionArgument, ActionRequest, ActionSpec
from gateway.model.operator import Operator
from gateway.model.points import SiteSpec, ValueKind
from gateway.runtime.argument_gate import misfit, not_finite
from gateway.runtime.users import Users
from gateway.streaming.clock import SystemClock
from tests.adapters.opcua.certificates import CLIENT_URI, Certified

USER, PASSWORD = "alice", "öffne dich"
START = ActionSpec(
    "StartAutocalibration",
    "Start the autocalibration of one group",
    (ActionArgument("Group", "Calibration group", 1, 4),),
)
SHIFT = ActionSpec("Shift", "An action with a signed argument", (ActionArgument("By", "Steps", -10, 10),))
STOP = ActionSpec("StopAutocalibration", "Stop every autocalibration")
PLAY = ActionSpec(
    "Play",
    "Play a waveform",
    (
        ActionArgument("Offset", "What is added", -0.5, 5, ValueKind.FLOAT, unit="V"),
        ActionArgument("Samples", "What is played", -10, 10, ValueKind.FLOAT, length=60_000, unit="V"),
    ),
)

ACTION = "ns=2;s=stack/Action"
METHOD = f"{ACTION}/StartAutocalibration"
GROUP_2 = ua.Variant(2, ua.VariantType.UInt32)
YES, NO = (ua.Variant(said, ua.VariantType.Boolean) for said in (True, False))


def with_actions(site: SiteSpec, actions: tuple[ActionSpec, ...] = (START, SHIFT, STOP)) -> SiteSpec:
    """The site, with actions open on its first analyser."""
    first, *rest = site.devices
    return replace(site, devices=(replace(first, actions=actions), *rest))


@dataclass
class RecordingDesk:
    """Refuses what is not confirmed or out of range, as every desk does.

    Attributes:
        requests: Everything asked for, in order.
        error: Raised instead of an answer.
        held: While set, requests wait for it.
        cancelled: Requests that were given up while they waited.
        users: Who may log in.
        records: Who came, went or was turned away.
    """

    requests: list[ActionRequest] = field(default_factory=list)
    error: Exception | None = None
    held: anyio.Event | None = None
    cancelled: int = 0
    users: Users = field(default_factory=lambda: Users({USER: Operator(PASSWORD)}, None, SystemClock()))
    records: list[AccessRecord] = field(default_factory=list)
    asked: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)

    def note(self, record: AccessRecord) -> None:
        self.records.append(record)

    async def invoke(self, request: ActionRequest) -> str:
        self.requests.append(request)
        self.asked.set()
        if self.held is not None:
            try:
                await self.held.wait()
            except anyio.get_cancelled_exc_class():
                self.cancelled += 1
                self.released.set()
                raise
        if self.error is not None:
            raise self.error
        (spec,) = (one for one in (START, SHIFT, STOP, PLAY) if one.name == request.action)
        if not request.confirmed:
            raise ActionRefusedError("not confirmed")
        refusal = not_finite(spec, request.arguments) or misfit(spec, request.arguments)
        if refusal is not None:
            raise ActionRefusedError(refusal.what)
        return f"{request.action} {request.arguments}: done"

    def hold(self) -> anyio.Event:
        """Let requests wait until the event is set."""
        self.held = anyio.Event()
        return self.held

    async def until_asked(self) -> None:
        with anyio.fail_after(20):
            await self.asked.wait()

    async def until_cancelled(self) -> None:
        with anyio.fail_after(20):
            await self.released.wait()


@dataclass(frozen=True)
class ClientKeys:
    """Certificate (DER) and private key (PEM) of a client."""

    certificate: Path
    key: Path

    @property
    def for_node(self) -> dict[str, str]:
        """The same, as requests to `NodeClient` say it."""
        return {"certificate": str(self.certificate), "key": str(self.key), "uri": CLIENT_URI}

    @classmethod
    def write(cls, folder: Path, client: Certified) -> ClientKeys:
        """Write them into a folder."""
        keys = cls(folder / "client.der", folder / "client.pem")
        keys.certificate.write_bytes(client.der)
        keys.key.write_bytes(client.key_pem)
        return keys


async def secured(
    url: str, keys: ClientKeys, mode: ua.MessageSecurityMode = ua.MessageSecurityMode.SignAndEncrypt
) -> Client:
    """A client for the encrypted endpoint, not yet connected."""
    client = Client(url, timeout=20)
    client.application_uri = CLIENT_URI
    await client.set_security(SecurityPolicyBasic256Sha256, keys.certificate, keys.key, mode=mode)
    return client


async def logged_in(url: str, keys: ClientKeys, user: str = USER, password: str = PASSWORD) -> Client:
    """A client that has logged in."""
    client = await secured(url, keys)
    client.set_user(user)
    client.set_password(password)
    await client.connect()
    return client


@asynccontextmanager
async def operator(url: str, keys: ClientKeys, user: str = USER, password: str = PASSWORD) -> AsyncIterator[Client]:
    """A client that has logged in, for the length of a block."""
    client = await logged_in(url, keys, user, password)
    try:
        yield client
    finally:
        await client.disconnect()


@asynccontextmanager
async def channel(client: Client) -> AsyncIterator[Client]:
    """A secure channel of the client, without a session."""
    await client.connect_socket()
    try:
        await client.send_hello()
        await client.open_secure_channel()
        yield client
    finally:
        client.disconnect_socket()


def call_request(*arguments: ua.Variant, method: str = METHOD, parent: str = ACTION) -> ua.CallMethodRequest:
    """One call as it goes over the wire."""
    return ua.CallMethodRequest(
        ObjectId=ua.NodeId.from_string(parent),
        MethodId=ua.NodeId.from_string(method),
        InputArguments=list(arguments),
    )
