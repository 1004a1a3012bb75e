"""Actions that take numbers that need not be whole, and arrays of them."""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncIterator

import numpy as np
import pytest
from asyncua import Client, ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.ua_binary import struct_to_binary, variant_from_binary, variant_to_binary
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.security.audit_records import method_called
from gateway.adapters.opcua.services.call_requests import MAX_CALL_BYTES, read_calls
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.points import SiteSpec
from tests.adapters.opcua.conftest import Serving
from tests.adapters.opcua.recording_desk import (
    ACTION,
    NO,
    PASSWORD,
    PLAY,
    USER,
    YES,
    ClientKeys,
    RecordingDesk,
    call_request,
    operator,
    with_actions,
)
from tests.adapters.opcua.test_audit_trail import ANNA
from tests.clients.node_client import NodeClient

METHOD = f"{ACTION}/Play"
LONGEST = 60_000


def _number(value: float) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.Double)


def _numbers(*values: float) -> ua.Variant:
    return ua.Variant(list(values), ua.VariantType.Double, is_array=True)


@pytest.fixture
async def url(site: SiteSpec, guarded: OpcUaSettings, desk: RecordingDesk, serving: Serving) -> AsyncIterator[str]:
    adapter = OpcUaAdapter(with_actions(site, (PLAY,)), guarded)
    adapter.offer(desk)
    async with serving(adapter) as endpoint:
        yield endpoint


async def _call(client: Client, *arguments: ua.Variant) -> tuple[str, list[str]]:
    (result,) = await client.uaclient.call([call_request(*arguments, method=METHOD)])
    return result.StatusCode.name, [one.name for one in result.InputArgumentResults]


async def test_arguments_say_what_they_take(url: str) -> None:
    async with Client(url) as client:
        offset, samples, confirm = await client.get_node(f"{METHOD}/InputArguments").read_value()
        assert (offset.DataType.Identifier, offset.ValueRank, offset.ArrayDimensions) == (ua.ObjectIds.Double, -1, [])
        assert offset.Description.Text == "What is added (-0.5 to 5 V)"
        assert (samples.DataType.Identifier, samples.ValueRank) == (ua.ObjectIds.Double, 1)
        assert samples.ArrayDimensions == [LONGEST]
        assert samples.Description.Text == "What is played (at most 60000 numbers, each -10 to 10 V)"
        assert confirm.DataType.Identifier == ua.ObjectIds.Boolean


