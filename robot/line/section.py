"""A line under the robot's weight, compiled: every span's state tabulated by the robot's place.

Places are chainages. A point's chainage as a share of its span is its share of the span's unstretched length,
so the robot stays on its piece of conductor while the span moves under it. Per span and per step of the
robot's place a table row holds

    H, V less the reaction of a straight beam, unstretched length

which are smooth in the robot's place even where a wheel passes a pole, and are interpolated linearly.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from robot.line.elastic import FloatArray, beam_reaction, place, solve, solve_length

# columns of the array of spans
FROM, TO, SPAN, HEIGHT, RISE, LENGTH0, OFFSET, LOW, ROWS = range(9)
COLUMNS = 9

_ITERATIONS = 60


@njit(cache=True, nogil=True)
def _shares(spans: FloatArray, k: int, s_robot: float, wheels: FloatArray) -> FloatArray:
    """Shares of span k at which wheels stand, in rising order; `wheels` are from the robot's middle."""
    low, high = spans[k, FROM], spans[k, TO]
    first, last = 0, len(wheels)
    while first < last and s_robot + wheels[first] <= low:
        first += 1
    while last > first and s_robot + wheels[last - 1] >= high:
        last -= 1
    shares: FloatArray = (s_robot + wheels[first:last] - low) / (high - low)
    return shares


@njit(cache=True, nogil=True)
def common_tension(
    spans: FloatArray,
    first: int,
    last: int,
    s_robot: float,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    guess: float,
    free: FloatArray,
) -> float:
    """Horizontal tension when the conductor slides freely over spans first to last - 1, NaN when the search
    fails; fills their unstretched lengths into `free`."""
    total = 0.0
    for k in range(first, last):
        total += spans[k, LENGTH0]
    h = guess
    for _ in range(_ITERATIONS):
        error, rate = -total, 0.0
        for k in range(first, last):
            shares = _shares(spans, k, s_robot, wheels)
            _, length0, by_h = solve_length(spans[k, SPAN], spans[k, RISE], h, w, ea, shares, load)
            free[k] = length0
            error += length0
            rate += by_h
        step = error / rate
        h = max(h - step, 0.3 * h)
        if abs(step) < 1e-9 * h:
            return h
    return np.nan


@njit(cache=True, nogil=True)
def exact_state(
    spans: FloatArray,
    first: int,
    last: int,
    k: int,
    s_robot: float,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    slip: float,
) -> tuple[float, float, float, FloatArray]:
    """(H, V, unstretched length, shares of the wheels) of span k of a section, not from the table."""
    length0 = spans[k, LENGTH0]
    if slip > 0.0:
        free = np.empty(len(spans))
        guess, _ = solve(spans[k, SPAN], spans[k, RISE], length0, w, ea, np.empty(0), 0.0)
        common_tension(spans, first, last, s_robot, wheels, load, w, ea, guess, free)
        length0 = (1.0 - slip) * length0 + slip * free[k]
    shares = _shares(spans, k, s_robot, wheels)
    h, v = solve(spans[k, SPAN], spans[k, RISE], length0, w, ea, shares, load)
    return h, v, length0, shares


@njit(cache=True, nogil=True)
def fill_fixed(
    spans: FloatArray,
    k: int,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    step: float,
    table: FloatArray,
) -> None:
    """Rows of span k when the conductor is fixed at its insulators."""
    for row in range(int(spans[k, ROWS])):
        shares = _shares(spans, k, spans[k, LOW] + row * step, wheels)
        length0 = spans[k, LENGTH0]
        h, v = solve(spans[k, SPAN], spans[k, RISE], length0, w, ea, shares, load)
        at = int(spans[k, OFFSET]) + row
        table[at, 0], table[at, 1], table[at, 2] = h, v - beam_reaction(length0, w, shares, load), length0


@njit(cache=True, nogil=True)
def fill_sliding(
    spans: FloatArray,
    first: int,
    last: int,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    step: float,
    slip: float,
    table: FloatArray,
) -> None:
    """Rows of all spans of a section in which the share `slip` of what would slide freely slides."""
    free = np.empty(len(spans))
    none = np.empty(0)
    h, _ = solve(spans[first, SPAN], spans[first, RISE], spans[first, LENGTH0], w, ea, none, 0.0)
    for row in range(int(spans[first, ROWS])):
        s_robot = spans[first, LOW] + row * step
        h = common_tension(spans, first, last, s_robot, wheels, load, w, ea, h, free)
        for k in range(first, last):
            shares = _shares(spans, k, s_robot, wheels)
            length0 = (1.0 - slip) * spans[k, LENGTH0] + slip * free[k]
            own, v = solve(spans[k, SPAN], spans[k, RISE], length0, w, ea, shares, load)
            at = int(spans[k, OFFSET]) + row
            table[at, 0], table[at, 1], table[at, 2] = (
                own,
                v - beam_reaction(length0, w, shares, load),
                length0,
            )


