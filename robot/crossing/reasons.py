"""Why a crossing is not possible: the part, what it meets and where, or the rule that stands in the way.

`{place}` in a text is a place relative to the group's first feature; the planner makes it a chainage.
"""

from __future__ import annotations

import math
from itertools import pairwise, product

from robot.crossing.scene import Free
from robot.crossing.search import STATES, Search, either_way_fault
from robot.crossing.stance import CARRIAGES, HOME, Blocked, Context, supports
from robot.line.features import Feature
from robot.messages import CarriageState
from robot.profile import Profile

SUPPORT_TEXT = "support rule: two carriages on the conductor, one of them clamped and loaded"


def beyond_limits(
    profile: Profile, features: tuple[Feature, ...], diameter_m: float, context: Context
) -> Blocked | None:
    """What no stance can mend: conductor, kink, slope."""
    limits, at = profile.limits, features[0].at_m
    low, high = limits.conductor_diameter_m
    if not low <= diameter_m <= high:
        text = f"carriages meet a conductor of {diameter_m * 1e3:.1f} mm at {{{at}}}: they take "
        return Blocked(
            features, at, "conductor", "carriages", f"{text}{low * 1e3:.0f} to {high * 1e3:.0f} mm"
        )
    poles = tuple(f for f in features if f.pole)
    kinks = (
        ("", context.kink_rad, limits.kink_vertical_max_deg),
        (" in plan", context.angle_rad, limits.kink_plan_max_deg),
    )
    for what, value_rad, limit_deg in kinks:
        value_deg = abs(math.degrees(value_rad))
        if poles and value_deg > limit_deg + 1e-9:
            text = f"body meets a kink of {value_deg:.1f} degrees{what} at {{{poles[0].at_m}}}, "
            return Blocked(poles, poles[0].at_m, "kink", "body", f"{text}at most {limit_deg:.0f}")
    fault = either_way_fault(profile, HOME.carriages, context)
    if fault is not None:
        return Blocked(
            features, at, fault[0], "carriages", f"{fault[1]}, with all carriages clamped, at {{{at}}}"
        )
    return None


def never_crossable(features: tuple[Feature, ...]) -> Blocked | None:
    """The first feature that the catalogue closes."""
    for feature in features:
        if not feature.crossable:
            text = f"front wheel meets {feature.kind} at {{{feature.at_m}}}, which is never crossable"
            return Blocked((feature,), feature.at_m, "feature", "front wheel", text)
    return None


def blocked(search: Search) -> Blocked:
    """A part without any free state on the way, or else the rule that forbids the free ones."""
    components: list[tuple[str, list[Free]]] = [("body", search.bodies)]
    components += [(f"{name} carriage", search.carriage[i]) for i, name in enumerate(CARRIAGES)]
    components += [("rotor", search.rotor)]
    for first, last in pairwise(search.places):
        for name, states in components:
            if not any(f.at((first + last) / 2) for f in states):
                meeting = states[0 if name == "body" else -1].blocker(
                    (first + last) / 2
                )  # or lifted, or parked, guide in
                whatever = f", whatever the {name} does" if name != "body" else ""
                text = f"{meeting.text()}{whatever} (middle carriage at {{{first:.6f}}})"
                return Blocked(search.features, first, "overlap", meeting.part.name, text)
    return _blocked_by_rule(search)


def _blocked_by_rule(search: Search) -> Blocked:
    """Every part has a state that passes, but no stance of them all does, or none can be reached."""
    place = min(search.farthest, max(len(search.places) - 2, 0))
    first = search.places[place]
    s = (first + search.places[min(place + 1, len(search.places) - 1)]) / 2
    allowed = [
        [state for state, f in zip(STATES, states, strict=True) if f.at(s)] for states in search.carriage
    ]
    needs, part = [], "carriages"
    if not search.bodies[0].at(s):
        meeting = search.bodies[0].blocker(s)
        needs.append(f"front or rear must be lifted: {meeting.text()}")
        part = meeting.part.name
    for i, name in enumerate(CARRIAGES):
        if CarriageState.CLAMPED not in allowed[i]:
            meeting = search.carriage[i][0].blocker(s)
            needs.append(f"{name} must be {' or '.join(a.value for a in allowed[i])}: {meeting.text()}")
            part = meeting.part.name if len(needs) == 1 else part
    stances = [(a, b, c) for a, b, c in product(*allowed) if supports((a, b, c))]
    faults = [search.faults[t] for t in stances]
    rule, text = "support", SUPPORT_TEXT
    if stances and all(faults):
        rule, text = faults[0] or (rule, text)
    why = (
        "; ".join(needs)
        or f"{search.features[0].kind} at {{{search.features[0].at_m}}} leaves no room to change stance"
    )
    return Blocked(
        search.features, first, rule, part, f"{text}; with the middle carriage at {{{first:.6f}}} {why}"
    )
