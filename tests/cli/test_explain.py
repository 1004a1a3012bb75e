"""`explain` as a user calls it, without a gateway and with one; the pages are as recorded in `pages`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from gateway.control.server import ControlServer, Verb
from gateway.control.socket_path import control_path
from gateway.errors import DeviceTimeoutError
from gateway.model.channel_projection import ChannelProjector
from gateway.model.diagnostics import COUNTERS
from gateway.model.readings import AnalyserStatus, CalibrationGroup, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.explain import Explainer
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub
from gateway.settings.load import load_settings
from gateway.settings.site_spec import describe_devices, site_spec
from gateway.streaming.clock import SystemClock
from gateway.streaming.summary import AcquisitionSummary

ROOT = Path(__file__).parents[2]
PAGES = Path(__file__).parent / "pages"
DEMO = "config/demo.yaml"
STATIC = {
    "value-modbus": "DEMO:flue1:I1",
    "value-continuous": "ns=2;s=inlet/I2/Value",
    "flag-derived": "flue1/D1/Maintenance",
    "counter": "DEMO:flue1:Diagnostics:Late",
    "health": "flue1/Address/Timeouts",
    "communication": "bench/Status/Communication",
}


@pytest.fixture(autouse=True)
def own_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


async def explain(*arguments: str, config: str = DEMO) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-m", "gateway", "explain", config, *arguments]
    with anyio.fail_after(30):
        return await anyio.run_process(command, cwd=ROOT, check=False, env=dict(os.environ))


@pytest.mark.parametrize("page", STATIC)
async def test_pages_without_a_gateway_are_as_recorded(page: str) -> None:
    done = await explain(STATIC[page])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == (PAGES / f"{page}.txt").read_text()


async def test_every_name_of_a_point_leads_to_the_same_page() -> None:
    pages = [(await explain(name)).stdout for name in ("DEMO:flue2:I1", "ns=2;s=flue2/I1/Value", "flue2/I1/Value")]
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DEMO:flue1:II", "did you mean DEMO:flue1:I"),
        ("flue1/i1/value", "did you mean flue1/I1/Value or "),
        ("ns=2;s=bench/I9/Value", "ns=2;s=bench/I1/Value"),
        ("?", "`analyser-gateway describe config/demo.yaml` lists them all"),
    ],
)
async def test_an_unknown_point_is_exit_code_2_with_the_nearest_ones(name: str, said: str) -> None:
    done = await explain(name)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert text.startswith(f"config/demo.yaml: there is no point '{name}'; ")
    assert said in text


async def test_json_has_the_same_facts() -> None:
    page = json.loads((await explain("DEMO:flue1:I1", "--format", "json")).stdout)
    assert page["what"]["limits"] == {"low": 4.0, "high": 6.5}
    assert page["what"]["names"] == {"opcua": "ns=2;s=flue1/I1/Value", "epics_ca": "DEMO:flue1:I1"}
    assert page["where_from"]["address"] == 30
    assert page["where_from"]["flags"]["I1/Fault"].startswith("Discrete input 10001")
    assert page["now"] is None
    assert "no running gateway" in page["unknown"]


class Demo:
    """What a gateway of the demo settings would have received, behind its control socket."""

    def __init__(self) -> None:
        settings = load_settings(ROOT / DEMO)
        self.clock = SystemClock()
        self.site = site_spec(settings)
        hub = Hub(self.site)
        self.described = describe_devices(settings)
        self.freshness = {
            device.name: Freshness(
                device.name,
                ChannelProjector(device.groups[0], self.described[device.name].channels),
                hub,
                self.clock,
                5.0,
            )
            for device in self.site.devices
        }
        self.explainer = Explainer(self.site, self.freshness, self.clock)
        hub.subscribe(self.explainer)
        group = self.site.devices[1].group("Diagnostics")
        assert group is not None
        summary = AcquisitionSummary(self.clock.stamp().utc, samples_emitted=41, scheduled=42, samples_late=1)
        hub.publish(CounterProjector(group, COUNTERS, summary).project(self.clock.stamp()))

    def deliver(self, device: str, values: dict[str, float], **flags: bool) -> None:
        now = self.clock.stamp()
        batch = []
        for channel in self.described[device].channels:
            value, kind = values.get(channel, 1.0), ChannelKind.MEASURED
            unit = self.described[device].channels[channel].unit
            reading = Reading(channel, kind, "Oxygen", value, unit, ChannelStatus(**flags), b"\x40\xd8\x00\x00")
            batch.append(
                Sample(
                    device,
                    channel,
                    reading,
                    ProtocolKind.MODBUS_RTU,
                    now.monotonic_ns,
                    now.utc,
                    requested_at=now.utc - timedelta(milliseconds=81),
                    latency_s=0.0815,
                    metadata={"analyser": AnalyserStatus(groups=(CalibrationGroup(),) * 4)},
                )
            )
        self.freshness[device].deliver(batch)

    @asynccontextmanager
    async def reachable(self, verbs: dict[str, Verb] | None = None) -> AsyncIterator[None]:
        server = ControlServer(control_path(self.site.name), verbs or {"explain": self.explainer.answer})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve)
            with anyio.fail_after(5):
                while not control_path(self.site.name).exists():  # noqa: ASYNC110  a file is waited for
                    await anyio.sleep(0.01)
            yield
            tasks.cancel_scope.cancel()


def normalised(page: bytes) -> str:
    """Moments, ages and durations differ from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC", "<moment>", page.decode())
    return re.sub(r"\d+\.\d s ago", "<age> ago", text)


