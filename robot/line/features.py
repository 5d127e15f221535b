"""Features: what is on or at the conductor, as shapes along it.

A shape is a prism: a range of s along the conductor times a cross-section. Cross-sections are in the plane
normal to the conductor, x right looking along +s, z up, origin on the conductor's axis.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sleeve:
    """A round thickening of the conductor, reaching to radius `r_m`."""

    s_m: tuple[float, float]  # relative to the feature's middle
    r_m: float


@dataclass(frozen=True, slots=True)
class Box:
    """A block beside the conductor."""

    s_m: tuple[float, float]  # relative to the feature's middle
    x_m: tuple[float, float]
    z_m: tuple[float, float]


Shape = Sleeve | Box


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature at its place, with shapes sized for the conductor it sits on."""

    kind: str  # catalogue key
    at_m: float  # chainage of its middle
    shapes: tuple[Shape, ...]
    crossable: bool
    pole: str = ""  # id of the pole that brings it, "" = hung on the span
    sigma_m: float = 0.0  # uncertainty of `at_m`
