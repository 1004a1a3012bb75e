"""The capture format: lines, files, what is kept, and how a slow writer loses events."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.capture.capture_file import LONGEST_LINE, CaptureFile, is_capture
from gateway.capture.events import CapturedEvent, CaptureHeader, EventKind
from gateway.capture.feed import CaptureFeed
from gateway.capture.line_format import encode_event, encode_header, parse_event, parse_header
from gateway.capture.retention import Extent, Ring, Whole
from gateway.errors import InputError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp
from gateway.testing.virtual_clock import VirtualClock
from gateway.wire.tap import WireEvent, WireEventKind, WireTap

START_US = 1_772_442_840_102_345  # 2026-03-02T09:14:00.102345Z
HEADER = CaptureHeader(
    "flue", "/dev/ttyUSB0", ProtocolKind.MODBUS_RTU, 19200, 8, "none", 1, START_US, {30: "servomex4100"}
)
HEADER_LINE = (
    '# analyser-gateway capture 1 {"bus": "flue", "link": "/dev/ttyUSB0", "protocol": "modbus-rtu", "baudrate": 19200,'
    ' "bytesize": 8, "parity": "none", "stopbits": 1, "started": "2026-03-02T09:14:00.102345Z",'
    ' "drivers": {"30": "servomex4100"}}'
)
times = st.integers(0, 253_402_300_799_999_999)
offsets = st.integers(0, 10**14)
chunks = st.binary(min_size=1, max_size=400)
events = st.one_of(
    st.builds(CapturedEvent, st.sampled_from([EventKind.SENT, EventKind.RECEIVED]), times, offsets, chunks),
    st.builds(CapturedEvent, st.sampled_from([EventKind.OPENED, EventKind.CLOSED]), times, offsets),
    st.builds(
        lambda at, offset, lost: CapturedEvent(EventKind.LOST, at, offset, lost=lost),
        times,
        offsets,
        st.integers(1, 10**9),
    ),
)
headers = st.builds(
    CaptureHeader,
    bus=st.text(),
    link=st.text(),
    protocol=st.sampled_from(ProtocolKind),
    baudrate=st.integers(1, 10**7),
    bytesize=st.sampled_from([7, 8]),
    parity=st.sampled_from(["none", "even", "odd"]),
    stopbits=st.sampled_from([1, 2]),
    started_us=times,
    drivers=st.dictionaries(st.integers(1, 247), st.text(), max_size=3),
    listening=st.booleans(),
)


def received(offset_us: int, data: bytes) -> CapturedEvent:
    return CapturedEvent(EventKind.RECEIVED, START_US + offset_us, offset_us, data)


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


def test_lines_are_as_documented() -> None:
    assert encode_header(HEADER) == HEADER_LINE
    request = CapturedEvent(EventKind.SENT, START_US, 250_123, bytes.fromhex("1e0400640001727a"))
    assert encode_event(request) == "2026-03-02T09:14:00.102345Z 0.250123 > 1e0400640001727a  |...d..rz|"
    lost = CapturedEvent(EventKind.LOST, START_US, 61_000_001, lost=12)
    assert encode_event(lost) == "2026-03-02T09:14:00.102345Z 61.000001 lost 12"
    opened = CapturedEvent(EventKind.OPENED, START_US, 0)
    assert encode_event(opened) == "2026-03-02T09:14:00.102345Z 0.000000 open"


@given(events)
def test_events_come_back_as_they_were(event: CapturedEvent) -> None:
    line = encode_event(event)
    assert line.isascii()
    assert line.isprintable()
    assert parse_event(line) == event


@given(headers)
def test_headers_come_back_as_they_were(header: CaptureHeader) -> None:
    line = encode_header(header)
    assert line.isascii()
    assert line.isprintable()
    assert parse_header(line) == header


@given(events)
def test_every_column_can_be_cut_out_with_ordinary_tools(event: CapturedEvent) -> None:
    utc, offset, what, *rest = encode_event(event).split(" ")
    assert utc.endswith("Z")
    assert round(float(offset) * 1e6) == pytest.approx(event.offset_us, rel=1e-12)
    assert what == event.kind
    if event.data:
        assert bytes.fromhex(rest[0]) == event.data


@given(st.text())
def test_any_text_is_an_event_or_a_value_error(text: str) -> None:
    for parse in (parse_event, parse_header):
        try:
            parse(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    "line",
    [
        "",
        "2026-03-02T09:14:00.102345Z 0.250123 >",
        "2026-03-02T09:14:00.102345Z 0.250123 > 1e0",
        "2026-03-02T09:14:00.102345Z 0.250123 > 1E",
        "2026-03-02T09:14:00.102345Z 0.250123 ? 1e",
        "2026-03-02T09:14:00.102345+01:00 0.250123 > 1e",
        "2026-13-02T09:14:00.102345Z 0.250123 > 1e",
        "2026-03-02T09:14:00.102345Z 0.25 > 1e",
        "2026-03-02T09:14:00.102345Z 0.250123 lost 0",
        "2026-03-02T09:14:00.102345Z 0.250123 opened",
        " 2026-03-02T09:14:00.102345Z 0.250123 open",
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        parse_event(line)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (HEADER_LINE.replace("capture 1", "capture 2"), "a capture of version 2, this program reads version 1"),
        (HEADER_LINE.replace('"protocol"', '"protokoll"'), "the header has no 'protocol'"),
        (HEADER_LINE.replace("modbus-rtu", "morse"), "'morse' is not a valid ProtocolKind"),
        (HEADER_LINE.replace("19200", "null"), "the header is damaged"),
        (HEADER_LINE.replace("19200", "Infinity"), "the header is damaged"),
        (HEADER_LINE.replace('{"30": "servomex4100"}', "7"), "the header is damaged"),
        (HEADER_LINE[:-1], "the header is damaged"),
        (" 02-03-26;09:14:00;  ;S1S1S1S1;05;", "no header of a capture"),
    ],
)
def test_a_header_that_cannot_be_used_says_why(line: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_header(line)


def test_keys_of_later_programs_are_passed_over() -> None:
    assert parse_header(HEADER_LINE.replace('{"bus"', '{"colour": "red", "bus"')) == HEADER


def test_a_file_is_read_again_and_again(tmp_path: Path) -> None:
    seen = [received(100, b"abc"), CapturedEvent(EventKind.LOST, START_US, 200, lost=3), received(300, b"d")]
    path = write(tmp_path / "a.capture", HEADER_LINE, *map(encode_event, seen))
    capture = CaptureFile(path)
    assert is_capture(path)
    assert capture.header == HEADER
    assert [list(capture.events()), list(capture.events())] == [seen, seen]
    assert (capture.lost, capture.cut_off) == (3, 0)


def test_comments_blank_lines_and_foreign_line_ends_do_no_harm(tmp_path: Path) -> None:
    line = encode_event(received(100, b"abc"))
    path = tmp_path / "a.capture"
    path.write_text(f"{HEADER_LINE}\r\n\r\n# the pump was started, café\r\n{line} and more\r\n", encoding="utf-8")
    assert list(CaptureFile(path).events()) == [received(100, b"abc")]


@given(st.lists(chunks, min_size=1, max_size=5), st.floats(0, 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_may_be_cut_off_anywhere(tmp_path: Path, parts: list[bytes], part: float) -> None:
    seen = [received(10 * place, data) for place, data in enumerate(parts)]
    text = "".join(f"{line}\n" for line in [HEADER_LINE, *map(encode_event, seen)])
    text = text[: len(HEADER_LINE) + round(part * (len(text) - len(HEADER_LINE)))]
    path = tmp_path / "cut.capture"
    path.write_text(text)
    capture = CaptureFile(path)
    whole = text.count("\n")
    assert list(capture.events()) == seen[: max(0, whole - 1)]
    assert capture.cut_off == (0 if text.endswith("\n") else whole + 1)


def test_captures_may_stand_one_after_the_other(tmp_path: Path) -> None:
    later = HEADER_LINE.replace("09:14:00", "10:00:00")
    path = write(
        tmp_path / "two.capture",
        HEADER_LINE,
        encode_event(received(5_000_000, b"a")),
        later,
        encode_event(received(1_000_000, b"b")),
    )
    first, between, second = CaptureFile(path).events()
    assert (first.data, between.kind, second.data) == (b"a", EventKind.CLOSED, b"b")
    assert [first.offset_us, between.offset_us, second.offset_us] == [5_000_000, 5_000_000, 6_000_000]
    assert between.utc.isoformat() == "2026-03-02T10:00:00.102345+00:00"


@pytest.mark.parametrize(
    ("lines", "number", "what"),
    [
        ([HEADER_LINE, "what is this"], 2, "no event of a capture"),
        ([HEADER_LINE, "", HEADER_LINE.replace("modbus-rtu", "continuous")], 3, "continuous after one of modbus-rtu"),
        ([HEADER_LINE, "x" * LONGEST_LINE], 2, "a line of more than"),
        ([HEADER_LINE.replace("capture 1", "capture 9")], 1, "version 9"),
        (["something else"], 1, "no header"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(lines: Sequence[str], number: int, what: str, tmp_path: Path) -> None:
    path = write(tmp_path / "bad.capture", *lines)
    with pytest.raises(InputError, match=what) as caught:
        list(CaptureFile(path).events())
    assert caught.value.where == f"{path}:{number}"


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        CaptureFile(tmp_path / "absent")
    with pytest.raises(InputError, match="cannot read"):
        is_capture(tmp_path)


def test_a_long_capture_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.capture"
    line = encode_event(received(1, bytes(200)))
    with path.open("w") as file:
        file.write(f"{HEADER_LINE}\n")
        file.writelines(f"{line}\n" for _ in range(20_000))
    tracemalloc.start()
    try:
        assert sum(len(event.data) for event in CaptureFile(path).events()) == 4_000_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200_000 < path.stat().st_size / 50


@pytest.mark.parametrize(
    ("text", "extent"),
    [
        ("500", Extent(500, of_bytes=False)),
        ("64kB", Extent(64_000, of_bytes=True)),
        ("10 MB", Extent(10_000_000, of_bytes=True)),
        ("1GB", Extent(10**9, of_bytes=True)),
        ("7B", Extent(7, of_bytes=True)),
    ],
)
def test_extents(text: str, extent: Extent) -> None:
    assert Extent.parse(text) == extent


@pytest.mark.parametrize("text", ["", "0", "0kB", "-1", "1.5MB", "10mb", "many", "10 events", "9" * 13])
def test_what_is_no_extent(text: str) -> None:
    with pytest.raises(ValueError, match="neither a number of events"):
        Extent.parse(text)


lines = st.lists(st.text("abc", max_size=20), max_size=40)


@given(st.lists(lines, max_size=10), st.integers(1, 200), st.booleans())
def test_whole_keeps_the_beginning_and_says_when_it_is_full(
    batches: list[list[str]], number: int, of_bytes: bool
) -> None:
    extent = Extent(number, of_bytes)
    kept, written = Whole(extent), []
    for batch in batches:
        written += kept.take(batch)
        if kept.full:
            break
    everything = [line for batch in batches for line in batch]
    assert everything[: len(written)] == written
    size = sum(map(extent.of, written))
    assert size <= number
    assert kept.full == (sum(map(extent.of, everything)) >= number)
    if kept.full and size < number:
        assert size + extent.of(everything[len(written)]) > number
    assert list(kept.rest()) == []


@given(st.lists(lines, max_size=10), st.integers(1, 200), st.booleans())
def test_ring_keeps_the_end_and_says_how_much_is_gone(batches: list[list[str]], number: int, of_bytes: bool) -> None:
    extent = Extent(number, of_bytes)
    kept = Ring(extent)
    for batch in batches:
        assert list(kept.take(batch)) == []
    everything = [line for batch in batches for line in batch]
    rest = list(kept.rest())
    gone = 0
    if rest and rest[0].startswith("# "):
        gone = int(rest.pop(0).split()[1])
    assert rest == everything[gone:]
    assert sum(map(extent.of, rest)) <= number
    assert gone == 0 or sum(map(extent.of, everything[gone - 1 :])) > number


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


async def test_a_feed_hands_out_what_a_tap_sees(clock: VirtualClock) -> None:
    tap, feed = WireTap(), CaptureFeed(clock)
    with tap.attached(feed.take):
        await clock.sleep(1.5)
        tap.see(WireEventKind.OPENED, clock.stamp())
        tap.see(WireEventKind.SENT, clock.stamp(), b"ask")
        first = await feed.next()
        tap.see(WireEventKind.RECEIVED, clock.stamp(), b"answer")
        tap.see(WireEventKind.CLOSED, clock.stamp())
        second = await feed.next()
    tap.see(WireEventKind.SENT, clock.stamp(), b"nobody listens any more")
    with anyio.move_on_after(0.01) as waited:
        await feed.next()
    assert waited.cancelled_caught
    assert [event.kind for event in first + second] == [
        EventKind.OPENED, EventKind.SENT, EventKind.RECEIVED, EventKind.CLOSED,
    ]  # fmt: skip
    assert {event.offset_us for event in first + second} == {1_500_000}
    assert first[0].unix_us == feed.started.unix_us + 1_500_000


async def test_a_slow_writer_loses_events_and_hears_how_many(clock: VirtualClock) -> None:
    feed = CaptureFeed(clock, most_bytes=1000)
    for number in range(10):
        feed.take(WireEvent(WireEventKind.RECEIVED, clock.stamp(), bytes([number])))
    *kept, lost = await feed.next()
    assert [event.data[0] for event in kept] == list(range(len(kept)))
    assert (lost.kind, lost.lost) == (EventKind.LOST, 10 - len(kept))
    assert 0 < len(kept) < 10
    feed.take(WireEvent(WireEventKind.RECEIVED, clock.stamp(), b"again"))
    assert [event.data for event in await feed.next()] == [b"again"]


async def test_a_feed_has_a_bound_whatever_comes(clock: VirtualClock) -> None:
    feed = CaptureFeed(clock)
    tracemalloc.start()
    try:
        for _ in range(3000):
            feed.take(WireEvent(WireEventKind.RECEIVED, clock.stamp(), bytes(10_000)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert (await feed.next())[-1].lost > 2000


def test_the_header_of_a_bus() -> None:
    spec = BusSpec("/dev/ttyUSB0", ProtocolKind.MODBUS_RTU)
    assert CaptureHeader.of_bus("flue", spec, Stamp(7, START_US), {30: "servomex4100"}) == HEADER
