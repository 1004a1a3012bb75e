"""The options of `discover`, from text to what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, cast

from gateway.errors import InputError
from gateway.model.bus_spec import Link, LinkKind
from gateway.settings.bus_checks import BAUDRATES
from gateway.wire.detection_settings import (
    HIGHEST_ADDRESS,
    LOWEST_ADDRESS,
    USUAL_ADDRESSES,
    DetectionSettings,
    SerialFraming,
)

SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 1, 9999
LONGEST_ANSWER_S = 60
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_FRAMING = re.compile(r"([78])([NEO])([12])", re.IGNORECASE)
_NO_PORT = re.compile(r"[\w.-]+:\d+|\s*")
_PARITIES = {"N": "none", "E": "even", "O": "odd"}


def parse_links(texts: Sequence[str]) -> tuple[Link, ...]:
    """Links in the order given, each once.

    Raises:
        InputError: One is not a link.
    """
    return tuple(dict.fromkeys(_link(text) for text in texts))


def _link(text: str) -> Link:
    try:
        link = Link.parse(text)
    except ValueError as error:
        raise InputError(f"LINK: {error}") from error
    if link.kind is LinkKind.SERIAL and _NO_PORT.fullmatch(text):
        raise InputError(
            f"LINK: '{text}' is not a serial port", hint="write one such as /dev/ttyUSB0, or socket://host:port"
        )
    return link


def parse_addresses(text: str) -> tuple[int, ...]:
    """Modbus addresses from `1-32` or `1,5,30-40`, in the order given, each once.

    Raises:
        InputError: Something else, or an address that no device can have.
    """
    addresses: list[int] = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not LOWEST_ADDRESS <= first <= last <= HIGHEST_ADDRESS:
            raise InputError(
                f"--addresses: '{part.strip()}' is no address and no range of them",
                hint=f"write addresses from {LOWEST_ADDRESS} to {HIGHEST_ADDRESS} like 1-32 or 1,5,30-40",
            )
        addresses += range(first, last + 1)
    return tuple(dict.fromkeys(addresses))


def parse_framing(text: str) -> SerialFraming:
    """Data bits, parity and stop bits from `8N1`.

    Raises:
        InputError: Something else.
    """
    found = _FRAMING.fullmatch(text)
    if found is None:
        raise InputError(f"--framing: '{text}' cannot be read", hint="write data bits, parity and stop bits like 8N1")
    parity = cast("Literal['none', 'even', 'odd']", _PARITIES[found[2].upper()])
    return SerialFraming(cast("Literal[7, 8]", int(found[1])), parity, cast("Literal[1, 2]", int(found[3])))


def detection_settings(
    *,
    baudrates: Sequence[int],
    framing: str,
    addresses: str | None,
    frame_interval_s: float,
    answer_s: float | None,
    ask_talking_line: bool,
) -> DetectionSettings:
    """How to examine each link.

    Raises:
        InputError: An option cannot be used.
    """
    for baudrate in baudrates:
        if baudrate not in BAUDRATES:
            known = ", ".join(map(str, BAUDRATES))
            raise InputError(f"--baudrate: {baudrate} is not a rate that the settings take", hint=f"they take {known}")
    if not SHORTEST_INTERVAL_S <= frame_interval_s <= LONGEST_INTERVAL_S:
        raise InputError(
            f"--frame-interval: {frame_interval_s:g} s cannot be set on an analyser",
            hint=f"give its frame frequency, {SHORTEST_INTERVAL_S} to {LONGEST_INTERVAL_S} s",
        )
    if answer_s is not None and not 0 < answer_s <= LONGEST_ANSWER_S:
        raise InputError(
            f"--timeout: {answer_s:g} s is no time to wait for an answer",
            hint=f"give more than 0 and at most {LONGEST_ANSWER_S} s, or leave it out",
        )
    return DetectionSettings(
        baudrates=tuple(dict.fromkeys(baudrates)),
        framing=parse_framing(framing),
        addresses=USUAL_ADDRESSES if addresses is None else parse_addresses(addresses),
        frame_interval_s=frame_interval_s,
        answer_s=answer_s,
        ask_talking_line=ask_talking_line,
    )
