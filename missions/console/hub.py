"""What all connections share: the robot, who is connected, and the state that is told to all of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from missions.console.access import Client
from missions.console.desk import Desk
from missions.console.protocol import STATE_HZ
from missions.console.records import Records, stamp
from missions.console.robot_link import RobotLink
from missions.console.session import Session
from missions.console.snapshot import Snapshot
from missions.console.view import View


def now_ms() -> int:
    """The server's clock: it only goes on, and outlives the server."""
    return time.monotonic_ns() // 1_000_000


class Hub:
    """The console's one state.

    Args:
        folder: of the sockets.
        view: what is shown of a snapshot.
        records: what is kept here.
        log: what is done and refused, by whom.
    """

    def __init__(
        self, folder: Path, view: View, records: Records, log: Callable[[str, str, str], None]
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self.records = records
        self.robot = RobotLink(folder, self._on_snapshot)
        self.desk = Desk(self.robot, self.sessions, records, log)
        self._view = view
        self._shown: dict[str, Any] = {}
        self._number = 0
        self.state_text = ""
        self.state_ms = 0

    # ------------------------------------------------------------------ connections

    def enter(self, client: Client) -> Session:
        """A client has connected; an older connection of it gives way."""
        before = self.sessions.get(client.id)
        seq = before.seq if before else self._heard_seq(client.id)
        if before is not None:
            before.close("replaced")
        session = self.sessions[client.id] = Session(client, seq, now_ms())
        self._tell()  # what is told while nobody listens is not kept
        return session

    def leave(self, session: Session) -> None:
        if self.sessions.get(session.client.id) is session:
            del self.sessions[session.client.id]
            self.desk.left(session.client.id)

    def _heard_seq(self, client: str) -> int:
        """The newest number that the robot knows: it counts on over restarts of this server."""
        heard = self.robot.newest.heard if self.robot.newest else ()
        return next((h.seq for h in heard if h.client == client), 0)

    # ------------------------------------------------------------------ state

    async def run(self) -> None:
        """Tell the state at a steady pace even if the robot says nothing."""
        loop = asyncio.get_running_loop()
        self.records.planning.make({})
        loop.add_reader(self.robot.fileno(), self.robot.receive)
        try:
            while True:
                await asyncio.sleep(1 / STATE_HZ)
                if now_ms() - self.state_ms >= 2000 // STATE_HZ:
                    self._tell()
        finally:
            loop.remove_reader(self.robot.fileno())

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._shown = self._view.state(snapshot)
        self.records.update(snapshot, self._shown, now_ms())
        self._tell()

    def _tell(self) -> None:
        if not self.sessions:
            return
        self._number += 1
        t_ms = self.state_ms = now_ms()
        newest = self.robot.newest
        state = {
            "type": "state",
            "n": self._number,
            "t_ms": t_ms,
            "robot": {
                "connected": self.robot.connected,
                "age_ms": round(self.robot.age_s * 1000) if newest else None,
                "t_s": round(newest.t_ns / 1e9, 2) if newest else None,
                "clock": stamp(),
            },
            **self._shown,
            "alarms": self.records.alarms.shown(t_ms),
            "changed": self.records.changed,
            "authority": self._authority(t_ms),
            "clients": [
                {
                    "client": session.client.id,
                    "name": session.client.name,
                    "role": session.client.role.name.lower(),
                    "round_trip_ms": None if session.round_trip_ms is None else round(session.round_trip_ms),
                }
                for session in self.sessions.values()
            ],
        }
        self.state_text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
        for session in self.sessions.values():
            session.wake.set()

    def _authority(self, t_ms: int) -> dict[str, Any]:
        holder = self.desk.holder
        session = self.sessions.get(holder)
        return {
            "holder": holder,
            "silent_ms": t_ms - session.heard_ms if session else None,
            "asking": self.desk.questions.open(t_ms),
        }
