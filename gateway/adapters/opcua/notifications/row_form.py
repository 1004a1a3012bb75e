"""The bytes of MonitoredItemNotifications of equal length as rows of a numpy array (OPC 10000-4 section 7.25.2).

A subscriber's items of one group make one array: handles and types are fixed, values and times are filled in per tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from gateway.adapters.opcua.engine.service_messages import SERVER, SOURCE
from gateway.adapters.opcua.notifications.tick import Bits

_VALUE_BIT = 0x01

_VALUE_TYPE: dict[ua.VariantType, str] = {
    ua.VariantType.Double: "<u8",
    ua.VariantType.Int64: "<u8",
    ua.VariantType.Float: "<f4",
    ua.VariantType.Int32: "<i4",
    ua.VariantType.Boolean: "u1",
}
"""Double and Int64 are copied bit by bit, so they share rows."""


@dataclass(frozen=True, slots=True)
class RowForm:
    """Form of one kind of row.

    Attributes:
        value_type: numpy's name of the value's type.
        times: Bits of the time stamps; see `timestamp_mask`.
        row: numpy's type of a whole row.
    """

    value_type: str
    times: int
    row: np.dtype[Any]

    def values(self, bits: Bits) -> NDArray[Any]:
        """Values of this form from the eight bytes that a tick keeps of each; same shape."""
        if self.value_type == "<u8":
            return bits
        if self.value_type == "<f4":
            return bits.view(np.float64).astype(np.float32)
        return bits.astype(self.value_type)

    def empty(self, size: int) -> NDArray[Any]:
        """Rows whose encoding mask stands; handles, types, values and times are to be filled in."""
        rows = np.zeros(size, self.row)
        rows["mask"] = _VALUE_BIT | self.times
        return rows


@cache
def row_form(variant_type: ua.VariantType, times: int) -> RowForm | None:
    """Form of the rows of items of one type; None for types whose values have no fixed length."""
    value_type = _VALUE_TYPE.get(variant_type)
    if value_type is None:
        return None
    fields = [("handle", "<u4"), ("mask", "u1"), ("type", "u1"), ("value", value_type)]
    if times & SOURCE:
        fields.append(("source", "<i8"))
    if times & SERVER:
        fields.append(("server", "<i8"))
    return RowForm(value_type, times, np.dtype(fields))
