"""Robot, line and a run of the estimator over a synthetic job, shared by the estimator's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from estimate_job import Job, Truth

from missions.files import read_profile, read_survey
from robot.estimate.estimator import Estimator, mounted_m
from robot.line.line import Line
from robot.messages import Estimate, Mode, SeenFeature, SensorFrame
from robot.parameters import Parameters

ROOT = Path(__file__).parents[2]
PROFILE = read_profile(ROOT / "missions/robots/r1.toml")
LINE = Line.build(read_survey(ROOT / "missions/lines/jiashan-350m.toml"))
PARAMETERS = Parameters()
START_M = mounted_m(PROFILE, LINE, PARAMETERS)

Spoil = Callable[[SensorFrame], SensorFrame]


def job(seed: int, **changes: object) -> Job:
    """A job on the 350 m line; the crew hangs the robot within 2 cm."""
    offset_m = 0.02 * float(np.random.default_rng([seed, 9]).standard_normal())
    return Job(PROFILE, LINE, seed, START_M + offset_m, **changes)  # type: ignore[arg-type]


def estimator(survey_sigma_m: float = 0.2) -> Estimator:
    return Estimator(PROFILE, LINE, PARAMETERS, survey_sigma_m=survey_sigma_m)


@dataclass
class Run:
    """What came out of a job, per tick."""

    t_s: list[float] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)
    estimate: list[Estimate] = field(default_factory=list)
    health: list[frozenset[str]] = field(default_factory=list)

    def error(self, name: str, of: str) -> np.ndarray:
        return np.array(
            [getattr(e, name) - getattr(t, of) for e, t in zip(self.estimate, self.truth, strict=True)]
        )

    def first(self, name: str, after_s: float) -> float:
        """Seconds from `after_s` until `name` was reported lost; infinite when it never was."""
        for t_s, names in zip(self.t_s, self.health, strict=True):
            if t_s >= after_s and name in names:
                return t_s - after_s
        return float("inf")


def run(work: Job, estimate: Estimator, spoil: Spoil | None = None, after_s: float = 0.0) -> Run:
    """The whole job; `spoil` changes every frame from `after_s` on."""
    result = Run()
    for frame, stance, truth in work:
        t_s = frame.t_ns / 1e9
        if spoil is not None and t_s >= after_s:
            frame = spoil(frame)
        result.estimate.append(estimate.update(frame, Mode.WRAP, stance))
        result.truth.append(truth)
        result.t_s.append(t_s)
        result.health.append(estimate.health)
    return result


def seen_near(
    features: tuple[SeenFeature, ...], at_m: float, kind: str, within_m: float = 0.4
) -> SeenFeature | None:
    return next(
        (f for f in features if f.kind == kind and f.confirmed and abs(f.at_m - at_m) < within_m), None
    )
