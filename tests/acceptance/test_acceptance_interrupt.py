"""Ctrl-C during a run, from outside, as a user does it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from missions import summary
from missions.recording import CODECS, Log
from robot.messages import Mode
from tests.acceptance.jobs import silkline

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240.0


def interrupted(name: str, out: Path, after_bytes: int) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a run that gets SIGINT once its log has grown so long."""
    command = [sys.executable, "-m", "missions.cli", "run", name, "--out", str(out), "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log, deadline_s = out / "mission.mcap", time.monotonic() + PATIENCE_S
    try:
        while not (log.exists() and log.stat().st_size >= after_bytes):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, stdout, stderr


def check(out: Path, code: int, stdout: str, stderr: str) -> None:
    assert code == 1
    assert "Traceback" not in stderr
    written = summary.read(out / "summary.json")  # validates
    assert json.loads(stdout) == written.model_dump()
    assert written.outcome == "stopped"
    assert written.reason.startswith("interrupted")
    assert written.violations == []
    log = Log(out / "mission.mcap")
    *_, last = log.ticks()
    assert not log.cut_off
    assert last.command is not None
    assert last.estimate is not None
    command = CODECS["/command"].decode(last.command)
    assert command.mode is Mode.STOPPED
    assert command.stop
    assert abs(CODECS["/estimate"].decode(last.estimate).speed_mps) < 0.005
    assert not last.frame.safety.permitted  # the board's own word
    assert silkline("replay", out / "mission.mcap", "--verify")[0] == 0


def test_ctrl_c_stops_the_robot_and_closes_log_and_summary(tmp_path: Path) -> None:
    check(tmp_path, *interrupted("short-60m", tmp_path, 1_000_000))


@pytest.mark.acceptance
@pytest.mark.parametrize("after_bytes", [1, 500_000, 6_000_000, 8_000_000, 16_000_000])
def test_ctrl_c_stops_the_robot_wherever_it_is(tmp_path: Path, after_bytes: int) -> None:
    """From arming to the second crossing."""
    check(tmp_path, *interrupted("short-60m", tmp_path, after_bytes))
