"""Walks through all states of a model, breadth first, and holds every move against what must never be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from robot.messages import GRIP, Action, AxisMode, Mode
from robot.safety import support
from tests.robot.crossing_model import OLD_NS, Happening, Model, Move, State
from tests.robot.safety_cases import PARAMETERS, PROFILE

Choices = Callable[[State], Sequence[Happening]]

_LIMITS = support.SupportLimits.of(PROFILE, PARAMETERS)
_RELEASING = frozenset({Mode.MANUAL, Mode.CROSSING, Mode.RETREAT})
_OFF = frozenset({Mode.SAFE, Mode.STOPPED})
_MOVING = frozenset({Mode.MANUAL, Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT})
_AT_PLACE_M = 0.002


@dataclass
class Walk:
    """What was found.

    Attributes:
        states: one of each, in the order in which they were found.
        moves: number of the state that each happening leads to, per state.
        problems: what must never be, each with the shortest way there.
    """

    states: list[State] = field(default_factory=list)
    moves: list[dict[str, int]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    _found: dict[Hashable, int] = field(default_factory=dict)
    _from: list[tuple[int, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Of transitions."""
        return sum(map(len, self.moves))

    @property
    def closed(self) -> bool:
        """Whether every state was left by every choice, and every choice leads to a known state."""
        return len(self.moves) == len(self.states) and all(
            to < len(self.states) for moves in self.moves for to in moves.values()
        )

    def modes(self) -> dict[str, int]:
        """States in each mode."""
        return {mode.value: sum(s.mode is mode for s in self.states) for mode in Mode}

    def add(self, name: Hashable, state: State, came: tuple[int, str]) -> int:
        """The state's number; `came` tells from where it was reached first, and by what."""
        number = self._found.setdefault(name, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self._from.append(came)
        return number

    def way_to(self, number: int) -> str:
        """What happened on the shortest way."""
        happened = []
        while number > 0:
            number, name = self._from[number]
            happened.append(name)
        return ", ".join(reversed(happened))

    def without_way_to(self, reached: Callable[[State], bool], *, by: Callable[[str], bool]) -> list[int]:
        """States from which no sequence of such happenings leads to where `reached` is true."""
        backwards: list[list[int]] = [[] for _ in self.states]
        for number, moves in enumerate(self.moves):
            for name, to in moves.items():
                if by(name):
                    backwards[to].append(number)
        good = {number for number, state in enumerate(self.states) if reached(state)}
        todo = deque(good)
        while todo:
            for number in backwards[todo.popleft()]:
                if number not in good:
                    good.add(number)
                    todo.append(number)
        return [number for number in range(len(self.states)) if number not in good]

    def lasting(self, mode: Mode, happens: str) -> list[int]:
        """States of a mode that is never left while this goes on, of those in which it may begin."""
        lasting = []
        for number, state in enumerate(self.states):
            if happens not in self.moves[number]:
                continue
            passed: set[int] = set()
            now = number
            while state.mode is mode and self.states[now].mode is mode and now not in passed:
                passed.add(now)
                now = self.moves[now].get(happens, now)
            if state.mode is mode and self.states[now].mode is mode:
                lasting.append(number)
        return lasting


def walk(model: Model, choices: Choices) -> Walk:
    """Through everything that can be reached."""
    found = Walk()
    begin = model.begin()
    found.add(model.name(begin), begin, (0, ""))
    while len(found.moves) < len(found.states):
        number = len(found.moves)
        state = found.states[number]
        moves = {}
        for happens in choices(state):
            move = model.tick(state, happens)
            moves[happens.name] = found.add(model.name(move.to), move.to, (number, happens.name))
            for problem in wrongs(model, state, move, happens):
                told = f"{found.way_to(number)}, {happens.name}: {move.to.plant.grips}"
                found.problems.setdefault(f"{problem} in {move.to.mode.value}", told)
        found.moves.append(moves)
    return found


def wrongs(model: Model, before: State, move: Move, happens: Happening) -> Iterator[str]:
    """What must never be, in one move."""
    mode, command, plant = move.to.mode, move.command, move.to.plant
    acts = [action for action, _ in happens.acts]
    if fault := plant.unsafe():
        yield fault
    yield from _released(move)
    if move.rolls and not support.holds(move.frame, _LIMITS):
        yield "rolls without measured support"
    if (
        move.rolls
        and mode in (Mode.CROSSING, Mode.RETREAT)
        and not happens.jams
        and not model.foreseen(before.plant, plant, move.to.course)
    ):
        yield "rolls in a stance that the plan has not there"
    if happens.blind and any(kind != AxisMode.HOLD for kind in command.setpoints.mode):
        yield "drives on old feedback"
    if command.armed is (mode in _OFF) or command.stop is not (mode is Mode.STOPPED):
        yield "armed or stopped otherwise than the mode says"
    if mode in _OFF and any(command.setpoints.mode[axis] != AxisMode.HOLD for axis in GRIP):
        yield "moves a grip"
    if Action.STOP in acts and mode is not Mode.STOPPED:
        yield "a STOP does not stop"
    if Action.HOLD in acts and not happens.restarts and before.mode in _MOVING and mode in _MOVING:
        yield "a HOLD does not hold"


def _released(move: Move) -> Iterator[str]:
    """Commands to open or lift without what must be measured for it."""
    points, frame = move.command.setpoints, move.frame
    for carriage, axis in enumerate(GRIP):
        at_m, to_m = frame.axes.position[axis], points.target[axis]
        stands = to_m in _LIMITS.places_m and abs(to_m - at_m) <= _AT_PLACE_M
        if points.mode[axis] != AxisMode.POSITION or to_m <= at_m or stands:
            continue
        if move.to.mode not in _RELEASING:
            yield "a carriage is released in a mode that releases none"
        if frame.t_ns - frame.axes.t_ns >= OLD_NS or not support.holds_without(
            carriage, to_m, frame, _LIMITS
        ):
            yield "a carriage is released without measured support"
        if move.rolls:
            yield "a carriage is released while rolling"
        others = [GRIP[i] for i in range(3) if i != carriage]
        if not all(support.at_place(frame.axes.position[other], _LIMITS) for other in others):
            yield "a carriage is released while another changes"
