"""Cable, coil, battery and the plausibility of what else the board reports, compiled.

Tension has three witnesses: the load cell after the last bend, the dancer's place, and the effort with which
the cable drive holds. Load cell and dancer are fused while they agree; where they do not, the effort says
which one is wrong.
"""

from __future__ import annotations

import math

from numba import njit

from robot.estimate.filter import normalised
from robot.estimate.state import BIT, CHANNEL, GRAVITY_MPS2
from robot.messages import Axis, GuideSwitch

_TENSION_RATE_N = 60.0  # per s, 1 sigma: what the tension may do
_CELL_SIGMA_N = 0.3
_DANCER_SIGMA_N = 0.3
_STOP_M = 0.001  # this near its end a dancer stands at the stop
_AGREE_N = 1.0  # load cell and dancer may differ by this
_AGREE_SHARE = 0.08  # and this share of the tension
_SUSPECT_S = 0.12
_SAME = 12  # equal readings in a row: stuck
_ENCODER_SUSPECT_S = 0.05
_VOLTAGE_SIGMA_V = 2.0
_ENERGY_SIGMA_WH = 0.05
_LOAD_SIGMA_N = 30.0
_PINCH_SIGMA_N = 20.0

_CELL_BIT = BIT["cable_tension"]
_DANCER_BIT = BIT["dancer"]
_TENSION_BIT = BIT["tension"]
_BATTERY_BIT = BIT["battery"]
_ENCODER_BIT = BIT["traction_front.encoder"]
_CH_CELL = CHANNEL["cable_tension"]
_CH_DANCER = CHANNEL["dancer"]
_CH_EFFORT = CHANNEL["cable_effort"]
_CH_WEIGHT = CHANNEL["weight"]
_CH_PINCH = CHANNEL["pinch_front"]
_CH_GUIDE = CHANNEL["guide"]
_CH_TRIM = CHANNEL["trim"]
_CH_ROTOR_EFFORT = CHANNEL["rotor_effort"]
_CH_VOLTAGE = CHANNEL["battery_voltage"]
_CH_ENERGY = CHANNEL["battery_energy"]
_CH_MOTION = CHANNEL["traction_front_motion"]
_GRIP = int(Axis.GRIP_FRONT)
_ROTOR = int(Axis.ROTOR)
_CABLE = int(Axis.CABLE)
_TRIM = int(Axis.TRIM)
_GUIDE = int(Axis.GUIDE)
_OUT = int(GuideSwitch.OUT)
_RETRACTED = int(GuideSwitch.RETRACTED)


@njit(cache=True, nogil=True)
def read_tension(inp, state, config, dt_s):  # type: ignore[no-untyped-def]
    """Fuse load cell and dancer."""
    cell = inp.cable_tension_n
    at_m = inp.dancer_m
    by_dancer = config.dancer_preload_n + config.dancer_n_per_m * at_m
    state.cell_same = state.cell_same + 1 if cell == state.cell_n else 0
    state.dancer_same = state.dancer_same + 1 if at_m == state.dancer_m else 0
    state.cell_n = cell
    state.dancer_m = at_m
    cell_sane = -5.0 < cell < config.tension_max_n and state.cell_same < _SAME
    inside = _STOP_M < at_m < config.dancer_travel_m - _STOP_M  # at a stop it only tells a bound
    dancer_sane = -0.1 * config.dancer_travel_m < at_m < 1.1 * config.dancer_travel_m
    dancer_sane = dancer_sane and (not inside or state.dancer_same < _SAME)
    cell_wrong, dancer_wrong = not cell_sane, not dancer_sane
    if cell_sane and dancer_sane and _contradict(cell, by_dancer, at_m, config):
        held = inp.effort[_CABLE]
        if abs(cell - held) > abs(by_dancer - held):
            cell_wrong = True
        else:
            dancer_wrong = True
    state.cell_bad_s = _count(state.cell_bad_s, cell_wrong, dt_s)
    state.dancer_bad_s = _count(state.dancer_bad_s, dancer_wrong, dt_s)
    if state.cell_bad_s > _SUSPECT_S:
        state.bits |= _CELL_BIT
    if state.dancer_bad_s > _SUSPECT_S:
        state.bits |= _DANCER_BIT
    if math.isnan(state.tension_n):
        state.tension_n = cell if cell_sane else 0.0
    state.tension_var += _TENSION_RATE_N**2 * dt_s * dt_s
    state.innovation[_CH_CELL] = normalised(cell - state.tension_n, state.tension_var + _CELL_SIGMA_N**2)
    state.innovation[_CH_DANCER] = normalised(
        by_dancer - state.tension_n, state.tension_var + _DANCER_SIGMA_N**2
    )
    if not cell_wrong and state.cell_bad_s < _SUSPECT_S:
        _fuse(state, cell, _CELL_SIGMA_N)
    if not dancer_wrong and inside and state.dancer_bad_s < _SUSPECT_S:
        _fuse(state, by_dancer, _DANCER_SIGMA_N)
    if cell_wrong and (dancer_wrong or not inside):
        state.bits |= _TENSION_BIT
        if abs(inp.effort[_CABLE]) < config.tension_max_n:
            _fuse(state, inp.effort[_CABLE], 5.0)


