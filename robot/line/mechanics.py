"""Sag and tension of a conductor between supports: the textbook formulas, in SI.

Frame of a span: x horizontal from the left support, y up from it; w is the weight per length in N/m, H the
horizontal tension in N. Sources: catenary and its length, Wolfram Formula Repository; unequal supports and
combined load, user guide of mechaphlowers (RTE); change of state, the usual cubic; point load on
a parabola, Irvine, Cable Structures (1981), chapter 2. The exact elastic form with point loads is in
`robot.line.elastic`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

GRAVITY_MPS2 = 9.80665
_ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class Catenary:
    """An inextensible conductor between (0, 0) and (`span_m`, `rise_m`)."""

    span_m: float
    rise_m: float
    weight_n_per_m: float
    horizontal_tension_n: float

    @property
    def parameter_m(self) -> float:
        """H / w, the radius of curvature at the lowest point."""
        return self.horizontal_tension_n / self.weight_n_per_m

    @property
    def lowest_x_m(self) -> float:
        """Where the curve is level; outside the span when it is steep."""
        p = self.parameter_m
        return self.span_m / 2 - p * math.asinh(self.rise_m / (2 * p * math.sinh(self.span_m / (2 * p))))

    def height_m(self, x_m: float) -> float:
        """y at x, relative to the left support."""
        p, low = self.parameter_m, self.lowest_x_m
        return p * (math.cosh((x_m - low) / p) - math.cosh(low / p))

    def slope_rad(self, x_m: float) -> float:
        """Positive where the conductor rises with x."""
        return math.atan(math.sinh((x_m - self.lowest_x_m) / self.parameter_m))

    def tension_n(self, x_m: float) -> float:
        return self.horizontal_tension_n * math.cosh((x_m - self.lowest_x_m) / self.parameter_m)

    def arc_m(self, x_m: float) -> float:
        """Length along the curve from the left support to x."""
        p, low = self.parameter_m, self.lowest_x_m
        return p * (math.sinh((x_m - low) / p) + math.sinh(low / p))

    def x_at_arc_m(self, arc_m: float) -> float:
        """Inverse of `arc_m`."""
        p, low = self.parameter_m, self.lowest_x_m
        return low + p * math.asinh(arc_m / p - math.sinh(low / p))

    @property
    def length_m(self) -> float:
        return self.arc_m(self.span_m)

    @property
    def sag_m(self) -> float:
        """Largest vertical distance below the chord."""
        chord_slope = self.rise_m / self.span_m
        x = self.lowest_x_m + self.parameter_m * math.asinh(chord_slope)
        return chord_slope * x - self.height_m(x)

    @property
    def max_slope_rad(self) -> float:
        """Steepest slope of the span, by size."""
        return max(abs(self.slope_rad(0.0)), abs(self.slope_rad(self.span_m)))

    @property
    def elastic_stretch_n_m(self) -> float:
        """Integral of the tension along the curve, N m: divided by EA it is the elastic elongation in m."""
        p, low, h = self.parameter_m, self.lowest_x_m, self.horizontal_tension_n

        def part(x_m: float) -> float:
            return h * p / 2 * (x_m / p + math.sinh(2 * x_m / p) / 2)

        return part(self.span_m - low) - part(-low)


def tension_from_sag_n(span_m: float, rise_m: float, weight_n_per_m: float, sag_m: float) -> float:
    """Horizontal tension that gives this sag below the chord.

    Raises:
        ValueError: a figure is not positive.
    """
    return _tension_for(
        span_m, rise_m, weight_n_per_m, sag_m, lambda c: c.sag_m, weight_n_per_m * span_m**2 / (8 * sag_m)
    )


def tension_from_length_n(span_m: float, rise_m: float, weight_n_per_m: float, length_m: float) -> float:
    """Horizontal tension of an inextensible conductor of this length.

    Raises:
        ValueError: the length does not reach from support to support.
    """
    chord_m = math.hypot(span_m, rise_m)
    if length_m <= chord_m:
        raise ValueError(f"a length of {length_m} m does not reach over a chord of {chord_m:.4f} m")
    guess_n = weight_n_per_m * span_m * math.sqrt(span_m / (24 * (length_m - chord_m)))
    return _tension_for(
        span_m, rise_m, weight_n_per_m, length_m - chord_m, lambda c: c.length_m - chord_m, guess_n
    )


def tension_from_support_tension_n(span_m: float, weight_n_per_m: float, support_tension_n: float) -> float:
    """Horizontal tension of a level span whose tension at the supports is given: T = H cosh(w S / 2 H)."""
    h = support_tension_n
    for _ in range(_ITERATIONS):
        h, previous = support_tension_n / math.cosh(weight_n_per_m * span_m / (2 * h)), h
        if abs(h - previous) <= 1e-12 * h:
            return h
    raise ValueError(
        f"no horizontal tension gives {support_tension_n} N at the supports of a {span_m} m span"
    )


def _tension_for(
    span_m: float,
    rise_m: float,
    weight_n_per_m: float,
    wanted_m: float,
    measure: Callable[[Catenary], float],
    guess_n: float,
) -> float:
    """H for which `measure` of the catenary is `wanted_m`, falling as H rises. Secant in log-log."""
    if not (wanted_m > 0 and guess_n > 0):
        raise ValueError(
            f"span {span_m} m, weight {weight_n_per_m} N/m and {wanted_m} m must all be positive"
        )

    def error(log_h: float) -> float:
        return math.log(measure(Catenary(span_m, rise_m, weight_n_per_m, math.exp(log_h))) / wanted_m)

    low, high = math.log(guess_n), math.log(guess_n) + 1e-3
    error_low, error_high = error(low), error(high)
    for _ in range(_ITERATIONS):
        if abs(error_high) < 1e-11 or error_high == error_low:
            return math.exp(high)
        step = (high - low) * error_high / (error_high - error_low)
        low, error_low = high, error_high
        high -= max(-1.0, min(1.0, step))
        error_high = error(high)
    raise ValueError(f"no horizontal tension fits {wanted_m} m in a span of {span_m} m")


def combined_load_n_per_m(
    weight_n_per_m: float, ice_n_per_m: float = 0.0, wind_n_per_m: float = 0.0
) -> float:
    """Resultant load of weight, ice (down) and wind (across)."""
    return math.hypot(weight_n_per_m + ice_n_per_m, wind_n_per_m)


def ice_load_n_per_m(diameter_m: float, thickness_m: float, density_kg_per_m3: float = 910.0) -> float:
    """Weight of an even coat of ice."""
    return density_kg_per_m3 * math.pi * thickness_m * (thickness_m + diameter_m) * GRAVITY_MPS2


def parabola_sag_m(span_m: float, weight_n_per_m: float, horizontal_tension_n: float) -> float:
    return weight_n_per_m * span_m**2 / (8 * horizontal_tension_n)


def change_of_state_n(
    span_m: float,
    stiffness_n: float,
    expansion_per_k: float,
    tension_n: float,
    weight_n_per_m: float,
    new_weight_n_per_m: float,
    warming_k: float,
) -> float:
    """Horizontal tension after a change of load and temperature, parabolic, without point load.

    H2^2 [H2 - (H1 - EA w1^2 S^2 / 24 H1^2 - EA alpha dT)] = EA w2^2 S^2 / 24.
    """
    constant_n = (
        tension_n
        - stiffness_n * (weight_n_per_m * span_m / tension_n) ** 2 / 24
        - stiffness_n * expansion_per_k * warming_k
    )
    load_n3 = stiffness_n * (new_weight_n_per_m * span_m) ** 2 / 24
    return _cubic_root(constant_n, load_n3)


def _cubic_root(constant_n: float, load_n3: float) -> float:
    """The positive H with H^2 (H - constant) = load: Newton from above, where it is convex."""
    h = math.cbrt(load_n3) + max(0.0, constant_n)
    for _ in range(_ITERATIONS):
        step = (h * h * (h - constant_n) - load_n3) / (h * (3 * h - 2 * constant_n))
        h -= step
        if abs(step) <= 1e-13 * h:
            break
    return h


def point_load_tension_n(
    span_m: float,
    stiffness_n: float,
    tension_n: float,
    weight_n_per_m: float,
    load_n: float,
    at_m: float,
    strain: float = 0.0,
    spans: int = 1,
) -> float:
    """Horizontal tension with a point load at `at_m` of a level span, parabolic.

    Args:
        tension_n: without load, before `strain`.
        strain: free strain added since, e.g. expansion times warming.
        spans: equal spans over which the conductor slides freely, 1 = fixed at both supports.
    """
    share = at_m * (span_m - at_m)
    bare = weight_n_per_m**2 * span_m**3 / 12
    loaded = bare * spans + load_n * weight_n_per_m * share + load_n**2 * share / span_m
    length_m = spans * span_m
    # excess(H) - excess(H0) = (H - H0) L / EA + strain L, with excess = load / 2 H^2
    constant_n = (
        tension_n - stiffness_n / length_m * (spans * bare / (2 * tension_n**2)) - stiffness_n * strain
    )
    load_n3 = stiffness_n / length_m * loaded / 2
    return _cubic_root(constant_n, load_n3)


def point_load_drop_m(
    span_m: float, tension_n: float, weight_n_per_m: float, load_n: float, at_m: float
) -> float:
    """Depth of the conductor below the chord at the load, parabolic, `tension_n` with the load on."""
    share = at_m * (span_m - at_m)
    return (weight_n_per_m * share / 2 + load_n * share / span_m) / tension_n
