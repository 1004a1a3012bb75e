"""What libca reads: every kind in every class of types, exact time stamps, alarms, fields, long strings."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.model.quality import QUALITY, State

EPICS_UDF, INVALID = 17, 3


async def test_before_the_first_sample_everything_is_undefined_and_stamped_with_the_start(client: Any):
    seen = await client.get("T:stack:I1", format="TIME")
    assert (seen["value"], seen["status"], seen["severity"]) == (0.0, EPICS_UDF, INVALID)
    assert time.time() - 120 < seen["raw_stamp"][0] <= time.time()
    assert (await client.get("T:stack:I1:Name"))["value"] == ""
    assert (await client.get("T:stack:I1:Fault"))["value"] == 0
    assert (await client.get("T:stack:I1.UDF"))["value"] == 1


@pytest.mark.parametrize("unix_us", [1_700_000_000_123_457, 1_700_000_000_999_999, 631_152_000_000_001])
async def test_time_stamps_are_exact(adapter: ChannelAccessAdapter, client: Any, update: Any, unix_us: int):
    values = {"I1": 20.95, "I1:Name": "O2", "I1:Fault": True, "Status:Tick": 7}
    adapter.apply(update(values, unix_us=unix_us))
    for name in values:
        seen = await client.get(f"T:stack:{name}", format="TIME")
        assert tuple(seen["raw_stamp"]) == (unix_us // 1_000_000, unix_us % 1_000_000 * 1000)


async def test_a_measured_value_with_its_metadata(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 20.956}))
    seen = await client.get("T:stack:I1", format="CTRL")
    assert (seen["value"], seen["units"], seen["precision"], seen["severity"]) == (20.956, "%", 2, 0)
    assert (seen["upper_disp_limit"], seen["lower_disp_limit"]) == (25.0, 0.0)
    assert (seen["upper_alarm_limit"], seen["lower_warning_limit"]) == (24.0, 1.5)
    assert math.isnan(seen["upper_warning_limit"])
    assert math.isnan(seen["lower_alarm_limit"])


async def test_a_value_beyond_the_range_is_shown_and_no_number_is_nan(
    adapter: ChannelAccessAdapter, client: Any, update: Any
):
    adapter.apply(update({"I1": 150.0}, state=State.OUT_OF_RANGE_HIGH))
    assert (await client.get("T:stack:I1"))["value"] == 150.0
    adapter.apply(update({"I1": math.nan}, state=State.NO_VALUE))
    assert math.isnan((await client.get("T:stack:I1"))["value"])


async def test_nothing_new_leaves_the_last_value_in_place(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 20.9, "I1:Name": "O2", "Status:Tick": 5}))
    adapter.apply(update({"I1": None, "I1:Name": None, "Status:Tick": None}, state=State.COMMUNICATION_LOST))
    assert (await client.get("T:stack:I1"))["value"] == 20.9
    assert (await client.get("T:stack:I1:Name"))["value"] == "O2"
    assert (await client.get("T:stack:Status:Tick"))["value"] == 5


async def test_counters_go_beyond_32_bits(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"Status:Tick": 2**40 + 1}))
    seen = await client.get("T:stack:Status:Tick", format="CTRL")
    assert (seen["value"], seen["precision"], seen["units"]) == (2.0**40 + 1, 0, "")
    assert (await client.get("T:stack:Status:Tick", datatype="STRING"))["value"] == str(2**40 + 1)
    assert (await client.get("T:stack:Status:Tick", datatype="LONG"))["value"] == 2**31 - 1
    assert (await client.get("T:stack:Status:Tick.RTYP"))["value"] == "int64in"


async def test_a_flag_has_two_named_states(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1:Fault": True}))
    seen = await client.get("T:stack:I1:Fault", format="CTRL")
    assert (seen["value"], seen["enums"]) == (1, ["No", "Yes"])
    assert (await client.get("T:stack:I1:Fault", datatype="STRING"))["value"] == "Yes"
    assert (await client.get("T:stack:I1:Fault", datatype="DOUBLE"))["value"] == 1.0


async def test_texts_of_any_length(adapter: ChannelAccessAdapter, client: Any, update: Any):
    for text in ("", "Oxygen", "x" * 39, "x" * 40, "x" * 73, "µ" * 60):
        adapter.apply(update({"I1:Name": text}))
        short = text.encode()[:39].decode(errors="ignore")
        assert (await client.get("T:stack:I1:Name"))["value"] == short
        assert (await client.get("T:stack:I1:Name", datatype="CHAR_STR"))["value"] == text
        assert (await client.get("T:stack:I1:Name.VAL$", datatype="CHAR_STR"))["value"] == text


async def test_a_text_that_is_no_number_fails_as_a_number_and_one_that_is_does_not(
    adapter: ChannelAccessAdapter, client: Any, update: Any
):
    adapter.apply(update({"I1:Name": "O2"}))
    with pytest.raises(RuntimeError, match=r"(?i)read request failed"):
        await client.get("T:stack:I1:Name", datatype="DOUBLE")
    adapter.apply(update({"I1:Name": "42"}))
    assert (await client.get("T:stack:I1:Name", datatype="DOUBLE"))["value"] == 42.0


async def test_every_state_shows_its_alarm_and_stays_latched(adapter: ChannelAccessAdapter, client: Any, update: Any):
    for state, quality in QUALITY.items():
        for value in (1.0, 2.0, 3.0):
            adapter.apply(update({"I1": value}, state=state))
            seen = await client.get("T:stack:I1", format="TIME")
            assert (seen["value"], seen["status"], seen["severity"]) == (value, quality.status, quality.severity)


async def test_an_alarm_of_one_pv_leaves_its_neighbours_alone(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 1.0, "Plain": 1.0}))
    adapter.apply(update({"I1": 2.0}, state=State.CHANNEL_FAULT))
    assert (await client.get("T:stack:Plain", format="TIME"))["severity"] == 0


FIELDS = {
    "NAME": "T:stack:I1",
    "DESC": "Oxygen in the stack",
    "RTYP": "ai",
    "EGU": "%",
    "PREC": 2,
    "HOPR": 25.0,
    "LOPR": 0.0,
    "HIHI": 24.0,
    "LOW": 1.5,
    "HHSV": 2,
    "HSV": 0,
    "LSV": 1,
    "LLSV": 0,
    "SCAN": 2,
    "MDEL": 0.0,
    "ADEL": 0.0,
    "UDF": 0,
    "STAT": 0,
    "SEVR": 0,
    "VAL": 20.5,
}


async def test_fields_of_a_measured_value(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 20.5}))
    seen = {field: (await client.get(f"T:stack:I1.{field}"))["value"] for field in FIELDS}
    assert seen == FIELDS


async def test_other_fields(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 20.5}, state=State.HIGH_HIGH))
    assert (await client.get("T:stack:I1.SCAN", datatype="STRING"))["value"] == "I/O Intr"
    assert (await client.get("T:stack:I1.STAT", datatype="STRING"))["value"] == "HIHI"
    assert (await client.get("T:stack:I1.SEVR", datatype="STRING"))["value"] == "MAJOR"
    assert (await client.get("T:stack:I1.PREC", datatype="STRING"))["value"] == "2"
    assert (await client.get("T:stack:I1.HIGH"))["value"] == 0.0
    assert (await client.get("T:stack:I1.AMSG"))["value"] == "high-high"
    assert (await client.get("T:stack:I1:Fault.ZNAM"))["value"] == "No"
    assert (await client.get("T:stack:I1:Fault.RTYP"))["value"] == "bi"
    assert (await client.get("T:stack:I1.DESC$", datatype="CHAR_STR"))["value"] == "Oxygen in the stack"
    assert (await client.get("T:stack:I1", datatype="CLASS_NAME"))["value"] == "ai"
    acknowledge = await client.get("T:stack:I1", datatype="STSACK")
    assert (acknowledge["value"], acknowledge["severity"], acknowledge["acks"]) == ("20.50", 2, 2)


async def test_unknown_names_are_not_found(client: Any):
    for name in ("T:stack:I2", "T:stack:I1.NOPE", "T:stack:I1.VAL$", "T:stack:I1$", "T:stack:I1.{bad"):
        with pytest.raises(RuntimeError, match=r"(?i)timeout|disconnected"):
            await client.get(name, timeout=0.3)


async def test_nothing_is_writable(adapter: ChannelAccessAdapter, client: Any, update: Any):
    adapter.apply(update({"I1": 20.5, "I1:Name": "O2", "I1:Fault": True}))
    for name in ("T:stack:I1", "T:stack:I1:Name", "T:stack:I1:Fault", "T:stack:I1.HIHI", "T:stack:I1.DESC"):
        before = await client.get(name)
        info = await client.ask("info", name)
        assert (info["read"], info["write"]) == (True, False)
        with pytest.raises(RuntimeError, match=r"(?i)write access denied"):
            await client.ask("put", name, value=1)
        assert (await client.get(name))["value"] == before["value"]


async def test_pyepics_agrees(adapter: ChannelAccessAdapter, pyepics: Any, update: Any):
    adapter.apply(update({"I1": 20.956, "I1:Name": "O2", "I1:Fault": True, "Status:Tick": 2**33}))
    seen = await pyepics("T:stack:I1", "T:stack:I1:Name", "T:stack:I1:Fault", "T:stack:Status:Tick")
    oxygen = seen["T:stack:I1"]
    assert (oxygen["value"], oxygen["units"], oxygen["precision"], oxygen["upper_alarm_limit"]) == (
        20.956,
        "%",
        2,
        24.0,
    )
    assert (oxygen["posixseconds"], oxygen["nanoseconds"]) == (1_700_000_000, 123_457_000)
    assert seen["T:stack:I1:Name"]["value"] == "O2"
    assert seen["T:stack:I1:Fault"]["char_value"] == "Yes"
    assert seen["T:stack:Status:Tick"]["value"] == 2.0**33
    for pv in seen.values():
        assert (pv["read_access"], pv["write_access"]) == (True, False)
        assert pv["put"] != "done"
