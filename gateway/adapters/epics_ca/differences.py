"""What a client sees otherwise than from a soft IOC of EPICS base with the same records, and why.

A test asks both for every record and field in every DBR type; what differs and is not here makes it fail, and so does
what is here and does not differ any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DifferenceName(StrEnum):
    """One difference."""

    TEXT_AS_CHARACTERS = "text as characters"
    LENGTH_OF_LONG_STRING = "length of a long string"
    LONG_DESCRIPTION = "long description"
    NUMBER_TOO_LARGE = "number too large"
    LIMITS_OF_INT64 = "limits of int64in"
    ALARM_MESSAGE = "alarm message"
    UNACKNOWLEDGED_AT_START = "unacknowledged at the start"
    TIME_AT_START = "time at the start"
    TEXT_AT_START = "text at the start"
    WRITABLE_COMMAND = "writable command"
    IDLE_COMMAND = "idle command"
    RANGE_OF_COMMAND = "range of a command"
    CLASS_OF_ARRAY = "class of an array"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        where: Records, fields and DBR types.
        gateway: What the gateway shows.
        base: What EPICS base shows.
        why: Why it stays.
    """

    where: str
    gateway: str
    base: str
    why: str


DIFFERENCES: dict[DifferenceName, Difference] = {
    DifferenceName.TEXT_AS_CHARACTERS: Difference(
        "texts in DBR_CHAR types, without `$`",
        "the characters",
        "the text as a number, or an error",
        "clients that know nothing of `$` get texts of more than 39 characters too",
    ),
    DifferenceName.LENGTH_OF_LONG_STRING: Difference(
        "`.VAL$`, `.DESC$` and the like, asked for as many elements as there are",
        "as many as the text has, in every DBR_CHAR type",
        "in the types with STS, GR and CTRL as many as there is room for, filled up with zeros",
        "clients cut the text at its first zero; shorter messages",
    ),
    DifferenceName.LONG_DESCRIPTION: Difference(
        "`.DESC$`",
        "up to 255 characters",
        "40 characters",
        "descriptions of the settings are longer than that",
    ),
    DifferenceName.NUMBER_TOO_LARGE: Difference(
        "numbers beyond the integer type asked for, limits included; no number (NaN) as LONG",
        "the nearest number that the type has; 0 for NaN",
        "whatever the processor makes of it, such as the lowest bits",
        "a value of 300 that is read as 44 misleads",
    ),
    DifferenceName.LIMITS_OF_INT64: Difference(
        "int64in in GR and CTRL types, alarm limits that are not set",
        "NaN",
        "0; for other records NaN",
        "screens draw no line for NaN, but one at 0",
    ),
    DifferenceName.ALARM_MESSAGE: Difference(
        "`.AMSG`",
        "the [state of the value](quality.md), such as `communication-lost`",
        "empty, or what device support says",
        "it tells states apart that share STAT and SEVR",
    ),
    DifferenceName.UNACKNOWLEDGED_AT_START: Difference(
        "ACKS and DBR_STSACK before the first value",
        "INVALID, as SEVR",
        "NO_ALARM",
        "nobody acknowledges here (ACKT is NO), so ACKS is SEVR at all times",
    ),
    DifferenceName.TIME_AT_START: Difference(
        "time stamp before the first value",
        "the start of the gateway",
        "1990-01-01",
        "archivers refuse stamps of 1990",
    ),
    DifferenceName.TEXT_AT_START: Difference(
        "lsi before the first value",
        "an empty text",
        "no element at all",
        "not every client expects an answer without elements",
    ),
    DifferenceName.WRITABLE_COMMAND: Difference(
        "longout, ao, bo, and waveform where it is a command",
        "VAL of commands may be written where an action is open",
        "as its access security says; that of the test lets nobody write",
        "actions have their own checks behind the put",
    ),
    DifferenceName.IDLE_COMMAND: Difference(
        "longout and ao",
        "0 while nothing is armed",
        "the nearest value from DRVL to DRVH",
        "0 is no argument, so it says that nothing is armed",
    ),
    DifferenceName.RANGE_OF_COMMAND: Difference(
        "bo in numeric CTRL types",
        "control limits 0 and 0",
        "0 and 65535",
        "a command takes its two states and no other number",
    ),
    DifferenceName.CLASS_OF_ARRAY: Difference(
        "waveform as DBR_CLASS_NAME",
        "one element, the name",
        "as many elements as asked for, or as the array may have; all but the first are left over from other answers",
        "there is one name",
    ),
}
"""One row per difference; `docs/reference/epics-differences.md` is generated from it."""
