"""The loop is fast enough, and as fast as a loop of standard parts that does far less."""

from __future__ import annotations

from statistics import median

import pytest

from tests.benchmarks.tick import PARTS, Figures, measure, table

REALTIME = 40.0
HELP_S = 0.15


@pytest.fixture(scope="module")
def figures() -> Figures:
    """Measured on the reference job; printed with `-s`."""
    measured = measure("jiashan-350m", until_s=150.0, rounds=3)
    print("\n" + table(measured))
    return measured


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_the_whole_loop_runs_at_40_times_real_time(figures: Figures) -> None:
    assert median(figures.realtime) >= REALTIME


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_the_stack_takes_no_longer_than_a_loop_of_standard_parts(figures: Figures) -> None:
    assert median(figures.ratios) <= 1.0


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_help_takes_at_most_150_ms_of_cpu(figures: Figures) -> None:
    assert median(figures.help_s) <= HELP_S


def test_every_part_of_a_tick_is_measured() -> None:
    """A short measurement; how long things take is not judged here."""
    measured = measure("short-60m", until_s=6.0, rounds=1)
    assert set(measured.parts_us) == {part for _, _, part in PARTS}
    assert all(sum(times) > 0 for times in measured.parts_us.values())
    assert len(measured.stack_us) == len(measured.reference_us) == 400
    assert min(measured.stack_us) > 0
    assert "times real time" in table(measured)
