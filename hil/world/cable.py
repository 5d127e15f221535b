"""The cable: from the coil over capstan, dancer and guide to the lay point on the conductor, compiled.

Geometry of the lay (conventions of `robot.line`): the cable's axis lies on the cylinder r_0 = (D + d) / 2;
between guide (radius r_g) and lay point it is a straight line, tangent to that cylinder. So the lay point
trails the guide's angle by acos(r_0 / r_g), and while the guide turns forwards by dphi the lay point moves by
ds = (s_guide - s_lay) r_0 / sqrt(r_g^2 - r_0^2) dphi. Turned backwards, the cable comes off along the curve
on which it lies; the last turns of that curve are kept.

Angles `phi` count in the hand of the lay, so that laying always increases them.
"""

from __future__ import annotations

import math

from numba import njit

CURVE_STEP_RAD = math.radians(2.0)
CURVE_POINTS = 4096  # about 22 turns that can be taken back
_STOP_N_PER_M = 2000.0  # of the cable itself, where the dancer stands at a stop
_CAPSTAN_NS_PER_M = 1.0  # rubbing of the cable on its pulleys
_TIE_PASSED_M = 0.10  # guide beyond a pole's middle, rotor parked: the tie takes the cable
_PARKED_RPS = 0.02


@njit(cache=True, nogil=True)
def free_cable_m(free_s_m, guide_r_m, radius_m):  # type: ignore[no-untyped-def]
    """Length of the straight cable between lay point and guide."""
    return math.sqrt(max(guide_r_m * guide_r_m - radius_m * radius_m, 1e-10) + free_s_m * free_s_m)


@njit(cache=True, nogil=True)
def tension_n(stretch_m, dancer):  # type: ignore[no-untyped-def]
    """Tension when the way from capstan to lay point is longer by `stretch_m` than the cable paid out to it.

    Args:
        dancer: preload N, stiffness N/m, travel m. Beyond its stops the cable's own stiffness counts.
    """
    preload, stiffness, travel = dancer[0], dancer[1], dancer[2]
    if stretch_m < 0.0:
        return max(preload + _STOP_N_PER_M * stretch_m, 0.0)
    if stretch_m <= travel:
        return preload + stiffness * stretch_m
    return preload + stiffness * travel + _STOP_N_PER_M * (stretch_m - travel)


@njit(cache=True, nogil=True)
def lay(cable, curve_s_m, curve_length_m, guide_s_m, guide_phi_rad, guide_r_m):  # type: ignore[no-untyped-def]
    """Move the lay point to where the guide's new place puts it.

    Args:
        cable: record of `hil.world.plant.CABLE`.
        curve_s_m, curve_length_m: rings of laid curve and laid length over phi, one point every
            `CURVE_STEP_RAD`.
        guide_s_m, guide_phi_rad, guide_r_m: the guide's chainage, angle in the hand of the lay, inner radius.
    """
    radius_m = cable.radius_m
    phi = guide_phi_rad - math.acos(min(radius_m / guide_r_m, 1.0))
    turn = phi - cable.phi_rad
    if turn >= 0.0:
        relaxation = math.sqrt(max(guide_r_m * guide_r_m - radius_m * radius_m, 1e-10)) / radius_m
        step_m = (guide_s_m - cable.s_m) * (1.0 - math.exp(-turn / relaxation))
        cable.s_m += step_m
        cable.laid_m += math.sqrt(step_m * step_m + (radius_m * turn) ** 2)
        _remember(cable, curve_s_m, curve_length_m, phi)
    elif phi > cable.first_phi_rad:
        index = (phi - cable.first_phi_rad) / CURVE_STEP_RAD
        low = int(index)
        part = index - low
        a, b = low % CURVE_POINTS, (low + 1) % CURVE_POINTS
        if low + 1 > cable.last_point:
            a = b = cable.last_point % CURVE_POINTS
        cable.s_m = curve_s_m[a] + part * (curve_s_m[b] - curve_s_m[a])
        cable.laid_m = curve_length_m[a] + part * (curve_length_m[b] - curve_length_m[a])
        cable.last_point = min(cable.last_point, low)
    else:
        phi = cable.first_phi_rad  # the cable is clamped here
    cable.phi_rad = phi


@njit(cache=True, nogil=True)
def _remember(cable, curve_s_m, curve_length_m, phi):  # type: ignore[no-untyped-def]
    while cable.first_phi_rad + (cable.last_point + 1) * CURVE_STEP_RAD <= phi:
        cable.last_point += 1
        curve_s_m[cable.last_point % CURVE_POINTS] = cable.s_m
        curve_length_m[cable.last_point % CURVE_POINTS] = cable.laid_m


@njit(cache=True, nogil=True)
def tie(cable, curve_s_m, curve_length_m, poles_m, guide_s_m, guide_r_m, rotor_rate_rps):  # type: ignore[no-untyped-def]
    """Let a pole's tie take the straight cable: the lay point jumps there, loose cable stays behind it."""
    if abs(rotor_rate_rps) > _PARKED_RPS or cable.next_pole >= poles_m.size:
        return
    pole_m = poles_m[cable.next_pole]
    if guide_s_m < pole_m + _TIE_PASSED_M:
        return
    cable.next_pole += 1
    if cable.s_m >= pole_m:
        return
    before_m = cable.laid_m + free_cable_m(guide_s_m - cable.s_m, guide_r_m, cable.radius_m)
    cable.laid_m += pole_m - cable.s_m
    cable.s_m = pole_m
    loose_m = max(cable.paid_m - before_m - cable.offset_m, 0.0)
    cable.slack_m += loose_m
    cable.laid_m += loose_m
    # nothing behind the tie comes off again
    cable.first_phi_rad = cable.phi_rad
    cable.last_point = 0
    curve_s_m[0] = cable.s_m
    curve_length_m[0] = cable.laid_m


@njit(cache=True, nogil=True)
def pull(dt_s, cable, dancer, guide_s_m, guide_r_m, effort_n, brake_n, inertia_kg):  # type: ignore[no-untyped-def]
    """Advance the capstan and find the tension.

    The capstan is pulled by the cable and held by the drive's effort (positive against pay-out); its brake
    and the snagged coil are Coulomb forces.

    Returns:
        The stretch of the way from capstan to lay point, m.
    """
    way_m = cable.laid_m + free_cable_m(guide_s_m - cable.s_m, guide_r_m, cable.radius_m)
    stretch_m = way_m - cable.paid_m + cable.offset_m
    cable.tension_n = 0.0 if cable.broken else tension_n(stretch_m, dancer)
    if cable.broken:
        stretch_m = -1.0
    free = (
        cable.rate_mps + dt_s * (cable.tension_n - effort_n - _CAPSTAN_NS_PER_M * cable.rate_mps) / inertia_kg
    )
    stop = dt_s * (brake_n + cable.snag_n) / inertia_kg
    cable.rate_mps = free - stop if free > stop else (free + stop if free < -stop else 0.0)
    cable.paid_m += dt_s * cable.rate_mps
    return stretch_m
