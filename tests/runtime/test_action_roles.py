"""Which users and roles an action is open to."""

from __future__ import annotations

import pytest

from gateway.model.actions import ActionOrigin, ActionRequest, ActionSpec
from gateway.model.operator import Operator
from gateway.model.role import Role
from gateway.model.user import is_listed, role_entry
from gateway.runtime.action_gates import ActionGates

OPERATORS = {"otto": Operator("a password"), "bob": Operator(hosts=("10.0.0.0/8",))}
ROLES = {
    "anna": Role.ENGINEER, "ben": Role.OPERATOR, "carl": Role.OBSERVER, "otto": Role.OPERATOR, "bob": Role.OPERATOR,
}  # fmt: skip


def reason(user: str, *opened: str, proved: bool = True, host: str = "10.0.0.5") -> str:
    """Why the user may not; empty if it may."""
    gates = ActionGates([ActionSpec("Stop", "Stop it")], {"Stop": opened}, OPERATORS, ROLES.get)
    origin = ActionOrigin("opcua" if proved else "epics_ca", host, user, proved=proved)
    refusal = gates.refusal(ActionRequest("stack", "Stop", (), confirmed=True, origin=origin))
    return "" if refusal is None else refusal.reason


@pytest.mark.parametrize(
    ("user", "opened", "why_not"),
    [
        ("ben", ("ben",), ""),
        ("ben", ("anna",), "Stop is not open to this user"),
        ("ben", ("role:Operator",), ""),
        ("anna", ("role:Operator",), ""),
        ("ben", ("role:Engineer",), "Stop is not open to this user"),
        ("anna", ("role:Engineer", "ben"), ""),
        ("otto", ("role:Operator",), ""),
        ("carl", ("role:Operator",), "Stop is not open to this user"),
        ("carl", ("carl",), "role Observer only looks"),
        ("dora", ("dora",), "there is no such user, or the user is disabled"),
        ("role:Operator", ("role:Operator",), "there is no such user, or the user is disabled"),
    ],
)
def test_users_who_have_proved_their_names(user: str, opened: tuple[str, ...], why_not: str) -> None:
    assert reason(user, *opened) == why_not


def test_a_claimed_name_counts_for_operators_with_hosts_alone() -> None:
    assert reason("bob", "role:Operator", proved=False) == ""
    assert "not among" in reason("bob", "role:Operator", proved=False, host="11.0.0.1")
    assert "only claimed" in reason("otto", "otto", proved=False)
    assert "must prove it" in reason("ben", "ben", proved=False)


def test_roles_include_each_other_upwards() -> None:
    for index, role in enumerate(Role):
        assert [role.includes(other) for other in Role] == [number <= index for number in range(len(Role))]
    assert is_listed("x", Role.ENGINEER, [role_entry(Role.OPERATOR)])
    assert not is_listed("x", Role.OBSERVER, [role_entry(Role.OBSERVER)])
