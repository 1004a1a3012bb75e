"""OPC UA servers side by side: CPU per change and per delivered notification, and how late their clients hear of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cores import load_average
from bench.opcua_cells import INTERVAL_MS, Cell, Load, measure
from bench.opcua_contenders import CONTENDERS, ENCRYPTED, GATEWAY, NOTHING, OPEN62541, STOCK, Contender
from bench.opcua_keys import trusted_client
from bench.table import Cell as Text
from bench.table import print_table

RATES_HZ = (1.0, 10.0)
CLIENTS = (0, 1, 5)
DEVICES, POINTS = 20, 50
TARGET_US = {0: 0.5, 1: 4.0, 5: 10.0}
"""CPU per change that the gateway must stay below, by number of clients."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure.

    Attributes:
        servers: Keys of `CONTENDERS`.
        rates_hz: Ticks per second.
        clients: Numbers of clients.
        devices: Analysers.
        points: Points of each.
        starts: Analysers of the sites whose start is measured.
        windows: How many there are; every figure is the median of them.
        window_s: Length of one.
    """

    servers: Sequence[str] = tuple(CONTENDERS)
    rates_hz: Sequence[float] = RATES_HZ
    clients: Sequence[int] = CLIENTS
    devices: int = DEVICES
    points: int = POINTS
    starts: Sequence[int] = (1, 10 * DEVICES)
    windows: int = 3
    window_s: float = 2.0


Cells = dict[tuple[Contender, Load], Cell | str]
"""What came out; a text where nothing did."""


async def _cell(contender: Contender, load: Load, folder: Path, options: Options) -> Cell | str:
    missing = contender.missing()
    if missing:
        return f"not installed: {missing}"
    try:
        return await measure(contender, load, folder, options.windows, options.window_s)
    except RuntimeError:  # it ended, or could not keep up with its clients: a finding, not a reason to stop
        return "failed"


async def opcua(options: Options) -> Cells:
    """Measure every cell, print the tables, and return what came out."""
    cells: Cells = {}
    contenders = [CONTENDERS[server] for server in options.servers]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trusted_client(folder)
        for rate_hz in options.rates_hz:
            alone = Load(options.devices, options.points, rate_hz, 0)
            making = await _cell(NOTHING, alone, folder, options)
            made_us = making.cpu_us if isinstance(making, Cell) else 0.0
            cells[NOTHING, alone] = making
            for clients in options.clients:
                load = replace(alone, clients=clients)
                for contender in contenders:
                    if contender.encrypted and not clients:
                        continue
                    cell = await _cell(contender, load, folder, options)
                    if contender.in_python and isinstance(cell, Cell):
                        cell = replace(cell, cpu_us=cell.cpu_us - made_us)
                    cells[contender, load] = cell
        started = await _start_rows(contenders, folder, options)
    _print_cells(cells, options)
    print_table(
        f"Start of the whole process, and its memory then; load average {load_average():.2f}",
        ["server", "variables", "start s", "memory MB"],
        started,
    )
    return cells


async def _start_rows(contenders: Sequence[Contender], folder: Path, options: Options) -> list[list[Text]]:
    rows: list[list[Text]] = []
    for devices in options.starts:
        load = Load(devices, options.points, 0.1, 0)
        for contender in contenders:
            if contender.encrypted:
                continue
            cell = await _cell(contender, load, folder, replace(options, windows=1, window_s=0.1))
            figures: list[Text] = [cell.start_s, cell.memory_mb] if isinstance(cell, Cell) else [cell, ""]
            rows.append([contender.name, devices * options.points, *figures])
    return rows


def _print_cells(cells: Cells, options: Options) -> None:
    first = f"{options.devices} x {options.points} values"
    print_table(
        f"OPC UA servers, {first}: median of {options.windows} windows of {options.window_s:g} s; publishing interval "
        f"{INTERVAL_MS} ms; CPU of the server alone, without making the values; load average {load_average():.2f}",
        [
            "rate, clients, server",
            "us/change",
            "target",
            "us/notification",
            "delivered",
            "p50 ms",
            "p99 ms beyond",
            "x stock",
            "x open62541",
            "memory MB",
            "client busy",
        ],
        [_row(cells, contender, load, cell) for (contender, load), cell in cells.items()],
    )


def _row(cells: Cells, contender: Contender, load: Load, cell: Cell | str) -> list[Text]:
    name = f"{load.rate_hz:g} Hz, {load.clients} cl., {contender.name}"
    if isinstance(cell, str):
        return [name, cell, *[""] * 9]
    if contender is NOTHING:
        return [name, cell.cpu_us, *[""] * 7, cell.memory_mb, ""]
    idle = cells.get((GATEWAY if contender is ENCRYPTED else contender, replace(load, clients=0)))
    heard: list[Text] = [""] * 4
    if load.clients and cell.delivered:
        each = (cell.cpu_us - idle.cpu_us) / load.clients / cell.delivered if isinstance(idle, Cell) else ""
        heard = [each, f"{cell.delivered:.0%}", cell.p50_ms, cell.p99_ms - INTERVAL_MS]
    ratios = [
        _ratio(cell, cells.get((other, load))) if contender is not NOTHING else "" for other in (STOCK, OPEN62541)
    ]
    busy: Text = f"{cell.client_busy:.0%}" if load.clients else ""
    return [name, cell.cpu_us, _target(contender, load), *heard, *ratios, cell.memory_mb, busy]


def _target(contender: Contender, load: Load) -> Text:
    wanted = TARGET_US.get(load.clients)
    if wanted is None or contender not in (GATEWAY, ENCRYPTED):
        return ""
    return wanted * 2 if contender is ENCRYPTED else wanted


def _ratio(cell: Cell, other: Cell | str | None) -> Text:
    return f"{cell.cpu_us / other.cpu_us:.3f}" if isinstance(other, Cell) and other.cpu_us > 0 else ""
