"""Register tables in settings files: what is wrong is said with its line, and templates are merged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.drivers.modbus_table.driver import DRIVER
from gateway.drivers.modbus_table.settings import ModbusTableSettings
from gateway.drivers.modbus_table.table import resolve_table
from gateway.errors import SettingsError
from gateway.model.points import ValueKind
from gateway.model.readings import ProtocolKind
from gateway.settings.load import check_settings, load_settings
from gateway.settings.site_spec import site_spec
from gateway.settings.time_budget import TIGHT

RTU = ProtocolKind.MODBUS_RTU
HEAD = """\
site: works
buses:
  line: {link: /dev/ttyUSB0, protocol: modbus-rtu, baudrate: 9600}
adapters:
  epics_ca: {}
operators:
  lab: {hosts: [127.0.0.1]}
analysers:
  meter:
    driver: modbus_table
    bus: line
"""
LINES = HEAD.count("\n")


def load(folder: Path, entry: str, head: str = HEAD) -> ModbusTableSettings:
    file = folder / "site.yaml"
    indented = "".join(f"    {line}\n" for line in entry.splitlines())
    file.write_text(head + indented)
    options = load_settings(file, environ={}).analysers["meter"].options
    assert isinstance(options, ModbusTableSettings)
    return options


def wrong(folder: Path, entry: str) -> list[str]:
    """What is said, with line 1 being the first one of the entry, and without the name of the file."""
    with pytest.raises(SettingsError) as caught:
        load(folder, entry)
    said = [problem.removeprefix(f"{folder}/site.yaml:").partition(": ") for problem in caught.value.problems]
    return [f"{int(line) - LINES}: {text}" for line, _, text in said]


PLACES = """\
channels:
  A: {at: "40001", unit: V}
  B: {at: holding 70000}
  C: {at: number 20001}
  D: {unit: V}
  E: {at: coil 3, type: u16}
  F: {at: input 4, type: string}
  G: {at: input 5, bit: 16}
  H: {at: input 6, type: f16}
  Status: {at: input 7}
  I: {at: input 8, wave: 3}
"""


def test_places_and_types(tmp_path: Path) -> None:
    said = wrong(tmp_path, PLACES)
    assert [text.partition(": ")[0] for text in said] == ["9", "11"]
    assert "analysers.meter.channels.H.type must be u16, s16, " in said[0]
    assert said[1].startswith("11: analysers.meter.channels.I has an unknown key 'wave'; ")
    said = wrong(tmp_path, "\n".join(line for line in PLACES.splitlines() if line[:4] not in ("  H:", "  I:")))
    assert [text.partition("; ")[0] for text in said] == [
        "2: analysers.meter.channels.A.at: '40001' does not say which table it is in",
        "3: analysers.meter.channels.B.at: 'holding 70000' is not in the table",
        "4: analysers.meter.channels.C.at: there is no number 20001 in the data model",
        "5: analysers.meter.channels.D: it is nowhere",
        "6: analysers.meter.channels.E.type: a coil is one bit, not u16",
        "7: analysers.meter.channels.F.length: a string needs its length",
        "8: analysers.meter.channels.G.bit: a register has no bit 16",
        "9: analysers.meter.channels.Status: 'Status' is what every analyser has beside its channels",
    ]
    assert all("; " in text for text in said)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("channels: {A: {at: input 0, type: f32}, B: {at: input 1}}", "B.at: .* overlap those of A, input registers"),
        ("address: 248\nchannels: {A: {at: input 0}}", "^1: .*248 is no Modbus address; give 1 to 247"),
        ("largest_read: 126\nchannels: {A: {at: input 0}}", "^1: .*126 registers cannot be read at once"),
        (
            "largest_read: 2\nchannels: {A: {at: input 0, type: f64}}",
            "occupies 4 registers, more than are read",
        ),
        ("channels: {A: {at: holding 65535, type: u32}}", "which go past the last one"),
        ("channels: {A: {at: input 0, every_s: 60}}", "nothing is read in every sweep"),
        ("channels: {A: {at: input 0, once: true, every_s: 60}, B: {at: input 1}}", "exclude each other"),
        ("channels: {A: {at: input 0, scale: 0}}", "0 would make every value the same"),
        ("channels: {A: {at: input 0, no_data: [65536]}}", "65536 is nothing that u16 can say"),
        ("channels: {A: {at: coil 0, range: [0, 1]}}", "A.range: only a number has one"),
        ("channels: {A: {at: input 0, texts: {0: off}, scale: 0.1}}", "texts belong to whole numbers"),
        ("channels: {A: {at: input 0, write: {lowest: 0, highest: 1}}}", "an? input register can only be read"),
        ("channels: {A: {at: holding 0, bit: 3, write: {}}}", "one bit of a register cannot be written"),
        ("channels: {A: {at: holding 0, write: {lowest: 0}}}", "it has no 'highest'; add the highest value"),
        (
            "channels: {A: {at: holding 0, write: {lowest: 0, highest: 70000}}}",
            "70000 cannot be written: 70000",
        ),
        (
            "channels: {A: {at: holding 0, type: f32, write: {lowest: 0, highest: 9, function: 6}}}",
            "f32 needs 2;",
        ),
        ("channels: {A: {at: input 0, status: {fault: [{at: coil 1, bit: 2}]}}}", "one bit already"),
        ("channels: {A: {at: input 0}}\nstatus: {fault: [{at: nowhere}]}", "'nowhere' is no place"),
        ("channels: {A: {at: input 0}}\ndrop: [B]", "^2: .*there is no channel 'B'; the table has A"),
        ("channels: {A: {at: input 0}}\ndrop: [A]", "no channel is left to serve"),
        (
            "channels: {a_b: {at: coil 0, write: {}}, aB: {at: coil 1, write: {}}}",
            "writing it would be called SetAB, like writing a_b",
        ),
    ],
)
def test_what_cannot_be(entry: str, said: str, tmp_path: Path) -> None:
    problems = wrong(tmp_path, entry)
    assert len(problems) == 1, problems
    assert re.search(said, problems[0]), problems[0]


def test_a_right_entry(tmp_path: Path) -> None:
    options = load(
        tmp_path,
        """\
