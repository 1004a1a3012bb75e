"""Engineering units as OPC UA spells them (OPC 10000-8 section 5.6.3: UNECE Recommendation 20 codes)."""

from __future__ import annotations

from dataclasses import dataclass

UNECE_NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"
OWN_NAMESPACE = "urn:analyser-gateway:units"
UNKNOWN_UNIT_ID = -1


@dataclass(frozen=True, slots=True)
class EngineeringUnit:
    """What goes into an EUInformation structure.

    Attributes:
        namespace_uri: Who defined `unit_id`.
        unit_id: UNECE code packed as a number, or -1 where there is none.
        display_name: Short symbol.
        description: Full name; the symbol again where there is none.
    """

    namespace_uri: str
    unit_id: int
    display_name: str
    description: str


def unit_id(code: str) -> int:
    """The characters of a UNECE code as one big-endian number (OPC 10000-8 section 5.6.3)."""
    return int.from_bytes(code.encode("ascii"), "big")


_UNECE: dict[str, tuple[str, str, str]] = {
    "%": ("P1", "%", "percent"),
    "ppm": ("59", "ppm", "part per million"),
    "vpm": ("59", "vpm", "part per million by volume"),
    "ppb": ("61", "ppb", "part per billion"),
    "mg/m3": ("GP", "mg/m³", "milligram per cubic metre"),
    "g/m3": ("A93", "g/m³", "gram per cubic metre"),
    "g": ("GRM", "g", "gram"),
    "A": ("AMP", "A", "ampere"),
    "mA": ("4K", "mA", "milliampere"),
    "V": ("VLT", "V", "volt"),
    "mV": ("2Z", "mV", "millivolt"),
    "degC": ("CEL", "°C", "degree Celsius"),
    "°C": ("CEL", "°C", "degree Celsius"),
    "K": ("KEL", "K", "kelvin"),
    "Pa": ("PAL", "Pa", "pascal"),
    "hPa": ("A97", "hPa", "hectopascal"),
    "kPa": ("KPA", "kPa", "kilopascal"),
    "bar": ("BAR", "bar", "bar"),
    "mbar": ("MBR", "mbar", "millibar"),
    "l/min": ("L2", "l/min", "litre per minute"),
    "ml/min": ("41", "ml/min", "millilitre per minute"),
    "us": ("B98", "µs", "microsecond"),
    "ms": ("C26", "ms", "millisecond"),
    "s": ("SEC", "s", "second"),
    "min": ("MIN", "min", "minute"),
    "h": ("HUR", "h", "hour"),
    "Hz": ("HTZ", "Hz", "hertz"),
    "counts": ("C62", "counts", "one"),
}
# UNECE code HPA is hectolitre of pure alcohol, not hectopascal, which is A97.


def engineering_unit(unit: str) -> EngineeringUnit:
    """Look up a unit as the settings spell it. One that UNECE does not list keeps its name in our own namespace."""
    known = _UNECE.get(unit)
    if known is None:
        return EngineeringUnit(OWN_NAMESPACE, UNKNOWN_UNIT_ID, unit, unit)
    code, display_name, description = known
    return EngineeringUnit(UNECE_NAMESPACE, unit_id(code), display_name, description)
