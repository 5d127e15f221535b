"""The alarms of a crew: one row an event that lasts or was not read yet, the gravest and newest first.

Texts, severity and what the robot does come from the one event table; here is only who has read what. An alarm
that comes back soon is the same alarm: it is counted, and not cried again. Alarms of severity ALARM and SAFETY
stay until they are acknowledged and cannot be put aside (promise S19).
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import Any

from missions.console.session import Refused
from missions.console.snapshot import Snapshot
from robot.messages import Event
from robot.modes.events import EVENTS, Severity, severity

HISTORY = 500
SHOWN = 30
_BURST_MS = 5_000  # alarms that follow within this time are of one cause: the first is marked
_AGAIN_MS = 10_000  # one that comes back within this time is not new
_OVER_MS = 10_000  # a warning that is over is shown for so long
_CLEARED = "cleared"
_STARTING_NS = 3_000_000_000  # until then the robot's software has not heard of everything yet


@dataclass(frozen=True, slots=True)
class Alarm:
    """One row; times in ms of the server's clock."""

    id: str
    severity: Severity
    raised_ms: int
    seen_ms: int  # when it was last true
    active: bool
    detail: str = ""
    acknowledged: str = ""  # by whom
    first: bool = False
    count: int = 1
    shelved_ms: int = 0  # until when it is not shown

    def json(self, now_ms: int) -> dict[str, Any]:
        return {
            "id": self.id,
            "severity": self.severity.name.lower(),
            "since_s": round((now_ms - self.raised_ms) / 1000, 1),
            "active": self.active,
            "acknowledged": self.acknowledged,
            "first": self.first,
            "count": self.count,
            "detail": self.detail,
        }


class Alarms:
    """The book of alarms of one robot."""

    def __init__(self) -> None:
        self._rows: dict[str, Alarm] = {}
        self._history: deque[dict[str, Any]] = deque(maxlen=HISTORY)
        self._job = ""
        self._next_event = 0
        self._raised_ms = -_BURST_MS
        self.changes = 0

    # ------------------------------------------------------------------ the robot's part

    def update(self, snapshot: Snapshot, now_ms: int) -> None:
        """Take in what the robot says."""
        if snapshot.log != self._job:
            self._job, self._next_event = snapshot.log, 0
        for number, event in enumerate(snapshot.events, snapshot.first_event):
            if number >= self._next_event:
                self._next_event = number + 1
                self._note(number, event, now_ms)
        active = set(snapshot.active) if snapshot.t_ns > _STARTING_NS else set()
        for name in active - {row.id for row in self._rows.values() if row.active}:
            if severity(name) > Severity.INFO:
                self._raise(name, "", True, now_ms)
        for row in list(self._rows.values()):
            if row.active and row.id not in active:
                self._put(replace(row, active=False, seen_ms=now_ms))
            elif row.active:
                self._rows[row.id] = replace(row, seen_ms=now_ms)
            elif row.acknowledged or (row.severity <= Severity.WARNING and now_ms - row.seen_ms > _OVER_MS):
                del self._rows[row.id]
                self.changes += 1

    def _note(self, number: int, event: Event, now_ms: int) -> None:
        grave = severity(event.id)
        row = {"n": number, "t_s": round(event.t_ns / 1e9, 2), "id": event.id, "detail": event.detail}
        stamp = {"severity": grave.name.lower(), "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        self._history.append({**row, **stamp})
        self.changes += 1
        if grave > Severity.INFO and event.detail != _CLEARED and event.t_ns > _STARTING_NS:
            self._raise(event.id, event.detail, False, now_ms)

    def _raise(self, name: str, detail: str, active: bool, now_ms: int) -> None:
        before = self._rows.get(name)
        if before is not None:
            new = now_ms - before.seen_ms > _AGAIN_MS
            count = before.count + (not (before.active or before.seen_ms == now_ms))
            row = replace(before, active=active, seen_ms=now_ms, count=count, detail=detail or before.detail)
            self._put(replace(row, acknowledged="", raised_ms=now_ms) if new else row)
            return
        first = now_ms - self._raised_ms > _BURST_MS
        self._raised_ms = now_ms
        self._put(Alarm(name, severity(name), now_ms, now_ms, active, detail, first=first))

    def _put(self, row: Alarm) -> None:
        self._rows[row.id] = row
        self.changes += 1

    # ------------------------------------------------------------------ the crew's part

    def acknowledge(self, name: str, by: str) -> None:
        """Somebody has read it.

        Raises:
            Refused: there is no such alarm.
        """
        self._put(replace(self._row(name), acknowledged=by))

    def shelve(self, name: str, minutes: float, now_ms: int) -> None:
        """Put a warning aside for some minutes; 0 = back again.

        Raises:
            Refused: there is no such alarm, or it is too grave for that.
        """
        if name in EVENTS and severity(name) > Severity.WARNING:
            raise Refused("cannot_shelve", name)
        self._put(replace(self._row(name), shelved_ms=now_ms + round(minutes * 60_000) if minutes else 0))

    def _row(self, name: str) -> Alarm:
        row = self._rows.get(name)
        if row is None:
            raise Refused("no_alarm", name)
        return row

    # ------------------------------------------------------------------ what is shown

    def shown(self, now_ms: int) -> list[dict[str, Any]]:
        """The gravest first, the newest of equals first."""
        rows = [row for row in self._rows.values() if row.shelved_ms <= now_ms]
        rows.sort(key=lambda row: (bool(row.acknowledged), -row.severity, -row.raised_ms))
        return [row.json(now_ms) for row in rows[:SHOWN]]

    def page(self, now_ms: int) -> dict[str, Any]:
        """All of it, with what is shelved and what was."""
        shelved = [row for row in self._rows.values() if row.shelved_ms > now_ms]
        return {
            "active": self.shown(now_ms),
            "shelved": [
                {**row.json(now_ms), "until_s": round((row.shelved_ms - now_ms) / 1000)} for row in shelved
            ],
            "history": list(self._history)[::-1],
        }


def texts(language: str) -> dict[str, dict[str, str]]:
    """Of every event, by id."""
    return {
        name: {"severity": kind.severity.name.lower(), **asdict(kind.texts[language])}
        for name, kind in EVENTS.items()
    }
