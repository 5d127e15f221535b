"""How each fault is injected: always at its real place, behind the bytes or in the host, never in what the brain is
told.

An injection is a generator over a rig: it breaks something, yields once a tick while it is broken, and mends it when
it is closed. Every try is made in a process of its own (`moments`), so nothing has to be undone that a repair on a
real robot would not undo.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import robot.controller
from firmware_bridge import wire
from hil.faulty_line import Injection as LineFault
from hil.faulty_line import LinkFault
from hil.scenario import Fault
from robot.messages import TRACTION, Action, Axis, Mode
from tests.faults.rig import Broken, Rig

Injection = Callable[[Rig], Iterator[None]]

_TICK_S = 0.010
_TILT_TICKS = 50  # for the conductor to turn
_STEP_TICKS = 200  # at most, for the cable to draw tight or the wheels to slip
_SLIP = 0.15
_COOL_C = 40.0
_NEARLY_TRIPPED_C = 114.9  # a drive derates to nothing here, and trips just above


def _forever() -> Iterator[None]:
    return itertools.repeat(None)


# ---------------------------------------------------------------- transport


def line(fault: LinkFault, rate: float = 1.0, delay_s: float = 0.0, to_board: bool = True) -> Injection:
    """A fault of the line between host and board; a lost port is opened again to mend it."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.wire.inject(LineFault(fault, rate, delay_s, to_board=to_board))
        try:
            yield from _forever()
        finally:
            rig.plant.wire.inject(None)
            if fault is LinkFault.DISCONNECT:
                rig.driver.attach(rig.plant.wire)

    return broken


def line_for_one_tick(fault: LinkFault) -> Injection:
    """A single chunk in each direction is spoilt."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.wire.inject(LineFault(fault))
        yield
        rig.plant.wire.inject(None)
        yield from _forever()

    return broken


def swapped_board(rig: Rig) -> Iterator[None]:
    """Unplugged, and another board plugged in; mended by plugging in the right one."""
    rig.plant.board.serial_number += 1
    rig.plant.board.reset()
    try:
        yield from _forever()
    finally:
        rig.plant.board.serial_number -= 1
        rig.plant.board.reset()


# ---------------------------------------------------------------- virtual drives


def drive_reset(axis: Axis) -> Injection:
    """The drive restarts; only a reset of the board configures it again."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.board.drives.reset(axis)
        yield from _forever()

    return broken


def hot_drive(axis: Axis, celsius: float, celsius_per_s: float) -> Injection:
    """The motor warms up whatever it does."""

    def broken(rig: Rig) -> Iterator[None]:
        try:
            for tick in itertools.count():
                rig.plant.board.drives.heat(axis, celsius + celsius_per_s * tick * _TICK_S)
                yield
        finally:
            rig.plant.board.drives.heat(axis, _COOL_C)

    return broken


def stuck_encoder(axis: Axis) -> Injection:
    """The reading stands still while the axis moves."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.board.drives.stick_encoder(axis, True)
        try:
            yield from _forever()
        finally:
            rig.plant.board.drives.stick_encoder(axis, False)

    return broken


def turned_encoder(axis: Axis, gain: float) -> Injection:
    """The encoder counts on with another scale or sign."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.board.drives.turn_encoder(axis, gain)
        try:
            yield from _forever()
        finally:
            rig.plant.board.drives.turn_encoder(axis, 1.0)

    return broken


# ---------------------------------------------------------------- sensors, camera, plant


def world(*faults: Fault) -> Injection:
    """Faults of the simulated world."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.world.inject(faults)
        try:
            yield from _forever()
        finally:
            rig.plant.world.inject(())

    return broken


def sensor(target: str, kind: str, value: float | None = None) -> Injection:
    return world(Fault(kind=kind, target=target, at_s=0.0, value=value))  # type: ignore[arg-type]


def plant(kind: str, value: float | None = None) -> Injection:
    return world(Fault(kind=kind, at_s=0.0, value=value))  # type: ignore[arg-type]


def unloaded_grip(carriage: str) -> Injection:
    """The gripper stands where it is closed, and nothing presses on it."""
    channels = (f"grip_{carriage}.pinch", f"grip_{carriage}.load")
    return world(*(Fault(kind="wrong", target=channel, at_s=0.0, value=0.0) for channel in channels))


def slippery(friction: float, drag_n: float) -> Injection:
    """A greasy conductor and something that drags; counts from the first slip on."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.world.inject(
            (Fault(kind="slip", at_s=0.0, value=friction), Fault(kind="drag", at_s=0.0, value=drag_n))
        )
        for _ in range(_STEP_TICKS):
            truth = rig.tick().truth
            rims_mps = [truth.velocity[axis] * rig.job.profile.carriages.wheel_radius_m for axis in TRACTION]
            if max(abs(rim - truth.speed_mps) for rim in rims_mps) > _SLIP * abs(truth.speed_mps):
                break
        try:
            yield from _forever()
        finally:
            rig.plant.world.inject(())

    return broken


def tension_step(snag_n: float) -> Injection:
    """The coil snags; counts from where the tension has risen to what is a snag."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.world.inject((Fault(kind="snag", at_s=0.0, value=snag_n),))
        snagged_n = rig.job.parameters.snag_factor * rig.job.line.tension_n
        for _ in range(_STEP_TICKS):
            if rig.tick().truth.tension_n > snagged_n:
                break
        try:
            yield from _forever()
        finally:
            rig.plant.world.inject(())

    return broken


def runaway(slope_deg: float) -> Injection:
    """On a steep way down the traction drives lose their torque."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.plant.world.inject((Fault(kind="tilt", at_s=0.0, value=slope_deg),))
        for _ in range(_TILT_TICKS):
            rig.tick()
        try:
            while True:
                for axis in TRACTION:
                    rig.plant.board.drives.heat(axis, _NEARLY_TRIPPED_C)
                yield
        finally:
            for axis in TRACTION:
                rig.plant.board.drives.heat(axis, _COOL_C)
            rig.plant.world.inject(())

    return broken


