"""Write the pages of docs/reference from the tables in the code: python docs/generate.py.

Nothing on those pages is written by hand, so they cannot say anything else than the program does; a test fails while
one of them is stale.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

from gateway import registry
from gateway.adapters.epics_ca.differences import DIFFERENCES
from gateway.adapters.epics_ca.field_table import FIELDS
from gateway.adapters.opcua.address_space.units import OWN, OWN_NAMESPACE, UNECE, UNKNOWN_UNIT_ID, unit_id
from gateway.adapters.opcua.conditions.alarm_kinds import (
    ALARMS,
    CALIBRATION_SEVERITY,
    HEALTH_CHANGE_SEVERITY,
    LEVEL_SEVERITIES,
    AlarmName,
)
from gateway.adapters.opcua.conditions.alarm_stages import STAGES, Refusal, Signal, Stage
from gateway.adapters.opcua.models.activity import MACHINE_STATES
from gateway.adapters.opcua.models.namespaces import EDITIONS, GAS, NodeRef
from gateway.adapters.opcua.models.padim_types import PADIM_TYPES, TECHNOLOGIES
from gateway.cli import command as cli
from gateway.model.actions import ActionSpec
from gateway.model.bus_health import AddressState
from gateway.model.bus_spec import BusSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.device_health import HEALTH_BY_FLAG, HEALTH_BY_VALUE, PRIORITY
from gateway.model.nameplate import Nameplate
from gateway.model.operator import Operator
from gateway.model.points import AlarmLimits, PointSpec
from gateway.model.pv_names import point_part
from gateway.model.quality import QUALITY
from gateway.model.quality_overrides import OVERRIDABLE, QualityOverride, best_class
from gateway.model.site_builder import CHANNEL_FLAGS, build_site
from gateway.model.status_codes import STATUS_CODES
from gateway.model.unit_spelling import ALIASES
from gateway.settings.field_notes import notes_in, summary_of
from gateway.settings.site_settings import CommonKeys, FileSections
from gateway.wire.demotion import TRANSITIONS, AddressEvent

REFERENCE = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by docs/generate.py from {source}; change it there. -->"
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "file", Any: "any"}


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def quality_page() -> str:
    """States of a value on both protocols."""
    rows = [
        (
            f"`{state.value}`",
            f"`{quality.status_name}` `0x{quality.status_code:08X}`",
            quality.limit.name.lower() if quality.limit else "",
            "yes" if quality.keeps_value else "no",
            f"`{quality.status.name}` ({quality.status.value})",
            f"`{quality.severity.name}` ({quality.severity.value})",
            best_class(state).name.capitalize() if state in OVERRIDABLE else "fixed",
            quality.meaning,
        )
        for state, quality in QUALITY.items()
    ]
    return (
        "Every point is in exactly one of these states. An OPC UA client sees the StatusCode; an EPICS client sees\n"
        "STAT and SEVR. A Bad StatusCode carries no value (OPC 10000-4, 7.11); EPICS always keeps the last one.\n"
        "The StatusCode is shown with its limit bits (OPC 10000-4, 7.39.1).\n"
        "[Why it is so](../explanation/quality.md).\n\n"
        "[The settings may change rows](../how-to/quality-and-limits.md) for an analyser, but make none better than\n"
        "what stands under *At best*.\n\n"
        + table(
            (
                *("State", "OPC UA StatusCode", "Limit bits", "OPC UA value"),
                *("EPICS STAT", "EPICS SEVR", "At best", "Meaning"),
            ),
            rows,
        )
    )


def units_page() -> str:
    """Units with what OPC UA clients see of them."""
    other: dict[str, list[str]] = {}
    for typed, unit in ALIASES.items():
        other.setdefault(unit, []).append(f"`{typed}`")
    unece = [
        (f"`{unit}`", ", ".join(other.get(unit, ())), symbol, f"`{code}`", str(unit_id(code)), name)
        for unit, (code, symbol, name) in UNECE.items()
    ]
    own = [
        (f"`{unit}`", ", ".join(other.get(unit, ())), symbol, "", str(UNKNOWN_UNIT_ID), name)
        for unit, (symbol, name) in OWN.items()
    ]
    return (
        "What may stand as `unit` of a channel. EPICS shows a unit as it is written (EGU). OPC UA clients get the\n"
        "EngineeringUnits property: symbol, name, and the UnitId of UNECE Recommendation 20 (OPC 10000-8, 5.6.4.4).\n"
        "A unit without such a code, here or not on this page, has UnitId -1 in the namespace\n"
        f"`{OWN_NAMESPACE}` and keeps its name.\n\n"
        "Signs may be typed as they are or as on a plain keyboard (`°C`, `degC`; `µg/m³`, `ug/m3`), blanks do not\n"
        "count, and capitals are forgiven where they cannot change what is meant: `PPM`, `L/min`, but not `MV` for\n"
        "`mV`.\n\n" + table(("Unit", "Also typed as", "Symbol", "UNECE code", "UnitId", "Name"), [*unece, *own])
    )


def _sample_points() -> tuple[PointSpec, ...]:
    channel = ChannelSpec(unit="channel's", description="Value of the channel, under the description of the settings")
    description = DeviceDescription(
        "",
        "",
        {"<channel>": channel},
        calibration_groups=1,
        has_clock=True,
        address=1,
        actions=(ActionSpec("StopAutocalibration", ""),),
    )
    return build_site("site", [("analyser", "", description)]).devices[0].points


def points_page() -> str:
    """Points of one analyser."""
    sections: dict[str, list[tuple[str, ...]]] = {}
    for point in _sample_points():
        path = tuple(part.replace("Group1", "Group<n>") for part in point.path)
        meaning = point.description.replace("group 1", "group n")
        row = (f"`{'/'.join(path)}`", f"`{point_part(path)}`", point.kind.value, point.unit, meaning)
        sections.setdefault(path[0], []).append(row)
    headings = {
        "<channel>": "Each channel",
        "Status": "The analyser",
        "Group<n>": "Calibration groups, where the driver reports them",
        "Clock": "The analyser's clock, where it sends one",
        "Action": "Actions, where the settings open one",
        "Address": "Modbus address",
        "Bus": "Modbus wire",
        "Diagnostics": "Acquisition counters, once a second",
    }
    heading = ("Point", "End of the PV name", "Type", "Unit", "Meaning")
    return (
        "The first column is the path below the analyser's node: the NodeId of `I1/Value` on `stack` is\n"
        "`ns=2;s=stack/I1/Value`. `analyser-gateway describe` lists the points of your own settings.\n"
        "[How the counters add up](../explanation/schedule-and-counters.md).\n"
        + "".join(f"\n## {headings[name]}\n\n{table(heading, rows)}" for name, rows in sections.items())
    )


def type_text(kind: object) -> str:
    """A Python type in the words of a settings file."""
    if kind in _TYPES:
        return _TYPES[kind]  # type: ignore[index]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin in (Union, UnionType):
        return " or ".join(type_text(argument) for argument in arguments if argument is not NoneType)
    if origin is Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if origin is tuple and arguments[-1] is not Ellipsis:
        return f"[{', '.join(type_text(argument) for argument in arguments)}]"
    if origin in (tuple, list):
        return f"list of {type_text(arguments[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = get_args(arguments[1])[0] if get_origin(arguments[1]) is Annotated else arguments[1]
        plain = inner is Any or get_origin(inner) not in (None, Union, UnionType)
        return "by name" if plain else f"by name: {type_text(inner)}"
    raise TypeError(f"no words for {kind!r}")


def _default_text(field: Field[Any]) -> str:
    if is_dataclass(field.default_factory):
        return "see there"
    if field.default_factory is not MISSING:
        return "none"
    if field.default is MISSING:
        return "**required**"
    match field.default:
        case None | "":
            return "none"
        case bool():
            return str(field.default).lower()
        case float():
            return f"{field.default:g}"
        case tuple():
            return f"`[{', '.join(field.default)}]`"
    return f"`{field.default}`"


def keys_table(cls: type) -> str:
    """Keys of a settings dataclass, from its fields and its docstring."""
    notes, kinds = notes_in(cls.__doc__), get_type_hints(cls, include_extras=True)
    rows = [
        (f"`{field.name}`", type_text(kinds[field.name]), _default_text(field), notes.get(field.name, ""))
        for field in fields(cls)
    ]
    return f"{summary_of(cls.__doc__)}\n\n{table(('Key', 'Value', 'Default', 'Meaning'), rows)}"


def _parts(kind: object) -> Iterator[type]:
    """Dataclasses inside the types of a dataclass, from the outside in."""
    for inner in get_type_hints(kind).values() if is_dataclass(kind) else get_args(kind):
        if isinstance(inner, type) and is_dataclass(inner):
            yield inner
        yield from _parts(inner)


def settings_page() -> str:
    """Keys of the settings file."""
    shared = {ChannelSpec, AlarmLimits}
    drivers = adapters = ""
    for name in registry.DRIVERS:
        settings = registry.driver(name).settings
        drivers += (
            f"\n## Analyser with `driver: {name}`\n\nBeside the keys of every analyser:\n\n{keys_table(settings)}"
        )
        for part in dict.fromkeys(_parts(settings)):
            if part not in shared:
                drivers += f"\n## {part.__name__}\n\n{keys_table(part)}"
    for name in registry.ADAPTERS:
        settings = registry.adapter(name).settings
        adapters += f"\n## `adapters.{name}`\n\n{keys_table(settings)}"
        for part in dict.fromkeys(_parts(settings)):
            adapters += f"\n## {part.__name__}\n\n{keys_table(part)}"
    return (
        "One YAML 1.2 file. Keys that are not on this page are refused, with the nearest right one. `${NAME}` and\n"
        "`${NAME:-default}` in a value come from the environment, `$${` stands for `${`; `!file path` is the one line\n"
        "of a secret file. Top-level keys that begin with `x-` are ignored and may carry anchors. For completion in\n"
        "an editor, begin the file with `# yaml-language-server: $schema=analyser-gateway.schema.json` and put the\n"
        "output of `analyser-gateway schema` beside it.\n"
        f"\n## The file\n\n{keys_table(FileSections)}"
        f"\n## `buses.<name>`\n\n{keys_table(BusSpec)}"
        f"\n## `analysers.<name>`\n\n{keys_table(CommonKeys)}{drivers}"
        f"\n## `operators.<name>`\n\n{keys_table(Operator)}"
        f"\n## QualityOverride\n\n{keys_table(QualityOverride)}\n"
        f"The StatusCodes are {', '.join(f'`{name}`' for name in STATUS_CODES)}.\n"
        f"\n## ChannelSpec\n\n{keys_table(ChannelSpec)}"
        f"\n## AlarmLimits\n\n{keys_table(AlarmLimits)}"
        f"\n## Nameplate\n\n{keys_table(Nameplate)}{adapters}"
    )


def _option_rows(callback: Callable[..., object]) -> tuple[str, list[tuple[str, ...]]]:
    """Synopsis of the arguments, and a row per argument or option."""
    hints, synopsis, rows = get_type_hints(callback, include_extras=True), "", []
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = get_args(hints[name])
        if parameter.default is inspect.Parameter.empty:
            synopsis += f" {info.metavar}"
            rows.append((f"`{info.metavar}`", type_text(kind), "**required**", info.help))
            continue
        if isinstance(info, ArgumentInfo):
            synopsis += f" [{info.metavar}]..."
            rows.append((f"`{info.metavar}`", type_text(kind), "none", info.help or ""))
            continue
        flag = next((text for text in (info.default, *(info.param_decls or ())) if str(text).startswith("--")), None)
        default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
        shown = "none" if default is None else f"`{default}`"
        rows.append((f"`{flag or '--' + name.replace('_', '-')}`", type_text(kind), shown, info.help))
    return synopsis, rows


def address_states_page() -> str:
    """The demotion state machine of a Modbus address."""
    meanings = {
        AddressState.UP: "answers in time",
        AddressState.DEGRADED: "the last answer was slow or missing; it is asked as usual",
        AddressState.DEMOTED: "set aside; it is only asked whether it is back",
        AddressState.PROBING: "is being asked whether it is back",
    }
    events = {
        AddressEvent.ANSWERED: "answer in time, or a Modbus exception",
        AddressEvent.SLOW: "right answer, too late to be usual",
        AddressEvent.FAILED: "an attempt without usable answer",
        AddressEvent.EXHAUSTED: "the last attempt without one, others waiting",
        AddressEvent.ASKED: "asked whether it is back",
    }
    rows = [
        (f"`{state.value}`", *(f"`{row[event].value}`" if event in row else "" for event in events))
        for state, row in TRANSITIONS.items()
    ]
    return (
        "Every Modbus address on a bus is in one of these states; the point `Address/State` shows it.\n"
        "[Why it is so](../explanation/bus-manners.md#a-troubled-address).\n\n"
        + table(("State", "Meaning"), ((f"`{state.value}`", meaning) for state, meaning in meanings.items()))
        + "\nFrom the state on the left, what happens leads to:\n\n"
        + table(("", *events.values()), rows)
        + "\nAn empty cell changes nothing. An address that has the wire to itself is never demoted.\n"
    )


def epics_differences_page() -> str:
    """What clients see otherwise than from EPICS base."""
    rows = [(row.where, row.gateway, row.base, row.why) for row in DIFFERENCES.values()]
    fields = [(f"`{kind}`", " ".join(f"`{name}`" for name in ("VAL", *FIELDS[kind]))) for kind in FIELDS]
    return (
        "A test builds a soft IOC of EPICS base from the database that\n"
        "[`analyser-gateway export db`](../how-to/epics-database.md) prints, and lets libca ask both for the\n"
        "value and all fields of every type of record, in every DBR type. It fails for what differs and is not in\n"
        "this table, and for what is in it and does not differ.\n\n"
        + table(("Where", "Gateway", "EPICS base", "Why"), rows)
        + "\nNot compared is a text read as DBR_ENUM: base writes it into VAL to find out which state it is.\n\n"
        "## Fields\n\nNo client writes any of these, but for VAL of a command. Fields that steer conversion, links,\n"
        "simulation and scanning inside an IOC do not exist here.\n\n" + table(("Record", "Fields"), fields)
    )


def _verbs(app: typer.Typer, before: str = "") -> Iterator[tuple[str, Callable[..., object]]]:
    """Every verb with what stands before it, those of groups after the others."""
    for verb in app.registered_commands:
        if verb.callback is not None:
            yield f"{before}{verb.name or verb.callback.__name__}", verb.callback
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _verbs(group.typer_instance, f"{before}{group.typer_instance.info.name} ")


def command_line_page() -> str:
    """Verbs, options and exit codes."""
    codes = [
        (str(cli.EXIT_OK), "Done; `run`, `simulate` and `demo`: stopped by a signal"),
        (str(cli.EXIT_FAILED), "The work itself failed: a bad frame, a silent server, a port in use"),
        (str(cli.EXIT_BAD_INPUT), "The input cannot be used: settings, file or option; nothing was started"),
    ]
    text = f"## Exit codes\n\n{table(('Code', 'Meaning'), codes)}"
    for name, callback in _verbs(cli.command):
        synopsis, rows = _option_rows(callback)
        text += f"\n## `analyser-gateway {name}{synopsis}`\n\n{inspect.getdoc(callback)}\n"
        text += f"\n{table(('Argument or option', 'Value', 'Default', 'Meaning'), rows)}" if rows else ""
    return f"Results go to standard output, messages and the log to standard error.\n\n{text}"


def alarms_page() -> str:
    """Alarms of an analyser over OPC UA."""
    of_limits = ", ".join(f"{severity} ({level.value})" for level, severity in LEVEL_SEVERITIES.items())
    rows = [
        (
            f"`{name}`",
            of_limits if name is AlarmName.LIMITS else str(kind.severity),
            kind.condition_class.name.lower(),
            "each channel" if name.startswith("Alarm") or name is AlarmName.LIMITS else "the analyser",
            kind.meaning,
        )
        for name, kind in ALARMS.items()
    ]
    stages = [
        (
            "active" if stage.active else "inactive",
            "yes" if stage.acknowledged else "no",
            "yes" if stage.confirmed else "no",
            "yes" if stage.is_interesting else "no",
            *(_stage_text(STAGES[stage][signal]) for signal in Signal),
        )
        for stage in Stage
    ]
    heading = ("ActiveState", "Acknowledged", "Confirmed", "Retain", "it comes", "it goes", "Acknowledge", "Confirm")
    return (
        "Alarms that the OPC UA server has for each analyser. [How to use them](../how-to/opcua-alarms.md).\n\n"
        + table(("ConditionName", "Severity", "Class", "One for", "Up while"), rows)
        + f"\nEvents without a condition: a calibration has begun, gone on to another gas or ended (severity\n"
        f"{CALIBRATION_SEVERITY}); the health by NAMUR NE 107 has changed (severity {HEALTH_CHANGE_SEVERITY}).\n"
        "\n## States\n\nFrom the state on the left, what happens leads to:\n\n" + table(heading, stages)
    )


def _stage_text(following: Stage | Refusal) -> str:
    if isinstance(following, Refusal):
        return "refused"
    words = ["active" if following.active else "inactive"]
    words += [] if following.acknowledged else ["not acknowledged"]
    words += [] if following.confirmed else ["not confirmed"]
    return ", ".join(words)


_FLAGS = {meaning: text for _name, meaning, text in CHANNEL_FLAGS}


def _browse_name(node: NodeRef) -> str:
    return next(f"`{row.name.text}`" for row in PADIM_TYPES if row.node == node)


def companion_models_page() -> str:
    """What follows from points in PA-DIM and ADI."""
    technologies = [
        (f"`{technology.value}`", _browse_name(types.signal), _browse_name(types.analyser))
        for technology, types in TECHNOLOGIES.items()
    ]
    signals = [(_FLAGS[flag], f"`{health.name}`", str(health.value)) for flag, health in HEALTH_BY_FLAG.items()]
    signals += [
        (f"A value is `{state.value}`", f"`{health.name}`", str(health.value))
        for state, health in HEALTH_BY_VALUE.items()
    ]
    machines = [
        (
            activity.value,
            *(f"`{name}`" if name else "" for name in (row.device, row.channel, row.operating, row.execute)),
            str(row.cycle),
        )
        for activity, row in MACHINE_STATES.items()
    ]
    editions = [
        (
            f"`{namespace.value}`",
            edition.version,
            f"{edition.published:%Y-%m-%d}",
            "all" if namespace is GAS else "part",
        )
        for namespace, edition in EDITIONS.items()
    ]
    return (
        "What OPC UA clients see of an analyser with `model: padim` or `model: adi`.\n"
        "[How to choose one, and what is where](../how-to/opcua-models.md).\n"
        "\n## PA-DIM: types by technology\n\n"
        "An analyser is of the type of a technology if all its measured channels are of that one, else it is a\n"
        "`ProcessAnalyserType`. A channel whose technology is not known is an `AnalyticalSignalType`; an external\n"
        "input is an `AnalogSignalType`.\n\n"
        + table(("`technology`", "Type of the channel", "Type of the analyser"), technologies)
        + "\n## Health by NAMUR NE 107\n\n"
        "`DeviceHealth` of the analyser, and `DiagnosticStatus` of it and of its channels in ADI. Of several signals\n"
        f"one counts: {', then '.join(f'`{health.name}`' for health in PRIORITY)}; without any\n"
        "it is `NORMAL`, 0. For an analyser, its own flags count and those of all its channels. Channels out of\n"
        "service do not count, process alarms neither. Without communication the StatusCode says so.\n\n"
        + table(("What there is", "Signal", "Number"), signals)
        + "\n## ADI: state machines\n\n"
        "What a channel is doing, and what that means for the `AnalyserStateMachine` of the device, the channel's\n"
        "`ChannelStateMachine`, `OperatingSubStateMachine` and `OperatingExecuteSubStateMachine`, and the\n"
        "`ExecutionCycle` of its stream. An empty cell is a machine that is not active: it has no value, and a bad\n"
        "StatusCode. The device powers up while all measured channels warm up.\n\n"
        + table(("The channel", "Device", "Channel", "Operating", "Execute", "Cycle"), machines)
        + "\n## Namespaces\n\nThose that the analysers of a site need, in this order.\n\n"
        + table(("Namespace", "Edition", "Published", "Types served"), editions)
    )


PAGES: Mapping[str, tuple[str, str, Callable[[], str]]] = {
    "quality.md": ("Quality of a value", "gateway/model/quality.py", quality_page),
    "units.md": ("Engineering units", "gateway/adapters/opcua/address_space/units.py", units_page),
    "points.md": ("Points of an analyser", "gateway/model/site_builder.py and diagnostics.py", points_page),
    "alarms.md": ("Alarms over OPC UA", "gateway/adapters/opcua/conditions/alarm_kinds.py", alarms_page),
    "epics-differences.md": (
        "Differences from EPICS base",
        "gateway/adapters/epics_ca/differences.py and field_table.py",
        epics_differences_page,
    ),
    "address-states.md": ("States of a Modbus address", "gateway/wire/demotion.py", address_states_page),
    "companion-models.md": (
        "Companion models",
        "gateway/adapters/opcua/models and gateway/model/device_health.py",
        companion_models_page,
    ),
    "settings.md": ("Settings file", "the settings dataclasses and their docstrings", settings_page),
    "command-line.md": ("Command line", "gateway/cli/command.py", command_line_page),
}
"""File name to title, source and content."""


def render(name: str) -> str:
    """Text of one reference page."""
    title, source, content = PAGES[name]
    text = f"{_NOTE.format(source=source)}\n\n# {title}\n\n{content()}"
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def main() -> None:
    """Write every page that has changed."""
    for name in PAGES:
        path, text = REFERENCE / name, render(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
