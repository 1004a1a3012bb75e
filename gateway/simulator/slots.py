"""The ten channel slots of a Servomex 4100, in the order of its register map and of its frames."""

from __future__ import annotations

from gateway.model.readings import ChannelKind

SLOTS = ("I1", "I2", "I3", "I4", "D1", "D2", "D3", "D4", "E1", "E2")
"""Transducers I, derived measurements D, external mA inputs E."""

TRANSDUCERS = SLOTS[:4]
EXTERNALS = SLOTS[8:]

UNNAMED = "||||||"
"""What the instrument shows for a channel without a name, in both wire modes."""

_KINDS = {"I": ChannelKind.MEASURED, "D": ChannelKind.DERIVED, "E": ChannelKind.EXTERNAL}


def kind_of(slot: str) -> ChannelKind:
    """Where the value of a slot comes from."""
    return _KINDS[slot[0]]


def parent_of(slot: str) -> str:
    """The slot whose fault, maintenance, calibration and warm-up flags a slot shows: D1 shows those of I1."""
    return f"I{slot[1]}" if slot[0] == "D" else slot
