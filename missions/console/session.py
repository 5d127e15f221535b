"""One client's connection: what it may still say, what it has seen, and what waits to be told to it.

Nothing waits behind anything: answers are short and few, and of the states only the newest is sent, and none to
a client that has not shown for half a second that it gets them.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

from missions.console.access import Client
from missions.console.protocol import PRESS_S, Message, Press, Role, needed_role
from missions.console.robot_link import Stopped

SEEN_MAX_MS = 500  # states that were not echoed for so long hold back further ones
PRESS_MAX_S = 10.0
RATE_PER_S, BURST = 120.0, 240.0  # messages of one client
ANSWERS_MAX = 64
_EARLY_MS = 5.0  # clocks of client and server do not run quite alike


class Refused(Exception):
    """A message is not obeyed; `why` is a key of the texts."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why)
        self.why, self.detail = why, detail


class Session:
    """The state of one connection; times are given, in ms of the server's clock.

    Args:
        seq: newest sequence number that was ever heard of this client.
        now_ms: of connecting.
    """

    def __init__(self, client: Client, seq: int, now_ms: int) -> None:
        self.client = client
        self.seq = seq
        self.heard_ms = now_ms
        self.round_trip_ms: float | None = None
        self.wake = asyncio.Event()
        self.closing: str | None = None  # why it is to be closed
        self._answers: deque[str] = deque(maxlen=ANSWERS_MAX)
        self._unseen: deque[int] = deque()  # t_ms of states sent and not echoed
        self._told_ms = now_ms
        self._down_ms: dict[str, int] = {}
        self._tokens, self._tokens_ms = BURST, now_ms

    # ------------------------------------------------------------------ in

    def admit(self, message: Message, now_ms: int) -> int:
        """The age of the message in ms, if it may be heard at all.

        Raises:
            Refused: its number does not advance, its echo is not ours, or its role does not reach.
        """
        if message.seq <= self.seq:
            raise Refused("old_sequence", f"{message.seq} after {self.seq}")
        age_ms = now_ms - message.echo - message.held_ms
        if message.echo > self._told_ms or age_ms < -_EARLY_MS:
            raise Refused("bad_echo", str(message.echo))
        if self.client.role < needed_role(message):
            needed = Role(needed_role(message)).name.lower()
            raise Refused("role", f"{needed} is needed")
        self.seq = message.seq
        self.heard_ms = now_ms
        self.round_trip_ms = max(age_ms, 0.0)
        while self._unseen and self._unseen[0] <= message.echo:
            self._unseen.popleft()
        return max(round(age_ms), 0)

    def within_rate(self, now_ms: int) -> bool:
        """Whether it sends no more than a console has to say."""
        gained = (now_ms - self._tokens_ms) / 1000 * RATE_PER_S
        self._tokens, self._tokens_ms = min(self._tokens + gained, BURST), now_ms
        self._tokens -= 1
        return self._tokens >= 0

    def press(self, message: Press, now_ms: int) -> None:
        if not message.down:
            self._down_ms.pop(message.what, None)
        else:
            self._down_ms.setdefault(message.what, now_ms)

    def pressed(self, what: str, now_ms: int) -> bool:
        """Whether a button was held for as long as it must be; it counts once."""
        down_ms = self._down_ms.pop(what, None)
        return down_ms is not None and PRESS_S * 1000 <= now_ms - down_ms <= PRESS_MAX_S * 1000

    # ------------------------------------------------------------------ out

    def tell(self, message: dict[str, Any]) -> None:
        """Queue an answer, stamped with the `t_ms` that a client may echo."""
        self._told_ms = max(self._told_ms, message.get("t_ms", 0))
        self._answers.append(json.dumps(message, ensure_ascii=False))
        self.wake.set()

    def close(self, reason: str) -> None:
        self.closing = reason
        self.wake.set()

    def answers(self) -> list[str]:
        out = list(self._answers)
        self._answers.clear()
        return out

    def takes_state(self, t_ms: int) -> bool:
        """Whether the state of `t_ms` is sent to it; notes that it is."""
        if self._unseen and t_ms - self._unseen[0] > SEEN_MAX_MS:
            return False
        if t_ms > self._told_ms or not self._unseen:
            self._unseen.append(t_ms)
        self._told_ms = max(t_ms, self._told_ms)
        return True


def stopped_json(stopped: Stopped) -> dict[str, Any]:
    return {
        "type": "stopped",
        "latched": stopped.latched,
        "mode": stopped.mode,
        "wait_ms": stopped.wait_ms,
    }