@njit(cache=True, nogil=True)
def find_span(spans: FloatArray, s: float) -> int:
    """Index of the span at chainage s; the end spans go on beyond the line's ends."""
    low, high = 0, len(spans) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if spans[middle, FROM] <= s:
            low = middle
        else:
            high = middle - 1
    return low


@njit(cache=True, nogil=True)
def state(
    spans: FloatArray,
    table: FloatArray,
    k: int,
    s_robot: float,
    wheels: FloatArray,
    load: float,
    w: float,
    step: float,
) -> tuple[float, float, float, FloatArray]:
    """(H, V, unstretched length, shares of the wheels) of span k."""
    rows = int(spans[k, ROWS])
    u = min(max((s_robot - spans[k, LOW]) / step, 0.0), rows - 1.0)
    row = min(int(u), rows - 2)
    part = u - row
    at = int(spans[k, OFFSET]) + row
    h = table[at, 0] + part * (table[at + 1, 0] - table[at, 0])
    v = table[at, 1] + part * (table[at + 1, 1] - table[at, 1])
    length0 = table[at, 2] + part * (table[at + 1, 2] - table[at, 2])
    shares = _shares(spans, k, s_robot, wheels)
    return h, v + beam_reaction(length0, w, shares, load), length0, shares


@njit(cache=True, nogil=True)
def heights(
    spans: FloatArray,
    table: FloatArray,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    step: float,
    s_robot: float,
    s: FloatArray,
    out: FloatArray,
) -> None:
    """Heights over the first support at every chainage of `s`, level beyond the line's ends."""
    known = -1
    h, v, length0, shares = 0.0, 0.0, 0.0, wheels
    for i in range(len(s)):
        k = find_span(spans, s[i])
        if k != known:
            h, v, length0, shares = state(spans, table, k, s_robot, wheels, load, w, step)
            known = k
        share = min(max((s[i] - spans[k, FROM]) / (spans[k, TO] - spans[k, FROM]), 0.0), 1.0)
        out[i] = spans[k, HEIGHT] + place(h, v, length0, share, w, ea, shares, load)[1]


@njit(cache=True, nogil=True)
def chord_slope(
    spans: FloatArray,
    table: FloatArray,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    step: float,
    s_robot: float,
    half: float,
) -> float:
    """Slope in rad of the straight line between the conductor's points `half` m behind and before the robot's
    middle."""
    x = np.empty(2)
    y = np.empty(2)
    for i in range(2):
        s = s_robot + (2 * i - 1) * half
        k = find_span(spans, s)
        h, v, length0, shares = state(spans, table, k, s_robot, wheels, load, w, step)
        share = min(max((s - spans[k, FROM]) / (spans[k, TO] - spans[k, FROM]), 0.0), 1.0)
        at_x, at_y = place(h, v, length0, share, w, ea, shares, load)
        base = 0.0
        for before in range(min(k, find_span(spans, s_robot - half)), k):
            base += spans[before, SPAN]
        x[i] = base + at_x
        y[i] = spans[k, HEIGHT] + at_y
    return float(np.arctan2(y[1] - y[0], x[1] - x[0]))


@njit(cache=True, nogil=True)
def end_slopes(
    spans: FloatArray,
    table: FloatArray,
    wheels: FloatArray,
    load: float,
    w: float,
    step: float,
    k: int,
    s_robot: float,
) -> tuple[float, float]:
    """Slopes in rad at the left and right end of span k, positive where the conductor rises."""
    h, v, length0, shares = state(spans, table, k, s_robot, wheels, load, w, step)
    return -np.arctan(v / h), -np.arctan((v - w * length0 - load * len(shares)) / h)


@njit(cache=True, nogil=True)
def steepest(
    spans: FloatArray,
    table: FloatArray,
    wheels: FloatArray,
    load: float,
    w: float,
    ea: float,
    step: float,
    half: float,
    every: float,
) -> float:
    """Largest size of `chord_slope` with the robot anywhere between the line's ends."""
    worst = 0.0
    s = half
    while s <= spans[-1, TO] - half:
        worst = max(worst, abs(chord_slope(spans, table, wheels, load, w, ea, step, s, half)))
        s += every
    return worst