async def test_a_value_over_its_limit_is_explained_by_the_running_gateway() -> None:
    demo = Demo()
    demo.deliver("flue1", {"I1": 5.2})
    demo.deliver("flue1", {"I1": 6.75})
    async with demo.reachable():
        done = await explain("DEMO:flue1:I1")
        page = json.loads((await explain("DEMO:flue1:I1", "--format", "json")).stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert normalised(done.stdout) == (PAGES / "live-high.txt").read_text()
    now = page["now"]
    assert (now["value"], now["state"], now["tick"], now["raw"]) == (6.75, "high", 2, "40 d8 00 00")
    assert now["counters"]["Diagnostics"]["Scheduled"] == 42


async def test_a_fault_is_traced_to_its_discrete_input() -> None:
    demo = Demo()
    demo.deliver("flue1", {"D1": 5.2}, fault=True)
    async with demo.reachable():
        done = await explain("flue1/D1/Value")
    assert normalised(done.stdout) == (PAGES / "live-fault.txt").read_text()


async def test_a_lost_analyser_shows_what_went_wrong() -> None:
    demo = Demo()
    demo.deliver("bench", {"I1": 20.9})
    error = DeviceTimeoutError("no usable answer", where="bus laboratory, address 1", hint="check address and wiring")
    demo.freshness["bench"].fail(error, demo.clock.stamp())
    async with demo.reachable():
        done = await explain("bench/I1/Value")
    assert normalised(done.stdout) == (PAGES / "live-lost.txt").read_text()
    stopped = Stamp(demo.clock.monotonic_ns(), demo.clock.stamp().unix_us)
    demo.freshness["bench"].stop(stopped)
    assert demo.explainer.explain("bench/I1/Value").state == "stopped"


async def test_a_gateway_with_other_settings_or_verbs_is_exit_code_1_after_the_static_page(tmp_path: Path) -> None:
    demo = Demo()
    other = tmp_path / "other.yaml"
    other.write_text((ROOT / DEMO).read_text().replace("  bench:", "  table:"))
    async with demo.reachable():
        done = await explain("table/I1/Value", config=str(other))
        assert done.returncode == 1
        assert "Input registers 30001" in done.stdout.decode()
        assert "has no point 'table/I1/Value'; it was started with other settings" in " ".join(
            done.stdout.decode().split()
        )
    async with demo.reachable({"capture": demo.explainer.answer}):
        done = await explain("DEMO:flue1:I1")
        assert done.returncode == 1
        assert "ask for one of capture" in done.stdout.decode()


def test_no_engine_is_imported() -> None:
    script = (
        "import sys; from gateway.cli.command import run_command; code = run_command(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, "explain", DEMO, "DEMO:flue1:I1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert not set(done.stderr.split()) & {"asyncua", "caproto", "pymodbus", "serial", "serial_asyncio"}
