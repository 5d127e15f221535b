"""A snapshot of a robot that stands in SAFE and knows little."""

from __future__ import annotations

import math
from dataclasses import fields

from missions.console.snapshot import Laid, Snapshot
from robot.messages import (
    Axis,
    AxisStates,
    Battery,
    BoardSensors,
    CommandFrame,
    Estimate,
    Link,
    Mode,
    SafetyStatus,
    Setpoints,
)

_ZEROS = (0.0,) * len(Axis)
_NONE = (0,) * len(Axis)
_THREE = (0.0, 0.0, 0.0)


def estimate() -> Estimate:
    """Nothing is known."""
    several = {"slip": _THREE, "innovation": (), "features": ()}
    return Estimate(**{f.name: several.get(f.name, math.nan) for f in fields(Estimate)})  # type: ignore[arg-type]


def snapshot() -> Snapshot:
    setpoints = Setpoints(_NONE, _ZEROS, _ZEROS, _ZEROS)
    return Snapshot(
        number=1,
        sent_ns=0,
        t_ns=0,
        log="log",
        log_ok=True,
        axes=AxisStates(0, 0, 0, 0, _ZEROS, _ZEROS, _ZEROS, _NONE, _NONE, _NONE),
        sensors=BoardSensors(0, math.nan, math.nan, _THREE, _THREE, math.nan, math.nan, 0),
        battery=Battery(0, math.nan, math.nan, math.nan),
        safety=SafetyStatus(0, True, False, False, 0, 0, 0, 150, True, 0, 0),
        link=Link(True, 0, 0, 0, 0.0, True),
        command=CommandFrame(0, 1, Mode.SAFE, "power_up", False, False, False, 150, setpoints, estimate()),
        mode_since_ns=0,
        finished=False,
        laid=Laid(),
        active=(),
        arming=(),
        holder="",
        heard=(),
        stops=0,
        stop_ns=0,
        first_event=0,
        events=(),
    )
