"""Raw bytes in a job's log, and what they say."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from firmware_bridge.reconnect import PortHealth
from missions.cli.drives import drives as command
from missions.file_errors import InputError
from missions.job import read_job
from missions.port_log import PortLog
from missions.recording import ON_DEMAND, Log, Recorder
from missions.replay import replay
from missions.run import simulate


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of a job with VESCs, with everything that went over its ports."""
    out = tmp_path_factory.mktemp("bytes")
    interrupted = threading.Event()
    simulate(
        read_job("short-60m", drives="mixed"), out, record_bytes=True, interrupted=interrupted,
        watch=lambda frame, command: interrupted.set() if frame.t_ns >= 1_500_000_000 else None,
    )  # fmt: skip
    return out / "mission.mcap"


def test_every_frame_of_every_port_is_in_the_log(recorded: Path) -> None:
    frames = list(PortLog(Log(recorded)).frames())
    kinds = {(frame.port, frame.sent, frame.said.what) for frame in frames}
    assert ("board", True, "HOST_HEARTBEAT") in kinds
    assert ("board", False, "AXIS_STATES") in kinds
    assert ("vesc", True, "GET_VALUES_SELECTIVE to 2") in kinds
    assert ("vesc", False, "GET_VALUES_SELECTIVE") in kinds
    times_ns = [frame.t_ns for frame in frames]
    assert times_ns == sorted(times_ns)


def test_one_port_alone_and_nothing_undecoded(recorded: Path) -> None:
    log = PortLog(Log(recorded), "vesc")
    assert {frame.port for frame in log.frames()} == {"vesc"}
    assert log.bad == {"vesc": 0}


def test_a_port_that_the_robot_does_not_have_is_named(recorded: Path) -> None:
    with pytest.raises(InputError, match="no port 'can'; it has: board, vesc"):
        PortLog(Log(recorded), "can")


def test_a_log_with_bytes_is_replayed_like_any_other(recorded: Path) -> None:
    assert replay(Log(recorded), {}).equal


def test_the_command_tells_one_line_a_frame(recorded: Path) -> None:
    text = CliRunner().invoke(command, ["decode", str(recorded), "--port", "board"]).stdout
    assert "board > BOARD_HELLO layout_digest=" in text
    rows = CliRunner().invoke(command, ["decode", str(recorded), "--port", "vesc", "--json"]).stdout
    first = json.loads(rows.splitlines()[0])
    assert set(first) == {"t_s", "port", "from", "what", "values"}


def test_a_log_without_bytes_says_how_to_record_them(short_run) -> None:  # type: ignore[no-untyped-def]
    result = CliRunner().invoke(command, ["decode", str(short_run.log)], standalone_mode=False)
    assert result.return_value == 1
    assert "silkline run --record-bytes" in result.output


def test_how_the_ports_are_is_logged(tmp_path: Path) -> None:
    health = PortHealth("can", "/dev/ttyACM3", "", 1, True, 1.0, 0.8, 100, 2, 3, 4000, 5000)
    recorder = Recorder(tmp_path / "mission.mcap", {}, {})
    recorder.ports(1_000_000_000, [health])
    recorder.close({})
    ((t_ns, topic, data),) = Log(tmp_path / "mission.mcap").messages()
    assert (t_ns, topic) == (1_000_000_000, "/ports")
    assert ON_DEMAND["/ports"].decode(data) == health
