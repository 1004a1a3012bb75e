"""What an OPC UA client can do that looks right and is not: requests as the standard says, by somebody who must not."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

from asyncua import Client, ua
from asyncua.common.utils import Buffer
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary

from tests.northbound.opcua_attacks import RawChannel, kept

ELSEWHERE = "127.0.0.2"
"""Another address of this machine, so that a server can tell those who hoard from those who do not."""

_BEFORE_BODY = 24
_SERVICE_FAULT = 397
_SESSIONS_PER_CHANNEL = 25
_STATE = ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)


class RefusedError(Exception):
    """The server said no; the text is the name of the StatusCode."""


class Asker:
    """Asks one service after the other, on a channel without security.

    Args:
        port: Of the server.
        source: Address to come from.
    """

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._channel = RawChannel(port, source=source)
        self.token = ua.NodeId()

    def ask(self, request: Any) -> Any:
        """The response.

        Raises:
            RefusedError: A bad service result.
            ConnectionError: The server has hung up.
        """
        request.RequestHeader.AuthenticationToken = self.token
        self._channel.send(struct_to_binary(request))
        data = self._channel.receive()
        if not data or data[:3] == b"ERR":
            raise ConnectionError(data)
        body = Buffer(data[_BEFORE_BODY:])
        kind = nodeid_from_binary(body)
        if kind.Identifier == _SERVICE_FAULT:
            header = struct_from_binary(ua.ResponseHeader, body)
            raise RefusedError(header.ServiceResult.name)
        response_type = ua.extension_objects_by_typeid[kind]
        return struct_from_binary(response_type, Buffer(data[_BEFORE_BODY:]))

    def open_session(self) -> ua.NodeId:
        """Create and activate a session of nobody; its token is used from now on."""
        self.token = ua.NodeId()
        create = ua.CreateSessionRequest()
        create.Parameters.ClientDescription.ApplicationUri = "urn:intruder"
        create.Parameters.ClientNonce = secrets.token_bytes(32)
        create.Parameters.RequestedSessionTimeout = 60_000
        self.token = self.ask(create).Parameters.AuthenticationToken
        activate = ua.ActivateSessionRequest()
        activate.Parameters.UserIdentityToken = ua.AnonymousIdentityToken(PolicyId="anonymous")
        self.ask(activate)
        return self.token


def _said(asker: Asker, request: Any) -> str:
    try:
        asker.ask(request)
    except RefusedError as refusal:
        return str(refusal)
    return "Good"


def guess_tokens(port: int, count: int) -> Counter[str]:
    """Read with tokens that others might have: counted upwards as asyncua does, and made up."""
    asker, said = Asker(port), Counter[str]()
    for number in range(count):
        made_up = ua.NodeId(ua.ByteString(secrets.token_bytes(32)))
        asker.token = made_up if number % 2 else ua.NodeId(ua.Int32(1000 + number))
        read = ua.ReadRequest()
        read.Parameters.NodesToRead = [ua.ReadValueId(_STATE, ua.AttributeIds.Value)]
        said[_said(asker, read)] += 1
    return said


def meddle(port: int, ids: list[int]) -> list[str]:
    """Everything that could harm subscriptions of others; returns every StatusCode that is not bad."""
    asker = Asker(port)
    asker.open_session()
    found: list[str] = []
    delete = ua.DeleteSubscriptionsRequest()
    delete.Parameters.SubscriptionIds = ids
    silence = ua.SetPublishingModeRequest()
    silence.Parameters.SubscriptionIds = ids
    transfer = ua.TransferSubscriptionsRequest()
    transfer.Parameters.SubscriptionIds = ids
    found += [status.name for status in asker.ask(delete).Results]
    found += [status.name for status in asker.ask(silence).Parameters.Results]
    found += [result.StatusCode.name for result in asker.ask(transfer).Parameters.Results]
    for number in ids:
        republish = ua.RepublishRequest()
        republish.Parameters.SubscriptionId, republish.Parameters.RetransmitSequenceNumber = number, 1
        modify = ua.ModifySubscriptionRequest()
        modify.Parameters.SubscriptionId, modify.Parameters.RequestedPublishingInterval = number, 3_600_000
        items = ua.DeleteMonitoredItemsRequest()
        items.Parameters.SubscriptionId, items.Parameters.MonitoredItemIds = number, list(range(1, 10))
        found += [_said(asker, one) for one in (republish, modify, items)]
    acknowledge = ua.PublishRequest()
    acknowledge.Parameters.SubscriptionAcknowledgements = [ua.SubscriptionAcknowledgement(one, 1) for one in ids]
    found.append(_said(asker, acknowledge))
    return [status for status in found if not status.startswith("Bad")]


def register_servers(port: int, count: int) -> Counter[str]:
    """Fill the list of a discovery server."""
    asker, said = Asker(port), Counter[str]()
    for number in range(count):
        register = ua.RegisterServerRequest()
        register.Server.ServerUri = f"urn:intruder:{number}"
        register.Server.DiscoveryUrls = ["opc.tcp://intruder:4840"] * 10
        said[_said(asker, register)] += 1
    return said


def ask_endpoints(port: int, count: int) -> int:
    """Ask for the endpoints again and again; returns how often there was an answer."""
    asker = Asker(port)
    for _ in range(count):
        assert asker.ask(ua.GetEndpointsRequest()).Endpoints
    return count


def send_oversized_chunks(port: int) -> list[str]:
    """Announce chunks that are too large; returns what the server says to each."""
    said = []
    for size in (65_537, 1_000_000, 2**31, 2**32 - 1):
        channel = RawChannel(port)
        with channel.socket as opened:
            opened.sendall(b"MSGF" + size.to_bytes(4, "little") + bytes(1000))
            answer = channel.receive()
            said.append(ua.StatusCode(int.from_bytes(answer[8:12], "little")).name if answer[:3] == b"ERR" else "")
    return said


async def come_with_certificates(url: str, keys: list[tuple[str, str]], count: int) -> int:
    """Open channels with certificates that are not trusted; returns how often that was refused."""
    refused = 0
    for number in range(count):
        client = Client(url, timeout=20)
        await client.set_security(SecurityPolicyBasic256Sha256, *keys[number % len(keys)])
        try:
            await client.connect_socket()
            await client.send_hello()
            await client.open_secure_channel()
        except (ua.UaError, ConnectionError, TimeoutError):
            refused += 1
        client.disconnect_socket()
    return refused


async def guess_passwords(url: str, keys: tuple[str, str], user: str, count: int) -> Counter[str]:
    """Log in with wrong passwords."""
    said = Counter[str]()
    for number in range(count):
        client = Client(url, timeout=20)
        client.application_uri = "urn:localhost:test-client"
        await client.set_security(SecurityPolicyBasic256Sha256, *keys)
        client.set_user(user)
        client.set_password(f"guess {number}")
        try:
            await client.connect()
            said["Good"] += 1
            await client.disconnect()
        except ua.UaError as refusal:
            said[type(refusal).__name__] += 1
        except (ConnectionError, TimeoutError):
            said["hung up"] += 1
    return said


def _askers(port: int) -> Iterator[Asker]:
    while True:
        try:
            asker = Asker(port, ELSEWHERE)
        except (OSError, ValueError):  # no answer, or none that tells of a channel
            return
        kept.append(asker)
        yield asker


def hold_channels(port: int, count: int) -> int:
    """Open channels and keep them, without ever asking for a session; returns how many there are."""
    return sum(1 for _ in zip(range(count), _askers(port), strict=False))


def hold_sessions(port: int, count: int) -> Counter[str]:
    """Open sessions and keep them, many on each channel."""
    said = Counter[str]()
    for asker in _askers(port):
        for _ in range(_SESSIONS_PER_CHANNEL):
            try:
                asker.open_session()
                said["Good"] += 1
            except RefusedError as refusal:
                said[str(refusal)] += 1
            if said.total() >= count:
                return said
    said["hung up"] += 1
    return said


def hold_subscriptions(port: int, ids: list[str], count: int) -> Counter[str]:
    """Subscribe to everything many times with the longest queues and never ask for a notification."""
    said = Counter[str]()
    asker = Asker(port, ELSEWHERE)
    kept.append(asker)
    asker.open_session()
    for _ in range(count):
        create = ua.CreateSubscriptionRequest()
        create.Parameters.RequestedPublishingInterval = 50
        create.Parameters.RequestedLifetimeCount = 4_000_000_000
        create.Parameters.RequestedMaxKeepAliveCount = 1_000_000_000
        create.Parameters.PublishingEnabled = True
        try:
            subscription = asker.ask(create).Parameters.SubscriptionId
        except RefusedError as refusal:
            said[str(refusal)] += 1
            continue
        items = ua.CreateMonitoredItemsRequest()
        items.Parameters.SubscriptionId = subscription
        items.Parameters.ItemsToCreate = [
            ua.MonitoredItemCreateRequest(
                ua.ReadValueId(ua.NodeId.from_string(one), ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(ClientHandle=number, SamplingInterval=0.0, QueueSize=4_000_000_000),
            )
            for number, one in enumerate(ids)
        ]
        said[_said(asker, items)] += 1
    return said
