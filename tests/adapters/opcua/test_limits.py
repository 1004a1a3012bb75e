"""The limits of the settings, where no other test of their service has them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import fields, replace

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.limits import MOST_MESSAGE_KBYTE, Limits
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.model.points import SiteSpec
from tests.adapters.opcua.conftest import Serving

STRICT = Limits(
    sessions=4, sessions_per_address=3, shortest_session_timeout_s=7, longest_session_timeout_s=9, message_kbyte=64
)


@pytest.fixture
def strict(site: SiteSpec, settings: OpcUaSettings) -> OpcUaAdapter:
    return OpcUaAdapter(site, replace(settings, limits=STRICT))


async def test_sessions_of_one_address_and_their_timeouts(strict: OpcUaAdapter, serving: Serving) -> None:
    async with serving(strict) as url, AsyncExitStack() as stack:
        for wanted, granted in ((1_000, 7_000), (8_000, 8_000), (3_600_000, 9_000)):
            client = Client(url)
            client.session_timeout = wanted
            await stack.enter_async_context(client)
            assert client.session_timeout == granted
        with pytest.raises(ua.uaerrors.BadTooManySessions):
            await Client(url).connect()


async def test_a_request_that_is_too_large_ends_the_connection(strict: OpcUaAdapter, serving: Serving) -> None:
    async with serving(strict) as url, Client(url) as client:
        ids = [ua.NodeId("x" * 1000, 2)] * 100
        with pytest.raises((ConnectionError, ua.UaError)):
            await client.uaclient.read(
                ua.ReadParameters(
                    NodesToRead=[ua.ReadValueId(NodeId=one, AttributeId=ua.AttributeIds.Value) for one in ids]
                )
            )


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        Limits(**{name: 0})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"shortest_session_timeout_s": 700.0}, "shortest_session_timeout_s must not be more than longest"),
        ({"longest_publishing_interval_ms": 10.0}, "shortest_publishing_interval_ms must not be more"),
        ({"message_kbyte": MOST_MESSAGE_KBYTE + 1}, "message_kbyte must be at most"),
        ({"sessions": float("nan")}, "sessions must be at least 1"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(changes: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Limits(**changes)
