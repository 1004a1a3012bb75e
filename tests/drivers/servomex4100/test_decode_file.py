from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.decode import decode_file
from gateway.drivers.servomex4100.decode_file import decode_continuous
from gateway.errors import GatewayError
from gateway.export.decoded_frames import FORMATS, csv_text, jsonl_text, table_text
from gateway.model.readings import CalibrationGroup
from tests.drivers.servomex4100.frames import FIVE, clean_recording, damaged_recording, frame

GOLDEN = Path(__file__).parent / "golden"
RECORDINGS = {"clean": clean_recording, "damaged": damaged_recording}
KEYS = ["frame", "offset", "time", "clock", "analyser", "channels", "checksum_ok", "error"]
CHANNEL_KEYS = [
    "id", "name", "value", "unit", "fault", "maintenance", "calibrating", "warming_up", "invalid", "alarms",
]  # fmt: skip


@pytest.mark.parametrize("recording", RECORDINGS)
@pytest.mark.parametrize("style", FORMATS)
def test_text_is_as_recorded(recording: str, style: str, tmp_path: Path):
    path = tmp_path / "recording.bin"
    path.write_bytes(RECORDINGS[recording]())
    out = io.StringIO()
    code = decode_file(path, "continuous", style, out)
    assert out.getvalue() == (GOLDEN / f"{recording}.{style}").read_text()
    assert code == (0 if recording == "clean" else 1)


def test_a_recording_is_reported_whole_tail_and_unfinished_end_included():
    data = damaged_recording()
    decoded = list(decode_continuous(data))
    assert [record.number for record in decoded] == list(range(len(decoded)))
    assert [record.error is None for record in decoded] == [False, True, False, True, False, True, False, False]
    assert [record.checksum_ok for record in decoded] == [False, True, False, True, False, True, True, False]
    assert decoded[-1].error == "the data ends before the line does"
    assert data[decoded[-1].offset :] == data[-90:]
    for record in decoded:
        assert (record.frame is None) == (record.error is not None)


def test_json_keys_are_the_promised_ones():
    for line in jsonl_text(decode_continuous(damaged_recording())):
        record = json.loads(line)
        assert list(record) == KEYS
        assert all(list(channel) == CHANNEL_KEYS for channel in record["channels"])
        if record["error"] is None:
            assert list(record["analyser"]) == ["fault", "maintenance", "groups"]
            assert record["analyser"]["groups"][0] == {"calibrating": False, "gas": 1}
        else:
            assert (record["analyser"], record["channels"], record["clock"]) == (None, [], None)


def test_csv_rows_all_have_the_columns_of_the_heading():
    rows = list(csv.reader(io.StringIO("".join(csv_text(decode_continuous(damaged_recording()))))))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 1 + 3 * 5 + 5


@pytest.mark.parametrize("groups", [(), (CalibrationGroup(),) * 6])
def test_csv_columns_hold_whatever_the_number_of_groups(groups: tuple[CalibrationGroup, ...]):
    (record,) = decode_continuous(frame(FIVE))
    assert record.frame is not None
    odd = replace(record, frame=replace(record.frame, analyser=replace(record.frame.analyser, groups=groups)))
    heading, first, *_ = csv.reader(io.StringIO("".join(csv_text([odd]))))
    assert dict(zip(heading, first, strict=True))["id"] == "I1"


def test_control_characters_reach_no_terminal():
    state = replace(FIVE, channels=(replace(FIVE.channels[0], name="\x1b[2J\x07\x9b"), *FIVE.channels[1:]))
    text = "".join(table_text(decode_continuous(frame(state))))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\\x1b[2J" in text


@given(st.binary(max_size=2000), st.integers(1, 700))
def test_any_bytes_in_any_pieces_decode_to_the_same_records(noise: bytes, size: int):
    data = noise + frame(FIVE) + noise
    pieces = [data[place : place + size] for place in range(0, len(data), size)]
    whole = list(decode_continuous(data))
    assert list(decode_continuous(iter(pieces))) == whole
    for render in FORMATS.values():
        assert "".join(render(whole))


def test_a_long_recording_is_never_held_whole(tmp_path: Path):
    path = tmp_path / "long.bin"
    path.write_bytes(frame(FIVE) * 20_000)

    class Counting(io.StringIO):
        written = 0

        def write(self, text: str) -> int:
            self.written += 1
            return len(text)

    out = Counting()
    tracemalloc.start()
    try:
        assert decode_file(path, "continuous", "csv", out) == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out.written == 1 + 5 * 20_000
    assert peak < path.stat().st_size / 4


def test_an_empty_recording_is_not_bad(tmp_path: Path):
    path = tmp_path / "empty.bin"
    path.touch()
    out = io.StringIO()
    assert decode_file(path, "continuous", "table", out) == 0
    assert out.getvalue() == "0 frames, 0 good, 0 bad\n"


def test_what_cannot_be_done_says_why(tmp_path: Path):
    with pytest.raises(GatewayError, match="No such file") as caught:
        decode_file(tmp_path / "absent.bin", "continuous", "table", io.StringIO())
    assert caught.value.where == str(tmp_path / "absent.bin")
    with pytest.raises(GatewayError, match="cannot read"):
        decode_file(tmp_path, "continuous", "table", io.StringIO())
    with pytest.raises(GatewayError, match=r"unknown protocol 'morse'; choose from continuous"):
        decode_file(tmp_path, "morse", "table", io.StringIO())
    with pytest.raises(GatewayError, match=r"unknown format 'xml'; choose from table, jsonl, csv"):
        decode_file(tmp_path, "continuous", "xml", io.StringIO())


def test_decoding_starts_without_any_engine():
    code = "import sys, gateway.cli.decode; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "gateway.cli.decode" in loaded
    assert {name.partition(".")[0] for name in loaded} & {
        "anyio", "asyncua", "asyncio", "caproto", "numpy", "pydantic", "pymodbus", "rich", "ruamel", "serial", "typer",
    } == set()  # fmt: skip
