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
        self._accepted = [types | {type(None)} for types in accepted]
        self._right: tuple[type, ...] = ()
        """Types that every point takes."""

    def wrong(self, values: Sequence[Value], changed: Sequence[int]) -> int | None:
        """The first point of `changed` whose value it does not take; None where all do."""
        types = tuple(map(type, values))
        if types == self._right:
            return None
        for index in changed:
            if types[index] not in self._accepted[index]:
                return index
        if all(one in accepted for one, accepted in zip(types, self._accepted, strict=True)):
            self._right = types
        return None
