"""What pyepics sees of the PVs named on the command line, as one JSON object; it brings a libca of its own."""

from __future__ import annotations

import json
import sys
from typing import Any

import epics

KEYS = (
    *(
        "value",
        "char_value",
        "type",
        "status",
        "severity",
        "units",
        "precision",
        "enum_strs",
        "nanoseconds",
        "posixseconds",
    ),
    *("upper_disp_limit", "lower_disp_limit", "upper_alarm_limit", "lower_alarm_limit", "write_access", "read_access"),
)


def seen(name: str) -> dict[str, Any]:
    pv = epics.PV(name, form="time", auto_monitor=False)
    if not pv.wait_for_connection(timeout=10):
        return {"connected": False}
    pv.get(timeout=10)
    pv.get_ctrlvars(timeout=10)
    pv.get_timevars(timeout=10)
    found = {key: getattr(pv, key, None) for key in KEYS}
    try:
        pv.put(1, wait=True, timeout=5)
        found["put"] = "done"
    except Exception as error:  # noqa: BLE001  whatever it is, the test wants to see it
        found["put"] = f"{type(error).__name__}: {error}"
    return found


print(json.dumps({name: seen(name) for name in sys.argv[1:]}, default=str))
