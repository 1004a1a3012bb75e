"""Ask every analyser of a Modbus bus: is it there, and what does it say?"""

from __future__ import annotations

import anyio

from gateway import registry
from gateway.errors import DeviceDemotedError, DeviceTimeoutError, GatewayError, LinkError, ProtocolError
from gateway.model.stamp import Clock
from gateway.ports import ModbusBus, WireActionDriver
from gateway.selftest.evidence import AnalyserEvidence, BusEvidence
from gateway.selftest.reading_bus import ReadingBus
from gateway.selftest.subject import Progress
from gateway.wire import loopback
from gateway.wire.bus import SharedModbusBus

_LOOPBACK_DATA = 0xABCD  # as the maker's library probes
_SWEEPS = 3
"""Some instruments refuse the first broad read; the driver then reads slot by slot."""

_SILENCE_HINT = "check that it is on, its address, protocol, baud rate and wiring"
_THERE = (loopback.Outcome.RETURNED, loopback.Outcome.REFUSED)


async def ask_analysers(bus: BusEvidence, clock: Clock, patience_s: float, progress: Progress) -> None:
    """Open the bus and ask one analyser after the other, each for at most `patience_s`."""
    wire = SharedModbusBus(bus.name, bus.spec, clock)
    try:
        for analyser in bus.analysers:
            progress(f"asking {analyser.name}")
            started_ns = clock.monotonic_ns()
            with anyio.move_on_after(patience_s) as limit:
                await _ask(ReadingBus(wire), analyser)
            analyser.waited_s = (clock.monotonic_ns() - started_ns) / 1e9
            if limit.cancelled_caught and analyser.problem is None and not analyser.batch:
                what = f"no whole sweep within {patience_s:g} s"
                analyser.problem = DeviceTimeoutError(what, hint="wait longer with --patience")
            if isinstance(analyser.problem, LinkError):
                bus.problem = analyser.problem
                break
    finally:
        await wire.aclose()
        bus.opened = wire.health.openings > 0


async def _ask(wire: ModbusBus, analyser: AnalyserEvidence) -> None:
    try:
        sweeps = _SWEEPS
        if analyser.description.address is not None:
            answer = await loopback.ask(wire, analyser.description.address, _LOOPBACK_DATA)
            if answer.outcome in _THERE:
                analyser.answered = answer.words
            else:
                sweeps = 1
                analyser.problem = DeviceTimeoutError(answer.words or "no answer to the loopback", hint=_SILENCE_HINT)
        await _sweep(wire, analyser, sweeps)
        if analyser.batch:
            await _look_for_leftovers(wire, analyser)
    except LinkError as error:
        analyser.problem = error


async def _sweep(wire: ModbusBus, analyser: AnalyserEvidence, sweeps: int) -> None:
    settings = analyser.settings
    source = registry.wire_driver(settings.driver).poll(settings.name, settings.options, wire)
    for _ in range(sweeps):
        try:
            analyser.batch = await source.poll_samples()
        except LinkError:
            raise
        except DeviceDemotedError:
            return  # the bus does not ask again so soon; why is known from the loopback
        except DeviceTimeoutError as error:
            analyser.problem = analyser.problem or error  # the loopback may have told of the silence already
        except GatewayError as error:
            analyser.problem = error
        except Exception as error:  # noqa: BLE001  a fault of one driver must not end the test of the others
            analyser.problem = ProtocolError(f"fault of the driver: {error!r}", hint="report it")
            return
        else:
            analyser.problem = None
            return


async def _look_for_leftovers(wire: ModbusBus, analyser: AnalyserEvidence) -> None:
    driver, settings = registry.driver(analyser.settings.driver), analyser.settings
    if not isinstance(driver, WireActionDriver) or not driver.actions(settings.options, wire.protocol):
        return
    try:
        analyser.leftovers = await driver.executor(settings.name, settings.options, wire).leftovers()
    except LinkError:
        raise
    except GatewayError as error:
        analyser.leftovers_problem = error
