"""The desk: what passes the gates, what clients see of it, and what is left when somebody goes away."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.errors import ActionRefusedError, DeviceTimeoutError, GatewayError
from gateway.model.actions import ActionOrigin, ActionRequest
from gateway.model.quality import State
from gateway.runtime import analyser_actions
from tests.runtime.action_desk import BOB, OPENED, OPERATORS, Office, office, opened, request


async def refused(place: Office, wish: ActionRequest) -> str:
    with pytest.raises(ActionRefusedError) as caught:
        await place.desk.invoke(wish)
    return str(caught.value)


async def test_an_authorised_action_is_carried_out_and_shown() -> None:
    async with opened(office()) as place:
        assert place.shown == {
            "State": "idle", "Last": "", "Result": "", "Time": "", "Done": 0, "Refused": 0, "Leftovers": "",
        }  # fmt: skip
        assert {state for _, state in place.points.values()} == {State.GOOD}
        assert await place.desk.invoke(request()) == "Start is done"
        assert place.executor.performed == [("Start", (1,))]
        assert await place.desk.invoke(request(origin=BOB, arguments=(4,))) == "Start is done"
        shown = place.shown
        assert (shown["State"], shown["Done"], shown["Refused"]) == ("done", 2, 0)
        assert shown["Last"] == "Start(4) by bob (claimed) over epics_ca from 10.1.2.3"
        assert shown["Result"] == "Start is done"
        assert str(shown["Time"]).endswith("+00:00")


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (request(device="other"), "no action is open on this analyser"),
        (request("Clear", ()), "'Clear' is not open"),
        (request(confirmed=False), "Start was not confirmed"),
        (request("Stop", (), origin=BOB), "'bob' may not ask for Stop from 10.1.2.3"),
        (request(origin=ActionOrigin("opcua", "10.0.0.1", "mallory", proved=True)), "'mallory' may not ask for Start"),
        (request(origin=ActionOrigin("epics_ca", "192.168.1.5", "alice", proved=False)), "'alice' may not ask"),
        (request(origin=ActionOrigin("epics_ca", "11.0.0.1", "bob", proved=False)), "'bob' may not ask"),
        (request(origin=ActionOrigin("opcua", "10.1.2.3", "bob", proved=True)), "'bob' may not ask"),
        (request(origin=ActionOrigin("opcua", "10.0.0.8", "carol", proved=True)), "'carol' may not ask"),
        (request(arguments=()), "Start needs 1 arguments, got 0; give Group 1 to 4"),
        (request(arguments=(1, 2)), "Start needs 1 arguments, got 2"),
        (request("Stop", (1,)), "Stop needs 0 arguments, got 1; give none"),
        (request(arguments=(0,)), "Group must be 1 to 4, got 0"),
        (request(arguments=(5,)), "Group must be 1 to 4, got 5"),
        (request(arguments=(True,)), "Group must be a whole number, got True"),
        (request(arguments=(2.0,)), "Group must be a whole number"),  # type: ignore[arg-type]
        (request(arguments=(float("nan"),)), "Group must be 1 to 4, got nan, which is no number"),  # type: ignore[arg-type]
    ],
)
async def test_a_closed_gate_is_told_and_nothing_is_sent(wish: ActionRequest, told: str) -> None:
    async with opened(office()) as place:
        looked = place.executor.looked
        assert told in await refused(place, wish)
        assert (place.executor.performed, place.executor.looked) == ([], looked)
        if wish.device == "stack":
            assert (place.shown["State"], place.shown["Refused"], place.shown["Done"]) == ("refused", 1, 0)


async def test_carol_may_from_her_own_host_by_password_or_by_claim() -> None:
    async with opened(office()) as place:
        for proved in (True, False):
            origin = ActionOrigin("any", "::ffff:10.0.0.7", "carol", proved=proved)
            assert await place.desk.invoke(request(origin=origin)) == "Start is done"


async def test_before_the_analyser_answers_and_after_it_is_lost_nothing_is_sent() -> None:
    place = office()
    assert "starting or stopping" in await refused(place, request())
    async with opened(place):
        place.lost(DeviceTimeoutError("no usable answer"))
        assert "does not answer at present" in await refused(place, request())
        place.reachable()
        await place.desk.invoke(request())
    assert "starting or stopping" in await refused(place, request())
    assert place.executor.performed == [("Start", (1,))]


async def test_one_at_a_time_and_what_runs_stays_in_sight() -> None:
    async with opened(office()) as place, anyio.create_task_group() as tasks:
        place.executor.hold = anyio.Event()
        tasks.start_soon(place.desk.invoke, request())
        await place.until("State", "running")
        told = await refused(place, request("Stop", ()))
        assert "busy with Start(1) by alice (proved) over opcua from 192.168.1.5" in told
        assert (place.shown["State"], place.shown["Refused"]) == ("running", 1)
        place.executor.hold.set()
        await place.until("State", "done")
        assert place.executor.performed == [("Start", (1,))]


async def test_a_client_that_goes_away_does_not_stop_the_action() -> None:
    async with opened(office()) as place:
        place.executor.hold = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place.desk.invoke, request())
            await place.until("State", "running")
            tasks.cancel_scope.cancel()
        place.executor.hold.set()
        await place.until("State", "done")
        assert place.shown["Done"] == 1


async def test_a_gateway_that_stops_finishes_the_action_and_tells_the_client() -> None:
    place = office()
    results: list[str] = []

    async def ask(wish: ActionRequest) -> None:
        results.append(await place.desk.invoke(wish))

    async with anyio.create_task_group() as clients:
        with anyio.fail_after(10):
            async with opened(place):
                hold = place.executor.hold = anyio.Event()
                clients.start_soon(ask, request())
                await place.until("State", "running")
                clients.start_soon(partial(_set_soon, hold))
    assert results == ["Start is done"]
    place.seen.apply(place.actions.stop(place.clock.stamp()))
    assert {state for _, state in place.points.values()} == {State.STOPPED}
    assert place.shown["State"] == "done"


async def _set_soon(event: anyio.Event) -> None:
    await anyio.lowlevel.checkpoint()
    event.set()


async def test_a_failure_is_told_counted_and_followed_by_a_look() -> None:
    async with opened(office()) as place:
        looked = place.executor.looked
        place.executor.error = GatewayError("the coil could not be written back", where="stack", hint="clear it")
        with pytest.raises(GatewayError, match="written back"):
            await place.desk.invoke(request())
        shown = place.shown
        assert (shown["State"], shown["Done"], shown["Refused"]) == ("failed", 0, 1)
        assert shown["Result"] == "the coil could not be written back; clear it"
        await anyio.wait_all_tasks_blocked()
        assert place.executor.looked == looked + 1
        assert place.points["Leftovers"] == ("", State.COMMUNICATION_INTERRUPTED)
        place.executor.error = None
        assert await place.desk.invoke(request()) == "Start is done"


async def test_a_fault_of_the_driver_stays_with_the_action(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(office()) as place:
        place.executor.error = ZeroDivisionError("a bug")
        with pytest.raises(GatewayError, match="fault of the driver: ZeroDivisionError"):
            await place.desk.invoke(request())
        await anyio.wait_all_tasks_blocked()
        place.executor.error = None
        assert await place.desk.invoke(request()) == "Start is done"
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["stack: fault of the driver"]


async def test_an_action_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyser_actions, "LONGEST_S", 0.05)
    async with opened(office()) as place:
        place.executor.hold = anyio.Event()
        with pytest.raises(GatewayError, match="not finished within"):
            await place.desk.invoke(request())
        assert place.shown["State"] == "failed"


async def test_leftovers_are_looked_for_at_every_return_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    place = office()
    place.executor.left = ["coil 00001 (start of group 1)"]
    with caplog.at_level(logging.WARNING, "gateway.analyser.stack"):
        async with opened(place):
            assert (place.executor.looked, place.executor.performed) == (1, [])
            place.reachable()
            await anyio.wait_all_tasks_blocked()
            assert place.executor.looked == 1
            for _ in range(2):
                place.lost(DeviceTimeoutError("no usable answer"))
                await anyio.wait_all_tasks_blocked()
                assert place.points["Leftovers"] == ("coil 00001 (start of group 1)", State.COMMUNICATION_INTERRUPTED)
                place.reachable()
                await anyio.wait_all_tasks_blocked()
                assert place.points["Leftovers"] == ("coil 00001 (start of group 1)", State.GOOD)
            assert place.executor.looked == 3
            place.executor.left = []
            await place.desk.invoke(request())
            await place.until("Leftovers", "")
    said = [record.getMessage() for record in caplog.records if "left over" in record.getMessage()]
    hint = "a new command may go unnoticed until they are cleared"
    assert said == [
        f"stack: left over from earlier commands: coil 00001 (start of group 1); {hint}",
        "stack: nothing is left over from earlier commands any more",
    ]


def often(right: Any, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what opens a gate, so that many requests are closed by a single one, and some by none."""
    return st.sampled_from([right] * 4 + [None]).flatmap(lambda one: other if one is None else st.just(one))


