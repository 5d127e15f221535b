"""Clocks of the run loop. Lockstep time is counted and waits for nobody; real time is the monotonic one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

TICK_NS = 10_000_000
STALL_NS = 200_000_000  # a loop this late has stalled (promise S5)
_CATCH_UP_S = 0.05  # counted time makes up for this much and no more


class Clock(Protocol):
    """Paces the run loop. Times are robot time: 0 at the first tick."""

    def wait_for(self, t_ns: int) -> int:
        """Return when it is at least `t_ns`, with the time it is."""

    @property
    def stalled(self) -> bool:
        """The loop was seen late by more than `STALL_NS` since this was last asked."""

    def close(self) -> None:
        """End whatever watches the loop."""


class Lockstep:
    """The next tick begins when the last one is done."""

    stalled = False

    def wait_for(self, t_ns: int) -> int:
        return t_ns

    def close(self) -> None:
        pass


class Ports(Protocol):
    """What may come in between two ticks."""

    def wait(self, at_most_s: float) -> bool:
        """Until something has come, or the time is over; whether something may be there."""

    def poll(self, t_ns: int) -> object:
        """Take what has arrived until now."""


class RealTime:
    """Real time, and a watcher in a thread of its own that notices a loop that does not come back.

    Args:
        ports: whatever comes in on them between two ticks is taken when it comes; without, the time is slept away.
    """

    def __init__(self, ports: Ports | None = None) -> None:
        self._ports = ports
        self._begin_ns: int | None = None
        self._seen_ns = 0
        self._stalled = threading.Event()
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="loop monitor", daemon=True)

    def wait_for(self, t_ns: int) -> int:
        if self._begin_ns is None:
            self._begin_ns = time.monotonic_ns() - t_ns
            self._seen_ns = time.monotonic_ns()
            self._watcher.start()
        while (left_ns := t_ns - (time.monotonic_ns() - self._begin_ns)) > 0:
            if self._ports is None:
                time.sleep(left_ns * 1e-9)
            elif self._ports.wait(left_ns * 1e-9):
                self._ports.poll(time.monotonic_ns() - self._begin_ns)
        self._seen_ns = time.monotonic_ns()
        return self._seen_ns - self._begin_ns

    @property
    def stalled(self) -> bool:
        seen = self._stalled.is_set()
        self._stalled.clear()
        return seen

    def close(self) -> None:
        self._closing.set()
        if self._watcher.is_alive():
            self._watcher.join()

    def _watch(self) -> None:
        while not self._closing.wait(STALL_NS / 4 * 1e-9):
            if time.monotonic_ns() - self._seen_ns > STALL_NS:
                self._stalled.set()


class Counted:
    """Counted time at the pace of real time, for simulation: a computer that is too slow makes time slow.

    Args:
        speed: how many times faster than real time, asked before every tick.
    """

    stalled = False

    def __init__(self, speed: Callable[[], float] = lambda: 1.0) -> None:
        self._speed = speed
        self._due_s = time.monotonic()

    def wait_for(self, t_ns: int) -> int:
        self._due_s = max(self._due_s + TICK_NS * 1e-9 / self._speed(), time.monotonic() - _CATCH_UP_S)
        left_s = self._due_s - time.monotonic()
        if left_s > 0:
            time.sleep(left_s)
        return t_ns

    def close(self) -> None:
        pass
