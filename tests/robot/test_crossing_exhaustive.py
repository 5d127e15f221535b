"""Every state that a crossing can come into, on a reduced model of the robot: none breaks the support rule, and none is
without a way to STOPPED or HOLD.

By default a plain pole is walked through with what happens most; with `-m acceptance` three plans with everything. How
many mishaps a walk knows is bounded: each may begin anywhere and last as long as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from robot.crossing.stance import Context
from robot.messages import Action, Mode
from robot.safety.failsafe import DEFERRAL_MAX_NS, RULES
from tests.robot.crossing_cases import planned
from tests.robot.crossing_model import CLAMPED, JAM, NOTHING, Happening, Model, State, act, condition
from tests.robot.walk import Walk, walk, wrongs

PLANS = {
    "pin": (("pin-10", 0.0),),
    "pin and indicator": (("pin-10", 0.0), ("fault-indicator", 0.5)),
    "double line post": (("line-post-10-double", 0.0),),
}
CLOSED = (CLAMPED, CLAMPED, CLAMPED)

RESTART = Happening("restart", restarts=True)
MISS = Happening("grip misses", misses=True)
BLIND = Happening("blind", blind=True, conditions=frozenset({"feedback_lost"}))
UNREAD = tuple(Happening(f"{name} unread", unread=i) for i, name in enumerate(("front", "middle", "rear")))
STOP, HOLD, RESUME, RESET = act(Action.STOP), act(Action.HOLD), act(Action.RESUME), act(Action.RESET)
ARM, START, MANUAL, BACK_OFF = act(Action.ARM), act(Action.START), act(Action.MANUAL), act(Action.BACK_OFF)
END_JOB, DISARM = act(Action.END_JOB), act(Action.DISARM)
OPERATOR = (STOP, HOLD, RESUME, RESET, ARM, START)
JOGS = tuple(
    act(Action.JOG, f"grip_{name}:{step}") for name in ("front", "middle", "rear") for step in (0.04, -0.04)
)
REFUSED = (
    act(Action.RESET, "", "estop_open"),
    act(Action.ARM, "", "estop_open"),
    act(Action.RESUME, "", "imu_lost"),
    act(Action.START, "", "contact"),
)
# One condition of each kind that the failsafe table tells apart.
KINDS = {(tuple(rule.actions.values()), rule.deferrable): name for name, rule in RULES.items()}
AT_ONCE = tuple(condition(name) for (_, may_wait), name in KINDS.items() if not may_wait)
MAY_WAIT = tuple(condition(name) for (_, may_wait), name in KINDS.items() if may_wait)

CONTACT, UNSEEN = condition("contact"), Happening("unseen", unseen=True)
WHAT_STICKS = (NOTHING, JAM, MISS, HOLD, RESUME, ARM, START)
WHAT_TOUCHES = (NOTHING, CONTACT, RESET, ARM, START)
WHAT_WAITS = (NOTHING, *OPERATOR, condition("camera_lost"))
ALL_THAT_FAILS = (
    NOTHING,
    JAM,
    RESTART,
    MISS,
    BLIND,
    UNSEEN,
    *UNREAD,
    *OPERATOR,
    MANUAL,
    END_JOB,
    DISARM,
    *REFUSED,
    *AT_ONCE,
)
ALL_THAT_WAITS = (NOTHING, MISS, *OPERATOR, MANUAL, BACK_OFF, CONTACT, *MAY_WAIT)


AT_REST = (Mode.SAFE, Mode.READY, Mode.STOPPED)


def walked(plan: str, usual: Sequence[Happening], mishaps: int, jogs: Sequence[Happening] = ()) -> Walk:
    """All that can come of these happenings, of so many mishaps in any order, each as long as it likes.

    Mishaps begin only where something may move, jogs only where a person moves the robot, and nobody arms or starts
    what is at work.
    """

    def choices(state: State) -> Sequence[Happening]:
        more = state.mishaps < mishaps and state.mode not in AT_REST
        can = [h for h in usual if more or h.mishap in ("", state.mishap)]
        if state.mode not in AT_REST:
            can = [h for h in can if h not in (ARM, START)]
        return (*can, *jogs) if state.mode is Mode.MANUAL else can

    model = Model(planned(*PLANS[plan], context=Context()), retreats=BACK_OFF in usual)
    with model.at_work():
        found = walk(model, choices)
    print(f"{plan}: {len(found.states)} states, {found.count} transitions, {found.modes()}")
    return found


def stands(state: State) -> bool:
    return state.mode in (Mode.HOLD, Mode.STOPPED)


def is_proof(found: Walk) -> None:
    """All was seen, nothing was wrong, and nothing is without a way out."""
    assert found.closed
    assert found.problems == {}
    assert found.without_way_to(stands, by=lambda name: name == STOP.name) == []
    moving = [n for n, state in enumerate(found.states) if state.mode in (Mode.CROSSING, Mode.WRAP)]
    without_stop = set(found.without_way_to(stands, by=lambda name: name != STOP.name))
    assert without_stop.isdisjoint(moving)


@pytest.fixture(scope="module")
def sticking() -> Walk:
    return walked("pin", WHAT_STICKS, 1)


def test_whatever_sticks_over_a_plain_pole_the_robot_is_held_and_can_be_stopped(sticking: Walk) -> None:
    assert sticking.problems == {}
    assert sticking.closed
    assert sticking.without_way_to(stands, by=lambda name: name != JAM.name) == []


def test_all_of_the_plan_is_walked_through(sticking: Walk) -> None:
    places = {state.plant.place_m for state in sticking.states if state.mode is Mode.CROSSING}
    stances = {state.plant.grips for state in sticking.states}
    modes = sticking.modes()
    assert len(places) > 15
    assert len(stances) == 7  # all clamped; each carriage open and on its way
    assert all(modes[name] > 0 for name in ("SAFE", "READY", "WRAP", "CROSSING", "HOLD"))
    assert any(s.mode is Mode.WRAP and s.plant.place_m == max(places) for s in sticking.states)


def test_a_crossing_in_which_nothing_moves_ends_in_hold(sticking: Walk) -> None:
    assert sticking.lasting(Mode.CROSSING, JAM.name) == []


def test_whatever_is_touched_twice_the_robot_is_stopped_and_goes_on_safely() -> None:
    found = walked("pin", WHAT_TOUCHES, 2)
    assert found.problems == {}
    assert found.closed
    touched = {found.states[moves[CONTACT.name]].mode for moves in found.moves if CONTACT.name in moves}
    assert touched <= {Mode.STOPPED, Mode.HOLD}


def test_what_may_wait_waits_for_the_first_stance_with_all_clamped_and_not_too_long() -> None:
    found = walked("pin", WHAT_WAITS, 1)
    is_proof(found)
    waiting = [n for n, state in enumerate(found.states) if state.put_off_ns is not None]
    assert 0 < max(found.states[n].waited_ns for n in waiting) <= DEFERRAL_MAX_NS
    for number in waiting:
        state = found.states[number]
        if state.mode is Mode.CROSSING and state.plant.grips == CLOSED:
            follows = [number := found.moves[number][NOTHING.name] for _ in range(2)]
            assert any(found.states[n].mode is Mode.HOLD for n in follows)
            assert found.states[number].plant.grips == CLOSED


def test_backing_off_from_anywhere_ends_and_leads_only_over_what_is_free() -> None:
    found = walked("pin", (NOTHING, HOLD, RESUME, BACK_OFF, ARM, START), 0)
    assert found.problems == {}
    assert found.closed
    assert found.modes()["RETREAT"] > 50
    assert found.lasting(Mode.RETREAT, NOTHING.name) == []


def test_no_jog_breaks_the_support_rule_and_every_stance_can_be_closed_again() -> None:
    usual = (NOTHING, UNREAD[1], RESTART, STOP, HOLD, RESET, ARM, MANUAL)
    found = walked("pin", usual, 2, JOGS)
    is_proof(found)
    assert len({state.plant.grips for state in found.states}) > 30
    assert found.without_way_to(lambda state: state.plant.grips == CLOSED, by=lambda name: True) == []


def problems_of(*happenings: Happening) -> list[str]:
    """What goes wrong over a plain pole when just this happens."""
    model = Model(planned(*PLANS["pin"], context=Context()))
    with model.at_work():
        state, found = model.begin(), []
        for happens in (ARM, START, *happenings):
            move = model.tick(state, happens)
            found += wrongs(model, state, move, happens)
            state = move.to
    return found


def test_nobody_backs_off_into_what_was_crossed_half() -> None:
    """Held with the front clamped beyond the pole, and sent back."""
    assert problems_of(*[NOTHING] * 13, HOLD, BACK_OFF, *[NOTHING] * 3) == []


def test_a_crossing_goes_on_only_in_the_stance_of_its_plan() -> None:
    """Held on its first advance, the front open; the front is clamped by hand, and the crossing resumed."""
    close_front = act(Action.JOG, "grip_front:-0.04")
    assert (
        problems_of(*[NOTHING] * 6, HOLD, MANUAL, close_front, close_front, HOLD, RESUME, *[NOTHING] * 4)
        == []
    )


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("happenings", [ALL_THAT_FAILS, ALL_THAT_WAITS], ids=["fails", "waits"])
@pytest.mark.parametrize("plan", PLANS)
def test_nothing_at_all_breaks_the_support_rule(plan: str, happenings: tuple[Happening, ...]) -> None:
    is_proof(walked(plan, happenings, 1))


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_a_second_thing_that_goes_wrong_breaks_nothing_either() -> None:
    is_proof(walked("pin", (NOTHING, CONTACT, MISS, RESTART, UNREAD[1], *OPERATOR), 2))
