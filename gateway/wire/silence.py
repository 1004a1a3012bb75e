"""Which addresses of a bus are silent, and when each may be asked again."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import DeviceDemotedError

FIRST_PAUSE = 2
LONGEST_PAUSE = 20
"""Pauses in timeouts: at most one timeout in twenty, 5 % of the wire, is spent on an address that stays silent."""


@dataclass(slots=True)
class _Silence:
    pause_ns: int
    ask_again_ns: int


class SilentAddresses:
    """Sets silent addresses aside on a wire that others share.

    After a failed request an address is left alone for two timeouts, then for twice as long after each further one, up
    to twenty; the first answer ends it. An address that has the wire to itself is always asked.

    Args:
        timeout_s: Longest wait for an answer on this bus.
        where: The bus, for errors.
    """

    def __init__(self, timeout_s: float, where: str) -> None:
        self._timeout_ns = round(timeout_s * 1e9)
        self._where = where
        self._silent: dict[int, _Silence] = {}
        self._seen: set[int] = set()

    def __contains__(self, unit: int) -> bool:
        """Whether the last request to that address failed."""
        return unit in self._silent

    def admit(self, unit: int, now_ns: int) -> None:
        """Note that an address is about to be asked.

        Raises:
            DeviceDemotedError: Not yet.
        """
        self._seen.add(unit)
        silence = self._silent.get(unit)
        if silence is not None and len(self._seen) > 1 and now_ns < silence.ask_again_ns:
            raise DeviceDemotedError(
                f"silent; it is asked again in {(silence.ask_again_ns - now_ns) / 1e9:.1f} s",
                where=f"{self._where}, address {unit}",
                hint="check that it is on, its address, protocol and wiring",
            )

    def failed(self, unit: int, now_ns: int) -> None:
        """No usable answer came."""
        before = self._silent.get(unit)
        pause = FIRST_PAUSE * self._timeout_ns if before is None else 2 * before.pause_ns
        pause = min(pause, LONGEST_PAUSE * self._timeout_ns)
        self._silent[unit] = _Silence(pause, now_ns + pause)

    def answered(self, unit: int) -> None:
        """It speaks again."""
        self._silent.pop(unit, None)
