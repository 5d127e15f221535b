"""Wind across the line: a mean with gusts, and the lean it gives the body."""

from __future__ import annotations

import math

import numpy as np

from hil.scenario import Weather
from robot.profile import Body

_AIR_KG_PER_M3 = 1.225
_GUST_S = 3.0  # correlation time; meteorology counts a gust as the mean over 3 s
_GUST_SIGMAS = 2.5  # the stated gust is reached about this rarely


class Wind:
    """Gusting wind: an Ornstein-Uhlenbeck process round the mean, capped at the stated gust."""

    def __init__(self, weather: Weather, body: Body, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 3])
        self._mean_mps = weather.wind_mps
        self._sigma_mps = (weather.gust_mps - weather.wind_mps) / _GUST_SIGMAS
        self._top_mps = weather.gust_mps
        self._side = 1.0 if self._rng.random() < 0.5 else -1.0
        self._lever_n_per_mps2 = self._side * 0.5 * _AIR_KG_PER_M3 * body.wind_area_m2 * body.wind_center_z_m
        self._gust_mps = 0.0
        self._draws: list[float] = []

    def step(self, dt_s: float) -> float:
        """Advance by `dt_s`; returns the roll torque on the body in N m."""
        if not self._draws:
            self._draws = self._rng.standard_normal(1024).tolist()
        self._gust_mps += (
            -self._gust_mps * dt_s / _GUST_S
            + self._sigma_mps * math.sqrt(2 * dt_s / _GUST_S) * self._draws.pop()
        )
        speed_mps = min(max(self._mean_mps + self._gust_mps, 0.0), self._top_mps)
        return self._lever_n_per_mps2 * speed_mps * speed_mps
