"""Several devices that are polled as one."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from gateway.daq.errors import DaqTaskStateError
from gateway.daq.polled import PolledDevice
from gateway.daq.reading import DaqReading, DeviceResult
from gateway.streaming.failure import ACQUISITION_ERRORS


class DaqManager:
    """Polls all its devices at the same time; a device that fails does not hide the others.

    Args:
        sessions: By name, `DaqSession`s as a rule; the manager does not close them.

    Raises:
        DaqTaskStateError: There is none.
    """

    def __init__(self, sessions: Mapping[str, PolledDevice]) -> None:
        if not sessions:
            raise DaqTaskStateError("a manager needs at least one session")
        self._sessions = dict(sessions)

    async def poll(self) -> Mapping[str, DeviceResult[DaqReading]]:
        """One reading or error of every device.

        Raises:
            Exception: A fault of a program in one of them, bare.
        """
        results: dict[str, DeviceResult[DaqReading]] = {}
        faults: list[Exception] = []

        async def ask(name: str, session: PolledDevice) -> None:
            try:
                results[name] = DeviceResult.success(await session.poll())
            except ACQUISITION_ERRORS as error:
                results[name] = DeviceResult.failure(error)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                faults.append(error)

        async with anyio.create_task_group() as tasks:
            for name, session in self._sessions.items():
                tasks.start_soon(ask, name, session)
        if faults:
            raise faults[0]
        return {name: results[name] for name in self._sessions}
