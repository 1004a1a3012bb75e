"""What both kinds of file say about the samples in them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.errors import DaqValidationError

VERSION = 1


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Of a whole file.

    Attributes:
        device: Name of the device.
        task: Name of the task.
        channels: Names, in the order of the rows.
        units: Unit of each channel; empty text for unknown.
        rate_hz: Scans per second.
        started: UTC of the start, ISO 8601.
    """

    device: str
    task: str
    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    started: str

    def as_json(self) -> str:
        """The header as one line of text."""
        return json.dumps({"version": VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str, where: str) -> FileHeader:
        """Read `as_json`.

        Raises:
            DaqValidationError: It is not of this kind or version.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            if values.pop("version") != VERSION:
                raise DaqValidationError("the file is of another version", where=where)
            channels, units = tuple(values.pop("channels")), tuple(values.pop("units"))
            header = cls(channels=channels, units=units, **values)
            good = len(channels) == len(units) > 0 and header.rate_hz > 0
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DaqValidationError("the file does not begin as a recording of blocks does", where=where) from error
        if not good:
            raise DaqValidationError("the file's header contradicts itself", where=where)
        return header


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """One block of a file.

    Attributes:
        first_sample_index: Number of its first sample.
        data: float64, shape (channels, samples).
    """

    first_sample_index: int
    data: NDArray[np.float64]