# ---------------------------------------------------------------- host


def blocked_loop(seconds: float) -> Injection:
    """Collector, disk or another process holds the loop for a while."""

    def broken(rig: Rig) -> Iterator[None]:
        rig.clock.late_ns = round(seconds * 1e9)
        yield from _forever()

    return broken


def raises(part: Callable[[Rig], tuple[Any, str]]) -> Injection:
    """A function of the program raises whenever it is called; `part` tells its owner and its name."""

    def broken(rig: Rig) -> Iterator[None]:
        owner, name = part(rig)
        sound = getattr(owner, name)

        def raising(*_: object) -> None:
            raise Broken("injected")

        setattr(owner, name, raising)
        try:
            yield from _forever()
        finally:
            setattr(owner, name, sound)

    return broken


def behaviour_in_force(rig: Rig) -> tuple[Any, str]:
    return rig.controller._behaviours[rig.mode], "step"


def estimator(rig: Rig) -> tuple[Any, str]:
    return rig.controller._estimator, "update"


def monitor(rig: Rig) -> tuple[Any, str]:
    return rig.controller._monitor, "update"


def mode_machine(rig: Rig) -> tuple[Any, str]:
    return rig.controller._machine, "choose"


def gate(rig: Rig) -> tuple[Any, str]:
    return robot.controller.gate, "check"


def parser(rig: Rig) -> tuple[Any, str]:
    return wire, "axis_states"


def wall_clock(by_s: float) -> Injection:
    """Somebody sets the clock on the wall."""

    def broken(rig: Rig) -> Iterator[None]:
        true_s, true_ns = time.time, time.time_ns
        time.time = lambda: true_s() + by_s
        time.time_ns = lambda: true_ns() + round(by_s * 1e9)
        try:
            yield from _forever()
        finally:
            time.time, time.time_ns = true_s, true_ns

    return broken


def host_dies(rig: Rig) -> Iterator[None]:
    """The process is killed between two ticks; mended by starting it again."""
    rig.host_alive = False
    try:
        yield from _forever()
    finally:
        rig.start_host()


def host_ends(rig: Rig) -> Iterator[None]:
    """The process ends as on SIGTERM or an error in its loop: it asks for the stop before it goes."""
    rig.loop.halt()
    yield from host_dies(rig)


def power_cut(rig: Rig) -> Iterator[None]:
    """The computer loses its power, and the line with it."""
    rig.plant.wire.inject(LineFault(LinkFault.HALF_OPEN))
    try:
        yield from host_dies(rig)
    finally:
        rig.plant.wire.inject(None)


# ---------------------------------------------------------------- operator


WAY_BACK: Mapping[Mode, Action] = {
    Mode.MANUAL: Action.MANUAL,
    Mode.MOUNTING: Action.RESUME,
    Mode.TRAVEL: Action.RESUME,
    Mode.WRAP: Action.RESUME,
    Mode.CROSSING: Action.RESUME,
    Mode.RETREAT: Action.BACK_OFF,
}


def moved_by_hand(rig: Rig) -> Iterator[None]:
    """Held, moved by hand to where no old target fits, held again; then the mode is taken up again."""
    way_back, was_jogging = WAY_BACK[rig.mode], rig.crew.jog
    _run(rig, Action.HOLD, 4.0)
    for jog in ("rotor:0.4", "travel:-0.05"):
        rig.crew.jog = jog
        _run(rig, Action.MANUAL, 1.5)
        rig.crew.jog = ""
        _run(rig, Action.HOLD, 2.0)
    rig.crew.ask(way_back)
    yield
    rig.crew.jog = was_jogging
    yield from _forever()


def _run(rig: Rig, action: Action, seconds: float) -> None:
    rig.crew.ask(action)
    for _ in range(round(seconds / _TICK_S)):
        rig.tick()


def silent_console(rig: Rig) -> Iterator[None]:
    rig.crew.silent = True
    try:
        yield from _forever()
    finally:
        rig.crew.silent = False


def flapping_console(silent_s: float, alive_s: float) -> Injection:
    """Silent and alive in turn, beginning with silence."""

    def inject(rig: Rig) -> Iterator[None]:
        try:
            while True:
                for rig.crew.silent, seconds in ((True, silent_s), (False, alive_s)):
                    for _ in range(round(seconds / _TICK_S)):
                        yield
        finally:
            rig.crew.silent = False

    return inject


def repeated_words(rig: Rig) -> Iterator[None]:
    """A receiver out of range hands on the crew's last words, with their old numbers, in every tick."""
    while not (words := rig.now.frame.operator):
        rig.tick()
    rig.crew.repeats = words
    yield from silent_console(rig)


def stranger(action: Action, *, crew: bool) -> Injection:
    """Another client says this in every tick; `crew`: the one that drives is there, too."""

    def inject(rig: Rig) -> Iterator[None]:
        rig.crew.stranger, rig.crew.silent = action, not crew
        try:
            yield from _forever()
        finally:
            rig.crew.stranger, rig.crew.silent = None, False

    return inject
