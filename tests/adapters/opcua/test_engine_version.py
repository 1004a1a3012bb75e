"""What we rely on inside asyncua: a list, proven to be there as it was and to be complete.

After an upgrade of asyncua this is the first test to look at: each line that is no longer true names a place of ours.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from importlib.metadata import version
from types import ModuleType

import pytest

from gateway.adapters import opcua
from gateway.adapters.opcua.engine import version as engine_version

ENGINE: dict[str, str] = {
    "asyncua.common.connection:SecureConnection": """
        __init__(security_policy, limits)
        _check_sym_header(security_hdr)
        _limits
        _open
        _receive(msg)
        _sequence_number
        is_open()
        local_nonce
        message_to_binary(message, message_type, request_id)
        next_security_token
        open(params, server)
        receive_from_header_and_body(header, body)
        remote_nonce
        revolve_tokens()
        security_policy
        security_token
        select_policy(uri, peer_certificate, mode)
    """,
    "asyncua.common.utils:ServiceError": """
        __init__(code)
    """,
    "asyncua.crypto.permission_rules:PermissionRuleset": """
        check_validity(user, action_type, body)
    """,
    "asyncua.crypto.security_policies:SecurityPolicy": """
        make_remote_symmetric_key(secret, seed, lifetime)
    """,
    "asyncua.crypto.security_policies:VerifierHMac256": """
        key
        verify(data, signature)
    """,
    "asyncua.server.binary_server_asyncio:BinaryServer": """
        __init__(internal_server, hostname, port, limits)
        _make_protocol()
        clients
        closing_tasks
        iserver
        limits
    """,
    "asyncua.server.binary_server_asyncio:OPCUAProtocol": """
        __init__(iserver, policies, clients, closing_tasks, limits)
        _process_received_message_loop()
        connection_lost(ex)
        connection_made(transport)
        data_received(data)
        iserver
        limits
        peer_name
        processor
        transport
    """,
    "asyncua.server.internal_server:InternalServer": """
        __init__(user_manager)
        _external_sessions
        allow_remote_admin
        aspace
        create_session(name, user, external)
        disabled_clock
        find_servers(params, sockname)
        get_endpoints(params, sockname)
        load_standard_address_space(shelf_file)
        max_connections
        max_session_timeout_ms
        min_session_timeout_ms
        register_server(server, conf)
        supported_tokens
    """,
    "asyncua.server.internal_session:InternalSession": """
        __init__(internal_server, aspace, submgr, name, user, external)
        _start_timeout_watchdog()
        auth_token
        close_session(delete_subs)
        create_session(params, sockname)
        state
        touch()
    """,
    "asyncua.server.server:Server": """
        __init__(iserver, user_manager)
        _application_uri
        _get_bind_socket_info()
        application_type
        bserver
        endpoint
        limits
        name
        product_uri
        start()
    """,
    "asyncua.server.uaprocessor:UaProcessor": """
        __init__(internal_server, transport, limits)
        _connection
        _limits
        _process_message(typeid, requesthdr, seqhdr, body)
        _session_watchdog_loop()
        _session_watchdog_task
        _should_close_session_on_transport_loss()
        _transport
        close()
        name
        process(header, body)
        process_message(seqhdr, body)
        send_response(requesthandle, seqhdr, response, msgtype)
        session
        session_last_activity
    """,
    "asyncua.server.user_managers:UserManager": """
        get_user(iserver, username, password, certificate)
    """,
    "asyncua.ua.uaerrors._base:UaStatusCodeError": """
        __init__(code)
    """,
    "asyncua.common.utils:Buffer": """
        copy(size)
        read(size)
        skip(size)
    """,
    "asyncua.server.address_space:AddressSpace": """
        _nodes
        add_datachange_callback(nodeid, attr, callback)
        delete_datachange_callback(handle)
        get(nodeid)
        read_attribute_value(nodeid, attr)
        set_attribute_value_callback(nodeid, attr, callback)
        write_attribute_value(nodeid, attr, value)
    """,
    "asyncua.server.address_space:AttributeValue": """
        __init__(value)
        datachange_callbacks
        value
        value_callback
        value_setter
    """,
    "asyncua.ua:ua_binary": """
        _reshape(flat, dims)
        extensionobject_from_binary(data)
        nodeid_from_binary(data)
        struct_from_binary(objtype, data)
        struct_to_binary(obj)
        unpack_uatype_array(vtype, data)
        variant_to_binary(var)
    """,
}
"""By class or module: methods that we override or call with their parameters, and attributes that we use."""

Owner = type | ModuleType


def _owner(place: str) -> Owner:
    module, _, name = place.partition(":")
    found: Owner = getattr(importlib.import_module(module), name)
    return found


def _present(owner: Owner, line: str) -> str:
    """The line as it has to be for the installed asyncua; empty if there is nothing of that name.

    The source is what counts: some of it is replaced while a server of ours runs.
    """
    name = line.partition("(")[0]
    of_class = inspect.isclass(owner)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(owner)))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            parameters = [one.arg for one in (*node.args.args, *node.args.kwonlyargs)][of_class:]
            return f"{name}({', '.join(parameters)})"
    return name if hasattr(owner, name) or _has_itself(owner, name) else ""


def _has_itself(owner: Owner, name: str) -> bool:
    """Whether its methods speak of such an attribute."""
    return re.search(rf"self\.{name}\b", inspect.getsource(owner)) is not None


@pytest.mark.parametrize("place", ENGINE)
def test_the_engine_is_as_it_was(place: str) -> None:
    owner = _owner(place)
    for line in filter(None, map(str.strip, ENGINE[place].splitlines())):
        assert _present(owner, line) == line, f"asyncua has changed {place}.{line}"


def _our_classes() -> Iterator[type]:
    for module_info in pkgutil.walk_packages(opcua.__path__, f"{opcua.__name__}."):
        module = importlib.import_module(module_info.name)
        for one in vars(module).values():
            if inspect.isclass(one) and one.__module__ == module.__name__:
                yield one


def _is_theirs(one: type) -> bool:
    return one.__module__.partition(".")[0] == "asyncua"


def _used(ours: type) -> Iterator[tuple[type, str]]:
    """Class of asyncua and name of everything that a class of ours overrides, or uses as its own."""
    theirs = [base for base in ours.__mro__ if _is_theirs(base)]
    tree = ast.parse(textwrap.dedent(inspect.getsource(ours)))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    overridden = {name for name in vars(ours) if not name.startswith("__") or name == "__init__"}
    for name in (used | overridden) - {"_abc_impl"}:
        for base in theirs:
            if name in vars(base) or _has_itself(base, name):
                yield base, name
                break


def test_nothing_of_the_engine_is_used_that_is_not_listed() -> None:
    listed = {(place, line.strip().partition("(")[0]) for place, lines in ENGINE.items() for line in lines.splitlines()}
    missing = {
        f"{place}.{name}"
        for ours in _our_classes()
        if any(map(_is_theirs, ours.__mro__))
        for base, name in _used(ours)
        if ((place := f"{base.__module__}:{base.__name__}"), name) not in listed
    }
    assert missing == set(), "list them in ENGINE, with their parameters"


def test_the_tested_version_is_the_installed_one() -> None:
    assert version("asyncua") == engine_version.TESTED


def test_another_version_is_reported_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        engine_version.report_untested_engine()
        assert caplog.messages == []
        monkeypatch.setattr(engine_version, "version", lambda _name: "9.8.7")
        for _start in range(2):
            engine_version.report_untested_engine()
    (message,) = caplog.messages
    assert "9.8.7" in message
    assert engine_version.TESTED in message
