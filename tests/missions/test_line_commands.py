"""`silkline line check|profile|import` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from missions.cli import main
from missions.files import read_survey

MAP = {"type": "LineString", "coordinates": [[120.9, 30.8], [120.9005, 30.8], [120.901, 30.8]]}


def silkline(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["line", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_check_tells_sections_and_length(capsys):
    code, out, _ = silkline(capsys, "check", "cartago", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["ok"] is True
    assert [s["spans"] for s in answer["sections"]] == [1, 4, 1, 4]
    assert silkline(capsys, "check", "cartago")[1].count("section") == 4


def test_check_tells_what_the_catalogue_lacks(capsys, tmp_path):
    path = tmp_path / "l.toml"
    survey = read_survey(Path(__file__).parents[2] / "missions" / "lines" / "short-60m.toml")
    assert survey.conductor == "LGJ-120/20"
    text = (Path(__file__).parents[2] / "missions" / "lines" / "short-60m.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("LGJ-120/20", "ACSR-Raven"), encoding="utf-8")
    code, out, _ = silkline(capsys, "check", str(path))
    assert code == 0
    assert "gives no mass_kg_per_m of ACSR-Raven" in out
    code, _, err = silkline(capsys, "profile", str(path))
    assert code == 2
    assert "the catalogue gives no mass_kg_per_m, strength_n" in err


def test_profile_answers_with_the_promised_keys(capsys):
    code, out, _ = silkline(
        capsys, "profile", "jiashan-350m", "--load-kg", "40", "--at", "0.25", "--at", "0.5", "--json"
    )
    spans = json.loads(out)["spans"]
    assert code == 0
    assert [s["span"] for s in spans] == list(range(1, 8))
    assert set(spans[0]) == {"span", "length_m", "horizontal_tension_n", "sag_m", "max_slope_deg", "loaded"}
    assert [x["at_m"] for x in spans[0]["loaded"]] == [12.0, 24.0]
    assert set(spans[0]["loaded"][0]) == {
        "at_m", "horizontal_tension_n", "drop_m", "slope_pole_deg", "slope_at_load_deg",
    }  # fmt: skip


def test_profile_without_a_load_has_no_loaded_part(capsys):
    code, out, _ = silkline(capsys, "profile", "jiashan-350m", "--temperature-c", "40", "--json")
    spans = json.loads(out)["spans"]
    assert code == 0
    assert "loaded" not in spans[0]
    assert spans[0]["horizontal_tension_n"] < 5500
    assert "tension N" in silkline(capsys, "profile", "jiashan-350m")[1]


def test_import_writes_a_line_file_with_its_origin(capsys, tmp_path):
    source, out_path = tmp_path / "m.geojson", tmp_path / "out.toml"
    source.write_text(json.dumps(MAP), encoding="utf-8")
    code, out, _ = silkline(
        capsys, "import", str(source), "--out", str(out_path), "--conductor", "LGJ-35/6", "--pitch", "0.5",
        "--cable", "wrap-48f-6.0", "--insulator", "line-post-10", "--json",
    )  # fmt: skip
    survey = read_survey(out_path)
    assert code == 0
    assert json.loads(out)["order"] == "file"
    assert (survey.conductor, survey.cable, survey.pitch_m) == ("LGJ-35/6", "wrap-48f-6.0", 0.5)
    assert survey.pole[1].insulator == "line-post-10"
    assert out_path.read_text(encoding="utf-8").startswith("# Imported from m.geojson.\n")


@pytest.mark.parametrize(("flags", "wanted"), [
    (["--conductor", "LGJ-121/20"], "nearest: LGJ-120/20"),
    (["--pitch", "1000"], "pitch_m: 1000.0 is out of range; it must be less than or equal to 1.5 m"),
    (["--pitch", "x"], "--pitch"),
    (["--tension", "nan"], "horizontal_tension_n: nan is not a finite number"),
    (["--phase-spacing", "inf"], "phase_spacing_m: inf is not a finite number"),
    (["--name", "a\x07"], "name: character 2 is U+0007"),
    (["--insulator", "pin-11"], "nearest: pin-10"),
    (["--conductor", "ACSR-Raven"], "--tension"),
])  # fmt: skip
def test_import_refuses_a_bad_choice_and_writes_nothing(capsys, tmp_path, flags, wanted):
    source, out_path = tmp_path / "m.geojson", tmp_path / "out.toml"
    source.write_text(json.dumps(MAP), encoding="utf-8")
    code, _, err = silkline(capsys, "import", str(source), "-o", str(out_path), *flags)
    assert code == 2
    assert wanted in err
    assert err.count("\n") == 1
    assert not out_path.exists()


def test_import_does_not_overwrite_what_it_was_not_told_to(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "m.geojson"
    source.write_text(json.dumps(MAP), encoding="utf-8")
    assert silkline(capsys, "import", str(source))[0] == 0
    code, _, err = silkline(capsys, "import", str(source))
    assert code == 2
    assert "m.toml: exists already" in err


@pytest.mark.parametrize("command", ["check", "profile", "import"])
def test_a_file_that_is_not_there_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    code, _, err = silkline(capsys, command, "none.toml")
    assert code == 2
    assert err.count("\n") == 1
    assert "none.toml" in err
