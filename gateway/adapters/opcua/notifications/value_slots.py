"""One slot per point: where its value lives in the server, and how a value becomes an OPC UA DataValue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncua import ua
from asyncua.server.address_space import AttributeValue

from gateway.adapters.opcua.engine.coroutine import run_without_suspending
from gateway.adapters.opcua.engine.wire_types import data_value, status_code
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec, Value, ValueKind
from gateway.model.quality import QUALITY, State
from gateway.model.update import Update

_NULL = ua.Variant(None, ua.VariantType.Null)
_STATUS = {state: (quality.keeps_value, status_code(quality.status_code)) for state, quality in QUALITY.items()}


def _double(value: Value) -> ua.Variant:
    if type(value) is not float and type(value) is not int:
        raise TypeError(value)
    return ua.Variant(float(value), ua.VariantType.Double)


def _int64(value: Value) -> ua.Variant:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise TypeError(value)
    return ua.Variant(value, ua.VariantType.Int64)


def _boolean(value: Value) -> ua.Variant:
    if type(value) is not bool:
        raise TypeError(value)
    return ua.Variant(value, ua.VariantType.Boolean)


def _string(value: Value) -> ua.Variant:
    if not isinstance(value, str):
        raise TypeError(value)
    return ua.Variant(value, ua.VariantType.String)


_VARIANT: dict[ValueKind, Callable[[Value], ua.Variant]] = {
    ValueKind.FLOAT: _double,
    ValueKind.INTEGER: _int64,
    ValueKind.BOOLEAN: _boolean,
    ValueKind.TEXT: _string,
}


@dataclass(slots=True)
class _Slot:
    attribute: AttributeValue
    variant: Callable[[Value], ua.Variant]


class ValueSlots:
    """Slots of a whole site, index for index with its groups; they outlive the server that shows them.

    Args:
        site: The site; every point waits for its first data.
    """

    def __init__(self, site: SiteSpec) -> None:
        now = datetime.now(UTC)
        _keeps_value, waiting = _STATUS[State.WAITING]
        self._site = site
        self._groups = [
            [
                _Slot(AttributeValue(data_value(_NULL, waiting, now, now)), _VARIANT[point.kind])
                for point in group.points
            ]
            for group in site.groups
        ]

    @property
    def attributes(self) -> list[AttributeValue]:
        """Value attributes of all points, in the order of the site."""
        return [slot.attribute for group in self._groups for slot in group]

    def apply(self, update: Update) -> None:
        """Write the changed points and tell the subscriptions, without suspending.

        Raises:
            AdapterError: A value is not of its point's kind; then nothing of the update is written.
        """
        slots = self._groups[update.group]
        source, server = update.stamp.utc, datetime.now(UTC)
        values, states = update.values, update.states
        staged: list[tuple[AttributeValue, ua.DataValue]] = []
        for index in update.changed:
            slot, value = slots[index], values[index]
            keeps_value, status = _STATUS[states[index]]
            try:
                variant = slot.variant(value) if keeps_value and value is not None else _NULL
            except (TypeError, OverflowError) as error:
                raise self._wrong_kind(update, index) from error
            staged.append((slot.attribute, data_value(variant, status, source, server)))
        for attribute, data in staged:
            attribute.value = data
            for handle, callback in attribute.datachange_callbacks.items():
                run_without_suspending(callback(handle, data))

    def forget_subscribers(self) -> None:
        """Let go of a server that has stopped."""
        for attribute in self.attributes:
            attribute.datachange_callbacks.clear()

    def _wrong_kind(self, update: Update, index: int) -> AdapterError:
        group = self._site.groups[update.group]
        point = group.points[index]
        return AdapterError(
            f"{update.values[index]!r} cannot be shown as {point.kind}",
            where=f"{group.device}/{point.browse_path}",
            hint="the driver must deliver the kind it announced: report this as a bug of the driver",
        )
