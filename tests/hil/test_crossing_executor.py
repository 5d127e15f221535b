"""The crossing carried out: what is measured, tried again, undone, touched, taken over by hand, and outlived.

One crossing is simulated; every test plays its own future from a moment of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hil.scenario import Fault
from robot.messages import Action, Mode
from tests.faults.moments import Moments
from tests.hil.small_job import SmallJob, small_job

OPEN_FRONT, CLAMP_FRONT, OPEN_MIDDLE, OVER_MIDDLE, OVER_REAR, RETRACT = 0, 2, 4, 5, 9, 12
MOMENTS = {
    OPEN_FRONT: 0.0,
    CLAMP_FRONT: 0.0,
    OPEN_MIDDLE: 0.0,
    OVER_MIDDLE: 2.0,
    OVER_REAR: 1.0,
    RETRACT: 0.0,
}

Play = Callable[[SmallJob], Any]


@pytest.fixture(scope="module")
def moments() -> Iterator[Moments]:
    robot, kept = SmallJob(small_job()), Moments()
    robot.begin()
    for step, seconds in MOMENTS.items():
        robot.until_step(step)
        robot.wait(seconds)
        kept.keep(str(step), lambda play: play(robot))
    yield kept
    kept.close()


@pytest.fixture
def play(moments: Moments) -> Callable[[int, Play], Any]:
    return lambda step, what: moments.play(str(step), what)


def grips_mm(robot: SmallJob) -> list[int]:
    return [round(grip_m * 1000) for grip_m in robot.now.truth.grip_m]


def retries(robot: SmallJob) -> int:
    status = robot.now.command.crossing
    return 0 if status is None else status.retries


# ---------------------------------------------------------------- tried again


def one_miss(robot: SmallJob) -> tuple[float, int, list[Any]]:
    from_m = robot.now.truth.s_m
    robot.miss_grip("front")
    robot.wait(2.0)
    robot.spoil()
    robot.until_step(CLAMP_FRONT + 1)
    return robot.now.truth.s_m - from_m, retries(robot), robot.violations


def test_a_grip_that_missed_is_tried_again_from_a_shifted_chainage(play: Callable[[int, Play], Any]) -> None:
    shift_m, tried_again, violations = play(CLAMP_FRONT, one_miss)
    assert 0.015 < abs(shift_m) < 0.045
    assert tried_again == 1
    assert violations == []


def missing_everywhere(robot: SmallJob) -> tuple[str, list[int], str, list[Any]]:
    robot.miss_grip("front")
    robot.until(lambda: robot.mode is Mode.HOLD)
    robot.wait(1.0)
    held = grips_mm(robot)
    reason, detail = robot.now.command.reason, robot.details["crossing_failed"]
    robot.spoil()
    robot.ask(Action.RESUME, Mode.CROSSING)
    robot.until_step(OPEN_MIDDLE)
    return f"{reason} {detail}", held, robot.mode.value, robot.violations


def test_a_grip_that_always_misses_fails_in_hold_and_may_be_resumed(play: Callable[[int, Play], Any]) -> None:
    told, held, mode, violations = play(CLAMP_FRONT, missing_everywhere)
    assert told.startswith("crossing_failed step 3 of")
    assert "pinch force" in told
    assert held == [0, 0, 0]
    assert mode == "CROSSING"
    assert violations == []


# ---------------------------------------------------------------- undone


def never_let_go(robot: SmallJob) -> tuple[str, list[int]]:
    robot.spoil(Fault(kind="stuck", target="grip_middle.pinch", at_s=0.0))
    robot.until(lambda: robot.mode is Mode.HOLD)
    return robot.now.command.reason, grips_mm(robot)


def test_what_cannot_be_confirmed_is_undone_until_all_are_clamped(play: Callable[[int, Play], Any]) -> None:
    assert play(OPEN_MIDDLE, never_let_go) == ("crossing_failed", [0, 0, 0])


def guide_switch_stuck(robot: SmallJob) -> tuple[str, list[int], bool]:
    robot.spoil(Fault(kind="stuck", target="guide_switch", at_s=0.0))
    robot.until(lambda: robot.mode is Mode.HOLD)
    robot.wait(2.0)
    return robot.details["crossing_failed"], grips_mm(robot), robot.now.truth.held


def test_where_the_way_back_is_too_long_it_stays_as_it_stands(play: Callable[[int, Play], Any]) -> None:
    detail, grips, held = play(RETRACT, guide_switch_stuck)
    assert "guide switch" in detail
    assert grips == [0, 0, 40]
    assert held


# ---------------------------------------------------------------- touched


def touched_once(robot: SmallJob) -> tuple[float, float, bool, float, bool]:
    begin_ns = robot.now.frame.t_ns
    robot.touch()
    stopped_ms = (robot.now.frame.t_ns - begin_ns) / 1e6
    robot.wait(1.0)
    latched, at_m = robot.mode is Mode.STOPPED, robot.now.truth.s_m
    robot.start_after_stop()
    back_m = 0.0
    while robot.step == OVER_MIDDLE:
        robot.tick()
        back_m = min(back_m, robot.now.truth.s_m - at_m)
    return stopped_ms, back_m, latched, robot.now.truth.s_m - at_m, robot.mode is Mode.CROSSING


def test_a_contact_stops_within_100_ms_and_is_backed_off_from_before_the_step_is_tried_again(
    play: Callable[[int, Play], Any],
) -> None:
    stopped_ms, back_m, latched, on_m, crosses = play(OVER_MIDDLE, touched_once)
    assert stopped_ms <= 100.0
    assert latched
    assert -0.035 < back_m < -0.025
    assert crosses
    assert on_m > 0.1


def touched_twice(robot: SmallJob) -> tuple[str, str, list[Any], list[int]]:
    robot.touch()
    robot.start_after_stop()
    robot.wait(3.0)
    robot.touch()
    robot.start_after_stop()
    robot.until(lambda: robot.mode is Mode.HOLD, 40.0)
    robot.wait(1.0)
    return robot.now.command.reason, robot.details["crossing_failed"], robot.violations, grips_mm(robot)


def test_a_second_contact_at_a_step_ends_in_hold_where_all_were_clamped(
    play: Callable[[int, Play], Any],
) -> None:
    reason, detail, violations, grips = play(OVER_REAR, touched_twice)
    assert reason == "crossing_failed"
    assert "contact again" in detail
    assert violations == []
    assert grips == [0, 0, 0]


# ---------------------------------------------------------------- by hand, and outlived


def taken_over(robot: SmallJob) -> tuple[list[int], str, list[Any]]:
    robot.ask(Action.HOLD, Mode.HOLD)
    robot.wait(1.5)
    robot.ask(Action.MANUAL, Mode.MANUAL)
    robot.jog("travel:-0.08", 1.4)
    robot.jog("grip_rear:-0.02", 4.0)
    held = grips_mm(robot)
    robot.ask(Action.HOLD, Mode.HOLD)
    robot.wait(0.5)
    robot.ask(Action.RESUME, Mode.CROSSING)
    robot.until(lambda: robot.mode is not Mode.CROSSING, 90.0)
    return held, robot.now.command.reason, robot.violations


def test_taken_over_by_hand_it_goes_on_with_a_new_plan_from_where_it_stands(
    play: Callable[[int, Play], Any],
) -> None:
    held, reason, violations = play(OVER_REAR, taken_over)
    assert held[2] <= 1
    assert reason == "crossing_done"
    assert violations == []


def restarted(robot: SmallJob) -> tuple[str, list[int], list[int], bool]:
    robot.start_host()
    robot.wait(3.0)
    mode, before = robot.mode.value, grips_mm(robot)
    robot.ask(Action.STOP, Mode.STOPPED)
    robot.wait(1.0)
    robot.ask(Action.RESET, Mode.SAFE)
    robot.wait(1.0)
    robot.ask(Action.ARM, Mode.READY)
    robot.ask(Action.MANUAL, Mode.MANUAL)
    robot.jog("travel:-0.08", 1.4)
    robot.jog("grip_rear:-0.02", 4.0)
    return mode, before, grips_mm(robot), robot.mode is Mode.MANUAL


def test_after_a_restart_nothing_opens_and_a_crew_clamps_it_by_hand(play: Callable[[int, Play], Any]) -> None:
    mode, before, after, by_hand = play(OVER_REAR, restarted)
    assert mode == "SAFE"
    assert before == [0, 0, 40]
    assert max(after) <= 1
    assert by_hand


# ---------------------------------------------------------------- as planned


def undisturbed(robot: SmallJob) -> tuple[list[Any], str]:
    robot.until(lambda: robot.mode is Mode.WRAP)
    return robot.violations, robot.details["crossing_done"]


def test_undisturbed_it_crosses_in_time_and_tells_where_the_time_went(
    play: Callable[[int, Play], Any],
) -> None:
    violations, told = play(OPEN_FRONT, undisturbed)
    assert violations == []
    assert float(told.split(" s ")[0]) < 45.0
    assert "advance" in told
