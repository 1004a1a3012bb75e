"""A pvAccess server on loopback, read as a client reads it: by the client side of the engine, over TCP alone."""

from __future__ import annotations

from collections.abc import Sequence

import anyio.to_thread
import numpy as np
from p4p import Value
from p4p.client.thread import Context

from gateway.adapters.epics_pva.probe import greeted
from gateway.errors import AdapterError
from gateway.model.quality import QUALITY, AlarmStatus, State
from gateway.ports import ReadBack

_LOOPBACK = "127.0.0.1"
_ANSWER_S = 3.0


async def read_back(endpoint: str, names: Sequence[str]) -> Sequence[ReadBack]:
    """Read PVs; see `ports.SelfReadingKind`."""
    host, _, port = endpoint.rpartition(":")
    try:
        await greeted(host, int(port))
    except (OSError, ValueError) as error:
        raise AdapterError(f"the server cannot be read: {error!r}", where=f"epics_pva {endpoint}") from error
    return await anyio.to_thread.run_sync(_read, endpoint, names)


def _read(endpoint: str, names: Sequence[str]) -> Sequence[ReadBack]:
    nobody_else = {
        "EPICS_PVA_NAME_SERVERS": endpoint,
        "EPICS_PVA_ADDR_LIST": "",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_INTF_ADDR_LIST": _LOOPBACK,
        "EPICS_PVA_BROADCAST_PORT": "0",
    }
    with Context("pva", conf=nobody_else, useenv=False, nt=False) as client:
        answers = client.get(list(names), timeout=_ANSWER_S, throw=False)
    found: list[ReadBack] = []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, TimeoutError):
            raise AdapterError(f"there is no PV '{name}', or it does not answer", where=f"epics_pva {endpoint}")
        if isinstance(answer, Exception):
            raise AdapterError(f"PV '{name}' cannot be read: {answer}", where=f"epics_pva {endpoint}")
        found.append(_decoded(answer))
    return found


def _decoded(answer: Value) -> ReadBack:
    stamp, alarm = answer["timeStamp"], answer["alarm"]
    unix_us = stamp["secondsPastEpoch"] * 1_000_000 + stamp["nanoseconds"] // 1000
    value = answer["value.index"] if answer.has("value.index") else answer["value"]
    if isinstance(value, np.ndarray):
        value = value.data.toreadonly()
    return ReadBack(value, unix_us, alarm=(_status(alarm["message"]), alarm["severity"]))


def _status(message: str) -> int:
    """STAT out of an alarm message, which is the state; only simulation puts a good value into alarm."""
    if not message:
        return AlarmStatus.NO_ALARM
    state = next((state for state in State if state == message), None)
    return -1 if state is None else QUALITY[state].status or AlarmStatus.SIMM
