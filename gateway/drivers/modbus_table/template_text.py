"""A template as text, to be reviewed by a human."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gateway.drivers.modbus_table.settings import ModbusTableSettings, TableChannel


def template_text(settings: ModbusTableSettings, source: str) -> str:
    """A template file that `check` accepts as it is; what only the vendor's document can tell is left to review.

    Args:
        settings: Channels, and how their addresses count.
        source: Where they are from, one line.
    """
    lines = [
        f"# Register table from {_plain(source)}. Review what is marked, then use it with 'template:' in an analyser.",
        'manufacturer: "" # review',
        'instrument: "" # review',
        'source: "" # review: title and edition of the vendor\'s document',
        f"first_address: {settings.first_address} # review: does the vendor count addresses from 0 or from 1?",
        "order: ABCD # review: CDAB where the word with the lowest digits comes first",
        "gaps: none # review: allowed makes fewer reads, where the instrument answers between its registers",
        f"largest_read: {settings.largest_read} # review: most registers in one read",
        "",
        "channels:",
        *(f"  {name}: {{{', '.join(_keys(channel))}}}" for name, channel in settings.channels.items()),
    ]
    return "\n".join(lines) + "\n"


def _keys(channel: TableChannel) -> Iterator[str]:
    yield f"at: {channel.at}"
    if channel.type is not None:
        yield f"type: {channel.type}"
    for key in ("length", "bit"):
        if (value := getattr(channel, key)) is not None:
            yield f"{key}: {value}"
    if channel.scale != 1:
        yield f"scale: {channel.scale:.12g}"
    if channel.unit:
        yield f"unit: {_quoted(channel.unit)}"
    yield f"description: {_quoted(channel.description)}"


def _quoted(text: str) -> str:
    """A double-quoted scalar that the settings loader reads back; what looks like a variable is none."""
    return json.dumps(_plain(text).replace("${", "$${"), ensure_ascii=False)


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
