"""Nothing that must not go out reaches a back end: asked for by real clients of a whole gateway."""

from __future__ import annotations

import getpass
import json
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.security.own_identity import WantedIdentity
from gateway.adapters.opcua.security.pki import Pki
from gateway.app import Gateway
from gateway.drivers.daq import back_ends
from gateway.drivers.daq.back_ends import BackEnds
from gateway.model.role import Role
from gateway.settings.load import load_settings
from tests.adapters.opcua.certificates import CLIENT
from tests.adapters.opcua.recording_desk import ClientKeys, call_request, operator
from tests.clients.libca import LibcaProcess, connected
from tests.drivers.daq.noting_device import NotingDevice
from tests.ports import free_port
from tests.users import user_file

PASSWORD = "correct horse battery staple"
CA_USER = getpass.getuser()
ACTION = "ns=2;s=rig/Action"
LONGEST = 500
PATIENCE_S = 30.0
NAN, INF = math.nan, math.inf

NUMBERS = (NAN, INF, -INF, 5.001, -1e300)
ARRAYS = ([0.0, NAN], [INF], [0.0, -INF, 0.0], [1.0, 5.001], [-7.0], [], [0.0] * (LONGEST + 1))


@dataclass
class Rig:
    """A running gateway.

    Attributes:
        url: Of its OPC UA server.
        ca_port: Of its Channel Access server.
        keys: Of a client that the OPC UA server trusts.
        device: What its outputs reach.
        audit: Its audit file.
    """

    url: str
    ca_port: int
    keys: ClientKeys
    device: NotingDevice
    audit: Path

    def outcomes(self) -> list[str]:
        lines = (json.loads(line) for line in self.audit.read_text().splitlines())
        return [line["outcome"] for line in lines if "outcome" in line]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> NotingDevice:
    device, simulated = NotingDevice(), back_ends.MAKERS["simulated"]
    monkeypatch.setitem(back_ends.MAKERS, "simulated", lambda settings: BackEnds(simulated(settings).input, device))
    return device


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClientKeys]:
    place, client = tmp_path_factory.mktemp("gate"), CLIENT.made()
    folder, keys = place / "pki", ClientKeys.write(place, client)
    pki = Pki(folder)
    pki.open(WantedIdentity("urn:test:analyser-gateway:gate", "Analyser gateway", ["localhost", "127.0.0.1"]))
    (pki.folders.trusted.certificates / "client.der").write_bytes(client.der)
    return folder, keys


@pytest.fixture
async def rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: NotingDevice, pki: tuple[Path, ClientKeys]
) -> AsyncIterator[Rig]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    opcua_port, ca_port = free_port(), free_port()
    everybody, alice = ["alice", CA_USER], ["alice"]
    output = {"direction": "output", "unit": "V", "range": [-5, 5], "safe_range": [-1, 1], "safe_value": 0.5}
    folder, keys = pki
    user_file(tmp_path, {"alice": (Role.OPERATOR, PASSWORD), "olga": (Role.OBSERVER, PASSWORD)})
    document = {
        "site": "gate",
        "users_file": "users.json",
        "audit_file": "audit.jsonl",
        "operators": {CA_USER: {"hosts": ["127.0.0.1"]}},
        "analysers": {
            "rig": {
                "driver": "daq",
                "device": {"backend": "simulated"},
                "sample_rate_hz": 1000,
                "block_size": 50,
                "longest_waveform": LONGEST,
                "channels": {"In": {"unit": "V"}, "Drive": output, "Locked": output},
                "signals": {"wave": {"shape": "constant", "offset": 3, "duration_s": 0.05}},
                "actions": {
                    "WriteValueDrive": everybody,
                    "WriteWaveformDrive": everybody,
                    "PlayWave": everybody,
                    "Stop": everybody,
                    "WriteValueLocked": alice,
                    "WriteWaveformLocked": alice,
                },
            }
        },
        "adapters": {
            "opcua": {
                "host": "127.0.0.1",
                "port": opcua_port,
                "anonymous": "observer",
                "security": {"policies": ["None", "Basic256Sha256"], "pki": str(folder)},
            },
            "epics_ca": {"prefix": "T:", "interfaces": ["127.0.0.1"], "port": ca_port},
        },
    }
    path = tmp_path / "gate.yaml"
    path.write_text(json.dumps(document))
    gateway, stop = Gateway(load_settings(path)), anyio.Event()
    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(PATIENCE_S):
            await tasks.start(gateway.run, stop)
            url = gateway.endpoints["opcua"][0]
            await until(url, "Status/Communication", "good")
        yield Rig(url, ca_port, keys, device, tmp_path / "audit.jsonl")
        stop.set()


