"""The Channel Access server behind the door for Updates."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import partial

from anyio.abc import TaskStatus

from gateway.adapters.epics_ca.access_control import AccessControl
from gateway.adapters.epics_ca.access_rules import DEFAULT_GROUP
from gateway.adapters.epics_ca.commands import AnalyserCommands
from gateway.adapters.epics_ca.duplicate_names import look_for_duplicates
from gateway.adapters.epics_ca.engine_logging import quieten_engine
from gateway.adapters.epics_ca.ioc_statistics import IocStatistics, ServerLoad
from gateway.adapters.epics_ca.names import names_beside_points, pv_names
from gateway.adapters.epics_ca.record_announcer import RecordAnnouncer
from gateway.adapters.epics_ca.record_factory import make_records
from gateway.adapters.epics_ca.records import Record, alarms_of, epics_time
from gateway.adapters.epics_ca.refusals import Refusals
from gateway.adapters.epics_ca.server import Server
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, DuplicateNames
from gateway.adapters.epics_ca.value_types import ValueTypes
from gateway.errors import AdapterError
from gateway.model.command_points import commanded_actions
from gateway.model.garbage import not_collecting_garbage, not_searched_for_garbage
from gateway.model.points import SiteSpec
from gateway.model.pv_names import pv_name
from gateway.model.stamp import Clock
from gateway.model.update import Update
from gateway.ports import ActionDesk
from gateway.streaming.clock import SystemClock


class ChannelAccessAdapter:
    """Serves one site. Updates are taken at any time; a server started later shows what they left.

    Args:
        site: What to serve.
        settings: How to be reached, and how PVs are called.
        clock: Time; by default the machine's.

    Raises:
        SettingsError: A PV name is too long, malformed or given twice, or the access rules cannot be used.
    """

    def __init__(self, site: SiteSpec, settings: ChannelAccessSettings, clock: Clock | None = None) -> None:
        served = pv_names(site, settings)
        names = iter(served)
        quieten_engine()
        self._site = site
        self._settings = settings
        self._clock: Clock = SystemClock() if clock is None else clock
        now = self._clock.stamp().unix_us
        with not_collecting_garbage():
            self._groups: list[list[Record]] = [
                make_records([next(names).name for _ in group.points], group.points, now, alarms_of(group.quality))
                for group in site.groups
            ]
        self._types = [ValueTypes([record.accepts for record in group]) for group in self._groups]
        self._records: dict[str, Record] = {record.name: record for group in self._groups for record in group}
        self._records.update({alias: self._records[one.name] for one in served for alias in one.aliases})
        self._statistics = IocStatistics(settings.statistics, self._load, self._clock)
        self._records.update({record.name: record for record in self._statistics.records})
        self._commands: list[AnalyserCommands] = []
        self._server: Server | None = None
        self._number = 0
        self._endpoints: tuple[str, ...] = ()
        self._access = AccessControl(settings.access, [*served, *names_beside_points(site, settings)])
        self._assign_groups(self._records.values())
        self.refusals: Refusals = Refusals()
        """What clients were refused since the gateway was started."""

    def offer(self, desk: ActionDesk) -> None:
        """Serve command PVs for the open actions; without this, every PV is read-only."""
        self._access.note = desk.note
        for device in self._site.devices:
            if commanded_actions(device):
                name_of = partial(pv_name, self._settings, self._site.name, device.name)
                commands = AnalyserCommands(device, name_of, desk, self._clock)
                self._commands.append(commands)
                self._assign_groups(commands.records)
                self._records.update({record.name: record for record in commands.records})

    def _assign_groups(self, records: Iterable[Record]) -> None:
        for record in records:
            group = self._access.group_of(record.name)
            if group != DEFAULT_GROUP:
                record.access_group = group

    @property
    def endpoints(self) -> tuple[str, ...]:
        """`host:port` of every interface; empty while no server runs."""
        return self._endpoints

    def apply(self, update: Update) -> None:
        """Show one Update. Each client gets all of it in one piece, as far as its socket takes it.

        Raises:
            AdapterError: A value is not of the kind announced; then nothing of the update is shown.
        """
        values, changed = update.values, update.changed
        if not changed:
            return
        wrong = self._types[update.group].wrong(values, changed)
        if wrong is not None:
            raise self._wrong_kind(update, wrong)
        self._groups[update.group][0].values.apply(values, update.states, changed, epics_time(update.stamp.unix_us))

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        """Serve clients until cancelled. May be called again after it has ended.

        Raises:
            AdapterError: The server cannot start.
        """

        def ready(endpoints: tuple[str, ...]) -> None:
            self._endpoints = endpoints
            task_status.started()

        announcer = RecordAnnouncer(self._settings.recsync, self._records, self._about)
        alongside = [self._statistics.run, announcer.run, *(commands.watch for commands in self._commands)]
        duplicates = self._settings.duplicate_names
        if duplicates is DuplicateNames.WARN:  # nothing depends on the outcome
            alongside.append(lambda: look_for_duplicates(list(self._records), duplicates, server.tcp_port))
        server = Server(self._records, self._settings, alongside, self.refusals, self._access)
        if duplicates is DuplicateNames.REFUSE:
            await look_for_duplicates(list(self._records), duplicates, server.reach.port)
        self._server = server
        self._number = len(set(self._records.values()))
        try:
            with not_searched_for_garbage():
                await server.serve(ready)
        finally:
            self._server = None
            self._endpoints = ()

    def _about(self) -> dict[str, str]:
        """What a directory of PVs learns of this server, in the words of an IOC's environment."""
        about = {
            "IOCNAME": self._site.name,
            "HOSTNAME": socket.gethostname(),
            "ENGINEER": self._settings.statistics.engineer,
            "LOCATION": self._settings.statistics.location,
            "RSRV_SERVER_PORT": self._endpoints[0].rpartition(":")[2] if self._endpoints else "",
        }
        return {key: value for key, value in about.items() if value}

    def _load(self) -> ServerLoad:
        circuits = () if self._server is None else tuple(self._server.circuits)
        channels = sum(len(circuit.circuit.channels_sid) for circuit in circuits)
        gone = 0 if self._server is None else self._server.coalesced
        coalesced = gone + sum(circuit.outbox.coalesced for circuit in circuits)
        waiting = 0 if self._server is None else len(self._server.lobby)
        return ServerLoad(len(circuits) + waiting, channels, self._number, coalesced, self.refusals.total())

    def _wrong_kind(self, update: Update, index: int) -> AdapterError:
        group = self._site.groups[update.group]
        point = group.points[index]
        return AdapterError(
            f"{update.values[index]!r} cannot be shown as {point.kind}",
            where=f"{group.device}/{point.browse_path}",
            hint="the driver must deliver the kind it announced: report this as a bug of the driver",
        )
