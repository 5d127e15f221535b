"""A job as its files and the command line describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.drive_map import DriveMap
from hil.scenario import Scenario
from missions import files
from robot.line.line import Line, LineError
from robot.parameters import Parameters, with_values
from robot.profile import Profile

BOARD_ALONE = DriveMap(format="silkline.drives/1", name="board")
SURVEY_SIGMA_MIN_M = 0.05  # nobody surveys better than that


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, with what, and in which world."""

    line: Line
    profile: Profile
    parameters: Parameters
    scenario: Scenario
    seed: int
    drives: DriveMap = BOARD_ALONE

    @property
    def survey_sigma_m(self) -> float:
        """How well the crew says it surveyed, 1 sigma of a chainage."""
        return max(self.scenario.survey_error_m, SURVEY_SIGMA_MIN_M)


def read_job(
    name: str,
    section: int | None = None,
    robot: Path | None = None,
    parameters: Path | None = None,
    settings: Mapping[str, float] | None = None,
    seed: int | None = None,
    drives: str | None = None,
) -> Job:
    """Read line, scenario, robot, parameters and drives.

    Args:
        name: path or packaged name of a line or scenario.
        section: 1 = first; None = the scenario's, or the only one.
        robot, parameters: files; None = the reference robot, the defaults.
        settings: single parameters, over the file's.
        seed: None = the scenario's.
        drives: path or packaged name; None = the bridge board serves every axis.

    Raises:
        InputError, ParameterError: something in a file or a setting is wrong.
    """
    scenario, survey = files.read_job(name)
    section = scenario.section if section is None else section
    try:
        line = Line.build(survey, section)
    except LineError as error:
        raise files.InputError(f"{name}: {error}") from None
    values = files.read_parameters(parameters) if parameters else Parameters()
    return Job(
        line=line,
        profile=files.read_profile(robot),
        parameters=with_values(values, settings or {}),
        scenario=scenario.model_copy(update={"line": Path(scenario.line).name, "section": section}),
        seed=scenario.seed if seed is None else seed,
        drives=files.read_drives(drives) if drives else BOARD_ALONE,
    )