async def until(url: str, point: str, value: object) -> None:
    """Wait until anybody who looks sees that value."""
    async with Client(url) as client:
        node = client.get_node(f"ns=2;s=rig/{point}")
        while (await node.read_data_value(raise_on_bad_status=False)).Value.Value != value:  # noqa: ASYNC110
            await anyio.sleep(0.02)


def double(value: float | list[float]) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.Double, is_array=isinstance(value, list))


async def call(client: Client, action: str, *given: float | list[float], confirm: bool = True) -> str:
    arguments = (*map(double, given), ua.Variant(confirm, ua.VariantType.Boolean))
    request = call_request(*arguments, method=f"{ACTION}/{action}", parent=ACTION)
    (result,) = await client.uaclient.call([request])
    return str(result.StatusCode.name)


async def ask(client: LibcaProcess, action: str, given: float | list[float], *, confirm: bool = True) -> bool:
    """Whether both puts of an action were taken."""
    try:
        await client.put(f"T:rig:Action:{action}", given)
        if confirm:
            await client.put("T:rig:Action:Confirm", 1)
    except RuntimeError:
        return False
    return confirm


async def test_opcua_clients_get_nothing_past_a_gate(rig: Rig) -> None:
    cases: list[tuple[str, float | list[float]]] = [("WriteValue", one) for one in NUMBERS]
    cases += [("WriteWaveform", list(one)) for one in ARRAYS]
    right = (("WriteValue", 2.0), ("WriteWaveform", [2.0, -2.0]))
    with anyio.fail_after(PATIENCE_S):
        async with operator(rig.url, rig.keys, "alice", PASSWORD) as alice:
            said = {await call(alice, f"{verb}Drive", given) for verb, given in cases}
            assert "Good" not in said
            for verb, given in right:
                assert await call(alice, f"{verb}Drive", given, confirm=False) != "Good"
            assert await call(alice, "PlayWave", confirm=False) != "Good"
        async with operator(rig.url, rig.keys, "olga", PASSWORD) as olga:
            for verb, given in right:
                assert await call(olga, f"{verb}Drive", given) != "Good"
        async with Client(rig.url) as anybody:
            for verb, given in right:
                assert await call(anybody, f"{verb}Drive", given) != "Good"
        assert rig.device.given == []
        assert "done" not in rig.outcomes()

        async with operator(rig.url, rig.keys, "alice", PASSWORD) as alice:
            assert await call(alice, "WriteValueLocked", -5.0) == "Good"
            assert rig.device.given == [-5.0]
            await until(rig.url, "Locked/Value", -5.0)
            rig.device.given.clear()
            assert await call(alice, "WriteWaveformDrive", [2.0, -2.0, 5.0]) == "Good"
            await until(rig.url, "Playback/Drained", True)
    assert rig.device.given[:3] == [2.0, -2.0, 5.0]
    assert rig.device.given[-1] == 0.5  # its safe value, after a ramp
    assert all(map(math.isfinite, rig.device.given))


async def test_channel_access_clients_get_nothing_past_a_gate(rig: Rig) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with connected(rig.ca_port) as client:
            for number in NUMBERS:
                assert not await ask(client, "WriteValueDrive", number)
            for array in ARRAYS:
                assert not await ask(client, "WriteWaveformDrive", array or [6.0])
            assert not await ask(client, "WriteValueDrive", 2.0, confirm=False)
            assert not await ask(client, "WriteWaveformDrive", [2.0], confirm=False)
            assert not await ask(client, "WriteValueLocked", 2.0)
            assert not await ask(client, "WriteWaveformLocked", [2.0])
            assert rig.device.given == []
            assert "done" not in rig.outcomes()

            assert await ask(client, "WriteValueDrive", 2.0)
            assert rig.device.given == [2.0]
            rig.device.given.clear()
            assert await ask(client, "PlayWave", 1)
            await until(rig.url, "Playback/Drained", True)
    assert rig.device.given[:100] == [3.0] * 100  # 50 samples on each of two outputs
    assert rig.device.given[-2:] == [0.5, 0.5]
    assert all(map(math.isfinite, rig.device.given))
