"""The lay as it was really made: points (s, theta) on the cylinder r_0 on which the cable's axis lies.

Everything that the referee says of turns, pitch, cable length and unwrapped lengths is measured on this line.
Cable that is taken up again leaves the line with it. Angles are counted in the ordered hand of the lay.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

WINDOW_M = 0.02  # over which the rate of turning is taken
STEP_M = 0.005
UNWRAPPED_RATE = 0.25  # of the ordered rate: below it the cable counts as laid straight
APART_M = 1e-4  # points nearer than this replace each other
APART_RAD = 1e-3
FURTHER_RAD = 0.05  # more than the body's swing adds while the robot stands


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the conductor, true chainage."""

    from_m: float
    to_m: float

    @property
    def length_m(self) -> float:
        return self.to_m - self.from_m

    @property
    def middle_m(self) -> float:
        return (self.from_m + self.to_m) / 2

    def overlap_m(self, other: Stretch) -> float:
        """Length shared with `other`, negative = the gap between them."""
        return min(self.to_m, other.to_m) - max(self.from_m, other.from_m)


class AsLaid:
    """The lay of a job, point by point.

    Args:
        pitch_m: ordered lay length.
        hand: +1 for Z (theta grows with s), -1 for S.
        radius_m: r_0, half of conductor plus cable diameter.
    """

    def __init__(self, pitch_m: float, hand: int, radius_m: float) -> None:
        self.pitch_m = pitch_m
        self._hand = hand
        self._radius_m = radius_m
        self._s = array("d")
        self._phi = array("d")  # turned in the ordered hand, rad
        self._believed = array("d")  # where the robot thought that this point was
        self._origin_rad = 0.0
        self.furthest_rad = 0.0

    def __len__(self) -> int:
        return len(self._s)

    def observe(self, s_m: float, theta_rad: float, believed_m: float) -> bool:
        """The cable now touches the conductor at (s, theta).

        Returns:
            Whether the lay has got a step further than ever before.
        """
        s, phi = self._s, self._phi
        while s and s[-1] > s_m:  # taken up again
            self._pop()
        if not s:
            self._origin_rad = theta_rad
        turned = self._hand * (theta_rad - self._origin_rad)
        if len(s) > 1 and s_m - s[-1] < APART_M and abs(turned - phi[-1]) < APART_RAD:
            return False
        s.append(s_m)
        phi.append(turned)
        self._believed.append(believed_m)
        if turned < self.furthest_rad + FURTHER_RAD:
            return False
        self.furthest_rad = turned
        return True

    def _pop(self) -> None:
        for column in (self._s, self._phi, self._believed):
            column.pop()

    # ------------------------------------------------------------ figures

    @property
    def start_m(self) -> float:
        return self._s[0] if self._s else math.nan

    @property
    def end_m(self) -> float:
        return self._s[-1] if self._s else math.nan

    def cable_m(self) -> float:
        """Length of the cable's axis along the lay."""
        s, phi = np.array(self._s), np.array(self._phi)
        return float(np.hypot(np.diff(s), self._radius_m * np.diff(phi)).sum())

    def turns(self) -> list[Stretch]:
        """Every completed turn, in order."""
        if len(self._s) < 2:
            return []
        phi = np.maximum.accumulate(np.array(self._phi))
        count = int(phi[-1] / (2 * math.pi))
        marks = 2 * math.pi * np.arange(count + 1)
        after = np.searchsorted(phi, marks, side="left").clip(1)
        share = (marks - phi[after - 1]) / np.maximum(phi[after] - phi[after - 1], 1e-12)
        s = np.array(self._s)
        at = s[after - 1] + share.clip(0.0, 1.0) * (s[after] - s[after - 1])
        return [Stretch(a, b) for a, b in pairwise(at.tolist())]

    def unwrapped(self) -> list[Stretch]:
        """Stretches with less than a quarter of the ordered turning."""
        if len(self._s) < 2 or self.end_m - self.start_m < WINDOW_M:
            return []
        middle = np.arange(self.start_m + WINDOW_M / 2, self.end_m - WINDOW_M / 2, STEP_M)
        s, phi = np.array(self._s), np.array(self._phi)
        turned = np.interp(middle + WINDOW_M / 2, s, phi) - np.interp(middle - WINDOW_M / 2, s, phi)
        straight = turned / WINDOW_M < UNWRAPPED_RATE * 2 * math.pi / self.pitch_m
        edges = np.flatnonzero(np.diff(np.concatenate([[False], straight, [False]])))
        half = STEP_M / 2
        return [
            Stretch(float(middle[a]) - half, float(middle[b - 1]) + half)
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]

    def true_stretch(self, from_m: float, to_m: float) -> Stretch:
        """Where a stretch of the robot's record really is; its chainage drifts and is corrected."""
        believed = np.maximum.accumulate(np.array(self._believed))
        at = np.interp([from_m, to_m], believed, np.array(self._s))
        return Stretch(float(at[0]), float(at[1]))


def pitch_errors_pct(turns: Sequence[Stretch], pitch_m: float, excused: Sequence[Stretch]) -> FloatArray:
    """Absolute error of every turn's pitch in percent, without the turns that overlap an excused stretch."""
    judged = [t.length_m for t in turns if not any(t.overlap_m(e) > 0.0 for e in excused)]
    return np.abs(np.array(judged) / pitch_m - 1.0) * 100.0
