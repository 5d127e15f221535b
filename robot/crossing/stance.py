"""The words of a crossing: stances, steps, plans, and the rules that every stance must keep.

Chainages `s_m` are those of the middle carriage. Support rule, wheel loads and grip are statics of the whole
robot on a straight, sloping conductor; figures come from the profile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from robot.line.features import Feature
from robot.messages import CarriageState
from robot.parameters import Parameters
from robot.profile import Profile

GRAVITY_MPS2 = 9.81
AIR_KG_PER_M3 = 1.2
CARRIAGES = ("front", "middle", "rear")

Carriages = tuple[CarriageState, CarriageState, CarriageState]


class StepKind(Enum):
    """What a step does."""

    ADVANCE = "advance"
    CLAMP = "clamp"
    OPEN = "open"  # from clamped: the wheel stays on
    LIFT = "lift"  # from clamped or open
    LOWER = "lower"  # from lifted to open: the wheel comes back on
    PARK_ROTOR = "park rotor"
    RELEASE_ROTOR = "release rotor"  # geared to travel again
    GUIDE_RETRACT = "retract guide"
    GUIDE_OUT = "guide out"


class Expect(Enum):
    """What must be measured before the next step."""

    TRAVEL = "travel reached"
    GRIP = "grip position"
    PINCH = "pinch force"
    LOADED = "wheel loaded"
    OTHERS_LOADED = "other carriages loaded"  # already before the step
    ROTOR = "rotor angle"
    GUIDE = "guide switch"
    NO_CONTACT = "no unexpected torque"
    SEEN = "feature where it is expected"


@dataclass(frozen=True, slots=True)
class Stance:
    """Which carriages are clamped, open or lifted, where the rotor stands, and the guide's place."""

    carriages: Carriages = (CarriageState.CLAMPED, CarriageState.CLAMPED, CarriageState.CLAMPED)
    rotor_rad: float | None = None  # parked there, relative to the body; None = geared to travel
    guide_out: bool = True


