"""The gates between a request and an analyser that depend on nothing but the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.model.actions import ActionOrigin, ActionRequest, ActionSpec
from gateway.model.operator import Operator
from gateway.model.printable import printable
from gateway.model.role import Role
from gateway.model.user import is_listed
from gateway.runtime.argument_gate import misfit, not_finite
from gateway.runtime.refusal import Refusal


class ActionGates:
    """Open? Finite? Confirmed? Authorised? Within bounds? In this order; no gate is tried behind a closed one.

    Args:
        specs: The actions that are open.
        opened: Name of an open action to the users and roles that may ask for it.
        operators: All operators of the settings.
        role_of: Role of a user; None for a name that may not ask for anything.
    """

    def __init__(
        self,
        specs: Sequence[ActionSpec],
        opened: Mapping[str, Sequence[str]],
        operators: Mapping[str, Operator],
        role_of: Callable[[str], Role | None],
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._opened = opened
        self._operators = operators
        self._role_of = role_of

    def refusal(self, request: ActionRequest) -> Refusal | None:
        """Why the request is refused; None if it passes."""
        spec = self._specs.get(request.action)
        if spec is None:
            return Refusal(
                f"'{printable(request.action)}' is not open", "`actions` of the analyser in the settings opens it"
            )
        if (refusal := not_finite(spec, request.arguments)) is not None:
            return refusal
        if request.confirmed is not True:
            return Refusal(f"{spec.name} was not confirmed", "ask again, with the confirmation")
        if reason := self._why_not(spec, request.origin):
            what = (
                f"'{printable(request.origin.user)}' may not ask for {spec.name} from {printable(request.origin.host)}"
            )
            return Refusal(what, "the audit log of the gateway says why", reason)
        return misfit(spec, request.arguments)

    def _why_not(self, spec: ActionSpec, origin: ActionOrigin) -> str:
        role = self._role_of(origin.user)
        if role is None:
            return "there is no such user, or the user is disabled"
        if not is_listed(origin.user, role, self._opened.get(spec.name, ())):
            return f"{spec.name} is not open to this user"
        if not role.includes(Role.OPERATOR):
            return f"role {role} only looks"
        operator = self._operators.get(origin.user)
        if operator is None:
            return (
                "" if origin.proved is True else "the name is only claimed, and users of the users file must prove it"
            )
        if origin.proved is True and operator.password is None:
            return "the operator has no password, so none can have proved the name"
        if origin.proved is not True and operator.hosts is None:
            return "the name is only claimed, and the operator has no hosts to vouch for it"
        if not operator.admits(origin.host):
            return "the address is not among the operator's hosts"
        return ""
