"""A settings file with comments, drafted from what was found on wires that nobody had described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.discovery import FoundAnalyser, FoundChannel, Identity, LinkFinding
from gateway.model.readings import ChannelKind, ProtocolKind

_SITE = "site1"
_DEFAULT = BusSpec("", ProtocolKind.MODBUS_RTU)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OPTIONAL_KEYS = ("bytesize", "parity", "stopbits", "timeout_s")


def draft_settings(findings: Sequence[LinkFinding], rates_hz: Mapping[str, float], at: datetime) -> str:
    """Settings that `check` accepts as they are, with everything that was found or is to be reviewed in comments.

    They serve this machine only and open no action.

    Args:
        findings: What was found, link by link; at least one instrument.
        rates_hz: Polls per second that fit on a link, by link.
        at: When, in UTC.

    Raises:
        ValueError: There is no instrument, so there would be nothing to serve.
    """
    lines = [finding for finding in findings if finding.spec is not None and finding.analysers]
    if not lines:
        raise ValueError("no instrument was found, so there is nothing to draft")
    buses = {finding.link: f"line{number}" for number, finding in enumerate(lines, start=1)}
    text = [
        f"# Drafted by `analyser-gateway discover` on {at:%Y-%m-%d} at {at:%H:%M:%S} UTC. It can be checked and run as",
        '# it is, and serves this machine only. Look at every line that says "review" before anybody relies on it.',
        "#",
        "# Examined:",
        *(f"#   {line}" for finding in findings for line in summary(finding)),
        "",
        f"site: {_SITE} # review: name of the site, part of the OPC UA namespace",
        "",
        "buses:",
    ]
    for finding in lines:
        text += _bus(buses[finding.link], finding)
    text += ["", "analysers:"]
    number = 0
    for finding in lines:
        for analyser in finding.analysers:
            number += 1
            text += _analyser(f"analyser{number}", buses[finding.link], finding, analyser, rates_hz)
    text += [
        "",
        "adapters: # review: host and interfaces decide who can connect; these let in this machine only",
        "  # without security, which is for this machine alone: take it out before another host is let in",
        "  opcua: {host: 127.0.0.1, port: 4840, anonymous: observer, security: {policies: [None]}}",
        f'  epics_ca: {{prefix: "{_SITE.upper()}:", interfaces: [127.0.0.1]}}',
    ]
    return "\n".join(line.rstrip() for line in text) + "\n"


def summary(finding: LinkFinding) -> Iterator[str]:
    """What was found on one link, as lines for people: the first names the link, the others are indented."""
    if finding.spec is not None:
        number = len(finding.analysers)
        what = f"{finding.spec.protocol}, {number} {'instrument' if number == 1 else 'instruments'}"
    else:
        what = "nothing found" if finding.complete else "not examined"
    yield _plain(f"{finding.link}: {what}")
    if finding.proof:
        yield f"  {_plain(finding.proof)}"
    for remark in finding.remarks:
        yield f"  {_plain(remark)}"
    if finding.problem is not None:
        yield f"  {_plain(finding.problem.what)}; {_plain(finding.problem.hint)}"
    elif not finding.complete:
        yield "  interrupted before the end"


def _bus(name: str, finding: LinkFinding) -> Iterator[str]:
    spec = finding.spec
    assert spec is not None  # noqa: S101  the caller has looked
    yield f"  {name}: # {_plain(finding.proof)}"
    yield f"    link: {_quoted(spec.link)}"
    yield f"    protocol: {spec.protocol}"
    if spec.protocol is not ProtocolKind.MODBUS_TCP:
        behind = spec.parsed_link.kind is LinkKind.SOCKET
        yield f"    baudrate: {spec.baudrate}" + (" # review: of the line behind the serial server" if behind else "")
    for key in _OPTIONAL_KEYS:
        if (value := getattr(spec, key)) != getattr(_DEFAULT, key):
            yield f"    {key}: {value}"


def _analyser(
    name: str, bus: str, finding: LinkFinding, analyser: FoundAnalyser, rates_hz: Mapping[str, float]
) -> Iterator[str]:
    identity = analyser.identity
    title = f"{identity.manufacturer} {identity.model}"
    yield f"  # {_plain(title)}, {identity.at:%H:%M:%S} UTC: {_plain(analyser.proof)}"
    yield from (f"  # review: {_plain(remark)}" for remark in identity.remarks)
    yield f"  {name}: # review: name, the first part of every node and PV name"
    yield f"    driver: {analyser.driver}"
    yield f"    bus: {bus}"
    yield f"    description: {_quoted(f'{title} on {finding.link}')} # review"
    yield from (f"    {key}: {value:g}" for key, value in identity.keys.items())
    if finding.link in rates_hz and analyser.address is not None:
        yield f"    rate_hz: {rates_hz[finding.link]:g} # fits on the line with all that were found on it"
    yield "    channels: # review: description, unit; add range: [lowest, highest] and limits: {low: ..., high: ...}"
    served = _served(identity)
    for channel in identity.channels:
        entry = f"{channel.channel}: {{{', '.join(_channel_keys(channel))}}}"
        now = "no usable value" if channel.value is None else f"{channel.value:g} {channel.unit}".rstrip()
        if channel.channel in served:
            yield f"      {entry} # {_plain(now)}"
        else:
            yield f"      # {_plain(entry)} # unnamed, {_plain(now)}; review: is it used?"


def _served(identity: Identity) -> frozenset[str]:
    """Channels to serve: those with a name; without any, whatever the instrument measures, or all it has."""
    choices: tuple[Iterable[FoundChannel], ...] = (
        (channel for channel in identity.channels if channel.name),
        (channel for channel in identity.channels if channel.kind is not ChannelKind.EXTERNAL),
        identity.channels,
    )
    return next((chosen for choice in choices if (chosen := frozenset(one.channel for one in choice))), frozenset())


def _channel_keys(channel: FoundChannel) -> Iterator[str]:
    yield f"unit: {_quoted(channel.unit)}"
    if channel.precision is not None:
        yield f"precision: {channel.precision}"
    if channel.name:
        yield f"description: {_quoted(channel.name)}"


def _quoted(text: str) -> str:
    """A double-quoted YAML 1.2 scalar that the settings loader reads back as `text`.

    Control characters, which settings may not hold, become question marks.
    """
    escaped = (
        f"\\{character}" if character in '"\\' else character if character.isprintable() else f"\\U{ord(character):08x}"
        for character in _CONTROL.sub("?", text).replace("${", "$${")
    )
    return f'"{"".join(escaped)}"'


def _plain(text: str) -> str:
    """Text for a comment: one line of printable characters."""
    return "".join(character if character.isprintable() else "?" for character in text)
