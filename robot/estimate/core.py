"""One tick of everything that is not the camera's, compiled into one call."""

from __future__ import annotations

import math

from numba import njit

from robot.estimate import attitude, cable, odometry
from robot.estimate import filter as joint
from robot.estimate.state import BIT, CHANNELS, CORE_HEALTH

_AXES_BITS = sum(BIT[name] for name in CORE_HEALTH if name.endswith(".encoder"))
_BOARD_BITS = sum(
    BIT[name]
    for name in ("odometer", "odometry", "rotor_abs", "cable_tension", "dancer", "tension", "sensors")
)
_AXES_STALE = BIT["axes"]
_BOARD_STALE = BIT["sensors"] | BIT["odometer"]
_IMU_BIT = BIT["imu"]
_BATTERY_BIT = BIT["battery"]
_BATTERY_STALE_S = 3.0
_LONGEST_S = 1.0  # step of any clock
_ACCEL_SMOOTH_S = 0.1
_CHANNELS = len(CHANNELS)


@njit(cache=True, nogil=True)
def _age_s(now_ns, then_ns):  # type: ignore[no-untyped-def]
    """Age of a message; one that never came is infinitely old."""
    return (now_ns - then_ns) * 1e-9 if then_ns > 0 else math.inf


@njit(cache=True, nogil=True)
def _step_s(now_ns, then_ns):  # type: ignore[no-untyped-def]
    """Time from one message to the next, at least 0.1 ms, at most `_LONGEST_S`."""
    return min(max(_age_s(now_ns, then_ns), 1e-4), _LONGEST_S)


@njit(cache=True, nogil=True)
def _take_axes(inp, state, config, mean):  # type: ignore[no-untyped-def]
    dt_s = _step_s(inp.axes_ns, state.axes_ns)
    state.axes_ns = inp.axes_ns
    state.bits &= ~(_AXES_BITS | _AXES_STALE)
    cable.read_axes(inp, state, config, dt_s)
    attitude.read_rotor_encoder(inp, state, dt_s)
    good = odometry.read_wheels(inp, state, config, mean, dt_s)
    for a in range(10):
        state.position[a] = inp.position[a]
    return good


@njit(cache=True, nogil=True)
def _take_board(inp, state, config, mean, covariance, good):  # type: ignore[no-untyped-def]
    dt_s = _step_s(inp.board_ns, state.board_ns)
    state.board_ns = inp.board_ns
    state.bits &= ~_BOARD_BITS
    odometry.read_odometer(inp, state, config, mean, covariance, dt_s, good)
    attitude.read_rotor_sensor(inp, state, dt_s)
    cable.read_tension(inp, state, config, dt_s)
    cable.check_loads(inp, state, config)


@njit(cache=True, nogil=True)
def write(states, configs, mean, covariance, outputs):  # type: ignore[no-untyped-def]
    """Fill the outputs in the order of `messages.Estimate`."""
    state, config, out = states[0], configs[0], outputs[0]
    out.bits = state.bits
    value = out.scalars
    value[0] = mean[joint.S]
    value[1] = math.sqrt(max(covariance[joint.S, joint.S], 0.0))
    value[2] = state.travel_m
    value[3] = state.speed_mps
    value[4] = math.sqrt(state.speed_var)
    value[5] = 1.0 + mean[joint.ODOMETER]
    value[6] = state.slope[0]
    value[7] = math.sqrt(state.slope[2])
    value[8] = state.roll[0]
    value[9] = state.roll_rate_rps
    value[10] = math.sqrt(state.roll[2])
    value[11] = state.tension_n
    value[12] = config.cable_loaded_m - state.paid_out_m
    value[13] = state.paid_out_m
    value[14] = state.rotor_rad
    value[15] = state.rotor_rad + state.roll[0]
    value[16] = state.rotor_rate_rps
    value[17] = state.imbalance_sin
    value[18] = state.imbalance_cos
    value[19] = config.battery_wh - state.used_wh
    for i in range(3):
        out.slip[i] = state.slip[i]
    slot = state.last_slot
    out.since_feature_m = mean[joint.S] - mean[slot] if slot >= 0 else math.nan
    for i in range(_CHANNELS):
        out.innovation[i] = state.innovation[i]


@njit(cache=True, nogil=True)
def tick(inputs, states, configs, mean, covariance, outputs):  # type: ignore[no-untyped-def]
    """Take what is new in the inputs and write the outputs. All records are arrays of one element."""
    inp, state, config = inputs[0], states[0], configs[0]
    dt_s = _step_s(inp.t_ns, state.t_ns)
    state.t_ns = inp.t_ns
    odometry.predict_speed(state, dt_s)
    before_mps = state.speed_mps
    good = 0
    for i in range(3):
        good += state.wheel_good[i]
    if inp.axes_ns > state.axes_ns:
        good = _take_axes(inp, state, config, mean)
    elif _age_s(inp.t_ns, state.axes_ns) > config.stale_s:
        state.bits |= _AXES_STALE
        good = 0
    if inp.board_ns > state.board_ns:
        _take_board(inp, state, config, mean, covariance, good)
    elif _age_s(inp.t_ns, state.board_ns) > config.stale_s:
        state.bits |= _BOARD_STALE
        state.odometer_m = math.nan
        odometry.move_by_wheels(state, mean, covariance, good, True, dt_s)
    fresh = inp.imu_ns > state.imu_ns and _age_s(inp.t_ns, inp.imu_ns) <= config.stale_s
    if fresh:
        state.bits &= ~_IMU_BIT
        attitude.read_imu(inp, state, _step_s(inp.imu_ns, state.imu_ns))
        state.imu_ns = inp.imu_ns
    elif _age_s(inp.t_ns, state.imu_ns) > config.stale_s:
        state.bits |= _IMU_BIT
        attitude.go_blind(state, dt_s)
    if inp.battery_ns > state.battery_ns:
        state.bits &= ~_BATTERY_BIT
        cable.read_battery(inp, state, config, _step_s(inp.battery_ns, state.battery_ns))
        state.battery_ns = inp.battery_ns
    elif _age_s(inp.t_ns, state.battery_ns) > _BATTERY_STALE_S:
        state.bits |= _BATTERY_BIT
    smooth = min(dt_s / _ACCEL_SMOOTH_S, 1.0)
    state.accel_mps2 += smooth * ((state.speed_mps - before_mps) / dt_s - state.accel_mps2)
    n = len(state.history_ns)
    state.history_ns[state.history_next] = inp.t_ns
    state.history_m[state.history_next] = state.path_m
    state.history_next = (state.history_next + 1) % n
    write(states, configs, mean, covariance, outputs)
