from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.bus_spec import BusSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import AlarmLimits
from gateway.model.quality import QUALITY, Severity, State
from gateway.model.readings import ProtocolKind
from gateway.settings.load import check_settings, load_settings
from gateway.settings.site_settings import AnalyserSettings
from gateway.settings.site_spec import describe_devices, site_spec

GOOD = Path(__file__).parent / "good"


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.stem)
def test_good_file_passes_without_a_warning(path: Path):
    settings = load_settings(path, environ={})
    report = check_settings(settings)
    assert report.warnings == ()
    assert [budget.bus for budget in report.budgets] == list(settings.buses)


def test_every_section_arrives_typed():
    settings = load_settings(GOOD / "demo.yaml", environ={})
    assert settings.site == "demo"
    assert settings.buses == {"stack-line": BusSpec("/dev/ttyUSB0", ProtocolKind.MODBUS_RTU)}
    oxygen = ChannelSpec("%", (0.0, 25.0), 3, "Oxygen", AlarmLimits(low=18.0, high=23.5))
    assert settings.analysers == {
        "stack1": AnalyserSettings(
            "stack1",
            "servomex4100",
            "stack-line",
            Servomex4100Settings({"I1": oxygen, "I2": ChannelSpec("%")}, address=30),
            "Stack gas, north flue",
            0.5,
            10.0,
        )
    }
    assert settings.adapters["opcua"] == OpcUaSettings(port=4840, anonymous=AnonymousAccess.OBSERVER).beside(GOOD)
    assert list(settings.adapters) == ["opcua", "epics_ca"]


def test_variables_merges_and_secrets_arrive():
    settings = load_settings(GOOD / "every_feature.yaml", environ={"RTU_BAUDRATE": "4800", "RTU_PORT": ""})
    assert settings.buses["rtu"] == BusSpec(
        "/dev/ttyS1", ProtocolKind.MODBUS_RTU, baudrate=4800, idle_gap_ms=60.0, timeout_s=0.5, attempts=2
    )
    assert settings.buses["ascii"].attempts == 3
    assert settings.buses["network"].parsed_link.host == "fe80::1"
    flue_2 = settings.analysers["flue_2"]
    assert isinstance(flue_2.options, Servomex4100Settings)
    assert (flue_2.options.address, flue_2.bus, flue_2.rate_hz, flue_2.stale_after_s) == (2, "rtu", 0.2, 30.0)
    assert flue_2.options.channels["I1"].description == "costs ${NOTHING}"
    assert settings.adapters["opcua"] == OpcUaSettings(
        application_name="Gateway of the north flue", anonymous=AnonymousAccess.OBSERVER
    ).beside(GOOD)


def test_quality_ranges_and_limits_reach_the_points():
    settings = load_settings(GOOD / "every_feature.yaml", environ={"RTU_BAUDRATE": "4800", "RTU_PORT": ""})
    inlet, flue_1, flue_2, *_ = site_spec(settings).devices
    assert inlet.quality[State.GOOD].status_name == "UncertainSimulatedValue"
    assert flue_1.quality is QUALITY
    warming_up = flue_2.quality[State.WARMING_UP]
    assert (warming_up.status_name, warming_up.severity) == ("UncertainInitialValue", Severity.MAJOR)
    assert flue_2.quality[State.CALIBRATING].keeps_value
    oxygen = inlet.points[0]
    assert (oxygen.display_range, oxygen.instrument_range) == ((0, 25), (-1.25, 26.25))
    assert oxygen.limits == AlarmLimits(1, 2.5, 23, 24, hysteresis=0.2, delay_s=5)
    assert [describe_devices(settings)["inlet"].channels[name].out_of_service for name in ("I1", "E1")] == [False, True]
