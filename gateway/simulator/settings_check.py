"""Which settings describe a simulator that can exist. The loader checks words and types, this checks sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.model.readings import ChannelKind, ProtocolKind
from gateway.simulator.autocalibration import GROUPS
from gateway.simulator.bank_check import bank_problems
from gateway.simulator.continuous_frame import FEWEST_CHANNELS, MOST_CHANNELS
from gateway.simulator.faults import fault_problem
from gateway.simulator.settings import (
    BAUDRATES,
    ChannelSettings,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
)
from gateway.simulator.slots import SLOTS, TRANSDUCERS, kind_of, parent_of

_NAME_LENGTH = 6
_UNIT_LENGTH = 3
_MOST_DECIMALS = 4
_LAST_ADDRESS = 247


def settings_problems(settings: SimulatorSettings) -> list[str]:
    """Everything that is wrong, one sentence each with its place; empty when all is well."""
    return list(_simulator_problems(settings))


def _simulator_problems(settings: SimulatorSettings) -> Iterator[str]:
    if not settings.lines:
        yield "lines: a simulator needs at least one line"
    for name, count in Counter(line.name for line in settings.lines).items():
        if count > 1:
            yield f"lines: {count} lines are called '{name}'; every line needs a name of its own"
    for line in settings.lines:
        for problem in _line_problems(line):
            yield f"line '{line.name}': {problem}"


def _line_problems(line: LineSettings) -> Iterator[str]:
    if line.baudrate is not None and line.baudrate not in BAUDRATES:
        yield f"baudrate {line.baudrate} is none of {', '.join(map(str, BAUDRATES))} (or null for no pacing)"
    if line.protocol is ProtocolKind.MODBUS_TCP and isinstance(line.link, PtyLink):
        yield "modbus-tcp needs a tcp link; on a terminal use modbus-rtu or modbus-ascii"
    if not (line.instruments or line.banks):
        yield "a line needs at least one instrument"
    if line.protocol is ProtocolKind.CONTINUOUS and len(line.instruments) > 1:
        yield f"continuous frames come from one instrument, not {len(line.instruments)}; they carry no address"
    if line.protocol is ProtocolKind.CONTINUOUS and line.banks:
        yield "an instrument with registers speaks Modbus alone; leave it out, or choose another protocol"
    addresses = [*(each.address for each in line.instruments), *(each.address for each in line.banks)]
    for address, count in Counter(addresses).items():
        if count > 1:
            yield f"{count} instruments have address {address}; give each its own"
    for instrument in line.instruments:
        for problem in _instrument_problems(instrument, line.protocol):
            yield f"instrument {instrument.address}: {problem}"
    for bank in line.banks:
        for problem in bank_problems(bank):
            yield f"instrument {bank.address}: {problem}"


def _instrument_problems(instrument: InstrumentSettings, protocol: ProtocolKind) -> Iterator[str]:
    channels = instrument.populated
    if not 1 <= instrument.address <= _LAST_ADDRESS:
        yield f"address must be 1 to {_LAST_ADDRESS}"
    unknown = [slot for slot in channels if slot not in SLOTS]
    if unknown:
        yield f"no channel is called {', '.join(unknown)}; the slots are {', '.join(SLOTS)}"
        return
    if not any(slot in channels for slot in TRANSDUCERS):
        yield "at least one transducer, I1 to I4, is needed"
    for slot, channel in channels.items():
        if kind_of(slot) is ChannelKind.DERIVED and parent_of(slot) not in channels:
            yield f"{slot} is derived from {parent_of(slot)}, which is missing"
        for problem in _channel_problems(channel):
            yield f"{slot}: {problem}"
    if protocol is ProtocolKind.CONTINUOUS and not FEWEST_CHANNELS <= len(channels) <= MOST_CHANNELS:
        yield (
            f"a continuous frame carries {FEWEST_CHANNELS} to {MOST_CHANNELS} channels with E1 and E2, "
            f"not {len(channels)}; leave some out, or use Modbus"
        )
    for fault in instrument.faults:
        if problem_of_fault := fault_problem(fault.kind, fault.channel, channels):
            yield problem_of_fault
        if fault.period_s is not None and fault.duration_s is None:
            yield f"{fault.kind}: a fault that comes back every {fault.period_s:g} s needs a duration_s as well"
    for transducer, group in instrument.calibration_groups.items():
        if transducer not in TRANSDUCERS or not 1 <= group <= GROUPS:
            yield f"calibration groups map I1 to I4 to 1 to {GROUPS}, not {transducer} to {group}"


def _channel_problems(channel: ChannelSettings) -> Iterator[str]:
    for what, text, longest in (("name", channel.name, _NAME_LENGTH), ("unit", channel.unit, _UNIT_LENGTH)):
        if len(text) > longest:
            yield f"{what} '{text}' is longer than {longest} characters"
        if ";" in text or not all(character == "₂" or 0x20 <= ord(character) <= 0x7E for character in text):
            yield f"{what} '{text}' may hold printable ASCII without ';' (and '₂' in names)"
    if "₂" in channel.unit:
        yield f"unit '{channel.unit}' cannot hold a subscript"
    if not 0 <= channel.decimals <= _MOST_DECIMALS:
        yield f"decimals must be 0 to {_MOST_DECIMALS}, not {channel.decimals}"
