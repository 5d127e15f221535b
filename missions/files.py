"""Reading what users write: lines, scenarios, robots, parameters. All are TOML.

Whatever is wrong with a file ends in one `InputError`.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from firmware_bridge.drive_map import FORMAT as DRIVES_FORMAT
from firmware_bridge.drive_map import DriveMap
from hil.scenario import Scenario, Weather
from missions.file_errors import InputError as InputError
from missions.file_errors import describe, near, number_hint, place_of, short, shown
from robot.line.catalogue import FEATURES, INSULATORS, KINDS
from robot.line.line import Line, LineError
from robot.line.survey import FORMAT as LINE_FORMAT
from robot.line.survey import Survey, sections
from robot.messages import Action
from robot.parameters import ParameterError, Parameters, with_values
from robot.profile import Profile

PACKAGED_LINES = Path(__file__).parent / "lines"
PACKAGED_ROBOTS = Path(__file__).parent / "robots"
PACKAGED_DRIVES = Path(__file__).parent / "drives"
SCENARIO_FORMAT = "silkline.scenario/1"
ROBOT_FORMAT = "silkline.robot/1"
PARAMETERS_FORMAT = "silkline.parameters/1"

_KINDS = {
    LINE_FORMAT: "line",
    SCENARIO_FORMAT: "scenario",
    ROBOT_FORMAT: "robot profile",
    PARAMETERS_FORMAT: "parameter file",
    DRIVES_FORMAT: "drives file",
}
Model = TypeVar("Model", bound=BaseModel)


# ---------------------------------------------------------------- the files


def read_survey(path: Path | str) -> Survey:
    """A line file.

    Raises:
        InputError: it cannot be read or something in it is wrong.
    """
    return _read(Survey, Path(path), LINE_FORMAT)


def read_scenario(path: Path | str) -> Scenario:
    """A scenario file; its line is not read. Raises InputError as `read_survey`."""
    return _read(Scenario, Path(path), SCENARIO_FORMAT)


def read_profile(path: Path | str | None = None) -> Profile:
    """A robot's profile, None = the reference robot. Raises InputError as `read_survey`."""
    return _read(Profile, Path(path) if path else PACKAGED_ROBOTS / "r1.toml", ROBOT_FORMAT)


def read_drives(name: str) -> DriveMap:
    """A drives file by path or packaged name. Raises InputError as `read_survey`."""
    packaged = PACKAGED_DRIVES / f"{name}.toml"
    path = Path(name)
    if not path.is_file():
        if not packaged.is_file() or path.name != name:
            names = sorted(p.stem for p in PACKAGED_DRIVES.glob("*.toml"))
            raise InputError(f"{name}: there is no such file or packaged drives file; {near(name, names)}")
        path = packaged
    return _read(DriveMap, path, DRIVES_FORMAT)


def read_parameters(path: Path | str) -> Parameters:
    """Parameters; what the file does not name keeps its default. Raises InputError as `read_survey`."""
    path = Path(path)
    data, text = _load(path, PARAMETERS_FORMAT)
    values = {key: value for key, value in data.items() if key != "format"}
    for key, value in values.items():
        place = f"{path}: {place_of(text, (key,))}"
        if key not in Parameters.__dataclass_fields__:
            raise InputError(f"{place}unknown parameter; {near(key, Parameters.__dataclass_fields__)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{place}{shown(value)} is not a number; {number_hint(key)}")
        try:
            with_values(Parameters(), {key: value})
        except ParameterError as error:
            raise InputError(f"{place}{error}") from None
    return with_values(Parameters(), values)


def read_weather(path: Path | str) -> Weather:
    """The `[weather]` table of a file; whatever else it holds is not looked at. Raises InputError."""
    path = Path(path)
    data, text = _parse(path)
    if not isinstance(data.get("weather"), dict):
        raise InputError(f"{path}: weather: is missing; give a [weather] table, e.g. with wind_mps = 4.0")
    try:
        return Weather.model_validate_json(json.dumps(data["weather"], default=str), strict=True)
    except ValidationError as error:
        raise InputError(f"{path}: {describe(error, Weather, text, above=('weather',))}") from None


