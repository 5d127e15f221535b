"""Ten tablets with state and video: what they cost the server, and that the control loop does not notice."""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from pathlib import Path

import pytest

from missions.recording import Log
from tests.benchmarks.console_load import Usage, load, usage
from tests.missions.console.stage import Stage

CLIENTS = 10
SERVER_SHARE = 0.15  # of one core
GROWTH_MB = 5.0
PERIOD_MS = 10.0

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def periods_ms(log: Path) -> list[tuple[float, float]]:
    """(robot time in s, time since the tick before in ms) of every tick."""
    times = [t_ns for t_ns, _, _ in Log(log).messages_of(("/tick",))]
    return [(b / 1e9, (b - a) / 1e6) for a, b in itertools.pairwise(times)]


def spread(periods: list[float]) -> tuple[float, float]:
    """Median and 99 % of how far a period is from what it should be."""
    off = sorted(abs(period - PERIOD_MS) for period in periods)
    return statistics.median(off), off[int(0.99 * len(off))]


class Figures:
    """Of one run: quiet, then with all clients, for so long each."""

    def __init__(self, folder: Path, seconds: float) -> None:
        stage = Stage(folder / "home", "short-60m", counted=False)
        try:
            server = stage.supervisor.pid("server")
            tokens = [stage.token("observer") for _ in range(CLIENTS)]
            time.sleep(5.0)  # everything has started
            with stage.enter("observer") as observer:
                quiet_s = observer.wait_for(lambda s: s["robot"]["connected"])["robot"]["t_s"]
            time.sleep(min(seconds, 60.0))
            load(stage.url, tokens, min(seconds, 20.0) / 2)  # what is made once is made
            before = usage(server)
            with stage.enter("observer") as observer:
                busy_s = observer.wait_for(lambda s: s["robot"]["connected"])["robot"]["t_s"]
            self.heard = load(stage.url, tokens, seconds)
            after: Usage = usage(server)
            log = stage.log
        finally:
            stage.close()
        self.seconds = seconds
        self.share = after.share_since(before)
        self.growth_mb = after.resident_mb - before.resident_mb
        periods = periods_ms(log)
        warm_s = busy_s - min(seconds, 20.0) / 2 - 1.0
        self.quiet = spread([p for t_s, p in periods if quiet_s < t_s < warm_s])
        self.busy = spread([p for t_s, p in periods if busy_s < t_s < busy_s + seconds])

    def __str__(self) -> str:
        lags = sorted(self.heard.lags_ms)
        return (
            f"{CLIENTS} clients, {self.seconds:.0f} s: server {self.share:.1%} of a core, "
            f"{self.growth_mb:+.1f} MB, {self.heard.states / self.seconds / CLIENTS:.1f} states and "
            f"{self.heard.pictures / self.seconds / CLIENTS:.1f} pictures a second and client, "
            f"state's age p50 {statistics.median(lags):.1f} p99 {lags[int(0.99 * len(lags))]:.1f} ms; "
            f"tick off by p50/p99 {self.quiet[0]:.2f}/{self.quiet[1]:.2f} ms quiet, "
            f"{self.busy[0]:.2f}/{self.busy[1]:.2f} ms with them"
        )


def test_ten_clients_cost_the_server_little(tmp_path: Path) -> None:
    figures = Figures(tmp_path, 10.0)
    print(figures)
    assert figures.heard.states > 0
    assert figures.heard.pictures > 0
    assert figures.share <= SERVER_SHARE
    assert figures.growth_mb < GROWTH_MB


@pytest.mark.acceptance
@pytest.mark.timeout(1200)
def test_ten_clients_for_ten_minutes(tmp_path: Path) -> None:
    figures = Figures(tmp_path, 600.0)
    print(figures)
    assert figures.share <= SERVER_SHARE
    assert figures.growth_mb < GROWTH_MB
    assert figures.busy[0] <= figures.quiet[0] + max(0.5, figures.quiet[0] / 4)  # ms
