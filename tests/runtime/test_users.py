"""The user directory: operators of the settings and users of the file, proved by password or certificate."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InputError, LoginBusyError, LoginRefusedError
from gateway.model.access import Place
from gateway.model.operator import Operator
from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role
from gateway.model.user import LONGEST_NAME, NAME_PATTERN, User
from gateway.runtime import user_file, users
from gateway.runtime.login_pauses import FREE_ATTEMPTS
from gateway.runtime.user_file import UserFile, read_users, write_users
from gateway.runtime.users import MOST_WAITING_AT_A_PLACE, Users
from gateway.streaming.clock import SystemClock
from tests.users import quick_hash

HERE, THERE = Place("10.0.0.5", "a1"), Place("10.0.0.6", "b2")
OPERATORS = {"olga": Operator("open sesame"), "otto": Operator(hosts=("10.0.0.0/8",))}
THUMBPRINT = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "users.json"
    write_users(
        path,
        {
            "anna": User(Role.ENGINEER, quick_hash("Schlüssel"), (THUMBPRINT,)),
            "ben": User(Role.OBSERVER, quick_hash("guess me not")),
            "carl": User(Role.OPERATOR, quick_hash("gone fishing"), ("cd" * 32,), disabled=True),
            "dora": User(Role.OPERATOR, None, ("ef" * 32,)),
        },
    )
    return path


@pytest.fixture
def directory(path: Path) -> Users:
    return Users(OPERATORS, UserFile(path), SystemClock())


async def login(directory: Users, name: str, password: str, place: Place = HERE) -> tuple[str, Role] | None:
    try:
        known = await directory.by_password(name, lambda: password, place)
    except LoginRefusedError:
        return None
    assert directory.is_current(known)
    return known.name, known.role


async def test_who_may_log_in(directory: Users) -> None:
    assert directory.can_log_in
    assert await login(directory, "olga", "open sesame") == ("olga", Role.OPERATOR)
    assert await login(directory, "anna", "Schlüssel") == ("anna", Role.ENGINEER)
    assert await login(directory, "anna", "Schlu\u0308ssel") == ("anna", Role.ENGINEER)  # typed on another keyboard
    assert await login(directory, "ben", "guess me not") == ("ben", Role.OBSERVER)
    wrong = {"anna": "schlüssel", "otto": "", "carl": "gone fishing", "dora": "", "nobody": "x", "olga": "\ud800"}
    for name, password in wrong.items():
        assert await login(directory, name, password) is None
    assert directory.members(Role.OPERATOR) == ("dora", "olga", "otto")
    assert directory.members(Role.ENGINEER) == ("anna",)


async def test_certificates(directory: Users) -> None:
    assert (await directory.by_certificate(THUMBPRINT)).name == "anna"
    assert (await directory.by_certificate("ef" * 32)).role is Role.OPERATOR
    for thumbprint in ("cd" * 32, "00" * 32):
        with pytest.raises(LoginRefusedError):
            await directory.by_certificate(thumbprint)


async def test_a_login_is_judged_by_what_the_file_says_then(directory: Users, path: Path) -> None:
    """Even if nobody follows it."""
    known = read_users(path)
    write_users(path, known | {name: replace(known[name], disabled=True) for name in ("anna", "ben")})
    assert await login(directory, "ben", "guess me not") is None
    with pytest.raises(LoginRefusedError):
        await directory.by_certificate(THUMBPRINT)


def test_nobody_can_log_in_without_passwords() -> None:
    assert not Users({"otto": OPERATORS["otto"]}, None, SystemClock()).can_log_in
    assert Users(OPERATORS, None, SystemClock()).can_log_in


async def test_one_hash_is_computed_whoever_is_named(directory: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time of the answer does not tell who exists."""
    computed: list[PasswordHash] = []
    fits = PasswordHash.fits
    monkeypatch.setattr(PasswordHash, "fits", lambda self, password: computed.append(self) or fits(self, password))
    for name in ("anna", "ben", "carl", "dora", "olga", "otto", "nobody"):
        computed.clear()
        assert await login(directory, name, "wrong", Place(name)) is None
        assert len(computed) == 1, name


