"""A library as it lives and dies: opened, read, lost, ended, stuck; never a task left, never a tight loop."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from gateway.drivers.library import source
from gateway.drivers.library.driver import DRIVER
from gateway.drivers.library.settings import Call, LibraryChannel, LibrarySettings
from gateway.drivers.library.source import PERMANENT_PAUSE_S, LibrarySource
from gateway.errors import LinkError, SettingsError
from gateway.model.stamp import Clock
from gateway.streaming.clock import SystemClock
from gateway.testing.virtual_clock import VirtualClock
from tests.drivers.library import toy

TOY = "tests.drivers.library.toy"


def settings(behaviour: str = "", port: str = "/dev/ttyUSB0") -> LibrarySettings:
    return LibrarySettings(
        steps={"device": Call(f"{TOY}:open_device", {"port": port, "limit": f"${TOY}:LIMIT"})},
        record=Call(f"{TOY}:record", {"device": "$device", "rate_hz": "$rate_hz", "behaviour": behaviour}),
        channels={"number": LibraryChannel(), "limit": LibraryChannel()},
    )


def connected(options: LibrarySettings, clock: Clock | None = None) -> LibrarySource:
    toys = DRIVER.connect("toy", options, 5.0, clock or SystemClock())
    assert isinstance(toys, LibrarySource)
    return toys


async def numbers(toys: LibrarySource, most: int = 100) -> list[Any]:
    """Values until the recording ends, or until there are enough."""
    found: list[Any] = []
    with anyio.fail_after(10):
        async with aclosing(toys.batches()) as batches:
            async for batch in batches:
                found.extend(one.reading.value for one in batch if one.reading and one.channel == "number/Value")
                if len(found) == most:
                    break
    return found


async def test_values_come_until_nobody_wants_them_and_everything_is_closed() -> None:
    opened, closed = toy.Device.opened, toy.Device.closed
    toys = connected(settings())
    assert await numbers(toys, 5) == [1, 2, 3, 4, 5]
    assert (toy.Device.opened, toy.Device.closed) == (opened + 1, closed + 1)
    assert toys.counters.payloads >= 5
    assert toys.counters.library_emitted == toys.counters.payloads
    assert await numbers(toys, 2) == [1, 2], "it can be opened again"


async def test_a_generator_is_a_recording_and_is_closed() -> None:
    channels = {"number": LibraryChannel(), "limit": LibraryChannel()}
    opened, closed = toy.Device.opened, toy.Device.closed
    toys = connected(LibrarySettings(Call(f"{TOY}:numbers", {"limit": 5.0}), channels))
    assert await numbers(toys, 3) == [1, 2, 3]
    assert (toy.Device.opened, toy.Device.closed) == (opened + 1, closed + 1)
    assert toys.counters.library_emitted is None


async def test_references_stand_for_results_for_the_rate_and_for_what_modules_hold() -> None:
    toys = connected(settings())
    async with aclosing(toys.batches()) as batches:
        batch = await anext(batches)
    assert {one.channel: one.reading.value for one in batch if one.reading}["limit/Value"] == toy.LIMIT


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [("raises", "unplugged"), ("dies", "unplugged"), ("ends", "unplugged")],
)
async def test_however_a_recording_ends_it_is_a_lost_link(behaviour: str, text: str) -> None:
    opened, closed = toy.Device.opened, toy.Device.closed
    with pytest.raises(LinkError, match=f"toy: ToyConnectionError: {text}"):
        await numbers(connected(settings(behaviour)), most=10**6)
    assert (toy.Device.opened, toy.Device.closed) == (opened + 1, closed + 1)


async def test_a_port_that_is_missing_is_tried_again_when_asked_again() -> None:
    toys = connected(settings(port="missing"))
    for _ in range(3):
        with pytest.raises(LinkError, match=r"no such port, raised by .*:open_device in steps.device"):
            await numbers(toys)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (settings(port="wrong"), "ToyConfigurationError: no such protocol"),
        (LibrarySettings(Call(f"{TOY}:no_such"), {}), "AttributeError: .*no_such"),
        (LibrarySettings(Call(f"{TOY}:open_device", {"speed": 9600}), {}), "TypeError: .*speed"),
        (LibrarySettings(Call(f"{TOY}:open_device", {"port": ""}), {}), "TypeError: a Device is no recording"),
    ],
    ids=["library", "name", "argument", "no recording"],
)
async def test_what_cannot_work_is_not_tried_in_a_tight_loop(options: LibrarySettings, text: str) -> None:
    clock = VirtualClock()
    toys = connected(options, clock)
    tried: list[float] = []
    for _ in range(3):
        with pytest.raises(LinkError, match=text):
            await numbers(toys)
        tried.append(clock.monotonic_ns() / 1e9)
    assert tried == [0, PERMANENT_PAUSE_S, 2 * PERMANENT_PAUSE_S]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(source.CLOSING_S) < 3, "the gateway stops within three seconds"
    monkeypatch.setattr(source, "CLOSING_S", (0.1, 0.1))


@pytest.mark.usefixtures("impatient")
async def test_a_library_that_hangs_behind_a_shield_is_cancelled() -> None:
    toys = connected(settings("hangs"))
    assert await numbers(toys, 3) == [1, 2, 3]
    assert await numbers(toys, 3) == [1, 2, 3], "and can be opened again"


@pytest.mark.usefixtures("impatient")
async def test_a_library_that_never_ends_is_left_behind_and_not_opened_twice(caplog: pytest.LogCaptureFixture) -> None:
    toys = connected(settings("hangs for ever"))
    with caplog.at_level(logging.ERROR):
        assert await numbers(toys, 3) == [1, 2, 3]
    assert [record.message for record in caplog.records] == [
        "toy: the library does not end its recording; it is left behind"
    ]
    with pytest.raises(LinkError, match="has not ended its last recording"):
        await numbers(toys)
    toy.RELEASED.pop().set()
    with anyio.fail_after(5):
        while True:
            try:
                assert await numbers(toys, 1) == [1]
            except LinkError:
                await anyio.sleep(0.01)
            else:
                break
    toy.RELEASED.pop().set()
    await anyio.wait_all_tasks_blocked()


def test_a_package_that_is_not_installed_is_named_with_its_remedy() -> None:
    options = LibrarySettings(
        Call("no_such_library.streaming:record"), {}, {"a": Call("json:loads", {"s": "$also_missing:X"})}
    )
    with pytest.raises(SettingsError) as caught:
        DRIVER.connect("toy", options, 1.0, SystemClock())
    (problem,) = caught.value.problems
    assert problem == (
        "analysers.toy needs also_missing, no_such_library, which this Python does not have; install it beside the"
        " gateway: pip install also_missing no_such_library"
    )


async def test_nothing_is_imported_before_batches_are_asked_for() -> None:
    options = LibrarySettings(Call("json.no_such_module:record"), {"x": LibraryChannel()})
    toys = connected(options)
    with pytest.raises(LinkError, match=r"ModuleNotFoundError: No module named 'json\.no_such_module'"):
        await numbers(toys)
