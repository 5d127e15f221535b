"""The robot's end of the crew: orders and STOP from sockets, without waiting, and what is told of every tick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from missions.clock import TICK_NS, Counted
from missions.console.operator import FINISH, RemoteOperator
from missions.console.snapshot import ORDER, Laid
from missions.console.sockets import ORDERS, STOP, Outbox
from robot.messages import Action, CommandFrame, LayRecord, Mode, OperatorMessage
from robot.safety.authority import Authority
from tests.missions.console.samples import snapshot

MS = 1_000_000
NOW_NS = 5_000 * MS


class End:
    """A robot's end, and the two sockets to it."""

    def __init__(self, folder: Path) -> None:
        self.operator = RemoteOperator(folder, lambda: NOW_NS)
        self._stop, self._orders = Outbox(folder / STOP), Outbox(folder / ORDERS)

    def order(self, action: Action, seq: int = 1, sent_ns: int = NOW_NS, age_ms: int = 0) -> None:
        self._orders.send(ORDER.encode(OperatorMessage(sent_ns, seq, "tablet", action, "", age_ms)))

    def stop(self) -> None:
        self._stop.send(ORDER.encode(OperatorMessage(NOW_NS, 0, "phone", Action.STOP)))

    def raw(self, data: bytes) -> None:
        self._orders.send(data)

    def close(self) -> None:
        for one in (self.operator, self._stop, self._orders):
            one.close()

    def heard(self, t_ns: int = 70 * MS) -> tuple[OperatorMessage, ...]:
        return self.operator.messages(t_ns, Mode.WRAP)


@pytest.fixture
def end(tmp_path: Path) -> Iterator[End]:
    end = End(tmp_path)
    yield end
    end.close()


def test_nothing_said_is_nothing_heard(end: End) -> None:
    assert end.heard() == ()


def test_an_order_is_stamped_in_robot_time_and_as_old_as_it_lay_there(end: End) -> None:
    end.order(Action.START, sent_ns=NOW_NS - 40 * MS, age_ms=15)
    (message,) = end.heard(t_ns=123 * MS)
    assert (message.t_ns, message.age_ms, message.action) == (123 * MS, 55, Action.START)


def test_a_stop_is_heard_in_the_same_tick_and_empties_what_was_asked_before_it(end: End) -> None:
    authority = Authority()
    end.order(Action.TAKE, 1)
    authority.accept(end.heard(), 0)
    for seq, action in enumerate((Action.ARM, Action.MOUNT, Action.START), 2):
        end.order(action, seq)
    end.stop()
    acts = authority.accept(end.heard(), 10 * MS)
    assert acts.stop
    assert authority.accept((), 20 * MS).act is None
    assert (end.operator.stops, end.operator.stop_ns) == (1, NOW_NS)


def test_a_flood_of_orders_keeps_no_stop_waiting(end: End) -> None:
    for seq in range(1, 500):
        end.order(Action.HEARTBEAT, seq)
    end.stop()
    assert any(message.action is Action.STOP for message in end.heard())


def test_rubbish_is_counted_and_left_aside(end: End) -> None:
    for data in (b"", b"\xff\xff\xff", b"x" * 1000):
        end.raw(data)
    end.order(Action.HOLD)
    assert [message.action for message in end.heard()] == [Action.HOLD]
    assert end.operator.malformed >= 2


def test_the_newest_number_of_every_client_is_remembered(end: End) -> None:
    end.order(Action.HEARTBEAT, 7)
    end.order(Action.HEARTBEAT, 5)
    end.heard()
    assert [(h.client, h.seq) for h in end.operator.heard] == [("tablet", 7)]


def test_the_end_of_a_job_is_no_order(end: End) -> None:
    end.raw(FINISH)
    assert end.heard() == ()
    assert end.operator.finish


def test_what_was_laid_is_added_up() -> None:
    command = snapshot().command
    records = (
        LayRecord("begin", 2.5, 2.5, 10.0, 0.0),
        LayRecord("turn", 2.5, 3.5, 10.0, 1.01),
        LayRecord("unwrapped", 3.5, 4.1, 10.0, 0.6),
    )
    laid = Laid().extended(_with(command, records))
    assert (laid.from_m, laid.to_m, laid.turns) == (2.5, 4.1, 1)
    assert (laid.unwrapped_m, laid.cable_m) == (pytest.approx(0.6), pytest.approx(1.61))


def _with(command: CommandFrame, records: tuple[LayRecord, ...]) -> CommandFrame:
    return replace(command, records=records)


def test_counted_time_never_jumps_however_late_it_is() -> None:
    clock = Counted(lambda: 50.0)
    times = [clock.wait_for(n * TICK_NS) for n in range(1, 20)]
    assert times == [n * TICK_NS for n in range(1, 20)]
    assert not clock.stalled
    clock.close()
