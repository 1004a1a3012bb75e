"""What checks by asyncua's client are made of: bare services, and a subscription with its Publish requests in view."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from asyncua import Client, ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from gateway.model.value import Value
from tests.conformance.analysers import PlayedAnalyser

MakeClient = Callable[[], Awaitable[Client]]
INTERVAL_MS = 50.0
SERVER = ua.NodeId(ua.ObjectIds.Server)
PATIENCE_S = 20.0


@dataclass
class Bench:
    """What one check gets.

    Attributes:
        analyser: Whose values it plays.
        device: Name of it.
        make_client: A connected client of one and the same application.
    """

    analyser: PlayedAnalyser
    device: str
    make_client: MakeClient

    def node(self, path: str) -> ua.NodeId:
        return ua.NodeId(f"{self.device}/{path}", 2)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Asking]:
        client = await self.make_client()
        try:
            yield Asking(client)
        finally:
            await client.disconnect()

    async def play(self, *values: Value, path: str = "I1/Value", state: str = "good") -> None:
        await self.analyser.play([{path: (value, state)} for value in values])


@dataclass
class Asking:
    """A client that asks by bare services."""

    client: Client

    async def ask(self, request: Any) -> Any:
        """The response; a bad service result is raised."""
        data = await self.client.uaclient.protocol.send_request(request, timeout=PATIENCE_S)
        kind = nodeid_from_binary(data.copy())
        return struct_from_binary(ua.extension_objects_by_typeid[kind], Buffer(data.read(len(data))))

    async def status(self, request: Any) -> str:
        """Name of the service result."""
        try:
            await self.ask(request)
        except ua.UaStatusCodeError as error:
            return type(error).__name__
        return "Good"

    async def subscribe(self, **options: Any) -> Watching:
        request = ua.CreateSubscriptionRequest()
        given = {"RequestedPublishingInterval": INTERVAL_MS, "RequestedLifetimeCount": 6000, "PublishingEnabled": True}
        for name, value in {**given, "RequestedMaxKeepAliveCount": 20, **options}.items():
            setattr(request.Parameters, name, value)
        return Watching(self, (await self.ask(request)).Parameters.SubscriptionId)

    async def read(self, node: ua.NodeId, times: int = 2, index_range: str | None = None) -> ua.DataValue:
        request = ua.ReadRequest()
        request.Parameters.TimestampsToReturn = ua.TimestampsToReturn(times)
        request.Parameters.NodesToRead = [ua.ReadValueId(node, ua.AttributeIds.Value, index_range)]
        found: ua.DataValue = (await self.ask(request)).Results[0]
        return found

    async def call(self, method: int, *arguments: ua.Variant) -> ua.CallMethodResult:
        request = ua.CallRequest()
        request.Parameters.MethodsToCall = [ua.CallMethodRequest(SERVER, ua.NodeId(method), list(arguments))]
        result: ua.CallMethodResult = (await self.ask(request)).Results[0]
        return result


@dataclass
class Watching:
    """One subscription."""

    asking: Asking
    id: int
    messages: list[Any] = field(default_factory=list)
    handles: int = 0

    async def item(self, node: ua.NodeId, *, sampled: bool = False, **parameters: Any) -> Any:
        """The result of creating an item."""
        self.handles += 1
        request = ua.CreateMonitoredItemsRequest()
        request.Parameters.SubscriptionId = self.id
        request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        mode = ua.MonitoringMode.Sampling if sampled else ua.MonitoringMode.Reporting
        asked = {"ClientHandle": self.handles, "SamplingInterval": 0.0, "QueueSize": 100, **parameters}
        wanted = ua.MonitoringParameters(**{"DiscardOldest": True, **asked})
        target = ua.ReadValueId(node, ua.AttributeIds.Value)
        request.Parameters.ItemsToCreate = [ua.MonitoredItemCreateRequest(target, mode, wanted)]
        return (await self.asking.ask(request)).Results[0]

    async def publish(self, *acknowledged: int) -> Any:
        """The next message, whole."""
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = [
            ua.SubscriptionAcknowledgement(self.id, one) for one in acknowledged
        ]
        message = (await self.asking.ask(request)).Parameters
        self.messages.append(message)
        return message

    def notifications(self, handle: int | None = None) -> list[ua.DataValue]:
        found = [part for message in self.messages for part in message.NotificationMessage.NotificationData or []]
        items = [item for part in found for item in getattr(part, "MonitoredItems", [])]
        return [item.Value for item in items if handle in (None, item.ClientHandle)]

    async def until(self, count: int, handle: int | None = None) -> list[ua.DataValue]:
        """Publish until so many notifications have come."""
        with anyio.fail_after(PATIENCE_S):
            while len(self.notifications(handle)) < count:
                await self.publish(*(one.NotificationMessage.SequenceNumber for one in self.messages[-1:]))
        return self.notifications(handle)
