"""What pyepics sees of the PVs named on the command line, as one JSON object; it brings a libca of its own.

python ca_pyepics.py PV...               value, metadata and what a put of 1 comes to
python ca_pyepics.py --put PV VALUE...   the CA status of each put with callback, in order
"""

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


def put_statuses(puts: list[str]) -> list[int]:
    """pyepics itself does not look at the status of a put's callback, so it is taken from under its hands."""
    statuses: list[int] = []

    def ended(arguments: Any) -> None:
        statuses.append(arguments.status)
        arguments.usr()

    epics.ca._CB_PUTWAIT = epics.dbr.make_callback(ended, epics.dbr.event_handler_args)
    for name, value in zip(puts[::2], puts[1::2], strict=True):
        epics.PV(name, auto_monitor=False).put(int(value), wait=True, timeout=10)
    return statuses


if sys.argv[1] == "--put":
    print(json.dumps(put_statuses(sys.argv[2:])))
    sys.exit()
print(json.dumps({name: seen(name) for name in sys.argv[1:]}, default=str))
