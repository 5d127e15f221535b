"""The robot's bodies in MuJoCo, generated from its profile.

Frame: x along the conductor, y left, z up, origin on the conductor's axis near the robot; the line moves
past, gravity turns with the slope. Three coordinates: travel (slide along x), roll (hinge about the
conductor) and the rotor's angle relative to the body. A positive turn about x is clockwise looking along +s,
so a point at (theta, r) of the profile is y = -r sin(theta), z = r cos(theta).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco

from hil.world import parts
from robot.messages import Axis
from robot.profile import Profile

GRAVITY_MPS2 = 9.80665
_GYRATION_M = 0.04  # of parts that the profile gives as points, about their own middle


@dataclass(frozen=True, slots=True)
class Pool:
    """Geometry in reserve: a number of features with a number of boxes and sleeves each."""

    features: int
    boxes: int
    sleeves: int


class _Copy:
    """One model of the bodies with its state. All but model and data are live views of them."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        data = self.data
        self.arrays = (data.qpos, data.qvel, data.qacc, data.qfrc_constraint, data.qfrc_applied)
        self.state = (*self.arrays, data.qacc_warmstart)
        self.gravity = model.opt.gravity
        self.mass, self.inertia, self.place = model.body_mass, model.body_inertia, model.body_pos


class Bodies:
    """Model and state of the robot's bodies.

    There are two models of the same bodies, one with all geometry and one with none, which moves them alike
    where nothing can be touched and costs a third less. `among_features` chooses the one that is stepped;
    `model` is always the one with geometry.

    `data` is the stepped one's, and `arrays` are live views of it: position, velocity, acceleration, contact
    force (read) and applied force (written), each by coordinate.

    Args:
        profile: the robot.
        residual_rad: direction of the ring's own imbalance, from the cradle.
        pool: how many features, and how many shapes of each, can be near the robot.
    """

    def __init__(self, profile: Profile, residual_rad: float, pool: Pool) -> None:
        spec = mujoco.MjSpec.from_string(mjcf(profile, residual_rad, pool))
        self._shaped = _Copy(spec.compile())
        for geom in spec.geoms:
            spec.delete(geom)
        self._bare = _Copy(spec.compile())
        self.model = self._shaped.model
        self.lift_height_m = lift_height_m(profile)
        self._coil = self.body("coil")
        self._trim = self.body("trim")
        self._dt_s = 0.0
        self._step(self._bare)

    def _step(self, copy: _Copy) -> None:
        """From now on this copy is the one that is stepped."""
        self._stepped = copy
        self.data, self.arrays = copy.data, copy.arrays
        self.qpos, self.qvel, *_ = copy.arrays

    def among_features(self, near: bool) -> None:
        """Whether there is something that the robot can touch; gravity and payload are to be set anew."""
        before, now = self._stepped, self._shaped if near else self._bare
        if now is not before:
            for mine, its in zip(now.state, before.state, strict=True):
                mine[:] = its
            self._step(now)

    def body(self, name: str) -> int:
        """Number of a body."""
        return int(mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, name))

    def geoms(self, prefix: str) -> list[int]:
        """Numbers of all geoms whose names begin so."""
        return [g for g in range(self.model.ngeom) if self.model.geom(g).name.startswith(prefix)]

    def set_gravity(self, slope_rad: float) -> None:
        """Turn gravity so that the conductor under the robot lies along x; positive uphill."""
        gravity = self._stepped.gravity
        gravity[0] = -GRAVITY_MPS2 * math.sin(slope_rad)
        gravity[2] = -GRAVITY_MPS2 * math.cos(slope_rad)

    def set_payload(self, coil_kg: float, trim_r_m: float) -> None:
        """The coil's mass and the place of the counterweight's centre."""
        copy = self._stepped
        copy.mass[self._coil] = coil_kg
        copy.inertia[self._coil, 0] = coil_kg * _GYRATION_M**2
        copy.place[self._trim, 2] = -trim_r_m

    def step(self, dt_s: float) -> None:
        """Advance by `dt_s` under the applied forces."""
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            self._shaped.model.opt.timestep = self._bare.model.opt.timestep = dt_s
        mujoco.mj_step(self._stepped.model, self.data)


def lift_height_m(profile: Profile) -> float:
    """How high a lifted wheel stands over the conductor."""
    return min(s.r_m[0] for s in profile.carriages.lifted if s.part == "wheel")


