"""A soft IOC of EPICS base with a database file: python soft_ioc.py DATABASE ACCESS_FILE

It says {"ready": true} when it serves. Each JSON line on stdin then gives one record a value, as device support does:
time and alarm go into the record, the value into VAL, and the record is processed. Each line is answered by {}.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

from softioc import fields, softioc
from softioc.imports import dbCore

DBR = {"ai": (10, ctypes.c_double), "int64in": (7, ctypes.c_int64), "bi": (11, ctypes.c_uint16)}
DBR |= {"longout": (5, ctypes.c_int32), "bo": (11, ctypes.c_uint16), "ao": (10, ctypes.c_double)}
DBR_DOUBLE = 10
DBR_CHAR = 1
IO_INTR = 2
UDF = 17
FIELDS = ["TIME", "NSTA", "NSEV", "SCAN", "UDF"]

dbCore.dbChannelCreate.restype = ctypes.c_void_p
dbCore.dbChannelCreate.argtypes = [ctypes.c_char_p]
dbCore.dbChannelOpen.argtypes = [ctypes.c_void_p]
for name in ("dbScanLock", "dbProcess", "dbScanUnlock"):
    getattr(dbCore, name).argtypes = [ctypes.c_void_p]
dbCore.dbChannelPutField.argtypes = [ctypes.c_void_p, ctypes.c_short, ctypes.c_void_p, ctypes.c_long]


def channel(name: str) -> int:
    found = dbCore.dbChannelCreate(name.encode())
    assert found, name
    assert dbCore.dbChannelOpen(found) == 0
    return int(found)


def record(kind: str, name: str) -> Any:
    """The record itself: `addr.precord` comes right behind the name in a dbChannel (dbChannel.h)."""
    pointer = ctypes.cast(channel(name), ctypes.POINTER(ctypes.c_void_p))[1]
    return fields.RecordFactory(kind, FIELDS)(pointer)


def put(name: str, kind: int, value: Any, count: int = 1) -> None:
    assert dbCore.dbChannelPutField(channel(name), kind, ctypes.byref(value), count) == 0, name


def feed(name: str, kind: str, value: Any, alarm: tuple[int, int] | None, stamp: tuple[int, int] | None) -> None:
    raw = record(kind, name)
    if stamp is not None:
        raw.TIME = fields.ca_timestamp(*stamp)
    if kind == "lsi":
        text = value.encode() + b"\0"
        put(f"{name}.VAL$", DBR_CHAR, ctypes.create_string_buffer(text, len(text)), len(text))
    elif kind == "waveform":
        put(name, DBR_DOUBLE, (ctypes.c_double * len(value))(*value), len(value))
    elif value is not None:
        code, ctype = DBR[kind]
        put(name, code, ctype(value))
    if alarm is not None:
        raw.NSTA, raw.NSEV = alarm
    dbCore.dbScanLock(raw)
    dbCore.dbProcess(raw)
    if alarm is not None and alarm[0] == UDF:
        raw.UDF = 1
    dbCore.dbScanUnlock(raw)


def main(database: str, access_file: str) -> None:
    softioc.dbLoadDatabase(database)
    dbCore.asSetFilename(access_file.encode())
    softioc.iocInit(dispatcher=lambda *_, **__: None, enable_pva=False)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("scan"):
            record(request["kind"], request["name"]).SCAN = IO_INTR
        else:
            feed(request["name"], request["kind"], request["value"], request["alarm"], request["stamp"])
        print("{}", flush=True)


main(sys.argv[1], sys.argv[2])
