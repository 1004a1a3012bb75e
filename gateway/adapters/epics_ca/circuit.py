"""One client: caproto knows the protocol's states, the gateway answers reads, monitors and writes itself."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from struct import Struct
from typing import Any

import anyio
from caproto.server.common import VirtualCircuit

from gateway.adapters.epics_ca.access_audit import put_record
from gateway.adapters.epics_ca.access_rights import CircuitRights, command_of, nothing_to_read
from gateway.adapters.epics_ca.asked_filters import asked_filters, split_name
from gateway.adapters.epics_ca.client_name import client_name
from gateway.adapters.epics_ca.command_records import CommandRecord, Job
from gateway.adapters.epics_ca.connection import WRITE_BUFFER, Connection
from gateway.adapters.epics_ca.encoding import READABLE_TYPES
from gateway.adapters.epics_ca.engine import ca
from gateway.adapters.epics_ca.gated_monitor import GatedMonitor
from gateway.adapters.epics_ca.limits import Limits
from gateway.adapters.epics_ca.monitors import Monitor, Outbox
from gateway.adapters.epics_ca.put_answer import put_answer
from gateway.adapters.epics_ca.put_request import PutRefusedError
from gateway.adapters.epics_ca.refusals import Refusal, Refusals
from gateway.adapters.epics_ca.request_sizes import most_bytes
from gateway.adapters.epics_ca.values import ReadOnlyValue
from gateway.model.asker import Asker

_MOST_PER_PV = 20
"""Channels of one client for each PV, fields included, and as many monitors; each takes a kilobyte."""

_LEAST_ALLOWED = 1000
"""Channels that a client of a small site may have."""

_COMMAND, _PARAMETER = Struct(">H"), Struct(">I")
_FIRST_PARAMETER = 8
"""Place of the first parameter in the header of a message."""

_TOO_LARGE = "larger than EPICS_CA_MAX_ARRAY_BYTES of the server, where EPICS_CA_AUTO_ARRAY_BYTES is NO"
_TURN_S = 0.002
_CLOSING_TIME = 0.5
_LOG = logging.getLogger(__name__)


class RefusedClientError(Exception):
    """The client broke the protocol; it is disconnected, and comes back if it can do better."""

    def __init__(self, why: str, refusal: Refusal = Refusal.MALFORMED) -> None:
        super().__init__(why)
        self.refusal = refusal


def _refused(command: Any, channel: Any, status: Any, why: str) -> Any:  # noqa: ANN401  caproto's untyped classes
    return ca.ErrorResponse(command, channel.cid, status, why)


class Circuit(VirtualCircuit):
    """One client's virtual circuit.

    Args:
        connection: Its socket.
        server: The server, caproto's Context.
    """

    TaskCancelled = asyncio.CancelledError

    def __init__(self, connection: Connection, server: Any) -> None:  # noqa: ANN401  caproto's Context
        state: Any = ca.VirtualCircuit(ca.SERVER, connection.getpeername(), None)
        super().__init__(state, connection, server)  # type: ignore[no-untyped-call]
        self.circuit: Any = state
        self.outbox = Outbox(connection, server.delivery)
        self._connection = connection
        self._limits: Limits = server.limits
        self._refusals: Refusals = server.refusals
        for_site = max(_MOST_PER_PV * len(server.pvdb), _LEAST_ALLOWED)
        self._most_channels = self._limits.channels_per_circuit or for_site
        self._most_subscriptions = self._limits.subscriptions_per_circuit or for_site
        self._greeted = False
        self._rights = CircuitRights(server.access, self.circuit.address[0])
        self._silenced: dict[int, Any] = {}
        self._monitors: dict[int, Monitor] = {}
        self._subscriptions_of: defaultdict[int, set[int]] = defaultdict(set)
        self._answers: dict[type, Callable[[Any], Awaitable[list[Any]]]] = {
            ca.ReadNotifyRequest: self._read,
            ca.WriteRequest: self._write,
            ca.WriteNotifyRequest: self._write,
            ca.ClientNameRequest: self._take_user,
            ca.EventAddRequest: self._subscribe,
            ca.EventCancelRequest: self._unsubscribe,
            ca.ClearChannelRequest: self._clear,
            ca.EventsOffRequest: self._toggle_events,
            ca.EventsOnRequest: self._toggle_events,
        }

    async def serve(self) -> None:
        """Answer the client until it leaves, breaks the protocol, or the server stops."""
        try:
            with anyio.move_on_after(self._limits.greeting_s) as patience:
                missing = 0
                while data := await self._connection.receive(missing):
                    missing = await self._take(data, patience)
                await self.context.turn()
            if patience.cancelled_caught:
                self._refusals[Refusal.SILENT] += 1
                _LOG.debug("%s disconnected: it says nothing", self.circuit.address)
        except RefusedClientError as refused:
            self._refusals[refused.refusal] += 1
            _LOG.debug("%s disconnected: %s", self.circuit.address, refused, exc_info=refused.__cause__)
        except OSError as error:
            _LOG.debug("%s is gone: %s", self.circuit.address, error)
        finally:
            self.outbox.flush()
            self._forget()
            self._connection.close()
            with anyio.move_on_after(_CLOSING_TIME, shield=True):
                await self._connection.wait_closed()
            self._connection.abort()

    async def _take(self, data: bytes, patience: anyio.CancelScope) -> int:
        """Answer what has come, in turns with the other clients; patience is for those who have no channel.

        Returns:
            Bytes that are missing of the next request.
        """
        await self.context.turn()
        try:
            commands, missing = self.circuit.recv(data)
            asked = bool(commands)
            if asked:
                patience.deadline = math.inf
            while commands:
                if answer := await self._answer_some(commands):
                    self._connection.write(answer)
                    await self._connection.drain()
                if commands:
                    await self.context.turn()
            if asked:
                idle_until = anyio.current_time() + self._limits.idle_s
                patience.deadline = math.inf if self.circuit.channels_sid else idle_until
        except (OSError, RefusedClientError):
            raise
        except Exception as error:  # caproto's parsers raise anything on garbage: KeyError, ValueError, ctypes' own
            raise RefusedClientError("a request that cannot be understood") from error
        begun = self.circuit._data  # noqa: SLF001  what caproto keeps of a request that has not come whole
        if missing > most_bytes(begun, self.context.reach.message_bytes, self._room_for_put):
            raise RefusedClientError(f"a request of {missing} bytes or more", Refusal.OVERSIZED)
        return int(missing)

    def _room_for_put(self, sid: int) -> int:
        channel = self.circuit.channels_sid.get(sid)
        value = None if channel is None else self.context[channel.name]
        return value.largest_put if isinstance(value, CommandRecord) and self._rights.grant(sid).may_write else 0

    async def _answer_some(self, commands: deque[Any]) -> bytes:
        answers: list[bytes] = []
        size = 0
        enough = time.monotonic() + _TURN_S
        while commands:
            answers.append(await self._answer(commands.popleft()))
            size += len(answers[-1])
            if size > WRITE_BUFFER or time.monotonic() > enough:
                break
        return b"".join(answers)

    async def _answer(self, command: Any) -> bytes:  # noqa: ANN401  one of caproto's messages
        if isinstance(command, ca.VersionRequest):
            if self._greeted:
                return b""  # with EPICS_CA_NAME_SERVERS, libca sends a second one of another priority
            self._greeted = True
            self.circuit.process_command(command)
            self.circuit.send(*await self._by_engine(command))
            return b""  # the answer was sent on accepting the connection
        if isinstance(command, ca.CreateChanRequest) and command.name not in self.context:
            return bytes(ca.CreateChFailResponse(cid=command.cid))
        if isinstance(command, ca.CreateChanRequest) and len(self.circuit.channels_sid) >= self._most_channels:
            self._refusals[Refusal.CHANNEL] += 1
            return bytes(ca.CreateChFailResponse(cid=command.cid))
        if isinstance(command, ca.EventAddRequest) and self._has_all_subscriptions(command):
            self._refusals[Refusal.SUBSCRIPTION] += 1
            channel, _value = self._target(command)
            return bytes(_refused(command, channel, ca.CAStatus.ECA_ALLOCMEM, "too many monitors"))
        if isinstance(command, ca.CreateChanRequest):
            return b"".join(self.circuit.send(*self._create(command)))
        self.circuit.process_command(command)
        if isinstance(command, ca.ReadRequest):
            return await self._read_plainly(command)
        answer = self._answers.get(type(command), self._by_engine)
        return b"".join(self.circuit.send(*await answer(command)))

    def _has_all_subscriptions(self, command: Any) -> bool:  # noqa: ANN401  one of caproto's messages
        """Whether a monitor is one more than the circuit may have; one that takes the place of another is not."""
        present = self.circuit.event_add_commands
        return command.subscriptionid not in present and len(present) >= self._most_subscriptions

    async def _by_engine(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        messages: list[Any] = await super()._process_command(command)  # type: ignore[no-untyped-call]
        return messages

    def _target(self, command: Any) -> tuple[Any, ReadOnlyValue]:  # noqa: ANN401  one of caproto's messages
        """Channel and value that a request is about."""
        channel = self.circuit.channels_sid[command.sid]
        return channel, self.context[channel.name]

    def _is_too_large(self, body: bytes) -> bool:
        most = self.context.reach.answer_bytes
        return most is not None and len(body) > most

    def _bad_type(self, command: Any, channel: Any) -> list[Any]:  # noqa: ANN401  caproto's message and channel
        return [_refused(command, channel, ca.CAStatus.ECA_BADTYPE, "cannot be read as that type")]

    def _create(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        """Make a channel. The engine does not learn of filters: it knows others than EPICS base, and fails on those."""
        plain, _filters = split_name(command.name)
        self.circuit.process_command(ca.CreateChanRequest(plain, command.cid, command.version))
        self.circuit.channels[command.cid].name = command.name
        value, record = self.context[command.name], self.context.pvdb[command.name.partition(".")[0]]
        data_type, count = value.data_type, value.max_length
        if plain.endswith("$"):
            data_type, count = ca.ChannelType.CHAR, value.long_string_max_length
        sid = self.circuit.new_channel_id()
        told = self._rights.open(sid, record.name, value.security_level, is_command=isinstance(value, CommandRecord))
        created = ca.CreateChanResponse(data_type=data_type, data_count=count, cid=command.cid, sid=sid)
        return [ca.AccessRightsResponse(cid=command.cid, access_rights=told), created]

    async def _read(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        channel, value = self._target(command)
        dbr_type: int = command.header.data_type
        if dbr_type not in READABLE_TYPES:
            return self._bad_type(command, channel)
        if not self._rights.grant(command.sid).may_read:
            status, number, body = nothing_to_read(value, dbr_type, command.data_count)
        else:
            status, number, body = value.payload(dbr_type, command.data_count)
        if self._is_too_large(body):
            return [_refused(command, channel, ca.CAStatus.ECA_TOLARGE, _TOO_LARGE)]
        return [channel.read(data=body, data_type=dbr_type, data_count=number, status=status, ioid=command.ioid)]

    async def _read_plainly(self, command: Any) -> bytes:  # noqa: ANN401  one of caproto's messages
        """Answer CA_PROTO_READ, which clients of EPICS before 3.13 send; caproto warns of its own answer to it."""
        channel, _value = self._target(command)
        dbr_type: int = command.header.data_type
        if dbr_type not in READABLE_TYPES:
            (answer,) = self._bad_type(command, channel)
        elif not self._rights.grant(command.sid).may_read:
            answer = _refused(command, channel, ca.CAStatus.ECA_NORDACCESS, "no read access")
        else:
            asked = ca.ReadNotifyRequest(dbr_type, command.data_count, command.sid, command.ioid)
            (answer,) = await self._read(asked)
            if answer.status is not ca.CAStatus.ECA_NORMAL.value:
                answer = _refused(command, channel, ca.CAStatus.ECA_GETFAIL, "has no value of that type")
        sent = bytearray(b"".join(self.circuit.send(answer)))
        if isinstance(answer, ca.ErrorResponse):
            self.circuit._ioids.pop(command.ioid, None)  # noqa: SLF001  only an answer takes it off
        else:
            _COMMAND.pack_into(sent, 0, ca.ReadResponse.ID)
            _PARAMETER.pack_into(sent, _FIRST_PARAMETER, channel.cid)
        return bytes(sent)

    async def _take_user(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        if self._rights.claim(client_name(bytes(command.buffers[1]))):
            await self.tell_rights()
        return []

    async def tell_rights(self) -> None:
        """Judge all channels anew; the client hears what has changed, and its monitors end or begin with it."""
        for sid, told in tuple(self._rights.judge_anew()):
            channel = self.circuit.channels_sid[sid]
            self._connection.write(bytes(ca.AccessRightsResponse(cid=channel.cid, access_rights=told)))
            for subscription in tuple(self._subscriptions_of.get(sid, ())):
                silenced = self._silenced.pop(subscription, None)
                if silenced is not None and self._rights.grant(sid).may_read:
                    await self._begin(silenced)
                elif silenced is not None:
                    self._silenced[subscription] = silenced
                elif not self._rights.grant(sid).may_read:
                    self._end(subscription)
                    self._silence(self.circuit.event_add_commands[subscription])

    def _silence(self, command: Any) -> None:  # noqa: ANN401  one of caproto's messages
        """Keep a monitor that may not be read until it may; as from base, the client is told so in an event."""
        channel, value = self._target(command)
        self._silenced[command.subscriptionid] = command
        dbr_type: int = command.header.data_type
        status, number, body = nothing_to_read(value, dbr_type, command.data_count)
        self._connection.write(bytes(channel.subscribe(body, command.subscriptionid, dbr_type, number, status)))

    async def _write(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        channel, value = self._target(command)
        grant, group = self._rights.grant(command.sid), self._rights.group(command.sid)
        request = command.header.data_type, command.header.data_count, b"".join(bytes(part) for part in command.buffers)
        asker = Asker(self.circuit.address[0], self._rights.user)
        try:
            job = command_of(value, grant, group).put(*request, asker)
        except PutRefusedError as refusal:
            self.context.access.note(put_record(asker, channel.name, request, grant, group, refusal.text))
            return put_answer(command, channel, refusal)
        self.context.access.note(put_record(asker, channel.name, request, grant, group))
        self.outbox.flush()  # as from base, monitors tell of a put before its callback does
        if job is None:
            return put_answer(command, channel)
        self.context.background.start_soon(self._finish, job, command, channel)
        return []

    async def _finish(self, job: Job, command: Any, channel: Any) -> None:  # noqa: ANN401  caproto's message and channel
        """See to the end of a put, long after its request; the client may have left, or cleared the channel."""
        refusal: PutRefusedError | None = None
        try:
            await job()
        except PutRefusedError as error:
            refusal = error
        if self.circuit.channels_sid.get(command.sid) is not channel:
            return
        self.outbox.flush()
        if isinstance(command, ca.WriteNotifyRequest):
            self.circuit._ioids.pop(command.ioid, None)  # noqa: SLF001  `send` raises if the client has used it again
        self._connection.write(b"".join(bytes(message) for message in put_answer(command, channel, refusal)))

    async def _subscribe(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        channel, _value = self._target(command)
        if command.header.data_type not in READABLE_TYPES:
            return self._bad_type(command, channel)
        subscription: int = command.subscriptionid
        if subscription in self._monitors:
            self._monitors.pop(subscription).end()
        self._subscriptions_of[command.sid].add(subscription)
        if self._rights.grant(command.sid).may_read:
            return await self._begin(command)
        self._silence(command)
        return []

    async def _begin(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        channel, value = self._target(command)
        subscription, dbr_type = command.subscriptionid, command.header.data_type
        capacity = value.capacity(dbr_type)
        count = min(command.data_count, capacity)
        if self.context.reach.answer_bytes is not None:
            _status, _number, body = value.payload(dbr_type, count or capacity)
            if self._is_too_large(body):
                return [_refused(command, channel, ca.CAStatus.ECA_TOLARGE, _TOO_LARGE)]
        asked = value, (dbr_type, count), subscription, command.mask, self.outbox
        gates = asked_filters(split_name(channel.name)[1]).gates
        monitor = GatedMonitor(*asked, [make() for make in gates]) if gates else Monitor(*asked)
        self._monitors[subscription] = monitor
        monitor.begin()
        return []

    async def _unsubscribe(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        channel, _value = self._target(command)
        self._subscriptions_of[command.sid].discard(command.subscriptionid)
        self._end(command.subscriptionid)
        count: int = command.header.data_count
        return [channel.unsubscribe(command.subscriptionid, data_type=command.data_type, data_count=count)]

    async def _clear(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        channel, _value = self._target(command)
        self._rights.close(command.sid)
        for subscription in self._subscriptions_of.pop(command.sid, ()):
            self._end(subscription)
            self.circuit.event_add_commands.pop(subscription, None)
            self.circuit.event_cancel_commands.pop(subscription, None)
        return [channel.clear()]

    async def _toggle_events(self, command: Any) -> list[Any]:  # noqa: ANN401  one of caproto's messages
        self.outbox.hold(held=isinstance(command, ca.EventsOffRequest))
        return []

    def _end(self, subscription: int) -> None:
        self._silenced.pop(subscription, None)
        monitor = self._monitors.pop(subscription, None)
        if monitor is not None:
            monitor.end()

    def _forget(self) -> None:
        """Let go of everything that the client subscribed to."""
        self.outbox.close()
        for monitor in self._monitors.values():
            monitor.end()
        self._monitors.clear()
        self.connected = False
