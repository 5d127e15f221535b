"""Geometry of the lay: where the cable meets the conductor behind the guide.

The free cable is a straight line, tangent to the cylinder of radius r_0 = (D + d) / 2 on which the cable's axis
lies. From that follows: the lay point trails the guide's angle by acos(r_0 / r_g), and moves along the conductor
by ds = (s_guide - s_lay) * r_0 / sqrt(r_g^2 - r_0^2) for every radian turned, a first-order lag whose steady state
at pitch p is the distance p * sqrt(r_g^2 - r_0^2) / (2 pi r_0).
"""

from __future__ import annotations

import math


class LayGeometry:
    """The lay of one cable on one conductor at one pitch.

    Args:
        conductor_diameter_m, cable_diameter_m: D and d.
        guide_radius_m: inner radius of the guide's finger when out.
        pitch_m: ordered lay length.
    """

    __slots__ = ("lag_m", "length_factor", "pitch_m", "radius_m", "relaxation_rad")

    def __init__(
        self, conductor_diameter_m: float, cable_diameter_m: float, guide_radius_m: float, pitch_m: float
    ) -> None:
        self.pitch_m = pitch_m
        self.radius_m = (conductor_diameter_m + cable_diameter_m) / 2
        tangent_m = math.sqrt(max(guide_radius_m**2 - self.radius_m**2, 1e-8))
        self.relaxation_rad = tangent_m / self.radius_m
        self.lag_m = pitch_m * tangent_m / (2 * math.pi * self.radius_m)
        self.length_factor = math.hypot(1.0, 2 * math.pi * self.radius_m / pitch_m)

    def trails_rad(self, guide_radius_m: float) -> float:
        """Angle by which the lay point trails a guide at this radius; at the conductor where that is not known."""
        return math.acos(self.radius_m / guide_radius_m) if guide_radius_m > self.radius_m else 0.0

    def turn_to_recover_rad(self, free_m: float) -> float:
        """Turn at standstill that draws a lay point `free_m` behind the guide up to its steady distance."""
        return self.relaxation_rad * math.log(max(free_m / self.lag_m, 1.0))


class LayPoint:
    """Follows the lay point along the conductor from what the guide does.

    Turned back, the cable comes off again the way it went on; turned forth, it first goes on as it lay before. So a
    swing to and fro leaves everything as it was.
    """

    __slots__ = ("_back_rad", "_furthest_m", "_geometry", "_held_m", "turned_rad")

    def __init__(self, geometry: LayGeometry, guide_s_m: float) -> None:
        self._geometry = geometry
        self._furthest_m = guide_s_m - geometry.lag_m
        self._back_rad = 0.0  # turned back from where the cable was laid to the furthest
        self._held_m = -math.inf
        self.turned_rad = 0.0

    @property
    def s_m(self) -> float:
        """Chainage of the lay point."""
        off_m = self._back_rad * self._geometry.pitch_m / (2 * math.pi)
        return max(self._furthest_m - off_m, self._held_m)

    def advance(self, guide_s_m: float, turned_rad: float) -> None:
        """The lay has turned by `turned_rad` in its hand, with rotor and guide; the guide is now at `guide_s_m`."""
        self.turned_rad += turned_rad
        new_rad = turned_rad - self._back_rad
        self._back_rad = max(-new_rad, 0.0)
        free_m = guide_s_m - self._furthest_m
        self._furthest_m += free_m * (1.0 - math.exp(-max(new_rad, 0.0) / self._geometry.relaxation_rad))

    def hold_at(self, s_m: float) -> None:
        """The cable is held at `s_m`, by a tie or a clamp: nothing behind it moves any more."""
        self._held_m = max(self._held_m, s_m)
        self._furthest_m = max(self._furthest_m, s_m)
