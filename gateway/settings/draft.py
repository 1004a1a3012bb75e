"""Settings as far as they could be read: None marks a part that is wrong and already reported.

The checks run on a draft, so that one mistake does not hide the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.model.bus_spec import BusSpec
from gateway.model.operator import Operator
from gateway.model.readings import ProtocolKind
from gateway.settings.site_settings import CommonKeys, GatewaySettings


@dataclass(frozen=True, slots=True)
class Entry:
    """One analyser.

    Attributes:
        driver: Driver as written, None when it is not text.
        bus: Bus as written, None when it is not text; empty when there is none.
        common: Keys that every analyser has.
        options: Instance of the driver's settings dataclass.
    """

    driver: str | None
    bus: str | None
    common: CommonKeys | None
    options: object | None


@dataclass(frozen=True, slots=True)
class Draft:
    """One gateway. A section is None when it is missing or not a mapping.

    The users file is where it really is, the audit file as it is written.
    """

    site: str | None
    buses: Mapping[str, BusSpec | None] | None
    analysers: Mapping[str, Entry] | None
    adapters: Mapping[str, object | None] | None
    operators: Mapping[str, Operator | None] | None
    audit_file: Path | None
    users_file: Path | None = None

    @classmethod
    def of(cls, settings: GatewaySettings) -> Draft:
        """Validated settings as a draft without holes."""
        entries = {
            name: Entry(
                one.driver,
                one.bus,
                CommonKeys(
                    one.driver,
                    one.bus,
                    one.description,
                    one.rate_hz,
                    one.stale_after_s,
                    dict(one.actions),
                    one.model,
                    dict(one.quality),
                    one.simulated,
                    one.nameplate,
                ),
                one.options,
            )
            for name, one in settings.analysers.items()
        }
        return cls(
            settings.site,
            settings.buses,
            entries,
            settings.adapters,
            settings.operators,
            settings.audit_file,
            settings.users_file,
        )

    def spec(self, bus: str | None) -> BusSpec | None:
        """The bus of that name, where it is there and right."""
        return self.buses.get(bus) if self.buses and bus is not None else None

    def protocol(self, entry: Entry) -> ProtocolKind | None:
        """How the bytes of an analyser travel; None where its bus is not there or not right."""
        if entry.bus == "":
            return ProtocolKind.LOCAL
        spec = self.spec(entry.bus)
        return None if spec is None else spec.protocol

    def on(self, bus: str) -> dict[str, Entry]:
        """Analysers on a bus."""
        return {name: entry for name, entry in (self.analysers or {}).items() if entry.bus == bus}
