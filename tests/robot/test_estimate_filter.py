"""The joint filter against a plain matrix Kalman filter, and what its updates must keep true."""

from __future__ import annotations

import numpy as np
import pytest

from robot.estimate import filter as joint
from robot.estimate import state as layout


def some_filter() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    mean = joint.new_mean(5.0)
    mean[1:5] = 0.002 * rng.standard_normal(4)
    covariance = joint.new_covariance(0.05, 0.003)
    joint.insert(mean, covariance, joint.FIRST, 6.0, 0.1**2)
    joint.insert(mean, covariance, joint.FIRST + 1, 7.0, 0.2**2)
    return mean, covariance


def test_prediction_is_that_of_a_matrix_filter() -> None:
    mean, covariance = some_filter()
    before_mean, before = mean.copy(), covariance.copy()
    weight = np.array([0.0, 0.5, 0.25, 0.25])
    joint.predict(mean, covariance, 2.0, weight, 1e-4)
    transition = np.eye(joint.SIZE)
    transition[joint.S, 1:5] = -2.0 * weight / (1.0 + before_mean[1:5])
    noise = np.zeros_like(before)
    noise[joint.S, joint.S] = 1e-4
    np.testing.assert_allclose(covariance, transition @ before @ transition.T + noise, atol=1e-15)
    assert mean[joint.S] == pytest.approx(before_mean[joint.S] + 2.0)


@pytest.mark.parametrize(
    ("a", "b", "sign_b"), [(joint.FIRST, joint.S, -1.0), (joint.WHEEL, 1, -1.0), (6, 0, 0.0)]
)
def test_update_is_that_of_a_matrix_filter(a: int, b: int, sign_b: float) -> None:
    mean, covariance = some_filter()
    before_mean, before = mean.copy(), covariance.copy()
    joint.update(mean, covariance, a, 1.0, b, sign_b, 0.07, 0.03**2)
    row = np.zeros(joint.SIZE)
    row[a] += 1.0
    row[b] += sign_b
    gain = before @ row / (row @ before @ row + 0.03**2)
    np.testing.assert_allclose(mean, before_mean + gain * 0.07, atol=1e-15)
    np.testing.assert_allclose(covariance, before - np.outer(gain, row @ before), atol=1e-15)


def test_covariance_stays_symmetric_and_positive_over_a_long_job() -> None:
    mean, covariance = some_filter()
    rng = np.random.default_rng(1)
    weight = np.array([1.0, 0.0, 0.0, 0.0])
    for step in range(20_000):
        joint.predict(mean, covariance, 0.004, weight, 4e-9)
        if step % 7 == 0:
            joint.update(
                mean, covariance, joint.FIRST, 1.0, joint.S, -1.0, 0.02 * rng.standard_normal(), 0.02**2
            )
    used = joint.FIRST + 2
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance[:used, :used]).min() > 0.0


def test_a_new_landmark_is_as_uncertain_as_robot_and_range_together() -> None:
    mean, covariance = some_filter()
    assert mean[joint.FIRST] == pytest.approx(11.0)
    assert covariance[joint.FIRST, joint.FIRST] == pytest.approx(0.05**2 + 0.1**2)
    assert joint.difference_var(covariance, joint.FIRST, joint.S) == pytest.approx(0.1**2)


def test_a_forgotten_landmark_leaves_no_trace_and_changes_nothing_else() -> None:
    mean, covariance = some_filter()
    kept = [i for i in range(joint.SIZE) if i != joint.FIRST]
    before = covariance[np.ix_(kept, kept)].copy()
    joint.remove(mean, covariance, joint.FIRST)
    np.testing.assert_array_equal(covariance[np.ix_(kept, kept)], before)
    assert not covariance[joint.FIRST].any()


def test_a_late_picture_is_placed_where_it_was_taken() -> None:
    states = layout.new_state()
    state = states[0]
    for tick in range(200):
        state["history_ns"][tick % layout.HISTORY] = (tick + 1) * 10_000_000
        state["history_m"][tick % layout.HISTORY] = 0.004 * tick
        state["history_next"] = (tick + 1) % layout.HISTORY
    newest_ns = 200 * 10_000_000
    assert joint.moved_since(states, newest_ns) == pytest.approx(0.0)
    assert joint.moved_since(states, newest_ns - 85_000_000) == pytest.approx(0.4 * 0.085)
    assert joint.moved_since(states, 0) == pytest.approx(0.004 * (layout.HISTORY - 1), rel=0.05)
