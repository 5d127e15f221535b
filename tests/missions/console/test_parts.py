"""The console's parts, each by itself: checklist, parameters, session, curves, plan by hand, pictures, certificate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from hil import pictures
from hil.world.world import World
from missions import files
from missions.console import start
from missions.console.access import Client
from missions.console.certificate import CERTIFICATE, KEY, certify
from missions.console.checklist import ITEMS, Checklist
from missions.console.gallery import CAMERAS, packed, unpacked
from missions.console.planning import by_hand, places
from missions.console.protocol import Alive, Press, Role, Save
from missions.console.session import SEEN_MAX_MS, Refused, Session
from missions.console.settings import Settings
from missions.console.sockets import Inbox, Outbox
from missions.console.trends import SERIES, Trends
from missions.console.view import View
from missions.job import read_job
from robot.crossing.along import plan_line
from robot.line.line import LoadedLine
from robot.parameters import Parameters
from tests.missions.console.samples import snapshot

# ---------------------------------------------------------------- checklist


def test_the_checklist_is_kept_and_belongs_to_its_job(tmp_path: Path) -> None:
    path = tmp_path / "checks.json"
    first = Checklist(path, 40.0)
    first.of_job("monday")
    first.tick("rope", True, "tablet 1", "08:00")
    first.enter({"mass_kg": 35.0, "wind_mps": 5.0, "gust_mps": 3.0}, "tablet 1", "08:01")
    again = Checklist(path, 40.0)
    again.of_job("monday")
    assert again.page() == first.page()
    assert again.weather == {"wind_mps": 5.0, "gust_mps": 5.0}
    again.of_job("tuesday")
    assert set(ITEMS) <= set(again.open)


def test_a_robot_that_is_too_heavy_leaves_the_list_open(tmp_path: Path) -> None:
    checklist = Checklist(tmp_path / "checks.json", 40.0)
    checklist.enter({"mass_kg": 40.1}, "tablet 1", "")
    assert "mass_kg" in checklist.open
    with pytest.raises(Refused, match="bad_value"):
        checklist.enter({"mass_kg": 35.0, "temperature_c": 99.0}, "tablet 1", "")
    assert "mass_kg" in checklist.open


def test_a_damaged_checklist_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "checks.json"
    path.write_text('{"job": "monday", "done": 7')
    assert set(ITEMS) <= set(Checklist(path, 40.0).open)


# ---------------------------------------------------------------- parameters


def test_parameters_are_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "parameters.toml"
    settings = Settings(path, Parameters())
    settings.save({"wrap_speed_mps": 0.3})
    settings.save({"retreat_m": 0.2})
    with pytest.raises(Refused, match="bad_value"):
        settings.save({"retreat_m": 0.1, "wrap_speed_mps": 9.0})
    kept = files.read_parameters(path)
    assert (kept.wrap_speed_mps, kept.retreat_m) == (0.3, 0.2)
    before = files.read_parameters(_renamed(path.with_name("parameters.toml.bak")))
    assert (before.wrap_speed_mps, before.retreat_m) == (0.3, Parameters().retreat_m)
    assert settings.page()["restart_needed"]


def _renamed(path: Path) -> Path:
    return path.rename(path.with_name("before.toml"))


def test_a_folder_that_cannot_be_written_leaves_the_parameters_as_they_were(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "no-such-folder" / "parameters.toml", Parameters())
    with pytest.raises(Refused, match="not_saved"):
        settings.save({"retreat_m": 0.2})


# ---------------------------------------------------------------- session


def session(role: Role = Role.OPERATOR) -> Session:
    return Session(Client("tablet-1", "tablet 1", role, "", ""), 10, 1000)


def alive(seq: int, echo: int, held_ms: float = 0.0) -> Alive:
    return Alive(type="alive", seq=seq, echo=echo, held_ms=held_ms)


def test_a_message_is_as_old_as_the_way_there_and_back() -> None:
    told = session()
    told.tell({"t_ms": 2000})
    assert told.admit(alive(11, 2000, held_ms=120.0), 2150) == 30
    assert told.round_trip_ms == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (alive(10, 1000), "old_sequence"),
        (alive(11, 1001), "bad_echo"),
        (alive(11, 1000, held_ms=500.0), "bad_echo"),
        (Save(type="save", seq=11, echo=1000, held_ms=0.0, values={"a": 1.0}), "role"),
    ],
)
def test_what_is_not_admitted(message: Alive | Save, why: str) -> None:
    with pytest.raises(Refused, match=why):
        session().admit(message, 1000)


def test_a_client_that_shows_no_receipt_is_sent_no_more_until_it_does() -> None:
    silent = session()
    sent = [t_ms for t_ms in range(1000, 3000, 50) if silent.takes_state(t_ms)]
    assert sent[-1] == 1000 + SEEN_MAX_MS
    silent.admit(alive(11, sent[-1]), 3000)
    assert silent.takes_state(3050)


def test_a_press_counts_after_two_seconds_and_once() -> None:
    pressing = session()
    down = Press(type="press", seq=11, echo=0, held_ms=0.0, what="reset", down=True)
    pressing.press(down, 5000)
    assert not pressing.pressed("reset", 6999)
    pressing.press(down, 7000)
    assert not pressing.pressed("take", 9000)
    assert pressing.pressed("reset", 9000)
    assert not pressing.pressed("reset", 9001)
    pressing.press(down, 10_000)
    assert not pressing.pressed("reset", 21_000)  # a stuck button is no press


# ---------------------------------------------------------------- view, curves, plan, sockets


def test_what_is_not_known_is_null_and_not_a_number() -> None:
    job = read_job("short-60m")
    state = View(job.line, job.profile, 58.5).state(snapshot())
    text = json.dumps(state, allow_nan=False)
    assert json.loads(text)["values"]["chainage_m"] is None


def test_curves_keep_the_last_minutes_and_begin_anew_with_the_robot() -> None:
    trends = Trends()
    values = dict.fromkeys(SERIES, 1.0)
    for n in range(100):
        trends.add(values, n * 0.1, n * 100)
    assert len(trends.page(600.0)["t_s"]) == 20
    assert len(trends.page(2.0)["series"]["tension_n"]) == 4
    trends.add(values, 0.0, 100_000)
    assert trends.page(600.0)["t_s"] == [0.0]


def test_every_stance_of_a_crossing_can_be_reached_by_hand() -> None:
    from missions.cli.crossing import _as_json

    job = read_job("short-60m")
    loaded = LoadedLine(job.line, job.profile.mass_kg(0.5), 20.0, job.profile.carriages.s_m)
    crossing = _as_json(plan_line(job.profile, job.line, loaded))["crossings"][0]
    by_hand(crossing, places(job.profile))
    jogs = [step["jogs"] for step in crossing["steps"]]
    assert all(len(step) <= 1 for step in jogs)
    axes = {jog["axis"] for step in jogs for jog in step}
    assert {"grip_front", "grip_middle", "grip_rear", "travel"} <= axes


def test_a_datagram_that_nobody_takes_is_dropped_and_said(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "nobody")
    assert not box.send(b"hello")
    inbox = Inbox(tmp_path / "nobody")
    sent = sum(box.send(bytes([n % 256])) for n in range(5000))
    assert 0 < sent < 5000
    assert inbox.newest() is not None
    inbox.close()
    box.close()


# ---------------------------------------------------------------- pictures


def test_the_forward_picture_shows_what_is_ahead_where_the_overlay_says() -> None:
    job = read_job("short-60m")
    world = World(job.profile, job.line, job.scenario, 1)
    line, camera = job.line, job.profile.camera
    scene = pictures.Scene(
        world.true_features,
        camera.forward_s_m,
        camera.rear_s_m,
        line.conductor.diameter_m,
        line.cable.diameter_m,
        line.pitch_m,
        line.hand,
    )
    pole_m = world.true_features[0].at_m
    truth = replace(world.truth(), s_m=pole_m - 4.0, roll_rad=0.0, lay_s_m=pole_m - 4.6)
    shown, overlay = pictures.forward(scene, truth)
    empty, nothing = pictures.forward(scene, replace(truth, s_m=pole_m - 20.0))
    (found,) = overlay["features"]
    assert found["kind"] == world.true_features[0].kind
    assert found["range_m"] == pytest.approx(4.0 - camera.forward_s_m, abs=0.01)
    x, y, w, h = found["box"]
    differs = np.argwhere((shown != empty).any(axis=2))
    assert nothing["features"] == []
    assert y - 4 <= differs[:, 0].min() <= differs[:, 0].max() <= y + h + 4
    assert x - 4 <= differs[:, 1].min() <= differs[:, 1].max() <= x + w + 4
    rear, _ = pictures.rear(scene, truth)
    bare, _ = pictures.rear(scene, replace(truth, lay_s_m=0.0))
    assert (rear != bare).any()


def test_a_picture_arrives_as_it_was_sent() -> None:
    _, jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))
    data = packed("rear", 123_456, 7, {"width": 64}, jpeg.tobytes())
    assert CAMERAS[data[0]] == "rear"
    assert unpacked(data[1:]) == (123_456, 7, {"width": 64}, jpeg.tobytes())


# ---------------------------------------------------------------- start


def test_a_certificate_is_made_once_for_an_address_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    first = certify(tmp_path, "192.0.2.5")
    assert certify(tmp_path, "192.0.2.5") == first
    assert certify(tmp_path, "192.0.2.6") != first
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0
    assert (tmp_path / CERTIFICATE).read_text().startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(
    ("host", "ours"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("pc", False)],
)
def test_only_this_computer_is_loopback(host: str, ours: bool) -> None:
    assert start.is_loopback(host) is ours
