"""Every step of a crossing and every fault: the robot reaches a stable stance or holds, never an unsafe one.

By default every fault is tried in three steps and in every step some fault; with `-m acceptance` all the others are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hil.world.truth import TruthState
from robot.messages import Mode
from robot.modes.events import EVENTS
from tests.faults.crossing import FAULTS, STANDING, Ending, StepPlayer, WatchedRig, stance_fault, stance_of
from tests.faults.moments import Moments
from tests.faults.situations import Job, step_name
from tests.faults.table import CROSSING_STEPS

_APART = 6  # a fault is tried by default in every sixth step, the next fault one step later

ROWS = [
    pytest.param(
        fault,
        number,
        id=f"{fault}-{number:02}-{step}".replace(" ", "_"),
        marks=() if number % _APART == place % _APART else pytest.mark.acceptance,
    )
    for place, fault in enumerate(FAULTS)
    for number, step in enumerate(CROSSING_STEPS)
]


@pytest.fixture(scope="module")
def crossing() -> Iterator[tuple[Job, WatchedRig, Moments]]:
    """A pole crossed once, the middle of every step kept."""
    rig, moments = WatchedRig(), Moments()
    job = Job(rig, moments, lambda at: lambda fault: StepPlayer(at, FAULTS[fault]).play())
    try:
        job.run_over_the_pole()
        yield job, rig, moments
    finally:
        moments.close()


@pytest.mark.parametrize(("fault", "step"), ROWS)
def test_whatever_breaks_in_a_step_the_robot_stands_safely(
    fault: str, step: int, crossing: tuple[Job, WatchedRig, Moments]
) -> None:
    ending: Ending = crossing[2].play(step_name(step), fault)
    print(f"{ending.mode.value} {ending.cause} after {ending.after_s:.2f} s, carriages {ending.stance}")
    assert ending.problems == ()


def test_unharmed_the_pole_is_crossed_without_a_violation(crossing: tuple[Job, WatchedRig, Moments]) -> None:
    job, rig, _ = crossing
    assert tuple(job.steps) == CROSSING_STEPS
    assert rig.mode is Mode.WRAP
    assert rig.referee.violations.entries == []


def test_every_fault_names_its_causes_from_the_event_table() -> None:
    for fault in FAULTS.values():
        assert set(fault.causes) <= STANDING
        assert {cause for causes in fault.causes.values() for cause in causes} <= set(EVENTS)


@pytest.mark.parametrize(
    ("grip_m", "pinch_n", "stance", "why"),
    [
        ((0.0, 0.040, 0.0), (400.0, 0.0, 400.0), "COC", ""),
        ((0.02, 0.0, 0.0), (0.0, 400.0, 400.0), "-CC", ""),
        ((0.0, 0.0, 0.120), (400.0, 400.0, 0.0), "CCL", ""),
        ((0.040, 0.040, 0.0), (0.0, 0.0, 0.0), "OOC", "3 carriages on the conductor, 0 of them hold"),
        ((0.120, 0.120, 0.0), (0.0, 0.0, 400.0), "LLC", "1 carriages on the conductor, 1 of them hold"),
        ((0.040, 0.0, 0.120), (0.0, 400.0, 0.0), "OCL", "the rear is off and the front does not hold"),
    ],
)
def test_a_stance_is_judged_by_what_really_holds(
    grip_m: tuple[float, float, float],
    pinch_n: tuple[float, float, float],
    stance: str,
    why: str,
    crossing: tuple[Job, WatchedRig, Moments],
) -> None:
    rig = crossing[1]
    truth: TruthState = replace(rig.now.truth, grip_m=grip_m, pinch_n=pinch_n, wheel_load_n=(0.0, 0.0, 0.0))
    assert stance_of(truth, rig.job.profile) == stance
    assert stance_fault(truth, rig.job.profile) == why
    assert stance_fault(replace(truth, held=False), rig.job.profile) == "the robot has fallen"
