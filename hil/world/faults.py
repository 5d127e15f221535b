"""Faults of the simulated world: when they act, and what they do to a signal."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from hil.scenario import SIZES, Fault

_FLICKER_S = 0.1  # an intermittent signal comes and goes at this pace
_GARBAGE = 1000.0


def value_of(fault: Fault) -> float:
    """The fault's size, its kind's default where it gives none, 0 where its kind has none."""
    if fault.value is not None:
        return fault.value
    return SIZES[fault.kind].default if fault.kind in SIZES else 0.0


class Schedule:
    """Which faults act now. A fault at a chainage begins when the robot first gets there."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._waiting = list(faults)
        self._acting: list[tuple[Fault, float]] = []  # with the time when it ends

    def __bool__(self) -> bool:
        return bool(self._waiting or self._acting)

    def update(self, t_s: float, s_m: float) -> dict[str, Fault]:
        """Faults in force, by target, or by kind where they act on the whole robot."""
        for fault in tuple(self._waiting):
            begun = t_s >= fault.at_s if fault.at_s is not None else s_m >= (fault.at_m or 0.0)
            if begun:
                self._waiting.remove(fault)
                self._acting.append((fault, math.inf if fault.for_s is None else t_s + fault.for_s))
        self._acting = [(fault, end_s) for fault, end_s in self._acting if t_s < end_s]
        return {fault.target or fault.kind: fault for fault, _ in self._acting if fault.kind != "ok"}


class Channel:
    """A signal of one or more values that a fault may spoil.

    Args:
        off: what a dead signal reads.
    """

    def __init__(self, seed: Sequence[int], off: float = math.nan) -> None:
        self._rng = np.random.default_rng(seed)
        self._off = off
        self._last: tuple[float, ...] = ()  # as read last
        self._past: deque[tuple[float, tuple[float, ...]]] = deque(maxlen=512)  # true values with their time

    def read(self, t_s: float, values: tuple[float, ...], fault: Fault | None) -> tuple[float, ...]:
        """The values as the signal shows them under `fault`."""
        self._past.append((t_s, values))
        if fault is None:
            self._last = values
        elif fault.kind != "stuck" or not self._last:
            self._last = self._spoil(t_s, values, fault)
        return self._last

    def _spoil(self, t_s: float, values: tuple[float, ...], fault: Fault) -> tuple[float, ...]:
        size = value_of(fault)
        if fault.kind == "off" or (fault.kind == "intermittent" and int(t_s / _FLICKER_S) % 2 == 0):
            return (self._off,) * len(values)
        if fault.kind == "garbage":
            return tuple((_GARBAGE * self._rng.standard_normal(len(values))).tolist())
        if fault.kind == "wrong":
            return tuple(v * size for v in values)
        if fault.kind == "slow":
            before_s = self._past[-2][0] if len(self._past) > 1 else t_s
            share = 1.0 - math.exp(-(t_s - before_s) / size)
            return tuple(a + share * (b - a) for a, b in zip(self._last or values, values, strict=True))
        if fault.kind == "delayed":
            return next((old for then_s, old in self._past if then_s >= t_s - size), values)
        return values
