"""Plans a job: is the line fit for the robot, and what will it take - time, cable, energy, crew, cost.

Times follow from the same speeds, accelerations and crossing plans as the robot's own; what people do and
cost are assumptions, named and configurable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from hil.scenario import Weather
from missions.checks import Checks, Refusal
from missions.file_errors import InputError, near, short
from missions.job import Job
from robot.behaviours.lay import LayGeometry
from robot.crossing.along import Crossing
from robot.crossing.stance import HOME, CrossingPlan, Stance, Step, StepKind
from robot.line.survey import Survey, sections
from robot.messages import GRIP, Axis, CarriageState

GRAVITY_MPS2 = 9.81


def _assumed(value: float, low: float, high: float) -> Any:
    return field(default=value, metadata={"low": low, "high": high})


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of people and prices. Crews, pace and cost as reported for a like robot on a 350 m job
    (5 against 22 people, +60 % pace, half the cost); wages are an estimate to be replaced by one's own."""

    crew_robot: float = _assumed(5.0, 0.1, 1000.0)  # people
    crew_by_hand: float = _assumed(22.0, 0.1, 1000.0)
    set_up_min: float = _assumed(45.0, 0.0, 10_000.0)  # robot: survey, mounting, cable ends
    take_down_min: float = _assumed(30.0, 0.0, 10_000.0)
    pace_by_hand: float = _assumed(0.625, 0.001, 1000.0)  # pace by hand over the robot's, set-up included
    wage_per_h: float = _assumed(20.0, 0.0, 1e6)  # of one person, in any currency
    robot_per_h: float = _assumed(240.0, 0.0, 1e6)  # robot and lift truck
    tools_by_hand_per_h: float = _assumed(0.0, 0.0, 1e6)

    def with_values(self, values: Mapping[str, float]) -> Assumptions:
        """Some replaced.

        Raises:
            InputError: unknown, or not a number within its range.
        """
        known = {f.name: f.metadata for f in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise InputError(f"assumption {short(name)!r} is unknown; {near(name, known)}")
            low, high = known[name]["low"], known[name]["high"]
            if not low <= value <= high:
                raise InputError(f"assumption {name} = {value} is out of range; give {low:g} to {high:g}")
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job will take (design, section 13)."""

    refusals: tuple[Refusal, ...]
    sections: tuple[dict[str, Any], ...]
    time_s: float  # robot time, from power-up to the end of the lay
    cable_m: float
    energy_wh: float
    mass_kg: float
    crossings: Sequence[Crossing]
    crew: Mapping[str, float]
    cost: Mapping[str, float | None]
    assumptions: Mapping[str, float] = field(default_factory=dict)

    @property
    def fit(self) -> bool:
        return not self.refusals

    def as_json(self) -> dict[str, Any]:
        return {
            "fit": self.fit,
            "refusals": [asdict(refusal) for refusal in self.refusals],
            "sections": list(self.sections),
            "time_s": round(self.time_s, 1),
            "cable_m": round(self.cable_m, 2),
            "energy_wh": round(self.energy_wh, 1),
            "mass_kg": round(self.mass_kg, 2),
            "crossings": [_crossing_json(c) for c in self.crossings],
            "crew": dict(self.crew),
            "cost": dict(self.cost),
            "assumptions": dict(self.assumptions),
        }


def plan(
    job: Job,
    weather: Weather | None = None,
    rules: Sequence[str] = (),
    assumptions: Assumptions | None = None,
) -> Plan:
    """Plan `job`; refusals do not keep the figures from being worked out.

    Args:
        weather: None = the scenario's.
        rules: names of further rule sets (`missions.checks.RULE_SETS`).
    """
    assumptions = assumptions or Assumptions()
    checks = Checks(job, weather or job.scenario.weather, rules)
    crossings = checks.crossings()
    refusals = list(checks.refusals(crossings))
    work = Work(job, checks, crossings)
    refusals += work.refusals()
    crew, cost = _people(work.time_s / 3600, assumptions)
    return Plan(
        refusals=tuple(refusals),
        sections=section_table(job.line.survey),
        time_s=work.time_s,
        cable_m=work.cable_m,
        energy_wh=work.energy_wh,
        mass_kg=checks.mass_kg,
        crossings=crossings,
        crew=crew,
        cost=cost,
        assumptions=asdict(assumptions),
    )


# ---------------------------------------------------------------- the robot's work

MOUNTING_S = 7.5  # arming with the watchdog test, two grips, tension
RAMPS_S = 1.2  # of one advance within a crossing, from rest to rest
PARK_S = 4.4  # to turn the rotor to its parked angle, on the mean
DRAW_UP_RPS = 0.8  # mean rate at which the rotor draws the lay up at standstill
CLAMPED_CROSSING = 2.4  # carriages clamped at a time, on the mean
SLOW_M = 0.5  # the last stretch before a stop, at crossing speed
BATTERY_SHARE = 0.8  # of the battery that a job may use; the rest is for the way out


class Work:
    """Time, cable and energy of a job, from how the robot moves.

    Attributes:
        time_s, cable_m, energy_wh.
    """

    def __init__(self, job: Job, checks: Checks, crossings: Sequence[Crossing]) -> None:
        line, profile, parameters = job.line, job.profile, job.parameters
        self._job, self._checks = job, checks
        diameter_m = line.conductor.diameter_m
        guide_m = profile.guide.out_radius_m(diameter_m)
        self._geometry = LayGeometry(diameter_m, line.cable.diameter_m, guide_m, line.pitch_m)
        self._plans = [c.answer for c in crossings if isinstance(c.answer, CrossingPlan)]
        self._lag_m = self._geometry.lag_m - sum(profile.guide.s_m) / 2
        self._begin_m = parameters.lay_begin_m + self._lag_m
        self._end_m = checks.end_m
        self.time_s = MOUNTING_S + self._travel_s() + sum(self._crossing_s(p) for p in self._plans)
        self.cable_m = self._cable_m()
        self.energy_wh = self._energy_wh()

    def refusals(self) -> list[Refusal]:
        found = []
        line, power = self._job.line, self._job.profile.power
        if self.cable_m > line.cable_loaded_m:
            loaded_m = line.cable_loaded_m
            text = f"{loaded_m:.0f} m of cable are loaded, the lay takes {self.cable_m:.1f} m: load more"
            found.append(Refusal("cable_short", None, line.cable_loaded_m, self.cable_m, text))
        limit_wh = BATTERY_SHARE * power.capacity_wh
        if self.energy_wh > limit_wh:
            text = f"the job takes {self.energy_wh:.0f} Wh, the battery has {limit_wh:.0f} Wh for it"
            found.append(Refusal("battery", None, self.energy_wh, limit_wh, text))
        return found

    @property
    def speed_mps(self) -> float:
        """Cruise speed: below the roll resonance of the rotor."""
        profile, parameters, pitch_m = self._job.profile, self._job.parameters, self._job.line.pitch_m
        quiet_mps = 0.97 * parameters.resonance_low_rpm / 60 * pitch_m
        return min(parameters.wrap_speed_mps, quiet_mps, profile.rotor.speed_max_rpm / 60 * pitch_m)

    def _travel_s(self) -> float:
        """All stretches between crossings, each from rest to rest."""
        from_m = self._begin_m
        stretches = []
        for crossing in self._plans:
            stretches.append(crossing.from_m - from_m)
            from_m = crossing.to_m
        stretches.append(self._end_m - from_m)
        return sum(self._stretch_s(length_m) for length_m in stretches if length_m > 0)

    def _stretch_s(self, length_m: float) -> float:
        """From rest to rest, the last `SLOW_M` at crossing speed."""
        acceleration = min(0.25, self._job.parameters.rotor_accel_factor * self._job.line.pitch_m)
        slow_mps = min(self._job.profile.times.crossing_speed_mps, self.speed_mps)
        slow_m = min(SLOW_M, length_m)
        slow_s = slow_m / slow_mps + slow_mps / (2 * acceleration)
        fast_m = length_m - slow_m
        top_mps = min(self.speed_mps, math.sqrt(acceleration * fast_m + slow_mps**2 / 2))
        ramps_m = (2 * top_mps**2 - slow_mps**2) / (2 * acceleration)
        ramps_s = (2 * top_mps - slow_mps) / acceleration
        return ramps_s + max(fast_m - ramps_m, 0.0) / top_mps + slow_s

    def _crossing_s(self, crossing: CrossingPlan) -> float:
        """All steps, and the turn that draws the lay up behind them."""
        stances = (HOME, *(step.stance for step in crossing.steps))
        steps_s = sum(
            self._step_s(step, before) for step, before in zip(crossing.steps, stances, strict=False)
        )
        draw_up_rad = self._geometry.turn_to_recover_rad(self._geometry.lag_m + crossing.unwrapped_m)
        return steps_s + draw_up_rad / DRAW_UP_RPS

    def _step_s(self, step: Step, before: Stance) -> float:
        """As long as the drives take, with ramps; the planner's own times leave those out."""
        profile = self._job.profile
        if step.kind is StepKind.ADVANCE:
            return step.duration_s + RAMPS_S
        if step.kind is StepKind.PARK_ROTOR:
            return PARK_S
        if step.carriage is None:
            return step.duration_s
        places = [self._grip_m(stance.carriages[step.carriage]) for stance in (before, step.stance)]
        rate_mps = profile.drive[GRIP[step.carriage]].velocity_max
        return abs(places[1] - places[0]) / rate_mps + profile.times.confirm_s

    def _grip_m(self, state: CarriageState) -> float:
        carriages = self._job.profile.carriages
        return {
            CarriageState.CLAMPED: carriages.clamped_m,
            CarriageState.OPEN: carriages.open_m,
            CarriageState.LIFTED: carriages.lifted_m,
        }[state]

    def _cable_m(self) -> float:
        """Wrapped length on its helix, unwrapped lengths straight, slack at poles."""
        parameters = self._job.parameters
        laid_m = max(self._end_m - self._begin_m, 0.0)
        unwrapped_m = sum(p.unwrapped_m for p in self._plans)
        slack_m = parameters.slack_per_pole_m * sum(any(f.pole for f in p.features) for p in self._plans)
        return (laid_m - unwrapped_m) * self._geometry.length_factor + unwrapped_m + slack_m

    def _energy_wh(self) -> float:
        """Electronics, rolling, lifting, the cable's pull, and what it takes to press the rollers."""
        profile, line, parameters = self._job.profile, self._job.line, self._job.parameters
        power, grip, cable = profile.power, profile.drive[Axis.GRIP_FRONT], profile.drive[Axis.CABLE]
        way_m = max(self._end_m - self._begin_m, 0.0)
        weight_n = profile.mass_kg(self._checks.coil_kg / 2) * GRAVITY_MPS2
        rolling_n = profile.carriages.rolling * (weight_n + 6 * parameters.wrap_pinch_n)
        work_j = (rolling_n + line.tension_n) * way_m + weight_n * self._climb_m(way_m)
        crossing_s = sum(self._crossing_s(p) for p in self._plans)
        wrapping_s = self.time_s - crossing_s
        pressing_w = power.copper_w * (parameters.wrap_pinch_n / grip.effort_max) ** 2 * 3
        crossing_w = power.copper_w * (parameters.crossing_pinch_n / grip.effort_max) ** 2 * CLAMPED_CROSSING
        pulling_w = power.copper_w * (line.tension_n / cable.effort_max) ** 2
        held_j = (pressing_w + pulling_w) * wrapping_s + (crossing_w + pulling_w) * crossing_s
        return (power.idle_w * self.time_s + work_j / power.efficiency + held_j) / 3600

    def _climb_m(self, way_m: float) -> float:
        """Height won on all stretches uphill, with the robot's weight on the conductor."""
        step_m = 0.5
        places = (self._begin_m + i * step_m for i in range(int(way_m / step_m)))
        return step_m * sum(max(math.sin(self._checks.shape.slope_rad(s_m)), 0.0) for s_m in places)


# ---------------------------------------------------------------- people


def _people(robot_h: float, a: Assumptions) -> tuple[dict[str, float], dict[str, float | None]]:
    """Crew and cost of the robot's job against the same by hand."""
    hours = robot_h + (a.set_up_min + a.take_down_min) / 60
    hours_by_hand = hours / a.pace_by_hand
    robot = hours * (a.crew_robot * a.wage_per_h + a.robot_per_h)
    by_hand = hours_by_hand * (a.crew_by_hand * a.wage_per_h + a.tools_by_hand_per_h)
    crew = {"robot": a.crew_robot, "by_hand": a.crew_by_hand}
    cost: dict[str, float | None] = {
        "robot": round(robot, 2),
        "by_hand": round(by_hand, 2),
        "ratio": round(robot / by_hand, 3) if by_hand else None,  # by hand it costs nothing
        "hours_robot": round(hours, 2),
        "hours_by_hand": round(hours_by_hand, 2),
    }
    return crew, cost


def section_table(survey: Survey) -> tuple[dict[str, Any], ...]:
    """The stretches between strain poles, as `--section` counts them."""
    return tuple(
        {
            "section": number,
            "from_pole": survey.pole[first].id,
            "to_pole": survey.pole[last].id,
            "spans": last - first,
            "length_m": round(sum(s.length_m for s in survey.span[first:last]), 2),
        }
        for number, (first, last) in enumerate(sections(survey), 1)
    )


def _crossing_json(crossing: Crossing) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "at_m": round(crossing.features[0].at_m, 2),
        "features": [f.kind for f in crossing.features],
    }
    planned = crossing.answer
    if isinstance(planned, CrossingPlan):
        clearance_mm = planned.clearance_m * 1000
        return answer | {
            "duration_s": round(planned.duration_s, 1),
            "unwrapped_m": round(planned.unwrapped_m, 2),
            "min_clearance_mm": round(clearance_mm, 1) if math.isfinite(clearance_mm) else None,
        }
    return answer | {"blocked": planned.reason}
