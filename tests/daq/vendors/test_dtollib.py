"""The back end for DT-Open Layers, against the fake that its package brings: never run on hardware."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from gateway.daq.back_ends.dtollib import DtInput
from gateway.daq.errors import DaqDependencyError
from gateway.daq.messages import MessageKind
from tests.daq.vendors.device_user import BLOCK, RATE_HZ, input_task
from tests.drivers.library.family import ROOT, family_python


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest) -> dict[str, Any]:
    python = family_python(request.config.cache)
    command = [str(python), "-m", "tests.daq.vendors.dt_board"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_board_is_started_in_its_order(seen: dict[str, Any]) -> None:
    order = ["commit", "register_notification", *["put_buffer"] * 4, "arm", "start"]
    assert seen["order"] == order
    assert seen["dma"] == 0
    assert seen["left"] == 4


def test_the_clock_of_the_converter_serves_all_channels(seen: dict[str, Any]) -> None:
    assert seen["clock"] == 2 * RATE_HZ
    assert seen["rate"] == RATE_HZ


def test_codes_are_unsigned_whatever_they_are_viewed_as(seen: dict[str, Any]) -> None:
    *whole, short = seen["codes"]
    assert [code for block in whole for code in block] == list(range(39_990, 39_990 + 3 * 2 * BLOCK))
    assert len(short) == BLOCK  # half a buffer of two channels
    assert seen["volts"][0][5] == pytest.approx(40_000 / 65_536 * 20 - 10)  # +2.2 V, never -17.8


def test_every_message_is_told(seen: dict[str, Any]) -> None:
    expected = [*[MessageKind.BUFFER_DONE] * 4, MessageKind.OVERRUN, MessageKind.BUFFER_REUSED]
    assert seen["kinds"] == [*expected, MessageKind.DEVICE_REMOVED]


def test_single_values_go_both_ways(seen: dict[str, Any]) -> None:
    assert seen["single"] == [40_000, 32_768]
    assert seen["written"] == {"0": 49_152, "1": 16_384}


def test_errors_say_what_is_missing(seen: dict[str, Any]) -> None:
    kind, text = seen["absent"]
    assert kind == "DaqDeviceRemovedError"
    assert "DT9837(00)" in text
    kind, text = seen["no driver"]
    assert kind == "DaqDependencyError"
    assert "DT-Open Layers for Windows" in text


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dtollib", None)
    monkeypatch.delitem(sys.modules, "dtollib.capi.constants", raising=False)
    with pytest.raises(DaqDependencyError, match=r"pip install dtollib.*Python 3\.13"):
        DtInput().commit(input_task("DT9806(00)"))
