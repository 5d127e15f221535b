"""Every fault of the line, and what host and board make of it. No fault moves anything by itself."""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "firmware_bridge"))
from board_rig import Rig, setpoints

from firmware_bridge.ports import LinkLost, MemoryPair
from hil.faulty_line import FaultyTransport, Injection, LinkFault
from robot.messages import AxisMode, Mode, StopCause

DRIVING = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0), rotor=(AxisMode.POSITION, 0.5, 0.0))


class FaultyRig(Rig):
    """A rig that drives, with a faulty line."""

    def __init__(self, seed: int = 3) -> None:
        def wrap(port):
            self.line = FaultyTransport(port, lambda: self.t_ns, seed)
            return self.line

        super().__init__(wrap)
        self.arm(Mode.TRAVEL)
        self.run(0.5, self.frame(DRIVING, armed=True, mode=Mode.TRAVEL))

    def under(self, injection: Injection, seconds: float) -> list:
        """Readings of every tick while the fault acts."""
        self.line.inject(injection)
        return [self.tick() for _ in range(round(seconds * 100))]

    @property
    def speed(self) -> float:
        return float(self.mechanics.velocity[0])

    def age_ms(self) -> float:
        return (self.t_ns - self.readings.axes.t_ns) / 1e6


@pytest.fixture
def rig() -> FaultyRig:
    return FaultyRig()


def test_a_line_without_fault_changes_nothing(rig):
    assert rig.speed == pytest.approx(6.0, abs=0.1)
    assert rig.readings.link.frames_bad == rig.readings.link.frames_lost == 0


def test_disconnect_is_told_at_once_and_the_board_stops_by_itself(rig):
    readings = rig.under(Injection(LinkFault.DISCONNECT), 0.2)
    assert not readings[0].link.connected
    assert rig.board.permission.cause == StopCause.WATCHDOG
    rig.run(1.3)
    assert rig.mechanics.braked.all()


@pytest.mark.parametrize("to_board", [True, False])
def test_half_open_ages_the_feedback_and_stops_the_drives(rig, to_board):
    readings = rig.under(Injection(LinkFault.HALF_OPEN, to_board=to_board), 0.25)
    assert not any(r.axes.t_ns > readings[0].axes.t_ns for r in readings)
    assert rig.age_ms() >= 240
    # with a dead answer the host falls silent after 100 ms, and the watchdog runs out 150 ms later
    rig.run(0.1)
    assert rig.board.permission.cause == StopCause.WATCHDOG


def test_a_deaf_board_stops_and_says_so(rig):
    rig.under(Injection(LinkFault.HALF_OPEN, to_host=False), 0.25)
    assert rig.readings.axes.last_seq_age_ms >= 200
    assert rig.age_ms() == 0
    assert rig.readings.safety.stop_cause == StopCause.WATCHDOG


def test_nothing_resumes_when_a_half_open_line_comes_back(rig):
    rig.under(Injection(LinkFault.HALF_OPEN), 2.0)
    rig.line.inject(None)
    rig.run(1.0)
    assert rig.readings.link.connected
    assert rig.readings.safety.latched_stop
    assert rig.speed == 0.0


def test_few_bit_errors_cost_few_frames_and_no_stop(rig):
    readings = rig.under(Injection(LinkFault.CORRUPT, rate=1e-4), 5.0)
    assert readings[-1].link.frames_bad > 0
    assert readings[-1].link.frames_lost > 0
    assert readings[-1].safety.permitted
    assert rig.speed == pytest.approx(6.0, abs=0.1)
    assert all(r.axes.velocity[0] == pytest.approx(6.0, abs=0.2) for r in readings)


def test_many_bit_errors_stop_it(rig):
    rig.under(Injection(LinkFault.CORRUPT, rate=2e-2), 3.0)
    assert rig.board.permission.latched
    assert rig.speed == pytest.approx(0.0, abs=0.05)


def test_no_corruption_lets_a_wild_value_through(rig):
    for reading in rig.under(Injection(LinkFault.CORRUPT, rate=3e-3), 5.0):
        assert abs(reading.axes.velocity[0]) < 10.0
        assert abs(reading.axes.position[6] - 0.5) < 0.2


def test_after_truncation_the_next_good_frame_is_taken(rig):
    rig.under(Injection(LinkFault.TRUNCATE, rate=1.0), 0.05)
    rig.line.inject(None)
    rig.run(0.02)
    assert rig.age_ms() == 0
    assert rig.readings.safety.permitted
    assert rig.readings.link.frames_bad > 0


def test_truncation_now_and_then_is_borne(rig):
    readings = rig.under(Injection(LinkFault.TRUNCATE, rate=0.05), 3.0)
    assert readings[-1].safety.permitted
    assert max(b.axes.t_ns - a.axes.t_ns for a, b in pairwise(readings)) <= 40_000_000


