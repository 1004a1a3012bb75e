"""The EPICS database: word for word, and what base cannot take is made fit."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from gateway.adapters.epics_ca.access_rules import Permission, Rule
from gateway.adapters.epics_ca.access_settings import AccessSettings, Membership
from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.described_records import described_records
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, StatisticsSettings
from gateway.export.epics_database import epics_database
from gateway.model.points import ValueKind
from tests.adapters.epics_ca.acting import RecordingDesk
from tests.clients.libca import connected
from tests.oracle.oracle_site import OXYGEN, RECORDS, SETTINGS, SITE
from tests.serving import serving

GOLDEN = Path(__file__).with_name("works.golden.db")
ROOT = Path(__file__).parents[2]


def test_the_database_of_a_site_with_every_type_of_record():
    assert epics_database(SITE.name, RECORDS) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("description", "written"),
    [
        ('say "no"', r"say \"no\""),
        (r"a\b", r"a\\b"),
        ("$(NAME)", "(NAME)"),
        ("two\nlines", "two lines"),
        ("µ" * 30, "µ" * 20),
    ],
)
def test_descriptions_are_escaped_and_cut(description: str, written: str):
    record = replace(RECORDS[0], point=replace(OXYGEN, description=description))
    assert f'    field(DESC, "{written}")\n' in epics_database("works", [record])


def test_aliases_and_statistics_are_in_it():
    settings = ChannelAccessSettings(aliases={"LAB:O2": "stack/I1/Value"}, statistics=StatisticsSettings(prefix="GW:"))
    text = epics_database(SITE.name, described_records(SITE, settings))
    assert '    alias("LAB:O2")\n' in text
    assert 'record(ai, "GW:HEARTBEAT") {\n' in text


def test_every_point_of_the_model_has_a_type_of_record():
    kinds = {record.point.kind for record in RECORDS}
    assert kinds == set(ValueKind)


@pytest.mark.parametrize(
    ("settings", "code"),
    [("config/demo.yaml", 0), ("config/simulator.yaml", 2), ("tests/settings/good/no_such.yaml", 2)],
)
async def test_the_verb(settings: str, code: int):
    command = [sys.executable, "-m", "gateway", "export", "db", settings]
    done = await anyio.run_process(command, check=False, cwd=ROOT)
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(b"# EPICS database of site demo") is (code == 0)
    assert b"Traceback" not in done.stderr


async def test_access_security_groups_are_in_it_and_served():
    access = AccessSettings(
        groups={"DEFAULT": (Rule(Permission.READ),), "COMMANDS": (Rule(Permission.WRITE),)},
        members=(Membership("COMMANDS", pvs=("T:*:Action:*",)),),
    )
    settings = replace(SETTINGS, access=access)
    text = epics_database(SITE.name, described_records(SITE, settings))
    assert text.count('    field(ASG, "COMMANDS")\n') == 5
    adapter = ChannelAccessAdapter(SITE, settings)
    adapter.offer(RecordingDesk())
    async with serving(adapter) as endpoint, connected(int(endpoint.rpartition(":")[2])) as client:
        assert (await client.get("T:stack:Action:Confirm.ASG"))["value"] == "COMMANDS"
        assert (await client.get("T:stack:I1.ASG"))["value"] == ""
