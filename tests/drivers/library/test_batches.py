"""Payloads on their way to the points: names, repeats, failures, stamps and blocks."""

from __future__ import annotations

import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gateway.drivers.library.batches import MISSED_READS, MISSED_S, Batches
from gateway.drivers.library.counters import LibraryCounters
from gateway.drivers.library.points import described_points
from gateway.drivers.library.settings import Call, LibraryChannel, LibrarySettings, Meaning
from gateway.errors import DeviceTimeoutError, LinkError
from gateway.model.device_description import DeviceDescription
from gateway.model.point_projection import PointProjector
from gateway.model.points import ValueKind
from gateway.model.quality import State
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from tests.drivers.library import shapes
from tests.drivers.library.shapes import NOON, Told

NS = 1_000_000_000
GONE = type("FujiConnectionError", (Exception,), {})("unplugged")


class Bench:
    """Batches of some channels, and what clients would see of them."""

    def __init__(self, channels: dict[str, LibraryChannel], **options: Any) -> None:
        settings = LibrarySettings(Call("m:f"), channels, **options)
        self.counters = LibraryCounters()
        self.batches = Batches("stack", settings, self.counters)
        points = described_points(channels)
        group = build_site("s", [("stack", "", DeviceDescription("", "", channels, points=points))]).groups[0]
        self.paths = [point.browse_path for point in group.points]
        self._projector = PointProjector(group, points, channels)

    def take(self, payload: object, at_s: float = 100.0) -> list[Sample]:
        now = Stamp.from_utc(NOON + timedelta(seconds=at_s), round(at_s * NS))
        return self.batches.take(payload, now)

    def seen(self, batch: list[Sample]) -> dict[str, tuple[object, State]]:
        update = self._projector.project(batch)
        return dict(zip(self.paths, zip(update.values, update.states, strict=True), strict=True))


def told(name: str, value: float = 1.0, device: str = "zpa", at_s: float = 99.0, unit: str = "%") -> Told:
    return Told(device, name, value, unit, round(at_s * NS))


def test_a_frame_becomes_values_with_their_states() -> None:
    channels = {name: LibraryChannel("%", range=(0, 10)) for name in ("CH1", "CH2", "CH3")}
    bench = Bench(channels)
    good = shapes.frame([told("CH1", 5.0), told("CH2", 50.0)])
    held = shapes.frame([told("CH3", 7.0)], state="hold")
    seen = bench.seen(bench.take([good, held]))
    assert seen["CH1/Value"] == (5.0, State.GOOD)
    assert seen["CH2/Value"] == (50.0, State.OUT_OF_RANGE_HIGH)
    assert seen["CH3/Value"] == (7.0, State.INVALID_INPUT)
    assert seen["CH3/Status"] == ("hold", State.GOOD)


def test_a_word_means_what_the_settings_say() -> None:
    bench = Bench({"CH1": LibraryChannel("%")}, flags={"HOLD": Meaning.MAINTENANCE})
    seen = bench.seen(bench.take(shapes.frame([told("CH1")], state="hold")))
    assert seen["CH1/Value"] == (1.0, State.MAINTENANCE)


def test_another_unit_makes_a_value_bad() -> None:
    bench = Bench({"CH1": LibraryChannel("ppm")})
    assert bench.seen(bench.take(shapes.frame([told("CH1")])))["CH1/Value"] == (1.0, State.UNIT_MISMATCH)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (ValueKind.FLOAT, 1.5, 1.5),
        (ValueKind.FLOAT, np.float32(1.5), 1.5),
        (ValueKind.FLOAT, float("nan"), None),
        (ValueKind.FLOAT, "1.5", None),
        (ValueKind.INTEGER, 3.0, 3),
        (ValueKind.INTEGER, 3.5, None),
        (ValueKind.BOOLEAN, True, True),
        (ValueKind.BOOLEAN, 2, None),
        (ValueKind.TEXT, "N2", "N2"),
        (ValueKind.TEXT, 7, "7"),
    ],
)
def test_kinds(kind: ValueKind, value: object, shown: object) -> None:
    bench = Bench({"x": LibraryChannel(kind=kind)})
    seen = bench.seen(bench.take({"x": value}))
    state = State.GOOD if shown is not None else State.NO_VALUE
    assert seen["x/Value"] == (shown, state)
    assert type(seen["x/Value"][0]) is type(shown)


def test_a_time_that_stands_still_is_not_fresh() -> None:
    bench = Bench({"CH1": LibraryChannel("%"), "CH2": LibraryChannel("%")})
    frozen = told("CH1", at_s=99)
    assert bench.take([shapes.frame([frozen]), shapes.scalar(told("CH2", at_s=99))])
    again = bench.take([shapes.frame([frozen]), shapes.scalar(told("CH2", at_s=100))], 101)
    assert {sample.channel for sample in again} == {"CH2/Value", "CH2/Status"}
    assert bench.take(shapes.frame([frozen]), 102) == []
    assert bench.counters.repeated == 2


def test_the_stamp_is_the_librarys_but_never_in_the_future() -> None:
    bench = Bench({"CH1": LibraryChannel("%")})
    (first, _) = bench.take(shapes.frame([told("CH1", at_s=99.5)]))
    assert (first.monotonic_ns, first.received_at) == (round(99.5 * NS), NOON)
    (future, _) = bench.take(shapes.frame([told("CH1", at_s=200)]), 101)
    assert (future.monotonic_ns, future.received_at) == (101 * NS, NOON + timedelta(seconds=101))
    without_utc = SimpleNamespace(channel="CH1", value=1.0, unit="%", t_mono_ns=101 * NS)
    (derived, _) = bench.take(without_utc, 103)
    assert (derived.monotonic_ns, derived.received_at) == (101 * NS, NOON + timedelta(seconds=101))


