"""Actions as libca asks for them: arm, confirm, and what comes back."""

from __future__ import annotations

import json
import logging
import os
import pwd
import subprocess
import sys
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.errors import ActionRefusedError, DeviceTimeoutError
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from tests.adapters.epics_ca.acting import (
    ACTING_SITE,
    BEGIN_US,
    BLOWBACK,
    CONFIRM,
    MEASURED,
    START,
    ManualClock,
    RecordingDesk,
)
from tests.clients.libca import CLIENTS, PATIENCE, LibcaProcess, environment

FAILED, DENIED = "Channel write request failed", "Write access denied"
PUTFAIL, NOWTACCESS = 160, 376


def asked(action: str, *arguments: int) -> ActionRequest:
    user = pwd.getpwuid(os.getuid()).pw_name
    origin = ActionOrigin("epics_ca", "127.0.0.1", user, proved=False)
    return ActionRequest("stack", action, arguments, confirmed=True, origin=origin)


async def test_one_process_arms_and_confirms(operator: LibcaProcess, desk: RecordingDesk):
    await operator.put(START, 2)
    assert (await operator.get(START))["value"] == 2
    assert desk.requests == []
    await operator.put(CONFIRM, 1)
    assert desk.requests == [asked("StartAutocalibration", 2)]
    assert [(await operator.get(pv))["value"] for pv in (START, CONFIRM)] == [0, 0]


async def test_two_processes_of_one_user_do_as_well_in_the_words_of_caput(
    acting_port: int, desk: RecordingDesk, connect: Any
):
    async with connect(acting_port) as first:
        await first.put(START, "3", datatype="STRING")
    async with connect(acting_port) as second:
        await second.put(CONFIRM, "Yes", datatype="STRING")
        await second.put(BLOWBACK, "Request")
        await second.put(CONFIRM, 1.0, datatype="DOUBLE")
    assert desk.requests == [asked("StartAutocalibration", 3), asked("Blowback")]


async def test_what_is_not_armed_cannot_be_confirmed(operator: LibcaProcess, desk: RecordingDesk, clock: ManualClock):
    async def confirm() -> None:
        with pytest.raises(RuntimeError, match=FAILED):
            await operator.put(CONFIRM, 1)

    await confirm()
    for value in (0, 5, -1, 2**31 - 1):
        with pytest.raises(RuntimeError, match=FAILED):
            await operator.put(START, value)
    await confirm()
    await operator.put(START, 1)
    await operator.put(CONFIRM, 0)
    await confirm()
    await operator.put(BLOWBACK, 1)
    await operator.put(BLOWBACK, 0)
    await confirm()
    await operator.put(START, 1)
    clock.advance(30)
    await confirm()
    assert desk.requests == []
    await operator.put(START, 1)
    await operator.put(BLOWBACK, 1)
    assert (await operator.get(START))["value"] == 0, "the newer arming has replaced the older"
    clock.advance(29.999)
    await operator.put(CONFIRM, 1)
    await confirm()
    assert desk.requests == [asked("Blowback")]


async def test_values_that_are_no_whole_number_are_refused(operator: LibcaProcess, desk: RecordingDesk):
    for pv, value, datatype in (
        (START, "two", "STRING"),
        (START, "nan", "STRING"),
        (START, "", "STRING"),
        (START, float("nan"), "DOUBLE"),
        (START, float("inf"), "FLOAT"),
        (START, 1.5, "DOUBLE"),
        (BLOWBACK, "request", "STRING"),
    ):
        with pytest.raises(RuntimeError, match="No reasonable data conversion"):
            await operator.put(pv, value, datatype=datatype)
    with pytest.raises(RuntimeError, match=FAILED):
        await operator.put(BLOWBACK, 2)
    with pytest.raises(RuntimeError, match="count"):
        await operator.put(START, [1, 2])
    with pytest.raises(RuntimeError, match=FAILED):
        await operator.put(CONFIRM, 1)
    assert desk.requests == []


async def test_a_put_returns_when_its_action_has_ended_and_monitors_go_on_meanwhile(
    acting: ChannelAccessAdapter, operator: LibcaProcess, desk: RecordingDesk
):
    desk.hold()
    for pv in (MEASURED, START, CONFIRM):
        await operator.monitor(pv)
    await operator.put(START, 4)
    returned = anyio.Event()

    async def confirm() -> None:
        await operator.put(CONFIRM, 1)
        returned.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(confirm)
        with anyio.fail_after(PATIENCE):
            await desk.begun.wait()
        for tick in range(1, 11):
            acting.apply(Update(0, Stamp(0, BEGIN_US + tick), [float(tick)], [State.GOOD], [0]))
            assert (await operator.events(MEASURED, tick + 1))[-1]["value"] == tick
        assert (await operator.get(CONFIRM))["value"] == 1
        with pytest.raises(RuntimeError, match=FAILED):
            await operator.put(CONFIRM, 1)
        assert not returned.is_set()
        desk.go.set()
    assert [event["value"] for event in await operator.events(CONFIRM, 3)] == [0, 1, 0]
    assert [event["value"] for event in await operator.events(START, 3)] == [0, 4, 0]
    assert len(desk.requests) == 1


