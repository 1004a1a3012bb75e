"""Register lists of vendors: headings, delimiters, notations and cells, and what is said about rows that are wrong."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.import_registers import import_registers, list_format
from gateway.drivers.modbus_table.addresses import Table
from gateway.drivers.modbus_table.register_cells import read_address, read_factor, read_table, read_type
from gateway.drivers.modbus_table.register_list import ListFormat, Notation, channel_name, read_list
from gateway.drivers.modbus_table.settings import RegisterType
from gateway.errors import InputError, SettingsError
from tests.drivers.modbus_table.test_settings import load

PLAIN = ListFormat({})
VENDOR = """\
# exported from a spreadsheet
Register;Parameter;Data type;Units;Factor;Notes

30001-30002;Phase 1 voltage;Float32;V;1;
30003;Phase 2 voltage;FLOAT;V;;a "quoted" ${text}
30005;Temp.;INT16;°C;1/10;
30006;Temp.;UINT 16;°C;0,1;
30010;Serial number;string(16);;;
"""


def test_a_list_becomes_a_template_that_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(VENDOR, encoding="utf-8-sig")
    out = io.StringIO()
    import_registers(file, PLAIN, out)
    (tmp_path / "vendor.yaml").write_text(out.getvalue())
    options = load(tmp_path, "template: vendor.yaml")
    channels = {
        name: (channel.at, channel.type, channel.unit, channel.scale, channel.length, channel.description)
        for name, channel in options.channels.items()
    }
    assert channels == {
        "Phase1Voltage": ("number 30001", RegisterType.F32, "V", 1, None, "Phase 1 voltage"),
        "Phase2Voltage": ("number 30003", RegisterType.F32, "V", 1, None, 'a "quoted" ${text}'),
        "Temp": ("number 30005", RegisterType.S16, "°C", 0.1, None, "Temp."),
        "Temp_2": ("number 30006", RegisterType.U16, "°C", 0.1, None, "Temp."),
        "SerialNumber": ("number 30010", RegisterType.STRING, "", 1, 16, "Serial number"),
    }
    assert out.getvalue().count("# review") == 7


def test_every_wrong_row_is_named_with_its_line() -> None:
    text = """\
name,address,table,type,scale,bit
A,0,holding,u16,,
B,x1,holding,u16,,
C,2,holding,u17,,
D,3,register,u16,,
E,4,holding,u16,0,
,5,holding,u16,,
F,0,holding,u32,,
G,9,holding,u16,,16
"""
    with pytest.raises(SettingsError) as caught:
        read_list(text, "list.csv", PLAIN)
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == [
        *(f"list.csv:{line}" for line in (3, 4, 5, 6, 7, 9, 8))
    ]
    said = "\n".join(caught.value.problems)
    for words in ("'x1' is no address", "'u17' is not known", "'register' is no table", "factor is 0", "no name"):
        assert words in said
    assert "no bit 16" in said
    assert "list.csv:8: holding registers 40001 and 40002 (PDU addresses 0 and 1) overlap those of A" in said


@pytest.mark.parametrize(
    ("text", "wanted", "at"),
    [
        ("name,address\nA,12", ListFormat({}, Table.INPUT), "input 12"),
        ("name,address,fc\nA,12,3", PLAIN, "holding 12"),
        ("name,address,function code\nA,12,04", PLAIN, "input 12"),
        ("name,address\nA,40013", PLAIN, "number 40013"),
        ("name,address,table\nA,5,coil\nB,30001,input\nC,6,coil", PLAIN, "number 5"),
        ("name,address\nA,40013", ListFormat({}, Table.HOLDING), "number 40013"),
        ("name,address\nA,40013", ListFormat({}, Table.HOLDING, notation=Notation.FROM_0), "holding 40013"),
        ("name,address\nA,40013", ListFormat({}, Table.INPUT), "input 40013"),
        ("name,address\nA,12", ListFormat({}, Table.INPUT, notation=Notation.FROM_1), "input 12"),
        ("name\taddress\nA\t0x0C", ListFormat({}, Table.COIL), "coil 12"),
        ("Bezeichnung|Adr\nA|12", ListFormat({"name": "bezeichnung", "address": "ADR"}, Table.INPUT), "input 12"),
    ],
)
def test_notations_tables_and_headings(text: str, wanted: ListFormat, at: str) -> None:
    settings = read_list(text, "list.csv", wanted)
    assert settings.channels["A"].at == at
    assert settings.first_address == (1 if wanted.notation is Notation.FROM_1 else 0)


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        ("", PLAIN, "the list is empty; begin with a row of headings"),
        ("Wert,Adresse\n1,2", PLAIN, "no column is known for the name; its headings are Wert, Adresse; name one"),
        ("name,address\nA,1", ListFormat({"unit": "Einheit"}), "there is no column 'Einheit'"),
        ("name,address\nA,1", PLAIN, "list.csv:2: which table it is in is not said"),
        ("name,address\nA,20001", ListFormat({}, notation=Notation.NUMBER), "there is no number 20001"),
        ("name,address\nA,30001", ListFormat({}, Table.COIL, notation=Notation.NUMBER), "number 30001 is no coil"),
    ],
)
def test_lists_that_cannot_be_used(text: str, wanted: ListFormat, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_list(text, "list.csv", wanted)
    assert said in str(caught.value)


def test_cells() -> None:
    assert read_type("Unsigned Int") == (RegisterType.U16, None)
    assert read_type("CHAR[12]") == (RegisterType.STRING, 12)
    assert read_type("IEEE-754") == (RegisterType.F32, None)
    assert [read_table(cell) for cell in ("Holding Register", "4x", "FC 04", "02")] == [
        *(Table.HOLDING, Table.HOLDING, Table.INPUT, Table.DISCRETE)
    ]
    assert [read_address(cell) for cell in (" 12", "0x0C", "000Ch", "40001 - 40002", "7/8")] == [12, 12, 12, 40001, 7]
    assert [read_factor(cell) for cell in ("0.1", "0,1", "x 0.1", "*10", "1/10", "/1000", "÷ 8", "-1e-2")] == [
        *(0.1, 0.1, 0.1, 10, 0.1, 0.001, 0.125, -0.01)
    ]
    for wrong in ("", "one", "1/0"):
        with pytest.raises(ValueError, match="factor"):
            read_factor(wrong)


@given(st.text(max_size=20))
def test_any_text_gives_a_name(text: str) -> None:
    name = channel_name(text)
    assert name[0].isascii()
    assert name[0].isalpha()
    assert name.isalnum()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ["name"]}, "--column: 'name' is not COLUMN=HEADING"),
        ({"columns": ["nome=X"]}, "--column: 'nome=X'"),
        ({"table": "register"}, "--table: 'register' is no table"),
        ({"kind": "f12"}, "--type: the type 'f12' is not known"),
        ({"addresses": "2"}, "--addresses: '2' is none of auto, 0, 1, number"),
        ({"delimiter": ";;"}, "--delimiter: ';;' is more than one character"),
    ],
)
def test_options_that_say_nothing(options: dict[str, object], said: str) -> None:
    given_options = {"columns": [], "table": None, "kind": None, "addresses": "auto", "delimiter": ""} | options
    with pytest.raises(InputError) as caught:
        list_format(**given_options)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        import_registers(tmp_path / "none.csv", PLAIN, io.StringIO())
    (tmp_path / "list.csv").write_bytes(b"name,address\nTemp \xb0C,1\n")
    with pytest.raises(InputError, match="is not UTF-8 text; export it as CSV UTF-8"):
        import_registers(tmp_path / "list.csv", PLAIN, io.StringIO())
