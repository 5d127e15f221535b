"""Statements about the gate and the support rule, each a function of the module under test.

`test_gate.py` runs them on the gate itself, `test_mutation.py` on copies with one thing changed: every such
change must make one of them fail.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import safety_cases as cases
from safety_cases import (
    CLAMPED_M,
    DT_S,
    EFFORT,
    HOLD,
    LIFTED_M,
    OPEN_M,
    POSITION,
    T_NS,
    VELOCITY,
    frame,
    wish,
)

from robot.messages import GRIP, TRACTION, Axis, Mode, SensorFrame, Setpoints
from robot.safety import support as real_support

NAN, INF = math.nan, math.inf
RADIUS_M = 0.05
SWAY_MPS = 0.03
FRONT, MIDDLE, REAR = 0, 1, 2
EXACT = 1e-12

# What each mode allows, written down a second time: travel, grip, rotor, cable, places.
EXPECTED = {
    Mode.SAFE: ("", "", "", "", False),
    Mode.READY: ("ramp", "", "ramp", "e", False),
    Mode.MANUAL: ("both", "any", "any", "ev", True),
    Mode.MOUNTING: ("ramp", "close", "any", "ev", True),
    Mode.TRAVEL: ("both", "close", "any", "ev", True),
    Mode.WRAP: ("forward", "close", "any", "ev", True),
    Mode.CROSSING: ("both", "any", "any", "ev", True),
    Mode.HOLD: ("ramp", "close", "ramp", "e", False),
    Mode.RETREAT: ("both", "any", "any", "ev", True),
    Mode.STOPPED: ("ramp", "", "ramp", "e", False),
}
TOP_MPS = {Mode.MANUAL: 0.10, Mode.TRAVEL: 0.60, Mode.WRAP: 0.60, Mode.CROSSING: 0.15, Mode.RETREAT: 0.15}


def bounds(gate: ModuleType) -> Any:
    return gate.Bounds.of(cases.PROFILE, cases.PARAMETERS)


def check(gate: ModuleType, mode: Mode, wished: Setpoints, last: Setpoints | None = None, **more: Any) -> Any:
    measured = more.pop("frame", None) or frame()
    return gate.check(mode, wished, last, measured, bounds(gate), more.pop("dt_s", DT_S), **more)


def row(gated: Any, axis: Axis) -> tuple[float, ...]:
    """Mode, target, feed-forward and limit that leave for an axis."""
    s = gated.setpoints
    return s.mode[axis], s.target[axis], s.feedforward[axis], s.limit[axis]


def is_braked(gated: Any, axis: Axis) -> bool:
    return row(gated, axis) == (HOLD, 0.0, 0.0, cases.EFFORTS[axis])


def near(a: float, b: float) -> bool:
    return math.isclose(a, b, abs_tol=EXACT)


def rolling(speed_mps: float, *axes: Axis) -> Setpoints:
    return wish(dict.fromkeys(axes or TRACTION, (VELOCITY, speed_mps / RADIUS_M)))


# ---------------------------------------------------------------- whole


def standing_passes_in_every_mode(gate: ModuleType) -> None:
    for mode in Mode:
        gated = check(gate, mode, wish())
        assert gated == gate.Gated(wish(), (), True, False)


def what_is_allowed_passes_as_the_same_object(gate: ModuleType) -> None:
    wished = cases.wrapping()
    gated = check(gate, Mode.WRAP, wished, wished)
    assert gated.setpoints is wished
    assert gated == gate.Gated(wished, (), True, False)


def closed_means_every_axis_on_its_brake(gate: ModuleType) -> None:
    assert gate.closed(bounds(gate)) == wish()


def limits_are_those_of_profile_and_parameters(gate: ModuleType) -> None:
    found = bounds(gate)
    drives = cases.PROFILE.drive
    assert near(found.velocity[Axis.TRACTION_MIDDLE], 12.0)
    assert near(found.velocity[Axis.ROTOR], 2 * math.pi)
    for axis in (*GRIP, Axis.CABLE, Axis.TRIM, Axis.GUIDE):
        assert found.velocity[axis] == drives[axis].velocity_max
    assert near(found.acceleration[Axis.TRACTION_REAR], 20.0)
    assert found.acceleration[Axis.ROTOR] == 3.0
    assert found.acceleration[Axis.CABLE] == 60.0
    assert found.acceleration[Axis.TRIM] == INF
    assert found.position[Axis.GRIP_FRONT] == (0.0, 0.12)
    assert found.position[Axis.TRIM] == (0.08, 0.24)
    assert found.position[Axis.GUIDE] == (0.012, 0.05)
    assert found.position[Axis.ROTOR] == (-INF, INF)
    assert found.effort == tuple(drive.effort_max for drive in drives)
    assert near(found.ramp_rps2, 1.0)
    assert found.wheel_radius_m == RADIUS_M
    assert found.tension_rate_nps == 500.0
    assert dict(found.speed_mps) == {mode: TOP_MPS.get(mode, 0.0) for mode in Mode}


def the_tightest_of_drive_and_robot_counts(gate: ModuleType) -> None:
    drives = [d.model_copy(update={"velocity_max": 4.0, "effort_max": 90.0}) for d in cases.PROFILE.drive]
    found = gate.Bounds.of(cases.PROFILE.model_copy(update={"drive": tuple(drives)}), cases.PARAMETERS)
    assert (found.velocity[Axis.TRACTION_FRONT], found.velocity[Axis.ROTOR]) == (4.0, 4.0)
    assert found.effort[Axis.GRIP_REAR] == 90.0
    strong = [d.model_copy(update={"velocity_max": 99.0, "effort_max": 999.0}) for d in cases.PROFILE.drive]
    found = gate.Bounds.of(cases.PROFILE.model_copy(update={"drive": tuple(strong)}), cases.PARAMETERS)
    assert near(found.velocity[Axis.TRACTION_FRONT], 12.0)
    assert near(found.velocity[Axis.ROTOR], 2 * math.pi)
    assert found.effort[Axis.GRIP_REAR] == 400.0


def old_feedback_closes_the_gate(gate: ModuleType) -> None:
    for part in ("axes", "sensors"):
        for age_ns, is_open in ((100_000_000, True), (100_000_001, False)):
            measured = frame()
            old = replace(getattr(measured, part), t_ns=T_NS - age_ns)
            gated = check(gate, Mode.WRAP, cases.wrapping(), frame=replace(measured, **{part: old}))
            assert gated.open is is_open
            if not is_open:
                assert gated == gate.Gated(wish(), ("all: feedback is too old",), False, False)


# ---------------------------------------------------------------- allow-list


def each_mode_allows_what_it_should_and_nothing_else(gate: ModuleType) -> None:
    slow, trim, guide = 0.001 / RADIUS_M, 0.15, 0.03
    for mode, (travel, grip, rotor, cable, places) in EXPECTED.items():
        moves = travel in ("both", "forward")
        for axis in TRACTION:
            _allows(gate, mode, axis, {VELOCITY: moves and slow}, slow)
        for axis in GRIP:
            _allows(gate, mode, axis, {POSITION: grip != "" and CLAMPED_M}, CLAMPED_M)
        _allows(gate, mode, Axis.ROTOR, dict.fromkeys((VELOCITY, POSITION), rotor == "any" and 0.01), 0.01)
        allowed = {EFFORT: "e" in cable and 1.0, VELOCITY: "v" in cable and 0.1}
        _allows(gate, mode, Axis.CABLE, allowed, 0.1)
        _allows(gate, mode, Axis.TRIM, {POSITION: places and trim}, trim)
        _allows(gate, mode, Axis.GUIDE, {POSITION: places and guide}, guide)


def _allows(gate: ModuleType, mode: Mode, axis: Axis, allowed: dict[int, Any], target: float) -> None:
    """`allowed`: kind of setpoint -> a target that passes, or False."""
    for kind in (VELOCITY, POSITION, EFFORT, 4, -1):
        passing = allowed.get(kind, False)
        passes = passing is not False
        wished = wish({axis: (kind, passing if passes else target)})
        gated = check(gate, mode, wished)
        if passes:
            assert gated == gate.Gated(wished, (), True, False), (mode, axis, kind)
        elif not (mode in (Mode.READY, Mode.HOLD, Mode.STOPPED, Mode.MOUNTING) and axis in TRACTION):
            assert is_braked(gated, axis), (mode, axis, kind)
            assert len(gated.denied) == 1
            assert not gated.garbage


def what_was_dropped_is_named_with_its_reason(gate: ModuleType) -> None:
    rows = [
        (Mode.SAFE, Axis.TRACTION_FRONT, (VELOCITY, 0.01), "traction_front: no travel in this mode"),
        (Mode.TRAVEL, Axis.TRACTION_REAR, (POSITION, 0.01), "traction_rear: only speed setpoints"),
        (Mode.READY, Axis.GRIP_REAR, (POSITION, 0.0), "grip_rear: no carriage changes in this mode"),
        (Mode.WRAP, Axis.GRIP_REAR, (EFFORT, 9.0), "grip_rear: only position setpoints"),
        (Mode.WRAP, Axis.GRIP_FRONT, (POSITION, 0.04), "grip_front: no release in this mode"),
        (Mode.SAFE, Axis.ROTOR, (VELOCITY, 0.01), "rotor: no turning in this mode"),
        (Mode.HOLD, Axis.ROTOR, (VELOCITY, 0.01), "rotor: no turning in this mode"),
        (Mode.WRAP, Axis.ROTOR, (EFFORT, 0.01), "rotor: only speed or position setpoints"),
        (Mode.HOLD, Axis.CABLE, (VELOCITY, 0.01), "cable: not in this mode"),
        (Mode.HOLD, Axis.TRIM, (POSITION, 0.15), "trim: not in this mode"),
        (Mode.WRAP, Axis.GUIDE, (VELOCITY, 0.01), "guide: only position setpoints"),
        (Mode.WRAP, Axis.GUIDE, (HOLD, 0.01), "guide: a brake has no target"),
        (Mode.WRAP, Axis.TRIM, (POSITION, 0.30), "trim: 0.3 clipped to 0.24"),
        (Mode.WRAP, Axis.TRIM, (POSITION, NAN), "trim: not a number"),
        (Mode.WRAP, Axis.CABLE, (EFFORT, NAN), "cable: not a number"),
        (Mode.WRAP, Axis.CABLE, (VELOCITY, NAN), "cable: not a number"),
        (Mode.WRAP, Axis.ROTOR, (POSITION, NAN), "rotor: not a number"),
    ]
    for mode, axis, given, reason in rows:
        assert check(gate, mode, wish({axis: given})).denied == (reason,)


def a_brake_has_no_target(gate: ModuleType) -> None:
    for axis in Axis:
        least, most = 0.0, cases.EFFORTS[axis]
        for given in ((0.0, 0.0, least), (0.0, 0.0, most)):
            wished = wish({axis: (HOLD, *given)})
            assert check(gate, Mode.WRAP, wished).setpoints is wished
        for given in ((0.1, 0.0, 1.0), (0.0, 0.1, 1.0), (NAN, 0.0, 1.0), (0.0, NAN, 1.0), (0.0, 0.0, NAN)):
            assert is_braked(check(gate, Mode.WRAP, wish({axis: (HOLD, *given)})), axis)
        for limit in (-0.001, most + 0.001, INF):
            assert is_braked(check(gate, Mode.WRAP, wish({axis: (HOLD, 0.0, 0.0, limit)})), axis)


# ---------------------------------------------------------------- travel


def no_mode_is_faster_than_its_speed(gate: ModuleType) -> None:
    for mode, top_mps in TOP_MPS.items():
        for axis in TRACTION:
            at_top = rolling(top_mps, axis)
            assert check(gate, mode, at_top, at_top).setpoints is at_top
            gated = check(gate, mode, rolling(top_mps + 0.001, axis), at_top)
            assert near(row(gated, axis)[1], top_mps / RADIUS_M)
            assert len(gated.denied) == 1
            back = rolling(-top_mps, axis)
            gated = check(gate, mode, rolling(-top_mps - 0.001, axis), back)
            assert row(gated, axis)[1] >= -top_mps / RADIUS_M - EXACT


def wrap_rolls_back_only_to_sway(gate: ModuleType) -> None:
    swaying = rolling(-SWAY_MPS)
    assert check(gate, Mode.WRAP, swaying, swaying).denied == ()
    gated = check(gate, Mode.WRAP, rolling(-SWAY_MPS - 0.001), swaying)
    assert all(near(target, -SWAY_MPS / RADIUS_M) for target in gated.setpoints.target[:3])
    assert len(gated.denied) == 3
    for mode in (Mode.MANUAL, Mode.TRAVEL, Mode.CROSSING, Mode.RETREAT):
        assert check(gate, mode, rolling(-SWAY_MPS - 0.001), swaying).denied == ()
    capped = check(gate, Mode.WRAP, swaying, swaying, speed_cap_mps=0.015)
    assert all(near(target, -0.02 / RADIUS_M) for target in capped.setpoints.target[:3])


def the_failsafe_caps_speed(gate: ModuleType) -> None:
    capped = rolling(0.10)
    assert check(gate, Mode.WRAP, capped, capped, speed_cap_mps=0.10).denied == ()
    gated = check(gate, Mode.WRAP, rolling(0.11), capped, speed_cap_mps=0.10)
    assert all(near(target, 2.0) for target in gated.setpoints.target[:3])
    gated = check(gate, Mode.CROSSING, rolling(0.5), rolling(0.15), speed_cap_mps=0.4)
    assert all(near(target, 3.0) for target in gated.setpoints.target[:3])


def speed_changes_no_faster_than_allowed(gate: ModuleType) -> None:
    step = 0.01  # 1 m/s2 for 10 ms
    for mode, before in itertools.product((Mode.TRAVEL, Mode.WRAP), (0.1, 0.3)):
        last = rolling(before)
        for change in (step, -step):
            assert check(gate, mode, rolling(before + change * 0.999), last).denied == ()
            gated = check(gate, mode, rolling(before + change * 2), last)
            assert all(near(t, (before + change) / RADIUS_M) for t in gated.setpoints.target[:3])
    gated = check(gate, Mode.TRAVEL, rolling(0.5), rolling(0.1), dt_s=0.02)
    assert all(near(t, 0.12 / RADIUS_M) for t in gated.setpoints.target[:3])


def a_capped_robot_slows_down_gently(gate: ModuleType) -> None:
    gated = check(gate, Mode.WRAP, rolling(0.4), rolling(0.4), speed_cap_mps=0.10)
    assert all(near(t, 0.39 / RADIUS_M) for t in gated.setpoints.target[:3])
    gated = check(gate, Mode.TRAVEL, rolling(-0.4), rolling(-0.4), speed_cap_mps=0.10)
    assert all(near(t, -0.39 / RADIUS_M) for t in gated.setpoints.target[:3])


def a_start_is_made_from_rest(gate: ModuleType) -> None:
    for last in (None, wish(), wish({Axis.TRACTION_FRONT: (EFFORT, 8.0, 8.0)})):
        gated = check(gate, Mode.TRAVEL, rolling(0.5, Axis.TRACTION_FRONT), last)
        assert near(row(gated, Axis.TRACTION_FRONT)[1], 0.01 / RADIUS_M)
    # A brake with a forgotten target in it is rest, too.
    odd = wish({Axis.TRACTION_FRONT: (HOLD, 8.0, 8.0)})
    assert near(row(check(gate, Mode.TRAVEL, rolling(0.5), odd), Axis.TRACTION_FRONT)[1], 0.01 / RADIUS_M)


def feed_forward_of_a_wheel_is_within_its_rate(gate: ModuleType) -> None:
    for given, leaves in ((20.0, 20.0), (-20.0, -20.0), (20.1, 20.0), (-20.1, -20.0)):
        gated = check(gate, Mode.TRAVEL, wish({Axis.TRACTION_FRONT: (VELOCITY, 0.1, given)}))
        assert near(row(gated, Axis.TRACTION_FRONT)[2], leaves)
        assert bool(gated.denied) is (given != leaves)


def effort_limits_are_those_of_the_drives(gate: ModuleType) -> None:
    kinds = {
        Axis.TRACTION_FRONT: (VELOCITY, 0.1),
        Axis.GRIP_FRONT: (POSITION, 0.0),
        Axis.ROTOR: (POSITION, 0.0),
        Axis.CABLE: (EFFORT, 1.0),
        Axis.TRIM: (POSITION, 0.1),
        Axis.GUIDE: (POSITION, 0.02),
    }
    for axis, (kind, target) in kinds.items():
        most = cases.EFFORTS[axis]
        for given, leaves in ((most, most), (most + 0.1, most), (0.0, 0.0), (-0.1, 0.0)):
            gated = check(gate, Mode.WRAP, wish({axis: (kind, target, 0.0, given)}))
            assert row(gated, axis) == (kind, target, 0.0, leaves), (axis, given)
            assert bool(gated.denied) is (given != leaves)


def modes_that_wait_only_come_to_rest(gate: ModuleType) -> None:
    ramp = 0.0005  # 0.05 m/s2 for 10 ms
    for mode in (Mode.READY, Mode.MOUNTING, Mode.HOLD, Mode.STOPPED):
        for sign in (1, -1):
            last = rolling(sign * 0.2)
            slower = rolling(sign * 0.195)
            assert check(gate, mode, slower, last).setpoints is slower
            least = rolling(sign * (0.2 - 1.001 * ramp))
            assert check(gate, mode, least, last).denied == ()
            for wished in (sign * 0.2, sign * 0.3):
                gated = check(gate, mode, rolling(wished), last)
                assert all(near(t, sign * (0.2 - ramp) / RADIUS_M) for t in gated.setpoints.target[:3])
            gated = check(gate, mode, rolling(-sign * 0.1), last)
            assert all(near(t, sign * 0.19 / RADIUS_M) for t in gated.setpoints.target[:3])
            gated = check(gate, mode, rolling(-sign * 0.1), rolling(sign * 0.004))
            assert gated.setpoints.target[:3] == (0.0, 0.0, 0.0)
        for last in (rolling(0.0), None):
            assert check(gate, mode, rolling(0.0), last).denied == ()
        gated = check(gate, mode, rolling(0.1), rolling(0.0))
        assert gated.setpoints.target[:3] == (0.0, 0.0, 0.0)
        gated = check(gate, mode, rolling(0.1))
        assert gated.setpoints.target[:3] == (0.0, 0.0, 0.0)
        gated = check(gate, mode, rolling(-0.1))
        assert gated.setpoints.target[:3] == (0.0, 0.0, 0.0)


def what_is_not_a_number_never_leaves(gate: ModuleType) -> None:
    kinds = {
        Axis.TRACTION_MIDDLE: (VELOCITY, 0.1),
        Axis.GRIP_MIDDLE: (POSITION, 0.0),
        Axis.ROTOR: (POSITION, 0.0),
        Axis.CABLE: (EFFORT, 1.0),
        Axis.TRIM: (POSITION, 0.1),
        Axis.GUIDE: (POSITION, 0.02),
    }
    for (axis, (kind, target)), bad, place in itertools.product(kinds.items(), (NAN, INF, -INF), range(3)):
        values = [target, 0.0, 1.0]
        values[place] = bad
        gated = check(gate, Mode.CROSSING, wish({axis: (kind, *values)}))
        assert gated.garbage
        assert gated.denied == (f"{axis.name.lower()}: not a number",)
        if axis is not Axis.CABLE:
            assert is_braked(gated, axis)
    gated = check(gate, Mode.CROSSING, wish({Axis.ROTOR: (VELOCITY, NAN)}))
    assert gated.garbage
    assert is_braked(gated, Axis.ROTOR)
    assert not check(gate, Mode.WRAP, rolling(9.0)).garbage


def a_dropped_motion_ramps_down(gate: ModuleType) -> None:
    for sign in (1, -1):
        gated = check(gate, Mode.TRAVEL, rolling(NAN), rolling(sign * 0.3))
        for axis in TRACTION:
            kind, target, feedforward, limit = row(gated, axis)
            assert (kind, limit) == (VELOCITY, 15.0)
            assert near(target, sign * 0.29 / RADIUS_M)
            assert near(feedforward, -sign * 20.0)
        step = bounds(gate).acceleration[Axis.TRACTION_FRONT] * DT_S
        at_last = wish({Axis.TRACTION_FRONT: (VELOCITY, sign * step)})
        assert is_braked(check(gate, Mode.TRAVEL, rolling(NAN), at_last), Axis.TRACTION_FRONT)
        last = wish({Axis.ROTOR: (POSITION, 1.0, sign * 2.0)})
        gated = check(gate, Mode.WRAP, wish({Axis.ROTOR: (POSITION, NAN)}), last)
        assert row(gated, Axis.ROTOR) == (VELOCITY, sign * 1.97, -sign * 3.0, 20.0)


def a_ramp_takes_no_limit_from_the_wish(gate: ModuleType) -> None:
    wished = wish({Axis.TRACTION_FRONT: (VELOCITY, NAN, NAN, NAN)})
    assert row(check(gate, Mode.TRAVEL, wished, rolling(0.3)), Axis.TRACTION_FRONT)[3] == 15.0


def safe_brakes_at_once(gate: ModuleType) -> None:
    gated = check(gate, Mode.SAFE, cases.wrapping(), cases.wrapping())
    assert gated.setpoints == wish()


# ---------------------------------------------------------------- support rule and carriages


def no_travel_without_measured_support(gate: ModuleType) -> None:
    bad = [
        frame(grip_m=(0.0, 0.06, 0.0)),  # between two places
        frame(grip_m=(0.0, LIFTED_M, LIFTED_M)),  # one on the conductor
        frame(grip_m=(OPEN_M, OPEN_M, OPEN_M)),  # none clamped
        frame(grip_m=(OPEN_M, 0.0, LIFTED_M)),  # the rear off without the front
        frame(grip_m=(0.0, 0.0, OPEN_M), pinch_n=(9.0, 9.0, 0.0)),
        frame(pinch_n=(NAN, 100.0, 100.0)),
        frame(load_n=(100.0, 100.0, NAN)),
    ]
    for measured in bad[:5]:
        gated = check(gate, Mode.CROSSING, rolling(0.1), rolling(0.1), frame=measured)
        assert all(near(t, 0.09 / RADIUS_M) for t in gated.setpoints.target[:3])
        reason = "the support rule is not measured to hold"
        assert gated.denied == tuple(f"{a.name.lower()}: {reason}" for a in TRACTION)
        still = check(gate, Mode.CROSSING, rolling(0.0), frame=measured)
        assert still.denied == ()
    for measured in bad[5:]:  # all closed, but not measured: two loaded ones are enough
        assert check(gate, Mode.CROSSING, rolling(0.1), rolling(0.1), frame=measured).denied == ()
    good = [
        frame(pinch_n=(0.0, 0.0, 0.0)),  # three closed hold whatever the pinch
        frame(grip_m=(0.0, 0.0, LIFTED_M)),
        frame(grip_m=(LIFTED_M, OPEN_M, 0.0)),
        frame(grip_m=(OPEN_M, LIFTED_M, 0.0)),
    ]
    for measured in good:
        assert check(gate, Mode.CROSSING, rolling(0.1), rolling(0.1), frame=measured).denied == ()


FORCES = {"carries": (100.0, 100.0), "hangs": (100.0, 0.0), "lost": (0.0, 100.0)}  # pinch, wheel load


def a_carriage_may_be_released_only_when_the_others_hold(gate: ModuleType) -> None:
    """Every measured stance, every release: the gate lets through what the rule lets, judged here again."""
    places = (CLAMPED_M, OPEN_M, LIFTED_M)
    limits = bounds(gate)
    seen = set()
    for grips in itertools.product(places, repeat=3):
        for states in itertools.product(FORCES, repeat=3):
            measured = _measured(grips, states)
            for carriage, target in itertools.product(range(3), places):
                if target <= grips[carriage]:
                    continue
                wished = RELEASES[carriage, target]
                gated = gate.check(Mode.CROSSING, wished, None, measured, limits, DT_S)
                holds = _holds_with(carriage, target, grips, states)
                seen.add(holds)
                assert (gated.denied == ()) is holds, (grips, states, carriage, target)
                if not holds:
                    reason = "the support rule would not hold without it"
                    assert gated.denied == (f"{GRIP[carriage].name.lower()}: {reason}",)
                    assert is_braked(gated, GRIP[carriage])
    assert seen == {True, False}


RELEASES = {
    (carriage, target): wish({GRIP[carriage]: (POSITION, target, 0.0, 400.0)})
    for carriage in (FRONT, MIDDLE, REAR)
    for target in (OPEN_M, LIFTED_M)
}


def _measured(grips: tuple[float, ...], states: tuple[str, ...]) -> Any:
    pinch, load = zip(*(FORCES[state] for state in states), strict=True)
    return frame(grip_m=grips, pinch_n=pinch, load_n=load)


def _holds_with(
    carriage: int | None, target: float, grips: tuple[float, ...], states: tuple[str, ...]
) -> bool:
    """The rule in its own words, with one carriage brought to a target."""
    after = [target if other == carriage else grip for other, grip in enumerate(grips)]
    clamped = [grip == CLAMPED_M and other != carriage for other, grip in enumerate(grips)]
    carries = [is_clamped and state == "carries" for is_clamped, state in zip(clamped, states, strict=True)]
    on = [grip <= 0.0425 for grip in after]
    front_grips = clamped[FRONT] and states[FRONT] != "lost"
    return sum(on) >= 2 and any(carries) and (on[REAR] or front_grips)


def one_carriage_changes_at_a_time(gate: ModuleType) -> None:
    both = wish({Axis.GRIP_FRONT: (POSITION, OPEN_M), Axis.GRIP_MIDDLE: (POSITION, OPEN_M)})
    gated = check(gate, Mode.CROSSING, both)
    assert gated.denied[0] == "grip_front: one carriage changes at a time"
    # The front's wish was dropped, so that the middle is alone.
    assert gated.setpoints.mode[3:6] == (HOLD, POSITION, HOLD)
    opening = wish({Axis.GRIP_FRONT: (POSITION, OPEN_M)})
    for grips, other in (((0.0, 0.02, 0.0), "between"), ((0.0, 0.0, 0.0437), "not quite open")):
        assert check(gate, Mode.CROSSING, opening, frame=frame(grip_m=grips)).denied, other
    closing = wish({Axis.GRIP_FRONT: (POSITION, OPEN_M), Axis.GRIP_REAR: (POSITION, CLAMPED_M, 0.0, 400.0)})
    assert len(check(gate, Mode.CROSSING, closing, frame=frame(grip_m=(0.0, 0.0, OPEN_M))).denied) == 1
    kept = wish({Axis.GRIP_FRONT: (POSITION, OPEN_M), Axis.GRIP_REAR: (POSITION, CLAMPED_M, 0.0, 400.0)})
    assert check(gate, Mode.CROSSING, kept, frame=frame(grip_m=(0.0, 0.0, 0.0025))).denied == ()
    assert check(gate, Mode.CROSSING, kept, frame=frame(grip_m=(0.0, 0.0, 0.0026))).denied != ()
    # A carriage that stands aside of its place by less than the tolerance is there, and may be asked to it.
    asked = wish({Axis.GRIP_FRONT: (POSITION, OPEN_M), Axis.GRIP_REAR: (POSITION, 0.0376, 0.0, 400.0)})
    at_edge = frame(grip_m=(0.0, 0.0, OPEN_M))
    assert check(gate, Mode.CROSSING, asked, frame=at_edge).denied == ()


def a_carriage_on_its_way_is_judged_again(gate: ModuleType) -> None:
    lifting = wish({Axis.GRIP_FRONT: (POSITION, LIFTED_M)})
    assert check(gate, Mode.CROSSING, lifting, frame=frame(grip_m=(0.08, 0.0, 0.0))).denied == ()
    lost = frame(grip_m=(0.08, 0.0, 0.0), pinch_n=(0.0, 49.9, 49.9))
    assert is_braked(check(gate, Mode.CROSSING, lifting, frame=lost), Axis.GRIP_FRONT)
    enough = frame(grip_m=(0.08, 0.0, 0.0), pinch_n=(0.0, 50.0, 0.0), load_n=(0.0, 20.0, 0.0))
    assert check(gate, Mode.CROSSING, lifting, frame=enough).denied == ()
    light = frame(grip_m=(0.08, 0.0, 0.0), load_n=(0.0, 19.9, 19.9))
    assert is_braked(check(gate, Mode.CROSSING, lifting, frame=light), Axis.GRIP_FRONT)


def only_some_modes_release(gate: ModuleType) -> None:
    for mode, (_, grip, *_) in EXPECTED.items():
        for axis in GRIP:
            gated = check(gate, mode, wish({axis: (POSITION, OPEN_M)}))
            assert (gated.denied == ()) is (grip == "any"), (mode, axis)
            # Asked to the place at which it stands, give or take.
            kept = wish({axis: (POSITION, CLAMPED_M, 0.0, 400.0)})
            assert (check(gate, mode, kept, frame=_standing(axis, -0.002)).denied == ()) is (grip != "")
            assert (check(gate, mode, kept, frame=_standing(axis, -0.0021)).denied == ()) is (grip == "any")


def _standing(axis: Axis, at_m: float) -> SensorFrame:
    """All clamped but one grip."""
    front, middle, rear = (at_m if grip is axis else CLAMPED_M for grip in GRIP)
    return frame(grip_m=(front, middle, rear))


def no_grip_is_walked_open_in_small_steps(gate: ModuleType) -> None:
    for axis, at_m in itertools.product(GRIP, (0.0, 0.0005, 0.02, 0.0385, OPEN_M, 0.08)):
        measured = replace(
            _standing(axis, at_m), sensors=replace(frame().sensors, wheel_load_n=(0.0, 0.0, 0.0))
        )
        further = check(gate, Mode.MANUAL, wish({axis: (POSITION, at_m + 1e-5, 0.0, 400.0)}), frame=measured)
        assert is_braked(further, axis), (axis, at_m)
        back = check(
            gate, Mode.MANUAL, wish({axis: (POSITION, max(at_m - 1e-5, 0.0), 0.0, 400.0)}), frame=measured
        )
        assert back.denied == (), (axis, at_m)
    for at_m, place_m, stands in ((0.0385, OPEN_M, True), (0.0375, OPEN_M, False), (0.1185, LIFTED_M, True)):
        measured = replace(
            _standing(Axis.GRIP_REAR, at_m), sensors=replace(frame().sensors, wheel_load_n=(0.0, 0.0, 0.0))
        )
        asked = wish({Axis.GRIP_REAR: (POSITION, place_m, 0.0, 400.0)})
        assert (check(gate, Mode.MANUAL, asked, frame=measured).denied == ()) is stands


def nothing_is_released_while_rolling(gate: ModuleType) -> None:
    opening = {Axis.GRIP_FRONT: (POSITION, OPEN_M)}
    for axis in TRACTION:
        gated = check(gate, Mode.CROSSING, wish({**opening, axis: (VELOCITY, 0.1)}))
        assert gated.denied == ("grip_front: no release while rolling",)
        assert check(gate, Mode.CROSSING, wish({**opening, axis: (VELOCITY, 0.0)})).denied == ()
    many = {**opening, Axis.TRACTION_FRONT: (VELOCITY, 0.1), Axis.TRACTION_REAR: (VELOCITY, 0.0)}
    assert len(check(gate, Mode.CROSSING, wish(many)).denied) == 1


def a_grip_of_unknown_place_is_left_alone(gate: ModuleType) -> None:
    for bad, target in itertools.product((NAN, INF, -INF), (CLAMPED_M, OPEN_M)):
        measured = frame(grip_m=(bad, 0.0, 0.0))
        gated = check(gate, Mode.CROSSING, wish({Axis.GRIP_FRONT: (POSITION, target)}), frame=measured)
        assert gated.denied == ("grip_front: its position is not known",)
        assert is_braked(gated, Axis.GRIP_FRONT)


def pinch_is_kept_unless_all_three_are_closed(gate: ModuleType) -> None:
    loose = wish({Axis.GRIP_FRONT: (POSITION, CLAMPED_M, 0.0, 1.0)})
    assert check(gate, Mode.CROSSING, loose).denied == ()
    gated = check(gate, Mode.CROSSING, loose, frame=frame(grip_m=(0.0, 0.0, OPEN_M)))
    assert row(gated, Axis.GRIP_FRONT) == (POSITION, CLAMPED_M, 0.0, 50.0)
    assert gated.denied == ("grip_front: pinch raised to what the support rule needs",)
    for pinch in (50.0, 51.0):
        firm = wish({Axis.GRIP_FRONT: (POSITION, CLAMPED_M, 0.0, pinch)})
        assert check(gate, Mode.CROSSING, firm, frame=frame(grip_m=(0.0, 0.0, OPEN_M))).denied == ()


def places_stay_within_their_ranges(gate: ModuleType) -> None:
    rows = [
        (Axis.TRIM, 0.08, 0.08),
        (Axis.TRIM, 0.079, 0.08),
        (Axis.TRIM, 0.24, 0.24),
        (Axis.TRIM, 0.241, 0.24),
        (Axis.GUIDE, 0.0119, 0.012),
        (Axis.GUIDE, 0.0501, 0.05),
        (Axis.GRIP_FRONT, -0.001, 0.0),
        (Axis.GRIP_FRONT, 0.121, 0.12),
    ]
    for axis, given, leaves in rows:
        gated = check(gate, Mode.CROSSING, wish({axis: (POSITION, given)}))
        assert row(gated, axis)[1] == leaves
        assert bool(gated.denied) is (given != leaves)
    for axis in (Axis.TRIM, Axis.GRIP_FRONT, Axis.GUIDE):
        most = cases.PROFILE.drive[axis].velocity_max
        place = {Axis.TRIM: 0.1, Axis.GRIP_FRONT: 0.0, Axis.GUIDE: 0.02}[axis]
        for given, leaves in ((most, most), (most + 0.01, most), (-most - 0.01, -most), (-most, -most)):
            gated = check(gate, Mode.CROSSING, wish({axis: (POSITION, place, given)}))
            assert row(gated, axis)[2] == leaves
            assert bool(gated.denied) is (given != leaves)


# ---------------------------------------------------------------- rotor and cable


def the_rotor_turns_no_further_than_it_can(gate: ModuleType) -> None:
    reach = 2 * math.pi * DT_S
    went_on = wish({Axis.ROTOR: (POSITION, 1.0)})
    braked = wish({Axis.ROTOR: (HOLD, 0.0)})
    for last, start in ((went_on, 1.0), (braked, 3.0), (None, 3.0)):
        for sign in (1, -1):
            wished = wish({Axis.ROTOR: (POSITION, start + sign * reach * 0.999)})
            assert check(gate, Mode.WRAP, wished, last, frame=frame(rotor_rad=3.0)).denied == ()
            wished = wish({Axis.ROTOR: (POSITION, start + sign * 2 * reach)})
            gated = check(gate, Mode.WRAP, wished, last, frame=frame(rotor_rad=3.0))
            assert near(row(gated, Axis.ROTOR)[1], start + sign * reach)
    top = bounds(gate).velocity[Axis.ROTOR]
    for given in (top, -top, 7.0, -7.0):
        gated = check(gate, Mode.WRAP, wish({Axis.ROTOR: (POSITION, 0.0, given)}))
        assert near(row(gated, Axis.ROTOR)[2], max(min(given, top), -top))
        assert bool(gated.denied) is (abs(given) == 7.0)


def a_rotor_of_unknown_place_is_not_turned(gate: ModuleType) -> None:
    gated = check(gate, Mode.WRAP, wish({Axis.ROTOR: (POSITION, 0.0)}), frame=frame(rotor_rad=NAN))
    assert gated.denied == ("rotor: its position is not known",)
    assert is_braked(gated, Axis.ROTOR)


def the_rotors_speed_is_limited_in_size_and_rate(gate: ModuleType) -> None:
    top = bounds(gate).velocity[Axis.ROTOR]
    for sign in (1, -1):
        last = wish({Axis.ROTOR: (VELOCITY, sign * top)})
        assert check(gate, Mode.WRAP, last, last).denied == ()
        gated = check(gate, Mode.WRAP, wish({Axis.ROTOR: (VELOCITY, sign * 9.0)}), last)
        assert near(row(gated, Axis.ROTOR)[1], sign * top)
        gated = check(gate, Mode.WRAP, wish({Axis.ROTOR: (VELOCITY, sign * 1.0)}))
        assert near(row(gated, Axis.ROTOR)[1], sign * 0.03)
        geared = wish({Axis.ROTOR: (POSITION, 5.0, sign * 2.0)})
        gated = check(gate, Mode.WRAP, wish({Axis.ROTOR: (VELOCITY, 0.0)}), geared)
        assert near(row(gated, Axis.ROTOR)[1], sign * 1.97)


def while_coming_to_rest_the_rotor_follows_the_wheels(gate: ModuleType) -> None:
    for mode in (Mode.READY, Mode.HOLD, Mode.STOPPED):
        for axis in TRACTION:
            last = wish({axis: (VELOCITY, 2.0), Axis.ROTOR: (POSITION, 0.0, 1.0)})
            both = wish({axis: (VELOCITY, 1.9), Axis.ROTOR: (POSITION, 0.02, 1.0)})
            assert check(gate, mode, both, last).denied == ()
            alone = wish({axis: (VELOCITY, 0.0), Axis.ROTOR: (POSITION, 0.02, 1.0)})
            gated = check(gate, mode, alone, wish({axis: (VELOCITY, 0.1), Axis.ROTOR: (POSITION, 0.0, 1.0)}))
            assert gated.denied == ("rotor: no turning in this mode",)
            assert row(gated, Axis.ROTOR) == (VELOCITY, 0.97, -3.0, 20.0)


def tension_changes_no_faster_than_allowed(gate: ModuleType) -> None:
    last = wish({Axis.CABLE: (EFFORT, 20.0)})
    for given, leaves in ((25.0, 25.0), (15.0, 15.0), (26.0, 25.0), (14.0, 15.0)):
        gated = check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, given)}), last)
        assert row(gated, Axis.CABLE) == (EFFORT, leaves, 0.0, 40.0)
        assert bool(gated.denied) is (given != leaves)
    fed = wish({Axis.CABLE: (VELOCITY, 1.0)})
    for before in (fed, None):
        assert row(check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, 6.0)}), before), Axis.CABLE)[1] == 5.0
    tight = wish({Axis.CABLE: (EFFORT, 39.0)})
    assert row(check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, 44.0)}), tight), Axis.CABLE)[1] == 40.0
    slack = wish({Axis.CABLE: (EFFORT, 1.0)})
    assert row(check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, -1.0)}), slack), Axis.CABLE)[1] == 0.0
    gated = check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, 20.0, 0.5)}), last)
    assert row(gated, Axis.CABLE)[2] == 0.0
    assert gated.denied == ("cable: 20 clipped to 20",)
    gated = check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, 30.0)}), last, dt_s=0.005)
    assert row(gated, Axis.CABLE)[1] == 22.5


def tension_stays_when_its_wish_is_not_a_number(gate: ModuleType) -> None:
    last = wish({Axis.CABLE: (EFFORT, 12.0, 0.0, 33.0)})
    gated = check(gate, Mode.WRAP, wish({Axis.CABLE: (EFFORT, NAN, NAN, NAN)}), last)
    assert row(gated, Axis.CABLE) == (EFFORT, 12.0, 0.0, 40.0)
    assert gated.garbage


def feeding_is_limited_in_size_and_rate(gate: ModuleType) -> None:
    for sign in (1, -1):
        last = wish({Axis.CABLE: (VELOCITY, sign * 1.2)})
        gated = check(gate, Mode.CROSSING, wish({Axis.CABLE: (VELOCITY, sign * 1.6)}), last)
        assert row(gated, Axis.CABLE)[1] == sign * 1.5
        gated = check(gate, Mode.CROSSING, wish({Axis.CABLE: (VELOCITY, sign * 1.0)}))
        assert near(row(gated, Axis.CABLE)[1], sign * 0.6)


# ---------------------------------------------------------------- support module alone


def support_limits_are_those_of_profile_and_parameters(support: ModuleType) -> None:
    limits = support.SupportLimits.of(cases.PROFILE, cases.PARAMETERS)
    assert limits.places_m == (0.0, 0.04, 0.12)
    assert (limits.closed_m, limits.on_m) == (0.0025, 0.0425)
    assert (limits.pinch_n, limits.load_n) == (50.0, 20.0)


def a_grip_is_at_its_place_within_a_tolerance(support: ModuleType) -> None:
    limits = support.SupportLimits.of(cases.PROFILE, cases.PARAMETERS)
    for place in (0.0, 0.04, 0.12):
        assert support.at_place(place + 0.00249, limits)
        assert support.at_place(place - 0.00249, limits)
        assert not support.at_place(place + 0.00251, limits)
        assert not support.at_place(place - 0.00251, limits)
    assert support.at_place(0.0025, limits)
    assert support.at_place(-0.0025, limits)
    assert not support.at_place(NAN, limits)


def three_closed_carriages_need_a_finite_measurement(support: ModuleType) -> None:
    limits = support.SupportLimits.of(cases.PROFILE, cases.PARAMETERS)
    assert support.all_closed(frame(pinch_n=(0.0, 0.0, 0.0)), limits)
    for carriage in range(3):
        for edge, closed in (
            (0.0025, True),
            (-0.0025, True),
            (0.0026, False),
            (-0.0026, False),
            (NAN, False),
        ):
            grips = [0.0, 0.0, 0.0]
            grips[carriage] = edge
            assert support.all_closed(frame(grip_m=tuple(grips)), limits) is closed
        values = [100.0, 100.0, 100.0]
        values[carriage] = NAN
        assert not support.all_closed(frame(pinch_n=tuple(values)), limits)
        assert not support.all_closed(frame(load_n=tuple(values)), limits)


def a_carriage_carries_when_closed_pinched_and_loaded(support: ModuleType) -> None:
    limits = support.SupportLimits.of(cases.PROFILE, cases.PARAMETERS)
    for carriage in range(3):
        for grip, pinch, load, carries in (
            (0.0025, 50.0, 20.0, True),
            (0.0026, 50.0, 20.0, False),
            (0.0, 49.9, 20.0, False),
            (0.0, 50.0, 19.9, False),
            (NAN, 50.0, 20.0, False),
            (0.0, NAN, 20.0, False),
            (0.0, 50.0, NAN, False),
        ):
            grips, pinches, loads = [0.0] * 3, [0.0] * 3, [0.0] * 3
            grips[carriage], pinches[carriage], loads[carriage] = grip, pinch, load
            measured = frame(grip_m=tuple(grips), pinch_n=tuple(pinches), load_n=tuple(loads))
            assert support.loaded(carriage, measured, limits) is carries


def the_robot_holds_exactly_when_the_rule_says_so(support: ModuleType) -> None:
    """All stances, also with a carriage on its way or of unknown place, and all combinations of forces."""
    limits = support.SupportLimits.of(cases.PROFILE, cases.PARAMETERS)
    places = (CLAMPED_M, 0.0425, 0.0426, NAN)
    for grips in itertools.product(places, repeat=3):
        for states in itertools.product(FORCES, repeat=3):
            measured = _measured(grips, states)
            rule = _holds_with(None, NAN, grips, states)
            assert support.holds(measured, limits) is (rule or grips == (0.0, 0.0, 0.0)), (grips, states)
            for carriage, target in itertools.product(range(3), (0.0425, 0.0426, NAN)):
                found = support.holds_without(carriage, target, measured, limits)
                expected = _holds_with(carriage, target, grips, states)
                assert found is expected, (grips, states, carriage, target)


def stance_follows_the_grips(support: ModuleType) -> None:
    limits = support.SupportLimits.of(cases.PROFILE, cases.PARAMETERS)
    rows = [(0.0, "clamped"), (0.0025, "clamped"), (0.0026, "open"), (0.0425, "open"), (0.0426, "lifted")]
    for (a, front), (b, middle), (c, rear) in itertools.product([*rows, (NAN, "lifted")], repeat=3):
        states = support.stance(frame(grip_m=(a, b, c)), limits)
        assert [state.value for state in states] == [front, middle, rear]


_SUPPORT = [
    support_limits_are_those_of_profile_and_parameters,
    a_grip_is_at_its_place_within_a_tolerance,
    three_closed_carriages_need_a_finite_measurement,
    a_carriage_carries_when_closed_pinched_and_loaded,
    the_robot_holds_exactly_when_the_rule_says_so,
    stance_follows_the_grips,
]
SUPPORT_CASES = {case.__name__: case for case in _SUPPORT}
GATE_CASES = {
    name: case
    for name, case in list(globals().items())
    if callable(case)
    and getattr(case, "__module__", "") == __name__
    and name not in SUPPORT_CASES
    and not name.startswith("_")
    and name not in ("bounds", "check", "row", "is_braked", "near", "rolling")
}
assert real_support.PLACE_TOLERANCE_M == 0.0025
