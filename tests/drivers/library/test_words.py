"""What libraries say beside the value, and what clients see of it."""

from __future__ import annotations

import re
from enum import StrEnum
from types import SimpleNamespace

import numpy as np
import pytest

from gateway.drivers.library.settings import Meaning
from gateway.drivers.library.words import MEANINGS, channel_status, sensor_words, status_words
from gateway.model.readings import ChannelStatus
from tests.drivers.library.family import ROOT


class State(StrEnum):
    """As fujilib and sartoriuslib have them."""

    OK = "ok"
    ERROR = "channel_error"
    HOLD = "hold"


@pytest.mark.parametrize(
    ("reading", "words", "status"),
    [
        (SimpleNamespace(), (), ChannelStatus()),
        (SimpleNamespace(state=State.OK, status=None), (), ChannelStatus()),
        (SimpleNamespace(state=State.ERROR), ("channel_error",), ChannelStatus(fault=True)),
        (SimpleNamespace(state=State.HOLD), ("hold",), ChannelStatus(invalid=True)),
        (SimpleNamespace(status=SimpleNamespace(hold=True), state=State.HOLD), ("hold",), ChannelStatus(invalid=True)),
        (SimpleNamespace(stable=True, overload=False), (), ChannelStatus()),
        (SimpleNamespace(stable=False), ("unstable",), ChannelStatus(warming_up=True)),
        (SimpleNamespace(stable=True, overload=True), ("overload",), ChannelStatus(invalid=True)),
        (SimpleNamespace(status=frozenset()), (), ChannelStatus()),
        (
            SimpleNamespace(status=frozenset({"MOV", "LCK"})),
            ("LCK", "MOV"),
            ChannelStatus(alarms=(True, False, False, False)),
        ),
        (
            SimpleNamespace(status=SimpleNamespace(fault=True, warming_up=True, alarms=(False, True, False, False))),
            ("fault", "warming_up", "alarm2"),
            ChannelStatus(fault=True, warming_up=True, alarms=(False, True, False, False)),
        ),
        (SimpleNamespace(state="something new"), ("something new",), ChannelStatus()),
    ],
    ids=lambda value: "+".join(value) or "nothing" if isinstance(value, tuple) else "",
)
def test_words_and_their_meaning(reading: object, words: tuple[str, ...], status: ChannelStatus) -> None:
    assert status_words(reading) == words
    assert channel_status(words, {}) == status


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (None, ()),
        (0, ()),
        (1, ("open",)),
        ("ok", ()),
        ("sensor_open", ("sensor_open",)),
        (np.array([0, 0, 2, 3], dtype=np.int8), ("high", "low")),
        (np.zeros(4, dtype=np.int8), ()),
    ],
)
def test_the_condition_of_a_sensor(condition: object, words: tuple[str, ...]) -> None:
    assert sensor_words(condition) == words
    assert (channel_status(words, {}) == ChannelStatus()) == (words == ())


def test_the_settings_have_the_last_word() -> None:
    own = {"unstable": Meaning.NOTHING, "something new": Meaning.MAINTENANCE, "mov": Meaning.INVALID}
    assert channel_status(["unstable"], own) == ChannelStatus()
    assert channel_status(["Something New", "MOV"], own) == ChannelStatus(maintenance=True, invalid=True)
    assert channel_status(["alarm2"], {"alarm2": Meaning.NOTHING}) == ChannelStatus()


def test_the_page_lists_every_word() -> None:
    page = (ROOT / "docs" / "how-to" / "instrument-libraries.md").read_text()
    (table,) = re.findall(r"^\| Words .*\n(?:\|.*\n)+", page, flags=re.MULTILINE)
    listed = {word.casefold() for word in re.findall(r"`(\w+)`", table)}
    assert listed == set(MEANINGS)