@njit(cache=True, nogil=True)
def _contradict(cell, by_dancer, at_m, config):  # type: ignore[no-untyped-def]
    """Load cell against dancer; a dancer at its stop allows everything beyond."""
    allowed = _AGREE_N + _AGREE_SHARE * abs(by_dancer)
    if at_m <= _STOP_M:
        return cell > config.dancer_preload_n + allowed
    if at_m >= config.dancer_travel_m - _STOP_M:
        return cell < by_dancer - allowed
    return abs(cell - by_dancer) > allowed


@njit(cache=True, nogil=True)
def _count(bad_s, wrong, dt_s):  # type: ignore[no-untyped-def]
    return min(bad_s + dt_s, 3.0 * _SUSPECT_S) if wrong else max(bad_s - 0.5 * dt_s, 0.0)


@njit(cache=True, nogil=True)
def _fuse(state, tension_n, sigma_n):  # type: ignore[no-untyped-def]
    gain = state.tension_var / (state.tension_var + sigma_n**2)
    state.tension_n += gain * (tension_n - state.tension_n)
    state.tension_var *= 1.0 - gain


@njit(cache=True, nogil=True)
def read_axes(inp, state, config, dt_s):  # type: ignore[no-untyped-def]
    """Pay-out, and every axis' step against its velocity."""
    for a in range(10):
        step = inp.position[a] - state.position[a]
        expected = inp.velocity[a] * dt_s
        sigma = 0.1 * config.velocity_max[a] * dt_s + 1e-4
        state.innovation[_CH_MOTION + a] = normalised(step - expected, sigma**2)
        sane = abs(inp.position[a]) < 1e6 and abs(inp.velocity[a]) < 10.0 * config.velocity_max[a]
        jumped = abs(step) > 3.0 * config.velocity_max[a] * dt_s + 0.02
        bad = not sane or jumped
        state.encoder_bad_s[a] = (
            state.encoder_bad_s[a] + dt_s if bad else max(state.encoder_bad_s[a] - dt_s, 0.0)
        )
        if state.encoder_bad_s[a] > _ENCODER_SUSPECT_S:
            state.bits |= _ENCODER_BIT << a
            state.encoder_bad_s[a] = 3.0 * _ENCODER_SUSPECT_S
        if a == _CABLE and not bad and not math.isnan(step):
            state.paid_out_m += step
    for i in range(3):
        gap_n = inp.pinch_n[i] - inp.effort[_GRIP + i]
        state.innovation[_CH_PINCH + i] = normalised(gap_n, _PINCH_SIGMA_N**2)
    state.innovation[_CH_EFFORT] = normalised(inp.effort[_CABLE] - state.tension_n, 1.0)
    state.innovation[_CH_ROTOR_EFFORT] = inp.effort[_ROTOR] / config.effort_max[_ROTOR]
    state.innovation[_CH_ROTOR_EFFORT + 1] = inp.effort[_TRIM] / config.effort_max[_TRIM]
    state.innovation[_CH_ROTOR_EFFORT + 2] = inp.effort[_GUIDE] / config.effort_max[_GUIDE]


@njit(cache=True, nogil=True)
def check_loads(inp, state, config):  # type: ignore[no-untyped-def]
    """Wheel loads against mass, counterweight against coil, guide switch against guide."""
    coil_kg = max(config.cable_loaded_m - state.paid_out_m, 0.0) * config.cable_kg_per_m
    load_n = 0.0
    for i in range(3):
        load_n += inp.wheel_load_n[i]
    weight_n = (config.mass_empty_kg + coil_kg) * GRAVITY_MPS2 * math.cos(state.slope[0])
    state.innovation[_CH_WEIGHT] = normalised(load_n - weight_n, _LOAD_SIGMA_N**2)
    balanced_m = (config.cradle_kgm + coil_kg * config.coil_r_m) / config.trim_kg
    state.innovation[_CH_TRIM] = normalised(inp.position[_TRIM] - balanced_m, 0.01**2)
    beyond_m = inp.position[_GUIDE] - config.guide_middle_m
    if inp.guide_switch == _OUT:
        beyond_m = max(beyond_m, 0.0)
    elif inp.guide_switch == _RETRACTED:
        beyond_m = min(beyond_m, 0.0)
    state.innovation[_CH_GUIDE] = normalised(beyond_m, 0.01**2)


@njit(cache=True, nogil=True)
def read_battery(inp, state, config, dt_s):  # type: ignore[no-untyped-def]
    """Energy used, and the meter against voltage times current."""
    sane = 0.5 * config.battery_v < inp.voltage_v < 1.5 * config.battery_v and abs(inp.current_a) < 500.0
    sane = sane and -1.0 < inp.used_wh < 1e5
    if not sane:
        state.bits |= _BATTERY_BIT
        return
    if not math.isnan(state.used_wh):
        expected_wh = inp.voltage_v * inp.current_a * dt_s / 3600.0
        gap_wh = inp.used_wh - state.used_wh - expected_wh
        state.innovation[_CH_ENERGY] = normalised(gap_wh, _ENERGY_SIGMA_WH**2)
    state.innovation[_CH_VOLTAGE] = normalised(inp.voltage_v - config.battery_v, _VOLTAGE_SIGMA_V**2)
    state.used_wh = inp.used_wh
