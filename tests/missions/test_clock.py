"""Clocks: lockstep waits for nobody, real time keeps its pace and notices a loop that does not come back."""

from __future__ import annotations

import time

from hil.scenario import Fault
from missions.clock import TICK_NS, Lockstep, RealTime
from missions.host_faults import BlockedLoop


def test_lockstep_time_is_counted() -> None:
    clock = Lockstep()
    assert [clock.wait_for(n * TICK_NS) for n in (1, 2, 3)] == [TICK_NS, 2 * TICK_NS, 3 * TICK_NS]
    assert not clock.stalled
    clock.close()


def test_real_time_is_never_early() -> None:
    clock = RealTime()
    for number in range(1, 12):
        assert clock.wait_for(number * TICK_NS) >= number * TICK_NS
    clock.close()


def test_a_wall_clock_that_jumps_changes_nothing(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(time, "time", lambda: 0.0)
    clock = RealTime()
    assert TICK_NS <= clock.wait_for(TICK_NS) < 100 * TICK_NS
    clock.close()


def test_a_blocked_loop_is_seen_by_another_thread_and_told_once() -> None:
    clock = RealTime()
    clock.wait_for(TICK_NS)
    time.sleep(0.30)
    assert clock.stalled
    assert not clock.stalled
    clock.close()


def test_an_injected_stall_makes_one_tick_late() -> None:
    clock = BlockedLoop([Fault(kind="slow", target="loop", at_s=0.05, value=0.3)], lambda: 0.0)
    t_ns, seen = 0, []
    for _ in range(8):
        t_ns = clock.wait_for(t_ns + TICK_NS)
        seen.append((t_ns, clock.stalled))
    assert seen[3] == (40_000_000, False)
    assert seen[4] == (350_000_000, True)
    assert seen[5] == (360_000_000, False)


class Bell:
    """Ports on which something comes once, between two ticks."""

    def __init__(self) -> None:
        self.rung, self.polled_ns = False, []

    def wait(self, at_most_s: float) -> bool:
        time.sleep(min(at_most_s, 0.002))
        self.rung, rings = True, not self.rung
        return rings

    def poll(self, t_ns: int) -> None:
        self.polled_ns.append(t_ns)


def test_what_comes_between_two_ticks_is_taken_when_it_comes() -> None:
    ports = Bell()
    clock = RealTime(ports)
    first_ns = clock.wait_for(TICK_NS)
    then_ns = clock.wait_for(first_ns + TICK_NS)
    clock.close()
    (polled_ns,) = ports.polled_ns
    assert first_ns < polled_ns < then_ns
    assert then_ns >= first_ns + TICK_NS
