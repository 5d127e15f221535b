"""`silkline drives` against virtual CiA 402 drives over a pty."""

from __future__ import annotations

import json
import time

import pytest
from test_drives_command import Far

from firmware_bridge.ports import SerialPort
from missions.cli import main
from missions.drive_bench import Asked, Bench, Cia402Bench
from robot.messages import Axis

FRONT = "1"


@pytest.fixture
def far():
    far = Far("cia402")
    yield far
    far.close()


def ask(capsys, far: Far, command: str, *words: str) -> tuple[int, dict]:
    """Exit code and answer of `silkline drives ... --json`."""
    with pytest.raises(SystemExit) as ended:
        main(["drives", command, "--port", far.port, *words, "--protocol", "cia402", "--json"])
    said = capsys.readouterr()
    assert said.out, said.err
    return ended.value.code, json.loads(said.out.splitlines()[-1])


def test_scan_says_who_answers_and_writes_nothing(far: Far, capsys):
    before = [far.bus.devices[7].entries[key].read() for key in ((0x1016, 1), (0x1400, 1), (0x6040, 0))]
    code, answer = ask(capsys, far, "scan")
    assert code == 0
    assert [device["id"] for device in answer["devices"]] == list(range(1, 11))
    device = answer["devices"][8]
    assert device["protocol"] == "cia402"
    assert device["model"] == "Virtual CiA 402 drive"
    assert device["firmware"] == "2.1.0"
    assert device["register_map"] == 402
    assert device["watchdog_ms"] == 0.0
    assert device["mode"] == "switch on disabled"
    assert device["fault"] == ""
    assert device["position_rev"] == pytest.approx(150.0, rel=0.01)
    assert device["velocity_rev_s"] == pytest.approx(0.0)
    after = [far.bus.devices[7].entries[key].read() for key in ((0x1016, 1), (0x1400, 1), (0x6040, 0))]
    assert before == after


def test_check_sees_the_watchdog_act_and_moves_nothing(far: Far, capsys):
    code, answer = ask(capsys, far, "check", "--id", FRONT)
    device = answer["devices"][0]
    checks = {row["name"]: row["ok"] for row in device["checks"]}
    assert checks == {"identity": True, "feedback": True, "fault": True, "watchdog": True}
    assert device["watchdog_ms"] == 150.0
    assert code == 0
    assert far.mechanics.position[Axis.TRACTION_FRONT] == pytest.approx(0.0, abs=1e-4)


def test_check_fails_where_the_watchdog_does_not_act(far: Far, capsys):
    far.bank.watch(Axis.TRACTION_FRONT, False)
    code, answer = ask(capsys, far, "check", "--id", FRONT)
    assert answer["devices"][0]["checks"][-1]["ok"] is False
    assert code == 1


def test_check_names_what_is_wrong(far: Far, capsys):
    far.bus.devices[1].entries[0x1000, 0].value = 401
    code, answer = ask(capsys, far, "check", "--id", FRONT)
    text = answer["devices"][0]["checks"][0]["text"]
    assert "device type 0x1000: controller has profile 401, host 402" in text
    assert code == 1


def test_check_leaves_no_drive_behind_that_waits_for_a_heartbeat(far: Far, capsys):
    code, answer = ask(capsys, far, "check", "--id", FRONT)
    assert code == 0, answer["devices"][0]["checks"]
    time.sleep(0.3)
    assert ask(capsys, far, "scan", "--id", FRONT)[1]["devices"][0]["fault"] == ""


def test_a_drive_that_has_missed_its_host_is_checked_alike(far: Far, capsys):
    port = SerialPort(far.port)
    Bench(port, Asked("cia402", [1], cia402=Cia402Bench(1_000_000, None, looks_on=False))).meet()
    port.close()
    time.sleep(0.3)
    assert ask(capsys, far, "scan", "--id", FRONT)[1]["devices"][0]["fault"] == "timeout"
    code, answer = ask(capsys, far, "check", "--id", FRONT)
    assert code == 0, answer["devices"][0]["checks"]


def test_monitor_reads_on(far: Far, capsys):
    code, answer = ask(capsys, far, "monitor", "--id", "9", "--seconds", "0.3")
    assert answer["devices"][0]["position_rev"] == pytest.approx(150.0, rel=0.01)
    assert code == 0


@pytest.mark.xfail(
    reason="known: after its own watchdog test the drive's time-out is still latched when jog begins"
)
def test_jog_turns_for_its_time_and_stops(far: Far, capsys):
    words = ("--id", "7", "--speed", "1.5", "--seconds", "0.5", "--effort", "2", "--yes")
    code, answer = ask(capsys, far, "jog", *words)
    assert answer["devices"][0]["checks"][-1]["ok"], answer["devices"][0]["checks"]
    assert code == 0
    assert far.mechanics.position[Axis.ROTOR] > 0.1
    assert far.mechanics.velocity[Axis.ROTOR] == pytest.approx(0.0, abs=0.01)


def test_nobody_there_is_no_error_but_no_success(far: Far, capsys):
    code, answer = ask(capsys, far, "scan", "--id", "99")
    assert answer["devices"] == []
    assert code == 1


def test_a_drive_that_does_not_tell_its_counts_must_be_told_them(far: Far, capsys):
    for sub in (0, 1, 2):
        del far.bus.devices[1].entries[0x608F, sub]
    code, answer = ask(capsys, far, "check", "--id", FRONT)
    assert "encoder resolution" in answer["devices"][0]["checks"][0]["text"]
    assert code == 1
    code, answer = ask(capsys, far, "check", "--id", FRONT, "--counts-per-turn", "65536")
    assert code == 0, answer["devices"][0]["checks"]
