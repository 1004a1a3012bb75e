"""One CSV row as text."""

from __future__ import annotations

import csv
from collections.abc import Iterable


class _Returned:
    """Lets `csv.writer` hand each row back: what `write` returns, `writerow` returns."""

    def write(self, text: str) -> str:
        return text


_WRITER = csv.writer(_Returned(), lineterminator="\n")


def csv_line(cells: Iterable[object]) -> str:
    """The row with its line feed; booleans read `true` and `false`, what is None is empty."""
    return str(_WRITER.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in cells]))
