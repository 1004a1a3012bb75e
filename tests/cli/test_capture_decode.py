"""`decode` of captures: recorded texts, exit codes, and what is said of a capture that is not whole."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from gateway.cli.decode import decode_file
from gateway.drivers.servomex4100.decode_modbus import decode_read
from gateway.errors import InputError
from gateway.export import decoded_exchanges, decoded_frames

FOLDER = Path(__file__).parent / "captures"
CAPTURES = sorted(path.stem for path in FOLDER.glob("*.capture"))
MODBUS = [name for name in CAPTURES if name != "continuous"]


def decoded(path: Path, style: str) -> tuple[int, str, str]:
    out, messages = io.StringIO(), io.StringIO()
    code = decode_file(path, "continuous", style, out, messages)
    return code, out.getvalue(), messages.getvalue()


def test_there_is_one_of_every_protocol() -> None:
    assert {"continuous", "rtu", "ascii", "tcp", "listening"} == set(CAPTURES)


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("style", decoded_exchanges.FORMATS)
def test_text_is_as_recorded(name: str, style: str) -> None:
    code, text, _ = decoded(FOLDER / f"{name}.capture", style)
    assert text == (FOLDER / f"{name}.{style}").read_text(encoding="utf-8")
    assert code == 1  # each of them has something bad in it


def test_every_format_is_there_for_frames_and_for_exchanges() -> None:
    assert list(decoded_exchanges.FORMATS) == list(decoded_frames.FORMATS)


@pytest.mark.parametrize("name", MODBUS)
def test_the_formats_say_the_same(name: str) -> None:
    objects = [json.loads(line) for line in decoded(FOLDER / f"{name}.capture", "jsonl")[1].splitlines()]
    heading, *rows = csv.reader(io.StringIO(decoded(FOLDER / f"{name}.capture", "csv")[1]))
    table = decoded(FOLDER / f"{name}.capture", "table")[1].splitlines()
    assert len(objects) == len(rows) == len(table) - 2
    for each, row, line in zip(
        objects, (dict(zip(heading, row, strict=True)) for row in rows), table[1:], strict=False
    ):
        for key in ("exchange", "time", "unit", "function", "address", "count", "outcome", "answer_ms", "exception"):
            assert row[key] == ("" if each[key] is None else str(each[key]))
        assert row["values"].split() == [str(value) for value in each["values"]]
        assert line.startswith(each["time"])
        assert all(channel["id"] in line and str(channel["value"]) in line for channel in each["channels"])
        assert all(flag in line for flag in each["flags"])


def test_a_capture_without_anything_bad_is_exit_code_0(tmp_path: Path) -> None:
    lines = (FOLDER / "tcp.capture").read_text().splitlines()
    path = tmp_path / "good.capture"
    path.write_text("\n".join(lines[:5]) + "\n")
    code, text, messages = decoded(path, "table")
    assert (code, messages) == (0, "")
    assert text.endswith("2 exchanges, 2 good, 0 bad\n")


def test_what_is_missing_is_said() -> None:
    path = FOLDER / "rtu.capture"
    _, _, messages = decoded(path, "table")
    assert messages.splitlines() == [
        f"{path}: 3 events are missing, they were lost while it was captured",
        f"{path}:{len(path.read_text().splitlines())}: the last line is cut off and left out",
    ]


def test_without_the_name_of_a_driver_registers_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "plain.capture"
    path.write_text((FOLDER / "tcp.capture").read_text().replace("servomex4100", "hygrometer"))
    text = decoded(path, "table")[1]
    assert "70 values" in text
    assert "Oxygen" not in text


@pytest.mark.parametrize(
    ("function", "address", "values"),
    [(4, 1, [7]), (4, 2, [1, 2, 3]), (4, 70, [1, 2]), (3, 0, [1, 2]), (2, 80, [1] * 8), (2, 1002, [1]), (1, 0, [1])],
)
def test_reads_that_say_nothing_of_a_channel(function: int, address: int, values: list[int]) -> None:
    assert decode_read(function, address, values) is None


def test_a_line_that_is_no_event_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "bad.capture"
    path.write_text((FOLDER / "tcp.capture").read_text().replace(" > ", " >> ", 1))
    with pytest.raises(InputError, match="no event of a capture") as caught:
        decoded(path, "table")
    assert caught.value.where == f"{path}:2"


def test_a_long_capture_is_never_held_whole(tmp_path: Path) -> None:
    header, *lines = (FOLDER / "tcp.capture").read_text().splitlines(keepends=True)
    path = tmp_path / "long.capture"
    path.write_text(header + "".join(lines) * 1500)

    class Counting(io.StringIO):
        def write(self, text: str) -> int:
            return len(text)

    tracemalloc.start()
    try:
        assert decode_file(path, "continuous", "csv", Counting()) == 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 600_000 < path.stat().st_size / 2


def test_as_a_command() -> None:
    command = [sys.executable, "-W", "error", "-m", "gateway", "decode", str(FOLDER / "continuous.capture")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stdout == (FOLDER / "continuous.table").read_text()
    assert done.stderr.endswith("continuous.capture: 2 events are missing, they were lost while it was captured\n")
