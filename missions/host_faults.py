"""Faults of the computer itself, for simulated jobs: a loop that is blocked, a log that cannot be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hil.scenario import Fault
from hil.world.faults import Schedule
from missions.clock import STALL_NS, Lockstep
from missions.recording import Recorder
from robot.messages import CommandFrame, SensorFrame

BLOCKED_S = 0.3  # how long the loop is blocked where the fault does not say


class BlockedLoop(Lockstep):
    """Lockstep in which some ticks come late, as if collector, disk or another process had held the loop."""

    def __init__(self, faults: Sequence[Fault], s_m: Callable[[], float]) -> None:
        self._schedule = Schedule([f for f in faults if f.target == "loop"])
        self._s_m = s_m
        self._done: set[int] = set()

    def wait_for(self, t_ns: int) -> int:
        self.stalled = False
        if not self._schedule:
            return t_ns
        fault = self._schedule.update(t_ns / 1e9, self._s_m()).get("loop")
        if fault is None or id(fault) in self._done:
            return t_ns
        self._done.add(id(fault))
        late_ns = round((fault.value or fault.for_s or BLOCKED_S) * 1e9)
        self.stalled = late_ns > STALL_NS
        return t_ns + late_ns


class FailingLog:
    """A recorder whose disk is full while the fault lasts."""

    def __init__(self, recorder: Recorder | None, faults: Sequence[Fault], s_m: Callable[[], float]) -> None:
        self._recorder = recorder
        self._schedule = Schedule([f for f in faults if f.target == "log"])
        self._s_m = s_m
        self._full = False

    @property
    def ok(self) -> bool:
        return not self._full and (self._recorder is None or self._recorder.ok)

    def tick(self, frame: SensorFrame, command: CommandFrame) -> None:
        if self._schedule:
            self._full = "log" in self._schedule.update(frame.t_ns / 1e9, self._s_m())
        if self._recorder is not None and not self._full:
            self._recorder.tick(frame, command)
