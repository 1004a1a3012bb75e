"""One value as the bytes of a DataValue (OPC 10000-6 section 5.2.2.17), packed once for all subscribers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary, variant_to_binary

from gateway.adapters.opcua.engine.double_array import array_variant, variant_parts
from gateway.adapters.opcua.engine.index_range import IndexRange, cut_value
from gateway.adapters.opcua.engine.service_messages import SCALAR_PACKERS, SERVER, SOURCE
from gateway.adapters.opcua.engine.utc_ticks import utc, utc_ticks
from gateway.adapters.opcua.engine.wire_types import data_value, status_code

OVERFLOW = 0x0000_0480
"""InfoType DataValue with the Overflow bit (OPC 10000-4 section 7.39.1)."""

Timestamps = ua.TimestampsToReturn
_MASK = {Timestamps.Source: SOURCE, Timestamps.Server: SERVER, Timestamps.Both: SOURCE | SERVER, Timestamps.Neither: 0}
_VALUE, _STATUS = 0x01, 0x02
_TIMES = (struct.Struct("<"), struct.Struct("<q"), struct.Struct("<qq"))
_NULL = ua.Variant(None, ua.VariantType.Null)
_HEAD = struct.Struct("<B")
_STATUS_CODE = struct.Struct("<I")
_TEXT = struct.Struct("<Bi")
_BAD = 0x8000_0000

Parts = tuple[bytes | memoryview, ...]
"""Bytes of a Variant, to be joined; nothing for no value."""


def timestamp_mask(timestamps: Timestamps) -> int:
    """The bits of a DataValue's encoding mask that stand for its time stamps."""
    return _MASK[timestamps]


def _variant(value: object, variant_type: ua.VariantType) -> Parts:
    if value is None:
        return ()
    if isinstance(value, memoryview):
        return variant_parts(value)
    if variant_type == ua.VariantType.String:
        text = str(value).encode(errors="replace")
        return _TEXT.pack(variant_type.value, len(text)), text
    pack = SCALAR_PACKERS.get(variant_type)
    if pack is None:
        encoded: bytes = variant_to_binary(ua.Variant(value, variant_type))
        return (encoded,)
    return (pack(variant_type.value, value),)


class EncodedValue:
    """A value with its quality and times, shared by all who want it.

    Attributes:
        value: For comparing; None where there is none.
        status: StatusCode, 32 bits.
        source: SourceTimestamp in 100 ns since 1601.
        server: ServerTimestamp, likewise.
        whole: What it is a part of; the value itself where it is no part.
    """

    __slots__ = ("_bytes", "_variant", "server", "source", "status", "value", "whole")

    def __init__(self, value: object, status: int, source: int, server: int, variant: Callable[[], Parts]) -> None:
        self.value = value
        self.status = status
        self.source = source
        self.server = server
        self.whole = value
        self._variant = variant
        self._bytes: dict[tuple[int, int], bytes] = {}

    @classmethod
    def of_point(
        cls, value: object, variant_type: ua.VariantType, status: int, source: int, server: int
    ) -> EncodedValue:
        """A value of a point; None is no value."""
        return cls(value, status, source, server, lambda: _variant(value, variant_type))

    @classmethod
    def without_value(cls, status: int, source: int, server: int) -> EncodedValue:
        """A StatusCode that stands for a value."""
        return cls(None, status, source, server, tuple)

    @classmethod
    def of_data_value(cls, data: ua.DataValue) -> EncodedValue:
        """A value that some other part of the server holds."""
        status = 0 if data.StatusCode is None else data.StatusCode.value
        variant = data.Value
        present = variant is not None and variant.VariantType != ua.VariantType.Null

        def encode() -> Parts:
            if not present:
                return ()
            bare = replace(
                data, StatusCode=None, SourceTimestamp=None, ServerTimestamp=None,
                SourcePicoseconds=None, ServerPicoseconds=None,
            )  # fmt: skip
            return (struct_to_binary(bare)[1:],)  # behind the encoding mask there is only the Variant

        value = variant.Value if present and variant is not None else None
        return cls(value, status, utc_ticks(data.SourceTimestamp), utc_ticks(data.ServerTimestamp), encode)

    def part(self, index_range: IndexRange, variant_type: ua.VariantType) -> EncodedValue:
        """A part of the value of a point; of a bad one without a value, the same.

        Raises:
            ServiceError: BadIndexRangeNoData: it has no such part.
        """
        if self.value is None and self.status & _BAD:
            return self
        value = cut_value(self.value, index_range)
        part = EncodedValue.of_point(value, variant_type, self.status, self.source, self.server)
        part.whole = self.whole
        return part

    def data_value(self, variant_type: ua.VariantType | None) -> ua.DataValue:
        """The value as asyncua has it; without a type it is guessed."""
        if self.value is None:
            variant = _NULL
        elif isinstance(self.value, memoryview):
            variant = array_variant(self.value)
        else:
            variant = ua.Variant(self.value) if variant_type is None else ua.Variant(self.value, variant_type)
        return data_value(variant, status_code(self.status), utc(self.source), utc(self.server))

    def encoded(self, times: int, flags: int = 0) -> bytes:
        """The DataValue.

        Args:
            times: See `timestamp_mask`.
            flags: Further bits of the StatusCode, such as `OVERFLOW`.
        """
        key = (times, flags)
        data = self._bytes.get(key)
        if data is None:
            data = self._bytes[key] = self._encode(times, flags)
        return data

    def _encode(self, times: int, flags: int) -> bytes:
        variant = self._variant()
        status = self.status | flags
        if not self.source:
            times &= ~SOURCE
        if not self.server:
            times &= ~SERVER
        mask = times | (_VALUE if variant else 0) | (_STATUS if status else 0)
        instants = [instant for bit, instant in ((SOURCE, self.source), (SERVER, self.server)) if times & bit]
        return b"".join(
            (
                _HEAD.pack(mask),
                *variant,
                _STATUS_CODE.pack(status) if status else b"",
                _TIMES[len(instants)].pack(*instants),
            )
        )
