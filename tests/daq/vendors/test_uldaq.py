"""The back end for Measurement Computing, against a small fake of the vendor's package: never run on hardware."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gateway.daq.back_ends.uldaq import UlInput, UlOutput
from gateway.daq.errors import DaqCapabilityError, DaqDependencyError, DaqDeviceError, DaqDeviceRemovedError
from gateway.daq.messages import MessageKind
from tests.daq.vendors.device_user import BLOCK, RATE_HZ, DeviceUser, input_task, output_task
from tests.daq.vendors.fake_uldaq import Board, install


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    return install(monkeypatch)


def scans(first: int, count: int) -> np.ndarray:
    numbers = np.arange(first, first + count, dtype=float)
    return np.stack((numbers, -numbers), axis=1)


def test_blocks_are_copied_out_of_the_ring(board: Board) -> None:
    user = DeviceUser(UlInput("differential"), input_task("01D0", min_val=-2, max_val=2))
    user.start()
    assert (board.scan["channels"], board.scan["range"], board.scan["count"]) == ((0, 1), "BIP2PT5VOLTS", 4 * BLOCK)
    assert board.scan["mode"] == 1
    assert user.rate_hz == RATE_HZ
    for number in range(11):  # nearly three times round
        board.acquire(scans(number * BLOCK, BLOCK))
    assert np.concatenate(user.blocks).tolist() == scans(0, 11 * BLOCK).tolist()
    assert set(user.kinds) == {MessageKind.BUFFER_DONE}
    assert user.stop() == 4
    assert board.log[-2:] == ["scan_stop", "disable_event"]
    user.back_end.close()
    assert board.log[-2:] == ["disconnect", "release"]


def test_what_was_overwritten_is_counted_as_lost(board: Board) -> None:
    user = DeviceUser(UlInput(), input_task())
    user.start()
    board.acquire(scans(0, BLOCK))
    for number in range(1, 7):
        board.acquire(scans(number * BLOCK, BLOCK), tell=False)
    board.acquire(scans(7 * BLOCK, BLOCK))
    assert [(message.kind, message.lost) for message in user.messages[1:2]] == [(MessageKind.OVERRUN, 3 * BLOCK)]
    assert np.concatenate(user.blocks[1:]).tolist() == scans(4 * BLOCK, 4 * BLOCK).tolist()


@pytest.mark.parametrize(
    ("code", "kind"),
    [(18, MessageKind.OVERRUN), (8, MessageKind.DEVICE_REMOVED), (1, MessageKind.EVENT_ERROR)],
)
def test_an_error_ends_the_scan(board: Board, code: int, kind: MessageKind) -> None:
    user = DeviceUser(UlInput(), input_task())
    user.start()
    board.fail(code)
    assert user.kinds == [kind, MessageKind.QUEUE_STOPPED]
    assert user.stop() == 4


def test_a_device_is_found_by_its_name_or_identifier(board: Board) -> None:
    for name in (None, "USB-1608G", "01D0"):
        back_end = UlInput()
        back_end.commit(input_task(name))
        back_end.close()
    with pytest.raises(DaqDeviceRemovedError, match="no device 'USB-205'"):
        UlInput().commit(input_task("USB-205"))
    board.present = False
    with pytest.raises(DaqDeviceRemovedError, match="there is no device"):
        UlInput().commit(input_task())


def test_what_it_cannot_do_is_refused(board: Board) -> None:
    with pytest.raises(DaqCapabilityError, match="no range holds -30 to 30 V"):
        UlInput().commit(input_task(min_val=-30, max_val=30))
    assert board.log[-1] == "release"
    board.fails["connect"] = 73
    with pytest.raises(DaqDeviceRemovedError):
        UlInput().commit(input_task())
    board.fails["a_in"] = 1
    back_end = UlInput()
    back_end.commit(input_task(timed=False))
    with pytest.raises(DaqDeviceError):
        back_end.read_values()
    assert back_end.read_values().tolist() == [0.0, 0.5]


def test_single_values_are_put_out_in_the_narrowest_range(board: Board) -> None:
    back_end = UlOutput()
    back_end.commit(output_task(timed=False, gain=2.0))
    back_end.write_values(np.array([1.5, -1.0]))
    assert board.put_out == [(0, "BIP2PT5VOLTS", 1.5), (1, "BIP2PT5VOLTS", -1.0)]
    back_end.close()
    assert board.log[-1] == "release"


def test_inputs_and_outputs_share_the_connection(board: Board) -> None:
    inputs, outputs = UlInput(), UlOutput()
    inputs.commit(input_task("01D0"))
    outputs.commit(output_task("USB-1608G", timed=False))
    inputs.close()
    assert board.log == ["connect"]
    outputs.close()
    assert board.log == ["connect", "disconnect", "release"]


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uldaq", None)
    with pytest.raises(DaqDependencyError, match=r"pip install 'analyser-gateway\[uldaq\]'.*libuldaq"):
        UlInput().commit(input_task())
