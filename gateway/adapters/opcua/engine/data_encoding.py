"""DataEncoding of what is read or monitored (OPC 10000-4 section 7.29)."""

from __future__ import annotations

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes

_BINARY = "Default Binary"
_ENCODINGS = frozenset({_BINARY, "Default XML", "Default JSON"})


def require_binary(data: ua.DataValue, encoding: str) -> None:
    """Structures come in one encoding, and nothing else has any.

    Args:
        data: A value as it is.
        encoding: Name of the encoding that a client asks for.

    Raises:
        ServiceError: BadDataEncodingInvalid or BadDataEncodingUnsupported.
    """
    structured = data.Value is not None and data.Value.VariantType == ua.VariantType.ExtensionObject
    if not structured or encoding not in _ENCODINGS:
        raise ServiceError(StatusCodes.BadDataEncodingInvalid)
    if encoding != _BINARY:
        raise ServiceError(StatusCodes.BadDataEncodingUnsupported)
