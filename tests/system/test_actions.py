"""Actions through a whole gateway: from the settings file by way of the desk to the coils of a simulated analyser."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import TaskStatus
from ruamel.yaml import YAML

from gateway import registry
from gateway.app import Gateway
from gateway.drivers.servomex4100.calibration_commands import CalibrationCommands
from gateway.errors import ActionRefusedError, GatewayError, InputError, LoginRefusedError
from gateway.model.access import Place
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.role import Role
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.ports import ActionDesk, ServedName
from gateway.settings.load import load_settings
from gateway.simulator import FaultKind, InstrumentSettings, LineSettings, PtyLink, SimulatorSettings, TcpLink, running
from gateway.simulator.line import Line
from gateway.streaming.clock import SystemClock
from tests.drivers.servomex4100.command_bench import Ear, off, on

PASSWORD = "correct horse battery staple"
QUICK = {"idle_gap_ms": 2, "timeout_s": 0.2, "attempts": 2, "baudrate": 115200, "turnaround_ms": 1}
ALICE = ActionOrigin("opcua", "127.0.0.1", "alice", proved=True)
BOB = ActionOrigin("epics_ca", "127.0.0.1", "bob", proved=False)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Nothing to set."""


@dataclass
class Console:
    """The smallest adapter that offers actions: it keeps the desk, and what points show."""

    site: SiteSpec
    endpoints: tuple[str, ...] = ("here",)
    desk: ActionDesk | None = None
    last: dict[int, Update] = field(default_factory=dict)
    news: anyio.Event = field(default_factory=anyio.Event)

    def offer(self, desk: ActionDesk) -> None:
        assert self.desk is None
        self.desk = desk

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        assert self.desk is not None
        task_status.started()
        await anyio.sleep_forever()

    def apply(self, update: Update) -> None:
        self.last[update.group] = update
        self.news.set()

    async def ask(self, action: str, *arguments: int, origin: ActionOrigin = ALICE, confirmed: bool = True) -> str:
        assert self.desk is not None
        with anyio.fail_after(20):
            return await self.desk.invoke(ActionRequest("stack", action, arguments, confirmed, origin))

    def point(self, name: str, group: str = "Action") -> tuple[Value, State] | None:
        spec = self.site.devices[0].group(group)
        if spec is None or spec.index not in self.last:
            return None
        index = [point.path[-1] for point in spec.points].index(name)
        return self.last[spec.index].values[index], self.last[spec.index].states[index]

    async def until(self, name: str, value: Value, state: State = State.GOOD, group: str = "Action") -> None:
        with anyio.fail_after(20):
            while self.point(name, group) != (value, state):
                self.news = anyio.Event()
                await self.news.wait()


class ConsoleKind:
    """Registered as adapter `console`; remembers what it made."""

    settings = ConsoleSettings

    def __init__(self) -> None:
        self.made: list[Console] = []

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:  # noqa: ARG002
        return []

    def create(self, site: SiteSpec, settings: object) -> Console:  # noqa: ARG002
        self.made.append(Console(site))
        return self.made[-1]


KIND = ConsoleKind()


@pytest.fixture(autouse=True)
def console(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    KIND.made.clear()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "console_adapter", sys.modules[__name__])
    monkeypatch.setitem(registry.ADAPTERS, "console", "console_adapter:KIND")
    registry._entries.cache_clear()
    yield
    registry._entries.cache_clear()


@dataclass
class Plant:
    console: Console
    ear: Ear
    line: Line
    audit: Path
    stop: anyio.Event

    @property
    def audited(self) -> list[tuple[object, ...]]:
        lines = [json.loads(text) for text in self.audit.read_text().splitlines()]
        return [(line["user"], line["action"], line["outcome"]) for line in lines]


StartPlant = Callable[..., AbstractAsyncContextManager[Plant]]


def settings_file(folder: Path, link: str, protocol: ProtocolKind, **analyser: Any) -> Path:
    (folder / "alice.txt").write_text(f"{PASSWORD}\n")
    document = {
        "site": "actions",
        "audit_file": "audit.jsonl",
        "operators": {"alice": {"password": "ALICE"}, "bob": {"hosts": ["127.0.0.0/8"]}},
        "buses": {"line": {"link": link, "protocol": protocol.value} | QUICK},
        "analysers": {
            "stack": {
                "driver": "servomex4100",
                "bus": "line",
                "address": 30,
                "rate_hz": 4,
                "channels": {"I1": {"unit": "%"}},
                "actions": {
                    "StartAutocalibration": ["alice"],
                    "StopAutocalibration": ["alice", "bob"],
                    "ClearLeftovers": ["alice"],
                },
            }
            | analyser
        },
        "adapters": {"console": {}},
    }
    path = folder / "gateway.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(document, file)
    path.write_text(path.read_text().replace("ALICE", "!file alice.txt"))
    return path


