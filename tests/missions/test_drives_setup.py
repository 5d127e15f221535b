"""`silkline drives setup`: compared, kept aside, written on confirmation, read back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("firmware_bridge", "contract")]
from test_drives_command import Far

from missions.cli import main
from missions.drive_setup import Change, moteus_needs, save
from missions.files import read_drives

FRONT = next(entry for entry in read_drives("moteus").axis if entry.id == 1)
TIMEOUT, REACTION, RAMP = "servo.default_timeout_s", "servo.timeout_mode", "servo.default_accel_limit"


@pytest.fixture
def moteus():
    far = Far("moteus")
    yield far
    far.close()


@pytest.fixture
def vesc():
    far = Far("mixed")
    yield far
    far.close()


def setup(capsys, port: str, *words: str, protocol: str = "moteus") -> tuple[int, dict]:
    with pytest.raises(SystemExit) as ended:
        main(["drives", "setup", "--port", port, "--id", "1", "--protocol", protocol, "--json", *words])
    out = capsys.readouterr().out
    return ended.value.code, json.loads(out.splitlines()[-1]) if out else {}


def test_what_is_as_it_should_be_is_left_alone(moteus: Far, tmp_path: Path, capsys):
    backup = tmp_path / "backup"
    code, answer = setup(capsys, moteus.port, "--drives", "moteus", "--yes", "--backup", str(backup))
    assert code == 0
    assert answer["changes"] == []
    assert not answer["written"]
    assert not backup.exists()


def test_a_dry_run_shows_the_difference_and_writes_nothing(moteus: Far, tmp_path: Path, capsys):
    moteus.bus.devices[1].settings |= {TIMEOUT: "nan", REACTION: "0"}
    before = dict(moteus.bus.devices[1].settings)
    code, answer = setup(capsys, moteus.port, "--drives", "moteus", "--dry-run", "--backup", str(tmp_path))
    assert code == 0
    assert {c["name"]: (c["present"], c["needed"]) for c in answer["changes"]} == {
        TIMEOUT: ("nan", "0.1"),
        REACTION: ("0", "10"),
    }
    assert moteus.bus.devices[1].settings == before
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_for_good_after_a_backup(moteus: Far, tmp_path: Path, capsys):
    device = moteus.bus.devices[1]
    device.settings |= {TIMEOUT: "nan", REACTION: "0", RAMP: "1.0", "aux1.pins.1.mode": "0"}
    code, answer = setup(capsys, moteus.port, "--drives", "moteus", "--yes", "--backup", str(tmp_path))
    assert code == 0
    assert answer["written"]
    assert len(answer["changes"]) == 4
    assert "servo.timeout_mode 0\n" in Path(answer["backup"]).read_text(encoding="ascii")
    device.reboot()
    assert float(device.settings[RAMP]) == pytest.approx(FRONT.stop_accel * FRONT.turns_per_unit, rel=1e-4)
    assert device.settings[REACTION] == "10"
    assert device.settings[TIMEOUT] == "0.1"
    assert device.settings["aux1.pins.1.mode"] == "15"


def test_a_machine_that_does_not_say_yes_writes_nothing(moteus: Far, tmp_path: Path, capsys):
    moteus.bus.devices[1].settings[REACTION] = "0"
    _, answer = setup(capsys, moteus.port, "--drives", "moteus", "--backup", str(tmp_path))
    assert not answer["written"]
    assert moteus.bus.devices[1].settings[REACTION] == "0"


def test_what_is_not_taken_is_put_back_as_it_was(moteus: Far, tmp_path: Path, capsys):
    device = moteus.bus.devices[1]
    device.settings[REACTION] = "0"
    del device.settings["aux1.pins.1.mode"]  # of another firmware
    code, answer = setup(capsys, moteus.port, "--drives", "moteus", "--yes", "--backup", str(tmp_path))
    assert code == 1
    assert "put back as it was" in answer["devices"][0]["checks"][0]["text"]
    assert device.settings[REACTION] == "0"
    assert Path(answer["backup"]).exists()


def test_a_controller_at_work_is_not_set_up(moteus: Far, tmp_path: Path, capsys):
    device = moteus.bus.devices[1]
    device.settings[REACTION] = "0"
    device._mode = 15  # braking, as another host has told it
    code, answer = setup(capsys, moteus.port, "--drives", "moteus", "--yes", "--backup", str(tmp_path))
    assert code == 1
    assert "mode brake; stop whoever commands it" in answer["devices"][0]["checks"][0]["text"]
    assert device.settings[REACTION] == "0"


def test_without_its_place_only_what_every_one_needs_is_asked_for():
    assert moteus_needs({TIMEOUT: "0.05", REACTION: "15"}, None) == []
    assert [need.name for need in moteus_needs({TIMEOUT: "0", REACTION: "0"}, None)] == [TIMEOUT, REACTION]


def test_an_id_that_the_robot_does_not_have_is_named(moteus: Far, capsys):
    code, _ = setup(capsys, moteus.port, "--drives", "mixed")
    assert code == 2


def test_no_backup_is_ever_written_over(tmp_path: Path):
    first, second = (save(tmp_path, "moteus-1", {"id.id": text}) for text in ("1", "2"))
    assert first != second
    assert first.read_text(encoding="ascii") == "id.id 1\n"


def test_of_a_vesc_it_says_what_to_set_by_hand_and_tests_what_can_be_seen(vesc: Far, capsys):
    code, answer = setup(capsys, vesc.port, "--drives", "mixed", protocol="vesc")
    told = {change["name"]: change["needed"] for change in answer["changes"]}
    assert code == 0
    assert told["Timeout"] == "150 ms"
    assert told["Timeout Brake Current"] == "8 A"
    assert told["VESC ID"] == "1"
    assert answer["devices"][0]["checks"][-1] == {
        "name": "watchdog", "ok": True, "text": "timed out when commands were withheld"
    }  # fmt: skip


def test_a_change_is_told_with_its_reason():
    assert Change("a", None, "1", "because").as_json() == {
        "name": "a", "present": None, "needed": "1", "why": "because"
    }  # fmt: skip
