from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.drivers.servomex4100 import channels
from gateway.drivers.servomex4100.channels import SLOT_BY_ID, SLOTS, validate
from gateway.model.readings import ChannelKind


def test_addresses_are_those_of_the_protocol_description():
    first_values = {"I1": 0, "I2": 7, "I3": 14, "I4": 21, "D1": 28, "D2": 35, "D3": 42, "D4": 49, "E1": 56, "E2": 63}
    first_bits = {"I1": 0, "I2": 8, "I3": 16, "I4": 24, "D1": 32, "D2": 40, "D3": 48, "D4": 56, "E1": 64, "E2": 72}
    assert {slot.id: slot.value_address for slot in SLOTS} == first_values
    assert {slot.id: slot.bits_address for slot in SLOTS} == first_bits
    assert (SLOT_BY_ID["E2"].name_address, SLOT_BY_ID["E2"].unit_address) == (65, 68)
    assert (channels.ALL_REGISTERS, channels.ALL_SLOT_BITS) == (70, 80)


def test_kinds_parents_and_state_bits():
    assert [slot.kind for slot in SLOTS] == (
        [ChannelKind.MEASURED] * 4 + [ChannelKind.DERIVED] * 4 + [ChannelKind.EXTERNAL] * 2
    )
    assert [slot.parent for slot in SLOTS] == ["", "", "", "", "I1", "I2", "I3", "I4", "", ""]
    assert SLOT_BY_ID["D3"].state_bits == ("fault", "maintenance", "calibrating", "warming_up")
    assert SLOT_BY_ID["E1"].state_bits == ("invalid",)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (1, {"id": "I1"}, "occurs twice"),
        (3, {"value_address": 22}, "30022"),
        (2, {"value_address": 15}, "input registers"),
        (9, {"unit_address": 67}, "input registers"),
        (5, {"bits_address": 41}, "discrete inputs"),
        (4, {"parent": ""}, "derived"),
        (0, {"parent": "I2"}, "derived"),
    ],
)
def test_a_wrong_table_is_refused(index: int, change: dict[str, Any], message: str):
    wrong = [replace(slot, **change) if place == index else slot for place, slot in enumerate(SLOTS)]
    with pytest.raises(ValueError, match=message):
        validate(wrong)
