"""Plans a crossing: features in, the cheapest safe sequence of steps or the reason why there is none out.

A stance is allowed at a chainage when no part of the robot is nearer to a feature than the margins, and when
it keeps the rules of `stance`. `search` finds the way; here the answer is put together.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise

from robot.crossing import envelope
from robot.crossing.bend import ends_of
from robot.crossing.reasons import SUPPORT_TEXT, beyond_limits, blocked, never_crossable
from robot.crossing.scene import Free, is_pole
from robot.crossing.search import STATES, Node, Search
from robot.crossing.stance import (
    HOME,
    Blocked,
    Context,
    CrossingPlan,
    Expect,
    Stance,
    Step,
    StepKind,
    gust_mps,
)
from robot.line.features import Feature
from robot.messages import CarriageState
from robot.profile import Profile

REGROUP_M = 0.5  # features whose crossings leave less than this between them are crossed as one

EXPECTS: dict[StepKind, tuple[Expect, ...]] = {
    StepKind.ADVANCE: (Expect.TRAVEL, Expect.NO_CONTACT, Expect.SEEN),
    StepKind.CLAMP: (Expect.GRIP, Expect.PINCH, Expect.LOADED),
    StepKind.OPEN: (Expect.OTHERS_LOADED, Expect.GRIP),
    StepKind.LIFT: (Expect.OTHERS_LOADED, Expect.GRIP),
    StepKind.LOWER: (Expect.GRIP, Expect.NO_CONTACT),
    StepKind.PARK_ROTOR: (Expect.ROTOR, Expect.NO_CONTACT),
    StepKind.RELEASE_ROTOR: (Expect.ROTOR,),
    StepKind.GUIDE_RETRACT: (Expect.GUIDE,),
    StepKind.GUIDE_OUT: (Expect.GUIDE, Expect.NO_CONTACT),
}


def plan_crossing(
    profile: Profile,
    features: Sequence[Feature],
    conductor_diameter_m: float,
    cable_diameter_m: float,
    context: Context = Context(),  # noqa: B008 - frozen
) -> CrossingPlan | Blocked:
    """The cheapest safe sequence over features within reach of each other, or why there is none.

    Args:
        features: one or more, in any order.
        conductor_diameter_m: of the bare conductor; what a sleeve is thicker is a bump.
        cable_diameter_m: of the cable that is being wrapped; the guide holds it down, nothing else meets it.
        context: slope, kink, uncertainties, coil, grip; chainage and stance to start from.

    Returns:
        A plan from `context.start` to all clamped, rotor geared, guide out and all clear, or what blocks it.

    Raises:
        ValueError: no feature, or a start with the rotor geared and the guide retracted.
    """
    if not features:
        raise ValueError("plan_crossing needs at least one feature")
    if context.start.rotor_rad is None and not context.start.guide_out:
        raise ValueError(
            "a crossing cannot start with the rotor geared and the guide retracted: park the rotor"
        )
    group = tuple(sorted(features, key=lambda f: f.at_m))
    origin = group[0].at_m
    start_m = None if context.start_m is None else round(context.start_m - origin, 6)
    here = dataclasses.replace(context, start_m=start_m)
    relative = tuple(
        dataclasses.replace(f, at_m=round(f.at_m - origin, 6), pole="pole" if is_pole(f) else "", sigma_m=0.0)
        for f in group
    )
    return _moved(_answer(profile, relative, conductor_diameter_m, here), group, relative, origin)


def group_features(
    features: Sequence[Feature], profile: Profile, gap_m: float = REGROUP_M
) -> list[tuple[Feature, ...]]:
    """Features that must be crossed together: the robot is not yet clear of one when it meets the next."""
    front = profile.carriages.s_m[0] + profile.carriages.half_length_m
    reach = front - _rear_m(profile) + gap_m
    groups: list[list[Feature]] = []
    end = -math.inf
    for feature in sorted(features, key=lambda f: f.at_m):
        low, high = envelope.stretch(feature.shapes)
        if feature.at_m + low - end > reach:
            groups.append([])
        groups[-1].append(feature)
        end = max(end, feature.at_m + high)
    return [tuple(g) for g in groups]


def _rear_m(profile: Profile) -> float:
    """Rearmost part of the robot, from the middle carriage."""
    return min(profile.guide.s_m[0], profile.rotor.s_m - profile.rotor.width_m / 2)


# ---------------------------------------------------------------- places

_PLACE = re.compile(r"\{([-+.0-9e]+)\}")


def _moved(
    answer: CrossingPlan | Blocked, group: tuple[Feature, ...], relative: tuple[Feature, ...], by_m: float
) -> CrossingPlan | Blocked:
    """An answer for places relative to the first feature, at its chainage."""
    if isinstance(answer, Blocked):
        kept = tuple(f for f, r in zip(group, relative, strict=True) if r in answer.features)
        reason = _PLACE.sub(lambda found: f"{float(found[1]) + by_m:.2f} m", answer.reason)
        return dataclasses.replace(answer, features=kept, at_m=answer.at_m + by_m, reason=reason)
    return dataclasses.replace(
        answer,
        features=group,
        from_m=answer.from_m + by_m,
        to_m=answer.to_m + by_m,
        steps=tuple(step_moved(s, by_m) for s in answer.steps),
        unwrapped=tuple((a + by_m, b + by_m) for a, b in answer.unwrapped),
    )


def step_moved(step: Step, by_m: float) -> Step:
    """The same step somewhere else along the conductor."""
    low_m, high_m = step.free_m
    return dataclasses.replace(step, s_m=step.s_m + by_m, free_m=(low_m + by_m, high_m + by_m))


# ---------------------------------------------------------------- answers


@lru_cache(maxsize=512)
def _answer(
    profile: Profile, features: tuple[Feature, ...], diameter_m: float, context: Context
) -> CrossingPlan | Blocked:
    """Identical situations are planned once. Where the whole margin leaves no way, one without that for the
    uncertainty of position does."""
    refused = beyond_limits(profile, features, diameter_m, context) or never_crossable(features)
    if refused is None:
        tight = dataclasses.replace(context, sigmas=0.0)
        for margins in dict.fromkeys((context, tight)):
            answer = _solve(profile, features, diameter_m, margins)
            if isinstance(answer, CrossingPlan):
                return answer
        refused = _smallest_blocked(profile, features, diameter_m, tight)
    clear_to_m = Search(profile, features, diameter_m, context).begin_m
    return dataclasses.replace(refused, at_m=min(refused.at_m, clear_to_m))


def _smallest_blocked(
    profile: Profile, features: tuple[Feature, ...], diameter_m: float, context: Context
) -> Blocked:
    """The answer for the smallest set that already blocks; what is beside the robot's way has no part in it."""
    scene = Search(profile, features, diameter_m, context)
    in_the_way = [f for f in features if scene.forbids_anything(f)] or features
    sets = (some for n in range(1, len(in_the_way) + 1) for some in combinations(in_the_way, n))
    answers = (_solve(profile, some, diameter_m, context) for some in sets)
    return next(a for a in answers if isinstance(a, Blocked))


