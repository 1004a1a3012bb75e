"""Every library of the family, from its own fake to OPC UA and Channel Access; and what clients see when that dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from asyncua import Client, ua
from ruamel.yaml import YAML

from tests.clients.libca import LibcaClient
from tests.drivers.library.family import ROOT, family_python
from tests.ports import free_port

pytestmark = pytest.mark.timeout(400)  # the first test installs the libraries

HERE = Path(__file__).parent
PATIENCE_S = 40.0
SERIAL = {"fuji": "flue", "sartorius": "balance", "alicat": "fuel", "watlow": "oven"}
"""Libraries that open a serial port, and their analysers."""
BOARDS = {"nidaq": ("rig", "ni_board"), "dtol": ("bench", "dt_board")}
"""Libraries that open a board."""
SILENT = ("alicat", "watlow")
"""Libraries that never say that the instrument is gone: it is opened again after 15 s, which is tested elsewhere."""
INVALID = 3
WAVEFORM = [float(number) for number in range(100)]
VALUES: dict[str, dict[str, Any]] = {
    "fuji": {"flue/CH1/Value": -0.1, "flue/CH2/Value": -0.007, "flue/CH3/Value": 20.18, "flue/CH3/Status": ""},
    "sartorius": {"balance/weight/Value": pytest.approx(-0.005), "balance/weight/Status": ""},
    "alicat": {
        "fuel/pressure/Value": 14.62,
        "fuel/temperature/Value": 21.89,
        "fuel/flow/Value": 79.01,
        "fuel/setpoint/Value": 78.95,
        "fuel/gas/Value": "N2",
    },
    "watlow": {"oven/process_value/Value": pytest.approx(2531.80, abs=0.005)},
    "nidaq": {
        "rig/strain/Waveform": WAVEFORM,
        "rig/strain/Mean": 49.5,
        "rig/pressure/Value": 7.0,
    },
    "dtol": {"bench/supply/Value": pytest.approx(2.207, abs=0.001), "bench/signal/Value": pytest.approx(0, abs=0.001)},
}


@dataclass
class Instruments:
    """The fakes: four processes behind pseudo-terminals, and two files that stand for boards."""

    python: Path
    folder: Path
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, library: str) -> None:
        if library in BOARDS:
            (self.folder / library).touch()
            return
        command = [self.python, HERE / "fake_instrument.py", f"{library}lib", self.folder / library]
        self.processes[library] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def ready(self) -> None:
        """Return when all that were started can be opened."""
        for process in self.processes.values():
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def kill(self, library: str) -> None:
        (self.folder / library).unlink()  # it would lead to whoever has that terminal next
        if library in SERIAL:
            process = self.processes.pop(library)
            process.kill()
            process.communicate()


@dataclass
class Gateway:
    """A gateway under Python 3.13 with all six, each as in its sample file but for the place of the instrument."""

    url: str
    libca: LibcaClient
    instruments: Instruments
    log: list[str] = field(default_factory=list)

    def follow(self, process: subprocess.Popen[str], serving: threading.Event) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.log.append(line)
            if "; stop with Ctrl-C" in line:
                serving.set()
        serving.set()


def analysers(instruments: Path) -> dict[str, Any]:
    """Those of the sample files."""
    found: dict[str, Any] = {}
    for library, name in SERIAL.items():
        ((sample, analyser),) = samples(library).items()
        assert sample == name
        analyser["steps"]["device"]["arguments"]["port"] = str(instruments / library)
        found[name] = analyser
    for library, (name, board) in BOARDS.items():
        (analyser,) = samples(library).values()
        arguments = {"plugged_in": str(instruments / library)}
        analyser["steps"] = {"board": {"call": f"fake_boards:{board}", "arguments": arguments}, **analyser["steps"]}
        analyser["steps"]["session"]["arguments"]["backend"] = "$board"
        found[name] = analyser
    found["oven"]["channels"]["setpoint"]["stale_after_s"] = 1.0
    return found


def samples(library: str) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load((ROOT / "config" / f"library-{library}.yaml").read_text())
    return dict(content["analysers"])


@pytest.fixture(scope="module")
def instruments(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instruments]:
    assert pytestconfig.cache is not None
    fakes = Instruments(family_python(pytestconfig.cache), tmp_path_factory.mktemp("instruments"))
    try:
        for library in VALUES:
            fakes.start(library)
        fakes.ready()
        yield fakes
    finally:
        for library in list(fakes.processes):
            fakes.kill(library)


@pytest.fixture(scope="module")
def gateway(instruments: Instruments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    opcua, epics = free_port(), free_port()
    settings = {
        "site": "laboratory",
        "analysers": analysers(instruments.folder),
        "adapters": {
            "opcua": {"host": "127.0.0.1", "port": opcua, "anonymous": "observer", "security": {"policies": ["None"]}},
            "epics_ca": {"prefix": "LAB:", "interfaces": ["127.0.0.1"], "port": epics},
        },
    }
    config = tmp_path_factory.mktemp("gateway") / "gateway.yaml"
    config.write_text(json.dumps(settings))  # the order of the steps stays
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [instruments.python, "-m", "gateway", "run", config]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        running = Gateway(f"opc.tcp://127.0.0.1:{opcua}/analyser-gateway", LibcaClient(epics), instruments)
        serving = threading.Event()
        follower = threading.Thread(target=running.follow, args=(process, serving))
        follower.start()
        try:
            assert serving.wait(PATIENCE_S), running.log
            assert process.poll() is None, running.log
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            finally:
                process.kill()
                follower.join()
    assert process.returncode == 0, running.log
    assert not [line for line in running.log if "Traceback" in line], running.log


async def opcua_values(client: Client, paths: list[str]) -> dict[str, ua.DataValue]:
    nodes = [client.get_node(f"ns=2;s={path}") for path in paths]
    return dict(zip(paths, await client.read_attributes(nodes, ua.AttributeIds.Value), strict=True))


async def until(client: Client, paths: list[str], shown: Callable[[ua.DataValue], bool]) -> dict[str, ua.DataValue]:
    """The values once all of them are as wanted."""
    values: dict[str, ua.DataValue] = {}
    with anyio.move_on_after(PATIENCE_S):
        while not values or not all(map(shown, values.values())):
            await anyio.sleep(0.1)
            values = await opcua_values(client, paths)
    assert all(map(shown, values.values())), values
    return values


def is_good(value: ua.DataValue) -> bool:
    return bool(value.StatusCode and value.StatusCode.is_good())


def is_not_good(value: ua.DataValue) -> bool:
    return not is_good(value)


def counts(value: ua.DataValue) -> bool:
    return value.Value is not None and value.Value.Value is not None and value.Value.Value > 0


def pv(path: str) -> str:
    return "LAB:" + path.removesuffix("/Value").replace("/", ":")


@pytest.mark.parametrize("library", VALUES)
async def test_values_come_through_opcua_and_channel_access(gateway: Gateway, library: str) -> None:
    expected = VALUES[library]
    paths = list(expected)
    async with Client(gateway.url) as client:
        values = await until(client, paths, is_good)
        assert {path: value.Value.Value for path, value in values.items() if value.Value} == expected
        device = paths[0].partition("/")[0]
        await until(client, [f"{device}/Diagnostics/{name}" for name in ("Payloads", "LibraryEmitted")], counts)
    pvs = await gateway.libca.get(*map(pv, paths))
    assert {path: pvs[pv(path)]["value"] for path in paths} == expected
    assert INVALID not in {pvs[pv(path)]["severity"] for path in paths}


async def test_a_value_that_the_library_leaves_out_goes_bad_by_itself(gateway: Gateway) -> None:
    """The fake answers for the process value alone, and watlowlib says nothing of the set point."""
    async with Client(gateway.url) as client:
        await until(client, ["oven/process_value/Value"], is_good)
        left_out = await until(client, ["oven/setpoint/Value"], is_not_good)
        assert left_out["oven/setpoint/Value"].StatusCode.name == "BadNoCommunication"


async def test_the_death_of_a_fake_turns_points_bad_and_its_return_turns_them_good(gateway: Gateway) -> None:
    paths = [path for expected in VALUES.values() for path in expected]
    async with Client(gateway.url) as client:
        await until(client, paths, is_good)
        for library in VALUES:
            gateway.instruments.kill(library)
        await until(client, paths, is_not_good)
        pvs = await gateway.libca.get(*map(pv, paths))
        assert {path: pvs[pv(path)]["severity"] for path in paths} == dict.fromkeys(paths, INVALID)

        for library in VALUES:
            gateway.instruments.start(library)
        gateway.instruments.ready()
        for library, expected in VALUES.items():
            if library not in SILENT:
                back = await until(client, list(expected), is_good)
                assert {path: value.Value.Value for path, value in back.items() if value.Value} == expected
