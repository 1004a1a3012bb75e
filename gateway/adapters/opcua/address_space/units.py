"""Engineering units as OPC UA spells them (OPC 10000-8 section 5.6.4: UNECE Recommendation 20 codes)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.unit_spelling import Spellings

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
    """The characters of a UNECE code as one big-endian number (OPC 10000-8 section 5.6.4.3)."""
    return int.from_bytes(code.encode("ascii"), "big")


UNECE: dict[str, tuple[str, str, str]] = {
    # Parts of a whole. UNECE has one code for each size and does not ask of what, so the symbol says it.
    "%": ("P1", "%", "percent"),
    "vol%": ("P1", "vol%", "percent by volume"),
    "mol%": ("P1", "mol%", "percent by amount of substance"),
    "%RH": ("P1", "%RH", "percent relative humidity"),
    "%LEL": ("P1", "%LEL", "percent of the lower explosive limit"),
    "ppm": ("59", "ppm", "part per million"),
    "vpm": ("59", "vpm", "part per million by volume"),
    "ppmv": ("59", "ppmv", "part per million by volume"),
    "ppb": ("61", "ppb", "part per billion"),
    "vpb": ("61", "vpb", "part per billion by volume"),
    "ppbv": ("61", "ppbv", "part per billion by volume"),
    "counts": ("C62", "counts", "one"),
    "1": ("C62", "1", "one"),
    # Content
    "kg/m3": ("KMQ", "kg/m³", "kilogram per cubic metre"),
    "g/m3": ("A93", "g/m³", "gram per cubic metre"),
    "mg/m3": ("GP", "mg/m³", "milligram per cubic metre"),
    "ug/m3": ("GQ", "µg/m³", "microgram per cubic metre"),
    "g/l": ("GL", "g/l", "gram per litre"),
    "mg/l": ("M1", "mg/l", "milligram per litre"),
    "ug/l": ("H29", "µg/l", "microgram per litre"),
    "mg/kg": ("NA", "mg/kg", "milligram per kilogram"),
    "ug/kg": ("J33", "µg/kg", "microgram per kilogram"),
    "ml/m3": ("H65", "ml/m³", "millilitre per cubic metre"),
    "ul/l": ("J36", "µl/l", "microlitre per litre"),
    "mol/m3": ("C36", "mol/m³", "mole per cubic metre"),
    "mmol/l": ("M33", "mmol/l", "millimole per litre"),
    "MJ/m3": ("JM", "MJ/m³", "megajoule per cubic metre"),
    "MJ/kg": ("JK", "MJ/kg", "megajoule per kilogram"),
    "kWh/m3": ("E46", "kWh/m³", "kilowatt hour per cubic metre"),
    "pH": ("Q30", "pH", "pH (potential of hydrogen)"),
    # Electricity
    "A": ("AMP", "A", "ampere"),
    "mA": ("4K", "mA", "milliampere"),
    "uA": ("B84", "µA", "microampere"),
    "nA": ("C39", "nA", "nanoampere"),
    "V": ("VLT", "V", "volt"),
    "mV": ("2Z", "mV", "millivolt"),
    "uV": ("D82", "µV", "microvolt"),
    "kV": ("KVT", "kV", "kilovolt"),
    "W": ("WTT", "W", "watt"),
    "mW": ("C31", "mW", "milliwatt"),
    "kW": ("KWT", "kW", "kilowatt"),
    "MW": ("MAW", "MW", "megawatt"),
    "kWh": ("KWH", "kWh", "kilowatt hour"),
    "ohm": ("OHM", "Ω", "ohm"),
    "kohm": ("B49", "kΩ", "kiloohm"),
    "Mohm": ("B75", "MΩ", "megaohm"),
    "S/m": ("D10", "S/m", "siemens per metre"),
    "mS/cm": ("H61", "mS/cm", "millisiemens per centimetre"),
    "uS/cm": ("G42", "µS/cm", "microsiemens per centimetre"),
    "uS/m": ("G43", "µS/m", "microsiemens per metre"),
    "dB": ("2N", "dB", "decibel"),
    # Temperature and pressure
    "degC": ("CEL", "°C", "degree Celsius"),
    "degF": ("FAH", "°F", "degree Fahrenheit"),
    "K": ("KEL", "K", "kelvin"),
    "Pa": ("PAL", "Pa", "pascal"),
    "hPa": ("A97", "hPa", "hectopascal"),  # code HPA is hectolitre of pure alcohol
    "kPa": ("KPA", "kPa", "kilopascal"),
    "MPa": ("MPA", "MPa", "megapascal"),
    "bar": ("BAR", "bar", "bar"),
    "mbar": ("MBR", "mbar", "millibar"),
    "atm": ("ATM", "atm", "standard atmosphere"),
    "Torr": ("UA", "Torr", "torr"),
    "mmHg": ("HN", "mmHg", "conventional millimetre of mercury"),
    "mmH2O": ("HP", "mmH₂O", "conventional millimetre of water"),
    "inH2O": ("F78", "inH₂O", "inch of water"),
    "psi": ("PS", "psi", "pound-force per square inch"),
    # Flow
    "l/h": ("E32", "l/h", "litre per hour"),
    "l/min": ("L2", "l/min", "litre per minute"),
    "l/s": ("G51", "l/s", "litre per second"),
    "ml/h": ("G55", "ml/h", "millilitre per hour"),
    "ml/min": ("41", "ml/min", "millilitre per minute"),
    "ml/s": ("40", "ml/s", "millilitre per second"),
    "cm3/min": ("G49", "cm³/min", "cubic centimetre per minute"),
    "m3/h": ("MQH", "m³/h", "cubic metre per hour"),
    "m3/min": ("G53", "m³/min", "cubic metre per minute"),
    "m3/s": ("MQS", "m³/s", "cubic metre per second"),
    "Nm3/h": ("Q40", "Nm³/h", "normalized cubic metre per hour"),
    "Sm3/h": ("Q38", "Sm³/h", "standard cubic metre per hour"),
    "kg/h": ("E93", "kg/h", "kilogram per hour"),
    "kg/min": ("F31", "kg/min", "kilogram per minute"),
    "kg/s": ("KGS", "kg/s", "kilogram per second"),
    "g/h": ("F27", "g/h", "gram per hour"),
    "g/min": ("F28", "g/min", "gram per minute"),
    "mg/min": ("F33", "mg/min", "milligram per minute"),
    "t/h": ("E18", "t/h", "tonne per hour"),
    "m/s": ("MTS", "m/s", "metre per second"),
    # Time and frequency
    "us": ("B98", "µs", "microsecond"),
    "ms": ("C26", "ms", "millisecond"),
    "s": ("SEC", "s", "second"),
    "min": ("MIN", "min", "minute"),
    "h": ("HUR", "h", "hour"),
    "d": ("DAY", "d", "day"),
    "Hz": ("HTZ", "Hz", "hertz"),
    "kHz": ("KHZ", "kHz", "kilohertz"),
    "MHz": ("MHZ", "MHz", "megahertz"),
    "rpm": ("RPM", "rpm", "revolutions per minute"),
    "1/s": ("C97", "1/s", "reciprocal second"),
    "1/min": ("C94", "1/min", "reciprocal minute"),
    # Length, volume and mass
    "nm": ("C45", "nm", "nanometre"),
    "um": ("4H", "µm", "micrometre"),
    "mm": ("MMT", "mm", "millimetre"),
    "cm": ("CMT", "cm", "centimetre"),
    "m": ("MTR", "m", "metre"),
    "1/cm": ("E90", "1/cm", "reciprocal centimetre"),
    "1/m": ("C92", "1/m", "reciprocal metre"),
    "ml": ("MLT", "ml", "millilitre"),
    "l": ("LTR", "l", "litre"),
    "m3": ("MTQ", "m³", "cubic metre"),
    "Nm3": ("NM3", "Nm³", "normalised cubic metre"),
    "ug": ("MC", "µg", "microgram"),
    "mg": ("MGM", "mg", "milligram"),
    "g": ("GRM", "g", "gram"),
    "kg": ("KGM", "kg", "kilogram"),
    "t": ("TNE", "t", "tonne"),
    "deg": ("DD", "°", "degree of angle"),
    "lx": ("LUX", "lx", "lux"),
}
"""Plain spelling to UNECE code, symbol and name; codes and names: `UNECE_to_OPCUA.csv` of the OPC Foundation."""

OWN: dict[str, tuple[str, str]] = {
    "mg/Nm3": ("mg/Nm³", "milligram per normalised cubic metre"),
    "ug/Nm3": ("µg/Nm³", "microgram per normalised cubic metre"),
    "g/Nm3": ("g/Nm³", "gram per normalised cubic metre"),
    "NTU": ("NTU", "nephelometric turbidity unit"),
    "FNU": ("FNU", "formazin nephelometric unit"),
    "FTU": ("FTU", "formazin turbidity unit"),
    "sccm": ("sccm", "standard cubic centimetre per minute"),
    "Nl/min": ("Nl/min", "normalised litre per minute"),
    "Nl/h": ("Nl/h", "normalised litre per hour"),
    "ppt": ("ppt", "part per trillion"),
}
"""Units without a UNECE code."""

_SPELLINGS = Spellings((*UNECE, *OWN))


def engineering_unit(unit: str) -> EngineeringUnit:
    """Look up a unit as the settings spell it. One without a UNECE code keeps its name in our own namespace."""
    spelling = _SPELLINGS.find(unit)
    known = UNECE.get(spelling)
    if known is not None:
        code, symbol, name = known
        return EngineeringUnit(UNECE_NAMESPACE, unit_id(code), symbol, name)
    symbol, name = OWN.get(spelling, (unit, unit))
    return EngineeringUnit(OWN_NAMESPACE, UNKNOWN_UNIT_ID, symbol, name)
