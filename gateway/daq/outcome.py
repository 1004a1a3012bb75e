"""Which error leaves a context when the device, the body, or both have failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio


class Outcome:
    """Collects both errors until everything is stopped, and then raises one of them, bare.

    Attributes:
        failure: What ended the run; None for its regular end.
        body: What the body raised.
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.body: BaseException | None = None

    @contextmanager
    def of_the_body(self) -> Iterator[None]:
        """Keep what the body raises; cancellation passes."""
        try:
            yield
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # noqa: BLE001 - raised by `settle`
            self.body = error

    def settle(self, *, told: bool = False) -> None:
        """Raise the failure with the body's error as its `__cause__`, or the body's error alone.

        Args:
            told: The body knows the failure already, so it is not raised again.
        """
        if self.failure is not None and not told:
            raise self.failure from self.body
        if self.body is not None:
            raise self.body
