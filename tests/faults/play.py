"""Plays one cell of the fault matrix from a kept moment, and says what came of it.

The fault begins, the reaction must come in time, and last: while the fault acts, after a forbidden act was asked for,
and after the fault is gone. Every tick is judged by `checks.Limits`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from missions.clock import TICK_NS
from robot.messages import Mode
from tests.faults.checks import AT_REST_MPS, Limits
from tests.faults.rig import Rig, Tick
from tests.faults.table import Cell, Variant

_GO_ON = 100  # ticks for which a mode must stay as it is
_SETTLE = {Mode.STOPPED: 250, Mode.HOLD: 400, Mode.SAFE: 250}  # ticks to come to rest
_MENDED = 120  # ticks to watch after the fault is gone
_ANSWER = 3  # ticks for an answer to the crew


@dataclass(frozen=True)
class Outcome:
    """What came of a cell."""

    problems: tuple[str, ...]  # empty = all is as expected
    reached_ms: int | None  # when the expected mode was reached
    cause: str
    events: tuple[str, ...]
    commands: str  # digest of everything commanded


class Player:
    """One cell on one rig, from where the rig stands."""

    def __init__(self, rig: Rig, variant: Variant, cell: Cell) -> None:
        self._rig, self._variant, self._cell = rig, variant, cell
        self._limits = Limits(rig.job.profile, rig.job.parameters)
        self._problems: dict[str, None] = {}
        self._ticks: list[Tick] = [rig.now]
        self._reached_ms: int | None = None
        self._cause = ""
        self._digest = hashlib.sha256()

    def play(self) -> Outcome:
        rig, cell = self._rig, self._cell
        self._broken = self._variant.injection(rig)
        next(self._broken)
        self._ticks = [rig.now]
        if self._variant.restarts:
            self._outlive_the_host()
        elif cell.to is None:
            self._stay()
        else:
            self._react(cell.to)
        for check in self._variant.also:
            self._find(check(rig, self._ticks))
        if cell.asks is not None:
            self._ask()
        self._mend()
        return Outcome(
            tuple(self._problems), self._reached_ms, self._cause, self._logged(), self._digest.hexdigest()
        )

    # ------------------------------------------------------------------ phases

    def _react(self, to: Mode) -> None:
        """The mode must be reached in time, for the right reason, and the robot come to rest in it."""
        cell, rig = self._cell, self._rig
        for _ in range(cell.within_ms * 1_000_000 // TICK_NS):
            if self._tick().command.mode is to:
                self._reached_ms = (len(self._ticks) - 1) * TICK_NS // 1_000_000
                self._cause = rig.now.command.reason
                break
        else:
            now = rig.now.command
            self._find(f"{now.mode.value} ({now.reason}) after {cell.within_ms} ms; logged {self._logged()}")
            return
        if cell.events and self._cause not in cell.events:
            self._find(f"the cause is {self._cause}")
        if to not in _SETTLE:
            return
        self._run(_SETTLE[to])
        self._must_be_logged((cell.later,) if cell.later else ())
        if rig.mode is not to:
            self._find(f"{to.value} became {rig.mode.value} ({rig.now.command.reason})")
        if abs(rig.now.truth.speed_mps) > AT_REST_MPS:
            self._find(f"still moves at {rig.now.truth.speed_mps:.3f} m/s")
        if to is Mode.STOPPED and rig.plant.board.permission.permitted:
            self._find("the board still permits motion")

    def _stay(self) -> None:
        """The mode must not change, and the events come in time."""
        cell, rig = self._cell, self._rig
        before = rig.mode
        self._run(cell.within_ms * 1_000_000 // TICK_NS)
        self._must_be_logged(cell.events)
        self._run(_GO_ON)
        if rig.mode is not before:
            self._find(f"{before.value} became {rig.mode.value} ({rig.now.command.reason})")

    def _outlive_the_host(self) -> None:
        """Without its host the board must end all motion by itself."""
        permission = self._rig.plant.board.permission
        for _ in range(self._cell.within_ms * 1_000_000 // TICK_NS):
            self._tick()
            if not permission.permitted:
                break
        self._run(_SETTLE[Mode.STOPPED])

    def _ask(self) -> None:
        """The crew asks for what must be refused."""
        cell, rig = self._cell, self._rig
        assert cell.asks is not None
        before, heard = rig.mode, len(self._ticks)
        rig.crew.ask(cell.asks)
        self._run(_ANSWER)
        answers = {event.id for tick in self._ticks[heard:] for event in tick.command.events}
        if cell.refusal not in answers:
            self._find(f"{cell.asks.value} was answered by {sorted(answers)}")
        if rig.mode is not before:
            self._find(f"{cell.asks.value} led to {rig.mode.value}")

    def _mend(self) -> None:
        """Once the fault is gone, a stop is still a stop and nobody moves."""
        rig, to = self._rig, self._cell.to
        self._broken.close()
        if not rig.host_alive:
            rig.start_host()
        begin_m = rig.plant.truth.s_m
        for _ in range(_MENDED):
            tick = rig.tick()
            self._judge(tick)
            if to in _SETTLE and tick.command.mode is not to:
                self._find(
                    f"after mending {to.value} became {tick.command.mode.value} ({tick.command.reason})"
                )
                return
        moved_m = abs(rig.plant.truth.s_m - begin_m)
        if to in _SETTLE and moved_m > 0.005:
            self._find(f"after mending it moves {moved_m * 1000:.0f} mm")
        if to is Mode.STOPPED and rig.plant.board.permission.permitted:
            self._find("after mending the board permits motion")

    # ------------------------------------------------------------------ helpers

    def _run(self, ticks: int) -> None:
        for _ in range(ticks):
            self._tick()

    def _tick(self) -> Tick:
        tick = self._rig.tick()
        next(self._broken)
        self._ticks.append(tick)
        self._judge(tick)
        return tick

    def _judge(self, tick: Tick) -> None:
        self._digest.update(repr(tick.command).encode())
        for problem in self._limits.problems(tick):
            self._find(problem)

    def _find(self, problem: str) -> None:
        if problem:
            self._problems[problem] = None

    def _must_be_logged(self, names: tuple[str, ...]) -> None:
        missing = set(names) - set(self._logged())
        if missing:
            self._find(f"not logged in time: {', '.join(sorted(missing))}; logged {self._logged()}")

    def _logged(self) -> tuple[str, ...]:
        return tuple(
            f"{event.id}{' ' + event.detail if event.detail == 'cleared' else ''}"
            for tick in self._ticks[1:]
            for event in tick.command.events
        )
