"""Gusts while a crossing rolls: the robot stands before it leans too far."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from robot.behaviours.wish import Situation
from robot.crossing.gusts import Gusts
from robot.messages import CarriageState
from tests.robot.safety_cases import DT_S, T_NS, estimate, frame

MOST_DEG = 3.0
CLAMPED = (CarriageState.CLAMPED,) * 3


@pytest.fixture
def gusts() -> Gusts:
    return Gusts(math.radians(MOST_DEG))


def speeds(
    gusts: Gusts, from_deg: float, to_deg: float, seconds: float, *, rolling: bool = True
) -> list[tuple[float, float]]:
    """Lean in degrees and allowed speed in every tick while the lean goes evenly from one to the other."""
    ticks = round(seconds / DT_S)
    found = []
    for n in range(1, ticks + 1):
        roll_deg = from_deg + (to_deg - from_deg) * n / ticks
        rate_rps = math.radians(to_deg - from_deg) / seconds
        believed = replace(estimate(), roll_rad=math.radians(roll_deg), roll_rate_rps=rate_rps)
        found.append(
            (roll_deg, gusts.limit_mps(Situation(T_NS, DT_S, frame(), believed, CLAMPED), rolling=rolling))
        )
    return found


def stood_at_deg(found: list[tuple[float, float]]) -> float:
    """Lean at which the robot was first told to stand."""
    return next(roll_deg for roll_deg, speed_mps in found if speed_mps == 0.0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_gust_stops_the_robot_well_before_the_limit(gusts: Gusts, side: float) -> None:
    speeds(gusts, 0.0, side, 1.0, rolling=False)
    assert 2.2 < abs(stood_at_deg(speeds(gusts, side, 3.0 * side, 1.0))) < 2.5


def test_a_body_that_hangs_nearly_level_is_not_slowed(gusts: Gusts) -> None:
    assert all(speed_mps == math.inf for _, speed_mps in speeds(gusts, -2.0, 2.0, 1.0))


def test_a_lean_that_grows_slowly_slows_it_and_stops_it_only_near_the_limit(gusts: Gusts) -> None:
    speeds(gusts, 1.0, 1.0, 1.0, rolling=False)
    found = speeds(gusts, 1.0, 3.0, 20.0)
    assert 2.5 < stood_at_deg(found) < 2.7
    assert {speed_mps for roll_deg, speed_mps in found if 2.3 < roll_deg < 2.5} == {0.02}


def test_after_a_gust_it_stands_for_two_seconds(gusts: Gusts) -> None:
    speeds(gusts, 1.0, 2.6, 1.0)
    found = speeds(gusts, 2.6, 2.6, 3.0, rolling=False)
    stands = [speed_mps == 0.0 for _, speed_mps in found]
    assert sum(stands) * DT_S == pytest.approx(2.0, abs=0.5)
    assert not stands[-1]


def test_in_a_lasting_wind_every_roll_is_let_lean_less_more_than_the_last(gusts: Gusts) -> None:
    """It goes on as long as it does not come near the limit; it never reaches it."""
    stands_deg, allowed = 2.3, []
    for _ in range(10):
        speeds(gusts, stands_deg, stands_deg, 3.0, rolling=False)
        next_deg = stood_at_deg(speeds(gusts, stands_deg, 3.2, 30.0))
        allowed.append(next_deg - stands_deg)
        stands_deg = next_deg
    assert allowed == sorted(allowed, reverse=True)
    assert stands_deg < 2.85
