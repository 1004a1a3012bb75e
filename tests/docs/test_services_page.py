"""The page about the services of the OPC UA server tells what the server does."""

from __future__ import annotations

import re

from asyncua import ua

from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.services.browse import MAX_REFERENCES_PER_NODE, MAX_REFERENCES_PER_REQUEST
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.services.service_level import service_level
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from tests.docs.pages import ROOT

TEXT = (ROOT / "docs" / "explanation" / "opcua-services.md").read_text(encoding="utf-8")
REQUEST = "Request_Encoding_DefaultBinary"
ELSEWHERE = {
    "FindServers", "GetEndpoints", "OpenSecureChannel", "CloseSecureChannel",
    "CreateSession", "ActivateSession", "CloseSession", "Call", "Publish",
}  # fmt: skip
"""Answered where channels, sessions and calls are looked after."""

PARTS = {"SessionlessInvoke", "CallMethod", "MonitoredItemCreate", "MonitoredItemModify"}
"""Called requests, but parts of others or no service of a session."""


def _column(place: int) -> set[str]:
    rows = [line.split("|") for line in TEXT.splitlines() if re.match(r"\| [A-Z][a-z ]+ \|", line)]
    return {name for row in rows[1:] for name in re.findall(r"`(\w+)`", row[place])}


async def test_the_table_of_services_is_true() -> None:
    services = InnerServer(PointValues(SiteSpec("docs", ())), Limits()).services
    every = {
        name.removesuffix(REQUEST): ua.NodeId(identifier)
        for name, identifier in vars(ua.ObjectIds).items()
        if name.endswith(REQUEST)
    }
    answered = ELSEWHERE | {name for name, request_type in every.items() if request_type in services}
    assert _column(2) == answered
    assert _column(3) | _column(2) >= set(every) - PARTS
    assert not _column(2) & _column(3)


def test_the_figures_are_true() -> None:
    assert f"at most {MAX_REFERENCES_PER_NODE} references" in TEXT
    assert f"{MAX_REFERENCES_PER_REQUEST:,} in one answer".replace(",", " ") in TEXT
    lowest, highest = (service_level([[State.GOOD]] * heard + [[State.STALE]] * (999 - heard)) for heard in (1, 998))
    assert f"| {lowest} to {highest} |" in TEXT
