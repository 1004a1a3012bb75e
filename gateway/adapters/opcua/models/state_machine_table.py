"""Rows of a finite state machine: its states, and its transitions (OPC 10000-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.models.namespaces import ADI, NodeRef, standard
from gateway.adapters.opcua.models.node_table import HAS_SUB_STATE_MACHINE, Link, Member, Rows, TypeRow
from gateway.adapters.opcua.models.standard_types import (
    FINITE_STATE_MACHINE,
    INITIAL_STATE,
    STATE,
    TRANSITION,
    UINT32,
)

_ADI = Rows(ADI)
_FROM_STATE = standard(ObjectIds.FromState)
_TO_STATE = standard(ObjectIds.ToState)
_HAS_CAUSE = standard(ObjectIds.HasCause)


@dataclass(frozen=True, slots=True)
class StateMachine:
    """One type of state machine of ADI.

    Every state and every transition takes two identifiers in a row, the second for its number.

    Attributes:
        identifier: Identifier of the type.
        name: BrowseName of the type.
        first_state: Identifier of the first state.
        states: Names and numbers of the states; the first is the initial one.
        first_transition: Identifier of the first transition.
        transitions: From which state to which, in the order of their numbers from 1.
        state_types: TypeDefinitions of states that have one of their own.
        sub_machines: State to the identifier of the state machine below it.
        causes: Identifier of a transition to those of the methods that cause it.
        state_number: BrowseName of the number of a state.
        transition_number: BrowseName of the number of a transition.
        members: Nodes beside states and transitions.
    """

    identifier: int
    name: str
    first_state: int
    states: Sequence[tuple[str, int]]
    first_transition: int
    transitions: Sequence[tuple[str, str]]
    state_types: Mapping[str, NodeRef] = field(default_factory=dict)
    sub_machines: Mapping[str, int] = field(default_factory=dict)
    causes: Mapping[int, Sequence[int]] = field(default_factory=dict)
    state_number: str = "UA:StateNumber"
    transition_number: str = "UA:TransitionNumber"
    members: tuple[Member, ...] = ()

    def state(self, name: str) -> NodeRef:
        """The node of a state.

        Raises:
            StopIteration: There is no such state.
        """
        place = next(place for place, (state, _number) in enumerate(self.states) if state == name)
        return _ADI.ref(self.first_state + 2 * place)

    def row(self) -> TypeRow:
        """The type with all its nodes."""
        members = (*self.members, *map(self._state, range(len(self.states))), *self._transitions())
        return _ADI.object_type(self.identifier, self.name, FINITE_STATE_MACHINE, *members)

    def _state(self, place: int) -> Member:
        name, number = self.states[place]
        identifier = self.first_state + 2 * place
        kind = self.state_types.get(name, INITIAL_STATE if place == 0 else STATE)
        below = self.sub_machines.get(name)
        links = () if below is None else (Link(HAS_SUB_STATE_MACHINE, _ADI.ref(below)),)
        return _ADI.object(
            identifier, name, kind, None, self._number(identifier, self.state_number, number), links=links
        )

    def _transitions(self) -> list[Member]:
        return [self._transition(place, *ends) for place, ends in enumerate(self.transitions)]

    def _transition(self, place: int, origin: str, goal: str) -> Member:
        identifier = self.first_transition + 2 * place
        name = f"{origin}Transition" if origin == goal else f"{origin}To{goal}Transition"
        causes = [Link(_HAS_CAUSE, _ADI.ref(method)) for method in self.causes.get(identifier, ())]
        links = (Link(_FROM_STATE, self.state(origin)), Link(_TO_STATE, self.state(goal)), *causes)
        number = self._number(identifier, self.transition_number, place + 1)
        return _ADI.object(identifier, name, TRANSITION, None, number, links=links)

    def _number(self, identifier: int, name: str, number: int) -> Member:
        value = ua.Variant(number, ua.VariantType.UInt32)
        return replace(_ADI.prop(identifier + 1, name, UINT32), value=value)
