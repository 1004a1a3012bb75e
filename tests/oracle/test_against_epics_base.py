"""The gateway and a soft IOC of EPICS base, built from the gateway's own database, asked the same by libca.

Every record type, its value and all its fields, in every DBR type: plain, STS, TIME, GR, CTRL, STSACK and CLASS_NAME.
"""

from __future__ import annotations

import math
from array import array
from importlib.util import find_spec
from pathlib import Path

import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.described_records import DescribedRecord
from gateway.adapters.epics_ca.differences import DIFFERENCES, DifferenceName
from gateway.adapters.epics_ca.field_table import FIELDS
from gateway.adapters.epics_ca.field_types import FieldType
from gateway.model.quality import State
from gateway.model.value import Value
from tests.adapters.epics_ca.acting import ManualClock, RecordingDesk
from tests.oracle.explained import RULES, explanation, findings
from tests.oracle.oracle_site import ALIAS, BARE, RECORDS, SETTINGS, SITE, TRACE, feed_gateway, soft_ioc, witnesses
from tests.serving import serving


def numbers(*values: float) -> memoryview:
    return memoryview(array("d", values)).toreadonly()


STEPS: tuple[tuple[tuple[Value, ...], State], ...] = (
    ((20.956, 3.14159, 21.5, 2**40 + 7, True, "x" * 60, numbers(1.2345, -2.5, 300.75, 1e6), numbers(1.0)), State.GOOD),
    (
        (2.345, -2.5, 1e300, -5, False, "O2", numbers(1e9, 1e17, -1e300, 0.0, 65535.5, -0.0625), numbers(2.5)),
        State.GOOD,
    ),
    ((24.5, 1e8, -1.5, 4, True, "42", numbers(), numbers()), State.HIGH_HIGH),
    ((24.5, 1e17, 1e16, 4, True, "42", numbers(4.0), numbers(-1.0)), State.COMMUNICATION_LOST),
    ((math.nan, -math.inf, 1.0, 4, True, "", numbers(math.nan, math.inf, 1.0), numbers(0.5)), State.NO_VALUE),
)
SERVED_AND_NOT = (
    "TIME",
    "NORD",
    "FTVL",
    "NOPE",
    "EGU$",
    "PREC",
    "RTYP",
    "ZNAM",
    "HIHI",
    "SIZV",
    "VAL",
    "SCAN$",
    "VAL$",
    "HASH",
    "RARM",
)
"""Fields that only some types of record have."""


SLICES = ("VAL[1:2]", "VAL[-4:-2]", "VAL[4:1]", "VAL[3]", "VAL[0:2:5]", "VAL[-9:-5]", '{"arr":{"i":-1,"s":2}}')


def names(step: int) -> dict[str, tuple[DescribedRecord, str]]:
    """Name to record and field, which is empty for the value; later on, only what may have changed."""
    found = {f"{ALIAS}{field}": (RECORDS[0], field[1:]) for field in ("", ".NAME", ".EGU")}
    for record in RECORDS:
        kind = record.reported_record_type
        fields = ["", *SERVED_AND_NOT] if step == 0 else [""]
        for field, spec in FIELDS[kind].items():
            if step <= 1 or spec.live:
                fields += [field, f"{field}$"] if spec.type is FieldType.STRING else [field]
        fields += ["VAL$"] if kind == "lsi" else SLICES if record.point is TRACE else []
        if record.point is BARE:  # the fields are those of the other one
            fields = ["", "NELM", "NORD", "VAL[1:2]"]
        found |= {
            f"{record.name}.{field}".rstrip("."): (record, "" if field in ("VAL", *SLICES) else field)
            for field in fields
        }
    return found


@pytest.mark.skipif(find_spec("softioc") is None, reason="there is no softioc for this machine")
async def test_no_difference_is_unexplained(tmp_path: Path, unused_port: int):
    adapter = ChannelAccessAdapter(SITE, SETTINGS, ManualClock())
    adapter.offer(RecordingDesk())
    unexplained: dict[str, None] = {}
    seen: set[DifferenceName] = set()
    async with soft_ioc(tmp_path, unused_port) as ioc, serving(adapter) as endpoint:
        port = int(endpoint.rpartition(":")[2])
        for number, step in enumerate((None, *STEPS)):
            if step is not None:
                feed_gateway(adapter, *step, number)
                await ioc.feed(*step, number)
            asked = names(number)
            gateway, base = await witnesses((port, unused_port), list(asked))
            for name, (record, field) in asked.items():
                for found in findings(record, field, gateway[name], base[name]):
                    reason = explanation(found)
                    if reason is None:
                        unexplained[f"step {number}: {name}: {found}"] = None
                    else:
                        seen.add(reason)
    assert not unexplained, "\n".join(unexplained)
    assert seen == set(DifferenceName), "a difference that is explained does not exist"


def test_every_difference_has_an_explanation():
    assert list(DIFFERENCES) == list(RULES) == list(DifferenceName)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_fields_that_archivers_and_screens_read_are_served(record: DescribedRecord):
    always = {"NAME", "DESC", "RTYP", "SCAN", "STAT", "SEVR", "AMSG", "UDF", "ASG", "TSE", "ACKT", "ACKS"}
    numbers = {
        "EGU",
        "HOPR",
        "LOPR",
        "HIHI",
        "HIGH",
        "LOW",
        "LOLO",
        "HHSV",
        "HSV",
        "LSV",
        "LLSV",
        "HYST",
        "MDEL",
        "ADEL",
    }
    wanted = {
        "ai": numbers | {"PREC"},
        "int64in": numbers,
        "longout": numbers | {"DRVH", "DRVL"},
        "bi": {"ZNAM", "ONAM", "ZSV", "OSV", "COSV"},
        "bo": {"ZNAM", "ONAM", "ZSV", "OSV", "COSV"},
        "lsi": {"SIZV"},
        "ao": numbers | {"PREC", "DRVH", "DRVL"},
        "waveform": {"EGU", "PREC", "HOPR", "LOPR", "NELM", "NORD", "FTVL", "BUSY", "RARM", "MPST", "APST"},
    }
    assert always | wanted[record.reported_record_type] <= set(FIELDS[record.reported_record_type])
