"""Whether values are of the types that their points were announced with."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.value import Value


class ValueTypes:
    """Checks the values of one group; values of the same types as those of the last time are soon done with.

    Args:
        accepted: Types that each point takes; None is no value, and always taken.
    """

    def __init__(self, accepted: Sequence[frozenset[type]]) -> None:
        self._accepted = accepted
        self._right: tuple[type, ...] = ()
        """Types that every point takes."""

    def wrong(self, values: Sequence[Value], changed: Sequence[int]) -> int | None:
        """The first point of `changed` whose value it does not take; None where all do."""
        types = tuple(map(type, values))
        if types == self._right:
            return None
        for index in changed:
            if not self._takes(index, types[index]):
                return index
        if all(map(self._takes, range(len(types)), types)):
            self._right = types
        return None

    def _takes(self, index: int, one: type) -> bool:
        return one in self._accepted[index] or one is type(None)
