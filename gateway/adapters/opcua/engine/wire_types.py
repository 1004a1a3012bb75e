"""NodeIds, StatusCodes and DataValues in asyncua's own types."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import cast

from asyncua import ua
from asyncua.ua.uaerrors import UaStatusCodeError

from gateway.adapters.opcua.node_ids import SITE_NAMESPACE_INDEX

LOCALE = "en"
"""Language of all texts."""

_SITE = ua.Int16(SITE_NAMESPACE_INDEX)


@lru_cache(maxsize=4096)
def standard_node(identifier: int) -> ua.NodeId:
    """A node that OPC UA itself defines, namespace 0. The same object each time: leave it as it is."""
    return ua.NodeId(ua.Int32(identifier))


def site_node(identifier: str) -> ua.NodeId:
    """A node of the site with a string identifier."""
    return ua.NodeId(cast("ua.String", identifier), _SITE)  # a plain string is half as large


def status_code(code: int) -> ua.StatusCode:
    """A StatusCode from its 32 bits."""
    return ua.StatusCode(ua.UInt32(code))


def data_value(variant: ua.Variant, status: ua.StatusCode, source: datetime, server: datetime) -> ua.DataValue:
    """A value with its StatusCode, SourceTimestamp and ServerTimestamp; both are aware UTC."""
    return ua.DataValue(variant, status, cast("ua.DateTime", source), cast("ua.DateTime", server))


def status_error(code: int) -> UaStatusCodeError:
    """What refuses an operation with this StatusCode."""
    error: UaStatusCodeError = UaStatusCodeError(code)  # type: ignore[no-untyped-call]
    return error


def english(text: str) -> ua.LocalizedText:
    """A text in the language of all texts of the gateway; null for none."""
    return ua.LocalizedText(text, LOCALE) if text else ua.LocalizedText()