TROUBLE = {
    "refused": (ActionRefusedError("not an operator"), DENIED, NOWTACCESS),
    "failed": (DeviceTimeoutError("no answer"), FAILED, PUTFAIL),
    "fault": (ZeroDivisionError("a bug"), FAILED, PUTFAIL),
}


@pytest.mark.parametrize(("trouble", "words", "status"), list(TROUBLE.values()), ids=list(TROUBLE))
async def test_what_the_desk_refuses_is_a_failed_put(
    acting_port: int,
    operator: LibcaProcess,
    desk: RecordingDesk,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
    words: str,
    status: int,
):
    desk.trouble = trouble
    await operator.put(BLOWBACK, 1)
    with pytest.raises(RuntimeError, match=words):
        await operator.put(CONFIRM, 1)
    logged = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
    assert len(logged) == isinstance(trouble, ZeroDivisionError), "only a fault of the gateway is news"
    command = [sys.executable, str(CLIENTS / "ca_pyepics.py"), "--put", BLOWBACK, "1", CONFIRM, "1", CONFIRM, "1"]
    with anyio.fail_after(PATIENCE):
        done = await anyio.run_process(command, env=environment(acting_port), stderr=subprocess.DEVNULL)
    assert json.loads(done.stdout.splitlines()[-1]) == [1, status, PUTFAIL]
    assert (await operator.get(CONFIRM))["value"] == 0


async def test_only_commands_announce_write_access_and_no_field_of_them_does(
    acting: ChannelAccessAdapter, operator: LibcaProcess
):
    commands = {START, BLOWBACK, CONFIRM}
    for pv in (*acting._records, *(f"{pv}.{field}" for pv in commands for field in ("DESC", "SEVR", "SCAN", "UDF"))):
        info = await operator.ask("info", pv)
        assert info["read"]
        assert info["write"] == (pv in commands), pv
        if pv not in commands:
            with pytest.raises(RuntimeError, match=DENIED):
                await operator.put(pv, 1)
    assert (await operator.ask("info", f"{START}.VAL"))["write"]
    with pytest.raises(RuntimeError, match=r"(?i)timeout|disconnected"):
        await operator.get("T:stack:Action:Pair", timeout=0.3)


async def test_commands_are_outputs_with_living_fields(operator: LibcaProcess, clock: ManualClock):
    seen = await operator.get(START, format="CTRL")
    assert (seen["datatype"], seen["value"], seen["severity"], seen["units"]) == (5, 0, 0, "")
    assert (seen["upper_ctrl_limit"], seen["lower_ctrl_limit"]) == (4, 1)
    expected = {
        "RTYP": "longout",
        "DESC": "Starts the autocalibration of a group",
        "DRVH": 4,
        "DRVL": 1,
        "HOPR": 4,
        "LOPR": 1,
        "HIHI": 0,
        "HHSV": 0,
        "MDEL": 0,
        "EGU": "",
        "SCAN": 0,
        "UDF": 0,
    }
    assert {name: (await operator.get(f"{START}.{name}"))["value"] for name in expected} == expected
    for pv, states in ((BLOWBACK, ["Idle", "Request"]), (CONFIRM, ["No", "Yes"])):
        assert (await operator.get(pv, format="CTRL"))["enums"] == states
        assert (await operator.get(f"{pv}.RTYP"))["value"] == "bo"
        assert (await operator.get(f"{pv}.ONAM"))["value"] == states[1]
    await operator.monitor(START, format="TIME")
    clock.advance(1.25)
    await operator.put(START, 2)
    clock.advance(30)
    events = await operator.events(START, 3)
    assert [event["value"] for event in events] == [0, 2, 0]
    begin = BEGIN_US // 1_000_000
    stamps = [[begin, 0], [begin + 1, 250_000_000], [begin + 31, 250_000_000]]
    assert [event["raw_stamp"] for event in events] == stamps


async def test_without_a_desk_there_are_no_commands(settings: ChannelAccessSettings, serving: Any, connect: Any):
    async with serving(ChannelAccessAdapter(ACTING_SITE, settings)) as port, connect(port) as client:
        assert (await client.get("T:stack:Action:State"))["value"] == ""
        with pytest.raises(RuntimeError, match=r"(?i)timeout|disconnected"):
            await client.get(CONFIRM, timeout=0.3)
