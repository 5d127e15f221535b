"""Is a line fit for the robot? Every rule that a job must keep before anything moves, as refusals with
reasons.

Sources: robot limits from its profile; weather (Beaufort 5, GB/T 18857 humidity) and clearances to ground
of 1-10 kV lines (GB 50061: 6.5 m inhabited, 5.5 m elsewhere, railway 7.5 m, navigable water 6.0 m) as in
the rules of utilities; the rule set `coating-robot` from utility rules for coating robots on 10 kV
conductors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from hil.scenario import Weather
from missions.job import Job
from robot.crossing.along import Crossing, plan_line
from robot.crossing.planner import group_features
from robot.crossing.stance import Blocked, Context, CrossingPlan
from robot.estimate.estimator import mounted_m
from robot.line.features import Box, Feature
from robot.line.line import LoadedLine
from robot.profile import Profile

GROUND_CLEARANCE_M = {"road": 6.5, "houses": 6.5, "railway": 7.5, "river": 6.0, "trees": 5.5, None: 5.5}
GRAVITY_MPS2 = 9.81
GRIP_RESERVE = 1.1
_ROOM_M = 0.4  # before the front carriage of the robot as it is hung
UNWRAPPED_MAX_M = 1.0  # a pole, or what stands alone
REACH_M = 1.5  # half of the robot's length
AIR_GAP_M = 0.40  # coating-robot: from half the robot's width to the next conductor
ARM_HALF_M = 0.5  # a box wider than this is an earthed crossarm
RULE_SETS = ("coating-robot",)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that the job would break; `text` names what would be right."""

    rule: str
    at_m: float | None
    value: float | str
    limit: float | str
    text: str