def read_job(name: str) -> tuple[Scenario, Survey]:
    """Scenario and survey of a path or packaged name; a bare line gets a scenario of defaults.

    Raises:
        InputError: as `read_survey`, or scenario and line do not fit.
    """
    path = resolve(name)
    if format_of(path) == SCENARIO_FORMAT:
        scenario = read_scenario(path)
        survey = read_survey(resolve(scenario.line, beside=path))
        _check_against_line(path, scenario, survey)
        return scenario, survey
    return Scenario(line=str(path)), read_survey(path)


def read_line(name: str, section: int | None = None) -> Line:
    """The line (or its section, 1 = first) behind a path or packaged name of a line or a scenario.

    Raises:
        InputError: as `read_job`, or no line can be made of the survey.
    """
    scenario, survey = read_job(name)
    try:
        return Line.build(survey, scenario.section if section is None else section)
    except LineError as error:
        raise InputError(f"{name}: {error}") from None


def resolve(name: str, beside: Path | None = None) -> Path:
    """The file that a user means: a path, a path beside another file, or a packaged name.

    A bare packaged name is the scenario of that name where there is one, else the line.

    Raises:
        InputError: there is no such file.
    """
    candidates = [Path(name)] if beside is None else [beside.parent / name]
    candidates += [
        PACKAGED_LINES / f"{name}{end}" for end in (".scenario.toml", ".toml", "") if Path(name).name == name
    ]
    for candidate in candidates:
        if os.path.isfile(candidate):
            return candidate
    where = f"{beside}: {place_of(_parse(beside)[1], ('line',))}" if beside else ""
    if os.path.isdir(candidates[0]):
        raise InputError(f"{where}{name}: is a directory; give a line or scenario file")
    known = near(name, packaged_names())
    raise InputError(f"{where}{short(name)}: there is no such file or packaged line; {known}")


def packaged_names() -> tuple[str, ...]:
    """Names of the lines in the package."""
    return tuple(sorted(p.stem for p in PACKAGED_LINES.glob("*.toml") if not p.stem.endswith(".scenario")))


def format_of(path: Path) -> str:
    """What a file says it is, "" = nothing. Raises InputError where it cannot be read."""
    found = _parse(path)[0].get("format", "")
    return found if isinstance(found, str) else ""


def _check_against_line(path: Path, scenario: Scenario, survey: Survey) -> None:
    def refuse(at: tuple[str | int, ...], what: str) -> NoReturn:
        raise InputError(f"{path}: {place_of(_parse(path)[1], at)}{what}")

    parts = len(sections(survey))
    if scenario.section is not None and scenario.section > parts:
        refuse(("section",), f"{scenario.section} does not exist; {survey.name} has sections 1 to {parts}")
    for i, surprise in enumerate(scenario.surprise):
        at = ("surprise", i)
        if surprise.kind not in FEATURES:
            what = f"{shown(surprise.kind)} is not in the catalogue; {near(surprise.kind, FEATURES)}"
            refuse((*at, "kind"), what)
        if surprise.span > len(survey.span):
            refuse((*at, "span"), f"{surprise.span} does not exist; spans are 1 to {len(survey.span)}")
        length_m = survey.span[surprise.span - 1].length_m
        if surprise.at_m > length_m:
            what = f"{surprise.at_m} is outside span {surprise.span}; 0 to {length_m} m is inside"
            refuse((*at, "at_m"), what)
    for i, act in enumerate(scenario.operator):
        if act.action is Action.TREAT_AS and act.argument not in KINDS:
            what = f"{shown(act.argument)} is not in the catalogue; {near(act.argument, KINDS)}"
            refuse(("operator", i, "argument"), what)
    hung = {(feature.kind, feature.span, feature.at_m) for feature in survey.feature}
    poles = {(pole.insulator, number, 0.0) for number, pole in enumerate(survey.pole[:-1], 1) if number > 1}
    for i, mistake in enumerate(scenario.mistake):
        named = mistake.kind, mistake.span, mistake.at_m
        if named not in hung | poles:
            what = (
                f"the survey has no {mistake.kind!r} at {mistake.at_m:g} m of span {mistake.span}; "
                "name a feature by its kind, span and at_m, a pole's insulator at 0 m of the span behind it"
            )
            refuse(("mistake", i), what)
        known = INSULATORS if named in poles else (*FEATURES, "nothing")
        if mistake.really and mistake.really not in known:
            refuse(
                ("mistake", i, "really"),
                f"{shown(mistake.really)} cannot be there; {near(mistake.really, known)}",
            )


