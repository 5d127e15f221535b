"""What is lost on the way: a page while its button is held, the server, the whole console."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from missions.console.client import Console
from missions.console.setup import LOGS
from missions.recording import Log
from missions.summary import read
from robot.messages import Action, Mode
from tests.missions.console import stage as scene
from tests.missions.console.stage import Stage, near_line

CUT_NS, STILL_NS = 200_000_000, 300_000_000
STILL_MPS = 0.005
IN_FILE_S = 2.5

# In real time, against a robot of its own: beside the other consoles of a whole run it is too slow a machine.
pytestmark = pytest.mark.acceptance


def cut_and_still(stage: Stage) -> None:
    """In the log: after the last jog the wheels are told less within 200 ms, and stand within 300."""
    time.sleep(IN_FILE_S)
    ticks = scene.ticks(stage.log)
    last = max(i for i, tick in enumerate(ticks) if any(m.action is Action.JOG for m in tick.operator))
    full = ticks[last].command.setpoints.target[0]
    assert full > 0.0
    t_ns = ticks[last].t_ns
    after = [tick for tick in ticks[last:] if tick.t_ns >= t_ns + CUT_NS]
    assert after[0].command.setpoints.target[0] < full
    assert all(tick.command.setpoints.target[0] <= full for tick in after)
    later = [abs(v) for at_ns, v in scene.speeds(stage.log) if at_ns > t_ns + STILL_NS]
    assert later
    assert max(later) < STILL_MPS


def test_a_page_that_is_killed_while_its_button_is_held_moves_nothing_any_more(stage: Stage) -> None:
    with stage.driver() as driver:
        scene.by_hand(driver)
        driver._socket.socket.close()  # no farewell
        with stage.enter("observer") as observer:
            observer.wait_for_mode("HOLD")
            assert observer.state["reason"] == "console_lost"
        cut_and_still(stage)


def test_a_page_that_falls_silent_moves_nothing_any_more(stage: Stage) -> None:
    with stage.driver() as driver:
        scene.by_hand(driver)
        driver.alive = False
        time.sleep(1.0)
        driver.alive = True
        driver.wait_for_mode("HOLD")
        cut_and_still(stage)


def test_a_button_that_is_let_go_stops_and_stays_by_hand(stage: Stage) -> None:
    with stage.driver() as driver:
        scene.by_hand(driver)
        for _ in range(5):
            driver.jog("travel", 0.0)
            time.sleep(scene.JOG_EVERY_S)
        driver.wait_for(lambda s: abs(s["values"]["speed_mps"]) < STILL_MPS)
        assert driver.state["mode"] == "MANUAL"


def test_a_server_that_is_killed_leaves_the_robot_to_its_rule_and_comes_back(stage: Stage) -> None:
    token = stage.token()
    with Console(stage.url, token) as driver:
        scene.drive(driver)
        scene.check_all(driver)
        scene.safe(driver)
        scene.wrapping(driver)
        began_ns = driver.state["robot"]["t_s"] * 1e9
        os.kill(stage.supervisor.pid("server"), signal.SIGKILL)
        driver._thread.join(10.0)
    back = connected_again(stage, token)
    with back:
        back.wait_for_mode("HOLD")
        assert back.state["reason"] == "console_lost"
        assert back.state["authority"]["holder"] == back.hello["client"]
        assert back.hello["seq"] > 0
        assert back.get("/api/checks")["crew"][0]["done"]
        time.sleep(2.0)
        assert back.state["mode"] == "HOLD"  # nothing goes on by itself
        back.act("resume")
        back.wait_for_mode("WRAP")
    time.sleep(IN_FILE_S)
    assert scene.modes_after(stage.log, round(began_ns))[:2] == [Mode.HOLD, Mode.WRAP]
    assert any("server" in text for text in stage.told)


def connected_again(stage: Stage, token: str) -> Console:
    until_s = time.monotonic() + 30.0
    while True:
        try:
            return Console(stage.url, token)
        except (OSError, EOFError, WebSocketException):
            assert time.monotonic() < until_s
            time.sleep(0.1)


def test_a_finished_job_leaves_its_files_and_another_begins(stage: Stage) -> None:
    with stage.driver() as driver:
        job = driver.state["log"]["name"]
        driver.say("finish")
        driver.wait_for(lambda s: s["robot"]["connected"] and s["log"]["name"] != job, 60.0)
        rows = {row["name"]: row for row in driver.get("/api/logs")["logs"]}
        assert not rows[job]["running"]
        assert not Log(stage.home / LOGS / job / "mission.mcap").cut_off
        assert read(stage.home / LOGS / job / "summary.json").outcome == "stopped"
        assert not driver.get("/api/checks")["complete"]  # the crew goes through its list again


def test_a_console_that_ends_stops_the_robot_and_closes_its_log(tmp_path: Path) -> None:
    own = Stage(tmp_path / "home", str(near_line(tmp_path)))
    try:
        with own.driver() as driver:
            scene.wrapping(driver)
            own.close()
            assert own.code == 0
    finally:
        own.close()
    log = Log(own.log)
    *_, last = log.ticks()
    assert not log.cut_off
    assert scene.modes_after(own.log, 0)[-1] is Mode.STOPPED
    assert last.command is not None
    assert not Path(own.setup.folder).exists()


def test_a_robots_software_that_dies_is_not_started_again(tmp_path: Path) -> None:
    own = Stage(tmp_path / "home", str(near_line(tmp_path)))
    os.kill(own.supervisor.pid("runtime"), signal.SIGKILL)
    own._thread.join(20.0)
    assert own.code not in (0, None)
    assert any("by itself" in text for text in own.told)
