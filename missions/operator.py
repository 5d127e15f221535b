"""The operator of an unattended run: the scenario's acts at their times, and by itself what every job begins
with.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence

from hil.scenario import OperatorAct
from robot.messages import Action, Mode, OperatorMessage

CLIENT = "crew"
HEARTBEAT_NS = 200_000_000
RETRY_NS = 1_000_000_000
TRIES = 15
WAITING = frozenset({Mode.SAFE, Mode.READY, Mode.HOLD, Mode.STOPPED})  # for an operator
PATIENCE_NS = 30_000_000_000
# What every job begins with, and the mode in which it is asked for.
_BEGINNING = ((Action.ARM, Mode.SAFE), (Action.MOUNT, Mode.READY), (Action.START, Mode.READY))
_OPENING = frozenset(action for action, _ in _BEGINNING)
_QUIET = frozenset({Action.TAKE, Action.GRANT, Action.HEARTBEAT})


def scripted_opening(acts: Sequence[OperatorAct]) -> tuple[OperatorAct, ...]:
    """The acts with which a scenario begins the job itself: those before anything else that it does.

    A later one, e.g. to start again after a stop, leaves the beginning as it is.
    """
    in_time = sorted(acts, key=lambda act: act.at_s)
    loud = (act for act in in_time if act.action not in _QUIET)
    return tuple(itertools.takewhile(lambda act: act.action in _OPENING, loud))


class ScriptedOperator:
    """Sends the scenario's acts, keeps the link alive, and arms, mounts and starts unless the scenario begins
    with that.

    Args:
        acts: the scenario's, in any order.
    """

    def __init__(self, acts: Sequence[OperatorAct]) -> None:
        self._acts = deque(sorted(acts, key=lambda act: act.at_s))
        self._beginning = deque(_BEGINNING)
        self._own = _OPENING - {act.action for act in scripted_opening(acts)}
        self._seq: dict[str, int] = {}
        self._heartbeat_ns = self._retry_ns = self._asked_ns = 0
        self._tries = 0
        self._reached = False  # the mode that the next act of the beginning is for
        self._answered_mode = Mode.SAFE
        self._stop = False
        self.interventions = 0

    def stop(self) -> None:
        """Send STOP with the next tick."""
        self._stop = True
        self.interventions += 1

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        """What arrives in this tick, with the robot in `mode` after the last."""
        out: list[OperatorMessage] = []
        if mode is not self._answered_mode:
            self._answered_mode, self._asked_ns = mode, t_ns
        if not self._seq:
            out.append(self._message(t_ns, Action.TAKE))
        if t_ns >= self._heartbeat_ns:
            self._heartbeat_ns = t_ns + HEARTBEAT_NS
            out.append(self._message(t_ns, Action.HEARTBEAT))
        if self._stop:
            self._stop = False
            self._beginning.clear()
            out.append(self._message(t_ns, Action.STOP))
        while self._acts and self._acts[0].at_s * 1e9 <= t_ns:
            act = self._acts.popleft()
            self.interventions += act.action not in _QUIET and all(act.action is not a for a, _ in _BEGINNING)
            self._asked_ns = t_ns
            out.append(self._message(t_ns, act.action, act.argument, act.client))
        if self._beginning:
            out.extend(self._begin(t_ns, mode))
        return tuple(out)

    def gave_up(self, t_ns: int, mode: Mode) -> bool:
        """The robot has waited so long for an answer that none will come; HOLD waits for no later act."""
        expected = bool(self._acts) and mode is not Mode.HOLD
        return mode in WAITING and not expected and t_ns - self._asked_ns >= PATIENCE_NS

    @property
    def refused(self) -> bool:
        """The robot would not arm, mount or start."""
        return self._tries > TRIES

    def _begin(self, t_ns: int, mode: Mode) -> list[OperatorMessage]:
        action, wanted = self._beginning[0]
        if mode is not wanted:
            if self._reached:  # it was heard
                self._beginning.popleft()
                self._reached, self._tries = False, 0
            return []
        self._reached = True
        if action not in self._own or t_ns < self._retry_ns:
            return []
        self._tries += 1
        self._retry_ns = t_ns + RETRY_NS
        return [self._message(t_ns, action)]

    def _message(
        self, t_ns: int, action: Action, argument: str = "", client: str = CLIENT
    ) -> OperatorMessage:
        seq = self._seq[client] = self._seq.get(client, 0) + 1
        return OperatorMessage(t_ns, seq, client, action, argument)
