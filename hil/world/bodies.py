"""The robot's bodies in MuJoCo, generated from its profile.

Frame: x along the conductor, y left, z up, origin on the conductor's axis near the robot; the line moves past, gravity
turns with the slope. Three coordinates: travel (slide along x), roll (hinge about the conductor) and the rotor's angle
relative to the body. A positive turn about x is clockwise looking along +s, so a point at (theta, r) of the profile is
y = -r sin(theta), z = r cos(theta).
"""

from __future__ import annotations

import math

import mujoco

from robot.messages import Axis
from robot.profile import Profile

GRAVITY_MPS2 = 9.80665
_GYRATION_M = 0.04  # of parts that the profile gives as points, about their own middle


class Bodies:
    """Model and state of the robot's bodies.

    `arrays` are live views of MuJoCo's own: position, velocity, acceleration, contact force (read) and applied force
    (written), each by coordinate.

    Args:
        profile: the robot.
        residual_rad: direction of the ring's own imbalance, from the cradle.
    """

    def __init__(self, profile: Profile, residual_rad: float) -> None:
        self.model = mujoco.MjModel.from_xml_string(mjcf(profile, residual_rad))
        self.data = mujoco.MjData(self.model)
        self.qpos = self.data.qpos
        self.qvel = self.data.qvel
        self.arrays = (self.qpos, self.qvel, self.data.qacc, self.data.qfrc_constraint, self.data.qfrc_applied)
        self._gravity = self.model.opt.gravity
        self._mass = self.model.body_mass
        self._inertia = self.model.body_inertia
        self._place = self.model.body_pos
        self._coil = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, "coil")
        self._trim = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, "trim")
        self._dt_s = 0.0

    def set_gravity(self, slope_rad: float) -> None:
        """Turn gravity so that the conductor under the robot lies along x; positive uphill."""
        self._gravity[0] = -GRAVITY_MPS2 * math.sin(slope_rad)
        self._gravity[2] = -GRAVITY_MPS2 * math.cos(slope_rad)

    def set_payload(self, coil_kg: float, trim_r_m: float) -> None:
        """The coil's mass and the place of the counterweight's centre."""
        self._mass[self._coil] = coil_kg
        self._inertia[self._coil, 0] = coil_kg * _GYRATION_M**2
        self._place[self._trim, 2] = -trim_r_m

    def step(self, dt_s: float) -> None:
        """Advance by `dt_s` under the applied forces."""
        if dt_s != self._dt_s:
            self.model.opt.timestep = self._dt_s = dt_s
        mujoco.mj_step(self.model, self.data)


def mjcf(profile: Profile, residual_rad: float) -> str:
    """The robot as MJCF text."""
    carriages, body, rotor = profile.carriages, profile.body, profile.rotor
    own_inertia = body.roll_inertia_kgm2 - body.mass_kg * body.center_z_m**2  # the profile's is about the conductor
    ring_inertia = rotor.mass_kg * (rotor.ring_r_m[0] ** 2 + rotor.ring_r_m[1] ** 2) / 2
    residual_y_m = -rotor.residual_m * math.sin(residual_rad)
    residual_z_m = rotor.residual_m * math.cos(residual_rad)
    wheels = "".join(
        _part(f"carriage {i}", (s_m, 0.0, carriages.center_z_m), carriages.mass_kg)
        for i, s_m in enumerate(carriages.s_m)
    )
    return f"""
<mujoco model="{profile.name}">
  <option gravity="0 0 -{GRAVITY_MPS2}" integrator="Euler">
    <flag eulerdamp="disable"/>
  </option>
  <worldbody>
    <body name="robot">
      <joint name="travel" type="slide" axis="1 0 0"/>
      <joint name="roll" type="hinge" axis="1 0 0"/>
      {_inertial((body.center_s_m, 0.0, body.center_z_m), body.mass_kg, own_inertia)}
      {wheels}
      <body name="rotor" pos="{rotor.s_m} 0 0">
        <joint name="rotor" type="hinge" axis="1 0 0" armature="{profile.drive[Axis.ROTOR].inertia}"/>
        {_inertial((0.0, residual_y_m, residual_z_m), rotor.mass_kg, ring_inertia)}
        {_part("cradle", (0.0, 0.0, rotor.cradle_center_r_m), rotor.cradle_mass_kg)}
        {_part("coil", (0.0, 0.0, rotor.coil_center_r_m), 1.0)}
        {_part("trim", (0.0, 0.0, -profile.trim.center_r_m[0]), profile.trim.mass_kg)}
      </body>
    </body>
  </worldbody>
</mujoco>"""


def _part(name: str, at_m: tuple[float, float, float], mass_kg: float) -> str:
    inertial = _inertial((0.0, 0.0, 0.0), mass_kg, mass_kg * _GYRATION_M**2)
    return f'<body name="{name}" pos="{at_m[0]} {at_m[1]} {at_m[2]}">{inertial}</body>'


def _inertial(at_m: tuple[float, float, float], mass_kg: float, inertia_kgm2: float) -> str:
    return (
        f'<inertial pos="{at_m[0]} {at_m[1]} {at_m[2]}" mass="{mass_kg}" '
        f'diaginertia="{inertia_kgm2} {inertia_kgm2} {inertia_kgm2}"/>'
    )
