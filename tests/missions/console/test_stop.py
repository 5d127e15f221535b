"""STOP: from anybody, at any moment, in the tick after its arrival, latched."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from firmware_bridge.axes import RAMP_MS
from missions.console.client import Console, ConsoleError
from missions.console.gallery import CAMERAS
from robot.messages import Action
from tests.missions.console import stage as scene
from tests.missions.console.stage import Stage
from tests.missions.console.throttle import Throttle

GRACE_MS = 200  # for the brakes to fall in
STILL_MPS = 0.005
LATCHED_S = 0.150
CHUNK_S = 3.0  # until the standstill is in the file


def stopped_in_its_tick(stage: Stage, console: Console) -> None:
    """In the log: the tick that heard STOP told the board to stop, and the robot stood when the board's ramp, which
    keeps the rotor from leaning the body too far, had ended."""
    time.sleep(CHUNK_S)
    ticks = scene.ticks(stage.log)
    index, heard = next(
        (i, tick)
        for i, tick in enumerate(ticks)
        if any(m.action is Action.STOP for m in tick.operator) and i >= scene.began(ticks)
    )
    assert heard.command.stop
    ramp_ms = RAMP_MS[ticks[index - 1].command.mode]
    still_ns = heard.t_ns + (ramp_ms + GRACE_MS) * 1_000_000
    later = [abs(v) for t_ns, v in scene.speeds(stage.log) if still_ns <= t_ns]
    assert later
    assert max(later) < STILL_MPS
    assert console.state["mode"] == "STOPPED"


def test_anybody_stops_without_authority(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter("observer") as observer:
        scene.wrapping(driver)
        answer = observer.stop()
        assert (answer["latched"], answer["mode"]) == (True, "STOPPED")
        stopped_in_its_tick(stage, driver)


def test_stop_latches_until_the_driver_holds_reset(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter() as other:
        scene.wrapping(driver)
        other.stop()
        driver.wait_for_mode("STOPPED")
        for action in ("resume", "start", "arm"):
            driver.act(action)
            driver.wait_for(lambda s: any(e["id"] == "command_refused" for e in s["events"][-1:]), 5.0)
        with pytest.raises(ConsoleError, match="press_first"):
            driver.act("reset")
        assert driver.state["mode"] == "STOPPED"
        driver.reset()
        driver.wait_for_mode("SAFE")


@contextmanager
def watching(stage: Stage, url: str, count: int) -> Iterator[None]:
    """So many videos, each fetched as fast as they come."""
    ending = threading.Event()

    def watch(console: Console, camera: str) -> None:
        socket = console.open(f"/ws/video/{camera}")
        while not ending.is_set():
            socket.send('{"type":"next"}')
            socket.recv(timeout=10)

    with ExitStack() as stack:
        threads = []
        for number in range(count):
            console = stack.enter_context(Console(url, stage.token("observer")))
            threads.append(threading.Thread(target=watch, args=(console, CAMERAS[number % 2])))
            threads[-1].start()
        try:
            yield
        finally:
            ending.set()
            for thread in threads:
                thread.join()


def test_stop_while_six_videos_run(stage: Stage) -> None:
    with stage.driver() as driver, watching(stage, stage.url, 6):
        scene.wrapping(driver)
        assert driver.stop()["latched"]
        stopped_in_its_tick(stage, driver)


def test_stop_on_a_link_of_2_mbit(stage: Stage) -> None:
    with Throttle(stage.setup.port, 2_000_000) as link, stage.driver() as driver:
        scene.wrapping(driver)
        with watching(stage, link.url, 2), Console(link.url, stage.token("observer")) as far:
            stop = far.open("/ws/stop")
            time.sleep(2.0)
            stop.send('{"type":"stop"}')
            assert json.loads(stop.recv())["type"] == "stopping"
            assert json.loads(stop.recv())["latched"]
        stopped_in_its_tick(stage, driver)


def test_stop_during_arming(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter("observer") as observer:
        stop = observer.open("/ws/stop")
        driver.send("act", action="arm", argument="")
        stop.send('{"type":"stop"}')
        stop.recv()
        assert json.loads(stop.recv())["latched"]
        stopped_in_its_tick(stage, driver)


def test_stop_while_parameters_are_saved(stage: Stage) -> None:
    with stage.driver("engineer") as driver, stage.enter("observer") as observer:
        stop = observer.open("/ws/stop")
        for number in range(20):
            driver.send("save", values={"retreat_m": 0.25 + number / 1000})
        stop.send('{"type":"stop"}')
        stop.recv()
        assert json.loads(stop.recv())["latched"]
        stopped_in_its_tick(stage, driver)


def test_stop_during_a_crossing(stage: Stage) -> None:
    with stage.driver() as driver:
        scene.mounted(driver)
        scene.start_job(driver)
        driver.wait_for(lambda s: s["mode"] == "CROSSING" and s["crossing"]["step"] > 0, 120.0)
        assert driver.stop()["latched"]
        stopped_in_its_tick(stage, driver)


def test_a_stop_is_latched_within_150_ms_of_the_tap_with_five_clients(stage: Stage) -> None:
    with stage.driver() as driver, ExitStack() as stack:
        clients = [stack.enter_context(stage.enter("observer")) for _ in range(4)]
        stop = clients[0].open("/ws/stop")
        took_s = []
        for _ in range(100):
            began_s = time.perf_counter()
            stop.send('{"type":"stop"}')
            stop.recv()
            assert json.loads(stop.recv())["latched"]
            took_s.append(time.perf_counter() - began_s)
        driver.wait_for_mode("STOPPED")
    assert statistics.quantiles(took_s, n=100)[98] <= LATCHED_S


def test_what_is_no_stop_on_the_stop_socket_stops_nothing(stage: Stage) -> None:
    with stage.driver() as driver:
        stop = driver.open("/ws/stop")
        for text in ("", "stop", "{}", '{"type":"go"}', '{"type":"stop","seq":1}', "[" * 5000):
            stop.send(text)
            assert json.loads(stop.recv())["why"] == "malformed"
        assert driver.state["mode"] == "SAFE"
