"""What libraries say of a value beside the number, as words, and what those words mean for its quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from gateway.drivers.library.settings import Meaning
from gateway.model.readings import ChannelStatus

MEANINGS: dict[str, Meaning] = {
    "fault": Meaning.FAULT,
    "error": Meaning.FAULT,
    "analyzer_error": Meaning.FAULT,
    "channel_error": Meaning.FAULT,
    "adc": Meaning.FAULT,
    "open": Meaning.FAULT,
    "sensor_open": Meaning.FAULT,
    "invalid": Meaning.INVALID,
    "source_invalid": Meaning.INVALID,
    "hold": Meaning.INVALID,
    "off": Meaning.INVALID,
    "overload": Meaning.INVALID,
    "underload": Meaning.INVALID,
    "low": Meaning.INVALID,
    "high": Meaning.INVALID,
    "temp_out_of_range_low": Meaning.INVALID,
    "temp_out_of_range_high": Meaning.INVALID,
    "calibrating": Meaning.CALIBRATING,
    "auto_calibration": Meaning.CALIBRATING,
    "warming_up": Meaning.WARMING_UP,
    "settling": Meaning.WARMING_UP,
    "unstable": Meaning.WARMING_UP,
    "maintenance": Meaning.MAINTENANCE,
    "mov": Meaning.ALARM,
    "opl": Meaning.ALARM,
    "pov": Meaning.ALARM,
    "tov": Meaning.ALARM,
    "vov": Meaning.ALARM,
}
"""Word, in small letters, to what it means; one that is not here is shown and means nothing.

Fuji: state of a reading. Sartorius: flags and state of a balance. Alicat: status codes, of the whole device, so that an
over-range cannot be put down to one value. DT-Open Layers: condition of a sensor.
"""

ALARMS = ("alarm1", "alarm2", "alarm3", "alarm4")
"""Words for the process alarms of an instrument that numbers them."""

_ALL_IS_WELL = frozenset({"", "ok", "good", "normal", "stable", "none", "unknown"})
_SET_WHEN_TRUE = ("fault", "invalid", "calibrating", "hold", "maintenance", "warming_up", "overload", "underload")
_SENSOR = {1: "open", 2: "low", 3: "high"}


def _word(thing: object) -> str:
    text = str(thing.value if isinstance(thing, Enum) else thing)
    return "" if text.casefold() in _ALL_IS_WELL else text


def status_words(reading: object) -> tuple[str, ...]:
    """What a reading says of itself: by its state, its status and its flags; each word once."""
    words = dict.fromkeys(_set_flags(reading))
    if getattr(reading, "stable", None) is False:
        words["unstable"] = None
    for thing in (getattr(reading, "state", None), getattr(reading, "status", None)):
        words |= dict.fromkeys(_words(thing))
    return tuple(filter(None, words))


def _words(thing: object) -> Iterable[str]:
    """Words of a status: itself, the codes it holds, or the names of the flags that are set on it."""
    if thing is None or isinstance(thing, Mapping):
        return ()
    if isinstance(thing, str | Enum):
        return (_word(thing),)
    if isinstance(thing, Iterable):
        return sorted(map(_word, thing))
    return _set_flags(thing)


def _set_flags(status: object) -> list[str]:
    words = [name for name in _SET_WHEN_TRUE if getattr(status, name, None) is True]
    alarms = getattr(status, "alarms", None)
    if isinstance(alarms, tuple):
        words.extend(name for name, alarm in zip(ALARMS, alarms, strict=False) if alarm is True)
    return words


def sensor_words(condition: object) -> tuple[str, ...]:
    """Words for the condition of a sensor: 0 well, 1 open, 2 too low, 3 too high, or a word of the library's own.

    Args:
        condition: One of these, or one for each sample of a block.
    """
    listed = condition.tolist() if hasattr(condition, "tolist") else condition
    conditions = listed if isinstance(listed, list | tuple) else (listed,)
    words = {_SENSOR.get(one, "") if isinstance(one, int) else _word(one) for one in conditions if one is not None}
    return tuple(sorted(filter(None, words)))


def channel_status(words: Iterable[str], own: Mapping[str, Meaning]) -> ChannelStatus:
    """The flags that words lead to.

    Args:
        words: As the library says them.
        own: What the settings say that words mean, in small letters; they win.
    """
    folded = {word.casefold() for word in words}
    if not folded:
        return WELL
    meanings = {own.get(word) or MEANINGS.get(word, Meaning.NOTHING) for word in folded}
    first, second, third, fourth = (name in folded and own.get(name) is not Meaning.NOTHING for name in ALARMS)
    return ChannelStatus(
        fault=Meaning.FAULT in meanings,
        maintenance=Meaning.MAINTENANCE in meanings,
        calibrating=Meaning.CALIBRATING in meanings,
        warming_up=Meaning.WARMING_UP in meanings,
        invalid=Meaning.INVALID in meanings,
        alarms=(first or Meaning.ALARM in meanings, second, third, fourth),
    )


WELL = ChannelStatus()
"""Nothing is wrong."""
