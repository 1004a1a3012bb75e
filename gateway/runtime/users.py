"""Everybody who can log in: the operators of the settings, and the users of the users file as it is at present."""

from __future__ import annotations

import hmac
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus

from gateway.errors import InputError, LoginBusyError, LoginRefusedError
from gateway.model.access import Place
from gateway.model.operator import Operator
from gateway.model.password_hash import PasswordHash
from gateway.model.printable import printable
from gateway.model.role import Role
from gateway.model.stamp import Clock
from gateway.model.user import KnownUser, User
from gateway.runtime.login_pauses import FREE_ATTEMPTS, LoginPauses
from gateway.runtime.user_file import UserFile

LOOK_S = 1.0
"""Seconds between two looks at the users file."""

MOST_WAITING = 32
MOST_WAITING_AT_A_PLACE = 4
"""Passwords are checked one after the other; more than these do not wait for their turn."""

_FROM_SETTINGS = "settings"
_LOG = logging.getLogger("gateway.audit")


class Users:
    """A `ports.UserDirectory`.

    A password takes 50 to 100 ms of one core in a thread, and a rest as long before the next one: however many come,
    the event loop goes on and half a core at most is busy with them. A name that does not exist takes as long as one
    that does.

    Args:
        operators: Operators of the settings; a user of the file with the same name does not count.
        file: The users file; None for none.
        clock: Time.

    Raises:
        InputError: The users file cannot be used.
    """

    def __init__(self, operators: Mapping[str, Operator], file: UserFile | None, clock: Clock) -> None:
        self._operators = operators
        self._file = file
        self._clock = clock
        self._users: Mapping[str, User] = {} if file is None else file.read()
        self._complaint = ""
        self._pauses = LoginPauses(clock)
        self._turn, self._reading = anyio.Lock(), anyio.Lock()
        self._free_at_ns = 0
        self._waiting: Counter[Place] = Counter()
        self._nobody = _nobody(self._users)
        self._listeners: list[Callable[[], None]] = []

    @property
    def can_log_in(self) -> bool:
        """See `ports.UserDirectory.can_log_in`."""
        return self._file is not None or any(operator.password for operator in self._operators.values())

    def role_of(self, name: str) -> Role | None:
        """Role of somebody who may log in at present; None for anybody else."""
        if name in self._operators:
            return Role.OPERATOR
        user = self._users.get(name)
        return None if user is None or user.disabled else user.role

    def members(self, role: Role) -> tuple[str, ...]:
        """See `ports.UserDirectory.members`."""
        return tuple(sorted(name for name in {*self._operators, *self._users} if self.role_of(name) is role))

    def is_current(self, user: KnownUser) -> bool:
        """See `ports.UserDirectory.is_current`."""
        return self.role_of(user.name) is user.role and user.proof in self._proofs(user.name)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """See `ports.UserDirectory.on_change`."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def by_certificate(self, thumbprint: str) -> KnownUser:
        """See `ports.UserDirectory.by_certificate`."""
        await self._refresh()
        for name, user in self._users.items():
            if thumbprint in user.certificates and name not in self._operators:
                if user.disabled:
                    raise LoginRefusedError(f"{name} is disabled")
                return KnownUser(name, user.role, thumbprint)
        raise LoginRefusedError("the certificate belongs to no user")

    async def by_password(self, name: str, read_password: Callable[[], str], place: Place) -> KnownUser:
        """See `ports.UserDirectory.by_password`."""
        self._require_patience(name, place)
        with self._waiting_room(place):
            await self._refresh()
            async with self._turn:
                await self._clock.sleep_until(self._free_at_ns)
                self._require_patience(name, place)
                began_ns = self._clock.monotonic_ns()
                try:
                    user = await anyio.to_thread.run_sync(self._examine, name, read_password)
                finally:
                    now_ns = self._clock.monotonic_ns()
                    self._free_at_ns = now_ns + (now_ns - began_ns)
        return self._welcome(name, place, user)

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Follow the users file until cancelled; whoever logs in is judged by what it says then, without waiting."""
        task_status.started()
        while self._file is not None:
            await anyio.sleep(LOOK_S)
            await self._refresh()

    async def _refresh(self) -> None:
        """Take in what has changed in the file. What cannot be used changes nothing, and is told once."""
        if self._file is None:
            return
        async with self._reading:
            try:
                users = await anyio.to_thread.run_sync(self._file.read_if_changed)
            except InputError as error:
                if str(error) != self._complaint:
                    _LOG.error("%s; everybody stays as before", error)
                self._complaint = str(error)
                return
            if users is not None:
                self._complaint = ""
                self._take(users)

    def _take(self, users: Mapping[str, User]) -> None:
        changed = sorted(name for name in {*users, *self._users} if users.get(name) != self._users.get(name))
        self._users, self._nobody = users, _nobody(users)
        if changed:
            more = f" and {len(changed) - 10} more" if len(changed) > 10 else ""
            _LOG.warning("the users file has changed: %s%s", ", ".join(changed[:10]), more)
            for listener in tuple(self._listeners):
                listener()

    def _proofs(self, name: str) -> tuple[str, ...]:
        if name in self._operators:
            return (_FROM_SETTINGS,)
        user = self._users.get(name)
        if user is None:
            return ()
        return (*user.certificates, *((user.password.digest.hex(),) if user.password else ()))

    def _require_patience(self, name: str, place: Place) -> None:
        if self._pauses.is_deaf(name, place):
            raise LoginRefusedError("too many wrong passwords; wait for half a minute")

    @contextmanager
    def _waiting_room(self, place: Place) -> Iterator[None]:
        if self._waiting.total() >= MOST_WAITING or self._waiting[place] >= MOST_WAITING_AT_A_PLACE:
            raise LoginBusyError("too many logins at once")
        self._waiting[place] += 1
        try:
            yield
        finally:
            self._waiting[place] -= 1
            if not self._waiting[place]:
                del self._waiting[place]

    def _examine(self, name: str, read_password: Callable[[], str]) -> KnownUser | None:
        """Who the password proves; whoever is named, one hash is computed. Blocks."""
        password = read_password()
        operator, user = self._operators.get(name), self._users.get(name)
        if operator is not None:
            self._nobody.fits(password)
            right = operator.password is not None and _equal(operator.password, password)
            return KnownUser(name, Role.OPERATOR, _FROM_SETTINGS) if right else None
        known = None if user is None or user.disabled else user.password
        if known is None or user is None:
            self._nobody.fits(password)
            return None
        return KnownUser(name, user.role, known.digest.hex()) if known.fits(password) else None

    def _welcome(self, name: str, place: Place, user: KnownUser | None) -> KnownUser:
        if user is None:
            if self._pauses.wrong(name, place) == FREE_ATTEMPTS:
                what = "user %s: %d wrong passwords in a row from %s; logins from there now have to pause"
                _LOG.warning(what, printable(name), FREE_ATTEMPTS, place.host)
            raise LoginRefusedError("wrong user name or password")
        wrong = self._pauses.right(name, place)
        if wrong >= FREE_ATTEMPTS:
            _LOG.warning("user %s: the right password from %s, after %d wrong ones", name, place.host, wrong)
        return user


def _nobody(users: Mapping[str, User]) -> PasswordHash:
    """A hash to compare with when there is none, as slow as most of the others."""
    hashes = [user.password for user in users.values() if user.password is not None]
    usual = Counter((one.n, one.r, one.p) for one in hashes).most_common(1)
    return PasswordHash.of_nobody(next((one for one in hashes if (one.n, one.r, one.p) == usual[0][0]), None))


def _equal(expected: str, given: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(expected.encode(errors="surrogatepass"), given.encode(errors="surrogatepass"))
