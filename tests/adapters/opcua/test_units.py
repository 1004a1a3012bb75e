"""Engineering units against the published numbers."""

from __future__ import annotations

import pytest

from gateway.adapters.opcua.address_space.units import OWN_NAMESPACE, UNECE_NAMESPACE, engineering_unit

# UnitIds as OPC Foundation publishes them beside the UNECE codes.
PUBLISHED = {
    "%": 20529,
    "ppm": 13625,
    "vpm": 13625,
    "ppb": 13873,
    "mA": 13387,
    "degC": 4408652,
    "kPa": 4935745,
    "V": 5655636,
    "mV": 12890,
    "l/min": 19506,
    "ml/min": 13361,
    "g": 4674125,
    "hPa": 4274487,
    "bar": 4342098,
    "mbar": 5063250,
    "s": 5457219,
    "min": 5065038,
    "counts": 4404786,
}


@pytest.mark.parametrize(("unit", "number"), PUBLISHED.items())
def test_published_numbers(unit: str, number: int) -> None:
    found = engineering_unit(unit)
    assert (found.namespace_uri, found.unit_id) == (UNECE_NAMESPACE, number)


def test_parts_by_volume_keep_their_symbol() -> None:
    assert engineering_unit("vpm").display_name == "vpm"
    assert engineering_unit("degC").display_name == "°C"


def test_unknown_unit_keeps_its_name() -> None:
    found = engineering_unit("blobs")
    assert (found.namespace_uri, found.unit_id, found.display_name) == (OWN_NAMESPACE, -1, "blobs")