first_address: 1
actions: {SetFlow: [lab]}
channels:
  CO: {at: input 1, type: f32, unit: ppm, range: [0, 100], limits: {high: 80}, no_data: [-9999.0]}
  Flow: {at: holding 0x11, unit: l/h, scale: 0.1, write: {lowest: 0, highest: 60}}
  Mode: {at: number 40002, texts: {0: stop, 1: run}}
  Pump: {at: coil 1}
""",
    )
    assert options.channels["Mode"].texts == {0: "stop", 1: "run"}
    description = DRIVER.describe(options, RTU)
    assert [(point.point.browse_path, point.point.kind) for point in description.points] == [
        ("CO/Value", ValueKind.FLOAT),
        ("Flow/Value", ValueKind.FLOAT),
        ("Mode/Value", ValueKind.TEXT),
        ("Pump/Value", ValueKind.BOOLEAN),
    ]
    assert DRIVER.origin(options, RTU, ("Flow", "Value")) == (
        "Holding register 40017 (PDU address 16), function code 03: u16, times 0.1, in l/h. It is read in every sweep."
    )
    assert "no value at -9999" in DRIVER.origin(options, RTU, ("CO", "Value"))
    assert "shown as 0 'stop', 1 'run'" in DRIVER.origin(options, RTU, ("Mode", "Value"))
    assert DRIVER.origin(options, RTU, ("CO", "Fault")) == ""
    settings = load_settings(tmp_path / "site.yaml", environ={})
    assert [action.name for action in site_spec(settings).devices[0].actions] == ["SetFlow"]


def test_nothing_can_be_written_until_it_is_opened(tmp_path: Path) -> None:
    load(tmp_path, "channels: {Flow: {at: holding 0, write: {lowest: 0, highest: 60}}}")
    assert site_spec(load_settings(tmp_path / "site.yaml", environ={})).devices[0].actions == ()


def test_too_much_for_the_bus_is_refused(tmp_path: Path) -> None:
    channels = "".join(f"  C{number}: {{at: input {10 * number}}}\n" for number in range(12))
    with pytest.raises(SettingsError, match=r"needs 1\.\d\d s of traffic per second: meter"):
        load(tmp_path, f"channels:\n{channels}")
    load(tmp_path, f"gaps: allowed\nchannels:\n{channels}")


TEMPLATE = """\
manufacturer: Maker
instrument: M1
source: the manual
order: CDAB
channels:
  CO: {at: input 0, type: f32, unit: ppm, precision: 1, description: Carbon monoxide}
  Hours: {at: holding 9, every_s: 60}
  Spare: {at: input 2}
