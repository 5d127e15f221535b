"""The command line: start-up, exit codes, one line for bad input, and Ctrl-C."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from missions.cli import main
from missions.cli.app import COMMANDS
from missions.recording import Log
from tests.missions.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
MAGIC = b"\x89MCAP0\r\n"  # with which a log begins
SILKLINE = [sys.executable, "-m", "missions.cli"]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command in this process."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_help_names_every_command_and_starts_within_150_ms_of_cpu() -> None:
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*SILKLINE, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert all(name in done.stdout for name in COMMANDS)
    assert min(times) <= 0.15


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = call(capsys, name, "--help")
    assert code == 0
    assert "--help" in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["plan", "no-such-line"], "no-such-line"),
        (["plan", "jiashan-350"], "jiashan-350m"),  # the nearest name
        (["plan", "short-60m", "--set", "wrap_speed"], "NAME=VALUE"),
        (["plan", "short-60m", "--set", "wrap_sped_mps=0.3"], "wrap_sped_mps"),
        (["plan", "short-60m", "--set", "wrap_speed_mps=nan"], "wrap_speed_mps"),
        (["plan", "short-60m", "--set", "wrap_speed_mps=7"], "0.01 to 0.6"),
        (["plan", "short-60m", "--set", "wrap_sped_mps=0.3"], "nearest: wrap_speed_mps"),
        (["plan", "short-60m", "--assume", "wage=3"], "nearest: wage_per_h"),
        (["plan", "short-60m", "--assume", "wage_per_h=nan"], "give 0 to 1e+06"),
        (["plan", "short-60m", "--assume", "wage_per_h=1e308"], "give 0 to 1e+06"),
        (["plan", 5000 * "x"], "xxx..."),
        (["line", "profile", "short-60m", "--load-kg", "nan"], "--load-kg"),
        (["line", "profile", "short-60m", "--load-kg", "inf"], "--load-kg"),
        (["line", "profile", "short-60m", "--at", "nan"], "--at"),
        (["line", "profile", "short-60m", "--temperature-c", "nan"], "--temperature-c"),
        (["plan", "short-60m", "--section", "9"], "section 9"),
        (["plan", "short-60m", "--section", "0"], "--section"),
        (["plan", "short-60m", "--rules", "no-such"], "coating-robot"),
        (["plan", "short-60m", "--weather", "nowhere.toml"], "nowhere.toml"),
        (["plan", "short-60m", "--robot", "nowhere.toml"], "nowhere.toml"),
        (["run", "short-60m", "--seed", "-1"], "--seed"),
        (["run", "short-60m", "--camera", "none"], "features"),
        (["replay", "nowhere.mcap"], "nowhere.mcap"),
        (["replay", "pyproject.toml"], "pyproject.toml"),
        (["fly"], "fly"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], text: str
) -> None:
    monkeypatch.chdir(ROOT)
    before = sorted(os.listdir(ROOT))
    code, out, err = call(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert text in err
    assert sorted(os.listdir(ROOT)) == before  # nothing is written


@pytest.mark.parametrize("command", ["replay", "report"])
@pytest.mark.parametrize(
    ("content", "text"), [(b"", "attachment 'job.json' is missing"), (b"x" * 99, "is no MCAP file")]
)
def test_what_is_no_log_is_told_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, content: bytes, text: str
) -> None:
    path = tmp_path / "mission.mcap"
    path.write_bytes(content or MAGIC)
    code, _, err = call(capsys, command, str(path))
    assert code == 2
    assert text in err
    assert err.count(str(path)) == err.count("\n") == 1


def test_ctrl_c_while_the_commands_are_being_imported_ends_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "missions.cli.app", Interrupted("missions.cli.app"))
    assert call(capsys, "plan", "short-60m") == (1, "", "")


def test_a_plan_against_free_labour_is_still_json(capsys: pytest.CaptureFixture[str]) -> None:
    free = ["--assume", "wage_per_h=0", "--assume", "tools_by_hand_per_h=0"]
    code, out, _ = call(capsys, "plan", "short-60m", "--json", *free)
    assert code == 0
    assert json.loads(out, parse_constant=pytest.fail)["cost"]["ratio"] is None
    assert "by hand nothing" in call(capsys, "plan", "short-60m", *free)[1]


def test_plan_answers_machines_and_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "plan", "short-60m", "--json")
    assert code == 0
    assert json.loads(out)["fit"] is True
    code, out, _ = call(capsys, "plan", "short-60m")
    assert code == 0
    assert "crew 5 against 22" in out


def test_a_line_that_is_not_fit_ends_with_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "storm.toml").write_text("[weather]\nwind_mps = 12.0\ngust_mps = 15.0\n")
    code, out, _ = call(capsys, "plan", "short-60m", "--weather", str(tmp_path / "storm.toml"), "--json")
    assert code == 1
    assert [r["rule"] for r in json.loads(out)["refusals"]] == ["wind"]


def test_weather_with_an_unknown_key_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("[weather]\nwind_kmh = 12.0\n")
    code, _, err = call(capsys, "plan", "short-60m", "--weather", str(tmp_path / "odd.toml"))
    assert code == 2
    assert "wind_kmh" in err


def test_a_run_that_the_plan_refuses_never_moves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "storm.scenario.toml").write_text(
        'format = "silkline.scenario/1"\nline = "short-60m.toml"\n[weather]\n'
        "wind_mps = 12.0\ngust_mps = 15.0\n"
    )
    arguments = ["run", str(tmp_path / "storm.scenario.toml"), "--out", str(tmp_path / "out")]
    code, out, err = call(capsys, *arguments)
    assert code == 1
    assert "12 m/s" in err
    assert out.startswith("refused")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["summary.json"]


def test_replay_verifies(capsys: pytest.CaptureFixture[str], short_run: Run) -> None:
    code, out, _ = call(capsys, "replay", str(short_run.log), "--verify", "--json")
    assert code == 0
    assert json.loads(out)["equal"] is True


def test_replay_with_a_changed_parameter_ends_with_exit_code_1(
    capsys: pytest.CaptureFixture[str], short_run: Run
) -> None:
    arguments = ["replay", str(short_run.log), "--set", "wrap_speed_mps=0.2"]
    code, out, _ = call(capsys, *arguments, "--verify")
    assert code == 1
    assert "tick" in out
    assert "recorded" in out
    code, out, _ = call(capsys, *arguments)  # asked to try, not to verify
    assert code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_robot_and_closes_log_and_summary(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*SILKLINE, "run", "short-60m", "--realtime", "--out", str(tmp_path), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = tmp_path / "mission.mcap"
    deadline_s = time.monotonic() + 60
    while not (log.exists() and log.stat().st_size > 20_000) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    summary = json.loads(out)
    assert summary["outcome"] == "stopped"
    assert summary["reason"].startswith("interrupted")
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert not Log(log).cut_off
