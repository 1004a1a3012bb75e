"""`analyser-gateway import-registers`: a vendor's register list as a template."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from gateway.drivers.modbus_table.addresses import Table
from gateway.drivers.modbus_table.register_cells import read_table, read_type
from gateway.drivers.modbus_table.register_list import ListFormat, Notation, read_list
from gateway.drivers.modbus_table.register_rows import HEADINGS
from gateway.drivers.modbus_table.settings import RegisterType
from gateway.drivers.modbus_table.template_text import template_text
from gateway.errors import InputError


def import_registers(file: Path, wanted: ListFormat, out: TextIO) -> None:
    """Write the template to `out`.

    Raises:
        InputError: The list cannot be read, or lacks a column.
        SettingsError: Every row that cannot be used, with its line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file), hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", where=str(file), hint="export it as CSV UTF-8") from error
    out.write(template_text(read_list(text, str(file), wanted), file.name))


def list_format(
    *, columns: Sequence[str], table: str | None, kind: str | None, addresses: str, delimiter: str
) -> ListFormat:
    """How the options say that a list is to be read.

    Raises:
        InputError: An option says nothing that can be done.
    """
    return ListFormat(
        dict(map(_column, columns)),
        None if table is None else _table(table),
        None if kind is None else _type(kind),
        _notation(addresses),
        _delimiter(delimiter),
    )


def _column(text: str) -> tuple[str, str]:
    key, equals, heading = text.partition("=")
    if not equals or key not in HEADINGS or not heading:
        raise InputError(f"--column: '{text}' is not COLUMN=HEADING", hint=f"columns are {', '.join(HEADINGS)}")
    return key, heading


def _table(text: str) -> Table:
    try:
        return read_table(text)
    except ValueError as error:
        raise InputError(f"--table: {error}") from error


def _type(text: str) -> RegisterType:
    try:
        return read_type(text)[0]
    except ValueError as error:
        raise InputError(f"--type: {error}") from error


def _notation(text: str) -> Notation:
    try:
        return Notation(text)
    except ValueError as error:
        raise InputError(f"--addresses: '{text}' is none of {', '.join(Notation)}") from error


def _delimiter(text: str) -> str:
    text = "\t" if text == "tab" else text
    if len(text) > 1:
        raise InputError(f"--delimiter: '{text}' is more than one character", hint="write , or ; or tab")
    if text and text in '"\r\n':
        raise InputError("--delimiter: quotes and line ends have a meaning of their own", hint="write , or ; or tab")
    return text