"""


def test_an_entry_is_merged_over_its_template(tmp_path: Path) -> None:
    (tmp_path / "m1.yaml").write_text(TEMPLATE)
    options = load(
        tmp_path,
        """\
template: m1.yaml
drop: [Spare]
channels:
  CO: {range: [0, 50], precision: 2}
  Door: {at: coil 0}
""",
    )
    assert list(options.served) == ["CO", "Hours", "Door"]
    channel = options.channels["CO"]
    assert (channel.at, channel.unit, channel.range, channel.precision) == ("input 0", "ppm", (0, 50), 2)
    assert DRIVER.describe(options, RTU).manufacturer == "Maker"
    assert "The table is that of m1.yaml." in DRIVER.origin(options, RTU, ("CO", "Value"))
    options = load(tmp_path, "template: m1.yaml\nonly: [CO, Hours]")
    assert list(options.served) == ["CO", "Hours"]
    check_settings(load_settings(tmp_path / "site.yaml", environ={}))


def test_what_is_wrong_in_a_template_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "m1.yaml"
    for old, new, said in (
        ("type: f32", "type: f3", f"1: {file}:6: channels.CO.type must be u16"),
        ("input 2", "input 1", f"1: {file}:8: channels.Spare.at: "),
        ("order: CDAB", "order: CDAB\ntemplate: other.yaml", f"1: {file}:5: a template cannot begin with another one"),
        ("order: CDAB", "order CDAB", f"1: {file}:"),
        ("order: CDAB", "order: ${ORDER}", f"1: {file}:4: "),
    ):
        file.write_text(TEMPLATE.replace(old, new))
        (problem,) = wrong(tmp_path, "template: m1.yaml")
        assert problem.startswith(said), problem


def test_what_is_wrong_in_the_entry_is_said_there(tmp_path: Path) -> None:
    (tmp_path / "m1.yaml").write_text(TEMPLATE)
    assert wrong(tmp_path, "template: m1.yaml\nchannels:\n  CO: {type: bcd}")[0].startswith(
        "3: analysers.meter.channels.CO.type must be"
    )
    (problem,) = wrong(tmp_path, "template: m1.yaml\nchannels:\n  Door: {at: input 1}")
    assert problem.startswith("3: analysers.meter.channels.Door.at: ")


def test_a_template_that_is_nowhere(tmp_path: Path) -> None:
    (problem,) = wrong(tmp_path, "template: eastron-sdm360.yaml")
    assert problem == (
        "1: there is no template 'eastron-sdm360.yaml' beside the settings file, nor one of that name that is shipped;"
        " did you mean 'eastron-sdm630.yaml'?"
    )


SHIPPED = sorted(DRIVER.templates.glob("*.yaml"))


@pytest.mark.parametrize("template", SHIPPED, ids=lambda path: path.stem)
def test_shipped_templates_name_their_source_and_fit_a_bus(template: Path, tmp_path: Path) -> None:
    options = load(tmp_path, f"template: {template.name}")
    assert options.manufacturer
    assert options.instrument
    assert options.source.startswith("https://")
    assert all(channel.description for channel in options.channels.values())
    (budget,) = check_settings(load_settings(tmp_path / "site.yaml", environ={})).budgets
    assert 0 < budget.load < TIGHT


def test_one_beside_the_settings_file_comes_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / SHIPPED[0].name).write_text(TEMPLATE)
    assert load(tmp_path, f"template: {SHIPPED[0].name}").manufacturer == "Maker"


def test_the_worked_example_of_the_gmp252(tmp_path: Path) -> None:
    """User Guide M211897EN, appendix A.3: registers D47A and 43E8 read at address 0 are 465.65997 ppm."""
    table = resolve_table(load(tmp_path, "template: vaisala-gmp252.yaml\naddress: 240"))
    value = next(each for each in table.values if each.name == "CO2")
    assert (value.span.table.function, value.span.address, value.span.count) == (3, 0, 2)
    assert value.value([0xD47A, 0x43E8]) == 465.65997
