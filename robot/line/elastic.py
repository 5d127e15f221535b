"""One span as an exact elastic catenary with point loads, compiled.

Irvine's form (Cable Structures, 1981, section 1.3): the conductor is described by its unstretched length, so
a load keeps its place on the material however the span moves. Along the unstretched coordinate s0 from the
left support the vertical force falls from V by w per metre and by every load passed; with T = sqrt(H^2 + V^2)
a stretch between loads adds, from V1 to V2,

    x:  H l / EA + (H / w) (asinh(V1 / H) - asinh(V2 / H))
    y:  (T2 - T1) / w + (V2^2 - V1^2) / (2 w EA)

V is the force with which the left support carries the conductor, positive up; the slope there is -V / H.
Loads are given by their share of the unstretched length, in rising order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ITERATIONS = 60
_TOLERANCE = 1e-11


@njit(cache=True, nogil=True)
def place(
    h: float, v: float, length0: float, share: float, w: float, ea: float, shares: FloatArray, load: float
) -> tuple[float, float]:
    """(x, y) in m of the material point at `share` of the unstretched length; every load is `load` N."""
    x = 0.0
    y = 0.0
    done = 0.0
    force = v
    for i in range(len(shares) + 1):
        end = shares[i] if i < len(shares) else 1.0
        end = min(end, share)
        piece = (end - done) * length0
        if piece > 0.0:
            after = force - w * piece
            x += h * piece / ea + h / w * (np.arcsinh(force / h) - np.arcsinh(after / h))
            y += (np.sqrt(h * h + after * after) - np.sqrt(h * h + force * force)) / w
            y += (after * after - force * force) / (2.0 * w * ea)
            force = after
            done = end
        if i < len(shares) and shares[i] < share:
            force -= load
    return x, y


@njit(cache=True, nogil=True)
def _ends(h: float, v: float, length0: float, w: float, ea: float, shares: FloatArray, load: float):  # type: ignore[no-untyped-def]
    """Far end (x, y) and its derivatives by H, V and the unstretched length."""
    x = y = x_h = x_v = x_l = y_h = y_v = y_l = 0.0
    done = 0.0
    force = v
    for i in range(len(shares) + 1):
        end = shares[i] if i < len(shares) else 1.0
        part = end - done
        piece = part * length0
        after = force - w * piece
        t1 = np.sqrt(h * h + force * force)
        t2 = np.sqrt(h * h + after * after)
        turn = np.arcsinh(force / h) - np.arcsinh(after / h)
        x += h * piece / ea + h / w * turn
        y += (t2 - t1) / w + (after * after - force * force) / (2.0 * w * ea)
        x_h += piece / ea + (turn - force / t1 + after / t2) / w
        x_v += h / w * (1.0 / t1 - 1.0 / t2)
        y_h += h / w * (1.0 / t2 - 1.0 / t1)
        y_v += (after / t2 - force / t1) / w + (after - force) / (w * ea)
        d1 = -w * done
        d2 = -w * end
        x_l += h * part / ea + h / w * (d1 / t1 - d2 / t2)
        y_l += (after * d2 / t2 - force * d1 / t1) / w + (after * d2 - force * d1) / (w * ea)
        force = after - load
        done = end
    return x, y, x_h, x_v, x_l, y_h, y_v, y_l


@njit(cache=True, nogil=True)
def beam_reaction(length0: float, w: float, shares: FloatArray, load: float) -> float:
    """Left support's share of weight and loads as if on a straight beam, N."""
    total = w * length0 / 2.0
    for share in shares:
        total += load * (1.0 - share)
    return total


@njit(cache=True, nogil=True)
def _parabola_tension(
    span: float, rise: float, length0: float, w: float, ea: float, shares: FloatArray, load: float
) -> float:
    """Horizontal tension by the parabola, the start of the search: k H^3 + slack H^2 = excess / 2."""
    excess = w * w * span**3 / 12.0
    for i in range(len(shares)):
        a = shares[i] * span
        excess += w * load * a * (span - a)
        for j in range(len(shares)):
            excess += load * load * min(a, shares[j] * span) * (1.0 - max(shares[i], shares[j]))
    slack = length0 - np.sqrt(span * span + rise * rise)
    k = length0 / ea
    # start above the root, where the cubic is convex
    h = float((excess / (2.0 * k)) ** (1.0 / 3.0)) + max(0.0, -slack) / k
    for _ in range(_ITERATIONS):
        step = (h * h * (k * h + slack) - excess / 2.0) / (h * (3.0 * k * h + 2.0 * slack))
        h -= step
        if abs(step) < 1e-6 * h:
            break
    return float(h)


@njit(cache=True, nogil=True)
def solve(
    span: float, rise: float, length0: float, w: float, ea: float, shares: FloatArray, load: float
) -> tuple[float, float]:
    """(H, V) in N of a span of this unstretched length; NaN when the search fails."""
    h = _parabola_tension(span, rise, length0, w, ea, shares, load)
    v = beam_reaction(length0, w, shares, load) - h * rise / span
    for _ in range(_ITERATIONS):
        x, y, x_h, x_v, _, y_h, y_v, _ = _ends(h, v, length0, w, ea, shares, load)
        ex, ey = x - span, y - rise
        if abs(ex) + abs(ey) < _TOLERANCE * span:
            return h, v
        determinant = x_h * y_v - x_v * y_h
        step_h = (ex * y_v - ey * x_v) / determinant
        step_v = (ey * x_h - ex * y_h) / determinant
        damp = 1.0 if step_h < 0.7 * h else 0.7 * h / step_h
        h -= damp * step_h
        v -= damp * step_v
    return np.nan, np.nan


@njit(cache=True, nogil=True)
def solve_length(
    span: float, rise: float, h: float, w: float, ea: float, shares: FloatArray, load: float
) -> tuple[float, float, float]:
    """(V, unstretched length, its derivative by H) of a span with this tension; NaN when the search fails."""
    chord = np.sqrt(span * span + rise * rise)
    length0 = chord / (1.0 + h / ea)
    v = beam_reaction(length0, w, shares, load) - h * rise / span
    for _ in range(_ITERATIONS):
        x, y, x_h, x_v, x_l, y_h, y_v, y_l = _ends(h, v, length0, w, ea, shares, load)
        ex, ey = x - span, y - rise
        determinant = x_l * y_v - x_v * y_l
        if abs(ex) + abs(ey) < _TOLERANCE * span:
            return v, length0, -(x_h * y_v - y_h * x_v) / determinant
        length0 -= (ex * y_v - ey * x_v) / determinant
        v -= (ey * x_l - ex * y_l) / determinant
    return np.nan, np.nan, np.nan
