"""The runtime's end of the crew: what the server handed over since the last tick, STOP before all."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from missions.codec import CodecError
from missions.console.snapshot import ORDER, Heard
from missions.console.sockets import ORDERS, STOP, Inbox
from robot.messages import Action, Mode, OperatorMessage

FINISH = b"finish"  # beside orders: end this job's log
OWN = "runtime"  # the client name of the runtime itself
_ROUTINE = frozenset(
    {Action.ARM, Action.DISARM, Action.MOUNT, Action.START, Action.JOG}
    | {Action.TAKE, Action.GRANT, Action.HEARTBEAT}
)
_NOBODYS = OperatorMessage(0, 0, "", Action.HEARTBEAT)


class RemoteOperator:
    """Reads the sockets of STOP and orders, inside the tick and without waiting.

    The orders of a tick come before its STOP, which thereby empties whatever was asked for until then.
    """

    def __init__(self, folder: Path, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._stop, self._orders = Inbox(folder / STOP), Inbox(folder / ORDERS)
        self._now_ns = now_ns
        self._seq: dict[str, int] = {}
        self._own_stop = False
        self.stops = 0
        self.stop_ns = 0  # when the newest STOP was handed over
        self.malformed = 0
        self.interventions = 0  # acts beyond what every job begins with
        self.finish = False

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        stops = [message for data in self._stop.drain() if (message := self._read(data, t_ns))]
        orders = [message for data in self._orders.drain() if (message := self._read(data, t_ns))]
        if self._own_stop:
            self._own_stop = False
            stops.append(OperatorMessage(t_ns, 0, OWN, Action.STOP))
        return (*orders, *stops) if orders or stops else ()

    def stop(self) -> None:
        """Send STOP with the next tick."""
        self._own_stop = True

    @property
    def heard(self) -> tuple[Heard, ...]:
        """The newest sequence number of every client."""
        return tuple(Heard(client, seq) for client, seq in self._seq.items())

    def close(self) -> None:
        self._stop.close()
        self._orders.close()

    def _read(self, data: bytes, t_ns: int) -> OperatorMessage | None:
        """An order, stamped by robot time; it is as much older as it lay in the socket."""
        if data == FINISH:
            self.finish = True
            return None
        try:
            message: OperatorMessage = ORDER.decode(data)
        except CodecError:
            message = _NOBODYS
        if not message.client:  # an empty datagram reads as an order of nobody
            self.malformed += 1
            return None
        if message.action is Action.STOP:
            self.stops += 1
            self.stop_ns = max(self.stop_ns, message.t_ns)
        else:
            self._seq[message.client] = max(message.seq, self._seq.get(message.client, 0))
        self.interventions += message.action not in _ROUTINE
        waited_ms = max(self._now_ns() - message.t_ns, 0) // 1_000_000
        return dataclasses.replace(message, t_ns=t_ns, age_ms=message.age_ms + waited_ms)
