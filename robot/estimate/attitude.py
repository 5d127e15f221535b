"""Roll, slope, the rotor's angle and its imbalance, compiled.

Angle and gyro bias are a two-state Kalman filter each: the gyro carries the angle, the accelerometer's
direction pulls it slowly, because a body that hangs and swings feels accelerations that are not gravity's.
The forward acceleration of the robot itself is taken out first.

Body frame: x forward, y left, z up. Roll is positive clockwise looking along +s, that is about +x; slope is
positive uphill, that is about -y.
"""

from __future__ import annotations

import math

from numba import njit

from robot.estimate.filter import normalised
from robot.estimate.state import BIT, CHANNEL, GRAVITY_MPS2
from robot.messages import Axis

_GYRO_WALK_RAD = 0.003  # per sqrt(s), 1 sigma
_BIAS_WALK_RPS = 0.0002  # per sqrt(s), 1 sigma
_ROLL_SIGMA_RAD = 0.045  # of one accelerometer direction at 100 Hz, swinging included
_SLOPE_SIGMA_RAD = 0.03
_YAW_SIGMA_RPS = 0.02
_GRAVITY_SIGMA_MPS2 = 0.15
_GRAVITY_OFF_MPS2 = 1.0  # sustained: the accelerometer's scale is wrong
_SAME = 10  # equal readings in a row: stuck
_SUSPECT_S = 0.1
_BLIND_RAD = 0.05  # per sqrt(s), 1 sigma: how roll and slope wander while there is no IMU
_TURNS = 3.0  # over which the imbalance is averaged
_ROTOR_GATE_RAD = 0.08  # at full speed the two are read up to 0.06 rad apart
_ROTOR_SIGMA_RAD = 0.002
_ROTOR_GAIN = 0.05

_IMU_BIT = BIT["imu"]
_ROTOR_BIT = BIT["rotor_abs"]
_CH_ROLL = CHANNEL["roll"]
_CH_SLOPE = CHANNEL["slope"]
_CH_YAW = CHANNEL["yaw_rate"]
_CH_GRAVITY = CHANNEL["gravity"]
_CH_ROTOR = CHANNEL["rotor_abs"]
_ROTOR = int(Axis.ROTOR)


@njit(cache=True, nogil=True)
def _carry(angle, rate_rps, dt_s):  # type: ignore[no-untyped-def]
    """Predict [angle, bias, P00, P01, P11] with a gyro rate."""
    angle[0] += (rate_rps - angle[1]) * dt_s
    angle[2] += dt_s * (dt_s * angle[4] - 2.0 * angle[3]) + _GYRO_WALK_RAD**2 * dt_s
    angle[3] -= dt_s * angle[4]
    angle[4] += _BIAS_WALK_RPS**2 * dt_s


@njit(cache=True, nogil=True)
def _pull(angle, measured_rad, sigma_rad):  # type: ignore[no-untyped-def]
    """Update with a direction; returns the normalised innovation."""
    total = angle[2] + sigma_rad**2
    innovation = measured_rad - angle[0]
    k0 = angle[2] / total
    k1 = angle[3] / total
    angle[0] += k0 * innovation
    angle[1] += k1 * innovation
    angle[4] -= k1 * angle[3]
    angle[3] *= 1.0 - k0
    angle[2] *= 1.0 - k0
    return normalised(innovation, total)


@njit(cache=True, nogil=True)
def read_imu(inp, state, dt_s):  # type: ignore[no-untyped-def]
    """Take a new IMU reading unless it is stuck or makes no sense."""
    same = True
    total = 0.0
    for i in range(3):
        same = same and inp.accel_mps2[i] == state.imu_last[i] and inp.gyro_rps[i] == state.imu_last[3 + i]
        state.imu_last[i] = inp.accel_mps2[i]
        state.imu_last[3 + i] = inp.gyro_rps[i]
        total += inp.accel_mps2[i] ** 2
    state.imu_same = state.imu_same + 1 if same else 0
    length = math.sqrt(total)
    turning = max(abs(inp.gyro_rps[0]), abs(inp.gyro_rps[1]), abs(inp.gyro_rps[2]))
    upright = inp.accel_mps2[2] > 3.0
    sane = upright and length < 20.0 and turning < 5.0  # false for NaN too
    if sane:
        state.gravity_mps2 += 0.05 * (length - state.gravity_mps2)
    off = not sane or abs(state.gravity_mps2 - GRAVITY_MPS2) > _GRAVITY_OFF_MPS2
    state.imu_bad_s = (
        min(state.imu_bad_s + dt_s, 3.0 * _SUSPECT_S) if off else max(state.imu_bad_s - 0.5 * dt_s, 0.0)
    )
    if state.imu_same >= _SAME or state.imu_bad_s > _SUSPECT_S:
        state.bits |= _IMU_BIT
    if not sane or state.imu_same >= _SAME:
        go_blind(state, dt_s)
        return
    ax, ay, az = inp.accel_mps2[0], inp.accel_mps2[1], inp.accel_mps2[2]
    _carry(state.roll, inp.gyro_rps[0], dt_s)
    _carry(state.slope, -inp.gyro_rps[1], dt_s)
    state.roll_rate_rps = inp.gyro_rps[0] - state.roll[1]
    state.innovation[_CH_ROLL] = _pull(state.roll, math.atan2(ay, az), _ROLL_SIGMA_RAD)
    forward = ax - state.accel_mps2
    state.innovation[_CH_SLOPE] = _pull(
        state.slope, math.atan2(forward, math.hypot(ay, az)), _SLOPE_SIGMA_RAD
    )
    state.innovation[_CH_YAW] = normalised(inp.gyro_rps[2], _YAW_SIGMA_RPS**2)
    state.innovation[_CH_GRAVITY] = normalised(length - GRAVITY_MPS2, _GRAVITY_SIGMA_MPS2**2)


