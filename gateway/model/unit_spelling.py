"""One spelling for each engineering unit, whichever way it is typed: `°C`, `degC` and `C`; `µg/m³` and `ug/m3`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_LOOKALIKES = str.maketrans(
    {
        "\u00b5": "u",  # micro sign
        "\u03bc": "u",  # Greek letter mu
        "\u00b9": "1",  # superscripts
        "\u00b2": "2",
        "\u00b3": "3",
        "\u207b": "-",
        "\u2212": "-",  # minus sign
        "\u00b0": "deg",  # degree sign
        "\u00ba": "deg",  # ordinal indicator, on Spanish and Italian keyboards
        "\u2103": "degC",  # degree Celsius in one character
        "\u03a9": "ohm",  # Greek letter omega
        "\u2126": "ohm",  # ohm sign
    }
)
ALIASES = {
    "C": "degC",
    "Celsius": "degC",
    "percent": "%",
    "%vol": "vol%",
    "vol.%": "vol%",
    "vol-%": "vol%",
    "vol.-%": "vol%",
    "%v/v": "vol%",
    "%mol": "mol%",
    "Mol%": "mol%",
    "mol-%": "mol%",
    "Mol-%": "mol%",
    "RH": "%RH",
    "%rF": "%RH",
    "LEL": "%LEL",
    "ppmvol": "ppmv",
    "mcg/m3": "ug/m3",
    "mg/m3n": "mg/Nm3",
    "mg/mN3": "mg/Nm3",
    "m3N/h": "Nm3/h",
    "lpm": "l/min",
    "lph": "l/h",
    "mlpm": "ml/min",
    "cc/min": "cm3/min",
    "ccm": "cm3/min",
    "micron": "um",
    "cm-1": "1/cm",
    "sec": "s",
    "hr": "h",
    "hrs": "h",
    "r/min": "rpm",
    "count": "counts",
    "pieces": "counts",
}
"""Other ways to type a unit, beside capitals, blanks and the signs of a plain keyboard."""

_SAME_SIZE = {"vpm": "ppm", "ppmv": "ppm", "vpb": "ppb", "ppbv": "ppb", "vol%": "%"}
"""Parts by volume are the parts of a gas analyser (Servomex 4000 series: 1 % = 10 000 vpm)."""

_KEPT = 1024
"""Spellings remembered; what comes over a wire may be anything."""


def plain(unit: str) -> str:
    """Without spaces, and in the characters of a plain keyboard."""
    return "".join(unit.split()).translate(_LOOKALIKES)


class Spellings:
    """Finds the one spelling of a unit among those that are known.

    Capitals are forgiven where they cannot change what is meant: `PPM` and `L/min`, but not `S`, which is no second,
    and not `MV`, which is no `mV`.

    Args:
        known: Plain spellings.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._exact = ALIASES | {unit: unit for unit in known}
        self._folded: dict[str, str | None] = {}
        for spelling, unit in self._exact.items():
            folded = spelling.casefold()
            self._folded[folded] = unit if self._folded.get(folded, unit) == unit else None

    def find(self, unit: str) -> str:
        """The known spelling of a unit; its plain one where none is known."""
        text = plain(unit)
        exact = self._exact.get(text)
        if exact is not None:
            return exact
        found = self._folded.get(text.casefold())
        if found is None or len(text) == 1 or (text[0] in "mM" and text[0] != found[0]):
            return text
        return found


_ALIASED = Spellings(())


@lru_cache(maxsize=_KEPT)
def canonical_unit(unit: str) -> str:
    """A unit in the spelling in which units are compared: what is equal has the same size."""
    folded = _ALIASED.find(unit).casefold()
    return _SAME_SIZE.get(folded, folded)
