"""Checks of the analysers: names, bus, driver, channels, and who shares a wire with whom."""

from __future__ import annotations

from gateway import registry
from gateway.errors import GatewayError
from gateway.model.device_description import DeviceDescription
from gateway.model.readings import ProtocolKind
from gateway.ports import Driver
from gateway.settings.channel_checks import check_channel
from gateway.settings.draft import Draft, Entry
from gateway.settings.positions import KeyPath
from gateway.settings.problems import Problems, choices, nearest, split_message

SLOWEST_HZ, FASTEST_HZ = 0.00001, 1000.0


def check_analysers(draft: Draft, problems: Problems) -> dict[str, DeviceDescription]:
    """Check every analyser as far as it could be read; the descriptions of those that are right."""
    described: dict[str, DeviceDescription] = {}
    for name, entry in (draft.analysers or {}).items():
        path: KeyPath = ("analysers", name)
        _check_pace(path, entry, draft, problems)
        _check_bus(path, entry, draft, problems)
        description = _describe(path, entry, draft, problems)
        if description is None:
            continue
        described[name] = description
        if not description.channels:
            remedy = "add 'channels:' with one line per channel, such as I1: {unit: \"%\"}"
            problems.error((*path, "channels"), f"analysers.{name} has no channels", remedy)
        for channel, spec in description.channels.items():
            check_channel((*path, "channels", channel), spec, problems)
    for bus in draft.buses or {}:
        _check_neighbours(bus, draft, problems)
    return described


def usable_driver(entry: Entry, protocol: ProtocolKind) -> Driver | None:
    """The driver of an entry, when it is known and speaks the protocol."""
    driver = _driver(entry)
    return driver if driver is not None and protocol in driver.protocols else None


def _driver(entry: Entry) -> Driver | None:
    try:
        return registry.driver(entry.driver) if entry.driver is not None else None
    except (KeyError, GatewayError):
        return None


def _check_pace(path: KeyPath, entry: Entry, draft: Draft, problems: Problems) -> None:
    name, common, spec = path[1], entry.common, draft.spec(entry.bus)
    if common is None:
        return
    if not SLOWEST_HZ <= common.rate_hz <= FASTEST_HZ:
        problems.error(
            (*path, "rate_hz"),
            f"analysers.{name}.rate_hz must be {SLOWEST_HZ:.5f} to {FASTEST_HZ:g}, got {common.rate_hz:g}",
            "write polls per second, 0.1 for one in ten seconds",
        )
    if spec is not None and spec.protocol is ProtocolKind.CONTINUOUS and (*path, "rate_hz") in problems.positions:
        problems.error(
            (*path, "rate_hz"),
            f"analysers.{name}.rate_hz is set, but on the continuous bus '{entry.bus}' the analyser sets the pace",
            "remove rate_hz",
        )
    stale = common.stale_after_s
    if stale is None:
        return
    if stale <= 0:
        problems.error(
            (*path, "stale_after_s"),
            f"analysers.{name}.stale_after_s must be more than 0, got {stale:g}",
            "write seconds, or leave it out",
        )
    elif spec is not None and spec.protocol is not ProtocolKind.CONTINUOUS and 0 < stale * common.rate_hz < 1:
        problems.warn(
            (*path, "stale_after_s"),
            f"analysers.{name} is stale after {stale:g} s but polled only every {1 / common.rate_hz:g} s",
            f"write at least {2 / common.rate_hz:g}",
        )


def _check_bus(path: KeyPath, entry: Entry, draft: Draft, problems: Problems) -> None:
    driver = _driver(entry)
    if entry.bus == "":
        if driver is not None and ProtocolKind.LOCAL not in driver.protocols:
            what = f"analysers.{path[1]} has no bus, and driver {entry.driver} needs one"
            known = choices(draft.buses) if draft.buses else "the name of one under buses"
            problems.error(path, what, f"add 'bus:' with {known}")
        return
    if entry.bus is None:
        return
    if driver is not None and driver.protocols == {ProtocolKind.LOCAL}:
        what = f"analysers.{path[1]} is on a bus, but driver {entry.driver} reaches its analysers by itself"
        problems.error((*path, "bus"), what, "remove bus")
        return
    if draft.buses is None:
        return
    if entry.bus not in draft.buses:
        what = f"analysers.{path[1]} is on a bus '{entry.bus}' that is not under buses"
        problems.error((*path, "bus"), what, nearest(entry.bus, draft.buses, what="buses"))
        return
    spec = draft.spec(entry.bus)
    if spec is None or driver is None or spec.protocol in driver.protocols:
        return
    what = f"driver {entry.driver} does not speak {spec.protocol}, the protocol of bus '{entry.bus}'"
    problems.error((*path, "bus"), f"analysers.{path[1]}: {what}", f"it speaks {choices(sorted(driver.protocols))}")


def _describe(path: KeyPath, entry: Entry, draft: Draft, problems: Problems) -> DeviceDescription | None:
    protocol = draft.protocol(entry)
    driver = usable_driver(entry, protocol) if protocol else None
    if protocol is None or driver is None or entry.options is None:
        return None
    findings = driver.check(entry.options, protocol)
    for inner, message in findings:
        what, remedy = split_message(message, "")
        problems.error((*path, *inner), f"{'.'.join(map(str, (*path, *inner)))}: {what}", remedy)
    return None if findings else driver.describe(entry.options, protocol)


def _check_neighbours(bus: str, draft: Draft, problems: Problems) -> None:
    spec = draft.spec(bus)
    if spec is None:
        return
    neighbours = draft.on(bus)
    if spec.protocol is ProtocolKind.CONTINUOUS:
        first, *others = [*neighbours, ""]
        for name in filter(None, others):
            problems.error(
                ("analysers", name, "bus"),
                f"analysers.{name} shares the continuous bus '{bus}' with {first}",
                "continuous frames carry no address: give each analyser its own bus, or use Modbus",
            )
        return
    taken: dict[object, str] = {}
    for name, entry in neighbours.items():
        address = getattr(entry.options, "address", None)
        if address is None:
            continue
        other = taken.setdefault(address, name)
        if other != name:
            problems.error(
                ("analysers", name, "address"),
                f"analysers.{name} has address {address} like analysers.{other} on bus '{bus}'",
                "give one of them another address, on the analyser and here",
            )
