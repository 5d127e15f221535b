"""Alarms: the gravest first, merged when they flicker, never muted when they matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from missions.console.alarms import Alarms
from missions.console.session import Refused
from missions.console.snapshot import SNAPSHOT, Snapshot
from robot.messages import Event
from tests.missions.console.samples import snapshot

S = 1_000_000_000
BEGUN_NS = 10 * S


class Robot:
    """Says what is wrong, second by second."""

    def __init__(self) -> None:
        self.alarms = Alarms()
        self._events: tuple[Event, ...] = ()
        self._active: tuple[str, ...] = ()
        self.now_ms = 0

    def say(self, *active: str, seconds: float = 1.0, also: tuple[str, ...] = ()) -> None:
        began = [Event(BEGUN_NS, name) for name in (*sorted(set(active) - set(self._active)), *also)]
        ended = [Event(BEGUN_NS, name, "cleared") for name in sorted(set(self._active) - set(active))]
        self._events += tuple(began + ended)
        self._active = active
        self.now_ms += round(seconds * 1000)
        self.alarms.update(self.snapshot(), self.now_ms)

    def snapshot(self) -> Snapshot:
        return replace(snapshot(), t_ns=BEGUN_NS, events=self._events, active=self._active)

    @property
    def shown(self) -> list[dict[str, Any]]:
        return self.alarms.shown(self.now_ms)

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.shown]


def test_a_quiet_robot_has_no_alarms() -> None:
    robot = Robot()
    robot.say()
    assert robot.shown == []


def test_the_gravest_stands_first_and_the_first_of_a_burst_is_marked() -> None:
    robot = Robot()
    robot.say("roll_high")
    robot.say("roll_high", "contact")
    robot.say("roll_high", "contact", "camera_lost")
    assert robot.ids == ["contact", "camera_lost", "roll_high"]
    assert [row["first"] for row in robot.shown] == [False, False, True]


def test_what_is_over_stays_until_it_was_read_if_it_was_grave() -> None:
    robot = Robot()
    robot.say("contact", "roll_high")
    robot.say(seconds=20.0)
    robot.say(seconds=20.0)
    assert robot.ids == ["contact"]
    assert not robot.shown[0]["active"]
    robot.alarms.acknowledge("contact", "tablet 1")
    robot.say()
    assert robot.ids == []


def test_acknowledging_does_not_end_an_alarm() -> None:
    robot = Robot()
    robot.say("camera_lost")
    robot.alarms.acknowledge("camera_lost", "tablet 1")
    robot.say("camera_lost")
    assert robot.shown[0]["acknowledged"] == "tablet 1"
    assert robot.shown[0]["active"]


def test_an_alarm_that_flickers_is_one_alarm_and_stays_read() -> None:
    robot = Robot()
    robot.say("console_lost")
    robot.alarms.acknowledge("console_lost", "tablet 1")
    robot.alarms.shown(robot.now_ms)
    for _ in range(5):
        robot.say("console_lost")
    assert robot.ids == ["console_lost"]
    robot.say(seconds=0.5)
    robot.say("console_lost", seconds=0.5)
    assert robot.ids == ["console_lost"]


def test_one_that_comes_back_unread_is_counted() -> None:
    robot = Robot()
    for _ in range(3):
        robot.say("camera_lost")
        robot.say()
    assert [(row["id"], row["count"]) for row in robot.shown] == [("camera_lost", 3)]


def test_only_warnings_can_be_put_aside_and_only_for_a_time() -> None:
    robot = Robot()
    robot.say("roll_high", "camera_lost", "contact")
    for grave in ("camera_lost", "contact"):
        with pytest.raises(Refused, match="cannot_shelve"):
            robot.alarms.shelve(grave, 10.0, robot.now_ms)
    robot.alarms.shelve("roll_high", 10.0, robot.now_ms)
    assert "roll_high" not in robot.ids
    assert [row["id"] for row in robot.alarms.page(robot.now_ms)["shelved"]] == ["roll_high"]
    robot.say("roll_high", "camera_lost", "contact", seconds=601.0)
    assert "roll_high" in robot.ids


def test_what_is_not_there_cannot_be_acknowledged() -> None:
    with pytest.raises(Refused, match="no_alarm"):
        Alarms().acknowledge("contact", "tablet 1")


def test_a_stop_by_an_operator_is_an_alarm_of_its_own() -> None:
    robot = Robot()
    robot.say(also=("operator_stop",))
    assert robot.ids == ["operator_stop"]


def test_nothing_that_only_happened_is_an_alarm_and_all_of_it_is_history() -> None:
    robot = Robot()
    robot.say(also=("operator_arm", "mounted"))
    assert robot.ids == []
    assert [row["id"] for row in robot.alarms.page(robot.now_ms)["history"]] == ["mounted", "operator_arm"]


def test_a_server_that_was_started_again_knows_what_holds_now() -> None:
    robot = Robot()
    robot.say("contact")
    again = Alarms()
    again.update(replace(robot.snapshot(), events=()), robot.now_ms)
    assert [row["id"] for row in again.shown(robot.now_ms)] == ["contact"]


def test_a_snapshot_comes_over_the_wire_as_it_was() -> None:
    robot = Robot()
    robot.say("contact", also=("operator_stop",))
    sent = robot.snapshot()
    assert repr(SNAPSHOT.decode(SNAPSHOT.encode(sent))) == repr(sent)
