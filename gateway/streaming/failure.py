"""Which failures are part of acquisition and which end it."""

from __future__ import annotations

from gateway.errors import GatewayError

ACQUISITION_ERRORS: tuple[type[Exception], ...] = (GatewayError, OSError)
"""What a wire and an instrument may do wrong: it becomes an error Sample and acquisition goes on.

`TimeoutError` and `ConnectionError` are kinds of OSError. Everything else is a fault of a program and ends a recording.
"""


def ungroup(error: Exception) -> Exception:
    """The one error inside nested exception groups of a single member; anything else unchanged."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def consists_of(error: BaseException | None, types: tuple[type[Exception], ...]) -> bool:
    """Whether the error, or every error inside a group, is of one of `types`."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(types)[1] is None
    return isinstance(error, types)
