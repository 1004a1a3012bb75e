"""Methods of open actions: what clients see, who may call, what reaches the desk and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from asyncua import Client, ua
from asyncua.ua.ua_binary import struct_from_binary

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.settings import OpcUaSettings
from gateway.errors import (
    ActionRefusedError,
    DeviceDemotedError,
    DeviceRefusedError,
    DeviceTimeoutError,
    GatewayError,
    LinkError,
    ProtocolError,
)
from gateway.model.actions import ACTION_POINTS, ActionOrigin, ActionRequest
from gateway.model.points import PointGroup, SiteSpec
from gateway.model.update import Update
from tests.adapters.opcua.recording_desk import (
    ACTION,
    GROUP_2,
    METHOD,
    NO,
    START,
    YES,
    ClientKeys,
    RecordingDesk,
    call_request,
    operator,
    secured,
    with_actions,
)

Serving = Callable[[OpcUaAdapter], AbstractAsyncContextManager[str]]
VALUE = "ns=2;s=stack/I1/Value"
ALICE = ActionOrigin("opcua", "127.0.0.1", "alice", proved=True)


async def _call(client: Client, *arguments: ua.Variant, **where: str) -> ua.CallMethodResult:
    (result,) = await client.uaclient.call([call_request(*arguments, **where)])
    return result


async def _executable(client: Client, method: str = METHOD) -> tuple[bool, bool]:
    values = await client.get_node(method).read_attributes([ua.AttributeIds.Executable, ua.AttributeIds.UserExecutable])
    return values[0].Value.Value, values[1].Value.Value


async def test_a_method_says_what_it_does_and_takes(action_url: str, keys: ClientKeys) -> None:
    async with Client(action_url) as client:
        folder = client.get_node(ACTION)
        methods = await folder.get_children(ua.ObjectIds.HasComponent, nodeclassmask=ua.NodeClass.Method)
        assert [method.nodeid.to_string() for method in methods] == [
            f"{ACTION}/{name}" for name in ("StartAutocalibration", "Shift", "StopAutocalibration")
        ]
        start = client.get_node(METHOD)
        assert await start.read_node_class() is ua.NodeClass.Method
        assert (await start.read_description()).Text == START.description
        assert await _executable(client) == (True, False)
        group, confirm = await client.get_node(f"{METHOD}/InputArguments").read_value()
        assert (group.Name, group.DataType.Identifier, group.ValueRank) == ("Group", ua.ObjectIds.UInt32, -1)
        assert group.Description.Text == "Calibration group (1 to 4)"
        assert (confirm.Name, confirm.DataType.Identifier) == ("Confirm", ua.ObjectIds.Boolean)
        shift, _confirm = await client.get_node(f"{ACTION}/Shift/InputArguments").read_value()
        assert shift.DataType.Identifier == ua.ObjectIds.Int64
        (result,) = await client.get_node(f"{METHOD}/OutputArguments").read_value()
        assert (result.Name, result.DataType.Identifier) == ("Result", ua.ObjectIds.String)
    async with operator(action_url, keys) as client:
        assert await _executable(client) == (True, True)
        assert await _executable(client, "i=12886") == (False, False)  # RequestServerStateChange, which is not offered


async def test_methods_stand_beside_the_points_of_their_progress(
    site: SiteSpec, settings: OpcUaSettings, serving: Serving, desk: RecordingDesk, update: Callable[..., Update]
) -> None:
    stack, duct = with_actions(site).devices
    duct = replace(duct, groups=(replace(duct.groups[0], index=0),))  # groups are numbered through the site
    stack = replace(stack, groups=(PointGroup(1, "stack", ACTION_POINTS, "Action"),))
    site = SiteSpec(site.name, (duct, stack))
    adapter = OpcUaAdapter(site, settings)
    adapter.offer(desk)
    adapter.apply(update(("idle", "", "", "", 0, 0, ""), group=1))
    async with serving(adapter) as url, Client(url) as client:
        names = [(await node.read_browse_name()).Name for node in await client.get_node(ACTION).get_children()]
        assert {"State", "Leftovers", "StartAutocalibration"} <= set(names)
        assert len(names) == len(set(names))
        assert await client.get_node(f"{ACTION}/State").read_value() == "idle"


async def test_a_call_reaches_the_desk_once_and_brings_its_answer_back(
    action_url: str, keys: ClientKeys, desk: RecordingDesk
) -> None:
    async with operator(action_url, keys) as client:
        answer = await client.get_node(ACTION).call_method("2:StartAutocalibration", GROUP_2, True)
        assert answer == "StartAutocalibration (2,): done"
        result = await _call(client, ua.Variant(-7, ua.VariantType.Int64), YES, method=f"{ACTION}/Shift")
        assert [status.name for status in result.InputArgumentResults] == ["Good", "Good"]
        await client.get_node(ACTION).call_method("2:StopAutocalibration", True)
    assert desk.requests == [
        ActionRequest("stack", "StartAutocalibration", (2,), confirmed=True, origin=ALICE),
        ActionRequest("stack", "Shift", (-7,), confirmed=True, origin=ALICE),
        ActionRequest("stack", "StopAutocalibration", (), confirmed=True, origin=ALICE),
    ]


UINT32, INT64 = ua.VariantType.UInt32, ua.VariantType.Int64
WRONG_ARGUMENTS: list[tuple[list[ua.Variant], str, list[str]]] = [
    ([], "BadArgumentsMissing", []),
    ([GROUP_2], "BadArgumentsMissing", []),
    ([GROUP_2, YES, YES], "BadTooManyArguments", []),
    ([ua.Variant(2, INT64), YES], "BadInvalidArgument", ["BadTypeMismatch", "Good"]),
    ([ua.Variant(2.0), ua.Variant("yes")], "BadInvalidArgument", ["BadTypeMismatch", "BadTypeMismatch"]),
    ([ua.Variant([2], UINT32), YES], "BadInvalidArgument", ["BadTypeMismatch", "Good"]),
    ([ua.Variant(None, ua.VariantType.Null), YES], "BadInvalidArgument", ["BadTypeMismatch", "Good"]),
    ([GROUP_2, ua.Variant(1, UINT32)], "BadInvalidArgument", ["Good", "BadTypeMismatch"]),
    ([GROUP_2, ua.Variant([True])], "BadInvalidArgument", ["Good", "BadTypeMismatch"]),
]
REFUSED_ARGUMENTS: list[tuple[list[ua.Variant], str, list[str]]] = [
    ([GROUP_2, NO], "BadInvalidArgument", ["Good", "BadInvalidArgument"]),
    ([ua.Variant(0, UINT32), YES], "BadInvalidArgument", ["BadOutOfRange", "Good"]),
    ([ua.Variant(5, UINT32), NO], "BadInvalidArgument", ["BadOutOfRange", "BadInvalidArgument"]),
]


async def test_wrong_arguments_are_named_one_by_one(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    async with operator(action_url, keys) as client:
        for arguments, status, each in WRONG_ARGUMENTS:
            result = await _call(client, *arguments)
            assert (result.StatusCode.name, [one.name for one in result.InputArgumentResults]) == (status, each)
        assert desk.requests == []  # nothing that could have been asked for
        for arguments, status, each in REFUSED_ARGUMENTS:
            result = await _call(client, *arguments)
            assert (result.StatusCode.name, [one.name for one in result.InputArgumentResults]) == (status, each)
            assert result.OutputArguments == []
    assert [(one.arguments, one.confirmed) for one in desk.requests] == [((2,), False), ((0,), True), ((5,), False)]


async def test_methods_and_objects_must_belong_together(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    async with operator(action_url, keys) as client:
        for method, parent, status in (
            (f"{ACTION}/Nothing", ACTION, "BadNodeIdUnknown"),
            (METHOD, "ns=2;s=nobody/Action", "BadNodeIdUnknown"),
            (METHOD, "ns=2;s=stack", "BadMethodInvalid"),
            (METHOD, "ns=2;s=duct gas", "BadMethodInvalid"),
            (VALUE, ACTION, "BadMethodInvalid"),
            ("i=12886", "i=2253", "BadNotExecutable"),
        ):
            result = await _call(client, GROUP_2, YES, method=method, parent=parent)
            assert result.StatusCode.name == status, (method, parent)
    assert desk.requests == []


FAILURES: list[tuple[Exception, str]] = [
    (ActionRefusedError("not yours", where="stack", hint="ask the shift leader"), "BadUserAccessDenied"),
    (DeviceTimeoutError("no answer"), "BadTimeout"),
    (DeviceDemotedError("not asked"), "BadTimeout"),
    (LinkError("cable pulled"), "BadCommunicationError"),
    (ProtocolError("nonsense"), "BadCommunicationError"),
    (DeviceRefusedError("busy", code=6), "BadInvalidState"),
    (GatewayError("the coil stays set \udc80"), "BadInvalidState"),
    (RuntimeError("a fault of the desk"), "BadInternalError"),
]


async def test_failures_become_status_codes_and_words(
    action_url: str, keys: ClientKeys, desk: RecordingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    async with operator(action_url, keys) as client:
        for error, status in FAILURES:
            desk.error = error
            request = ua.CallRequest()
            request.RequestHeader.ReturnDiagnostics = 0x80
            request.Parameters.MethodsToCall = [call_request(GROUP_2, YES)]
            answer = struct_from_binary(ua.CallResponse, await client.uaclient.protocol.send_request(request))
            (result,), (words,) = answer.Results, answer.DiagnosticInfos
            assert result.StatusCode.name == status
            expected = "" if isinstance(error, RuntimeError) else str(error).replace("\udc80", "?")
            assert words.AdditionalInfo == expected
        plain = await _call(client, GROUP_2, YES)
        assert plain.StatusCode.name == "BadInternalError"
    assert [record.getMessage() for record in caplog.records if record.name == "gateway.adapters.opcua"] == [
        f"{METHOD} cannot be carried out"
    ] * 2


async def test_nobody_else_may_call(action_url: str, keys: ClientKeys, desk: RecordingDesk) -> None:
    encrypted = await secured(action_url, keys)
    for client in (Client(action_url), encrypted):
        async with client:
            for arguments in ([GROUP_2, YES], []):
                result = await _call(client, *arguments)
                assert result.StatusCode.name == "BadUserAccessDenied"
            assert await _executable(client) == (True, False)
            with pytest.raises(ua.UaStatusCodeError, match="BadUserAccessDenied"):
                await client.get_node(ACTION).call_method("2:StopAutocalibration", True)
    assert desk.requests == []


async def test_an_operator_may_not_write_or_manage_nodes_either(action_url: str, keys: ClientKeys) -> None:
    async with operator(action_url, keys) as client:
        for node, status in ((VALUE, "BadNotWritable"), (METHOD, "BadAttributeIdInvalid")):
            item = ua.WriteValue(
                NodeId=ua.NodeId.from_string(node), AttributeId=ua.AttributeIds.Value, Value=ua.DataValue(YES)
            )
            (written,) = await client.uaclient.write(ua.WriteParameters(NodesToWrite=[item]))
            assert written.name == status
        with pytest.raises(ua.uaerrors.BadServiceUnsupported):
            await client.uaclient.delete_nodes(ua.DeleteNodesParameters([ua.DeleteNodesItem(ua.NodeId(METHOD, 2))]))


async def test_nothing_is_open_without_a_desk_or_without_actions(
    site: SiteSpec, settings: OpcUaSettings, serving: Serving, desk: RecordingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    closed, unmanned = OpcUaAdapter(site, settings), OpcUaAdapter(with_actions(site), settings)
    closed.offer(desk)
    for adapter in (closed, unmanned):
        async with serving(adapter) as url:
            (endpoint,) = await Client(url).connect_and_get_server_endpoints()
            assert endpoint.SecurityMode is ua.MessageSecurityMode.None_
            assert [token.TokenType for token in endpoint.UserIdentityTokens] == [ua.UserTokenType.Anonymous]
            assert not endpoint.ServerCertificate
            async with Client(url) as client:
                result = await _call(client, GROUP_2, YES)
                assert result.StatusCode.name == "BadNodeIdUnknown"
                with pytest.raises(ua.uaerrors.BadNodeIdUnknown):
                    await client.get_node(METHOD).read_browse_name()
    assert "certificate" not in caplog.text
