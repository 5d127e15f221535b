"""The report: what it shows is what the log and the referee say, on one page that needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from missions.cli import main
from missions.recording import Log, LogError
from missions.report import svg, write_report
from missions.report.page import page, picture
from missions.report.record import JobRecord, read_record
from missions.report.texts import TEXTS
from missions.summary import ViolationEntry
from robot.messages import Mode
from robot.modes.events import EVENTS
from tests.missions.conftest import Run

VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def record(short_run: Run) -> JobRecord:
    return read_record(Log(short_run.log))


class Tags(HTMLParser):
    """Checks that tags are closed in order; collects texts and what is asked for from elsewhere."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.links += [
            f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "xlink:href", "srcset"}
        ]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "xlink:href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(short_run: Run, record: JobRecord) -> None:
    content = page(record, short_run.summary)
    tags = Tags(content)
    assert tags.open == []
    assert tags.links == []
    addresses = set(re.findall(r"https?://[^\"' )]+", content))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not an address that is asked
    assert not re.search(r"url\(|@import|<script", content)


def test_the_picture_is_an_svg_of_modest_size(short_run: Run, record: JobRecord) -> None:
    content = picture(record, short_run.summary)
    root = ElementTree.fromstring(content)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(content) < 300_000
    assert not re.search(r"\b(nan|inf)\b", content)


def test_turns_are_those_that_the_referee_counted(short_run: Run, record: JobRecord) -> None:
    assert len(record.turns) == short_run.summary.turns
    errors = [abs(turn.error_pct) for turn in record.turns if not turn.excused]
    assert max(errors) == pytest.approx(short_run.summary.pitch_error_pct.max, abs=0.2)


def test_modes_follow_each_other_without_gaps(short_run: Run, record: JobRecord) -> None:
    assert [phase.mode for phase in record.phases] == short_run.modes
    assert all(a.to_s == b.from_s for a, b in zip(record.phases, record.phases[1:], strict=False))
    assert record.phases[-1].mode is Mode.STOPPED


def test_every_event_is_told_with_cause_and_remedy_in_both_languages(
    short_run: Run, record: JobRecord
) -> None:
    texts = "".join(Tags(page(record, short_run.summary)).texts)
    assert {"mounted", "lay_begin", "operator_stop"} <= {happening.id for happening in record.happenings}
    for happening in record.happenings:
        for text in EVENTS[happening.id].texts.values():
            assert text.cause in texts
            assert text.remedy in texts


def test_a_condition_that_passed_has_an_end(record: JobRecord) -> None:
    lost = next(happening for happening in record.happenings if happening.id == "camera_lost")
    assert lost.until_s is not None
    assert lost.until_s > lost.t_s
    assert not any(happening.detail == "cleared" for happening in record.happenings)


def test_headings_are_in_both_languages(short_run: Run, record: JobRecord) -> None:
    texts = "".join(Tags(page(record, short_run.summary)).texts)
    for key in ("summary", "line", "profile", "pitch_error", "tension", "roll", "crossings", "events"):
        assert all(text in texts for text in TEXTS[key])


def test_every_text_has_both_languages() -> None:
    for english, chinese in TEXTS.values():
        assert english.isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_a_broken_promise_is_shown(short_run: Run, record: JobRecord) -> None:
    broken = ViolationEntry(
        t_s=12.0, rule="overlap", part="rotor <ring>", feature="pin-10", at_m=3.0, value=-0.004, limit=0.0
    )
    content = page(record, short_run.summary.model_copy(update={"violations": [broken]}))
    assert TEXTS["violations"][1] in content
    assert "rotor &lt;ring&gt; pin-10" in content
    assert TEXTS["violations"][0] + " <span>" + TEXTS["violations"][1] + "</span></h2>" not in page(
        record, short_run.summary
    )


def test_a_cut_off_log_without_summary_still_gives_a_report(short_run: Run, tmp_path: Path) -> None:
    data = short_run.log.read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(data[: len(data) * 7 // 10])
    write_report(cut, None, tmp_path / "cut.html")
    content = (tmp_path / "cut.html").read_text(encoding="utf-8")
    assert TEXTS["cut_off"][0] in content
    assert TEXTS["no_summary"][0] in content


def test_a_log_that_holds_no_tick_is_refused(short_run: Run, tmp_path: Path) -> None:
    data = short_run.log.read_bytes()
    cut = tmp_path / "empty.mcap"
    cut.write_bytes(data[: data.index(b"versions.json") + 8000])
    with pytest.raises(LogError):
        write_report(cut, None, tmp_path / "empty.html")
    assert not (tmp_path / "empty.html").exists()


def test_a_long_curve_keeps_its_extremes_when_it_is_thinned() -> None:
    x = np.linspace(0.0, 900.0, 100_000)
    y = np.sin(x / 40.0)
    y[54_321], y[77_777] = 9.0, -9.0
    few_x, few_y = svg.thinned(x, y)
    assert len(few_x) < 2_000
    assert few_y.max() == 9.0
    assert few_y.min() == -9.0
    assert (np.diff(few_x) >= 0).all()
    assert few_x[0] == x[0]
    assert few_x[-1] == x[-1]


@pytest.mark.parametrize(
    ("low", "high", "count"), [(0, 0.65, 3), (-4.2, 4.2, 4), (0, 350, 12), (-0.8, 0.1, 4), (0, 16, 4)]
)
def test_ticks_are_few_round_numbers_in_the_range(low: float, high: float, count: int) -> None:
    ticks = svg.Scale(low, high, 0.0, 100.0).ticks(count)
    assert count / 2 <= len(ticks) <= 2 * count
    assert low - 1e-9 <= ticks[0] <= ticks[-1] <= high + 1e-9
    assert all(len(svg.number(tick).replace("\u2212", "").replace(".", "").strip("0")) <= 2 for tick in ticks)


def test_the_command_writes_report_and_picture(
    short_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, drawn = tmp_path / "report.html", tmp_path / "run.svg"
    with pytest.raises(SystemExit) as ended:
        main(["report", str(short_run.log), "--out", str(out), "--picture", str(drawn), "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"written": [str(out), str(drawn)]}
    assert short_run.summary.line in out.read_text(encoding="utf-8")
    assert drawn.read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("content", "place"), [('{"format": "silkline.summary/1"}', "outcome"), ("[", "JSON")]
)
def test_a_wrong_summary_is_one_line_with_exit_code_2(
    short_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, place: str
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(content, encoding="utf-8")
    arguments = ["report", str(short_run.log), "--summary", str(wrong), "--out", str(tmp_path / "r.html")]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert "wrong.json" in error
    assert place in error
    assert error.count("\n") == 1
    assert not (tmp_path / "r.html").exists()
