"""The joint filter: where the robot is, how its odometer and wheels are scaled, and where the landmarks are.

An extended Kalman filter with the landmarks in its state (Smith, Self, Cheeseman 1990), so that a range to a
feature teaches chainage, scale and the feature's place at once and all stay consistent with each other.
Measurements are scalars, taken one after the other; a landmark enters when it is first seen and leaves when
it is behind.

State: [chainage m, relative scale errors of odometer and of the three wheels, chainages of landmarks m].
A scale error e means that a sensor reads (1 + e) times the true distance.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from robot.estimate.state import CHANNELS, Vector

__all__ = ["CHANNELS", "new_covariance", "new_mean"]

S = 0
ODOMETER = 1
WHEEL = 2  # and the two after it
FIRST = 5  # landmark
SLOTS = 16
SIZE = FIRST + SLOTS


def new_mean(start_m: float) -> Vector:
    mean = np.zeros(SIZE)
    mean[S] = start_m
    return mean


def new_covariance(start_sigma_m: float, scale_sigma: float) -> Vector:
    """Prior: the scale errors of odometer and wheels are independent and of the same size."""
    covariance = np.zeros((SIZE, SIZE))
    covariance[S, S] = start_sigma_m**2
    for i in range(ODOMETER, FIRST):
        covariance[i, i] = scale_sigma**2
    return covariance


@njit(cache=True, nogil=True)
def predict(mean, covariance, distance_m, weight, noise_var):  # type: ignore[no-untyped-def]
    """Move by `distance_m`, already corrected for scale.

    Args:
        weight: share of odometer and wheels (4) in the distance; their scale errors pass into the chainage.
        noise_var: m2, of the distance besides scale.
    """
    mean[S] += distance_m
    for j in range(4):
        if weight[j] == 0.0:
            continue
        f = -distance_m * weight[j] / (1.0 + mean[ODOMETER + j])
        k = ODOMETER + j
        own = 2.0 * f * covariance[S, k] + f * f * covariance[k, k]
        for i in range(SIZE):
            if i != S:
                covariance[S, i] += f * covariance[k, i]
                covariance[i, S] = covariance[S, i]
        covariance[S, S] += own
    covariance[S, S] += noise_var


@njit(cache=True, nogil=True)
def update(mean, covariance, a, sign_a, b, sign_b, innovation, noise_var):  # type: ignore[no-untyped-def]
    """Take one scalar measurement of sign_a * mean[a] + sign_b * mean[b]; `sign_b` may be 0."""
    column = np.empty(SIZE)
    for i in range(SIZE):
        column[i] = sign_a * covariance[i, a] + sign_b * covariance[i, b]
    total = sign_a * column[a] + sign_b * column[b] + noise_var
    for i in range(SIZE):
        gain = column[i] / total
        mean[i] += gain * innovation
        for j in range(i + 1):
            covariance[i, j] -= gain * column[j]
            covariance[j, i] = covariance[i, j]


@njit(cache=True, nogil=True)
def difference_var(covariance, a, b):  # type: ignore[no-untyped-def]
    """Variance of mean[a] - mean[b]."""
    return max(covariance[a, a] + covariance[b, b] - 2.0 * covariance[a, b], 0.0)


@njit(cache=True, nogil=True)
def insert(mean, covariance, slot, ahead_m, noise_var):  # type: ignore[no-untyped-def]
    """A new landmark, seen `ahead_m` before the middle carriage."""
    mean[slot] = mean[S] + ahead_m
    for i in range(SIZE):
        covariance[slot, i] = covariance[S, i]
        covariance[i, slot] = covariance[S, i]
    covariance[slot, slot] = covariance[S, S] + noise_var


@njit(cache=True, nogil=True)
def remove(mean, covariance, slot):  # type: ignore[no-untyped-def]
    """Forget a landmark."""
    mean[slot] = 0.0
    for i in range(SIZE):
        covariance[slot, i] = 0.0
        covariance[i, slot] = 0.0


@njit(cache=True, nogil=True)
def moved_since(states, t_ns):  # type: ignore[no-untyped-def]
    """Distance travelled since `t_ns`, m; the oldest kept distance for a time before that."""
    state = states[0]
    n = len(state.history_ns)
    newest = (state.history_next - 1) % n
    later_m = state.history_m[newest]
    later_ns = state.history_ns[newest]
    for back in range(n - 1):
        i = (newest - back) % n
        if state.history_ns[i] == 0:
            break
        if state.history_ns[i] <= t_ns:
            span = later_ns - state.history_ns[i]
            part = (t_ns - state.history_ns[i]) / span if span > 0 else 1.0
            at_m = state.history_m[i] + min(part, 1.0) * (later_m - state.history_m[i])
            return state.history_m[newest] - at_m
        later_ns = state.history_ns[i]
        later_m = state.history_m[i]
    return state.history_m[newest] - later_m


@njit(cache=True, nogil=True)
def normalised(innovation, var):  # type: ignore[no-untyped-def]
    """Innovation over its sigma, bounded so that garbage stays a number."""
    if var <= 0.0 or math.isnan(innovation):
        return 99.0
    return min(max(innovation / math.sqrt(var), -99.0), 99.0)
