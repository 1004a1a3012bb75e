"""The latest values of one group of points, and who watches them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from asyncua import ua

from gateway.adapters.opcua.engine.utc_ticks import utc
from gateway.adapters.opcua.notifications.encoded_value import EncodedValue
from gateway.adapters.opcua.notifications.point_views import DerivedView, PointView
from gateway.adapters.opcua.notifications.tick import NULL, Tick, TickMaker
from gateway.errors import AdapterError
from gateway.model.points import PointGroup, ValueKind
from gateway.model.quality import State
from gateway.model.value import Value

_TYPES: dict[ValueKind, type] = {
    ValueKind.FLOAT: float,
    ValueKind.INTEGER: int,
    ValueKind.BOOLEAN: bool,
    ValueKind.TEXT: str,
}


class TickWatcher(Protocol):
    """Whoever wants every tick of a group."""

    def take(self, tick: Tick) -> None:
        """A new tick. Never suspends."""
        ...


class ValueWatcher(Protocol):
    """Whoever wants every value of one view."""

    def take(self, value: EncodedValue) -> None:
        """A new value. Never suspends."""
        ...


class GroupValues:
    """Holds one group.

    Args:
        group: What it is.
        now: The present in 100 ns since 1601: points wait for data since then.
    """

    def __init__(self, group: PointGroup, now: int) -> None:
        size = len(group.points)
        self._group = group
        self._types = [_TYPES[point.kind] if point.length is None else memoryview for point in group.points]
        self._arrays = {index: point.length for index, point in enumerate(group.points) if point.length is not None}
        self._integers = frozenset(index for index, point in enumerate(group.points) if point.kind is ValueKind.INTEGER)
        self._quality = {state: (one.keeps_value, one.status_code) for state, one in group.quality.items()}
        self._values: Sequence[Value] = [None] * size
        self._states: Sequence[State] = [State.WAITING] * size
        self._source = [now] * size
        self._server = [now] * size
        self._maker = TickMaker(group.points)
        self._tick: Tick | None = None
        self._tick_watchers: dict[TickWatcher, None] = {}
        self._value_watchers: dict[PointView | DerivedView, dict[ValueWatcher, None]] = {}

    def apply(
        self,
        values: Sequence[Value],
        states: Sequence[State],
        changed: Sequence[int],
        source: int,
        server: int,
    ) -> None:
        """Take new values of the points that are named in `changed`, and tell whoever watches.

        Raises:
            AdapterError: A value is not of its point's kind; then nothing is taken.
        """
        values = self._checked(values, states, changed)
        if len(changed) == len(self._types):
            self._values, self._states = values, states
            self._source = [source] * len(self._types)
            self._server = [server] * len(self._types)
        else:
            self._values, self._states = list(self._values), list(self._states)
            for index in changed:
                self._values[index], self._states[index] = values[index], states[index]
                self._source[index], self._server[index] = source, server
        self._tick = None
        if self._tick_watchers:
            tick = self.tick()
            for watcher in self._tick_watchers:
                watcher.take(tick)
        if self._value_watchers:
            self._tell(frozenset(changed))

    def _tell(self, changed: frozenset[int]) -> None:
        for view, watchers in self._value_watchers.items():
            if isinstance(view, DerivedView) or view.index in changed:
                value = self.read(view)
                for watcher in watchers:
                    watcher.take(value)

    def _checked(self, values: Sequence[Value], states: Sequence[State], changed: Sequence[int]) -> Sequence[Value]:
        """The values, with whole numbers for floats made floats and values of states that keep none taken away."""
        types = self._types
        arrays: Iterable[int] = self._arrays
        if len(changed) == len(types):
            odd = [] if [*map(type, values)] == types else [i for i in changed if type(values[i]) is not types[i]]
            wholes: Iterable[int] = self._integers
        else:
            odd = [index for index in changed if type(values[index]) is not types[index]]
            wholes = self._integers.intersection(changed)
            arrays = self._arrays.keys() & changed if self._arrays else ()
        large = [index for index in wholes if type(whole := values[index]) is int and not _fits(whole)]
        large += [
            index
            for index in arrays
            if isinstance(array := values[index], memoryview) and not _is_served(array, self._arrays[index])
        ]
        if not odd and not large:
            return values
        checked = list(values)
        for index in (*odd, *large):
            checked[index] = self._converted(index, values[index], states[index])
        return checked

    def _converted(self, index: int, value: Value, state: State) -> Value:
        if value is None or not self._quality[state][0]:
            return None
        kind = self._types[index]
        if kind is float and type(value) is int:
            try:
                return float(value)
            except OverflowError:
                pass
        elif (kind is int and type(value) is int and _fits(value)) or (kind is str and isinstance(value, str)):
            return value
        point = self._group.points[index]
        given = f"{value.nbytes} bytes of format '{value.format}'" if isinstance(value, memoryview) else repr(value)
        wanted = str(point.kind) if point.length is None else f"an array of at most {point.length} doubles"
        raise AdapterError(
            f"{given} cannot be shown as {wanted}",
            where=f"{self._group.device}/{point.browse_path}",
            hint="the driver must deliver the kind it announced: report this as a bug of the driver",
        )

    def tick(self) -> Tick:
        """All points as they are now."""
        if self._tick is None:
            quality = self._quality
            codes: list[int] = []
            for value, state in zip(self._values, self._states, strict=True):
                keeps_value, code = quality[state]
                codes.append(code if keeps_value and value is not None else code | NULL)
            self._tick = self._maker.make(self._values, codes, self._source, self._server)
        return self._tick

    def read(self, view: PointView | DerivedView) -> EncodedValue:
        """The value of one view as it is now."""
        if isinstance(view, PointView):
            value: object = self._values[view.index]
            state = self._states[view.index]
            source, server = self._source[view.index], self._server[view.index]
        else:
            value, state = view.derive(self._values, self._states)
            source, server = max(self._source), max(self._server)
            if view.dated and value is not None:
                value = utc(source)
        keeps_value, code = self._quality[state]
        return EncodedValue.of_point(value if keeps_value else None, view.variant_type, code, source, server)

    def data_value(self, view: PointView | DerivedView) -> ua.DataValue:
        """The value of one view as asyncua has it."""
        return self.read(view).data_value(view.variant_type)

    @property
    def states(self) -> Sequence[State]:
        """States of all points as they are now; do not change."""
        return self._states

    def watch_ticks(self, watcher: TickWatcher) -> None:
        """Tell the watcher of every tick until `forget_ticks`."""
        self._tick_watchers[watcher] = None

    def forget_ticks(self, watcher: TickWatcher) -> None:
        """No longer tell the watcher."""
        self._tick_watchers.pop(watcher, None)

    def watch(self, view: PointView | DerivedView, watcher: ValueWatcher) -> None:
        """Tell the watcher of every value of a view until `forget`."""
        self._value_watchers.setdefault(view, {})[watcher] = None

    def forget(self, view: PointView | DerivedView, watcher: ValueWatcher) -> None:
        """No longer tell the watcher."""
        watchers = self._value_watchers.get(view, {})
        watchers.pop(watcher, None)
        if not watchers:
            self._value_watchers.pop(view, None)

    def forget_all(self) -> None:
        """Nobody watches any more."""
        self._tick_watchers.clear()
        self._value_watchers.clear()


def _fits(whole: int) -> bool:
    return -(2**63) <= whole < 2**63


def _is_served(array: memoryview, length: int) -> bool:
    return array.format == "d" and array.ndim == 1 and array.c_contiguous and len(array) <= length
