"""What is written on an instrument, as far as the site says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What the site knows of an instrument and no wire tells. What is left out is not known.

    Attributes:
        serial_number: Serial number of the maker.
        asset_id: By which the site knows the instrument, such as its number in the asset register.
        product_code: Order code of the maker.
        product_instance_uri: URI of this very instrument, unique in the world (IEC 61406).
        hardware_revision: Revision of its hardware.
        software_revision: Revision of its software.
        manual: Where its manual is: an address or a path.
    """

    serial_number: str = ""
    asset_id: str = ""
    product_code: str = ""
    product_instance_uri: str = ""
    hardware_revision: str = ""
    software_revision: str = ""
    manual: str = ""
