"""Who is an operator, and how long a guesser has to wait."""

from __future__ import annotations

import logging

import pytest

from gateway.model.operator import Operator
from gateway.runtime.operator_passwords import LONGEST_PAUSE_S, OperatorPasswords
from gateway.testing.virtual_clock import VirtualClock
from tests.runtime.action_desk import OPERATORS, office


@pytest.mark.parametrize(
    ("user", "password", "known"),
    [
        ("alice", "opensesame", True),
        ("alice", "OpenSesame", False),
        ("alice", "", False),
        ("alice", "opensesame\n", False),
        ("carol", "abracadabra", True),
        ("carol", "opensesame", False),
        ("bob", "", False),
        ("bob", "None", False),
        ("mallory", "opensesame", False),
        ("", "", False),
        ("alice", "\ud800", False),
    ],
)
def test_only_the_right_password_of_a_known_operator_will_do(user: str, password: str, known: bool) -> None:
    assert office().desk.knows(user, password) is known


def test_a_password_beyond_ascii_is_one() -> None:
    passwords = OperatorPasswords({"zoe": Operator("Schlüssel€")}, VirtualClock())
    assert passwords.knows("zoe", "Schlüssel€")


async def test_wrong_passwords_make_a_name_deaf_for_longer_and_longer(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock()
    passwords = OperatorPasswords(OPERATORS, clock)
    for _ in range(2):
        assert not passwords.knows("alice", "guess")
    assert passwords.knows("alice", "opensesame")
    for _ in range(3):
        assert not passwords.knows("alice", "guess")
    for pause_s in (1, 2, 4, 8, 16, LONGEST_PAUSE_S, LONGEST_PAUSE_S):
        await clock.sleep(pause_s - 0.001)
        assert not passwords.knows("alice", "opensesame")
        assert passwords.knows("carol", "abracadabra")
        await clock.sleep(0.001)
        assert not passwords.knows("alice", "guess")
    await clock.sleep(LONGEST_PAUSE_S)
    assert passwords.knows("alice", "opensesame")
    assert not passwords.knows("alice", "guess")
    assert passwords.knows("alice", "opensesame")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "operator alice: 3 wrong passwords in a row; logins now have to pause"),
        (logging.WARNING, "operator alice: the right password, after 10 wrong ones"),
    ]


def test_names_that_are_no_operator_cost_no_memory() -> None:
    passwords = OperatorPasswords(OPERATORS, VirtualClock())
    for number in range(1000):
        assert not passwords.knows(f"guess{number}", "opensesame")
    assert passwords._known.keys() == {"alice", "carol"}
