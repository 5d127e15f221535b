"""The referee: judges every simulated instant by the world's truth, never by what the robot believes.

It holds the promises of design sections 5 and 9 (limits, support rule, clearances, cable) against the truth,
measures the lay as it was made, and compares the robot's belief with it. Its verdict is the run's
`summary.json` (design, section 13). It shares no code with the crossing planner.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from hil.clearance import ClearanceCheck
from hil.lay import AsLaid, Stretch, pitch_errors_pct
from hil.passages import Passage, Passages
from hil.rules import Rules
from hil.violations import Violation, Violations
from hil.world.truth import TruthState
from robot.line.features import Feature
from robot.line.line import Pole
from robot.messages import CommandFrame, Estimate, LayRecord, Mode
from robot.profile import Profile

FORMAT = "silkline.summary/1"
BEFORE_JOB = frozenset({Mode.SAFE, Mode.READY, Mode.MOUNTING})  # the crew still has the robot in its hands
BEGUN_RAD = 1.0  # turned so far, the first turn has begun; putting the guide out alone turns the lay by 0.7
TENSION_BAND = 0.20  # of the ordered tension
UNWRAPPED_MAX_M = 1.0  # a pole, or whatever else it lies over
UNRECORDED_MAX_M = 0.10  # unwrapped a pole beyond what the robot recorded
BESIDE_M = 2.0  # unwrapped cable this near to a feature was left so for its sake
REACH_M = 0.35  # from the lay point to the far side of the rotor, which is parked for what it meets
RECORD_TOLERANCE_M = 0.02  # of the places in the robot's own record


class Job(Protocol):
    """What the referee needs of a line (`robot.line.line.Line`)."""

    @property
    def name(self) -> str: ...
    @property
    def section(self) -> int | None: ...
    @property
    def length_m(self) -> float: ...
    @property
    def pitch_m(self) -> float: ...
    @property
    def hand(self) -> int: ...
    @property
    def tension_n(self) -> float: ...
    @property
    def poles(self) -> Sequence[Pole]: ...


class Referee:
    """Watches one job.

    Args:
        profile: the robot.
        line: what was ordered.
        true_features: as they really are, chainage and shapes.
        conductor_diameter_m, cable_diameter_m: the true ones.
    """

    def __init__(
        self,
        profile: Profile,
        line: Job,
        true_features: Sequence[Feature],
        conductor_diameter_m: float,
        cable_diameter_m: float,
    ) -> None:
        self._profile, self._line = profile, line
        self.violations = Violations()
        self.laid = AsLaid(line.pitch_m, line.hand, (conductor_diameter_m + cable_diameter_m) / 2)
        self._rules = Rules(profile, line.length_m, line.tension_n, self.violations)
        turns_deg = {pole.id: pole.angle_deg for pole in line.poles}
        self._clearances = ClearanceCheck(profile, true_features, conductor_diameter_m, turns_deg)
        self._passages = Passages(true_features)
        self._guide_s_m = sum(profile.guide.s_m) / 2
        self._records: list[LayRecord] = []
        self._working = False
        self._first: TruthState | None = None
        self._last: TruthState | None = None
        self._first_s = self._last_s = math.nan
        self._passed_at_start = 0
        self._coil_max_kg = 0.0
        self._tension_n = array("d")  # since the first turn began
        self._tension_count = 0  # up to the last turn
        self._position_m, self._chainage_m = array("d"), array("d")
        self._within_3sigma = 0
        self._roll_rad, self._roll_crossing_rad = array("d"), 0.0

    # ------------------------------------------------------------ every tick

    def observe(self, truth: TruthState, command: CommandFrame, t_s: float) -> None:
        """One instant of the job: the world's truth and what the robot answered in the same tick."""
        if self._first is None:
            self._first, self._first_s = truth, t_s
            self._passed_at_start = self._passages.passed(truth.s_m)
        self._last, self._last_s = truth, t_s
        self._coil_max_kg = max(self._coil_max_kg, truth.coil_kg)
        self._records.extend(command.records)
        if not self._working:
            self._working = command.mode not in BEFORE_JOB
            if not self._working:
                return
        if not self._rules.observe(truth, command.mode, t_s):
            return
        estimate = command.estimate
        clearance_m = self._observe_clearance(truth, t_s)
        self._observe_lay(truth, estimate, t_s)
        self._observe_belief(truth, estimate)
        self._passages.observe(t_s, truth.s_m, command.mode, command.reason, estimate, clearance_m)
        roll_rad = abs(truth.roll_rad)
        self._roll_rad.append(roll_rad)
        if command.mode is Mode.CROSSING and roll_rad > self._roll_crossing_rad:
            self._roll_crossing_rad = roll_rad

    def _observe_clearance(self, truth: TruthState, t_s: float) -> float:
        clearance = self._clearances.check(truth)
        for overlap in clearance.overlaps:
            self.violations.report(
                t_s,
                "overlap",
                part=overlap.part,
                feature=overlap.feature.kind,
                at_m=overlap.feature.at_m,
                value=-overlap.depth_m,
                limit=0.0,
            )
        for contact in truth.contacts:
            self.violations.report(
                t_s,
                "contact",
                part=contact.part,
                feature=contact.feature,
                at_m=truth.s_m,
                value=-contact.depth_m,
                limit=0.0,
            )
        return clearance.distance_m

    def _observe_lay(self, truth: TruthState, estimate: Estimate, t_s: float) -> None:
        laid = self.laid
        drift_m = estimate.chainage_m - truth.s_m
        further = laid.observe(truth.lay_s_m, truth.lay_theta_rad, truth.lay_s_m + drift_m)
        if laid.furthest_rad < BEGUN_RAD:
            return
        self._tension_n.append(truth.tension_n)
        if further:
            self._tension_count = len(self._tension_n)
        self._rules.observe_cable(truth, laid.end_m, t_s)

    def _observe_belief(self, truth: TruthState, estimate: Estimate) -> None:
        error_m = abs(estimate.chainage_m - truth.s_m)
        self._chainage_m.append(error_m)
        if error_m <= 3.0 * estimate.chainage_sigma_m:
            self._within_3sigma += 1
        passages = self._passages
        passed = passages.passed(truth.s_m)
        if passed <= self._passed_at_start:
            return
        since_m = estimate.since_feature_m
        if math.isnan(since_m):  # it has passed a feature and does not know
            since_m = 0.0
        feature = passages.nearest(truth.s_m - since_m)
        if feature is not None:
            self._position_m.append(abs(since_m - (truth.s_m - feature.at_m)))

    # ------------------------------------------------------------ the end

    def verdict(
        self,
        outcome: str,
        reason: str = "",
        *,
        seed: int = 0,
        interventions: int = 0,
        wall_time_s: float = 0.0,
        bytes_sent: int = 0,
        bytes_received: int = 0,
        frames_bad: int = 0,
    ) -> dict[str, Any]:
        """All of `summary.json`, free of NaN: what could not be measured is None.

        Args:
            outcome: completed, refused, stopped.
            reason: event id with its text.
            seed and the rest: what the run knows and the world does not.
        """
        sim_time_s = self._last_s - self._first_s if self._first is not None else 0.0
        unwrapped = self._judge_unwrapped()
        report = {
            "format": FORMAT,
            "outcome": outcome,
            "reason": reason,
            "line": self._line.name,
            "section": self._line.section,
            "seed": seed,
            "length_m": self._line.length_m,
            **self._travel_figures(),
            **self._lay_figures(unwrapped),
            **self._belief_figures(),
            "roll_deg": _spread(np.degrees(self._roll_rad), p95=95, max=100),
            "roll_crossing_deg": {"max": math.degrees(self._roll_crossing_rad)},
            "crossings": [_crossing(p) for p in self._passages.closed()],
            "interventions": interventions,
            "violations": [asdict(v) for v in sorted(self.violations.entries, key=lambda v: v.t_s)],
            "peak_mass_kg": self._profile.mass_kg(self._coil_max_kg),
            "sim_time_s": sim_time_s,
            "wall_time_s": wall_time_s,
            "realtime_factor": sim_time_s / wall_time_s if wall_time_s > 0.0 else None,
            "bytes_sent": bytes_sent,
            "bytes_received": bytes_received,
            "frames_bad": frames_bad,
        }
        return {key: _clean(value) for key, value in report.items()}

    def _travel_figures(self) -> dict[str, Any]:
        if self._first is None or self._last is None:
            return {"travelled_m": 0.0, "cable_used_m": 0.0, "energy_wh": 0.0}
        return {
            "travelled_m": self._last.s_m - self._first.s_m,
            "cable_used_m": self._last.paid_out_m - self._first.paid_out_m,
            "energy_wh": self._last.energy_wh - self._first.energy_wh,
        }

    def _lay_figures(self, unwrapped: Sequence[Stretch]) -> dict[str, Any]:
        laid, order_n = self.laid, self._line.tension_n
        unwrapped_m = sum(u.length_m for u in unwrapped)
        turns = laid.turns()
        errors = pitch_errors_pct(turns, laid.pitch_m, [_grown(s) for s in self._logged("unwrapped")])
        tension = np.array(self._tension_n[: self._tension_count])
        in_band = np.abs(tension - order_n) <= TENSION_BAND * order_n
        return {
            "wrapped_m": laid.end_m - laid.start_m - unwrapped_m if len(laid) else 0.0,
            "unwrapped_m": unwrapped_m,
            "turns": len(turns),
            "cable_ideal_m": laid.cable_m(),
            "pitch_error_pct": _spread(errors, p50=50, p95=95, max=100),
            "tension_n": {"setpoint": order_n, **_spread(tension, p05=5, p95=95, max=100)},
            "tension_in_band_pct": 100.0 * float(in_band.mean()) if tension.size else None,
        }

    def _belief_figures(self) -> dict[str, Any]:
        count = len(self._chainage_m)
        return {
            "position_error_m": _spread(self._position_m, p95=95, max=100),
            "approach_error_m": _spread(self._passages.approach_errors_m, p95=95, max=100),
            "chainage_error_m": _spread(self._chainage_m, p95=95, max=100),
            "chainage_in_3sigma_pct": 100.0 * self._within_3sigma / count if count else None,
        }

    def _logged(self, kind: str) -> list[Stretch]:
        """What the robot has recorded of a kind, at its true place."""
        if not len(self.laid):
            return []
        return [self.laid.true_stretch(r.from_m, r.to_m) for r in self._records if r.kind == kind]

    def _judge_unwrapped(self) -> list[Stretch]:
        """Unwrapped stretches; too much at one feature, or more than was recorded, breaks a promise."""
        unwrapped = self.laid.unwrapped()
        logged_m = self._per_feature(self._logged("unwrapped"))
        true_m = self._per_feature(unwrapped)
        for feature_at_m, (feature, length_m) in true_m.items():
            recorded_m = logged_m.get(feature_at_m, (feature, 0.0))[1]
            self._at_most("unwrapped", feature, length_m, UNWRAPPED_MAX_M)
            self._at_most("unrecorded", feature, length_m, recorded_m + UNRECORDED_MAX_M)
        for feature, length_m in logged_m.values():
            self._at_most("unwrapped", feature, length_m, UNWRAPPED_MAX_M, part="record")
        return unwrapped

    def _at_most(self, rule: str, feature: Feature, value: float, limit: float, part: str = "cable") -> None:
        """Judge a sum of the whole job; every feature is an entry of its own."""
        if value > limit:
            entry = Violation(self._last_s, rule, part, feature.kind, feature.at_m, value, limit)
            self.violations.entries.append(entry)

    def _per_feature(self, stretches: Iterable[Stretch]) -> dict[float, tuple[Feature, float]]:
        """Length of the stretches beside each true feature, by its chainage; those that one stretch lies over
        share it."""
        sums: dict[float, tuple[Feature, float]] = {}
        for stretch in stretches:
            under = self._passages.under(stretch.from_m - REACH_M, stretch.to_m + REACH_M)
            for feature in under or self._beside(stretch):
                so_far_m = sums.get(feature.at_m, (feature, 0.0))[1]
                sums[feature.at_m] = (feature, so_far_m + stretch.length_m / max(len(under), 1))
        return sums

    def _beside(self, stretch: Stretch) -> list[Feature]:
        feature = self._passages.nearest(stretch.middle_m)
        near = feature is not None and abs(feature.at_m - stretch.middle_m) < BESIDE_M
        return [feature] if feature is not None and near else []


# ---------------------------------------------------------------- figures


def _grown(stretch: Stretch) -> Stretch:
    return Stretch(stretch.from_m - RECORD_TOLERANCE_M, stretch.to_m + RECORD_TOLERANCE_M)


def _spread(values: Sequence[float] | np.ndarray, **percentiles: float) -> dict[str, float | None]:
    """Percentiles by name; None where there is nothing to measure."""
    data = np.asarray(values, dtype=np.float64)
    return {name: float(np.percentile(data, p)) if data.size else None for name, p in percentiles.items()}


def _crossing(passage: Passage) -> dict[str, Any]:
    clearance_m = passage.clearance_m
    return {
        "at_m": passage.target.at_m,
        "features": [f.kind for f in passage.features],
        "duration_s": passage.end_s - passage.begin_s,
        "outcome": passage.outcome,
        "retries": passage.retries,
        "min_clearance_mm": clearance_m * 1000.0 if math.isfinite(clearance_m) else None,
    }


def _clean(value: Any) -> Any:
    """Numbers rounded to a millionth, what is not a number as None."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(v) for v in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
