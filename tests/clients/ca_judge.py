"""One script for every Channel Access client: python ca_judge.py CLIENT, with what to do as JSON on stdin.

CLIENT is one of `CLIENTS`. The request is `{"get": {PV: [TYPE, ...]}, "put": [PV, ...], "monitor": [PV, ...]}`. It
answers with one line of what it has read and of what its puts came to, then with one line for each event, until stdin
ends. Every client gives the same form to what it sees: a value as text or list of texts, an alarm as severity and
status, a time as seconds since 1970 and nanoseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

TYPES = ("STRING", "SHORT", "FLOAT", "ENUM", "CHAR", "LONG", "DOUBLE")
PLAIN, TIME, CTRL = 0, 14, 28
"""First DBR type of each class of types that clients offer; see `db_access.h`."""

LIMITS = tuple(f"{side}_{kind}_limit" for kind in ("disp", "alarm", "warning", "ctrl") for side in ("upper", "lower"))
_EVENT = ("value", "severity", "status", "posixseconds", "nanoseconds")
TIMEOUT_S = 10.0

Seen = dict[str, Any]
Heard = Callable[[Seen], None]


def shown(value: Any) -> Any:
    """A value, whatever a client has made of it."""
    if hasattr(value, "tolist"):
        value = (value.view("uint8") if value.dtype == "int8" else value).tolist()
    if isinstance(value, list | tuple):
        return [shown(element) for element in value]
    return value if isinstance(value, str) else repr(float(value))


def as_text(pv: str, seen: Seen) -> Seen:
    """A long string, which some clients leave an array of characters."""
    if pv.endswith("$") and isinstance(seen["value"], list):
        characters = bytes(int(float(character)) for character in seen["value"])
        return seen | {"value": characters.partition(b"\0")[0].decode()}
    return seen


class Client(ABC):
    """One way to come to a value."""

    @abstractmethod
    def native(self, pv: str) -> Seen:
        """Value, alarm, time and metadata in the PV's own type."""

    def typed(self, pv: str, name: str) -> Seen:
        """The value in another type: plain, with time and with metadata."""
        raise NotImplementedError

    @abstractmethod
    def put(self, pv: str) -> str:
        """What the client says to a put."""

    @abstractmethod
    def monitor(self, pv: str, heard: Heard) -> None:
        """Tell of every event: value, alarm and time."""


class Aioca(Client):
    """libca as epicscorelibs builds it, by aioca."""

    def __init__(self) -> None:
        import aioca

        self._aioca = aioca
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    def _get(self, pv: str, kind: int, datatype: int | None) -> Seen:
        formats = {PLAIN: self._aioca.FORMAT_RAW, TIME: self._aioca.FORMAT_TIME, CTRL: self._aioca.FORMAT_CTRL}
        return self._seen(self._run(self._aioca.caget(pv, datatype, formats[kind], timeout=TIMEOUT_S)))

    def _seen(self, value: Any) -> Seen:
        seen: Seen = {"value": shown(value)}
        if hasattr(value, "severity"):
            seen["alarm"] = [value.severity, value.status]
        if hasattr(value, "raw_stamp"):
            seen["stamp"] = [*value.raw_stamp]
        if hasattr(value, "enums"):
            seen["states"] = [*value.enums]
        if hasattr(value, "units"):
            seen |= {"units": value.units, "limits": [shown(getattr(value, limit)) for limit in LIMITS]}
        if hasattr(value, "precision"):
            seen["precision"] = value.precision
        return seen

    def native(self, pv: str) -> Seen:
        return self._get(pv, CTRL, None) | self._get(pv, TIME, None)

    def typed(self, pv: str, name: str) -> Seen:
        return {str(kind): self._get(pv, kind, TYPES.index(name)) for kind in (PLAIN, TIME, CTRL)}

    def put(self, pv: str) -> str:
        try:
            self._run(self._aioca.caput(pv, 1, wait=True, timeout=TIMEOUT_S))
        except Exception as refusal:  # noqa: BLE001  whatever it is, the test wants to see it
            return str(refusal)
        return "done"

    def monitor(self, pv: str, heard: Heard) -> None:
        async def begin() -> None:
            self._aioca.camonitor(
                pv, lambda value: heard(self._seen(value)), format=self._aioca.FORMAT_TIME, all_updates=True
            )

        self._run(begin())


