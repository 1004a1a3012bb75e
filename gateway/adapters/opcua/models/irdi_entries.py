"""Entries of the IEC Common Data Dictionary (IEC 61987, IEC 61360-7) to which the tables of PA-DIM refer."""

from __future__ import annotations

from collections.abc import Mapping

IRDI_ENTRIES: Mapping[str, str] = {
    "0112/2///61360_7#CBA031#001": "name of manufacturer",
    "0112/2///61360_7#CBA032#001": "URI of manufacturer",
    "0112/2///61360_7#CBA039#001": "model name of product",
    "0112/2///61360_7#CBA040#001": "code of product",
    "0112/2///61360_7#CBA046#001": "software version",
    "0112/2///61360_7#CBA047#001": "hardware version",
    "0112/2///61360_7#CBA050#001": "serial number",
    "0112/2///61360_7#CBA055#001": "URI of product instance",
    "0112/2///61987#ABA038#004": "identification code of device",
    "0112/2///61987#ABA968#004": "unit of measure",
    "0112/2///61987#ABB271#009": "tag name",
    "0112/2///61987#ABN603#002": "revision counter value of the parameter setting",
    "0112/2///61987#ABN634#001": "input/output value",
    "0112/2///61987#ABN972#002": "Device diagnostic status",
    "0112/2///61987#ABP397#002": "Process analyser",
    "0112/2///61987#ABP407#002": "Amperometric analyser",
    "0112/2///61987#ABP409#002": "Zirconium dioxide analyser",
    "0112/2///61987#ABP410#002": "Flame ionisation detector",
    "0112/2///61987#ABP425#002": "Non-dispersive infrared gas analyser",
    "0112/2///61987#ABP435#002": "Tunable diode laser spectrometer",
    "0112/2///61987#ABP436#002": "Paramagnetic gas analyser",
    "0112/2///61987#ABP453#002": "Thermal conductivity gas analyser",
}
"""IRDI to preferred name."""
