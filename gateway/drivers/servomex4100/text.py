"""Names and units as the instrument writes them, made the same whatever the wire mode.

On Modbus the text is that of the display's character ROM, of which one code is known: 0x82 is a subscript two. It ends
the name of carbon dioxide there, where a continuous frame says `CO2`. Unicode compatibility folding (NFKC) turns the
subscript into an ordinary 2, so that names of nodes and PVs do not depend on the mode.
"""

from __future__ import annotations

import unicodedata

_DISPLAY_ROM = {0x82: "\N{SUBSCRIPT TWO}"}
_FIRST_SPECIAL_CODE = 0x80
_PADDING = " \0"
_UNNAMED = "|"
_UNITS = {unit.casefold(): unit for unit in ("%", "vpm", "ppm", "mA")}
_TEXTS_KEPT = 256


class DisplayText:
    """Decodes the names and units of one analyser, each distinct text once.

    Any byte is some character (Latin-1 where the display ROM is not known), so decoding never fails.
    """

    def __init__(self) -> None:
        self._texts: dict[bytes, str] = {}
        self._seen: set[int] = set()
        self._new: list[str] = []

    def name(self, raw: bytes) -> str:
        """Canonical name, empty for an unnamed channel (blank, NUL or all bars)."""
        text = self._texts.get(raw)
        if text is None:
            text = self._decode(raw)
        return text

    def unit(self, raw: bytes) -> str:
        """Canonical unit: `%`, `vpm`, `ppm`, `mA`, otherwise the text without its padding."""
        text = self.name(raw)
        return _UNITS.get(text.casefold(), text)

    def take_new_codes(self) -> tuple[str, ...]:
        """Character codes from 0x80 that are not known, as hexadecimal text; each is handed out once."""
        new, self._new = tuple(self._new), []
        return new

    def _decode(self, raw: bytes) -> str:
        for code in raw:
            if code >= _FIRST_SPECIAL_CODE and code not in _DISPLAY_ROM and code not in self._seen:
                self._seen.add(code)
                self._new.append(f"0x{code:02X}")
        shown = "".join(_DISPLAY_ROM.get(code) or chr(code) for code in raw)
        text = unicodedata.normalize("NFKC", shown).strip(_PADDING)
        text = "" if not text.strip(_UNNAMED) else text
        if len(self._texts) >= _TEXTS_KEPT:
            self._texts.clear()
        self._texts[raw] = text
        return text