@pytest.fixture
def start_plant(tmp_path: Path) -> StartPlant:
    """A simulated analyser and a gateway in this process; at the end the gateway is stopped as by a signal."""

    @asynccontextmanager
    async def start(
        protocol: ProtocolKind = ProtocolKind.MODBUS_TCP, *, serial: bool = False, leftover: int | None = None
    ) -> AsyncIterator[Plant]:
        clock = SystemClock()
        link = PtyLink(tmp_path / "tty") if serial else TcpLink()
        line_settings = LineSettings("line", link, protocol, (InstrumentSettings(30),), baudrate=None, turnaround_s=0.0)
        async with running(SimulatorSettings((line_settings,)), clock) as simulator:
            line = simulator.lines["line"]
            ear = Ear(line)
            if leftover is not None:
                ear.instrument.coils.write(leftover, on=True, now_s=0.0)
            end = line.endpoint if serial else f"socket://{line.endpoint}"
            gateway = Gateway(load_settings(settings_file(tmp_path, end, protocol)), clock)
            stop = anyio.Event()
            async with anyio.create_task_group() as tasks:
                await tasks.start(lambda *, task_status: gateway.run(stop, task_status=task_status))
                (console,) = KIND.made
                try:
                    with anyio.fail_after(20):
                        while (point := console.point("Leftovers")) is None or point[1] is not State.GOOD:
                            console.news = anyio.Event()
                            await console.news.wait()
                    yield Plant(console, ear, line, tmp_path / "audit.jsonl", stop)
                finally:
                    stop.set()

    return start


@pytest.mark.parametrize(
    ("protocol", "serial"),
    [
        pytest.param(ProtocolKind.MODBUS_RTU, True, id="rtu-serial"),
        pytest.param(ProtocolKind.MODBUS_ASCII, False, id="ascii-over-tcp"),
        pytest.param(ProtocolKind.MODBUS_TCP, False, id="modbus-tcp"),
    ],
)
async def test_a_calibration_is_started_and_stopped(
    start_plant: StartPlant, protocol: ProtocolKind, serial: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with start_plant(protocol, serial=serial) as plant:
        console = plant.console
        assert console.desk is not None
        alice = await console.desk.users.by_password("alice", lambda: PASSWORD, Place("127.0.0.1"))
        assert (alice.name, alice.role) == ("alice", Role.OPERATOR)
        with pytest.raises(LoginRefusedError):
            await console.desk.users.by_password("bob", str, Place("127.0.0.1"))
        assert [action.name for action in console.site.devices[0].actions] == [
            "StartAutocalibration",
            "StopAutocalibration",
            "ClearLeftovers",
        ]
        assert (await console.ask("StartAutocalibration", 2)).startswith("command taken, coil 00002 back at 0")
        assert plant.ear.writes == [on(1), off(1)]
        assert plant.ear.calibrating() == [2]
        await console.ask("StopAutocalibration", origin=BOB)
        assert plant.ear.writes == [on(1), off(1), on(8), off(8)]
        assert plant.ear.calibrating() == []
        assert (console.point("Done"), console.point("Refused")) == ((2, State.GOOD), (0, State.GOOD))
        plant.stop.set()
        await console.until("State", "done", State.STOPPED)
    assert plant.audited == [
        ("alice", "StartAutocalibration", "begun"),
        ("alice", "StartAutocalibration", "done"),
        ("bob", "StopAutocalibration", "begun"),
        ("bob", "StopAutocalibration", "done"),
    ]
    assert PASSWORD not in caplog.text
    assert PASSWORD not in plant.audit.read_text()


async def test_closed_gates_put_no_byte_on_the_wire(start_plant: StartPlant) -> None:
    async with start_plant() as plant:
        ask = plant.console.ask
        commands = len(plant.ear.commands)
        refused: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
            ("StartAutocalibration", (1,), {"confirmed": False}),
            ("StartAutocalibration", (1,), {"origin": BOB}),
            ("StopAutocalibration", (), {"origin": ActionOrigin("epics_ca", "10.0.0.1", "bob", proved=False)}),
            ("StopAutocalibration", (), {"origin": ActionOrigin("epics_ca", "127.0.0.1", "alice", proved=False)}),
            ("StopAutocalibration", (), {"origin": ActionOrigin("opcua", "127.0.0.1", "mallory", proved=True)}),
            ("Reboot", (), {}),
            ("StartAutocalibration", (0,), {}),
            ("StartAutocalibration", (5,), {}),
            ("StartAutocalibration", (), {}),
        ]
        for action, arguments, how in refused:
            with pytest.raises(ActionRefusedError):
                await ask(action, *arguments, **how)
        assert plant.console.point("Refused") == (len(refused), State.GOOD)
        assert (len(plant.ear.commands), plant.ear.writes) == (commands, [])
    assert {outcome for _, _, outcome in plant.audited} == {"refused"}
    assert len(plant.audited) == len(refused)