class Checks:
    """The rules for one job.

    Args:
        job: what is to be done.
        weather: in which; None = nothing is known of it, and it is not judged.
        rules: further rule sets by name.
    """

    def __init__(self, job: Job, weather: Weather | None, rules: Sequence[str] = ()) -> None:
        self.job, self.weather, self._rules = job, weather, rules
        line, profile = job.line, job.profile
        self.coil_kg = line.cable_loaded_m * line.cable.mass_kg_per_m
        self.mass_kg = profile.mass_kg(self.coil_kg)
        temperature_c = weather.temperature_c if weather else line.stringing_temperature_c
        self.shape = LoadedLine(line, self.mass_kg, temperature_c, profile.carriages.s_m)
        wet = weather is not None and weather.wet
        self.friction = profile.carriages.friction_wet if wet else profile.carriages.friction_dry

    def refusals(self, crossings: Sequence[Crossing]) -> tuple[Refusal, ...]:
        """Everything that speaks against the job, in the order of the line where it has a place."""
        found = [
            *self._robot_and_line(),
            *self._strain_poles(),
            *self._slopes(),
            *self._kinks(),
            *self._ground(),
            *self._crossings(crossings),
        ]
        if self.job.line.energised:
            found += self._earthed_parts()
        if self.weather is not None:
            found += self._weather(self.weather)
        if "coating-robot" in self._rules:
            found += self._coating_robot()
        return tuple(sorted(found, key=lambda r: -1.0 if r.at_m is None else r.at_m))

    def crossings(self) -> list[Crossing]:
        """All groups of features that the robot comes to and how each is crossed, or why not; strain poles are
        refused apart."""
        job = self.job
        wind_mps = self.weather.gust_mps if self.weather else 0.0
        context = Context.of(job.parameters, friction=self.friction, wind_mps=wind_mps)
        return plan_line(job.profile, replace(job.line, features=self._met), self.shape, context)

    @cached_property
    def _met(self) -> tuple[Feature, ...]:
        """Features between where the robot is hung and where it ends."""
        inner = (f for f in self.job.line.features if f.kind != "strain-10")
        return tuple(f for f in inner if self._hung_to_m <= f.at_m < self._last.at_m)

    @cached_property
    def _last(self) -> Feature:
        """Before what the robot ends: the first feature that could only be crossed with the last pole."""
        line = self.job.line
        pole = line.feature(line.poles[-1].insulator, line.length_m)
        return group_features([*line.features, pole], self.job.profile)[-1][0]

    @property
    def end_m(self) -> float:
        """Where the lay ends."""
        return self._last.at_m - self.job.parameters.end_gap_m

    @property
    def _hung_to_m(self) -> float:
        """How far the first stretch must be free, for the robot to be hung."""
        carriages = self.job.profile.carriages
        start_m = mounted_m(self.job.profile, self.job.line, self.job.parameters)
        return start_m + carriages.s_m[0] + carriages.half_length_m + _ROOM_M

    # ------------------------------------------------------------------ the rules

    def _robot_and_line(self) -> Iterator[Refusal]:
        line, profile = self.job.line, self.job.profile
        limits, diameter_m = profile.limits, line.conductor.diameter_m
        thin_m, thick_m = limits.conductor_diameter_m
        if not thin_m <= diameter_m <= thick_m:
            word = "thin" if diameter_m < thin_m else "thick"
            limit = thin_m if diameter_m < thin_m else thick_m
            yield Refusal(
                "conductor_diameter", None, diameter_m, limit,
                f"conductor {line.conductor.key} is too {word}: {1000 * diameter_m:.1f} mm, "
                f"{profile.name} rides {1000 * thin_m:g} to {1000 * thick_m:g} mm",
            )  # fmt: skip
        if line.phase_spacing_m < limits.spacing_min_m:
            yield Refusal(
                "phase_spacing", None, line.phase_spacing_m, limits.spacing_min_m,
                f"conductors are {line.phase_spacing_m:.2f} m apart, "
                f"{profile.name} needs at least {limits.spacing_min_m:.2f} m",
            )  # fmt: skip
        if self.mass_kg > limits.mass_max_kg:
            most_m = (limits.mass_max_kg - profile.mass_kg(0.0)) / line.cable.mass_kg_per_m
            yield Refusal(
                "mass", None, self.mass_kg, limits.mass_max_kg,
                f"robot with {line.cable_loaded_m:.0f} m of {line.cable.key} weighs {self.mass_kg:.1f} kg, "
                f"allowed are {limits.mass_max_kg:g} kg: load at most {max(most_m, 0.0):.0f} m",
            )  # fmt: skip
        yield from self._counterweight()
        yield from self._room()

    def _room(self) -> Iterator[Refusal]:
        """Room to hang the robot behind the first pole, and to end before the last."""
        line, job = self.job.line, self.job
        start_m = mounted_m(job.profile, line, job.parameters)
        least_m = start_m + job.parameters.end_gap_m + line.pitch_m
        if self._last.at_m < least_m:
            yield Refusal(
                "length", None, self._last.at_m, least_m,
                f"the robot would end before {self._last.kind} at {self._last.at_m:.1f} m: "
                f"mounting, one turn and the end take {least_m:.1f} m",
            )  # fmt: skip
        front_m = self._hung_to_m
        for feature in line.features:
            if feature.at_m < front_m:
                yield Refusal(
                    "mounting", feature.at_m, feature.kind, front_m,
                    f"{feature.kind} at {feature.at_m:.1f} m is where the robot is hung: "
                    f"the first {front_m:.1f} m must be free",
                )  # fmt: skip

    def _counterweight(self) -> Iterator[Refusal]:
        trim = self.job.profile.trim
        radius_m, (low_m, high_m) = self.job.profile.trim_radius_m(self.coil_kg), trim.center_r_m
        if radius_m > high_m:
            yield Refusal(
                "balance", None, radius_m, high_m,
                f"the counterweight cannot balance a coil of {self.coil_kg:.1f} kg: it would have to stand "
                f"{1000 * radius_m:.0f} mm out, {1000 * low_m:.0f} to {1000 * high_m:.0f} mm are possible",
            )  # fmt: skip

    def _strain_poles(self) -> Iterator[Refusal]:
        for pole in self.job.line.poles[1:-1]:
            if pole.kind == "strain":
                yield Refusal(
                    "strain_pole", pole.chainage_m, pole.id, "none inside a section",
                    f"strain pole {pole.id} at {pole.chainage_m:.1f} m stands inside the job and cannot be "
                    "crossed: run one section at a time with --section",
                )  # fmt: skip

    def _slopes(self) -> Iterator[Refusal]:
        """Grip of the three clamped carriages on the steepest place; crossings judge their own."""
        line, pinch_n = self.job.line, self.job.parameters.wrap_pinch_n
        most_rad = steepest_rad(self.job.profile, self.mass_kg, self.friction, 3, pinch_n)
        places = [i * 0.25 for i in range(4, math.floor((line.length_m - 1.0) / 0.25))] or [line.length_m / 2]
        at_m = max(places, key=lambda s_m: abs(self.shape.slope_rad(s_m)))
        slope_rad = abs(self.shape.slope_rad(at_m))
        if slope_rad > most_rad:
            state = "wet" if self.friction == self.job.profile.carriages.friction_wet else "dry"
            yield Refusal(
                "slope", at_m, math.degrees(slope_rad), math.degrees(most_rad),
                f"the {state} conductor is {math.degrees(slope_rad):.1f} degrees steep at {at_m:.1f} m with "
                f"the robot on it, its grip is enough for {math.degrees(most_rad):.1f}",
            )  # fmt: skip

    def _kinks(self) -> Iterator[Refusal]:
        limits = self.job.profile.limits
        for index, pole in enumerate(self.job.line.poles[1:-1], 1):
            kink_deg = math.degrees(self.shape.max_kink_rad(index, REACH_M))
            if kink_deg > limits.kink_vertical_max_deg:
                yield Refusal(
                    "kink_vertical", pole.chainage_m, kink_deg, limits.kink_vertical_max_deg,
                    f"the conductor bends by {kink_deg:.1f} degrees in the vertical at pole {pole.id}, "
                    f"at most {limits.kink_vertical_max_deg:g} can be crossed",
                )  # fmt: skip
            if abs(pole.angle_deg) > limits.kink_plan_max_deg and pole.kind != "strain":
                yield Refusal(
                    "kink_plan", pole.chainage_m, abs(pole.angle_deg), limits.kink_plan_max_deg,
                    f"the line turns by {abs(pole.angle_deg):.1f} degrees at pole {pole.id}, "
                    f"at most {limits.kink_plan_max_deg:g} can be crossed: make it a strain pole",
                )  # fmt: skip

    def _ground(self) -> Iterator[Refusal]:
        """Clearance below the robot's lowest part with its weight on the span."""
        depth_m = max(part.r_m[1] for part in self.job.profile.body.parts)
        for index, span in enumerate(self.job.line.spans):
            if span.ground_clearance_m is None:
                continue
            left_m = span.ground_clearance_m - self.shape.lowering_m(index) - depth_m
            needed_m = GROUND_CLEARANCE_M[span.over]
            if left_m < needed_m:
                over = f" over {span.over}" if span.over else ""
                yield Refusal(
                    "ground_clearance", (span.from_m + span.to_m) / 2, left_m, needed_m,
                    f"span {span.number}{over}: {left_m:.2f} m are left below the robot, "
                    f"{needed_m:.1f} m are needed",
                )  # fmt: skip

    def _crossings(self, crossings: Sequence[Crossing]) -> Iterator[Refusal]:
        for crossing in crossings:
            answer = crossing.answer
            if isinstance(answer, Blocked):
                names, at_m = ", ".join(f.kind for f in answer.features), answer.features[0].at_m
                yield Refusal(
                    "crossing", at_m, names, "a safe sequence of stances",
                    f"{names} at {at_m:.1f} m cannot be crossed: {answer.reason}",
                )  # fmt: skip
            else:
                yield from self._unwrapped(answer)

    def _unwrapped(self, plan: CrossingPlan) -> Iterator[Refusal]:
        """What is laid straight counts for the feature that it is nearest to."""
        at_one_m: dict[Feature, float] = {}
        for begin_m, end_m in plan.unwrapped:
            middle_m = (begin_m + end_m) / 2
            feature = min(plan.features, key=lambda f: abs(f.at_m - middle_m))
            at_one_m[feature] = at_one_m.get(feature, 0.0) + end_m - begin_m
        for feature, length_m in at_one_m.items():
            if length_m > UNWRAPPED_MAX_M:
                others = ", ".join(f"{f.kind} at {f.at_m:.1f} m" for f in plan.features if f is not feature)
                yield Refusal(
                    "unwrapped", feature.at_m, length_m, UNWRAPPED_MAX_M,
                    f"{length_m:.2f} m would be left unwrapped at {feature.kind} at {feature.at_m:.1f} m"
                    f"{f', with {others}' if others else ''}, at most {UNWRAPPED_MAX_M:.1f} m may be: "
                    "move or take off what is near it",
                )  # fmt: skip

    def _earthed_parts(self) -> Iterator[Refusal]:
        """Air between the robot's conductive outline and crossarms, on an energised line."""
        electric = self.job.profile.electric
        for feature in self.job.line.features:
            arms = [s for s in feature.shapes if isinstance(s, Box) and s.x_m[1] - s.x_m[0] > 2 * ARM_HALF_M]
            gaps = [min(abs(z_m) for z_m in arm.z_m) - electric.outline_r_m for arm in arms]
            if gaps and min(gaps) < electric.clearance_m:
                yield Refusal(
                    "electric_clearance", feature.at_m, min(gaps), electric.clearance_m,
                    f"energised: {min(gaps):.2f} m from the robot to the crossarm of {feature.pole}, "
                    f"{electric.clearance_m:.2f} m are needed: work on a dead line",
                )  # fmt: skip

    def _weather(self, weather: Weather) -> Iterator[Refusal]:
        limits = self.job.profile.limits
        if weather.wind_mps > limits.wind_max_mps:
            yield Refusal(
                "wind", None, weather.wind_mps, limits.wind_max_mps,
                f"wind of {weather.wind_mps:g} m/s, work ends at {limits.wind_max_mps:g} m/s: wait",
            )  # fmt: skip
        if weather.humidity_pct > limits.humidity_max_pct:
            yield Refusal(
                "humidity", None, weather.humidity_pct, limits.humidity_max_pct,
                f"humidity of {weather.humidity_pct:g} %, work ends at {limits.humidity_max_pct:g} %: wait",
            )  # fmt: skip

    def _coating_robot(self) -> Iterator[Refusal]:
        line, profile = self.job.line, self.job.profile
        needed_mm2 = 95.0 if line.conductor.key.startswith("LJ-") else 75.0
        area_mm2 = line.conductor.area_m2 * 1e6
        if area_mm2 < needed_mm2:
            yield Refusal(
                "coating-robot: conductor", None, area_mm2, needed_mm2,
                f"{line.conductor.key} has {area_mm2:.0f} mm2, the rule set asks for {needed_mm2:g}",
            )  # fmt: skip
        needed_m = profile.limits.half_width_m + AIR_GAP_M
        if line.phase_spacing_m < needed_m:
            yield Refusal(
                "coating-robot: spacing", None, line.phase_spacing_m, needed_m,
                f"conductors are {line.phase_spacing_m:.2f} m apart, the rule set asks for {needed_m:.2f} m",
            )  # fmt: skip
        for feature in line.features:
            if feature.pole and feature.kind.startswith("pin-"):
                yield Refusal(
                    "coating-robot: pin insulator", feature.at_m, feature.kind, "no pin insulators",
                    f"pole {feature.pole} has a pin insulator, which the rule set forbids",
                )  # fmt: skip


def steepest_rad(profile: Profile, mass_kg: float, friction: float, clamped: int, pinch_n: float) -> float:
    """The slope at which grip, with reserve, just carries weight and rolling resistance.

    A pinch presses wheel and roller; only the wheel drives, both resist rolling.
    """
    weight_n = mass_kg * GRAVITY_MPS2
    low, high = 0.0, math.radians(60.0)
    for _ in range(40):
        slope = (low + high) / 2
        across_n = weight_n * math.cos(slope)
        rolling_n = profile.carriages.rolling * (across_n + 2 * clamped * pinch_n)
        needed_n = GRIP_RESERVE * (weight_n * math.sin(slope) + rolling_n)
        if friction * (across_n + clamped * pinch_n) >= needed_n:
            low = slope
        else:
            high = slope
    return low
