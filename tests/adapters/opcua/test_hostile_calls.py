"""Calls and connections that no honest client makes: each is refused, and everybody else goes on."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import Any
from urllib.parse import urlparse

import anyio
import pytest
from asyncua import Client, ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_to_binary, struct_from_binary, struct_to_binary

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.network.listener import CHUNK_BYTES
from gateway.adapters.opcua.network.secure_channel import SecureChannel
from gateway.adapters.opcua.services.call_requests import MAX_CALL_BYTES
from tests.adapters.opcua.recording_desk import GROUP_2, YES, ClientKeys, RecordingDesk, call_request, operator

VALUE = "ns=2;s=stack/I1/Value"
HUGE = 2**31 - 1
GONE = "gone"


def _int(value: int) -> bytes:
    return struct.pack("<i", value)


def _string_node(text: bytes) -> bytes:
    return b"\x03\x02\x00" + _int(len(text)) + text


OBJECT, METHOD = _string_node(b"stack/Action"), _string_node(b"stack/Action/StartAutocalibration")
ONE = _int(1) + OBJECT + METHOD
UINT32_2, BOOLEAN_TRUE = b"\x07\x02\x00\x00\x00", b"\x01\x01"

HOSTILE: dict[str, bytes] = {
    "no requests": _int(0),
    "null list of requests": _int(-1),
    "a list of negative length": _int(-7),
    "a list longer than the message": _int(HUGE),
    "a node that steps back": _int(1) + b"\x03\x02\x00" + _int(-11),
    "nothing after the nodes": ONE,
    "null arguments": ONE + _int(-1),
    "arguments of negative number": ONE + _int(-2),
    "more arguments than there are": ONE + _int(HUGE) + UINT32_2,
    "null variants": ONE + _int(2) + b"\0\0",
    "many null variants": ONE + _int(10_000) + bytes(10_000),
    "an array of null": ONE + _int(2) + b"\x80" + _int(HUGE) + BOOLEAN_TRUE,
    "an array that steps back": ONE + _int(2) + b"\x8c" + _int(HUGE) + _int(-4) + BOOLEAN_TRUE,
    "an array longer than the message": ONE + _int(2) + b"\x87" + _int(HUGE) + BOOLEAN_TRUE,
    "an array of wrong shape": ONE
    + _int(2)
    + b"\xc7"
    + _int(1)
    + UINT32_2[1:]
    + _int(2)
    + _int(100_000)
    + _int(100_000)
    + BOOLEAN_TRUE,
    "a variant of no type": ONE + _int(2) + b"\x3f" + _int(-1) + BOOLEAN_TRUE,
    "an array of numbers longer than the message": ONE + _int(2) + b"\x8b" + _int(HUGE) + BOOLEAN_TRUE,
    "half an array of numbers": ONE + _int(2) + b"\x8b" + _int(2) + bytes(15),
    "an array of numbers where a number belongs": ONE + _int(2) + b"\x8b" + _int(9999) + bytes(79_992) + BOOLEAN_TRUE,
    "half a number": ONE + _int(2) + b"\x07\x02",
    "variants in variants": ONE + _int(2) + b"\x18" * 3000 + BOOLEAN_TRUE,
    "an object where a number belongs": ONE + _int(2) + b"\x16\0\0\0" + BOOLEAN_TRUE,
    "a node of no type": _int(1) + b"\x3f" * 40,
    "more than a call may weigh": ONE + _int(2) + b"\x0f" + _int(MAX_CALL_BYTES) + bytes(MAX_CALL_BYTES),
    "more methods than a call may have": _int(Limits().methods_per_call + 1)
    + (OBJECT + METHOD + _int(0)) * (Limits().methods_per_call + 1),
}


def _message(client: Client, parameters: bytes) -> tuple[bytes, asyncio.Future[Buffer]]:
    """A Call with these very bytes as its parameters, and where its answer will be."""
    protocol = client.uaclient.protocol
    request = ua.CallRequest()
    protocol._setup_request_header(request.RequestHeader, 5)
    body = struct_to_binary(request)[:-4] + parameters
    protocol._request_id += 1
    answer = protocol._callbackmap[protocol._request_id] = asyncio.get_running_loop().create_future()
    return protocol._connection.message_to_binary(body, request_id=protocol._request_id), answer


async def _send(client: Client, parameters: bytes) -> str:
    """Send such a Call; returns what it is worth to the server."""
    message, answer = _message(client, parameters)
    client.uaclient.protocol.transport.write(message)
    return await _status(answer)


async def _status(answer: asyncio.Future[Buffer]) -> str:
    with anyio.fail_after(20):
        try:
            data = await answer
        except (ConnectionError, ua.UaError):
            return GONE
    type_id = ua.ua_binary.nodeid_from_binary(data.copy())
    if type_id.Identifier == ua.ObjectIds.ServiceFault_Encoding_DefaultBinary:
        return str(struct_from_binary(ua.ServiceFault, data).ResponseHeader.ServiceResult.name)
    return ",".join(result.StatusCode.name for result in struct_from_binary(ua.CallResponse, data).Results)


async def test_hostile_calls(
    action_adapter: OpcUaAdapter,
    action_url: str,
    keys: ClientKeys,
    desk: RecordingDesk,
    update: Any,
    collector: type[Any],
) -> None:
    async with Client(action_url) as healthy:
        seen = collector()
        subscription = await healthy.create_subscription(50, seen)
        await subscription.subscribe_data_change(healthy.get_node(VALUE))
        await seen.until_count(1)
        statuses: dict[str, str] = {}
        async with operator(action_url, keys) as client:
            for count, (name, parameters) in enumerate(HOSTILE.items(), start=2):
                statuses[name] = await _send(client, parameters)
                action_adapter.apply(update((float(count),), changed=[0]))
                await seen.until_count(count)
            assert await _send(client, _int(1) + struct_to_binary(call_request(GROUP_2, YES))) == "Good"
        async with Client(action_url) as anonymous:
            for parameters in HOSTILE.values():
                assert await _send(anonymous, parameters) != "Good"
    refused = {
        "no requests": "BadNothingToDo",
        "null list of requests": "BadNothingToDo",
        "a list of negative length": "BadNothingToDo",
        "a list longer than the message": "BadTooManyOperations",
        "null arguments": "BadArgumentsMissing",
        "arguments of negative number": "BadArgumentsMissing",
        "null variants": "BadInvalidArgument",
        "many null variants": "BadTooManyArguments",
        "more than a call may weigh": "BadRequestTooLarge",
        "more methods than a call may have": "BadTooManyOperations",
        "an object where a number belongs": "BadInvalidArgument",
        "an array of numbers where a number belongs": "BadInvalidArgument",
    }
    assert statuses == {name: refused.get(name, "BadDecodingError") for name in HOSTILE}
    assert len(desk.requests) == 1


def _port(url: str) -> int:
    port = urlparse(url).port
    assert port is not None
    return port


async def _tell_until_closed(url: str, *messages: bytes) -> None:
    """Send as much as the server takes, and wait until it closes the connection."""
    with anyio.fail_after(20):
        async with await anyio.connect_tcp("127.0.0.1", _port(url)) as stream:
            with suppress(anyio.BrokenResourceError):
                for message in messages:
                    await stream.send(message)
                async for _answer in stream:
                    pass


def _hello() -> bytes:
    body = struct.pack("<5I", 0, 65535, 65535, 0, 0) + _int(-1)
    return b"HELF" + struct.pack("<I", 8 + len(body)) + body


async def test_services_before_a_channel_do_not_exist(url: str) -> None:
    client = Client(url)
    await client.connect_socket()
    await client.send_hello()
    with pytest.raises((ConnectionError, ua.UaError)):
        await client.create_session()
    client.disconnect_socket()


async def test_a_request_header_cannot_ask_for_gigabytes(url: str) -> None:
    """Headers are decoded before there is any session."""
    literal = b"\x01\x00" + struct.pack("<H", ua.ObjectIds.LiteralOperand_Encoding_DefaultBinary) + b"\x01"
    literal += _int(5) + b"\x80" + _int(HUGE)
    async with Client(url) as client:
        protocol = client.uaclient.protocol
        request = ua.ReadRequest()
        protocol._setup_request_header(request.RequestHeader, 5)
        header = struct_to_binary(request.RequestHeader)[:-3] + literal
        body = nodeid_to_binary(request.TypeId) + header
        protocol.transport.write(protocol._connection.message_to_binary(body, request_id=10_000))
        async with Client(url) as other:
            with anyio.fail_after(10):
                assert await other.get_node("i=2255").read_value()


async def test_a_chunk_larger_than_agreed_ends_the_connection(url: str) -> None:
    announced = b"MSGF" + struct.pack("<II", 2**30, 1)
    await _tell_until_closed(url, _hello(), announced, bytes(2 * CHUNK_BYTES))


async def test_an_answer_that_cannot_be_sent_ends_one_connection_only(
    action_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_channel: SecureChannel, _handle: int, _sequence: object, response: object) -> None:
        raise ValueError(response)

    async with Client(action_url) as client, Client(action_url) as other:
        with monkeypatch.context() as broken:
            broken.setattr(SecureChannel, "send_response", fail)
            assert await _send(client, ONE + _int(0)) == GONE
        assert await other.get_node("i=2255").read_value()
        client.disconnect_socket()
