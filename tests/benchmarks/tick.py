"""What a tick costs: `python -m tests.benchmarks.tick` prints it, `test_tick.py` judges it.

All figures are CPU time of this process: the machine may be busy with other things. Three measurements take
turns, so that what the machine does meanwhile falls on all of them alike:

whole loop      the job as it is, with real bytes, fusion, gate, log and referee: times real time
against parts   in every tick the stack and a loop of standard parts (`reference`), each first in turn
parts           where the stack's and the world's time goes
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

import click

from firmware_bridge.drivers.board import BoardDriver
from firmware_bridge.virtual.board import VirtualBoard
from hil.referee import Referee
from hil.world.truth import TruthState
from hil.world.world import World
from missions.clock import TICK_NS
from missions.job import Job, read_job
from missions.recording import Recorder
from missions.run import RunLoop, simulate
from robot import controller
from robot.controller import Controller
from robot.crossing.executor import Crossing
from robot.estimate.estimator import Estimator
from robot.messages import CommandFrame, SensorFrame
from robot.modes.machine import ModeMachine
from robot.modes.monitor import Monitor
from robot.safety import failsafe, gate, support
from robot.safety.authority import Authority
from tests.benchmarks.reference import Reference
from tests.benchmarks.stopwatch import Place, Stopwatch, now_ns

ROOT = Path(__file__).resolve().parents[2]
WARM_UP_S = 2.0  # of robot time: arming, and everything met for the first time
STACK = ("wire, host end", "brain", "recording")
BEHAVIOURS = tuple(
    getattr(controller, name) for name in ("Hold", "Manual", "Mounting", "Retreat", "Travel", "Wrap")
)
PARTS: tuple[Place, ...] = (
    (World, "step", "world"),
    (World, "sensors", "world"),
    (World, "camera", "world"),
    (World, "truth", "world"),
    (VirtualBoard, "advance", "wire, device end"),
    (BoardDriver, "poll", "wire, host end"),
    (BoardDriver, "send", "wire, host end"),
    (Estimator, "update", "estimator"),
    (Authority, "accept", "monitor, failsafe, machine"),
    (Monitor, "update", "monitor, failsafe, machine"),
    (failsafe, "react", "monitor, failsafe, machine"),
    (ModeMachine, "choose", "monitor, failsafe, machine"),
    (ModeMachine, "step", "monitor, failsafe, machine"),
    *((owner, "step", "behaviour") for owner in (*BEHAVIOURS, Crossing)),
    (controller.Motion, "observe", "behaviour"),
    (support, "stance", "gate"),
    (gate, "check", "gate"),
    (Controller, "tick", "rest of the brain"),
    (Recorder, "tick", "recording"),
    (Recorder, "truth", "recording"),
    (Referee, "observe", "referee"),
    (RunLoop, "tick", "rest of the loop"),
)


@dataclass(slots=True)
class Figures:
    """What was measured; one entry a round, or one a tick."""

    realtime: list[float] = field(default_factory=list)  # per run, times real time
    loop_us: list[float] = field(default_factory=list)  # per tick of the whole loop, world and referee too
    stack_us: list[float] = field(default_factory=list)  # per tick
    brain_and_log_us: list[float] = field(default_factory=list)  # of it, without the wire
    reference_us: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)  # stack over reference, per round
    parts_us: dict[str, list[float]] = field(default_factory=dict)  # per tick
    help_s: list[float] = field(default_factory=list)


# ---------------------------------------------------------------- the three measurements


def whole_loop(job: Job, out: Path, until_s: float, figures: Figures) -> None:
    """The job as it is, with nothing but the clock looked at after every tick."""
    ends_ns: list[int] = []

    def watch(frame: SensorFrame, _command: CommandFrame) -> None:
        if frame.t_ns >= WARM_UP_S * 1e9:
            ends_ns.append(now_ns())

    _run(job, out, until_s, watch)
    took_us = [(after - before) / 1000 for before, after in pairwise(ends_ns)]
    figures.loop_us += took_us
    figures.realtime.append(len(took_us) * TICK_NS / 1000 / sum(took_us))


class Duel:
    """Stack and reference on the frames of one run; who is first changes from tick to tick."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._stack = Stopwatch()
        self._truth: TruthState | None = None
        self._last: tuple[SensorFrame, CommandFrame] | None = None
        self._reference_first = False
        self.reference_us: list[float] = []
        self.places: tuple[Place, ...] = (
            (BoardDriver, "poll", "wire, host end"),
            (BoardDriver, "send", "wire, host end"),
            (Controller, "tick", "brain"),
            (Recorder, "tick", "recording"),
            (Recorder, "truth", "recording"),
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The reference's turn before the stack is when the world is done and the wire is not yet read."""
        advance, truth = VirtualBoard.advance, World.truth
        duel = self

        def advance_and_step(self: VirtualBoard, t_ns: int) -> None:
            advance(self, t_ns)
            if duel._reference_first:
                duel._step_reference()

        def remember(self: World) -> TruthState:
            duel._truth = truth(self)
            return duel._truth

        VirtualBoard.advance, World.truth = advance_and_step, remember  # type: ignore[method-assign]
        try:
            with self._stack.watching(self.places):
                yield
        finally:
            VirtualBoard.advance, World.truth = advance, truth  # type: ignore[method-assign]

    def watch(self, frame: SensorFrame, command: CommandFrame) -> None:
        self._last = frame, command
        if not self._reference_first:
            self._step_reference()
        self._reference_first = not self._reference_first
        self._stack.lap()

    def _step_reference(self) -> None:
        assert self._last is not None
        assert self._truth is not None
        began_ns = now_ns()
        self._reference.step(*self._last, self._truth)
        self.reference_us.append((now_ns() - began_ns) / 1000)

    def stack_us(self, parts: tuple[str, ...]) -> list[float]:
        return [sum(lap.get(part, 0) for part in parts) / 1000 for lap in self._stack.laps]


def against_parts(job: Job, out: Path, until_s: float, figures: Figures) -> None:
    reference = Reference(out / "reference.mcap", job.profile.carriages.wheel_radius_m)
    duel = Duel(reference)
    with duel.watching():
        _run(job, out, until_s, duel.watch)
    reference.close()
    skip = round(WARM_UP_S * 100)
    stack_us = duel.stack_us(STACK)[skip:]
    reference_us = duel.reference_us[skip:]
    figures.stack_us += stack_us
    figures.brain_and_log_us += duel.stack_us(STACK[1:])[skip:]
    figures.reference_us += reference_us
    figures.ratios.append(median(stack_us) / median(reference_us))


def parts(job: Job, out: Path, until_s: float, figures: Figures) -> None:
    stopwatch = Stopwatch()
    with stopwatch.watching(PARTS):
        _run(job, out, until_s, lambda _frame, _command: stopwatch.lap())
    for lap in stopwatch.laps[round(WARM_UP_S * 100) :]:
        for name in dict.fromkeys(part for _, _, part in PARTS):
            figures.parts_us.setdefault(name, []).append(lap.get(name, 0) / 1000)


def _run(job: Job, out: Path, until_s: float, watch: Callable[[SensorFrame, CommandFrame], None]) -> None:
    """The job up to `until_s`, then it is broken off; what follows is not watched."""
    interrupted = threading.Event()

    def watch_until(frame: SensorFrame, command: CommandFrame) -> None:
        if not interrupted.is_set():
            watch(frame, command)
        if frame.t_ns >= until_s * 1e9:
            interrupted.set()

    simulate(job, out, watch=watch_until, interrupted=interrupted)


def help_cpu_s() -> float:
    """CPU time of one `silkline --help`, the interpreter's start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "missions.cli", "--help"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# ---------------------------------------------------------------- all of it


def measure(name: str, until_s: float, rounds: int) -> Figures:
    """All measurements in turn, `rounds` times; `name` of a line or scenario."""
    job, figures = read_job(name), Figures()
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        _run(job, out, WARM_UP_S, lambda _frame, _command: None)  # compiled code is loaded
        for _ in range(rounds):
            whole_loop(job, out, until_s, figures)
            against_parts(job, out, until_s, figures)
            whole_loop(job, out, until_s, figures)
            parts(job, out, until_s, figures)
            figures.help_s.append(help_cpu_s())
    return figures


def table(figures: Figures) -> str:
    """What people read."""
    realtime = sorted(figures.realtime)
    ratios = sorted(figures.ratios)
    lines = [
        f"load of the machine while measuring: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; "
        "CPU time, medians",
        f"whole loop            {median(realtime):6.1f} times real time  "
        f"({realtime[0]:.1f} to {realtime[-1]:.1f}, {len(realtime)} runs)",
        "",
        "per tick, us                    median     p99",
        _line("whole loop", figures.loop_us),
        _line("stack: wire, brain, log", figures.stack_us),
        _line("  of it brain and log", figures.brain_and_log_us),
        _line("reference loop of parts", figures.reference_us),
        f"stack over reference  {median(ratios):6.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f}), "
        f"brain and log alone {median(figures.brain_and_log_us) / median(figures.reference_us):.2f}",
        "",
        "where the time goes, us a tick    mean  median     p99   share",
    ]
    total_us = sum(sum(times) for times in figures.parts_us.values())
    for name, times in sorted(figures.parts_us.items(), key=lambda item: -sum(item[1])):
        mean_us = sum(times) / len(times)
        share = sum(times) / total_us
        lines.append(
            f"{name:30s} {mean_us:7.1f} {median(times):7.1f} {_p99(times):7.1f} {100 * share:6.1f} %"
        )
    lines += [
        f"{'sum, with the stopwatches':30s} {total_us / len(figures.parts_us['world']):7.1f}",
        "",
        f"silkline --help       {median(figures.help_s):6.3f} s",
    ]
    return "\n".join(lines)


def _line(name: str, times_us: list[float]) -> str:
    return f"{name:30s} {median(times_us):7.1f} {_p99(times_us):7.1f}"


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


@click.command()
@click.option("--job", default="jiashan-350m", show_default=True, help="Line or scenario.")
@click.option("--until", default=150.0, show_default=True, help="Robot time of one run, s.")
@click.option("--rounds", default=3, show_default=True)
def main(job: str, until: float, rounds: int) -> None:
    """Print what a tick costs."""
    click.echo(table(measure(job, until, rounds)))


if __name__ == "__main__":
    main()
