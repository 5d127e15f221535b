"""Whatever is wrong with a file, the answer is one line that says where, what, and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.scenario import SIZES, Weather
from missions import files
from missions.files import InputError
from robot.parameters import Parameters

LINE = (files.PACKAGED_LINES / "jiashan-350m.toml").read_text(encoding="utf-8")
SCENARIO = (files.PACKAGED_LINES / "jiashan-350m.scenario.toml").read_text(encoding="utf-8")
ROBOT = (files.PACKAGED_ROBOTS / "r1.toml").read_text(encoding="utf-8")
PARAMETERS = 'format = "silkline.parameters/1"\nwrap_speed_mps = 0.3\n'


def refusal(path: Path, read=files.read_survey) -> str:
    with pytest.raises(InputError) as refused:
        read(path)
    text = str(refused.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


LINE_FAULTS = [  # what is changed, to what, place, what is wrong and what would be right
    ("length_m = 56.0", "lenght_m = 56.0", r"line \d+, span 3, lenght_m: unknown key; nearest: length_m"),
    ("length_m = 56.0", "length_ft = 184.0", r"span 3, length_ft: unknown key; nearest: length_m"),
    ("pitch_m = 1.0", "pitch_m = 1.0\ncolour = 'red'", r"line 8, colour: unknown key; (nearest|known): "),
    ("length_m = 56.0", 'length_m = "56 m"', r"span 3, length_m: '56 m' is not a number; .* number in m"),
    ("length_m = 56.0", 'length_m = "56"', r"span 3, length_m: '56' is not a number; .* number in m"),
    ("length_m = 56.0", "length_m = 56 m", r"line \d+, column 15: "),
    ("length_m = 56.0", "length_m = true", r"span 3, length_m: True is not a number"),
    ("length_m = 56.0", "length_m = 56000.0", r"out of range; it must be less than or equal to 2000 m"),
    ("pitch_m = 1.0", "pitch_m = 1000", r"line 7, pitch_m: 1000 is out of range; .* 1.5 m"),
    ("length_m = 56.0", "length_m = nan", r"span 3, length_m: nan is not a finite number"),
    ("length_m = 56.0", "length_m = inf", r"span 3, length_m: inf is not a finite number"),
    ("length_m = 56.0", "length_m = -56.0", r"span 3, length_m: -56.0 is out of range; .* equal to 1 m"),
    ("length_m = 56.0\n", "", r"span 3, length_m: is missing; give a plain number in m"),
    ("[[span]]\nlength_m = 48.0\n", "", r"6 spans do not fit 8 poles; 7 \[\[span\]\] tables would"),
    ("at_m = 30.0", "at_m = 300.0", r"line 81, feature 1, at_m: 300.0 lies outside span 1; 0 to 48.0 m"),
    ("span = 5\n", "span = 9\n", r"line 92, feature 4, span: 9 does not exist; spans are 1 to 7"),
    ("LGJ-120/20", "LGJ-120/2", r"line \d, conductor: .*'LGJ-120/2' is not .*; nearest: .*LGJ-120/20"),
    ("wrap-24f-4.0", "wrap-24", r"cable: .* nearest: wrap-24f-4.0"),
    ('"pin-10"', '"pin-11"', r"pole 2, insulator: .* nearest: pin-10"),
    ('"fault-indicator"', '"indicator"', r"feature 1, kind: .* nearest: fault-indicator"),
    ('lay = "Z"', 'lay = "z"', r"line 8, lay: 'z' is unknown; it can be 'S' or 'Z'"),
    ('slip = "fixed"', 'slip = "loose"', r"stringing, slip: .*'fixed', 'free' or a number"),
    ("energised = false", 'energised = "no"', r"energised: 'no' is neither true nor false"),
    ('id = "P2"', "id = 2", r"pole 2, id: 2 is not text; give it in quotes"),
    ('id = "P2"', 'id = "P1"', r"line 23, pole 2, id: 'P1' stands twice"),
    ('id = "P2"', 'id = "P\\u0007"', r"pole 2, id: character 2 is U\+0007, which cannot be printed"),
    ('id = "P2"', 'id = ""', r"pole 2, id: is empty"),
    ('id = "P2"', f'id = "{5000 * "P"}"', r"pole 2, id: has 5000 characters; at most 200"),
    ("length_m = 56.0", f"{5000 * 'x'} = 1", r"span 3, x{80}\.\.\.: unknown key; known: "),
    ("length_m = 56.0", f'length_m = "{5000 * "x"}"', r"span 3, length_m: 'x{79}\.\.\. is not a number"),
    ('name = "', 'name = "\\u202e', r"line 3, name: character 1 is U\+202E"),
    (
        "horizontal_tension_n = 5500.0",
        "horizontal_tension_n = 0.001",
        r"line 15, stringing, horizontal_tension_n: 0.001 N does not suit LGJ-120/20 over the 48 m of span 1: "
        r"\d+ to \d+ N",
    ),
    ("horizontal_tension_n = 5500.0", "horizontal_tension_n = 90000.0", r"line 15, .* to 4\d{4} N would"),
    ("horizontal_tension_n = 5500.0", "horizontal_tension_n = 1e308", r"line 15, .* equal to 100000 N"),
    ("length_m = 56.0", "length_m = 56.0\nsag_m = 1e-6", r"line 65, span 3, sag_m: .* equal to 0.001 m"),
    (
        "length_m = 56.0",
        "length_m = 56.0\nsag_m = 0.002",
        r"line 65, span 3, sag_m: 0.002 would take more .* bears",
    ),
    ("length_m = 56.0", "length_m = 56.0\nsag_m = 20", r"line 65, span 3, sag_m: 20.0 is over a quarter"),
    (
        "attachment_height_m = 0.2",
        "attachment_height_m = 60.0",
        r"line 26, pole 2, att.*_m: 60 m .* steeper than 45 deg",
    ),
    ('id = "P2"', 'id = "P2"\nangle_deg = 5.0', r"line 24, pole 2, angle_deg: a straight pole cannot"),
    ('insulator = "pin-10"', "", r"line 22, pole 2, insulator: a straight pole needs an insulator"),
    (
        "[stringing]",
        '[[envelope]]\nkind = "pin-10"\n[[envelope]]\nkind = "pin-10"\n[stringing]',
        r"line 16, envelope 2, kind: 'pin-10' has an envelope already",
    ),
    (
        "[stringing]",
        '[[envelope]]\nkind = "pin-10"\n[[envelope.box]]\nx_m = [1, 2]\nz_m = [0, 1]\ns_m = [0.2, 0.1]\n[stringing]',
        r"line 18, envelope 1, box 1, s_m: \[0.2, 0.1\] runs backwards",
    ),
    ('over = "river"', 'over = "sea"', r"span 3, over: 'sea' is unknown; it can be 'river'"),
    ("silkline.line/1", "silkline.line/2", r"format: 'silkline.line/2' cannot be read .* 'silkline.line/1'"),
    ("silkline.line/1", "silkline.scenario/1", r"format: this is a scenario; a line .* is wanted"),
    ('format = "silkline.line/1"', "", r"format: is missing; a line begins with"),
    ('format = "silkline.line/1"', "format = [1]", r"format: \[1\] cannot be read"),
    ("pitch_m = 1.0", "pitch_m = 1.0\npitch_m = 2.0", r"line 8, column \d+: "),
]


@pytest.mark.parametrize(
    ("old", "new", "wanted"), LINE_FAULTS, ids=[new.strip()[:40] for _, new, _ in LINE_FAULTS]
)
def test_a_fault_in_a_line_file_is_told_with_its_place_and_remedy(tmp_path, old, new, wanted):
    path = tmp_path / "l.toml"
    path.write_text(changed(LINE, old, new), encoding="utf-8")
    assert re.search(wanted, refusal(path))


SCENARIO_FAULTS = [
    ("wind_mps = 4.0", 'wind_mps = "4 m/s"', r"line 7, weather, wind_mps: .* number in m/s"),
    ("wind_mps = 4.0", "wind_kmh = 14.0", r"weather, wind_kmh: unknown key; nearest: wind_mps"),
    ("wind_mps = 4.0", "wind_mps = 9.0", r"line 8, weather, gust_mps: 6 is below wind_mps = 9"),
    ("wind_mps = 4.0", "wind_mps = 1e9", r"line 7, weather, wind_mps: .* equal to 60 m/s"),
    ("survey_error_m = 0.2", "survey_error_m = 1e9", r"line 4, survey_error_m: .* equal to 5 m"),
    ("seed = 1", f"seed = {2**70}", r"line 3, seed: .* out of range"),
    ("jiashan-350m.toml", "\\u0000", r"line 2, line: character 1 is U\+0000"),
    ("wet = false", 'wet = "no"', r"weather, wet: 'no' is neither true nor false"),
    ("overcast", "cloudy", r"light: 'cloudy' is unknown; it can be 'sun', 'overcast'"),
    ("seed = 1", "seed = 1.5", r"seed: 1.5 is not a whole number"),
    ("survey_error_m = 0.2", "survey_error_m = nan", r"survey_error_m: nan is not a finite number"),
]


@pytest.mark.parametrize(("old", "new", "wanted"), SCENARIO_FAULTS)
def test_a_fault_in_a_scenario_is_told_with_its_place_and_remedy(tmp_path, old, new, wanted):
    path = tmp_path / "s.toml"
    path.write_text(changed(SCENARIO, old, new), encoding="utf-8")
    assert re.search(wanted, refusal(path, files.read_scenario))


FAULTS = [
    (
        'kind = "wrong"\ntarget = "imu"\nat_s = 1\nvalue = 1e4',
        r"line 18, fault 1, value: 10000 .* -100 to 100 times",
    ),
    ('kind = "slow"\ntarget = "imu"\nat_s = 1\nvalue = 0', r"line 18, fault 1, value: 0 is .* 0.01 to 60 s"),
    ('kind = "flood"\ntarget = "link"\nat_s = 1\nvalue = 2', r"line 18, fault 1, value: 2 .* 0 to 1 of 1"),
    (
        'kind = "off"\ntarget = "imu"\nat_s = 1\nvalue = 2',
        r"line 18, fault 1, value: fault 'off' has no size",
    ),
    ('kind = "off"\ntarget = "imv"\nat_s = 1', r"line 16, fault 1, target: 'imv' is unknown; nearest: imu"),
    (
        'kind = "swap"\ntarget = "imu"\nat_s = 1',
        r"line 15, fault 1, kind: fault 'swap' does not fit .* can be ok",
    ),
    (
        'kind = "jam"\ntarget = "imu"\nat_s = 1',
        r"line 16, fault 1, target: fault 'jam' acts on the robot as a whole",
    ),
    ('kind = "jam"', r"line 14, fault 1: a fault starts either at_s or at_m; give exactly one"),
    ('kind = "jam"\nat_s = 1\nfor_s = 1e308', r"line 17, fault 1, for_s: .* out of range"),
]


@pytest.mark.parametrize(("fault", "wanted"), FAULTS)
def test_a_fault_that_cannot_be_injected_is_refused_with_its_line(tmp_path, fault, wanted):
    path = tmp_path / "s.toml"
    path.write_text(f"{SCENARIO}\n[[fault]]\n{fault}\n", encoding="utf-8")
    assert re.search(wanted, refusal(path, files.read_scenario))


def test_every_kind_of_fault_has_a_default_within_its_range():
    assert all(size.low <= size.default <= size.high for size in SIZES.values())


def test_gusts_follow_the_wind_where_no_file_gives_them():
    assert [Weather(wind_mps=wind_mps).gust_mps for wind_mps in (0.0, 4.0, 8.0)] == [0.0, 6.0, 12.0]
    assert Weather().gust_mps == 6.0


def test_a_weather_file_is_told_apart_line_by_line(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text("[weather]\nwind_mps = 4.0\nhumidity_pct = 101\n", encoding="utf-8")
    assert refusal(path, files.read_weather).startswith("line 3, weather, humidity_pct: 101 is out of range")


def test_a_fault_in_a_robot_profile_is_told(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(changed(ROBOT, "mass_kg = 17.0", 'mass_kg = "17"'), encoding="utf-8")
    assert re.search(
        r"line \d+, body, mass_kg: '17' is not a number; .* kg", refusal(path, files.read_profile)
    )
    path.write_text(changed(ROBOT, "[-45.0, 45.0]", "[-45.0, nan]"), encoding="utf-8")
    assert "carriages, clamped 1, theta_deg 2: nan" in refusal(path, files.read_profile)


PARAMETER_FAULTS = [
    (
        "wrap_speed_mps = 0.3",
        "wrap_sped_mps = 0.3",
        r"line 2, wrap_sped_mps: unknown parameter; nearest: wrap_speed",
    ),
    ("wrap_speed_mps = 0.3", "wrap_speed_mps = nan", r"line 2, wrap_speed_mps: .* outside 0.01 to 0.6 m/s"),
    ("wrap_speed_mps = 0.3", "wrap_speed_mps = 3", r"outside 0.01 to 0.6 m/s"),
    ("wrap_speed_mps = 0.3", "wrap_speed_mps = true", r"True is not a number"),
    ("wrap_speed_mps = 0.3", "wrap_speed_mps = ", r"line 2, column \d+: invalid value"),
    ("parameters/1", "parameters/0", r"format: 'silkline.parameters/0' cannot be read"),
]


@pytest.mark.parametrize(("old", "new", "wanted"), PARAMETER_FAULTS)
def test_a_fault_in_a_parameter_file_is_told(tmp_path, old, new, wanted):
    path = tmp_path / "p.toml"
    path.write_text(changed(PARAMETERS, old, new), encoding="utf-8")
    assert re.search(wanted, refusal(path, files.read_parameters))


def test_parameters_not_named_keep_their_defaults(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(PARAMETERS, encoding="utf-8")
    read = files.read_parameters(path)
    assert read.wrap_speed_mps == 0.3
    assert read.setpoint_life_ms == Parameters().setpoint_life_ms


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.85, 0.97])
def test_a_truncated_line_file_is_refused(tmp_path, share):
    path = tmp_path / "l.toml"
    path.write_text(LINE[: int(share * len(LINE))], encoding="utf-8")
    refusal(path)


def test_a_file_cut_inside_a_value_is_told_to_be_cut_off(tmp_path):
    path = tmp_path / "l.toml"
    path.write_text(LINE[: LINE.index("[stringing]") + 8], encoding="utf-8")
    assert "the file ends here, it may be cut off" in refusal(path)


@pytest.mark.parametrize("encoding", ["utf-16", "gbk", "utf-32"])
def test_a_file_in_another_encoding_is_refused(tmp_path, encoding):
    path = tmp_path / "l.toml"
    path.write_bytes(changed(LINE, "10 kV", "10 千伏").encode(encoding))
    assert re.match(r"byte \d+: is not UTF-8 text; save the file as UTF-8", refusal(path))


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "l.toml"
    path.write_bytes(LINE.encode("utf-8-sig"))
    assert files.read_survey(path) == files.read_survey(files.PACKAGED_LINES / "jiashan-350m.toml")


def test_empty_missing_and_unreadable_files_are_refused(tmp_path):
    empty = tmp_path / "empty.toml"
    empty.write_text(" \n")
    assert "the file is empty" in refusal(empty)
    assert "cannot be read" in refusal(tmp_path / "none.toml")
    assert "cannot be read" in refusal(tmp_path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_gives_anything_but_input_error(tmp_path, data):
    """Cut, overwrite and shuffle bytes: it is read, or refused in one line."""
    raw = bytearray(LINE.encode())
    start = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 60))
    raw[start : start + length] = data.draw(
        st.binary(max_size=60) | st.sampled_from([b"", b"[", b"[[", b"= nan\n"])
    )
    path = tmp_path / "l.toml"
    path.write_bytes(bytes(raw))
    refused = _try_to_read(path)
    assert "\n" not in refused


def _try_to_read(path: Path) -> str:
    try:
        files.read_survey(path)
    except InputError as error:
        return str(error)
    return ""


# ---------------------------------------------------------------- names


def test_a_bare_packaged_name_is_its_scenario_or_else_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert files.resolve("jiashan-350m").name == "jiashan-350m.scenario.toml"
    assert files.resolve("cartago").name == "cartago.toml"
    scenario, survey = files.read_job("jiashan-350m")
    assert (scenario.seed, len(survey.pole)) == (1, 8)
    scenario, survey = files.read_job("cartago")
    assert (scenario.survey_error_m, scenario.weather.wind_mps, len(survey.pole)) == (0.2, 4.0, 11)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"jiashn-350m: there is no such .* nearest: jiashan-350m"):
        files.resolve("jiashn-350m")


def test_a_scenario_finds_its_line_beside_itself_or_in_the_package(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(changed(SCENARIO, "jiashan-350m.toml", "here.toml"), encoding="utf-8")
    with pytest.raises(InputError, match=r"mine.toml: line 2, line: here.toml: there is no such file"):
        files.read_job(str(path))
    (tmp_path / "here.toml").write_text(LINE, encoding="utf-8")
    assert files.read_job(str(path))[1].name == "10 kV Jiashan line, poles 1-8"
    path.write_text(SCENARIO, encoding="utf-8")
    assert len(files.read_job(str(path))[1].pole) == 8


@pytest.mark.parametrize(("surprise", "wanted"), [
    ('kind = "branch"\nspan = 9\nat_m = 1.0', "line 16, surprise 1, span: 9 does not exist; spans are 1 to 7"),
    ('kind = "branch"\nspan = 1\nat_m = 60.0', "line 17, surprise 1, at_m: 60.0 is outside span 1; 0 to 48.0 m"),
    ('kind = "brunch"\nspan = 1\nat_m = 6.0', "line 15, surprise 1, kind: 'brunch' is not .* nearest: branch"),
])  # fmt: skip
def test_a_surprise_that_is_not_on_the_line_is_refused(tmp_path, surprise, wanted):
    path = tmp_path / "s.toml"
    path.write_text(f"{SCENARIO}\n[[surprise]]\n{surprise}\n", encoding="utf-8")
    with pytest.raises(InputError, match=wanted):
        files.read_job(str(path))


def test_an_operator_who_calls_a_thing_by_an_unknown_name_is_refused(tmp_path):
    path = tmp_path / "s.toml"
    act = '[[operator]]\nat_s = 5\naction = "treat_as"\nargument = "splicer"\n'
    path.write_text(f"{SCENARIO}{act}", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"line 16, operator 1, argument: 'splicer' is not .* nearest: splice"
    ):
        files.read_job(str(path))


def test_a_name_too_long_for_a_file_is_refused():
    with pytest.raises(InputError, match=r"x{80}\.\.\.: there is no such file"):
        files.resolve(5000 * "x")


@pytest.mark.parametrize(("mistake", "wanted"), [
    ('kind = "splice"\nspan = 1\nat_m = 6.0', r"line \d+, mistake 1: the survey has no 'splice' at 6 m of span 1"),
    ('kind = "pin-10"\nspan = 1\nat_m = 0.0', r"line \d+, mistake 1: the survey has no 'pin-10' at 0 m of span 1"),
    ('kind = "{pole}"\nspan = 2\nat_m = 0.0\nreally = "nothing"',
     r"line \d+, mistake 1, really: 'nothing' cannot be there"),
])  # fmt: skip
def test_a_mistake_that_is_not_in_the_survey_is_refused(tmp_path, mistake, wanted):
    pole = files.read_job("jiashan-350m")[1].pole[1].insulator
    path = tmp_path / "s.toml"
    path.write_text(f"{SCENARIO}\n[[mistake]]\n{mistake.format(pole=pole)}\n", encoding="utf-8")
    with pytest.raises(InputError, match=wanted):
        files.read_job(str(path))


def test_a_section_that_does_not_exist_is_refused(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(changed(SCENARIO, "seed = 1", "section = 2"), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3, section: 2 does not exist; .* sections 1 to 1"):
        files.read_job(str(path))
    with pytest.raises(InputError, match=r"section 9 does not exist; .* sections 1 to 4"):
        files.read_line("cartago", 9)


# ---------------------------------------------------------------- the package, and writing


@pytest.mark.parametrize("name", files.packaged_names())
def test_packaged_lines_are_sound_and_survive_being_written(tmp_path, name):
    survey = files.read_survey(files.resolve(f"{name}.toml"))
    copy = tmp_path / "copy.toml"
    copy.write_text(files.survey_toml(survey, ["a remark\nof two lines"]), encoding="utf-8")
    assert files.read_survey(copy) == survey


def test_everything_a_survey_can_hold_survives_being_written(tmp_path):
    path, copy = tmp_path / "l.toml", tmp_path / "copy.toml"
    envelope = (
        '[[envelope]]\nkind = "pin-10"\n[[envelope.box]]\ns_m = [-0.1, 0.1]\nx_m = [-1, 1]\nz_m = [-0.5, 0]\n'
    )
    path.write_text(changed(LINE, "10 kV", '千伏　\\"x\\"') + envelope, encoding="utf-8")
    survey = files.read_survey(path)
    copy.write_text(files.survey_toml(survey), encoding="utf-8")
    assert files.read_survey(copy) == survey
    assert len(survey.envelope[0].box) == 1


def test_the_reference_line_is_what_the_reference_job_needs():
    line = files.read_line("jiashan-350m")
    kinds = [f.kind for f in line.features]
    assert line.length_m == pytest.approx(350, abs=0.1)
    assert [p.kind for p in line.poles] == ["straight"] * 8
    assert line.conductor.key == "LGJ-120/20"
    assert {"pin-10", "line-post-10"} <= set(kinds)
    assert (kinds.count("fault-indicator"), kinds.count("bird-deterrent")) == (2, 2)
    assert [s.over for s in line.spans].count("river") == 1
    assert [s.over for s in line.spans].count("trees") == 2
