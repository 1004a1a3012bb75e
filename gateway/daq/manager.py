"""Several devices that are polled as one."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from gateway.daq.errors import DaqTaskStateError
from gateway.daq.reading import DaqReading, DeviceResult
from gateway.daq.session import DaqSession
from gateway.streaming.failure import ACQUISITION_ERRORS


class DaqManager:
    """Polls all its devices at the same time; a device that fails does not hide the others.

    Args:
        sessions: By name; the manager does not close them.

    Raises:
        DaqTaskStateError: There is none.
    """

    def __init__(self, sessions: Mapping[str, DaqSession]) -> None:
        if not sessions:
            raise DaqTaskStateError("a manager needs at least one session")
        self._sessions = dict(sessions)

    async def poll(self) -> Mapping[str, DeviceResult[DaqReading]]:
        """One reading or error of every device."""
        results: dict[str, DeviceResult[DaqReading]] = {}

        async def ask(name: str, session: DaqSession) -> None:
            try:
                results[name] = DeviceResult.success(await session.poll())
            except ACQUISITION_ERRORS as error:
                results[name] = DeviceResult.failure(error)

        async with anyio.create_task_group() as tasks:
            for name, session in self._sessions.items():
                tasks.start_soon(ask, name, session)
        return {name: results[name] for name in self._sessions}
