"""The support rule, judged from what is measured (design, section 5; promise S11).

At least two carriages on the conductor, at least one of them clamped and measured loaded; one changes at a
time; the rear may be off the conductor only while the front is clamped: it then hangs on its roller. A
value that is not a number satisfies nothing. Grip positions and forces are per carriage: front, middle,
rear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from robot.messages import GRIP, CarriageState, SensorFrame
from robot.parameters import Parameters
from robot.profile import Profile

FRONT, MIDDLE, REAR = 0, 1, 2
PLACE_TOLERANCE_M = 0.0025  # a grip this near a place is there; the board allows 3 mm

_GRIPS = tuple(int(axis) for axis in GRIP)
_FRONT_GRIP, _MIDDLE_GRIP, _REAR_GRIP = _GRIPS


@dataclass(frozen=True, slots=True)
class SupportLimits:
    """Where a grip counts as closed, on the conductor and loaded."""

    places_m: tuple[float, float, float]  # clamped, open, lifted
    closed_m: float  # up to here clamped
    on_m: float  # up to here on the conductor
    pinch_n: float
    load_n: float

    @classmethod
    def of(cls, profile: Profile, parameters: Parameters) -> SupportLimits:
        carriages = profile.carriages
        return cls(
            places_m=(carriages.clamped_m, carriages.open_m, carriages.lifted_m),
            closed_m=carriages.clamped_m + PLACE_TOLERANCE_M,
            on_m=carriages.open_m + PLACE_TOLERANCE_M,
            pinch_n=parameters.support_pinch_n,
            load_n=parameters.support_load_n,
        )


def at_place(position_m: float, limits: SupportLimits) -> bool:
    """Whether a grip stands where it can stay: clamped, open or lifted."""
    return any(abs(position_m - place_m) <= PLACE_TOLERANCE_M for place_m in limits.places_m)


def all_closed(frame: SensorFrame, limits: SupportLimits) -> bool:
    """Whether all three carriages are closed round the conductor: it cannot fall, whatever the pinch."""
    least_m, most_m = limits.places_m[0] - PLACE_TOLERANCE_M, limits.closed_m
    position, sensors = frame.axes.position, frame.sensors
    return (
        least_m <= position[_FRONT_GRIP] <= most_m
        and least_m <= position[_MIDDLE_GRIP] <= most_m
        and least_m <= position[_REAR_GRIP] <= most_m
        and math.isfinite(sum(sensors.pinch_n))
        and math.isfinite(sum(sensors.wheel_load_n))
    )


def loaded(carriage: int, frame: SensorFrame, limits: SupportLimits) -> bool:
    """Whether a carriage is clamped and measured to carry."""
    return gripped(carriage, frame, limits) and frame.sensors.wheel_load_n[carriage] >= limits.load_n


def gripped(carriage: int, frame: SensorFrame, limits: SupportLimits) -> bool:
    """Whether a carriage is clamped and measured to pinch; it may hang on its roller."""
    return (
        frame.axes.position[_GRIPS[carriage]] <= limits.closed_m
        and frame.sensors.pinch_n[carriage] >= limits.pinch_n
    )


def holds(frame: SensorFrame, limits: SupportLimits) -> bool:
    """Whether the robot is measured to hold in its present stance."""
    if all_closed(frame, limits):
        return True
    on = [frame.axes.position[axis] <= limits.on_m for axis in _GRIPS]
    if not on[REAR] and not gripped(FRONT, frame, limits):
        return False
    return sum(on) >= 2 and any(loaded(carriage, frame, limits) for carriage in (FRONT, MIDDLE, REAR))


def holds_without(carriage: int, target_m: float, frame: SensorFrame, limits: SupportLimits) -> bool:
    """Whether the robot would hold with this carriage brought from where it is to `target_m`."""
    others = [other for other in (FRONT, MIDDLE, REAR) if other != carriage]
    on = {other: frame.axes.position[_GRIPS[other]] <= limits.on_m for other in others}
    lifts = not target_m <= limits.on_m
    if not any(loaded(other, frame, limits) for other in others) or (lifts and not all(on.values())):
        return False
    rear_off = lifts if carriage == REAR else not on[REAR]
    return not rear_off or (carriage != FRONT and gripped(FRONT, frame, limits))


def stance(frame: SensorFrame, limits: SupportLimits) -> tuple[CarriageState, CarriageState, CarriageState]:
    """What each carriage does, by its measured grip; between two places it counts as the less holding one."""
    position = frame.axes.position
    front, middle, rear = (
        CarriageState.CLAMPED
        if position[axis] <= limits.closed_m
        else CarriageState.OPEN
        if position[axis] <= limits.on_m
        else CarriageState.LIFTED
        for axis in _GRIPS
    )
    return front, middle, rear