# ---------------------------------------------------------------- writing


def survey_toml(survey: Survey, remarks: Iterable[str] = ()) -> str:
    """A survey as its file; `remarks` become comments at its head. `read_survey` gives the same survey back."""
    data = survey.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    lines = [f"# {' '.join(remark.split())}" for remark in remarks]
    lines += [f"{key} = {_toml(value)}" for key, value in data.items() if not _is_table(value)]
    for key, value in data.items():
        if _is_table(value):
            lines += _toml_tables(key, value)
    return "\n".join(lines) + "\n"


def _is_table(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict)


def _toml_tables(name: str, value: Any) -> Iterator[str]:
    head = f"[{name}]" if isinstance(value, dict) else f"[[{name}]]"
    for table in [value] if isinstance(value, dict) else value:
        yield from ("", head) if isinstance(value, dict) or table is value[0] else (head,)
        yield from (f"{key} = {_toml(item)}" for key, item in table.items() if not _is_table(item))
        for key, item in table.items():
            if _is_table(item):
                yield from _toml_tables(f"{name}.{key}", item)


def _toml(value: Any) -> str:
    """A value in TOML; its texts and numbers are written as JSON's are."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# ---------------------------------------------------------------- from bytes to a model


def _read(model: type[Model], path: Path, wanted: str) -> Model:
    data, text = _load(path, wanted)
    try:
        # through JSON: strict mode then takes lists for tuples and words for enumerations
        return model.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        raise InputError(f"{path}: {describe(error, model, text)}") from None


def _load(path: Path, wanted: str) -> tuple[dict[str, Any], str]:
    """Content and text of a file of the wanted format."""
    data, text = _parse(path)
    found = data.get("format")
    if found == wanted:
        return data, text
    if found is None:
        raise InputError(f'{path}: format: is missing; a {_KINDS[wanted]} begins with format = "{wanted}"')
    if isinstance(found, str) and found in _KINDS:
        place = place_of(text, ("format",))
        raise InputError(f"{path}: {place}this is a {_KINDS[found]}; a {_KINDS[wanted]} ({wanted}) is wanted")
    raise InputError(
        f"{path}: {place_of(text, ('format',))}{shown(found)} cannot be read by this version; it reads {wanted!r}"
    )


def _parse(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check its name and rights") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start}: is not UTF-8 text; save the file as UTF-8") from None
    if not text.strip():
        raise InputError(f"{path}: the file is empty; it should begin with its format")
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:  # TOML errors, numbers of thousands of digits, deep nesting
        what, _, place = str(error).rstrip(")").partition(" (at ")
        place = place or "somewhere"
        if place == "end of document":
            place, what = f"line {len(text.splitlines())}", f"{what}; the file ends here, it may be cut off"
        else:
            what = f"{what}; give it as TOML, e.g. key = 1.0 or key = 'text'"
        raise InputError(f"{path}: {place}: {what[0].lower()}{what[1:]}") from None
