"""Do the analysers have the configured channels, in the configured units?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.model.channel_spec import ChannelSpec
from gateway.model.quality import Quality, Severity, State
from gateway.model.readings import AnalyserStatus, Reading
from gateway.model.unit_spelling import canonical_unit
from gateway.model.value_rules import described_rule, value_rule
from gateway.selftest.evidence import AnalyserEvidence
from gateway.selftest.finding import Finding, failed, passed, skipped, warned
from gateway.selftest.subject import Subject


async def check(subject: Subject) -> Sequence[Finding]:
    """Compare the first batch of every analyser with the settings."""
    return [finding for analyser in subject.analysers for finding in _findings(analyser)]


def _findings(analyser: AnalyserEvidence) -> Iterator[Finding]:
    name = analyser.name
    if not analyser.batch:
        yield skipped(f"{name} gave no values")
        return
    fine: list[str] = []
    described = bool(analyser.description.points)
    for reading, status, spec in _pairs(analyser):
        finding = _judge(name, reading, status, spec, analyser.description.quality, described=described)
        if finding is None:
            fine.append(_shown(reading))
        else:
            yield finding
    if fine:
        yield passed(f"{name}: {', '.join(fine)}")


def _pairs(analyser: AnalyserEvidence) -> Iterator[tuple[Reading, AnalyserStatus, ChannelSpec]]:
    """What came, with the channel that it is; of described points, those that belong to one."""
    channels = analyser.description.channels
    in_order = list(channels)
    specs = {described.point.browse_path: described.channel for described in analyser.description.points}
    for place, sample in enumerate(analyser.batch):
        reading, status = sample.reading, sample.metadata.get("analyser", AnalyserStatus())
        assert reading is not None  # noqa: S101  the drivers' contract suite checks both
        assert isinstance(status, AnalyserStatus)  # noqa: S101
        channel = specs.get(reading.channel) if specs else in_order[place]
        if channel is not None:
            yield reading, status, channels[channel]


def _shown(reading: Reading) -> str:
    match reading.value:
        case None:
            value = "no value"
        case memoryview():
            value = f"{len(reading.value)} numbers"
        case float():
            value = f"{reading.value:g}"
        case _:
            value = str(reading.value)
    value = f"{value} {reading.unit}".rstrip()
    return f"{reading.channel} {reading.name + ' ' if reading.name else ''}{value}"


def _judge(
    analyser: str,
    reading: Reading,
    status: AnalyserStatus,
    spec: ChannelSpec,
    qualities: Mapping[State, Quality],
    *,
    described: bool,
) -> Finding | None:
    """What is wrong with one channel, None for nothing."""
    if spec.out_of_service:
        return None
    where = f"{analyser}: {reading.channel}"
    if not described and not reading.name and not reading.unit and not reading.value:
        return failed(
            f"{where} has neither name, unit nor value: the analyser does not have this channel",
            f"remove {reading.channel} from analysers.{analyser}.channels",
        )
    unit = canonical_unit(spec.unit)
    if reading.unit and canonical_unit(reading.unit) != unit:
        return failed(
            f"{where} {reading.name} comes in '{reading.unit}', the settings say '{spec.unit}'",
            f'write unit: "{reading.unit}" there and look at its range and limits, or change it on the analyser',
        )
    rule = (
        described_rule(reading, status, spec, unit, None, 0) if described else value_rule(reading, status, spec, unit)
    )
    quality = qualities[rule.state]
    if rule.state is State.GOOD or quality.severity is Severity.NO_ALARM:
        return None
    reason = rule.reason(reading, status, spec).text
    return warned(
        f"{_shown(reading)} of {analyser} is {rule.state.value}: {reason}",
        "clients will see it so; look at the analyser, or at range and limits in the settings",
    )
