"""The rows of a register list: its delimiter, its headings, and the cells under them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import InputError

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "parameter", "signal", "variable", "register name", "tag", "measurement", "quantity"),
    "address": ("address", "register", "register address", "register number", "start address", "number", "offset"),
    "table": ("table", "register type", "function code", "function", "fc", "object type", "area"),
    "type": ("type", "data type", "datatype", "format", "data format"),
    "unit": ("unit", "units", "engineering unit", "uom"),
    "scale": ("scale", "factor", "multiplier", "scaling", "scale factor", "resolution", "gain"),
    "description": ("description", "comment", "remarks", "notes", "note", "meaning"),
    "length": ("length", "characters"),
    "bit": ("bit", "bit number"),
}
"""Column to the headings by which it is recognised, whatever their capitals."""

_MOST_BYTES = 4 << 20
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: Its line in the file.
        cells: Column, one of `HEADINGS`, to what stands in it; those that the list lacks are left out.
    """

    line: int
    cells: Mapping[str, str]


def read_rows(text: str, file: str, columns: Mapping[str, str], delimiter: str) -> Iterator[Row]:
    """The rows of a list, without empty ones and comments.

    Args:
        text: The list.
        file: Its name, for messages.
        columns: Column to its heading, where that is not one of `HEADINGS`.
        delimiter: Between two cells; empty to find out.

    Raises:
        InputError: It has no heading, lacks a column, or is no such file.
    """
    if len(text) > _MOST_BYTES:
        raise InputError("the list is too large", where=file, hint="is this the right file?")
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter or _delimiter(text))
    heading: dict[str, int] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if heading is None:
                heading = _heading(cells, file, columns)
                continue
            row = {key: cells[place].strip() for key, place in heading.items() if place < len(cells)}
            if row.get("address") or row.get("name"):
                yield Row(reader.line_num, {"name": "", "address": ""} | row)
    except csv.Error as error:
        raise InputError(f"cannot be read: {error}", where=f"{file}:{reader.line_num}") from error
    if heading is None:
        raise InputError("the list is empty", where=file, hint="begin with a row of headings")


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return max(_DELIMITERS, key=first.count)


def _heading(cells: Sequence[str], file: str, columns: Mapping[str, str]) -> dict[str, int]:
    """Place of each column that is there."""
    shown = [" ".join(cell.split()) for cell in cells]
    places: dict[str, int] = {}
    for key, headings in HEADINGS.items():
        named = columns.get(key)
        accepted = headings if named is None else (named.casefold(),)
        place = next((index for word in accepted for index, cell in enumerate(shown) if cell.casefold() == word), None)
        if place is not None:
            places[key] = place
        elif named is not None or key in ("name", "address"):
            what = f"there is no column '{named}'" if named else f"no column is known for the {key}"
            hint = f"its headings are {', '.join(shown)}; name one: --column {key}=HEADING"
            raise InputError(what, where=file, hint=hint)
    return places