USERS = st.sampled_from([*OPERATORS, "mallory", "Alice", ""]) | st.text(max_size=5)
REQUESTS = st.builds(
    ActionRequest,
    device=often("stack", st.sampled_from(["other", "Stack"])),
    action=often("Start", st.sampled_from(["Stop", "Clear", ""]) | st.text(max_size=5)),
    arguments=often((1,), st.lists(st.integers(0, 5) | st.integers(), max_size=2).map(tuple)),
    confirmed=often(right=True, other=st.just(value=False)),
    origin=st.builds(
        ActionOrigin,
        protocol=st.sampled_from(["opcua", "epics_ca"]),
        host=often("10.0.0.7", st.sampled_from(["10.9.9.9", "::ffff:10.0.0.7", "192.168.1.5", "", "10.0.0.7 "])),
        user=st.sampled_from(["alice", "bob", "carol"]) | USERS,
        proved=st.booleans(),
    ),
)


def may(wish: ActionRequest, *, reachable: bool) -> bool:
    """The rule, said another way: every line must hold."""
    user, host = wish.origin.user, wish.origin.host.removeprefix("::ffff:")
    return (
        wish.device == "stack"
        and wish.action in OPENED
        and wish.confirmed
        and user in OPENED[wish.action]
        and (user != "alice" or wish.origin.proved)
        and (user != "bob" or (not wish.origin.proved and host in ("10.0.0.7", "10.9.9.9")))
        and (user != "carol" or host == "10.0.0.7")
        and (
            len(wish.arguments) == 1 and wish.arguments[0] in (1, 2, 3, 4)
            if wish.action == "Start"
            else not wish.arguments
        )
        and reachable
    )


@given(wishes=st.lists(st.tuples(REQUESTS, st.booleans()), min_size=1, max_size=8))
@settings(deadline=None)
def test_no_combination_of_closed_gates_reaches_the_executor(wishes: list[tuple[ActionRequest, bool]]) -> None:
    async def ask() -> None:
        async with opened(office()) as place:
            expected: list[tuple[str, tuple[int, ...]]] = []
            for wish, reachable in wishes:
                if reachable:
                    place.reachable()
                else:
                    place.lost(DeviceTimeoutError("no usable answer"))
                try:
                    await place.desk.invoke(wish)
                except ActionRefusedError:
                    assert not may(wish, reachable=reachable)
                else:
                    assert may(wish, reachable=reachable)
                    expected.append((wish.action, wish.arguments))
                assert place.executor.performed == expected
            event(f"{len(expected)} carried out")

    anyio.run(ask)
