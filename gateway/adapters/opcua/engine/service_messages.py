"""Requests read and responses written as bytes, where asyncua's own way costs more than the service itself."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import variant_to_binary

from gateway.adapters.opcua.engine.utc_ticks import utc_now, utc_ticks

T = TypeVar("T")

SOURCE, SERVER = 0x04, 0x08
"""Bits of a DataValue's encoding mask for its time stamps (OPC 10000-6 section 5.2.2.17)."""

NULL_ARRAY = b"\xff\xff\xff\xff"

_RESPONSE = struct.Struct("<BBHqIIBiBBB")
_FOUR_BYTE_NODE_ID = 1
_KINDS = ua.VariantType
SCALAR_PACKERS = {
    kind: struct.Struct(f"<B{code}").pack
    for kind, code in {
        _KINDS.Boolean: "?", _KINDS.SByte: "b", _KINDS.Byte: "B", _KINDS.Int16: "h", _KINDS.UInt16: "H",
        _KINDS.Int32: "i", _KINDS.UInt32: "I", _KINDS.Int64: "q", _KINDS.UInt64: "Q",
        _KINDS.Float: "f", _KINDS.Double: "d",
    }.items()
}  # fmt: skip
"""Type byte and value of each scalar of fixed length."""

_MASK, _MASK_STATUS = struct.Struct("<B").pack, struct.Struct("<BI").pack
_STATUS, _TIME, _TIMES = struct.Struct("<I").pack, struct.Struct("<q").pack, struct.Struct("<qq").pack
_HAS_VALUE, _HAS_STATUS = 0x01, 0x02
_LENGTH = struct.Struct("<i")


def response_start(type_id: int, request_handle: int) -> bytes:
    """TypeId and ResponseHeader of a service that has succeeded (OPC 10000-4 section 7.34).

    Args:
        type_id: Binary encoding of the response.
        request_handle: From the request.
    """
    return _RESPONSE.pack(_FOUR_BYTE_NODE_ID, 0, type_id, utc_now(), request_handle, 0, 0, 0, 0, 0, 0)


def service_fault(request_handle: int, status: int) -> bytes:
    """A ServiceFault, its type in front (OPC 10000-4 section 7.35)."""
    return _RESPONSE.pack(
        _FOUR_BYTE_NODE_ID, 0, ObjectIds.ServiceFault_Encoding_DefaultBinary, utc_now(), request_handle, status,
        0, 0, 0, 0, 0,
    )  # fmt: skip


def array(parts: list[bytes]) -> bytes:
    """Elements, already encoded, as an array."""
    return _LENGTH.pack(len(parts)) + b"".join(parts)


def status_array(statuses: Sequence[int]) -> bytes:
    """An array of StatusCodes."""
    return struct.pack(f"<i{len(statuses)}I", len(statuses), *statuses)


def bad_data_value(status: int, times: int, now: int) -> bytes:
    """A DataValue that has nothing but a StatusCode, and the time at which this was found if that is wanted."""
    start = _MASK_STATUS(_HAS_STATUS | times & SERVER, status)
    return start + _TIME(now) if times & SERVER else start


def encode_data_value(data: ua.DataValue, times: int, source: int, now: int) -> bytes:
    """A DataValue.

    Args:
        data: To encode.
        times: `SOURCE` and `SERVER`, or 0 for no time stamp.
        source: SourceTimestamp of data that has none; 0 for none.
        now: ServerTimestamp of data that has none.
    """
    variant, code = data.Value, data.StatusCode
    status = 0 if code is None else code.value
    mask = times
    if variant is None or variant.VariantType == _KINDS.Null:
        value = b""
    else:
        mask |= _HAS_VALUE
        pack = SCALAR_PACKERS.get(variant.VariantType)
        if pack is None or variant.is_array:
            value = variant_to_binary(variant)
        else:
            value = pack(variant.VariantType, variant.Value)
    if times & SOURCE:
        source = source if data.SourceTimestamp is None else utc_ticks(data.SourceTimestamp)
        if not source:
            mask &= ~SOURCE
    if times & SERVER and data.ServerTimestamp is not None:
        now = utc_ticks(data.ServerTimestamp)
    instants = b""
    if mask & SOURCE:
        instants = _TIMES(source, now) if mask & SERVER else _TIME(source)
    elif mask & SERVER:
        instants = _TIME(now)
    if status:
        return b"".join((_MASK(mask | _HAS_STATUS), value, _STATUS(status), instants))
    return b"".join((_MASK(mask), value, instants))


def decoded(read: Callable[[Buffer], T], data: Buffer) -> T:
    """What one of asyncua's decoders makes of the data.

    Raises:
        ServiceError: BadDecodingError: whatever the decoder stumbled over.
    """
    try:
        return read(data)
    except Exception as error:  # it raises whatever the bytes happen to break
        raise ServiceError(StatusCodes.BadDecodingError) from error


def text_end(data: bytes, at: int) -> int:
    """Where the String that begins at `at` ends.

    Raises:
        ServiceError: BadDecodingError: the data ends before.
    """
    try:
        (length,) = _LENGTH.unpack_from(data, at)
    except struct.error as error:
        raise ServiceError(StatusCodes.BadDecodingError) from error
    end: int = at + _LENGTH.size + max(0, length)
    if end > len(data):
        raise ServiceError(StatusCodes.BadDecodingError)
    return end


def text(data: bytes, at: int) -> str:
    """The String that begins at `at`; a null String is empty."""
    return data[at + _LENGTH.size : text_end(data, at)].decode(errors="replace")
