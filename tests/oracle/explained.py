"""Which difference between two answers is which of those that are explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.adapters.epics_ca.described_records import DescribedRecord
from gateway.adapters.epics_ca.differences import DifferenceName

CHAR, ENUM = 4, 3
BOUNDS = {1: (-(2**15), 2**15 - 1), ENUM: (0, 2**16 - 1), CHAR: (0, 255), 5: (-(2**31), 2**31 - 1)}
"""Of the integer types, by their place in each class of DBR types."""
STSACK_STRING, CLASS_NAME = 37, 38


@dataclass(frozen=True)
class Finding:
    """One difference between the gateway and EPICS base.

    Attributes:
        record_type: RTYP.
        is_command: Whether the gateway lets clients write to it.
        field: Behind the dot, `$` included; empty for the record itself.
        dbr_type: Number of the DBR type; None for what is true of the channel.
        aspect: What differs: `count`, `answer`, `limits`, `write` ...
        gateway: What the gateway says; None for nothing.
        base: What base says.
        is_text: Whether the channel is of type STRING.
    """

    record_type: str
    is_command: bool
    field: str
    dbr_type: int | None
    aspect: str
    gateway: Any
    base: Any
    is_text: bool

    @property
    def native(self) -> int | None:
        return None if self.dbr_type is None or self.dbr_type >= 35 else self.dbr_type % 7

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """Elements that differ, where both have as many."""
        if not (isinstance(self.gateway, list) and isinstance(self.base, list) and len(self.gateway) == len(self.base)):
            return []
        return [(ours, theirs) for ours, theirs in zip(self.gateway, self.base, strict=True) if ours != theirs]


def findings(record: DescribedRecord, field: str, gateway: Any, base: Any) -> Iterator[Finding]:
    """Everything in which two answers differ."""
    of = record.reported_record_type, record.is_command, field
    if gateway is None or base is None:
        if gateway is not base:
            yield Finding(*of, None, "channel", gateway and "served", base and "served", False)
        return
    is_text = base["type"] == 0
    for aspect in ("type", "count", "read", "write"):
        if gateway[aspect] != base[aspect]:
            yield Finding(*of, None, aspect, gateway[aspect], base[aspect], is_text)
    for key in sorted({*gateway["dbr"], *base["dbr"]}):
        ours, theirs = gateway["dbr"].get(key), base["dbr"].get(key)
        dbr_type = None if key == "put" else int(key.partition("/")[0])
        for aspect, one, other in _aspects(ours or {}, theirs or {}):
            yield Finding(*of, dbr_type, "put" if key == "put" else aspect, one, other, is_text)


def _aspects(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*ours, *theirs]):
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _aspects(one, other)
        elif one != other:
            yield (f"{key} of CA" if key == "status" and "count" not in ours else key), one, other


def _is_longer(found: Finding) -> bool:
    if found.gateway is None or found.base is None:
        return False
    if found.aspect == "count":
        return bool(found.gateway <= found.base)
    ours, theirs = found.gateway, found.base
    return found.aspect == "value" and theirs[: len(ours)] == ours and not any(theirs[len(ours) :])


def _is_clipped(found: Finding) -> bool:
    if found.native not in BOUNDS or not found.pairs:
        return False
    bounds = BOUNDS[found.native]
    return all(ours in bounds or theirs == BOUNDS[5][0] for ours, theirs in found.pairs)


RULES: dict[DifferenceName, Callable[[Finding], bool]] = {
    DifferenceName.TEXT_AS_CHARACTERS: lambda found: found.is_text and found.native == CHAR,
    DifferenceName.LENGTH_OF_LONG_STRING: lambda found: (
        found.field.endswith("$") and found.dbr_type in (11, 25, 32) and _is_longer(found)
    ),
    DifferenceName.LONG_DESCRIPTION: lambda found: found.field == "DESC$",
    DifferenceName.NUMBER_TOO_LARGE: _is_clipped,
    DifferenceName.LIMITS_OF_INT64: lambda found: (
        found.record_type == "int64in"
        and found.aspect == "limits"
        and bool(found.pairs)
        and all(pair == ("nan", "0.0") for pair in found.pairs)
    ),
    DifferenceName.ALARM_MESSAGE: lambda found: found.field in ("AMSG", "AMSG$"),
    DifferenceName.UNACKNOWLEDGED_AT_START: lambda found: (
        (found.aspect == "acks" or found.field == "ACKS") and found.base in (0, [0], ["0.0"], ["NO_ALARM"])
    ),
    DifferenceName.TIME_AT_START: lambda found: found.aspect == "stamp" and found.base == [0, 0],
    DifferenceName.TEXT_AT_START: lambda found: (
        found.record_type == "lsi" and found.field in ("", "VAL$") and found.base in (0, [])
    ),
    DifferenceName.WRITABLE_COMMAND: lambda found: (
        found.is_command and not found.field and found.aspect in ("write", "put")
    ),
    DifferenceName.IDLE_COMMAND: lambda found: (
        found.record_type in ("longout", "ao")
        and found.is_command
        and not found.field
        and found.gateway in ([0], ["0"], ["0.000"], ["0.0"])
    ),
    DifferenceName.RANGE_OF_COMMAND: lambda found: (
        found.record_type == "bo" and not found.field and found.aspect == "limits"
    ),
    DifferenceName.CLASS_OF_ARRAY: lambda found: (
        found.record_type == "waveform" and found.dbr_type == CLASS_NAME and found.aspect == "count"
    ),
}


def explanation(found: Finding) -> DifferenceName | None:
    """The difference that this is one case of; None if nobody has explained it."""
    return next((name for name, rule in RULES.items() if rule(found)), None)
