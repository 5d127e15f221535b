"""Motor controllers on a port, for people at a bench: who answers, whether they may be armed, what they read, a jog.

The drivers are those of a robot, with the controller's own revolutions and N m for an axis. Every wait is bounded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from firmware_bridge.axes import WATCHDOG_MS, AxisConfig
from firmware_bridge.drive_map import AxisEntry, VescEntry
from firmware_bridge.drivers.axis import AxisDriver, AxisSetpoint, Bus
from firmware_bridge.ports import Transport
from robot.messages import TRACTION, Axis, AxisFault, AxisMode

TICK_NS = 10_000_000
LOOK_NS = 1_000_000  # how often it is looked for an answer
FRESH_NS = 50_000_000
MEET_S, TEST_S, CLEAR_S, LEAVE_S = 10.0, 3.0, 0.5, 0.1  # longest waits
ABSENT_S, ABSENT_ONE_S = 0.15, 1.0  # after which nobody is there; of one that was named
_SPEED_MAX, _EFFORT_MAX = 300.0, 60.0  # rev/s, N m: what a reading may be at all
_PLACES = (*TRACTION, Axis.ROTOR, Axis.TRIM, Axis.GUIDE)  # axes whose effort has the motor's sign
_CONFIG = AxisConfig(_EFFORT_MAX, _SPEED_MAX, -math.inf, math.inf, 0.0, 0.0, _EFFORT_MAX, 1.0, False)


@dataclass(frozen=True, slots=True)
class Cia402Bench:
    """How CiA 402 controllers are spoken with."""

    bit_rate: int
    counts_per_turn: int | None  # position units of a turn; None = as it tells
    looks_on: bool  # nothing is written to it


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to speak with."""

    protocol: str
    ids: Sequence[int]
    vesc: VescEntry | None = None
    cia402: Cia402Bench | None = None


