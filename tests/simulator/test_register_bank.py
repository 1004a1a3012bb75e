"""An instrument that is nothing but its registers: settings, encodings, writes, refusals, and a third-party master."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from anyio import to_thread

from gateway.errors import SettingsError
from gateway.simulator import BankSettings, BankTable, CellSettings, FaultKind, load_settings, running
from gateway.simulator.bank_slave import BankSlave
from gateway.simulator.register_bank import RegisterBank
from gateway.simulator.signals import Constant, Ramp

C, D, INPUT, H = BankTable


def slave_of(clock: Any, *cells: CellSettings) -> BankSlave:
    return BankSlave(RegisterBank(BankSettings(9, cells), clock))


@pytest.mark.parametrize(
    ("form", "order", "value", "words"),
    [
        ("u16", "ABCD", 0x1234, [0x1234]),
        ("u16", "BADC", 0x1234, [0x3412]),
        ("s16", "ABCD", -2, [0xFFFE]),
        ("u32", "ABCD", 0x12345678, [0x1234, 0x5678]),
        ("u32", "CDAB", 0x12345678, [0x5678, 0x1234]),
        ("u32", "BADC", 0x12345678, [0x3412, 0x7856]),
        ("u32", "DCBA", 0x12345678, [0x7856, 0x3412]),
        ("f32", "CDAB", 465.65997, [0xD47A, 0x43E8]),
        ("f64", "ABCD", 1.0, [0x3FF0, 0, 0, 0]),
        ("s64", "CDAB", -3, [0xFFFD, 0xFFFF, 0xFFFF, 0xFFFF]),
    ],
)
def test_numbers_in_registers(form: str, order: str, value: float, words: list[int], clock: Any) -> None:
    slave = slave_of(clock, CellSettings(H, 5, form, order, Constant(value)))
    count = len(words)
    answer = slave.answer(struct.pack(">BHH", 3, 5, count))
    assert answer == struct.pack(f">BB{count}H", 3, 2 * count, *words)


def test_signals_texts_and_bits(clock: Any) -> None:
    cells = (
        CellSettings(INPUT, 0, signal=Ramp(0, 100, 100)),
        CellSettings(INPUT, 1, text="ABC"),
        CellSettings(D, 7, signal=Constant(1)),
        CellSettings(D, 8),
    )
    slave = slave_of(clock, *cells)
    clock.advance(42)
    assert slave.answer(b"\x04\0\0\0\x03") == b"\x04\x06\0\x2aABC\0"
    assert slave.answer(b"\x02\0\x07\0\x02") == b"\x02\x01\x01"


def test_what_is_written_stays(clock: Any) -> None:
    slave = slave_of(clock, CellSettings(H, 0), CellSettings(H, 1, "f32"), CellSettings(C, 3), CellSettings(C, 4))
    assert slave.answer(b"\x06\0\0\x12\x34") == b"\x06\0\0\x12\x34"
    assert slave.answer(b"\x10\0\x01\0\x02\x04\xd4\x7a\x43\xe8") == b"\x10\0\x01\0\x02"
    assert slave.answer(b"\x03\0\0\0\x03") == b"\x03\x06\x12\x34\xd4\x7a\x43\xe8"
    assert slave.answer(b"\x05\0\x03\xff\0") == b"\x05\0\x03\xff\0"
    assert slave.answer(b"\x01\0\x03\0\x02") == b"\x01\x01\x01"
    assert slave.answer(b"\x0f\0\x03\0\x02\x01\x02") == b"\x0f\0\x03\0\x02"
    assert slave.answer(b"\x01\0\x03\0\x02") == b"\x01\x01\x02"
    assert slave.answer(b"\x08\0\0\xab\xcd") == b"\x08\0\0\xab\xcd"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"\x03\0\0\0\x02", 2),
        (b"\x03\0\x63\0\x01", 2),
        (b"\x03\0\0\0\0", 3),
        (b"\x03\0\0\0\x7e", 3),
        (b"\x06\0\x01\0\0", 2),
        (b"\x06\0\0\0", 3),
        (b"\x10\0\0\0\x01\x03\0\0", 3),
        (b"\x10\0\0\0\x02\x04\0\0\0\0", 2),
        (b"\x05\0\0\x12\0", 3),
        (b"\x05\0\0\xff\0", 2),
        (b"\x17\0\0", 1),
    ],
)
def test_refusals(request_: bytes, code: int, clock: Any) -> None:
    slave = slave_of(clock, CellSettings(H, 0, signal=Constant(5)))
    assert slave.answer(request_) == bytes([request_[0] | 0x80, code])
    assert slave.answer(b"\x03\0\0\0\x01") == b"\x03\x02\0\x05"


def test_gaps_answer_0_where_the_instrument_does_that(clock: Any) -> None:
    cells = (CellSettings(INPUT, 2, signal=Constant(5)), CellSettings(INPUT, 4, signal=Constant(6)))
    slave = BankSlave(RegisterBank(BankSettings(9, cells, gaps=True), clock))
    assert slave.answer(b"\x04\0\x02\0\x03") == b"\x04\x06\0\x05\0\0\0\x06"
    assert slave.answer(b"\x04\0\x01\0\x03") == b"\x84\x02"
    assert slave.answer(b"\x04\0\x03\0\x03") == b"\x84\x02"
    assert slave.answer(b"\x03\0\x03\0\x01") == b"\x83\x02"


def lines(instrument: dict[str, Any], **line: Any) -> dict[str, Any]:
    return {
        "lines": [
            {"name": "net", "link": {"tcp": "127.0.0.1:0"}, "protocol": "modbus-tcp", "instruments": [instrument]}
            | line
        ]
    }


def test_a_bank_in_a_file() -> None:
    registers = {
        "holding 0x10": {
            "type": "f32",
            "order": "CDAB",
            "signal": {"sine": {"mean": 1, "amplitude": 1, "period_s": 9}},
        },
        "input 3": 7,
        "holding 40": {"text": "GMP252"},
        "coil 0": 1,
    }
    faults = [{"kind": "silent", "start_s": 5}]
    (line,) = load_settings(lines({"address": 240, "registers": registers, "faults": faults})).lines
    (bank,) = line.banks
    assert line.instruments == ()
    assert (bank.address, bank.faults[0].kind) == (240, FaultKind.SILENT)
    places = [(cell.table, cell.address, cell.count) for cell in bank.cells]
    assert places == [(H, 16, 2), (INPUT, 3, 1), (H, 40, 3), (C, 0, 1)]


@pytest.mark.parametrize(
    ("instrument", "said"),
    [
        ({"address": 1, "registers": {"hold 3": 1}}, "registers.hold 3: a table and an address are needed"),
        ({"address": 1, "registers": {"input 3": {"type": "f16"}}}, "'f16' is none of u16"),
        ({"address": 1, "registers": {}}, "needs at least one"),
        ({"address": 1, "registers": {"input 3": 1}, "gaps": 1}, "gaps: true or false is needed"),
        ({"address": 0, "registers": {"input 3": 1}}, "address must be 1 to 247"),
        ({"address": 1, "registers": {"input 3": {"type": "u32"}, "input 4": 1}}, "input 4 overlaps input 3"),
        ({"address": 1, "registers": {"input 65535": {"type": "u32"}}}, "not in the table"),
        (
            {"address": 1, "registers": {"input 3": 1}, "faults": [{"kind": "fault", "channel": "I1"}]},
            "fault cannot be set here",
        ),
    ],
)
def test_banks_that_cannot_be(instrument: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(lines(instrument))


def test_a_bank_cannot_talk_unasked() -> None:
    with pytest.raises(SettingsError, match="speaks Modbus alone"):
        load_settings(lines({"address": 1, "registers": {"input 3": 1}}, protocol="continuous"))


async def test_mbpoll_reads_and_writes(real_clock: Any, program: Callable[[str], str]) -> None:
    mbpoll = program("mbpoll")
    registers = {"holding 0": {"type": "f32", "order": "CDAB", "signal": 20.5}, "holding 2": 0, "input 7": 513}
    async with running(load_settings(lines({"address": 3, "registers": registers})), real_clock) as simulator:
        line = simulator.lines["net"]
        common = [mbpoll, "-m", "tcp", "-p", str(line.port), "-a", "3", "-0", "-1", "-q"]

        async def poll(*options: str) -> str:
            command = [*common, *options]
            done = await to_thread.run_sync(
                lambda: subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
            )
            return done.stdout + done.stderr

        assert "[0]: \t20.5" in await poll("-t", "4:float", "-r", "0", "127.0.0.1")
        assert "513" in await poll("-t", "3", "-r", "7", "127.0.0.1")
        await poll("-t", "4", "-r", "2", "127.0.0.1", "77")
        assert "[2]: \t77" in await poll("-t", "4", "-r", "2", "127.0.0.1")
        assert "Illegal data address" in await poll("-t", "4", "-r", "3", "127.0.0.1")
        line.banks[3].switch_on(FaultKind.SILENT)
        assert "timed out" in await poll("-o", "0.2", "-t", "4", "-r", "2", "127.0.0.1")
