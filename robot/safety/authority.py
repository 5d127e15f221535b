"""Who may drive: one operator holds authority, anybody may stop (promises S6, S9, S10; fault rows 29 to 31).

A message counts once: its sequence number must advance for its client. Old acts are refused, an old STOP is
obeyed. Silence of the holder is told to the failsafe table; nobody else's messages end that silence.
Authority is never passed on by itself: another client must take it from a silent holder, take it by force, or
be granted it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from robot.messages import Action, Event, Mode, OperatorMessage

AGE_MAX_MS = 500
JOG_AGE_MAX_MS = 200
SILENCE_NS = 1_000_000_000
HELD_SILENCE_NS = 200_000_000  # in modes where a person moves the robot by hand
PENDING_MAX = 8
BY_FORCE = "by force"  # argument of a TAKE that asks nobody

_HELD_MODES = frozenset({Mode.MANUAL, Mode.MOUNTING})


@dataclass(frozen=True, slots=True)
class Acts:
    """What the operators ask for in this tick."""

    stop: bool = False
    act: OperatorMessage | None = None  # of the holder; one a tick, the others wait
    jog: OperatorMessage | None = None  # newest of the holder
    events: tuple[Event, ...] = ()


_NOTHING = Acts()


class Authority:
    """Sorts the operators' messages."""

    def __init__(self) -> None:
        self.holder = ""
        self._heard_ns = 0
        self._seq: dict[str, int] = {}
        self._pending: deque[OperatorMessage] = deque(maxlen=PENDING_MAX)

    def accept(self, messages: Sequence[OperatorMessage], t_ns: int) -> Acts:
        """Take this tick's messages. A STOP empties the queue of what was asked before."""
        if not messages and not self._pending:
            return _NOTHING
        events: list[Event] = []
        stop, jog = False, None
        for message in messages:
            if message.action is Action.STOP:
                stop = True
                self._pending.clear()
            if message.seq <= self._seq.get(message.client, -1):
                continue
            self._seq[message.client] = message.seq
            if message.action is Action.STOP:
                self._hear(message, t_ns)
            elif self._drives(message, t_ns, events):
                if message.action is Action.JOG:
                    jog = message
                elif message.action is not Action.HEARTBEAT:
                    self._pending.append(message)
        act = self._pending.popleft() if self._pending and not stop else None
        return Acts(stop, act, jog, tuple(events))

    def silent(self, mode: Mode, t_ns: int) -> bool:
        """Whether there is a holder and nothing fresh was heard of it for too long."""
        limit_ns = HELD_SILENCE_NS if mode in _HELD_MODES else SILENCE_NS
        return self.holder != "" and t_ns - self._heard_ns > limit_ns

    def _drives(self, message: OperatorMessage, t_ns: int, events: list[Event]) -> bool:
        """Whether the message is a fresh act of the holder; settles who that is."""
        age_max_ms = JOG_AGE_MAX_MS if message.action is Action.JOG else AGE_MAX_MS
        if message.age_ms > age_max_ms:
            events.append(Event(t_ns, "command_old", f"{message.client}: {message.action.value}"))
            return False
        if message.action is Action.TAKE or (self.holder == "" and message.action is not Action.HEARTBEAT):
            self._take(message, t_ns, events)
            return message.action is not Action.TAKE and self.holder == message.client
        if message.client != self.holder:
            if message.action is not Action.HEARTBEAT:
                events.append(Event(t_ns, "authority_refused", f"{message.client}: {message.action.value}"))
            return False
        self._hear(message, t_ns)
        if message.action is Action.GRANT:
            if not message.argument:  # to nobody: then nobody's silence would be noticed
                events.append(Event(t_ns, "authority_refused", f"{message.client}: grant to nobody"))
                return False
            self.holder = message.argument
            events.append(Event(t_ns, "authority_granted", f"{message.client} to {message.argument}"))
            return False
        return True

    def _take(self, message: OperatorMessage, t_ns: int, events: list[Event]) -> None:
        other = self.holder not in ("", message.client)
        if other and message.argument != BY_FORCE and not self.silent(Mode.HOLD, t_ns):
            events.append(Event(t_ns, "authority_refused", f"{message.client}: held by {self.holder}"))
            return
        detail = f"{message.client} {message.argument or 'after silence'} from {self.holder}" if other else ""
        if other:
            self._pending.clear()  # what the one before has asked for
        self.holder = message.client
        self._hear(message, t_ns)
        events.append(Event(t_ns, "authority_taken", detail or message.client))

    def _hear(self, message: OperatorMessage, t_ns: int) -> None:
        if message.client == self.holder:
            self._heard_ns = t_ns