async def test_pauses_are_told_once_and_nothing_is_computed_meanwhile(
    directory: Users, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(FREE_ATTEMPTS):
        assert await login(directory, "ben", "wrong") is None

    def read() -> str:
        raise AssertionError("nobody looks at it")

    for _ in range(5):
        with pytest.raises(LoginRefusedError, match="wait"):
            await directory.by_password("ben", read, HERE)
    assert await login(directory, "ben", "guess me not", THERE) == ("ben", Role.OBSERVER)
    said = [record.getMessage() for record in caplog.records if record.name == "gateway.audit"]
    assert said == ["user ben: 3 wrong passwords in a row from 10.0.0.5; logins from there now have to pause"]


async def test_a_flood_is_turned_away_while_the_event_loop_goes_on(directory: Users) -> None:
    outcomes: list[str] = []

    async def knock(number: int) -> None:
        try:
            await directory.by_password(f"user{number}", lambda: "x", HERE)
        except LoginBusyError:
            outcomes.append("busy")
        except LoginRefusedError:
            outcomes.append("wrong")

    async with anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(knock, number)
    assert outcomes.count("wrong") == MOST_WAITING_AT_A_PLACE
    assert outcomes.count("busy") == 200 - MOST_WAITING_AT_A_PLACE
    assert await login(directory, "anna", "Schlüssel", THERE) == ("anna", Role.ENGINEER)


async def test_what_the_token_says_is_not_a_wrong_password(directory: Users) -> None:
    def unreadable() -> str:
        raise ValueError("no text")

    for _ in range(2 * FREE_ATTEMPTS):
        with pytest.raises(ValueError, match="no text"):
            await directory.by_password("anna", unreadable, HERE)
    assert await login(directory, "anna", "Schlüssel") == ("anna", Role.ENGINEER)


@pytest.fixture
def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "LOOK_S", 0.01)


async def until(condition: Any) -> None:
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110  of what has no event
            await anyio.sleep(0.005)


