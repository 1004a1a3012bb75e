"""What types alone do not show in the settings of a library. Nothing is imported: the library may be elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.drivers.library.references import RATE, STEP_NAME, TARGET, references
from gateway.drivers.library.settings import LibraryChannel, LibrarySettings
from gateway.model.points import ValueKind

MOST_SAMPLES = 1_000_000
"""Of one waveform; 8 MB of it."""
RESERVED = frozenset({"Status", "Diagnostics", "Action"})
"""Names under which the gateway itself serves points."""

Problem = tuple[tuple[str, ...], str]


def problems(settings: LibrarySettings) -> Iterator[Problem]:
    """Key path and what is wrong with its remedy."""
    yield from _calls(settings)
    for name, channel in settings.channels.items():
        for key, text in _channel(name, channel):
            yield ("channels", name, *key), text


def _calls(settings: LibrarySettings) -> Iterator[Problem]:
    known = {RATE}
    for path, call in settings.calls:
        name = path[-1]
        if path[0] == "steps" and (STEP_NAME.fullmatch(name) is None or name == RATE):
            yield path, f"a step cannot be called '{name}'; choose letters, digits and '_', but not {RATE}"
        if TARGET.fullmatch(call.call) is None:
            yield (*path, "call"), f"'{call.call}' names no callable; write it as package.module:function"
        for key, value in call.arguments.items():
            for reference in references(value):
                if text := _reference(reference, known, settings):
                    yield (*path, "arguments", key), text
        known.add(name)


def _reference(name: str, known: set[str], settings: LibrarySettings) -> str:
    """What is wrong with a reference, empty for nothing."""
    if ":" in name:
        return "" if TARGET.fullmatch(name) else f"'${name}' names nothing; write it as $package.module:NAME"
    if name in known:
        return ""
    if name in settings.steps:
        return f"'${name}' is the result of this step or of a later one; move step '{name}' up"
    steps = ", ".join(f"${step}" for step in sorted(known))
    return f"there is no step '{name}'; known here are {steps}, and $$ begins a text with a dollar sign"


def _channel(name: str, channel: LibraryChannel) -> Iterator[tuple[tuple[str, ...], str]]:
    if name in RESERVED:
        yield (), f"the gateway has points of its own under '{name}'; choose another name, and write 'name: {name}'"
    if channel.length is not None:
        if channel.kind is not ValueKind.FLOAT:
            yield ("length",), f"samples of a block are numbers, not {channel.kind.value}; remove kind or length"
        if not 1 <= channel.length <= MOST_SAMPLES:
            yield ("length",), f"{channel.length} samples cannot be served; write 1 to {MOST_SAMPLES}"
    if channel.kind in (ValueKind.TEXT, ValueKind.BOOLEAN):
        for key in ("range", "instrument_range", "limits"):
            if getattr(channel, key) is not None:
                yield (key,), f"a {channel.kind.value} has no {key}; remove it, or correct kind"
    if channel.stale_after_s <= 0:
        yield ("stale_after_s",), f"it must be more than 0, got {channel.stale_after_s:g}; write seconds"
