"""A made-up job for the referee: a robot that wraps a line and crosses one pin insulator as it should.

`run` plays it tick by tick; a test may alter any instant's truth or command on the way to the referee.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from hil.referee import Referee
from hil.world.truth import TruthState
from robot.line.features import Box, Feature, Sleeve
from robot.line.line import Pole
from robot.messages import (
    Axis,
    CommandFrame,
    CrossingStatus,
    Estimate,
    LayRecord,
    Mode,
    SeenFeature,
    Setpoints,
)
from robot.profile import Profile

PROFILE = Profile.model_validate(
    tomllib.loads(files("missions").joinpath("robots/r1.toml").read_text("utf-8"))
)
CONDUCTOR_M, CABLE_M = 0.015, 0.004
RADIUS_M = (CONDUCTOR_M + CABLE_M) / 2
PIN_M = 12.0
MARGIN_M = 0.015
DT_S = 0.01
GUIDE_S_M = -1.12
NONE = (0.0,) * len(Axis)
HOLD = Setpoints((0,) * len(Axis), NONE, NONE, NONE)

Alter = Callable[[TruthState, CommandFrame], tuple[TruthState, CommandFrame]]


@dataclass(frozen=True)
class Job:
    name: str = "stage"
    section: int | None = None
    length_m: float = 24.0
    pitch_m: float = 1.0
    hand: int = 1
    tension_n: float = 10.0
    poles: tuple[Pole, ...] = ()


def pin(at_m: float = PIN_M) -> Feature:
    shapes = (
        Sleeve((-0.20, 0.20), CONDUCTOR_M / 2 + 0.010),
        Box((-0.06, 0.06), (-0.06, 0.06), (-0.24, -0.004)),
        Box((-0.035, 0.035), (-0.75, 0.75), (-0.31, -0.24)),
    )
    return Feature("pin-10", at_m, shapes, crossable=True, pole="P2")


TRUTH = TruthState(
    t_s=0.0,
    s_m=3.75,
    speed_mps=0.0,
    roll_rad=0.0,
    slope_rad=0.0,
    pod_sag_m=0.0,
    grip_m=(0.0, 0.0, 0.0),
    pinch_n=(100.0, 100.0, 100.0),
    wheel_load_n=(230.0, 230.0, 230.0),
    rotor_rad=0.0,
    rotor_rate_rps=0.0,
    guide_r_m=0.012,
    trim_r_m=0.1,
    coil_kg=0.4,
    paid_out_m=0.0,
    tension_n=10.0,
    slack_m=0.0,
    lay_s_m=0.0,
    lay_theta_rad=0.0,
    effort=NONE,
    velocity=NONE,
    energy_wh=0.0,
)

ESTIMATE = Estimate(
    chainage_m=0.0,
    chainage_sigma_m=0.05,
    travel_m=0.0,
    speed_mps=0.0,
    speed_sigma_mps=0.01,
    odometer_scale=1.0,
    slope_rad=0.0,
    slope_sigma_rad=0.01,
    roll_rad=0.0,
    roll_rate_rps=0.0,
    roll_sigma_rad=0.01,
    slip=(0.0, 0.0, 0.0),
    conductor_diameter_m=CONDUCTOR_M,
    tension_n=10.0,
    coil_m=30.0,
    paid_out_m=0.0,
    rotor_rad=0.0,
    rotor_abs_rad=0.0,
    rotor_rate_rps=0.0,
    imbalance_sin=0.0,
    imbalance_cos=0.0,
    battery_wh=900.0,
    distance_to_feature_m=math.nan,
    since_feature_m=math.nan,
    innovation=(),
    features=(),
)


@dataclass
class Robot:
    """The made-up robot; its belief is `believed_off_m` ahead of the truth."""

    job: Job
    believed_off_m: float = 0.10
    slack_m: float = 0.30
    truth: TruthState = TRUTH
    mode: Mode = Mode.WRAP
    reason: str = "operator_start"
    geared: bool = True
    tied: bool = False
    records: list[LayRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lag_m = self.job.pitch_m * math.sqrt(0.012**2 - RADIUS_M**2) / (2 * math.pi * RADIUS_M)
        park_m = PIN_M + 0.70  # the phase is chosen so that the rotor arrives there as it must be parked
        turned = 2 * math.pi * (park_m - TRUTH.s_m) / self.job.pitch_m
        rotor = PROFILE.park_rotor_rad - self.job.hand * turned
        self.truth = dataclasses.replace(
            TRUTH, rotor_rad=rotor, lay_theta_rad=rotor, lay_s_m=TRUTH.s_m + GUIDE_S_M - self.lag_m
        )

    def tick(self, **changes: float | tuple[float, ...]) -> tuple[TruthState, CommandFrame]:
        self.truth = dataclasses.replace(self.truth, t_s=self.truth.t_s + DT_S, **changes)  # type: ignore[arg-type]
        records, self.records = tuple(self.records), []
        command = CommandFrame(
            t_ns=round(self.truth.t_s * 1e9),
            seq=0,
            mode=self.mode,
            reason=self.reason,
            armed=True,
            stop=False,
            reset=False,
            valid_for_ms=150,
            setpoints=HOLD,
            estimate=self._estimate(),
            crossing=CrossingStatus(0, 1, "", "", True) if self.mode is Mode.CROSSING else None,
            records=records,
        )
        return self.truth, command

    def _estimate(self) -> Estimate:
        s_m, pin_m = self.truth.s_m, PIN_M
        seen = SeenFeature("pin-10", pin_m + self.believed_off_m, 0.02, True, True)
        return dataclasses.replace(
            ESTIMATE,
            chainage_m=s_m + self.believed_off_m,
            distance_to_feature_m=pin_m - s_m + 0.01 if s_m < pin_m else math.nan,
            since_feature_m=s_m - pin_m + 0.02 if s_m > pin_m else math.nan,
            features=(seen,) if s_m < pin_m else (),
        )

    # ------------------------------------------------------------ acts, each a stream of ticks

    def drive(self, to_m: float, speed_mps: float) -> Iterator[tuple[TruthState, CommandFrame]]:
        while self.truth.s_m < to_m - 1e-9:
            step_m = min(speed_mps * DT_S, to_m - self.truth.s_m)
            turn = 2 * math.pi * step_m / self.job.pitch_m if self.geared else 0.0
            yield self.tick(s_m=self.truth.s_m + step_m, speed_mps=step_m / DT_S, **self._laid(step_m, turn))
        yield self.tick(speed_mps=0.0, rotor_rate_rps=0.0)

    def _laid(self, step_m: float, turn: float) -> dict[str, float]:
        truth = self.truth
        guide_m = truth.s_m + step_m + GUIDE_S_M
        relaxation = math.sqrt(truth.guide_r_m**2 - RADIUS_M**2) / RADIUS_M
        lay_m = truth.lay_s_m + (guide_m - truth.lay_s_m) * (1.0 - math.exp(-turn / relaxation))
        slack_m = 0.0
        if not self.geared and not self.tied and guide_m > PIN_M + 0.10:
            self.tied, lay_m, slack_m = True, PIN_M, self.slack_m
        cable_m = math.hypot(lay_m - truth.lay_s_m, RADIUS_M * turn) + slack_m
        return {
            "rotor_rad": truth.rotor_rad + self.job.hand * turn,
            "rotor_rate_rps": self.job.hand * turn / DT_S,
            "lay_theta_rad": truth.lay_theta_rad + self.job.hand * turn,
            "lay_s_m": lay_m,
            "paid_out_m": truth.paid_out_m + cable_m,
        }

    def grip(self, index: int, to_m: float) -> Iterator[tuple[TruthState, CommandFrame]]:
        while abs(self.truth.grip_m[index] - to_m) > 1e-9:
            here = self.truth.grip_m[index]
            step = min(max(to_m - here, -2e-4), 2e-4)
            grips = tuple(here + step if i == index else g for i, g in enumerate(self.truth.grip_m))
            pinch = tuple(100.0 if g == 0.0 else 0.0 for g in grips)
            yield self.tick(grip_m=grips, pinch_n=pinch)

    def guide(self, to_m: float) -> Iterator[tuple[TruthState, CommandFrame]]:
        while abs(self.truth.guide_r_m - to_m) > 1e-9:
            here = self.truth.guide_r_m
            yield self.tick(guide_r_m=here + min(max(to_m - here, -4e-4), 4e-4))

    def cross(self) -> Iterator[tuple[TruthState, CommandFrame]]:
        """Over the pin at `PIN_M`, every part with `MARGIN_M` along the conductor."""
        tie_m, half_m, speed_mps = 0.20 + MARGIN_M, 0.06, 0.15
        for index, carriage_m in enumerate((0.65, 0.0, -0.65)):
            yield from self.drive(PIN_M - carriage_m - half_m - tie_m, speed_mps)
            yield from self.grip(index, 0.040)
            if index == 2:
                yield from self._park()
            yield from self.drive(PIN_M - carriage_m + half_m + tie_m, speed_mps)
            yield from self.grip(index, 0.0)
        yield from self.drive(PIN_M + 1.14 + tie_m, speed_mps)
        off_m = self.believed_off_m
        self.records.append(
            LayRecord("unwrapped", self.parked_m + off_m, self._straight_to_m() + off_m, 10.0, 1.0)
        )
        yield from self.guide(0.012)
        self.geared = True

    def _park(self) -> Iterator[tuple[TruthState, CommandFrame]]:
        yield from self.drive(PIN_M + 0.70, 0.15)
        self.geared, self.parked_m = False, self.truth.lay_s_m
        yield from self.guide(0.050)

    def _straight_to_m(self) -> float:
        """Where the lay will be back at its steady distance behind the guide."""
        return self.truth.s_m + GUIDE_S_M - self.lag_m

    def job_ticks(self) -> Iterator[tuple[TruthState, CommandFrame]]:
        self.mode = Mode.MOUNTING
        yield self.tick()
        self.mode = Mode.WRAP
        cruise_mps = min(0.40, 0.9 * self.job.pitch_m)  # the rotor turns at 60 rpm at most
        yield from self.drive(PIN_M - 1.0, cruise_mps)
        self.mode, self.reason = Mode.CROSSING, "feature_ahead"
        yield from self.cross()
        self.mode, self.reason = Mode.WRAP, "crossing_done"
        yield from self.drive(self.job.length_m - 1.5, cruise_mps)
        self.mode, self.reason = Mode.HOLD, "job_done"
        for _ in range(100):
            yield self.tick()


@cache
def played(job: Job) -> tuple[tuple[TruthState, CommandFrame], ...]:
    """All instants of a job as it should be."""
    return tuple(Robot(job).job_ticks())


def unaltered(truth: TruthState, command: CommandFrame) -> tuple[TruthState, CommandFrame]:
    return truth, command


def run(
    alter: Alter = unaltered, *, pin_m: float = PIN_M, job: Job | None = None, robot: Robot | None = None
) -> Referee:
    """Play the job and return the referee that watched it; `pin_m` is where the pin really is."""
    job = job or Job()
    referee = Referee(PROFILE, job, [pin(pin_m)], CONDUCTOR_M, CABLE_M)
    for truth, command in played(job) if robot is None else robot.job_ticks():
        seen, answer = alter(truth, command)
        referee.observe(seen, answer, truth.t_s)
    return referee
