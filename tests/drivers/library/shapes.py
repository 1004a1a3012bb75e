"""Payloads in every shape of the family, made of plain objects: nothing of the driver looks at a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """What a payload is to say."""

    device: str
    name: str
    value: float
    unit: str
    monotonic_ns: int


def result(value: object = None, error: BaseException | None = None) -> SimpleNamespace:
    """What a manager says of one device."""
    return SimpleNamespace(ok=error is None, value=value, error=error)


def failed(device: str, error: BaseException) -> SimpleNamespace:
    """A sample of a failed poll."""
    return SimpleNamespace(device=device, t_mono_ns=1, t_utc=NOON, frame=None, reading=None, error=error)


def scalar(told: Told, **more: Any) -> SimpleNamespace:
    """One parameter per sample (Watlow)."""
    own = {"device": told.device, "parameter": told.name, "instance": 1, "value": told.value, "unit": told.unit}
    return SimpleNamespace(**own, t_mono_ns=told.monotonic_ns, t_utc=NOON, **more)


def older(told: Told, **more: Any) -> SimpleNamespace:
    """One channel per sample, with the older names of the times (Servomex)."""
    reading = SimpleNamespace(channel=told.name, value=told.value, unit=told.unit, **more)
    times = {"monotonic_ns": told.monotonic_ns, "received_at": NOON}
    return SimpleNamespace(device=told.device, channel=told.name, reading=reading, error=None, **times)


def frame(told: Sequence[Told], **more: Any) -> SimpleNamespace:
    """All channels of a device in one frame (Fuji)."""
    readings = tuple(SimpleNamespace(channel=one.name, value=one.value, unit=one.unit, **more) for one in told)
    times = {"t_mono_ns": told[0].monotonic_ns, "t_utc": NOON}
    return SimpleNamespace(device=told[0].device, frame=SimpleNamespace(readings=readings), error=None, **times)


@dataclass(frozen=True)
class Wide:
    """All channels of a device in mappings (Alicat, polled boards)."""

    device: str
    values: Mapping[str, object]
    units: Mapping[str, str | None]
    t_mono_ns: int
    t_utc: datetime = NOON
    sensor_status: Mapping[str, object] = field(default_factory=dict)
    error: BaseException | None = None


def wide(told: Sequence[Told], **more: Any) -> Wide:
    values = {one.name: one.value for one in told}
    return Wide(told[0].device, values, {one.name: one.unit for one in told}, told[0].monotonic_ns, **more)


def block(told: Sequence[Told], samples: int = 4, **more: Any) -> SimpleNamespace:
    """All channels of a device, several samples each (hardware-clocked boards); every sample is the value."""
    return SimpleNamespace(
        device=told[0].device,
        channels=tuple(one.name for one in told),
        data=np.array([[one.value] * samples for one in told]),
        block_index=0,
        units={one.name: one.unit for one in told},
        t_mono_ns=told[0].monotonic_ns,
        t_utc=NOON,
        error=None,
        **more,
    )
