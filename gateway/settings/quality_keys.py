"""What may stand behind a state under `quality`: the name of a StatusCode, or keys and values."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Tag

from gateway.model.quality_overrides import QualityOverride

NAME_FORM, KEYS_FORM = "<name>", "<keys>"
"""How the validator tells the two forms apart; they turn up in the places of its findings and in no file."""


def _form(value: object) -> str:
    return KEYS_FORM if isinstance(value, dict | QualityOverride) else NAME_FORM


QualityKey = Annotated[
    Annotated[str, Tag(NAME_FORM)] | Annotated[QualityOverride, Tag(KEYS_FORM)], Discriminator(_form)
]
"""`calibrating: Uncertain`, or `calibrating: {status: Uncertain, severity: MAJOR}`."""
