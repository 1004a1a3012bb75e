"""The settings of one gateway, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.model.bus_spec import BusSpec
from gateway.model.meaning import CompanionModel
from gateway.model.nameplate import Nameplate
from gateway.model.operator import Operator
from gateway.model.quality_overrides import QualityOverride
from gateway.model.readings import ProtocolKind
from gateway.settings.positions import Positions
from gateway.settings.quality_keys import QualityKey

DEFAULT_RATE_HZ = 1.0


@dataclass(frozen=True, slots=True)
class FileSections:
    """The settings file of one analyser gateway.

    Attributes:
        site: Name of the site: letters, digits, '_' and '-', beginning with a letter. Part of the OPC UA namespace.
        analysers: Analysers, by name; the name is the first part of every node and PV name.
        adapters: Northbound protocols to serve. One that is left out is off; an empty section takes the defaults.
        buses: Wires, by name; none are needed where every analyser is reached by its driver alone.
        operators: Who may ask for actions, by name; each needs a `password`, `hosts`, or both.
        users_file: File of the users who may log in over OPC UA, beside the settings file unless absolute. It is
            written by `analyser-gateway user` alone, and what is written counts without a restart.
        audit_file: File to which every login and every request for an action is appended as a line of JSON, beside the
            settings file unless absolute. Without it they are only logged.
    """

    site: str
    analysers: dict[str, dict[str, Any]]
    adapters: dict[str, dict[str, Any] | None]
    buses: dict[str, Any] = field(default_factory=dict)
    operators: dict[str, Any] = field(default_factory=dict)
    users_file: Path | None = None
    audit_file: Path | None = None


@dataclass(frozen=True, slots=True)
class CommonKeys:
    """One analyser; what else it may say depends on its driver.

    Attributes:
        driver: Name of the driver.
        bus: Name of the bus it is on; left out where the driver reaches the analyser by itself.
        description: One line for people.
        rate_hz: Polls per second; not on a continuous bus, where the analyser sets the pace.
        stale_after_s: Seconds without a good batch after which values are stale; left out, it follows the pace.
        actions: What the analyser may be made to do: name of the action to those who may ask for it, operators and
            users by their names, or everybody with a role as `role:Operator` or `role:Engineer`. One that is left out
            is closed.
        model: How OPC UA clients see it beside the plain tree: `padim` as a process analyser of PA-DIM, `adi` as an
            analyser device of ADI.
        quality: How states of its values look where the default does not suit: state to the name of an OPC UA
            StatusCode, or to `status` and `severity`. What is old or faulty cannot be made good.
        simulated: True where a simulator stands for the analyser; its values are then never Good.
        nameplate: What is known of the instrument and no wire tells; companion models show it.
    """

    driver: str
    bus: str = ""
    description: str = ""
    rate_hz: float = DEFAULT_RATE_HZ
    stale_after_s: float | None = None
    actions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    model: CompanionModel = CompanionModel.PLAIN
    quality: dict[str, QualityKey] = field(default_factory=dict)
    simulated: bool = False
    nameplate: Nameplate | None = None


@dataclass(frozen=True, slots=True)
class AnalyserSettings:
    """One analyser.

    Attributes:
        name: Its name, unique in the site.
        driver: Name of the driver in the registry.
        bus: Name of its bus, empty where it is on none.
        options: Instance of the driver's settings dataclass.
        description: One line for people.
        rate_hz: Polls per second; without meaning on a continuous bus.
        stale_after_s: Seconds without a good batch after which values are stale; None to follow the pace.
        actions: Name of each open action to the operators, users and roles that may ask for it.
        model: How OPC UA clients see it beside the plain tree.
        quality: State to how it looks, where the default does not suit.
        simulated: Whether a simulator stands for the analyser.
        nameplate: What is known of the instrument and no wire tells.
    """

    name: str
    driver: str
    bus: str
    options: object
    description: str = ""
    rate_hz: float = DEFAULT_RATE_HZ
    stale_after_s: float | None = None
    actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    model: CompanionModel = CompanionModel.PLAIN
    quality: Mapping[str, str | QualityOverride] = field(default_factory=dict)
    simulated: bool = False
    nameplate: Nameplate | None = None


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Everything the settings file says, checked.

    Attributes:
        site: Name of the site.
        buses: Buses by name, in the order of the file.
        analysers: Analysers by name, in the order of the file.
        adapters: Adapter name to an instance of its settings dataclass; one that is not here is off.
        positions: Where each key stands, for messages.
        operators: Who may ask for actions, by name.
        audit_file: Where logins and requests for actions are written down; None for the log alone.
        users_file: Who else may log in; None for nobody.
    """

    site: str
    buses: Mapping[str, BusSpec]
    analysers: Mapping[str, AnalyserSettings]
    adapters: Mapping[str, object]
    positions: Positions = field(default_factory=Positions, repr=False, compare=False)
    operators: Mapping[str, Operator] = field(default_factory=dict)
    audit_file: Path | None = None
    users_file: Path | None = None

    def protocol(self, analyser: AnalyserSettings) -> ProtocolKind:
        """How the bytes of an analyser travel."""
        return self.buses[analyser.bus].protocol if analyser.bus else ProtocolKind.LOCAL
