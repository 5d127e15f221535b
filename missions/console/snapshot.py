"""What the robot says of itself 20 times a second: one message, made of the log's own message types."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass, replace

from missions.codec import Codec
from robot.controller import Controller
from robot.messages import (
    AxisStates,
    Battery,
    BoardSensors,
    CameraFrame,
    CommandFrame,
    Event,
    Link,
    Mode,
    OperatorMessage,
    SafetyStatus,
    SensorFrame,
)
from robot.parameters import Parameters
from robot.quick import quick
from robot.safety import arming

EVENTS_KEPT = 32
TICKS_PER_SNAPSHOT = 5


@dataclass(frozen=True, slots=True)
class Laid:
    """What has been laid so far."""

    from_m: float = math.nan
    to_m: float = math.nan
    turns: int = 0
    unwrapped_m: float = 0.0
    cable_m: float = 0.0

    def extended(self, command: CommandFrame) -> Laid:
        """With the as-built records of one tick."""
        laid = self
        for record in command.records:
            if record.kind == "begin":
                laid = replace(laid, from_m=record.from_m, to_m=record.from_m)
                continue
            if record.kind == "turn":
                laid = replace(laid, turns=laid.turns + 1)
            elif record.kind == "unwrapped":
                laid = replace(laid, unwrapped_m=laid.unwrapped_m + record.to_m - record.from_m)
            laid = replace(laid, to_m=record.to_m, cable_m=laid.cable_m + record.length_m)
        return laid


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest sequence number of one client."""

    client: str
    seq: int


@quick
@dataclass(frozen=True, slots=True)
class Snapshot:
    """The robot in one tick. Whoever gets the newest needs none of those before."""

    number: int
    sent_ns: int  # monotonic
    t_ns: int  # robot time
    log: str  # name of the log that is written
    log_ok: bool
    axes: AxisStates
    sensors: BoardSensors
    battery: Battery
    safety: SafetyStatus
    link: Link
    command: CommandFrame
    mode_since_ns: int
    finished: bool  # the lay is complete
    laid: Laid
    active: tuple[str, ...]  # conditions that hold
    arming: tuple[str, ...]  # checks that forbid arming
    holder: str
    heard: tuple[Heard, ...]
    stops: int  # STOPs heard so far
    stop_ns: int  # when the newest of them was handed over, monotonic
    first_event: int  # number of the first of `events`
    events: tuple[Event, ...]  # the last ones
    camera: CameraFrame | None = None


SNAPSHOT = Codec(Snapshot)
ORDER = Codec(OperatorMessage)


class Reporter:
    """Gathers tick by tick what a snapshot tells.

    Args:
        controller, parameters: of the robot.
        log: name of the log.
    """

    def __init__(self, controller: Controller, parameters: Parameters, log: str) -> None:
        self._controller, self._parameters, self._log = controller, parameters, log
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._event_count = 0
        self._numbers = itertools.count(1)
        self._laid = Laid()
        self._mode: Mode | None = None
        self._mode_since_ns = 0
        self._finished = False
        self._ticks = 0

    def observe(self, frame: SensorFrame, command: CommandFrame) -> bool:
        """Take in one tick; True when it is worth a snapshot."""
        self._ticks += 1
        news = command.mode is not self._mode or bool(command.events)
        if command.mode is not self._mode:
            self._mode, self._mode_since_ns = command.mode, command.t_ns
        self._events.extend(command.events)
        self._event_count += len(command.events)
        if command.records:
            self._laid = self._laid.extended(command)
        self._finished = self._finished or command.finished
        return news or self._ticks % TICKS_PER_SNAPSHOT == 0

    def snapshot(
        self,
        frame: SensorFrame,
        command: CommandFrame,
        sent_ns: int,
        heard: tuple[Heard, ...],
        stops: int,
        stop_ns: int,
    ) -> Snapshot:
        """The robot as of this tick."""
        active = self._controller.active
        preparation = arming.Preparation(frame, command.estimate, active, self._parameters)
        return Snapshot(
            next(self._numbers),
            sent_ns,
            frame.t_ns,
            self._log,
            frame.log_ok,
            frame.axes,
            frame.sensors,
            frame.battery,
            frame.safety,
            frame.link,
            command,
            self._mode_since_ns,
            self._finished,
            self._laid,
            tuple(sorted(active)),
            arming.check(preparation),
            self._controller.holder,
            heard,
            stops,
            stop_ns,
            self._event_count - len(self._events),
            tuple(self._events),
            frame.camera,
        )
