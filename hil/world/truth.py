"""The truth of one instant, as the simulated world knows it and the referee judges it."""

from __future__ import annotations

from dataclasses import dataclass

from robot.quick import quick


@dataclass(frozen=True, slots=True)
class Contact:
    """Two bodies that touch according to the physics engine; depth is positive for overlap."""

    part: str
    feature: str
    depth_m: float


@quick
@dataclass(frozen=True, slots=True)
class TruthState:
    """World truth; per carriage = (front, middle, rear), per axis as `robot.messages.Axis`."""

    t_s: float
    s_m: float  # chainage of the middle carriage along the unloaded conductor
    speed_mps: float
    roll_rad: float  # of the body, clockwise looking along +s
    slope_rad: float  # of the conductor under the middle carriage, positive uphill
    pod_sag_m: float  # how far the stiff body hangs below the bent conductor at its worst place
    grip_m: tuple[float, float, float]
    pinch_n: tuple[float, float, float]
    wheel_load_n: tuple[float, float, float]
    rotor_rad: float  # continuous, relative to the body
    rotor_rate_rps: float
    guide_r_m: float
    trim_r_m: float
    coil_kg: float
    paid_out_m: float
    tension_n: float
    slack_m: float  # cable laid loose on purpose so far
    lay_s_m: float  # where the cable touches the conductor
    lay_theta_rad: float  # continuous, in space
    effort: tuple[float, ...]  # per axis
    velocity: tuple[float, ...]  # per axis
    energy_wh: float
    contacts: tuple[Contact, ...] = ()
    held: bool = True  # enough carriages carry the robot; False = it has fallen