@pytest.mark.usefixtures("quick_look")
async def test_what_is_written_counts_at_once(directory: Users, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    anna = await directory.by_password("anna", lambda: "Schlüssel", HERE)
    by_card = await directory.by_certificate(THUMBPRINT)
    heard: list[int] = []
    unhear = directory.on_change(lambda: heard.append(1))
    known = read_users(path)
    async with anyio.create_task_group() as tasks:
        await tasks.start(lambda *, task_status: directory.run(task_status=task_status))
        write_users(path, known | {"anna": replace(known["anna"], password=quick_hash("another one"))})
        await until(lambda: heard)
        assert not directory.is_current(anna)
        assert directory.is_current(by_card)
        assert await login(directory, "anna", "Schlüssel") is None
        assert await login(directory, "anna", "another one") == ("anna", Role.ENGINEER)
        write_users(path, known | {"anna": replace(known["anna"], role=Role.OBSERVER)})
        await until(lambda: not directory.is_current(by_card))
        path.write_text("{")  # noqa: ASYNC240  a test
        await until(lambda: "everybody stays as before" in caplog.text)
        assert directory.role_of("anna") is Role.OBSERVER
        unhear()
        write_users(path, known)
        await until(lambda: directory.is_current(anna))
        path.unlink()  # noqa: ASYNC240
        await until(lambda: directory.role_of("anna") is None)
        assert directory.role_of("olga") is Role.OPERATOR
        tasks.cancel_scope.cancel()
    assert caplog.text.count("everybody stays as before") == 1
    assert len(heard) == 2


def test_the_file_is_for_its_owner_alone_and_replaced_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    known, text = read_users(path), path.read_text()
    assert "Schl" not in text
    assert [user.role for user in known.values()] == [Role.ENGINEER, Role.OBSERVER, Role.OPERATOR, Role.OPERATOR]

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(user_file.os, "fsync", full)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        write_users(path, {})
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def document(**changes: object) -> dict[str, object]:
    return {"format": 1, "users": {"anna": {"role": "Observer"} | changes}}


def hashed(**changes: object) -> dict[str, object]:
    password = {"scheme": "scrypt", "n": 1 << 15, "r": 8, "p": 1, "salt": "A" * 22 + "==", "hash": "A" * 43 + "="}
    return document(password=password | changes)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"format": 1,\n "users"', "users.json:2:9: not JSON"),
        ("[]", "users.json: must be an object"),
        ({"format": 2, "users": {}}, "format: must be 1"),
        ({"format": 1}, "'users' is missing"),
        ({"format": 1, "users": []}, "users: must be an object"),
        ({"format": 1, "users": {"a b": {"role": "Observer"}}}, "users.a b: a name must be"),
        ({"format": 1, "users": {}, "admin": 1}, "'admin' is not known here"),
        (document(role="Admin"), "users.anna.role: must be one of Observer, Operator, Engineer"),
        (document(disabled="no"), "users.anna.disabled: must be true or false"),
        (document(certificates=["AB" * 32]), "users.anna.certificates: must be a list of SHA-256"),
        (document(passwort=1), "users.anna: 'passwort' is not known here"),
        (hashed(scheme="md5"), "users.anna.password.scheme: must be scrypt"),
        (hashed(n=1 << 13), "users.anna.password: n must be a power of 2"),
        (hashed(n=True), "users.anna.password.n: must be a whole number"),
        (hashed(n=1 << 20, r=32), "users.anna.password: n, r and p would take 4096 MiB"),
        (hashed(salt="A"), "users.anna.password.salt: must be base64"),
        (hashed(salt="AAAA"), "users.anna.password: the salt must have"),
        (
            '{"format": 1, "users": {"anna": {"role": "Observer"}, "anna": {"role": "Engineer"}}}',
            "'anna' stands there tw",
        ),
        (
            {"format": 1, "users": {name: {"role": "Observer", "certificates": [THUMBPRINT]} for name in "ab"}},
            "users.b.certificates: the certificate is that of a already",
        ),
        (b"\xff", "not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        (" " * (user_file.LARGEST + 1), "larger than"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(
    tmp_path: Path, content: str | bytes | dict[str, object] | Sequence[object], complaint: str
) -> None:
    path = tmp_path / "users.json"
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_users(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_real_hash_recognises_its_password() -> None:
    one, other = PasswordHash.of("a long pass phrase"), PasswordHash.of("a long pass phrase")
    assert one.digest != other.digest
    assert one.fits("a long pass phrase")
    assert not one.fits("a long pass phrase ")
    assert "digest" not in repr(one)


@pytest.mark.parametrize("name", ["anna", "olga"])
async def test_a_right_password_after_many_wrong_ones_is_told(
    directory: Users, caplog: pytest.LogCaptureFixture, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(FREE_ATTEMPTS):
        await login(directory, name, "wrong")
    monkeypatch.setattr(directory._pauses, "is_deaf", lambda *_: False)
    caplog.set_level(logging.WARNING)
    assert await login(directory, name, {"anna": "Schlüssel", "olga": "open sesame"}[name])
    assert f"user {name}: the right password from 10.0.0.5, after 3 wrong ones" in caplog.text


hashes = st.builds(
    PasswordHash,
    salt=st.binary(min_size=16, max_size=64),
    digest=st.binary(min_size=32, max_size=64),
    n=st.sampled_from([1 << 14, 1 << 15, 1 << 17]),
    r=st.integers(1, 8),
    p=st.integers(1, 16),
)
names = st.from_regex(NAME_PATTERN, fullmatch=True).filter(lambda name: len(name) <= LONGEST_NAME)


@settings(max_examples=30)  # each waits for the disk
@given(st.dictionaries(names, st.builds(User, st.sampled_from(Role), st.none() | hashes, disabled=st.booleans())))
def test_what_is_written_is_read(people: dict[str, User]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.json"
        write_users(path, people)
        assert read_users(path) == people
