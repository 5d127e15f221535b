"""Whatever is changed in a valid file, the answer is a file that can be worked with, or one line."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from missions import files
from missions.files import InputError
from robot.line.line import Line, LineError
from robot.line.profile import profile

LINE = (files.PACKAGED_LINES / "short-60m.toml").read_text(encoding="utf-8")
ENVELOPE = """
[[envelope]]
kind = "pin-10"
crossable = true
[[envelope.sleeve]]
s_m = [-0.2, 0.2]
r_m = 0.02
[[envelope.box]]
s_m = [-0.1, 0.1]
x_m = [-0.2, 0.2]
z_m = [-0.3, -0.1]
"""
SCENARIO = """format = "silkline.scenario/1"
line = "short-60m.toml"
section = 1
seed = 1
survey_error_m = 0.2
[weather]
wind_mps = 4.0
gust_mps = 6.0
temperature_c = 20.0
wet = false
[world]
friction = 0.1
camera_misses = 0.1
[[surprise]]
kind = "branch"
span = 1
at_m = 6.0
[[fault]]
kind = "wrong"
target = "imu"
at_s = 1.0
for_s = 2.0
value = 1.5
[[fault]]
kind = "tilt"
at_m = 10
[[operator]]
at_s = 4.0
action = "treat_as"
argument = "splice"
"""
PARAMETERS = 'format = "silkline.parameters/1"\nwrap_speed_mps = 0.3\nwrap_pinch_n = 100\n'
ROBOT = (files.PACKAGED_ROBOTS / "r1.toml").read_text(encoding="utf-8")

ODD = (
    *("0", "-0.0", "-1", "1", "3", "1e-308", "1e-9", "1e-3", "0.5", "45.0", "1e6", "1e308", "nan", "-inf"),
    *("9" * 400, "true", '""', '"x"', "[]", "[1.0]", "[0.5, 0.1]", "[[1]]", "{}", "{a = 1}", "1979-05-27", "''''''"),
    *(f'"{5000 * "x"}"', '"\\u0000"', '"\\u202e"', '"pin-10"', '"strain-10"', '"branch"', '"LGJ-16/3"', '"JL1-240"'),
    *('"terminal"', '"strain"', '"stuck"', '"imu"', '"jog"', "'../..'", '"nan"', "0x10", "1_000", "07:32:00", ""),
)  # fmt: skip
KEYS = ("x", "format", "at_m", "kind", '"a b"', "a.b", "5", "x" * 3000, "")


def changed(text: str, rng: random.Random) -> str:
    """The text with one or two of its lines changed."""
    lines = text.splitlines()
    for _ in range(rng.choice((1, 1, 1, 2))):
        at = rng.randrange(len(lines))
        key, _, value = lines[at].partition("=")
        act = rng.randrange(8)
        if act == 0:
            del lines[at]
        elif act == 1:
            lines.insert(rng.randrange(len(lines)), lines[at])
        elif act == 2 and value:
            lines[at] = f"{rng.choice(KEYS)} ={value}"
        elif value:
            lines[at] = f"{key}= {rng.choice(ODD)}"
    return "\n".join(lines) + "\n"


def line(path: Path) -> None:
    """Every figure of every span, with a robot's weight on it, is a number."""
    survey = files.read_survey(path)
    try:
        spans = profile(Line.build(survey), 40.0, (0.0, 0.3, 1.0))
    except LineError:
        return
    assert all(math.isfinite(value) for table in spans for value in numbers(table))


def numbers(table: dict[str, Any]) -> list[float]:
    loaded = [value for place in table.get("loaded", ()) for value in place.values()]
    return [value for value in (*table.values(), *loaded) if not isinstance(value, list)]


DOORS: list[tuple[str, Callable[[Path], object], int]] = [
    (LINE + ENVELOPE, line, 150),
    (SCENARIO, lambda path: files.read_job(str(path)), 200),
    (SCENARIO, files.read_weather, 60),
    (PARAMETERS, files.read_parameters, 60),
    (ROBOT, files.read_profile, 80),
]


@pytest.mark.parametrize(
    ("text", "read", "times"), DOORS, ids=["line", "job", "weather", "parameters", "robot"]
)
def test_a_changed_file_is_read_or_refused_in_one_line(
    tmp_path: Path, text: str, read: Callable[[Path], object], times: int
) -> None:
    rng, path = random.Random(5), tmp_path / "changed.toml"
    path.write_text(text, encoding="utf-8")
    read(path)
    refusals = []
    for _ in range(times):
        path.write_text(changed(text, rng), encoding="utf-8")
        try:
            read(path)
        except InputError as error:
            refusals.append(str(error))
    assert len(refusals) > times / 10
    assert all(refusal.startswith(f"{path}: ") for refusal in refusals)
    assert all(refusal.isprintable() and len(refusal) < 1000 for refusal in refusals)
