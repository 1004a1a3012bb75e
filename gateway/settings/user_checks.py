"""Checks of the users file, and of the names and roles that actions are opened to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.errors import InputError
from gateway.model.role import Role
from gateway.model.user import ROLE_ENTRIES, User, is_role_entry
from gateway.runtime.user_file import read_users, readable_by_others
from gateway.settings.draft import Draft
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems, choices, nearest

_USERS_FILE: KeyPath = ("users_file",)


def check_users(draft: Draft, problems: Problems) -> Mapping[str, User] | None:
    """Users of the users file by name; None, with the reason reported, where it cannot be used."""
    path = draft.users_file
    if path is None:
        return {}
    if not path.name:
        problems.error(_USERS_FILE, "users_file is empty", "write a path, or leave it out")
        return None
    try:
        users = read_users(path)
    except InputError as error:
        problems.error(_USERS_FILE, f"users_file: {error.where}: {error.what}", error.hint)
        return None
    if not users:
        what = f"nobody is in the users file {path}"
        problems.warn(_USERS_FILE, what, "add somebody with `analyser-gateway user add`")
    if readable_by_others(path):
        what = f"the users file {path} can be read by others than its owner"
        problems.warn(_USERS_FILE, what, f"chmod 600 {path}")
    for name in sorted(users.keys() & (draft.operators or {}).keys()):
        what = f"operators.{name} is in the users file {path} as well"
        problems.error(("operators", name), what, "remove one of them; a name must be one person")
    return users


def check_list(
    path: KeyPath, entries: Sequence[str], draft: Draft, users: Mapping[str, User] | None, problems: Problems
) -> None:
    """Check those to whom one action is opened: somebody, who exists and may ask for actions."""
    _, name, _, action = path
    what = f"analysers.{name}.actions.{action}"
    if not entries:
        problems.error(path, f"{what} is open to nobody", f"name operators, such as {action}: [alice], or remove it")
    for index, entry in enumerate(entries):
        here: KeyPath = (*path, index)
        if is_role_entry(entry):
            if entry not in ROLE_ENTRIES:
                remedy = f"write {choices(ROLE_ENTRIES)}"
                problems.error(here, f"{what} is open to '{entry}', which is no role that may ask", remedy)
        elif draft.operators is None or entry in draft.operators or users is None:
            continue
        elif entry not in users:
            where = "under operators" if draft.users_file is None else f"under operators or in {draft.users_file}"
            known = [*draft.operators, *users]
            remedy = nearest(entry, known, what="operators and users" if users else "operators")
            problems.error(here, f"{what} is open to '{entry}', who is not {where}", remedy)
        elif not users[entry].role.includes(Role.OPERATOR):
            remedy = f"make {entry} an operator with `analyser-gateway user role`, or remove the name here"
            problems.error(here, f"{what} is open to '{entry}', whose role {users[entry].role} only looks", remedy)
