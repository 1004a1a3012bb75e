"""Values of the Server object: said once, or asked for whenever a client reads or samples them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds

from gateway.adapters.opcua.engine.coroutine import run_without_suspending
from gateway.adapters.opcua.engine.wire_types import data_value, standard_node

_READ_ONLY = ua.Variant(ua.AccessLevel.CurrentRead.mask, ua.VariantType.Byte)


class ServedValues:
    """Gives values to the variables that OPC UA itself defines.

    Args:
        aspace: Where they are.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace

    def show(self, node: int, value: object, kind: ua.VariantType) -> None:
        """Let a variable have this value, and tell those who watch it. A list is an array."""
        now = datetime.now(UTC)
        data = data_value(_variant(value, kind), ua.StatusCode(), now, now)
        written = self._aspace.write_attribute_value(standard_node(node), AttributeIds.Value, data)
        run_without_suspending(written).check()

    def pull(self, node: int, read: Callable[[], object], kind: ua.VariantType) -> None:
        """Let a variable have the value that `read` returns at the moment. It must not suspend or raise."""

        def answer(_node_id: ua.NodeId, _attribute: AttributeIds) -> ua.DataValue:
            now = datetime.now(UTC)
            return data_value(_variant(read(), kind), ua.StatusCode(), now, now)

        self._aspace.set_attribute_value_callback(standard_node(node), AttributeIds.Value, answer).check()

    def make_read_only(self, node: int) -> None:
        """Say of a variable that it cannot be written, where the standard would allow it."""
        attributes = self._aspace[standard_node(node)].attributes
        for attribute in (AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
            attributes[attribute].value = ua.DataValue(_READ_ONLY)


def _variant(value: object, kind: ua.VariantType) -> ua.Variant:
    return ua.Variant(value, kind, is_array=isinstance(value, list))
