"""The survey tells where to look, the camera what is there."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from estimate_cases import LINE, START_M, estimator, job, run, seen_near
from estimate_job import Job

from robot.messages import Detection, Estimate, Mode, SensorFrame

FIRST_KIND, FIRST_M = LINE.features[0].kind, LINE.features[0].at_m
POLE = next(f for f in LINE.features if f.pole)
FREE_M = 20.0  # a place where the survey has nothing


def surprise(kind: str, at_m: float, **changes: object) -> Job:
    return job(6, surprises=((kind, at_m),), dt_s=0.04, **changes)


def near(estimate: Estimate, at_m: float, within_m: float = 0.5) -> list[str]:
    return [f.kind for f in estimate.features if abs(f.at_m - at_m) < within_m]


def test_before_anything_is_seen_the_survey_is_listed_unconfirmed() -> None:
    first = next(iter(job(1)))
    estimate = estimator().update(first[0], Mode.SAFE, first[1])
    expected = [(f.kind, f.at_m) for f in LINE.features]
    assert [(f.kind, f.at_m) for f in estimate.features] == expected[: len(estimate.features)]
    assert all(f.surveyed and not f.confirmed for f in estimate.features)
    assert estimate.distance_to_feature_m == pytest.approx(FIRST_M - START_M, abs=0.2)
    assert math.isnan(estimate.since_feature_m)


@pytest.mark.parametrize("kind", ["branch", "kite", "pin-10", "splice"])
def test_a_feature_that_the_survey_does_not_know_is_found_in_time(kind: str) -> None:
    work = surprise(kind, FREE_M, end_m=FREE_M - 3.0)
    last = run(work, estimator()).estimate[-1]
    seen = seen_near(last.features, FREE_M, kind)
    assert seen is not None
    assert not seen.surveyed
    assert last.distance_to_feature_m == pytest.approx(3.0, abs=0.1)


def test_a_surveyed_feature_that_is_not_there_is_dropped_before_the_robot_stops_for_it() -> None:
    result = run(job(6, missing=(0,), dt_s=0.04, end_m=FIRST_M - 1.8), estimator())
    assert near(result.estimate[100], FIRST_M) == [FIRST_KIND]
    assert near(result.estimate[-1], FIRST_M, 2.0) == []
    assert result.estimate[-1].distance_to_feature_m > 10.0


def test_a_blind_robot_rules_nothing_out() -> None:
    result = run(
        job(6, missing=(0,), dt_s=0.04, end_m=FIRST_M - 0.5), estimator(), lambda f: replace(f, camera=None)
    )
    assert near(result.estimate[-1], FIRST_M) == [FIRST_KIND]


def test_glare_rules_nothing_out() -> None:
    def glare(frame: SensorFrame) -> SensorFrame:
        assert frame.camera is not None
        return replace(frame, camera=replace(frame.camera, confidence=0.2, detections=()))

    result = run(job(6, missing=(0,), dt_s=0.04, end_m=FIRST_M - 0.5), estimator(), glare)
    assert near(result.estimate[-1], FIRST_M) == [FIRST_KIND]


def test_a_branch_that_is_taken_away_disappears() -> None:
    def taken_away(frame: SensorFrame) -> SensorFrame:
        assert frame.camera is not None
        kept = tuple(d for d in frame.camera.detections if d.kind != "branch")
        return replace(frame, camera=replace(frame.camera, detections=kept))

    there = run(surprise("branch", FREE_M, end_m=FREE_M - 5.0), estimator())
    assert "branch" in near(there.estimate[-1], FREE_M)
    gone_s = there.t_s[-1]
    result = run(surprise("branch", FREE_M, end_m=FREE_M - 2.5), estimator(), taken_away, gone_s)
    assert near(result.estimate[-1], FREE_M) == []


def test_looking_again_forgets_what_was_seen_ahead() -> None:
    work, robot = surprise("branch", FREE_M, end_m=FREE_M - 4.0), estimator()
    assert "branch" in near(run(work, robot).estimate[-1], FREE_M)
    robot.look_again()
    frame, stance, _ = next(iter(job(6, dt_s=0.04)))
    assert near(robot.update(replace(frame, camera=None), Mode.HOLD, stance), FREE_M) == []


def test_a_wrong_class_now_and_then_does_not_change_what_it_is() -> None:
    work = surprise("pin-10", FREE_M, end_m=FREE_M - 1.5, class_errors=0.25)
    result = run(work, estimator())
    assert seen_near(result.estimate[-1].features, FREE_M, "pin-10") is not None
    assert near(result.estimate[-1], FREE_M) == ["pin-10"]


def test_many_misses_and_false_alarms_confirm_nothing_that_is_not_there() -> None:
    work = job(8, dt_s=0.04, end_m=60.0, misses=0.25, false_alarms=0.25)
    result = run(work, estimator())
    ghosts = {
        (f.kind, round(f.at_m))
        for e in result.estimate[::10]
        for f in e.features
        if f.confirmed and not any(abs(f.at_m - at_m) < 1.0 for _, at_m in work.true_features)
    }
    assert not ghosts
    for kind, at_m in work.true_features[:2]:
        tick = next(i for i, truth in enumerate(result.truth) if truth.s_m > at_m - 1.5)
        assert seen_near(result.estimate[tick].features, at_m, kind) is not None


def test_something_without_a_class_is_confirmed_as_unknown() -> None:
    def unknown(frame: SensorFrame) -> SensorFrame:
        assert frame.camera is not None
        seen = tuple(replace(d, kind="unknown") for d in frame.camera.detections)
        return replace(frame, camera=replace(frame.camera, detections=seen))

    result = run(surprise("kite", FREE_M, end_m=FREE_M - 2.0), estimator(), unknown)
    assert seen_near(result.estimate[-1].features, FREE_M, "unknown") is not None


def test_an_indicator_close_to_a_pole_is_kept_apart_from_it() -> None:
    work = job(6, surprises=(("fault-indicator", 0.0),), dt_s=0.04)
    pole_m = next(at_m for kind, at_m in work.true_features if kind == POLE.kind)
    work = job(6, surprises=(("fault-indicator", pole_m - 0.4),), dt_s=0.04, end_m=pole_m - 1.6)
    last = run(work, estimator()).estimate[-1]
    indicator = seen_near(last.features, pole_m - 0.4, "fault-indicator", 0.25)
    pole = seen_near(last.features, pole_m, POLE.kind, 0.25)
    assert indicator is not None
    assert pole is not None
    assert pole.at_m - indicator.at_m == pytest.approx(0.4, abs=0.03)


def test_the_last_pole_is_listed_only_once_seen_and_then_as_surveyed() -> None:
    end_m, kind = LINE.length_m, LINE.poles[-1].insulator
    work = job(6, survey_error_m=0.05, surprises=((kind, end_m),), dt_s=0.08)
    result = run(work, estimator(0.05))
    assert not any(abs(f.at_m - end_m) < 2.0 for f in result.estimate[3000].features)
    seen = seen_near(result.estimate[-1].features, end_m, kind)
    assert seen is not None
    assert seen.surveyed


@pytest.mark.parametrize(("range_m", "sigma_m"), [(math.nan, 0.1), (5.0, math.nan), (-2.0, 0.1), (5.0, 0.0)])
def test_a_detection_that_makes_no_sense_is_ignored(range_m: float, sigma_m: float) -> None:
    def nonsense(frame: SensorFrame) -> SensorFrame:
        assert frame.camera is not None
        odd = Detection("branch", range_m, sigma_m, 0.9)
        return replace(frame, camera=replace(frame.camera, detections=(odd,)))

    result = run(job(6, dt_s=0.04, end_m=START_M + 2.0), estimator(), nonsense)
    last = result.estimate[-1]
    assert all(f.kind != "branch" for f in last.features)
    assert math.isfinite(last.chainage_m)


def test_more_than_can_be_followed_at_once_is_no_harm() -> None:
    crowd = tuple(("branch", FREE_M + 0.5 * i) for i in range(30))
    result = run(job(6, surprises=crowd, dt_s=0.04, end_m=FREE_M - 1.0), estimator())
    assert result.estimate[-1].distance_to_feature_m == pytest.approx(1.0, abs=0.1)