async def test_leftovers_are_reported_at_every_return_and_cleared_on_demand_alone(
    start_plant: StartPlant, caplog: pytest.LogCaptureFixture
) -> None:
    found = "coil 00001 (start of group 1)"
    async with start_plant(leftover=0) as plant:
        console, ear = plant.console, plant.ear
        await console.until("Leftovers", found)
        with pytest.raises(ActionRefusedError, match="ask for ClearLeftovers; nothing was written"):
            await console.ask("StartAutocalibration", 1)
        assert console.point("State") == ("refused", State.GOOD)
        ear.instrument.switch_on(FaultKind.SILENT)
        await console.until("Communication", "communication-interrupted", group="Acquired")
        await console.until("Leftovers", found, State.COMMUNICATION_INTERRUPTED)
        with pytest.raises(ActionRefusedError, match="does not answer at present"):
            await console.ask("StartAutocalibration", 1)
        ear.instrument.clear_faults()
        await console.until("Leftovers", found)
        assert (ear.writes, ear.coils_set) == ([], [0])
        assert await console.ask("ClearLeftovers") == f"cleared {found}"
        await console.until("Leftovers", "")
        await console.ask("StartAutocalibration", 1)
        assert (ear.calibrating(), ear.coils_set) == ([1], [])
    said = [record for record in caplog.records if "left over from earlier commands: " in record.getMessage()]
    assert len(said) == 1


async def test_an_analyser_that_falls_silent_in_the_middle_shows_as_a_leftover(
    start_plant: StartPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CalibrationCommands.__init__.__kwdefaults__ or {}, "write_back_s", 0.5)
    async with start_plant() as plant:
        plant.ear.after[on(3)] = lambda: plant.ear.instrument.switch_on(FaultKind.SILENT)
        with pytest.raises(GatewayError, match="COIL 00004 NOT WRITTEN BACK TO 0"):
            await plant.console.ask("StartAutocalibration", 4)
        assert plant.console.point("State") == ("failed", State.GOOD)
        await plant.console.until("Leftovers", "coil 00004 (start of group 4), not written back")
        plant.ear.after.clear()
        plant.ear.instrument.clear_faults()
        await plant.console.until("Leftovers", "coil 00004 (start of group 4)")
        await plant.console.ask("ClearLeftovers")
        assert plant.ear.coils_set == []


async def test_a_gateway_that_is_stopped_in_the_middle_leaves_no_coil_set(start_plant: StartPlant) -> None:
    told: list[str] = []

    async def ask(plant: Plant) -> None:
        told.append(await plant.console.ask("StartAutocalibration", 1))

    async with anyio.create_task_group() as clients:
        async with start_plant() as plant:
            plant.ear.after[on(0)] = plant.stop.set
            clients.start_soon(ask, plant)
            await plant.stop.wait()
    assert plant.ear.coils_set == []
    assert plant.ear.writes == [on(0), off(0)]
    assert len(told) == 1
    assert plant.audited[-1] == ("alice", "StartAutocalibration", "done")


async def test_a_client_that_leaves_in_the_middle_leaves_no_coil_set(start_plant: StartPlant) -> None:
    async with start_plant() as plant:
        async with anyio.create_task_group() as clients:
            plant.ear.after[on(0)] = clients.cancel_scope.cancel
            clients.start_soon(plant.console.ask, "StartAutocalibration", 1)
        await plant.console.until("State", "done")
        assert (plant.ear.coils_set, plant.ear.writes) == ([], [on(0), off(0)])


def test_continuous_mode_opens_nothing(tmp_path: Path) -> None:
    path = settings_file(tmp_path, "/dev/ttyS0", ProtocolKind.CONTINUOUS)
    with pytest.raises(InputError, match="on the continuous bus 'line' the analyser talks and does not listen"):
        load_settings(path)


def test_an_audit_file_that_cannot_be_written_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    path = settings_file(tmp_path, "/dev/ttyS0", ProtocolKind.MODBUS_RTU)
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(InputError, match="the audit file cannot be written: Is a directory"):
        Gateway(load_settings(path))
