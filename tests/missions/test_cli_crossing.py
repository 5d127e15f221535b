"""`silkline crossing` answers people and machines, and ends with the exit code of the design."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from missions.cli import main
from missions.files import PACKAGED_LINES

KEYS = {"from_m", "to_m", "features", "duration_s", "steps"}
STEP_KEYS = {"s_m", "front", "middle", "rear", "rotor_deg", "action", "expects"}


def silkline(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["crossing", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def edited(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = (PACKAGED_LINES / "short-60m.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "line.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_json_has_the_promised_keys_and_states(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = silkline(capsys, "short-60m", "--json")
    answer = json.loads(out)
    assert code == 0
    assert set(answer) == {"crossings", "blocked"}
    assert answer["blocked"] == []
    assert len(answer["crossings"]) >= 2
    for crossing in answer["crossings"]:
        assert set(crossing) >= KEYS
        assert crossing["from_m"] < crossing["to_m"]
        for step in crossing["steps"]:
            assert set(step) >= STEP_KEYS
            assert {step["front"], step["middle"], step["rear"]} <= {"clamped", "open", "lifted"}
            assert step["rotor_deg"] is None or 0 <= step["rotor_deg"] < 360
            assert crossing["from_m"] <= step["s_m"] <= crossing["to_m"]
        assert sum(s["duration_s"] for s in crossing["steps"]) == pytest.approx(crossing["duration_s"])


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = silkline(capsys, "short-60m")
    assert code == 0
    assert "pin-10 at 28.00 m: 34 s from 27.05 to 29.38 m" in out
    assert "park rotor" in out
    assert "lift middle" in out


def test_what_cannot_be_crossed_is_named_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = edited(tmp_path, ('kind = "fault-indicator"', 'kind = "spacer"'))
    code, out, _ = silkline(capsys, path, "--json")
    (blocked,) = json.loads(out)["blocked"]
    assert code == 1
    assert blocked["features"] == ["spacer"]
    assert "meets spacer" in blocked["reason"]
    assert blocked["at_m"] > 0
    code, out, _ = silkline(capsys, path)
    assert code == 1
    assert "BLOCKED" in out


def test_a_line_or_parameter_that_is_not_right_ends_with_2_and_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in (
        ("no-such-line",),
        ("short-60m", "--set", "clearance_m=5"),
        ("short-60m", "--section", "9"),
    ):
        code, out, err = silkline(capsys, *arguments)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1


def test_a_wider_margin_begins_the_crossing_earlier(capsys: pytest.CaptureFixture[str]) -> None:
    begins = []
    for margin in ("0.015", "0.050"):
        _, out, _ = silkline(capsys, "short-60m", "--json", "--set", f"clearance_m={margin}")
        begins.append(json.loads(out)["crossings"][0]["from_m"])
    assert begins[0] - begins[1] == pytest.approx(0.035)
