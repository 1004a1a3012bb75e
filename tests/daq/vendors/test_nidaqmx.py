"""The back end for National Instruments, against a small fake of the vendor's package: never run on hardware."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from gateway.daq.back_ends.nidaqmx import NiInput, NiOutput
from gateway.daq.errors import DaqDependencyError, DaqDeviceError, DaqDeviceRemovedError
from gateway.daq.messages import MessageKind
from tests.daq.vendors.device_user import BLOCK, RATE_HZ, DeviceUser, input_task, output_task
from tests.daq.vendors.fake_nidaqmx import Board, install
from tests.drivers.library.family import ROOT, family_python


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    return install(monkeypatch)


def scans(first: int, count: int) -> np.ndarray:
    numbers = np.arange(first, first + count, dtype=float)
    return np.stack((numbers, -numbers))


def test_blocks_come_as_they_were_taken(board: Board) -> None:
    user = DeviceUser(NiInput("differential"), input_task("Dev1", min_val=-1, max_val=1))
    user.start()
    first, second = board.task.channels
    assert (first["physical"], second["physical"]) == ("Dev1/ai0", "Dev1/ai1")
    assert (first["terminal_config"].name, first["min_val"], first["max_val"]) == ("DIFF", -1, 1)
    assert (board.task.clock["sample_mode"].name, board.task.clock["samps_per_chan"]) == ("CONTINUOUS", 4 * BLOCK)
    assert user.rate_hz == pytest.approx(1.001 * RATE_HZ)  # what the board made of it
    for number in range(10):
        board.acquire(scans(number * BLOCK, BLOCK))
    assert np.concatenate(user.blocks).tolist() == scans(0, 10 * BLOCK).T.tolist()
    assert set(user.kinds) == {MessageKind.BUFFER_DONE}
    assert user.stop() == 4
    assert board.tasks  # still reserved: it can be started again
    user.back_end.close()
    assert not board.tasks


def test_samples_wait_in_the_driver_while_no_buffer_is_queued(board: Board) -> None:
    user = DeviceUser(NiInput(), input_task("Dev1"))
    user.requeue = False
    user.start()
    before_ns = time.monotonic_ns()
    board.acquire(scans(0, 6 * BLOCK))
    assert len(user.blocks) == 4
    ages_s = [(time.monotonic_ns() - one.monotonic_ns) / 1e9 for one in user.messages]
    assert ages_s == sorted(ages_s, reverse=True)  # samples that have come since make a block older
    assert user.messages[0].monotonic_ns < before_ns
    for buffer in user.held:
        user.back_end.queue(buffer)
    board.acquire(scans(6 * BLOCK, BLOCK))
    assert np.concatenate(user.blocks).tolist() == scans(0, 7 * BLOCK).T.tolist()


def test_a_finite_task_is_made_of_whole_blocks(board: Board) -> None:
    DeviceUser(NiInput(), input_task("Dev1", samples=25)).start()
    assert (board.task.clock["sample_mode"].name, board.task.clock["samps_per_chan"]) == ("FINITE", 30)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (-200279, MessageKind.OVERRUN),
        (-200222, MessageKind.OVERRUN),
        (-200045, MessageKind.DEVICE_REMOVED),
        (-50103, MessageKind.EVENT_ERROR),
    ],
)
def test_an_error_while_it_runs_is_told_once(board: Board, status: int, kind: MessageKind) -> None:
    user = DeviceUser(NiInput(), input_task("Dev1"))
    user.start()
    board.fails["read"] = status
    board.acquire(scans(0, BLOCK))
    board.acquire(scans(BLOCK, BLOCK))
    board.end(status)
    assert user.kinds == [kind, MessageKind.QUEUE_STOPPED]
    assert user.stop() == 4


@pytest.mark.parametrize(("status", "kind"), [(-200220, DaqDeviceRemovedError), (-200077, DaqDeviceError)])
def test_what_the_driver_refuses_is_an_error_that_names_the_device(
    board: Board, status: int, kind: type[Exception]
) -> None:
    board.fails["add"] = status
    with pytest.raises(kind, match="Dev7: add failed"):
        NiInput().commit(input_task("Dev7"))
    assert board.tasks == []


def test_single_values_are_read_on_demand(board: Board) -> None:
    back_end = NiInput()
    assert back_end.commit(input_task("Dev1", timed=False)).rate_hz is None
    board.taken = np.array([[1.5], [2.5]])
    assert back_end.read_values().tolist() == [1.5, 2.5]


def test_what_is_played_is_written_once_and_a_block_ahead(board: Board) -> None:
    user = DeviceUser(NiOutput(), output_task("Dev1", gain=2.0))
    full = [[float(number), -float(number)] for number in range(BLOCK)]
    user.start(full, full, [[7.0, 8.0], [9.0, 6.0]], last=2)
    assert board.task.channels[1]["physical"] == "Dev1/ao1"
    assert (board.task.channels[0]["min_val"], board.task.channels[0]["max_val"]) == (-2.5, 2.5)
    assert board.task.out_stream.regen_mode.name == "DONT_ALLOW_REGENERATION"
    assert board.log.index("write many") < board.log.index("start")
    assert [block.shape for block in board.written] == [(2, BLOCK)] * 3
    assert board.written[2].tolist() == [[7.0] + [9.0] * (BLOCK - 1), [8.0] + [6.0] * (BLOCK - 1)]
    for _ in range(3):
        board.generated()
    board.end(-200290)  # nothing is left to generate, as it is meant to be
    assert user.put_out == [0, 1, 2]
    assert user.kinds == [MessageKind.BUFFER_DONE] * 3 + [MessageKind.QUEUE_DONE]
    assert user.stop() == 0
    user.back_end.write_values(np.array([0.5, -0.5]))
    assert board.single == [[0.5, -0.5]]
    assert board.log.index("TASK_UNRESERVE") < board.log.index("write")


def test_a_dry_output_is_an_underrun(board: Board) -> None:
    user = DeviceUser(NiOutput(), output_task("Dev1"))
    user.start([[0.0, 0.0]] * BLOCK)
    board.end(-200290)
    assert user.kinds == [MessageKind.UNDERRUN, MessageKind.QUEUE_STOPPED]
    assert user.stop() == 1


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nidaqmx", None)
    with pytest.raises(DaqDependencyError, match=r"pip install 'analyser-gateway\[nidaqmx\]'.*NI-DAQmx"):
        NiInput().commit(input_task("Dev1"))


def test_the_package_has_what_its_fake_has(request: pytest.FixtureRequest) -> None:
    python = family_python(request.config.cache)
    command = [str(python), "-m", "tests.daq.vendors.ni_names"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
