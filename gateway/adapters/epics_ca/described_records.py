"""Every record of a site as it is before the server starts, without the engine: for those who write it down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateway.adapters.epics_ca.access_members import AccessMembers
from gateway.adapters.epics_ca.access_rules import DEFAULT_GROUP
from gateway.adapters.epics_ca.encoding import Condition, Display
from gateway.adapters.epics_ca.ioc_statistics_points import STATISTICS, statistic_names
from gateway.adapters.epics_ca.names import names_beside_points, pv_names
from gateway.adapters.epics_ca.record_shapes import FLAG, REQUEST, command_type, display_of, record_type
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.command_points import CONFIRMATION, command_point, commanded_actions
from gateway.model.points import DeviceSpec, PointSpec, SiteSpec
from gateway.model.pv_names import pv_name
from gateway.model.quality import QUALITY, AlarmStatus, Quality, Severity, State


@dataclass(frozen=True, slots=True)
class DescribedRecord:
    """One record.

    Attributes:
        name: Record name.
        point: What it shows, or is for.
        reported_record_type: RTYP.
        display: Metadata.
        quality: How its states look.
        aliases: Its other names.
        is_command: Whether clients write to it.
        access_group: Its access security group; empty for DEFAULT.
    """

    name: str
    point: PointSpec
    reported_record_type: str
    display: Display
    quality: Mapping[State, Quality] = field(default_factory=lambda: QUALITY)
    aliases: tuple[str, ...] = ()
    is_command: bool = False
    access_group: str = ""

    @property
    def alarms(self) -> Mapping[State, tuple[int, int]]:
        """STAT and SEVR of every state."""
        return {state: (int(row.status), int(row.severity)) for state, row in self.quality.items()}

    @property
    def condition(self) -> Condition:
        """That of a record which has never had a value."""
        return Condition(AlarmStatus.UDF, Severity.INVALID, 0, 0)

    @property
    def defined(self) -> bool:
        """No value has come yet."""
        return False

    @property
    def number_of_elements(self) -> int:
        """No array has come yet."""
        return 0

    @property
    def state(self) -> State:
        """No value has come yet."""
        return State.WAITING


def described_records(site: SiteSpec, settings: ChannelAccessSettings) -> list[DescribedRecord]:
    """Records of all points, of all commands, then those about the gateway.

    Raises:
        SettingsError: Names are too long, malformed or given twice.
    """
    served = pv_names(site, settings)
    points = [(point, group.quality) for group in site.groups for point in group.points]
    records = [
        DescribedRecord(one.name, point, record_type(point), display_of(point), quality, tuple(one.aliases))
        for one, (point, quality) in zip(served, points, strict=True)
    ]
    records += [record for device in site.devices for record in _commands(site, device, settings)]
    records += [
        DescribedRecord(name, point, record_type(point), display_of(point))
        for name, point in zip(statistic_names(settings.statistics), STATISTICS, strict=False)
    ]
    if settings.access is None:
        return records
    members = AccessMembers(settings.access.members, [*served, *names_beside_points(site, settings)])
    return [replace(record, access_group=_group(members, record.name)) for record in records]


def _group(members: AccessMembers, pv: str) -> str:
    group = members.group_of(pv)
    return "" if group == DEFAULT_GROUP else group


def _commands(site: SiteSpec, device: DeviceSpec, settings: ChannelAccessSettings) -> Iterator[DescribedRecord]:
    actions = commanded_actions(device)
    for action in actions:
        point = command_point(action)
        name = pv_name(settings, site.name, device.name, point.path)
        display = display_of(point) if action.arguments else REQUEST
        yield DescribedRecord(name, point, command_type(point), display, is_command=True)
    if actions:
        name = pv_name(settings, site.name, device.name, CONFIRMATION.path)
        yield DescribedRecord(name, CONFIRMATION, command_type(CONFIRMATION), FLAG, is_command=True)
