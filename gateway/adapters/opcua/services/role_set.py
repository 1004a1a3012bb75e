"""Who has which role, as engineers can read it below the Server object (OPC 10000-18 section 4.2)."""

from __future__ import annotations

from functools import partial

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.security.identity import Role
from gateway.adapters.opcua.security.logins import Logins
from gateway.adapters.opcua.services.access import Access
from gateway.adapters.opcua.services.served_values import ServedValues

_ROLES = {
    ObjectIds.WellKnownRole_Observer: Role.OBSERVER,
    ObjectIds.WellKnownRole_Operator: Role.OPERATOR,
    ObjectIds.WellKnownRole_Engineer: Role.ENGINEER,
}
_CRITERIA = ua.IdentityCriteriaType


def identity_rules(logins: Logins, role_id: int) -> list[ua.IdentityMappingRuleType]:
    """Rules that give a well-known role to users at the moment; empty for a role that is not used here.

    Args:
        logins: Who is let in.
        role_id: Identifier of the role in namespace 0.
    """
    rules: list[tuple[ua.IdentityCriteriaType, str]] = []
    role = _ROLES.get(role_id)
    if logins.anonymous and role_id in (ObjectIds.WellKnownRole_Anonymous, ObjectIds.WellKnownRole_Observer):
        rules.append((_CRITERIA.Anonymous, ""))
    if role_id == ObjectIds.WellKnownRole_AuthenticatedUser and logins.users is not None:
        rules.append((_CRITERIA.AuthenticatedUser, ""))
    if role is not None and logins.users is not None:
        rules += [(_CRITERIA.UserName, name) for name in logins.users.members(role)]
    return [ua.IdentityMappingRuleType(CriteriaType=kind, Criteria=ua.String(text)) for kind, text in rules]


def show_roles(aspace: AddressSpace, access: Access, logins: Logins) -> None:
    """Fill the Identities of every role, for engineers alone.

    Args:
        aspace: Address space with all its nodes.
        access: Who may read what.
        logins: Who is let in.
    """
    values = ServedValues(aspace)
    for reference in aspace[standard_node(ObjectIds.Server_ServerCapabilities_RoleSet)].references:
        role_id = reference.NodeId.Identifier
        if not reference.IsForward or reference.NodeClass != ua.NodeClass.Object:
            continue
        for member in aspace[reference.NodeId].references:
            if member.IsForward and member.BrowseName.Name == "Identities":
                identities = int(member.NodeId.Identifier)
                values.pull(identities, partial(identity_rules, logins, role_id), ua.VariantType.ExtensionObject)
                access.restrict([member.NodeId], Role.ENGINEER)
