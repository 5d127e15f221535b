"""Replay makes every decision again, and notices whatever is not as it was."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from missions.recording import CODECS
from tests.acceptance.alter import CHANNELS, copy_altered, copy_changed, leaves
from tests.acceptance.jobs import Done, run, silkline

long_run = pytest.mark.timeout(1800)
WRAPPING_S = 15.0  # robot time at which the lay is under way
ON_THE_WAY = 0.4  # of the job
LEAVES = [(topic, leaf) for topic in CHANNELS for leaf in leaves(CODECS[topic].cls)]
MEASURED = [  # what the robot senses: a wrong value must change what it believes or does, not only be noticed
    *(("/axes", leaf) for leaf in ("position[]", "velocity[]", "effort[]")),
    *((topic, leaf) for topic, leaf in LEAVES if topic in ("/sensors", "/imu", "/battery")),
    *(
        ("/camera", leaf)
        for leaf in (
            "confidence",
            "detections[].range_m",
            "conductor_diameter_m",
            "lay_pitch_m",
            "lay_gap_m",
        )
    ),
]
USED = {  # parameter -> another value for it
    "wrap_speed_mps": 0.39,
    "travel_speed_mps": 0.25,
    "wrap_pinch_n": 105.0,
    "crossing_pinch_n": 390.0,
    "slack_per_pole_m": 0.28,
    "rotor_accel_factor": 0.13,
    "lay_begin_m": 2.6,
    "end_gap_m": 1.6,
    "scale_sigma": 0.0031,
    "setpoint_life_ms": 140.0,
}


def verify(log: Path, *options: str) -> tuple[int, dict[str, Any]]:
    code, out = silkline("replay", log, "--verify", "--json", *options)
    return code, json.loads(out)


def check_difference(code: int, found: dict[str, Any], from_s: float) -> None:
    first = found["first_difference"]
    assert code == 1
    assert not found["equal"]
    assert first["t_s"] >= from_s
    assert first["tick"] >= round(from_s * 100) - 1
    assert first["field"]
    assert first["recorded"] != first["replayed"]


def check_equal(done: Done) -> None:
    code, found = verify(done.log)
    assert found["first_difference"] is None
    assert code == 0
    assert found["ticks"] == done.scan.ticks


def test_every_decision_of_the_short_job_is_made_again(short_job: Done) -> None:
    check_equal(short_job)


@pytest.mark.acceptance
@long_run
def test_every_decision_of_350_m_is_made_again(long_job: Done) -> None:
    check_equal(long_job)


def test_a_changed_parameter_ends_the_replay_with_tick_field_and_both_values(short_job: Done) -> None:
    check_difference(*verify(short_job.log, "--set", "wrap_pinch_n=105"), from_s=0.0)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", USED)
def test_every_used_parameter_is_noticed(short_job: Done, name: str) -> None:
    check_difference(*verify(short_job.log, "--set", f"{name}={USED[name]}"), from_s=0.0)


@pytest.mark.acceptance
@long_run
def test_a_changed_parameter_is_noticed_in_350_m(long_job: Done) -> None:
    check_difference(*verify(long_job.log, "--set", "slack_per_pole_m=0.28"), from_s=0.0)


@pytest.mark.parametrize(("topic", "field"), [("/command", "seq"), ("/estimate", "chainage_m")])
def test_recorded_outputs_are_never_fed_back(short_job: Done, tmp_path: Path, topic: str, field: str) -> None:
    """One altered output differs in its own tick and in no other."""

    def change(message: Any) -> Any:
        return dataclasses.replace(message, **{field: getattr(message, field) * 2})

    at_s = copy_changed(short_job.log, tmp_path / "altered.mcap", topic, change, WRAPPING_S)
    code, out = silkline("replay", tmp_path / "altered.mcap", "--json")
    found = json.loads(out)
    assert code == 0  # asked to compare, not to verify
    assert found["different_ticks"] == 1
    assert found["first_difference"]["t_s"] == pytest.approx(at_s)
    assert found["first_difference"]["field"] == f"{topic[1:]}.{field}"
    assert found["ticks"] > at_s * 100 + 50


@pytest.mark.parametrize(("topic", "leaf"), [("/sensors", "cable_tension_n")])
def test_an_input_altered_by_5_percent_is_noticed(
    short_job: Done, tmp_path: Path, topic: str, leaf: str
) -> None:
    at_s = copy_altered(short_job.log, tmp_path / "altered.mcap", topic, leaf, WRAPPING_S)
    check_difference(*verify(tmp_path / "altered.mcap"), from_s=at_s)


@pytest.mark.acceptance
@pytest.mark.parametrize(("topic", "leaf"), LEAVES)
def test_every_number_altered_by_5_percent_is_noticed(
    short_job: Done, tmp_path: Path, topic: str, leaf: str
) -> None:
    at_s = copy_altered(short_job.log, tmp_path / "altered.mcap", topic, leaf, WRAPPING_S)
    code, found = verify(tmp_path / "altered.mcap")
    check_difference(code, found, from_s=at_s)
    if (topic, leaf) in MEASURED:
        assert found["first_difference"]["field"].startswith(("estimate.", "command."))


@pytest.mark.acceptance
@long_run
@pytest.mark.parametrize("topic", CHANNELS)
def test_every_channel_altered_on_the_way_of_350_m_is_noticed(
    long_job: Done, tmp_path: Path, topic: str
) -> None:
    leaf = next(leaf for leaf in leaves(CODECS[topic].cls) if leaf != "t_ns")
    from_s = ON_THE_WAY * long_job.summary.sim_time_s
    at_s = copy_altered(long_job.log, tmp_path / "altered.mcap", topic, leaf, from_s)
    check_difference(*verify(tmp_path / "altered.mcap"), from_s=at_s)


@pytest.mark.acceptance
@long_run
def test_the_same_seed_gives_the_same_summary_and_the_same_commands(long_job: Done, tmp_path: Path) -> None:
    again = run("jiashan-350m", tmp_path, "--seed", "1", keep_log=False)
    assert again.summary.without_wall_time() == long_job.summary.without_wall_time()
    assert again.scan == long_job.scan
