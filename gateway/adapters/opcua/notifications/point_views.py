"""How a node shows a point of the site. Nodes of information models share points with the plain tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncua import ua

from gateway.model.quality import State
from gateway.model.value import Value

Derive = Callable[[Sequence[Value], Sequence[State]], tuple[object, State]]
"""Pure function of the latest values and states of one group; gives what the variant type of the view can hold."""


@dataclass(frozen=True, slots=True)
class PointView:
    """The Value attribute of a node is that of one point.

    Attributes:
        group: `PointGroup.index`.
        index: Place of the point in the group.
        variant_type: How it is shown: Double, Float, Int64, Int32, Boolean or String, as suits the kind of the point.
        length: Most elements of an array; None for a single value.
    """

    group: int
    index: int
    variant_type: ua.VariantType
    length: int | None = None


@dataclass(frozen=True, slots=True)
class DerivedView:
    """The Value attribute of a node follows from several points of one group.

    Attributes:
        group: `PointGroup.index`.
        derive: Called only when somebody reads or watches.
        variant_type: How the result is shown.
        dated: Whether the value is the instant of the last update instead, for as long as `derive` gives one.
    """

    group: int
    derive: Derive
    variant_type: ua.VariantType
    dated: bool = False
