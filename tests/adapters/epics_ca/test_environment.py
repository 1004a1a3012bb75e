"""EPICS_* variables fill in what the settings leave out, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from gateway.adapters.epics_ca.beacons import beacon_targets
from gateway.adapters.epics_ca.broadcasts import broadcast_address, parse_routes
from gateway.adapters.epics_ca.environment import reach
from gateway.adapters.epics_ca.limits import MOST_MESSAGE_BYTES, Limits
from gateway.adapters.epics_ca.settings import ChannelAccessSettings

SILENT = ChannelAccessSettings()
ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\tFE01A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
eth1\t0000020A\t0100000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t0010000A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0
tun0\t0100400A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
eth0\t000000E0\t00000000\t0001\t0\t0\t0\t000000F0\t0\t0\t0
eth2\t0000A8C0\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
NETWORKS = [IPv4Network("192.168.1.0/24"), IPv4Network("10.0.0.0/8"), IPv4Network("10.0.16.0/20")]


def test_without_variables_the_defaults_of_epics_hold() -> None:
    found = reach(SILENT, {})
    assert (found.interfaces, found.port, found.beacon_port, found.beacon_period_s) == (("0.0.0.0",), 5064, 5065, 15.0)
    assert (found.beacons, found.broadcast_beacons, found.ignored, found.message_bytes) == (
        (),
        True,
        frozenset(),
        16384,
    )


def test_each_variable_is_honoured() -> None:
    found = reach(
        SILENT,
        {
            "EPICS_CAS_INTF_ADDR_LIST": "10.0.0.1  10.0.0.2:77 10.0.0.1",
            "EPICS_CAS_SERVER_PORT": "6064",
            "EPICS_CA_SERVER_PORT": "7064",
            "EPICS_CAS_BEACON_ADDR_LIST": "archiver 10.0.0.255:6065",
            "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
            "EPICS_CAS_BEACON_PORT": "6066",
            "EPICS_CA_REPEATER_PORT": "7065",
            "EPICS_CAS_BEACON_PERIOD": "2.5",
            "EPICS_CAS_IGNORE_ADDR_LIST": "10.0.0.66 10.0.0.67",
            "EPICS_CA_MAX_ARRAY_BYTES": "100000",
        },
    )
    assert (found.interfaces, found.port) == (("10.0.0.1", "10.0.0.2"), 6064)
    assert (found.beacons, found.broadcast_beacons) == (("archiver", "10.0.0.255:6065"), False)
    assert (found.beacon_port, found.beacon_period_s, found.message_bytes) == (6066, 2.5, 100_000)
    assert found.ignored == {"10.0.0.66", "10.0.0.67"}


def test_variables_of_clients_stand_in_for_those_of_servers() -> None:
    found = reach(SILENT, {"EPICS_CA_SERVER_PORT": "7064", "EPICS_CA_REPEATER_PORT": "7065"})
    assert (found.port, found.beacon_port) == (7064, 7065)


def test_settings_win() -> None:
    settings = replace(SILENT, interfaces=("10.0.0.9",), port=1, beacons=("a:2",), limits=Limits(message_bytes=20_000))
    variables = {
        "EPICS_CAS_INTF_ADDR_LIST": "nowhere",
        "EPICS_CAS_SERVER_PORT": "many",
        "EPICS_CAS_BEACON_ADDR_LIST": "b",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "YES",
        "EPICS_CA_MAX_ARRAY_BYTES": "much",
    }
    found = reach(settings, variables)
    assert (found.interfaces, found.port, found.beacons) == (("10.0.0.9",), 1, ("a:2",))
    assert (found.broadcast_beacons, found.message_bytes) == (False, 20_000)


@pytest.mark.parametrize(("asked", "granted"), [("1", 16_384), ("99999999", MOST_MESSAGE_BYTES), ("", 16_384)])
def test_message_sizes_are_bounded(asked: str, granted: int) -> None:
    assert reach(SILENT, {"EPICS_CA_MAX_ARRAY_BYTES": asked}).message_bytes == granted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EPICS_CAS_INTF_ADDR_LIST", "localhost"),
        ("EPICS_CAS_IGNORE_ADDR_LIST", "10.0.0.300"),
        ("EPICS_CAS_SERVER_PORT", "65536"),
        ("EPICS_CA_SERVER_PORT", "many"),
        ("EPICS_CAS_BEACON_PORT", "-1"),
        ("EPICS_CAS_BEACON_PERIOD", "0.01"),
        ("EPICS_CAS_BEACON_PERIOD", "often"),
        ("EPICS_CA_MAX_ARRAY_BYTES", "16k"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        reach(SILENT, {name: value})


@pytest.mark.skipif("__import__('sys').byteorder != 'little'", reason="the table above is of a little-endian machine")
def test_only_networks_without_a_router_have_broadcasts() -> None:
    networks = parse_routes(ROUTES)
    assert networks == NETWORKS
    assert broadcast_address("10.0.17.1", networks) == "10.0.31.255"
    assert broadcast_address("10.9.0.1", networks) == "10.255.255.255"
    assert broadcast_address("172.16.0.1", networks) is None


def test_beacons_go_to_the_networks_of_the_interfaces() -> None:
    listed = [("10.0.0.50", 5065)]
    one = reach(SILENT, {"EPICS_CAS_INTF_ADDR_LIST": "192.168.1.4 127.0.0.1"})
    assert beacon_targets(one, listed, NETWORKS) == {
        "192.168.1.4": [*listed, ("192.168.1.255", 5065)],
        "127.0.0.1": [*listed, ("127.0.0.1", 5065)],
    }
    every = [("192.168.1.255", 5065), ("10.255.255.255", 5065), ("10.0.31.255", 5065)]
    assert beacon_targets(reach(SILENT, {}), [], NETWORKS) == {"0.0.0.0": every}
    assert beacon_targets(reach(SILENT, {}), [], []) == {"0.0.0.0": [("255.255.255.255", 5065)]}
    assert beacon_targets(reach(replace(SILENT, beacons=()), {}), [], NETWORKS) == {}
