"""One drives, anybody asks, nobody is passed over in silence; and what is old, repeated or forged moves nothing."""

from __future__ import annotations

import json
import time

import pytest

from missions.console.client import Console, ConsoleError
from tests.missions.console.stage import Stage, drive

HELD_S = 2.1


def holder(console: Console) -> str:
    return console.state["authority"]["holder"]


def name(console: Console) -> str:
    return console.hello["client"]


def last_event(console: Console, event_id: str) -> str:
    return next(e["detail"] for e in reversed(console.events()) if e["id"] == event_id)


def test_who_asks_is_seen_by_the_driver_and_refused_or_let(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter() as other:
        other.say("ask")
        asking = driver.wait_for(lambda s: s["authority"]["asking"])["authority"]["asking"][0]
        assert asking["client"] == name(other)
        assert 0 < asking["left_s"] <= 10
        driver.say("answer", client=name(other), grant=False)
        other.wait_for(lambda s: not s["authority"]["asking"])
        assert holder(other) == name(driver)
        other.say("ask")
        driver.wait_for(lambda s: s["authority"]["asking"])
        driver.say("answer", client=name(other), grant=True)
        other.wait_for(lambda s: s["authority"]["holder"] == name(other))
        assert last_event(other, "authority_granted") == f"{name(driver)} to {name(other)}"


def test_authority_is_taken_by_force_only_with_a_press_of_two_seconds(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter() as other:
        with pytest.raises(ConsoleError, match="press_first"):
            other.say("take")
        with pytest.raises(ConsoleError, match="press_first"):
            other.press("take", lambda: other.say("take"), hold_s=0.5)
        assert holder(other) == name(driver)
        other.say("press", what="take", down=False)
        other.take()
        other.wait_for(lambda s: s["authority"]["holder"] == name(other))
        assert last_event(other, "authority_taken") == f"{name(other)} by force from {name(driver)}"
        with pytest.raises(ConsoleError, match="not_holder"):
            driver.act("arm")


def test_the_second_operator_is_refused_and_the_robot_hears_nothing_of_it(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter() as other:
        with pytest.raises(ConsoleError, match="not_holder"):
            other.act("arm")
        other.jog("travel", 0.1)
        with pytest.raises(ConsoleError, match="not_holder"):
            other.say("finish")
        assert driver.state["mode"] == "SAFE"


def test_an_observer_commands_nothing(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter("observer") as observer:
        orders = {
            "act": {"action": "arm", "argument": ""},
            "ask": {},
            "take": {},
            "check": {"item": "rope", "done": False},
            "enter": {"values": {"mass_kg": 30.0}},
            "acknowledge": {"alarm": "operator_stop"},
            "shelve": {"alarm": "operator_stop", "minutes": 1.0},
            "save": {"values": {"retreat_m": 0.2}},
            "finish": {},
            "press": {"what": "reset", "down": True},
            "answer": {"client": "nobody", "grant": True},
        }
        for kind, fields in orders.items():
            with pytest.raises(ConsoleError, match="role"):
                observer.say(kind, **fields)
        assert driver.state["mode"] == "SAFE"
        assert driver.get("/api/checks")["complete"]


def test_only_an_engineer_who_drives_a_disarmed_robot_saves_parameters(stage: Stage) -> None:
    with stage.driver() as driver, stage.enter("engineer") as engineer:
        with pytest.raises(ConsoleError, match="role"):
            driver.say("save", values={"retreat_m": 0.2})
        with pytest.raises(ConsoleError, match="not_holder"):
            engineer.say("save", values={"retreat_m": 0.2})
        engineer.take()
        drive(engineer)
        for values in ({"retreat_m": 9.0}, {"no_such": 1.0}, {"retreat_m": 0.2, "wrap_speed_mps": 7.0}):
            with pytest.raises(ConsoleError, match="bad_value"):
                engineer.say("save", values=values)
        engineer.act("arm")
        engineer.wait_for_mode("READY")
        with pytest.raises(ConsoleError, match="not_disarmed"):
            engineer.say("save", values={"retreat_m": 0.2})
        engineer.act("disarm")
        engineer.wait_for_mode("SAFE")
        engineer.say("save", values={"retreat_m": 0.2})
        engineer.say("save", values={"retreat_m": 0.3})
        saved = {p["name"]: p["saved"] for p in engineer.get("/api/parameters")["parameters"]}
        assert saved["retreat_m"] == 0.3
        path = stage.setup.parameter_file
        assert "retreat_m = 0.2" in path.with_name(path.name + ".bak").read_text()


def test_a_message_counts_once(stage: Stage) -> None:
    with stage.driver() as driver:
        socket, told = driver._socket, driver.state["t_ms"]
        driver.alive = False
        time.sleep(0.2)
        old = {"type": "act", "seq": 1, "echo": told, "held_ms": 0.0, "action": "arm", "argument": ""}
        for seq in (1, driver._seq, driver._seq - 1):
            socket.send(json.dumps({**old, "seq": seq}))
            driver.wait_for(lambda s, n=seq: n in driver._acks, 5.0)
            assert driver._acks.pop(seq)["why"] == "old_sequence"
        driver.alive = True
        assert driver.state["mode"] == "SAFE"


def test_an_old_order_is_refused_by_the_robot(stage: Stage) -> None:
    with stage.driver() as driver:
        driver.alive = False
        time.sleep(0.1)
        with driver._lock:
            driver._seq += 1
            message = {"seq": driver._seq, "echo": driver._told_ms - 1000, "held_ms": 0.0}
            driver._socket.send(json.dumps({"type": "act", "action": "arm", "argument": "", **message}))
        driver.alive = True
        driver.wait_for(lambda s: any(e["id"] == "command_old" for e in s["events"]))
        assert driver.state["mode"] == "SAFE"


def test_an_echo_that_was_never_sent_is_refused(stage: Stage) -> None:
    with stage.driver() as driver:
        with driver._lock:
            driver._seq += 1
            seq = driver._seq
            message = {"seq": seq, "echo": driver._told_ms + 60_000, "held_ms": 0.0}
            driver._socket.send(json.dumps({"type": "act", "action": "arm", "argument": "", **message}))
        driver.wait_for(lambda s: seq in driver._acks, 5.0)
        assert driver._acks.pop(seq)["why"] == "bad_echo"


def test_of_two_connections_with_one_token_the_newer_counts(stage: Stage) -> None:
    token = stage.token()
    with Console(stage.url, token) as older:
        older.wait_for(lambda s: True)
        seq = older._seq
        with Console(stage.url, token) as newer:
            newer.wait_for(lambda s: True)
            assert newer.hello["seq"] >= seq
            older._thread.join(5.0)
            assert older.closed == "replaced"


def test_arming_waits_for_the_crews_checks(stage: Stage) -> None:
    with stage.driver() as driver:
        driver.say("check", item="rope", done=False)
        with pytest.raises(ConsoleError, match="checklist_open rope"):
            driver.act("arm")
        driver.say("enter", values={"mass_kg": 41.0})
        with pytest.raises(ConsoleError, match="checklist_open rope, mass_kg"):
            driver.act("arm")
        driver.say("enter", values={"mass_kg": 35.0})
        driver.say("check", item="rope", done=True)
        rope = next(i for i in driver.get("/api/checks")["crew"] if i["id"] == "rope")
        assert rope["by"] == driver.hello["name"]
        driver.act("arm")
        driver.wait_for_mode("READY")
