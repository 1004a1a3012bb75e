"""Notifications counted and dated from their bytes (OPC 10000-4 section 7.25.2, OPC 10000-6 section 5.2.2.17)."""

from __future__ import annotations

import struct

import numpy as np

from bench.latency import Latency

_UNIX_EPOCH_TICKS = 116_444_736_000_000_000
_FIXED_SIZE = {0: 0, 1: 1, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8, 13: 8}
_STRING = 12
_VALUE, _STATUS, _SOURCE, _SERVER, _SOURCE_PICOSECONDS, _SERVER_PICOSECONDS = 1, 2, 4, 8, 16, 32
_LATER_FIELDS = (
    (_STATUS, "status", "<u4"),
    (_SOURCE, "source", "<i8"),
    (_SOURCE_PICOSECONDS, "source_picoseconds", "<u2"),
    (_SERVER, "server", "<i8"),
    (_SERVER_PICOSECONDS, "server_picoseconds", "<u2"),
)
_LONG = struct.Struct("<i")
_COUNT_AND_HANDLE = struct.Struct("<IB")
_TICKS = struct.Struct("<q")


def count(data: bytes, latency: Latency) -> int:
    """Count the notifications in the body of a DataChangeNotification and note their ages; returns their number."""
    number: int = _LONG.unpack_from(data)[0]
    if not _count_alike(data, number, latency):
        _walk(data, number, latency)
    return number


def _count_alike(data: bytes, number: int, latency: Latency) -> bool:
    """The quick way, where all values have the same fields and the same type of fixed size."""
    if not number:
        return True
    _handle, mask = _COUNT_AND_HANDLE.unpack_from(data, _LONG.size)
    kind = data[_LONG.size + _COUNT_AND_HANDLE.size]
    if not mask & _VALUE or not mask & _SOURCE or not _FIXED_SIZE.get(kind):
        return False
    fields = [("handle", "<u4"), ("mask", "u1"), ("kind", "u1"), ("value", f"V{_FIXED_SIZE[kind]}")]
    fields += [(name, form) for bit, name, form in _LATER_FIELDS if mask & bit]
    rows = np.dtype(fields)
    if _LONG.size + number * rows.itemsize > len(data):
        return False
    values = np.frombuffer(data, rows, number, _LONG.size)
    if (values["mask"] != mask).any() or (values["kind"] != kind).any():
        return False
    for ticks, events in zip(*np.unique(values["source"], return_counts=True), strict=True):
        latency.arrived(int(events), (int(ticks) - _UNIX_EPOCH_TICKS) // 10)
    return True


def _walk(data: bytes, left: int, latency: Latency) -> None:
    at = _LONG.size
    for _ in range(left):
        _handle, mask = _COUNT_AND_HANDLE.unpack_from(data, at)
        at += _COUNT_AND_HANDLE.size
        if mask & _VALUE:
            kind = data[at]
            at += 1
            at += 4 + max(0, _LONG.unpack_from(data, at)[0]) if kind == _STRING else _FIXED_SIZE[kind]
        at += 4 if mask & _STATUS else 0
        (ticks,) = _TICKS.unpack_from(data, at) if mask & _SOURCE else (_UNIX_EPOCH_TICKS,)
        at += (8 if mask & _SOURCE else 0) + (8 if mask & _SERVER else 0)
        at += (2 if mask & _SOURCE_PICOSECONDS else 0) + (2 if mask & _SERVER_PICOSECONDS else 0)
        latency.arrived(1, (ticks - _UNIX_EPOCH_TICKS) // 10)
