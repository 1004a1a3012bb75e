"""The users file in the settings: names and roles that actions are opened to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model.role import Role
from gateway.model.user import User
from gateway.runtime.user_file import write_users
from gateway.settings.load import check_settings, load_settings
from tests.users import quick_hash

Problems = Callable[..., list[str]]

SETTINGS = """\
site: works
users_file: people/users.json
buses:
  line1: {link: /dev/ttyUSB0, protocol: modbus-rtu}
operators:
  olga: {hosts: [127.0.0.1]}
analysers:
  stack1:
    driver: servomex4100
    bus: line1
    channels: {I1: {unit: "%"}}
    actions: {StopAutocalibration: ALLOWED}
adapters:
  opcua:
"""


@pytest.fixture
def people(problems_of: Problems) -> Path:
    """The users file, in the folder of the settings."""
    del problems_of  # has changed into the folder
    Path("people").mkdir()
    path = Path("people") / "users.json"
    write_users(path, {"anna": User(Role.OPERATOR, quick_hash("x")), "ben": User(Role.OBSERVER)})
    return path


@pytest.mark.parametrize("allowed", ["[anna]", "[olga, anna]", "[role:Operator]", "[role:Engineer, anna]"])
def test_users_operators_and_roles_may_be_named(problems_of: Problems, people: Path, allowed: str):
    assert problems_of(SETTINGS.replace("ALLOWED", allowed)) == []
    settings = load_settings(Path("f.yaml"))
    assert settings.users_file == people
    assert [one for one in check_settings(settings).warnings if "operators.olga" not in one] == []


@pytest.mark.parametrize(
    ("allowed", "what", "remedy"),
    [
        (
            "[annna]",
            "'annna', who is not under operators or in people/users.json",
            "did you mean 'anna'?",
        ),
        (
            "[x]",
            "'x', who is not under operators or in people/users.json",
            "the operators and users are olga, anna, ben",
        ),
        ("[ben]", "'ben', whose role Observer only looks", "make ben an operator with `analyser-gateway user role`"),
        ("[role:Observer]", "'role:Observer', which is no role that may ask", "write role:Operator or role:Engineer"),
        ("[role:operator]", "'role:operator', which is no role that may ask", "write role:Operator or role:Engineer"),
    ],
)
def test_unknown_names_and_roles(problems_of: Problems, people: Path, allowed: str, what: str, remedy: str):
    assert people.exists()
    (problem,) = problems_of(SETTINGS.replace("ALLOWED", allowed))
    assert problem.startswith(f"f.yaml:12: analysers.stack1.actions.StopAutocalibration is open to {what}; {remedy}")


def test_a_malformed_file_is_an_error_with_its_place(problems_of: Problems, people: Path):
    people.write_text('{"format": 1, "users": {"anna": {"role": "Boss"}}}')
    (problem,) = problems_of(SETTINGS.replace("ALLOWED", "[anna]"))
    assert problem.startswith(
        "f.yaml:2: users_file: people/users.json: users.anna.role: must be one of Observer, Operator, Engineer; restore"
    )


def test_a_name_is_one_person(problems_of: Problems, people: Path):
    write_users(people, {"olga": User(Role.OPERATOR)})
    (problem,) = problems_of(SETTINGS.replace("ALLOWED", "[olga]"))
    assert problem == (
        "f.yaml:6: operators.olga is in the users file people/users.json as well; remove one of them; a name must be "
        "one person"
    )


def test_a_file_that_is_not_there_yet_or_is_for_all_to_read_is_a_warning(problems_of: Problems, people: Path):
    text = SETTINGS.replace("ALLOWED", "[role:Operator]")
    people.chmod(0o644)
    assert problems_of(text) == []
    if os.name == "posix":
        (warning,) = check_settings(load_settings(Path("f.yaml"))).warnings
        what = "f.yaml:2: the users file people/users.json can be read by others than its owner"
        assert warning == f"{what}; chmod 600 people/users.json"
    people.unlink()
    assert problems_of(text) == []
    assert check_settings(load_settings(Path("f.yaml"))).warnings == (
        "f.yaml:2: nobody is in the users file people/users.json; add somebody with `analyser-gateway user add`",
    )


def test_an_empty_path(problems_of: Problems):
    (problem,) = problems_of(SETTINGS.replace("people/users.json", '""').replace("ALLOWED", "[olga]"))
    assert problem == "f.yaml:2: users_file is empty; write a path, or leave it out"