def mjcf(profile: Profile, residual_rad: float, pool: Pool) -> str:
    """The robot, and shapes in reserve for features, as MJCF text."""
    body, rotor, trim = profile.body, profile.rotor, profile.trim
    own_kgm2 = (
        body.roll_inertia_kgm2 - body.mass_kg * body.center_z_m**2
    )  # the profile's: about the conductor
    ring_kgm2 = rotor.mass_kg * (rotor.ring_r_m[0] ** 2 + rotor.ring_r_m[1] ** 2) / 2
    residual_m = (0.0, -rotor.residual_m * math.sin(residual_rad), rotor.residual_m * math.cos(residual_rad))
    return f"""
<mujoco model="{profile.name}">
  <compiler angle="radian"/>
  <option gravity="0 0 -{GRAVITY_MPS2}" integrator="Euler">
    <flag eulerdamp="disable" midphase="disable"/>
  </option>
  <default>
    <geom mass="0" condim="1" solref="0.005 1"/>
  </default>
  <worldbody>
    {_reserve(pool)}
    <body name="robot">
      <joint name="travel" type="slide" axis="1 0 0"/>
      <joint name="roll" type="hinge" axis="1 0 0"/>
      {_inertial((body.center_s_m, 0.0, body.center_z_m), body.mass_kg, own_kgm2)}
      {parts.pods(profile)}
      {_carriages(profile)}
      <body name="rotor" pos="{rotor.s_m} 0 0">
        <joint name="rotor" type="hinge" axis="1 0 0" armature="{profile.drive[Axis.ROTOR].inertia}"/>
        {_inertial(residual_m, rotor.mass_kg, ring_kgm2)}
        {parts.ring(profile)}
        {_point("cradle", rotor.cradle_center_r_m, rotor.cradle_mass_kg)}
        {_point("coil", rotor.coil_center_r_m, 1.0)}
        {_point("trim", -trim.center_r_m[0], trim.mass_kg)}
        <body name="guide">{parts.finger(profile)}</body>
      </body>
    </body>
  </worldbody>
</mujoco>"""


def _carriages(profile: Profile) -> str:
    carriages = profile.carriages
    middle_m = (0.0, 0.0, carriages.center_z_m)
    inertia_kgm2 = carriages.mass_kg * _GYRATION_M**2
    return "".join(
        f'<body name="carriage {i}" pos="{s_m} 0 0">'
        f"{_inertial(middle_m, carriages.mass_kg, inertia_kgm2)}{parts.carriage(profile, i)}</body>"
        for i, s_m in enumerate(carriages.s_m)
    )


def _point(name: str, z_m: float, mass_kg: float) -> str:
    inertial = _inertial((0.0, 0.0, 0.0), mass_kg, mass_kg * _GYRATION_M**2)
    return f'<body name="{name}" pos="0 0 {z_m}">{inertial}</body>'


def _inertial(at_m: tuple[float, float, float], mass_kg: float, inertia_kgm2: float) -> str:
    return (
        f'<inertial pos="{at_m[0]} {at_m[1]} {at_m[2]}" mass="{mass_kg}" '
        f'diaginertia="{inertia_kgm2} {inertia_kgm2} {inertia_kgm2}"/>'
    )


def _reserve(pool: Pool) -> str:
    """Boxes and cylinders, far below until a feature needs them; boxes twice, for carriages and for pods.

    Each begins turned: MuJoCo takes what is compiled level for level ever after.
    """
    common = 'pos="0 0 -50" euler="0.1 0.1 0.1" contype="0"'
    following, stiff = parts.ALL_WHEELS | parts.ALL_OTHERS, parts.POD_BIT
    box, cylinder = 'type="box" size="1 1 1"', 'type="cylinder" size="1 1"'
    each = [("box", pool.boxes, following, box), ("sleeve", pool.sleeves, following, cylinder)]
    each.append(("stiff box", pool.boxes, stiff, box))
    return "".join(
        f'<body name="feature {n}" mocap="true">'
        + "".join(
            f'<geom name="{name} {n} {i}" {form} conaffinity="{bits}" {common}/>'
            for name, count, bits, form in each
            for i in range(count)
        )
        + "</body>"
        for n in range(pool.features)
    )
