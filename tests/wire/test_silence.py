"""A silent address costs its neighbours at most one timeout in twenty, and is back with its first answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import DeviceDemotedError, DeviceTimeoutError
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp
from gateway.simulator.faults import FaultKind
from gateway.streaming.clock import SystemClock
from gateway.wire.silence import SilentAddresses
from tests.wire.conftest import StartLine

SECOND = 1_000_000_000


def asked(silent: SilentAddresses, unit: int, now_ns: int) -> bool:
    try:
        silent.admit(unit, now_ns)
    except DeviceDemotedError:
        return False
    return True


def test_pauses_double_up_to_twenty_timeouts_and_end_with_an_answer() -> None:
    silent = SilentAddresses(1.0, "bus line")
    silent.admit(30, 0)
    now, waited = 0, []
    for _ in range(7):
        assert asked(silent, 31, now)
        silent.failed(31, now)
        assert 31 in silent
        begin = now
        while not asked(silent, 31, now):
            now += SECOND // 10
        waited.append((now - begin) / SECOND)
    assert waited == [2, 4, 8, 16, 20, 20, 20]
    silent.answered(31)
    assert 31 not in silent
    silent.failed(31, now)
    assert not asked(silent, 31, now + 2 * SECOND - 1)
    assert asked(silent, 31, now + 2 * SECOND)


def test_an_address_alone_on_the_wire_is_always_asked() -> None:
    silent = SilentAddresses(1.0, "bus line")
    for now in range(10):
        assert asked(silent, 30, now)
        silent.failed(30, now)


def test_the_error_says_when_it_is_asked_again() -> None:
    silent = SilentAddresses(1.0, "bus line (/dev/ttyUSB0)")
    silent.admit(30, 0)
    silent.failed(31, 0)
    with pytest.raises(DeviceDemotedError, match=r"bus line \(/dev/ttyUSB0\), address 31: silent; .* in 1\.5 s; check"):
        silent.admit(31, SECOND // 2)


@given(st.floats(0.05, 5), st.floats(0.1, 10), st.integers(1000, 5000))
def test_a_dead_address_takes_at_most_one_part_in_twenty_in_the_long_run(
    timeout_s: float, period_s: float, polls: int
) -> None:
    silent = SilentAddresses(timeout_s, "bus line")
    silent.admit(30, 0)
    now = busy = 0
    period, timeout = round(period_s * 1e9), round(timeout_s * 1e9)
    for _ in range(polls):
        if asked(silent, 31, now):
            now += timeout
            busy += timeout
            silent.failed(31, now)
        now += period
    first = 5 * timeout  # the pauses of 2, 4, 8 and 16 timeouts
    assert busy - first <= now / 20


class AdvancedClock(SystemClock):
    """The machine's clock, put forward by hand."""

    ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns

    def stamp(self) -> Stamp:
        return replace(super().stamp(), monotonic_ns=self.monotonic_ns())

    async def sleep_until(self, monotonic_ns: int) -> None:
        await super().sleep_until(monotonic_ns - self.ahead_ns)


async def test_on_a_real_line(start_line: StartLine, clock: AdvancedClock) -> None:
    async with start_line(ProtocolKind.MODBUS_RTU, serial=True, spec={"timeout_s": 0.3}) as wired:
        dead = wired.line.instruments[30]
        dead.switch_on(FaultKind.SILENT)
        assert (await wired.bus.read_input_registers(31, 0, 2)).values
        with pytest.raises(DeviceTimeoutError, match="no usable answer"):
            await wired.bus.read_input_registers(30, 0, 2)
        for _ in range(10):
            with pytest.raises(DeviceDemotedError):
                await wired.bus.read_input_registers(30, 0, 2)
            assert (await wired.bus.read_input_registers(31, 0, 2)).values
        dead.clear_faults()
        clock.ahead_ns += SECOND
        assert (await wired.bus.read_input_registers(30, 0, 2)).values
        assert (await wired.bus.read_input_registers(30, 0, 2)).values


@pytest.fixture
def clock() -> AdvancedClock:
    return AdvancedClock()
