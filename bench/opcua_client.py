"""An OPC UA client for the bench: asyncua for the session, counting instead of decoding for the notifications.

asyncua needs more time to decode a value than a server needs to send it, so a plain client would measure itself. This
one takes the number of notifications and the first SourceTimestamp from the bytes of a PublishResponse. That the bytes
are right is the business of the tests, where node-opcua judges them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import sys
import time
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from bench.child import answer_marks
from bench.cores import pin
from bench.latency import Latency

_UNIX_EPOCH_TICKS = 116_444_736_000_000_000
_FIXED_SIZE = {0: 0, 1: 1, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8, 13: 8}
_STRING = 12
_VALUE, _STATUS, _SOURCE, _SERVER = 1, 2, 4, 8
_LONG = struct.Struct("<i")
_COUNT_AND_HANDLE = struct.Struct("<IB")
_TICKS = struct.Struct("<q")


def count(data: bytes, latency: Latency) -> None:
    """Walk the body of a DataChangeNotification (OPC 10000-4 7.25.2, encoding OPC 10000-6 5.2.2.17)."""
    (left,) = _LONG.unpack_from(data)
    at = _LONG.size
    for _ in range(left):
        _handle, mask = _COUNT_AND_HANDLE.unpack_from(data, at)
        at += _COUNT_AND_HANDLE.size
        if mask & _VALUE:
            kind = data[at]
            at += 1
            at += 4 + max(0, _LONG.unpack_from(data, at)[0]) if kind == _STRING else _FIXED_SIZE[kind]
        at += 4 if mask & _STATUS else 0
        (ticks,) = _TICKS.unpack_from(data, at) if mask & _SOURCE else (_UNIX_EPOCH_TICKS,)
        at += (8 if mask & _SOURCE else 0) + (8 if mask & _SERVER else 0)
        latency.arrived(1, (ticks - _UNIX_EPOCH_TICKS) // 10)


class Counter:
    """One subscription whose notifications are counted."""

    def __init__(self, client: Client, expected: int) -> None:
        self.latency = Latency()
        self.complete = asyncio.Event()
        self._expected = expected
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
            count(buffer.read(size), self.latency)
        if self.latency.events >= self._expected:
            self.complete.set()
        return ua.PublishResponse(Parameters=result)


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    logging.disable(logging.WARNING)
    client = Client(task["url"], timeout=30)
    await client.connect()
    counter = Counter(client, len(task["ids"]))
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
            RequestedParameters=ua.MonitoringParameters(ClientHandle=handle, SamplingInterval=0.0, QueueSize=10),
        )
        for handle, text in enumerate(task["ids"], start=1)
    ]
    for first in range(0, len(items), 500):
        await client.uaclient.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                subscription.SubscriptionId, ua.TimestampsToReturn.Both, items[first : first + 500]
            )
        )
    await asyncio.wait_for(counter.complete.wait(), 50)
    counter.latency.take()
    cpu = time.process_time()

    def mark() -> dict[str, float]:
        nonlocal cpu
        before, cpu = cpu, time.process_time()
        return {**counter.latency.take(), "cpu_s": cpu - before}

    await answer_marks(mark)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
