"""Running a job: the beginning, breaking off, log and summary, and the same again for the same seed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge.drivers.board import BoardDriver
from hil.scenario import Fault, OperatorAct
from missions import summary
from missions.job import Job, read_job
from missions.operator import PATIENCE_NS
from missions.recording import CODECS, Log
from missions.run import refuse, simulate
from robot.messages import Action, CommandFrame, Mode
from tests.missions.conftest import Run, run_until


def with_scenario(job: Job, **changes: object) -> Job:
    return replace(job, scenario=job.scenario.model_copy(update=changes))


def event_ids(run: Run) -> set[str]:
    messages = Log(run.log).messages()
    return {CODECS["/events"].decode(data).id for _, topic, data in messages if topic == "/events"}


def test_a_job_begins_by_itself_and_lays_cable(short_run: Run) -> None:
    assert short_run.modes[:5] == [Mode.SAFE, Mode.READY, Mode.MOUNTING, Mode.READY, Mode.TRAVEL]
    assert Mode.WRAP in short_run.modes
    assert short_run.summary.turns >= 1
    assert short_run.summary.bytes_sent > 0
    assert short_run.summary.bytes_received > 0


def test_a_run_that_is_broken_off_stops_the_robot_and_closes_log_and_summary(short_run: Run) -> None:
    assert short_run.modes[-1] is Mode.STOPPED
    assert short_run.summary.outcome == "stopped"
    assert short_run.summary.reason.startswith("interrupted")
    assert short_run.summary.violations == []
    assert short_run.summary.interventions == 1
    assert short_run.summary.exit_code == 1
    assert summary.read(short_run.out / "summary.json") == short_run.summary
    log = Log(short_run.log)
    *_, last = log.ticks()
    assert not log.cut_off
    assert last.estimate is not None
    assert abs(CODECS["/estimate"].decode(last.estimate).speed_mps) < 0.01


def test_the_log_holds_what_a_replay_needs(short_run: Run) -> None:
    log = Log(short_run.log)
    needed = {"line.json", "profile.json", "parameters.json", "scenario.json", "versions.json", "job.json"}
    assert needed <= set(log.attachments)
    assert log.job["seed"] == short_run.job.seed
    assert {"python", "numpy", "mujoco"} <= set(log.json("versions.json"))
    topics = {topic for _, topic, _ in log.messages()}
    assert set(CODECS) <= topics


def test_the_same_seed_gives_the_same_summary_and_the_same_commands(short_run: Run, tmp_path: Path) -> None:
    again = run_until(short_run.job, tmp_path, 14.0)
    assert again.summary.without_wall_time() == short_run.summary.without_wall_time()
    first, second = (list(Log(run.log).messages()) for run in (short_run, again))
    assert first == second


def test_another_seed_gives_another_world(short_run: Run, tmp_path: Path) -> None:
    other = run_until(replace(short_run.job, seed=short_run.job.seed + 1), tmp_path, 8.0)
    messages = zip(Log(short_run.log).messages(), Log(other.log).messages(), strict=False)
    assert any(a != b for a, b in messages)


def test_a_hold_that_nobody_answers_ends_the_run_after_30_s(tmp_path: Path) -> None:
    job = read_job("short-60m")
    act = OperatorAct(at_s=10.0, action=Action.HOLD)
    result = simulate(with_scenario(job, operator=(act,)), tmp_path)
    assert result.outcome == "stopped"
    assert result.reason.startswith("operator_hold")
    assert result.sim_time_s == pytest.approx(10.0 + PATIENCE_NS / 1e9, abs=1.0)
    assert result.exit_code == 1


def test_a_robot_that_does_not_arm_is_refused(tmp_path: Path) -> None:
    job = read_job("short-60m")
    open_chain = Fault(kind="off", target="estop", at_s=0.0)
    result = simulate(with_scenario(job, fault=(open_chain,)), tmp_path)
    assert result.outcome == "refused"
    assert result.exit_code == 1
    assert result.travelled_m == pytest.approx(0.0, abs=0.01)


def test_a_refused_mount_says_what_stands_against_it(tmp_path: Path) -> None:
    dead = Fault(kind="off", target="cable_tension", at_s=0.4)
    result = simulate(with_scenario(read_job("short-60m"), fault=(dead,)), tmp_path)
    assert result.outcome == "refused"
    assert result.reason.startswith("tension_sensor_lost: The cable's load cell cannot be trusted.")
    assert result.reason.endswith("(mount is forbidden by tension_sensor_lost)")


def test_a_start_that_came_too_early_is_told_when_nobody_gives_it_again(tmp_path: Path) -> None:
    early = OperatorAct(at_s=5.0, action=Action.START)
    result = simulate(with_scenario(read_job("short-60m"), operator=(early,)), tmp_path)
    assert result.outcome == "stopped"
    assert result.reason.endswith("(start is not possible in MOUNTING)")


def test_a_loop_that_stalls_ends_in_a_stop(tmp_path: Path) -> None:
    job = read_job("short-60m")
    stall = Fault(kind="slow", target="loop", at_s=10.0, value=0.3)
    run = run_until(with_scenario(job, fault=(stall,)), tmp_path, 11.0)
    assert run.modes[-1] is Mode.STOPPED
    assert "loop_stalled" in event_ids(run)


def test_a_full_disk_is_an_event_and_the_job_goes_on(tmp_path: Path) -> None:
    job = read_job("short-60m")
    full = Fault(kind="off", target="log", at_s=9.0, for_s=1.0)
    run = run_until(with_scenario(job, fault=(full,)), tmp_path, 12.0)
    assert run.modes.count(Mode.STOPPED) == 1  # only the end
    assert "log_failed" in event_ids(run)


def test_a_job_that_is_refused_before_it_begins_leaves_only_a_summary(tmp_path: Path) -> None:
    result = refuse(read_job("short-60m"), tmp_path / "out", "too steep")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["summary.json"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["outcome"] == "refused"
    assert result.reason == "too steep"
    assert result.exit_code == 1


def test_an_exception_in_the_loop_still_stops_the_robot_and_closes_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[CommandFrame] = []
    send = BoardDriver.send
    monkeypatch.setattr(BoardDriver, "send", lambda *a: (sent.append(a[2]), send(*a)))

    def watch(frame: object, command: object) -> None:
        if frame.t_ns >= 3_000_000_000:  # type: ignore[attr-defined]
            raise RuntimeError("a bug in whoever watches")

    with pytest.raises(RuntimeError, match="a bug"):
        simulate(read_job("short-60m"), tmp_path, watch=watch)
    log = Log(tmp_path / "mission.mcap")
    assert len(list(log.ticks())) == 300
    assert not log.cut_off
    assert (sent[-1].stop, sent[-1].armed) == (True, False)
    assert (sent[-2].stop, sent[-2].armed) == (False, True)


@pytest.mark.parametrize("drives", ["moteus", "mixed", "cia402"])
def test_a_job_runs_through_other_controllers(tmp_path: Path, drives: str) -> None:
    run = run_until(read_job("short-60m", drives=drives), tmp_path, 22.0)
    assert Mode.WRAP in run.modes
    assert run.summary.travelled_m > 1.0
    assert not run.summary.violations
    assert run.summary.frames_bad == 0


@pytest.mark.parametrize("drives", ["moteus", "mixed", "cia402"])
@pytest.mark.parametrize("kind", ["reset", "over_current", "over_temperature"])
def test_a_fault_of_another_controller_stops_the_robot(tmp_path: Path, drives: str, kind: str) -> None:
    fault = Fault(kind=kind, target="traction_front.drive", at_s=17.0)
    run = run_until(with_scenario(read_job("short-60m", drives=drives), fault=(fault,)), tmp_path, 21.0)
    assert run.modes[-1] is Mode.STOPPED
    assert not run.summary.violations
    assert {"drive_reset", "drive_fault"} & event_ids(run)


@pytest.mark.parametrize("drives", ["moteus", "mixed", "cia402"])
def test_a_noisy_line_to_other_controllers_does_not_end_the_job(tmp_path: Path, drives: str) -> None:
    noise = Fault(kind="corrupt", target="bus", at_s=8.0, value=1e-4)
    run = run_until(with_scenario(read_job("short-60m", drives=drives), fault=(noise,)), tmp_path, 24.0)
    assert run.modes.count(Mode.STOPPED) == 1  # only the end
    assert run.summary.frames_bad > 0
    assert not run.summary.violations


@pytest.mark.parametrize("drives", ["moteus", "mixed", "cia402"])
@pytest.mark.parametrize("kind", ["disconnect", "half_open"])
def test_a_lost_line_to_other_controllers_stops_the_robot(tmp_path: Path, drives: str, kind: str) -> None:
    lost = Fault(kind=kind, target="bus", at_s=17.0)
    run = run_until(with_scenario(read_job("short-60m", drives=drives), fault=(lost,)), tmp_path, 21.0)
    assert run.modes[-1] is Mode.STOPPED
    assert {"link_lost", "feedback_lost"} & event_ids(run)
    assert not run.summary.violations
