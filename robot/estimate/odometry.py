"""Distance, speed and slip from the odometer roller and the wheels, compiled.

The undriven roller leads: it does not creep. The wheels, corrected for creep under their own load and torque,
fill in when it is lost, and over every comparison stretch they teach how it is scaled: four sensors of the
same quality know the distance twice as well as one.

Who is wrong when they disagree: a roller that stands still to the last bit while wheels move is stuck; one
that moves while the wheels stand tells the truth (the robot slides); wheels faster than the roller slip.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from robot.estimate import filter as joint
from robot.estimate.state import BIT, CHANNEL

_STRETCH_M = 0.5  # of one comparison between odometer and wheels
_STRETCH_SIGMA = 0.0015  # of their ratio: encoder steps, bumps
_CREEP_SIGMA = 0.3  # of the creep correction, as a share of it
_WALK_M = 0.001  # per sqrt(m), 1 sigma: wander of the odometer's distance
_WHEEL_WALK_M = 0.005  # the same by wheels alone
_SCALE_WALK = 2e-5  # per sqrt(m), 1 sigma: wander of the scales
_TRAVEL_SLEW = 0.001  # per m: how fast the scale of `travel_m` may follow the learnt one
_TRAVEL_SCALE_MAX = 0.01
_ACCEL_MPS2 = 0.5  # 1 sigma of what the speed may do
_ODOMETER_STEP_M = 1e-4  # resolution of the roller
_WHEEL_SPEED_SIGMA_MPS = 0.004
_SMOOTH_S = 0.05  # of the speeds that are compared
_CREEP_MAX = 0.03  # beyond, a wheel slips rather than creeps
_MOVING_MPS = 0.03
_SLIP_FLOOR_MPS = 0.10  # slower, wheels that start one after the other are no slip
_APART_MPS = 0.02
_APART = 0.08  # share of the speed: two sensors further apart than these disagree
_SUSPECT_S = 0.10  # how long they may disagree
_RECOVERY = 0.5  # suspicion fades at this rate, so that a sensor that comes and goes stays suspect
_STUCK = 10  # equal readings in a row while others move
_SLOWER = 3  # readings slower than the wheels', not standing, that tell of slip
_GRIPPING = 0.12  # tangential over normal force below which no wheel slips, wet or dry

_ODOMETER_BIT = BIT["odometer"]
_ODOMETRY_BIT = BIT["odometry"]
_ENCODER_BIT = BIT["traction_front.encoder"]  # and the two above it
_CH_ODOMETER = CHANNEL["odometer"]
_CH_WHEEL = CHANNEL["wheel_front"]
_CH_SPEED = CHANNEL["speed"]


@njit(cache=True, nogil=True)
def creep(config, effort_nm, rim_mps, pressed_n, pinch_n):  # type: ignore[no-untyped-def]
    """Relative excess of a driven wheel's rim speed over the robot's: the linear creep law.

    Args: pressed_n: of the wheel on the conductor, load and pinch; pinch_n: of the roller, which resists as
        well.
    """
    if pressed_n < 10.0 or not abs(effort_nm) < 100.0:
        return 0.0
    drag_n = config.rolling * (pressed_n + pinch_n)
    force_n = effort_nm / config.wheel_radius_m - (math.copysign(drag_n, rim_mps) if rim_mps != 0.0 else 0.0)
    return min(max(force_n / (config.creep * pressed_n), -_CREEP_MAX), _CREEP_MAX)


@njit(cache=True, nogil=True)
def apart(a_mps, b_mps):  # type: ignore[no-untyped-def]
    """Whether two speeds of the same thing cannot both be right."""
    return abs(a_mps - b_mps) > max(_APART_MPS, _APART * max(abs(a_mps), abs(b_mps)))


@njit(cache=True, nogil=True)
def read_wheels(inp, state, config, mean, dt_s):  # type: ignore[no-untyped-def]
    """Take new axis states: steps of the wheels, their speeds, who can be trusted; adds to `pending_m`.

    Returns:
        How many wheels can be trusted.
    """
    smooth = min(dt_s / _SMOOTH_S, 1.0)
    reach_m = 2.0 * config.speed_max_mps * dt_s + 0.01
    step_m = np.zeros(3)
    rim_mps = np.zeros(3)
    usable = np.zeros(3, np.bool_)
    for i in range(3):
        turned_m = (inp.position[i] - state.position[i]) * config.wheel_radius_m
        rim = inp.velocity[i] * config.wheel_radius_m
        usable[i] = inp.on[i] > 0 and abs(turned_m) < reach_m and abs(rim) < 100.0
        if not usable[i]:
            _leave_out(inp, state, i)
            continue
        pressed_n = inp.wheel_load_n[i] + inp.pinch_n[i]
        if pressed_n < 1e4:  # false for NaN
            state.pressed_n[i] += 0.1 * (pressed_n - state.pressed_n[i])
        slow = 1.0 + creep(config, inp.effort[i], rim, state.pressed_n[i], inp.pinch_n[i])
        scale = slow * (1.0 + mean[joint.WHEEL + i])
        step_m[i] = turned_m / scale
        rim_mps[i] = rim / scale
        state.wheel_mps[i] += smooth * (step_m[i] / dt_s - state.wheel_mps[i])
        state.wheel_same[i] = state.wheel_same[i] + 1 if turned_m == 0.0 else 0
        state.stretch_wheel_m[i] += turned_m / slow
        state.stretch_creep_m[i] += turned_m * (slow - 1.0)
    on = 0
    for i in range(3):
        on += usable[i]
    state.smooth_mps += smooth * (state.speed_mps - state.smooth_mps)
    lead_mps = state.smooth_mps
    if state.odometer_bad_s > 0.0 and on > 0:
        lead_mps = _middle(state.wheel_mps, usable, on)
    good = 0
    for i in range(3):
        if usable[i]:
            _judge_wheel(inp, state, config, usable, i, lead_mps, dt_s)
            good += state.wheel_good[i]
    if good > 0:
        state.pending_m += _middle(step_m, state.wheel_good, good)
        _follow_speed(
            state, _middle(rim_mps, state.wheel_good, good), _middle(state.wheel_mps, state.wheel_good, good)
        )
    return good


@njit(cache=True, nogil=True)
def _middle(values, good, n):  # type: ignore[no-untyped-def]
    """Median of three, mean of fewer: one wheel alone cannot pull it away."""
    if n == 3:
        a, b, c = values[0], values[1], values[2]
        return max(min(a, b), min(max(a, b), c))
    total = 0.0
    for i in range(3):
        if good[i]:
            total += values[i]
    return total / n


@njit(cache=True, nogil=True)
def _leave_out(inp, state, i):  # type: ignore[no-untyped-def]
    """Wheel i is off the conductor, or its encoder jumped."""
    state.wheel_mps[i] = state.smooth_mps
    state.wheel_bad_s[i] = 0.0
    state.wheel_same[i] = 0
    state.stretch_good[i] = 0
    state.wheel_good[i] = 0
    state.slip[i] = 0.0
    if inp.on[i] > 0 and not math.isnan(state.position[i]):
        state.bits |= _ENCODER_BIT << i


@njit(cache=True, nogil=True)
def _judge_wheel(inp, state, config, usable, i, v, dt_s):  # type: ignore[no-untyped-def]
    """Slip of wheel i, and whether its encoder is to be believed.

    It is not when the wheel is apart from `v` and from another wheel, and cannot slip: frozen, turning
    backwards, or gripping well below any friction limit.

    Args:
        v: the robot's speed, smoothed as the wheel's is, or the middle of the wheels' where the odometer is
            suspect.
    """
    wheel = state.wheel_mps[i]
    state.slip[i] = (wheel - state.smooth_mps) / max(abs(state.smooth_mps), _SLIP_FLOOR_MPS)
    state.wheel_bad_s[i] = state.wheel_bad_s[i] + dt_s if apart(wheel, v) else 0.0
    state.wheel_good[i] = 1 if state.wheel_bad_s[i] < 0.5 * _SUSPECT_S else 0
    if state.wheel_good[i] == 0:
        state.stretch_good[i] = 0
    if state.wheel_bad_s[i] < _SUSPECT_S:
        return
    alone = False
    for j in range(3):
        alone = alone or (j != i and usable[j] and apart(wheel, state.wheel_mps[j]))
    share = abs(inp.effort[i]) / (config.wheel_radius_m * max(state.pressed_n[i], 1.0))
    frozen = state.wheel_same[i] >= _STUCK and abs(v) > _MOVING_MPS
    backwards = wheel * v < 0.0 and abs(v) > _MOVING_MPS
    if alone and (frozen or backwards or share < _GRIPPING):
        state.bits |= _ENCODER_BIT << i


@njit(cache=True, nogil=True)
def _follow_speed(state, wheels_mps, smooth_mps):  # type: ignore[no-untyped-def]
    """Middle rim speed of the trusted wheels as a measurement of speed, gated while the odometer leads: wheels that
    all slip alike must not carry the speed with them.

    Args:
        smooth_mps: the same, smoothed as the odometer's speed is.
    """
    var = (_WHEEL_SPEED_SIGMA_MPS + 0.003 * abs(wheels_mps)) ** 2
    innovation = wheels_mps - state.speed_mps
    total = state.speed_var + var
    state.innovation[_CH_SPEED] = joint.normalised(innovation, total)
    agree = innovation * innovation < 25.0 * total and not apart(smooth_mps, state.odometer_mps)
    if state.odometer_bad_s > 0.0 or agree:
        gain = state.speed_var / total
        state.speed_mps += gain * innovation
        state.speed_var *= 1.0 - gain


@njit(cache=True, nogil=True)
def predict_speed(state, dt_s):  # type: ignore[no-untyped-def]
    """Speed wanders; the acceleration is what the speed did lately."""
    state.speed_var = min(state.speed_var + (_ACCEL_MPS2 * dt_s) ** 2, 1.0)


@njit(cache=True, nogil=True)
def read_odometer(inp, state, config, mean, covariance, dt_s, good_wheels):  # type: ignore[no-untyped-def]
    """Take a new odometer reading and move the robot by it, or by the wheels where it cannot be trusted."""
    step_m = inp.odometer_m - state.odometer_m  # NaN where there is nothing to count from
    valid = abs(step_m) < 2.0 * config.speed_max_mps * dt_s + 0.01
    state.odometer_same = state.odometer_same + 1 if step_m == 0.0 else 0
    state.odometer_m = inp.odometer_m
    if valid:
        scaled_m = step_m / (1.0 + mean[joint.ODOMETER])
        state.odometer_mps += min(dt_s / _SMOOTH_S, 1.0) * (scaled_m / dt_s - state.odometer_mps)
        _judge_odometer(inp, state, config, scaled_m / dt_s, dt_s)
    elif math.isnan(inp.odometer_m) or not math.isnan(step_m):  # garbage, not just the first reading
        state.odometer_bad_s = min(state.odometer_bad_s + dt_s, 3.0 * _SUSPECT_S)
    if valid and state.odometer_bad_s < _SUSPECT_S:
        _move(state, mean, covariance, scaled_m, True, 3)
        _compare(state, mean, covariance, step_m)
        if state.odometer_bad_s == 0.0:
            var = 2.0 * (_ODOMETER_STEP_M / dt_s) ** 2 + 0.002**2
            gain = state.speed_var / (state.speed_var + var)
            state.speed_mps += gain * (scaled_m / dt_s - state.speed_mps)
            state.speed_var *= 1.0 - gain
    else:
        lost = state.odometer_bad_s >= _SUSPECT_S
        if lost:
            state.bits |= _ODOMETER_BIT
        move_by_wheels(state, mean, covariance, good_wheels, lost, dt_s)
        _restart_stretch(state)
    state.pending_m = 0.0


@njit(cache=True, nogil=True)
def move_by_wheels(state, mean, covariance, good_wheels, lost, dt_s):  # type: ignore[no-untyped-def]
    """Move by what the wheels did since the odometer was last believed.

    Without any of them the robot may go on as it went or stop: the chainage stays and its sigma grows by that
    way.
    """
    if lost and good_wheels == 0:
        state.bits |= _ODOMETRY_BIT
        state.speed_var = min(state.speed_var + 1e-4, 1.0)
        sigma_m = math.sqrt(covariance[joint.S, joint.S]) + abs(state.speed_mps) * dt_s
        covariance[joint.S, joint.S] = sigma_m**2
    _move(state, mean, covariance, state.pending_m, False, good_wheels)
    state.pending_m = 0.0


@njit(cache=True, nogil=True)
def _judge_odometer(inp, state, config, roller_mps, dt_s):  # type: ignore[no-untyped-def]
    """Hold the roller against the wheels on the conductor; `odometer_bad_s` runs while it must be wrong.

    A roller that stops dead is stuck; one that was merely slower than the wheels at first tells of wheels that
    slip, also when the robot then stands or slides back.
    """
    total = 0.0
    share = 0.0
    low = math.inf
    high = -math.inf
    n = 0
    for i in range(3):
        if inp.on[i] > 0 and state.wheel_same[i] < _STUCK:
            total += state.wheel_mps[i]
            low = min(low, state.wheel_mps[i])
            high = max(high, state.wheel_mps[i])
            share += abs(inp.effort[i]) / (config.wheel_radius_m * max(state.pressed_n[i], 1.0))
            n += 1
    wrong = False
    if n == 0 or not apart(roller_mps, total / n):
        state.slower_count = 0
    elif 0.0 < roller_mps / total * n < 1.0:
        state.slower_count += 1
    if n >= 2 and not apart(low, high) and abs(total / n) > _MOVING_MPS:
        wheels = total / n
        roller = state.odometer_mps
        stuck = state.odometer_same >= _STUCK
        faster = roller / wheels > 1.0 or roller / wheels < 0.0
        slipping = state.slower_count >= _SLOWER
        wrong = apart(roller, wheels) and not slipping and (stuck or (faster and share / n < _GRIPPING))
    if wrong:
        state.odometer_bad_s = min(state.odometer_bad_s + dt_s, 3.0 * _SUSPECT_S)
    else:
        state.odometer_bad_s = max(state.odometer_bad_s - _RECOVERY * dt_s, 0.0)


@njit(cache=True, nogil=True)
def _move(state, mean, covariance, distance_m, by_odometer, good_wheels):  # type: ignore[no-untyped-def]
    weight = np.zeros(4)
    if by_odometer:
        weight[0] = 1.0
    elif good_wheels > 0:
        for i in range(3):
            weight[1 + i] = state.wheel_good[i] / good_wheels
    walk_m = _WALK_M if by_odometer else _WHEEL_WALK_M
    joint.predict(mean, covariance, distance_m, weight, walk_m**2 * abs(distance_m))
    for k in range(joint.ODOMETER, joint.FIRST):
        covariance[k, k] += _SCALE_WALK**2 * abs(distance_m)
    state.path_m += distance_m
    state.travel_m += distance_m * (1.0 + mean[joint.ODOMETER]) / (1.0 + state.travel_scale)
    slew = _TRAVEL_SLEW * abs(distance_m)
    change = min(max(mean[joint.ODOMETER] - state.travel_scale, -slew), slew)
    state.travel_scale = min(max(state.travel_scale + change, -_TRAVEL_SCALE_MAX), _TRAVEL_SCALE_MAX)


@njit(cache=True, nogil=True)
def _restart_stretch(state):  # type: ignore[no-untyped-def]
    state.stretch_odometer_m = 0.0
    for i in range(3):
        state.stretch_wheel_m[i] = 0.0
        state.stretch_creep_m[i] = 0.0
        state.stretch_good[i] = 1


@njit(cache=True, nogil=True)
def _compare(state, mean, covariance, step_m):  # type: ignore[no-untyped-def]
    """Count on; a full stretch makes the ratio of every wheel's way to the odometer's a measurement."""
    state.stretch_odometer_m += step_m
    distance_m = state.stretch_odometer_m
    if abs(distance_m) < _STRETCH_M:
        return
    apart = 0.0
    used = 0
    for i in range(3):
        if state.stretch_good[i] == 0:
            continue
        k = joint.WHEEL + i
        ratio = state.stretch_wheel_m[i] / distance_m - 1.0
        expected = (1.0 + mean[k]) / (1.0 + mean[joint.ODOMETER]) - 1.0
        noise_var = _STRETCH_SIGMA**2 + (_CREEP_SIGMA * state.stretch_creep_m[i] / distance_m) ** 2
        total = joint.difference_var(covariance, k, joint.ODOMETER) + noise_var
        innovation = ratio - expected
        state.innovation[_CH_WHEEL + i] = joint.normalised(innovation, total)
        apart -= innovation
        used += 1
        if innovation * innovation < 25.0 * total:
            joint.update(mean, covariance, k, 1.0, joint.ODOMETER, -1.0, innovation, noise_var)
    if used > 0:
        state.innovation[_CH_ODOMETER] = joint.normalised(apart / used, _STRETCH_SIGMA**2)
    _restart_stretch(state)
