"""The Read and Write services as a client sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from asyncua import Client, ua

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.notifications.point_values import BoundValue
from gateway.model.update import Update
from tests.adapters.opcua.recording_desk import METHOD, ClientKeys, operator

IDS, STAMPS = ua.AttributeIds, ua.TimestampsToReturn
VALUE, NAME, NAMESPACES, PRODUCT = "ns=2;s=stack/I1/Value", "ns=2;s=stack/I1/Name", "i=2255", "i=2262"
STATUS = "i=2256"


def _item(
    node: str, attribute: int = IDS.Value, index_range: str | None = None, encoding: str | None = None
) -> ua.ReadValueId:
    return ua.ReadValueId(ua.NodeId.from_string(node), attribute, index_range, ua.QualifiedName(encoding))


async def _read(
    client: Client, *items: ua.ReadValueId, stamps: int = STAMPS.Neither, age: float = 0
) -> list[ua.DataValue]:
    parameters = ua.ReadParameters(MaxAge=age, TimestampsToReturn=stamps, NodesToRead=list(items))
    return await client.uaclient.read(parameters)


async def _statuses(client: Client, *items: ua.ReadValueId) -> list[str]:
    return [data.StatusCode.name for data in await _read(client, *items)]


async def test_time_stamps_as_asked_for(url: str, adapter: OpcUaAdapter, update: Callable[..., Update]) -> None:
    adapter.apply(update())
    taken = update().stamp.utc
    async with Client(url) as client:
        for stamps, has_source, has_server in (
            (STAMPS.Source, True, False),
            (STAMPS.Server, False, True),
            (STAMPS.Both, True, True),
            (STAMPS.Neither, False, False),
        ):
            point, text, standard, name = await _read(
                client, _item(VALUE), _item(NAME), _item(PRODUCT), _item(VALUE, IDS.BrowseName), stamps=stamps
            )
            assert point.Value == ua.Variant(20.9, ua.VariantType.Double)
            assert text.Value == ua.Variant("O2", ua.VariantType.String)
            assert point.SourceTimestamp == (taken if has_source else None)
            for data in (point, text, standard):
                assert (data.SourceTimestamp is not None, data.ServerTimestamp is not None) == (has_source, has_server)
            assert (name.SourceTimestamp, name.ServerTimestamp is not None) == (None, has_server)
        (point,) = await _read(client, _item(VALUE), stamps=STAMPS.Both)
        assert abs(datetime.now(UTC) - point.ServerTimestamp).total_seconds() < 60


async def test_requests_that_make_no_sense_as_a_whole(url: str) -> None:
    async with Client(url) as client:
        for age, stamps, items, error in (
            (0, 4, [_item(VALUE)], "BadTimestampsToReturnInvalid"),
            (0, -1, [_item(VALUE)], "BadTimestampsToReturnInvalid"),
            (-0.5, STAMPS.Both, [_item(VALUE)], "BadMaxAgeInvalid"),
            (float("nan"), STAMPS.Both, [_item(VALUE)], "BadMaxAgeInvalid"),
            (0, STAMPS.Both, [], "BadNothingToDo"),
        ):
            with pytest.raises(ua.UaStatusCodeError, match=error):
                await _read(client, *items, stamps=stamps, age=age)
        for age in (0, 1e9, float("inf")):
            assert len(await _read(client, _item(PRODUCT), age=age)) == 1


async def test_parts_of_values(url: str, adapter: OpcUaAdapter, update: Callable[..., Update]) -> None:
    async with Client(url) as client:
        assert await _statuses(client, _item(VALUE, index_range="0")) == ["BadWaitingForInitialData"]
        adapter.apply(update())
        whole, first, rest, text = await _read(
            client,
            _item(NAMESPACES),
            _item(NAMESPACES, index_range="0"),
            _item(NAMESPACES, index_range="1:9"),
            _item(PRODUCT, index_range="0:2"),
        )
        assert first.Value.Value == whole.Value.Value[:1]
        assert rest.Value.Value == whole.Value.Value[1:]
        assert text.Value == ua.Variant("urn", ua.VariantType.String)
        for node, attribute, index_range, status in (
            (NAMESPACES, IDS.Value, "9", "BadIndexRangeNoData"),
            (NAMESPACES, IDS.Value, "1:0", "BadIndexRangeInvalid"),
            (NAMESPACES, IDS.Value, "all", "BadIndexRangeInvalid"),
            (VALUE, IDS.Value, "0", "BadIndexRangeNoData"),
            (VALUE, IDS.BrowseName, "0", "BadIndexRangeNoData"),
            (VALUE, IDS.BrowseName, "x", "BadIndexRangeInvalid"),
        ):
            assert await _statuses(client, _item(node, attribute, index_range)) == [status]


async def test_encodings(url: str, adapter: OpcUaAdapter, update: Callable[..., Update]) -> None:
    adapter.apply(update())
    async with Client(url) as client:
        for node, attribute, encoding, status in (
            (STATUS, IDS.Value, "Default Binary", "Good"),
            (STATUS, IDS.Value, "Default XML", "BadDataEncodingUnsupported"),
            (STATUS, IDS.Value, "Sanskrit", "BadDataEncodingInvalid"),
            (VALUE, IDS.Value, "Default Binary", "BadDataEncodingInvalid"),
            (VALUE, IDS.BrowseName, "Default Binary", "BadDataEncodingInvalid"),
        ):
            assert await _statuses(client, _item(node, attribute, encoding=encoding)) == [status]


async def test_nodes_and_attributes_that_are_not_there(url: str) -> None:
    async with Client(url) as client:
        wanted = [
            _item("ns=2;s=nobody"),
            _item("ns=2;g=00000000-0000-0000-0000-000000000001"),
            _item("ns=9;i=1"),
            _item("i=0"),
            _item("i=85"),
            _item(VALUE, 0),
            _item(VALUE, 28),
            _item(VALUE, 2**32 - 1),
            _item(VALUE, IDS.Executable),
            _item(VALUE, IDS.DataTypeDefinition),
        ]
        assert await _statuses(client, *wanted) == ["BadNodeIdUnknown"] * 4 + ["BadAttributeIdInvalid"] * 6


async def test_every_attribute_that_a_node_must_have(url: str) -> None:
    """Also those that are optional but make controllers give up when they are refused."""
    common = {IDS.NodeId, IDS.NodeClass, IDS.BrowseName, IDS.DisplayName, IDS.WriteMask, IDS.UserWriteMask}
    rights = {IDS.RolePermissions, IDS.UserRolePermissions, IDS.AccessRestrictions}
    variable = {
        IDS.Value,
        IDS.DataType,
        IDS.ValueRank,
        IDS.AccessLevel,
        IDS.UserAccessLevel,
        IDS.AccessLevelEx,
        IDS.Historizing,
    }
    expected: dict[str, set[ua.AttributeIds]] = {
        VALUE: variable,
        STATUS: variable,
        "i=85": {IDS.EventNotifier},
        "ns=2;s=stack": {IDS.EventNotifier},
        "i=11492": {IDS.Executable, IDS.UserExecutable},
        "i=2004": {IDS.IsAbstract},
        "i=2365": {IDS.IsAbstract, IDS.DataType, IDS.ValueRank},
        "i=35": {IDS.IsAbstract, IDS.Symmetric},
        "i=862": {IDS.IsAbstract},
    }
    async with Client(url) as client:
        for node, own in expected.items():
            wanted = sorted(common | rights | own)
            results = await _read(client, *(_item(node, attribute) for attribute in wanted))
            missing = [one for one, data in zip(wanted, results, strict=True) if "AttributeId" in data.StatusCode.name]
            assert missing == [], node
        ex, mask, restrictions, roles, own_roles = await _read(
            client,
            _item(VALUE, IDS.AccessLevelEx),
            _item(VALUE, IDS.WriteMask),
            _item(VALUE, IDS.AccessRestrictions),
            _item(VALUE, IDS.RolePermissions),
            _item(VALUE, IDS.UserRolePermissions),
        )
        assert ex.Value == ua.Variant(1, ua.VariantType.UInt32)
        assert mask.Value == ua.Variant(0, ua.VariantType.UInt32)
        assert restrictions.Value == ua.Variant(0, ua.VariantType.UInt16)
        observer, operator_, engineer = ua.NodeId(15668), ua.NodeId(15680), ua.NodeId(16036)
        assert [one.RoleId for one in roles.Value.Value] == [observer, operator_, engineer]
        assert [one.RoleId for one in own_roles.Value.Value] == [observer]
        assert all(one.Permissions & ua.PermissionType.Read for one in roles.Value.Value)


async def test_rights_depend_on_the_user(action_url: str, keys: ClientKeys) -> None:
    items = _item(METHOD, IDS.Executable), _item(METHOD, IDS.UserExecutable), _item(METHOD, IDS.UserRolePermissions)
    async with Client(action_url) as client:
        can, may, roles = await _read(client, *items)
        assert (can.Value.Value, may.Value.Value) == (True, False)
        assert not any(one.Permissions & ua.PermissionType.Call for one in roles.Value.Value)
    async with operator(action_url, keys) as client:
        can, may, roles = await _read(client, *items)
        assert (can.Value.Value, may.Value.Value) == (True, True)
        assert [bool(one.Permissions & ua.PermissionType.Call) for one in roles.Value.Value] == [False, True]


async def test_what_needs_a_role_is_kept_from_others(url: str, keys: ClientKeys, action_url: str) -> None:
    secrets = "i=3708"  # SessionSecurityDiagnosticsArray
    async with Client(url) as client:
        value, level, user_level = await _read(
            client, _item(secrets), _item(secrets, IDS.AccessLevel), _item(secrets, IDS.UserAccessLevel)
        )
        assert (value.StatusCode.name, value.Value.Value) == ("BadUserAccessDenied", None)
        assert (level.Value.Value, user_level.Value.Value) == (1, 0)
        assert await _statuses(client, _item(secrets)) == ["BadUserAccessDenied"]  # also when it has been asked before
    async with operator(action_url, keys) as client:
        assert await _statuses(client, _item(secrets)) == ["BadUserAccessDenied"]


async def test_ten_thousand_values_in_one_request(
    url: str, adapter: OpcUaAdapter, update: Callable[..., Update]
) -> None:
    adapter.apply(update())
    async with Client(url) as client:
        results = await _read(client, *[_item(VALUE)] * 10_000, stamps=STAMPS.Both)
        assert len(results) == 10_000
        assert {data.Value.Value for data in results} == {20.9}


async def test_writes_are_refused_one_by_one(url: str) -> None:
    async with Client(url) as client:
        statuses = await client.uaclient.write(
            ua.WriteParameters(
                NodesToWrite=[
                    ua.WriteValue(ua.NodeId.from_string(node), attribute, index_range, ua.DataValue(ua.Variant(1.0)))
                    for node, attribute, index_range in (
                        (VALUE, IDS.Value, None),
                        (VALUE, IDS.Value, "x"),
                        (VALUE, IDS.BrowseName, None),
                        (VALUE, IDS.Executable, None),
                        (VALUE, 99, None),
                        ("i=85", IDS.Value, None),
                        ("ns=2;s=nobody", IDS.Value, None),
                        ("i=2294", IDS.Value, None),  # EnabledFlag of the diagnostics
                    )
                ]
            )
        )
        assert [status.name for status in statuses] == [
            "BadNotWritable",
            "BadIndexRangeInvalid",
            "BadNotWritable",
            "BadAttributeIdInvalid",
            "BadAttributeIdInvalid",
            "BadAttributeIdInvalid",
            "BadNodeIdUnknown",
            "BadNotWritable",
        ]
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await client.uaclient.write(ua.WriteParameters())


async def test_history_is_refused_one_by_one(url: str) -> None:
    async with Client(url) as client:
        nodes = [ua.HistoryReadValueId(ua.NodeId.from_string(node)) for node in (VALUE, "ns=2;s=nobody")]
        results = await client.uaclient.history_read(
            ua.HistoryReadParameters(HistoryReadDetails=ua.ReadRawModifiedDetails(), NodesToRead=nodes)
        )
        assert [one.StatusCode.name for one in results] == ["BadHistoryOperationUnsupported", "BadNodeIdUnknown"]
        with pytest.raises(ua.uaerrors.BadNothingToDo):
            await client.uaclient.history_read(ua.HistoryReadParameters())


async def test_a_fault_in_one_value_leaves_the_others_alone(
    url: str,
    adapter: OpcUaAdapter,
    update: Callable[..., Update],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    adapter.apply(update())

    def fail(_value: object, *_arguments: object) -> None:
        raise RuntimeError("a bug")

    async with Client(url) as client:
        for _way in ("the first time", "later"):
            with monkeypatch.context() as broken:
                broken.setattr(BoundValue, "encoded", fail)
                assert await _statuses(client, _item(VALUE), _item(PRODUCT)) == ["BadInternalError", "Good"]
            assert await _statuses(client, _item(VALUE)) == ["Good"]
    assert [text for text in caplog.messages if "cannot be read" in text] == [f"{VALUE} cannot be read"]
