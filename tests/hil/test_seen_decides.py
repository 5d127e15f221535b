"""What is seen decides, not what was surveyed: the world differs from the survey, and the robot comes through."""

from __future__ import annotations

import pytest

from missions.job import Job
from robot.messages import Mode
from tests.hil.small_job import SmallJob, small_job

INDICATOR = "fault-indicator"


def outcome(survey: Job, world: Job) -> tuple[str, int, list[object], str]:
    """How the job ended, how many crossings were done, and what was broken."""
    robot = SmallJob(survey, world)
    robot.begin()
    robot.until(lambda: robot.mode in (Mode.HOLD, Mode.STOPPED), 250.0)
    reason = robot.now.command.reason
    crossed = robot.events.count("crossing_done")
    return reason, crossed, list(robot.violations), robot.details.get(reason, "")


def test_a_pole_that_stands_2_m_before_its_surveyed_place_is_crossed() -> None:
    assert outcome(small_job(pole_m=11.0), small_job(pole_m=9.0))[:3] == ("lay_end", 1, [])


def test_an_indicator_that_is_not_there_any_more_stops_nothing() -> None:
    survey, world = small_job([(INDICATOR, 7.0)], pole_m=11.0), small_job(pole_m=11.0)
    assert outcome(survey, world)[:3] == ("lay_end", 1, [])


def test_an_indicator_that_nobody_surveyed_beside_a_pole_is_crossed_with_it() -> None:
    survey, world = small_job(pole_m=10.0), small_job([(INDICATOR, 10.9)], pole_m=10.0)
    assert outcome(survey, world)[:3] == ("lay_end", 1, [])


def test_two_that_leave_no_stance_between_them_are_refused_with_their_places() -> None:
    survey = small_job([(INDICATOR, 7.0)], pole_m=18.0)
    world = small_job([(INDICATOR, 7.0), (INDICATOR, 7.77)], pole_m=18.0)
    reason, crossed, violations, why = outcome(survey, world)
    assert (reason, crossed, violations) == ("feature_blocked", 0, [])
    assert "support rule" in why


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("surveyed", "there"),
    [
        ([(INDICATOR, 9.5)], [(INDICATOR, 7.5)]),
        ([(INDICATOR, 7.5)], [(INDICATOR, 9.5)]),
        ([(INDICATOR, 7.5)], [("splice", 7.5)]),
        ([("splice", 7.5)], [(INDICATOR, 7.5)]),
        ([(INDICATOR, 7.5)], [(INDICATOR, 7.5), (INDICATOR, 7.8)]),
        ([(INDICATOR, 7.5), (INDICATOR, 8.2)], [(INDICATOR, 7.5)]),
        ([], [("pg-clamp", 7.5)]),
    ],
    ids=[
        "2 m earlier",
        "2 m later",
        "a splice",
        "no splice",
        "doubled",
        "surveyed twice",
        "not surveyed",
    ],
)
def test_what_hangs_on_a_span_is_crossed_as_it_is_seen(
    surveyed: list[tuple[str, float]], there: list[tuple[str, float]]
) -> None:
    survey, world = small_job(surveyed, pole_m=19.0), small_job(there, pole_m=19.0)
    assert outcome(survey, world)[:3] == ("lay_end", 2, [])


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("insulator", "pole_m"), [("pin-10", 13.0), ("line-post-10", 11.0), ("line-post-10-double", 11.0)]
)
def test_a_pole_is_crossed_as_it_is_seen(insulator: str, pole_m: float) -> None:
    assert outcome(small_job(pole_m=11.0), small_job(pole_m=pole_m, insulator=insulator))[:3] == (
        "lay_end",
        1,
        [],
    )
