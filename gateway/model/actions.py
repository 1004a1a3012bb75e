"""Actions: what a client may make an analyser do, described before any input or output.

Every action is closed until the settings open it for named operators. It then needs a confirmation and an authorised
operator, and leaves one line in the audit log whether it was carried out or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.meaning import ActionMeaning
from gateway.model.points import PointSpec, ValueKind

ArgumentValue = int | float | memoryview
"""What is given for one argument; an array of numbers as in `gateway.model.value`."""


@dataclass(frozen=True, slots=True)
class ActionArgument:
    """One number, or one array of numbers, that an action needs.

    Attributes:
        name: In the words of the instrument, `Group`.
        description: One line for people.
        lowest: Least value allowed.
        highest: Largest value allowed.
        kind: `ValueKind.INTEGER`, or `ValueKind.FLOAT` for a number that need not be whole.
        length: Most elements of an array, whose kind is then `ValueKind.FLOAT`; None for a single number.
        unit: Engineering unit, empty for none.
    """

    name: str
    description: str
    lowest: float
    highest: float
    kind: ValueKind = ValueKind.INTEGER
    length: int | None = None
    unit: str = ""

    @property
    def bounds(self) -> str:
        """What every number of it must be, for people: `-10 to 10 V`."""
        return f"{_plain(self.lowest)} to {_plain(self.highest)}{self.unit and f' {self.unit}'}"


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.15g}"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action of an analyser.

    Attributes:
        name: Its name on every protocol and in the settings, `StartAutocalibration`.
        description: What it does to the instrument, one line.
        arguments: What it needs to know, in order.
        meaning: What it does, None where no information model asks for it. One that starts the calibration of a group
            takes the number of the group alone.
    """

    name: str
    description: str
    arguments: tuple[ActionArgument, ...] = ()
    meaning: ActionMeaning | None = None


@dataclass(frozen=True, slots=True)
class ActionOrigin:
    """Who asks, as far as the protocol can tell.

    Attributes:
        protocol: Name of the adapter, `opcua`, `epics_ca` or `epics_pva`.
        host: Address of the peer's socket; never what the client says of itself.
        user: User name. Over OPC UA it has been proved by a password; over EPICS protocols it is only claimed.
        proved: Whether `user` has been proved.
    """

    protocol: str
    host: str
    user: str
    proved: bool


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """One wish of a client.

    Attributes:
        device: Name of the analyser.
        action: `ActionSpec.name`.
        arguments: In the order of `ActionSpec.arguments`.
        confirmed: Whether the client has said in so many words that it means it.
        origin: Who asks.
    """

    device: str
    action: str
    arguments: tuple[ArgumentValue, ...]
    confirmed: bool
    origin: ActionOrigin


ACTION_POINTS: tuple[PointSpec, ...] = (
    PointSpec(("Action", "State"), ValueKind.TEXT, "State of the last action: idle, running, done, failed or refused"),
    PointSpec(("Action", "Last"), ValueKind.TEXT, "The last action with its arguments, and who asked for it"),
    PointSpec(("Action", "Result"), ValueKind.TEXT, "What became of the last action, in words"),
    PointSpec(("Action", "Time"), ValueKind.TEXT, "UTC at which the last action ended or was refused"),
    PointSpec(("Action", "Done"), ValueKind.INTEGER, "Actions carried out since the start"),
    PointSpec(("Action", "Refused"), ValueKind.INTEGER, "Actions refused or failed since the start"),
    PointSpec(("Action", "Leftovers"), ValueKind.TEXT, "What earlier commands left on the analyser; else empty"),
)
"""Progress of actions; only an analyser with an open action has these points."""
