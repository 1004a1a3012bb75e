"""Who gets in, who is turned away, and how often that is told."""

from __future__ import annotations

import logging

import pytest

from gateway.model.client_places import QUIET_S, ClientPlaces


def test_one_address_leaves_half_of_the_places_to_others() -> None:
    places = ClientPlaces(10, logging.getLogger("gateway.test"))
    assert [places.enter("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert [places.enter("b") for _ in range(7)] == [True] * 5 + [False] * 2
    assert not places.enter("c")
    places.leave("a")
    assert places.enter("c")


def test_a_rush_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    places = ClientPlaces(4, logging.getLogger("gateway.test"), lambda: now)
    for _ in range(3):
        for _ in range(5):
            places.enter("a")
        places.leave("a")
        now += QUIET_S / 2
    assert [record.getMessage() for record in caplog.records] == ["a: 2 connections are open, and no more are taken"]
    now += QUIET_S
    places.enter("a")
    places.enter("a")
    assert len(caplog.records) == 2