def _solve(
    profile: Profile, features: tuple[Feature, ...], diameter_m: float, context: Context
) -> CrossingPlan | Blocked:
    search = Search(profile, features, diameter_m, context)
    if not search.places:
        return _drive_through(search)
    start = context.start.carriages
    if start not in search.triples:
        rule, text = search.faults.get(start) or ("support", SUPPORT_TEXT)
        at = search.places[0]
        return Blocked(features, at, rule, "carriages", f"{text}: as the robot stands at {{{at:.6f}}}")
    path = search.shortest()
    return blocked(search) if path is None else _plan(search, path)


def _drive_through(search: Search) -> CrossingPlan:
    """Nothing has to change; only the speed is limited while the robot passes."""
    begin = search.begin_m
    end = max(f.at_m + envelope.stretch(f.shapes)[1] for f in search.features) - _rear_m(search.profile)
    clearance_m, nearest = _nearest(search, begin, end, HOME, HOME)
    return CrossingPlan(
        features=search.features,
        from_m=begin,
        to_m=end,
        speed_mps=search.speed_mps,
        steps=(),
        duration_s=(end - begin) / search.speed_mps,
        clearance_m=clearance_m,
        nearest=nearest,
        margin_m=search.context.margin_m,
        gust_mps=gust_mps(search.profile, search.context.roll_rad),
        unwrapped=(),
        no_return=0,
    )


def _plan(search: Search, path: list[Node]) -> CrossingPlan:
    steps: list[Step] = []
    begin = at = stable = search.places[0]
    for before, after in pairwise(path):
        advances = after[0] != before[0]
        if advances and not steps and search.context.start_m is None:
            begin = at = stable = search.places[after[0]]
            continue
        if advances and steps and steps[-1].kind is StepKind.ADVANCE:
            steps.pop()  # one drive over several places
        elif not advances:
            at = search.places[after[0]]
        steps.append(_step(search, at, before, after, stable))
        if steps[-1].stance.carriages == HOME.carriages:
            stable = steps[-1].s_m
    while steps and steps[-1].kind is StepKind.ADVANCE:
        steps.pop()
    tightest = min(steps, key=lambda s: s.clearance_m, default=None)
    return CrossingPlan(
        features=search.features,
        from_m=begin,
        to_m=steps[-1].s_m if steps else begin,
        speed_mps=search.speed_mps,
        steps=tuple(steps),
        duration_s=sum(s.duration_s for s in steps),
        clearance_m=tightest.clearance_m if tightest else math.inf,
        nearest=tightest.nearest if tightest else "",
        margin_m=search.context.margin_m,
        gust_mps=gust_mps(search.profile, search.context.roll_rad),
        unwrapped=_unwrapped(search, steps),
        no_return=next((i for i, s in enumerate(steps) if not s.reversible), len(steps)),
    )


