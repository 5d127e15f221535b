"""Runs a drawn line on the simulated robot and says how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hil.scenario import Scenario
from hil.world.world import World
from missions import files
from missions.job import Job
from missions.run import simulate
from missions.summary import Summary, ViolationEntry
from robot.line.features import Feature
from robot.line.line import Line, LoadedLine
from robot.line.survey import Survey
from robot.messages import CommandFrame, Mode, SensorFrame
from robot.parameters import Parameters
from tests.campaign.crossable import CALM_MPS, why_not
from tests.campaign.lines import draw

PROFILE = files.read_profile(None)
LOST_RULE = "lost"
OUT_OF_TIME = "out_of_time"
WIND_TEXT = "wait for less wind"


@dataclass(frozen=True, slots=True)
class Played:
    """How one line went."""

    name: str
    tricks: tuple[str, ...]
    why_not: str  # why it does not count as crossable, "" = it does
    calm: bool  # no gust leans the robot too far
    reason: str  # of the end, with the robot's own words
    mode: Mode  # then
    summary: Summary

    @property
    def violations(self) -> list[ViolationEntry]:
        return self.summary.violations

    @property
    def lost(self) -> bool:
        return any(violation.rule == LOST_RULE for violation in self.violations)

    @property
    def completed(self) -> bool:
        return self.summary.outcome == "completed" and not self.summary.interventions

    @property
    def waited(self) -> bool:
        """It held because the wind would not drop."""
        return WIND_TEXT in self.reason

    @property
    def held(self) -> bool:
        """It asks people what to do, before the end of the job."""
        out_of_time = self.reason.startswith(OUT_OF_TIME)
        return self.mode is Mode.HOLD and not self.completed and not out_of_time


PLAYED: list[Played] = []  # in this session


@cache
def played(seed: int) -> Played:
    """The whole job of a random line, without a log; run once however often it is asked for."""
    drawn = draw(seed)
    job = job_of(drawn.survey, drawn.scenario)
    weather = drawn.scenario.weather
    mass_kg = PROFILE.mass_kg(job.line.cable_loaded_m * job.line.cable.mass_kg_per_m)
    temperatures_c = job.line.stringing_temperature_c, weather.temperature_c
    shapes = [LoadedLine(job.line, mass_kg, t_c, PROFILE.carriages.s_m) for t_c in temperatures_c]
    why = why_not(job.line, true_features(job), shapes, weather)
    calm = weather.gust_mps < CALM_MPS
    PLAYED.append(Played(job.line.name, drawn.tricks, why, calm, *run(job)))
    return PLAYED[-1]


def job_of(survey: Survey, scenario: Scenario) -> Job:
    return Job(Line.build(survey), PROFILE, Parameters(), scenario, scenario.seed)


def true_features(job: Job) -> Sequence[Feature]:
    """What is really on the line."""
    return World(job.profile, job.line, job.scenario, job.seed).true_features


def run(job: Job) -> tuple[str, Mode, Summary]:
    """Reason of the end with what the robot said to it, its mode then, and the summary."""
    said: dict[str, str] = {}
    reason, mode = "", Mode.SAFE

    def watch(frame: SensorFrame, command: CommandFrame) -> None:
        nonlocal reason, mode
        said.update((event.id, event.detail) for event in command.events if event.detail != "cleared")
        reason, mode = command.reason, command.mode

    summary = simulate(job, watch=watch)
    if summary.reason.startswith(OUT_OF_TIME):
        return summary.reason, mode, summary
    return f"{reason}: {said.get(reason, '')}".rstrip(": "), mode, summary
