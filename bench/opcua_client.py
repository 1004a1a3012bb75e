"""OPC UA clients for the bench: asyncua for the sessions, counting instead of decoding for the notifications.

asyncua needs more time to decode a value than a server needs to send it, so a plain client would measure itself. This
one takes the number of notifications and their SourceTimestamps from the bytes of a PublishResponse. That the bytes
are right is the business of the tests, where node-opcua judges them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import sys
import time
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from bench.child import answer_marks
from bench.cores import pin
from bench.latency import Latency
from bench.opcua_count import count
from bench.opcua_keys import CERTIFICATE, CLIENT_URI, KEY


class Counter:
    """One subscription whose notifications are counted."""

    def __init__(self, client: Client, latency: Latency, expected: int) -> None:
        self.complete = asyncio.Event()
        self._client = client
        self._latency = latency
        self._missing = expected
        self._session = client.uaclient.session
        self._session.publish = self._publish  # type: ignore[method-assign]

    async def _publish(self, acks: list[ua.SubscriptionAcknowledgement]) -> ua.PublishResponse:
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = acks
        buffer = await self._session._send_request(request, timeout=0)  # noqa: SLF001  asyncua has no other door
        nodeid_from_binary(buffer)
        struct_from_binary(ua.ResponseHeader, buffer)
        result = ua.PublishResult()
        result.SubscriptionId, available = struct.unpack("<Ii", buffer.read(8))
        buffer.read(4 * max(0, available) + 1)
        result.NotificationMessage.SequenceNumber, _published, parts = struct.unpack("<Iqi", buffer.read(16))
        result.NotificationMessage.NotificationData = [None] * max(0, parts)
        for _ in range(parts):
            nodeid_from_binary(buffer)
            (_encoding, size) = struct.unpack("<Bi", buffer.read(5))
            self._missing -= count(buffer.read(size), self._latency)
        if self._missing <= 0:
            self.complete.set()
        return ua.PublishResponse(Parameters=result)


async def _subscribe(task: dict[str, Any], latency: Latency) -> Counter:
    client = Client(task["url"], timeout=30)
    if "keys" in task:
        folder = Path(task["keys"])
        client.application_uri = CLIENT_URI
        await client.set_security(SecurityPolicyBasic256Sha256, folder / CERTIFICATE, folder / KEY)
    await client.connect()
    counter = Counter(client, latency, len(task["ids"]))
    subscription = await client.uaclient.create_subscription(
        ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=task["interval_ms"],
            RequestedLifetimeCount=10_000,
            RequestedMaxKeepAliveCount=100,
            PublishingEnabled=True,
        ),
        lambda _result: None,
    )
    items = [
        ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(ua.NodeId.from_string(text), AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=handle, SamplingInterval=task.get("sampling_ms", 0.0), QueueSize=10
            ),
        )
        for handle, text in enumerate(task["ids"], start=1)
    ]
    for first in range(0, len(items), 500):
        await client.uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                subscription.SubscriptionId, ua.TimestampsToReturn.Both, items[first : first + 500]
            )
        )
    return counter


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    logging.disable(logging.WARNING)
    latency = Latency()
    counters = [await _subscribe(task, latency) for _session in range(task.get("sessions", 1))]
    for counter in counters:
        await asyncio.wait_for(counter.complete.wait(), 50)
    latency.take()
    cpu = time.process_time()

    def mark() -> dict[str, float]:
        nonlocal cpu
        before, cpu = cpu, time.process_time()
        return {**latency.take(), "cpu_s": cpu - before}

    await answer_marks(mark)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
