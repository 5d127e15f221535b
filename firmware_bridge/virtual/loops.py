"""The loops of the virtual drives, compiled: one call steps all of them.

A drive's state and configuration are one record (a numpy structured scalar); functions are untyped for numba.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from robot.messages import AxisFault, AxisLimit, AxisMode

STEP_US = 2000  # period of the loops

# How a drive stands. DAMPED is a time-out reaction of controllers other than the board's: nothing is driven, the
# axis is only braked by `damping`, if that.
OFF, RUNNING, STOPPING, DAMPED = 0, 1, 2, 3

_HOLD, _VELOCITY, _POSITION, _EFFORT = (int(m) for m in AxisMode)
(
    _LIMIT_NONE,
    _LIMIT_EFFORT,
    _LIMIT_VELOCITY,
    _LIMIT_RANGE,
    _LIMIT_TEMPERATURE,
    _LIMIT_SUPPORT,
    _LIMIT_INVALID,
) = (int(x) for x in AxisLimit)
_TIMEOUT, _OVER_TEMPERATURE = int(AxisFault.TIMEOUT), int(AxisFault.OVER_TEMPERATURE)
_ENCODER, _RUNAWAY = int(AxisFault.ENCODER), int(AxisFault.RUNAWAY)

_GEAR_LOSS = 0.5  # a self-locking gear's own loss at full speed, over full effort; not counted as push
_APPROACH_M = 0.003  # but for the last way to the target, where the limit is what it may press with
EXTRAPOLATE_US = 20_000  # a moving position target is followed for two ticks, then it stands
STILL = 1e-3  # rad/s or m/s below which a self-locking drive counts as standing
_ABSURD = 10.0  # times its largest speed: no drive runs so fast, its encoder is broken
_AWAY = 0.05  # of its largest speed: a drive this much faster than told ...
_AWAY_STEPS = 5  # ... and ever faster over these many steps, at the end of its torque, runs away
STOP_GRACE_US = 200_000  # after the ramp the brakes go on even if the axis still moves

AMBIENT_C = 25.0
_RISE_C = 55.0  # at continuous effort
DERATE_C = 95.0  # from here the effort is cut back, to nothing at the trip
_TRIP_C = 115.0

DRIVE = np.dtype(
    [
        # configuration
        ("effort_max", "f8"),
        ("velocity_max", "f8"),
        ("low", "f8"),
        ("high", "f8"),
        ("inertia", "f8"),
        ("friction", "f8"),
        ("fade", "f8"),  # speed below which friction fades, for a stable step
        ("continuous", "f8"),
        ("thermal_s", "f8"),
        ("self_locking", "b1"),
        ("direction", "f8"),  # of the effort along the axis
        ("kp", "f8"),
        ("ki", "f8"),
        ("position_gain", "f8"),
        ("external", "b1"),  # of a controller of its own, see `drives`
        ("extrapolate_us", "i8"),  # for how long a moving position target is followed
        ("timeout_phase", "i8"),  # how it stands once its watchdog has run out
        ("damping", "f8"),  # effort per speed while DAMPED
        # setpoint
        ("mode", "i8"),
        ("target", "f8"),
        ("feedforward", "f8"),
        ("limit", "f8"),
        ("received_us", "i8"),
        ("deadline_us", "i8"),
        ("watchdog", "b1"),
        # state
        ("phase", "i8"),
        ("stop_us", "i8"),
        ("ramp_us", "i8"),
        ("stop_velocity", "f8"),
        ("seen_velocity", "f8"),  # in the step before
        ("away", "i8"),  # steps in a row in which it ran away
        ("held_us", "i8"),  # time since the brake was told to fall in
        ("integral", "f8"),
        ("force", "f8"),  # at the output, along the axis
        ("temperature_c", "f8"),
        ("fault", "i8"),
        ("limited", "i8"),
        ("refused", "i8"),  # limit reason given with the setpoint
        # encoder: reading = gain * truth + offset, or stuck
        ("gain", "f8"),
        ("offset", "f8"),
        ("stuck", "b1"),
        ("position", "f8"),
        ("velocity", "f8"),
    ]
)


@njit(cache=True, nogil=True)
def accept(drives, values, modes, refused, now_us, deadline_us):  # type: ignore[no-untyped-def]
    for i in range(drives.shape[0]):
        drive = drives[i]
        if drive.external or drive.fault != 0:
            continue
        mode, target, feedforward, limit = modes[i], values[0, i], values[1, i], values[2, i]
        refusal = 0
        if (
            not (np.isfinite(target) and np.isfinite(feedforward) and np.isfinite(limit))
            or mode < 0
            or mode > _EFFORT
        ):
            mode, target, feedforward, limit, refusal = _HOLD, 0.0, 0.0, 0.0, _LIMIT_INVALID
        elif refused >> i & 1:
            mode, target, feedforward, refusal = _HOLD, 0.0, 0.0, _LIMIT_SUPPORT
        limit = min(max(limit, 0.0), drive.effort_max)
        if mode == _VELOCITY and abs(target) > drive.velocity_max:
            target, refusal = np.sign(target) * drive.velocity_max, _LIMIT_VELOCITY
        elif mode == _POSITION and not drive.low <= target <= drive.high:
            target, refusal = min(max(target, drive.low), drive.high), _LIMIT_RANGE
        elif mode == _EFFORT and abs(target) > limit:
            target, refusal = np.sign(target) * limit, _LIMIT_EFFORT
        if drive.phase != RUNNING or mode != drive.mode:
            drive.integral = 0.0
        drive.mode, drive.target, drive.feedforward, drive.limit = mode, target, feedforward, limit
        drive.refused = refusal
        drive.received_us, drive.deadline_us = now_us, deadline_us
        drive.phase = RUNNING


@njit(cache=True, nogil=True)
def stop(drives, now_us, ramp_us):  # type: ignore[no-untyped-def]
    for i in range(drives.shape[0]):
        drive = drives[i]
        if drive.external:
            continue
        drive.ramp_us = ramp_us
        if drive.phase == RUNNING:
            _begin_stop(drive, now_us)


@njit(cache=True, nogil=True)
def _begin_stop(drive, now_us):  # type: ignore[no-untyped-def]
    drive.stop_us = now_us
    drive.stop_velocity = drive.velocity
    if drive.self_locking or drive.mode == _HOLD:
        drive.phase = OFF
    else:
        drive.phase = drive.timeout_phase if drive.external else STOPPING


@njit(cache=True, nogil=True)
def step(  # type: ignore[no-untyped-def]
    drives, position, velocity, braked, effort, flip, now_us, brake_us, relay
):
    dt_s = STEP_US * 1e-6
    faulted = False
    for i in range(drives.shape[0]):
        drive = drives[i]
        _read_encoder(drive, position[i], velocity[i])
        _heat(drive, dt_s)
        if drive.watchdog and drive.phase == RUNNING and now_us >= drive.deadline_us:
            drive.fault = _TIMEOUT
            _begin_stop(drive, now_us)
        driven = drive.phase == RUNNING and drive.mode == _VELOCITY and not drive.self_locking
        watched = driven and not drive.external  # other controllers do not notice that they run away
        if drive.fault == 0 and watched and _runs_away(drive, drive.target, drive.limit):
            drive.fault = _RUNAWAY
        if drive.fault != 0 and drive.phase == RUNNING:
            _begin_stop(drive, now_us)

        drive.limited = drive.refused if drive.phase == RUNNING else _LIMIT_NONE
        brake = _drive(drive, now_us, brake_us, dt_s)
        if drive.fault != 0 and drive.fault != _TIMEOUT:
            drive.force = 0.0
        if drive.external and not relay:
            drive.force, drive.integral = 0.0, 0.0
            brake = True
        braked[i] = brake
        rubbing = drive.friction * drive.velocity / (abs(drive.velocity) + drive.fade)
        effort[i] = flip[i] * (drive.force - rubbing)
        faulted |= drive.fault != 0 and not drive.external
    return faulted


@njit(cache=True, nogil=True)
def _read_encoder(drive, position, velocity):  # type: ignore[no-untyped-def]
    """What the encoder says; no reading, or a speed out of all reason, is the drive's own fault."""
    if drive.stuck:
        drive.velocity = 0.0
        return
    drive.position = drive.gain * position + drive.offset
    drive.velocity = drive.gain * velocity
    dead = not (np.isfinite(drive.position) and np.isfinite(drive.velocity))
    if dead or abs(drive.velocity) > _ABSURD * drive.velocity_max:
        drive.velocity = 0.0
        if drive.fault == 0:
            drive.fault = _ENCODER