def test_a_name_that_several_devices_have_needs_its_device(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench({"plain": LibraryChannel("%", name="CH1"), "full": LibraryChannel("%", name="b/CH1")})
    payload = {one: shapes.frame([told("CH1", value, one)]) for one, value in (("a", 1.0), ("b", 2.0))}
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            batch = bench.take(payload)
            payload = {one: shapes.frame([told("CH1", value, one, 99.5)]) for one, value in (("a", 1.0), ("b", 2.0))}
    assert [sample.channel for sample in batch] == []
    assert [record.message for record in caplog.records] == [
        "stack: the library delivers no CH1, but a/CH1, b/CH1; correct `name` unless it comes now and then"
    ]


def test_one_of_several_devices_fails() -> None:
    bench = Bench({"left": LibraryChannel("%", name="CH1"), "right": LibraryChannel("%", name="b/CH2")})
    both = {"a": shapes.frame([told("CH1", device="a")]), "b": shapes.frame([told("CH2", device="b")])}
    assert {state for _, state in bench.seen(bench.take(both)).values()} == {State.GOOD}
    one = {"a": shapes.result(error=GONE), "b": shapes.frame([told("CH2", device="b", at_s=100)])}
    seen = bench.seen(bench.take(one, 101))
    assert seen["left/Value"] == (None, State.NO_VALUE)
    assert seen["left/Status"] == ("unreadable", State.GOOD)
    assert seen["right/Value"] == (1.0, State.GOOD)
    assert not bench.batches.lost


@pytest.mark.parametrize(
    ("error", "kind", "lost"),
    [(GONE, LinkError, True), (type("FujiTimeoutError", (Exception,), {})("silent"), DeviceTimeoutError, False)],
)
def test_a_payload_that_is_an_error(error: Exception, kind: type[Exception], lost: bool) -> None:
    bench = Bench({"CH1": LibraryChannel("%")})
    (sample,) = bench.take({"zpa": shapes.failed("zpa", error)})
    assert isinstance(sample.error, kind)
    assert str(sample.error).startswith(f"stack/zpa: {type(error).__name__}: {error}")
    assert bench.batches.lost is lost
    assert bench.counters.failures == 1


@pytest.mark.parametrize("payload", [{}, [], None, {"zpa": None}, shapes.failed("zpa", TimeoutError("silent"))])
def test_failed_reads_are_hopeless_after_a_while(payload: object) -> None:
    bench = Bench({"CH1": LibraryChannel("%")})
    bench.batches.begin(0)
    for number in range(1, MISSED_READS + 1):
        assert not bench.batches.lost
        (sample,) = bench.take(payload, number * MISSED_S / MISSED_READS)
        assert sample.error is not None
    assert bench.batches.lost
    bench.take(shapes.frame([told("CH1")]))
    assert not bench.batches.lost


def test_blocks_give_samples_and_their_mean(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench({"ai0": LibraryChannel("V", length=3), "ai1": LibraryChannel("V"), "ai2": LibraryChannel("V")})
    block = shapes.block([told(f"ai{number}", unit="V") for number in range(3)])
    block.data = np.array([[1.0, 2.0, 3.0, 6.0], [4.0, 4.0, 4.0, 8.0], [1.0, float("nan"), 1.0, 1.0]])
    block.sensor_status = {"ai2": np.array([0, 1, 0, 0], dtype=np.int8)}
    with caplog.at_level(logging.WARNING):
        seen = bench.seen(bench.take(block))
    waveform, state = seen["ai0/Waveform"]
    assert isinstance(waveform, memoryview)
    assert (waveform.format, waveform.readonly, list(waveform), state) == ("d", True, [1.0, 2.0, 3.0], State.GOOD)
    block.data[:] = 0.0
    assert list(waveform) == [1.0, 2.0, 3.0], "the library may use its buffer again"
    assert seen["ai0/Mean"] == (3.0, State.GOOD)
    assert seen["ai1/Value"] == (5.0, State.GOOD)
    assert seen["ai2/Value"] == (None, State.CHANNEL_FAULT)
    assert seen["ai2/Status"] == ("open", State.GOOD)
    assert [record.message for record in caplog.records] == [
        "stack: ai0: the block has 4 samples, of which 3 are served; correct `length`"
    ]


def test_read_only_blocks_are_not_copied() -> None:
    bench = Bench({"ai0": LibraryChannel("V", length=4)})
    block = shapes.block([told("ai0", unit="V")])
    block.data.flags.writeable = False
    waveform = bench.take(block)[0].reading
    assert waveform is not None
    assert np.shares_memory(np.frombuffer(waveform.value), block.data)  # type: ignore[arg-type]


def test_counters_show_what_the_summary_has() -> None:
    counters = LibraryCounters()
    assert counters.library_emitted is None
    counters.summary = SimpleNamespace(blocks_emitted=3, blocks_dropped=1, errors_observed=2)
    shown = (counters.library_emitted, counters.library_dropped, counters.library_late, counters.library_errors)
    assert shown == (3, 1, None, 2)
