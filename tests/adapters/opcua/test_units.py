"""EUInformation of the units that users type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.address_space.units import (
    OWN_NAMESPACE,
    UNECE,
    UNECE_NAMESPACE,
    engineering_unit,
    unit_id,
)

OFFICIAL = {
    "%": (20529, "%"),
    "ppm": (13625, "ppm"),
    "vpm": (13625, "vpm"),
    "ppb": (13873, "ppb"),
    "mA": (13387, "mA"),
    "uA": (4339764, "µA"),
    "degC": (4408652, "°C"),
    "K": (4932940, "K"),
    "kPa": (4935745, "kPa"),
    "hPa": (4274487, "hPa"),
    "MPa": (5066817, "MPa"),
    "V": (5655636, "V"),
    "mV": (12890, "mV"),
    "l/min": (19506, "l/min"),
    "ml/min": (13361, "ml/min"),
    "m3/h": (5067080, "m³/h"),
    "Nm3/h": (5321776, "Nm³/h"),
    "kg/h": (4536627, "kg/h"),
    "g": (4674125, "g"),
    "bar": (4342098, "bar"),
    "mbar": (5063250, "mbar"),
    "s": (5457219, "s"),
    "min": (5065038, "min"),
    "ms": (4403766, "ms"),
    "counts": (4404786, "counts"),
    "mg/m3": (18256, "mg/m³"),
    "ug/m3": (18257, "µg/m³"),
    "g/m3": (4274483, "g/m³"),
    "uS/cm": (4666418, "µS/cm"),
    "mS/cm": (4732465, "mS/cm"),
    "pH": (5321520, "pH"),
    "dB": (12878, "dB"),
    "rpm": (5394509, "rpm"),
    "W": (5723220, "W"),
    "kW": (4937556, "kW"),
    "nm": (4404277, "nm"),
    "um": (13384, "µm"),
    "mm": (5066068, "mm"),
    "MJ/m3": (19021, "MJ/m³"),
    "psi": (20563, "psi"),
}
"""UnitIds as the OPC Foundation publishes them (UNECE_to_OPCUA.csv), and the symbol that operators see."""


@pytest.mark.parametrize(("unit", "expected"), OFFICIAL.items(), ids=OFFICIAL)
def test_units_have_their_official_unit_id(unit: str, expected: tuple[int, str]) -> None:
    found = engineering_unit(unit)
    assert (found.unit_id, found.display_name, found.namespace_uri) == (*expected, UNECE_NAMESPACE)


@given(st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), min_size=2, max_size=3))
def test_a_unit_id_is_its_code_packed_into_bytes(code: str) -> None:
    number = unit_id(code)
    assert number.to_bytes(4, "big").strip(b"\0").decode() == code
    assert 0 < number < 2**31


def test_every_row_is_well_formed_and_found_by_its_own_spelling() -> None:
    names: dict[str, set[str]] = {}
    for unit, (code, symbol, name) in UNECE.items():
        assert 2 <= len(code) <= 3
        assert code == code.upper()
        found = engineering_unit(unit)
        assert (found.unit_id, found.display_name, found.description) == (unit_id(code), symbol, name)
        names.setdefault(code, set()).add(unit)
    several = {frozenset(units) for units in names.values() if len(units) > 1}
    assert several == {
        frozenset({"%", "vol%", "mol%", "%RH", "%LEL"}),
        frozenset({"ppm", "vpm", "ppmv"}),
        frozenset({"ppb", "vpb", "ppbv"}),
        frozenset({"counts", "1"}),
    }


@pytest.mark.parametrize(
    ("typed", "unit"),
    [
        ("°C", "degC"),
        ("C", "degC"),
        ("deg C", "degC"),
        ("\u2103", "degC"),
        ("°F", "degF"),
        ("µg/m³", "ug/m3"),
        ("\u03bcg/m3", "ug/m3"),
        ("Vol %", "vol%"),
        ("Vol.-%", "vol%"),
        ("% RH", "%RH"),
        ("PPM", "ppm"),
        ("L/min", "l/min"),
        ("lpm", "l/min"),
        ("KPA", "kPa"),
        ("cm⁻¹", "1/cm"),
        ("kΩ", "kohm"),
        ("µS/cm", "uS/cm"),
        ("r/min", "rpm"),
        ("sec", "s"),
    ],
)
def test_a_unit_may_be_typed_in_several_ways(typed: str, unit: str) -> None:
    assert engineering_unit(typed) == engineering_unit(unit)


@pytest.mark.parametrize("unit", ["MV", "MS/cm", "S", "H", "furlong", "mw", "%/min"])
def test_a_unit_that_might_be_meant_otherwise_is_not_guessed(unit: str) -> None:
    found = engineering_unit(unit)
    assert (found.namespace_uri, found.unit_id, found.display_name) == (OWN_NAMESPACE, -1, unit)


@pytest.mark.parametrize(("unit", "symbol"), [("mg/Nm3", "mg/Nm³"), ("mg/Nm³", "mg/Nm³"), ("ntu", "NTU")])
def test_units_that_unece_does_not_have_are_ours(unit: str, symbol: str) -> None:
    found = engineering_unit(unit)
    assert (found.namespace_uri, found.unit_id, found.display_name) == (OWN_NAMESPACE, -1, symbol)


@given(st.text(max_size=20))
def test_any_text_is_some_unit(unit: str) -> None:
    found = engineering_unit(unit)
    assert (found.unit_id == -1) == (found.namespace_uri == OWN_NAMESPACE)
    assert found.display_name or not unit