class Bench:
    """Controllers with these ids at one port.

    Args:
        now_ns, sleep: the clock, real unless given.
    """

    def __init__(
        self,
        transport: Transport,
        asked: Asked,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.protocol = asked.protocol
        self.round_trip_ms = math.inf  # the least that was seen
        self._now_ns, self._sleep = now_ns, sleep
        self._bus = _bus(transport, asked)
        self.drivers = dict(zip(asked.ids, self._bus.axes.values(), strict=True))

    @property
    def lost(self) -> str:
        """Why the port is gone, empty while it is there."""
        return self._bus.lost

    def round(self) -> int:
        """One poll and one send, then what comes until the next; returns the time."""
        began_ns = self._now_ns()
        self._bus.poll(began_ns)
        self._bus.send(began_ns)
        while (left_ns := TICK_NS - (self._now_ns() - began_ns)) > 0:
            self._sleep(min(left_ns, LOOK_NS) * 1e-9)
            self._bus.poll(self._now_ns())
        self.round_trip_ms = min(self.round_trip_ms, self._bus.health.round_trip_ms)
        return self._now_ns()

    def wait_for(self, done: Callable[[], bool], at_most_s: float) -> bool:
        """Rounds until it is done; whether it was within the time."""
        until_ns = self._now_ns() + round(at_most_s * 1e9)
        while not done():
            if self.lost or self._now_ns() >= until_ns:
                return False
            self.round()
        return True

    def meet(self) -> list[int]:
        """Ids that answer."""
        patience_s = ABSENT_ONE_S if len(self.drivers) == 1 else ABSENT_S
        self.wait_for(lambda: all(d.found is not None for d in self.drivers.values()), patience_s)
        present = [id_ for id_, driver in self.drivers.items() if driver.found is not None]
        known = [self.drivers[id_] for id_ in present]
        self.wait_for(lambda: all(driver.state.t_ns > 0 for driver in known), MEET_S)
        return present

    def test(self, id_: int) -> bool:
        """Withhold commands and require the time-out; nothing moves."""
        driver = self.drivers[id_]
        driver.test_watchdog()
        seen = self.wait_for(lambda: driver.watchdog_seen, TEST_S)
        self.wait_for(lambda: driver.state.fault == AxisFault.NONE, CLEAR_S)
        return seen

    def leave(self) -> None:
        """Put back what a controller would miss once nobody speaks with it any more."""
        leave = getattr(self._bus, "leave", None)
        if leave is not None:
            leave()
            self.wait_for(lambda: False, LEAVE_S)

    def jog(self, id_: int, speed: float, effort: float, seconds: float) -> Generator[AxisDriver, None, None]:
        """Turn at a speed (rev/s) with an effort (N m) at most, for a time; yields after every round.

        Leaving the loop early stops it too. Raises nothing: what is wrong shows in the driver's state.
        """
        driver = self.drivers[id_]
        if self.protocol == "vesc":  # its speed loop knows no other limit than its own largest current
            effort = driver.capabilities().effort_max
        setpoint = AxisSetpoint(AxisMode.VELOCITY, speed, 0.0, effort)
        self.wait_for(lambda: self._is_fresh(driver), MEET_S)  # somebody may have thought about it for long
        driver.arm()
        until_ns = self._now_ns() + round(seconds * 1e9)
        try:
            while not self.lost and self._now_ns() < until_ns and driver.state.fault == AxisFault.NONE:
                driver.command(setpoint, self._now_ns() + WATCHDOG_MS * 1_000_000)
                self.round()
                yield driver
        finally:
            driver.disarm(0.2)
            self.wait_for(lambda: False, 0.5)

    def _is_fresh(self, driver: AxisDriver) -> bool:
        return not driver.mismatch and self._now_ns() - driver.state.t_ns < FRESH_NS

    def describe(self, id_: int, checks: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """One controller, as `silkline drives --json` tells it."""
        driver = self.drivers[id_]
        state, found = driver.state, driver.found
        details = dict(found.details) if found is not None else {}
        return {
            "id": id_,
            "protocol": self.protocol,
            "model": found.model if found else "",
            "firmware": found.firmware if found else "",
            "register_map": _whole(details.get("register map")),
            "watchdog_ms": _watchdog_ms(details),
            "mode": state.text or state.mode.name.lower(),
            "fault": "" if state.fault == AxisFault.NONE else state.fault.name.lower(),
            "position_rev": _number(state.position),
            "velocity_rev_s": _number(state.velocity),
            "checks": checks or [],
        }

    def checks(self, id_: int) -> list[dict[str, Any]]:
        """Start-up checks and the watchdog test."""
        driver = self.drivers[id_]
        state, found = driver.state, driver.found
        rows = [
            ("identity", not driver.mismatch, driver.mismatch or (found.model if found else "")),
            ("feedback", math.isfinite(state.position + state.velocity), f"position {state.position:g} rev"),
            ("fault", state.fault in (AxisFault.NONE, AxisFault.TIMEOUT), state.text or "none"),
        ]
        if all(ok for _, ok, _ in rows):
            seen = self.test(id_)
            text = (
                "timed out when commands were withheld" if seen else "did not time out; it must not be armed"
            )
            rows.append(("watchdog", seen, text))
        return [{"name": name, "ok": ok, "text": text} for name, ok, text in rows]


def _bus(transport: Transport, asked: Asked) -> Bus:
    """Drivers of these ids; a controller's turn is the unit of its axis."""
    places = zip(_PLACES, asked.ids, strict=False)
    entries = [
        AxisEntry(
            axis=axis.name.lower(),
            bus="bench",
            id=id_,
            turns_per_unit=1.0,
            torque_per_effort=1.0,
            vesc=asked.vesc,
        )
        for axis, id_ in places
    ]
    if asked.protocol == "vesc":
        from firmware_bridge.drivers.vesc import VescBus
        from firmware_bridge.drivers.vesc_feedback import wiring_of

        return VescBus(transport, {e.number: wiring_of(e, _EFFORT_MAX, _SPEED_MAX) for e in entries})
    if asked.cia402 is not None:
        from firmware_bridge.drivers.cia402 import Cia402Bus
        from firmware_bridge.drivers.cia402_axis import Cia402Axis
        from firmware_bridge.drivers.cia402_setup import Needs

        how, modes = asked.cia402, frozenset((AxisMode.VELOCITY,))
        axes = [
            Cia402Axis(e, _CONFIG, 0.1, Needs(e.id, modes, how.counts_per_turn), looks_on=how.looks_on)
            for e in entries
        ]
        return Cia402Bus(transport, axes, how.bit_rate, looks_on=how.looks_on)
    from firmware_bridge.drivers.moteus import MoteusBus
    from firmware_bridge.drivers.moteus_axis import MoteusAxis

    return MoteusBus(transport, [MoteusAxis(entry, _CONFIG, brake_s=0.1) for entry in entries])


def batches(ids: Sequence[int], at_most: int | None = None) -> Iterator[Sequence[int]]:
    """As many ids at a time as a bench has places, or fewer."""
    step = at_most or len(_PLACES)
    return (ids[at : at + step] for at in range(0, len(ids), step))


def _watchdog_ms(details: dict[str, str]) -> float | None:
    if "watchdog_ms" in details:
        return _float(details["watchdog_ms"])
    seconds = _float(details.get("servo.default_timeout_s"))
    return None if seconds is None else round(1000 * seconds, 3)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _float(text: str | None) -> float | None:
    try:
        return _number(float(text)) if text is not None else None
    except ValueError:
        return None


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