def _step(search: Search, from_m: float, before: Node, after: Node, stable_m: float) -> Step:
    """The step between two nodes; `stable_m` is where the robot last stood all clamped."""
    s, was, stance = search.places[after[0]], search.stance(before), search.stance(after)
    kind, carriage = (StepKind.ADVANCE, None) if after[0] != before[0] else _kind(was, stance)
    if kind is StepKind.ADVANCE:
        seconds = (s - from_m) / search.speed_mps
    elif carriage is not None:
        seconds = search.change_s(was.carriages[carriage], stance.carriages[carriage])
    else:
        seconds = next(t for turned, t in search.turns(before[2], s) if turned == after[2])
    clearance_m, nearest = _nearest(search, from_m, s, was, stance)
    return Step(
        kind=kind,
        s_m=s,
        carriage=carriage,
        rotor_rad=stance.rotor_rad,
        stance=stance,
        expects=tuple(e.value for e in EXPECTS[kind]),
        reversible=stance.carriages == HOME.carriages or s - stable_m <= search.context.retreat_m + 1e-9,
        duration_s=seconds,
        clearance_m=clearance_m,
        nearest=nearest,
        free_m=(from_m, s) if kind is StepKind.ADVANCE else _free_stretch(search, s, was, stance),
    )


def _kind(before: Stance, after: Stance) -> tuple[StepKind, int | None]:
    for i, (was, now) in enumerate(zip(before.carriages, after.carriages, strict=True)):
        if was is not now:
            from_lifted = StepKind.LOWER if was is CarriageState.LIFTED else StepKind.OPEN
            kinds = {CarriageState.CLAMPED: StepKind.CLAMP, CarriageState.LIFTED: StepKind.LIFT}
            return kinds.get(now, from_lifted), i
    if before.guide_out != after.guide_out:
        return (StepKind.GUIDE_OUT if after.guide_out else StepKind.GUIDE_RETRACT), None
    return (StepKind.RELEASE_ROTOR if after.rotor_rad is None else StepKind.PARK_ROTOR), None


def _occupied(search: Search, before: Stance, after: Stance, s_m: float) -> list[Free]:
    """Where each part is free: in both stances, and on the way from one to the other."""
    free = search.swept(before, after, s_m)
    for stance in (before, after):
        free.append(search.bodies[ends_of(stance.carriages)])
        free.append(search.rotor[search.rotor_index(stance)])
        free += [search.carriage[i][STATES.index(c)] for i, c in enumerate(stance.carriages)]
    for i, states in enumerate(zip(before.carriages, after.carriages, strict=True)):
        if states[0] is not states[1] and CarriageState.CLAMPED in states:
            free += [search.carriage[i][STATES.index(CarriageState.OPEN)], search.swing[i]]
    return free


def _free_stretch(search: Search, s_m: float, before: Stance, after: Stance) -> tuple[float, float]:
    """How far back and on from `s_m` the robot may stand and drive in both stances, and change between them."""
    free = _occupied(search, before, after, s_m)
    low_m = max((high for f in free for high in f.highs if high <= s_m), default=-math.inf)
    high_m = min((low for f in free for low in f.lows if low >= s_m), default=math.inf)
    return low_m, high_m


def _nearest(search: Search, from_m: float, to_m: float, before: Stance, after: Stance) -> tuple[float, str]:
    """Smallest distance of all parts, in both stances and in between, from all shapes on the way; and of which."""
    free = _occupied(search, before, after, to_m)
    found = ((m.distance_m(from_m, to_m), m) for f in free for m in f.meetings)
    distance_m, meeting = min(found, key=lambda pair: pair[0], default=(math.inf, None))
    if meeting is None or distance_m == math.inf:
        return math.inf, ""
    return distance_m, f"{meeting.part.name} - {meeting.feature.kind}"


def _unwrapped(search: Search, steps: Sequence[Step]) -> tuple[tuple[float, float], ...]:
    """Where the guide was at each park and release of the rotor."""
    guide = sum(search.profile.guide.s_m) / 2
    begin = search.places[0] if search.context.start.rotor_rad is not None else None
    found = []
    for step in steps:
        if step.rotor_rad is not None and begin is None:
            begin = step.s_m
        elif step.rotor_rad is None and begin is not None:
            found.append((begin + guide, step.s_m + guide))
            begin = None
    return tuple(found)