async def test_numbers_reach_the_desk_as_they_were_sent(url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    longest = np.linspace(-10, 10, LONGEST).tolist()
    as_matrix = ua.Variant([1.0, 2.0], ua.VariantType.Double, [ua.Int32(2)], is_array=True)
    async with operator(url, keys) as client:
        for samples in (_numbers(0.1, -0.0, 10.0), _numbers(*longest), as_matrix):
            assert await _call(client, _number(0.25), samples, YES) == ("Good", ["Good"] * 3)
    for request, expected in zip(desk.requests, ([0.1, -0.0, 10.0], longest, [1.0, 2.0]), strict=True):
        offset, given = request.arguments
        assert (type(offset), offset) == (float, 0.25)
        assert isinstance(given, memoryview)
        assert (given.format, given.ndim, given.readonly, given.c_contiguous) == ("d", 1, True, True)
        assert given.tolist() == expected


async def test_wrong_numbers_are_named_one_by_one(url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    good, fine, too_long = _number(0.0), _numbers(1.0), _numbers(*([0.0] * (LONGEST + 1)))
    matrix = ua.Variant([[1.0, 2.0], [3.0, 4.0]], ua.VariantType.Double)
    mismatch, out = "BadTypeMismatch", "BadOutOfRange"
    async with operator(url, keys) as client:
        for arguments, each in (
            ((ua.Variant(1, ua.VariantType.Int64), fine, YES), [mismatch, "Good", "Good"]),
            ((ua.Variant(1.0, ua.VariantType.Float), good, YES), [mismatch, mismatch, "Good"]),
            ((fine, too_long, YES), [mismatch, mismatch, "Good"]),
            ((good, matrix, YES), ["Good", mismatch, "Good"]),
            ((good, ua.Variant([1], ua.VariantType.Int64), YES), ["Good", mismatch, "Good"]),
        ):
            assert await _call(client, *arguments) == ("BadInvalidArgument", each)
        assert desk.requests == []  # nothing that could have been asked for
        for arguments, each in (
            ((_number(5.1), fine, YES), [out, "Good", "Good"]),
            ((_number(math.nan), fine, YES), [out, "Good", "Good"]),
            ((_number(-math.inf), _numbers(0.0, math.nan), YES), [out, out, "Good"]),
            ((good, _numbers(0.0, 10.000001), YES), ["Good", out, "Good"]),
            ((good, _numbers(math.inf), NO), ["Good", out, "BadInvalidArgument"]),
            ((good, _numbers(), YES), ["Good", "BadInvalidArgument", "Good"]),
        ):
            assert await _call(client, *arguments) == ("BadInvalidArgument", each)
    assert len(desk.requests) == 6


async def test_node_opcua_calls(url: str, node_client: NodeClient, desk: RecordingDesk, keys: ClientKeys) -> None:
    samples = (np.arange(10_000) / 1000).tolist()
    who = {"user": USER, "password": PASSWORD, "object": ACTION, "method": METHOD, **keys.for_node}
    calls = [
        [["Double", 1.5], ["Double", samples], ["Boolean", True]],
        [["Double", 1.5], ["Double", [11.0]], ["Boolean", True]],
    ]
    good, bad = await node_client.ask(url, "call", **who, calls=calls)
    assert (good["status"], good["arguments"]) == ("Good", ["Good"] * 3)
    assert (bad["status"], bad["arguments"]) == ("BadInvalidArgument", ["Good", "BadOutOfRange", "Good"])
    offset, given = desk.requests[0].arguments
    assert offset == 1.5
    assert isinstance(given, memoryview)
    assert given.tolist() == samples


def test_events_tell_of_long_arguments_in_short() -> None:
    request = struct_to_binary(call_request(_number(0.5), _numbers(1.0, 2.0), _numbers(*([0.0] * 500)), YES))
    (call,) = read_calls(struct.pack("<i", 1) + request, 1)
    told = method_called(ANNA, call, ua.StatusCodes.Good, "").fields["InputArguments"]
    sent = variant_from_binary(Buffer(variant_to_binary(told)))
    assert [one.Value for one in sent.Value] == [0.5, [1.0, 2.0], "500 doubles", True]


VARIANTS = st.one_of(
    st.lists(st.floats(allow_nan=False), max_size=5).map(lambda values: _numbers(*values)),
    st.floats(allow_nan=False).map(_number),
    st.integers(0, 2**32 - 1).map(lambda value: ua.Variant(value, ua.VariantType.UInt32)),
    st.text(max_size=5).map(lambda value: ua.Variant(value, ua.VariantType.String)),
)


@given(st.lists(st.lists(VARIANTS, max_size=4), min_size=1, max_size=3))
def test_calls_are_read_as_asyncua_writes_them(calls: list[list[ua.Variant]]) -> None:
    data = struct.pack("<i", len(calls)) + b"".join(struct_to_binary(call_request(*one)) for one in calls)
    read = read_calls(data, 10)
    for call, arguments in zip(read, calls, strict=True):
        assert (call.ObjectId, call.MethodId) == (call_request().ObjectId, call_request().MethodId)
        assert [one.VariantType for one in call.InputArguments] == [one.VariantType for one in arguments]
        plain = [one.Value.tolist() if one.is_array else one.Value for one in call.InputArguments]
        assert plain == [one.Value for one in arguments]


def test_arrays_weigh_nothing_and_everything_else_does() -> None:
    half = ua.Variant("x" * (MAX_CALL_BYTES // 2), ua.VariantType.String)
    array = _numbers(*([1.0] * 5000))
    one = struct.pack("<i", 1)
    assert len(read_calls(one + struct_to_binary(call_request(array, half, array, YES)), 1)[0].InputArguments) == 4
    for arguments in ((half, array, half), (half, half, array), (array, half, half)):
        with pytest.raises(ServiceError) as error:
            read_calls(one + struct_to_binary(call_request(*arguments)), 1)
        assert error.value.code == ua.StatusCodes.BadRequestTooLarge
