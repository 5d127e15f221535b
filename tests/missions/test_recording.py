"""The log: what was written can be read, by us and by others, also after a power cut."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.records import Chunk, DataEnd, Footer, Metadata
from mcap.stream_reader import StreamReader
from mcap_protobuf.decoder import DecoderFactory

from missions import recording
from missions.recording import CODECS, EPOCH_NS, INPUTS, Log, LogError, Recorder
from tests.missions import samples

TICKS = 400


def write_log(path: Path, ticks: int = TICKS, wall: str = "now") -> None:
    rng = random.Random(5)
    recorder = Recorder(path, {"line.json": b"{}"}, {"section": None, "seed": 5})
    for number in range(1, ticks + 1):
        recorder.tick(samples.frame(number, rng), samples.command(number, rng))
        recorder.truth(number * samples.TICK_NS, samples.anything(recording.TruthState, rng))
    recorder.close({"began": wall})


@pytest.fixture(scope="module")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "mission.mcap"
    write_log(path)
    return path


def test_every_frame_comes_back(log_path: Path) -> None:
    rng = random.Random(5)
    ticks = list(Log(log_path).ticks())
    assert len(ticks) == TICKS
    for number, tick in enumerate(ticks, 1):
        frame, command = samples.frame(number, rng), samples.command(number, rng)
        assert repr(tick.frame) == repr(frame)
        assert tick.command == CODECS["/command"].encode(command)
        assert tick.estimate == CODECS["/estimate"].encode(command.estimate)
        assert tick.digest == tick.digest_read
        samples.anything(recording.TruthState, rng)


def test_what_did_not_change_is_written_once(log_path: Path) -> None:
    topics = [topic for _, topic, _ in Log(log_path).messages()]
    assert topics.count("/axes") == TICKS
    assert topics.count("/battery") == TICKS // 10 + 1
    assert topics.count("/mode") == 2
    assert topics.count("/events") == 1
    assert topics.count("/truth") == TICKS // recording.TICKS_PER_TRUTH


def test_other_readers_understand_every_channel(log_path: Path) -> None:
    with log_path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        assert summary is not None
        assert {c.topic for c in summary.channels.values()} == set(CODECS)
        assert all(c.message_encoding == "protobuf" for c in summary.channels.values())
        seen: dict[str, object] = {}
        for _, channel, message, decoded in reader.iter_decoded_messages():
            seen.setdefault(channel.topic, decoded)
            assert message.log_time > EPOCH_NS
        assert {a.name for a in reader.iter_attachments()} >= {"line.json", "job.json", "versions.json"}
    assert seen["/mode"].mode == 5  # type: ignore[attr-defined] # WRAP, by name in the schema
    assert len(seen["/axes"].position) == 10  # type: ignore[attr-defined]
    assert set(seen) == set(CODECS)


def test_no_chunk_holds_more_than_a_second(log_path: Path) -> None:
    with log_path.open("rb") as file:
        chunks = [r for r in StreamReader(file, emit_chunks=True).records if isinstance(r, Chunk)]
    assert len(chunks) >= TICKS / 100
    assert all(c.message_end_time - c.message_start_time <= 1_000_000_000 for c in chunks)
    assert {c.compression for c in chunks} == {"zstd"}


def test_the_same_job_gives_the_same_bytes_but_for_the_wall_time(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path, wall in zip(paths, ("10:00", "10:00", "10:01"), strict=True):
        write_log(path, ticks=50, wall=wall)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    first, third = (_records(path) for path in (paths[0], paths[2]))
    assert {type(a) for a, b in zip(first, third, strict=True) if a != b} <= {Metadata, DataEnd, Footer}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_cut_off_log_is_read_to_its_last_whole_chunk(log_path: Path, tmp_path: Path, share: float) -> None:
    data = log_path.read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(data[: int(share * len(data))])
    log = Log(cut)
    ticks = list(log.ticks())
    assert log.cut_off
    assert (share - 0.3) * TICKS < len(ticks) < TICKS
    assert [t.frame.t_ns for t in ticks] == [n * samples.TICK_NS for n in range(1, len(ticks) + 1)]


def test_a_process_that_is_killed_leaves_its_whole_chunks(tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    program = f"""
import os, random
from missions.recording import Recorder
from tests.missions import samples
rng = random.Random(5)
recorder = Recorder(__import__("pathlib").Path({str(path)!r}), {{}}, {{}})
for number in range(1, 401):
    recorder.tick(samples.frame(number, rng), samples.command(number, rng))
os.kill(os.getpid(), 9)
"""
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == -9
    assert len(list(Log(path).ticks())) > 300


def test_a_damaged_chunk_is_named(log_path: Path, tmp_path: Path) -> None:
    data = bytearray(log_path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    damaged = tmp_path / "damaged.mcap"
    damaged.write_bytes(data)
    with pytest.raises(LogError, match="damaged"):
        list(Log(damaged).ticks())


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", "cut off"), (b"format = 'x'\n" * 100, "MCAP"), (b"\x89MCAP0\r\n", "cut off")],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "no.mcap"
    path.write_bytes(content)
    with pytest.raises(LogError, match=text):
        Log(path)


def test_a_log_of_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "later.mcap"
    with monkeypatch.context() as patch:
        patch.setattr(recording, "FORMAT", "silkline.log/9")
        write_log(path, ticks=3)
    with pytest.raises(LogError, match=r"silkline\.log/9.*expected 'silkline\.log/1'"):
        Log(path)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        Log(tmp_path / "nothing.mcap")


def test_a_full_disk_is_told_and_stops_nobody() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("/dev/full is not here")
    rng = random.Random(5)
    recorder = Recorder(full, {}, {})
    for number in range(1, 301):
        recorder.tick(samples.frame(number, rng), samples.command(number, rng))
    assert not recorder.ok
    recorder.close({})


def test_an_input_that_was_altered_no_longer_fits_its_digest(tmp_path: Path) -> None:
    """What is compared is the recorded digest with that of the parts as they are in the file."""
    path = tmp_path / "altered.mcap"
    rng = random.Random(5)
    recorder = Recorder(path, {}, {})
    plain = CODECS["/link"].encode
    recorder._encode["/link"] = plain
    log = recorder._log["/link"]

    def alter(data: bytes, t_ns: int) -> None:
        link = CODECS["/link"].decode(data)
        if link.frames_good == 20:
            data = plain(type(link)(*[21 if f == 20 else f for f in _values(link)]))
        log(data, t_ns)

    recorder._log["/link"] = alter
    for number in range(1, 31):
        recorder.tick(samples.frame(number, rng), samples.command(number, rng))
    recorder.close({})
    wrong = [n for n, t in enumerate(Log(path).ticks(), 1) if t.digest != t.digest_read]
    assert wrong == [20]


def _records(path: Path) -> list[object]:
    with path.open("rb") as file:
        return list(StreamReader(file, emit_chunks=True).records)


def _values(message: object) -> list[object]:
    return [getattr(message, name) for name in message.__dataclass_fields__]  # type: ignore[attr-defined]


def test_every_part_of_a_sensor_frame_has_a_channel() -> None:
    parts = set(samples.SensorFrame.__dataclass_fields__) - {"t_ns", "log_ok", "stalled", "operator"}
    assert parts == set(INPUTS)
