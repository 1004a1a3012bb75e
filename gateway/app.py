"""The composition root: from validated settings to a running gateway."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from gateway import registry
from gateway.assembly import Wires, assemble_actions, assemble_analysers, assemble_wires
from gateway.control.capture import CaptureVerb
from gateway.control.server import ControlServer, Verb
from gateway.control.socket_path import control_path
from gateway.model.stamp import Clock
from gateway.ports import Adapter
from gateway.runtime.actions import OperatorDesk
from gateway.runtime.adapter_runner import AdapterRunner
from gateway.runtime.audit_file import AuditFile
from gateway.runtime.audit_log import AuditLog
from gateway.runtime.explain import Explainer
from gateway.runtime.hub import Hub
from gateway.runtime.supervisor import Supervisor
from gateway.runtime.user_file import UserFile
from gateway.runtime.users import Users
from gateway.settings.site_settings import GatewaySettings
from gateway.settings.site_spec import describe_devices, site_spec
from gateway.streaming.clock import SystemClock


class Gateway:
    """One running gateway.

    Args:
        settings: Validated and checked.
        clock: Time; by default the machine's.

    Raises:
        InputError: The audit file cannot be written, or the users file cannot be used.
    """

    def __init__(self, settings: GatewaySettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock: Clock = SystemClock() if clock is None else clock
        self._site = site_spec(settings)
        self._hub = Hub(self._site)
        audit_file = None if settings.audit_file is None else AuditFile(settings.audit_file)
        if audit_file is not None:
            audit_file.prepare()
        self._audit = AuditLog(audit_file, self._clock)
        user_file = None if settings.users_file is None else UserFile(settings.users_file)
        self._users = Users(settings.operators, user_file, self._clock)
        self._desk = OperatorDesk(self._users, self._audit, self._clock)
        self._hub.subscribe(self._desk)
        self._servers = [
            AdapterRunner(name, self._adapter_factory(name, section), self._hub, self._desk)
            for name, section in settings.adapters.items()
        ]

    @property
    def endpoints(self) -> dict[str, tuple[str, ...]]:
        """What clients connect to, by adapter; empty before the servers have started."""
        return {server.name: server.endpoints for server in self._servers}

    async def run(self, stop: anyio.Event, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Acquire and serve until `stop` is set or until cancelled.

        Raises:
            AdapterError: A server cannot start.
        """
        wires = assemble_wires(self._settings, self._clock)
        actions = assemble_actions(self._settings, self._site, wires, self._hub, self._users, self._audit, self._clock)
        for one in actions.values():
            self._desk.take_charge(one)
        analysers = assemble_analysers(self._settings, self._site, wires, self._hub, self._clock, actions)
        explainer = Explainer(self._site, {one.name: one.freshness for one in analysers}, self._clock)
        self._hub.subscribe(explainer)
        control = ControlServer(control_path(self._settings.site), self._verbs(wires, explainer))
        services = [control.serve, self._audit.run, self._users.run]
        supervisor = Supervisor(self._hub, self._servers, analysers, self._clock, services)
        try:
            await supervisor.run(stop, task_status=task_status)
        finally:
            await wires.aclose()

    def _verbs(self, wires: Wires, explainer: Explainer) -> dict[str, Verb]:
        """What can be asked through the local socket."""
        capture = CaptureVerb(self._settings.buses, wires.taps, drivers_by_address(self._settings), self._clock)
        return {"capture": capture.answers, "explain": explainer.answer}

    def _adapter_factory(self, name: str, section: object) -> Callable[[], Adapter]:
        return lambda: registry.adapter(name).create(self._site, section)


def drivers_by_address(settings: GatewaySettings) -> dict[str, dict[int, str]]:
    """For each bus, Modbus address to the name of the driver of the analyser there."""
    drivers: dict[str, dict[int, str]] = {bus: {} for bus in settings.buses}
    for name, description in describe_devices(settings).items():
        analyser = settings.analysers[name]
        if description.address is not None and analyser.bus:
            drivers[analyser.bus][description.address] = analyser.driver
    return drivers
