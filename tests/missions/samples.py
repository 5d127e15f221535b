"""Messages with every kind of content, for tests of codec and log."""

from __future__ import annotations

import dataclasses
import math
import random
import types
import typing
from enum import Enum
from typing import Any

from robot import messages
from robot.messages import (
    Action,
    AxisStates,
    Battery,
    BoardSensors,
    CameraFrame,
    CommandFrame,
    Detection,
    Estimate,
    Event,
    Imu,
    Link,
    Mode,
    OperatorMessage,
    SafetyStatus,
    SensorFrame,
)

TICK_NS = 10_000_000


def anything(hint: Any, rng: random.Random) -> Any:
    """A random value of a message's type: NaN, empty tuples, None and odd texts included."""
    if typing.get_origin(hint) is types.UnionType:
        return anything(typing.get_args(hint)[0], rng) if rng.random() < 0.7 else None
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(anything(inner, rng) for _ in range(rng.choice((0, 1, 3, 10))))
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return hint(**{f.name: anything(hints[f.name], rng) for f in dataclasses.fields(hint)})
    if issubclass(hint, Enum):
        return rng.choice(list(hint))
    if hint is bool:
        return rng.random() < 0.5
    if hint is int:
        return rng.choice((0, 1, -1, 255, 2**40, -(2**62)))
    if hint is float:
        return rng.choice((0.0, -0.0, 1.5, -1e300, 5e-324, math.inf, math.nan, rng.gauss(0.0, 1.0)))
    return rng.choice(("", "pin-10", "接触", "x" * 300))


def frame(number: int, rng: random.Random) -> SensorFrame:
    """A plausible sensor frame of tick `number`; what is slow on the wire changes only now and then."""
    t_ns = number * TICK_NS

    def floats(count: int) -> tuple[float, ...]:
        return tuple(rng.gauss(0.0, 1.0) for _ in range(count))

    slow_ns = number // 10 * 10 * TICK_NS
    axes = (floats(10), floats(10), floats(10), (1,) * 10, (0,) * 10, (0,) * 10)
    acts = (OperatorMessage(t_ns, number, "crew", Action.HEARTBEAT),) if number % 20 == 0 else ()
    return SensorFrame(
        t_ns=t_ns,
        axes=AxisStates(t_ns, number, number, 1, *axes),
        sensors=BoardSensors(t_ns, rng.random(), 1.0, floats(3), floats(3), 0.03, 10.0, 1),
        imu=Imu(t_ns, floats(3), floats(3)),  # type: ignore[arg-type]
        battery=_slow(("battery", slow_ns), lambda: Battery(slow_ns, 48.0, 2.0, 0.5)),
        safety=_slow(
            ("safety", slow_ns),
            lambda: SafetyStatus(slow_ns, True, True, False, 0, 1, 0, 150, True, 7, 8),
        ),
        link=Link(True, number, 0, 0, 10.0, True),
        camera=None if number < 5 else _slow(("camera", number // 7), lambda: camera(number)),
        operator=acts,
    )


def camera(number: int) -> CameraFrame:
    seen = (Detection("pin-10", 3.2, 0.1, 0.9),)
    return CameraFrame(number * TICK_NS, number, 99, 0.9, seen, 0.0157, math.nan, math.nan)


def command(number: int, rng: random.Random) -> CommandFrame:
    """A random answer of tick `number`."""
    values: dict[str, Any] = {}
    hints = typing.get_type_hints(Estimate)
    for f in dataclasses.fields(Estimate):
        values[f.name] = rng.gauss(0.0, 1.0) if hints[f.name] is float else anything(hints[f.name], rng)
    zeros = (0.0,) * 10
    return CommandFrame(
        t_ns=number * TICK_NS,
        seq=number,
        mode=Mode.WRAP if number < 100 else Mode.HOLD,
        reason="lay_begin" if number < 100 else "feature_blocked",
        armed=True,
        stop=False,
        reset=False,
        valid_for_ms=150,
        setpoints=messages.Setpoints((1,) * 10, tuple(rng.random() for _ in range(10)), zeros, (15.0,) * 10),
        estimate=Estimate(**values),
        events=(Event(number * TICK_NS, "feature_blocked", "branch"),) if number == 100 else (),
    )


_kept: dict[tuple[str, int], Any] = {}


def _slow(key: tuple[str, int], make: Any) -> Any:
    """The same object for as long as the device says nothing new."""
    return _kept.setdefault(key, make())
