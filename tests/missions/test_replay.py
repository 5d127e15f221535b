"""Replay: an untouched log gives every decision again; whatever is altered is found, with tick and values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcap.reader import make_reader
from mcap.writer import Writer

from missions.recording import CODECS, INPUTS, Log, LogError
from missions.replay import Replay, compare, replay
from robot.messages import Event
from robot.parameters import ParameterError
from tests.missions.conftest import Run

Alter = Callable[[Any], Any]
AT_MESSAGE = 0.6  # of a channel's messages, the one that is altered


def rewrite(source: Path, target: Path, topic: str = "", alter: Alter = lambda message: message) -> None:
    """Copy a log with another writer; one message of `topic` is altered."""
    with source.open("rb") as file, target.open("wb") as out:
        reader = make_reader(file)
        writer = Writer(out)
        writer.start()
        channels = {}
        counts = reader.get_summary().statistics.channel_message_counts  # type: ignore[union-attr]
        seen = 0
        for schema, channel, message in reader.iter_messages():
            if channel.id not in channels:
                assert schema is not None
                schema_id = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.id] = writer.register_channel(channel.topic, "protobuf", schema_id)
            data = message.data
            if channel.topic == topic:
                if seen == int(AT_MESSAGE * counts[channel.id]):
                    data = CODECS[topic].encode(alter(CODECS[topic].decode(data)))
                    assert data != message.data
                seen += 1
            writer.add_message(channels[channel.id], message.log_time, data, message.publish_time)
        for attachment in reader.iter_attachments():
            stamps = attachment.create_time, attachment.log_time
            writer.add_attachment(*stamps, attachment.name, attachment.media_type, attachment.data)
        writer.finish()


def by_5_percent(field: str) -> Alter:
    """Change a field, or the first element of a tuple, by 5 %."""

    def alter(message: Any) -> Any:
        value = getattr(message, field)
        changed = (value[0] * 1.05, *value[1:]) if isinstance(value, tuple) else type(value)(value * 1.05)
        return dataclasses.replace(message, **{field: changed})

    return alter


def test_an_untouched_log_gives_every_decision_again(short_run: Run) -> None:
    result = replay(Log(short_run.log))
    assert result.equal
    assert result.ticks > 1400
    keys = ["equal", "ticks", "first_difference", "realtime_factor"]
    assert list(result.as_json())[:4] == keys
    assert result.as_json()["first_difference"] is None


def test_a_log_rewritten_by_another_writer_is_still_equal(short_run: Run, tmp_path: Path) -> None:
    rewrite(short_run.log, tmp_path / "copy.mcap")
    assert replay(Log(tmp_path / "copy.mcap")).equal


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        ("/axes", "position"),
        ("/axes", "velocity"),
        ("/axes", "effort"),
        ("/sensors", "odometer_m"),
        ("/sensors", "rotor_abs_rad"),
        ("/sensors", "pinch_n"),
        ("/sensors", "wheel_load_n"),
        ("/sensors", "dancer_m"),
        ("/sensors", "cable_tension_n"),
        ("/imu", "accel_mps2"),
        ("/imu", "gyro_rps"),
        ("/battery", "voltage_v"),
        ("/battery", "used_wh"),
        ("/safety", "watchdog_ms"),
        ("/link", "frames_good"),
        ("/camera", "conductor_diameter_m"),
        ("/operator", "seq"),
        ("/tick", "t_ns"),
    ],
)
def test_an_input_altered_by_5_percent_in_one_message_is_found(
    short_run: Run, tmp_path: Path, topic: str, field: str
) -> None:
    rewrite(short_run.log, tmp_path / "altered.mcap", topic, by_5_percent(field))
    first = replay(Log(tmp_path / "altered.mcap")).first_difference
    assert first is not None
    assert first.recorded != first.replayed
    assert first.tick > 500
    assert f"tick {first.tick}" in str(first)


def test_every_input_channel_is_among_those_altered() -> None:
    marks = test_an_input_altered_by_5_percent_in_one_message_is_found.pytestmark
    altered = {topic for topic, _ in marks[0].args[1]}
    assert altered == {f"/{name}" for name in INPUTS} | {"/operator", "/tick"}


@pytest.mark.parametrize("topic", ["/command", "/estimate"])
def test_a_recorded_output_is_compared_and_never_fed_back(short_run: Run, tmp_path: Path, topic: str) -> None:
    field = {"/command": "seq", "/estimate": "chainage_m"}[topic]
    rewrite(short_run.log, tmp_path / "altered.mcap", topic, by_5_percent(field))
    result = replay(Log(tmp_path / "altered.mcap"), to_the_end=True)
    assert result.different_ticks == 1  # the next tick does not know of it
    assert result.first_difference is not None
    assert result.first_difference.field == f"{topic[1:]}.{field}"


def test_a_changed_parameter_is_found_where_it_first_matters(short_run: Run) -> None:
    first = replay(Log(short_run.log), {"wrap_speed_mps": 0.2}).first_difference
    assert first is not None
    assert first.t_s > 7.0  # not before the lay has begun
    assert "setpoints" in first.field or "estimate" in first.field or "wish" in first.field


def test_a_replay_to_the_end_counts_all_that_differs(short_run: Run) -> None:
    log = Log(short_run.log)
    to_first = replay(log, {"wrap_speed_mps": 0.2})
    to_end = replay(log, {"wrap_speed_mps": 0.2}, to_the_end=True)
    assert to_first.first_difference == to_end.first_difference
    assert to_first.different_ticks == 1 < to_end.different_ticks
    assert to_first.ticks < to_end.ticks


@pytest.mark.parametrize("values", [{"wrap_sped_mps": 0.2}, {"wrap_speed_mps": 9.0}])
def test_an_unknown_or_wrong_parameter_is_refused(short_run: Run, values: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        replay(Log(short_run.log), values)


def test_a_cut_off_log_is_replayed_as_far_as_it_goes(short_run: Run, tmp_path: Path) -> None:
    data = short_run.log.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: int(0.7 * len(data))])
    result = replay(Log(tmp_path / "cut.mcap"))
    assert result.equal
    assert result.cut_off
    assert 500 < result.ticks < 1400


def test_a_log_without_its_line_is_refused(short_run: Run) -> None:
    log = Log(short_run.log)
    del log.attachments["line.json"]
    with pytest.raises(LogError, match=r"line\.json"):
        replay(log)


# ---------------------------------------------------------------- comparing


def test_not_a_number_equals_itself_and_zero_has_a_sign() -> None:
    assert list(compare("x", math.nan, math.nan)) == []
    assert list(compare("x", 0.0, -0.0)) == [("x", 0.0, -0.0)]


def test_a_difference_names_the_leaf() -> None:
    a, b = (Event(1, "x"), Event(2, "y")), (Event(1, "x"), Event(2, "z"))
    assert list(compare("events", a, b)) == [("events[1].id", "y", "z")]


def test_another_length_is_a_difference_of_the_whole() -> None:
    found = list(compare("events", (), (Event(1, "x"),)))
    assert [place for place, _, _ in found] == ["events"]


def test_the_machine_form_of_a_difference_is_json(short_run: Run) -> None:
    import json

    result: Replay = replay(Log(short_run.log), {"wrap_pinch_n": 150.0})
    first = json.loads(json.dumps(result.as_json()))["first_difference"]
    assert set(first) == {"t_s", "tick", "field", "recorded", "replayed"}
