"""Lengths that ask for more than was sent."""

from __future__ import annotations

import struct

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.engine.decoding import bound_decoding

bound_decoding()


def _array(kind: int, length: int, rest: bytes = b"", *, matrix: bool = False) -> bytes:
    return bytes([kind | (0xC0 if matrix else 0x80)]) + struct.pack("<i", length) + rest


@pytest.mark.parametrize(
    "sent",
    [
        _array(0, 2**31 - 1),  # Null takes no bytes
        _array(0, 2),
        _array(12, 2**31 - 1, struct.pack("<i", -4)),  # a String that steps back over its own length
        _array(15, 2**31 - 1, struct.pack("<i", -4)),
        _array(7, 2**31 - 1),
        _array(7, -5),
        _array(24, 2**31 - 1, b"\0"),
        _array(7, 1, struct.pack("<Iiii", 1, 2, 1000, 1000), matrix=True),
        _array(7, 0, struct.pack("<iii", 2, 2, 2), matrix=True),
        _array(7, 1, struct.pack("<Iiii", 1, 2, -1, -1), matrix=True),
    ],
)
def test_refused_at_once(sent: bytes) -> None:
    with pytest.raises((UaError, struct.error)):
        ua_binary.variant_from_binary(Buffer(sent))


def test_what_honest_clients_send_is_still_read() -> None:
    for variant in (
        ua.Variant(None, ua.VariantType.Null),
        ua.Variant(["a", "", None], ua.VariantType.String),
        ua.Variant([], ua.VariantType.UInt32, is_array=True),
        ua.Variant([[1, 2], [3, 4]], ua.VariantType.UInt32),
        ua.Variant([ua.Variant(1), ua.Variant(None)], ua.VariantType.Variant),
    ):
        sent = ua_binary.variant_to_binary(variant)
        assert ua_binary.variant_from_binary(Buffer(sent)).Value == variant.Value


@given(st.binary(max_size=40))
def test_nothing_decodes_to_much_more_than_was_sent(sent: bytes) -> None:
    try:
        value = ua_binary.variant_from_binary(Buffer(sent)).Value
    except Exception:  # noqa: BLE001  whatever it is, it was quick and small
        return
    if isinstance(value, list):
        assert len(value) <= len(sent)
