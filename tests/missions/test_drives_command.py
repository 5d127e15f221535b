"""`silkline drives` against virtual controllers over a pty, and the files that say which controller serves what."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("firmware_bridge", "contract")]
from board_rig import PROFILE, SpringMass
from lines import FileEnd

from firmware_bridge.axes import axis_configs
from firmware_bridge.virtual.buses import virtual_bus
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US
from missions.cli import main
from missions.file_errors import InputError
from missions.files import read_drives
from robot.messages import Axis


class Far:
    """Virtual controllers of a packaged file behind a pty, in real time."""

    def __init__(self, name: str) -> None:
        drives = read_drives(name)
        master, slave = os.openpty()
        tty.setraw(master)
        self.port = os.ttyname(slave)
        self._slave, self._end = slave, FileEnd(master)
        self.mechanics = SpringMass(PROFILE)
        self.bank = DriveBank(axis_configs(PROFILE), self.mechanics, PROFILE.power.brake_s, drives.external)
        self.bank.relay = True
        self.bus = virtual_bus(drives, drives.bus[0], self.bank, self._end)
        self.bank.step(0)  # compiles what is not compiled yet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        began_ns = time.monotonic_ns()
        while not self._ended.wait(0.001):
            self.bus.advance()
            while self.bank.now_us + STEP_US <= (time.monotonic_ns() - began_ns) // 1000:
                self.bank.step(self.bank.now_us)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._end.close()
        with contextlib.suppress(OSError):
            os.close(self._slave)


@pytest.fixture
def moteus():
    far = Far("moteus")
    yield far
    far.close()


def ask(capsys, *words: str) -> tuple[int, dict]:
    """Exit code and answer of `silkline drives ... --json`."""
    with pytest.raises(SystemExit) as ended:
        main(["drives", *words, "--protocol", "moteus", "--json"])
    return ended.value.code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_scan_says_who_answers(moteus: Far, capsys):
    code, answer = ask(capsys, "scan", "--port", moteus.port)
    assert code == 0
    assert [device["id"] for device in answer["devices"]] == list(range(1, 11))
    device = answer["devices"][8]
    assert device["protocol"] == "moteus"
    assert device["firmware"] == "1.1.0"
    assert device["register_map"] == 5
    assert device["watchdog_ms"] == 100.0
    assert device["mode"] == "stopped"
    assert device["fault"] == ""
    assert device["position_rev"] == pytest.approx(150.0, rel=0.01)
    assert device["velocity_rev_s"] == pytest.approx(0.0)


def test_check_sees_the_watchdog_act_and_moves_nothing(moteus: Far, capsys):
    code, answer = ask(capsys, "check", "--port", moteus.port, "--id", "1")
    checks = {row["name"]: row["ok"] for row in answer["devices"][0]["checks"]}
    assert checks == {"identity": True, "feedback": True, "fault": True, "watchdog": True}
    assert code == 0
    assert moteus.mechanics.position[Axis.TRACTION_FRONT] == 0.0
    assert 0.0 < answer["line"]["round_trip_ms"] < 10.0
    assert answer["line"]["low_latency"] is False  # a pty has no such mode
    assert answer["line"]["latency_ms"] is None


def test_check_fails_where_the_watchdog_does_not_act(moteus: Far, capsys):
    moteus.bank.watch(Axis.TRACTION_FRONT, False)
    code, answer = ask(capsys, "check", "--port", moteus.port, "--id", "1")
    assert answer["devices"][0]["checks"][-1]["ok"] is False
    assert code == 1


def test_check_names_what_is_wrong(moteus: Far, capsys):
    moteus.bus.devices[1].registers[0x102] = 4
    code, answer = ask(capsys, "check", "--port", moteus.port, "--id", "1")
    assert "register map: controller 4, host 5" in answer["devices"][0]["checks"][0]["text"]
    assert code == 1


def test_monitor_reads_on(moteus: Far, capsys):
    code, answer = ask(capsys, "monitor", "--port", moteus.port, "--id", "9", "--seconds", "0.3")
    assert answer["devices"][0]["position_rev"] == pytest.approx(150.0, rel=0.01)
    assert code == 0


def test_jog_turns_for_its_time_and_stops(moteus: Far, capsys):
    code, answer = ask(
        capsys,
        "jog",
        "--port",
        moteus.port,
        "--id",
        "7",
        "--speed",
        "1.5",
        "--seconds",
        "0.5",
        "--effort",
        "2",
        "--yes",
    )
    assert answer["devices"][0]["checks"][-1]["ok"]
    assert code == 0
    assert moteus.mechanics.position[Axis.ROTOR] > 0.1
    assert moteus.mechanics.velocity[Axis.ROTOR] == pytest.approx(0.0, abs=0.01)


def test_a_jog_that_was_thought_about_for_long_still_turns(moteus: Far):
    from firmware_bridge.ports import SerialPort
    from missions.drive_bench import Asked, Bench

    bench = Bench(SerialPort(moteus.port), Asked("moteus", [7]))
    assert bench.meet() == [7]
    assert bench.test(7)
    time.sleep(0.8)
    for _ in bench.jog(7, 1.5, 2.0, 0.4):
        pass
    assert moteus.mechanics.position[Axis.ROTOR] > 0.1


def test_jog_moves_nothing_that_nobody_has_called_free(moteus: Far, capsys):
    code, answer = ask(capsys, "jog", "--port", moteus.port, "--id", "7")
    assert "not confirmed" in answer["devices"][0]["checks"][-1]["text"]
    assert code == 1
    assert moteus.mechanics.position[Axis.ROTOR] == 0.0


def test_a_person_is_told_in_words(moteus: Far, capsys):
    for command in (["check"], ["monitor", "--seconds", "0.2"]):
        with pytest.raises(SystemExit) as ended:
            main(["drives", *command, "--port", moteus.port, "--id", "9", "--protocol", "moteus"])
        assert ended.value.code == 0
        assert "no fault" in capsys.readouterr().out


def test_a_vesc_is_checked_alike(capsys):
    far = Far("mixed")
    try:
        with pytest.raises(SystemExit) as ended:
            main(["drives", "check", "--port", far.port, "--id", "1", "--protocol", "vesc", "--json"])
    finally:
        far.close()
    answer = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert 100.0 < answer["devices"][0]["watchdog_ms"] < 250.0


def test_nobody_there_is_no_error_but_no_success(moteus: Far, capsys):
    code, answer = ask(capsys, "scan", "--port", moteus.port, "--id", "99")
    assert answer["devices"] == []
    assert code == 1


def test_a_port_that_is_not_there_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["drives", "scan", "--port", "/dev/nowhere", "--protocol", "moteus"])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# ---------------------------------------------------------------- drives files

GOOD = """format = "silkline.drives/1"
name = "test"
[[bus]]
name = "can"
protocol = "moteus"
[[axis]]
axis = "rotor"
bus = "can"
id = 7
turns_per_unit = 1.9
timeout_mode = 10
stop_accel = 1.9
"""


@pytest.mark.parametrize("name", ["moteus", "mixed", "cia402"])
def test_packaged_drives_can_be_read(name: str):
    assert read_drives(name).external


def test_a_good_file_is_read(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert read_drives(str(path)).external == {Axis.ROTOR}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('axis = "rotor"', 'axis = "rotr"', "'rotr' is no axis"),
        ('bus = "can"', 'bus = "lin"', "there is no bus 'lin'"),
        ("id = 7", "id = 200", "a moteus has 1 to 127"),
        ("turns_per_unit = 1.9", "turns_per_unit = 0.0", "turns_per_unit is 0"),
        ("timeout_mode = 10", "timeout_mode = 0", "timeout_mode"),
        ("timeout_mode = 10", "timeout = 10", "unknown key"),
        ("stop_accel = 1.9", "", "stop_accel goes with timeout_mode 10"),
        ('protocol = "moteus"', 'protocol = "morteus"', "'morteus' is unknown"),
        ("silkline.drives/1", "silkline.line/1", "this is a line"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path: Path, old: str, new: str, says: str):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=says) as wrong:
        read_drives(str(path))
    assert "\n" not in str(wrong.value)


def test_an_unknown_name_is_told_with_those_that_there_are():
    with pytest.raises(InputError, match="moteus"):
        read_drives("motues")
