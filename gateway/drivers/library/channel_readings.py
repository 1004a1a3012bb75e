"""From one observation to the readings of every point of its channel, and to their stamp."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from gateway.drivers.library.payload import Observation
from gateway.drivers.library.points import MEAN, STATUS, VALUE, WAVEFORM
from gateway.drivers.library.settings import LibraryChannel
from gateway.drivers.library.values import mean, scalar, waveform
from gateway.drivers.library.words import WELL
from gateway.model.readings import ChannelKind, ChannelStatus, Reading
from gateway.model.stamp import Stamp
from gateway.model.value import Value

UNREADABLE = "unreadable"
"""Word for the channels of a device that could not be read, while others could."""


def readings(
    name: str, channel: LibraryChannel, one: Observation, row: NDArray[np.float64] | None, status: ChannelStatus
) -> Iterator[Reading]:
    """Every point of a channel.

    Args:
        name: Its name in the settings.
        channel: Its settings.
        one: What the library says of it.
        row: The samples in that, None where there are none.
        status: What its words mean.
    """
    if channel.length is None:
        number = scalar(one.value, channel.kind) if row is None else mean(row)
        yield _reading(name, VALUE, one, number, status)
    else:
        yield _reading(name, WAVEFORM, one, None if row is None else waveform(row, channel.length), status)
        yield _reading(name, MEAN, one, None if row is None else mean(row), status)
    yield Reading(f"{name}/{STATUS}", ChannelKind.MEASURED, one.name, ", ".join(one.words), "", WELL)


def unreadable(name: str, channel: LibraryChannel, wanted: str) -> Iterator[Reading]:
    """Every point of a channel whose device could not be read."""
    return readings(name, channel, Observation("", wanted, None, words=(UNREADABLE,)), None, WELL)


def _reading(name: str, point: str, one: Observation, value: Value, status: ChannelStatus) -> Reading:
    return Reading(f"{name}/{point}", ChannelKind.MEASURED, one.name, value, one.unit, status)


def stamp_of(one: Observation, arrival: Stamp) -> Stamp:
    """When it was acquired, never later than it arrived: some libraries put the middle of a block into the future."""
    if one.monotonic_ns is None or one.monotonic_ns > arrival.monotonic_ns:
        return arrival
    if one.utc is not None:
        return Stamp.from_utc(one.utc, one.monotonic_ns)
    age = timedelta(microseconds=(arrival.monotonic_ns - one.monotonic_ns) // 1000)
    return Stamp.from_utc(arrival.utc - age, one.monotonic_ns)
