"""Parts of arrays: the channel filter `arr`, `PV.VAL[2:5]` or `PV.{"arr":{"s":2,"e":5}}`, as in EPICS base."""

from __future__ import annotations

from typing import NamedTuple

from gateway.adapters.epics_ca.array_values import ArrayValue
from gateway.adapters.epics_ca.encoding import Condition
from gateway.adapters.epics_ca.row_form import Numbers


class AskedSlice(NamedTuple):
    """What a client asks for; negative places count from the end of what there is.

    Attributes:
        first: First element.
        step: Every how many; what is less than 1 is 1.
        last: Last element.
    """

    first: int = 0
    step: int = 1
    last: int = -1

    def of(self, length: int) -> slice:
        """Places in an array of so many elements (`wrapArrayIndices` of the filter in EPICS base)."""
        first = self.first + length if self.first < 0 else self.first
        last = self.last + length if self.last < 0 else self.last
        return slice(min(max(first, 0), length), min(max(last, 0), length - 1) + 1, max(self.step, 1))


class ArraySlice(ArrayValue):
    """Some elements of an array.

    Args:
        whole: The array.
        asked: Which elements.
    """

    security_level = 0

    def __init__(self, whole: ArrayValue, asked: AskedSlice) -> None:
        super().__init__(whole.display, whole.reported_record_type)
        self._whole = whole
        self._asked = asked

    @property
    def condition(self) -> Condition:
        """Alarm and time of the array."""
        return self._whole.condition

    @property
    def version(self) -> object:
        """Another object for every array."""
        return self._whole.version

    @property
    def numbers(self) -> Numbers:
        """The elements asked for, as far as there are some."""
        numbers = self._whole.numbers
        return numbers[self._asked.of(len(numbers))]

    @property
    def max_length(self) -> int:
        """Elements of a full array."""
        most = self._whole.max_length
        return len(range(most)[self._asked.of(most)])

    def watch(self) -> None:
        """Somebody listens from now on who has to be told by `notify`."""
        self._whole.watch()

    def refresh(self, events: int, transition: int) -> None:
        """Tell the monitors; see `Part`."""
        if events:
            self.notify(events, transition)
