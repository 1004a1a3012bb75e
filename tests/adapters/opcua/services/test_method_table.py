"""What can be called, on what, by whom and with what; and the methods of the Server object."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.model.update import Update
from tests.adapters.opcua.conftest import Collector

SERVER, VALUE, TICK = "i=2253", "ns=2;s=stack/I1/Value", "ns=2;s=stack/Status/Tick"
GET_ITEMS, RESEND = "i=11492", "i=12873"
GET_ITEMS_OF_TYPE, RESEND_OF_TYPE = "i=11489", "i=12871"
UINT32 = ua.VariantType.UInt32


async def _call(
    client: Client, method: str, *arguments: ua.Variant, on: str = SERVER
) -> tuple[str, ua.CallMethodResult]:
    request = ua.CallMethodRequest(ua.NodeId.from_string(on), ua.NodeId.from_string(method), list(arguments))
    (result,) = await client.uaclient.call([request])
    return result.StatusCode.name, result


async def test_the_items_of_a_subscription(url: str) -> None:
    async with Client(url) as client, Client(url) as other:
        subscription = await client.create_subscription(100, Collector())
        number = ua.Variant(subscription.subscription_id, UINT32)
        for method in (GET_ITEMS, GET_ITEMS_OF_TYPE):
            status, result = await _call(client, method, number)
            assert (status, [one.Value for one in result.OutputArguments]) == ("Good", [[], []])
        handles = await subscription.subscribe_data_change([client.get_node(VALUE), client.get_node(TICK)])
        _status, result = await _call(client, GET_ITEMS, number)
        servers, clients = (one.Value for one in result.OutputArguments)
        assert servers == handles
        assert len(set(clients)) == 2
        assert {one.VariantType for one in result.OutputArguments} == {UINT32}
        for method in (GET_ITEMS, RESEND):
            assert (await _call(other, method, number))[0] == "BadUserAccessDenied"
            assert (await _call(client, method, ua.Variant(999_999, UINT32)))[0] == "BadSubscriptionIdInvalid"


@pytest.mark.parametrize("method", [RESEND, RESEND_OF_TYPE])
async def test_present_values_are_sent_again(
    url: str, adapter: OpcUaAdapter, update: Callable[..., Update], method: str
) -> None:
    adapter.apply(update())
    async with Client(url) as client:
        seen = Collector()
        subscription = await client.create_subscription(50, seen)
        await subscription.subscribe_data_change([client.get_node(VALUE), client.get_node("i=2255")])
        await seen.until_count(2)
        assert (await _call(client, method, ua.Variant(subscription.subscription_id, UINT32)))[0] == "Good"
        values = [str(data.Value.Value) for data in await seen.until_count(4)]
        assert sorted(values[:2]) == sorted(values[2:])


async def test_calls_that_are_refused(url: str) -> None:
    number = ua.Variant(1, UINT32)
    async with Client(url) as client:
        for method, on, arguments, status in (
            ("ns=2;s=nothing", SERVER, [number], "BadNodeIdUnknown"),
            (GET_ITEMS, "ns=2;s=nothing", [number], "BadNodeIdUnknown"),
            (GET_ITEMS, "i=85", [number], "BadMethodInvalid"),
            (GET_ITEMS_OF_TYPE, "i=85", [number], "BadNotExecutable"),
            ("i=2255", SERVER, [number], "BadMethodInvalid"),
            ("i=12886", SERVER, [], "BadNotExecutable"),
            (GET_ITEMS, SERVER, [], "BadArgumentsMissing"),
            (GET_ITEMS, SERVER, [number, number], "BadTooManyArguments"),
            (GET_ITEMS, SERVER, [ua.Variant("1")], "BadInvalidArgument"),
            (GET_ITEMS, SERVER, [ua.Variant([1], UINT32)], "BadInvalidArgument"),
            (GET_ITEMS, SERVER, [ua.Variant(None, ua.VariantType.Null)], "BadInvalidArgument"),
        ):
            found, result = await _call(client, method, *arguments, on=on)
            assert (found, method, on) == (status, method, on)
            wrong = [one.name for one in result.InputArgumentResults]
            assert wrong == (["BadTypeMismatch"] if status == "BadInvalidArgument" else [])
            assert result.OutputArguments == []


async def test_several_calls_in_one_request(url: str) -> None:
    async with Client(url) as client:
        good = ua.CallMethodRequest(ua.NodeId(2253), ua.NodeId(11492), [ua.Variant(7, UINT32)])
        bad = ua.CallMethodRequest(ua.NodeId(2253), ua.NodeId(11492), [])
        results = await client.uaclient.call([good, bad, good])
        assert [one.StatusCode.name for one in results] == [
            "BadSubscriptionIdInvalid",
            "BadArgumentsMissing",
            "BadSubscriptionIdInvalid",
        ]
        with pytest.raises(ua.uaerrors.BadTooManyOperations):
            await client.uaclient.call([good] * 11)
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await client.uaclient.call([])
