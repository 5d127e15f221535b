"""One operator drives, anybody may stop, and what is old or repeated moves nothing."""

from __future__ import annotations

import pytest

from robot.messages import Action, Mode, OperatorMessage
from robot.safety.authority import BY_FORCE, PENDING_MAX, Acts, Authority

MS = 1_000_000
T_NS = 5_000 * MS


def message(
    action: Action, seq: int = 1, client: str = "tablet", age_ms: int = 0, argument: str = ""
) -> OperatorMessage:
    return OperatorMessage(T_NS, seq, client, action, argument, age_ms)


def held(client: str = "tablet") -> Authority:
    authority = Authority()
    authority.accept((message(Action.TAKE, 0, client),), T_NS)
    assert authority.holder == client
    return authority


def ids(acts: Acts) -> list[str]:
    return [event.id for event in acts.events]


def test_nothing_asked_is_nothing_done() -> None:
    assert Authority().accept((), T_NS) == Acts()
    assert not Authority().silent(Mode.WRAP, T_NS)


def test_the_first_who_acts_drives_and_that_is_logged() -> None:
    authority = Authority()
    acts = authority.accept((message(Action.ARM),), T_NS)
    assert (authority.holder, ids(acts)) == ("tablet", ["authority_taken"])
    assert acts.act is not None
    assert acts.act.action is Action.ARM


def test_a_heartbeat_alone_takes_nothing() -> None:
    authority = Authority()
    assert authority.accept((message(Action.HEARTBEAT),), T_NS) == Acts()
    assert authority.holder == ""


def test_a_second_operator_is_refused_but_may_stop() -> None:
    authority = held()
    acts = authority.accept((message(Action.RESUME, client="pendant"),), T_NS)
    assert (acts.act, acts.stop, ids(acts)) == (None, False, ["authority_refused"])
    acts = authority.accept((message(Action.STOP, 2, client="pendant"),), T_NS)
    assert (acts.act, acts.stop, ids(acts)) == (None, True, [])
    assert authority.holder == "tablet"


def test_a_stop_is_obeyed_however_old_or_repeated() -> None:
    authority = held()
    for seq, age_ms in ((5, 0), (5, 0), (1, 60_000)):
        assert authority.accept((message(Action.STOP, seq, age_ms=age_ms),), T_NS).stop


def test_a_stop_comes_before_all_that_was_asked_and_clears_it() -> None:
    authority = held()
    asked = (
        message(Action.ARM, 1),
        message(Action.MOUNT, 2),
        message(Action.STOP, 3),
        message(Action.START, 4),
    )
    acts = authority.accept(asked, T_NS)
    assert acts.stop
    assert acts.act is None
    later = authority.accept((), T_NS)
    assert later.act is not None
    assert later.act.action is Action.START  # asked after the stop; STOPPED refuses it
    assert authority.accept((), T_NS).act is None


def test_acts_wait_for_their_turn_one_a_tick() -> None:
    authority = held()
    first = authority.accept((message(Action.ARM, 1), message(Action.MOUNT, 2)), T_NS)
    second = authority.accept((), T_NS)
    assert [first.act and first.act.action, second.act and second.act.action] == [Action.ARM, Action.MOUNT]
    assert authority.accept((), T_NS).act is None


def test_the_queue_is_bounded() -> None:
    authority = held()
    authority.accept(tuple(message(Action.HOLD, seq) for seq in range(1, 100)), T_NS)
    taken = [authority.accept((), T_NS).act for _ in range(20)]
    assert sum(act is not None for act in taken) == PENDING_MAX - 1


@pytest.mark.parametrize(("action", "age_ms"), [(Action.RESUME, 500), (Action.JOG, 200)])
def test_an_old_act_is_refused(action: Action, age_ms: int) -> None:
    acts = held().accept((message(action, age_ms=age_ms + 1),), T_NS)
    assert (acts.act, acts.jog, ids(acts)) == (None, None, ["command_old"])
    assert held().accept((message(action, age_ms=age_ms),), T_NS).events == ()