@pytest.mark.parametrize("fault", [LinkFault.DUPLICATE, LinkFault.REPLAY])
def test_what_comes_again_is_dropped_and_counted(rig, fault):
    bad = rig.readings.link.frames_bad
    readings = rig.under(Injection(fault), 2.0)
    assert readings[-1].link.frames_bad > bad + 100
    assert readings[-1].safety.permitted
    positions = [r.axes.position[0] for r in readings]
    assert positions == sorted(positions)
    assert all(r.axes.t_ns == r.sensors.t_ns == r.imu.t_ns for r in readings)
    assert [r.axes.last_seq_age_ms for r in readings] == [10] * len(readings)
    assert readings[-1].link.round_trip_ms == 10.0


def test_reordered_frames_are_dropped_and_time_never_runs_back(rig):
    readings = rig.under(Injection(LinkFault.REORDER, rate=0.3), 3.0)
    stamps = [r.axes.device_us for r in readings]
    assert stamps == sorted(stamps)
    assert readings[-1].link.frames_bad > 0
    assert readings[-1].safety.permitted


def test_a_replayed_past_does_not_keep_a_silent_host_alive(rig):
    """Old setpoints and heartbeats come over and over, but no new ones."""
    sent: list[bytes] = []
    write = rig.line.write
    rig.line.write = lambda data: (sent.append(data), write(data))
    rig.run(0.3)
    for _ in range(25):
        rig.pair.host.write(b"".join(sent))
        rig.tick(silent=True)
    assert rig.readings.safety.stop_cause == StopCause.WATCHDOG


def test_a_replayed_reset_is_not_obeyed_twice(rig):
    sent: list[bytes] = []
    write = rig.line.write
    rig.line.write = lambda data: (sent.append(data), write(data))
    rig.run(0.3, silent=True)
    rig.tick(rig.frame(mode=Mode.STOPPED, reset=True))
    rig.run(0.2, rig.frame(mode=Mode.SAFE))
    assert not rig.readings.safety.latched_stop
    rig.run(0.1, rig.frame(mode=Mode.SAFE, stop=True))
    rig.run(0.1, rig.frame(mode=Mode.STOPPED))
    for data in sent:
        rig.pair.host.write(data)
    rig.run(0.2)
    assert rig.readings.safety.latched_stop


def test_a_flood_of_valid_frames_is_borne_within_a_tick(rig):
    rig.line.inject(Injection(LinkFault.FLOOD, to_board=False))
    took = []
    for _ in range(30):
        began = time.perf_counter()
        rig.tick()
        took.append(time.perf_counter() - began)
    assert np.median(took) < 0.010
    assert rig.age_ms() == 0
    assert rig.readings.safety.permitted
    assert rig.speed == pytest.approx(6.0, abs=0.1)


def test_a_flooded_board_still_stops(rig):
    rig.under(Injection(LinkFault.FLOOD), 0.3)
    rig.tick(rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL, stop=True))
    rig.tick()
    assert rig.board.permission.latched


@pytest.mark.parametrize("delay_ms", [20, 50, 200])
def test_delayed_replies_show_their_true_age(rig, delay_ms):
    rig.under(Injection(LinkFault.DELAYED, delay_s=delay_ms / 1000, to_board=False), 0.6)
    assert rig.age_ms() == pytest.approx(delay_ms, abs=1.0)
    stopped = rig.board.permission.latched
    assert stopped == (delay_ms > 100)  # feedback older than that: the host sends no setpoints


def test_late_commands_do_not_pile_up_and_run_later(rig):
    """A line that stalls for a second and then gives everything at once moves nothing."""
    rig.under(Injection(LinkFault.DELAYED, delay_s=1.0, to_host=False), 1.5)
    assert rig.board.permission.latched
    rig.run(1.5)
    before = rig.mechanics.position[0]
    rig.run(0.5)
    assert rig.mechanics.position[0] == before


def test_two_lines_with_the_same_seed_have_the_same_faults():
    def bytes_of(seed: int) -> list[bytes]:
        pair = MemoryPair()
        line = FaultyTransport(pair.host, lambda: 0, seed)
        line.inject(Injection(LinkFault.CORRUPT, rate=0.1))
        out = []
        for _ in range(20):
            pair.device.write(bytes(100))
            out.append(line.read())
        return out

    assert bytes_of(1) == bytes_of(1) != bytes_of(2)


def test_closing_goes_through():
    pair = MemoryPair()
    line = FaultyTransport(pair.host, lambda: 0, 1)
    line.close()
    with pytest.raises(LinkLost):
        pair.device.write(b"x")
