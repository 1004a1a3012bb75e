"""What libca hears of each name on stdin, in every DBR type there is, as one JSON object.

For a name that nobody serves, null; else its native type, number of elements, rights, what a put comes to, and by DBR
type the CA status and, where that is good, everything in the answer; of an array also by DBR type and number of
elements asked for. It uses the C functions themselves, for the types that no Python client asks for.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys
import time
from typing import Any

from epicscorelibs.ca import cadef
from epicscorelibs.ca.cadef import libca

NATIVES = ("STRING", "SHORT", "FLOAT", "ENUM", "CHAR", "LONG", "DOUBLE")
CLASSES = ("PLAIN", "STS", "TIME", "GR", "CTRL")
ELEMENT = {"SHORT": "h", "FLOAT": "f", "ENUM": "H", "CHAR": "B", "LONG": "i", "DOUBLE": "d"}
STSACK_STRING, CLASS_NAME = 37, 38
NORMAL = 1
CHARACTERS = tuple(range(NATIVES.index("CHAR"), 35, len(NATIVES)))
"""What a long-string view is read as."""
MANY = 3
"""Elements from which on a channel is asked for some of them, too."""

SETTLING = 2.0
VALUE_SIZE, VALUE_OFFSET = (
    (ctypes.c_ushort * 39).in_dll(libca, name) for name in ("dbr_value_size", "dbr_value_offset")
)
libca.ca_pend_event.argtypes = [ctypes.c_double]
element_count = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(("ca_element_count", libca))
"""As `cadef` has it, which takes a channel without elements for one that is not connected."""


def text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def values(native: str, raw: bytes, count: int) -> list[Any]:
    if native == "STRING":
        return [text(raw[40 * index : 40 * index + 40]) for index in range(count)]
    return [
        repr(number) if native in ("FLOAT", "DOUBLE") else number
        for number in struct.unpack(f"{count}{ELEMENT[native]}", raw)
    ]


def decoded(dbr_type: int, count: int, raw: bytes) -> dict[str, Any]:
    """The structures of db_access.h."""
    if dbr_type == CLASS_NAME:
        return {"value": [text(raw)]}
    if dbr_type == STSACK_STRING:
        status, severity, transient, acknowledge = struct.unpack_from("hhHH", raw)
        return {
            "status": status,
            "severity": severity,
            "ackt": transient,
            "acks": acknowledge,
            "value": values("STRING", raw[8:], count),
        }
    kind, native = CLASSES[dbr_type // 7], NATIVES[dbr_type % 7]
    seen: dict[str, Any] = {"value": values(native, raw[VALUE_OFFSET[dbr_type] :], count)}
    if kind != "PLAIN":
        seen["status"], seen["severity"] = struct.unpack_from("hh", raw)
    if kind == "TIME":
        seen["stamp"] = struct.unpack_from("II", raw, 4)
    if kind in ("GR", "CTRL") and native == "ENUM":
        (number,) = struct.unpack_from("h", raw, 4)
        seen["states"] = [text(raw[6 + 26 * index : 32 + 26 * index]) for index in range(number)]
    elif kind in ("GR", "CTRL") and native != "STRING":
        begin = 4
        if native in ("FLOAT", "DOUBLE"):
            (seen["precision"],) = struct.unpack_from("h", raw, 4)
            begin = 8
        seen["units"] = text(raw[begin : begin + 8])
        number = 8 if kind == "CTRL" else 6
        size = struct.calcsize(ELEMENT[native])
        seen["limits"] = values(native, raw[begin + 8 : begin + 8 + number * size], number)
    return seen


class Witness:
    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.connected: set[int] = set()
        self.changed = time.monotonic()
        self.heard: dict[int, dict[str, Any]] = {index: {} for index in range(len(names))}
        self.waiting = 0
        self.keys: list[tuple[int, str]] = []
        self.on_connection = cadef.connection_handler(self._connection)
        self.on_answer = cadef.event_handler(self._answer)
        self.channels = [ctypes.c_void_p() for _ in names]
        self.indices = list(range(len(names)))  # libca keeps bare pointers to them
        for index, name in zip(self.indices, names, strict=True):
            cadef.ca_create_channel(name, self.on_connection, index, 0, ctypes.byref(self.channels[index]))

    def _connection(self, event: Any) -> None:
        if event.op == cadef.CA_OP_CONN_UP:
            self.connected.add(int(cadef.ca_puser(event.chid)))
        self.changed = time.monotonic()

    def _answer(self, event: Any) -> None:
        index, key = event.usr
        self.waiting -= 1
        found: dict[str, Any] = {"status": event.status}
        if key != "put" and event.status == NORMAL:
            kind, count = event.type, event.count
            raw = ctypes.string_at(event.raw_dbr, VALUE_OFFSET[kind] + count * VALUE_SIZE[kind])
            found |= {"count": count, "answer": decoded(kind, count, raw)}
        self.heard[index][key] = found

    def wait(self) -> None:
        while len(self.connected) < len(self.names) and time.monotonic() < self.changed + SETTLING:
            libca.ca_pend_event(0.02)

    def ask(self, index: int, key: str, kind: int, count: int) -> None:
        self.keys.append((index, key))
        self.waiting += 1
        cadef.ca_array_get_callback(kind, count, self.channels[index], self.on_answer, self.keys[-1])

    def kinds(self, index: int) -> list[int]:
        """DBR types to ask for. A text as an enum is none of them: base writes the text into VAL to find its state."""
        if self.names[index].endswith("$"):
            return list(CHARACTERS)
        is_text = cadef.ca_field_type(self.channels[index]) == NATIVES.index("STRING")
        regular = [kind for kind in range(35) if not (is_text and NATIVES[kind % 7] == "ENUM")]
        return [*regular, STSACK_STRING, CLASS_NAME]

    def put(self, index: int) -> None:
        self.keys.append((index, "put"))
        value = ctypes.create_string_buffer(b"1", 40)
        try:
            cadef.ca_array_put_callback(0, 1, self.channels[index], value, self.on_answer, self.keys[-1])
        except cadef.CAException as refusal:
            self.heard[index]["put"] = {"status": refusal.status}
        else:
            self.waiting += 1

    def witness(self) -> dict[str, Any]:
        self.wait()
        seen: dict[str, Any] = {}
        for index, name in enumerate(self.names):
            if index not in self.connected:
                seen[name] = None
                continue
            channel = self.channels[index]
            most = element_count(channel)
            for kind in self.kinds(index):
                self.ask(index, str(kind), kind, 0)
                for count in {1, 3, most} if most >= MANY else ():
                    self.ask(index, f"{kind}/{count}", kind, count)
            if not libca.ca_write_access(channel):  # a put that is not refused would change what is compared
                self.put(index)
            seen[name] = {
                "type": cadef.ca_field_type(channel),
                "count": most,
                "read": int(libca.ca_read_access(channel)),
                "write": int(libca.ca_write_access(channel)),
                "dbr": self.heard[index],
            }
        libca.ca_flush_io()
        deadline = time.monotonic() + 20
        while self.waiting and time.monotonic() < deadline:
            libca.ca_pend_event(0.02)
        return seen


libca.ca_context_create(0)
print(json.dumps(Witness(json.load(sys.stdin)).witness()))