HOME = Stance()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a crossing and the stance that it ends in."""

    kind: StepKind
    s_m: float  # middle carriage at the end of the step
    carriage: int | None  # 0 front, 1 middle, 2 rear
    rotor_rad: float | None  # parked angle after the step, None = geared
    stance: Stance  # after the step
    expects: tuple[str, ...]  # values of `Expect`
    reversible: bool  # ends with all clamped, or the way back to where all were is short enough
    duration_s: float  # with confirmation
    clearance_m: float  # smallest distance between any part and any shape; inf = nothing near
    nearest: str  # of which part from which feature
    free_m: tuple[float, float]  # between these the change may be made; of a drive, from where to where


@dataclass(frozen=True, slots=True)
class CrossingPlan:
    """The cheapest safe sequence over a group of features."""

    features: tuple[Feature, ...]
    from_m: float  # middle carriage where the first step may begin: all clamped, geared, everything clear
    to_m: float
    speed_mps: float  # not faster than this between `from_m` and `to_m`
    steps: tuple[Step, ...]  # none: drive through at that speed
    duration_s: float
    clearance_m: float  # smallest of all steps
    nearest: str  # of which part from which feature
    margin_m: float  # kept along the conductor
    gust_mps: (
        float  # what blows more than this over the steady wind leans the body beyond the planned roll: wait
    )
    unwrapped: tuple[tuple[float, float], ...]  # chainages of the guide between park and release of the rotor
    no_return: int  # index of the first step that is not reversible; len(steps) = none

    @property
    def unwrapped_m(self) -> float:
        return sum(end - begin for begin, end in self.unwrapped)


@dataclass(frozen=True, slots=True)
class Blocked:
    """There is no safe sequence. `features` is the smallest set that blocks it."""

    features: tuple[Feature, ...]
    at_m: float  # middle carriage as far as it may come, all clamped and geared
    rule: str  # "feature" | "overlap" | "support" | "balance" | "grip" | "kink" | "conductor"
    part: str
    reason: str  # names part, feature and chainage


_USUAL = Parameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What counts besides time, as seconds of equal worth; the figures are parameters, `risk_*`."""

    unwrapped_s_per_m: float = _USUAL.risk_unwrapped_s_per_m
    open_s_per_m: float = _USUAL.risk_open_s_per_m
    lifted_s_per_m: float = _USUAL.risk_lifted_s_per_m
    rear_hanging_s_per_m: float = _USUAL.risk_rear_hanging_s_per_m
    lone_clamp_s_per_m: float = _USUAL.risk_lone_clamp_s_per_m


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Under which circumstances the crossing is planned."""

    slope_rad: float = 0.0  # steepest under the robot on the way, up or down
    kink_rad: float = 0.0  # vertical bend at every pole with the robot on, positive bent down on both sides
    angle_rad: float = 0.0  # bend in plan at every pole
    roll_rad: float = math.radians(
        _USUAL.crossing_lean_deg
    )  # roll and its uncertainty: every part must be clear within +- this
    clearance_m: float = _USUAL.clearance_m  # margin along the conductor
    section_clearance_m: float = 0.001  # least distance in the cross-section, at worst roll and sag
    position_sigma_m: float = 0.010  # of the distance between robot and features
    sigmas: float = 2.5  # how many of it are added to the margin where there is room for them
    coil_kg: float = 4.45  # cable on board
    friction: float | None = None  # wheel on conductor; None = dry, of the profile
    wind_mps: float = 0.0  # strongest, gusts included, along the line; across, see `CrossingPlan.gust_mps`
    pinch_n: float = _USUAL.crossing_pinch_n  # of every clamped carriage
    loaded_n: float = _USUAL.support_load_n  # from this share of the weight on a carriage counts as loaded
    hanging_is_loaded: bool = (
        False  # whether a front that hangs on its roller counts too; gate and board say no
    )
    grip_reserve: float = 1.1  # grip over what the slope demands
    retreat_m: float = 0.30  # farther back the rear wheel would stand on laid cable
    start_m: float | None = None  # middle carriage now; None = as late as may be
    start: Stance = (
        HOME  # stance now, to plan on from the middle of a crossing; a geared rotor has its guide out
    )
    risk: Risk = Risk()

    @classmethod
    def of(cls, parameters: Parameters, **circumstances: Any) -> Context:
        """What the parameters say, with the circumstances of the place."""
        return cls(
            roll_rad=math.radians(parameters.crossing_lean_deg),
            clearance_m=parameters.clearance_m,
            pinch_n=parameters.crossing_pinch_n,
            loaded_n=parameters.support_load_n,
            risk=Risk(**{f.name: getattr(parameters, f"risk_{f.name}") for f in fields(Risk)}),
            **circumstances,
        )

    @property
    def margin_m(self) -> float:
        """Kept along the conductor. `Feature.sigma_m` is no part of it: that is of the chainage, which robot
        and feature share."""
        return self.clearance_m + self.sigmas * self.position_sigma_m


# ---------------------------------------------------------------- rules of a stance


def supports(carriages: Carriages) -> bool:
    """Two carriages on the conductor, one of them clamped; the rear lifted only with the front clamped."""
    on = sum(c is not CarriageState.LIFTED for c in carriages)
    clamped = sum(c is CarriageState.CLAMPED for c in carriages)
    rear_hangs = carriages[2] is CarriageState.LIFTED and carriages[0] is not CarriageState.CLAMPED
    return on >= 2 and clamped >= 1 and not rear_hangs


def wheel_loads_n(
    profile: Profile, carriages: Carriages, coil_kg: float, slope_rad: float
) -> tuple[float, ...]:
    """Share of the weight on each carriage, without pinch; negative = it hangs on its roller, 0 = lifted.

    Two carry as a lever does, three as equal springs do (the middle raised, see the profile); an open one
    cannot hang, it comes off and leaves the load to the other two.
    """
    on = [i for i, c in enumerate(carriages) if c is not CarriageState.LIFTED]
    weight = _weight(profile, coil_kg, slope_rad)
    loads = _shares(profile, on, *weight)
    if len(on) == 3:
        worst = min((i for i in on if carriages[i] is CarriageState.OPEN), key=lambda i: loads[i], default=0)
        if carriages[worst] is CarriageState.OPEN and loads[worst] < 0.0:
            loads = _shares(profile, [i for i in on if i != worst], *weight)
    return tuple(loads)


def _shares(profile: Profile, on: list[int], total_n: float, moment_nm: float) -> list[float]:
    """Loads of the carriages that are on, from force and moment about the middle carriage."""
    arms, sink_n = profile.carriages.s_m, profile.carriages.mount_n_per_m * profile.carriages.middle_raise_m
    mean = sum(arms[i] for i in on) / len(on)
    tilt = (moment_nm - total_n * mean) / sum((arms[i] - mean) ** 2 for i in on)
    raised = (-sink_n / 3, 2 * sink_n / 3, -sink_n / 3) if len(on) == 3 else (0.0, 0.0, 0.0)
    return [total_n / len(on) + tilt * (arms[i] - mean) + raised[i] if i in on else 0.0 for i in range(3)]


def _weight(profile: Profile, coil_kg: float, slope_rad: float) -> tuple[float, float]:
    """Gravity across the conductor in N and its moment about the middle carriage in N m, positive to the
    front; what hangs below the conductor comes forward when it climbs."""
    carriage, body, rotor = profile.carriages, profile.body, profile.rotor
    turning_kg = rotor.mass_kg + rotor.cradle_mass_kg + profile.trim.mass_kg + coil_kg
    masses = [(carriage.mass_kg, s, carriage.center_z_m) for s in carriage.s_m]
    masses += [(body.mass_kg, body.center_s_m, body.center_z_m), (turning_kg, rotor.s_m, 0.0)]
    across, along = GRAVITY_MPS2 * math.cos(slope_rad), GRAVITY_MPS2 * math.sin(slope_rad)
    return sum(m for m, _, _ in masses) * across, sum(m * (s * across - z * along) for m, s, z in masses)


def stance_fault(
    profile: Profile, carriages: Carriages, context: Context, slope_rad: float
) -> tuple[str, str] | None:
    """Why the robot may not stand or drive like this on this slope: (rule, text), None = it may."""
    if not supports(carriages):
        return "support", "support rule"
    limit = profile.carriages
    loads = wheel_loads_n(profile, carriages, context.coil_kg, slope_rad)
    for name, state, load in zip(CARRIAGES, carriages, loads, strict=True):
        pinch = context.pinch_n if state is CarriageState.CLAMPED else 0.0
        if load > limit.wheel_load_max_n:
            return (
                "balance",
                f"{name} carriage would carry {load:.0f} N, at most {limit.wheel_load_max_n:.0f}",
            )
        held = min(pinch, limit.hang_max_n)
        if load < -held:
            return "balance", f"{name} carriage would hang with {-load:.0f} N, at most {held:.0f}"
    carries = [abs(n) if context.hanging_is_loaded else n for n in loads]
    clamped = [n for state, n in zip(carriages, carries, strict=True) if state is CarriageState.CLAMPED]
    if max(clamped) < context.loaded_n:
        return "support", "no clamped carriage would be loaded"
    return _grip_fault(profile, carriages, loads, context, slope_rad)


def _grip_fault(
    profile: Profile, carriages: Carriages, loads: tuple[float, ...], context: Context, slope_rad: float
) -> tuple[str, str] | None:
    """Grip of the wheels against gravity along the conductor and the rolling of wheels and rollers."""
    friction = profile.carriages.friction_dry if context.friction is None else context.friction
    pinched = context.pinch_n * sum(c is CarriageState.CLAMPED for c in carriages)
    normal = sum(max(load, 0.0) for load in loads) + pinched
    rolling = profile.carriages.rolling * (normal + pinched)
    demand = profile.mass_kg(context.coil_kg) * GRAVITY_MPS2 * abs(math.sin(slope_rad)) + rolling
    demand += _wind_n(profile, context.wind_mps)
    if friction * normal < context.grip_reserve * demand:
        return "grip", (
            f"wheels grip {friction * normal:.0f} N, {context.grip_reserve * demand:.0f} N needed "
            f"on {math.degrees(slope_rad):.1f} degrees"
        )
    return None


# ---------------------------------------------------------------- wind


def gust_mps(profile: Profile, lean_rad: float) -> float:
    """Gust across the line, out of calm air, that leans the body by this much."""
    carriages, body = profile.carriages, profile.body
    hanging_kgm = -body.mass_kg * body.center_z_m - 3 * carriages.mass_kg * carriages.center_z_m
    upright_nm = GRAVITY_MPS2 * hanging_kgm * math.sin(lean_rad)
    return math.sqrt(max(upright_nm, 0.0) / (_wind_n(profile, 1.0) * abs(body.wind_center_z_m)))


def _wind_n(profile: Profile, wind_mps: float) -> float:
    return 0.5 * AIR_KG_PER_M3 * profile.body.wind_area_m2 * wind_mps**2
