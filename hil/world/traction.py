"""Wheels on the conductor: load, creep, Coulomb limit and brakes, compiled.

Load: the stiff body rests on up to three mounts, springs of equal stiffness whose float has taken up the
conductor's bends; open carriages can only push, clamped ones can also hang on their roller.

Creep: the contact patch is a bristle of relaxation length sigma, deflected by the slip speed v_slip and
carried away by rolling, dx/dt = v_slip - |v| x / sigma, with force C N x / sigma. Rolling, that is the linear
creep law F = C N v_slip / |v| (creep coefficients of the profile); standing, it is a stiff spring, so that a
parked robot does not creep. Both directions share the Coulomb limit mu N. Bristle damping acts on dx/dt only
and vanishes in steady rolling.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_PATCH_M = 0.005  # relaxation length of a contact patch
_SUBSTEPS = 4  # of the wheels within one step of the bodies
_DAMPING_S = 1.0e-3  # bristle damping over bristle stiffness


@njit(cache=True, nogil=True)
def wheel_loads(weight_n, center_s_m, s_m, offset_m, stiffness_n_per_m, state, load_n):  # type: ignore[no-untyped-def]
    """Share the weight among the carriages that stand on the conductor.

    Args:
        weight_n: weight across the conductor; center_s_m: where it acts.
        s_m, offset_m, load_n: per carriage: place, height of the wheel above its level place, load (written).
        state: per carriage 0 = off the conductor, 1 = on it, 2 = clamped, can hang on its roller.

    Returns:
        Whether the robot is held: two carriages carry it, or one and clamped ones.
    """
    on = np.zeros(3, np.bool_)
    for i in range(3):
        on[i] = state[i] > 0
        load_n[i] = 0.0
    for _ in range(3):
        n = a = b = m0 = m1 = 0.0
        for i in range(3):
            if on[i]:
                n += 1.0
                a += s_m[i]
                b += s_m[i] * s_m[i]
                m0 += offset_m[i]
                m1 += offset_m[i] * s_m[i]
        determinant = n * b - a * a
        if n < 2.0 or determinant <= 0.0:
            return False
        # loads -k (h + t s + offset) carry the weight and its moment: two equations for height h and tilt t
        right0 = -weight_n / stiffness_n_per_m - m0
        right1 = -weight_n * center_s_m / stiffness_n_per_m - m1
        height = (right0 * b - right1 * a) / determinant
        tilt = (n * right1 - a * right0) / determinant
        worst = -1
        for i in range(3):
            load_n[i] = -stiffness_n_per_m * (height + tilt * s_m[i] + offset_m[i]) if on[i] else 0.0
            if on[i] and state[i] == 1 and load_n[i] < 0.0 and (worst < 0 or load_n[i] < load_n[worst]):
                worst = i
        if worst < 0:
            return True
        on[worst] = False
    return False


@njit(cache=True, nogil=True)
def roll_wheels(dt_s, plant, effort, brake, speed, angle):  # type: ignore[no-untyped-def]
    """Advance the three wheels over one step of the bodies and find the mean forces on the body.

    The body's speed is predicted within the step with its full mass and the other forces on it, so that stiff
    bristles stay stable; the mean force is then applied to the bodies. Rolling resistance and brakes are
    Coulomb torques that stop a wheel but never turn it.

    Args:
        plant: record of `hil.world.plant.PLANT`; bristles are updated, `drive_n` and `roll_nm` are written.
        effort, brake: per axis, drive torque and brake torque at the wheels, N m.
        speed, angle: per axis, of the wheels, updated.
    """
    h = dt_s / _SUBSTEPS
    v = plant.speed_mps
    total_n = 0.0
    for _ in range(_SUBSTEPS):
        force_n = 0.0
        for i in range(3):
            normal_n = plant.wheel_n[i]
            radius_m = plant.wheel_radius_m[i]
            x = plant.bristle_m[i]
            slip_mps = speed[i] * radius_m - v
            rate = slip_mps - abs(v) * x / _PATCH_M
            limit_m = plant.friction * _PATCH_M / plant.creep
            after = x + rate * h
            if after > limit_m:
                after = limit_m
            elif after < -limit_m:
                after = -limit_m
            wheel_n = plant.creep * normal_n / _PATCH_M * (after + _DAMPING_S * (after - x) / h)
            wheel_n = min(max(wheel_n, -plant.friction * normal_n), plant.friction * normal_n)
            plant.bristle_m[i] = after
            free = speed[i] + h * (effort[i] - wheel_n * radius_m) / plant.wheel_inertia
            resisting_nm = brake[i] + plant.rolling * (normal_n + plant.roller_n[i]) * radius_m
            stop = h * resisting_nm / plant.wheel_inertia
            speed[i] = free - stop if free > stop else (free + stop if free < -stop else 0.0)
            angle[i] += h * speed[i]
            force_n += wheel_n - plant.climb[i] * normal_n
        v += h * (force_n + plant.other_n) / plant.mass_kg
        total_n += force_n
    plant.drive_n = total_n / _SUBSTEPS


@njit(cache=True, nogil=True)
def resist_roll(dt_s, plant, roll_rate_rps):  # type: ignore[no-untyped-def]
    """Torque of the contact patches against roll: viscous while rolling, a lock while parked.

    Wheel and roller of a carriage both resist; the wheel with what driving leaves of its Coulomb limit.
    """
    rate = roll_rate_rps * plant.contact_radius_m - abs(plant.speed_mps) * plant.roll_bristle_m / _PATCH_M
    limit_m = plant.friction * _PATCH_M / plant.creep_lateral
    x = plant.roll_bristle_m
    after = min(max(x + rate * dt_s, -limit_m), limit_m)
    plant.roll_bristle_m = after
    pull = (after + 5.0 * _DAMPING_S * (after - x) / dt_s) * plant.creep_lateral / _PATCH_M
    pull = min(max(pull, -plant.friction), plant.friction)
    force_n = 0.0
    for i in range(3):
        along = min(abs(plant.creep * plant.bristle_m[i] / _PATCH_M), plant.friction)
        left = math.sqrt(plant.friction**2 - along**2)
        force_n += min(max(pull, -left), left) * plant.wheel_n[i] + pull * plant.roller_n[i]
    plant.roll_nm = -force_n * plant.contact_radius_m
