"""The pvAccess server behind the door for Updates."""

from __future__ import annotations

from anyio.abc import TaskStatus
from p4p import Value
from p4p.server.raw import SharedPV

from gateway.adapters.epics_pva.analyser_table import AnalyserTable
from gateway.adapters.epics_pva.commands import AnalyserCommands
from gateway.adapters.epics_pva.last_values import LastValues
from gateway.adapters.epics_pva.names import pv_names, table_name
from gateway.adapters.epics_pva.normative_types import alarm_looks, pvi_type, stamp_fields
from gateway.adapters.epics_pva.point_pv import PointPv
from gateway.adapters.epics_pva.poster import Poster
from gateway.adapters.epics_pva.puts import Puts
from gateway.adapters.epics_pva.pvi_tree import Branch, pvi_branches
from gateway.adapters.epics_pva.server import quieten_engine, serve
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.adapters.epics_pva.table_rows import table_rows
from gateway.adapters.epics_pva.watched_pv import read_only_pv
from gateway.model.command_points import commanded_actions
from gateway.model.points import SiteSpec
from gateway.model.pv_names import pv_name
from gateway.model.stamp import Clock
from gateway.model.update import Update
from gateway.ports import ActionDesk
from gateway.streaming.clock import SystemClock


def _pvi(branch: Branch, puts: Puts, started_us: int) -> SharedPV:
    shape = pvi_type({name: access for name, (access, _pv) in branch.entries.items()})
    content = {
        "value": {name: {access: pv} for name, (access, pv) in branch.entries.items()},
        "display.description": branch.description,
        "timeStamp": stamp_fields(started_us),
    }
    return read_only_pv(puts, Value(shape, content))


class PvAccessAdapter:
    """Serves one site. Updates are taken at any time; a server started later shows what they left.

    Args:
        site: What to serve.
        settings: How to be reached, and how PVs are called.
        clock: Time; by default the machine's.

    Raises:
        SettingsError: A PV name is too long, malformed or given twice.
    """

    def __init__(self, site: SiteSpec, settings: PvAccessSettings, clock: Clock | None = None) -> None:
        names = iter(pv_names(site, settings))
        quieten_engine()
        self._site = site
        self._settings = settings
        self._clock: Clock = SystemClock() if clock is None else clock
        started_us = self._clock.stamp().unix_us
        self._poster = Poster()
        self._puts = Puts(self._poster)
        self._commands: list[AnalyserCommands] = []
        self._groups: list[LastValues] = []
        self._pvs: dict[str, SharedPV] = {}
        for device in site.devices:
            for group in device.groups:
                last = LastValues(group, started_us)
                looks = alarm_looks(group.quality)
                self._groups.append(last)
                for index in range(len(group.points)):
                    pv = PointPv(group, index, last, looks, self._puts)
                    served = next(names)
                    self._pvs.update(dict.fromkeys((served.name, *served.aliases), pv.shared))
                if group is device.groups[0] and table_rows(device):
                    table = AnalyserTable(device, last, looks, self._puts)
                    self._pvs[table_name(settings, site, device.name)] = table.shared
        for branch in pvi_branches(site, settings):
            self._pvs[branch.name] = _pvi(branch, self._puts, started_us)
        self._endpoints: tuple[str, ...] = ()

    def offer(self, desk: ActionDesk) -> None:
        """Serve command PVs for the open actions; without this, every PV is read-only."""
        self._puts.note = desk.note
        for device in self._site.devices:
            if commanded_actions(device):
                commands = AnalyserCommands(device, desk, self._clock, self._poster, self._puts)
                self._commands.append(commands)
                for path, pv in commands.pvs.items():
                    self._pvs[pv_name(self._settings, self._site.name, device.name, path)] = pv

    @property
    def endpoints(self) -> tuple[str, ...]:
        """`host:port` of every interface; empty while no server runs."""
        return self._endpoints

    def apply(self, update: Update) -> None:
        """Show one Update: each client of a PV gets what has changed of it.

        Raises:
            AdapterError: A value is not of the kind announced; then nothing of the update is shown.
        """
        last = self._groups[update.group]
        last.take(update)
        self._poster.due(last)

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        """Serve clients until cancelled. May be called again after it has ended.

        Raises:
            AdapterError: The server cannot start.
        """

        def ready(endpoints: tuple[str, ...]) -> None:
            self._endpoints = endpoints
            task_status.started()

        try:
            alongside = [commands.watch for commands in self._commands]
            await serve(self._pvs, self._settings, self._poster, self._puts, alongside, ready)
        finally:
            self._endpoints = ()