@njit(cache=True, nogil=True)
def _heat(drive, dt_s):  # type: ignore[no-untyped-def]
    """Heating by the square of the effort; a self-locking gear carries its load without current."""
    idle = drive.self_locking and abs(drive.velocity) < STILL
    load = 0.0 if idle else drive.force / drive.continuous
    drive.temperature_c += (
        dt_s / drive.thermal_s * (load * load * _RISE_C - (drive.temperature_c - AMBIENT_C))
    )
    if drive.temperature_c > _TRIP_C and drive.fault == 0:
        drive.fault = _OVER_TEMPERATURE


@njit(cache=True, nogil=True)
def _runs_away(drive, wish, limit):  # type: ignore[no-untyped-def]
    """Whether something pulls the axis faster than `wish`, and ever faster, with no effort left to hold it."""
    velocity, seen = drive.velocity, drive.seen_velocity
    drive.seen_velocity = velocity
    margin = _AWAY * drive.velocity_max
    too_fast = velocity > max(wish, 0.0) + margin or velocity < min(wish, 0.0) - margin
    spent = drive.force == 0.0 or abs(drive.force) >= 0.95 * min(limit, _warm_limit(drive))
    pushes = drive.force * velocity > 0.0  # the drive itself does it
    if not too_fast or not spent or pushes or abs(velocity) <= abs(seen):
        drive.away = 0
        return False
    drive.away += 1
    return drive.away >= _AWAY_STEPS


