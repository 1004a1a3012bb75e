"""The calls of the settings, one after the other, up to the recording."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from inspect import isasyncgen, isawaitable
from typing import Any

from anyio import to_thread

from gateway.drivers.library.references import RATE, load, resolved, targets
from gateway.drivers.library.settings import Call, LibrarySettings


async def open_recording(stack: AsyncExitStack, settings: LibrarySettings, rate_hz: float) -> Any:  # noqa: ANN401
    """Make the calls of the settings; what can be entered is left again by the stack, last first.

    Modules are imported in a thread: some take a second, and other analysers must not wait for that.

    Args:
        stack: Leaves what was entered.
        settings: The calls.
        rate_hz: What `$rate_hz` stands for.

    Returns:
        The recording: something with a `stream`, or a stream itself.

    Raises:
        Exception: Whatever the library raises, with a note that names the call.
    """
    known: dict[str, Any] = await to_thread.run_sync(_load_all, settings)
    known[RATE] = rate_hz
    recording: Any = None
    for path, call in settings.calls:
        try:
            recording = known[path[-1]] = await _called(stack, call, known)
        except Exception as error:
            error.add_note(f"raised by {call.call} in {'.'.join(path)}")
            raise
    return recording


def _load_all(settings: LibrarySettings) -> dict[str, Any]:
    return {target: load(target) for target in targets(settings)}


async def _called(stack: AsyncExitStack, call: Call, known: dict[str, Any]) -> Any:  # noqa: ANN401
    arguments = {name: resolved(value, known.__getitem__) for name, value in call.arguments.items()}
    result = known[call.call](**arguments)
    if isawaitable(result):
        result = await result
    if hasattr(result, "__aenter__"):
        result = await stack.enter_async_context(result)
    return result


def payloads(stack: AsyncExitStack, recording: object) -> AsyncIterator[object]:
    """The stream of a recording; one that is a generator is closed by the stack.

    Raises:
        TypeError: It has none.
    """
    stream = getattr(recording, "stream", recording)
    if not hasattr(stream, "__aiter__"):
        raise TypeError(f"a {type(recording).__name__} is no recording: it has no stream of payloads")
    if isasyncgen(stream):
        stack.push_async_callback(stream.aclose)
    return aiter(stream)
