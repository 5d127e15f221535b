"""A small job whose world may differ from its survey, run tick by tick under the referee's eyes.

One pole between two short spans; the robot reaches it half a minute after the start.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hil.referee import Referee
from hil.scenario import Fault
from hil.violations import Violation
from hil.world.camera import FeatureCamera
from missions.job import Job, read_job
from robot.line.features import Feature
from robot.messages import Action, Mode
from tests.faults.rig import Rig, Tick

LINE = """
format = "silkline.line/1"
name = "one pole"
conductor = "LGJ-120/20"
cable = "wrap-24f-4.0"
pitch_m = 1.0
lay = "Z"
phase_spacing_m = 0.70
stringing = {{ horizontal_tension_n = 4100.0 }}
pole = [
    {{ id = "A", kind = "terminal" }},
    {{ id = "B", kind = "straight", insulator = "{insulator}" }},
    {{ id = "C", kind = "terminal" }},
]
span = [{{ length_m = {pole_m} }}, {{ length_m = 14.0 }}]
"""
FEATURE = """
[[feature]]
kind = "{kind}"
span = {span}
at_m = {at_m}
"""
SCENARIO = """
format = "silkline.scenario/1"
line = "line.toml"
survey_error_m = {survey_error_m}
[weather]
wind_mps = 1.0
gust_mps = 1.5
[[fault]]
kind = "ok"
target = "imu"
at_s = 0.0
"""
Hung = tuple[str, float]  # kind and chainage of what hangs on the spans


def small_job(
    hung: Sequence[Hung] = (),
    *,
    pole_m: float = 10.0,
    insulator: str = "pin-10",
    survey_error_m: float = 0.1,
    seed: int = 1,
) -> Job:
    """The job in files, as every job is; sensors may be spoilt later."""
    features = [
        FEATURE.format(kind=kind, span=1 + (at_m > pole_m), at_m=at_m - (pole_m if at_m > pole_m else 0.0))
        for kind, at_m in hung
    ]
    with tempfile.TemporaryDirectory() as folder:
        line = LINE.format(pole_m=pole_m, insulator=insulator) + "".join(features)
        Path(folder, "line.toml").write_text(line, encoding="utf-8")
        scenario = Path(folder, "scenario.toml")
        scenario.write_text(SCENARIO.format(survey_error_m=survey_error_m), encoding="utf-8")
        return read_job(str(scenario), seed=seed)


class SmallJob(Rig):
    """Rig with crew and referee.

    Args:
        survey: what robot and crew know.
        world: what is there; None = as surveyed, with the survey's error.
    """

    def __init__(self, survey: Job, world: Job | None = None) -> None:
        self.events: list[str] = []
        self.details: dict[str, str] = {}  # of the newest event of each id
        super().__init__(survey)
        if world is not None:
            self.plant = type(self.plant)(world, self._start_m)
            self.start_host(0)
        there, line = self.plant.world, (world or survey).line
        sizes_m = there.conductor_diameter_m, line.cable.diameter_m
        self.referee = Referee(survey.profile, line, there.true_features, *sizes_m)

    def tick(self) -> Tick:
        tick = super().tick()
        new = [event for event in tick.command.events if event.detail != "cleared"]
        self.events += [event.id for event in new]
        self.details |= {event.id: event.detail for event in new}
        self.referee.observe(tick.truth, tick.command, self.loop.t_ns / 1e9)
        return tick

    @property
    def violations(self) -> list[Violation]:
        return list(self.referee.violations.entries)

    @property
    def step(self) -> int:
        """Of the crossing, -1 = there is none under way."""
        status = self.now.command.crossing
        return -1 if status is None else status.step

    # ------------------------------------------------------------------ crew

    def begin(self) -> None:
        """From power-up to wrapping."""
        self.wait(1.5)
        self.ask(Action.ARM, Mode.READY)
        self.ask(Action.MOUNT, Mode.MOUNTING)
        self.until(lambda: self.mode is Mode.READY)
        self.ask(Action.START, Mode.TRAVEL)
        self.until(lambda: self.mode is Mode.WRAP)

    def ask(self, action: Action, leads_to: Mode, argument: str = "") -> None:
        self.crew.ask(action, argument)
        self.until(lambda: self.mode is leads_to, 1.0)

    def jog(self, what: str, seconds: float) -> None:
        """Hold a key of the hand control."""
        self.crew.jog = what
        self.wait(seconds)
        self.crew.jog = ""
        self.wait(0.4)

    def start_after_stop(self) -> None:
        """What it takes after a latched stop until the job goes on."""
        self.wait(1.0)
        self.ask(Action.RESET, Mode.SAFE)
        self.wait(0.5)
        self.ask(Action.ARM, Mode.READY)
        self.crew.ask(Action.START)
        self.until(lambda: self.mode not in (Mode.READY, Mode.SAFE), 1.0)

    # ------------------------------------------------------------------ time

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.tick()

    def until(self, reached: Callable[[], bool], at_most_s: float = 150.0) -> None:
        for _ in range(round(at_most_s * 100)):
            self.tick()
            if reached():
                return
        now = self.now.command
        raise AssertionError(f"not in {at_most_s:g} s: {now.mode.value} {now.reason} {self.events[-5:]}")

    def until_step(self, number: int) -> None:
        self.until(lambda: self.step >= number)

    # ------------------------------------------------------------------ disturbances

    def spoil(self, *faults: Fault) -> None:
        """From now on; none mends all."""
        self.plant.world.inject(faults)

    def miss_grip(self, carriage: str) -> None:
        """A carriage closes on nothing, as far as its sensors tell."""
        channels = (f"grip_{carriage}.pinch", f"grip_{carriage}.load")
        self.spoil(*(Fault(kind="wrong", target=channel, at_s=0.0, value=0.0) for channel in channels))

    def touch(self, newtons: float = 400.0) -> None:
        """Something stands in the way until the robot has stopped."""
        self.spoil(Fault(kind="contact", at_s=0.0, value=newtons))
        self.until(lambda: self.mode is Mode.STOPPED, 1.0)
        self.spoil()

    def show(self, features: Sequence[Feature]) -> None:
        """What the camera sees instead of what is there."""
        camera: FeatureCamera = self.plant.world._camera
        camera._features = tuple(sorted(features, key=lambda f: f.at_m))
        camera._at_m = np.array([f.at_m for f in camera._features])

    def mistake(self, kind: str, taken_for: str) -> None:
        """The camera takes one kind for another."""
        there = self.plant.world.true_features
        self.show([dataclasses.replace(f, kind=taken_for) if f.kind == kind else f for f in there])