@njit(cache=True, nogil=True)
def _drive(drive, now_us, brake_us, dt_s):  # type: ignore[no-untyped-def]
    """Set `force` from setpoint or stop ramp; returns whether the brake is to be on."""
    if drive.phase == OFF:
        drive.force = 0.0
        return True
    if drive.phase == DAMPED:
        limit = min(drive.effort_max, _warm_limit(drive))
        drive.force = min(max(-drive.damping * drive.velocity, -limit), limit)
        return False
    if drive.phase == STOPPING:
        left = 1.0 - (now_us - drive.stop_us) / drive.ramp_us if drive.ramp_us > 0 else 0.0
        if drive.external:  # then it stands on its own power; its brake hangs on the board's relay
            _follow(drive, drive.stop_velocity * max(left, 0.0), 0.0, drive.effort_max, dt_s)
            return False
        if drive.mode == _EFFORT and left > 0.0:
            _push(drive, drive.direction * drive.target)
            return False
        if _runs_away(drive, drive.stop_velocity * max(left, 0.0), drive.effort_max):
            drive.stop_us = now_us - drive.ramp_us - STOP_GRACE_US - 1  # no ramp will help: brake
        late_us = now_us - drive.stop_us - drive.ramp_us
        if late_us >= 0 and (abs(drive.velocity) < 0.02 or late_us > STOP_GRACE_US):
            return _brake(drive, brake_us, dt_s)
        _follow(drive, drive.stop_velocity * max(left, 0.0), 0.0, drive.effort_max, dt_s)
        drive.held_us = 0
        return False
    if drive.mode == _VELOCITY:
        _follow(drive, drive.target, drive.inertia * drive.feedforward, drive.limit, dt_s)
    elif drive.mode == _POSITION:
        ahead_s = min(now_us - drive.received_us, drive.extrapolate_us) * 1e-6
        error = drive.target + drive.feedforward * ahead_s - drive.position
        wish = drive.feedforward + drive.position_gain * error
        limit = drive.limit
        if drive.self_locking and abs(error) > _APPROACH_M:
            limit += _GEAR_LOSS * drive.effort_max * abs(drive.velocity) / drive.velocity_max
        _follow(drive, min(max(wish, -drive.velocity_max), drive.velocity_max), 0.0, limit, dt_s)
    elif drive.mode == _EFFORT:
        _push(drive, drive.direction * drive.target)
    else:
        return _brake(drive, brake_us, dt_s)
    drive.held_us = 0
    return False


@njit(cache=True, nogil=True)
def _brake(drive, brake_us, dt_s):  # type: ignore[no-untyped-def]
    """Brake on; the drive holds at rest until it has fallen in, then it is off."""
    if drive.self_locking or drive.held_us >= brake_us:
        drive.force = 0.0
        drive.integral = 0.0
        if drive.phase == STOPPING:
            drive.phase = OFF
        return True
    _follow(drive, 0.0, 0.0, drive.effort_max, dt_s)
    drive.held_us += STEP_US
    return True


@njit(cache=True, nogil=True)
def _follow(drive, wish, ahead, limit, dt_s):  # type: ignore[no-untyped-def]
    """Velocity loop: PI with conditional integration."""
    limit = min(limit, drive.effort_max, _warm_limit(drive))
    error = wish - drive.velocity
    force = ahead + drive.kp * error + drive.integral
    drive.force = min(max(force, -limit), limit)
    if drive.force == force or (force > 0.0) != (error > 0.0):
        drive.integral += drive.ki * error * dt_s
    if drive.force != force and drive.limited == _LIMIT_NONE:
        drive.limited = _LIMIT_EFFORT


@njit(cache=True, nogil=True)
def _push(drive, force):  # type: ignore[no-untyped-def]
    """Effort, let go above the drive's largest speed."""
    limit = min(drive.limit, _warm_limit(drive))
    over = abs(drive.velocity) / drive.velocity_max - 1.0 if drive.velocity_max > 0.0 else 1.0
    if over > 0.0 and force * drive.velocity > 0.0:
        force *= max(1.0 - 10.0 * over, 0.0)
        drive.limited = _LIMIT_VELOCITY
    drive.force = min(max(force, -limit), limit)


@njit(cache=True, nogil=True)
def _warm_limit(drive):  # type: ignore[no-untyped-def]
    if drive.temperature_c <= DERATE_C:
        return drive.effort_max
    drive.limited = _LIMIT_TEMPERATURE
    return drive.effort_max * max((_TRIP_C - drive.temperature_c) / (_TRIP_C - DERATE_C), 0.0)


@njit(cache=True, nogil=True)
def report(drives, floats, codes):  # type: ignore[no-untyped-def]
    for i in range(drives.shape[0]):
        drive = drives[i]
        if drive.external:
            floats[0, i] = floats[1, i] = floats[2, i] = np.nan
            codes[0, i] = codes[1, i] = codes[2, i] = 0
            continue
        floats[0, i], floats[1, i] = drive.position, drive.velocity
        floats[2, i] = drive.direction * drive.force
        codes[0, i] = drive.mode if drive.phase == RUNNING else _HOLD
        codes[1, i], codes[2, i] = drive.fault, drive.limited
