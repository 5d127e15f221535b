"""The fault matrix: what the robot does about every fault, in every mode in which it can occur.

By default every fault's first variant is tried in every mode, its other variants in WRAP and CROSSING; with
`-m acceptance` all cells are. `--fault ID` and `--mode MODE` choose cells.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from missions.files import InputError, read_parameters
from robot.messages import Mode
from robot.modes.events import EVENTS
from tests.faults import page, situations
from tests.faults.moments import Moments
from tests.faults.play import Outcome, Player
from tests.faults.rig import Rig, short_job
from tests.faults.table import CROSSING_STEPS, NOT_YET, ROWS, BadFile, Cell, Variant

AHEAD = 4  # cells that are played while one is judged
WORKERS = 2


class Try(NamedTuple):
    """One cell of the matrix: fault, number of its variant, mode."""

    fault: int
    variant: int
    mode: Mode

    @property
    def how(self) -> Variant:
        return ROWS[self.fault].variants[self.variant]

    @property
    def cell(self) -> Cell:
        return self.how.cells[self.mode]

    @property
    def moment(self) -> str:
        return self.cell.situation or self.mode.value

    @property
    def is_representative(self) -> bool:
        """Whether it is tried by default."""
        if self.fault == 26:
            step = CROSSING_STEPS[self.variant // 3]
            return CROSSING_STEPS.index(step) == self.variant // 3
        return self.variant == 0 or self.mode in (Mode.WRAP, Mode.CROSSING)


TRIES = [
    Try(row.id, number, mode)
    for row in ROWS.values()
    for number, variant in enumerate(row.variants)
    for mode in Mode
    if not variant.cells[mode].not_here
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a cell."""
    if "attempt" not in metafunc.fixturenames:
        return
    config = metafunc.config
    fault, mode = config.getoption("--fault"), config.getoption("--mode")
    chosen = [t for t in TRIES if fault in (None, t.fault) and mode in (None, t.mode.value)]
    asked = fault is not None or mode is not None
    all_of_them = config.getoption("markexpr") == "acceptance"
    long = [
        () if asked or (t.is_representative and not all_of_them) else pytest.mark.acceptance for t in chosen
    ]
    names = [f"{t.fault:02}-{t.how.name}-{t.mode.value}".replace(" ", "_") for t in chosen]
    params = [pytest.param(t, marks=m, id=name) for t, m, name in zip(chosen, long, names, strict=True)]
    metafunc.parametrize("attempt", params)


class Outcomes:
    """Plays tries on all cores, a few ahead of the one that is asked for."""

    def __init__(self, moments: Moments, tries: Sequence[Try]) -> None:
        self._moments = moments
        self._tries = list(tries)
        self._locks = {name: threading.Lock() for name in moments.names}
        self._pool = ThreadPoolExecutor(WORKERS)
        self._futures: dict[Try, Future[Outcome]] = {}

    def of(self, attempt: Try) -> Outcome:
        first = self._tries.index(attempt)
        for ahead in self._tries[first : first + AHEAD]:
            if ahead not in self._futures:
                self._futures[ahead] = self._pool.submit(self._play, ahead)
        return self._futures[attempt].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _play(self, attempt: Try) -> Outcome:
        with self._locks[attempt.moment]:
            outcome: Outcome = self._moments.play(attempt.moment, attempt)
            return outcome


@pytest.fixture(scope="session")
def job() -> Iterator[tuple[situations.Job, Moments]]:
    """The job with all its starting situations kept."""
    rig, moments = Rig(short_job()), Moments()
    run = situations.Job(rig, moments, lambda at: lambda t: Player(at, t.how, t.cell).play())
    try:
        run.run()
        yield run, moments
    finally:
        moments.close()


@pytest.fixture(scope="session")
def outcomes(job: tuple[situations.Job, Moments], request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    tries = [spec.params["attempt"] for spec in specs if spec is not None and "attempt" in spec.params]
    played = Outcomes(job[1], tries)
    yield played
    played.close()


def test_the_robot_answers_the_fault(attempt: Try, outcomes: Outcomes) -> None:
    assert outcomes.of(attempt).problems == ()


@pytest.mark.parametrize("mode", [Mode.WRAP, Mode.CROSSING, Mode.MANUAL])
def test_a_jump_of_the_wall_clock_changes_no_command(mode: Mode, job: tuple[situations.Job, Moments]) -> None:
    row, (_, moments) = ROWS[37], job
    jumps = [moments.play(mode.value, Try(37, number, mode)) for number in range(len(row.variants))]
    assert len({outcome.commands for outcome in jumps}) == 1
    other = moments.play(mode.value, Try(15, 0, mode))
    assert other.commands != jumps[0].commands


def test_the_crossing_has_the_steps_of_the_table(job: tuple[situations.Job, Moments]) -> None:
    assert tuple(job[0].steps) == CROSSING_STEPS


@pytest.mark.parametrize("file", ROWS[39].files, ids=lambda file: file.name)
def test_fault_39_a_wrong_parameter_file_starts_nothing(file: BadFile, tmp_path: Path) -> None:
    path = tmp_path / "parameters.toml"
    path.write_text(file.text)
    with pytest.raises(InputError) as refusal:
        read_parameters(path)
    said = str(refusal.value)
    assert all(word in said for word in (str(path), *file.words))
    assert "\n" not in said


# ---------------------------------------------------------------- the table itself


def test_every_row_of_the_matrix_is_in_the_table_once() -> None:
    assert sorted([*ROWS, *NOT_YET]) == list(page.FAULTS)


def test_every_mode_has_a_cell_in_every_variant() -> None:
    for row in ROWS.values():
        assert bool(row.variants) != bool(row.files)
        for variant in row.variants:
            assert set(variant.cells) == set(Mode), f"{row.id} {variant.name}"
            assert not all(cell.not_here for cell in variant.cells.values()), f"{row.id} {variant.name}"


def test_cells_name_events_of_the_event_table() -> None:
    for attempt in TRIES:
        cell = attempt.cell
        assert set(cell.events) | ({cell.refusal} - {""}) <= set(EVENTS), attempt
        assert cell.to is None or cell.within_ms > 0, attempt
        assert (cell.asks is None) == (cell.refusal == ""), attempt


@pytest.mark.parametrize("fault", sorted(NOT_YET))
def test_fault_not_yet(fault: int) -> None:
    assert fault not in ROWS
    pytest.skip(f"fault {fault}, {NOT_YET[fault]}: not yet")


def test_the_page_of_faults_is_made_from_the_table() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run python -m tests.faults.page"
