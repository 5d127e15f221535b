"""A crew runs a whole job of 60 m from its tablets: the way through the console that everything else serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from missions.files import PACKAGED_LINES
from tests.missions.console.browser.tablet import PLAN_MS, Tablet
from tests.missions.console.stage import Stage

SPEED = 5.0  # of the robot's time while it works by itself
CROSSING_MS = 120_000
SCENARIO = """
format = "silkline.scenario/1"
line = "line.toml"
seed = 1
[weather]
wind_mps = 3.0
gust_mps = 4.0
[[surprise]]
kind = "branch"
span = 2
at_m = 26.0
"""


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The short line with a branch that nobody knew of, 6 m before its end."""
    folder = tmp_path_factory.mktemp("crew")
    text = (PACKAGED_LINES / "short-60m.toml").read_text(encoding="utf-8")
    (folder / "line.toml").write_text(text, encoding="utf-8")
    (folder / "branch.scenario.toml").write_text(SCENARIO, encoding="utf-8")
    stage = Stage(folder / "home", str(folder / "branch.scenario.toml"), speed=SPEED)
    yield stage
    stage.close()


def until_hold(tablet: Tablet, timeout_ms: int = 4 * CROSSING_MS) -> None:
    tablet.see_mode("HOLD", timeout_ms=timeout_ms)


def download(tablet: Tablet, file: str, folder: Path) -> Path:
    with tablet.page.expect_download() as waiting:
        tablet.tap(f'.log:not(:has-text("running")) a[href$="{file}"]')
    path = folder / file
    waiting.value.save_as(path)
    return path


@pytest.mark.timeout(900)  # it is the whole job
def test_a_crew_runs_a_job_from_connecting_to_its_summary(
    chromium: Any, branch: Stage, pictures: Path, tmp_path: Path
) -> None:
    first = Tablet(chromium, branch)
    first.ready()
    first.act("start")
    first.see_mode("WRAP")

    first.see_mode("CROSSING", timeout_ms=2 * CROSSING_MS)
    assert "Step" in first.see(".camera-note").inner_text()
    first.page.screenshot(path=pictures / "crew-crossing.png")
    first.see_mode("WRAP", timeout_ms=CROSSING_MS)

    until_hold(first)
    first.show("assist")
    first.page.screenshot(path=pictures / "crew-branch.png")
    first.tap('[data-choice="back_off"]')
    first.see_mode("RETREAT")
    until_hold(first)

    first.show("drive")
    first.act("manual")
    first.see_mode("MANUAL")
    with first.held('[data-jog="travel:+"]'):
        first.page.wait_for_function(
            "() => parseFloat(document.querySelectorAll('.figure')[1].innerText) > 0.03"
        )
    first.act("hold")
    until_hold(first)

    second = Tablet(chromium, branch)
    second.show("drive")
    second.act("ask")
    first.tap(".line.asks button >> nth=0")
    second.see(".holder.mine")
    assert first.page.locator(".holder.mine").count() == 0

    first.stop()  # it drives no more, and stops all the same
    second.see_mode("STOPPED")
    second.reset()
    second.arm()
    second.show("drive")
    second.act("start")
    until_hold(second)
    second.show("assist")
    second.tap('[data-choice="end_job"]')
    second.see_mode("READY")

    second.show("drive")
    second.act("disarm")
    second.see_mode("SAFE")
    second.show("logs")
    second.act("finish")
    second.see('.log:not(:has-text("running")) a[href$="summary.json"]', PLAN_MS)
    second.page.screenshot(path=pictures / "crew-logs.png")
    summary = json.loads(download(second, "summary.json", tmp_path).read_text(encoding="utf-8"))
    assert summary["violations"] == []
    assert [one["outcome"] for one in summary["crossings"]] == ["done", "done", "refused"]
    assert summary["wrapped_m"] > 45.0
    assert download(second, "mission.mcap", tmp_path).stat().st_size > 100_000
    for tablet in (first, second):
        assert tablet.errors == []
        tablet.context.close()
