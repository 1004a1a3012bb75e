"""A group with items on it, packed or one by one, and what they have to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from gateway.adapters.opcua.notifications.encoded_value import timestamp_mask
from gateway.adapters.opcua.notifications.group_values import GroupValues
from gateway.adapters.opcua.notifications.item import Item
from gateway.adapters.opcua.notifications.packed_items import PackedItems
from gateway.adapters.opcua.notifications.pieces import Piece
from gateway.adapters.opcua.notifications.point_values import VARIANT_TYPE
from gateway.adapters.opcua.notifications.point_views import PointView
from gateway.adapters.opcua.notifications.report_rule import ReportRule
from gateway.adapters.opcua.notifications.row_form import row_form
from gateway.adapters.opcua.notifications.sampling import Sampling
from gateway.adapters.opcua.notifications.value_queue import ValueQueue
from gateway.model.points import PointGroup, PointSpec, ValueKind

BOTH = ua.TimestampsToReturn.Both


def group_of(*kinds: ValueKind) -> PointGroup:
    points = tuple(PointSpec((f"P{index}",), kind, "") for index, kind in enumerate(kinds))
    return PointGroup(0, "stack", points)


def decoded(pieces: Sequence[Piece]) -> list[ua.MonitoredItemNotification]:
    """What a client reads out of pieces; every byte is used."""
    notifications = []
    for piece in pieces:
        data = Buffer(piece.handle + piece.data)
        notifications += [struct_from_binary(ua.MonitoredItemNotification, data) for _one in range(piece.count)]
        assert len(data) == 0
        assert not piece.size or piece.size * piece.count == len(piece.data)
    return notifications


@dataclass
class Watched:
    """Every point of a group, watched by packed items and by single ones at once."""

    values: GroupValues
    queue_size: int = 1
    rule: ReportRule = field(default_factory=ReportRule)
    times: ua.TimestampsToReturn = BOTH
    sampling_interval: float = 0.0

    def __post_init__(self) -> None:
        self.packed: dict[object, PackedItems] = {}
        self.single: list[ValueQueue] = []
        self.items: list[Item] = []

    def item(self, group: PointGroup, index: int) -> Item:
        return Item(
            index + 1, 100 + index, ua.ReadValueId(), self.times, ua.MonitoringMode.Reporting, self.rule,
            self.sampling_interval, self.queue_size, True,
            place=index, variant_type=VARIANT_TYPE[group.points[index].kind],
        )  # fmt: skip

    def watch(self, group: PointGroup) -> None:
        for index in range(len(group.points)):
            packed, single = self.item(group, index), self.item(group, index)
            form = row_form(packed.variant_type, timestamp_mask(self.times))
            assert form is not None
            if form not in self.packed:
                self.packed[form] = PackedItems(
                    self.values, form, self.queue_size, Sampling(self.sampling_interval), self.rule.trigger,
                    lambda _queue: None,
                )  # fmt: skip
            self.packed[form].add(packed, report=True)
            self.items.append(packed)
            view = PointView(0, index, packed.variant_type)
            queue = ValueQueue(single, lambda _queue: None, lambda: None)
            self.values.watch(view, queue)
            queue.begin(self.values.read(view), report=True)
            self.single.append(queue)

    def drain_packed(self) -> list[bytes]:
        """Notifications of every item as bytes, those of one item in order."""
        return _sorted([piece for packed in self.packed.values() for piece in packed.drain()])

    def drain_single(self) -> list[bytes]:
        return _sorted([piece for queue in self.single for piece in queue.drain()])


def _sorted(pieces: Sequence[Piece]) -> list[bytes]:
    rows: list[bytes] = []
    for piece in pieces:
        size = piece.size or piece.length
        data = piece.handle + piece.data
        rows += [data[at : at + size] for at in range(0, len(data), size)]
    return sorted(rows, key=lambda row: row[:4])  # by handle; the sort is stable
