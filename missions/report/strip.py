"""Planned crossings as strips: the robot from the side, a row for every stop, and its cross-section beside it.

Drawn to scale from the very envelopes that the planner keeps apart; the bend of the conductor is left out.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from missions.report import svg
from missions.report.svg import AMBER, BLUE, GREY, GRID, INK, MUTED, RED, TEAL, Chart, Scale
from robot.crossing.along import Crossing
from robot.crossing.envelope import FULL_DEG, Part, body_parts, carriage_parts, rotor_parts, stretch
from robot.crossing.stance import CARRIAGES, HOME, Blocked, CrossingPlan, Stance, Step, StepKind
from robot.line.features import Box, Feature, Sleeve
from robot.messages import CarriageState
from robot.profile import Profile

STATE_COLOURS = {CarriageState.CLAMPED: INK, CarriageState.OPEN: AMBER, CarriageState.LIFTED: BLUE}
TIGHT_M, NEAR_M = 0.005, 0.015  # clearances that are drawn red and amber
_TOP, _LEFT, _RIGHT, _SECTION_X = 66.0, 140.0, 684.0, 736.0  # head; side view; middle of the cross-section
_SECTION_M, _SECTION_PX = 0.29, 44.0
_ABOVE_M, _BELOW_M = 0.29, 0.42  # of the conductor, in the side view
_LEAST_ROW_PX = 100.0
_FAINT = 0.22  # opacity of what meets nothing there
_BODY, _ROTOR, _INSULATOR, _METAL = "#a9bdd0", "#8fc3bb", "#dccbb6", "#a08c75"


@dataclass(frozen=True, slots=True)
class _Stop:
    """A place where the robot stands: what it changes there, how it stands then, the drive that follows, to where."""

    s_m: float
    changes: tuple[Step, ...]
    stance: Stance
    drive: Step | None
    to_m: float

    @property
    def tightest(self) -> Step | None:
        steps = (*self.changes, self.drive) if self.drive else self.changes
        return min(steps, key=lambda s: s.clearance_m, default=None)


def strips(crossings: Sequence[Crossing], profile: Profile, conductor_diameter_m: float) -> list[Chart]:
    """A strip for every crossing; of like ones the tightest is drawn."""
    alike: dict[object, list[Crossing]] = {}
    for crossing in crossings:
        alike.setdefault(_likeness(crossing), []).append(crossing)
    return [_strip(same, profile, conductor_diameter_m) for same in alike.values()]


def _likeness(crossing: Crossing) -> object:
    """Equal for crossings that look the same."""
    origin_m, answer = crossing.features[0].at_m, crossing.answer
    places = tuple((f.kind, round(f.at_m - origin_m, 2)) for f in crossing.features)
    if isinstance(answer, Blocked):
        return places, answer.rule, answer.part
    steps = tuple((s.kind, s.carriage, s.rotor_rad, round(s.s_m - origin_m, 2)) for s in answer.steps)
    return places, steps


def _tightest(alike: Sequence[Crossing]) -> Crossing:
    def clearance_m(crossing: Crossing) -> float:
        return crossing.answer.clearance_m if isinstance(crossing.answer, CrossingPlan) else 0.0

    return min(alike, key=clearance_m)


def _strip(alike: Sequence[Crossing], profile: Profile, diameter_m: float) -> Chart:
    crossing = _tightest(alike)
    answer = crossing.answer
    reach = profile.carriages.s_m[0] + profile.carriages.half_length_m, profile.guide.s_m[0]
    low = min(f.at_m + stretch(f.shapes)[0] for f in crossing.features)
    high = max(f.at_m + stretch(f.shapes)[1] for f in crossing.features)
    if isinstance(answer, Blocked):
        stops = [_Stop(answer.at_m, (), HOME, None, high - reach[1])]
        low, high = min(low, answer.at_m + reach[1]), max(high, answer.at_m + reach[0])
    else:
        stops = list(_stops(answer))
        low, high = min(low, answer.from_m + reach[1]), max(high, answer.to_m + reach[0])
    x = Scale(low - 0.1, high + 0.1, _LEFT, _RIGHT)
    px_per_m = (x.end - x.start) / (x.high - x.low)
    row_px = max((_ABOVE_M + _BELOW_M) * px_per_m, _LEAST_ROW_PX) + 12.0
    if isinstance(answer, Blocked):
        row_px = max(row_px, 44.0 + 14.0 * len(_reason(answer)))
    bottom = _TOP + row_px * len(stops)
    side = _Side(profile, diameter_m, x, px_per_m)
    parts = [_head(alike), _legend()]
    for feature in crossing.features:
        parts.append(svg.line(x(feature.at_m), _TOP, x(feature.at_m), bottom, GREY, 0.7, "2 4"))
    for index, stop in enumerate(stops):
        top = _TOP + row_px * index
        axis = top + 6.0 + (row_px - 12.0) * _ABOVE_M / (_ABOVE_M + _BELOW_M)
        parts.append(svg.line(svg.LEFT - 42, top, svg.RIGHT, top, GRID))
        parts += side.row(stop, crossing.features, axis, stops[index + 1].s_m if stop.drive else None)
        parts += _section(profile, diameter_m, stop, crossing.features, top + row_px / 2)
        parts += _words(stop, index, answer, top)
    for at_m in x.ticks(10):
        parts.append(svg.line(x(at_m), bottom, x(at_m), bottom + 4, GREY))
        parts.append(svg.text(x(at_m), bottom + 17, svg.number(round(at_m, 3)), "m c"))
    parts.append(svg.line(_LEFT, bottom, _RIGHT, bottom, GREY))
    parts.append(svg.text(_LEFT - 12, bottom + 17, "m", "m e"))
    return Chart(bottom + 44.0, "".join(parts))


def _stops(plan: CrossingPlan) -> Iterator[_Stop]:
    at_m, stance = plan.from_m, HOME
    changes: list[Step] = []
    for step in plan.steps:
        stance = step.stance
        if step.kind is StepKind.ADVANCE:
            yield _Stop(at_m, tuple(changes), stance, step, step.s_m)
            at_m, changes = step.s_m, []
        else:
            changes.append(step)
    yield _Stop(at_m, tuple(changes), stance, None, plan.to_m)


# ---------------------------------------------------------------- words


def _head(alike: Sequence[Crossing]) -> str:
    crossing = _tightest(alike)
    answer = crossing.answer
    names = ", ".join(f"{f.kind} at {f.at_m:.2f} m" for f in crossing.features)
    left = svg.LEFT - 42
    parts = [svg.text(left, 22.0, names, "t")]
    if isinstance(answer, Blocked):
        facts, note = "cannot be crossed; the robot stops here", "blocked"
    else:
        note = _millimetres(answer.clearance_m)
        facts = f"{answer.duration_s:.0f} s, {answer.unwrapped_m:.2f} m laid straight, " + (
            f"{answer.margin_m * 1e3:.0f} mm of margin along the conductor; "
            f"waits in gusts over {answer.gust_mps:.0f} m/s"
        )
    if len(alike) > 1:
        others = [f"{c.features[0].at_m:.0f}" for c in alike if c is not crossing]
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        facts += f"; likewise at {', '.join(others[:5])} m{more}"
    colour = RED if isinstance(answer, Blocked) else _colour(answer.clearance_m)
    parts.append(svg.text(left, 41.0, facts, "m"))
    parts.append(svg.text(svg.RIGHT, 22.0, note, "t e", colour))
    if isinstance(answer, CrossingPlan) and answer.nearest:
        parts.append(svg.text(svg.RIGHT, 41.0, answer.nearest, "m e"))
    return "".join(parts)


def _legend() -> str:
    parts, left = [], svg.LEFT - 42
    for state, colour in STATE_COLOURS.items():
        parts.append(_circle(left + 5, 55.5, 4.5, colour) + svg.text(left + 14, 60.0, state.value, "m"))
        left += 74.0
    for name, colour in (("guide out", TEAL), ("guide retracted", RED)):
        parts.append(svg.rect(left, 51.0, 5.0, 9.0, colour) + svg.text(left + 10, 60.0, name, "m"))
        left += 80.0
    parts.append(svg.text(_SECTION_X, 60.0, "looking ahead", "m c"))
    parts.append(svg.text(svg.RIGHT, 60.0, "least clearance", "m e"))
    return "".join(parts)


def _words(stop: _Stop, index: int, answer: CrossingPlan | Blocked, top: float) -> list[str]:
    """At the left what is done, at the right how near it comes."""
    left = svg.LEFT - 42
    parts = [svg.text(left, top + 20, f"{stop.s_m:.2f} m", "b")]
    if isinstance(answer, Blocked):
        lines = _reason(answer)
        return parts + [svg.text(left, top + 37 + 14 * n, words, "m", RED) for n, words in enumerate(lines)]
    words = [_action(step) for step in stop.changes]
    if not answer.steps:
        words = ["drive through", f"at {answer.speed_mps:.2f} m/s"]
    if stop.drive:
        words.append(f"advance {stop.drive.duration_s * answer.speed_mps:.2f} m")
    back = [s for s in (*stop.changes, stop.drive) if s and not s.reversible]
    if back:
        words.append("no way back")
    for n, line in enumerate(words):
        parts.append(svg.text(left, top + 37 + 14 * n, line, "m", AMBER if line == "no way back" else INK))
    tight = stop.tightest
    clearance_m, nearest = (
        (tight.clearance_m, tight.nearest) if tight else (answer.clearance_m, answer.nearest)
    )
    parts.append(svg.text(svg.RIGHT, top + 20, _millimetres(clearance_m), "b e", _colour(clearance_m)))
    lines = [nearest.split(" - ")[0], nearest.split(" - ")[-1]] if nearest else []
    parts += [svg.text(svg.RIGHT, top + 37 + 14 * n, words, "m e") for n, words in enumerate(lines)]
    return parts


def _reason(answer: Blocked) -> list[str]:
    """In lines as wide as the column at the left."""
    return textwrap.wrap(answer.reason, 22)


def _action(step: Step) -> str:
    return step.kind.value if step.carriage is None else f"{step.kind.value} {CARRIAGES[step.carriage]}"


def _millimetres(clearance_m: float) -> str:
    return f"{clearance_m * 1e3:.0f} mm" if math.isfinite(clearance_m) else "nothing near"


def _colour(clearance_m: float) -> str:
    return RED if clearance_m < TIGHT_M else AMBER if clearance_m < NEAR_M else TEAL


# ---------------------------------------------------------------- from the side


@dataclass(frozen=True, slots=True)
class _Side:
    """Draws the robot and features from the right-hand side."""

    profile: Profile
    diameter_m: float
    x: Scale
    px_per_m: float

    def row(self, stop: _Stop, features: Iterable[Feature], axis: float, next_m: float | None) -> list[str]:
        parts = [p for feature in features for p in self._feature(feature, axis)]
        parts += self._rotor(stop, axis)
        for part in body_parts(self.profile)[:1]:
            parts.append(self._box(part, stop.s_m, axis, _BODY, 0.75))
        parts += self._beam(stop.s_m, axis)
        thick = max(self.diameter_m * self.px_per_m, 2.0)
        parts.append(svg.line(_LEFT, axis, _RIGHT, axis, INK, round(thick, 1)))
        moved = {step.carriage for step in stop.changes}
        for index, state in enumerate(stop.stance.carriages):
            parts += self._carriage(index, state, stop.s_m, axis, index in moved)
        if next_m is not None:
            parts.append(self._arrow(self.x(stop.s_m), self.x(next_m), axis + _BELOW_M * self.px_per_m - 2))
        return parts

    def _feature(self, feature: Feature, axis: float) -> Iterator[str]:
        for shape in sorted(feature.shapes, key=lambda s: isinstance(s, Sleeve)):
            low, high = (self.x(feature.at_m + s) for s in shape.s_m)
            if isinstance(shape, Sleeve):
                r = shape.r_m * self.px_per_m
                yield svg.rect(low, axis - r, high - low, 2 * r, RED if not feature.crossable else _METAL)
            else:
                top, bottom = (axis - z * self.px_per_m for z in shape.z_m[::-1])
                beside = not shape.x_m[0] <= 0.0 <= shape.x_m[1]
                fill = RED if not feature.crossable else _INSULATOR
                yield svg.rect(low, top, high - low, bottom - top, fill, 0.45 if beside else 1.0)

    def _rotor(self, stop: _Stop, axis: float) -> Iterator[str]:
        rotor_rad, out = stop.stance.rotor_rad, stop.stance.guide_out
        ring, cradle, trim, guide = rotor_parts(self.profile, rotor_rad, out, self.diameter_m)
        for part, opacity in ((trim, 0.35), (cradle, 0.35), (ring, 0.9)):
            yield self._box(part, stop.s_m, axis, _ROTOR, opacity)
        yield self._box(guide, stop.s_m, axis, RED if not out else TEAL, 0.8)

    def _box(self, part: Part, s_m: float, axis: float, fill: str, opacity: float) -> str:
        z = _outline(part)[:, 1]
        top, bottom = axis - float(z.max()) * self.px_per_m, axis - float(z.min()) * self.px_per_m
        left, right = (self.x(s_m + s) for s in part.s_m)
        return svg.rect(left, top, right - left, bottom - top, fill, opacity)

    def _beam(self, s_m: float, axis: float) -> Iterator[str]:
        """The body joins its pods over the top, between the carriages."""
        front, middle, rear = (self.x(s_m + s) for s in self.profile.carriages.s_m)
        top = axis - 0.21 * self.px_per_m
        yield svg.line(rear, top, front, top, _BODY, 4.0)
        for at in ((rear + middle) / 2, (middle + front) / 2):
            yield svg.line(at, top, at, axis + 0.04 * self.px_per_m, _BODY, 4.0)

    def _carriage(
        self, index: int, state: CarriageState, s_m: float, axis: float, moved: bool
    ) -> Iterator[str]:
        at, colour = self.x(s_m + self.profile.carriages.s_m[index]), STATE_COLOURS[state]
        rc, wheel = self.diameter_m / 2, self.profile.carriages.wheel_radius_m
        lift_m = min(p.r_m[0] for p in carriage_parts(self.profile, index, state))
        height = axis - (rc + wheel + lift_m) * self.px_per_m
        radius = wheel * self.px_per_m
        yield svg.line(at, height, at, axis - 0.21 * self.px_per_m, colour, 2.0)
        if moved:
            yield _circle(at, height, radius + 5.0, colour, 0.22)
        yield _circle(at, height, radius, colour)
        yield _circle(at, height, radius * 0.4, svg.PAPER)
        roller = 0.03 * self.px_per_m
        if state is CarriageState.CLAMPED:
            yield _circle(at, axis + rc * self.px_per_m + roller, roller, colour)
        else:
            yield svg.line(at - roller, axis - roller, at + roller, axis - roller, colour, 3.0)

    def _arrow(self, start: float, end: float, at: float) -> str:
        tip = f"{end:.1f},{at:.1f} {end - 6:.1f},{at - 3.5:.1f} {end - 6:.1f},{at + 3.5:.1f}"
        return (
            svg.line(start, at, max(end - 5, start), at, MUTED, 1.2)
            + f'<polygon points="{tip}" fill="{MUTED}"/>'
        )


# ---------------------------------------------------------------- the cross-section


def _section(
    profile: Profile, diameter_m: float, stop: _Stop, features: Iterable[Feature], middle: float
) -> Iterator[str]:
    """Rotor, pods and features, looking along the conductor; faint what has nothing beside it on this way."""
    scale, stance = _SECTION_PX / _SECTION_M, stop.stance
    pods = body_parts(profile)
    ring, cradle, trim, guide = rotor_parts(profile, stance.rotor_rad, stance.guide_out, diameter_m)
    features = tuple(features)
    meets_rotor, meets_pods = (any(_beside(f, p, stop) for f in features) for p in (ring, pods[0]))
    for feature in features:
        here = _beside(feature, ring, stop) or _beside(feature, pods[0], stop)
        colour = RED if not feature.crossable else _INSULATOR
        for box in (s for s in feature.shapes if isinstance(s, Box)):
            x0, x1 = (min(max(x, -_SECTION_M), _SECTION_M) for x in box.x_m)
            z0, z1 = (min(max(z, -_SECTION_M), _SECTION_M) for z in box.z_m)
            left, top = _SECTION_X + x0 * scale, middle - z1 * scale
            yield svg.rect(left, top, (x1 - x0) * scale, (z1 - z0) * scale, colour, 1.0 if here else _FAINT)
    strength = 1.0 if meets_rotor else _FAINT
    drawn = [(p, _BODY, 0.85 if meets_pods else _FAINT) for p in pods]
    drawn += [(trim, _ROTOR, 0.35 * strength), (cradle, _ROTOR, 0.55 * strength), (ring, _ROTOR, strength)]
    if stance.rotor_rad is not None:
        drawn.append((guide, TEAL if stance.guide_out else RED, strength))
    for part, fill, opacity in drawn:
        if part.theta_deg == FULL_DEG:
            yield _circle(_SECTION_X, middle, part.r_m[1] * scale, fill, 0.3 * opacity)
        else:
            places = " ".join(
                f"{_SECTION_X + x * scale:.1f},{middle - z * scale:.1f}" for x, z in _outline(part).tolist()
            )
            yield f'<polygon points="{places}" fill="{fill}" fill-opacity="{opacity:.2f}"/>'
    yield _circle(_SECTION_X, middle, max(diameter_m / 2 * scale, 2.0), INK)


def _beside(feature: Feature, part: Part, stop: _Stop) -> bool:
    """Whether a part shares chainage with a feature's boxes where the robot stands or on its way on."""
    boxes = [s for s in feature.shapes if isinstance(s, Box)]
    if not boxes:
        return False
    low, high = stretch(boxes)
    return stop.s_m + part.s_m[0] < feature.at_m + high and feature.at_m + low < stop.to_m + part.s_m[1]


def _outline(part: Part) -> svg.FloatArray:
    """Corners (n, 2) of a part's cross-section, x right and z up."""
    first, last = (math.radians(t) for t in part.theta_deg)
    theta = np.linspace(first, last, max(3, math.ceil((last - first) / math.radians(6.0))))
    arc = np.column_stack((np.sin(theta), np.cos(theta)))
    return np.concatenate((part.r_m[1] * arc, part.r_m[0] * arc[::-1]))


def _circle(x: float, y: float, radius: float, fill: str, opacity: float = 1.0) -> str:
    faint = f' fill-opacity="{opacity:g}"' if opacity < 1.0 else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}"{faint}/>'
