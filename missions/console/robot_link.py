"""The server's end of the robot: orders and STOP go out, the newest snapshot is at hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from missions.codec import CodecError
from missions.console.operator import FINISH
from missions.console.snapshot import ORDER, SNAPSHOT, Snapshot
from missions.console.sockets import ORDERS, STATE, STOP, Inbox, Outbox
from robot.messages import Action, Mode, OperatorMessage

LOST_S = 0.5  # a robot that says nothing for so long is not there
CONFIRM_S = 1.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of a STOP."""

    latched: bool
    mode: str | None  # None: nothing is known
    wait_ms: int


class RobotLink:
    """The sockets of one runtime, whichever is behind them at the moment.

    Args:
        folder: of the sockets.
        on_snapshot: called with each new snapshot; of several that wait only the newest counts.
    """

    def __init__(self, folder: Path, on_snapshot: Callable[[Snapshot], None]) -> None:
        self._inbox = Inbox(folder / STATE)
        self._stop, self._orders = Outbox(folder / STOP), Outbox(folder / ORDERS)
        self._on_snapshot = on_snapshot
        self._latched: list[tuple[int, asyncio.Future[Snapshot]]] = []
        self.newest: Snapshot | None = None
        self.malformed = 0

    def fileno(self) -> int:
        return self._inbox.fileno()

    def receive(self) -> None:
        """Something has arrived."""
        data = self._inbox.newest()
        if data is None:
            return
        try:
            snapshot: Snapshot = SNAPSHOT.decode(data)
        except CodecError:
            self.malformed += 1
            return
        self.newest = snapshot
        if self._latched and snapshot.command.mode is Mode.STOPPED:
            self._confirm(snapshot)
        self._on_snapshot(snapshot)

    @property
    def age_s(self) -> float:
        """How old the newest snapshot is."""
        return (time.monotonic_ns() - self.newest.sent_ns) / 1e9 if self.newest else float("inf")

    @property
    def connected(self) -> bool:
        return self.age_s < LOST_S

    def order(self, client: str, seq: int, age_ms: int, action: Action, argument: str = "") -> bool:
        """Hand an order over; False: nobody took it."""
        message = OperatorMessage(time.monotonic_ns(), seq, client, action, argument, age_ms)
        return self._orders.send(ORDER.encode(message))

    def finish(self) -> bool:
        return self._orders.send(FINISH)

    async def stop(self, client: str) -> Stopped:
        """STOP, and what the robot says to it. It is handed over before anything else is done."""
        stamp_ns = time.monotonic_ns()
        self._stop.send(ORDER.encode(OperatorMessage(stamp_ns, 0, client, Action.STOP)))
        latched: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        entry = stamp_ns, latched
        self._latched.append(entry)
        try:
            snapshot = await asyncio.wait_for(latched, CONFIRM_S)
        except TimeoutError:
            mode = self.newest.command.mode.value if self.newest and self.connected else None
            return Stopped(False, mode, _since_ms(stamp_ns))
        finally:
            if entry in self._latched:
                self._latched.remove(entry)
        return Stopped(True, snapshot.command.mode.value, _since_ms(stamp_ns))

    def close(self) -> None:
        self._inbox.close()
        self._stop.close()
        self._orders.close()

    def _confirm(self, snapshot: Snapshot) -> None:
        """Tell those whose STOP the robot has heard."""
        for stamp_ns, latched in self._latched:
            if snapshot.stop_ns >= stamp_ns and not latched.done():
                latched.set_result(snapshot)


def _since_ms(stamp_ns: int) -> int:
    return (time.monotonic_ns() - stamp_ns) // 1_000_000