def test_a_repeated_sequence_number_counts_for_nothing() -> None:
    authority = held()
    jog = message(Action.JOG, 7, argument="travel:0.1")
    assert authority.accept((jog,), T_NS).jog is jog
    assert authority.accept((jog,), T_NS + 10 * MS).jog is None
    assert authority.accept((message(Action.JOG, 6),), T_NS).jog is None
    assert authority.silent(Mode.MANUAL, T_NS + 201 * MS)


def test_of_several_jogs_the_newest_counts() -> None:
    jogs = tuple(message(Action.JOG, seq, argument=f"travel:0.0{seq}") for seq in (1, 2, 3))
    assert held().accept(jogs, T_NS).jog is jogs[2]


@pytest.mark.parametrize(
    ("mode", "limit_ms"), [(mode, 200 if mode.value[0] == "M" else 1000) for mode in Mode]
)
def test_silence_of_the_holder_is_noticed(mode: Mode, limit_ms: int) -> None:
    authority = held()
    assert not authority.silent(mode, T_NS + limit_ms * MS)
    assert authority.silent(mode, T_NS + limit_ms * MS + 1)


def test_only_the_holders_messages_end_its_silence() -> None:
    authority = held()
    later_ns = T_NS + 1500 * MS
    authority.accept((message(Action.HEARTBEAT, 1, "pendant"), message(Action.STOP, 2, "pendant")), later_ns)
    assert authority.silent(Mode.WRAP, later_ns)
    authority.accept((message(Action.HEARTBEAT, 1),), later_ns)
    assert not authority.silent(Mode.WRAP, later_ns)
    old = message(Action.HEARTBEAT, 2, age_ms=501)
    authority.accept((old,), later_ns + 2000 * MS)
    assert authority.silent(Mode.WRAP, later_ns + 2000 * MS)


def test_authority_is_taken_only_from_a_silent_holder() -> None:
    authority = held()
    acts = authority.accept((message(Action.TAKE, 1, "pendant"),), T_NS + 1000 * MS)
    assert (authority.holder, ids(acts)) == ("tablet", ["authority_refused"])
    acts = authority.accept((message(Action.TAKE, 2, "pendant"),), T_NS + 1000 * MS + 1)
    assert (authority.holder, ids(acts), acts.act) == ("pendant", ["authority_taken"], None)


def test_the_holder_may_take_again_and_may_grant() -> None:
    authority = held()
    assert ids(authority.accept((message(Action.TAKE, 1),), T_NS)) == ["authority_taken"]
    acts = authority.accept((message(Action.GRANT, 2, argument="pendant"),), T_NS)
    assert (authority.holder, ids(acts), acts.act) == ("pendant", ["authority_granted"], None)
    assert ids(authority.accept((message(Action.HOLD, 3),), T_NS)) == ["authority_refused"]
    stranger = authority.accept((message(Action.GRANT, 1, "third", argument="third"),), T_NS)
    assert (authority.holder, ids(stranger)) == ("pendant", ["authority_refused"])


def test_authority_is_taken_by_force_with_both_names_and_without_what_the_other_had_asked_for() -> None:
    authority = held()
    authority.accept((message(Action.ARM, 1), message(Action.START, 2)), T_NS)  # START waits for its turn
    acts = authority.accept((message(Action.TAKE, 1, "pendant", argument=BY_FORCE),), T_NS)
    assert (authority.holder, acts.act) == ("pendant", None)
    assert [(e.id, e.detail) for e in acts.events] == [("authority_taken", "pendant by force from tablet")]
    assert ids(authority.accept((message(Action.JOG, 3),), T_NS)) == ["authority_refused"]


def test_authority_cannot_be_handed_to_nobody() -> None:
    authority = held()
    assert ids(authority.accept((message(Action.GRANT, 1),), T_NS)) == ["authority_refused"]
    assert authority.holder == "tablet"
