"""The reference job, and its like on other lines: every figure that is asked of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.jobs import (
    COMPLETES,
    FIGURES,
    Done,
    Figure,
    badly_surveyed,
    remember,
    restrung,
    run,
)

each_figure = pytest.mark.parametrize("figure", FIGURES, ids=str)
long_run = pytest.mark.timeout(1800)
IMPORTED_SECTIONS = (2, 4)  # of at least three spans
RESTRUNG = [
    (conductor, pitch_m, lay)
    for conductor in ("LGJ-35/6", "JKLYJ-10-240")
    for pitch_m in (0.3, 0.5, 1.0)
    for lay in ("S", "Z")
]


def check(figure: Figure, done: Done) -> None:
    assert figure.holds(done), f"{figure}: it is {figure.value(done)}"


@each_figure
def test_the_short_job_is_done_as_asked(short_job: Done, figure: Figure) -> None:
    check(figure, short_job)


@pytest.mark.acceptance
@long_run
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@each_figure
def test_350_m_are_wrapped_as_asked(job_directory: Path, long_job: Done, seed: int, figure: Figure) -> None:
    out = job_directory / f"seed-{seed}"

    def make() -> Done:
        return run("jiashan-350m", out, "--seed", str(seed), keep_log=False)

    check(figure, long_job if seed == 1 else remember("jiashan-350m", f"seed {seed}", make))


@pytest.mark.acceptance
@long_run
@pytest.mark.parametrize("drives", ["moteus", "mixed", "cia402"])
@each_figure
def test_350_m_are_wrapped_as_asked_through_other_controllers(
    job_directory: Path, drives: str, figure: Figure
) -> None:
    def make() -> Done:
        return run("jiashan-350m", job_directory / drives, "--drives", drives, keep_log=False)

    check(figure, remember("jiashan-350m", drives, make))


@pytest.mark.acceptance
@long_run
@pytest.mark.parametrize("section", IMPORTED_SECTIONS)
@each_figure
def test_sections_of_the_imported_line_are_wrapped_as_asked(
    job_directory: Path, section: int, figure: Figure
) -> None:
    def make() -> Done:
        out = job_directory / f"section-{section}"
        return run("cartago", out, "--section", str(section), keep_log=False)

    check(figure, remember("cartago", f"section {section}", make))


@pytest.mark.acceptance
@long_run
@pytest.mark.parametrize(("conductor", "pitch_m", "lay"), RESTRUNG)
@each_figure
def test_other_conductors_and_lays_are_wrapped_as_asked(
    job_directory: Path, conductor: str, pitch_m: float, lay: str, figure: Figure
) -> None:
    name = f"{pitch_m:g} m {lay}"

    def make() -> Done:
        out = job_directory / f"{conductor} {name}".replace("/", "-")
        out.mkdir()
        return run(restrung(out, conductor, pitch_m, lay), out, keep_log=False)

    check(figure, remember(f"jiashan-350m with {conductor}", name, make))


@pytest.mark.acceptance
@long_run
@pytest.mark.parametrize("figure", COMPLETES, ids=str)
def test_a_survey_wrong_by_a_metre_is_good_enough(job_directory: Path, figure: Figure) -> None:
    def make() -> Done:
        out = job_directory / "bad-survey"
        out.mkdir()
        return run(badly_surveyed(out, "jiashan-350m", 1.0), out, keep_log=False)

    check(figure, remember("jiashan-350m, survey wrong by 1 m", "seed 1", make))
