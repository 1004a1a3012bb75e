"""The table of one analyser: all its channels at one instant, as one NTTable with a row for each channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from p4p import Value

from gateway.adapters.epics_pva.last_values import LastValues, Shown
from gateway.adapters.epics_pva.normative_types import AlarmLook, stamp_fields, table_type
from gateway.adapters.epics_pva.puts import Puts
from gateway.adapters.epics_pva.pvi_tree import field_name
from gateway.adapters.epics_pva.table_rows import table_rows
from gateway.adapters.epics_pva.watched_pv import WatchedPv
from gateway.model.points import DeviceSpec, ValueKind
from gateway.model.quality import State

Column = Callable[[Shown], list[Any]]


class AnalyserTable(WatchedPv):
    """Columns: `channel`, one for each point that all channels have, `unit`, `severity` and `status` of the value.

    Alarm of the table is the worst of its rows; its time stamp is that of the tick.

    Args:
        device: The analyser, with at least one channel that is a row.
        last: Values of its first group.
        looks: How their states look.
        puts: Where puts go.
    """

    def __init__(self, device: DeviceSpec, last: LastValues, looks: Mapping[State, AlarmLook], puts: Puts) -> None:
        super().__init__(last, puts)
        self._description = device.description
        self._looks = looks
        points = device.groups[0].points
        self._places = {point.path: index for index, point in enumerate(points) if point.length is None}
        names = table_rows(device)
        self._rows = [self._places[name, "Value"] for name in names]
        kinds = {"channel": ValueKind.TEXT}
        self._fixed: dict[str, list[str]] = {"channel": [*names]}
        self._columns: dict[str, Column] = {}
        for part in self._common_parts(names):
            indices = [self._places[name, part] for name in names]
            column = field_name(part)
            kinds[column] = points[indices[0]].kind
            self._columns[column] = _values_at(indices)
        self._fixed["unit"] = [points[index].unit for index in self._rows]
        self._columns["severity"] = lambda shown: [self._look(shown, index).severity for index in self._rows]
        self._columns["status"] = lambda shown: [self._look(shown, index).message for index in self._rows]
        kinds |= {"unit": ValueKind.TEXT, "severity": ValueKind.INTEGER, "status": ValueKind.TEXT}
        self._type = table_type(kinds)
        self._labels = list(kinds)

    def _common_parts(self, names: Sequence[str]) -> list[str]:
        """Names of the points that every channel has, in the order of the first."""
        parts = [path[1] for path in self._places if len(path) == 2 and path[0] == names[0]]
        return [part for part in parts if all((name, part) in self._places for name in names)]

    def _look(self, shown: Shown, index: int) -> AlarmLook:
        return self._looks[shown.states[index]]

    def _worst(self, shown: Shown) -> AlarmLook:
        return max((self._look(shown, index) for index in self._rows), key=lambda look: look.severity)

    def _stamp(self, shown: Shown) -> dict[str, int]:
        return stamp_fields(max(shown.stamps[index] for index in self._rows))

    def whole(self, shown: Shown) -> Value:
        """Every column."""
        columns = self._fixed | {name: column(shown) for name, column in self._columns.items()}
        content = {
            "labels": self._labels,
            "descriptor": self._description,
            "value": columns,
            "alarm": self._worst(shown).fields(),
            "timeStamp": self._stamp(shown),
        }
        return Value(self._type, content)

    def change(self, before: Shown, now: Shown) -> Value | None:
        """The columns that have changed, in one piece; None where no row has been written."""
        columns = {name: column(now) for name, column in self._columns.items()}
        columns = {name: content for name, content in columns.items() if content != self._columns[name](before)}
        stamp, worst = self._stamp(now), self._worst(now)
        if not columns and stamp == self._stamp(before):
            return None
        content: dict[str, Any] = {"timeStamp": stamp, "value": columns}
        if worst != self._worst(before):
            content["alarm"] = worst.fields()
        return Value(self._type, content)


def _values_at(indices: Sequence[int]) -> Column:
    return lambda shown: [shown.values[index] for index in indices]