class Pyepics(Client):
    """Whatever libca PYEPICS_LIBCA names, else that which pyepics brings along."""

    def __init__(self) -> None:
        import epics

        self._epics = epics

    def _channel(self, pv: str) -> Any:
        channel = self._epics.ca.create_channel(pv, connect=True)
        assert self._epics.ca.isConnected(channel), pv
        return channel

    def _get(self, pv: str, kind: int, native: int) -> Seen:
        if kind == CTRL and native == TYPES.index("STRING"):  # pyepics has no layout of its own for it
            return {}
        channel = self._channel(pv)
        found = self._epics.ca.get_with_metadata(channel, ftype=kind + native, timeout=TIMEOUT_S)
        if kind == CTRL and native == TYPES.index("CHAR"):  # pyepics takes the limits for signed
            found |= {limit: found[limit] % 256 for limit in LIMITS}
        return self._seen(found)

    def _seen(self, found: Any) -> Seen:
        seen: Seen = {"value": shown(found["value"])}
        if "severity" in found:
            seen["alarm"] = [found["severity"], found["status"]]
        if "nanoseconds" in found:
            seen["stamp"] = [int(found["posixseconds"]), found["nanoseconds"]]
        if found.get("enum_strs") is not None:
            seen["states"] = [one.decode() if isinstance(one, bytes) else one for one in found["enum_strs"]]
        if "units" in found:
            seen |= {"units": found["units"], "limits": [shown(found[limit]) for limit in LIMITS]}
        if "precision" in found:
            seen["precision"] = found["precision"]
        return seen

    def native(self, pv: str) -> Seen:
        native = self._epics.ca.field_type(self._channel(pv))
        return self._get(pv, CTRL, native) | self._get(pv, TIME, native)

    def typed(self, pv: str, name: str) -> Seen:
        seen = {str(kind): self._get(pv, kind, TYPES.index(name)) for kind in (PLAIN, TIME, CTRL)}
        return {kind: one for kind, one in seen.items() if one}

    def put(self, pv: str) -> str:
        try:
            channel = self._channel(pv)
            one = "1" if self._epics.ca.field_type(channel) == TYPES.index("STRING") else 1
            value = one if self._epics.ca.element_count(channel) == 1 else [one]
            self._epics.ca.put(channel, value, wait=True, timeout=TIMEOUT_S)
        except Exception as refusal:  # noqa: BLE001  whatever it is, the test wants to see it
            return str(refusal)
        return "done"

    def monitor(self, pv: str, heard: Heard) -> None:
        def told(**found: Any) -> None:
            heard(self._seen({key: found[key] for key in _EVENT}))

        self._epics.PV(pv, form="time", callback=told, auto_monitor=True)


class Pvapy(Client):
    """The Channel Access provider of pvAccessCPP, which gives everything the form of pvAccess."""

    def __init__(self) -> None:
        import pvaccess

        self._pvaccess = pvaccess
        self._channels: list[Any] = []

    def _channel(self, pv: str) -> Any:
        return self._pvaccess.Channel(pv, self._pvaccess.CA)

    def _seen(self, found: dict[str, Any]) -> Seen:
        value = found["value"]
        alarm, stamp = found["alarm"], found.get("timeStamp")
        seen: Seen = {"value": shown(value["index"] if isinstance(value, dict) else value)}
        seen["message"] = [alarm["severity"], alarm["message"]]
        if isinstance(value, dict):
            seen["states"] = value["choices"]
        if stamp is not None:
            seen["stamp"] = [stamp["secondsPastEpoch"], stamp["nanoseconds"]]
        if "display" in found:
            seen["units"] = found["display"]["units"]
        if "valueAlarm" in found:
            low, high = ([found[part][side] for part in ("display", "control")] for side in ("limitLow", "limitHigh"))
            limits = found["valueAlarm"]
            sides = [limits[f"{side}Limit"] for side in ("highAlarm", "lowAlarm", "highWarning", "lowWarning")]
            seen["limits"] = [shown(limit) for limit in (high[0], low[0], *sides, high[1], low[1])]
        return seen

    def native(self, pv: str) -> Seen:
        channel = self._channel(pv)
        with_metadata = self._seen(channel.get("field(value,alarm,display,control,valueAlarm)").toDict())
        return with_metadata | self._seen(channel.get("field(value,alarm,timeStamp)").toDict())

    def put(self, pv: str) -> str:
        try:
            self._channel(pv).put([1.0] if pv.endswith(":Spectrum") else 1.0)
        except Exception as refusal:  # noqa: BLE001  whatever it is, the test wants to see it
            return str(refusal)
        return "done"

    def monitor(self, pv: str, heard: Heard) -> None:
        channel = self._channel(pv)
        self._channels.append(channel)
        channel.monitor(lambda found: heard(self._seen(found.toDict())), "field(value,alarm,timeStamp)")


CLIENTS: dict[str, Callable[[], Client]] = {"aioca": Aioca, "pyepics": Pyepics, "pvapy": Pvapy}


def main(name: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print to the standard output what they have to say
    request = json.loads(sys.stdin.readline())
    client = CLIENTS[name]()
    turn = threading.Lock()

    def say(message: object) -> None:
        with turn:
            print(json.dumps(message), file=answers, flush=True)

    gets: dict[str, list[str]] = request["get"]
    read = {
        pv: {"native": as_text(pv, client.native(pv))}
        | ({} if name == "pvapy" else {one: client.typed(pv, one) for one in types})
        for pv, types in gets.items()
    }
    say({"get": read, "put": {pv: client.put(pv) for pv in request["put"]}})
    for pv in request["monitor"]:
        client.monitor(pv, lambda seen, pv=pv: say({"pv": pv} | seen))
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
