"""A Modbus server of libmodbus, in a process of its own: `python libmodbus_server.py tcp PORT` or `rtu /dev/pts/N`.

Standard input holds one JSON object: `slave`, and for `coil`, `discrete`, `input` and `holding` a mapping from address
to value. Addresses from the first to the last of a table exist, others are refused with exception 2.

Library: libmodbus 3.1.10, https://libmodbus.org/reference/.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys
from typing import Any

LIBRARY = "libmodbus.so.5"


class Mapping(ctypes.Structure):
    """`modbus_mapping_t` of modbus.h."""

    _fields_ = (
        *[(name, ctypes.c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits")],
        *[(name, ctypes.c_int) for name in ("nb_input_registers", "start_input_registers")],
        *[(name, ctypes.c_int) for name in ("nb_registers", "start_registers")],
        ("tab_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("tab_registers", ctypes.POINTER(ctypes.c_uint16)),
    )


def load() -> Any:
    library = ctypes.CDLL(LIBRARY)
    library.modbus_new_tcp.restype = library.modbus_new_rtu.restype = ctypes.c_void_p
    library.modbus_mapping_new_start_address.restype = ctypes.POINTER(Mapping)
    library.modbus_strerror.restype = ctypes.c_char_p
    return library


def bounds(table: dict[str, int]) -> tuple[int, int]:
    """First address, and count."""
    addresses = [int(address) for address in table]
    return (min(addresses), max(addresses) - min(addresses) + 1) if table else (0, 0)


def main(kind: str, where: str) -> None:
    library = load()
    content = json.load(sys.stdin)
    tables = {name: content.get(name, {}) for name in ("coil", "discrete", "holding", "input")}
    limits = [number for table in tables.values() for number in bounds(table)]
    mapping = library.modbus_mapping_new_start_address(*map(ctypes.c_uint, limits))
    for entries, name in (
        (mapping.contents.tab_bits, "coil"),
        (mapping.contents.tab_input_bits, "discrete"),
        (mapping.contents.tab_registers, "holding"),
        (mapping.contents.tab_input_registers, "input"),
    ):
        first, _ = bounds(tables[name])
        for address, value in tables[name].items():
            entries[int(address) - first] = value
    if kind == "tcp":
        context = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", int(where)))
        listening = library.modbus_tcp_listen(context, 1)
    else:
        context = ctypes.c_void_p(library.modbus_new_rtu(where.encode(), 19200, ctypes.c_char(b"N"), 8, 1))
        library.modbus_set_slave(context, content["slave"])
        # It does not know loopbacks, and takes the end of one for a new frame until this much silence has passed.
        library.modbus_set_byte_timeout(context, 0, 100_000)
        listening = library.modbus_connect(context)
    if listening < 0:
        sys.exit(library.modbus_strerror(ctypes.get_errno()).decode())
    print("ready", flush=True)
    request = (ctypes.c_uint8 * 260)()
    while True:
        if kind == "tcp":
            socket = ctypes.c_int(listening)
            library.modbus_tcp_accept(context, ctypes.byref(socket))
        while (length := library.modbus_receive(context, request)) >= 0 or kind == "rtu":
            if length > 0:
                library.modbus_reply(context, request, length, mapping)
        library.modbus_close(context)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
