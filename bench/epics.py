"""EPICS servers side by side: CPU per update, lateness of a burst, start and memory of ten thousand PVs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.cores import load_average
from bench.epics_cells import Cell, Load, Start, measure, start
from bench.epics_contenders import CONTENDERS, GATEWAY, NOTHING, Contender
from bench.table import Cell as Text
from bench.table import print_table

CLIENTS = (0, 1, 5)
RATE_HZ = 10.0
DEVICES, POINTS = 20, 50
TARGET_US = {0: 1.0, 1: 2.0, 5: 3.0}
"""CPU per update that the gateway should stay below, by number of clients."""

TARGET_BURST_MS = 20.0
TARGET_START_S = 1.0
TARGET_KIB = 5.0


@dataclass(frozen=True, slots=True)
class EpicsOptions:
    """What to measure.

    Attributes:
        servers: Keys of `CONTENDERS`.
        clients: Numbers of clients.
        rate_hz: Ticks per second; those of the bursts come once a second.
        devices: Analysers.
        points: Points of each.
        many: Analysers of the site whose start is measured, beside one of a single analyser.
        windows: How many there are; every figure is the median of them.
        window_s: Length of one.
    """

    servers: Sequence[str] = tuple(CONTENDERS)
    clients: Sequence[int] = CLIENTS
    rate_hz: float = RATE_HZ
    devices: int = DEVICES
    points: int = POINTS
    many: int = 10 * DEVICES
    windows: int = 3
    window_s: float = 2.0


Cells = dict[tuple[Contender, Load], Cell | str]
"""What came out; a text where nothing did."""


async def _cell(contender: Contender, load: Load, options: EpicsOptions) -> Cell | str:
    try:
        return contender.missing() or await measure(contender, load, options.windows, options.window_s)
    except RuntimeError:  # it ended, or could not keep up with its clients: a finding, not a reason to stop
        return "failed"


async def _start(contender: Contender, load: Load) -> Start | str:
    try:
        return contender.missing() or await start(contender, load)
    except RuntimeError:
        return "failed"


async def epics(options: EpicsOptions) -> Cells:
    """Measure everything, print the tables, and return the cells of the first two."""
    contenders = [CONTENDERS[server] for server in options.servers]
    spread = Load(options.devices, options.points, options.rate_hz, 0)
    burst = Load(1, options.devices * options.points, 1.0, max(options.clients))
    cells: Cells = {(NOTHING, spread): (making := await _cell(NOTHING, spread, options))}
    made_us = making.cpu_us if isinstance(making, Cell) else 0.0
    for clients in options.clients:
        for contender in contenders:
            load = replace(spread, clients=clients)
            cell = await _cell(contender, load, options)
            cells[contender, load] = replace(cell, cpu_us=cell.cpu_us - made_us) if isinstance(cell, Cell) else cell
    for contender in contenders if burst.clients else ():
        cells[contender, burst] = await _cell(contender, burst, options)
    how = f"median of {options.windows} windows of {options.window_s:g} s; load average {load_average():.2f}"
    print_table(
        f"EPICS servers, {spread.devices} x {spread.points} PVs at {spread.rate_hz:g} Hz, CPU of the server alone, "
        f"without making the values; {how}",
        ["clients, server", "us/update", "target", "x gateway", "delivered", "p50 ms", "p99 ms", "client busy"],
        [_row(cells, contender, load, cell) for (contender, load), cell in cells.items() if load != burst],
    )
    print_table(
        f"A burst of {burst.points} PVs once a second, {burst.clients} clients; {how}",
        ["server", "p50 ms", "p99 ms", "target", "delivered"],
        [_burst_row(contender, cells[contender, burst]) for contender in contenders if burst.clients],
    )
    print_table(
        f"Start of the whole process; load average {load_average():.2f}",
        ["server", "PVs", "start s", "beyond that of few", "target", "KiB per PV", "target"],
        [await _start_row(contender, options) for contender in contenders],
    )
    return cells


def _row(cells: Cells, contender: Contender, load: Load, cell: Cell | str) -> list[Text]:
    name = f"{load.clients} cl., {contender.name}"
    if isinstance(cell, str):
        return [name, cell, *[""] * 6]
    ours = cells.get((GATEWAY, load))
    ratio: Text = cell.cpu_us / ours.cpu_us if isinstance(ours, Cell) and contender is not NOTHING else ""
    target: Text = TARGET_US.get(load.clients, "") if contender is GATEWAY else ""
    heard: list[Text] = [""] * 4
    if load.clients:
        heard = [f"{cell.delivered:.0%}", cell.p50_ms, cell.p99_ms, f"{cell.client_busy:.0%}"]
    return [name, cell.cpu_us, target, ratio, *heard]


def _burst_row(contender: Contender, cell: Cell | str) -> list[Text]:
    if isinstance(cell, str):
        return [contender.name, cell, *[""] * 3]
    target: Text = TARGET_BURST_MS if contender is GATEWAY else ""
    return [contender.name, cell.p50_ms, cell.p99_ms, target, f"{cell.delivered:.0%}"]


async def _start_row(contender: Contender, options: EpicsOptions) -> list[Text]:
    few = await _start(contender, Load(1, options.points, 0.1, 0))
    many = await _start(contender, Load(options.many, options.points, 0.1, 0))
    number = options.many * options.points
    if isinstance(few, str) or isinstance(many, str):
        return [contender.name, number, few if isinstance(few, str) else str(many), *[""] * 4]
    each_kib = 1e6 / 1024 * (many.memory_mb - few.memory_mb) / max(1, number - options.points)
    targets: list[Text] = [TARGET_START_S, TARGET_KIB] if contender is GATEWAY else ["", ""]
    return [contender.name, number, many.start_s, many.start_s - few.start_s, targets[0], each_kib, targets[1]]
