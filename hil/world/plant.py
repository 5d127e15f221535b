"""What happens beside the bodies in one step, compiled: axes, brakes, loads, traction, roll, cable, energy.

`advance` turns the drives' efforts into the generalised forces on the bodies; MuJoCo moves the bodies with
them. State and figures live in two records (numpy structured scalars), so that one call passes them all.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hil.world import cable as cables
from hil.world import traction
from hil.world.bodies import GRAVITY_MPS2
from robot.messages import Axis

_TRACTION, _GRIP, _ROTOR, _CABLE, _TRIM, _GUIDE = (
    0,
    3,
    int(Axis.ROTOR),
    int(Axis.CABLE),
    int(Axis.TRIM),
    int(Axis.GUIDE),
)
_AXES = len(Axis)

OFF, ON, CLAMPED = 0, 1, 2  # what a carriage does on the conductor

_SETTLE_S = 0.010  # a self-locking drive follows its effort within this time
_FULL_EFFORT_SPEED = 2.0  # speed at full effort without load, over the largest allowed
_PINCH_BEGINS_M = 0.001  # grip position at which the roller meets the conductor
_PINCH_N_PER_M = 500e3
_ROLLER_AWAY_M = 0.020  # beyond this grip position the roller has left the underside
_LIFTED_M = 0.020  # a wheel this far up no longer counts on the conductor, whatever the mounts give
_ROLL_DAMPING_NMS = 0.35  # air and mounts; with creep it gives the prototype's leans at resonance
_ROTOR_BEARING_NMS = 0.05
_BRAKE_NM_PER_RAD = 2.0e4  # a closed rotor brake is stiff up to its torque
_BRAKE_NMS = 60.0
_RECENTRE_M = 0.5
_DRAG_MPS = 0.005  # a drag fades below this speed
_SLEEVE_RISE_M = 0.03  # a wheel climbs a sleeve over this length
_GRAVITY_MPS2 = GRAVITY_MPS2

PLANT = np.dtype(
    [
        # figures
        ("mass_kg", "f8"),
        ("wheel_inertia", "f8"),
        ("wheel_radius_m", "f8", 3),
        ("carriage_s_m", "f8", 3),
        ("raise_m", "f8", 3),
        ("mount_n_per_m", "f8"),
        ("open_m", "f8"),
        ("lifted_m", "f8"),
        ("lift_height_m", "f8"),
        ("creep", "f8"),
        ("creep_lateral", "f8"),
        ("rolling", "f8"),
        ("contact_radius_m", "f8"),
        ("brake_s", "f8"),
        ("guide_s_m", "f8"),
        ("guide_phi_rad", "f8"),
        ("hand", "f8"),
        ("body_kg", "f8"),  # all but the coil: mass and first moments along and across
        ("body_along_kgm", "f8"),
        ("body_across_kgm", "f8"),
        ("rotor_s_m", "f8"),
        ("coil_kg_per_m", "f8"),
        ("coil_loaded_m", "f8"),
        ("idle_w", "f8"),
        ("efficiency", "f8"),
        ("copper_w", "f8"),
        # surroundings, set from outside between steps
        ("slope_rad", "f8"),
        ("slope_rate_rps", "f8"),
        ("friction", "f8"),
        ("gravity_across", "f8"),
        ("gravity_along", "f8"),
        ("center_s_m", "f8"),
        ("climb", "f8", 3),  # slope of a sleeve under each wheel
        ("wind_nm", "f8"),
        ("drag_n", "f8"),
        ("jam_nm", "f8"),
        ("origin_s_m", "f8"),
        # state
        ("coil_kg", "f8"),
        ("speed_mps", "f8"),
        ("bristle_m", "f8", 3),
        ("roll_bristle_m", "f8"),
        ("rotor_held_rad", "f8"),
        ("closed", "f8", _AXES),  # brakes: 1 = has fallen in
        ("state", "i8", 3),
        ("load_n", "f8", 3),  # share of the weight
        ("pinch_n", "f8", 3),
        ("wheel_n", "f8", 3),  # contact force of wheels and rollers
        ("roller_n", "f8", 3),
        ("held", "b1"),
        ("other_n", "f8"),
        ("drive_n", "f8"),
        ("roll_nm", "f8"),
        ("stretch_m", "f8"),
        ("power_w", "f8"),
        ("energy_j", "f8"),
    ]
)

CABLE = np.dtype(
    [
        ("radius_m", "f8"),
        ("offset_m", "f8"),
        ("s_m", "f8"),
        ("phi_rad", "f8"),
        ("first_phi_rad", "f8"),
        ("last_point", "i8"),
        ("next_pole", "i8"),
        ("laid_m", "f8"),
        ("paid_m", "f8"),
        ("rate_mps", "f8"),
        ("slack_m", "f8"),
        ("tension_n", "f8"),
        ("snag_n", "f8"),
        ("broken", "b1"),
    ]
)


class Readout:
    """Places in the flat array that `report` writes."""

    S_M, SPEED_MPS, ACCEL_MPS2 = 0, 1, 2
    ROLL_RAD, ROLL_RATE_RPS, ROLL_ACCEL_RPS2 = 3, 4, 5
    ROTOR_RAD, ROTOR_RATE_RPS = 6, 7
    GRIP_M, PINCH_N, LOAD_N = slice(8, 11), slice(11, 14), slice(14, 17)
    GUIDE_R_M, TRIM_R_M = 17, 18
    SLOPE_RAD, SLOPE_RATE_RPS = 19, 20
    COIL_KG, POWER_W, ENERGY_WH = 21, 22, 23
    PAID_M, TENSION_N, SLACK_M = 24, 25, 26
    LAY_S_M, LAY_THETA_RAD, STRETCH_M = 27, 28, 29
    HELD = 30
    EFFORT, VELOCITY = slice(31, 31 + _AXES), slice(31 + _AXES, 31 + 2 * _AXES)
    SIZE = 31 + 2 * _AXES


@njit(cache=True, nogil=True)
def advance(  # type: ignore[no-untyped-def]
    dt_s, records, cable_records, rings, poles_m, axes, dancer, effort, braked, position, velocity,
    qpos, qvel, _qacc, touched, applied,
):  # fmt: skip
    """One step of everything beside the bodies.

    Args:
        records, cable_records: arrays of one `PLANT` and one `CABLE`.
        rings: (2, CURVE_POINTS), laid curve: chainage and laid length.
        poles_m: chainages of the poles whose ties hold the cable.
        axes: (3, axes): largest effort, largest speed, inertia; dancer: see `cable.tension_n`.
        effort, braked, position, velocity: per axis; the last two are updated.
        qpos, qvel, touched, applied: (3) of the bodies: position, velocity, contact force; applied force is
            written.
    """
    plant, cable = records[0], cable_records[0]
    brake = np.zeros(_AXES)
    for i in range(_AXES):
        plant.closed[i] = min(plant.closed[i] + dt_s / plant.brake_s, 1.0) if braked[i] else 0.0
        brake[i] = axes[3, i] if plant.closed[i] >= 1.0 else 0.0
    brake[_ROTOR] = max(brake[_ROTOR], plant.jam_nm)

    for i in range(3):
        _lock(dt_s, _GRIP + i, axes, effort, braked, position, velocity, plant.pinch_n[i])
    _lock(dt_s, _TRIM, axes, effort, braked, position, velocity, 0.0)
    _lock(dt_s, _GUIDE, axes, effort, braked, position, velocity, 0.0)
    _support(plant, position)

    guide_s_m = plant.origin_s_m + qpos[0] + plant.guide_s_m
    guide_r_m = max(position[_GUIDE], cable.radius_m * 1.0001)
    rotor_space_rad = qpos[1] + qpos[2]
    cables.lay(
        cable, rings[0], rings[1], guide_s_m, plant.hand * rotor_space_rad + plant.guide_phi_rad, guide_r_m
    )
    cables.tie(cable, rings[0], rings[1], poles_m, guide_s_m, guide_r_m, qvel[2])
    plant.stretch_m = cables.pull(
        dt_s, cable, dancer, guide_s_m, guide_r_m, effort[_CABLE], brake[_CABLE], axes[2, _CABLE]
    )
    position[_CABLE], velocity[_CABLE] = cable.paid_m, cable.rate_mps

    along_m = guide_s_m - cable.s_m
    free_m = cables.free_cable_m(along_m, guide_r_m, cable.radius_m)
    cable_n = cable.tension_n * along_m / free_m
    across = math.sqrt(max(1.0 - (along_m / free_m) ** 2, 0.0))
    cable_nm = -plant.hand * cable.tension_n * cable.radius_m * across

    plant.speed_mps = qvel[0]
    stopping_n = plant.mass_kg * abs(qvel[0]) / dt_s  # more would turn the robot round within the step
    drag_n = min(plant.drag_n, stopping_n) * math.tanh(qvel[0] / _DRAG_MPS)
    plant.other_n = plant.gravity_along * plant.mass_kg - cable_n - drag_n + touched[0]
    traction.roll_wheels(dt_s, plant, effort, brake, velocity, position)
    traction.resist_roll(dt_s, plant, qvel[1])
    applied[0] = plant.drive_n - cable_n - drag_n
    applied[1] = plant.roll_nm + plant.wind_nm + cable_nm - _ROLL_DAMPING_NMS * qvel[1]
    applied[2] = (
        effort[_ROTOR] + cable_nm - _ROTOR_BEARING_NMS * qvel[2] + _rotor_brake(plant, brake, qpos, qvel)
    )
    _spend(dt_s, plant, axes, effort, braked, velocity)


@njit(cache=True, nogil=True)
def surround(records, cable_records, sleeves, qpos, slope_rad, slope_rate_rps, wind_nm):  # type: ignore[no-untyped-def]
    """Renew what changes slowly: payload, gravity over the slope, wind, sleeves under the wheels.

    Args:
        sleeves: (n, 3), sorted: begin and end of every sleeve, height over the conductor.
        qpos: position of the bodies; brought back near the origin when it has gone far.
    """
    plant, cable = records[0], cable_records[0]
    if abs(qpos[0]) > _RECENTRE_M:
        plant.origin_s_m += qpos[0]
        qpos[0] = 0.0
    plant.coil_kg = max(plant.coil_loaded_m - cable.paid_m, 0.0) * plant.coil_kg_per_m
    plant.mass_kg = plant.body_kg + plant.coil_kg
    plant.slope_rad, plant.slope_rate_rps, plant.wind_nm = slope_rad, slope_rate_rps, wind_nm
    plant.gravity_across = _GRAVITY_MPS2 * math.cos(slope_rad)
    plant.gravity_along = -_GRAVITY_MPS2 * math.sin(slope_rad)
    along_kgm = plant.body_along_kgm + plant.coil_kg * plant.rotor_s_m
    plant.center_s_m = (along_kgm - plant.body_across_kgm * math.tan(slope_rad)) / plant.mass_kg
    for i in range(3):
        plant.climb[i] = _climb(sleeves, plant.origin_s_m + qpos[0] + plant.carriage_s_m[i])


@njit(cache=True, nogil=True)
def _climb(sleeves, s_m):  # type: ignore[no-untyped-def]
    """Slope of the surface under a wheel from the sleeve it rolls onto or off."""
    first = np.searchsorted(sleeves[:, 0], s_m + _SLEEVE_RISE_M) - 1
    if first < 0:
        return 0.0
    begin_m, end_m, height_m = sleeves[first]
    if begin_m - _SLEEVE_RISE_M <= s_m < begin_m:
        return height_m / _SLEEVE_RISE_M
    if end_m < s_m <= end_m + _SLEEVE_RISE_M:
        return -height_m / _SLEEVE_RISE_M
    return 0.0


@njit(cache=True, nogil=True)
def report(records, cable_records, effort, position, velocity, qpos, qvel, qacc, out):  # type: ignore[no-untyped-def]
    """Write all that sensors and truth need into one flat array, in the places of `Readout`."""
    plant, cable = records[0], cable_records[0]
    out[0], out[1], out[2] = plant.origin_s_m + qpos[0], qvel[0], qacc[0]
    out[3], out[4], out[5] = qpos[1], qvel[1], qacc[1]
    out[6], out[7] = qpos[2], qvel[2]
    for i in range(3):
        out[8 + i] = position[_GRIP + i]
        out[11 + i] = plant.roller_n[i]
        out[14 + i] = plant.load_n[i]
    out[17], out[18] = position[_GUIDE], position[_TRIM]
    out[19], out[20] = plant.slope_rad, plant.slope_rate_rps
    out[21], out[22], out[23] = plant.coil_kg, plant.power_w, plant.energy_j / 3600.0
    out[24], out[25], out[26] = cable.paid_m, cable.tension_n, cable.slack_m
    out[27], out[28], out[29] = cable.s_m, plant.hand * cable.phi_rad, plant.stretch_m
    out[30] = 1.0 if plant.held else 0.0
    for i in range(_AXES):
        out[31 + i] = effort[i]
        out[31 + _AXES + i] = velocity[i]


@njit(cache=True, nogil=True)
def _lock(dt_s, i, axes, effort, braked, position, velocity, load_n):  # type: ignore[no-untyped-def]
    """A self-locking axis: follows its effort, and stands whatever pushes it when it has none."""
    if braked[i] or effort[i] == 0.0:
        velocity[i] = 0.0
        return
    viscous = axes[0, i] / (_FULL_EFFORT_SPEED * axes[1, i])
    wanted = (effort[i] + load_n) / viscous
    velocity[i] += (wanted - velocity[i]) * (1.0 - math.exp(-dt_s / _SETTLE_S))
    position[i] += dt_s * velocity[i]


@njit(cache=True, nogil=True)
def _support(plant, position):  # type: ignore[no-untyped-def]
    """Carriages' states, pinch and loads from the grips' places."""
    offset = np.zeros(3)
    for i in range(3):
        grip_m = position[_GRIP + i]
        plant.pinch_n[i] = max(_PINCH_N_PER_M * (_PINCH_BEGINS_M - grip_m), 0.0)
        lift = max(grip_m - plant.open_m, 0.0) / (plant.lifted_m - plant.open_m) * plant.lift_height_m
        offset[i] = plant.raise_m[i] + lift
        plant.state[i] = CLAMPED if grip_m < _ROLLER_AWAY_M else (ON if lift < _LIFTED_M else OFF)
    plant.held = traction.wheel_loads(
        plant.gravity_across * plant.mass_kg,
        plant.center_s_m,
        plant.carriage_s_m,
        offset,
        plant.mount_n_per_m,
        plant.state,
        plant.load_n,
    )
    for i in range(3):
        plant.roller_n[i] = max(plant.pinch_n[i], -plant.load_n[i])
        plant.wheel_n[i] = max(plant.load_n[i] + plant.roller_n[i], 0.0)


@njit(cache=True, nogil=True)
def _rotor_brake(plant, brake, qpos, qvel):  # type: ignore[no-untyped-def]
    """Torque of the closed rotor brake: a stiff spring that slides beyond the brake's torque."""
    if brake[_ROTOR] == 0.0:
        plant.rotor_held_rad = qpos[2]
        return 0.0
    limit_rad = brake[_ROTOR] / _BRAKE_NM_PER_RAD
    bent = min(max(qpos[2] - plant.rotor_held_rad, -limit_rad), limit_rad)
    plant.rotor_held_rad = qpos[2] - bent
    torque = -_BRAKE_NM_PER_RAD * bent - _BRAKE_NMS * qvel[2]
    return min(max(torque, -brake[_ROTOR]), brake[_ROTOR])


@njit(cache=True, nogil=True)
def _spend(dt_s, plant, axes, effort, braked, velocity):  # type: ignore[no-untyped-def]
    """Electric power: idle, mechanical over efficiency, copper loss; self-locking axes need none to stand."""
    power = plant.idle_w
    for i in range(_AXES):
        standing = axes[4, i] > 0.0 and velocity[i] == 0.0
        if not braked[i] and not standing:
            share = effort[i] / axes[0, i]
            driving = effort[i] * velocity[i] if i != _CABLE else -effort[i] * velocity[i]
            power += max(driving, 0.0) / plant.efficiency + plant.copper_w * share * share
    plant.power_w = power
    plant.energy_j += power * dt_s
