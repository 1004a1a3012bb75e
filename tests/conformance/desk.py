"""A desk that carries out whatever it is asked, and the people who come to it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from gateway.errors import ActionRefusedError
from gateway.model.access import AccessRecord
from gateway.model.actions import ActionRequest
from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role
from gateway.model.user import User
from gateway.runtime.user_file import UserFile, write_users
from gateway.runtime.users import Users
from gateway.streaming.clock import SystemClock
from tests.conformance.analysers import START

PASSWORDS = {"observer": "look only", "operator": "öffne dich", "engineer": "turn the screw", "guessed": "not that one"}
ROLES = {"observer": Role.OBSERVER, "operator": Role.OPERATOR, "engineer": Role.ENGINEER, "guessed": Role.OPERATOR}


class AgreeingDesk:
    """Does as it is told, for the users of a users file.

    Args:
        file: Where the users file is made.
        certificates: DER certificates of one more user, who has no password.
    """

    def __init__(self, file: Path, certificates: Collection[bytes] = ()) -> None:
        users = {name: User(ROLES[name], PasswordHash.of(password)) for name, password in PASSWORDS.items()}
        users["carol"] = User(
            Role.OPERATOR, certificates=tuple(hashlib.sha256(one).hexdigest() for one in certificates)
        )
        write_users(file, users)
        self.users = Users({}, UserFile(file), SystemClock())

    def note(self, record: AccessRecord) -> None:
        """Nobody reads the audit log here."""

    async def invoke(self, request: ActionRequest) -> str:
        for argument, value in zip(START.arguments, request.arguments, strict=True):
            if not argument.lowest <= value <= argument.highest:
                raise ActionRefusedError(f"{argument.name} is out of range")
        return f"{request.action} {request.arguments}: done"
