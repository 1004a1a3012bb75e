"""A soft IOC of EPICS base with access security: python base_ioc.py DATABASE ACCESS_FILE; it ends with its input."""

from __future__ import annotations

import ctypes
import sys

from epicscorelibs.path import get_lib
from softioc import softioc
from softioc.imports import dbCore

ctypes.c_int.in_dll(ctypes.CDLL(get_lib("Com")), "asCheckClientIP").value = 1  # else it believes claimed names
softioc.dbLoadDatabase(sys.argv[1])
dbCore.asSetFilename(sys.argv[2].encode())
softioc.iocInit(dispatcher=lambda *_, **__: None, enable_pva=False)
print("serving", flush=True)
sys.stdin.read()