@njit(cache=True, nogil=True)
def go_blind(state, dt_s):  # type: ignore[no-untyped-def]
    """No IMU for `dt_s`: angles stay, and are known less and less."""
    state.roll_rate_rps = 0.0
    state.roll[2] = min(state.roll[2] + _BLIND_RAD**2 * dt_s, 0.3**2)
    state.slope[2] = min(state.slope[2] + _BLIND_RAD**2 * dt_s, 0.3**2)


@njit(cache=True, nogil=True)
def read_rotor_encoder(inp, state, dt_s):  # type: ignore[no-untyped-def]
    """Turn on by the encoder's step, or by the last rate where the encoder jumps."""
    step_rad = inp.position[_ROTOR] - state.position[_ROTOR]
    state.rotor_guessed = 0
    if abs(step_rad) < 10.0 * dt_s + 0.05:
        state.rotor_rad += step_rad
    else:
        state.rotor_rad += state.rotor_rate_rps * dt_s
        state.rotor_guessed = 1
    if abs(inp.velocity[_ROTOR]) < 20.0:
        state.rotor_rate_rps = inp.velocity[_ROTOR]
    _learn_imbalance(state, state.rotor_rate_rps * dt_s)


@njit(cache=True, nogil=True)
def _wrapped(angle_rad):  # type: ignore[no-untyped-def]
    """The same angle within half a turn of 0."""
    turn = 2.0 * math.pi
    return angle_rad - turn * math.floor(angle_rad / turn + 0.5)


@njit(cache=True, nogil=True)
def read_rotor_sensor(inp, state, dt_s):  # type: ignore[no-untyped-def]
    """Absolute angle: where the rotor is at the start, then a slow pull on the encoder's count."""
    absolute = inp.rotor_abs_rad
    if not -1.0 < absolute < 7.5:
        state.rotor_bad_s = min(state.rotor_bad_s + dt_s, 3.0 * _SUSPECT_S)
    elif math.isnan(state.rotor_rad):
        state.rotor_rad = _wrapped(absolute)
    else:
        error = _wrapped(absolute - state.rotor_rad)
        state.innovation[_CH_ROTOR] = normalised(error, _ROTOR_SIGMA_RAD**2 + 0.01**2)
        if state.rotor_guessed:
            state.rotor_rad += error
        elif abs(error) < _ROTOR_GATE_RAD:
            state.rotor_rad += _ROTOR_GAIN * error
            state.rotor_bad_s = max(state.rotor_bad_s - 0.5 * dt_s, 0.0)
        else:
            state.rotor_bad_s = min(state.rotor_bad_s + dt_s, 3.0 * _SUSPECT_S)
    if state.rotor_bad_s > _SUSPECT_S:
        state.bits |= _ROTOR_BIT


@njit(cache=True, nogil=True)
def _learn_imbalance(state, turned_rad):  # type: ignore[no-untyped-def]
    """Once-per-turn component of roll by adaptive noise cancelling (Widrow 1975), averaged over turns."""
    angle = state.rotor_rad + state.roll[0]
    if math.isnan(angle) or abs(turned_rad) < 1e-5:
        return
    gain = min(abs(turned_rad) / (2.0 * math.pi * _TURNS), 0.1)
    s, c = math.sin(angle), math.cos(angle)
    error = state.roll[0] - state.roll_mean - state.imbalance_sin * s - state.imbalance_cos * c
    state.roll_mean += gain * error
    state.imbalance_sin += 2.0 * gain * error * s
    state.imbalance_cos += 2.0 * gain * error * c
