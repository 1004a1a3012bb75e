"""Whether somebody is an operator: passwords, compared in constant time, with growing pauses after wrong ones."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model.operator import Operator
from gateway.model.stamp import Clock

FREE_ATTEMPTS = 3
LONGEST_PAUSE_S = 30.0
"""A guesser gets two attempts a minute, and can keep the operator of that name out of the login for no longer."""

_LOG = logging.getLogger("gateway.audit")


@dataclass(slots=True)
class _Attempts:
    digest: bytes
    wrong: int = 0
    deaf_until_ns: int = 0


class OperatorPasswords:
    """Knows the passwords of the settings.

    After three wrong ones in a row a name is deaf for 1, 2, 4, ... 30 s, to the right password too. Memory is bounded:
    nothing is kept of names that the settings do not have.

    Args:
        operators: All operators.
        clock: Time.
    """

    def __init__(self, operators: Mapping[str, Operator], clock: Clock) -> None:
        self._clock = clock
        self._known = {
            name: _Attempts(_digest(operator.password))
            for name, operator in operators.items()
            if operator.password is not None
        }
        self._nobody = secrets.token_bytes(hashlib.sha256().digest_size)

    def knows(self, user: str, password: str) -> bool:
        """Whether this is the password of an operator; takes as long for a wrong name as for a wrong password."""
        attempts = self._known.get(user)
        right = hmac.compare_digest(self._nobody if attempts is None else attempts.digest, _digest(password))
        if attempts is None:
            return False
        now_ns = self._clock.monotonic_ns()
        if now_ns < attempts.deaf_until_ns:
            return False
        if right:
            if attempts.wrong > FREE_ATTEMPTS:
                _LOG.warning("operator %s: the right password, after %d wrong ones", user, attempts.wrong)
            attempts.wrong = 0
            return True
        attempts.wrong += 1
        if attempts.wrong >= FREE_ATTEMPTS:
            pause_s = min(2.0 ** (attempts.wrong - FREE_ATTEMPTS), LONGEST_PAUSE_S)
            attempts.deaf_until_ns = now_ns + round(pause_s * 1e9)
        if attempts.wrong == FREE_ATTEMPTS:
            _LOG.warning("operator %s: %d wrong passwords in a row; logins now have to pause", user, attempts.wrong)
        return False


def _digest(password: str) -> bytes:
    """Of one length, so that comparing tells nothing of the length of the password."""
    return hashlib.sha256(password.encode(errors="surrogatepass")).digest()
