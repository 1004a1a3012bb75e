"""The methods of conditions: what operators have to say about alarms (OPC 10000-9 sections 5.5, 5.7 and 5.8).

A condition has no methods of its own: it refers to those of its type, which a client calls with the ConditionId.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.conditions.alarm import Alarm
from gateway.adapters.opcua.conditions.alarm_stages import Refusal, RefusedError
from gateway.adapters.opcua.conditions.alarm_state import Comment
from gateway.adapters.opcua.conditions.condition import Condition
from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.security.audit import AuditEvent
from gateway.adapters.opcua.services.method_table import MethodCall, MethodFailedError, MethodTable
from gateway.model.printable import printable
from gateway.model.role import Role
from gateway.model.stamp import Clock, Stamp

MAX_COMMENT = 1000
"""Characters; every event of the alarm carries its comment."""

_IDS = ObjectIds
_LOG = logging.getLogger("gateway.adapters.opcua")

_AUDITED = {"EventId": "ConditionEventId", "Comment": "Comment", "ShelvingTime": "ShelvingTime"}
"""Arguments as audit events call them (OPC 10000-9 section 5.10)."""

_STATUS: Mapping[Refusal, int] = {
    Refusal.DISABLED: StatusCodes.BadConditionDisabled,
    Refusal.ALREADY_ENABLED: StatusCodes.BadConditionAlreadyEnabled,
    Refusal.ALREADY_DISABLED: StatusCodes.BadConditionAlreadyDisabled,
    Refusal.EVENT_UNKNOWN: StatusCodes.BadEventIdUnknown,
    Refusal.ALREADY_ACKNOWLEDGED: StatusCodes.BadConditionBranchAlreadyAcked,
    Refusal.ALREADY_CONFIRMED: StatusCodes.BadConditionBranchAlreadyConfirmed,
    Refusal.ALREADY_SHELVED: StatusCodes.BadConditionAlreadyShelved,
    Refusal.NOT_SHELVED: StatusCodes.BadConditionNotShelved,
    Refusal.TIME_OUT_OF_RANGE: StatusCodes.BadShelvingTimeOutOfRange,
}


def _argument(name: str, data_type: int, description: str) -> ua.Argument:
    return ua.Argument(
        Name=name,
        DataType=standard_node(data_type),
        ValueRank=ua.ValueRank.Scalar,
        Description=ua.LocalizedText(description),
    )


_EVENT_ID = _argument("EventId", _IDS.ByteString, "The event that is answered")
_COMMENT = _argument("Comment", _IDS.LocalizedText, "What there is to say")
_SHELVING_TIME = _argument("ShelvingTime", _IDS.Duration, "How long, in milliseconds")


@dataclass(frozen=True, slots=True)
class _Wish:
    """A call in the words of the alarm."""

    event_id: bytes
    remark: Comment
    duration_ns: int


_Work = Callable[[Alarm, _Wish, Stamp], bool]


@dataclass(frozen=True, slots=True)
class ConditionMethod:
    """One method.

    Attributes:
        name: BrowseName.
        ids: Identifiers under which clients know it; the first is that of the type that declares it.
        inputs: What it takes.
        work: Carries it out.
        done: What to write in the log.
        audited: Type of the audit event.
    """

    name: str
    ids: tuple[int, ...]
    inputs: tuple[ua.Argument, ...]
    work: _Work
    done: str
    audited: int


CONDITION_METHODS: tuple[ConditionMethod, ...] = (
    ConditionMethod(
        "Enable",
        (_IDS.ConditionType_Enable,),
        (),
        lambda one, _wish, now: one.enable(now),
        "enabled",
        _IDS.AuditConditionEnableEventType,
    ),
    ConditionMethod(
        "Disable",
        (_IDS.ConditionType_Disable,),
        (),
        lambda one, _wish, now: one.disable(now),
        "disabled",
        _IDS.AuditConditionEnableEventType,
    ),
    ConditionMethod(
        "AddComment",
        (_IDS.ConditionType_AddComment,),
        (_EVENT_ID, _COMMENT),
        lambda one, wish, now: one.comment(wish.event_id, wish.remark, now),
        "commented on",
        _IDS.AuditConditionCommentEventType,
    ),
    ConditionMethod(
        "Acknowledge",
        (_IDS.AcknowledgeableConditionType_Acknowledge,),
        (_EVENT_ID, _COMMENT),
        lambda one, wish, now: one.acknowledge(wish.event_id, wish.remark, now),
        "acknowledged",
        _IDS.AuditConditionAcknowledgeEventType,
    ),
    ConditionMethod(
        "Confirm",
        (_IDS.AcknowledgeableConditionType_Confirm,),
        (_EVENT_ID, _COMMENT),
        lambda one, wish, now: one.confirm(wish.event_id, wish.remark, now),
        "confirmed",
        _IDS.AuditConditionConfirmEventType,
    ),
)
"""Of the condition itself."""

SHELVING_METHODS: tuple[ConditionMethod, ...] = (
    ConditionMethod(
        "TimedShelve",
        (_IDS.ShelvedStateMachineType_TimedShelve, _IDS.AlarmConditionType_ShelvingState_TimedShelve),
        (_SHELVING_TIME,),
        lambda one, wish, now: one.shelve_for(wish.duration_ns, None, now),
        "shelved for a time",
        _IDS.AuditConditionShelvingEventType,
    ),
    ConditionMethod(
        "TimedShelve2",
        (_IDS.ShelvedStateMachineType_TimedShelve2, _IDS.AlarmConditionType_ShelvingState_TimedShelve2),
        (_SHELVING_TIME, _COMMENT),
        lambda one, wish, now: one.shelve_for(wish.duration_ns, wish.remark, now),
        "shelved for a time",
        _IDS.AuditConditionShelvingEventType,
    ),
    ConditionMethod(
        "OneShotShelve",
        (_IDS.ShelvedStateMachineType_OneShotShelve, _IDS.AlarmConditionType_ShelvingState_OneShotShelve),
        (),
        lambda one, _wish, now: one.shelve_once(None, now),
        "shelved once",
        _IDS.AuditConditionShelvingEventType,
    ),
    ConditionMethod(
        "OneShotShelve2",
        (_IDS.ShelvedStateMachineType_OneShotShelve2, _IDS.AlarmConditionType_ShelvingState_OneShotShelve2),
        (_COMMENT,),
        lambda one, wish, now: one.shelve_once(wish.remark, now),
        "shelved once",
        _IDS.AuditConditionShelvingEventType,
    ),
    ConditionMethod(
        "Unshelve",
        (_IDS.ShelvedStateMachineType_Unshelve, _IDS.AlarmConditionType_ShelvingState_Unshelve),
        (),
        lambda one, _wish, now: one.unshelve(None, now),
        "unshelved",
        _IDS.AuditConditionShelvingEventType,
    ),
    ConditionMethod(
        "Unshelve2",
        (_IDS.ShelvedStateMachineType_Unshelve2, _IDS.AlarmConditionType_ShelvingState_Unshelve2),
        (_COMMENT,),
        lambda one, wish, now: one.unshelve(wish.remark, now),
        "unshelved",
        _IDS.AuditConditionShelvingEventType,
    ),
)
"""Of its ShelvingState object; a client may call them on the condition as well (OPC 10000-9 section 5.8.17)."""


def _wish(method: ConditionMethod, call: MethodCall) -> _Wish:
    given = dict(zip((one.Name for one in method.inputs), (one.Value for one in call.arguments), strict=True))
    comment = given.get("Comment") or ua.LocalizedText()
    text, locale = comment.Text or "", comment.Locale or ""
    if len(text) + len(locale) > MAX_COMMENT:
        results = [StatusCodes.BadOutOfRange if one is _COMMENT else StatusCodes.Good for one in method.inputs]
        raise MethodFailedError(
            StatusCodes.BadInvalidArgument, results, f"a comment has at most {MAX_COMMENT} characters"
        )
    milliseconds = given.get("ShelvingTime") or 0.0
    duration_ns = round(milliseconds * 1e6) if 0 < milliseconds < float("inf") else 0
    identity = call.session.identity
    user = "" if identity is None or identity.user is None else identity.user
    return _Wish(given.get("EventId") or b"", Comment(text, locale, user), duration_ns)


class ConditionMethods:
    """Lets operators answer alarms.

    Args:
        conditions: By the NodeIds on which methods can be called: their own, and those of their ShelvingState.
        changed: Called after a condition has changed; an event is due.
        record: Where it is listed who did what.
        clock: Time.
    """

    def __init__(
        self,
        conditions: Mapping[ua.NodeId, Condition],
        changed: Callable[[Condition], None],
        record: Callable[[AuditEvent], None],
        clock: Clock,
    ) -> None:
        self._conditions = conditions
        self._changed = changed
        self._record = record
        self._clock = clock

    def offer(self, table: MethodTable) -> None:
        """Make the methods callable for operators."""
        for methods, on in (
            (CONDITION_METHODS, self._is_condition),
            (SHELVING_METHODS, self._conditions.__contains__),
        ):
            for method in methods:
                for identifier in method.ids:
                    table.offer(
                        standard_node(identifier),
                        partial(self._carry_out, method),
                        on=on,
                        inputs=method.inputs,
                        role=Role.OPERATOR,
                    )

    def _is_condition(self, node_id: ua.NodeId) -> bool:
        condition = self._conditions.get(node_id)
        return condition is not None and condition.node_id == node_id

    async def _carry_out(self, method: ConditionMethod, call: MethodCall) -> Sequence[ua.Variant]:
        condition, wish = self._conditions[call.object_id], _wish(method, call)
        try:
            is_due = method.work(condition.alarm, wish, self._clock.stamp())
        except RefusedError as error:
            status = _STATUS[error.refusal]
            self._note(method, call, condition, wish, status, f"not {method.done}: {error}")
            raise MethodFailedError(status, reason=str(error)) from error
        self._note(method, call, condition, wish, StatusCodes.Good, method.done)
        _LOG.info("%s %s by %s", printable(condition.spec.identifier), method.done, printable(wish.remark.user))
        if is_due:
            self._changed(condition)
        return ()

    def _note(
        self, method: ConditionMethod, call: MethodCall, condition: Condition, wish: _Wish, status: int, words: str
    ) -> None:
        given = {str(one.Name): value for one, value in zip(method.inputs, call.arguments, strict=True)}
        fields = {_AUDITED[name]: value for name, value in given.items()}
        fields["MethodId"] = ua.Variant(call.method_id, ua.VariantType.NodeId)
        self._record(
            AuditEvent(
                method.audited,
                f"Method/{method.name}",
                call.session.host,
                status,
                f"{condition.spec.identifier} {words}",
                wish.remark.user,
                fields=fields,
                source=condition.node_id,
            )
        )
