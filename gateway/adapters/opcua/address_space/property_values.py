"""Values of the properties of analog items (OPC 10000-8 section 5.3). Equal ones are one object: leave it as it is."""

from __future__ import annotations

from functools import lru_cache

from asyncua import ua

from gateway.adapters.opcua.address_space.units import engineering_unit

_REMEMBERED = 1024


@lru_cache(maxsize=_REMEMBERED)
def range_value(low: float, high: float) -> ua.Variant:
    """An EURange or InstrumentRange."""
    return ua.Variant(ua.Range(float(low), float(high)), ua.VariantType.ExtensionObject)


@lru_cache(maxsize=_REMEMBERED)
def unit_value(unit: str) -> ua.Variant:
    """The EngineeringUnits of a unit as the settings spell it."""
    found = engineering_unit(unit)
    information = ua.EUInformation(
        found.namespace_uri, found.unit_id, ua.LocalizedText(found.display_name), ua.LocalizedText(found.description)
    )
    return ua.Variant(information, ua.VariantType.ExtensionObject)


@lru_cache(maxsize=_REMEMBERED)
def precision_value(digits: int) -> ua.Variant:
    """A ValuePrecision: digits behind the point."""
    return ua.Variant(float(digits), ua.VariantType.Double)
