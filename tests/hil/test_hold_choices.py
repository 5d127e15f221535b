"""What a crew can choose before an unknown thing, carried through on the simulated robot."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from robot.messages import Action, Mode
from robot.modes.choices import choices
from tests.faults.moments import Moments
from tests.hil.small_job import SmallJob, small_job

THING_M = 7.0
HOLD_ROOM_M = 0.30  # that backing off may take


@pytest.fixture(scope="module")
def moments() -> Iterator[Moments]:
    """Before an indicator that the camera does not know, and before something that is not there at all."""
    kept = Moments()
    known = SmallJob(small_job(pole_m=18.0), small_job([("fault-indicator", THING_M)], pole_m=18.0))
    known.mistake("fault-indicator", "unknown")
    ghost = SmallJob(small_job(pole_m=18.0))
    there = ghost.plant.world.true_features
    ghost.show([dataclasses.replace(there[0], kind="unknown", at_m=THING_M), *there])
    for name, robot in (("thing", known), ("ghost", ghost)):
        robot.begin()
        robot.until(lambda robot=robot: robot.mode is Mode.HOLD)
        robot.wait(1.0)
        kept.keep(name, lambda play, robot=robot: play(robot))
    yield kept
    kept.close()


Before = Callable[[str, Callable[[SmallJob], Any]], Any]


@pytest.fixture
def before(moments: Moments) -> Before:
    return moments.play


def as_offered(robot: SmallJob) -> tuple[str, str]:
    return robot.now.command.reason, robot.details["feature_blocked"]


def test_it_waits_and_says_where_the_unknown_thing_is(before: Before) -> None:
    reason, detail = before("thing", as_offered)
    assert reason == "feature_blocked"
    assert "unknown at 7.0" in detail
    assert choices(reason) == (
        Action.TREAT_AS,
        Action.LOOK_AGAIN,
        Action.BACK_OFF,
        Action.MANUAL,
        Action.END_JOB,
    )


def treat_as_indicator(robot: SmallJob) -> tuple[str, float, list[Any]]:
    robot.ask(Action.TREAT_AS, Mode.WRAP, "fault-indicator")
    robot.until(lambda: robot.mode is Mode.CROSSING, 20.0)
    robot.until(lambda: robot.mode is not Mode.CROSSING)
    robot.wait(1.0)
    return robot.now.command.reason, robot.now.truth.s_m, robot.violations


def test_treated_as_what_it_is_it_is_crossed(before: Before) -> None:
    reason, at_m, violations = before("thing", treat_as_indicator)
    assert reason == "crossing_done"
    assert at_m > THING_M + 1.0
    assert violations == []


def treat_as_nonsense(robot: SmallJob) -> tuple[Mode, str]:
    robot.crew.ask(Action.TREAT_AS, "fault-indicater")
    robot.wait(0.5)
    return robot.mode, robot.details["command_refused"]


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest(before: Before) -> None:
    mode, told = before("thing", treat_as_nonsense)
    assert mode is Mode.HOLD
    assert "near is fault-indicator" in told


def look_again(robot: SmallJob) -> tuple[Mode, str, float]:
    at_m = robot.now.truth.s_m
    robot.ask(Action.LOOK_AGAIN, Mode.WRAP)
    robot.wait(8.0)
    return robot.mode, robot.now.command.reason, robot.now.truth.s_m - at_m


def test_looking_again_at_what_is_still_there_moves_nothing(before: Before) -> None:
    mode, reason, moved_m = before("thing", look_again)
    assert (mode, reason) == (Mode.HOLD, "feature_blocked")
    assert abs(moved_m) < 0.005


def look_again_at_nothing(robot: SmallJob) -> tuple[Mode, str, float]:
    robot.show(robot.plant.world.true_features)
    return look_again(robot)


def test_looking_again_where_it_was_removed_goes_on(before: Before) -> None:
    mode, _, moved_m = before("ghost", look_again_at_nothing)
    assert mode is Mode.WRAP
    assert moved_m > 1.0


def back_off(robot: SmallJob) -> tuple[list[float], float, float]:
    from_m, from_rad = robot.now.truth.s_m, robot.now.command.estimate.rotor_abs_rad
    ways_m = []
    for _ in range(2):
        robot.ask(Action.BACK_OFF, Mode.RETREAT)
        robot.until(lambda: robot.mode is Mode.HOLD, 20.0)
        robot.wait(0.5)
        ways_m.append(from_m - robot.now.truth.s_m)
    turned_rad = robot.now.command.estimate.rotor_abs_rad - from_rad
    pitch_m = robot.job.line.pitch_m
    return ways_m, turned_rad / 6.2832 * pitch_m * robot.job.line.hand, robot.now.truth.tension_n


def test_backing_off_goes_back_with_the_rotor_geared_backwards_and_never_too_far(before: Before) -> None:
    ways_m, wound_m, tension_n = before("thing", back_off)
    assert ways_m == pytest.approx([HOLD_ROOM_M, HOLD_ROOM_M], abs=0.006)
    assert wound_m == pytest.approx(-HOLD_ROOM_M, abs=0.01)
    assert tension_n == pytest.approx(10.0, abs=2.0)


def by_hand(robot: SmallJob) -> tuple[float, Mode, str]:
    at_m = robot.now.truth.s_m
    robot.ask(Action.MANUAL, Mode.MANUAL)
    robot.jog("travel:-0.05", 3.0)
    moved_m = robot.now.truth.s_m - at_m
    robot.ask(Action.HOLD, Mode.HOLD)
    robot.wait(0.5)
    robot.ask(Action.RESUME, Mode.WRAP)
    robot.until(lambda: robot.mode is Mode.HOLD, 20.0)
    return moved_m, robot.mode, robot.now.command.reason


def test_taken_over_by_hand_it_can_be_moved_and_handed_back(before: Before) -> None:
    moved_m, mode, reason = before("thing", by_hand)
    assert moved_m < -0.10
    assert (mode, reason) == (Mode.HOLD, "feature_blocked")


def end_job(robot: SmallJob) -> tuple[Mode, str, list[str]]:
    robot.crew.ask(Action.END_JOB)
    robot.tick()
    records = [record.kind for record in robot.now.command.records]
    robot.wait(1.0)
    robot.crew.ask(Action.START)
    robot.wait(0.5)
    return robot.mode, robot.details["command_refused"], records


def test_ended_here_the_lay_is_closed_and_nothing_starts_again(before: Before) -> None:
    mode, refused, records = before("thing", end_job)
    assert mode is Mode.READY
    assert "no mounted job" in refused
    assert records == ["end"]
