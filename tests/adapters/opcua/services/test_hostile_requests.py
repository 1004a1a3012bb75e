"""Requests that no client sends on purpose: the service answers or refuses, and never stumbles."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.opcua.engine.decoding import bound_decoding
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.model.points import SiteSpec

NODE = ua.NodeId("stack/I1/Value", 2)
NAMES = ua.QualifiedName("Value", 2)
HONEST: dict[str, object] = {
    "Read": ua.ReadParameters(0, ua.TimestampsToReturn.Both, [ua.ReadValueId(NODE, 13, "0:1", NAMES)] * 2),
    "Write": ua.WriteParameters([ua.WriteValue(NODE, 13, None, ua.DataValue(ua.Variant([1.0, 2.0])))] * 2),
    "HistoryRead": ua.HistoryReadParameters(ua.ReadRawModifiedDetails(), 0, False, [ua.HistoryReadValueId(NODE)] * 2),
    "Browse": ua.BrowseParameters(
        ua.ViewDescription(), 5, [ua.BrowseDescription(NODE, 0, ua.NodeId(33), True, 0, 63)] * 2
    ),
    "BrowseNext": ua.BrowseNextParameters(False, [b"0123456789abcdef", b""]),
    "TranslateBrowsePathsToNodeIds": ua.TranslateBrowsePathsToNodeIdsParameters(
        [ua.BrowsePath(NODE, ua.RelativePath([ua.RelativePathElement(ua.NodeId(33), False, True, NAMES)] * 2))]
    ),
    "RegisterNodes": ua.RegisterNodesParameters([NODE, NODE]),
    "UnregisterNodes": ua.UnregisterNodesParameters([NODE, NODE]),
}


def _answering(name: str) -> Callable[[bytes], int]:
    """Sends parameters to a service; returns its StatusCode."""
    bound_decoding()
    inner = InnerServer(PointValues(SiteSpec("hostile", ())), Limits(operations=50))
    session = inner.create_session(("127.0.0.1", 1), external=True)  # type: ignore[arg-type]  # as asyncua calls it
    assert isinstance(session, ClientSession)
    session.state = type(session.state).Activated
    request = ua.NodeId(getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary"))

    def answer(parameters: bytes) -> int:
        try:
            asyncio.run(inner.services.answer(request, session, ua.RequestHeader(), Buffer(parameters)))
        except ServiceError as error:
            return error.code
        return ua.StatusCodes.Good

    return answer


@pytest.mark.parametrize("name", HONEST)
def test_requests_that_are_damaged_anywhere(name: str) -> None:
    answer = _answering(name)
    honest = struct_to_binary(HONEST[name])
    assert answer(honest) == ua.StatusCodes.Good

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def damaged(data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(honest) - 1))
        junk = data.draw(
            st.sampled_from([b"", b"\xff", b"\xff\xff\xff\x7f", struct.pack("<i", -7), b"\x00" * 4, b"\x3f"])
        )
        keep = data.draw(st.integers(0, len(honest)))
        answer(honest[:at] + junk + honest[at + len(junk) :][:keep])

    damaged()
    assert answer(b"") == ua.StatusCodes.BadDecodingError


@given(st.sampled_from(sorted(HONEST)), st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_noise(name: str, noise: bytes) -> None:
    _answering(name)(noise)


def test_more_operations_than_allowed_are_not_decoded() -> None:
    many = struct.pack("<dii", 0.0, 0, 51)
    assert _answering("Read")(many) == ua.StatusCodes.BadTooManyOperations
