"""What an analyser entry with `driver: library` may say beside the common keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import ValueKind


class Meaning(StrEnum):
    """What a word that a library says of a value means for its quality."""

    FAULT = "fault"
    INVALID = "invalid"
    CALIBRATING = "calibrating"
    WARMING_UP = "warming_up"
    MAINTENANCE = "maintenance"
    ALARM = "alarm"
    NOTHING = "nothing"


class LogLevel(StrEnum):
    """Least level at which a library may log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a library. What it returns is awaited and entered where it can be, and left in the end.

    Attributes:
        call: What is called, as `package.module:function` or `package:Class.method`.
        arguments: Its arguments by name. `$device` is the result of the step `device`, `$rate_hz` the rate of the
            analyser, `$package.module:NAME` what a module holds; `$$` begins a text with a dollar sign.
    """

    call: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LibraryChannel(ChannelSpec):
    """One value that the library delivers.

    Attributes:
        unit: Engineering unit that the library says, or, where it says none, that the values are in.
        range: Lowest and highest value expected.
        instrument_range: Lowest and highest value that the instrument can show. A value at one of its ends counts as
            clamped, except at an end that is 0.
        precision: Decimals worth showing.
        description: One line for people.
        limits: Alarm limits in `unit`.
        technology: How the channel measures; left out, it is not known.
        out_of_service: True while the channel is not to be used, whatever the library says of it.
        tag: Name of the signal in the plant.
        name: What the library calls it, where that is not the key: `Mass_Flow`, `process_value.2` for a second
            instance, `value` where it gives no name, `oven/CH1` where several devices deliver a `CH1`.
        kind: `float`, `integer`, `boolean` or `text`.
        length: Most samples of a block, whose samples and mean are then served; without it, the mean alone.
        stale_after_s: Seconds without it, while others come, after which it is stale.
    """

    unit: str = ""
    name: str = ""
    kind: ValueKind = ValueKind.FLOAT
    length: int | None = None
    stale_after_s: float = 5.0


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """An instrument that a Python library reads: any object with a stream of payloads, a summary and a rate.

    Attributes:
        record: The call whose result is the recording.
        channels: Values to serve, by name.
        steps: Calls before it, by name, in order, such as one that opens the instrument.
        flags: What words of the library mean for the quality of a value, where the default does not suit: word to
            `fault`, `invalid`, `calibrating`, `warming_up`, `maintenance`, `alarm` or `nothing`.
        log_level: Least level at which the library may log; what it delivers tells of failures anyway.
    """

    record: Call
    channels: Mapping[str, LibraryChannel] = field(default_factory=dict)
    steps: Mapping[str, Call] = field(default_factory=dict)
    flags: Mapping[str, Meaning] = field(default_factory=dict)
    log_level: LogLevel = LogLevel.ERROR

    @property
    def calls(self) -> Iterator[tuple[tuple[str, ...], Call]]:
        """Every call in order, with its place among the keys."""
        for name, step in self.steps.items():
            yield ("steps", name), step
        yield ("record",), self.record
