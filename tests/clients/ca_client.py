"""A Channel Access client on libca: JSON lines, requests on stdin, answers and monitor events on stdout.

It runs in a process of its own, because libca reads EPICS_CA_* once, when its first channel is made.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aioca

ATTRIBUTES = (
    *("ok", "name", "datatype", "element_count", "severity", "status", "raw_stamp", "units", "precision", "enums"),
    *("upper_disp_limit", "lower_disp_limit", "upper_alarm_limit", "upper_warning_limit", "lower_warning_limit"),
    *("lower_alarm_limit", "upper_ctrl_limit", "lower_ctrl_limit", "ackt", "acks"),
)
CONSTANTS = {
    "CHAR_STR": aioca.DBR_CHAR_STR,
    "CLASS_NAME": aioca.DBR_CLASS_NAME,
    "STSACK": aioca.DBR_STSACK_STRING,
    "STRING": aioca.DBR_STRING,
    "INT": aioca.DBR_SHORT,
    "FLOAT": aioca.DBR_FLOAT,
    "ENUM": aioca.DBR_ENUM,
    "CHAR": aioca.DBR_CHAR,
    "LONG": aioca.DBR_LONG,
    "DOUBLE": aioca.DBR_DOUBLE,
    "TIME": aioca.FORMAT_TIME,
    "CTRL": aioca.FORMAT_CTRL,
    "RAW": aioca.FORMAT_RAW,
}
subscriptions: dict[str, Any] = {}


def plain(value: Any) -> dict[str, Any]:
    seen: dict[str, Any] = {"value": value.tolist() if hasattr(value, "tolist") else None}
    if isinstance(value, str):
        seen["value"] = str(value)
    elif isinstance(value, int):
        seen["value"] = int(value)
    elif isinstance(value, float):
        seen["value"] = float(value)
    for attribute in ATTRIBUTES:
        if hasattr(value, attribute):
            seen[attribute] = getattr(value, attribute)
    return seen


def ramp(value: Any) -> dict[str, Any]:
    """An array whose elements should run up by one, in few words."""
    count = len(value)
    whole = all(float(element) == float(value[0]) + place for place, element in enumerate(value.tolist()))
    return {"first": float(value[0]) if count else None, "count": count, "whole": whole} | {
        attribute: getattr(value, attribute) for attribute in ATTRIBUTES if hasattr(value, attribute)
    }


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


def options(request: dict[str, Any]) -> dict[str, Any]:
    chosen = {key: CONSTANTS[request[key]] for key in ("datatype", "format") if key in request}
    if "count" in request:
        chosen["count"] = request["count"]
    return chosen


async def perform(request: dict[str, Any]) -> dict[str, Any]:
    pv = request.get("pv", "")
    match request["op"]:
        case "get":
            return plain(await aioca.caget(pv, timeout=request.get("timeout", 10), **options(request)))
        case "put":
            chosen = {key: value for key, value in options(request).items() if key == "datatype"}
            await aioca.caput(pv, request["value"], wait=True, timeout=10, **chosen)
        case "info":
            info = await aioca.cainfo(pv, timeout=10)
            return {"type": info.datatype, "count": info.count, "read": info.read, "write": info.write}
        case "monitor":
            tag, describe = request["tag"], ramp if request.get("ramp") else plain
            subscriptions[tag] = aioca.camonitor(
                pv,
                lambda value: say({"tag": tag, "event": describe(value)}),
                events=request.get("events", aioca.DBE_VALUE | aioca.DBE_ALARM),
                all_updates=True,
                notify_disconnect=True,
                **options(request),
            )
        case "close":
            subscriptions.pop(request["tag"]).close()
    return {}


async def answer(request: dict[str, Any]) -> None:
    try:
        say({"id": request["id"], "result": await perform(request)})
    except Exception as error:  # noqa: BLE001  whatever it is, the test wants to see it
        say({"id": request["id"], "error": f"{type(error).__name__}: {error}"})


async def serve() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as tasks:  # a put may wait for its callback while other requests go on
        while line := await reader.readline():
            tasks.create_task(answer(json.loads(line)))


if __name__ == "__main__":
    asyncio.run(serve())
