"""The bench of EPICS servers runs, at a size that takes seconds. Its figures are nobody's business here."""

from __future__ import annotations

import pytest

from bench.epics import EpicsOptions, epics
from bench.epics_cells import Cell
from bench.epics_contenders import CONTENDERS


async def test_values_reach_clients_of_every_server_that_is_installed(capfd: pytest.CaptureFixture[str]) -> None:
    installed = [key for key, contender in CONTENDERS.items() if not contender.missing()]
    assert {"gateway", "caproto"} <= set(installed)
    options = EpicsOptions(installed, (2,), rate_hz=20, devices=1, points=2, many=2, windows=1, window_s=0.5)
    cells = await epics(options)
    assert [contender.name for contender, _load in cells][1:] == [CONTENDERS[key].name for key in installed] * 2
    for (contender, load), cell in cells.items():
        assert isinstance(cell, Cell), (contender, cell)
        assert cell.updates_s > 0
        assert (cell.delivered > 0) == (load.clients > 0)
    assert "KiB per PV" in capfd.readouterr().out
