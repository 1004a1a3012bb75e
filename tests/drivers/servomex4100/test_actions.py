"""Commands by coil, over real bytes: on, read-back, off, and the off whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.drivers.servomex4100 import calibration_commands
from gateway.drivers.servomex4100.actions import CLEAR_LEFTOVERS, START_AUTOCALIBRATION, STOP_AUTOCALIBRATION
from gateway.drivers.servomex4100.calibration_commands import CalibrationCommands
from gateway.drivers.servomex4100.channels import STOP_CALIBRATION_COIL
from gateway.errors import ActionRefusedError, DeviceRefusedError, DeviceTimeoutError, GatewayError
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp
from gateway.ports import Exchange
from gateway.simulator import FaultKind
from tests.drivers.servomex4100.command_bench import READ_STARTS, READ_STOP, Bench, command_bench, off, on, read

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "servomex-modbus-vectors.json").read_text())
WIRES = [
    pytest.param(ProtocolKind.MODBUS_RTU, True, id="rtu-serial"),
    pytest.param(ProtocolKind.MODBUS_ASCII, True, id="ascii-serial"),
    pytest.param(ProtocolKind.MODBUS_RTU, False, id="rtu-over-tcp"),
    pytest.param(ProtocolKind.MODBUS_TCP, False, id="modbus-tcp"),
]
CHECKS = [READ_STARTS, READ_STOP]
ECHO = 8


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with command_bench(tmp_path, ProtocolKind.MODBUS_TCP, serial=False) as bench:
        yield bench


@pytest.mark.parametrize(("protocol", "serial"), WIRES)
async def test_a_group_is_started_and_everything_stopped(protocol: ProtocolKind, serial: bool, tmp_path: Path) -> None:
    async with command_bench(tmp_path, protocol, serial=serial) as bench:
        text = await bench.commands.perform(START_AUTOCALIBRATION, (3,))
        assert text == "command taken, coil 00003 back at 0 (start of group 3)"
        asked = [data for data in bench.ear.heard if data[0] != ECHO]  # the bus asks for one at first
        assert asked == [*CHECKS, on(2), read(2), off(2)]
        assert (bench.ear.calibrating(), bench.ear.coils_set) == ([3], [])
        bench.ear.heard.clear()
        text = await bench.commands.perform(STOP_AUTOCALIBRATION, ())
        assert text == "command taken, coil 00009 back at 0 (stop)"
        assert bench.ear.heard == [*CHECKS, on(8), read(8), off(8)]
        assert (bench.ear.calibrating(), bench.ear.coils_set) == ([], [])


@pytest.mark.parametrize(
    ("kind", "protocol", "to_bytes"),
    [("rtu", ProtocolKind.MODBUS_RTU, bytes.fromhex), ("ascii", ProtocolKind.MODBUS_ASCII, str.encode)],
)
async def test_the_bytes_are_those_of_the_vectors(
    kind: str, protocol: ProtocolKind, to_bytes: Callable[[str], bytes], tmp_path: Path
) -> None:
    vectors = {vector["op"]: to_bytes(vector["request"]) for vector in VECTORS[kind]}
    async with command_bench(tmp_path, protocol, serial=True) as bench:
        await bench.commands.perform(START_AUTOCALIBRATION, (1,))
        assert bench.sent[3:] == [vectors[op] for op in ("FC05 coil0 on", "FC01 coil0", "FC05 coil0 off")]
        bench.sent.clear()
        await bench.commands.perform(STOP_AUTOCALIBRATION, ())
        assert bench.sent[1:] == [vectors[op] for op in ("FC01 coil8", "FC05 coil8 on", "FC01 coil8", "FC05 coil8 off")]


@pytest.mark.parametrize(
    ("coil", "action", "arguments", "blocked"),
    [
        (0, START_AUTOCALIBRATION, (1,), True),
        (1, START_AUTOCALIBRATION, (1,), True),
        (8, START_AUTOCALIBRATION, (1,), True),
        (8, STOP_AUTOCALIBRATION, (), True),
        (0, STOP_AUTOCALIBRATION, (), False),
    ],
)
async def test_a_leftover_blocks_what_it_could_swallow(
    bench: Bench, coil: int, action: str, arguments: tuple[int, ...], blocked: bool
) -> None:
    bench.ear.instrument.coils.write(coil, on=True, now_s=0.0)
    if blocked:
        with pytest.raises(ActionRefusedError, match=r"set already.*ClearLeftovers; nothing was written"):
            await bench.commands.perform(action, arguments)
        assert bench.ear.writes == []
    else:
        await bench.commands.perform(action, arguments)
        assert bench.ear.writes == [on(STOP_CALIBRATION_COIL), off(STOP_CALIBRATION_COIL)]
    assert bench.ear.coils_set == [coil]


async def test_leftovers_are_told_without_touching_them_and_cleared_when_asked(bench: Bench) -> None:
    for coil in (1, 8):
        bench.ear.instrument.coils.write(coil, on=True, now_s=0.0)
    assert await bench.commands.leftovers() == ["coil 00002 (start of group 2)", "coil 00009 (stop)"]
    assert bench.ear.writes == []
    text = await bench.commands.perform(CLEAR_LEFTOVERS, ())
    assert text == "cleared coil 00002 (start of group 2), coil 00009 (stop)"
    assert bench.ear.writes == [off(1), off(8)]
    assert await bench.commands.leftovers() == []
    assert await bench.commands.perform(CLEAR_LEFTOVERS, ()) == "no command coil was set"
    await bench.commands.perform(START_AUTOCALIBRATION, (2,))
    assert bench.ear.calibrating() == [2]


async def test_a_coil_that_another_master_sets_again_is_told(bench: Bench) -> None:
    bench.ear.instrument.coils.write(1, on=True, now_s=0.0)
    bench.ear.after[off(1)] = lambda: bench.ear.instrument.coils.write(1, on=True, now_s=0.0)
    with pytest.raises(GatewayError, match=r"coil 00002 \(start of group 2\) is set again; another master"):
        await bench.commands.perform(CLEAR_LEFTOVERS, ())


async def test_on_is_sent_once_even_if_its_answer_is_lost(bench: Bench) -> None:
    bench.ear.lose_answer(on(0))
    text = await bench.commands.perform(START_AUTOCALIBRATION, (1,))
    assert text == "command taken, its answer lost, coil 00001 back at 0 (start of group 1)"
    assert bench.ear.writes == [on(0), off(0)]
    assert (bench.ear.calibrating(), bench.ear.coils_set) == ([1], [])


async def test_a_command_that_never_arrived_is_told_as_such(bench: Bench) -> None:
    bench.ear.instead[on(0)] = [bytes([0x85, 6])]
    with pytest.raises(GatewayError, match="command not taken, coil 00001 stayed 0"):
        await bench.commands.perform(START_AUTOCALIBRATION, (1,))
    assert bench.ear.writes == [on(0), off(0)]


async def test_what_the_analyser_refuses_needs_no_off(bench: Bench) -> None:
    bench.ear.instead[on(0)] = [bytes([0x85, 3])]
    with pytest.raises(DeviceRefusedError, match="exception 3"):
        await bench.commands.perform(START_AUTOCALIBRATION, (1,))
    assert bench.ear.writes == [on(0)]


async def test_a_failed_read_back_does_not_keep_the_off(bench: Bench) -> None:
    bench.ear.instead[read(0)] = [bytes([0x81, 4])]
    with pytest.raises(
        GatewayError, match=r"not known whether the command arrived: .*exception 4.*analyser's own display"
    ):
        await bench.commands.perform(START_AUTOCALIBRATION, (1,))
    assert bench.ear.coils_set == []


async def test_a_late_answer_to_on_does_not_pass_for_that_to_off(bench: Bench) -> None:
    bench.ear.instead[off(0)] = [on(0)]
    await bench.commands.perform(START_AUTOCALIBRATION, (1,))
    assert bench.ear.writes == [on(0), off(0), off(0)]
    assert bench.ear.coils_set == []


async def test_an_analyser_that_falls_silent_is_remembered_and_the_result_is_loud(tmp_path: Path) -> None:
    async with command_bench(tmp_path, ProtocolKind.MODBUS_RTU, serial=True, write_back_s=0.6) as bench:
        bench.ear.after[on(1)] = lambda: bench.ear.instrument.switch_on(FaultKind.SILENT)
        loud = r"COIL 00002 NOT WRITTEN BACK TO 0 \(start of group 2\).*ClearLeftovers"
        with pytest.raises(GatewayError, match=loud):
            await bench.commands.perform(START_AUTOCALIBRATION, (2,))
        assert await bench.commands.leftovers() == ["coil 00002 (start of group 2), not written back"]
        bench.ear.instrument.clear_faults()
        assert await bench.commands.leftovers() == ["coil 00002 (start of group 2)"]
        bench.ear.after.clear()
        await bench.commands.perform(CLEAR_LEFTOVERS, ())
        assert bench.ear.coils_set == []


@pytest.mark.parametrize("native", [False, True], ids=["scope", "task"])
@pytest.mark.parametrize("step", [on(0), read(0), off(0)], ids=["on", "read-back", "off"])
async def test_a_caller_that_goes_away_leaves_no_coil_set(bench: Bench, step: bytes, native: bool) -> None:
    reached = anyio.Event()
    bench.ear.after[step] = reached.set
    if native:
        task = asyncio.ensure_future(bench.commands.perform(START_AUTOCALIBRATION, (1,)))
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.commands.perform, START_AUTOCALIBRATION, (1,))
            await reached.wait()
            tasks.cancel_scope.cancel()
    assert bench.ear.coils_set == []
    assert bench.ear.writes.count(on(0)) == 1
    assert bench.ear.writes[-1] == off(0)


async def test_an_unknown_action_is_refused(bench: Bench) -> None:
    with pytest.raises(ActionRefusedError, match="there is no action 'Reboot'"):
        await bench.commands.perform("Reboot", ())
    assert bench.ear.heard == []


class FlakyBus:
    """An analyser behind a wire that follows a script: what happens to each exchange, and fine from then on."""

    name = "line"
    protocol = ProtocolKind.MODBUS_RTU

    def __init__(self, script: Sequence[str]) -> None:
        self.script = list(script)
        self.coils = [0] * 9
        self.edges = 0
        self.ons = 0

    def exchange(self, carry_out: object) -> Exchange:
        fate = self.script.pop(0) if self.script else "fine"
        if fate == "refused":
            raise DeviceRefusedError("refused", code=2)
        if fate == "lost request":
            raise DeviceTimeoutError("no answer")
        assert callable(carry_out)
        values = carry_out()
        if fate == "lost answer":
            raise DeviceTimeoutError("no answer")
        return Exchange(values, Stamp(0, 0), Stamp(0, 0), b"")

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:  # noqa: ARG002
        return self.exchange(lambda: tuple(self.coils[address : address + count]))

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:  # noqa: ARG002
        self.ons += on

        def carry_out() -> tuple[int]:
            self.edges += on and not self.coils[address]
            self.coils[address] = int(on)
            return (int(on),)

        return self.exchange(carry_out)


FATES = st.lists(st.sampled_from(["fine", "lost request", "lost answer", "refused"]), max_size=8)


@given(script=FATES)
@settings(deadline=None)
def test_whatever_the_wire_does_the_coil_ends_at_0_and_the_words_are_true(script: list[str]) -> None:
    bus = FlakyBus(script)
    commands = CalibrationCommands("stack", 30, bus)  # type: ignore[arg-type]

    async def start() -> str | None:
        try:
            return await commands.perform(START_AUTOCALIBRATION, (1,))
        except GatewayError as error:
            return None if "not known" in error.what else ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration_commands, "_PAUSE_S", 0.0)
        told = anyio.run(start)
    assert bus.coils == [0] * 9
    assert bus.ons <= 1
    if told is not None:
        assert bus.edges == bool(told)
