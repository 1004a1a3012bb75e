"""The draft is a whole settings file: right as it stands, and with everything that was seen in its comments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import LinkError
from gateway.export.draft_settings import draft_settings
from gateway.model.bus_spec import BusSpec
from gateway.model.discovery import FoundAnalyser, FoundChannel, Identity, LinkFinding
from gateway.model.readings import ChannelKind, ProtocolKind
from gateway.settings.load import check_settings, load_settings

AT = datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)
I1 = FoundChannel("I1", ChannelKind.MEASURED, "Oxygen", "%", 20.376, 3)
I2 = FoundChannel("I2", ChannelKind.MEASURED, "CO2", "%", None)
E1 = FoundChannel("E1", ChannelKind.EXTERNAL, "", "mA", 0.0, 1)
HEARD = "a whole frame with a right checksum was heard after 1.3 s, and nothing was sent"
RETURNED = "address {} returned the loopback 8001 within 35 ms"


def polled(address: int, *channels: FoundChannel, remarks: tuple[str, ...] = ()) -> FoundAnalyser:
    identity = Identity("Servomex", "4100", channels, {"address": address}, AT, remarks)
    return FoundAnalyser("servomex4100", address, RETURNED.format(address), identity)


def site() -> list[LinkFinding]:
    talker = Identity("Servomex", "4100", (I1, I2, E1), {"frame_interval_s": 2}, AT, ("frame interval 2 s, measured",))
    return [
        LinkFinding(
            "/dev/ttyUSB0",
            BusSpec("/dev/ttyUSB0", ProtocolKind.CONTINUOUS, 9600, parity="even"),
            HEARD,
            [FoundAnalyser("servomex4100", None, HEARD, talker)],
            complete=True,
        ),
        LinkFinding(
            "socket://10.0.0.7:4001",
            BusSpec("socket://10.0.0.7:4001", ProtocolKind.MODBUS_ASCII, 2400, timeout_s=2.7),
            RETURNED.format(3),
            [polled(3, I1, E1, remarks=("a read over all slots is refused",)), polled(30, I2)],
            ["garbled answer from address 5"],
        ),
        LinkFinding(
            "socket://10.0.0.8:502",
            BusSpec("socket://10.0.0.8:502", ProtocolKind.MODBUS_TCP),
            RETURNED.format(1),
            [polled(1, E1)],
            complete=True,
        ),
        LinkFinding("/dev/ttyUSB1", remarks=["something talks on this line"], complete=True),
        LinkFinding("/dev/ttyUSB2", problem=LinkError("the port is in use", hint="close the other program")),
    ]


def loaded(text: str, folder: Path):
    path = folder / "draft.yaml"
    path.write_text(text, encoding="utf-8")
    found = load_settings(path, environ={})
    assert check_settings(found).warnings == ()
    return found


def test_the_draft_of_a_site_is_the_golden_one_and_right_as_it_stands(tmp_path: Path) -> None:
    rates = {"socket://10.0.0.7:4001": 0.21, "socket://10.0.0.8:502": 1.0, "/dev/ttyUSB0": 1.0}
    draft = draft_settings(site(), rates, AT)
    assert draft == Path(__file__).with_name("draft.golden.yaml").read_text(encoding="utf-8")
    found = loaded(draft, tmp_path)
    assert list(found.buses.values()) == [finding.spec for finding in site()[:3]]
    options = [analyser.options for analyser in found.analysers.values()]
    assert all(isinstance(each, Servomex4100Settings) for each in options)
    assert [list(each.channels) for each in options] == [["I1", "I2"], ["I1"], ["I2"], ["E1"]]
    assert [each.address for each in options[1:]] == [3, 30, 1]
    assert options[0].frame_interval_s == 2
    assert {name: vars_of(section) for name, section in found.adapters.items()} == {
        "opcua": ("127.0.0.1", None),
        "epics_ca": (None, ("127.0.0.1",)),
    }


def vars_of(section: object) -> tuple[object, object]:
    return getattr(section, "host", None), getattr(section, "interfaces", None)


def test_without_an_instrument_there_is_no_draft() -> None:
    with pytest.raises(ValueError, match="no instrument"):
        draft_settings(site()[3:], {}, AT)


@pytest.mark.parametrize(
    ("channels", "served"),
    [
        ((replace(I1, name=""), I2, E1), ["I2"]),
        ((replace(I1, name=""), replace(I2, name=""), E1), ["I1", "I2"]),
        ((E1,), ["E1"]),
        ((replace(E1, name="Flow"), I1), ["E1", "I1"]),
    ],
)
def test_named_channels_are_served_and_the_others_are_there_to_be_uncommented(
    channels: tuple[FoundChannel, ...], served: list[str], tmp_path: Path
) -> None:
    finding = replace(site()[2], analysers=[polled(1, *channels)])
    draft = draft_settings([finding], {}, AT)
    (analyser,) = loaded(draft, tmp_path).analysers.values()
    assert list(analyser.options.channels) == served
    uncommented = draft.replace("      # ", "      ")
    (analyser,) = loaded(uncommented, tmp_path).analysers.values()
    assert set(analyser.options.channels) == {channel.channel for channel in channels}


@given(name=st.binary(min_size=6, max_size=6), unit=st.binary(min_size=3, max_size=3), remark=st.text(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_whatever_an_instrument_calls_itself_is_read_back(
    name: bytes, unit: bytes, remark: str, tmp_path: Path
) -> None:
    text = DisplayText()
    channel = replace(I1, name=text.name(name), unit=text.unit(unit))
    finding = replace(site()[2], analysers=[polled(1, channel)], remarks=[remark])
    (analyser,) = loaded(draft_settings([finding], {}, AT), tmp_path).analysers.values()
    assert analyser.options.channels["I1"].description == written(channel.name)
    assert analyser.options.channels["I1"].unit == written(channel.unit)


def written(text: str) -> str:
    """Settings may not hold control characters."""
    return "".join("?" if category(character) == "Cc" else character for character in text)


@pytest.mark.parametrize("name", ["${PATH}", "$${", "a#b", "- x: y", '"\\', "'", "%", "\u2028", "CO₂"])
def test_names_that_mean_something_in_yaml_are_only_names(name: str, tmp_path: Path) -> None:
    finding = replace(site()[2], analysers=[polled(1, replace(I1, name=name))])
    (analyser,) = loaded(draft_settings([finding], {}, AT), tmp_path).analysers.values()
    assert analyser.options.channels["I1"].description == name
