"""Where output samples come from: an array, a function, or an async iterator; all of it through the output gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray

from gateway.daq.errors import DaqValidationError
from gateway.daq.foreign_threads import INLINE_SAMPLES, in_daemon_thread
from gateway.daq.output_gate import OutputGate

Chunk = NDArray[np.float64]
"""Samples in the channels' units, shape (channels, samples)."""

PlaybackSource = NDArray[Any] | Callable[[], NDArray[Any] | None] | AsyncIterator[NDArray[Any]]
"""What `play` puts out. One channel may be given as one dimension.

* An array: with `WrapMode.SINGLE` all buffers' worth, replayed for ever; otherwise any length, played once.
* A function: called in a thread whenever a buffer is free; None ends the playback.
* An async iterator: asked whenever a buffer is free; its end ends the playback.
"""


class ChunkFeed:
    """The source cut into buffers' worth. What it gives out is its own copy, so nobody changes it behind the gate.

    Args:
        source: Where the samples come from.
        gate: Checks them.
        channels: Rows of a chunk.
        longest: Most samples of a chunk.

    Raises:
        DaqValidationError: The source is of no known kind.
    """

    def __init__(self, source: PlaybackSource, gate: OutputGate, *, channels: int, longest: int) -> None:
        self._gate = gate
        self._channels = channels
        self._longest = longest
        self._array: NDArray[Any] | None = None
        self._pieces: Iterator[Chunk] = iter(())
        self._function: Callable[[], NDArray[Any] | None] | None = None
        self._iterator: AsyncIterator[NDArray[Any]] | None = None
        if isinstance(source, np.ndarray):
            self._array = source
        elif callable(source):
            self._function = source
        elif hasattr(source, "__aiter__"):
            self._iterator = aiter(source)
        else:
            raise DaqValidationError(f"{type(source).__name__} is no array, no function and no async iterator")

    @property
    def is_array(self) -> bool:
        """Whether all of it is known from the start."""
        return self._array is not None

    async def seed(self, buffers: int, *, exactly: bool) -> list[Chunk]:
        """The chunks for the first filling of all buffers; of an array, everything is checked.

        Args:
            buffers: How many.
            exactly: The source must be an array of just so many full buffers.

        Raises:
            DaqValidationError: It has another shape or too few chunks, or the gate refuses a value.
            DaqConfirmationRequiredError: The gate asks for confirmation.
        """
        if self._array is not None:
            whole = await self._prepared(self._array, None)
            wanted = buffers * self._longest
            if exactly and whole.shape[1] != wanted:
                raise DaqValidationError(
                    f"{whole.shape[1]} samples were given", hint=f"WrapMode.SINGLE takes exactly {wanted}"
                )
            starts = range(0, whole.shape[1], self._longest)
            self._pieces = (whole[:, start : start + self._longest] for start in starts)
        elif exactly:
            raise DaqValidationError("WrapMode.SINGLE replays an array; other sources need WrapMode.MULTIPLE")
        chunks: list[Chunk] = []
        while len(chunks) < buffers and (chunk := await self.next()) is not None:
            chunks.append(chunk)
        if len(chunks) < buffers and not self.is_array:
            raise DaqValidationError(
                f"the source ended after {len(chunks)} chunks; {buffers} are needed to fill all buffers",
                hint="give a short waveform as an array",
            )
        return chunks

    async def next(self) -> Chunk | None:
        """The next chunk, None at the end.

        Raises:
            DaqValidationError: As in `seed`.
            Exception: Whatever the source raises.
        """
        if self._array is not None:
            return next(self._pieces, None)
        if self._function is not None:
            return await in_daemon_thread(partial(self._call, self._function))
        assert self._iterator is not None  # noqa: S101 - one of the three
        try:
            return await self._prepared(await anext(self._iterator), self._longest)
        except StopAsyncIteration:
            return None

    def _call(self, function: Callable[[], NDArray[Any] | None]) -> Chunk | None:
        given = function()
        return None if given is None else self._prepare(given, self._longest)

    async def _prepared(self, given: NDArray[Any], longest: int | None) -> Chunk:
        if np.size(given) <= INLINE_SAMPLES:
            return self._prepare(given, longest)
        return await to_thread.run_sync(self._prepare, given, longest, abandon_on_cancel=True)

    def _prepare(self, given: object, longest: int | None) -> Chunk:
        if not isinstance(given, np.ndarray) or given.dtype.kind not in "fiu":
            raise DaqValidationError(f"chunks are arrays of real numbers, got {type(given).__name__}")
        chunk = np.array(given, dtype=np.float64, order="C")
        if chunk.ndim == 1 and self._channels == 1:
            chunk = chunk[np.newaxis]
        if chunk.ndim != 2 or len(chunk) != self._channels or chunk.shape[1] == 0:
            raise DaqValidationError(f"chunks have the shape ({self._channels}, samples), got {given.shape}")
        if longest is not None and chunk.shape[1] > longest:
            raise DaqValidationError(f"a chunk of {chunk.shape[1]} samples does not fit into a buffer of {longest}")
        self._gate.check(chunk)
        return chunk
